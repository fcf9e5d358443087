"""The checksum of an order book, by which a client sees that its copy is right."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from zlib import crc32

from base.scaling import MarketScale

__all__ = ["CHECKSUM_LEVELS", "book_checksum"]

CHECKSUM_LEVELS = 10


def book_checksum(asks: Iterable[tuple[int, int]], bids: Iterable[tuple[int, int]], scale: MarketScale) -> int:
    """Return the CRC-32 of the best 10 asks, then the best 10 bids, given best first as (price_ticks, quantity_lots).

    Each level is its price, then its quantity, written with the market's fixed number of decimals but without the
    point and leading zeros. Worked example with tick 0.05 and lot 0.001: 100 ticks and 5 lots are 5.00 and 0.005, which
    give "500" and "5".
    """
    tick_digits, lot_digits = _step_digits(scale)
    text = "".join(
        [
            f"{price_ticks * tick_digits}{quantity_lots * lot_digits}"
            for side in (asks, bids)
            for price_ticks, quantity_lots in islice(side, CHECKSUM_LEVELS)
        ]
    )
    return crc32(text.encode())


@lru_cache(maxsize=1_024)
def _step_digits(scale: MarketScale) -> tuple[int, int]:
    return (
        int(scale.tick_size.scaleb(scale.price_decimals)),
        int(scale.lot_size.scaleb(scale.quantity_decimals)),
    )
