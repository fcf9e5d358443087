"""TLS to Celery's broker: on by the address (amqps, rediss), and never without knowing whom one talks to.

PostgreSQL and Valkey take everything from their addresses (sslmode=verify-full, rediss); Celery does not.
"""

import ssl
from typing import Any
from urllib.parse import urlsplit

__all__ = ["broker_tls"]


def broker_tls(url: str, ca_file: str) -> dict[str, Any] | None:
    """Return what Celery's broker_use_ssl is for an address; None without TLS. No `ca_file`: those of the system."""
    parts = urlsplit(url)
    known = {"ca_certs": ca_file} if ca_file else {}
    if parts.scheme == "amqps":
        return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname, **known}
    if parts.scheme == "rediss":
        named = {f"ssl_{name}": value for name, value in known.items()}
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **named}
    return None
