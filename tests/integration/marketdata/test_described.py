"""The AsyncAPI document: it is whole, every message is in it and is really sent, and what it says is what is taken.

That every message of every other test is as described, the fixture in tests/contract/streams.py sees to.
"""

import ast
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from exchange.selectors import forget_markets
from marketdata import messages
from marketdata.asyncapi.document import CLOSE_CODES, asyncapi_document
from marketdata.asyncapi.received import RECEIVED
from marketdata.asyncapi.sent import SENT
from marketdata.consumers import MarketConsumer, OrdersConsumer, TradesConsumer
from marketdata.consumers.base import CloseCode, StreamConsumer
from marketdata.database import in_database
from matching.engine import Side
from orders.services import cancellation
from tests.contract.streams import StreamContract
from tests.engines import running_engine
from tests.fixtures import make_market as make_served_market
from tests.fixtures import make_user as make_funded_user
from tests.integration.marketdata.clients import Client
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of
from tests.orders import buy, sell

CONSUMERS: dict[str, type[StreamConsumer]] = {
    "markets": MarketConsumer,
    "trades": TradesConsumer,
    "orders": OrdersConsumer,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_document(host="exchange.test", is_secure=True)


# --- the document ---------------------------------------------------------------------------------


def test_it_is_served_with_the_address_it_was_asked_for_at(visitor: APIClient) -> None:
    answer = visitor.get("/api/streams", headers={"Host": "localhost"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["asyncapi"] == "3.0.0"
    assert answer.json()["servers"]["exchange"] == {
        "host": "localhost",
        "protocol": "ws",
        "description": "This exchange",
    }


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))

    assert len(found) > 100
    for reference in found:
        place: Any = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_member_of_every_message_is_explained_and_no_other_is_allowed(document: dict[str, Any]) -> None:
    gaps = [
        f"{name}: {gap}"
        for name, each in document["components"]["messages"].items()
        for gap in unexplained(each["payload"])
    ]

    assert gaps == []


def unexplained(schema: dict[str, Any]) -> Iterator[str]:
    if "properties" in schema:
        if schema["additionalProperties"] is not False:
            yield "it is open"
        for name, member in schema["properties"].items():
            if not member.get("description"):
                yield f"{name} is not explained"
            yield from unexplained(member)
    if isinstance(schema.get("items"), dict):
        yield from unexplained(schema["items"])


def test_every_message_of_the_code_is_described() -> None:
    """What `marketdata.messages` can send is read from its source: a message is a literal with its type."""
    tree = ast.parse(Path(messages.__file__).read_text())
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    sent = {
        value.value
        for literal in literals
        for key, value in zip(literal.keys, literal.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    }

    assert sent == {kind for stream in RECEIVED.values() for kind in stream}


@pytest.mark.parametrize("stream", CONSUMERS)
def test_every_operation_is_described(stream: str) -> None:
    assert set(CONSUMERS[stream]().operations) == set(SENT[stream])


def test_every_close_code_is_described() -> None:
    assert set(CLOSE_CODES) == set(CloseCode)


@pytest.mark.parametrize(("stream", "op"), [(stream, op) for stream, operations in SENT.items() for op in operations])
def test_the_examples_are_as_described(stream_contract: StreamContract, stream: str, op: str) -> None:
    examples = SENT[stream][op].examples

    assert examples
    assert [list(stream_contract.sent[stream, op].iter_errors(example)) for example in examples] == [[]] * len(examples)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"price": 10.01}, "price"),
        ({"price": "1e3"}, "price"),
        ({"seq": "1"}, "seq"),
        ({"taker_side": "BUY"}, "taker_side"),
        ({"executed_at": "2026-01-31T12:00:00Z"}, "executed_at"),
        ({"buyer_id": "somebody"}, "buyer_id"),
        ({"id": None}, "id"),
        ({"type": "deal"}, "not described"),
    ],
)
def test_a_message_that_is_not_as_described_is_noticed(
    stream_contract: StreamContract, changes: dict[str, Any], complaint: str
) -> None:
    trade = {
        "type": "trade", "symbol": "BTC/USDT", "seq": 1, "id": "01900000-0000-7000-8000-000000000001", "price": "10.01",
        "quantity": "0.005", "taker_side": "buy", "executed_at": "2026-01-31T12:00:00.123Z",
    }  # fmt: skip

    assert stream_contract.problems_of("trades", trade) == []
    (problem,) = stream_contract.problems_of("trades", trade | changes)
    assert complaint in problem


# --- every message is really sent -----------------------------------------------------------------


@pytest.fixture
def own_contract(stream_contract: StreamContract) -> Iterator[StreamContract]:
    """Begin with nothing seen."""
    seen, stream_contract.seen = stream_contract.seen, set()
    yield stream_contract
    stream_contract.seen |= seen


def seen_of(contract: StreamContract, stream: str) -> set[str]:
    return {kind for of, kind in contract.seen if of == stream}


