from decimal import Decimal
from functools import cached_property
from typing import TypedDict

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from base.scaling import MarketScale
from base.symbols import slug_of


class AmountDigits(TypedDict):
    max_digits: int
    decimal_places: int


FEE_PPM_MAX = 50_000  # 5 %: the costliest exchanges ask for a tenth of that
AMOUNT_DIGITS = AmountDigits(max_digits=38, decimal_places=18)
_CODE = RegexValidator(r"^[A-Z0-9]{2,12}$", "Use two to twelve capital letters and digits")


class Asset(models.Model):
    """Something that is owned and traded; kept to `decimals` decimals everywhere."""

    code = models.CharField(max_length=12, primary_key=True, validators=[_CODE])
    name = models.CharField(max_length=64)
    decimals = models.PositiveSmallIntegerField(default=8, validators=[MaxValueValidator(18)])
    hand_limit = models.DecimalField(
        "by hand a day",
        **AMOUNT_DIGITS,
        default=Decimal(0),
        db_default=Decimal(0),
        help_text="How much of it one member of staff may propose or approve to move by hand in 24 hours",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(decimals__lte=18), name="asset_decimals_at_most_18"),
            models.CheckConstraint(condition=Q(hand_limit__gte=0), name="asset_hand_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return self.code


class TradingState(models.TextChoices):
    """What a market accepts. The engine's enum of the same name has the same members."""

    PRE_OPEN = "pre_open"
    CONTINUOUS = "continuous"
    HALTED = "halted"
    POST_ONLY = "post_only"
    CLOSED = "closed"


class Market(models.Model):
    """A pair of assets with its filters, fees and trading state. Tick, lot and assets never change once it exists."""

    id = models.SmallAutoField(primary_key=True)
    symbol = models.CharField(max_length=25, unique=True, validators=[RegexValidator(r"^[A-Z0-9]+/[A-Z0-9]+$")])
    base = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    tick_size = models.DecimalField(**AMOUNT_DIGITS, validators=[MinValueValidator(Decimal("1e-12"))])
    lot_size = models.DecimalField(**AMOUNT_DIGITS, validators=[MinValueValidator(Decimal("1e-12"))])
    min_notional = models.DecimalField(**AMOUNT_DIGITS, default=Decimal(0))
    min_quantity = models.DecimalField(
        **AMOUNT_DIGITS, default=Decimal(0), help_text="Smallest quantity of one order; 0 = one lot"
    )
    max_quantity = models.DecimalField(**AMOUNT_DIGITS, help_text="Largest quantity of one order")
    max_open_orders = models.PositiveIntegerField(
        default=1_000, help_text="Open and pending orders of one account; 0 = no limit"
    )
    max_stop_orders = models.PositiveIntegerField(
        default=100, help_text="Stops of one account that wait for their trigger; 0 = no limit"
    )
    maker_fee_ppm = models.PositiveIntegerField("maker fee (ppm)", default=1_000, help_text="1,000 ppm = 0.1 %")
    taker_fee_ppm = models.PositiveIntegerField("taker fee (ppm)", default=1_000)
    price_band_ppm = models.PositiveIntegerField(
        "price band (ppm)", default=100_000, help_text="Allowed distance from the last trade; 0 = no band"
    )
    reference_price = models.DecimalField(**AMOUNT_DIGITS, help_text="Middle of the price band until there is a trade")
    trading_state = models.CharField(max_length=12, choices=TradingState.choices, default=TradingState.CONTINUOUS)
    fees_version = models.PositiveIntegerField(
        default=0, editable=False, help_text="Raised whenever a fee tier or a user's tier changes"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # What two people agreed on last, or what the market began with: one person moves a value this far from it only.
    agreed_maker_fee_ppm = models.PositiveIntegerField(db_default=0, editable=False)
    agreed_taker_fee_ppm = models.PositiveIntegerField(db_default=0, editable=False)
    agreed_price_band_ppm = models.PositiveIntegerField(db_default=0, editable=False)
    # A stop by one person ends by itself, and the market goes back to where it was.
    stop_ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    state_before_stop = models.CharField(max_length=12, blank=True, db_default="", editable=False)
    stopped_by = models.ForeignKey(
        "exchange.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True, editable=False
    )
    made_in = models.BigIntegerField(db_default=0, editable=False)  # the transaction in which it was made

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(tick_size__gt=0, lot_size__gt=0), name="market_steps_positive"),
            models.CheckConstraint(condition=Q(min_notional__gte=0), name="market_min_notional_not_negative"),
            models.CheckConstraint(condition=Q(max_quantity__gt=0), name="market_max_quantity_positive"),
            models.CheckConstraint(
                condition=Q(min_quantity__gte=0, min_quantity__lte=F("max_quantity")),
                name="market_min_quantity_up_to_max",
            ),
            models.CheckConstraint(
                condition=Q(maker_fee_ppm__lte=FEE_PPM_MAX, taker_fee_ppm__lte=FEE_PPM_MAX), name="market_fees_sane"
            ),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="market_assets_differ"),
        ]

    def __str__(self) -> str:
        return self.symbol

    @property
    def slug(self) -> str:
        """The symbol as it stands in paths and channel names: `BTC-USDT`."""
        return slug_of(self.symbol)

    @cached_property
    def scale(self) -> MarketScale:
        """The market's integer scale. Reads base and quote; may cause two queries."""
        return MarketScale(self.tick_size, self.lot_size, self.base.decimals, self.quote.decimals)
