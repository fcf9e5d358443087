"""What is done to the exchange: every kind of fault, and how likely it is."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import psycopg
from redis import RedisError

from tests.chaos.cast import MARKETS
from tests.chaos.cluster import ENGINES, Cluster

Fault = Callable[["Faults"], str]
TERMINATED_S = 10.0
SUSPENDED_S = (0.5, 5.0)
COMMANDS = "te:0:cmd:engine."
CAPACITY = 20_000


class MissedError(Exception):
    """What was to be struck was not there: it had been struck already."""


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that struck something."""

    kind: str
    at: float
    what: str


class Faults:
    """Draws faults and does them. Not for several threads."""

    def __init__(self, cluster: Cluster, seed: int, only: list[str] | None = None) -> None:
        self.cluster = cluster
        self.rng = random.Random(f"{seed} victims")  # how much is drawn here depends on what runs ...
        self._order = random.Random(f"{seed} kinds")  # ... and must not change what comes next
        self.done: list[Done] = []
        self.missed = 0
        kinds = {kind: weight for kind, (weight, _) in KINDS.items() if not only or kind in only}
        assert kinds, "Invariant: there is something to do"
        self._kinds, self._weights = list(kinds), list(kinds.values())
        self._resuming: list[threading.Timer] = []

    def strike(self) -> Done | None:
        """Do one fault and return what was done; None when its victim was down already, which counts for nothing."""
        kind, at = self._order.choices(self._kinds, self._weights)[0], time.time()
        try:
            done = Done(kind, at, KINDS[kind][1](self))
        except MissedError:
            self.missed += 1
            return None
        self.done.append(done)
        return done

    def wait(self) -> None:
        """Wait until everything that was suspended runs again."""
        for timer in self._resuming:
            timer.join()
        self._resuming.clear()

    # --- tools ------------------------------------------------------------------------------------

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> str:
        role = self.cluster.roles[name]
        pid = role.pid
        if not role.send(number):
            raise MissedError
        return f"{name} ({pid})"

    def terminate(self, name: str, number: signal.Signals = signal.SIGTERM) -> str:
        role = self.cluster.roles[name]
        pid = role.pid
        if not role.terminate(number, TERMINATED_S):
            raise MissedError
        return f"{name} ({pid})"

    def kill_child(self, name: str) -> str:
        role = self.cluster.roles[name]
        children = role.children()
        if not children:
            raise MissedError
        pid = self.rng.choice(children)
        role.send(signal.SIGKILL, [pid])
        return f"{name}'s child ({pid})"

    def suspend(self, name: str) -> str:
        """Stop a role and all below it, and let them go on later."""
        role, seconds = self.cluster.roles[name], self.rng.uniform(*SUSPENDED_S)
        if (pid := role.pid) is None:
            raise MissedError
        pids = [pid, *role.children()]
        role.send(signal.SIGSTOP, pids)
        timer = threading.Timer(seconds, _resume, [pids])
        timer.start()
        self._resuming.append(timer)
        return f"{name} ({pid}) for {seconds:.1f} s"

    def active(self) -> str:
        return self.cluster.active_engine() or self.rng.choice(ENGINES)

    def standby(self) -> str:
        active = self.active()
        return next(name for name in ENGINES if name != active)

    def sql(self, query: str, *values: Any) -> int:
        """Run a query and count its rows."""
        try:
            with self.cluster.database() as connection:
                connection.execute("SET statement_timeout = 2000")
                return len(connection.execute(query, values).fetchall())
        except psycopg.Error as error:
            raise MissedError from error

    def broker(self, work: Callable[[Any], Any]) -> Any:
        """Do something in Valkey."""
        try:
            with self.cluster.broker() as redis:
                return work(redis)
        except (RedisError, OSError) as error:
            raise MissedError from error


def _resume(pids: list[int]) -> None:
    import os

    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


# --- kinds ----------------------------------------------------------------------------------------

_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = 'exchange' AND application_name <> 'chaos'"


def _terminate(faults: Faults) -> str:
    count = faults.rng.choice((1, 1, 3, 50))
    query = f"SELECT pg_terminate_backend(pid) FROM ({_BACKENDS} ORDER BY random() LIMIT %s) b"  # noqa: S608
    return f"{faults.sql(query, count)} connections to PostgreSQL"


def _kill_backend(faults: Faults) -> str:
    """A backend that dies by SIGKILL makes PostgreSQL end all sessions and recover."""
    return faults.kill_child("postgres")


def _cut_broker(faults: Faults) -> str:
    kind = faults.rng.choice(("normal", "pubsub"))
    return f"{faults.broker(lambda redis: redis.client_kill_filter(_type=kind))} {kind} connections to Valkey"


