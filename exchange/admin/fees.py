"""Fee tiers: those of a market, on its page, and those of users, as last computed."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from exchange.admin.base import Table
from exchange.admin.columns import amount, amount_text, link_to, moment, percent, related, time_text
from exchange.admin.fields import FORM_FIELDS
from exchange.admin.search import ByUserAdmin
from exchange.admin.wording import PlainSpoken
from exchange.models import FeeTier, User, UserFeeTier
from exchange.services import TierTerms, fee_tier_problems

if TYPE_CHECKING:
    from django.contrib.admin import TabularInline
    from django.forms import BaseInlineFormSet, ModelForm

    TierModelForm = ModelForm[FeeTier]
    MarketInline = TabularInline[FeeTier, Any]
    TierFormSet = BaseInlineFormSet[FeeTier, Any, Any]
else:
    from django.forms import ModelForm as TierModelForm
    from unfold.admin import TabularInline as MarketInline
    from unfold.forms import PaginationInlineFormSet as TierFormSet

USER, MARKET = "exchange.user", "exchange.market"
WHY = "reason"  # the field of a market's page that says why, for what takes two people


def compare_with_shown(form: forms.BaseForm, names: Iterable[str]) -> None:
    """Make a form find its changes by what its page showed, not by what is stored meanwhile."""
    for name in names:
        form.fields[name].show_hidden_initial = True


class FeeTierForm(PlainSpoken, TierModelForm):
    """One tier of a market."""

    def clean_min_volume(self) -> Decimal:
        volume: Decimal = self.cleaned_data["min_volume"]
        if volume < 0:
            raise forms.ValidationError("The volume must not be negative")
        return volume


class FeeTierFormSet(TierFormSet):
    """All tiers of a market; problems of one beside the others are shown above them."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        compare_with_shown(form, TierTerms._fields)

    def clean(self) -> None:
        super().clean()
        if not any(self.errors) and (problems := fee_tier_problems(self.tiers())):
            raise forms.ValidationError(problems)
        if not any(self.errors) and self.is_wanted_otherwise() and not str(self.data.get(WHY, "")).strip():
            raise forms.ValidationError("Say above why: another member of staff decides on fee tiers")

    def is_wanted_otherwise(self) -> bool:
        """Tell whether somebody has changed the tiers on the page, to others than are stored. One query."""
        stored = FeeTier.objects.filter(market=self.instance).values_list(*TierTerms._fields)
        return self.has_changed() and self.tiers() != sorted(TierTerms(*row) for row in stored)

    def tiers(self) -> list[TierTerms]:
        """Return the tiers as they are wanted, in the order of their levels."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and form not in self.deleted_forms]
        return sorted(TierTerms(**{name: values[name] for name in TierTerms._fields}) for values in kept)


class FeeTierInline(MarketInline):
    """Staff who may see or change the market may see or change its tiers."""

    model = FeeTier
    form = FeeTierForm
    formset = FeeTierFormSet
    extra = 0
    fields = TierTerms._fields
    formfield_overrides = FORM_FIELDS
    hide_title = True
    verbose_name_plural = "Fee tiers"

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return request.user.has_perm("exchange.view_market") or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return request.user.has_perm("exchange.change_market")

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(UserFeeTier)
class UserFeeTierAdmin(ByUserAdmin):
    """Users with a tier; all others pay the market's own rates."""

    list_display = [
        related("user", USER),
        related("market", MARKET),
        "level",
        amount("volume", "30-day volume"),
        "quote",
        "maker_fee",
        "taker_fee",
        moment("computed_at", "computed"),
    ]
    list_select_related = ["user", "market", "tier"]
    list_only = [
        "id",
        "volume",
        "computed_at",
        "user__username",
        "market__symbol",
        "market__quote_id",
        "tier__level",
        "tier__maker_fee_ppm",
        "tier__taker_fee_ppm",
    ]
    list_filter = ["market"]

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return list(self.list_display)

    @admin.display(description="level", ordering="tier__level")
    def level(self, held: UserFeeTier) -> int:
        return held.tier.level

    @admin.display(description="in", ordering="market__quote_id")
    def quote(self, held: UserFeeTier) -> str:
        return held.market.quote_id

    @admin.display(description="maker fee", ordering="tier__maker_fee_ppm")
    def maker_fee(self, held: UserFeeTier) -> str:
        return percent(held.tier.maker_fee_ppm)

    @admin.display(description="taker fee", ordering="tier__taker_fee_ppm")
    def taker_fee(self, held: UserFeeTier) -> str:
        return percent(held.tier.taker_fee_ppm)


def tier_table(user: User) -> Table:
    """Return a user's tiers as a table. One query."""
    rows = [
        [
            link_to(MARKET, held.market_id, held.market.symbol),
            held.tier.level,
            f"{amount_text(held.volume)} {held.market.quote_id}",
            percent(held.tier.maker_fee_ppm),
            percent(held.tier.taker_fee_ppm),
            time_text(held.computed_at),
        ]
        for held in user.fee_tiers.select_related("market", "tier").order_by("market_id")
    ]
    headers = ("Market", "Level", "30-day volume", "Maker fee", "Taker fee", "Computed")
    return Table("Fee tiers (the market's own rates where none is listed)", headers, rows)
