"""Identifiers: UUIDv7, whose leading 48 bits are the time in milliseconds, so tables can be ranged by id.

Layout (RFC 9562, section 5.7): 48 bits time, 4 bits version, 12 bits rand_a, 2 bits variant, 62 bits rand_b.
"""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from base.times import moment_of

__all__ = ["trade_key", "trade_uuid", "uuid7", "uuid7_floor", "uuid7_time"]

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_MARKET_BITS = 16
_SEQ_BITS = 58


def uuid7_floor(time_ms: int) -> UUID:
    """Return the smallest UUIDv7 of a millisecond: the bound for ranges and keyset queries."""
    return UUID(int=(time_ms << 80) | _VERSION | _VARIANT)


def uuid7_time(value: UUID) -> datetime:
    """Return the moment that a UUIDv7 carries, to the millisecond."""
    return moment_of(value.int >> 80)


def trade_uuid(time_ms: int, market_id: int, seq: int) -> UUID:
    """Return the id of the trade with sequence number `seq` of a market: its `trade_key`."""
    return UUID(bytes=trade_key(time_ms, market_id, seq))


def trade_key(time_ms: int, market_id: int, seq: int) -> bytes:
    """Return the 16 bytes of a trade's id.

    They are a function of the arguments, so a replay of the journal gives trades the ids they have. The 74 bits
    which are random elsewhere hold the sequence number (58 bits) and the market (16 bits): unique by
    construction, ascending within a market.
    """
    assert 0 <= seq < 1 << _SEQ_BITS and 0 <= market_id < 1 << _MARKET_BITS, "Invariant: seq and market fit"
    tail = (seq << _MARKET_BITS) | market_id
    return ((time_ms << 80) | _VERSION | ((tail >> 62) << 64) | _VARIANT | (tail & ((1 << 62) - 1))).to_bytes(16)
