"""Waiting for each other, and the answers that a client repeats."""

import threading

import pytest

from client import rest
from client.rest import Answer, Endpoint, ExchangeUnreachableError, repeat
from tape.flight import Flight, ReplayStoppedError
from tape.plan import Action, ActionKind
from tape.report import percentiles


def place(order_id: int, price_e4: int) -> Action:
    return Action(order_id, 0, ActionKind.PLACE, order_id, True, price_e4, 1)


def test_what_does_not_commute_waits_until_the_other_has_left() -> None:
    flight = Flight(4)
    first = flight.enter(place(1, 100))
    flight.enter(place(2, 200))
    entered = threading.Event()

    def enter_third() -> None:
        flight.enter(place(3, 100))
        entered.set()

    thread = threading.Thread(target=enter_third)
    thread.start()

    assert not entered.wait(0.05)
    flight.leave(first)

    assert entered.wait(5)
    thread.join()


def test_no_more_are_on_their_way_than_there_are_connections() -> None:
    flight = Flight(1)
    first = flight.enter(place(1, 100))
    assert not flight.land(timeout_s=0.01)
    flight.leave(first)

    assert flight.land(timeout_s=0.01)
    assert flight.enter(place(2, 200))


def test_after_a_failure_nothing_sets_off() -> None:
    flight = Flight(2)
    flight.fail(ExchangeUnreachableError("no answer"))

    with pytest.raises(ReplayStoppedError, match="no answer"):
        flight.enter(place(1, 100))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_was_not_taken_or_not_confirmed_is_repeated(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_PAUSE_S", 0.0)
    answers = iter([Answer(status, {}, "LATER"), None, Answer(201, {"order": {}})])

    assert repeat(lambda: next(answers)) == Answer(201, {"order": {}}, repeats=2)


def test_a_refusal_is_final() -> None:
    assert repeat(lambda: Answer(400, {}, "TICK_SIZE")).code == "TICK_SIZE"


def test_a_dead_exchange_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "PATIENCE_S", 0.0)

    with pytest.raises(ExchangeUnreachableError, match="the connection breaks"):
        repeat(lambda: None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8001", Endpoint(False, "127.0.0.1", 8001, "")),
        ("https://exchange.example/te/", Endpoint(True, "exchange.example", 443, "/te")),
    ],
)
def test_an_address_is_taken_apart(url: str, expected: Endpoint) -> None:
    assert Endpoint.parse(url) == expected


@pytest.mark.parametrize("url", ["", "127.0.0.1:8001", "ftp://host", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an http"):
        Endpoint.parse(url)


def test_percentiles_end_with_the_maximum() -> None:
    assert percentiles([float(value) for value in range(1, 1_001)]) == {
        "p50": 501.0,
        "p90": 901.0,
        "p99": 991.0,
        "max": 1_000.0,
    }
