"""What messages cost: debts are paid by waiting, by a connection and by its address."""

from types import SimpleNamespace

import pytest

from base import allowance
from base.allowance import Allowance
from base.errors import ApiError
from marketdata import charges
from marketdata.charges import ROWS_AT_ONCE, ROWS_PER_S, WAIT_S_MAX, Charges
from marketdata.ring import UpdateRing
from tests.unit.marketdata.test_ring import batch


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that goes on only when somebody waits, and notes how long."""
    clock = SimpleNamespace(s=0.0)

    async def sleep(seconds: float) -> None:
        clock.s += seconds

    monkeypatch.setattr(allowance, "time", SimpleNamespace(monotonic=lambda: clock.s))
    monkeypatch.setattr(charges, "asyncio", SimpleNamespace(sleep=sleep))
    return clock


async def test_what_was_used_beyond_the_allowance_is_waited_for(now: SimpleNamespace) -> None:
    own = Charges(Allowance(1_000_000, 1_000_000))
    own.add(int(ROWS_AT_ONCE))
    await own.settle()
    assert now.s == 0

    own.add(int(2 * ROWS_PER_S))
    await own.settle()

    assert now.s == pytest.approx(2)


async def test_connections_of_one_address_pay_together(now: SimpleNamespace) -> None:
    address = Allowance(1_000, 10_000)
    first, second = Charges(address), Charges(address)
    first.add(12_000)

    await second.settle()

    assert now.s == pytest.approx(2)


async def test_who_owes_too_much_is_told_and_not_kept_waiting(now: SimpleNamespace) -> None:
    own = Charges(Allowance(1_000_000, 1_000_000))
    own.add(int(ROWS_AT_ONCE + ROWS_PER_S * (WAIT_S_MAX + 5)))

    with pytest.raises(ApiError, match="ask again in 15 s"):
        await own.settle()
    now.s += 6
    await own.settle()

    assert now.s == pytest.approx(15)


def test_what_a_viewer_missed_is_counted_without_looking_at_it() -> None:
    ring = UpdateRing(0)
    for seq in range(1, 101):
        ring.add(batch(seq, seq, [(seq, 1)], []))

    assert ring.changes_since(100) == 0
    assert len(ring.since(90)[0]) <= ring.changes_since(90) <= 20
    assert ring.changes_since(0) <= 200


def test_an_allowance_is_earned_up_to_its_most(now: SimpleNamespace) -> None:
    taken = Allowance(2, 3)
    assert [taken.take() for _ in range(4)] == [True, True, True, False]
    now.s = 0.5
    assert (taken.take(), taken.take()) == (True, False)
    now.s = 100
    assert not taken.take(3.5)
    assert taken.take(3)
