"""Executes a market's journal again and compares what it gives with what is stored."""
