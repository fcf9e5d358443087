"""System checks: what is wrong with the settings of this installation, and how to mend it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connections

from base.scaling import NotAMultipleError
from exchange.reach import public_hosts, public_places
from exchange.seeds import DEMO_ROLES, DEMO_SECOND_CLERK, DEMO_STAFF, demo_user_id

__all__ = [
    "check_demo_accounts",
    "check_hosts",
    "check_market_scales",
    "check_play_money",
    "check_rates",
    "check_secret_key",
]

_SECRET_KEY_MIN = 32
_ENGINE_BITS = 63


@register(Tags.security)
def check_secret_key(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """E001: tokens are signed with SECRET_KEY, so it must be long."""
    if len(settings.SECRET_KEY) >= _SECRET_KEY_MIN:
        return []
    return [
        Error(
            f"SECRET_KEY has fewer than {_SECRET_KEY_MIN} characters.",
            hint='Set SECRET_KEY to a long random text: python -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="exchange.E001",
        )
    ]


@register(Tags.security)
def check_hosts(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterable[CheckMessage]:
    """E002, E003, W001: an exchange that others can reach has no debug pages, no demo accounts, and TLS."""
    public = public_hosts(settings.ALLOWED_HOSTS)
    places = _public_places()
    if settings.DEBUG and public:
        yield Error(
            f"DEBUG is on and ALLOWED_HOSTS names {', '.join(public)}: error pages would show settings and code.",
            hint="Set DEBUG=0, or ALLOWED_HOSTS to localhost.",
            id="exchange.E002",
        )
    if settings.DEMO_MODE and places:
        yield Error(
            f"DEMO_MODE is on and {' and '.join(places)}: demo accounts have a known password.",
            hint="Set DEMO_MODE=0, or leave the exchange on this machine: BIND, ALLOWED_HOSTS, TLS_PROXY.",
            id="exchange.E003",
        )
    if public and not settings.TLS_PROXY:
        yield Caution(
            "ALLOWED_HOSTS names more than this machine but TLS_PROXY is off: passwords would travel in the clear.",
            hint="Put a TLS proxy in front that sets X-Forwarded-Proto and X-Forwarded-For, and set TLS_PROXY=1.",
            id="exchange.W001",
        )


_POSITIVE = (
    "API_THREADS",
    "BODY_SECONDS",
    "COMMAND_TIMEOUT_MS",
    "CONNECTIONS_PER_ADDRESS",
    "LOGIN_FAILURES_PER_ACCOUNT",
    "LOGIN_FAILURES_PER_ADDRESS",
    "LOGIN_RATE_PER_MINUTE",
    "ORDER_RATE_PER_SECOND",
    "REQUESTS_PER_ADDRESS",
    "REQUEST_WEIGHT_PER_MINUTE",
)


@register()
def check_rates(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterable[CheckMessage]:
    """E004: limits and deadlines are positive."""
    for name in _POSITIVE:
        if getattr(settings, name) < 1:
            yield Error(
                f"{name} is {getattr(settings, name)}: nothing would get through.",
                hint=f"Set {name} to a positive number, or remove it for the default.",
                id="exchange.E004",
            )


@register(Tags.database)
def check_market_scales(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """E005, E006: money comes out even, and the largest order fits the engine's 64 bits. One query."""
    from exchange.models import Market

    for alias in databases or ():
        try:
            if Market._meta.db_table not in connections[alias].introspection.table_names():
                continue
            for market in Market.objects.using(alias).select_related("base", "quote"):
                yield from _market_messages(market)
        except DatabaseError:
            continue  # Django's own check reports a database that cannot be reached


@register(Tags.database)
def check_demo_accounts(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """E007, W002: a database that was a demo's has members of staff whose password is known. One query, slow if so."""
    from exchange.models import User

    for alias in () if settings.DEMO_MODE else databases or ():
        try:
            if User._meta.db_table not in connections[alias].introspection.table_names():
                continue
            seeded = User.objects.using(alias).filter(
                pk__in=[demo_user_id(name) for name in (DEMO_STAFF, DEMO_SECOND_CLERK, *DEMO_ROLES)],
                is_active=True,
                is_staff=True,
            )
            known = sorted(user.username for user in seeded if check_password(settings.DEMO_PASSWORD, user.password))
        except DatabaseError:
            continue
        if known:
            is_public = bool(_public_places())
            yield (Error if is_public else Caution)(
                f"DEMO_MODE is off, but this database was a demo's: {', '.join(known)} can act as staff with a known"
                " password.",
                hint="Begin with an empty database, or freeze these users and give them other passwords.",
                id="exchange.E007" if is_public else "exchange.W002",
            )


@register(Tags.database)
def check_play_money(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """E020, W020: a copy with play money is a demo, for nothing else. One query."""
    from exchange.models import Rule

    for alias in () if settings.DEMO_MODE else databases or ():
        try:
            if Rule._meta.db_table not in connections[alias].introspection.table_names():
                continue
            has_play_money = Rule.objects.using(alias).filter(name=Rule.Name.PLAY_MONEY, value__gt=0).exists()
        except DatabaseError:
            continue
        if has_play_money:
            is_public = bool(_public_places())
            yield (Error if is_public else Caution)(
                "DEMO_MODE is off, but this database has play money: funds and staff come from nowhere in it.",
                hint="Begin with an empty database.",
                id="exchange.E020" if is_public else "exchange.W020",
            )


def _public_places() -> list[str]:
    hosts, proxy = ",".join(settings.ALLOWED_HOSTS), "1" if settings.TLS_PROXY else ""
    return public_places({"BIND": settings.BIND, "ALLOWED_HOSTS": hosts, "TLS_PROXY": proxy})


def _market_messages(market: Any) -> Iterable[CheckMessage]:
    scale = market.scale
    try:
        units_max = (
            scale.price_ticks(market.reference_price - market.reference_price % market.tick_size)
            * scale.quantity_lots(market.max_quantity - market.max_quantity % market.lot_size)
            * scale.tick_lot_units
        )
        assert scale.lot_units
    except NotAMultipleError:
        yield Error(
            f"{market}: tick x lot is finer than {scale.quote_decimals} decimals of {market.quote_id},"
            f" or a lot finer than {scale.base_decimals} decimals of {market.base_id}.",
            hint="Choose a larger tick or lot, or keep the asset to more decimals.",
            id="exchange.E005",
        )
        return
    if units_max.bit_length() > _ENGINE_BITS:
        yield Error(
            f"{market}: its largest order at the reference price does not fit 64 bits.",
            hint="Lower max_quantity, or choose a larger lot.",
            id="exchange.E006",
        )
