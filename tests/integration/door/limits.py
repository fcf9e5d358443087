"""Limits that a test reaches soon."""

BODY_SECONDS = 2.0
CONNECTIONS = 40
REQUESTS = 30
LOGINS = 2
