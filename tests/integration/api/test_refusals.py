"""Every reason for which an order, a group or an amendment is refused, through REST and a running engine.

Denied: nothing is stored. Rejected by the engine: stored as rejected. Either way nothing is held, and what was there
before is as it was.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from exchange.models import Market, User
from exchange.selectors import forget_markets
from matching.engine import RejectReason
from orders.models import ClientOrderId, Order
from settlement.models import Account
from tests.integration.api.asking import BATCH, ORDERS, code
from tests.integration.api.stage import Request, Stage, amend, bracket, buy, cancel, cancel_all, oco, sell


class Case(NamedTuple):
    """`before` is done first, then `asks` is refused; with `states` the market changes in between."""

    name: str
    asks: Request
    status: int
    code: str
    details: dict[str, Any] = {}
    before: tuple[Request, ...] = ()
    market: dict[str, Any] = {}
    states: tuple[str, ...] = ()


ASK = sell("maker", "ask", "1", "100")
BID = buy("maker", "bid", "1", "100")
OWN = sell("taker", "own", "1", "100")
TRADE = (ASK, buy("outsider", "lift", "1", "100"))
BAND = {"price_band": "0.1", "lowest": "90.00", "highest": "110.00"}
HERE = {"symbol": "here"}

REJECTED = [
    Case("closed", buy("taker", "o", "1", "100"), 409, "MARKET_CLOSED", HERE, market={"trading_state": "closed"}),
    Case("halted", buy("taker", "o", "1", "100"), 409, "MARKET_HALTED", HERE, market={"trading_state": "halted"}),
    *(
        Case(f"before the opening: {name}", asks, 409, "MARKET_PRE_OPEN", HERE, market={"trading_state": "pre_open"})
        for name, asks in {
            "ioc": buy("taker", "o", "1", "100", time_in_force="ioc"),
            "fok": buy("taker", "o", "1", "100", time_in_force="fok"),
            "market": sell("taker", "o", "1"),
            "post-only": buy("taker", "o", "1", "100", post_only=True),
        }.items()
    ),
    *(
        Case(f"one order too many: {name}", asks, 400, "TOO_MANY_ORDERS", {"max_open_orders": 1}, (OWN,),
             {"max_open_orders": 1})
        for name, asks in {
            "limit": buy("taker", "o", "1", "95"),
            "stop": buy("taker", "o", "1", type="stop", stop_price="105"),
            "oco": oco("taker", ("a", "b"), "buy", "1", "95", "105"),
        }.items()
    ),
    Case("an oco counts twice", oco("taker", ("a", "b"), "buy", "1", "95", "105"), 400, "TOO_MANY_ORDERS",
         {"max_open_orders": 1}, market={"max_open_orders": 1}),
    Case("a bracket counts three times", bracket("taker", "buy", "1", "100", "105", "95"), 400, "TOO_MANY_ORDERS",
         {"max_open_orders": 2}, market={"max_open_orders": 2}),
    *(
        Case(f"one stop too many: {name}", asks, 400, "TOO_MANY_STOPS", {"max_stop_orders": 1},
             (buy("taker", "waiting", "1", type="stop", stop_price="105"),), {"max_stop_orders": 1})
        for name, asks in {
            "stop": buy("taker", "o", "1", type="take_profit", stop_price="95"),
            "oco": oco("taker", ("a", "b"), "buy", "1", "95", "105"),
            "bracket": bracket("taker", "buy", "1", "100", "105", "95"),
        }.items()
    ),
    Case("nothing to follow", sell("taker", "o", "1", type="trailing_stop", trailing_amount="1"), 400, "NO_LAST_PRICE"),
    Case("a price above the band", buy("taker", "o", "1", "110.01"), 400, "PRICE_OUT_OF_BAND",
         BAND | {"price": "110.01"}),
    Case("a price below the band", sell("taker", "o", "1", "89.99"), 400, "PRICE_OUT_OF_BAND",
         BAND | {"price": "89.99"}),
    Case("a limit too far from its stop", sell("taker", "o", "1", "80.99", type="stop_limit", stop_price="90"), 400,
         "PRICE_OUT_OF_BAND", {"price": "80.99", "price_band": "0.1", "lowest": "81.00", "highest": "99.00"}),
    Case("a trailing stop that would start below a tick",
         sell("taker", "o", "1", type="trailing_stop", trailing_amount="100"), 400, "PRICE_OUT_OF_BAND", before=TRADE),
    Case("an oco whose limit is too far", oco("taker", ("a", "b"), "sell", "1", "120", "95"), 400, "PRICE_OUT_OF_BAND",
         BAND | {"price": "120"}),
    *(
        Case(f"it would trigger at once: {name}", asks, 400, "STOP_WOULD_TRIGGER", {"last_price": "100.00"}, before)
        for name, asks, before in [
            ("sell stop", sell("taker", "o", "1", type="stop", stop_price="100"), TRADE),
            ("buy stop", buy("taker", "o", "1", type="stop", stop_price="99"), TRADE),
            ("sell take-profit", sell("taker", "o", "1", type="take_profit", stop_price="100"), TRADE),
            ("buy take-profit limit", buy("taker", "o", "1", "99", type="take_profit_limit", stop_price="101"), TRADE),
            ("at the reference price", sell("taker", "o", "1", type="stop_limit", price="99", stop_price="100"), ()),
            ("an oco above the market", oco("taker", ("a", "b"), "sell", "1", "106", "104"), TRADE),
        ]
    ),
    Case("post-only that crosses", buy("taker", "o", "1", "100", post_only=True), 400, "POST_ONLY_WOULD_TRADE",
         before=(ASK,)),
    Case("crossing while the market only takes what rests", buy("taker", "o", "1", "100"), 400,
         "POST_ONLY_WOULD_TRADE", before=(ASK,), states=("post_only",)),
    Case("an oco below the market", oco("taker", ("a", "b"), "sell", "1", "99", "95"), 400, "POST_ONLY_WOULD_TRADE",
         before=(BID,)),
    Case("post-only that cannot be moved behind a bid at the edge of the band",
         sell("taker", "o", "1", "109", post_only=True, reprice=True), 400, "POST_ONLY_WOULD_TRADE",
         before=(buy("maker", "edge", "1", "110"),)),
    Case("its own order comes first", buy("taker", "o", "1", "100"), 400, "SELF_TRADE", before=(OWN,)),
    Case("its own order comes first, market", buy("taker", "o", "1"), 400, "SELF_TRADE", before=(OWN, ASK)),
    Case("a bracket whose entry meets its own order", bracket("taker", "buy", "1", "100", "105", "95"), 400,
         "SELF_TRADE", before=(OWN,)),
    Case("an empty book", sell("taker", "o", "1"), 400, "INSUFFICIENT_LIQUIDITY"),
    Case("an empty book, budget", buy("taker", "o", None, quote_quantity="100"), 400, "INSUFFICIENT_LIQUIDITY"),
    Case("a bracket on an empty book", bracket("taker", "buy", "1", None, "105", "95"), 400, "INSUFFICIENT_LIQUIDITY"),
]  # fmt: skip

RICH = "1000000.00000000"
DENIED = [
    Case("buy", buy("taker", "o", "9999", "100.1"), 400, "INSUFFICIENT_BALANCE",
         {"asset": "", "required": "1001900.79990000", "available": RICH}),
    Case("sell", sell("taker", "o", "1000000.001", "100"), 400, "INSUFFICIENT_BALANCE",
         {"asset": "", "required": "1000000.00100000", "available": RICH}, market={"max_quantity": 10**7}),
    Case("market buy", buy("taker", "o", "9999"), 400, "INSUFFICIENT_BALANCE",
         {"asset": "", "required": "1099988.99010000", "available": RICH},
         before=(sell("maker", "ask", "9999", "109.9"),)),
    Case("budget", buy("taker", "o", None, quote_quantity="1000000.01"), 400, "INSUFFICIENT_BALANCE",
         {"asset": "", "required": "1000000.01000000", "available": RICH}),
    Case("a stop to buy needs its protection price", buy("taker", "o", "9000", type="stop", stop_price="105"), 400,
         "INSUFFICIENT_BALANCE", {"asset": "", "required": "1040539.50000000", "available": RICH}),
    Case("an oco to buy needs its dearer order", oco("taker", ("a", "b"), "buy", "9000", "95", "105"), 400,
         "INSUFFICIENT_BALANCE", {"asset": "", "required": "1040539.50000000", "available": RICH}),
    Case("a bracket needs its entry", bracket("taker", "buy", "9999", "101", "105", "95"), 400,
         "INSUFFICIENT_BALANCE", {"asset": "", "required": "1010908.89900000", "available": RICH}),
]  # fmt: skip

AT_98 = buy("taker", "open", "2", "98")
SOLD_HALF = (buy("taker", "open", "2", "98"), sell("maker", "hit", "1", "98"))
STOP = buy("taker", "open", "1", type="stop", stop_price="105")
SIDES = "The stop price of a {} is {} the other order's price, and a limit entry is between them"
NOT_AMENDED = [
    Case("halted", amend("taker", "open", price="97"), 409, "MARKET_HALTED", HERE, (AT_98,), states=("halted",)),
    Case("closed", amend("taker", "open", price="97"), 409, "MARKET_CLOSED", HERE, (AT_98,), states=("closed",)),
    Case("somebody else's", amend("outsider", "open", price="97"), 404, "ORDER_NOT_FOUND", {}, (AT_98,)),
    Case("filled", amend("taker", "open", price="97"), 409, "ORDER_NOT_AMENDABLE", {"order_id": "open"},
         (buy("taker", "open", "1", "98"), sell("maker", "hit", "1", "98"))),
    Case("cancelled", amend("taker", "open", quantity="1"), 409, "ORDER_NOT_AMENDABLE", {"order_id": "open"},
         (AT_98, cancel("taker", "open"))),
    Case("a price outside the band", amend("taker", "open", price="89.99"), 400, "PRICE_OUT_OF_BAND",
         BAND | {"price": "89.99"}, (AT_98,)),
    Case("a limit too far from its stop", amend("taker", "open", price="116"), 400, "PRICE_OUT_OF_BAND",
         {"price": "116", "price_band": "0.1", "lowest": "94.50", "highest": "115.50"},
         (buy("taker", "open", "1", "106", type="stop_limit", stop_price="105"),)),
    Case("a price outside the band, of a stop that was triggered", amend("taker", "open", price="93"), 400,
         "PRICE_OUT_OF_BAND", {"price": "93", "price_band": "0.1", "lowest": "93.60", "highest": "114.40"},
         (buy("taker", "open", "1", "101", type="stop_limit", stop_price="102"), sell("maker", "ask", "1", "104"),
          buy("outsider", "lift", "1", "104"))),
    Case("post-only that would cross", amend("taker", "open", price="100"), 400, "POST_ONLY_WOULD_TRADE", {},
         (ASK, buy("taker", "open", "2", "98", post_only=True))),
    Case("its own order comes first", amend("taker", "open", price="100"), 400, "SELF_TRADE", {}, (OWN, AT_98)),
    Case("the limit order of an oco that would trade", amend("taker", "a", price="100"), 400, "POST_ONLY_WOULD_TRADE",
         {}, (BID, oco("taker", ("a", "b"), "sell", "1", "105", "95"))),
    Case("a stop on the wrong side of its oco", amend("taker", "b", stop_price="95"), 400, "VALIDATION_ERROR",
         {"stop_price": [SIDES.format("buy", "above")]}, (oco("taker", ("a", "b"), "buy", "1", "95", "105"),)),
    Case("an entry beyond its take-profit", amend("taker", "entry", price="106"), 400, "VALIDATION_ERROR",
         {"price": [SIDES.format("sell", "below")]}, (bracket("taker", "buy", "1", "99", "105", "95"),)),
    Case("a stop price that is reached", amend("taker", "open", stop_price="100"), 400, "STOP_WOULD_TRIGGER",
         {"last_price": "100.00"}, (STOP,)),
    Case("a stop price too far from its limit", amend("taker", "open", stop_price="118"), 400, "PRICE_OUT_OF_BAND",
         {"price": "106", "price_band": "0.1", "lowest": "106.20", "highest": "129.80"},
         (buy("taker", "open", "1", "106", type="stop_limit", stop_price="105"),)),
    Case("an order without a trigger", amend("taker", "open", stop_price="105"), 400, "TRIGGER_NOT_AMENDABLE", {},
         (AT_98,)),
    Case("a trailing stop", amend("taker", "open", stop_price="95"), 400, "TRIGGER_NOT_AMENDABLE", {},
         (*TRADE, sell("taker", "open", "1", type="trailing_stop", trailing_amount="3"))),
    Case("a stop price that there are no funds for", amend("taker", "b", stop_price="108", quantity="9000"), 400,
         "INSUFFICIENT_BALANCE", {"asset": "", "required": "1070153.58450000", "available": "999884.38450000"},
         (oco("taker", ("a", "b"), "buy", "1", "95", "105"),)),
    Case("the quantity of an exit", amend("taker", "gain", quantity="0.5"), 409, "ORDER_LINKED", {"group_id": "entry"},
         (bracket("taker", "buy", "1", "99", "105", "95"),)),
    Case("a stop has no limit", amend("taker", "open", price="106"), 400, "PRICE_NOT_AMENDABLE", {}, (STOP,)),
    Case("less than is filled", amend("taker", "open", quantity="0.5"), 400, "QUANTITY_BELOW_FILLED",
         {"filled_quantity": "1.000"}, SOLD_HALF),
    Case("as much as is filled", amend("taker", "open", quantity="1", price="97"), 400, "QUANTITY_BELOW_FILLED",
         {"filled_quantity": "1.000"}, SOLD_HALF),
    Case("more than there are funds for", amend("taker", "open", quantity="10000", price="101"), 400,
         "INSUFFICIENT_BALANCE", {"asset": "", "required": "1010813.80400000", "available": "999803.80400000"},
         (AT_98,)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_late_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.batch_server.DRAIN_MS", 0)


class Records(NamedTuple):
    """All that is stored of a user."""

    orders: list[dict[str, Any]]
    client_ids: list[str]
    accounts: list[dict[str, Any]]

    @classmethod
    def of(cls, user: User) -> "Records":
        return cls(
            [dict(row) for row in Order.objects.filter(user=user).order_by("id").values()],
            list(ClientOrderId.objects.filter(user=user).values_list("client_order_id", flat=True)),
            [dict(row) for row in Account.objects.filter(owner=user).order_by("id").values("id", "available", "held")],
        )


class Refusal(NamedTuple):
    error: dict[str, Any]
    before: Records
    after: Records

    @property
    def details(self) -> dict[str, Any]:
        details: dict[str, Any] = self.error["details"]
        return details


def with_client_id(asks: Request) -> Request:
    return asks._replace(body=asks.body | {"client_order_id": "refused"}) if asks.method == "post" else asks


def refuse(stage: Stage, case: Case) -> Refusal:
    """Play a case up to its refusal; assert status, code and message, and that no balance has changed."""
    for request in case.before:
        assert stage.ask(request).status_code in (200, 201)
    for state in case.states:
        stage.set_state(state)
    user = stage.users[case.asks.who]
    before = Records.of(user)

    answer = stage.ask(with_client_id(case.asks))

    assert code(answer) == (case.status, case.code), answer.content
    refusal = Refusal(answer.json()["error"], before, Records.of(user))
    assert refusal.after.accounts == before.accounts
    return refusal


def expected(stage: Stage, case: Case) -> dict[str, Any]:
    """Return a case's details with what it only names replaced by what is meant."""
    market = stage.market
    meant = {
        "symbol": market.symbol,
        "group_id": stage.ids.get(case.details.get("group_id", "")),
        "asset": market.base_id if case.asks.body.get("side") == "sell" else market.quote_id,
        "order_id": stage.ids.get(case.details.get("order_id", "")),
    }
    return {name: meant.get(name, value) for name, value in case.details.items()}


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: f"{case.code}: {case.name}")
def test_what_the_engine_rejects_is_stored_with_its_reason(case: Case) -> None:
    with Stage(**case.market) as stage:
        refusal = refuse(stage, case)

    details, before, after = refusal.details, refusal.before, refusal.after
    order_id = details.pop("order_id")
    assert details == expected(stage, case)
    new = [order for order in after.orders if order not in before.orders]
    assert str(new[0]["id"]) == order_id
    assert len(new) == len(case.asks.names)
    assert {(order["status"], order["reason"], order["held"]) for order in new} == {("rejected", case.code, 0)}
    assert [order["client_order_id"] for order in new] == ["refused", *[None] * (len(new) - 1)]
    assert after.client_ids == ["refused"]


