"""Where a request comes from, as limits by address count it: one answer for REST, pages and WebSockets."""

import ipaddress
from functools import lru_cache

from django.conf import settings

__all__ = ["caller_of"]

_NETWORK_BITS = 64  # what a home or a rented server gets of IPv6: it may use any address in it


def caller_of(peer: str, forwarded: str) -> str:
    """Return whom limits by address mean: an IPv4 address, or the /64 of an IPv6 address.

    `peer` is the connection's own address, `forwarded` the header X-Forwarded-For. Of that the last entry counts,
    which the proxy in front has written, and only with TLS_PROXY; what is no address there is not believed.
    """
    if settings.TLS_PROXY and (known := _network_of(forwarded.rpartition(",")[2].strip())):
        return known
    return _network_of(peer) or peer


@lru_cache(maxsize=4_096)
def _network_of(text: str) -> str:
    try:
        address = ipaddress.ip_address(_without_port(text))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _NETWORK_BITS), strict=False))


def _without_port(text: str) -> str:
    """Drop a port, the brackets of an IPv6 address and its zone, as some proxies write them."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]
