"""The hub's side of the pub/sub channel layer: one channel for all groups, and proof that it really receives.

`group_add` returns when SUBSCRIBE was sent, not when it has taken effect. So joining a group ends only when a probe,
published to that very group, has come back.
"""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import structlog

from exchange.streams import pubsub_layer

log = structlog.get_logger(__name__)

PROBE = "market.probe"
PROBE_INTERVAL_S = 0.05
PROBE_TIMEOUT_S = 2.0
JOIN_TIMEOUT_S = 5.0
Message = Mapping[str, Any]


class Bus:
    """Belongs to one event loop. `deliver` is called with every message but the probes."""

    def __init__(self, deliver: Callable[[Message], None]) -> None:
        self._deliver = deliver
        self._layer = pubsub_layer()
        self._channel: str | None = None
        self._owners: dict[str, set[object]] = {}
        self._changing = asyncio.Lock()
        self._receiver: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._nonces = count()
        self._probes: dict[int, asyncio.Event] = {}

    async def join(self, group: str, owner: object) -> None:
        """Receive a group's messages from now on. Raises TimeoutError, OSError or RedisError when that fails."""
        self._owners.setdefault(group, set()).add(owner)
        async with asyncio.timeout(JOIN_TIMEOUT_S):
            channel = await self._open()
            async with self._changing:
                await self._layer.group_add(group, channel)
            await self._prove(lambda message: self._layer.group_send(group, message))

    async def leave(self, group: str, owner: object) -> None:
        """Stop receiving a group once the last owner left it."""
        self._owners.get(group, set()).discard(owner)
        async with self._changing:
            if self._channel and not self._owners.get(group):
                self._owners.pop(group, None)
                await self._discard(group, self._channel)

    async def check(self) -> bool:
        """Tell whether a message comes back in time."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                channel = await self._open()
                await self._prove(lambda message: self._layer.send(channel, message))
        except Exception as error:  # the broker may be down in many ways, and all of them mean the same here
            log.warning("streams_interrupted", error=repr(error))
            return False
        return True

    async def close(self) -> None:
        """Leave every group and end the receiver."""
        for group, owners in list(self._owners.items()):
            owners.clear()
            await self.leave(group, None)
        receiver, self._receiver, self._channel = self._receiver, None, None
        if receiver:
            receiver.cancel()
            await asyncio.wait([receiver])

    async def _open(self) -> str:
        async with self._opening:
            if self._channel is None:
                self._channel = await self._layer.new_channel()
                self._receiver = asyncio.create_task(self._receive(self._channel), name="stream-receiver")
            return self._channel

    async def _prove(self, send: Callable[[dict[str, Any]], Any]) -> None:
        nonce = next(self._nonces)
        arrived = self._probes[nonce] = asyncio.Event()
        try:
            while not arrived.is_set():
                await send({"type": PROBE, "channel": self._channel, "nonce": nonce})
                try:
                    await asyncio.wait_for(arrived.wait(), PROBE_INTERVAL_S)
                except TimeoutError:
                    continue
        finally:
            del self._probes[nonce]

    async def _receive(self, channel: str) -> None:
        while True:
            try:
                message = await self._layer.receive(channel)
            except ValueError as error:  # not a message of ours: go on with the next one
                log.warning("stream_message_unreadable", error=repr(error))
                continue
            except Exception:
                log.exception("stream_message_unreadable")
                await asyncio.sleep(PROBE_INTERVAL_S)
                continue
            self._dispatch(channel, message)
            await asyncio.sleep(0)  # taking from a full queue never waits, and other tasks must run, too

    def _dispatch(self, channel: str, message: Message) -> None:
        """Hand a message on; one that cannot be read is logged and dropped."""
        try:
            if message["type"] != PROBE:
                self._deliver(message)
            elif message["channel"] == channel and (arrived := self._probes.get(message["nonce"])):
                arrived.set()
        except Exception:
            log.exception("stream_message_failed")

    async def _discard(self, group: str, channel: str) -> None:
        try:
            async with asyncio.timeout(1):
                await self._layer.group_discard(group, channel)
        except Exception as error:  # it is left locally in any case
            log.warning("stream_leave_failed", group=group, error=repr(error))