ONE_OF_EACH = [
    *{case.code: case for case in REJECTED if case.asks.path == ORDERS}.values(),
    *{case.asks.path: case for case in REJECTED if case.asks.path != ORDERS}.values(),
]


def change_everything(stage: Stage) -> None:
    """Give the market other limits and another last price, and its engine a new process."""
    limits = {"price_band_ppm": 200_000, "max_open_orders": 50, "max_stop_orders": 40, "reference_price": 100}
    Market.objects.filter(pk=stage.market.pk).update(**limits)
    stage.set_state("continuous")
    forget_markets()
    stage.restart()
    for request in (cancel_all("maker"), cancel_all("outsider"), cancel_all("taker")):
        stage.ask(request)
    assert stage.ask(sell("outsider", "ask", "1", "104")).status_code == 201
    assert stage.ask(buy("maker", "bid", "1", "104")).json()["data"]["trades"] != []


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: f"{case.code}: {case.name}")
def test_a_rejected_order_that_is_repeated_is_refused_in_the_same_words(case: Case) -> None:
    with Stage(**case.market) as stage:
        first = refuse(stage, case)
        repeated = [stage.ask(with_client_id(case.asks))]
        change_everything(stage)
        repeated.append(stage.ask(with_client_id(case.asks)))
        other = with_client_id(case.asks)
        other.body["quantity" if "quantity" in other.body else "quote_quantity"] = "2"
        differing = stage.ask(other)
        records = Records.of(stage.users[case.asks.who])

    for answer in (*repeated, differing):
        assert (answer.status_code, answer.json()["success"]) == (case.status, False)
        assert answer.json()["error"] == first.error
        assert answer.json()["meta"]["idempotent_replay"] is True
    assert [answer.json()["meta"]["payload_differs"] for answer in (*repeated, differing)] == [False, False, True]
    assert [order["id"] for order in records.orders if order["client_order_id"] == "refused"] == [
        UUID(first.details["order_id"])
    ]


