"""The wallet service over HTTP: every operation once per key, both orders of arrival, and nothing for strangers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import requests
from django.test import Client
from drf_spectacular.validation import validate_schema
from pytest_django.fixtures import Settings

from base.ids import uuid7
from exchange.models import Market, User
from settlement.wallet_service.authentication import WRONG_PER_MINUTE
from tests.fixtures import make_market, make_user
from tests.integration.wallet.service import WalletService

pytestmark = pytest.mark.xdist_group("wallet")

FUNDS = Decimal(1_000)


class Books:
    """A buyer and a seller with a thousand of each asset of a market, and short ways to ask for their money to move."""

    def __init__(self, service: WalletService) -> None:
        self.service = service
        self.market: Market = make_market()
        self.buyer, self.seller = make_user("buyer"), make_user("seller")
        self.base, self.quote = self.market.base_id, self.market.quote_id
        service.know(self.market, self.buyer, self.seller)
        for user in (self.buyer, self.seller):
            for asset in (self.base, self.quote):
                service.deposit(user, asset, FUNDS)

    def post(self, path: str, body: Any = None) -> tuple[int, str]:
        status, answer = self.service.ask("POST", path, body)
        return status, answer["data"].get("state", "") if answer["success"] else answer["error"]["code"]

    def transfer(self, user: User, asset: str, amount: str, key: Any = None) -> dict[str, str]:
        return {"id": str(key or uuid7()), "user_id": str(user.pk), "asset": asset, "amount": amount}

    def reserve_for(self, trades: int) -> None:
        assert self.post("reservations", self.transfer(self.buyer, self.quote, str(110 * trades)))[0] == 200
        assert self.post("reservations", self.transfer(self.seller, self.base, str(trades)))[0] == 200

    def trade(self, **fields: str) -> dict[str, str]:
        """Return a trade of one at a hundred, with fees of 0.1 each."""
        trade_id = str(uuid7())
        return {
            "id": trade_id, "trade_id": trade_id, "base": self.base, "quote": self.quote,
            "buyer_id": str(self.buyer.pk), "seller_id": str(self.seller.pk), "quantity": "1", "notional": "100",
            "buyer_fee": "0.1", "seller_fee": "0.1", **fields,
        }  # fmt: skip

    def reserved(self) -> list[Decimal]:
        """Return what is reserved: buyer's base and quote, seller's base and quote."""
        users, assets = (self.buyer, self.seller), (self.base, self.quote)
        return [self.service.balance(user, asset)[1] for user in users for asset in assets]


@pytest.fixture
def books(service: WalletService) -> Iterator[Books]:
    yield Books(service)
    service.assert_balances()


def test_strangers_are_refused(service: WalletService) -> None:
    assert service.ask("GET", "ping", token="guess")[0] == 401
    assert requests.get(f"{service.url}/internal/wallet/v1/ping", timeout=5).status_code == 401
    assert service.ask("GET", "ping")[0] == 200


def test_whoever_tries_wrong_tokens_is_told_to_wait_and_the_exchange_is_not(service: WalletService) -> None:
    statuses = [service.ask("GET", "ping", token=f"guess-{number}")[0] for number in range(2 * WRONG_PER_MINUTE + 2)]

    assert set(statuses) == {401, 429} and statuses[-1] == 429  # two windows at most
    assert service.ask("GET", "ping")[0] == 200


@pytest.mark.parametrize("accepted", ["application/json", "text/html", "application/vnd.oai.openapi", "*/*"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["ping", "schema", "reservations", "balances/x", "nothing", ""])
def test_without_a_token_there_is_no_service(settings: Settings, path: str, method: str, accepted: str) -> None:
    settings.WALLET_SERVICE_TOKEN = ""
    settings.ROOT_URLCONF = "config.private_urls"
    headers = {"Authorization": "Bearer ", "Accept": accepted}

    answer = Client().generic(method, f"/internal/wallet/v1/{path}", "{", "text/plain", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_the_document_is_there_in_whichever_form_it_is_asked_for(settings: Settings) -> None:
    settings.WALLET_SERVICE_TOKEN = "the-token-of-a-test-wallet"
    settings.ROOT_URLCONF = "config.private_urls"
    for accepted in ("*/*", "text/html", "application/json", "application/vnd.oai.openapi", "application/yaml"):
        answer = Client().get("/internal/wallet/v1/schema", headers={"Accept": accepted})
        assert answer.status_code in {200, 406}, (accepted, answer.content[:200])


def test_a_reservation_and_a_release_happen_once_per_key(books: Books) -> None:
    reservation = books.transfer(books.buyer, books.quote, "100.5")
    release = books.transfer(books.buyer, books.quote, "40")
    for _ in range(2):
        assert books.post("reservations", reservation) == (200, "done")
    for _ in range(2):
        assert books.post("releases", release) == (200, "done")

    assert books.service.balance(books.buyer, books.quote) == (FUNDS - Decimal("60.5"), Decimal("60.5"))
    status, answer = books.service.ask("GET", f"operations/{release['id']}")
    assert (status, answer["data"]["kind"], answer["data"]["state"]) == (200, "release", "done")


def test_many_at_once_with_one_key_are_one(books: Books) -> None:
    reservation = books.transfer(books.buyer, books.quote, "100")

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: books.post("reservations", reservation), range(16)))

    assert answers == {(200, "done")}
    assert books.service.balance(books.buyer, books.quote)[1] == 100


def test_a_key_that_was_used_for_something_else_is_a_conflict(books: Books) -> None:
    reservation = books.transfer(books.buyer, books.quote, "100")
    books.post("reservations", reservation)

    assert books.post("reservations", {**reservation, "amount": "101"}) == (409, "IDEMPOTENCY_CONFLICT")
    assert books.post("releases", reservation) == (409, "IDEMPOTENCY_CONFLICT")
    assert books.post(f"settlements/{reservation['id']}/reverse", {"trade_id": str(uuid7())}) == (
        409, "IDEMPOTENCY_CONFLICT"
    )  # fmt: skip


def test_a_refusal_uses_up_the_key(books: Books) -> None:
    reservation = books.transfer(books.buyer, books.quote, "1000.01")
    status, answer = books.service.ask("POST", "reservations", reservation)
    assert (status, answer["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")
    assert answer["error"]["details"]["available"] == "1000.00000000"

    books.service.deposit(books.buyer, books.quote, 1)

    assert books.post("reservations", reservation) == (400, "INSUFFICIENT_BALANCE")
    assert books.post("reservations", {**reservation, "id": str(uuid7())}) == (200, "done")


def test_a_void_undoes_a_reservation_and_comes_before_a_late_one(books: Books) -> None:
    made, late = (books.transfer(books.buyer, books.quote, "100") for _ in range(2))
    books.post("reservations", made)
    for key in (made["id"], late["id"], made["id"], late["id"]):
        assert books.post(f"reservations/{key}/void") == (200, "undone")

    for reservation in (made, late):
        assert books.post("reservations", reservation) == (409, "RESERVATION_VOIDED")
    assert books.service.balance(books.buyer, books.quote) == (FUNDS, 0)


def test_more_than_is_reserved_is_not_released(books: Books) -> None:
    books.post("reservations", books.transfer(books.buyer, books.quote, "10"))
    release = books.transfer(books.buyer, books.quote, "11")

    assert books.post("releases", release) == (409, "INSUFFICIENT_HOLD")

    books.post("reservations", books.transfer(books.buyer, books.quote, "1"))
    assert books.post("releases", release) == (200, "done")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "0"}, (400, "VALIDATION_ERROR")),
        ({"amount": "1.000000001"}, (400, "VALIDATION_ERROR")),
        ({"amount": "-1"}, (400, "VALIDATION_ERROR")),
        ({"amount": 1}, (400, "VALIDATION_ERROR")),
        ({"amount": "1e3"}, (400, "VALIDATION_ERROR")),
        ({"more": "1"}, (400, "VALIDATION_ERROR")),
        ({"id": "key"}, (400, "VALIDATION_ERROR")),
        ({"asset": "NONE"}, (404, "ASSET_NOT_FOUND")),
        ({"user_id": str(uuid7())}, (404, "USER_NOT_FOUND")),
    ],
)
def test_what_is_wrong_is_refused_and_not_kept(books: Books, fields: dict[str, Any], code: tuple[int, str]) -> None:
    reservation = books.transfer(books.buyer, books.quote, "10")

    assert books.post("reservations", reservation | fields) == code
    assert books.post("reservations", reservation) == (200, "done")


def test_trades_settle_all_or_none_and_each_once(books: Books) -> None:
    books.reserve_for(2)
    first, second, third = (books.trade() for _ in range(3))

    assert books.post("settlements", {"trades": [first, second, third]}) == (409, "INSUFFICIENT_HOLD")
    assert books.reserved() == [0, 220, 2, 0]
    for trades, new in (([first], 1), ([first, second], 1), ([second], 0)):
        status, answer = books.service.ask("POST", "settlements", {"trades": trades})
        assert (status, answer["data"]) == (200, {"settled": new})

    assert books.reserved() == [2, Decimal("19.8"), 0, Decimal("199.8")]
    assert books.service.fees(books.quote) == Decimal("0.4")


def test_a_trade_is_settled_by_one_key_only(books: Books) -> None:
    books.reserve_for(2)
    trade = books.trade()
    books.post("settlements", {"trades": [trade]})

    assert books.post("settlements", {"trades": [{**trade, "id": str(uuid7())}]}) == (409, "TRADE_SETTLED_ALREADY")
    assert books.post("settlements", {"trades": [{**trade, "notional": "99"}]}) == (409, "IDEMPOTENCY_CONFLICT")


def test_a_reversal_undoes_a_settlement_and_comes_before_a_late_one(books: Books) -> None:
    books.reserve_for(2)
    made, late = books.trade(), books.trade()
    books.post("settlements", {"trades": [made]})
    for trade in (made, late, made, late):
        assert books.post(f"settlements/{trade['id']}/reverse", {"trade_id": trade["trade_id"]}) == (200, "undone")

    assert books.reserved() == [0, 220, 2, 0]
    assert books.service.fees(books.quote) == 0
    for trade in (made, late):
        assert books.post("settlements", {"trades": [trade]}) == (409, "SETTLEMENT_REVERSED")
        again = {**trade, "id": str(uuid7())}
        assert books.service.ask("POST", "settlements", {"trades": [again]})[1]["data"] == {"settled": 1}


def test_settlements_and_reversals_at_once_end_in_one_of_two_ways(books: Books) -> None:
    books.reserve_for(8)
    trades = [books.trade() for _ in range(8)]

    def settle(trade: dict[str, str]) -> int:
        return books.post("settlements", {"trades": [trade]})[0]

    def reverse(trade: dict[str, str]) -> int:
        return books.post(f"settlements/{trade['id']}/reverse", {"trade_id": trade["trade_id"]})[0]

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(act, trade) for trade in trades for act in (settle, reverse)]
        assert {answer.result() for answer in asked} <= {200, 409}

    assert books.reserved() == [0, 880, 8, 0]
    assert {books.service.operation(UUID(trade["id"])) for trade in trades} == {"undone"}


def test_everything_that_is_reserved_is_listed(books: Books, service: WalletService) -> None:
    books.reserve_for(1)

    listed = service.ask("GET", "reserved")[1]["data"]

    mine = [entry for entry in listed if entry["asset"] in (books.base, books.quote)]
    assert {(entry["user_id"], entry["asset"], entry["reserved"]) for entry in mine} == {
        (str(books.buyer.pk), books.quote, "110.00000000"), (str(books.seller.pk), books.base, "1.00000000")
    }  # fmt: skip
    last = listed[-1]
    path = f"reserved?after_user={last['user_id']}&after_asset={last['asset']}"
    assert service.ask("GET", path)[1]["data"] == []
    balance = service.ask("GET", f"balances/{books.buyer.pk}/{books.quote}")[1]["data"]
    assert (balance["available"], balance["reserved"]) == ("890.00000000", "110.00000000")
    assert len(service.ask("GET", f"balances/{books.buyer.pk}")[1]["data"]) == 2


def test_the_protocol_has_a_document_of_its_own(settings: Settings) -> None:
    settings.WALLET_SERVICE_TOKEN = "the-token-of-a-test-wallet"
    public = Client().get("/api/schema?format=json").json()
    settings.ROOT_URLCONF = "config.private_urls"
    document = Client().get("/internal/wallet/v1/schema?format=json").json()

    validate_schema(document)  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
    paths = {path.removeprefix("/internal/wallet/v1/") for path in document["paths"]}
    assert paths == {
        "ping", "balances/{user_id}", "balances/{user_id}/{asset}", "reserved", "reservations",
        "reservations/{key}/void", "releases", "settlements", "settlements/{key}/reverse", "operations/{key}",
    }  # fmt: skip
    codes = document["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert "RESERVATION_VOIDED" in codes
    assert document["info"]["title"] == "Wallet of a trade engine"
    assert not [path for path in public["paths"] if "internal" in path]
    assert public["info"]["title"] == "Trade Engine"
