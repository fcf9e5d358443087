"""What a replay needs before it begins: a market for the tape and funded accounts with passwords of their own."""

import secrets
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from exchange.models import Asset, Market, User
from settlement.models import Account
from settlement.services import ledger_deposit

USERNAME_PREFIX = "tape-"
_TICK, _LOT = Decimal("0.01"), Decimal(1)
_QUANTITY_MAX = Decimal(10**9)
_DECIMALS = 8
_FUNDS = Decimal(10**12)  # of each asset, so that nothing of a tape is refused for want of money


class Credentials(NamedTuple):
    username: str
    password: str


@transaction.atomic
def tape_market(*, slug: str, reference_price: Decimal) -> Market:
    """Return the market of a tape; one that is missing is made with a tick of a cent, lots of one and no other limits.

    Raises ValueError for an invalid name, and for a market that cannot hold a tape's prices.
    """
    base, _, quote = slug.upper().replace("/", "-").partition("-")
    market = Market.objects.select_related("base", "quote").filter(symbol=f"{base}/{quote}").first()
    if market is None:
        market = Market(
            symbol=f"{base}/{quote}",
            base=_asset(base),
            quote=_asset(quote),
            tick_size=_TICK,
            lot_size=_LOT,
            max_quantity=_QUANTITY_MAX,
            max_open_orders=0,
            max_stop_orders=0,
            price_band_ppm=0,
            reference_price=reference_price,
        )
        market.full_clean(exclude=["base", "quote"])
        market.save(force_insert=True)
    if _TICK % market.tick_size or _LOT % market.lot_size:
        raise ValueError(f"{market.symbol} trades in ticks of {market.tick_size:f}: it cannot hold a tape's prices")
    return market


def _asset(code: str) -> Asset:
    asset = Asset.objects.filter(code=code).first()
    if asset is None:
        asset = Asset(code=code, name=code, decimals=_DECIMALS)
        asset.full_clean()
        asset.save(force_insert=True)
    return asset


def tape_accounts(*, market: Market, count: int) -> list[Credentials]:
    """Return `count` funded accounts, missing ones made. Each gets a new random password, known to this replay only."""
    return [_account(market, f"{USERNAME_PREFIX}{number}") for number in range(1, count + 1)]


def _account(market: Market, username: str) -> Credentials:
    password = secrets.token_urlsafe(24)
    user, _ = User.objects.get_or_create(username=username)
    user.set_password(password)
    user.save(update_fields=["password"])
    available = dict(Account.objects.filter(owner=user).values_list("asset_id", "available"))
    for asset in (market.base_id, market.quote_id):
        missing = _FUNDS - available.get(asset, Decimal(0))
        if missing > _FUNDS / 2:
            ledger_deposit(owner=user, asset=asset, amount=missing, reason="Funds of a tape replay")
    return Credentials(username, password)
