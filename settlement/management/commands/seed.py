"""`manage.py seed [--demo]`: the first assets and markets, and accounts to try the exchange with."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from exchange.models import Asset, User
from exchange.roles import StaffRole
from exchange.seeds import (
    DEMO_ROLES,
    DEMO_SECOND_CLERK,
    DEMO_STAFF,
    DEMO_TRADERS,
    FLOW_MAKER,
    FLOW_TAKERS,
    demo_funds,
    demo_user_id,
)
from exchange.selectors import plays
from exchange.services import markets_seed, play_money_begin
from settlement.ports import wallet
from settlement.services import ledger_deposit_several

_ROLES = dict(zip(DEMO_ROLES, StaffRole, strict=True)) | {DEMO_SECOND_CLERK: StaffRole.SETTLEMENT}


class Command(BaseCommand):
    help = "Create the assets and markets that are missing; with --demo also demo accounts. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="accounts with money for people and the flow, and staff of each role"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"]:
            _require_demo()
        markets = markets_seed()
        self.stdout.write(f"{len(markets)} markets created")
        if options["demo"]:
            created = _demo_accounts((*DEMO_TRADERS, DEMO_STAFF, *_ROLES, FLOW_MAKER, *FLOW_TAKERS))
            self.stdout.write(f"Demo accounts created: {', '.join(created) or 'none, they exist'}")


def _require_demo() -> None:
    """Make a new copy one with play money; refuse where DEMO_MODE is off, and where money is real."""
    if not settings.DEMO_MODE:
        raise CommandError("DEMO_MODE is off: demo accounts have a known password, and money from nowhere")
    if not plays() and not play_money_begin():
        raise CommandError("This exchange has members of staff and real money: it cannot become a demo")


def _demo_accounts(names: Sequence[str]) -> list[str]:
    existing = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    missing = [name for name in names if name not in existing]
    password = make_password(settings.DEMO_PASSWORD) if missing else ""  # slow on purpose, so once for all
    return [name for name in missing if _demo_account(name, password)]


@transaction.atomic
def _demo_account(username: str, password: str) -> bool:
    is_boss, is_staff = username == DEMO_STAFF, username in (DEMO_STAFF, *_ROLES)
    user, is_new = User.objects.get_or_create(
        username=username,
        defaults={"id": demo_user_id(username), "password": password, "is_staff": is_staff, "is_superuser": is_boss},
    )
    if is_new and username in _ROLES:
        user.groups.add(Group.objects.get(name=_ROLES[username]))
    if is_new and not is_staff and wallet().reserving is None:  # else the money is at the wallet
        codes = Asset.objects.values_list("code", flat=True)
        ledger_deposit_several(owner=user, amounts={code: demo_funds(code) for code in codes}, reason="Demo funds")
    return is_new
