"""The keys of advisory locks: each has one purpose, and all are in the registry."""

import re

from base.advisory_locks import ExchangeLock, MarketLock
from tests.unit.test_architecture import PROJECT, ROOMS, python_files


def test_each_purpose_has_a_key_of_its_own() -> None:
    """`@unique` refuses two names of one number when the registry is loaded; none may be missing either."""
    assert len({lock.value for lock in ExchangeLock}) == len(ExchangeLock.__members__)
    assert len({lock.value for lock in MarketLock}) == len(MarketLock.__members__)


def test_no_key_stands_elsewhere() -> None:
    numbers = re.compile(r"\b7_?20[45](_?00\d)?\b")
    found = [str(path.relative_to(PROJECT)) for path in python_files(*ROOMS) if numbers.search(path.read_text())]

    assert found == ["base/advisory_locks.py"]


def test_every_statement_that_takes_a_lock_takes_a_registered_one() -> None:
    takers = [
        path for path in python_files(*ROOMS) if re.search(r"pg_(try_)?advisory_(xact_)?lock\(", path.read_text())
    ]

    assert takers
    assert [path for path in takers if "base.advisory_locks" not in path.read_text()] == []
