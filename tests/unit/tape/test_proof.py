"""The engine on recorded order flow: made tapes with a known outcome, and the recorded hour itself."""

import gzip
from pathlib import Path

import pytest

from tape import __main__ as command
from tape.__main__ import default_folder, find_tape, prove
from tape.explain import explanations
from tape.lobster import Quote, TapeError, TapeRow, parse_row, read_quotes
from tape.proof import Findings, Proof

RECORDED = find_tape(default_folder())
EMPTY = (0, 0)


def proven(*rows_and_quotes: tuple[str, tuple[int, int], tuple[int, int]], seeds: tuple[TapeRow, ...] = ()) -> Findings:
    """Run rows as `time,type,id,size,price,direction`, each with the ask and the bid after it, as price and size."""
    rows = [parsed(line, text) for line, (text, _, _) in enumerate(rows_and_quotes, start=1)]
    quotes = [Quote(*ask, *bid) for _, ask, bid in rows_and_quotes]
    return Proof(iter(quotes)).run(list(seeds), rows)


def parsed(line: int, text: str) -> TapeRow:
    row = parse_row(line, text)
    assert isinstance(row, TapeRow), row
    return row


def test_an_execution_across_orders_and_levels_is_one_market_order_and_each_of_its_rows_is_compared() -> None:
    found = proven(
        ("1,1,11,10,30000,-1", (30_000, 10), EMPTY),
        ("2,1,12,20,30000,-1", (30_000, 30), EMPTY),
        ("3,1,13,40,30100,-1", (30_000, 30), EMPTY),
        ("4,4,11,10,30000,-1", (30_000, 20), EMPTY),
        ("4,4,12,20,30000,-1", (30_100, 40), EMPTY),
        ("4,5,0,7,30050,-1", (30_100, 40), EMPTY),
        ("4,4,13,5,30100,-1", (30_100, 35), EMPTY),
    )

    assert (found.groups, found.groups_alike, found.fills, found.fills_alike) == (1, 1, 3, 3)
    assert (found.rows, found.rows_alike, found.prices_alike) == (7, 7, 7)


def test_a_partial_cancel_keeps_its_place() -> None:
    found = proven(
        ("1,1,11,10,30000,1", EMPTY, (30_000, 10)),
        ("2,1,12,10,30000,1", EMPTY, (30_000, 20)),
        ("3,2,11,4,30000,1", EMPTY, (30_000, 16)),
        ("4,4,11,6,30000,1", EMPTY, (30_000, 10)),
    )

    assert (found.amended, found.groups_alike, found.rows_alike) == (1, 1, 4)


def test_an_order_that_is_announced_late_stands_where_its_id_says() -> None:
    found = proven(
        ("1,1,12,10,30000,1", EMPTY, (30_000, 10)),
        ("2,1,13,10,29900,1", EMPTY, (30_000, 10)),
        ("3,1,11,10,30000,1", EMPTY, (30_000, 20)),
        ("4,4,11,10,30000,1", EMPTY, (30_000, 10)),
        ("4,4,12,10,30000,1", EMPTY, (29_900, 10)),
    )

    assert (found.fills_alike, found.rows_alike, found.refused) == (2, 5, [])


def test_orders_of_the_first_book_that_the_tape_never_touches_stand_before_new_ones() -> None:
    found = proven(
        ("1,1,12,10,30000,1", EMPTY, (30_000, 15)),
        ("2,4,12,5,30000,1", EMPTY, (30_000, 10)),
        ("3,4,12,5,30000,1", EMPTY, (30_000, 5)),
        seeds=(parsed(0, "1,1,0,5,30000,1")._replace(order_id=-1),),
    )

    assert [group.trades[0].order_id for group in found.different_groups] == [-1, -1]
    assert (found.fills_alike, found.rows_alike, found.refused) == (0, 3, [])


def test_an_older_order_that_the_exchange_passed_by_is_named_and_the_book_goes_on_as_the_tapes() -> None:
    rows = (
        ("1,1,11,10,30000,-1", (30_000, 10), EMPTY),
        ("2,1,12,10,30000,-1", (30_000, 20), EMPTY),
        ("3,4,12,4,30000,-1", (30_000, 16), EMPTY),
        ("4,4,11,10,30000,-1", (30_000, 6), EMPTY),
        ("5,4,12,6,30000,-1", EMPTY, EMPTY),
    )
    found = proven(*rows)

    assert (found.groups, found.groups_alike, found.fills_alike, found.rows_alike) == (3, 2, 2, 5)
    assert list(explanations(found, [parsed(line, text) for line, (text, _, _) in enumerate(rows, 1)])) == [
        "line 3, 00:00:03.000000000, a market buy of 4",
        "    exchange: 4 of 12 at 3.00",
        "    engine:   4 of 11 at 3.00",
        "    skipped:  11 (sell 10 at 3.00, line 1), older than 12 (sell 10 at 3.00, line 2)",
        "              next on the tape: executed by 10, line 4",
    ]


