import json
import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from exchange.errors import ApiError
from exchange.policies import HEADER, trading_policy
from exchange.selectors import market_by_symbol, markets
from marketdata.page.modules import import_map, preloaded_modules

__all__ = ["trading_page"]


@require_safe
def trading_page(request: HttpRequest, symbol: str | None = None) -> HttpResponse:
    """Show the trading page of a market, without one that of the first. Not cached: each has its own nonce."""
    nonce = secrets.token_urlsafe(16)
    context = {
        "nonce": nonce,
        "symbol": _symbol(symbol),
        "is_demo": settings.DEMO_MODE,
        "import_map": json.dumps(import_map()),
        "modules": preloaded_modules(),
    }
    response = render(request, "trading/index.html", context)
    response.headers[HEADER] = trading_policy(nonce, request.get_host())
    response.headers["Cache-Control"] = "no-store"
    return response


def _symbol(wanted: str | None) -> str:
    if wanted is None:
        return next((market.symbol for market in markets()), "")
    try:
        return market_by_symbol(wanted).symbol
    except ApiError as error:
        raise Http404(error.message) from None
