from marketdata.batches import Batch
from marketdata.ring import UpdateRing


def batch(first_seq: int, last_seq: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Batch:
    return Batch(1, first_seq, last_seq, 0, bids, asks, 0, [], [])


def test_what_changed_since_is_merged_and_the_latest_volume_counts() -> None:
    ring = UpdateRing(4)
    ring.add(batch(5, 6, [(100, 1), (99, 2)], []))
    ring.add(batch(7, 7, [(100, 0)], [(101, 5)]))
    ring.add(batch(8, 9, [(98, 3)], [(101, 6)]))

    assert ring.since(9) == ([], [])
    assert ring.since(7) == ([(98, 3)], [(101, 6)])
    bids, asks = ring.since(4)
    assert (dict(bids), asks) == ({98: 3, 99: 2, 100: 0}, [(101, 6)])


def test_from_the_middle_of_a_batch_the_whole_batch_is_sent_which_is_right_because_volumes_are_absolute() -> None:
    ring = UpdateRing(4)
    ring.add(batch(5, 8, [(100, 1)], [(101, 5)]))

    assert ring.since(6) == ([(100, 1)], [(101, 5)])


def test_the_oldest_is_forgotten_when_there_are_too_many_levels_or_batches() -> None:
    ring = UpdateRing(0, levels_max=3, batches_max=10)
    for seq in range(1, 6):
        ring.add(batch(seq, seq, [(seq, 1)], []))
    assert [ring.covers(seq) for seq in (0, 1, 2, 5, 6)] == [False, False, True, True, False]

    ring = UpdateRing(0, levels_max=100, batches_max=2)
    for seq in range(1, 6):
        ring.add(batch(seq, seq, [], []))
    assert [ring.covers(seq) for seq in (2, 3, 5)] == [False, True, True]
