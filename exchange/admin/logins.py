"""A user's logins by the trace they leave: refresh tokens, each of them good for one refresh."""

from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from exchange.admin.base import Table
from exchange.admin.columns import mark, time_text
from exchange.models import User

LOGINS_SHOWN = 10


def login_table(user: User) -> Table:
    """Return a user's newest refresh tokens as a table. One query."""
    tokens = OutstandingToken.objects.filter(user=user).select_related("blacklistedtoken").order_by("-id")
    rows = [
        [
            time_text(token.created_at),
            time_text(token.expires_at),
            time_text(ended.blacklisted_at)
            if (ended := getattr(token, "blacklistedtoken", None))
            else mark("not yet", "info"),
        ]
        for token in tokens[:LOGINS_SHOWN]
    ]
    title = (
        f"Logins: refresh tokens, the newest {LOGINS_SHOWN}; a refresh ends one and begins the next, a logout ends it"
    )
    return Table(title, ("Issued", "Expires", "Ended"), rows)
