"""The rules of the engine a second time, slowly and plainly: one list of orders, searched from end to end.

It shares the commands, events and enums with the engine, and none of its code. Each file adds one layer:
state -> ends -> matching -> stops -> refusals -> model.
"""
