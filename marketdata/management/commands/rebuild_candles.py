from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from exchange.models import Market
from exchange.selectors import market_by_symbol, markets
from marketdata.candle_rebuild import Compared, candles_check, candles_days, candles_rebuild

_NAMED_MAX = 20


class Command(BaseCommand):
    help = "Rebuild candles from the stored trades, and check them. Safe while the exchange runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--market", help="one market, such as BTC-USDT (default: all)")
        parser.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DAY", help="first day, UTC")
        parser.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DAY", help="the day after the last")
        parser.add_argument("--check", action="store_true", help="only compare; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = [market_by_symbol(options["market"])] if options["market"] else markets()
        differences = 0
        for market in chosen:
            days = candles_days(market=market, since=options["since"], until=options["until"])
            if not options["check"]:
                self._rebuild(market, days)
            differences += self._check(market, days)
        if differences:
            raise CommandError(f"{differences:,} candles differ from the trades")

    def _rebuild(self, market: Market, days: list[date]) -> None:
        with self._bar(market, "rebuild", days) as bar:
            done = candles_rebuild(market=market, days=days, on_day=bar.update)
        self.stdout.write(f"{market.symbol}: {done.written:,} candles written, {done.removed:,} removed")

    def _check(self, market: Market, days: list[date]) -> int:
        with self._bar(market, "compare", days) as bar:
            found: Compared = candles_check(market=market, days=days, on_day=bar.update)
        for timeframe, opened_at in found.different[:_NAMED_MAX]:
            self.stderr.write(f"{market.symbol}: {timeframe} of {opened_at:%Y-%m-%d %H:%M} differs from the trades")
        verdict = f"{len(found.different):,} DIFFER" if found.different else "all equal to the trades"
        self.stdout.write(f"{market.symbol}: {found.candles:,} candles of {len(days):,} days, {verdict}")
        return len(found.different)

    def _bar(self, market: Market, work: str, days: list[date]) -> Any:
        return tqdm(total=len(days), desc=f"{market.symbol} {work}", unit=" days", disable=None, leave=False)
