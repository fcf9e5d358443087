"""Clients that mean harm, against a real Daphne: what each may take of its memory and of others' time, and its end."""

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from websockets.asyncio.client import connect

from config.embedded.settings import PROJECT
from config.processes import die_with_parent
from exchange.models import Market
from marketdata.database import in_database
from matching.engine import Side
from tests.engines import wait_until
from tests.integration.marketdata.raw import CONTINUED, LOOPBACK, PING, RawClient, frame, message
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("attacks on streams")

GROWTH_MIB_MAX = 24.0
UNFINISHED_S = 1.0  # instead of ten
TRADES = 1_000
NOISE_MS = 15.0  # what a small shared machine alone may cost
SUBSCRIBE = [message(op="subscribe", symbols=[f"A{turn:03}/B{each:03}" for each in range(100)]) for turn in range(95)]


class Web(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]

    @property
    def memory_mib(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A Daphne that gives messages a second to be whole."""
    port = free_port()
    program = (
        f"from marketdata import protocol; protocol.MESSAGE_S = {UNFINISHED_S};"
        "from daphne.cli import CommandLineInterface; CommandLineInterface.entrypoint()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "-b", LOOPBACK, "-p", str(port), "config.asgi:application"],
        cwd=PROJECT, env={**os.environ, "WS_OPENINGS_PER_MINUTE": "6000"}, preexec_fn=die_with_parent(signal.SIGTERM),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(partial(_listens, port), "Daphne", 60)
        yield Web(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


# --- What one connection keeps --------------------------------------------------------------------


async def test_one_connection_makes_the_server_keep_next_to_nothing(market: Market, web: Web) -> None:
    """Slow messages first, then as many large ones as it takes: 60 KB each, which are allowed, and 900 KB."""
    port, path = web.port, f"/ws/markets/{market.slug}"

    def attack(size: int) -> int:
        with RawClient(port, path) as client:
            client.send(b"".join(SUBSCRIBE))
            return client.send(frame(b"x" * size) * (60_000_000 // size))

    await asyncio.to_thread(attack, 60_000)  # what it needs at all
    before = web.memory_mib
    accepted = [await asyncio.to_thread(attack, size) for size in (60_000, 900_000)]

    assert web.memory_mib - before < GROWTH_MIB_MAX
    assert max(accepted) < 9_000_000  # the buffers of the kernel, and what is thrown away after the close


async def test_an_upgrade_with_a_body_brings_nothing_along(web: Web) -> None:
    """Daphne hands the body on as the first frames."""
    before = web.memory_mib

    body = 60_000_000

    def attack() -> None:
        with socket.create_connection((LOOPBACK, web.port), 20) as plain, contextlib.suppress(OSError):
            plain.sendall(
                f"GET /ws/trades HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                f"Content-Length: {body}\r\n\r\n".encode()
            )
            plain.sendall(bytes(body))
            plain.recv(1)

    await asyncio.to_thread(attack)

    assert web.memory_mib - before < GROWTH_MIB_MAX


# --- How each ends --------------------------------------------------------------------------------

PART = frame(b"", CONTINUED, is_last=False)
ENDS = {
    "a flood of messages": (b"".join([message(op="ping")] * 400), 4429),
    "large messages within the limit": (b"".join([frame(b'{"op": "ping", "x": "' + b"x" * 60_000 + b'"}')] * 4), 4429),
    "a flood of pings": (b"".join([frame(b"x" * 100, PING)] * 400), 4429),
    "parts without end": (frame(b"{", is_last=False) + PART * 400, 4429),
    "a frame of 1 MB": (frame(b"x" * 1_000_000), 1009),
    "a frame that says it has 1 GB": (frame(b"x" * 1_000, length=1_000_000_000), 1009),
    "parts of more than 64 KB together": (
        frame(b"x" * 33_000, is_last=False) + frame(b"x" * 33_000, CONTINUED), 1009,
    ),
    "half a header": (frame(b"x" * 200)[:3], 4408),
    "half a frame": (frame(b'{"op": "pi', length=14), 4408),
    "half a message": (frame(b'{"op": ', is_last=False), 4408),
    "a message and half of the next": (message(op="ping") + frame(b"{", length=14), 4408),
    "a frame that is none": (b"\xff" * 30, 1002),
    "text that is none": (frame(b"\xff\xfe"), 1007),
}  # fmt: skip


async def test_each_is_told_why_it_is_closed(market: Market, web: Web) -> None:
    port = web.port

    def end(data: bytes) -> int:
        with RawClient(port, f"/ws/trades?symbol={market.slug}") as client:
            client.send(data)
            return client.close_code()

    codes = await asyncio.gather(*(asyncio.to_thread(end, data) for data, _ in ENDS.values()))

    assert dict(zip(ENDS, codes, strict=True)) == {name: code for name, (_, code) in ENDS.items()}


async def test_a_message_in_crumbs_is_not_waited_for(market: Market, web: Web) -> None:
    """Each byte is new, and the time of the whole message is over all the same."""
    whole = message(op="ping", x="x" * 400)

    def crumble() -> int:
        with RawClient(web.port, f"/ws/trades?symbol={market.slug}") as client:
            for at in range(len(whole)):
                if not client.send(whole[at : at + 1]):
                    break
                time.sleep(UNFINISHED_S / 20)
                if at * UNFINISHED_S / 20 > 3 * UNFINISHED_S:
                    break
            return client.close_code()

    assert await asyncio.to_thread(crumble) == 4408


async def test_who_does_not_read_is_not_read_and_pongs_do_not_pile_up(market: Market, web: Web) -> None:
    """Pings within the allowance, whose answers nobody takes."""
    before = web.memory_mib
    pings = b"".join([frame(b"x" * 125, PING)] * 90)

    def attack() -> int:
        clients = [RawClient(web.port, f"/ws/trades?symbol={market.slug}") for _ in range(20)]
        sent = sum(client.send(pings) for client in clients)
        for client in clients:
            client.socket.close()
        return sent

    assert await asyncio.to_thread(attack) == 20 * len(pings)
    assert web.memory_mib - before < GROWTH_MIB_MAX


# --- What others notice ---------------------------------------------------------------------------


async def pings_ms(web: Web, path: str, seconds: float) -> list[float]:
    """Return how long a bystander's pings took."""
    took = []
    async with connect(f"ws://{LOOPBACK}:{web.port}{path}", max_queue=None) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.perf_counter()
            await client.send('{"op": "ping"}')
            while '"pong"' not in str(await client.recv()):
                pass
            took.append(1_000 * (time.perf_counter() - began))
            await asyncio.sleep(0.06)
    return took


def resume_for(port: int, symbol: str, seconds: float) -> int:
    """Ask for all trades again and again, as often as the server reads; return how many bytes came for it."""
    got, resume = 0, message(op="resume", symbol=symbol, from_seq=0)
    with RawClient(port, f"/ws/trades?symbol={symbol.replace('/', '-')}", source="127.0.0.2") as client:
        client.socket.settimeout(0.05)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            client.send(resume)
            with contextlib.suppress(TimeoutError):
                while more := len(client.socket.recv(1 << 20)):
                    got += more
    return got


async def test_a_bystander_does_not_notice_who_asks_for_a_thousand_trades_again_and_again(
    script: ScriptedMarket, web: Web
) -> None:
    await in_database(many_trades, script)
    await script.commit()
    path = f"/ws/trades?symbol={script.market.slug}"
    idle = statistics.median(await pings_ms(web, path, 2))
    work = asyncio.gather(*(asyncio.to_thread(resume_for, web.port, script.market.symbol, 4.0) for _ in range(5)))

    busy, got = await pings_ms(web, path, 4), await work

    print(f"median of a ping: {idle:.1f} ms idle, {statistics.median(busy):.1f} ms under {sum(got):,} bytes of trades")
    assert sum(got) > 1_000_000
    assert statistics.median(busy) < max(2 * idle, NOISE_MS)


def many_trades(script: ScriptedMarket) -> None:
    maker = script.place(Side.SELL, 1001, TRADES)
    for _ in range(TRADES):
        script.trade(script.open[maker.id], 1)


async def test_names_that_no_market_has_hardly_reach_the_database(market: Market, web: Web) -> None:
    port, seconds = web.port, 3.0

    def ask_around() -> int:
        with RawClient(port, f"/ws/markets/{market.slug}") as client:
            client.socket.settimeout(seconds)
            sent = client.send(b"".join(SUBSCRIBE))
            time.sleep(seconds)
            return sent

    before = transactions()
    await asyncio.to_thread(ask_around)
    await asyncio.sleep(1.2)  # PostgreSQL's statistics come late by up to a second

    done = transactions() - before
    print(f"{done} transactions for up to {100 * len(SUBSCRIBE):,} names")
    assert done < 150 + 50 * seconds


def transactions() -> int:
    """Return how many transactions this test's database has had."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        (count,) = connection.execute(query).fetchone() or (0,)
        return int(count)
