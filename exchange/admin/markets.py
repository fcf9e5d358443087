"""Markets and assets: trading state, fees, tiers and limits, and new ones."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from base.errors import ApiError
from exchange.admin.audited_forms import AuditedForms
from exchange.admin.base import BackOfficeAdmin, DetailAction, Table, staff
from exchange.admin.changes import market_create, market_problems
from exchange.admin.columns import STATE_COLOURS, amount, amount_text, label, moment, percent
from exchange.admin.fees import WHY, FeeTierFormSet, FeeTierInline, compare_with_shown
from exchange.admin.fields import AmountField
from exchange.admin.notes import Question, ask, ask_and_act, refusal, report
from exchange.admin.proposals import waiting_tables
from exchange.admin.rules import PROPOSED
from exchange.admin.states import LastingStateForm, StateForm, meaning_of, name_of
from exchange.admin.wording import PlainForm
from exchange.models import Asset, Market
from exchange.services import (
    asset_limit_propose,
    fee_schedule_lock,
    limit_problems,
    market_set_state,
    market_stop_propose,
    market_terms_propose,
    market_update,
    terms_for_two,
)
from proposals.models import REASON_MAX

if TYPE_CHECKING:
    from django.forms import TextInput

    MarketModelForm = ModelForm[Market]
else:
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

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
ALONE_TEXT = (
    " By one person a market is kept from continuous trading for a day at most: then it goes back to where it was, "
    "unless two people want the stop to last."
)
LASTING_TEXT = "The market is kept in this state until somebody changes it, once somebody else has approved that."
TWO_TEXT = (
    "One person moves a fee or the price band only a little away from what two people last agreed on. What is further "
    "away, and all fee tiers, is proposed: it holds once another member of staff approves it."
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

    reason = forms.CharField(
        required=False, max_length=REASON_MAX, widget=TextInput, label="Why", help_text="For who decides on it"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        compare_with_shown(self, (name for name in self.fields if name != WHY))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wanted = {name: value for name, value in cleaned.items() if name in self.changed_data and name in CHANGEABLE}
        stored = {name: getattr(self.instance, name) for name in CHANGEABLE}
        _explain(self, limit_problems(stored | wanted, self.instance))
        if (
            not self.errors
            and terms_for_two(Market.objects.get(pk=self.instance.pk), wanted)
            and not cleaned[WHY].strip()
        ):
            text = "Say why: this is so far from what two people agreed on that another one decides on it"
            _explain(self, {WHY: [text]})
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
                    moment("stop_ends_at", "stop ends"),
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
        ("For what takes two people", {"fields": [WHY], "description": TWO_TEXT}),
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
        if not change:
            market_create(actor=staff(request), market=obj)
            return
        fee_schedule_lock()  # the tiers are proposed after this, and their lock comes before that of the market
        changes = {name: form.cleaned_data[name] for name in CHANGEABLE if name in form.changed_data}
        form.for_two, form.tiers = terms_for_two(Market.objects.get(pk=obj.pk), changes), None
        alone = {name: value for name, value in changes.items() if name not in form.for_two}
        market_update(actor=staff(request), market_id=obj.pk, **alone)

    def get_inlines(self, request: HttpRequest, obj: Any | None) -> list[Any]:
        return [FeeTierInline] if obj else []

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        assert isinstance(formset, FeeTierFormSet), "Invariant: a market has no other lines of its own"
        if formset.is_wanted_otherwise():
            form.tiers = formset.tiers()
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # the audit trail has them

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and (form.for_two or form.tiers is not None):
            market_terms_propose(
                actor=staff(request),
                market_id=form.instance.pk,
                changes=form.for_two,
                tiers=form.tiers,
                reason=form.cleaned_data[WHY],
            )
            messages.success(request, f"{PROPOSED}. Until then fees, price band and tiers stay as they are")

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

    def object_tables(self, request: HttpRequest, obj: Market) -> list[Table]:
        return waiting_tables(Q(target=str(obj.pk), kind__startswith="market."))

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        return [
            DetailAction("state", "Change trading state…", CHANGE_MARKET, self._change_one),
            DetailAction("stop", "Propose a lasting stop…", CHANGE_MARKET, self._propose_stop),
        ]

    @admin.action(description="Change trading state…", permissions=["change"])
    def change_state_of_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse | None:
        return self._change_state(request, list(queryset), "change_state_of_selected", self.changelist_url())

    def _change_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        market: Market = self.object_or_404(request, object_id)
        back = self.object_url(market.pk)
        return self._change_state(request, [market], "", back) or HttpResponseRedirect(back)

    def _propose_stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        market: Market = self.object_or_404(request, object_id)

        def propose(answer: dict[str, Any]) -> None:
            market_stop_propose(actor=staff(request), market_id=market.pk, state=answer["state"], reason=answer["note"])
            messages.success(request, PROPOSED)

        question = Question("Propose a lasting stop", LASTING_TEXT, "Propose", line=_with_state)
        return ask_and_act(self, request, question, LastingStateForm, market, self.object_url(market.pk), propose)

    def _change_state(self, request: HttpRequest, markets: list[Market], action: str, back: str) -> HttpResponse | None:
        question = Question(
            "Change the trading state", STATE_TEXT + ALONE_TEXT, "Change", action=action, line=_with_state
        )
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


HAND_LIMIT = amount("hand_limit")


class LimitForm(PlainForm):
    """How much of an asset one person may move by hand in a day, and why."""

    limit = AmountField(label="By hand a day", max_digits=38, decimal_places=18, widget=TextInput)
    reason = forms.CharField(max_length=REASON_MAX, widget=TextInput, help_text="Who decides on it reads it")


@admin.register(Asset)
class AssetAdmin(AuditedForms, BackOfficeAdmin):
    """Assets are created, and then only renamed: their decimals are in every amount. Limits take two people."""

    list_display = ["code", "name", "decimals", HAND_LIMIT]
    search_fields = ["code__istartswith"]
    ordering = ("code",)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        return ["code", "name", "decimals", *([HAND_LIMIT] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return [name for name in self.get_fields(request, obj) if name != "name"] if obj else []

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        return [DetailAction("limit", "Propose a limit by hand…", "exchange.change_asset", self._propose_limit)]

    def _propose_limit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        asset: Asset = self.object_or_404(request, object_id)
        text = (
            f"One member of staff may move {amount_text(asset.hand_limit)} {asset} by hand in 24 hours, by proposing "
            "and by approving. Another limit holds once somebody else has approved it."
        )

        def propose(answer: dict[str, Any]) -> None:
            asset_limit_propose(actor=staff(request), asset=asset, limit=answer["limit"], reason=answer["reason"])
            messages.success(request, PROPOSED)

        question = Question("Propose a limit by hand", text, "Propose")
        return ask_and_act(self, request, question, LimitForm, asset, self.object_url(asset.pk), propose)
