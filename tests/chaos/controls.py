"""Engines that lose what they acknowledge, to see that the chaos sees it: `python -m tests.chaos.controls NAME`.

The switches are here and not in the product. `early-reply` answers before the commit and then takes its time with it.
`async-commit` commits without waiting for the disk; the harness starts PostgreSQL so that little reaches it by itself.
"""

import asyncio
import sys
import time
from typing import Any

BEFORE_COMMIT_S = 0.05


def main(name: str) -> None:
    """Run an engine that is broken in the way of this name."""
    import django

    django.setup()
    from django.core.management import call_command

    CONTROLS[name]()
    call_command("run_engine")


def _async_commit() -> None:
    from journal import session

    assert "synchronous_commit=on" in session._SESSION, "Invariant: there is something to break"
    session._SESSION = session._SESSION.replace("synchronous_commit=on", "synchronous_commit=off")


def _early_reply() -> None:
    from journal.batch import PostgresBatch
    from matching.runner import MarketRunner
    from matching.storage import BatchOutcome

    runners: dict[str, tuple[MarketRunner, asyncio.AbstractEventLoop]] = {}
    run, commit = MarketRunner.run, PostgresBatch.commit

    async def remembered(runner: MarketRunner) -> None:
        runners[runner.slug] = (runner, asyncio.get_running_loop())
        await run(runner)

    def reply_and_commit(batch: PostgresBatch) -> None:
        if batch.outcome.replies:
            runner, loop = runners[batch._terms.symbol.replace("/", "-")]
            told: Any = asyncio.run_coroutine_threadsafe(
                runner._publisher.publish(BatchOutcome(batch.outcome.replies)), loop
            )
            told.result(5)
            time.sleep(BEFORE_COMMIT_S)
        commit(batch)

    MarketRunner.run = remembered  # type: ignore[method-assign, assignment]  # broken on purpose
    PostgresBatch.commit = reply_and_commit  # type: ignore[method-assign, assignment]  # as above


CONTROLS = {"async-commit": _async_commit, "early-reply": _early_reply}

if __name__ == "__main__":
    main(sys.argv[1])
