"""Reads of users' money by staff: each page that shows it leaves an entry in the audit trail, as its files do."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from exchange.audit import audit_record
from exchange.models import User

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    AnyModelAdmin = ModelAdmin[Any]
else:
    AnyModelAdmin = object

__all__ = ["RecordedReads", "asked_of"]


def asked_of(request: HttpRequest) -> dict[str, str]:
    """Return what a list was searched and filtered for, as the audit trail keeps it; no text there has a NUL."""
    return {_kept(name): _kept(", ".join(values)) for name, values in sorted(request.GET.lists())}


def _kept(text: str) -> str:
    return text.replace("\0", "")


class RecordedReads(AnyModelAdmin):
    """A mixin for pages: one entry for each page that is looked at, not for each row on it."""

    # Whether the pages show what users own, owe or trade.
    shows_money: ClassVar[bool] = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        self.record_read(request, response, "list", self.model, asked_of(request))
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        self.record_read(request, response, "read", self.model(pk=unquote(object_id)), {})
        return response

    def record_read(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        act: str,
        target: Model | type[Model],
        asked: dict[str, str],
    ) -> None:
        """Record that a page was shown. Nothing is shown that cannot be recorded."""
        if self.shows_money and request.method == "GET" and response.status_code == 200:
            assert isinstance(request.user, User), "Invariant: the admin is only entered by users"
            audit_record(actor=request.user, action=f"{self.opts.model_name}.{act}", target=target, new=asked)
