"""What keeps a demo copy moving: a maker and a few takers that trade the seeded markets through the public API.

`world` moves prices, `ladder` says what the maker wants in the book, `crowd` what takers do next; `desk` is an account
as a client has it, and `flow` lets them take turns.
"""
