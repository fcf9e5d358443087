"""The streams as an AsyncAPI 3.0 document: every channel, every operation, every message with its JSON Schema."""
