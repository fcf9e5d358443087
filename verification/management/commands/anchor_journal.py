"""`manage.py anchor_journal`: let the chains begin later, before an old part of the journal is detached."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from base.errors import ApiError
from exchange.models import Market
from verification.services import journal_anchor


class Command(BaseCommand):
    help = "Keep each chain's hash as of a day, so that the partitions before it may be detached. Runs as the owner."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", type=date.fromisoformat, required=True, metavar="DAY", help="as 2026-08-01")
        parser.add_argument("--note", required=True, help="why, and where the partitions go; kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        day: date = options["before"]
        before = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for market in Market.objects.order_by("id"):
            try:
                seq = journal_anchor(market=market, before=before, note=options["note"])
            except ApiError as error:
                raise CommandError(f"{market}: {error}: {error.details}") from error
            self.stdout.write(f"{market}: " + ("nothing before that day" if seq is None else f"anchored at {seq:,}"))
