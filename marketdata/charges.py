"""What a message costs beyond being read: rows, which are levels of a book, trades, and the like.

A message of fifty bytes may ask for a thousand trades, or for everything that happened to a book in an hour. Each is
charged for what it brought. Nobody is refused for it at once: who has used more than an allowance is served again when
the debt has been earned. Meanwhile nothing more is read, so the client waits, and nobody else does.
"""

import asyncio

from base.allowance import Allowance
from base.errors import ApiError, ErrorCode

__all__ = ["Charges", "rows_of_symbols"]

ROWS_PER_S, ROWS_AT_ONCE = 5_000.0, 50_000.0  # of one connection; of an address: `Connections.rows_of`
ROWS_PER_SYMBOL = 10  # a symbol that is named has to be found, and may be an error of its own
WAIT_S_MAX = 10.0


def rows_of_symbols(count: int) -> int:
    """Return what it costs to name some symbols."""
    return count * ROWS_PER_SYMBOL


class Charges:
    """The account of one connection, and with others that of its address."""

    def __init__(self, address: Allowance) -> None:
        self._allowances = (Allowance(ROWS_PER_S, ROWS_AT_ONCE), address)

    def add(self, rows: int) -> None:
        """Charge what was done."""
        for allowance in self._allowances:
            allowance.spend(rows)

    async def settle(self) -> None:
        """Wait until there is no debt. Raises RATE_LIMITED when that would take too long; nothing is done then."""
        wait_s = max(allowance.wait_s for allowance in self._allowances)
        if wait_s > WAIT_S_MAX:
            message = f"More was asked for than is allowed: ask again in {wait_s:.0f} s"
            raise ApiError(ErrorCode.RATE_LIMITED, message)
        if wait_s:
            await asyncio.sleep(wait_s)
