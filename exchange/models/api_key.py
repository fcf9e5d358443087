from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from base.ids import uuid7


class ApiKey(models.Model):
    """What a program signs its requests with, in the name of a user. `id` is public; the secret is stored nowhere.

    The secret follows from the server's SECRET_KEY, `id` and `salt`; `master` says from which SECRET_KEY.
    """

    class Scope(models.TextChoices):
        READ = "read"
        TRADE = "trade"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("exchange.User", on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    salt = models.BinaryField(max_length=16)
    master = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="api_key_scopes_are_known_and_read_is_one",
                condition=Q(scopes__contained_by=["read", "trade"]) & Q(scopes__contains=["read"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} (…{self.id.hex[-12:]})"


class ApiKeyAddress(models.Model):
    """An address from which a key has been used; of IPv6 the network, because a client has all of it."""

    id = models.BigAutoField(primary_key=True)
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="addresses", db_index=False)
    address = models.CharField(max_length=64)
    first_used_at = models.DateTimeField()

    class Meta:
        verbose_name = "address of an API key"
        verbose_name_plural = "addresses of API keys"
        constraints = [models.UniqueConstraint(fields=["api_key", "address"], name="apikeyaddress_once")]

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.address}"
