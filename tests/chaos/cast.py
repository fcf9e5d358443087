"""The accounts and markets of a run: `python -m tests.chaos.cast`, once, with the settings of its copy."""

from decimal import Decimal

TRADERS = 24
GUARDED = 3  # accounts whose sessions cancel on disconnect
POOR = 2  # the last of the traders have little, so that they are denied now and then
PASSWORD = "chaos-password"
ASSETS = ("USDT", "BTC", "ETH")
MARKETS = {"BTC/USDT": "100", "ETH/USDT": "50", "ETH/BTC": "0.5"}
TICKS = {"BTC/USDT": "0.01", "ETH/USDT": "0.01", "ETH/BTC": "0.0001"}
RICH, LITTLE = Decimal(10_000_000), Decimal(300)


def traders() -> list[str]:
    """Return the names of those who trade over REST."""
    return [f"trader-{number:02}" for number in range(TRADERS)]


def guarded() -> list[str]:
    """Return the names of those whose sessions cancel on disconnect."""
    return [f"guarded-{number}" for number in range(GUARDED)]


def main() -> None:
    """Create assets, markets and funded accounts; print a login of each, because thirty at once are slow on purpose."""
    import json

    import django

    django.setup()
    from django.contrib.auth.hashers import make_password

    from base.ids import uuid7
    from exchange.models import Asset, Market, User
    from exchange.services import play_money_begin
    from exchange.sessions import tokens_issue
    from settlement.services import ledger_deposit

    play_money_begin()
    for code in ASSETS:
        Asset.objects.create(code=code, name=code, decimals=8)
    for symbol, price in MARKETS.items():
        base, quote = symbol.split("/")
        Market.objects.create(
            symbol=symbol, base_id=base, quote_id=quote, tick_size=Decimal(TICKS[symbol]), lot_size=Decimal("0.001"),
            max_quantity=Decimal(10_000), reference_price=Decimal(price), maker_fee_ppm=800, taker_fee_ppm=1_000,
            max_open_orders=300,
        )  # fmt: skip
    password = make_password(PASSWORD)
    names = [*traders(), *guarded()]
    logins = {}
    for name in names:
        user = User.objects.create(username=name, password=password)
        for code in ASSETS:
            amount = LITTLE if name in traders()[-POOR:] else RICH
            ledger_deposit(owner=user, asset=code, amount=amount, reason="Funds of a run")
        pair = tokens_issue(user=user, sid=uuid7())
        logins[name] = {"access": pair.access, "refresh": pair.refresh}
    print(json.dumps(logins))


if __name__ == "__main__":
    main()
