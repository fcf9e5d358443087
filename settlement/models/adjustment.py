from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from base.ids import uuid7
from exchange.models.market import AMOUNT_DIGITS
from settlement.models.failure import FailedSettlement
from settlement.models.ledger import Account


class Adjustment(models.Model):
    """Money to be moved by hand: one member of staff proposes it, another one decides. Its id is that of its transfer.

    It may close a failed settlement; then it takes what the trade holds, and the trade is `resolved`.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    reason = models.CharField(max_length=200)
    failure = models.ForeignKey(
        FailedSettlement, on_delete=models.PROTECT, related_name="adjustments", null=True, blank=True
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("approve_adjustment", "Can approve and reject adjustments of others")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="adjustment_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "rejected"]) | ~Q(decided_by=F("proposed_by")),
                name="adjustment_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(decided_by=F("proposed_by")),
                name="adjustment_withdrawn_by_its_proposer",
            ),
            models.UniqueConstraint(
                fields=["failure"],
                condition=Q(state__in=["proposed", "approved"]),
                name="adjustment_one_per_failure",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="adjustment_state_id")]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class AdjustmentLine(models.Model):
    """What an adjustment changes of one account. Append-only: what was proposed is what is approved."""

    id = models.BigAutoField(primary_key=True)
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    available = models.DecimalField(**AMOUNT_DIGITS)
    held = models.DecimalField(**AMOUNT_DIGITS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["adjustment", "number"], name="adjustmentline_number"),
            models.UniqueConstraint(fields=["adjustment", "account"], name="adjustmentline_one_per_account"),
            models.CheckConstraint(condition=~Q(available=0, held=0), name="adjustmentline_changes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.adjustment_id}/{self.number}"