def _junk(faults: Faults) -> str:
    """Malformed messages on the engines' channels, of every depth."""
    good_head = {"type": "engine.commands", "reply_to": "nobody"}
    bodies: list[Any] = [
        b"\xc1\xff", b"", 17, [1, 2], {"type": "no.such.handler"}, {"no": "type"}, {"type": "engine.commands"},
        good_head | {"requests": [[99, 1]]}, good_head | {"requests": [[1, 1, 2]]}, good_head | {"requests": 3},
        good_head | {"requests": [[1, 1, "x", 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]},
        good_head | {"requests": [[2, 1, 1 << 60, b"short", b"short"]]},
        {"type": "engine.commands", "reply_to": 5, "requests": []},
    ]  # fmt: skip
    body = faults.rng.choice(bodies)
    packed = body if isinstance(body, bytes) else msgpack.packb(body)
    return f"junk {body!r} x {_send(faults, lambda: packed, 3)}"


def _fill(faults: Faults) -> str:
    """As many nudges on an engine's channel as it holds."""
    return f"{_send(faults, lambda: msgpack.packb({'type': 'engine.refresh'}), CAPACITY)} nudges"


def _send(faults: Faults, message: Callable[[], bytes], count: int) -> int:
    slug = faults.rng.choice(list(MARKETS)).replace("/", "-")

    def work(redis: Any) -> int:
        # As the layer serializes: twelve random bytes keep equal messages apart.
        members = {faults.rng.randbytes(12) + message(): time.time() for _ in range(count)}
        redis.zadd(COMMANDS + slug, members)
        redis.expire(COMMANDS + slug, 60)
        return len(members)

    found: int = faults.broker(work)
    return found


def _tasks(faults: Faults) -> str:
    """Thousands of tasks that nobody needs, some of them malformed."""
    from base64 import b64encode
    from json import dumps
    from uuid import uuid4

    def task(name: str, kwargs: Any) -> str:
        body = b64encode(
            dumps([[], kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()
        )
        headers = {"lang": "py", "task": name, "id": str(uuid4()), "retries": 0, "timelimit": [None, None]}
        properties = {
            "correlation_id": headers["id"], "delivery_mode": 2, "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": "settlement"}, "priority": 0, "body_encoding": "base64",
        }  # fmt: skip
        return dumps(
            {"body": body.decode(), "content-encoding": "utf-8", "content-type": "application/json",
             "headers": headers, "properties": properties}
        )  # fmt: skip

    wishes = [task("settlement.tasks.settle_market", {"market_id": n % 5}) for n in range(2_000)]
    wishes += [task("no.such.task", {}), task("settlement.tasks.settle_market", {"wrong": 1})] * 5
    faults.rng.shuffle(wishes)
    return f"{faults.broker(lambda redis: redis.lpush('settlement', *wishes))} tasks in the queue"


KINDS: dict[str, tuple[float, Fault]] = {
    "kill engine": (12, lambda f: f.kill(f.active())),
    "kill standby": (4, lambda f: f.kill(f.standby())),
    "stop engine": (6, lambda f: f.suspend(f.active())),
    "stop standby": (2, lambda f: f.suspend(f.standby())),
    "kill postgres": (6, lambda f: f.kill("postgres")),
    "immediate postgres": (3, lambda f: f.kill("postgres", signal.SIGQUIT)),
    "kill backend": (4, _kill_backend),
    "stop postgres": (3, lambda f: f.suspend("postgres")),
    "cut postgres": (6, _terminate),
    "kill valkey": (6, lambda f: f.kill("valkey")),
    "stop valkey": (3, lambda f: f.suspend("valkey")),
    "cut valkey": (5, _cut_broker),
    "kill api": (4, lambda f: f.kill("api")),
    "kill api's child": (3, lambda f: f.kill_child("api")),
    "stop api": (2, lambda f: f.suspend("api")),
    "kill web": (5, lambda f: f.kill("web")),
    "stop web": (2, lambda f: f.suspend("web")),
    "kill worker": (5, lambda f: f.kill("worker")),
    "kill worker's child": (4, lambda f: f.kill_child("worker")),
    "stop worker": (2, lambda f: f.suspend("worker")),
    "kill beat": (2, lambda f: f.kill("beat")),
    "junk commands": (3, _junk),
    "full channel": (2, _fill),
    "flood of tasks": (2, _tasks),
    "term engine": (3, lambda f: f.terminate(f.active())),
    "term api": (2, lambda f: f.terminate("api")),
    "term web": (2, lambda f: f.terminate("web")),
    "term worker": (2, lambda f: f.terminate("worker")),
    "term postgres": (1, lambda f: f.terminate("postgres", signal.SIGINT)),
}
