"""Reading LOBSTER files: what a row means, and what is no row."""

import gzip
from pathlib import Path

import pytest

from tape.lobster import BadRow, RowType, TapeError, TapeRow, parse_row, read_rows

GOOD = "34200.004241176,1,16113575,18,5853300,1"


def test_a_row_has_nanoseconds_and_the_side_of_the_resting_order() -> None:
    assert parse_row(7, GOOD + "\r\n") == TapeRow(7, 34_200_004_241_176, RowType.NEW, 16_113_575, 18, 5_853_300, True)


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [("0", 0), ("34200.5", 34_200_500_000_000), ("35821.088778456004", 35_821_088_778_456)],
)
def test_a_time_may_have_fewer_or_more_digits_than_nanoseconds(time: str, nanoseconds: int) -> None:
    row = parse_row(1, f"{time},3,5,1,100,-1")

    assert isinstance(row, TapeRow)
    assert row.time_ns == nanoseconds


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "6 fields expected, 1 found"),
        ("1,2,3", "6 fields expected, 3 found"),
        (GOOD + ",7", "6 fields expected, 7 found"),
        ("noon,1,5,1,100,1", "'noon' is no time"),
        ("-1,1,5,1,100,1", "'-1' is no time"),
        ("1,8,5,1,100,1", "'8' is no type"),
        ("1,1,x,1,100,1", "'x' is no order id"),
        ("1,1,5,-1,100,1", "'-1' is no size"),
        ("1,1,5,1e3,100,1", "'1e3' is no size"),
        ("1,1,5,1,1.5,1", "'1.5' is no price"),
        ("1,1,5,1,100,0", "'0' is no direction"),
        ("1,1,5,\u0661,100,1", "'\u0661' is no size"),
        ("1,1,5,0,100,1", "the size is zero"),
        ("1,1,5,1,0,1", "the price 0 is not a positive number of cents"),
        ("1,1,5,1,-100,1", "the price -100 is not a positive number of cents"),
        ("1,4,5,1,150,1", "the price 150 is not a positive number of cents"),
    ],
)
def test_what_is_no_row_is_named(line: str, reason: str) -> None:
    assert parse_row(3, line) == BadRow(3, reason)


@pytest.mark.parametrize("line", ["1,5,0,1,150,1", "1,7,0,0,-1,-1"])
def test_hidden_executions_and_halts_need_no_price_on_a_tick(line: str) -> None:
    assert isinstance(parse_row(1, line), TapeRow)


@pytest.mark.parametrize("name", ["tape.csv", "tape.csv.gz"])
def test_plain_and_gzipped_files_read_alike_and_bad_rows_keep_their_line(tmp_path: Path, name: str) -> None:
    bad: list[BadRow] = []

    rows = list(read_rows(written(tmp_path / name, [GOOD, "nonsense", GOOD]), bad.append))

    assert [row.line for row in rows] == [1, 3]
    assert [row.line for row in bad] == [2]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    bad: list[BadRow] = []

    assert list(read_rows(written(tmp_path / "tape.csv", ["9" * 5_000]), bad.append)) == []
    assert len(bad) > 1


def test_bytes_that_are_no_text_are_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "tape.csv").write_bytes(b"\xff\xfe\x00\n" + GOOD.encode())
    bad: list[BadRow] = []

    rows = list(read_rows(tmp_path / "tape.csv", bad.append))

    assert (len(rows), len(bad)) == (1, 1)


@pytest.mark.parametrize("cut", [1, 20])
def test_a_truncated_archive_is_said_to_be_damaged(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "tape.csv.gz", [GOOD] * 100)
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(TapeError, match="cannot be read"):
        list(read_rows(path, lambda bad: None))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"absent\.csv"):
        list(read_rows(tmp_path / "absent.csv", lambda bad: None))


def written(path: Path, lines: list[str]) -> Path:
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path
