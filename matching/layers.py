"""The channel layer that carries commands: channels-redis with one round trip where it takes four.

`send` of the library asks four times (drop the old, count, add, set the expiry) and `receive` four times too (restore,
pop, back up, forget). Here each is one: a script on the server, and a plain blocking pop. What is given up is the
backup of a message whose receiver dies between pop and hand-over; Channels promises at most once, and a lost command
is a timeout for its client and nothing else. Only plain channels are carried, which is all that commands need.

Each message is sealed for its channel, so that an engine believes no command that a gateway has not sent to it.
"""

import time
from typing import Any, Final

import structlog
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer

from base.seals import Seal

log = structlog.get_logger(__name__)

_SEAL: Final = Seal(b"commands")

_SEND = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""


class CommandChannelLayer(RedisChannelLayer):  # type: ignore[misc]  # the library has no types
    """A bounded first-in-first-out queue per channel, over one Redis server."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Queue a message; one round trip. Raises ChannelFull at the channel's capacity."""
        assert self.require_valid_channel_name(channel) and "!" not in channel, "Invariant: a plain channel"
        now = time.time()
        connection = self.connection(0)
        added = await connection.eval(
            _SEND,
            1,
            self.prefix + channel,
            int(now) - int(self.expiry),
            self.get_capacity(channel),
            now,
            _SEAL.closed(self.serialize(message), channel),
            int(self.expiry),
        )
        if not added:
            raise ChannelFull

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the channel's next message; one round trip each. Anything else is logged and dropped."""
        key = self.prefix + channel
        while True:
            found = await self.connection(0).bzpopmin(key, timeout=self.brpop_timeout)
            if found is not None and (message := self._read(channel, found[1])) is not None:
                return message

    def _read(self, channel: str, data: bytes) -> dict[str, Any] | None:
        try:
            message = self.deserialize(_SEAL.opened(data, channel))
        except Exception as error:  # bytes that are not ours fail in many ways
            log.warning("message_unreadable", channel=channel, bytes=len(data), error=f"{type(error).__name__}")
            return None
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            return message
        log.warning("message_unreadable", channel=channel, bytes=len(data), error="no message of a type")
        return None
