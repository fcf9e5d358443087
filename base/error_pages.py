"""What Django's error pages and reports may show of a request and of the settings: nothing that opens a door.

They are for developers (DEBUG), but also what would be mailed to administrators. Under granian a request's META has the
environment of the process, addresses with passwords among it.
"""

import re
from typing import Any, Final

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

__all__ = ["ErrorPageFilter"]

# What the request itself said, by the names of CGI.
_OF_THE_REQUEST: Final = frozenset(
    {
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "QUERY_STRING",
        "REMOTE_ADDR",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
    }
)


class ErrorPageFilter(SafeExceptionReporterFilter):
    """Leaves out the environment, and settings that have an address or a password in them."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|DSN|BROKER|LAYER|DATABASE|COOKIE|IDENTITY",
        re.IGNORECASE,
    )

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the request said, without what must not be read."""
        shown: dict[str, Any] = super().get_safe_request_meta(request)
        return {name: value for name, value in shown.items() if name in _OF_THE_REQUEST or name.startswith("HTTP_")}
