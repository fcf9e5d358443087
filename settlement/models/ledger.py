from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from exchange.models import Asset
from exchange.models.market import AMOUNT_DIGITS


class Account(models.Model):
    """What one owner has of one asset: `available` to use and `held` for open orders and unsettled trades.

    `available + held` is the sum of the account's ledger entries. Rows are locked in ascending `id`.
    """

    class Kind(models.TextChoices):
        USER = "user"
        FEES = "fees"
        EXTERNAL = "external", "outside world"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.USER)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts", null=True, blank=True
    )
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="accounts")
    available = models.DecimalField(**AMOUNT_DIGITS, default=0)
    held = models.DecimalField(**AMOUNT_DIGITS, default=0)
    total = models.GeneratedField(
        expression=F("available") + F("held"),
        output_field=models.DecimalField(**AMOUNT_DIGITS),
        db_persist=True,
    )

    class Meta:
        permissions = [
            ("deposit_account", "Can bring money in"),
            ("withdraw_account", "Can take money out"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "asset"], name="account_one_per_owner_and_asset"),
            models.UniqueConstraint(
                fields=["kind", "asset"], condition=Q(owner=None), name="account_one_of_the_house_per_asset"
            ),
            models.CheckConstraint(
                condition=Q(kind="user", owner__isnull=False) | (~Q(kind="user") & Q(owner=None)),
                name="account_owner_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(available__gte=0) | Q(kind="external"), name="account_available_not_negative"
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.owner or self.get_kind_display()} {self.asset_id}"


class LedgerEntry(models.Model):
    """One leg of a transfer. Append-only: the database refuses change, removal and a transfer that is not zero-sum."""

    class Kind(models.TextChoices):
        TRADE = "trade"
        FEE = "fee"
        DEPOSIT = "deposit"
        WITHDRAWAL = "withdrawal"
        CORRECTION = "correction"
        RESERVE = "reserve", "reserved at the wallet"
        RELEASE = "release", "released to the wallet"

    id = models.BigAutoField(primary_key=True)
    transfer_id = models.UUIDField(help_text="Groups the legs of one transfer; a trade's own id for its settlement")
    leg = models.PositiveSmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    amount = models.DecimalField(**AMOUNT_DIGITS)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["transfer_id", "leg"], name="entry_once_per_transfer_leg"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero"),
        ]
        indexes = [
            models.Index(fields=["account", "id"], name="entry_account_id"),
            # What few entries are: staff look for them among those of all trades.
            models.Index(fields=["kind", "id"], condition=~Q(kind__in=["trade", "fee"]), name="entry_rare_kind_id"),
        ]

    def __str__(self) -> str:
        return f"{self.transfer_id}/{self.leg} {self.amount} {self.asset_id}"
