import json
import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from base.content_security import HEADER, trading_policy
from base.errors import ApiError
from exchange.selectors import market_by_symbol, markets
from trading_page.modules import chart_modules, import_map, preloaded_modules

__all__ = ["trading_page"]

_NAMED = 50


@require_safe
def trading_page(request: HttpRequest, symbol: str | None = None) -> HttpResponse:
    """Show the trading page of a market, or of the first if none is named; 404 lists the markets there are.

    Not cached: each has its own nonce.
    """
    try:
        shown = _symbol(symbol)
    except ApiError:
        return _page(request, "trading/unknown.html", {"wanted": symbol, "markets": markets()[:_NAMED]}, status=404)
    context = {
        "symbol": shown,
        "is_demo": settings.DEMO_MODE,
        "import_map": json.dumps(import_map()),
        "modules": preloaded_modules(),
        "chart_modules": chart_modules(),
    }
    return _page(request, "trading/index.html", context)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    nonce = secrets.token_urlsafe(16)
    response = render(request, template, {**context, "nonce": nonce}, status=status)
    response.headers[HEADER] = trading_policy(nonce, request.get_host())
    response.headers["Cache-Control"] = "no-store"
    return response


def _symbol(wanted: str | None) -> str:
    if wanted is None:
        return next((market.symbol for market in markets()), "")
    return market_by_symbol(wanted).symbol
