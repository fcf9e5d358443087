"""Proof that what is stored follows from the commands, by code that shares nothing with the recorder."""
