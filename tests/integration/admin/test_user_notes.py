"""Notes on a user: written by staff, for good, shown newest first, recorded; the user never sees them."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from exchange.models import AuditEntry, User, UserNote
from tests.administrator import as_administrator
from tests.fixtures import make_user
from tests.integration.admin.scene import USERS, Scene, browser_of, messages_of, rows_of, staff_with

RIGHTS = ("exchange.view_user", "exchange.view_usernote", "exchange.add_usernote")
NOTES = "/admin/exchange/usernote/"


def write(browser: Client, user: User, text: str) -> object:
    return browser.post(f"{USERS}{user.pk}/note/", {"confirmed": "1", "note": text})


def notes_on(browser: Client, user: User) -> list[list[str]]:
    tables = browser.get(f"{USERS}{user.pk}/change/").context["object_tables"]
    return next((table.rows for table in tables if table.title == "Notes"), [])


def test_notes_stand_on_the_user_s_page_the_newest_first(outsider: User) -> None:
    clerk, colleague = staff_with(*RIGHTS), staff_with(*RIGHTS)

    done = write(browser_of(clerk), outsider, "  asked for a statement\nby phone ")
    write(browser_of(colleague), outsider, "<b>called</b> back")

    assert messages_of(done) == [f"The note on {outsider} is kept"]
    rows = notes_on(browser_of(clerk), outsider)
    assert [row[1] for row in rows] == [str(colleague), str(clerk)]
    assert "&lt;b&gt;called&lt;/b&gt; back" in rows[0][2] and "asked for a statement\nby phone" in rows[1][2]
    entries = AuditEntry.objects.filter(action="user.note", target_id=str(outsider.pk)).order_by("id")
    assert [(entry.actor, entry.note) for entry in entries] == [
        (clerk, "asked for a statement\nby phone"), (colleague, "<b>called</b> back"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1_001, "a\0b"])
def test_a_note_that_is_none_is_refused_and_stays_in_the_form(outsider: User, text: str) -> None:
    clerk = browser_of(staff_with(*RIGHTS))

    page = clerk.post(f"{USERS}{outsider.pk}/note/", {"confirmed": "1", "note": text})

    assert page.status_code == 200 and list(page.context["form"].errors) == ["note"]
    assert page.context["form"]["note"].value() == text
    assert not UserNote.objects.filter(user=outsider).exists()


def test_nobody_changes_or_removes_a_note(outsider: User) -> None:
    clerk = staff_with(*RIGHTS)
    write(browser_of(clerk), outsider, "for good")
    note = UserNote.objects.get(user=outsider)

    with as_administrator(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        UserNote.objects.filter(pk=note.pk).update(text="gone")
    with as_administrator(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        UserNote.objects.filter(pk=note.pk).delete()
    boss = browser_of()
    assert boss.post(f"{NOTES}{note.pk}/change/", {"text": "gone"}).status_code == 403
    assert boss.post(f"{NOTES}{note.pk}/delete/", {"post": "yes"}).status_code == 403
    assert boss.get(f"{NOTES}add/").status_code == 403
    assert UserNote.objects.get(pk=note.pk).text == "for good"


def test_a_note_needs_its_right_and_so_does_reading(outsider: User) -> None:
    reader, writer = staff_with(*RIGHTS[:2]), staff_with("exchange.view_user", "exchange.add_usernote")

    assert browser_of(reader).post(f"{USERS}{outsider.pk}/note/", {"confirmed": "1", "note": "x"}).status_code == 403
    write(browser_of(writer), outsider, "unseen by me")

    assert notes_on(browser_of(writer), outsider) == []
    assert "unseen by me" not in browser_of(writer).get(f"{USERS}{outsider.pk}/note/").content.decode()
    assert len(notes_on(browser_of(reader), outsider)) == 1


def test_a_user_with_many_notes_shows_the_newest_and_leads_to_all(scene: Scene, boss: Client) -> None:
    user, author = make_user("noted"), scene.users[0]
    with transaction.atomic():
        UserNote.objects.bulk_create(UserNote(user=user, author=author, text=f"note {n}") for n in range(25))
        rows = notes_on(boss, user)
        found = rows_of(boss.get(f"{NOTES}?q={user.pk}"))
        transaction.set_rollback(True)

    assert len(rows) == 21 and "note 24" in rows[0][2] and "all notes" in rows[20][0]
    assert len(found) == 25
