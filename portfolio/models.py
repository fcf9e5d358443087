from django.conf import settings
from django.db import models
from django.db.models import Q

from base.pagination import START
from exchange.models import Market
from exchange.models.market import AmountDigits

__all__ = ["Portfolio", "Position"]

WHOLE = AmountDigits(max_digits=60, decimal_places=0)
"""A sum over all trades of a user, which is not bounded as one amount is."""


class Portfolio(models.Model):
    """How far a user's trades are counted in their positions. Whoever counts on has locked this row.

    `left_out` are the trades up to the bookmark that count for nothing because an adjustment closed them, and
    `closed_trades` how many of all users' there were when that was last looked at.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="portfolio"
    )
    bookmark = models.TextField(default=START)
    left_out = models.PositiveIntegerField(default=0)
    closed_trades = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.user)


class Position(models.Model):
    """The figures of a user in one market, named and counted as in `portfolio.figures`: in lots and quote units.

    They follow from the trades, and are kept because there may be millions.
    """

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="positions", db_index=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_index=False)
    lots = models.DecimalField(**WHOLE)
    cost_units = models.DecimalField(**WHOLE)
    profit_units = models.DecimalField(**WHOLE)
    bought_lots = models.DecimalField(**WHOLE)
    bought_units = models.DecimalField(**WHOLE)
    sold_lots = models.DecimalField(**WHOLE)
    sold_units = models.DecimalField(**WHOLE)
    fee_units = models.DecimalField(**WHOLE)
    trade_count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "market"], name="position_one_per_user_and_market"),
            models.CheckConstraint(condition=Q(cost_units__gte=0), name="position_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.market_id}"
