"""The audit trail: one entry for each act of a member of staff, in the transaction of the act."""

from typing import Any

from django.db.models import Model

from exchange.models import AuditEntry, User

__all__ = ["audit_record"]


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
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        target_type=target._meta.label_lower,
        target_id="" if isinstance(target, type) else str(target.pk),
        old=old or {},
        new=new or {},
        note=note,
    )
