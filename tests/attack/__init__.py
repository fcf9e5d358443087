"""Attacks on a whole exchange: what each does to those who only trade, and to its memory."""
