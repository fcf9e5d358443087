"""The rule book through REST: after each step, and again after a restart, all orders and balances are looked at."""

import pytest

from tests.integration.api.scenarios import OPENING_AUCTION, SCENARIOS
from tests.integration.api.stage import Stage


@pytest.fixture(autouse=True)
def _no_late_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an engine stop at once: nobody sends it anything while it is being restarted."""
    monkeypatch.setattr("matching.batch_server.DRAIN_MS", 0)


@pytest.mark.parametrize(
    "restarts",
    [pytest.param(False, id="plainly"), pytest.param(True, id="restarted", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, restarts: bool) -> None:
    steps = SCENARIOS[name]
    with Stage(trading_state="pre_open" if steps is OPENING_AUCTION else "continuous") as stage:
        stage.play(steps, restarts=restarts)
