"""A message for many: encoded once, as JSON text and as the WebSocket frame that carries it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

_FINAL_TEXT = 0x81


class Payload:
    """One message or several that are sent in one go. Shared by all receivers, and never changed."""

    __slots__ = ("_frames", "texts")

    def __init__(self, *texts: bytes) -> None:
        self.texts = texts
        self._frames: bytes | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def frames(self) -> bytes:
        """All messages as frames of a server, one after the other. Made at the first call."""
        if self._frames is None:
            self._frames = b"".join(_header(len(text)) + text for text in self.texts)
        return self._frames


def encode(message: Mapping[str, Any]) -> Payload:
    return Payload(orjson.dumps(message))


def joined(messages: Iterable[Payload]) -> Payload:
    """Return these messages as one payload."""
    return Payload(*(text for message in messages for text in message.texts))


def _header(length: int) -> bytes:
    """A frame's header as in RFC 6455, 5.2: servers do not mask."""
    if length < 126:
        return bytes((_FINAL_TEXT, length))
    if length < 65_536:
        return bytes((_FINAL_TEXT, 126)) + length.to_bytes(2)
    return bytes((_FINAL_TEXT, 127)) + length.to_bytes(8)