def test_an_order_whose_end_the_tape_does_not_show_is_named_once() -> None:
    rows = (
        ("1,1,11,10,30000,1", EMPTY, (30_000, 10)),
        ("2,1,12,10,31000,-1", (31_000, 10), EMPTY),
        ("3,5,0,1,30500,-1", (31_000, 10), EMPTY),
    )
    found = proven(*rows)

    assert (found.rows, found.rows_alike) == (3, 1)
    assert list(explanations(found, [parsed(line, text) for line, (text, _, _) in enumerate(rows, 1)])) == [
        "lines 2 to 3, the best bid or ask after 2 of them",
        "    exchange: bid 0 at 0.00, ask 10 at 3.10 at first",
        "    engine:   bid 10 at 3.00, ask 10 at 3.10",
        "    left over: 11 (buy 10 at 3.00, line 1)",
        "              no later row has it: it ended outside the levels that the tape shows",
    ]


def test_what_the_engine_would_not_take_is_named() -> None:
    rows = (("1,1,11,10,30000,1", EMPTY, (30_000, 10)), ("2,1,12,10,30000,-1", (30_000, 10), (30_000, 10)))
    found = proven(*rows)

    assert found.refused == [2]
    assert "line 2: the engine did not take what the exchange took" in list(explanations(found, []))


def test_quotes_are_read_and_an_empty_side_has_no_price(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text("9999999999,0,5853300,18\n5859400,200,-9999999999,0\n")

    assert list(read_quotes(file)) == [Quote(0, 0, 5_853_300, 18), Quote(5_859_400, 200, 0, 0)]


@pytest.mark.parametrize("text", ["1,2,3\n", "a,b,c,d\n", "\n"])
def test_a_file_without_quotes_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text(text)

    with pytest.raises(TapeError, match=r"quotes\.csv cannot be read"):
        list(read_quotes(file))


@pytest.mark.parametrize(
    ("executed", "status", "verdict"), [(11, 0, "1 of 1 identical"), (12, 1, "0 of 1 identical")], ids=["met", "missed"]
)
def test_the_exit_status_says_whether_the_targets_are_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], executed: int, status: int,
    verdict: str,
) -> None:  # fmt: skip
    rows = ["1,1,11,10,30000,1", "2,1,12,10,30000,1", f"3,4,{executed},10,30000,1"]
    written(tmp_path, rows, ["9999999999,0,30000,10", "9999999999,0,30000,20", "9999999999,0,30000,10"])
    monkeypatch.setattr("sys.argv", ["tape", str(tmp_path)])

    assert command.main() == status
    assert verdict in capsys.readouterr().out


def test_without_a_tape_it_is_said_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tape", str(tmp_path)])

    assert command.main() == 1
    assert f"there is no recorded tape in {tmp_path}" in capsys.readouterr().err


def test_a_bad_row_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, ["nonsense"], ["9999999999,0,-9999999999,0"])
    monkeypatch.setattr("sys.argv", ["tape", str(tmp_path)])

    assert command.main() == 1
    assert "Nothing proven: line 1" in capsys.readouterr().err


def test_quotes_of_another_tape_prove_nothing(tmp_path: Path) -> None:
    written(tmp_path, ["1,1,11,10,30000,1"], [])

    with pytest.raises(TapeError, match="has 0 rows, the tape 1"):
        prove(next(tmp_path.glob("*_message_*")))


@pytest.mark.skipif(RECORDED is None, reason=f"no recorded tape in TAPE_DIR ({default_folder()})")
def test_the_engine_fills_whom_the_exchange_filled_in_a_recorded_hour() -> None:
    assert RECORDED is not None

    found, _ = prove(RECORDED)

    assert (found.groups, found.groups_alike) == (3_290, 3_282)
    assert (found.fills, found.fills_alike) == (4_067, 4_057)
    assert (found.rows, found.rows_alike) == (91_997, 91_907)
    assert (found.amended, found.refused) == (469, [])
    assert found.different_rows[0].line == 54_607


def written(folder: Path, rows: list[str], quotes: list[str]) -> None:
    """Write a recorded stretch with an empty first book."""
    stretch = "AAPL_2012-06-21_1_9"
    for name, lines in ((f"{stretch}_message_50.csv.gz", rows), (f"{stretch}_orderbook_top1.csv.gz", quotes)):
        (folder / name).write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    (folder / "AAPL_2012-06-21_1_orderbook_50_first_row.csv").write_text("9999999999,0,30000,10\n")
