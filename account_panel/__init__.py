"""The account's panel of the trading page: scripts and a style sheet."""
