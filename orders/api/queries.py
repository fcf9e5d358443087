"""What clients ask of the lists of orders and trades, and of the book."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from base.fields import AmountField, ChoiceField, CountField, MomentField, StrictSerializer, StrictString
from base.pagination import NOW, PARTS
from orders.bookmarks import Bookmark, bookmark_of
from orders.models import Order, OrderStatus

__all__ = ["BookQuery", "OrderQuery", "TradeQuery"]


def _example(example: Any, text: str) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class StatusesField(StrictString):
    """One status or several, separated by commas."""

    def to_internal_value(self, data: Any) -> Any:
        words = super().to_internal_value(data).lower().split(",")
        if not set(words) <= set(OrderStatus.values):
            raise serializers.ValidationError(f"Give one or more of: {', '.join(OrderStatus.values)}")
        return words


class _PeriodQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive); what asks for a part is the paginator's."""

    symbol = StrictString(required=False, max_length=64, **_example("BTC/USDT", "One market only"))

    def get_fields(self) -> Any:
        bounds = {
            "from": MomentField(
                required=False, **_example("2026-01-31T00:00:00Z", "Created or executed then or later")
            ),
            "to": MomentField(required=False, **_example("2026-02-01T00:00:00Z", "Created or executed before")),
        }
        return super().get_fields() | bounds

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: data[name] for name in data if name not in PARTS})


@extend_schema_field({"type": "string", "pattern": r"^[A-Za-z0-9_.-]+$"})
class BookmarkField(serializers.Field[Bookmark | None, Any, Any, Any]):
    """A bookmark, several joined by points, `start` or `now`; the value of `now` is None."""

    default_error_messages = {"invalid": "Give `bookmark` of an earlier answer, `start` or `now`"}

    def to_internal_value(self, data: Any) -> Bookmark | None:
        try:
            return None if data == NOW else bookmark_of(str(data))
        except ValueError:
            self.fail("invalid")


class _FollowedQuery(_PeriodQuery):
    """With `after` a list goes forward, by what happened. Then it takes a symbol and a limit and nothing else."""

    after = BookmarkField(
        required=False,
        **_example(
            "start",
            "What came after a bookmark, the oldest first: `bookmark` of an earlier answer, `start` for the beginning,"
            " or `now` for no rows and a bookmark. Goes with `symbol` and `limit` only",
        ),
    )
    _beside_after = frozenset({"after", "symbol"})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        beside = [] if "after" not in attrs else [name for name in attrs if name not in self._beside_after]
        if beside:
            raise serializers.ValidationError({name: ["Not together with `after`"] for name in beside})
        return attrs


class OrderQuery(_FollowedQuery):
    status = StatusesField(
        required=False, max_length=100, **_example("open,pending", "One, or several separated by commas")
    )
    side = ChoiceField(Order.Side.values, required=False, **_example("buy", "One side only"))
    type = ChoiceField(Order.Type.values, required=False, **_example("stop_limit", "One type only"))
    group_id = serializers.UUIDField(
        required=False,
        **_example("01900000-0000-7000-8000-000000000001", "The orders of one OCO or bracket"),
    )


class TradeQuery(_FollowedQuery):
    mine = ChoiceField(["true", "false"], required=False, **_example("true", "true: own trades; needs a login"))
    side = ChoiceField(Order.Side.values, required=False, **_example("buy", "With `mine=true`: one own side only"))
    role = ChoiceField(["maker", "taker"], required=False, **_example("taker", "With `mine=true`: one own role only"))
    order_id = serializers.UUIDField(
        required=False,
        **_example("01900000-0000-7000-8000-000000000001", "With `mine=true`: those of one own order"),
    )
    _beside_after = frozenset({"after", "symbol", "mine"})
    _of_own = ("side", "role", "order_id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("mine") != "true":
            problems = {name: ["Only of own trades: give `mine=true`"] for name in self._of_own if name in attrs}
            if "after" in attrs:
                problems["after"] = ["Only own trades can be followed: give `mine=true`"]
            if problems:
                raise serializers.ValidationError(problems)
        return super().validate(attrs)


class BookQuery(StrictSerializer):
    depth = CountField(required=False, default=50, min_value=1, max_value=1_000, **_example(10, "Levels of each side"))
    group = AmountField(
        required=False,
        **_example("10", "Add up levels to multiples of this price step, itself one of the tick: bids down, asks up"),
    )
