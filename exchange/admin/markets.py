"""Markets and assets: halt, resume, change fees and limits, create."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from exchange.admin.base import BackOfficeAdmin, DetailAction, staff
from exchange.admin.changes import limit_problems, market_create, market_problems
from exchange.admin.columns import STATE_COLOURS, amount, label, moment
from exchange.admin.notes import Question, ask_note, refusal, report
from exchange.errors import ApiError
from exchange.models import Asset, Market, TradingState
from exchange.services import market_set_state, market_update

if TYPE_CHECKING:
    MarketModelForm = ModelForm[Market]
else:
    MarketModelForm = ModelForm

CHANGE_MARKET = "exchange.change_market"
CHANGEABLE = ("maker_fee_ppm", "taker_fee_ppm", "price_band_ppm", "min_notional", "max_quantity")
HALT = ("halt", TradingState.HALTED.value, "Halt", "No order is accepted while a market is halted; cancels are.")
RESUME = ("resume", TradingState.CONTINUOUS.value, "Resume", "Trading goes on with the orders that are in the book.")


class NewMarketForm(MarketModelForm):
    """Takes the symbol from the assets and explains steps which the engine could not count in."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            market = Market(**cleaned, symbol=f"{cleaned['base'].pk}/{cleaned['quote'].pk}")
            self.instance.symbol = market.symbol
            _explain(self, market_problems(market))
        return cleaned


class MarketForm(MarketModelForm):
    """Checks what a market allows once it exists."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        market = Market(**{name: cleaned.get(name) for name in CHANGEABLE})
        _explain(self, limit_problems(market, self.instance.lot_size))
        return cleaned


def _explain(form: MarketModelForm, problems: dict[str, list[str]]) -> None:
    for name, texts in problems.items():
        form.add_error(name, [forms.ValidationError(text) for text in texts])


@admin.register(Market)
class MarketAdmin(BackOfficeAdmin):
    list_display = [
        "symbol", label("trading_state", STATE_COLOURS, "state"), amount("tick_size"), amount("lot_size"),
        amount("min_notional"), amount("max_quantity"), "maker_fee_ppm", "taker_fee_ppm", "price_band_ppm",
    ]  # fmt: skip
    list_filter = ["trading_state", "quote"]
    search_fields = ["symbol__istartswith"]
    search_help_text = "Beginning of a symbol"
    ordering = ("id",)
    actions = ["halt_selected", "resume_selected"]
    fieldsets = [
        (None, {"fields": [
            "symbol", label("trading_state", STATE_COLOURS, "state"), "base", "quote", amount("tick_size"),
            amount("lot_size"), amount("reference_price"), moment("created_at"),
        ]}),
        ("Can be changed", {"fields": CHANGEABLE}),
    ]  # fmt: skip
    add_fieldsets = (
        (None, {"fields": ["base", "quote", "tick_size", "lot_size", "reference_price", "trading_state", *CHANGEABLE]}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=MarketForm if obj else NewMarketForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return list(self.fieldsets[0][1]["fields"]) if obj and self.fieldsets else []

    def save_model(self, request: HttpRequest, obj: Market, form: Any, change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in CHANGEABLE if name in form.changed_data}
            market_update(actor=staff(request), market_id=obj.pk, **changes)
        else:
            market_create(actor=staff(request), market=obj)

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        actions = []
        for name, state, text, _ in (HALT, RESUME):
            if obj is None or obj.trading_state != state:
                actions.append(DetailAction(name, f"{text}…", CHANGE_MARKET, partial(self._change_one, name)))
        return actions

    @admin.action(description="Halt…", permissions=["change"])
    def halt_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse | None:
        return self._change_state(request, HALT, list(queryset), "halt_selected", self.changelist_url())

    @admin.action(description="Resume…", permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse | None:
        return self._change_state(request, RESUME, list(queryset), "resume_selected", self.changelist_url())

    def _change_one(self, name: str, request: HttpRequest, object_id: str) -> HttpResponse:
        market: Market = self.object_or_404(request, object_id)
        back = self.object_url(market.pk)
        page = self._change_state(request, HALT if name == "halt" else RESUME, [market], "", back)
        return page or HttpResponseRedirect(back)

    def _change_state(
        self, request: HttpRequest, kind: tuple[str, str, str, str], markets: list[Market], action: str, back: str
    ) -> HttpResponse | None:
        _, state, text, explanation = kind
        question = Question(f"{text} trading", explanation, text, action=action)
        note = ask_note(self, request, question, markets, back)
        if not isinstance(note, str):
            return note
        done, refused = [], []
        for market in markets:
            try:
                changed = market_set_state(actor=staff(request), market_id=market.pk, state=state, note=note)
                done.append(f"{market} is {changed.get_trading_state_display().lower()}")
            except ApiError as error:
                refused.append(refusal(market, error))
        report(request, done, refused)
        return None


@admin.register(Asset)
class AssetAdmin(BackOfficeAdmin):
    """Assets are created, and then only renamed: their decimals are in every amount."""

    list_display = ["code", "name", "decimals"]
    search_fields = ["code__istartswith"]
    ordering = ("code",)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return ["code", "decimals"] if obj else []
