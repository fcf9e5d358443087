from decimal import Decimal

from django.conf import settings
from django.db import models

from exchange.models import Market
from exchange.models.market import AMOUNT_DIGITS


class OrderStatus(models.TextChoices):
    PENDING = "pending"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Order(models.Model):
    """An order as it is stored. The table is partitioned by month on `id`, a UUIDv7; only the journal writes it."""

    class Side(models.TextChoices):
        BUY = "buy"
        SELL = "sell"

    class Type(models.TextChoices):
        LIMIT = "limit"
        MARKET = "market"
        STOP = "stop"
        STOP_LIMIT = "stop_limit"
        TAKE_PROFIT = "take_profit"
        TAKE_PROFIT_LIMIT = "take_profit_limit"
        TRAILING_STOP = "trailing_stop"

    class TimeInForce(models.TextChoices):
        GTC = "gtc", "good till cancelled"
        IOC = "ioc", "immediate or cancel"
        FOK = "fok", "fill or kill"
        GTD = "gtd", "good till date"

    class SelfTradePrevention(models.TextChoices):
        CANCEL_NEWEST = "cancel_newest"
        CANCEL_OLDEST = "cancel_oldest"
        CANCEL_BOTH = "cancel_both"
        DECREMENT = "decrement"

    class GroupRole(models.TextChoices):
        NONE = ""
        OCO_LIMIT = "oco_limit", "OCO limit"
        OCO_STOP = "oco_stop", "OCO stop"
        ENTRY = "entry", "bracket entry"
        TAKE_PROFIT = "take_profit", "bracket take-profit"
        STOP_LOSS = "stop_loss", "bracket stop-loss"

    id = models.UUIDField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    client_order_id = models.CharField(max_length=64, null=True)  # noqa: DJ001  (null = none was given)
    side = models.CharField(max_length=4, choices=Side.choices)
    type = models.CharField(max_length=20, choices=Type.choices)
    time_in_force = models.CharField(max_length=3, choices=TimeInForce.choices)
    post_only = models.BooleanField()
    price = models.DecimalField(
        **AMOUNT_DIGITS, null=True, help_text="Limit; of a stop that becomes a market order its protection price"
    )
    quantity = models.DecimalField(**AMOUNT_DIGITS, null=True)
    quote_quantity = models.DecimalField(**AMOUNT_DIGITS, null=True)
    filled_quantity = models.DecimalField(**AMOUNT_DIGITS)
    filled_quote = models.DecimalField(**AMOUNT_DIGITS, help_text="Sum of price x quantity of its fills")
    fee_paid = models.DecimalField(**AMOUNT_DIGITS, help_text="Sum of its fills' fees, in the quote asset")
    fee_fraction_ppm = models.IntegerField(
        null=True,
        help_text="What of the last unit of its fees its fills have used up, in millionths; null before the first fee",
    )
    held = models.DecimalField(**AMOUNT_DIGITS, help_text="What the open rest of the order holds")
    maker_fee_ppm = models.IntegerField()
    taker_fee_ppm = models.IntegerField()
    status = models.CharField(max_length=16, choices=OrderStatus.choices)
    reason = models.CharField(max_length=40)
    priority = models.BigIntegerField(help_text="Sequence number that gave it its place in the queue")
    seq = models.BigIntegerField(
        default=0, db_default=0, help_text="Sequence number of the last event about it; 0 = under an earlier release"
    )
    reprice = models.BooleanField(default=False, help_text="Post-only: move it behind the touch instead of refusing it")
    self_trade_prevention = models.CharField(
        max_length=16, choices=SelfTradePrevention.choices, default=SelfTradePrevention.CANCEL_NEWEST
    )
    stop_price = models.DecimalField(
        **AMOUNT_DIGITS, null=True, help_text="Trigger; of a trailing stop the first one, or the one that was reached"
    )
    trailing_amount = models.DecimalField(**AMOUNT_DIGITS, null=True)
    trailing_ppm = models.IntegerField(null=True)
    display_quantity = models.DecimalField(**AMOUNT_DIGITS, null=True)
    visible_quantity = models.DecimalField(**AMOUNT_DIGITS, null=True, help_text="What an iceberg shows now")
    expire_at = models.DateTimeField(null=True)
    triggered_at = models.DateTimeField(null=True)
    group_id = models.UUIDField(null=True, help_text="The first order of an OCO or bracket")
    group_role = models.CharField(max_length=12, choices=GroupRole.choices, default=GroupRole.NONE)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        permissions = [("cancel_order", "Can cancel orders of users")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def remaining_quantity(self) -> Decimal | None:
        """What is not filled; None for a market buy by budget."""
        return None if self.quantity is None else self.quantity - self.filled_quantity


class ClientOrderId(models.Model):
    """Which order a client's own id belongs to, for good: the one table that is not partitioned, so it is unique."""

    pk = models.CompositePrimaryKey("user_id", "client_order_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    client_order_id = models.CharField(max_length=64)
    order_id = models.UUIDField()
    payload_digest = models.BinaryField(max_length=16)
    rejected_under = models.JSONField(
        null=True, help_text="The limits under which the engine rejected it, to answer the same once more"
    )

    def __str__(self) -> str:
        return self.client_order_id
