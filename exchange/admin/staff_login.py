"""The login page of the back office."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

from base.errors import ApiError
from base.throttling import address_of
from base.throttling.logins import login_succeeded, login_wait_s

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
else:
    from unfold.forms import AuthenticationForm


class StaffLoginForm(AuthenticationForm):
    """Asks for name and password. Tries count towards the same limits, here and through the API."""

    def clean(self) -> dict[str, Any]:
        assert self.request is not None, "Invariant: the login page brings its request"
        address, username = address_of(self.request), self.cleaned_data.get("username", "")
        if wait_s := login_wait_s(address, username):
            raise forms.ValidationError(f"Too many tries: wait {_in_words(wait_s)}", code="rate_limited")
        try:
            cleaned = super().clean()
        except ApiError as error:
            raise forms.ValidationError(error.message, code="overloaded") from None
        login_succeeded(address, username)
        return cleaned


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds <= 90 else f"{seconds / 60:.0f} minutes"


admin.site.login_form = StaffLoginForm
