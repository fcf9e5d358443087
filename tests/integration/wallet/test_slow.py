"""A wallet that hangs, behind a real api process: it keeps a few threads, and everything else goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from config.embedded.settings import LOOPBACK, PROJECT
from config.processes import die_with_parent
from tests.engines import wait_until
from tests.fixtures import access_token
from tests.integration.wallet.scene import FUNDS, ORDERS, Scene
from tests.integration.wallet.service import TOKEN, Fault
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("wallet")

THREADS, CONCURRENCY = 16, 4


@contextmanager
def api_process(wallet_url: str, **settings: str) -> Iterator[str]:
    """Run the api role with the remote wallet until the block ends; gives its address."""
    port = free_port()
    environment = {
        **os.environ, "WALLET": "remote", "WALLET_URL": wallet_url, "WALLET_TOKEN": TOKEN, "LOG_LEVEL": "ERROR",
        "WALLET_CONCURRENCY": str(CONCURRENCY), **settings,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(port),
         "--workers", "1", "--blocking-threads", str(THREADS), "--no-log", "config.wsgi:application"],
        cwd=PROJECT, env=environment, preexec_fn=die_with_parent(signal.SIGTERM),
    )  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    try:
        wait_until(answers, "the api process", 90)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_a_wallet_that_hangs_stalls_neither_cancels_nor_reads(scene: Scene) -> None:
    resting = [scene.placed(scene.maker, "sell", "0.1", "100")["id"] for _ in range(10)]
    headers = {user: {"Authorization": f"Bearer {access_token(user)}"} for user in (scene.maker, scene.taker)}
    body = {"symbol": scene.market.symbol, "side": "buy", "type": "limit", "price": "90", "quantity": "0.1"}
    scene.proxy.faults.append(Fault("/reservations", "delay before", seconds=8))
    started = threading.Event()

    with api_process(scene.proxy.url, WALLET_TIMEOUT_MS="6000") as url, ThreadPoolExecutor(50) as pool:

        def place(_: int) -> tuple[int, float]:
            started.set()
            began = time.monotonic()
            answer = requests.post(url + ORDERS, json=body, headers=headers[scene.taker], timeout=30)
            return answer.status_code, time.monotonic() - began

        _timed("GET", f"{url}{ORDERS}", headers[scene.maker])  # the first request of a process loads what it needs
        placing = [pool.submit(place, number) for number in range(50)]
        started.wait()
        waits = [_timed("DELETE", f"{url}{ORDERS}/{order_id}", headers[scene.maker]) for order_id in resting]
        waits += [_timed("GET", f"{url}{ORDERS}", headers[scene.maker]) for _ in range(10)]
        assert not all(each.done() for each in placing), "the wallet hangs while all this is asked"
        answers = [each.result() for each in placing]

    assert Counter(status for status, _ in answers) == {503: 50}
    assert max(waits) < 3
    at_once = sorted(seconds for _, seconds in answers)[: 50 - 3 * CONCURRENCY]
    assert max(at_once) < 3, "but for those that hold a slot, all are refused at once"
    scene.proxy.heal()
    scene.proxy.wait_until_idle()  # what was kept waiting has arrived
    scene.grow_old()
    scene.sweep_until(lambda: scene.is_quiet() and scene.there(scene.taker, scene.quote) == (FUNDS, 0), "all undone")


def _timed(method: str, url: str, headers: Any) -> float:
    began = time.monotonic()
    answer = requests.request(method, url, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.content
    return time.monotonic() - began


def test_a_process_killed_with_orders_on_their_way_leaves_nothing_reserved(scene: Scene) -> None:
    headers = {"Authorization": f"Bearer {access_token(scene.taker)}"}
    body = {"symbol": scene.market.symbol, "side": "buy", "type": "limit", "price": "90", "quantity": "0.1"}
    scene.proxy.faults.append(Fault("/reservations", "delay after", seconds=1))

    with api_process(scene.proxy.url) as url, ThreadPoolExecutor(4) as pool:

        def place(_: int) -> None:
            with pytest.raises(requests.ConnectionError):
                requests.post(url + ORDERS, json=body, headers=headers, timeout=30)

        placing = [pool.submit(place, number) for number in range(4)]
        wait_until(lambda: scene.there(scene.taker, scene.quote)[1] > 0, "the wallet to reserve")
        _kill_children(url)
        for each in placing:
            each.result()
    scene.proxy.heal()
    assert set(scene.reservations(scene.taker)) == {"reserving"}
    scene.grow_old()

    scene.sweep_until(scene.is_quiet, "the reservations to be voided")

    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)


def _kill_children(url: str) -> None:
    """Kill the api's processes as a power cut would."""
    port = url.rpartition(":")[2]
    found = subprocess.run(["pgrep", "-f", f"granian.*--port {port} "], capture_output=True, text=True, check=True)
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
