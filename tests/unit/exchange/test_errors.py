"""The codes of the public contract: complete, in the order of the engine's reasons, each with status and message."""

import pytest
from rest_framework.exceptions import ValidationError as FieldErrors

from base.errors import STATUS, ApiError, ErrorCode, to_api_error
from matching.engine import RejectReason
from orders.services.refusals import MESSAGES, refusal

ENGINES = [ErrorCode(reason.name) for reason in RejectReason]
SPECIAL = {
    409: {
        "MARKET_CLOSED",
        "MARKET_HALTED",
        "MARKET_PRE_OPEN",
        "DUPLICATE_ORDER_ID",
        "ORDER_LINKED",
        "ORDER_NOT_AMENDABLE",
        "ORDER_NOT_CANCELLABLE",
    },
    503: {"OVERLOADED", "WALLET_UNAVAILABLE", "ENGINE_UNAVAILABLE", "SERVICE_UNAVAILABLE"},
    504: {"TIMEOUT"},
}


def test_every_reason_of_the_engine_has_a_code_of_its_name() -> None:
    assert len(ENGINES) == len(RejectReason)


def test_codes_and_reasons_have_one_order_of_precedence() -> None:
    """What is looked up comes before what is judged; apart from that the engine's order is that of the contract."""
    judged = [code for code in ENGINES if code is not ErrorCode.ORDER_NOT_FOUND]

    assert judged == sorted(judged, key=list(ErrorCode).index)


@pytest.mark.parametrize("code", [code for code in ENGINES if code is not ErrorCode.ORDER_NOT_FOUND])
def test_every_reason_of_the_engine_has_a_message(code: ErrorCode) -> None:
    assert len(refusal(code).message) > 15


def test_messages_name_what_their_details_have() -> None:
    details = {"asset": "USDT", "required": "2.00", "available": "1.00"}

    assert refusal(ErrorCode.INSUFFICIENT_BALANCE, details).message == "Not enough USDT: 2.00 needed, 1.00 available"
    assert set(MESSAGES) <= set(ErrorCode)


@pytest.mark.parametrize(("status", "names"), SPECIAL.items())
def test_codes_with_a_status_of_their_own(status: int, names: set[str]) -> None:
    assert {code.value for code, its in STATUS.items() if its == status} == names


def test_what_has_no_status_is_a_bad_request() -> None:
    assert ApiError(ErrorCode.STOP_WOULD_TRIGGER, "text").status == 400


def test_a_field_inside_another_is_named_by_its_path() -> None:
    nested = FieldErrors(
        {"side": ["Give one"], "stop_loss": {"price": ["Too low"], "non_field_errors": ["Not an object"]}}
    )

    assert to_api_error(nested).details == {
        "side": ["Give one"],
        "stop_loss.price": ["Too low"],
        "stop_loss": ["Not an object"],
    }
    assert to_api_error(FieldErrors(["Nothing"])).details == {"non_field_errors": ["Nothing"]}
