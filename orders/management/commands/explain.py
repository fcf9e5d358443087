"""`manage.py explain TRADE_ID`: rebuild the book right before a trade and say why these two orders matched."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from orders.models import Trade
from orders.replay.connections import plain_reading
from orders.replay.explaining import ExplainError, as_json, text_of, trade_explain


class Command(BaseCommand):
    help = "Explain a trade from the journal: the command, the queue it met, and why these orders matched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trade_id", type=_uuid)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        trade = Trade.objects.filter(pk=options["trade_id"]).first()
        if trade is None:
            raise CommandError(f"There is no trade {options['trade_id']}: it was never made, or its partition is gone")
        try:
            with plain_reading() as connection:
                explanation = trade_explain(connection=connection, trade=trade)
        except ExplainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(as_json(explanation), indent=2) if options["json"] else "\n".join(text_of(explanation))
        )


def _uuid(text: str) -> UUID:
    return UUID(text)
