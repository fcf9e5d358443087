"""`manage.py seed [--demo]`: the first assets and markets, and accounts to try the exchange with."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from exchange.models import Asset, User
from exchange.services import markets_seed
from settlement.ports import wallet
from settlement.services import ledger_deposit

DEMO_TRADERS: Final = ("maker", "taker", "outsider")
DEMO_STAFF: Final = "staff"
_GENEROUS: Final = {"USDT": Decimal(1_000_000_000), "BTC": Decimal(10_000), "ETH": Decimal(100_000)}
_GENEROUS_OTHERWISE: Final = Decimal(100_000_000)


class Command(BaseCommand):
    help = "Create the assets and markets that are missing; with --demo also funded demo accounts. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="accounts maker, taker, outsider and staff")

    def handle(self, *args: Any, **options: Any) -> None:
        markets = markets_seed()
        self.stdout.write(f"{len(markets)} markets created")
        if options["demo"]:
            created = [name for name in (*DEMO_TRADERS, DEMO_STAFF) if _demo_account(name)]
            self.stdout.write(f"Demo accounts created: {', '.join(created) or 'none, they exist'}")


@transaction.atomic
def _demo_account(username: str) -> bool:
    is_staff = username == DEMO_STAFF
    # The same id in every copy: so two of them, exchange and wallet, can be tried together.
    user_id = uuid5(NAMESPACE_URL, f"trade-engine:demo:{username}")
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"id": user_id, "is_staff": is_staff, "is_superuser": is_staff}
    )
    if not is_new:
        return False
    user.set_password(settings.DEMO_PASSWORD)
    user.save(update_fields=["password"])
    if not is_staff and wallet().reserving is None:  # else the money is at the wallet
        for code in Asset.objects.values_list("code", flat=True):
            amount = _GENEROUS.get(code, _GENEROUS_OTHERWISE)
            ledger_deposit(owner=user, asset=code, amount=amount, reason="Demo funds")
    return True
