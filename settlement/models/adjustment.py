from django.db import models
from django.db.models import Q

from exchange.models.market import AMOUNT_DIGITS
from proposals.models import Proposal
from settlement.models.failure import FailedSettlement
from settlement.models.ledger import Account


class Adjustment(Proposal):
    """Money to be moved by hand, a deposit, a withdrawal or a correction. Its id is that of its transfer.

    It may close a failed settlement; then it takes what the trade holds, and the trade is `resolved`.
    """

    proposal = models.OneToOneField(
        Proposal,
        on_delete=models.PROTECT,
        parent_link=True,
        primary_key=True,
        db_column="id",
        related_name="adjustment",
    )
    failure = models.ForeignKey(
        FailedSettlement, on_delete=models.PROTECT, related_name="adjustments", null=True, blank=True
    )

    class Meta:
        verbose_name = "adjustment"
        permissions = [("approve_adjustment", "Can approve and reject adjustments of others")]

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
