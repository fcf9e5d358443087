"""The login page of the back office."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

from base.throttling import login_may_be_tried

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
else:
    from unfold.forms import AuthenticationForm


class StaffLoginForm(AuthenticationForm):
    """Asks for name and password. Tries count towards one limit, here and through the API."""

    def clean(self) -> dict[str, Any]:
        assert self.request is not None, "Invariant: the login page brings its request"
        if not login_may_be_tried(self.request, self.cleaned_data.get("username", "")):
            raise forms.ValidationError("Too many tries: wait a minute", code="rate_limited")
        return super().clean()


admin.site.login_form = StaffLoginForm
