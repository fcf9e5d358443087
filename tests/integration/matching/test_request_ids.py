"""The id of a request stands in every line that is logged about it: by the engine, and by the worker that settles."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.celery import app
from exchange.models import Market, User
from journal.batch import PostgresBatch
from matching.messages import NOBODY, CancelAllRequest, Correlation, pack_request, request_ids, unpack_request
from orders.models import Trade
from tests.engines import running_engine, wait_until
from tests.integration.settlement.cast import celery_worker
from tests.orders import buy, sell

pytestmark = pytest.mark.xdist_group("celery worker")


def asked(request_id: str) -> CancelAllRequest:
    return CancelAllRequest(correlation=Correlation("", 7, request_id), deadline_ms=1, user_id=bytes(16))


def test_the_id_travels_with_the_command() -> None:
    received = unpack_request(pack_request(asked("web-1")), "replies")

    assert received.correlation == Correlation("replies", 7, "web-1")


def test_a_line_names_each_request_once_and_not_too_many() -> None:
    many = [asked(f"web-{number // 2}") for number in range(100)]

    assert request_ids([asked(""), *many])[:3] == ["web-0", "web-1", "web-2"]
    assert len(request_ids(many)) == 20
    assert NOBODY.request_id == ""


def test_an_engine_that_fails_names_the_request(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a bug in the journal")

    with running_engine(market):
        monkeypatch.setattr(PostgresBatch, "record", fail)
        with structlog.contextvars.bound_contextvars(request_id="web-poison"), pytest.raises(Exception, match="wrong"):
            buy(maker, market, "1", "100")

    said = by_event([record.msg for record in caplog.records if isinstance(record.msg, dict)])
    assert {"web-poison"} == {one for line in said["batch_failed"] for one in line["request_ids"]}
    assert [line["request"]["request_id"] for line in said["request_failed"]] == ["web-poison"]


def test_a_settlement_names_the_requests_whose_trades_it_settles(
    market: Market, maker: User, taker: User, tmp_path: Path
) -> None:
    app.control.purge()
    log = tmp_path / "worker.log"
    settings = "tests.integration.settlement.wallet_settings"
    with (
        running_engine(market),
        celery_worker(log=log, DJANGO_SETTINGS_MODULE=settings, TEST_WALLET="FlakyOnceWallet"),
    ):
        sell(maker, market, "1", "100")
        with structlog.contextvars.bound_contextvars(request_id="web-taker"):
            buy(taker, market, "1", "100")
        wait_until(lambda: Trade.objects.get(market=market).settlement_status == "settled", "the settlement", 30)

    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    (failed,) = by_event(lines)["settlement_failed"]
    assert "web-taker" in failed["request_ids"]


def by_event(lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of a log by the name of their event."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["event"], []).append(line)
    return found
