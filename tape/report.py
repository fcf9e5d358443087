"""The outcome of a replay: counted while it runs, shown at its end."""

import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from django.db.models import Count

from base.ids import uuid7_floor
from base.times import wall_clock_ms
from client.rest import Answer
from exchange.models import Market
from orders.models import MarketSequence, SettlementStatus, Trade

PERCENTILES = (50, 90, 99, 100)


class Tally:
    """Counts of one replay. Thread-safe."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.repeats = 0
        self.trades = 0
        self.groups = self.groups_alike = 0
        self.fills = self.fills_alike = 0
        self._latency_ms = {name: array("d") for name in ("place", "cancel", "amend")}
        self._lock = Lock()
        self._begun = self._ended = 0.0

    @property
    def seconds(self) -> float:
        """From the first answer's request to the last answer."""
        return self._ended - self._begun

    def answered(self, operation: str, seconds: float, answer: Answer) -> None:
        """Count a final answer; `seconds` include its repeats."""
        now = time.monotonic()
        with self._lock:
            self._begun = self._begun or now - seconds
            self._ended = now
            self.sent[operation] += 1
            self.repeats += answer.repeats
            self.trades += len(answer.data.get("trades", ()))
            self._latency_ms[operation].append(seconds * 1_000)
            if answer.code:
                self.rejected[answer.code] += 1

    def not_sent(self, reason: str) -> None:
        with self._lock:
            self.skipped[reason] += 1

    def executed(self, tape: Sequence[tuple[str, int]], found: Sequence[tuple[str, int]]) -> None:
        """Compare the fills of one execution, each as price and size, with those of the tape."""
        alike = sum((Counter(tape) & Counter(found)).values())
        with self._lock:
            self.groups += 1
            self.groups_alike += list(tape) == list(found)
            self.fills += len(tape)
            self.fills_alike += alike

    def lines(self) -> Iterator[str]:
        """Yield the summary of what was sent and answered."""
        sent, rejected = sum(self.sent.values()), sum(self.rejected.values())
        kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(self.sent.items()))
        yield f"sent          {sent:,} requests ({kinds or 'none'}), repeated {self.repeats:,} times"
        yield f"accepted      {sent - rejected:,}"
        yield f"rejected      {rejected:,}{_listed(self.rejected)}"
        yield f"not sent      {sum(self.skipped.values()):,} rows{_listed(self.skipped)}"
        groups, fills = f"{self.groups_alike:,} of {self.groups:,}", f"{self.fills_alike:,} of {self.fills:,}"
        yield f"executions    {groups} groups and {fills} fills as on the tape"
        if self.seconds > 0:
            rates = f"{self.sent['place'] / self.seconds:,.0f} orders/s, {sent / self.seconds:,.0f} requests/s"
            yield f"rate          {rates} in {self.seconds:,.1f} s"
        for operation, values in self._latency_ms.items():
            if values:
                yield f"{operation + ' ms':13} {_shown(percentiles(values))}"


class Settlement(NamedTuple):
    """How far the trades of a replay are settled."""

    trades: int
    settled: int
    failed: int

    @property
    def is_done(self) -> bool:
        return self.trades == self.settled + self.failed


class TradeWatch:
    """The trades of a market from now on."""

    def __init__(self, market: Market) -> None:
        self._market_id = market.pk
        sequence = MarketSequence.objects.filter(market=market).values_list("last_seq", flat=True).first()
        self._after_seq = sequence or 0
        # Only keeps the count to a few partitions: the clocks of two hosts differ by less than a minute.
        self._since = uuid7_floor(wall_clock_ms() - 60_000)

    def settlement(self) -> Settlement:
        """Count the trades by settlement. One query, linear in the trades."""
        trades = Trade.objects.filter(market_id=self._market_id, id__gte=self._since, seq__gt=self._after_seq)
        counts = dict(trades.order_by().values_list("settlement_status").annotate(Count("id")))
        return Settlement(
            sum(counts.values()), counts.get(SettlementStatus.SETTLED, 0), counts.get(SettlementStatus.FAILED, 0)
        )

    def wait_until_settled(self, timeout_s: float) -> Settlement:
        """Look until every trade is settled or has failed, or the time is over."""
        deadline = time.monotonic() + timeout_s
        while not (state := self.settlement()).is_done and time.monotonic() < deadline:
            time.sleep(0.25)
        return state


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return the nearest-rank percentiles of a sample that is not empty; 100 is the maximum."""
    ordered = sorted(values)
    return {
        "max" if share == 100 else f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
        for share in PERCENTILES
    }


def _shown(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:,.1f}" for name, value in figures.items())


def _listed(reasons: Counter[str]) -> str:
    return f" ({', '.join(f'{count:,} {reason}' for reason, count in reasons.most_common())})" if reasons else ""
