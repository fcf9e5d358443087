import json
import secrets
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from base.content_security import HEADER, trading_policy
from base.errors import ApiError
from exchange.selectors import market_by_symbol, markets
from trading_page.languages import LANGUAGES, Language, chosen_language
from trading_page.modules import chart_modules, import_map, preloaded_modules

__all__ = ["language_module", "trading_page"]

_NAMED = 50
_FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
@gzip_page
def trading_page(request: HttpRequest, symbol: str | None = None) -> HttpResponse:
    """Show the trading page of a market, or of the first if none is named; 404 lists the markets there are.

    Not cached: each has its own nonce, and its language.
    """
    language = chosen_language(request)
    try:
        shown = _symbol(symbol)
    except ApiError:
        named = {"language": language, "wanted": symbol, "markets": markets()[:_NAMED]}
        return _page(request, "trading/unknown.html", named, status=404)
    context = {
        "language": language,
        "languages": json.dumps({code: found.name for code, found in LANGUAGES.items()}),
        "symbol": shown,
        "is_demo": settings.DEMO_MODE,
        "import_map": json.dumps(import_map(language)),
        "modules": preloaded_modules(language),
        "chart_modules": chart_modules(),
    }
    return _page(request, "trading/index.html", context)


@require_safe
@gzip_page
def language_module(request: HttpRequest, code: str, digest: str) -> HttpResponse:
    """Serve the texts of a language as a module; one that has changed since the page was loaded is not kept."""
    language = _language(code)
    response = HttpResponse(language.module, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = _FOR_GOOD if digest == language.digest else "no-store"
    return response


def _language(code: str) -> Language:
    if code not in LANGUAGES:
        raise Http404
    return LANGUAGES[code]


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
