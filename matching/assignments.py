"""The markets that this engine process is assigned: it reports what it does, reads what the others do, and plans."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from matching.distribution import Duty, duty_of, holder_of, next_hand_over
from matching.roster import HOLDERS, MarketReport, Peer, Role, Roster
from matching.runner import MarketRunner
from matching.timing import NEWS_MS, REPORT_MS, TAKE_OVER_MS, seconds

log = structlog.get_logger(__name__)

REST_S = 1.0  # between two hand-overs
GIVE_UP_S = 60.0  # for the heir to read the book
AGAIN_S = 10.0  # after a hand-over that came to nothing


@dataclass(slots=True)
class _HandingOver:
    symbol: str
    heir: str
    until: float
    is_released: bool = False


class MarketAssignments:
    """Reports for this process and gives its runners their duties. Runs in the event loop, so one that hangs is silent.

    `runners` are this process's, by slug; others may add to them.
    """

    def __init__(self, roster: Roster, runners: Mapping[str, MarketRunner]) -> None:
        self._roster = roster
        self._runners = runners
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="roster")
        self._peers: Sequence[Peer] = ()
        self._read_at = 0.0
        self._served_at: dict[str, float] = {}
        self._handing: _HandingOver | None = None
        self._rest_until = 0.0

    async def run(self) -> None:
        """Report and plan until cancelled; never raises errors of storage."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                self._peers = await loop.run_in_executor(self._thread, self._roster.beat, self._reports())
                self._read_at = loop.time()
                self._plan()
            except Exception as error:  # markets that are served go on: their locks protect them
                log.warning("roster_unknown", error=f"{type(error).__name__}: {error}")
                self._contend_without_news()
            await asyncio.sleep(max(0.05, seconds(REPORT_MS) - (loop.time() - began)))

    async def leave(self) -> None:
        """Tell the others that this process is ending."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._roster.leave)
        self._thread.shutdown(wait=False)

    def add(self, runner: MarketRunner) -> None:
        """Give a new runner its first duty: to wait until the next plan, unless there is no plan."""
        is_known = asyncio.get_running_loop().time() - self._read_at < seconds(NEWS_MS)
        runner.duty = Duty(contends=not is_known, follows=False)

    def _reports(self) -> list[MarketReport]:
        handing = self._handing
        return [
            runner.report(handing.heir if handing and runner.symbol == handing.symbol else "")
            for runner in self._runners.values()
        ]

    def _contend_without_news(self) -> None:
        """Try for every market once the others have not been heard of for long: the locks decide."""
        if asyncio.get_running_loop().time() - self._read_at > seconds(NEWS_MS):
            self._handing = None
            for runner in self._runners.values():
                runner.duty = Duty(contends=True, follows=runner.duty.follows)

    def _plan(self) -> None:
        now = asyncio.get_running_loop().time()
        me, shared = self._roster.process_id, self._shared()
        for runner in self._runners.values():
            symbol = runner.symbol
            if holder_of(symbol, self._peers) is not None:
                self._served_at[symbol] = now
            unserved_s = now - self._served_at.setdefault(symbol, now)
            runner.duty = duty_of(me, symbol, self._peers, shared, unserved_s)
        if self._handing is not None:
            self._go_on_handing_over(self._handing, now)
        elif now >= self._rest_until and (wanted := next_hand_over(me, self._peers, shared)):
            self._handing = _HandingOver(wanted.symbol, wanted.heir, now + GIVE_UP_S)
            log.info("hand_over_planned", symbol=wanted.symbol, heir=wanted.heir)

    def _shared(self) -> frozenset[str]:
        """Return the markets that are spread evenly: all but those that a process was started for."""
        listed = frozenset[str]().union(*[peer.listed for peer in self._peers if peer.listed is not None])
        return frozenset(runner.symbol for runner in self._runners.values()) - listed

    def _go_on_handing_over(self, handing: _HandingOver, now: float) -> None:
        """Release the market as soon as its heir has a warm book; end when the heir serves, or does not come."""
        heir = next((peer for peer in self._peers if peer.id == handing.heir), None)
        role = heir.role(handing.symbol) if heir else None
        runner = next(runner for runner in self._runners.values() if runner.symbol == handing.symbol)
        if role in HOLDERS:
            log.info("handed_over", symbol=handing.symbol, heir=handing.heir)
            self._end_hand_over(now + REST_S)
        elif heir is None or now > handing.until:
            log.warning("hand_over_failed", symbol=handing.symbol, heir=handing.heir)
            self._end_hand_over(now + AGAIN_S)
        elif role is Role.WARM and not handing.is_released:
            handing.is_released, handing.until = True, now + seconds(TAKE_OVER_MS)
            runner.hand_over()

    def _end_hand_over(self, rest_until: float) -> None:
        self._handing, self._rest_until = None, rest_until
