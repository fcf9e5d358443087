import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from operations.engines.selectors import Fleet, ProcessView, ServedMarket, engine_fleet


class Command(BaseCommand):
    help = "Show which engine process serves each market, which stand by, and all engine processes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        fleet = engine_fleet()
        if options["json"]:
            self.stdout.write(json.dumps(fleet.as_json, indent=2))
            return
        for line in _lines(fleet):
            self.stdout.write(line)


def _lines(fleet: Fleet) -> list[str]:
    unserved = [market.symbol for market in fleet.markets if market.is_unserved]
    lines = [line for market in fleet.markets for line in _market_lines(market)]
    lines += ["", f"{len(fleet.live)} engine processes live"]
    lines += [_process_line(process) for process in fleet.processes]
    if unserved:
        lines += ["", f"NOBODY SERVES {', '.join(unserved)}"]
    return lines


def _market_lines(market: ServedMarket) -> list[str]:
    head = f"{market.symbol}: seq {market.seq}, state hash {market.state_hash or '-'}"
    if market.holder is None:
        held = "served by NOBODY" if market.is_expected else "closed, served by nobody"
    else:
        holder = market.holder
        held = (
            f"{holder['role']} on {_name(holder)} since {holder['since']}, last report {holder['beat_age_s']:.1f} s ago"
        )
    return [f"{head}, {held}", *[f"    {_standby(standby)}" for standby in market.standbys]]


def _standby(standby: dict[str, Any]) -> str:
    lag = "" if standby["lag"] is None else f", seq {standby['seq']}, {standby['lag']} behind"
    return f"{standby['role']} on {_name(standby)} since {standby['since']}{lag}"


def _name(view: dict[str, Any]) -> str:
    return f"{view['host']} (process {view['pid']})"


def _process_line(process: ProcessView) -> str:
    markets = "; ".join(f"{role}: {', '.join(symbols)}" for role, symbols in sorted(process.markets.items()))
    what = "shares all markets" if process.listed is None else f"serves {', '.join(process.listed)}"
    state = "" if process.is_live else f"GONE for {process.beat_age_s:.0f} s, "
    return f"    {process.host} (process {process.pid}), {state}{what}, started {process.started_at}; {markets}"
