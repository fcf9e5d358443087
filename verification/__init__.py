"""Proof that what is stored is what the commands give, by code that shares nothing with what recorded it."""
