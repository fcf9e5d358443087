"""After anything in any order everything agrees: replayed from the beginning, and from one checkpoint to the next."""

import os
import random

import pytest

from exchange.models import Market, User
from orders.models import ReplayCheckpoint
from tests.desk import open_desk
from tests.integration.journal.test_random import Script, poor_user
from tests.integration.journal.test_random import coarse_market as coarse_market
from verification.reconciliation.run import reconcile

STEPS = 60


@pytest.mark.parametrize("number", range(int(os.environ.get("JOURNAL_SEEDS", "1"))))
def test_whatever_happens_stored_and_replayed_agree(coarse_market: Market, staff: User, number: int) -> None:
    seed = int(os.environ["TEST_SEED"]) + number
    print(f"TEST_SEED={seed}")
    rng = random.Random(seed)
    users = [poor_user(role, coarse_market) for role in ("maker", "taker", "outsider")]
    with open_desk(coarse_market) as desk:
        script = Script(desk, users, rng)
        for step in range(STEPS):
            desk.pass_time(1)
            if rng.random() < 0.25:
                script.happening(staff)
            else:
                desk.send(*[script.request() for _ in range(rng.randrange(1, 6))])
            if step % 15 == 14:
                done = reconcile(markets=[coarse_market])
                assert done.mismatches == [], [(m.subject, m.expected, m.found) for m in done.mismatches]
        done = reconcile(markets=[coarse_market], full=True)
        assert done.mismatches == [], [(m.subject, m.expected, m.found) for m in done.mismatches]
    assert ReplayCheckpoint.objects.filter(market=coarse_market).count() >= 3
    assert done.markets[0].replayed_from == 0 and done.markets[0].trades and done.markets[0].orders
