"""Where the back office is: under STAFF_HOSTS, on STAFF_PORT, for STAFF_ALLOWED_NETWORKS. Elsewhere there is none."""

import ipaddress
from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from base.middleware import SyncAndAsync
from base.throttling import address_of

__all__ = ["StaffAccessMiddleware", "is_staff_place"]

BACK_OFFICE = "/admin"


class StaffAccessMiddleware(SyncAndAsync):
    """Lets the back office's addresses lead nowhere where it is not to be reached, as if there were none."""

    def _before(self, request: HttpRequest) -> None:
        is_staffs = request.path == BACK_OFFICE or request.path.startswith(f"{BACK_OFFICE}/")
        if is_staffs and not is_staff_place(request):
            request.urlconf = settings.PUBLIC_URLCONF


def is_staff_place(request: HttpRequest) -> bool:
    """Tell whether a request came by the name, the port and from a network that the back office is open to."""
    return _is_staff_host(request) and _is_staff_port(request) and _is_staff_network(address_of(request))


def _is_staff_host(request: HttpRequest) -> bool:
    host = request.META.get("HTTP_HOST", "").lower()
    return not settings.STAFF_HOSTS or validate_host(split_domain_port(host)[0], settings.STAFF_HOSTS)


def _is_staff_port(request: HttpRequest) -> bool:
    """Compare with the port of this machine that the request came in by, which no header can change."""
    return not settings.STAFF_PORT or request.META.get("SERVER_PORT") == str(settings.STAFF_PORT)


def _is_staff_network(address: str) -> bool:
    if not settings.STAFF_ALLOWED_NETWORKS:
        return True
    try:
        given = ipaddress.ip_network(address, strict=False)  # limits count networks of IPv6, so it may be one
    except ValueError:
        return False
    given = _as_ipv4(given)
    return any(
        given.version == network.version and given.subnet_of(network)  # type: ignore[arg-type]  # versions are equal
        for network in _networks(tuple(settings.STAFF_ALLOWED_NETWORKS))
    )


@cache
def _networks(texts: Sequence[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def _as_ipv4(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return an IPv4 address that an IPv6 socket shows as ::ffff:192.0.2.1 as what it is."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return ipaddress.ip_network(mapped) if mapped else network
