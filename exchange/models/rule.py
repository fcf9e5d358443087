from django.core.validators import MinValueValidator
from django.db import models


class Rule(models.Model):
    """A number that bounds what one person may do alone. Two people change it; the database reads it, too.

    While an exchange has no members of staff, whoever sets it up may change the rules.
    """

    class Name(models.TextChoices):
        PLAY_MONEY = "play_money", "play money: funds and staff of a demo come from nowhere (1) or not (0)"
        COOLING_HOURS = "cooling_hours", "hours before new or changed members of staff may decide"
        FEE_MARGIN_PPM = "fee_margin_ppm", "how far one person may move a fee, in ppm"
        BAND_MARGIN_PPM = "band_margin_ppm", "how far one person may move a price band, in ppm"
        STOP_HOURS = "stop_hours", "hours for which one person may stop a market"

    name = models.CharField(max_length=32, primary_key=True, choices=Name.choices)
    value = models.BigIntegerField(validators=[MinValueValidator(0)])

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(value__gte=0), name="rule_not_negative")]

    def __str__(self) -> str:
        return self.get_name_display()
