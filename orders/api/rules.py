"""What goes together in an order: one row for each type, and the rules that hold for all of them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from matching.engine.types import STOP_TYPES
from orders.services.filters import has_too_many_parts

__all__ = ["EXPIRY_MAX", "STOPS", "TYPES", "TypeRule", "expiry_problems", "order_problems", "time_in_force"]

EXPIRY_MAX = timedelta(days=5 * 365)
STOPS = frozenset(order_type.name.lower() for order_type in STOP_TYPES)

_RESTING = ("gtc", "gtd")
_ALL_TIMES = ("gtc", "ioc", "fok", "gtd")
_TRAILING = ("trailing_amount", "trailing_percent")


class TypeRule(NamedTuple):
    """The fields of a type: all of `needs`, exactly one of `one_of`, any of `allows`; its first time is the default."""

    called: str
    needs: tuple[str, ...]
    one_of: tuple[str, ...]
    allows: tuple[str, ...]
    times_in_force: tuple[str, ...]


TYPES: dict[str, TypeRule] = {
    "limit": TypeRule(
        "A limit order", ("price", "quantity"), (), ("post_only", "reprice", "display_quantity"), _ALL_TIMES
    ),
    "market": TypeRule("A market order", (), ("quantity", "quote_quantity"), (), ("ioc", "fok")),
    "stop": TypeRule("A stop order", ("stop_price", "quantity"), (), (), _ALL_TIMES),
    "stop_limit": TypeRule("A stop limit order", ("price", "stop_price", "quantity"), (), (), _ALL_TIMES),
    "take_profit": TypeRule("A take-profit order", ("stop_price", "quantity"), (), (), _ALL_TIMES),
    "take_profit_limit": TypeRule("A take-profit limit order", ("price", "stop_price", "quantity"), (), (), _ALL_TIMES),
    "trailing_stop": TypeRule("A trailing stop", ("quantity",), _TRAILING, (), _ALL_TIMES),
}
# The fields that not every type has, and what is said when one is given to a type without it.
_REFUSED = {
    "price": "{called} has no price",
    "stop_price": "{called} has no stop price",
    "trailing_amount": "Only a trailing stop has a distance",
    "trailing_percent": "Only a trailing stop has a distance",
    "quantity": "{called} has no quantity",
    "quote_quantity": "Only a market buy can be placed by budget",
    "post_only": "{called} cannot be post-only",
    "reprice": "Only a post-only order can be repriced",
    "display_quantity": "{called} cannot be an iceberg",
}

Order = Mapping[str, Any]
Problem = tuple[str, str]  # field, text
Rule = Callable[[Order, datetime], Iterator[Problem]]


def time_in_force(order_type: str, given: str | None) -> str:
    """Return the time in force, the type's default if none is given."""
    return TYPES[order_type].times_in_force[0] if given is None else given


def order_problems(order: Order, now: datetime) -> dict[str, list[str]]:
    """Return what does not go together, by field, the first problem of each; `order` has every field."""
    return _collected(_ORDER_RULES, order, now)


def expiry_problems(order: Order, now: datetime) -> dict[str, list[str]]:
    """Return what is wrong with `time_in_force` and `expire_at`, by field."""
    return _collected((_expiry,), order, now)


def _collected(rules: tuple[Rule, ...], order: Order, now: datetime) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    for rule in rules:
        for field, text in rule(order, now):
            problems.setdefault(field, [text])
    return problems


def _has(order: Order, field: str) -> bool:
    return order[field] is not None and order[field] is not False


# --- rules ----------------------------------------------------------------------------------------


def _fields_of_its_type(order: Order, _: datetime) -> Iterator[Problem]:
    rule = TYPES[order["type"]]
    for field in rule.needs:
        if not _has(order, field):
            yield field, f"{rule.called} needs a {field.replace('_', ' ')}"
    for field, text in _REFUSED.items():
        if _has(order, field) and field not in (*rule.needs, *rule.one_of, *rule.allows):
            yield field, text.format(called=rule.called)


def _one_of_its_sizes(order: Order, _: datetime) -> Iterator[Problem]:
    names = TYPES[order["type"]].one_of
    given = [name for name in names if _has(order, name)]
    if names and not given:
        yield names[0], f"Give {' or '.join(names)}"
    elif len(given) > 1:
        yield names[-1], f"Give either {' or '.join(names)}"


def _times_of_its_type(order: Order, _: datetime) -> Iterator[Problem]:
    rule = TYPES[order["type"]]
    if order["time_in_force"] not in rule.times_in_force:
        yield "time_in_force", f"{rule.called} does not rest in the book: give {' or '.join(rule.times_in_force)}"


def _budget(order: Order, _: datetime) -> Iterator[Problem]:
    if _has(order, "quote_quantity") and order["side"] == "sell":
        yield "quote_quantity", _REFUSED["quote_quantity"]


def _resting(order: Order, _: datetime) -> Iterator[Problem]:
    rests = order["time_in_force"] in _RESTING
    if order["post_only"] and not rests:
        yield "post_only", "A post-only order rests in the book, so it is gtc or gtd"
    if order["reprice"] and not order["post_only"]:
        yield "reprice", _REFUSED["reprice"]
    if order["display_quantity"] is not None and not rests:
        yield "display_quantity", "An iceberg rests in the book, so it is gtc or gtd"


def _iceberg(order: Order, _: datetime) -> Iterator[Problem]:
    shown: Decimal | None = order["display_quantity"]
    whole: Decimal | None = order["quantity"]
    if shown is None or whole is None:
        return
    if shown > whole:
        yield "display_quantity", "Give at most the quantity"
    elif has_too_many_parts(shown, whole):
        yield "display_quantity", "Give at least a hundredth of the quantity"


def _self_trade(order: Order, _: datetime) -> Iterator[Problem]:
    if order["self_trade_prevention"] == "decrement" and order["type"] in STOPS:
        yield "self_trade_prevention", "A stop cannot be decremented: give another mode"


def _expiry(order: Order, now: datetime) -> Iterator[Problem]:
    expire_at: datetime | None = order["expire_at"]
    if (order["time_in_force"] == "gtd") != (expire_at is not None):
        yield "expire_at", "A gtd order needs expire_at, and no other order may have it"
    elif expire_at is not None and expire_at <= now:
        yield "expire_at", "This is in the past"
    elif expire_at is not None and expire_at > now + EXPIRY_MAX:
        yield "expire_at", f"At most {EXPIRY_MAX.days // 365} years ahead"


_ORDER_RULES: tuple[Rule, ...] = (
    _fields_of_its_type,
    _one_of_its_sizes,
    _times_of_its_type,
    _budget,
    _resting,
    _iceberg,
    _self_trade,
    _expiry,
)
