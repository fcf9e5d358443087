"""Search terms: what a member of staff typed into the search field, as ids that an index finds."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest

from exchange.admin.base import ReadOnlyAdmin
from exchange.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

USERS_MAX = 20


def as_uuid(term: str) -> UUID | None:
    """Return the UUID that a term is, or None."""
    try:
        return UUID(term.strip())
    except ValueError:
        return None


def find_users(term: str) -> list[UUID]:
    """Return the ids of the users a term means: by id, else by exact name or e-mail, else by the beginning of a name.

    At most USERS_MAX. At most two queries.
    """
    term = term.strip()
    if not term:
        return []
    if user_id := as_uuid(term):
        return list(User.objects.filter(id=user_id).values_list("id", flat=True))
    exact = set(User.objects.filter(username=term).values_list("id", flat=True))
    if "@" in term:
        exact |= set(User.objects.filter(email=term).values_list("id", flat=True)[:USERS_MAX])
    if exact:
        return sorted(exact)
    return list(
        User.objects.filter(username__startswith=term).order_by("username").values_list("id", flat=True)[:USERS_MAX]
    )


class ByUserAdmin(ReadOnlyAdmin):
    """Lists that are searched by user."""

    user_path = "user_id"
    search_fields = ["user"]
    search_help_text = "Id, name or e-mail of a user"

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(**{f"{self.user_path}__in": find_users(search_term)})
        return queryset, False
