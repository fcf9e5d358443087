"""What staff wrote about users: newest first on the user's page, and a list of all."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from exchange.admin.base import Table
from exchange.admin.columns import column, link_to_search, moment, related, time_text
from exchange.admin.search import ByUserAdmin
from exchange.models import User, UserNote

USER = "exchange.user"
ADD_NOTE, VIEW_NOTES = "exchange.add_usernote", "exchange.view_usernote"
NOTES_SHOWN = 20
NOTE_TEXT = (
    "For colleagues: the user never sees it. It cannot be changed or taken back; write another one to correct it."
)


def note_table(user: User) -> Table:
    """Return the newest notes on a user. One query."""
    notes = list(UserNote.objects.filter(user=user).select_related("author").order_by("-id")[: NOTES_SHOWN + 1])
    rows = [[time_text(note.created_at), str(note.author), _lines(note.text)] for note in notes]
    if len(rows) > NOTES_SHOWN:
        rows[NOTES_SHOWN:] = [[link_to_search("exchange.usernote", user.pk, "all notes"), "", ""]]
    return Table("Notes", ("Time", "Author", "Note"), rows)


def _lines(text: str) -> SafeString:
    return format_html('<span style="overflow-wrap: anywhere; white-space: pre-wrap">{}</span>', text)


TEXT = column("text", "note", lambda note: _lines(note.text))


@admin.register(UserNote)
class UserNoteAdmin(ByUserAdmin):
    """All notes; they are written on the users' pages."""

    list_display = [moment("created_at", "time"), related("user", USER), related("author", USER), TEXT]
    list_select_related = ["user", "author"]
    list_only = ["id", "created_at", "user__username", "author__username", "text"]
    fields = ["id", moment("created_at", "time"), related("user", USER), related("author", USER), TEXT]
