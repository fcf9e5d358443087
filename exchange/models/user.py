from typing import Any, Final

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q

from base.ids import uuid7

APPOINT: Final = "exchange.appoint_user"
# Rights over other people's money. Nobody has them beside the right to appoint staff.
MONEY_RIGHTS: Final = frozenset(
    {
        "settlement.add_adjustment",
        "settlement.approve_adjustment",
        "settlement.deposit_account",
        "settlement.withdraw_account",
    }
)


class User(AbstractUser):
    """A trader or a staff member. `is_active = False` freezes the user at once, whatever tokens there are."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # When a member of staff got rights or another password: they decide a while later. The database writes it.
    rights_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        permissions = [("appoint_user", "Can make users members of staff and give them roles")]
        # Few users are either: staff look for them among a million others.
        indexes = [
            models.Index(fields=["id"], condition=Q(is_staff=True), name="user_staff"),
            models.Index(fields=["id"], condition=Q(is_active=False), name="user_frozen"),
            models.Index(fields=["email"], name="user_email"),
            models.Index(F("last_login").desc(nulls_last=True), F("id").desc(), name="user_last_login"),
        ]

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Tell whether the user has a right. Who may appoint staff, as superusers may, has none over money."""
        if perm in MONEY_RIGHTS and (self.is_superuser or super().has_perm(APPOINT)):
            return False
        return super().has_perm(perm, obj)


class RevokedSession(models.Model):
    """A login that was ended. Every token of the login carries its `sid`; none is accepted once it stands here."""

    sid = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    revoked_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.sid)
