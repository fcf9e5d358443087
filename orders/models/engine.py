from django.db import models


class EngineProcess(models.Model):
    """An engine process as it reported itself last; one that has not for two seconds counts as gone.

    All times are the database's. `fresh_since` is when its reports began to come in time: only a process that
    reports in time itself may judge another by its silence. `listed` are the symbols it was started for, null when it
    shares all markets. `markets` is a list of `{symbol, role, since, seq, heir}`, the fields of
    `matching.roster.MarketReport`, with `pace` and `open_orders` where the process serves the market.
    """

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()  # no index: each report would have to renew it
    fresh_since = models.DateTimeField()
    listed = models.JSONField(null=True)
    markets = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "engine processes"

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"
