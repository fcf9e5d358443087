"""Whether others than this machine can reach the exchange, as far as its settings tell."""

from collections.abc import Iterable, Mapping

__all__ = ["is_loopback", "public_hosts", "public_places"]

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1", ".localhost", "testserver"}
_OFF = {"", "0", "false", "no", "off"}


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address means this machine alone."""
    return host in _LOOPBACK or host.startswith("127.")


def public_hosts(hosts: Iterable[str]) -> list[str]:
    """Return those of ALLOWED_HOSTS that others could ask for."""
    return sorted(host for host in hosts if not is_loopback(host))


def public_places(environ: Mapping[str, str]) -> list[str]:
    """Return what in the environment lets others reach the exchange, each as a part of a sentence; empty if nothing."""
    bind, proxy = environ.get("BIND") or "127.0.0.1", environ.get("TLS_PROXY", "").lower() not in _OFF
    hosts = public_hosts(host.strip() for host in environ.get("ALLOWED_HOSTS", "").split(",") if host.strip())
    found = [] if is_loopback(bind) else [f"BIND is {bind}"]
    found += [f"ALLOWED_HOSTS names {', '.join(hosts)}"] if hosts else []
    return [*found, "TLS_PROXY is on"] if proxy else found
