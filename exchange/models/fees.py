from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from exchange.models.market import AMOUNT_DIGITS, FEE_PPM_MAX, Market


class FeeTier(models.Model):
    """Fee rates of a market for users who traded at least `min_volume` in 30 days, in all markets with its quote.

    Below the first level a market's own rates hold.
    """

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="fee_tiers", db_index=False)
    level = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], help_text="1, 2, ...")
    min_volume = models.DecimalField(
        "30-day volume from", **AMOUNT_DIGITS, help_text="Price x quantity, in the quote asset, of all its markets"
    )
    maker_fee_ppm = models.PositiveIntegerField("maker fee (ppm)", help_text="1,000 ppm = 0.1 %")
    taker_fee_ppm = models.PositiveIntegerField("taker fee (ppm)")

    class Meta:
        ordering = ["market_id", "level"]
        constraints = [
            models.UniqueConstraint(fields=["market", "level"], name="feetier_one_per_level"),
            models.CheckConstraint(condition=Q(level__gte=1), name="feetier_level_from_one"),
            models.CheckConstraint(
                condition=Q(min_volume__gte=0),
                name="feetier_min_volume_not_negative",
                violation_error_message="The volume must not be negative",
            ),
            models.CheckConstraint(
                condition=Q(maker_fee_ppm__lte=FEE_PPM_MAX, taker_fee_ppm__lte=FEE_PPM_MAX),
                name="feetier_fees_sane",
                violation_error_message=f"Fees must be between 0 and {FEE_PPM_MAX:,}",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} level {self.level}"


class UserFeeTier(models.Model):
    """The tier of a user in a market, as last computed. Without a row the market's own rates hold."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="fee_tiers", db_index=False
    )
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    tier = models.ForeignKey(FeeTier, on_delete=models.CASCADE, related_name="+")
    volume = models.DecimalField("30-day volume", **AMOUNT_DIGITS)
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name = "fee tier of a user"
        verbose_name_plural = "fee tiers of users"
        constraints = [
            models.UniqueConstraint(fields=["user", "market"], name="userfeetier_one_per_market"),
            models.CheckConstraint(condition=Q(volume__gte=0), name="userfeetier_volume_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.tier_id}"
