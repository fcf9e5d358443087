"""Who logs in, fails to, and logs out: an entry of the audit trail each, with the address it came from.

Django tells of each log-in by signals, whichever page, call or library it goes through.
"""

from typing import Any

import structlog
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from base.throttling import address_of
from exchange.audit import audit_record
from exchange.models import User

__all__ = ["login_refused", "session_ended"]

log = structlog.get_logger(__name__)
_NAME_MAX = 150


@receiver(user_logged_in, dispatch_uid="audit_logged_in")
def _logged_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    audit_record(actor=user, action="user.log_in", target=user, new=_origin(request))


@receiver(user_logged_out, dispatch_uid="audit_logged_out")
def _logged_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:  # else nobody was logged in
        audit_record(actor=user, action="user.log_out", target=user, new=_origin(request))


@receiver(user_login_failed, dispatch_uid="audit_login_failed")
def _login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    login_refused(str(credentials.get(User.USERNAME_FIELD, "")), request)


def login_refused(name: str, request: HttpRequest | None, reason: str = "wrong name or password") -> None:
    """Record a log-in that failed under a name, which may be nobody's. Nobody is the actor: who it was is not known."""
    name = name.replace("\0", "")[:_NAME_MAX]
    known = User.objects.filter(username=name).first()
    new = {"name": name, "reason": reason, **_origin(request)}
    audit_record(actor=None, action="user.log_in_failed", target=known or User, new=new)
    log.warning("login_failed", reason=reason, **_origin(request))


def session_ended(user: User, request: HttpRequest | None, reason: str) -> None:
    """Record that a login of the API was ended, by its user or because a refresh token was used twice."""
    action = "user.log_out" if reason == "logged out" else "user.session_end"
    audit_record(actor=user, action=action, target=user, new={"reason": reason, **_origin(request)})


def _origin(request: HttpRequest | None) -> dict[str, str]:
    return {} if request is None else {"address": address_of(request), "path": request.path}
