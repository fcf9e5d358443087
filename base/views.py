"""Plain views of programs' paths, outside DRF."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from base.errors import ApiError, ErrorCode
from base.responses import error_response

__all__ = ["read_only"]

View = Callable[[HttpRequest], HttpResponse]
_METHODS = ("GET", "HEAD")


def read_only(view: View) -> View:
    """Answer any method but GET and HEAD with 405 in the envelope: no cookie is needed to be told that."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method in _METHODS:
            return view(request)
        error = ApiError(ErrorCode.METHOD_NOT_ALLOWED, f"{request.method} is not allowed here")
        error.headers["Allow"] = ", ".join(_METHODS)
        return error_response(request, error)

    return answer
