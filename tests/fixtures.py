"""Fixtures of the domain: accounts, markets and running roles."""
