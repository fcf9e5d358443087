"""Small tools of all measurements: percentiles to the maximum, a world of accounts, who the machine is."""

import os
import platform
import time
from collections.abc import Sequence
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.models import Market, User

FUNDS = Decimal(10**9)


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p90, p99, p99.9 and the maximum in milliseconds, nearest rank."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    return {name: round(ordered[min(last, int(len(ordered) * share))] * 1_000, 2) for name, share in shares.items()}


def make_market(*, price: str = "100") -> "Market":
    """Create a market with assets of its own: tick 0.01, lot 0.0001, fees of 0.1 %, no band, no limit of orders."""
    from exchange.models import Asset, Market

    tag = f"{time.time_ns() // 10**6 % 10**9:09d}"
    base, quote = (Asset.objects.create(code=f"{side}{tag}", name=side, decimals=8) for side in "BQ")
    return Market.objects.create(
        symbol=f"{base.code}/{quote.code}",
        base=base,
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        max_quantity=Decimal(10**6),
        max_open_orders=0,
        max_stop_orders=0,
        price_band_ppm=0,
        reference_price=Decimal(price),
    )


def make_traders(market: "Market", count: int, password: str | None = None) -> "list[User]":
    """Create users who hold plenty of both assets; they share a password, or have none."""
    from django.contrib.auth.hashers import make_password

    from base.ids import uuid7
    from exchange.models import User
    from settlement.services import ledger_deposit

    hashed = make_password(password)
    users = [User(id=uuid7(), username=f"bench-{market.pk}-{number}", password=hashed) for number in range(count)]
    for user in User.objects.bulk_create(users):
        for asset in (market.base_id, market.quote_id):
            ledger_deposit(owner=user, asset=asset, amount=FUNDS, reason="benchmark")
    return users


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far, user and system; 0 where /proc does not exist."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, str]:
    """Say on what the figures were measured."""
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        settings = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        }
    found = {name: row[0] if row else "?" for name, row in settings.items()}
    return {
        "cpu": _cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "postgresql": f"{found.pop('server_version')}, {', '.join(f'{name}={value}' for name, value in found.items())}",
        "django": version("django"),
        "load_before": f"{os.getloadavg()[0]:.2f} (1 minute)",
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"
