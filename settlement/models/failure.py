from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from exchange.models import Market


class FailedSettlement(models.Model):
    """A trade whose settlement failed at least once: why, when, how often, and how it ended.

    `attempts` is a list of `{"at", "code", "error", "transient"}`, oldest first; `attempt_count` counts those since the
    first failure or since staff asked for another try. `payload` is the trade as settlement saw it and the legs it
    would have moved, amounts as text.
    """

    class State(models.TextChoices):
        RETRYING = "retrying"
        DEAD = "dead", "dead letter"
        SETTLED = "settled"
        RESOLVED = "resolved"

    id = models.BigAutoField(primary_key=True)
    trade_id = models.UUIDField(unique=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RETRYING)
    code = models.CharField(max_length=40)
    error = models.TextField()
    attempts = models.JSONField(default=list)
    payload = models.JSONField(default=dict, db_default={})
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["state", "next_attempt_at"]), models.Index(fields=["market", "id"])]

    def __str__(self) -> str:
        return f"{self.trade_id} {self.state}"
