"""GET /api/v1, /health and /ready: plain views, without authentication or database sessions.

Everybody may know whether the exchange works. What does not is told on private ports alone.
"""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache

from base.errors import ApiError, ErrorCode
from base.health import run_checks
from base.responses import error_response, success_response
from base.views import read_only
from exchange import __version__

__all__ = ["health", "index", "ready", "ready_in_detail"]

_LINKS = {"documentation": "docs", "openapi": "schema", "asyncapi": "streams", "health": "health", "ready": "ready"}


@read_only
def index(request: HttpRequest) -> HttpResponse:
    """Say what answers here and where its documents are."""
    links = {name: request.build_absolute_uri(reverse(view)) for name, view in _LINKS.items()}
    return success_response(request, {"name": "Trade Engine", "version": __version__, "links": links})


@read_only
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Say that this process is alive; checks nothing else."""
    return success_response(request, {"status": "ok"})


@read_only
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether everything an order needs works: 200 or 503, and no more."""
    if all(result.error is None for result in run_checks()):
        return success_response(request, {"status": "ready"})
    return error_response(request, ApiError(ErrorCode.SERVICE_UNAVAILABLE, "Not ready"))


@read_only
@never_cache
def ready_in_detail(request: HttpRequest) -> HttpResponse:
    """Say whether everything an order needs works: 200, or 503 with the failing parts named."""
    results = run_checks()
    checks = {result.name: result.as_json for result in results}
    failing = [result.name for result in results if result.error is not None]
    if not failing:
        return success_response(request, {"status": "ready", "checks": checks})
    reasons = "; ".join(f"{result.name}: {result.error}" for result in results if result.error is not None)
    error = ApiError(ErrorCode.SERVICE_UNAVAILABLE, f"Not ready: {reasons}", {"failing": failing, "checks": checks})
    return error_response(request, error)
