"""What an account is told while its snapshot is still being read."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from marketdata import private, session
from marketdata.private import PrivateStreams
from marketdata.selectors import Balance, PrivateState
from marketdata.send_queue import SendQueue
from marketdata.session import PrivateSession
from orders.bookmarks import Place

BTC = 3  # a market's id


def state(seq: int, available: str = "1") -> PrivateState:
    balances = [("BTC", Balance(available, "0", available))]
    return PrivateState({BTC: Place(seq, 0)}, {BTC: "BTC/USDT"}, [], True, balances)


def test_what_no_longer_fits_in_the_queue_has_to_be_in_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WAITING_MAX", 2)
    market: Any = SimpleNamespace(id=BTC)
    waiting = PrivateSession(uuid4())
    for seq in (5, 6, 7):
        row: Any = SimpleNamespace(seq=seq)
        waiting.order(market, row, seq)

    assert not waiting.is_lost
    assert not waiting.fits(state(6))
    assert waiting.fits(state(7))


async def test_a_balance_that_was_read_before_the_snapshot_is_not_told_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_id, queue = uuid4(), SendQueue(limit=9)
    is_read, may_answer, answers = asyncio.Event(), asyncio.Event(), ["3", "5"]

    async def state_for(session: PrivateSession) -> PrivateState:
        await is_read.wait()
        return state(7, "5")

    async def balances_of(users: set[bytes]) -> list[tuple[UUID, str, Balance]]:
        available = answers.pop(0)
        await may_answer.wait()
        return [(user_id, "BTC", Balance(available, "0", available))]

    monkeypatch.setattr(private, "_state_for", state_for)
    monkeypatch.setattr(private, "_balances_of", balances_of)
    streams = PrivateStreams(lambda: asyncio.sleep(0))
    streams.attach(user_id, queue, lambda: None, "", 0)
    streams.balances([(user_id.bytes, "BTC", "", "")])
    await asyncio.sleep(0)
    for event in (is_read, may_answer):
        event.set()
        await asyncio.sleep(0.05)

    told = []
    while message := queue.take():
        told += [orjson.loads(text)["type"] for text in message.texts]
    assert (told, answers) == (["snapshot"], [])
    await streams.close()
