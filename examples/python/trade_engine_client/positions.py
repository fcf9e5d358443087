"""What one's trades have brought: as the exchange tells it, and counted again from the trades, by average cost."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

Row = dict[str, Any]

_NOTHING = Decimal(0)


def portfolio(ask: Callable[[str], Row], quote: str | None = None) -> Row:
    """Return one's portfolio, valued in an asset, when the exchange has counted all trades.

    `ask` gets a path with its query and returns the decoded answer of a GET.
    """
    path = f"/api/v1/portfolio?quote={quote}" if quote else "/api/v1/portfolio"
    while True:
        found: Row = ask(path)["data"]
        if found["is_complete"]:
            return found


@dataclass
class Position:
    """The figures of one market. `quantity` is below 0 when more was sold than bought."""

    quantity: Decimal = _NOTHING
    cost: Decimal = _NOTHING
    realised_profit: Decimal = _NOTHING
    fees: Decimal = _NOTHING

    def take(self, trade: Row) -> None:
        """Count one more trade, as the exchange lists one's own."""
        price, quantity, fee = (Decimal(trade[name]) for name in ("price", "quantity", "fee"))
        direction = 1 if trade["side"] == "buy" else -1
        with localcontext(prec=60):
            closed = min(quantity, abs(self.quantity)) if self.quantity * direction < 0 else _NOTHING
            released = self._released(closed, Decimal(1).scaleb(-len(trade["fee"].partition(".")[2])))
            self.realised_profit += direction * (released - closed * price)
            self.cost += (quantity - closed) * price - released
            self.quantity += direction * quantity
            self.fees += fee

    def _released(self, closed: Decimal, unit: Decimal) -> Decimal:
        if not closed:
            return _NOTHING
        return (self.cost * closed / abs(self.quantity)).quantize(unit, ROUND_HALF_UP)


def positions_of(trades: Iterable[Row]) -> dict[str, Position]:
    """Return positions by symbol from all of one's trades, the oldest first: those of `Changes` with `mine="true"`."""
    found: dict[str, Position] = defaultdict(Position)
    for trade in trades:
        if trade["settlement_status"] != "resolved":
            found[trade["symbol"]].take(trade)
    return dict(found)
