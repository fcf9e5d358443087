"""Executes a market's journal again: to see that what is stored is what the commands give, and to explain a fill."""
