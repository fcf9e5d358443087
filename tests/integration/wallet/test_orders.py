"""Orders whose money is at the wallet: it comes when they need it, moves when they trade, and goes back."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import OperationalError

from settlement.models import LedgerEntry, WalletReservation
from tests.engines import wait_until
from tests.integration.wallet.scene import FUNDS, ORDERS, Scene

pytestmark = pytest.mark.xdist_group("wallet")


def test_money_comes_for_an_order_moves_with_its_trade_and_goes_back(scene: Scene) -> None:
    scene.placed(scene.maker, "sell", "2", "100")
    assert scene.there(scene.maker, scene.base) == (FUNDS - 2, 2)
    assert scene.here(scene.maker, scene.base) == (0, 2)

    scene.placed(scene.taker, "buy", "2", "101")
    assert scene.there(scene.taker, scene.quote) == (FUNDS - Decimal("202.202"), Decimal("202.202"))

    assert scene.settle().settled == 1
    assert scene.there(scene.maker, scene.quote) == (FUNDS, Decimal("199.8"))
    assert scene.service.fees(scene.quote) == Decimal("0.4")
    scene.sweep()
    assert scene.there(scene.maker, scene.quote) == (FUNDS + Decimal("199.8"), 0)
    assert scene.there(scene.taker, scene.quote) == (FUNDS - Decimal("200.2"), 0)
    assert scene.there(scene.taker, scene.base) == (FUNDS + 2, 0)
    assert scene.reservations(scene.taker) == ["spent"]


def test_an_order_that_was_placed_is_told_so_also_when_its_reservation_cannot_be_noted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr("orders.services.funding.funds_spent", fail)
        order = scene.placed(scene.taker, "buy", "1", "100")

    assert order["status"] == "open"
    assert scene.reservations(scene.taker) == ["reserved"]
    scene.grow_old()
    scene.sweep()
    assert scene.reservations(scene.taker) == ["spent"]


def test_what_was_just_sold_buys_at_once(scene: Scene) -> None:
    """Each purchase takes nine tenths of what the taker had at first, so it needs what the last sale brought."""
    for _ in range(5):
        scene.placed(scene.maker, "sell", "9", "100")
        assert scene.placed(scene.taker, "buy", "9", "100")["status"] == "filled"
        scene.placed(scene.maker, "buy", "9", "99")
        assert scene.placed(scene.taker, "sell", "9", "99")["status"] == "filled"


def test_the_money_of_a_cancelled_order_goes_back(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "1", "100")

    assert scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}").status_code == 200
    assert scene.here(scene.taker, scene.quote) == (Decimal("100.1"), 0)
    scene.sweep()

    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)
    kinds = LedgerEntry.objects.filter(account__owner=scene.taker).order_by("id").values_list("kind", "amount")
    assert list(kinds) == [("reserve", Decimal("100.1")), ("release", Decimal("-100.1"))]


def test_too_little_is_denied_with_what_is_needed_and_there(scene: Scene) -> None:
    answer = scene.order(scene.taker, "buy", "10", "100")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")
    assert answer.json()["error"]["details"] == {
        "asset": scene.quote, "required": "1001.00000000", "available": "1000.00000000"
    }  # fmt: skip
    assert scene.reservations(scene.taker) == ["refused"]
    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)


def test_what_is_free_here_is_used_before_the_wallet_is_asked(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "9", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")

    scene.placed(scene.taker, "buy", "9.9", "100")  # more than either has

    assert scene.there(scene.taker, scene.quote) == (FUNDS - Decimal("990.99"), Decimal("990.99"))
    amounts = WalletReservation.objects.filter(user=scene.taker).order_by("id").values_list("amount", "needed")
    assert list(amounts) == [(Decimal("900.9"), Decimal("900.9")), (Decimal("90.09"), Decimal("990.99"))]


def test_two_orders_never_count_on_the_same_money(scene: Scene) -> None:
    """Each needs six tenths of what there is, part of it here and part at the wallet: one is placed."""
    order = scene.placed(scene.taker, "buy", "5", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: scene.order(scene.taker, "buy", "6", "100"), range(8)))

    codes = sorted(answer.json()["error"]["code"] if answer.status_code != 201 else "" for answer in answers)
    assert codes == ["", *["INSUFFICIENT_BALANCE"] * 7]


def test_a_repeated_client_order_id_needs_no_money(scene: Scene) -> None:
    first = scene.placed(scene.taker, "buy", "9", "100", client_order_id="mine")

    scene.proxy.stop()
    again = scene.order(scene.taker, "buy", "9", "100", client_order_id="mine")

    assert again.status_code == 200
    assert again.json()["data"]["order"]["id"] == first["id"]


@pytest.mark.parametrize(
    ("fields", "reserved"),
    [
        ({"price": "110", "type": "stop_limit", "stop_price": "105"}, "110.11"),
        ({"type": "stop", "stop_price": "105"}, "115.6155"),  # a band beyond the stop price
        ({"type": "market", "quantity": None, "quote_quantity": "50"}, "50"),
    ],
)
def test_what_a_buy_can_need_at_most_is_reserved(scene: Scene, fields: dict[str, str], reserved: str) -> None:
    scene.placed(scene.maker, "sell", "0.1", "100")
    quantity = fields.pop("quantity", "1")

    scene.placed(scene.taker, "buy", quantity, fields.pop("price", None), **fields)

    assert scene.there(scene.taker, scene.quote)[1] == Decimal(reserved)


def test_a_market_buy_by_quantity_reserves_what_the_book_asks_and_a_margin(scene: Scene) -> None:
    scene.placed(scene.maker, "sell", "1", "100")
    scene.placed(scene.maker, "sell", "1", "102")

    assert scene.placed(scene.taker, "buy", "1.5")["status"] == "filled"

    cost = Decimal("151") * Decimal("1.001")
    assert scene.there(scene.taker, scene.quote)[1] == cost * Decimal("1.1")
    scene.settle()
    scene.sweep()
    assert scene.there(scene.taker, scene.quote) == (FUNDS - cost, 0)


def test_a_trailing_stop_that_buys_is_funded(scene: Scene) -> None:
    scene.placed(scene.maker, "sell", "1", "100")
    scene.placed(scene.taker, "buy", "1", "100")

    order = scene.placed(scene.taker, "buy", "1", type="trailing_stop", trailing_amount="2")

    assert order["status"] == "pending"


def test_an_oco_reserves_the_larger_need_of_its_legs(scene: Scene) -> None:
    body = {"side": "buy", "quantity": "1", "price": "95", "stop_price": "105", "stop_limit_price": "106"}

    answer = scene.ask(scene.taker, "post", f"{ORDERS}/oco", **body)

    assert answer.status_code == 201, answer.content
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("106.106")
    assert scene.here(scene.taker, scene.quote) == (0, Decimal("106.106"))


def test_an_amendment_reserves_what_is_missing(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "1", "100")
    path = f"{ORDERS}/{order['id']}"

    assert scene.ask(scene.taker, "patch", path, quantity="3").status_code == 200
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("300.3")
    assert scene.ask(scene.taker, "patch", path, price="101").status_code == 200
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("303.303")
    assert scene.ask(scene.taker, "patch", path, quantity="1").status_code == 200
    scene.sweep()
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("101.101")

    refused = scene.ask(scene.taker, "patch", path, quantity="20")
    assert refused.json()["error"]["code"] == "INSUFFICIENT_BALANCE"


def test_an_amended_oco_reserves_what_its_more_expensive_order_lacks(scene: Scene) -> None:
    body = {"side": "buy", "quantity": "1", "price": "95", "stop_price": "105", "stop_limit_price": "106"}
    placed = scene.ask(scene.taker, "post", f"{ORDERS}/oco", **body).json()["data"]["orders"]
    limit, stop = (f"{ORDERS}/{order['id']}" for order in placed)

    for path, change, needed in [
        (stop, {"stop_price": "107", "price": "108"}, "108.108"),
        (limit, {"price": "96"}, "108.108"),
        (limit, {"quantity": "2"}, "216.216"),
        (stop, {"price": "106"}, "212.212"),
    ]:
        answer = scene.ask(scene.taker, "patch", path, **change)
        assert answer.status_code == 200, answer.content
        scene.sweep()
        assert scene.there(scene.taker, scene.quote)[1] == Decimal(needed)

    refused = scene.ask(scene.taker, "patch", stop, quantity="20")
    assert refused.json()["error"]["code"] == "INSUFFICIENT_BALANCE"


def test_what_amended_exits_that_buy_will_need_is_brought_as_far_as_it_is_there(scene: Scene) -> None:
    exits = {"take_profit": {"price": "95"}, "stop_loss": {"stop_price": "104"}}
    answer = scene.ask(
        scene.taker, "post", f"{ORDERS}/bracket", side="sell", quantity="1", type="limit", price="101", **exits
    )
    stop_loss = f"{ORDERS}/{answer.json()['data']['orders'][2]['id']}"
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("114.5144")

    assert scene.ask(scene.taker, "patch", stop_loss, stop_price="105").status_code == 200
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("115.6155")
    assert scene.ask(scene.taker, "patch", stop_loss, stop_price="9999").status_code == 200
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("115.6155")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_exits_of_a_bracket_are_funded_from_what_is_here(scene: Scene, side: str) -> None:
    other, gain, loss = ("sell", "105", "96") if side == "buy" else ("buy", "95", "104")
    scene.placed(scene.maker, other, "1", "100")
    exits = {"take_profit": {"price": gain}, "stop_loss": {"stop_price": loss}}
    answer = scene.ask(
        scene.taker, "post", f"{ORDERS}/bracket", side=side, quantity="1", type="limit", price="100", **exits
    )
    assert answer.status_code == 201, answer.content
    take_profit = answer.json()["data"]["orders"][1]["id"]

    scene.settle()
    scene.sweep()  # which must leave what the exits wait for

    def state() -> str:
        return str(scene.ask(scene.taker, "get", f"{ORDERS}/{take_profit}").json()["data"]["status"])

    wait_until(lambda: state() == "open", "the exits to work")


def test_a_batch_has_a_reservation_for_each_order(scene: Scene) -> None:
    orders = [
        {"symbol": scene.market.symbol, "side": "buy", "type": "limit", "price": "100", "quantity": quantity}
        for quantity in ("4", "5", "3")
    ]
    answer = scene.ask(scene.taker, "post", f"{ORDERS}/batch", orders=orders)

    results = answer.json()["data"]["results"]
    assert [result["status"] for result in results] == [201, 201, 400]
    assert results[2]["error"]["code"] == "INSUFFICIENT_BALANCE"
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("900.9")


def test_balances_are_those_of_both_sides(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "1", "100")
    scene.placed(scene.taker, "buy", "2", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")

    def balance() -> dict[str, str]:
        answer = scene.ask(scene.taker, "get", "/api/v1/balances").json()
        return next(entry for entry in answer["data"] if entry["asset"] == scene.quote)

    expected = {"asset": scene.quote, "available": "799.80000000", "held": "200.20000000", "total": "1000.00000000"}
    assert balance() == expected
    scene.sweep()
    assert balance() == expected
    scene.proxy.stop()
    answer = scene.ask(scene.taker, "get", "/api/v1/balances")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "WALLET_UNAVAILABLE")
