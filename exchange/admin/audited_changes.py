"""What an audit entry says in words: `price band 10 % → 5 %`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from exchange.admin.columns import percent
from exchange.admin.search import as_uuid
from exchange.admin.states import name_of
from exchange.admin.wording import in_words

__all__ = ["Change", "changes_of", "user_ids"]

_USERS = ("owner", "user")  # the names under which an entry has the id of a user


class Change(NamedTuple):
    """One thing that changed, in words; "" for what there was not, or is no longer."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if self.before and self.after:
            return f"{self.what} {self.before} → {self.after}"
        return f"{self.what} {self.after}" if self.after else f"{self.what} was {self.before}"


def _limit(value: Any) -> str:
    return in_words(value) if value else "no limit"


# What fields are called, and how their values are put; others are called as they are.
_FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "maker_fee_ppm": ("maker fee", lambda value: percent(int(value))),
    "taker_fee_ppm": ("taker fee", lambda value: percent(int(value))),
    "price_band_ppm": ("price band", lambda value: percent(int(value)) if value else "none"),
    "max_open_orders": ("orders of one account", _limit),
    "max_stop_orders": ("stops of one account", _limit),
    "trading_state": ("trading state", lambda value: name_of(str(value))),
    "is_active": ("state", lambda value: "active" if value else "frozen"),
    "is_staff": ("member of staff", in_words),
    "is_superuser": ("superuser", in_words),
    "base_id": ("base", in_words),
    "quote_id": ("quote", in_words),
    "user_permissions": ("single rights", in_words),
}


def changes_of(
    old: Mapping[str, Any], new: Mapping[str, Any], users: Mapping[str, str], *, whole_ids: bool = False
) -> list[Change]:
    """Return what differs, in words, with users by their names from `users`; other ids are shortened."""
    names = [
        name for name in dict.fromkeys([*old, *new]) if name not in old or name not in new or old[name] != new[name]
    ]
    before, after = (_with_names(side, users, whole_ids) for side in (old, new))
    return [Change(_called(name), _put(name, before), _put(name, after)) for name in names]


def user_ids(values: Any) -> set[str]:
    """Return the ids of the users that an entry's values name."""
    if isinstance(values, Mapping):
        own = {str(each) for name, each in values.items() if name in _USERS and as_uuid(str(each))}
        return own.union(*map(user_ids, values.values()))
    return set().union(*map(user_ids, values)) if isinstance(values, list) else set()


def _called(name: str) -> str:
    return _FIELDS[name][0] if name in _FIELDS else name.replace("_", " ")


def _put(name: str, side: Mapping[str, Any]) -> str:
    if name not in side:
        return ""
    value, known = side[name], _FIELDS.get(name)
    try:
        return known[1](value) if known and value is not None else in_words(value)
    except (TypeError, ValueError):  # an entry of long ago
        return in_words(value)


def _with_names(value: Any, users: Mapping[str, str], whole_ids: bool) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_names(each, users, whole_ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_names(each, users, whole_ids) for each in value]
    if isinstance(value, str) and (identity := as_uuid(value)):
        return users.get(value, value if whole_ids else f"…{identity.hex[-12:]}")
    return value
