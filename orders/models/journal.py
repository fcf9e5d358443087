from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from exchange.models import Market, TradingState
from exchange.models.market import AMOUNT_DIGITS


class MarketSequence(models.Model):
    """Where a market's engine stands: the one row that each batch moves forward, or fails.

    Trading state, band, reference price and limits are those the engine goes by; staff change the market's own, and the
    engine follows with its next batch. `trailing_marks` and `unfinished` are what the engine gave by these names, as
    lists; `edition` is that of the rule book.
    """

    market = models.OneToOneField(Market, on_delete=models.PROTECT, primary_key=True, related_name="sequence")
    last_seq = models.BigIntegerField(default=0)
    last_price = models.DecimalField(**AMOUNT_DIGITS, default=0, help_text="0 = no trade yet")
    trading_state = models.CharField(max_length=12, choices=TradingState.choices, default=TradingState.CONTINUOUS)
    price_band_ppm = models.PositiveIntegerField(default=0)
    reference_price = models.DecimalField(**AMOUNT_DIGITS, default=0)
    max_orders = models.PositiveIntegerField(default=0, db_default=0)
    max_stops = models.PositiveIntegerField(default=0, db_default=0)
    trailing_marks = models.JSONField(default=list, db_default=[], help_text="Where trailing stops stand, in ticks")
    edition = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="Edition of the rule book")
    unfinished = models.JSONField(default=list, db_default=[], help_text="What commands left for later ones")
    state_hash = models.CharField(max_length=16, default="", help_text="Hash of the book after the last batch, hex")
    journal_hash = models.BinaryField(max_length=32, null=True, help_text="The last batch's hash")
    batch_id = models.UUIDField(null=True)
    updated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.market} {self.last_seq}"


class JournalBatch(models.Model):
    """The commands of one committed batch, as the engine executed them. Partitioned by day on `id`, a UUIDv7.

    Append-only, and chained: `hash` covers the row and the hash of the market's batch before it.
    """

    id = models.UUIDField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    commands = models.BinaryField()
    state_hash = models.CharField(max_length=16)
    hash = models.BinaryField(
        max_length=32,
        null=True,
        help_text="SHA-256 over the hash before it and this batch; none in what an older release wrote",
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "journal batches"

    def __str__(self) -> str:
        return f"{self.market_id}: {self.first_seq}-{self.last_seq}"


class JournalAnchor(models.Model):
    """Where a market's chain may begin: what stands in the journal after `seq` is chained to `hash`.

    The first is made with the first release that has chains, others before a part of the journal is detached.
    """

    id = models.BigAutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_index=False)
    seq = models.BigIntegerField(help_text="Of the last batch before it")
    hash = models.BinaryField(max_length=32)
    note = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["market", "seq"], name="journalanchor_once")]

    def __str__(self) -> str:
        return f"{self.market_id} {self.seq}"


class CancelAfter(models.Model):
    """A dead man's switch: the engine cancels all the user's orders in the market at `due_at` unless it is renewed."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = "cancel-after switch"
        verbose_name_plural = "cancel-after switches"
        constraints = [models.UniqueConstraint(fields=["market", "user"], name="cancelafter_one_per_market_and_user")]

    def __str__(self) -> str:
        return f"{self.market_id} {self.user_id} {self.due_at}"


class OwedHold(models.Model):
    """An order that has ended and whose hold is yet to be given back, which takes a moment."""

    order_id = models.UUIDField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_constraint=False)

    def __str__(self) -> str:
        return str(self.order_id)
