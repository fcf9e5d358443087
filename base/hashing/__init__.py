"""Hashing of passwords, which is meant to be expensive: in one place of each process, and only so much at once."""
