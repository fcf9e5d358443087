from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exchange.models import Market


class ReplayCheckpoint(models.Model):
    """A market as a replay of its journal left it: from here the next replay goes on.

    `state` is what `verification.replay.checkpoints` packed; an empty one only says that the journal up to `seq` is not
    to be replayed, because an older release wrote it. A rebased one was read from the stored orders.
    """

    id = models.BigAutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_index=False)
    seq = models.BigIntegerField()
    state = models.BinaryField()
    state_hash = models.CharField(max_length=16)
    open_orders = models.PositiveIntegerField()
    is_rebase = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["market", "seq"], name="checkpoint_market_seq")]

    def __str__(self) -> str:
        return f"{self.market_id} {self.seq}"


class ReconcileRun(models.Model):
    """One run of the checks: what was looked at, how much, and what came of it. `counts` holds numbers by name."""

    class Kind(models.TextChoices):
        INCREMENTAL = "incremental", "since the last checkpoint"
        FULL = "full", "from the journal's beginning"

    class Status(models.TextChoices):
        RUNNING = "running"
        CLEAN = "clean"
        MISMATCH = "mismatch"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    scope = models.CharField(max_length=400, blank=True, help_text="Symbols of the markets; empty for all")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["status", "id"], name="reconcilerun_status_id")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Mismatch(models.Model):
    """Two records of one thing that differ, with both sides. Nothing repairs itself: staff look and acknowledge.

    `expected` and `found` hold the fields that differ. `signature` tells whether a later run finds the same again.
    """

    class Check(models.TextChoices):
        ZERO_SUM = "zero_sum", "entries of an asset sum to zero"
        BALANCE = "balance", "a balance is the sum of its entries"
        HELD = "held", "held = open orders + unsettled trades"
        ORDER_HOLD = "order_hold", "an order holds what it needs"
        TRANSFER = "transfer", "a settled trade moved its money once"
        JOURNAL = "journal", "the journal is whole and can be executed"
        CHAIN = "chain", "the journal's chain of hashes is unbroken"
        STATE_HASH = "state_hash", "a replay gives the state hash"
        TRADE = "trade", "replayed trades = stored trades"
        ORDER = "order", "replayed orders = stored orders"
        FEE = "fee", "fees and holds of fills are what the rates say"
        BOOK = "book", "stored open orders = the engine's book"
        ENGINE = "engine", "the running engine = the journal"
        WALLET = "wallet", "money here = reserved at the wallet"
        AUDIT = "audit", "the audit trail's chain is unbroken"

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        GONE = "gone", "acknowledged, and not found by a later full run"

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ReconcileRun, on_delete=models.PROTECT, related_name="mismatches")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", null=True)
    asset = models.CharField(max_length=12, blank=True)
    check_name = models.CharField("check", max_length=12, choices=Check.choices)
    subject = models.CharField(max_length=100)
    expected = models.JSONField()
    found = models.JSONField()
    signature = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    note = models.TextField(blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    acknowledged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "mismatches"
        constraints = [models.UniqueConstraint(fields=["signature"], condition=~Q(state="gone"), name="mismatch_once")]
        indexes = [models.Index(fields=["id"], condition=Q(state="open"), name="mismatch_open")]

    def __str__(self) -> str:
        return f"{self.check_name} {self.subject}"
