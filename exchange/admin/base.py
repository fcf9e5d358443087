"""The base of all pages: lists that stay fast on tables of any size, read-only details, actions on one object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from exchange.admin.downloads import ListDownloads
from exchange.admin.fields import FORM_FIELDS
from exchange.admin.reads import RecordedReads
from exchange.admin.wording import PlainSpokenForms
from exchange.models import User

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    UnfoldModelAdmin = ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as UnfoldModelAdmin

PAGE_SIZE = 50
SELECTED_MAX = 900  # by "select all"; the page that asks for a note names each in a form of a thousand fields at most


@dataclass(frozen=True, slots=True)
class Table:
    """A table below an object's fields; cells are text or safe HTML."""

    title: str
    headers: Sequence[str]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DetailAction:
    """A button on an object's page. A `direct` one acts at once (POST), another opens a form of its own.

    `run` is called with the request and the object's id, for staff with the right `permission` ("app.codename").
    `shown_to` hides the button from some of them; the service that `run` calls has the last word.
    """

    name: str
    label: str
    permission: str
    run: Callable[[HttpRequest, str], HttpResponseBase]
    direct: bool = False
    shown_to: Callable[[Any], bool] = field(default=lambda user: True)


class BackOfficeAdmin(RecordedReads, PlainSpokenForms, ListDownloads, UnfoldModelAdmin):
    """What lists and object pages have in common; see ReadOnlyAdmin for pages that only show."""

    show_facets = ShowFacets.NEVER  # they would count the whole table once for each choice
    list_per_page = PAGE_SIZE
    list_max_show_all = PAGE_SIZE
    list_fullwidth = True
    ordering = ("-id",)
    formfield_overrides = FORM_FIELDS
    change_form_outer_before_template = "admin/object_actions.html"
    change_form_outer_after_template = "admin/object_tables.html"
    list_only: ClassVar[Sequence[str]] = ()

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *where: Any, **named: Any) -> Any:
        """Refuse "select all" for more than SELECTED_MAX: it means all that match, however few are counted."""
        if request.POST.get("select_across") == "1" and queryset[SELECTED_MAX:].exists():
            messages.error(request, f"At most {SELECTED_MAX} at once: narrow the list with the filters or the search")
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *where, **named)

    def object_tables(self, request: HttpRequest, obj: Any) -> list[Table]:
        """Return the tables below an object's fields. A fixed number of queries."""
        return []

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        """Return the buttons of an object's page; of all such pages when `obj` is None."""
        return []

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(f"<path:object_id>/{action.name}/", wrap(self._view_of(action)), name=self._url_name(action))
            for action in self.object_actions(None)
        ] + super().get_urls()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any | None = None,
    ) -> Any:
        if obj is not None and change:
            context["object_tables"] = self.object_tables(request, obj)
            context["object_actions"] = [
                {"label": action.label, "direct": action.direct, "url": self._url_of(action, obj)}
                for action in self.object_actions(obj)
                if request.user.has_perm(action.permission) and action.shown_to(request.user)
            ]
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any | None:
        """Return the object of an address; none has a NUL in its key, which the database would refuse."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def object_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """Return the object of an address. One query."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        return obj

    def changelist_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def object_url(self, pk: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(str(pk))])

    def _url_name(self, action: DetailAction) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{action.name}"

    def _url_of(self, action: DetailAction, obj: Model) -> str:
        return reverse(f"admin:{self._url_name(action)}", args=[quote(str(obj.pk))])

    def _view_of(self, action: DetailAction) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest, object_id: str) -> HttpResponseBase:
            if not request.user.has_perm(action.permission):
                raise PermissionDenied
            if action.direct and request.method != "POST":
                return HttpResponse("POST only", status=405, headers={"Allow": "POST"})
            response = action.run(request, object_id)
            target = self.model(pk=unquote(object_id))
            self.record_read(request, response, "read", target, {"page": action.name})
            return response

        return view


class ReadOnlyAdmin(BackOfficeAdmin):
    """A page that only shows; its actions call services that write."""

    # Fields with long texts, each of which has a row of its own.
    wide: ClassVar[Sequence[str]] = (
        "after",
        "before",
        "error",
        "failure",
        "jti",
        "note",
        "payload",
        "reason",
        "refusal",
        "trade",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return list(self.get_fields(request, obj))

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return list(self.fields or [column.name for column in self.opts.concrete_fields])

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the sections with two fields in a row where there is room: what hangs on the object comes below."""
        sections = super().get_fieldsets(request, obj)
        return [(title, {**options, "fields": self._in_rows(options["fields"])}) for title, options in sections]

    def _in_rows(self, fields: Sequence[Any]) -> list[Any]:
        rows: list[tuple[Any, ...]] = []
        has_room = False
        for each in fields:
            is_wide = getattr(each, "__name__", each) in self.wide
            if has_room and not is_wide:
                rows[-1] = (*rows[-1], each)
            else:
                rows.append((each,))
            has_room = not is_wide and len(rows[-1]) == 1
        return rows


def staff(request: HttpRequest) -> User:
    """Return the member of staff who is logged in."""
    assert isinstance(request.user, User), "Invariant: the admin is only entered by users"
    return request.user
