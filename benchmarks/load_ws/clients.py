"""The second process: opens the sockets, reads all but the slow ones, checks everything, and reports as JSON.

Says `ready` on its standard output once every client has its snapshot, and ends some time after its input has ended.
"""

import json
import os
import select
import sys
import time
from argparse import ArgumentParser
from typing import Any

import psycopg

from benchmarks.figures import percentiles_ms
from benchmarks.load_ws.books import Books
from benchmarks.load_ws.sockets import Client

QUIET_S = 1.0  # without any data: everything has arrived
SLOW_BUFFER_BYTES = 4_096
_COMMITS = """
SELECT last_seq, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM orders_journalbatch
WHERE market_id = (SELECT id FROM exchange_market WHERE symbol = %s) AND last_seq > %s ORDER BY last_seq
"""


class Crowd:
    """All clients of a run."""

    def __init__(self, address: tuple[str, int], path: str, count: int, slow: int) -> None:
        self.books = Books()
        self.clients = [Client(address, path) for _ in range(count)]
        self.slow = [Client(address, path, receive_buffer=SLOW_BUFFER_BYTES) for _ in range(slow)]
        self._poll = select.epoll()
        self._by_number = {client.socket.fileno(): client for client in self.clients}
        for client in [*self.clients, *self.slow]:
            client.socket.setblocking(False)
        for client in self.clients:
            self._poll.register(client.socket, select.EPOLLIN)
            client.take(client.rest, self.books, time.time())

    def read(self, timeout_s: float) -> int:
        """Read the clients that have something; return how many these were."""
        ready = self._poll.poll(timeout_s, 4_096)
        for number, _ in ready:
            client = self._by_number[number]
            client.read(self.books, time.time())
            if client.is_closed:
                self._poll.unregister(number)
        return len(ready)

    def wait_for_snapshots(self) -> None:
        deadline = time.time() + 60
        while not all(client.book for client in self.clients):
            self.read(0.1)
            assert time.time() < deadline, "Invariant: every client gets a snapshot"
        for client in self.clients:
            del client.seqs[:], client.times[:]

    def read_slow(self) -> None:
        """Let the slow clients read, at last, until nothing comes any more."""
        quiet_since = time.time()
        while time.time() - quiet_since < QUIET_S:
            for client in [client for client in self.slow if not client.is_closed]:
                before = client.messages
                client.read(self.books, time.time())
                if client.messages != before:
                    quiet_since = time.time()
            self.read(0.01)


def latencies(clients: list[Client], commits: list[tuple[int, float]]) -> list[float]:
    """Return for each client and each batch the seconds from its commit to the client having it."""
    found = []
    for client in clients:
        seqs, times, place = client.seqs, client.times, 0
        for seq, committed_at in commits:
            while place < len(seqs) and seqs[place] < seq:
                place += 1
            if place == len(seqs):
                break
            found.append(times[place] - committed_at)
    return found


def report(crowd: Crowd, symbol: str, first_seq: int) -> dict[str, Any]:
    """Compare what arrived with what was committed, by the database's own commit times."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute(_COMMITS, [symbol, first_seq]).fetchall()
    commits = [(int(seq), float(at)) for seq, at in rows]
    last_seq = commits[-1][0] if commits else first_seq
    found = latencies(crowd.clients, commits)
    seq = crowd.books.seq
    return {
        "clients": len(crowd.clients),
        "batches": len(commits),
        "updates_per_client": round(sum(len(client.seqs) for client in crowd.clients) / len(crowd.clients)),
        "messages": sum(client.messages for client in crowd.clients),
        "commit_to_client_ms": percentiles_ms(found) if found else None,
        "gaps_and_checksum_errors": len(crowd.books.errors),
        "errors": crowd.books.errors[:3],
        "closed": sum(client.is_closed for client in crowd.clients),
        "behind": sum(seq(client.book) != last_seq for client in crowd.clients),
        "slow": {
            "clients": len(crowd.slow),
            "closed_with_4408": sum(client.close_code == 4408 for client in crowd.slow),
            "closed": sum(client.is_closed for client in crowd.slow),
            "conflated_and_up_to_date": sum(seq(client.book) == last_seq for client in crowd.slow),
            "neither": sum(
                seq(client.book) != last_seq and not (client.is_closed or client.close_code) for client in crowd.slow
            ),
            "updates": sum(len(client.seqs) for client in crowd.slow),
        },
    }


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--symbol", required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--slow", type=int, required=True)
    parser.add_argument("--query", default="")
    arguments = parser.parse_args()
    path = f"/ws/markets/{arguments.symbol.replace('/', '-')}{arguments.query}"
    crowd = Crowd(("127.0.0.1", arguments.port), path, arguments.clients, arguments.slow)
    crowd.wait_for_snapshots()
    first_seq = min(crowd.books.seq(client.book) for client in crowd.clients)
    print("ready", flush=True)
    told = select.poll()
    told.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while not told.poll(0):
        crowd.read(0.05)
    while crowd.read(QUIET_S):
        pass
    crowd.read_slow()
    print(json.dumps(report(crowd, arguments.symbol, first_seq)), flush=True)


if __name__ == "__main__":
    main()