async def test_every_message_of_trades_is_sent(
    own_contract: StreamContract, script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TradesConsumer, "heartbeat_s", 0.1)
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")
    maker = script.place(Side.SELL, 1001, 7)
    script.trade(maker, 5)
    await script.commit()
    script.trade(script.open[maker.id], 1)
    await script.publish()
    await client.until("resync")
    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})
    await client.until("resumed")
    await client.until("trade")
    await client.send({"op": "unsubscribe", "symbols": [script.market.symbol]})
    await client.until("unsubscribed")
    await client.send("[]")
    await client.until("error")
    await client.send({"op": "ping"})
    await client.until("pong")
    await client.until("heartbeat")
    await client.leave()

    assert seen_of(own_contract, "trades") == set(RECEIVED["trades"])


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Market, User, User]]:
    """Return a market with an engine, and two funded accounts."""
    market = make_served_market()
    users = [make_funded_user(name, assets=(market.base_id, market.quote_id)) for name in ("maker", "taker")]
    monkeypatch.setattr(cancellation, "markets", lambda: [market])
    forget_markets()
    with running_engine(market):
        yield market, users[0], users[1]


async def test_every_message_of_markets_is_sent(
    own_contract: StreamContract,
    served: tuple[Market, User, User],
    other_market: Market,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market, maker, taker = served
    monkeypatch.setattr(MarketConsumer, "heartbeat_s", 0.1)
    client = await Client(f"/ws/markets/{market.slug}?channels=book,ticker,candles").open()
    await client.until("market")
    await in_database(sell, maker, market, "2", "100")
    await in_database(buy, taker, market, "1", "100")
    await client.until("candle")
    await client.until("ticker")
    await client.send({"op": "resume", "symbol": market.symbol, "from_seq": 1})
    await client.until("resumed")
    await client.until("update")
    await client.send({"op": "subscribe", "symbols": [other_market.symbol], "channels": ["ticker"]})
    await client.until("subscribed")
    await client.send({"op": "unsubscribe", "symbols": [other_market.symbol]})
    await client.until("unsubscribed")
    await client.send({"op": "dance"})
    await client.until("error")
    await client.send({"op": "ping"})
    await client.until("pong")
    await client.until("heartbeat")
    await client.leave()

    assert seen_of(own_contract, "markets") == set(RECEIVED["markets"])


async def test_every_message_of_orders_is_sent(
    own_contract: StreamContract, served: tuple[Market, User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    market, maker, taker = served
    monkeypatch.setattr(OrdersConsumer, "heartbeat_s", 0.1)
    client = await logged_in(maker)
    await client.send({"op": "cancel_after", "timeout_ms": 60_000})
    await client.until("cancel_after")
    await client.send({"op": "cancel_on_disconnect", "timeout_ms": 0, "symbol": market.slug})
    await client.until("cancel_on_disconnect")
    await in_database(buy, maker, market, "1", "95")
    await in_database(sell, taker, market, "1", "95")
    await until_seen(client, {"order", "fill", "balance"})
    await client.send({"op": "ping"})
    await client.until("pong")
    await client.until("heartbeat")
    await client.send({"op": "auth", "token": token_of(maker)})
    await client.until("error")
    await client.leave()

    assert seen_of(own_contract, "orders") | {"resumed"} == set(RECEIVED["orders"])


async def test_a_session_that_goes_on_says_so(own_contract: StreamContract, maker: User) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker)})
    session = (await client.until("snapshot"))["session"]
    await client.leave()

    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker), "session": session, "private_seq": 1})
    await client.until("resumed")
    await client.leave()

    assert ("orders", "resumed") in own_contract.seen


async def until_seen(client: Client, kinds: set[str]) -> None:
    """Read until all of these have come, in whatever order."""
    while kinds:
        kinds = kinds - {(await client.receive())["type"]}


async def logged_in(user: User) -> Client:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(user)})
    await client.until("snapshot")
    return client


# --- what is taken --------------------------------------------------------------------------------

WRONG: list[Any] = [None, True, -1, 1.5, 2**63, 10**30, "", "\x00", "x" * 5_000, [], [None], ["nothing"], {}, {"a": 1}]
MISSING = object()


def spoilt(stream: str, contract: StreamContract) -> list[dict[str, Any]]:
    """Return every example with a member left out or replaced by something that the document does not allow there."""
    found = []
    for op, operation in SENT[stream].items():
        for example in operation.examples:
            for member in (name for name in operation.schema["properties"] if name != "op"):
                for value in (*WRONG, MISSING):
                    changed = {
                        name: inner for name, inner in (example | {member: value}).items() if inner is not MISSING
                    }
                    if not contract.sent[stream, op].is_valid(changed):
                        found.append(changed)
    return list({json.dumps(message): message for message in found}.values())


