from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q

from base.ids import uuid7


class User(AbstractUser):
    """A trader or a staff member. `is_active = False` freezes the user at once, whatever tokens there are."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        permissions = [("appoint_user", "Can make users members of staff and give them roles")]
        # Few users are either: staff look for them among a million others.
        indexes = [
            models.Index(fields=["id"], condition=Q(is_staff=True), name="user_staff"),
            models.Index(fields=["id"], condition=Q(is_active=False), name="user_frozen"),
            models.Index(fields=["email"], name="user_email"),
            models.Index(F("last_login").desc(nulls_last=True), F("id").desc(), name="user_last_login"),
        ]


class RevokedSession(models.Model):
    """A login that was ended. Every token of the login carries its `sid`; none is accepted once it stands here."""

    sid = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    revoked_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.sid)
