"""The page that asks for a note before an action is done, for one object or for those selected in a list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from base.errors import CodedError
from exchange.admin.base import BackOfficeAdmin, Table
from exchange.admin.wording import PlainForm, refuse, sentence_of

if TYPE_CHECKING:
    from django.forms import Textarea
else:
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

CONFIRMED = "confirmed"


class NoteForm(PlainForm):
    note = forms.CharField(max_length=1_000, required=False, widget=Textarea(attrs={"rows": 4}))


class RequiredNoteForm(PlainForm):
    note = forms.CharField(max_length=1_000, widget=Textarea(attrs={"rows": 4}))


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks. `action` is the list action that is to be repeated with the note; "" on an object's page.

    `line` describes an object in one line.
    """

    title: str
    text: str
    submit: str
    required: bool = False
    action: str = ""
    line: Callable[[Any], str] = str


def ask_note(
    admin: BackOfficeAdmin,
    request: HttpRequest,
    question: Question,
    items: Sequence[Any],
    back: str,
    tables: Sequence[Table] = (),
) -> str | TemplateResponse:
    """Return the note that was given, or the page that asks for it."""
    answer = ask(admin, request, question, RequiredNoteForm if question.required else NoteForm, items, back, tables)
    return str(answer["note"]) if isinstance(answer, dict) else answer


def ask(
    admin: BackOfficeAdmin,
    request: HttpRequest,
    question: Question,
    form_class: type[forms.Form],
    items: Sequence[Any],
    back: str,
    tables: Sequence[Table] = (),
) -> dict[str, Any] | TemplateResponse:
    """Return what was given in the form, or the page that asks for it, with tables above the form."""
    form = _form_of(request, form_class)
    if form.is_valid():
        return form.cleaned_data
    return _page(admin, request, question, form, items, back, tables)


def ask_and_act(
    admin: BackOfficeAdmin,
    request: HttpRequest,
    question: Question,
    form_class: type[forms.Form],
    item: Any,
    back: str,
    act: Callable[[dict[str, Any]], None],
    tables: Sequence[Table] = (),
) -> HttpResponse:
    """Act on an object with what was given in the form and go back; `act` says what was done.

    Before that, and when `act` raises a refusal, the answer is the page that asks; what was typed stays in it.
    """
    form = _form_of(request, form_class)
    if form.is_valid():
        try:
            act(form.cleaned_data)
            return HttpResponseRedirect(back)
        except CodedError as error:
            refuse(form, error)
    return _page(admin, request, question, form, [item], back, tables)


def _form_of(request: HttpRequest, form_class: type[forms.Form]) -> forms.Form:
    """Return the form as it was sent; unbound, and so not valid, where the page has not asked yet."""
    asked = request.method == "POST" and CONFIRMED in request.POST
    return form_class(request.POST if asked else None)


def _page(
    admin: BackOfficeAdmin,
    request: HttpRequest,
    question: Question,
    form: forms.Form,
    items: Sequence[Any],
    back: str,
    tables: Sequence[Table],
) -> TemplateResponse:
    context = {
        **admin.admin_site.each_context(request),
        "title": question.title,
        "question": question,
        "form": form,
        "items": items,
        "lines": [question.line(item) for item in items],
        "back": back,
        "object_tables": tables,
        "opts": admin.opts,
        "confirmed": CONFIRMED,
        "selected": helpers.ACTION_CHECKBOX_NAME if question.action else "",
    }
    return TemplateResponse(request, "admin/ask_note.html", context)


def report(request: HttpRequest, done: Iterable[str], refused: Iterable[str]) -> None:
    """Show one message per item: what was done, what was refused and why."""
    for text in done:
        messages.success(request, text)
    for text in refused:
        messages.error(request, text)


def refusal(item: Any, error: CodedError[Any]) -> str:
    """Return the message about an item that a service refused."""
    return f"{item}: {sentence_of(error)}"
