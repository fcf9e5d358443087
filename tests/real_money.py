"""A database in which money is real: two founders and nobody else, and nothing comes from nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import F

from exchange.models import Rule, User
from exchange.selectors import forget_markets
from tests.administrator import unguarded
from tests.separate_database import separate_database


@contextmanager
def real_money(suffix: str) -> Iterator[tuple[User, User]]:
    """Use a database of its own as production does; yield its two founders, who are superusers."""
    with separate_database(suffix):
        Rule.objects.filter(name=Rule.Name.PLAY_MONEY).update(value=0)
        Rule.objects.filter(name=Rule.Name.COOLING_HOURS).update(value=24)
        first, second = (
            User.objects.create(username=name, is_staff=True, is_superuser=True) for name in ("founder-1", "founder-2")
        )
        forget_markets()
        yield first, second
    forget_markets()


def time_passes(user: User, hours: int = 25) -> None:
    """Let the time since somebody's rights changed pass, as no role of the application could."""
    with unguarded():
        User.objects.filter(pk=user.pk).update(rights_since=F("rights_since") - timedelta(hours=hours))
    user.refresh_from_db()
