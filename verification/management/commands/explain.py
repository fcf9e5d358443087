"""`manage.py explain ID`: why the two orders of a trade matched, or what the engine said of an order all its life."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from orders.models import Order, Trade
from verification.explanation.connections import plain_reading
from verification.explanation.orders import order_life
from verification.explanation.trades import ExplainError, as_json, text_of, trade_explain


class Command(BaseCommand):
    help = "Explain a trade (its command, the queue it met, why the orders matched) or an order, from the journal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trade_id", type=_uuid, help="id of a trade, or of an order")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        trade = Trade.objects.filter(pk=options["trade_id"]).first()
        if trade is None:
            self._tell_life(options["trade_id"], is_json=options["json"])
            return
        try:
            with plain_reading() as connection:
                explanation = trade_explain(connection=connection, trade=trade)
        except ExplainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(as_json(explanation), indent=2) if options["json"] else "\n".join(text_of(explanation))
        )

    def _tell_life(self, order_id: UUID, *, is_json: bool) -> None:
        order = Order.objects.filter(pk=order_id).first()
        if order is None:
            raise CommandError(f"There is no trade and no order {order_id}: it never existed, or its partition is gone")
        try:
            with plain_reading() as connection:
                life = order_life(connection=connection, order=order)
        except ExplainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(life.as_json(), indent=2) if is_json else "\n".join(life.lines()))


def _uuid(text: str) -> UUID:
    return UUID(text)
