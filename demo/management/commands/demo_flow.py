import random
import secrets
import signal
import time
from argparse import ArgumentParser, ArgumentTypeError
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from client.rest import Endpoint
from demo.flow.desk import AwayError, Desk, RefusedError
from demo.flow.flow import Flow
from exchange.seeds import FLOW_MAKER, FLOW_TAKERS

log = structlog.get_logger(__name__)

RATE = 6.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_S = 6


class StopRequested(BaseException):
    """Unwinds from anywhere: the flow is to stop, or stopping takes too long."""


class Command(BaseCommand):
    help = (
        "Trade the seeded markets with demo accounts through the public API, so that there is something to see. "
        "Only with DEMO_MODE; runs until SIGTERM and then cancels its orders."
    )
    requires_system_checks = ()  # nothing here touches the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rate", type=_rate, default=RATE, help="about how many orders a second (default: %(default)s)"
        )
        parser.add_argument(
            "--seed", type=int, default=None, help="seed of all random choices (default: a new one each time)"
        )
        parser.add_argument("--seconds", type=float, default=None, help="stop after this time (default: never)")
        parser.add_argument("--url", default="http://127.0.0.1:8001", help="the exchange (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("demo_flow trades with demo accounts: it needs DEMO_MODE=1, never in production")
        try:
            endpoint = Endpoint.parse(options["url"])
        except ValueError as error:
            raise CommandError(f"--url: {error}") from error
        seed = secrets.randbelow(2**31) if options["seed"] is None else options["seed"]
        maker, *takers = (Desk(endpoint, name, settings.DEMO_PASSWORD) for name in (FLOW_MAKER, *FLOW_TAKERS))
        flow = Flow(maker, takers, rate=options["rate"], rng=random.Random(seed))
        log.info("demo_flow_started", seed=seed, rate=options["rate"])
        _run(flow, time.monotonic() + (options["seconds"] or float("inf")))


def _run(flow: Flow, until_s: float) -> None:
    def leave(number: int, frame: FrameType | None) -> None:
        flow.leave()  # an exception alone could get lost in code that cannot raise
        raise StopRequested

    for number in STOP_SIGNALS:
        signal.signal(number, leave)
    try:
        flow.run(until_s)
    except StopRequested:
        pass
    finally:
        _stop(flow)


def _stop(flow: Flow) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _request_stop)
    signal.alarm(STOP_S)
    try:
        flow.stop()
    except (AwayError, RefusedError, StopRequested) as error:
        log.warning("demo_flow_left_orders", reason=str(error) or "stopping took too long")
    finally:
        signal.alarm(0)
        log.info("demo_flow_stopped", **flow.done)


def _request_stop(number: int, frame: FrameType | None) -> None:
    raise StopRequested


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= 500:
        raise ArgumentTypeError("give a number from 0.1 to 500")
    return rate
