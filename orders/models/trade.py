from decimal import Decimal

from django.conf import settings
from django.db import models

from exchange.models import Market
from exchange.models.market import AMOUNT_DIGITS
from orders.models.order import Order


class SettlementStatus(models.TextChoices):
    PENDING = "pending"
    RETRYING = "retrying"
    SETTLED = "settled"
    FAILED = "failed"
    RESOLVED = "resolved", "resolved by an adjustment"


class Trade(models.Model):
    """A match between two orders. The table is partitioned by day on `id`, a UUIDv7 made from time, market and seq.

    `buyer_hold` is the part of the buyer's order hold that this trade took over; settlement pays price x quantity and
    the fee from it and gives the rest back.
    """

    id = models.UUIDField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    seq = models.BigIntegerField()
    price = models.DecimalField(**AMOUNT_DIGITS)
    quantity = models.DecimalField(**AMOUNT_DIGITS)
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    buyer_order_id = models.UUIDField()
    seller_order_id = models.UUIDField()
    taker_side = models.CharField(max_length=4, choices=Order.Side.choices)
    buyer_fee = models.DecimalField(**AMOUNT_DIGITS)
    seller_fee = models.DecimalField(**AMOUNT_DIGITS)
    buyer_hold = models.DecimalField(**AMOUNT_DIGITS)
    executed_at = models.DateTimeField()
    settlement_status = models.CharField(max_length=8, choices=SettlementStatus.choices)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def notional(self) -> Decimal:
        return self.price * self.quantity
