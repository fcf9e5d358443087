"""The audit trail: one entry for each act, in the transaction of the act, and its link in the chain right after.

Links are made by a function of the database, one caller at a time (exchange/migrations): to have a lock from the entry
to the commit would make everybody wait who acts at the same time.
"""

from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from exchange.models import AuditEntry, User

__all__ = ["LINKS_AT_ONCE", "audit_link", "audit_record"]

LINKS_AT_ONCE = 1_000


def audit_record(
    *,
    actor: User | None,
    action: str,
    target: Model | type[Model],
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> AuditEntry:
    """Record a dotted action (`market.set_state`) on a target. `old` and `new` hold JSON values of what changed.

    `actor` None is the exchange itself. A target that is a model stands for its objects, as in a list of them.
    """
    assert "." in action, "Invariant: an action is dotted, as in market.set_state"
    entry = AuditEntry.objects.create(
        actor=actor,
        action=action,
        target_type=target._meta.label_lower,
        target_id="" if isinstance(target, type) else str(target.pk),
        old=old or {},
        new=new or {},
        note=note,
    )
    transaction.on_commit(audit_link, robust=True)  # what fails is made up for by the next, or by Celery beat
    return entry


def audit_link() -> int:
    """Link entries that wait, at most LINKS_AT_ONCE; returns how many. Never waits: somebody else may be at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT exchange_link_audit(%s)", [LINKS_AT_ONCE])
        return int(cursor.fetchone()[0])
