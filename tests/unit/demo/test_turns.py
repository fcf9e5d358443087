"""What the flow does with refusals and while the exchange is away."""

import random
import time

import pytest

from client.rest import Endpoint
from demo.flow.desk import AwayError, Desk, RefusedError
from demo.flow.flow import Flow
from demo.flow.ladder import Pair

NOWHERE = Endpoint.parse("http://127.0.0.1:9")


class ScriptedDesk(Desk):
    """An account whose answers are made up: `problem` is raised by whatever asks the exchange for something."""

    def __init__(self, problem: Exception | None = None) -> None:
        super().__init__(NOWHERE, "somebody", "password")
        self.problem = problem
        self.calls: list[str] = []
        self.listed: list[dict[str, object]] = []

    def cancel_all(self) -> int:
        return self._say("cancel_all")

    def cancel_after(self, timeout_s: float) -> None:
        self._say(f"cancel_after {timeout_s:.0f}")

    def markets(self) -> list[dict[str, object]]:
        self._say("markets")
        return self.listed

    def last_price(self, pair: Pair) -> float | None:
        self.calls.append("last_price")
        raise AwayError("no answer")

    def _say(self, call: str) -> int:
        self.calls.append(call)
        if self.problem:
            raise self.problem
        self.answers += 1
        return 0


def flow_of(*desks: ScriptedDesk) -> Flow:
    maker, *takers = desks
    return Flow(maker, list(takers), rate=5.0, rng=random.Random(1))


def test_everybody_leaves_and_then_the_switch_is_turned_off() -> None:
    desks = ScriptedDesk(), ScriptedDesk(), ScriptedDesk()

    flow_of(*desks).stop()

    assert [desk.calls for desk in desks] == [["cancel_all", "cancel_after 0"], ["cancel_all"], ["cancel_all"]]


def test_where_an_engine_is_away_the_others_leave_all_the_same_and_the_switch_stays() -> None:
    desks = ScriptedDesk(RefusedError("ENGINE_UNAVAILABLE")), ScriptedDesk(), ScriptedDesk()

    with pytest.raises(RefusedError, match="ENGINE_UNAVAILABLE"):
        flow_of(*desks).stop()

    assert [desk.calls for desk in desks] == [["cancel_all"]] * 3


@pytest.mark.parametrize(("asked_s", "least_s"), [(0.0, 0.25), (7.0, 7.0)])
def test_while_the_exchange_is_away_it_is_asked_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch, asked_s: float, least_s: float
) -> None:
    clock = [100.0]
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    maker = ScriptedDesk(AwayError("no answer", asked_s))

    flow_of(maker, ScriptedDesk()).run(160.0)

    assert naps[0] >= least_s
    assert 6 <= len(maker.calls) <= 40
    maker.problem = None
    maker.calls.clear()
    flow_of(maker, ScriptedDesk()).run(clock[0] + 10)
    assert "markets" in maker.calls


def test_a_beginning_that_is_cut_off_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    maker = ScriptedDesk()
    names = ("tick_size", "lot_size", "min_notional", "min_quantity", "reference_price")
    rules: dict[str, object] = {**dict.fromkeys(names, "1"), "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT"}
    maker.listed = [rules | {"trading_state": "continuous"}]

    flow_of(maker, ScriptedDesk()).run(130.0)

    assert maker.calls.count("last_price") >= 3
