"""The login page of the back office, and the page on which staff change their own password."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from base.errors import ApiError
from base.throttling import address_of
from base.throttling.logins import login_succeeded, login_wait_s
from exchange.admin.base import staff
from exchange.admin.changes import user_record
from exchange.login_trail import login_refused

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

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Let members of staff in. The right password of somebody else is recorded as a failure, too."""
        try:
            super().confirm_login_allowed(user)  # type: ignore[arg-type]  # the stubs want the User of Django
        except forms.ValidationError:
            login_refused(user.get_username(), self.request, "not a member of staff")
            raise


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds <= 90 else f"{seconds / 60:.0f} minutes"


_change_own_password = admin.site.password_change


@transaction.atomic
def _password_change(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Change one's own password, which asks for the old one, in one transaction with its entry in the audit trail."""
    response = _change_own_password(request, extra_context)
    if request.method == "POST" and response.status_code == 302:
        user = staff(request)
        user_record(actor=user, action="user.set_password", user=user, old={}, new={})
    return response


admin.site.login_form = StaffLoginForm
admin.site.password_change = _password_change  # type: ignore[assignment,method-assign]  # the site has no other place for it
