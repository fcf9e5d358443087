"""Objects of every model that has a page, as many as wanted, which belong to the first of each kind."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Model
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from base.ids import uuid7
from exchange.models import ApiKey, Asset, FeeTier, Market, User, UserFeeTier
from operations.analytics import analytics_refresh
from orders.models import CancelAfter, MarketSequence, Mismatch, Order, ReconcileRun, Trade
from proposals.models import Proposal
from settlement.models import Account, Adjustment, AdjustmentLine, FailedSettlement, LedgerEntry
from tests.fixtures import fresh_name, make_market, make_user

Fields = dict[str, Any]


class ManyRows:
    """Whatever refers to a user, market, order, ... refers to the first one, so that one's page shows all of it.

    Where a constraint forbids that, one of the two is new. A model without an entry in `_special` is filled in by the
    types of its fields; one that needs more gets its entry when its page is registered.
    """

    def __init__(self) -> None:
        self.first: dict[type[Model], Model] = {}
        self._number = 0
        self._special: dict[type[Model], Callable[[], Fields]] = {
            Order: self._order,
            Trade: self._trade,
            Account: lambda: {"owner": self.the(User), "asset": _asset()},
            Adjustment: self._adjustment,
            Proposal: lambda: {"kind": "rule", "proposed_by": self.the(User)},
            FailedSettlement: lambda: {"trade_id": uuid7(), "market": self.the(Market), "state": "dead"},
            ApiKey: lambda: {"user": self.the(User), "scopes": ["read"], "salt": b"s", "created_at": timezone.now()},
            UserFeeTier: self._fee_tier,
            CancelAfter: lambda: {"user": self.the(User), "market": make_market(), "due_at": timezone.now()},
            MarketSequence: lambda: {"market": make_market()},
            BlacklistedToken: lambda: {"token": self.make(OutstandingToken)},
            Mismatch: lambda: {"run": self.the(ReconcileRun), "signature": fresh_name("s"), "check_name": "held"},
            PeriodicTask: self._task,
        }

    def grow(self, count: int) -> None:
        """Make so many more of each model, and bring the views of markets and users up to date.

        Some are as no member of staff could make them: where money is real, triggers must rest meanwhile.
        """
        for _ in range(count):
            self._number += 1
            for model in admin.site._registry:
                if model._meta.managed and model is not LedgerEntry:
                    self.make(model)
            self._make_what_has_no_page()
        analytics_refresh()

    def the(self, model: type[Model]) -> Any:
        """Return the first of its kind."""
        return self.first[model] if model in self.first else self.make(model)

    def make(self, model: type[Model]) -> Any:
        """Store another object of a model."""
        if model is User or model is Market:
            made: Model = make_user("row") if model is User else make_market()
        else:
            made = self._stored(model, self._special.get(model, dict)())
        self.first.setdefault(model, made)
        return made

    def _stored(self, model: type[Model], given: Fields) -> Model:
        values = {field.name: self._value(field) for field in _fields_to_fill(model) if field.name not in given}
        made = model(**values, **given)
        made.save(force_insert=True)
        return made

    def _value(self, field: Any) -> Any:
        if field.is_relation:
            return self.the(field.related_model)
        if field.unique and isinstance(field, models.CharField):
            return fresh_name("")
        kinds: dict[type[Any], Callable[[], Any]] = {
            models.UUIDField: uuid7, models.CharField: lambda: "some", models.DateTimeField: timezone.now,
            models.DecimalField: lambda: Decimal(1), models.IntegerField: lambda: 1, models.BooleanField: lambda: True,
            models.BinaryField: lambda: b"", models.JSONField: dict, models.TextField: lambda: "some",
        }  # fmt: skip
        return next(make for kind, make in kinds.items() if isinstance(field, kind))()

    def _order(self) -> Fields:
        now, identity = timezone.now(), uuid7()
        group = self.first[Order].pk if Order in self.first else identity
        return {
            "id": identity, "user": self.the(User), "market": self.the(Market), "side": "buy", "type": "limit",
            "time_in_force": "gtc", "quantity": 100, "filled_quantity": 50, "status": "partially_filled",
            "group_id": group, "group_role": "entry", "created_at": now, "updated_at": now,
        }  # fmt: skip

    def _trade(self) -> Fields:
        order = self.the(Order)
        return {
            "market": order.market, "buyer": order.user, "seller": make_user("row"), "buyer_order_id": order.pk,
            "seller_order_id": uuid7(), "taker_side": "sell", "buyer_hold": 10, "settlement_status": "pending",
        }  # fmt: skip

    def _adjustment(self) -> Fields:
        return {
            "failure": self.the(FailedSettlement), "proposed_by": self.the(User), "state": "rejected",
            "decided_by": make_user("row"), "decided_at": timezone.now(), "reason": "some", "kind": "correction",
        }  # fmt: skip

    def _task(self) -> Fields:
        every, _ = IntervalSchedule.objects.get_or_create(every=1, period="days")
        return {"interval": every, "crontab": None, "solar": None, "clocked": None, "task": "some.task"}

    def _fee_tier(self) -> Fields:
        tier = FeeTier.objects.create(market=make_market(), level=1, min_volume=1, maker_fee_ppm=1, taker_fee_ppm=1)
        return {"user": self.the(User), "market": tier.market, "tier": tier, "computed_at": timezone.now()}

    def _make_what_has_no_page(self) -> None:
        """Legs of the first trade's transfer, lines of the first adjustment, tiers of the first market, other users."""
        asset, trade, number = self.the(Account).asset, self.the(Trade), self._number
        other = Account.objects.create(owner=make_user("row"), asset=asset)
        self._stored(Order, self._order() | {"user": other.owner})
        legs = [
            LedgerEntry(
                transfer_id=trade.pk, leg=2 * number + leg, account=account, asset=asset, amount=1 - 2 * leg,
                kind="trade",
            )
            for leg, account in enumerate((self.the(Account), other))
        ]  # fmt: skip
        self.first.setdefault(LedgerEntry, LedgerEntry.objects.bulk_create(legs)[0])
        AdjustmentLine.objects.create(
            adjustment=self.the(Adjustment), number=number, account=other, available=1, held=0
        )
        rates = {"maker_fee_ppm": 1, "taker_fee_ppm": 1}
        FeeTier.objects.create(market=self.the(Market), level=number, min_volume=number, **rates)


def _asset() -> Asset:
    return Asset.objects.create(code=fresh_name("P"), name="ManyRows")


def _fields_to_fill(model: type[Model]) -> list[Any]:
    return [
        field for field in model._meta.concrete_fields
        if not (field.null or field.generated or field.has_default() or field.has_db_default())
        and not isinstance(field, models.AutoField)
        and not getattr(field.remote_field, "parent_link", False)
        and not getattr(field, "auto_now", False) and not getattr(field, "auto_now_add", False)
        and not (isinstance(field, models.CharField | models.TextField) and field.blank and not field.unique)
    ]  # fmt: skip