def test_a_rejected_order_that_is_repeated_in_a_batch_is_refused_in_the_same_words() -> None:
    with Stage() as stage:
        far = {"symbol": stage.market.symbol, "side": "buy", "type": "limit", "quantity": "1", "price": "110.01"}
        orders = [far | {"client_order_id": name} for name in ("one", "one", "two")]
        first = stage.clients["taker"].post(BATCH, {"orders": orders}, format="json").json()["data"]["results"]
        change_everything(stage)
        again = stage.clients["taker"].post(BATCH, {"orders": orders}, format="json").json()["data"]["results"]

    replay = {"idempotent_replay": True, "payload_differs": False}
    assert [result.get("meta") for result in first] == [None, replay, None]
    assert [result["meta"] for result in again] == [replay] * 3
    assert first[0]["error"] == first[1]["error"] == again[0]["error"] == again[1]["error"]
    assert (first[2]["error"], first[2]["status"]) == (again[2]["error"], again[2]["status"])
    assert first[0]["error"]["details"] == BAND | {
        "price": "110.01",
        "order_id": first[0]["error"]["details"]["order_id"],
    }


@pytest.mark.parametrize("case", DENIED, ids=lambda case: case.name)
def test_without_the_funds_nothing_is_stored(case: Case) -> None:
    with Stage(**case.market) as stage:
        refusal = refuse(stage, case)

    assert refusal.details == expected(stage, case)
    assert refusal.after == refusal.before


