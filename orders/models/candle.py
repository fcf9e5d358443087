from django.db import models

from exchange.models import Market
from exchange.models.market import AMOUNT_DIGITS
from orders.timeframes import TIMEFRAMES


class Candle(models.Model):
    """What the trades of one market in one period were; without a trade there is none. The journal writes it.

    `open` and `close` are the prices of the trades `first_seq` and `last_seq`; `quote_volume` sums price x quantity.
    """

    pk = models.CompositePrimaryKey("market_id", "timeframe", "opened_at")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    timeframe = models.CharField(max_length=3, choices=[(name, name) for name in TIMEFRAMES])
    opened_at = models.DateTimeField()
    open = models.DecimalField(**AMOUNT_DIGITS)
    high = models.DecimalField(**AMOUNT_DIGITS)
    low = models.DecimalField(**AMOUNT_DIGITS)
    close = models.DecimalField(**AMOUNT_DIGITS)
    volume = models.DecimalField(**AMOUNT_DIGITS)
    quote_volume = models.DecimalField(**AMOUNT_DIGITS)
    trade_count = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()

    class Meta:
        ordering = ["market_id", "timeframe", "opened_at"]

    def __str__(self) -> str:
        return f"{self.market_id} {self.timeframe} {self.opened_at}"
