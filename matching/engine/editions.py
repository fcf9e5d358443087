"""The editions of the rule book, and what changed from one to the next.

A market follows the edition that its last `SetRules` named, so a journal is replayed under the rules it was written
under, whatever the rules are now. An edition that was in use stays.
"""

from typing import Final

FIRST_EDITION: Final = 1

SECOND_EDITION: Final = 2
"""One command does a bounded amount of work; an order outside the band is not amended to more lots."""

CURRENT_EDITION: Final = SECOND_EDITION

WORK_MAX: Final = 1_000
"""How many fills an order makes as a taker, and after how many events a command begins nothing more.

What is left goes on with later commands or is cancelled: docs/matching.md says which. A fill costs the exchange some
0.1 ms until it is durable, so others wait for no command longer than a quarter of a second.
"""

UNBOUNDED: Final = 1 << 62
"""The bound of the first edition."""


def work_max(edition: int) -> int:
    """Return how much one command may do under an edition."""
    return WORK_MAX if edition >= SECOND_EDITION else UNBOUNDED
