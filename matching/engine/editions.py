"""The editions of the rule book, and what changed from one to the next.

A market follows the edition that its last `SetRules` named, so a journal is replayed under the rules it was written
under, whatever the rules are now. An edition that was in use stays.
"""

from typing import Final, NamedTuple

FIRST_EDITION: Final = 1

SECOND_EDITION: Final = 2
"""One command does a bounded amount of work; an order outside the band is not amended to more lots; those of groups are
amended."""

CURRENT_EDITION: Final = SECOND_EDITION

FILLS_MAX: Final = 1_000
"""How many fills an order makes as a taker; what it still wants then is cancelled.

A fill costs the exchange some 0.1 ms until it is durable, and an event of other work up to 0.3 ms. With both bounds
others wait for no command longer than a quarter of a second (`python -m benchmarks worst`).
"""

WORK_MAX: Final = 500
"""After how many events a command begins nothing more; what is left goes on with later commands."""

UNBOUNDED: Final = 1 << 62
"""Both bounds of the first edition."""


class Bounds(NamedTuple):
    """How much one command may do: fills of a taker, and events after which it begins nothing more."""

    fills: int
    events: int


def bounds_of(edition: int) -> Bounds:
    """Return the bounds of an edition."""
    return Bounds(FILLS_MAX, WORK_MAX) if edition >= SECOND_EDITION else Bounds(UNBOUNDED, UNBOUNDED)
