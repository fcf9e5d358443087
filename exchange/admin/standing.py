"""Where a member of staff stands: what they may decide, from when, and why some rights are not theirs."""

from exchange.admin.base import Table
from exchange.admin.columns import time_text
from exchange.models import User
from exchange.models.user import APPOINT, MONEY_RIGHTS
from exchange.services.staff import decides_from

__all__ = ["standing_table"]


def standing_table(user: User) -> Table:
    """Return what a member of staff may do about what takes two people. Four queries at most."""
    ready_at, appoints = decides_from(user), user.is_superuser or user.has_perm(APPOINT)
    if appoints:
        money = "none: who appoints staff has no right over money"
    else:
        money = "yes" if any(user.has_perm(right) for right in MONEY_RIGHTS) else "none"
    rows = [
        ["Decides on proposals", time_text(ready_at) if ready_at else "now"],
        ["Appoints staff", "yes" if appoints else "no"],
        ["Rights over money", money],
    ]
    return Table("As a member of staff", ("", ""), rows)
