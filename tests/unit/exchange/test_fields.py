"""What counts as an amount, a choice or a moment, and what does not."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.serializers import ValidationError

from base.fields import AmountField, ChoiceField, CountField, MomentField, StrictBoolean, StrictString


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("0.5", "0.5"),
        ("1", "1"),
        (7, "7"),
        ("00012.50", "12.5"),
        ("0.000000000000000001", "1e-18"),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_an_amount_is_a_plain_string_or_a_whole_number(given: Any, amount: str) -> None:
    assert AmountField().run_validation(given) == Decimal(amount)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (True, "Send this number as a string"),
        (0.5, "Send this number as a string"),
        ([], "Send this number as a string"),
        ({}, "Send this number as a string"),
        ("", "plain decimal notation"),
        ("NaN", "plain decimal notation"),
        ("Infinity", "plain decimal notation"),
        ("1e400", "plain decimal notation"),
        ("1E3", "plain decimal notation"),
        ("+1", "plain decimal notation"),
        (" 1", "plain decimal notation"),
        ("1\n", "plain decimal notation"),
        ("1_000", "plain decimal notation"),
        ("1,5", "plain decimal notation"),
        (".5", "plain decimal notation"),
        ("5.", "plain decimal notation"),
        ("\u0665", "plain decimal notation"),
        ("0x10", "plain decimal notation"),
        ("x" * 100_000, "plain decimal notation"),
        ("-1", "greater than zero"),
        (-1, "greater than zero"),
        ("0", "greater than zero"),
        (0, "greater than zero"),
        ("0.00", "greater than zero"),
        ("0.1234567890123456789", "At most 18 decimals"),
        ("9" * 21, "At most 38 digits"),
        ("9" * 39, "At most 38 digits"),
        ("9" * 100_000, "At most 38 digits"),
        (10**30, "At most 38 digits"),
    ],
)
def test_anything_else_is_no_amount(given: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AmountField().run_validation(given)


@pytest.mark.parametrize("given", [1, True, None, [], {}, 1.5])
def test_a_string_is_nothing_else(given: Any) -> None:
    with pytest.raises(ValidationError):
        StrictString().run_validation(given)


@pytest.mark.parametrize("given", ["true", 1, 0, "1", [], "yes"])
def test_a_boolean_is_true_or_false(given: Any) -> None:
    with pytest.raises(ValidationError):
        StrictBoolean().run_validation(given)


def test_a_choice_is_taken_in_any_case() -> None:
    assert ChoiceField(["buy", "sell"]).run_validation("BuY") == "buy"


@pytest.mark.parametrize("given", ["hold", "", 1, None, [], {"buy": 1}])
def test_a_choice_is_one_of_its_words(given: Any) -> None:
    with pytest.raises(ValidationError):
        ChoiceField(["buy", "sell"]).run_validation(given)


@pytest.mark.parametrize(
    "given",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T13:00:00 01:00",  # as it arrives when a client forgets to quote the plus sign
        "1769860800000",
    ],
)
def test_a_moment_is_iso_8601_or_milliseconds(given: str) -> None:
    assert MomentField().run_validation(given) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", ["yesterday", "", "-5", "0001-01-01T00:00:00Z", "9" * 40, "2026-13-01", "NaN"])
def test_anything_else_is_no_moment(given: str) -> None:
    with pytest.raises(ValidationError):
        MomentField().run_validation(given)


@pytest.mark.parametrize("given", ["0", "7", "007", "999999999"])
def test_a_count_is_plain_digits(given: str) -> None:
    assert CountField().run_validation(given) == int(given)


@pytest.mark.parametrize(
    "given", ["", " 1", "1\n", "+1", "-1", "1.0", "1_0", "1e1", "٣", "9" * 10, "9" * 5_000, None, [1]]
)
def test_what_int_would_take_is_no_count(given: Any) -> None:
    with pytest.raises(ValidationError):
        CountField().run_validation(given)
