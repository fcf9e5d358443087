"""The book's checksum, against the words of the public interface."""

from decimal import Decimal
from zlib import crc32

import pytest

from base.scaling import MarketScale
from orders.checksum import book_checksum


@pytest.mark.parametrize(
    ("tick", "lot", "asks", "bids", "text"),
    [
        ("0.01", "0.001", [], [], ""),
        ("0.01", "0.001", [(10_000, 1_500)], [(9_999, 2)], "100001500" + "99992"),
        ("0.05", "0.001", [(100, 5)], [], "500" + "5"),  # 5.00 and 0.005: ticks are not the digits
        ("0.5", "1", [(3, 7)], [], "15" + "7"),  # 1.5 and 7
        ("10", "100", [(3, 2)], [(2, 1)], "30200" + "20100"),
        ("0.01", "0.001", [(i, 1) for i in range(1, 15)], [], "".join(f"{i}1" for i in range(1, 11))),
    ],
)
def test_a_checksum_covers_the_digits_of_the_best_ten(
    tick: str, lot: str, asks: list[tuple[int, int]], bids: list[tuple[int, int]], text: str
) -> None:
    scale = MarketScale(Decimal(tick), Decimal(lot), 8, 8)

    assert book_checksum(asks, bids, scale) == crc32(text.encode())


def test_steps_as_the_database_keeps_them_give_the_same_checksum() -> None:
    levels = [(100, 5)]
    short = MarketScale(Decimal("0.05"), Decimal("0.001"), 8, 8)
    padded = MarketScale(Decimal("0.050000000000000000"), Decimal("0.001000000000000000"), 8, 8)

    assert book_checksum(levels, levels, short) == book_checksum(levels, levels, padded)
