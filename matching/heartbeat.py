"""The sign in Valkey that a market is served: a key that expires by itself, and that only its owner refreshes.

The database decides which process may write; this key only tells gateways whether commands are taken. A process that
was suspended, and whose market another one took over, must not refresh or remove the key of its successor, which took
the lock later.
"""

import json
import os

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from matching.messages import heartbeat_key
from matching.timing import HEARTBEAT_TTL_MS

log = structlog.get_logger(__name__)

# A value that is not one of ours is overwritten.
_OWNER = """
local function since_of(value)
    local ok, beat = pcall(cjson.decode, value)
    return ok and type(beat) == 'table' and tonumber(beat.since) or 0
end
local value = redis.call('GET', KEYS[1])
local since = value and since_of(value) or 0
"""
_BEAT = f"""{_OWNER}
if since > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_FORGET = f"""{_OWNER}
if value and since <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
"""


class Heartbeat:
    """One market's heartbeat while this process has its lock, taken at `since_ms` by the database's clock."""

    def __init__(self, redis: Redis, slug: str, since_ms: int) -> None:
        self._redis = redis
        self._slug = slug
        self._since_ms = since_ms

    async def beat(self, seq: int, state_hash: str) -> bool:
        """Refresh the key with where the engine stands; return False when another process has the market since."""
        beat = json.dumps({"pid": os.getpid(), "since": self._since_ms, "seq": seq, "state_hash": state_hash})
        try:
            is_ours = await self._redis.eval(
                _BEAT, 1, heartbeat_key(self._slug), str(self._since_ms), beat, str(HEARTBEAT_TTL_MS)
            )
        except RedisError as error:
            log.warning("heartbeat_failed", market=self._slug, error=str(error))
            return True
        return bool(is_ours)

    async def forget(self) -> None:
        """Remove the key, unless it is a successor's; should that fail, the key expires by itself."""
        try:
            await self._redis.eval(_FORGET, 1, heartbeat_key(self._slug), str(self._since_ms))
        except RedisError as error:
            log.warning("heartbeat_not_removed", market=self._slug, error=str(error))
