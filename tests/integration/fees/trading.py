"""A quote asset with markets of its own, and trades at any moment of the past, as settled long ago."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from base.ids import trade_uuid, uuid7
from exchange.models import Asset, Market, User, UserFeeTier
from exchange.services import TierTerms, market_set_fee_tiers
from operations.partitions import create_partitions
from orders.models import Trade
from tests.fixtures import fresh_name, make_market, make_user

LEVELS = (
    TierTerms(1, Decimal(1_000), 600, 900),
    TierTerms(2, Decimal(10_000), 400, 800),
    TierTerms(3, Decimal(100_000), 0, 500),
)
_seq = count(1)


class Venue:
    """Two markets with one quote asset and equal tiers, one with another; `maker`, `taker` and `outsider` have nothing.

    Partitions reach back over the 30 days before `now` and one more.
    """

    def __init__(self, now: datetime) -> None:
        for days in range(33):
            create_partitions(today=now.date() - timedelta(days=days))
        self.now = now
        self.staff = make_user("staff", is_staff=True)
        self.maker, self.taker, self.outsider = (make_user(role) for role in ("maker", "taker", "outsider"))
        self.first, self.foreign = make_market(), make_market()
        self.second = self._market_beside(self.first)
        for market in (self.first, self.second, self.foreign):
            self.set_tiers(market, *LEVELS)

    def _market_beside(self, market: Market) -> Market:
        base = Asset.objects.create(code=fresh_name("B"), name="Base")
        steps = {"tick_size": "0.01", "lot_size": "0.001", "max_quantity": "1000", "reference_price": "100"}
        symbol = f"{base.code}/{market.quote_id}"
        return Market.objects.create(symbol=symbol, base=base, quote_id=market.quote_id, **steps)

    def set_tiers(self, market: Market, *tiers: TierTerms) -> None:
        market_set_fee_tiers(actor=self.staff, market_id=market.pk, tiers=tiers)

    def trade(
        self,
        notional: str,
        *,
        ago: timedelta = timedelta(days=1),
        market: Market | None = None,
        buyer: User | None = None,
        seller: User | None = None,
    ) -> Trade:
        """Store a settled trade of one lot's price: price x 1."""
        market, moment, seq = market or self.first, self.now - ago, next(_seq)
        return Trade.objects.create(
            id=trade_uuid(int(moment.timestamp() * 1000), market.pk, seq), market=market, seq=seq,
            price=Decimal(notional), quantity=1, buyer=buyer or self.taker, seller=seller or self.maker,
            buyer_order_id=uuid7(), seller_order_id=uuid7(), taker_side="buy", buyer_fee=0, seller_fee=0,
            buyer_hold=Decimal(notional), executed_at=moment, settlement_status="settled", settled_at=moment,
        )  # fmt: skip

    def held(self, user: User) -> dict[str, tuple[int, Decimal]]:
        """Return a user's level and volume by market: `first`, `second`, `foreign`."""
        names = {self.first.pk: "first", self.second.pk: "second", self.foreign.pk: "foreign"}
        rows = UserFeeTier.objects.filter(user=user).values_list("market_id", "tier__level", "volume")
        return {names[market_id]: (level, volume) for market_id, level, volume in rows}

    def versions(self) -> dict[str, int]:
        """Return the markets' fee versions since their tiers were set."""
        markets = {"first": self.first, "second": self.second, "foreign": self.foreign}
        stored = dict(Market.objects.values_list("pk", "fees_version"))
        return {name: stored[market.pk] - 1 for name, market in markets.items()}
