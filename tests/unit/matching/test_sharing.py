"""Which process waits, keeps warm, hands over: plans from what processes report."""

import pytest

from matching.distribution import Duty, HandOver, duty_of, follower_of, next_hand_over
from matching.roster import MarketReport, Peer, Role

MARKETS = frozenset({"A/X", "B/X", "C/X", "D/X"})
WARM, COLD, BOTH, NOTHING = Duty(True, True), Duty(True, False), Duty(True, True), Duty(False, False)


def peer(name: str, *active: str, listed: set[str] | None = None, heir: str = "", **roles: Role) -> Peer:
    """Return a process that serves some markets; `A=Role.WARM` gives it a role for A/X."""
    reports = [MarketReport(symbol, Role.ACTIVE, 1, 1, heir) for symbol in active]
    reports += [MarketReport(f"{base}/X", role, 1, 1) for base, role in roles.items()]
    return Peer(name, frozenset(listed) if listed is not None else None, {report.symbol: report for report in reports})


def moved(peers: list[Peer], shared: frozenset[str] = MARKETS) -> list[HandOver]:
    """Return what all processes together would hand over."""
    return [plan for each in peers if (plan := next_hand_over(each.id, peers, shared))]


def test_a_process_alone_tries_for_every_market() -> None:
    peers = [peer("p")]
    assert {duty_of("p", symbol, peers, MARKETS, 0) for symbol in MARKETS} == {BOTH}
    assert moved(peers) == []


def test_who_serves_a_market_tries_for_it_again_when_the_lock_is_lost() -> None:
    """Its last report still says that it serves, and that it has no room for another market."""
    for peers in ([peer("p", *MARKETS)], [peer("p", *MARKETS), peer("q")]):
        assert all(duty_of("p", symbol, peers, MARKETS, 0).contends for symbol in MARKETS)


def test_one_process_keeps_a_market_warm_and_the_others_wait_cold() -> None:
    peers = [peer("p", *MARKETS), peer("q"), peer("r"), peer("s")]
    for symbol in MARKETS:
        followers = [each.id for each in peers[1:] if duty_of(each.id, symbol, peers, MARKETS, 0).follows]
        assert followers == [follower_of(symbol, peers)]


def test_a_process_that_goes_changes_only_what_it_kept_warm() -> None:
    symbols = [f"{number}/X" for number in range(100)]
    before = [peer("p", *symbols), peer("q"), peer("r"), peer("s")]
    after = [each for each in before if each.id != "s"]
    changed = {symbol for symbol in symbols if follower_of(symbol, before) != follower_of(symbol, after)}
    assert changed == {symbol for symbol in symbols if follower_of(symbol, before) == "s"}
    assert 10 < len(changed) < 60


def test_who_is_not_warm_leaves_a_free_market_to_who_is_until_a_second_has_passed() -> None:
    peers = [peer("p"), peer("q")]
    follower = follower_of("A/X", peers)
    other = "q" if follower == "p" else "p"
    peers = [peer(each.id, A=Role.WARM) if each.id == follower else each for each in peers]
    assert duty_of(follower, "A/X", peers, MARKETS, 0) == WARM
    assert duty_of(other, "A/X", peers, MARKETS, 0.5) == NOTHING
    assert duty_of(other, "A/X", peers, MARKETS, 1.5) == COLD


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((4, 0), [("p", "q")]),
        ((2, 2), []),
        ((2, 1, 1), []),
        ((2, 2, 0), [("q", "r")]),
        ((1, 1, 1, 1), []),
        ((3, 1), [("p", "q")]),
    ],
)
def test_the_fullest_hands_one_market_to_the_emptiest(counts: tuple[int, ...], expected: list[tuple[str, str]]) -> None:
    symbols = iter(sorted(MARKETS))
    peers = [peer("pqrs"[number], *[next(symbols) for _ in range(count)]) for number, count in enumerate(counts)]
    plans = {each.id: next_hand_over(each.id, peers, MARKETS) for each in peers}
    assert [(giver, plan.heir) for giver, plan in plans.items() if plan] == expected


def test_sharing_ends_and_ends_even() -> None:
    for processes in range(2, 7):
        held = {f"p{number}": set[str]() for number in range(processes)}
        held["p0"] = {f"{number}/X" for number in range(20)}
        shared = frozenset(held["p0"])
        for _ in range(20):
            peers = [peer(name, *sorted(symbols)) for name, symbols in held.items()]
            plans = moved(peers, shared)
            assert len(plans) <= 1
            for symbol, heir in plans:
                giver = next(name for name, symbols in held.items() if symbol in symbols)
                held[giver].remove(symbol)
                held[heir].add(symbol)
        assert moved(peers, shared) == []
        sizes = [len(symbols) for symbols in held.values()]
        assert max(sizes) <= -(-20 // processes) and max(sizes) - min(sizes) <= 1


def test_only_the_heir_tries_for_a_market_that_is_handed_over() -> None:
    peers = [peer("p", "A/X", "B/X", heir="r"), peer("q", A=Role.WARM), peer("r")]
    assert duty_of("q", "A/X", peers, MARKETS, 0).contends is False
    assert duty_of("r", "A/X", peers, MARKETS, 0) == BOTH
    assert moved(peers) == []


def test_an_heir_that_died_is_forgotten() -> None:
    peers = [peer("p", "A/X", heir="gone"), peer("q")]
    assert duty_of("q", "A/X", peers, MARKETS, 0).contends


def test_a_market_goes_to_the_process_that_was_started_for_it() -> None:
    shared = MARKETS - {"A/X"}
    peers = [peer("p", *MARKETS), peer("own", listed={"A/X"})]
    assert moved(peers, shared) == [HandOver("A/X", "own")]
    peers = [peer("p", *shared), peer("own", listed={"A/X"})]
    assert duty_of("own", "A/X", peers, shared, 0).contends
    assert not duty_of("p", "A/X", peers, shared, 0).contends
    assert duty_of("p", "A/X", peers, shared, 1.5).contends
    assert not duty_of("own", "A/X", peers, shared, 0).follows or follower_of("A/X", peers) == "own"


def test_nothing_moves_while_a_market_recovers() -> None:
    assert moved([peer("p", "A/X", "B/X", C=Role.RECOVERING), peer("q")]) == []
