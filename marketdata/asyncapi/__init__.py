"""The streams as an AsyncAPI 3.0 document: every channel, every operation, every message with its JSON Schema."""

from marketdata.asyncapi.document import asyncapi_document

__all__ = ["asyncapi_document"]
