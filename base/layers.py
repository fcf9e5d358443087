"""The channel layer that carries replies and streams: channels-redis' pub/sub with a seal on each message."""

from typing import Any, Final

from channels_redis.pubsub import RedisPubSubChannelLayer

from base.seals import Seal

__all__ = ["SealedPubSubChannelLayer"]

_SEAL: Final = Seal(b"pubsub")


class SealedPubSubChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # the library has no types
    """Believes only what a process of this exchange has published: anything else is a ValueError for its receiver.

    The seal does not name the channel, because a receiver is not told by which of its groups a message came: what a
    message is about is in the message.
    """

    def serialize(self, message: dict[str, Any]) -> bytes:
        """Return a message as it is published."""
        return _SEAL.closed(super().serialize(message))

    def deserialize(self, message: bytes) -> dict[str, Any]:
        """Return a published message. Raises SealBrokenError."""
        received: dict[str, Any] = super().deserialize(_SEAL.opened(message))
        return received
