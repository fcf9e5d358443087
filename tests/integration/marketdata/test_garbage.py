"""Clients that send anything: no fault of ours, no close code that is not described, no memory that stays.

GARBAGE_SECONDS makes it longer; TEST_SEED repeats it.
"""

import asyncio
import contextlib
import os
import re
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from exchange.models import Market
from tests.contract.streams import StreamContract
from tests.integration.marketdata.daphne import running_daphne
from tests.integration.marketdata.garbage import Garbage
from tests.servers import free_port

SECONDS = float(os.environ.get("GARBAGE_SECONDS", "3"))
CLIENTS = 8
MESSAGES_MAX = 40
GROWTH_MIB_MAX = 40
NORMAL = {1000, 1001, 1005}
TOO_LARGE = 1009
TROUBLE = re.compile(r"Traceback|\"level\": \"(error|critical)\"|Exception|stream_failed")


class Tally:
    """What the clients saw."""

    def __init__(self) -> None:
        self.connections = self.messages = self.refused = 0
        self.codes: dict[int, int] = {}

    def __str__(self) -> str:
        return (
            f"{self.connections:,} connections, {self.refused:,} refused, {self.messages:,} messages, "
            f"closed with {dict(sorted(self.codes.items()))}"
        )


async def test_anything_may_be_sent(market: Market, stream_contract: StreamContract, tmp_path: Path) -> None:
    seed = f"{os.environ['TEST_SEED']} garbage"
    log_file = tmp_path / "web.log"
    limits = {"WS_OPENINGS_PER_MINUTE": "1000000"}
    with log_file.open("wb") as log:
        async with running_daphne(free_port(), log, **limits) as server:
            await annoy(server.address, market, f"{seed} before", SECONDS / 3)
            before = memory_mib(server.process.pid)
            tally = await annoy(server.address, market, seed, SECONDS)
            grown = memory_mib(server.process.pid) - before
            async with connect(f"ws://{server.address}/ws/markets/{market.slug}") as client:
                assert '"snapshot"' in str(await client.recv())

    print(f"{tally}; memory of the server from {before:.0f} MiB by {grown:+.1f} MiB")
    assert tally.connections > CLIENTS
    described = set.union(*stream_contract.close_codes.values())
    assert set(tally.codes) <= described | NORMAL | {TOO_LARGE}
    assert 1011 not in tally.codes
    assert grown < GROWTH_MIB_MAX
    assert not TROUBLE.findall(text := log_file.read_text()), text[-5_000:]


async def annoy(address: str, market: Market, seed: str, seconds: float) -> Tally:
    """Let all clients do their worst for a while."""
    tally, until = Tally(), time.monotonic() + seconds
    await asyncio.gather(*(misbehave(address, market, f"{seed} {each}", tally, until) for each in range(CLIENTS)))
    return tally


async def misbehave(address: str, market: Market, seed: str, tally: Tally, until: float) -> None:
    """Open one connection after the other, and send until it is closed or it is time for another."""
    garbage = Garbage(seed, [market.symbol])
    while time.monotonic() < until:
        try:
            async with connect(f"ws://{address}{garbage.address()}", max_size=None, close_timeout=5) as client:
                tally.connections += 1
                reading = asyncio.create_task(read(client))
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(MESSAGES_MAX):
                        await client.send(garbage.message())
                        tally.messages += 1
                        await asyncio.sleep(0)
                await client.close()
                await reading
            # Whoever closes while the server does may see neither close: the server's end cuts the line then.
            is_both = client.close_code == 1006 and client.protocol.close_sent is not None
            code = 1000 if is_both else client.close_code or 1006
            tally.codes[int(code)] = tally.codes.get(int(code), 0) + 1
        except (InvalidHandshake, InvalidURI):
            tally.refused += 1


async def read(client: object) -> None:
    """Read all there is; what comes is held against its description."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await client.recv()  # type: ignore[attr-defined]  # both kinds of client have it


def memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_seed_sends_the_same(seed: str) -> None:
    first, second = (Garbage(seed, ["BTC/USDT"]) for _ in range(2))

    assert [first.message() for _ in range(200)] == [second.message() for _ in range(200)]
