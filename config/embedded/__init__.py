"""The whole exchange on one machine: PostgreSQL and Valkey from wheels, every role under one supervisor."""
