"""Keeps a market's board in Valkey: what readers of the public API get without a query, at most a quarter second old.

The board itself is opaque here. A stamp beside it names the board that is right, and expires soon: a board is believed
only while an engine says so. When nothing happens only the stamp is renewed. An engine that is behind, because it was
suspended and another one took over, does not replace a newer stamp.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio import Redis

from matching.messages import BOARD_SEAL, board_keys

log = structlog.get_logger(__name__)

INTERVAL_S = 0.1
STAMP_MS = 240  # how long a board is believed at most; with the way to Valkey, less than 250
BOARD_MS = 60_000
RETRY_S = 1.0

# KEYS: board, stamp. ARGV: seq, stamp, the end of its life by Valkey's clock and the longest one, the board's life, and
# the board unless it is there already. The end, because a Valkey that was suspended executes what waited when it goes
# on: by then the board may be long out of date.
# Returns 1 when the board is right now, 0 when it is missing or too old, -1 when another engine is further; the time.
_SHOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = redis.call('GET', KEYS[2])
local seq = stamp and tonumber(string.match(stamp, '^%d+'))
if seq and seq > tonumber(ARGV[1]) then return {-1, now} end
local life = math.min(tonumber(ARGV[3]) - now, tonumber(ARGV[4]))
if life <= 0 then return {0, now} end
if ARGV[6] then
    redis.call('SET', KEYS[1], ARGV[6], 'PX', ARGV[5])
elseif redis.call('PEXPIRE', KEYS[1], ARGV[5]) == 0 then
    return {0, now}
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', life)
return {1, now}
"""


class BoardKeeper:
    """One market's board, while this process serves the market.

    `stamp` names the present state, `<seq>-<something>`, at no cost; `show` waits for the batch at work and returns the
    stamp of what is there then, the board, and when that was by the monotonic clock.
    """

    def __init__(
        self,
        redis: Redis,
        slug: str,
        stamp: Callable[[], str],
        show: Callable[[], Awaitable[tuple[str, bytes, float]]],
    ) -> None:
        self._redis = redis
        self._slug = slug
        self._stamp = stamp
        self._show = show
        self._shown = ""
        self._ahead_ms: int | None = None  # Valkey's clock, at least so far ahead of the monotonic one here

    async def run(self) -> None:
        """Keep the board until cancelled. What fails is tried again; nobody waits for it."""
        is_failing = False
        while True:
            try:
                await self.keep()
                is_failing = False
            except Exception as error:
                self._shown = ""
                if not is_failing:
                    log.warning("board_not_shown", market=self._slug, error=f"{type(error).__name__}: {error}")
                is_failing = True
            await asyncio.sleep(RETRY_S if is_failing else INTERVAL_S)

    async def keep(self) -> None:
        """Show the board if it changed, else say that it is right still."""
        stamp, board, made = self._stamp(), b"", time.monotonic()
        if stamp != self._shown:
            stamp, board, made = await self._show()
        self._shown = stamp if await self._write(stamp, board, made) > 0 else ""

    async def _write(self, stamp: str, board: bytes, made: float) -> int:
        """Write a board that was right at a moment; see _SHOW for what comes back."""
        if self._ahead_ms is None:
            seconds, microseconds = await self._redis.time()
            self._note_clock(seconds * 1000 + microseconds // 1000)
        assert self._ahead_ms is not None, "Invariant: the clock was just noted"
        seq, end_ms = stamp.partition("-")[0], int(made * 1000) + self._ahead_ms + STAMP_MS
        arguments: list[str | bytes] = [seq, stamp, str(end_ms), str(STAMP_MS), str(BOARD_MS)]
        if board:
            arguments.append(BOARD_SEAL.closed(board, self._slug))
        outcome, valkey_ms = await self._redis.eval(_SHOW, 2, *board_keys(self._slug), *arguments)
        self._note_clock(valkey_ms)
        return int(outcome)

    def _note_clock(self, valkey_ms: int) -> None:
        """Learn from an answer, which was on its way for a moment; forget slowly, because clocks are set and drift."""
        ahead_ms = valkey_ms - int(time.monotonic() * 1000) - 1
        self._ahead_ms = ahead_ms if self._ahead_ms is None else max(ahead_ms, self._ahead_ms - 1)
