"""One search over everything that has a page: ids of any kind, client order ids, users, markets, lists.

Each look-up reads an index and is bounded. A member of staff finds what they may see.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.db.models import BigIntegerField, IntegerField, Model, SmallIntegerField, UUIDField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from base.symbols import symbol_of
from exchange.admin.base import staff
from exchange.admin.columns import amount_text
from exchange.admin.search import as_uuid, find_users
from exchange.models import Asset, Market, Rule, User
from orders.models import ClientOrderId, JournalBatch, Order, Trade
from settlement.models import FailedSettlement, LedgerEntry

__all__ = ["Finding", "finder_page", "findings"]

TERM_MAX: Final = 254
OF_A_KIND_MAX: Final = 20
FINDINGS_MAX: Final = 60
_NUMBER_MAX: Final = 2**63 - 1
# The largest keys by the kind of column, the special kinds first.
_NUMBERS: Final = {SmallIntegerField: 2**15 - 1, BigIntegerField: _NUMBER_MAX, IntegerField: 2**31 - 1}


class Finding(NamedTuple):
    """One thing that a term means: what kind of thing, what it is called, its page, and a word about it."""

    kind: str
    text: str
    url: str
    remark: str = ""


def findings(user: User, term: str) -> list[Finding]:
    """Return what a term means to a member of staff, the likeliest first. At most one query for each kind of object."""
    term = term.strip()[:TERM_MAX]
    if not term or "\0" in term:
        return []
    return list(islice(dict.fromkeys(_found(user, term)), FINDINGS_MAX))


def finder_page(request: HttpRequest) -> HttpResponse:
    """Go to the one thing that was found, or show all of them."""
    term = request.GET.get("q", "")
    found = findings(staff(request), term)
    if len(found) == 1:
        return HttpResponseRedirect(found[0].url)
    context = {**admin.site.each_context(request), "title": "Search", "term": term.strip(), "findings": found}
    return TemplateResponse(request, "admin/finder.html", context)


def _found(user: User, term: str) -> Iterator[Finding]:
    if identity := as_uuid(term):
        yield from _by_key(user, identity)
        yield from _about_trade(user, identity)
    elif term.isascii() and term.isdecimal() and int(term[:19]) <= _NUMBER_MAX and len(term) < 20:
        yield from _by_key(user, int(term))
    yield from _markets(user, term)
    yield from _users(user, term)
    yield from _client_order_ids(user, term)
    yield from _lists(user, term)


def _by_key(user: User, key: UUID | int) -> Iterator[Finding]:
    """Yield the objects that have this key; orders, trades and users come first."""
    for model in sorted(_visible(user), key=lambda model: model not in (Order, Trade, User)):
        if _may_be_key(model, key):
            for one in _rows(model).filter(pk=key)[:1]:
                yield _finding(one)


def _may_be_key(model: type[Model], key: UUID | int) -> bool:
    column = model._meta.pk
    if isinstance(key, UUID):
        return isinstance(column, UUIDField)
    most = next((most for kind, most in _NUMBERS.items() if isinstance(column, kind)), 0)
    return key <= most


def _about_trade(user: User, trade_id: UUID) -> Iterator[Finding]:
    if _may_see(user, FailedSettlement):
        for failure in FailedSettlement.objects.filter(trade_id=trade_id):
            yield _finding(failure)
    if _may_see(user, LedgerEntry) and LedgerEntry.objects.filter(transfer_id=trade_id).exists():
        yield Finding("ledger entries", f"of transfer {trade_id}", _list_of(LedgerEntry, str(trade_id)))


def _markets(user: User, term: str) -> Iterator[Finding]:
    symbol, _, number = term.rpartition(" ")
    if _may_see(user, Market):
        for market in Market.objects.filter(symbol=symbol_of(term)):
            yield _finding(market)
    if _may_see(user, Asset):
        for asset in Asset.objects.filter(pk=term.upper()):
            yield _finding(asset)
    if _may_see(user, Rule):
        for rule in Rule.objects.filter(pk=term):
            yield _finding(rule)
    if number.isdecimal() and _may_see(user, JournalBatch):
        for market in Market.objects.filter(symbol=symbol_of(symbol.strip())):
            yield Finding("journal", f"{market} at {number}", _list_of(JournalBatch, term))


def _users(user: User, term: str) -> Iterator[Finding]:
    if _may_see(user, User) and as_uuid(term) is None:
        for one in User.objects.filter(pk__in=find_users(term)).order_by("username"):
            yield _finding(one)


def _client_order_ids(user: User, term: str) -> Iterator[Finding]:
    if _may_see(user, Order):
        named = list(
            ClientOrderId.objects.filter(client_order_id=term).values_list("order_id", flat=True)[:OF_A_KIND_MAX]
        )
        for order in _rows(Order).filter(pk__in=named) if named else ():
            yield _finding(order)


def _lists(user: User, term: str) -> Iterator[Finding]:
    for model in _visible(user):
        name = str(model._meta.verbose_name_plural)
        if term.lower() in name.lower() and len(term) > 2:
            yield Finding("list", name, _list_of(model))


def _visible(user: User) -> list[type[Model]]:
    return [model for model in admin.site._registry if _may_see(user, model)]


def _may_see(user: User, model: type[Model]) -> bool:
    return user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")


def _rows(model: type[Model]) -> Any:
    related = {Order: ("market", "user"), Trade: ("market", "buyer", "seller")}.get(model, ())
    page = admin.site.get_model_admin(model)
    rows = model._default_manager.all() if model is not JournalBatch else JournalBatch.objects.defer("commands")
    joined = related or page.list_select_related or ()
    return rows.select_related(*joined) if isinstance(joined, tuple | list) and joined else rows


def _finding(one: Model) -> Finding:
    name = f"{one._meta.app_label}_{one._meta.model_name}"
    url = reverse(f"admin:{name}_change", args=[str(one.pk)])
    return Finding(str(one._meta.verbose_name), _called(one), url, _remark(one))


def _called(one: Model) -> str:
    return str(one) if isinstance(one, Market | Asset | User) else str(one.pk)


def _remark(one: Model) -> str:
    if isinstance(one, Order):
        return f"{one.user}: {one.side} {amount_text(one.quantity)} {one.market}, {one.get_status_display().lower()}"
    if isinstance(one, Trade):
        return f"{one.market}: {amount_text(one.quantity)} at {amount_text(one.price)}, {one.buyer} from {one.seller}"
    if isinstance(one, User):
        return one.email or ("" if one.is_active else "frozen")
    return "" if _called(one) == str(one) else str(one)


def _list_of(model: type[Model], term: str = "") -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return reverse(name, query={"q": term} if term else None)