@pytest.mark.parametrize("case", NOT_AMENDED, ids=lambda case: f"{case.code}: {case.name}")
def test_what_is_not_amended_is_as_it_was(case: Case) -> None:
    with Stage(**case.market) as stage:
        refusal = refuse(stage, case)

    assert refusal.details == expected(stage, case)
    assert refusal.after == refusal.before


def test_an_order_that_expired_on_its_way_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input looks at the clock of the api, the engine at its own."""
    monkeypatch.setattr("orders.api.inputs.timezone.now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    case = Case("late", buy("taker", "o", "1", "100", expire_at="2020-01-02T00:00:00Z", time_in_force="gtd"), 400,
                "ALREADY_EXPIRED")  # fmt: skip
    with Stage() as stage:
        details = refuse(stage, case).details

    stored = Order.objects.get(user=stage.users["taker"])
    assert details == {"order_id": str(stored.pk), "expire_at": "2020-01-02T00:00:00.000Z"}
    assert (stored.status, stored.reason, stored.held) == ("rejected", "ALREADY_EXPIRED", 0)


def test_every_reason_of_the_engine_has_a_case() -> None:
    """Ids are made by the exchange and known ones answered before the engine; the other is for cancels only."""
    elsewhere = {"DUPLICATE_ORDER_ID", "ORDER_NOT_FOUND", "ALREADY_EXPIRED"}

    covered = {case.code for case in (*REJECTED, *NOT_AMENDED)} | elsewhere

    assert {reason.name for reason in RejectReason} <= covered
