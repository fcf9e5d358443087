"""`python -m benchmarks.load_ws`: many WebSocket clients on one busy market, on temporary servers of its own.

Engine, web role, trades and clients are processes of their own, the clients' sockets real ones. A latency is from the
commit, as PostgreSQL notes it, to the client having read the message. Returns 1 when a target was missed.
"""

import json
import logging
import os
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from benchmarks.environment import roles, servers, wait_for
from benchmarks.figures import cpu_seconds, machine, make_market, make_traders

SEED = 20_250_101
TRADERS = 50
P99_MS_MAX = 50
CLIENT_KB_MAX = 50
LEAK_KB_MAX = 2_000


def main() -> int:
    """Run what was asked for, print the figures."""
    parser = ArgumentParser(prog="python -m benchmarks.load_ws")
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--slow", type=int, default=100, help="more clients, which read nothing")
    parser.add_argument("--trades", type=int, default=1_000, help="trades a second")
    parser.add_argument("--seconds", type=float, default=40, help="a slow client is closed after 30")
    parser.add_argument("--cycles", type=int, default=10_000, help="connections that are opened and dropped")
    parser.add_argument("--query", default="", help="of the address, such as ?interval=100ms")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ |= {"WS_CONNECTIONS_PER_ADDRESS": "100000", "WS_OPENINGS_PER_MINUTE": "10000000"}
    with servers():
        import django

        django.setup()
        result = {"machine": machine(), **_run(arguments)}
        logging.disable()  # the servers go now, and whoever misses them would say so
    print(json.dumps(result, indent=2))
    missed = _missed(result)
    print("\n".join(missed) or "all targets reached")
    return 1 if missed else 0


def _run(arguments: Namespace) -> dict[str, Any]:
    from benchmarks.durable import wait_until_served
    from benchmarks.load_ws.flow import Flow

    market = make_market()
    flow = Flow(market, make_traders(market, TRADERS), SEED)
    with roles("engine", "web") as running:
        wait_until_served(market)
        web, engine = running["web"].pid, running["engine"].pid
        port = int(os.environ["WEB_PORT"])
        wait_for("the web role", lambda: _is_listening(port))
        flow.deepen()
        _connect_and_drop(port, market.symbol, 50)  # what is loaded with the first clients is not theirs
        before_kb = memory_kb(web)
        load = _start_clients(arguments, port, market.symbol)
        connected_kb = memory_kb(web)
        cpu = {name: cpu_seconds(pid) for name, pid in (("web", web), ("engine", engine), ("clients", load.pid))}
        flow.outcomes.clear()
        began = time.monotonic()
        flow.run(arguments.trades, arguments.seconds)
        took_s = time.monotonic() - began
        busy = {
            name: round((cpu_seconds(pid) - cpu[name]) / took_s, 2)
            for name, pid in (("web", web), ("engine", engine), ("clients", load.pid))
        }
        busy_kb = memory_kb(web)
        output, _ = load.communicate(timeout=180)
        assert load.returncode == 0, f"the clients failed: {output}"
        count = arguments.clients + arguments.slow
        result = {
            "trades_per_s": round(flow.outcomes["EXECUTED"] / 2 / took_s),
            "outcomes": dict(flow.outcomes.most_common()),
            "load": json.loads(output.splitlines()[-1]),
            "cores_used": busy,
            "web_kb": {"before": before_kb, "connected": connected_kb, "busy": busy_kb},
            "kb_per_client": {
                name: round((now_kb - before_kb) / count, 1)
                for name, now_kb in (("connected", connected_kb), ("busy", busy_kb))
            },
        }
        return result | {"cycles": _cycles(web, port, market.symbol, arguments.cycles)}


def _start_clients(arguments: Namespace, port: int, symbol: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "benchmarks.load_ws.clients",
        "--port",
        str(port),
        "--symbol",
        symbol,
        "--clients",
        str(arguments.clients),
        "--slow",
        str(arguments.slow),
        "--query",
        arguments.query,
    ]
    load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert load.stdout, "Invariant: its output is a pipe"
    line = load.stdout.readline()
    assert line == "ready\n", f"the clients did not get ready: {line!r}"
    return load


def _cycles(web: int, port: int, symbol: str, count: int) -> dict[str, Any]:
    """Open and drop connections; what is left after the first fifth is compared with what is left at the end."""
    if not count:
        return {}
    _connect_and_drop(port, symbol, count // 5)
    time.sleep(5)
    before_kb, before_files = memory_kb(web), open_files(web)
    began = time.monotonic()
    _connect_and_drop(port, symbol, count - count // 5)
    per_s = (count - count // 5) / (time.monotonic() - began)
    wait_for("the connections' ends", lambda: open_files(web) <= before_files, timeout_s=30, pause_s=0.5)
    time.sleep(5)
    return {
        "count": count,
        "per_s": round(per_s),
        "web_kb": [before_kb, memory_kb(web)],
        "open_files": [before_files, open_files(web)],
        "leaked_kb": memory_kb(web) - before_kb,
    }


def _connect_and_drop(port: int, symbol: str, count: int) -> None:
    from benchmarks.load_ws.sockets import Client

    for number in range(count):
        client = Client(("127.0.0.1", port), f"/ws/markets/{symbol.replace('/', '-')}")
        if number % 2 and not client.rest:
            client.socket.recv(4_096)  # every other one stays until its snapshot comes
        client.socket.close()


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _is_listening(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _missed(result: dict[str, Any]) -> list[str]:
    load, cycles = result["load"], result["cycles"]
    slow = load["slow"]
    targets = {
        f"p99 from commit to client under {P99_MS_MAX} ms": load["commit_to_client_ms"]["p99"] < P99_MS_MAX,
        f"memory per client under {CLIENT_KB_MAX} KB": result["kb_per_client"]["busy"] < CLIENT_KB_MAX,
        "no gap, no checksum error": load["gaps_and_checksum_errors"] == 0,
        "every client is there to the end and up to date": load["closed"] == load["behind"] == 0,
        "slow clients are up to date or closed": slow["neither"] == 0,
        "connections leave nothing behind": not cycles
        or (cycles["leaked_kb"] < LEAK_KB_MAX and cycles["open_files"][1] <= cycles["open_files"][0]),
    }
    return [f"MISSED: {name}" for name, is_reached in targets.items() if not is_reached]


if __name__ == "__main__":
    sys.exit(main())
