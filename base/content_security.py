"""Content-Security-Policy: what a browser may load and run on each page of ours.

Only the trading page and error pages are our own from end to end; they get by without inline scripts and styles.
The back office (Alpine) and the API documentation (Swagger UI) bring code that needs more, but nothing from other
hosts.
"""

__all__ = ["HEADER", "policy_of", "trading_policy"]

HEADER = "Content-Security-Policy"

_CLOSED: dict[str, str] = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_LIBRARIES: dict[str, str] = _CLOSED | {
    "base-uri": "'self'",
    "script-src": "'self' 'unsafe-inline'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
}
# The longest prefix that fits decides.
_BY_PREFIX: dict[str, dict[str, str]] = {
    "/": _CLOSED,
    "/api/docs": _LIBRARIES,
    "/admin/": _LIBRARIES | {"script-src": "'self' 'unsafe-inline' 'unsafe-eval'"},  # Alpine evaluates attributes
}


def policy_of(path: str) -> str:
    """Return the policy of an address whose view has not set one."""
    return _text(_BY_PREFIX[max((prefix for prefix in _BY_PREFIX if path.startswith(prefix)), key=len)])


def trading_policy(nonce: str, host: str) -> str:
    """Return the policy of the trading page: own files, and the one inline script that carries the nonce.

    The host's sockets are named, because not every browser counts them as `'self'`.
    """
    return _text(
        _CLOSED
        | {
            "script-src": f"'self' 'nonce-{nonce}'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": f"'self' ws://{host} wss://{host}",
            "form-action": "'none'",
        }
    )


def _text(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())
