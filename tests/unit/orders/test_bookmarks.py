"""Bookmarks as texts: they come back as they were, join, stay short, and nonsense is none."""

import pytest

from orders.bookmarks import BEGINNING, Place, bookmark_of, bookmark_text

NOW_MS = 1_790_000_000_000


def test_a_bookmark_comes_back_as_it_was() -> None:
    bookmark = {1: Place(1, NOW_MS), 7: Place(2**57, NOW_MS - 10**9), 32_767: Place(0, NOW_MS + 1)}

    assert bookmark_of(bookmark_text(bookmark)) == bookmark


def test_the_beginning_of_all_markets_is_the_start() -> None:
    assert bookmark_text({}) == bookmark_text({3: BEGINNING}) == "start"
    assert bookmark_of("start") == {}


def test_of_joined_bookmarks_the_furthest_place_of_each_market_counts() -> None:
    first, second = {1: Place(5, NOW_MS), 2: Place(9, NOW_MS)}, {1: Place(6, NOW_MS - 3), 3: Place(1, NOW_MS)}
    text = f"{bookmark_text(first)}.start.{bookmark_text(second)}"

    assert bookmark_of(text) == {1: Place(6, NOW_MS - 3), 2: Place(9, NOW_MS), 3: Place(1, NOW_MS)}


def test_a_bookmark_of_many_markets_fits_into_an_address() -> None:
    bookmark = {market_id: Place(10**8 + market_id, NOW_MS - market_id) for market_id in range(1, 401)}

    assert len(bookmark_text(bookmark)) < 6_000


@pytest.mark.parametrize(
    "text",
    ["", "now", "nonsense", "start.", "lM8", "kA", "gA", "wA", "é", "{}", "x" * 40_000, "start." * 2_000],
)
def test_what_is_no_bookmark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="bookmark"):
        bookmark_of(text)


@pytest.mark.parametrize(
    "place", [(1 << 15, Place(1, NOW_MS)), (1, Place(1 << 58, NOW_MS)), (1, Place(1, 1 << 47))], ids=str
)
def test_what_no_market_can_have_is_refused(place: tuple[int, Place]) -> None:
    with pytest.raises(ValueError, match="range"):
        bookmark_of(bookmark_text(dict([place])))