@pytest.mark.parametrize("stream", ["markets", "trades"])
async def test_what_the_document_does_not_allow_is_refused(
    stream_contract: StreamContract, script: ScriptedMarket, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = spoilt(stream, stream_contract)
    assert len(cases) > 20
    path = f"/ws/markets/{script.market.slug}" if stream == "markets" else f"/ws/trades?symbol={script.market.slug}"
    client = await patient(stream, monkeypatch, path)

    assert [message for message in cases if not await is_refused(client, message)] == []
    await client.leave()


async def test_what_the_document_does_not_allow_is_refused_to_accounts(
    stream_contract: StreamContract, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [message for message in spoilt("orders", stream_contract) if message["op"] != "auth"]
    assert len(cases) > 20
    client = await patient("orders", monkeypatch, "/ws/orders")
    await client.send({"op": "auth", "token": token_of(maker)})
    await client.until("snapshot")

    assert [message for message in cases if not await is_refused(client, message)] == []
    await client.leave()


async def test_a_login_that_is_not_as_described_is_refused(
    stream_contract: StreamContract, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(maker)
    cases = [
        message | ({"token": token} if message.get("token") == "an access token" else {})
        for message in spoilt("orders", stream_contract)
        if message["op"] == "auth"
    ]
    assert len(cases) > 10
    for message in cases:
        client = await patient("orders", monkeypatch, "/ws/orders")
        await client.send(message)
        assert (await client.receive())["type"] == "error", message
        await client.leave()


async def patient(stream: str, monkeypatch: pytest.MonkeyPatch, path: str) -> Client:
    """Return a client that may send as many bad messages as it likes."""
    monkeypatch.setattr(CONSUMERS[stream], "bad_messages_max", 10_000)
    return await Client(path).open()


async def is_refused(client: Client, message: dict[str, Any]) -> bool:
    """Tell whether a message has an error for an answer, before that of a ping that follows it."""
    await client.send(message)
    await client.send({"op": "ping"})
    refused = False
    while (answer := await client.receive(20))["type"] != "pong":
        refused |= answer["type"] == "error"
    return refused


ODD_SYMBOLS = [
    "",
    "/",
    "\x00",
    "\ud83d\ude00",
    "x" * 5_000,
    "BTC/USDT\n",
    "../../orders",
    "%00",
    "BTC/USDT/ETH",
    " BTC/USDT",
]


@pytest.mark.parametrize("stream", ["markets", "trades", "orders"])
async def test_no_message_whatever_is_our_fault(
    script: ScriptedMarket, maker: User, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random messages of known operations; a bug would close the connection with 1011."""
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(os.environ["TEST_SEED"])
    paths = {"markets": f"/ws/markets/{script.market.slug}", "trades": "/ws/trades", "orders": "/ws/orders"}
    client = await patient(stream, monkeypatch, paths[stream])
    if stream == "orders":
        await client.send({"op": "auth", "token": token_of(maker)})
        await client.until("snapshot")
    values = [
        *WRONG,
        *ODD_SYMBOLS,
        ODD_SYMBOLS,
        script.market.symbol,
        [script.market.symbol],
        0,
        1,
        "1m",
        ["1m"],
        "0ms",
    ]
    members = sorted({name for operation in SENT[stream].values() for name in operation.schema["properties"]} - {"op"})

    for _ in range(300):
        chosen = {name: rng.choice(values) for name in rng.sample(members, rng.randint(0, len(members)))}
        if "timeout_ms" in chosen:  # engines are asked for what is allowed, and there is none
            chosen["timeout_ms"] = rng.choice(WRONG)
        await client.send({"op": rng.choice(sorted(SENT[stream])), **chosen})
        await client.send({"op": "ping"})
        await client.until("pong", 20)
    await client.leave()


QUERIES = [
    "from_seq=" + "9" * 5_000,
    "from_seq=%D9%A3",
    "from_seq=-1",
    "from_seq=1.5",
    "from_seq=",
    "channels=%00",
    "channels=book,",
    "timeframes=1M",
    "interval=%ff",
    "channels=book&channels=ticker",
    "%ff=%ff&&;=&=",
    "a" * 8_000,
]


@pytest.mark.parametrize("query", QUERIES, ids=[query[:30] for query in QUERIES])
async def test_no_query_whatever_is_our_fault(script: ScriptedMarket, query: str) -> None:
    client = await Client(f"/ws/markets/{script.market.slug}?{query}").open()
    first = await client.receive()

    assert first["type"] in ("error", "snapshot", "subscribed")
    assert first.get("code", "VALIDATION_ERROR") == "VALIDATION_ERROR"
    if first["type"] == "error":
        assert await client.closed() == 4400
    else:
        await client.leave()


@pytest.mark.parametrize("symbol", ["%00", "%ff", "NO-SUCH", "%F0%9F%98%80", "x" * 2_000])
async def test_no_symbol_whatever_is_our_fault(symbol: str) -> None:
    for path in (f"/ws/markets/{symbol}", f"/ws/trades?symbol={symbol}"):
        client = await Client(path).open()
        assert (await client.receive())["code"] == "MARKET_NOT_FOUND"
        assert await client.closed() == 4404
