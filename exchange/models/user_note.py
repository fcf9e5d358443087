from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class UserNote(models.Model):
    """What a member of staff wrote about a user, for colleagues. Append-only: the database refuses changes."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notes", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "note on a user"
        verbose_name_plural = "notes on users"
        indexes = [models.Index(fields=["user", "id"], name="usernote_user_id")]

    def __str__(self) -> str:
        return f"note on {self.user_id}"
