"""`{% text "There is no market {market}" market=wanted %}`: a text in the language of the page."""

from typing import Any

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag(takes_context=True)
def text(context: template.Context, english: str, **values: Any) -> str:
    """Return the text with its values, which are escaped and keep their own direction."""
    shown = {name: format_html("<bdi>{}</bdi>", value) for name, value in values.items()}
    pattern: str = context["language"].catalogue.gettext(english)
    return format_html(pattern, **shown) if shown else pattern
