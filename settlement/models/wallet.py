from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exchange.models import Asset
from exchange.models.market import AMOUNT_DIGITS


class WalletTransfer(models.Model):
    """What a remote wallet is told about one user's money; the row is committed before the wallet is asked.

    `id` is the idempotency key. `error` is why the last try failed.
    """

    id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(**AMOUNT_DIGITS)
    error = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class WalletReservation(WalletTransfer):
    """Money on its way from the wallet to an order.

    `amount` comes from the wallet; `needed` is what the order may need in all, so the rest of it is taken from what the
    exchange has of the user's money already. An order goes to the engine only while its reservation is `reserved`.
    """

    class State(models.TextChoices):
        RESERVING = "reserving"
        RESERVED = "reserved"
        SPENT = "spent"
        REFUSED = "refused"
        VOIDING = "voiding"
        VOIDED = "voided"

    needed = models.DecimalField(**AMOUNT_DIGITS)
    state = models.CharField(max_length=9, choices=State.choices)

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "asset"],
                condition=Q(state__in=("reserving", "reserved")),
                name="reservation_under_way",
            ),
            models.Index(
                fields=["state", "created_at"],
                condition=Q(state__in=("reserving", "reserved", "voiding")),
                name="reservation_waiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0, needed__gte=0), name="reservation_not_negative"),
        ]


class WalletRelease(WalletTransfer):
    """Money on its way back to the wallet: no longer the exchange's to use, and sent until the wallet confirms."""

    class State(models.TextChoices):
        SENDING = "sending"
        RELEASED = "released"

    state = models.CharField(max_length=8, choices=State.choices)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="sending"), name="release_sending"),
        ]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="release_above_zero")]


class WalletReversal(models.Model):
    """A settlement that was given up here and must not stand at the wallet.

    `id` is the settlement's key, so that a late delivery of it is refused. A trade's next settlement is a new
    generation with another key.
    """

    class State(models.TextChoices):
        REVERSING = "reversing"
        REVERSED = "reversed"

    id = models.UUIDField(primary_key=True)
    trade_id = models.UUIDField()
    generation = models.PositiveSmallIntegerField()
    trade = models.JSONField(help_text="As it was sent to the wallet")
    state = models.CharField(max_length=9, choices=State.choices)
    error = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="reversing"), name="reversal_reversing"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["trade_id", "generation"], name="reversal_once_per_generation"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class WalletOperation(models.Model):
    """What this copy, as the wallet of an exchange, was asked for: once per key, with the outcome.

    `digest` is that of what was asked; empty for a key that was voided or reversed before it was used.
    """

    class Kind(models.TextChoices):
        RESERVATION = "reservation"
        RELEASE = "release"
        SETTLEMENT = "settlement"

    class State(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        UNDONE = "undone", "undone, or kept from being done"

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    state = models.CharField(max_length=7, choices=State.choices)
    digest = models.CharField(max_length=32, blank=True, db_default="")
    trade_id = models.UUIDField(null=True, blank=True)
    reversal_id = models.UUIDField(null=True, blank=True, unique=True, help_text="The transfer that undid a settlement")
    payload = models.JSONField(default=dict)
    refusal = models.JSONField(default=dict, help_text="Code, message and details of what was refused")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trade_id"], condition=Q(kind="settlement", state="done"), name="operation_settles_a_trade_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
