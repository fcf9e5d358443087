"""How state is hashed: each part gives 64 bits, and a set of parts their sum, which does not depend on their order."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

MASK_64: Final = (1 << 64) - 1


def digest_of(numbers: Iterable[int]) -> int:
    """Return 64 bits that stand for a row of numbers."""
    text = ",".join([str(int(number)) for number in numbers])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
