"""How refused forms speak: what Django's checks find, in the words of the product."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import HttpRequest

from base.errors import CodedError, ValidationError
from base.scaling import grouped

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    AnyModelAdmin = ModelAdmin[Any]
    AnyForm = forms.BaseForm
else:
    AnyModelAdmin = AnyForm = object

__all__ = ["PlainForm", "PlainSpoken", "PlainSpokenForms", "in_words", "plain_spoken", "refuse", "sentence_of"]

Params = Mapping[str, Any]


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def _number(value: Any) -> str:
    return grouped(Decimal(str(value)))


# By the code of the check; a code that is not here keeps the words it came with.
_WORDS: dict[str, Callable[[Params], str]] = {
    "min_value": lambda found: f"Must be at least {_number(found['limit_value'])}",
    "max_value": lambda found: f"Must be at most {_number(found['limit_value'])}",
    "min_length": lambda found: f"Must have at least {found['limit_value']} characters",
    "max_length": lambda found: (
        f"Must have at most {_number(found['limit_value'])} characters; this has {_number(found['show_value'])}"
    ),
    "max_digits": lambda found: f"Has too many digits: at most {found['max']}",
    "max_decimal_places": lambda found: f"Has too many decimals: at most {found['max']}",
    "max_whole_digits": lambda found: f"Is too large: at most {found['max']} digits before the point",
    "invalid_choice": lambda found: "Choose one of those that are offered",
    "invalid_pk_value": lambda found: "Choose one of those that are offered",
    "invalid_list": lambda found: "Choose from those that are offered",
    "null_characters_not_allowed": lambda found: "Contains a character that cannot be stored",
    "unique": lambda found: f"There is already one with this {str(found.get('field_label', 'value')).lower()}",
}


class PlainSpoken(AnyForm):
    """A mixin for forms, which comes before the form's class."""

    def add_error(self, field: str | None, error: Any) -> None:
        _reword(error)
        super().add_error(field, error)


class PlainForm(PlainSpoken, forms.Form):
    """A form that is no model's."""


class PlainSpokenForms(AnyModelAdmin):
    """A mixin for pages, which has their forms speak plainly."""

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = plain_spoken(kwargs.get("form", self.form))
        return super().get_form(request, obj, change, **kwargs)


def plain_spoken(form: type[Any]) -> type[Any]:
    """Return a form's class that speaks plainly."""
    if issubclass(form, PlainSpoken):
        return form
    make: Any = type(form)  # the form's metaclass, which collects its fields
    return cast("type[Any]", make(form.__name__, (PlainSpoken, form), {"__module__": form.__module__}))


def refuse(form: forms.BaseForm, error: CodedError[Any]) -> None:
    """Show what a service refused beside the fields that it is about, and above them where it is about none."""
    if not isinstance(error, ValidationError):
        form.add_error(None, sentence_of(error))
        return
    for name, texts in error.details.items():
        field = name if name in form.fields and not form.fields[name].widget.is_hidden else None
        form.add_error(field, [forms.ValidationError(text[:1].upper() + text[1:]) for text in texts])


def sentence_of(error: CodedError[Any]) -> str:
    """Return a refusal in words: its message, and the details that the message does not name."""
    untold = [
        f"{name.replace('_', ' ')} {in_words(value)}"
        for name, value in error.details.items()
        if str(value) not in error.message
    ]
    return f"{error.message} ({'; '.join(untold)})" if untold else error.message


def in_words(value: Any) -> str:
    """Return a value that was kept as JSON as people read it: `yes`, `1,000.5`, `asset USDT, amount 5`."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {in_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(each, Mapping) for each in value) else ", ").join(map(in_words, value)) or "none"
    return grouped(Decimal(str(value))) if _NUMBER.fullmatch(str(value)) else str(value)


def _reword(error: Any) -> None:
    """Give each error its words, in place."""
    if not isinstance(error, forms.ValidationError):
        return
    if hasattr(error, "error_dict"):
        errors = [each for found in error.error_dict.values() for each in found]
    else:
        errors = error.error_list
    for each in errors:
        words = _WORDS.get(each.code or "")
        if words is not None:
            each.message, each.params = words(each.params or {}), None
