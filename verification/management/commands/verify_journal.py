"""`manage.py verify_journal`: is every batch as it was written, and none missing? Exit status 0 yes, 1 no."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from exchange.models import Market
from exchange.selectors import market_by_symbol
from verification.chains.heads import heads_file, heads_read
from verification.chains.journal import journal_walk
from verification.explanation.connections import plain_reading


class Command(BaseCommand):
    help = "Walk along the chain of hashes of each market's journal, from its beginning to its head."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--market", action="append", default=[], metavar="BTC-USDT", help="only this market")
        parser.add_argument("--heads", type=Path, metavar="FILE", help="heads that were kept; default CHAIN_HEADS_FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = heads_read(options["heads"] or heads_file())
        markets = [market_by_symbol(text) for text in options["market"]] or list(Market.objects.order_by("id"))
        is_broken = False
        with plain_reading() as connection:
            for market in markets:
                walk = journal_walk(connection, market, kept=kept.journal.get(market.symbol))
                is_broken |= bool(walk.breaks)
                state = "BROKEN" if walk.breaks else "whole"
                place = walk.place
                self.stdout.write(
                    f"{market.symbol}: {state}, {walk.count:,} batches, head {place.number} {place.hash.hex()}"
                )
                for each in walk.breaks:
                    self.stdout.write(f"  {each.subject}: expected {each.expected}, found {each.found}")
        if is_broken:
            sys.exit(1)
