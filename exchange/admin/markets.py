"""Markets and assets: trading state, fees, tiers and limits, and new ones."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from base.errors import ApiError
from exchange.admin.audited_forms import AuditedForms
from exchange.admin.base import BackOfficeAdmin, DetailAction, staff
from exchange.admin.changes import market_create, market_problems
from exchange.admin.columns import STATE_COLOURS, amount, label, moment, percent
from exchange.admin.fees import FeeTierFormSet, FeeTierInline, compare_with_shown
from exchange.admin.notes import Question, ask, refusal, report
from exchange.admin.states import StateForm, meaning_of, name_of
from exchange.models import Asset, Market
from exchange.services import (
    fee_schedule_lock,
    limit_problems,
    market_set_fee_tiers,
    market_set_state,
    market_update,
)

if TYPE_CHECKING:
    MarketModelForm = ModelForm[Market]
else:
    MarketModelForm = ModelForm

CHANGE_MARKET = "exchange.change_market"
FEES = ("maker_fee_ppm", "taker_fee_ppm")
LIMITS = (
    "price_band_ppm",
    "min_notional",
    "min_quantity",
    "max_quantity",
    "max_open_orders",
    "max_stop_orders",
)
CHANGEABLE = (*FEES, *LIMITS)
STATE_TEXT = (
    "The change takes effect with the engine's next batch, usually at once, and is announced on the streams. Orders "
    "in the book stay there in every state."
)
LIMITS_TEXT = (
    "They apply to orders that come from now on. Orders in the book stay, even outside a new band or limit; an "
    "amended order must keep to the new ones."
)
UNCHANGING = (
    "Assets, tick and lot never change: open orders, trades and the journal are counted in them. For other steps, "
    "close this market and create one between other assets."
)


class NewMarketForm(MarketModelForm):
    """Takes the symbol from the assets and explains steps which the engine could not count in."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            negative = [name for name, value in cleaned.items() if isinstance(value, Decimal) and value < 0]
            _explain(self, {name: ["Must not be negative"] for name in negative})
        else:
            market = Market(**cleaned, symbol=f"{cleaned['base'].pk}/{cleaned['quote'].pk}")
            self.instance.symbol = market.symbol
            _explain(self, market_problems(market))
        return cleaned

    def validate_constraints(self) -> None:
        """Leave the database's rules to `clean`, which knows words for them."""


class MarketForm(MarketModelForm):
    """Checks what a market allows once it exists. Fields that were not touched keep what others have set meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        compare_with_shown(self, self.fields)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wanted = {name: value for name, value in cleaned.items() if name in self.changed_data}
        stored = {name: getattr(self.instance, name) for name in CHANGEABLE}
        _explain(self, limit_problems(stored | wanted, self.instance))
        return cleaned

    def validate_constraints(self) -> None:
        """Leave the database's rules to `clean`, which knows words for them."""


def _explain(form: MarketModelForm, problems: dict[str, list[str]]) -> None:
    for name, texts in problems.items():
        form.add_error(name, [forms.ValidationError(text) for text in texts])


@admin.register(Market)
class MarketAdmin(BackOfficeAdmin):
    list_display = [
        "symbol",
        label("trading_state", STATE_COLOURS, "state"),
        amount("tick_size"),
        amount("lot_size"),
        amount("min_notional"),
        amount("min_quantity"),
        amount("max_quantity"),
        "most_orders",
        "fees",
        "band",
    ]
    list_filter = ["trading_state", "quote"]
    search_fields = ["symbol__istartswith"]
    search_help_text = "Beginning of a symbol"
    ordering = ("id",)
    actions = ["change_state_of_selected"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "symbol",
                    label("trading_state", STATE_COLOURS, "state"),
                    "meaning",
                    "base",
                    "quote",
                    amount("tick_size"),
                    amount("lot_size"),
                    amount("reference_price"),
                    moment("created_at"),
                ],
                "description": UNCHANGING,
            },
        ),
        ("Fees", {"fields": FEES, "description": "For users without a fee tier. Accepted orders keep their rates."}),
        ("Limits", {"fields": LIMITS, "description": LIMITS_TEXT}),
    ]
    add_fieldsets = (
        (
            None,
            {
                "fields": ["base", "quote", "tick_size", "lot_size", "reference_price", "trading_state"],
                "description": "In pre-open a market gathers orders, and opens with an auction once it is continuous.",
            },
        ),
        ("Fees", {"fields": FEES}),
        ("Limits", {"fields": LIMITS}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=MarketForm if obj else NewMarketForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return list(self.fieldsets[0][1]["fields"]) if obj and self.fieldsets else []

    def save_model(self, request: HttpRequest, obj: Market, form: Any, change: bool) -> None:
        if change:
            fee_schedule_lock()  # the tiers are saved after this, and their lock comes before that of the market
            changes = {name: form.cleaned_data[name] for name in CHANGEABLE if name in form.changed_data}
            market_update(actor=staff(request), market_id=obj.pk, **changes)
        else:
            market_create(actor=staff(request), market=obj)

    def get_inlines(self, request: HttpRequest, obj: Any | None) -> list[Any]:
        return [FeeTierInline] if obj else []

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        assert isinstance(formset, FeeTierFormSet), "Invariant: a market has no other lines of its own"
        if formset.has_changed():
            market_set_fee_tiers(actor=staff(request), market_id=form.instance.pk, tiers=formset.tiers())
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # the audit trail has them

    @admin.display(description="orders / stops", ordering="max_open_orders")
    def most_orders(self, market: Market) -> str:
        return " / ".join(f"{most:,}" if most else "∞" for most in (market.max_open_orders, market.max_stop_orders))

    @admin.display(description="maker / taker fee", ordering="maker_fee_ppm")
    def fees(self, market: Market) -> str:
        return f"{percent(market.maker_fee_ppm)} / {percent(market.taker_fee_ppm)}"

    @admin.display(description="price band", ordering="price_band_ppm")
    def band(self, market: Market) -> str:
        return percent(market.price_band_ppm) if market.price_band_ppm else "none"

    @admin.display(description="which means")
    def meaning(self, market: Market) -> str:
        return meaning_of(market.trading_state)

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        return [DetailAction("state", "Change trading state…", CHANGE_MARKET, self._change_one)]

    @admin.action(description="Change trading state…", permissions=["change"])
    def change_state_of_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse | None:
        return self._change_state(request, list(queryset), "change_state_of_selected", self.changelist_url())

    def _change_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        market: Market = self.object_or_404(request, object_id)
        back = self.object_url(market.pk)
        return self._change_state(request, [market], "", back) or HttpResponseRedirect(back)

    def _change_state(self, request: HttpRequest, markets: list[Market], action: str, back: str) -> HttpResponse | None:
        question = Question("Change the trading state", STATE_TEXT, "Change", action=action, line=_with_state)
        answer = ask(self, request, question, StateForm, markets, back)
        if not isinstance(answer, dict):
            return answer
        done, refused = [], []
        for market in markets:
            try:
                market_set_state(actor=staff(request), market_id=market.pk, **answer)
                done.append(f"{market} is {name_of(answer['state'])}")
            except ApiError as error:
                refused.append(refusal(market, error))
        report(request, done, refused)
        return None


def _with_state(market: Market) -> str:
    return f"{market}: {name_of(market.trading_state)}"


@admin.register(Asset)
class AssetAdmin(AuditedForms, BackOfficeAdmin):
    """Assets are created, and then only renamed: their decimals are in every amount."""

    list_display = ["code", "name", "decimals"]
    search_fields = ["code__istartswith"]
    ordering = ("code",)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return ["code", "decimals"] if obj else []
