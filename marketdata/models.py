"""What staff see of markets and users at a glance: materialized views, refreshed by operations.analytics."""

from django.conf import settings
from django.db import models

from exchange.models import Market
from exchange.models.market import AMOUNT_DIGITS


class MarketDay(models.Model):
    """The 24 hours before `until` of a market. `fees` are in its quote asset; prices are null without a trade."""

    market = models.OneToOneField(Market, on_delete=models.DO_NOTHING, primary_key=True, related_name="+")
    until = models.DateTimeField()
    open = models.DecimalField(**AMOUNT_DIGITS, null=True)
    high = models.DecimalField(**AMOUNT_DIGITS, null=True)
    low = models.DecimalField(**AMOUNT_DIGITS, null=True)
    close = models.DecimalField(**AMOUNT_DIGITS, null=True)
    volume = models.DecimalField(**AMOUNT_DIGITS)
    quote_volume = models.DecimalField(**AMOUNT_DIGITS)
    fees = models.DecimalField(**AMOUNT_DIGITS)
    trade_count = models.BigIntegerField()
    trader_count = models.BigIntegerField()
    order_count = models.BigIntegerField()

    class Meta:
        managed = False
        verbose_name = "market's last 24 hours"
        verbose_name_plural = "markets' last 24 hours"

    def __str__(self) -> str:
        return str(self.market)


class UserActivity(models.Model):
    """The orders that a user placed in the 30 days before the view was refreshed; users without any have no row.

    `fill_ratio` is the share of them that traded, if only in part.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, primary_key=True, related_name="+"
    )
    order_count = models.BigIntegerField()
    open_count = models.BigIntegerField()
    filled_count = models.BigIntegerField()
    cancelled_count = models.BigIntegerField()
    rejected_count = models.BigIntegerField()
    traded_count = models.BigIntegerField()
    fill_ratio = models.DecimalField(max_digits=5, decimal_places=4)
    market_count = models.BigIntegerField()
    last_order_at = models.DateTimeField()

    class Meta:
        managed = False
        verbose_name_plural = "user activity"

    def __str__(self) -> str:
        return str(self.user)


class ViewRefresh(models.Model):
    """When a materialized view was last refreshed, and so as of when it is, and how long that took."""

    view = models.CharField(max_length=64, primary_key=True)
    until = models.DateTimeField()
    seconds = models.FloatField()

    def __str__(self) -> str:
        return self.view
