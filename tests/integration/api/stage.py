"""A market, its cast and a running engine: steps through the public interface, and what must be true after each.

A step is data: what is done, then the orders and funds that it changes. Orders and funds that a step does not mention
must be as they were before.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from rest_framework.test import APIClient

from exchange.models import Market, User
from exchange.services import market_set_state
from orders.models import MarketSequence, Order
from settlement.models import Account
from settlement.services import settle_pending
from tests.engines import running_engine, wait_until
from tests.fixtures import FUNDS, access_token, make_market, make_user
from tests.integration.api.asking import BRACKET, CANCEL_AFTER, OCO, ORDERS
from tests.invariants import assert_holds_are_explained

CAST = ("maker", "taker", "outsider")
Funds = tuple[str, str, str, str]
"""What an account has more than it began with, in all and held: base, base held, quote, quote held."""


class Request(NamedTuple):
    """What somebody of the cast asks for; `names` are given to the orders of the answer, `{name}` stands for an id."""

    who: str
    method: str
    path: str
    body: dict[str, Any] = {}
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A request, a new trading state, or nothing but time; then what it changed.

    An order is described by its status, what is filled if anything, and its reason: "cancelled 0.5 SELF_TRADE". Bids
    and asks are the visible volume at each price, best first.
    """

    does: Request | str
    orders: dict[str, str] = field(default_factory=dict)
    funds: dict[str, Funds] = field(default_factory=dict)
    bids: str | None = None
    asks: str | None = None
    is_fleeting: bool = False
    """It is over so soon that a restart may take longer."""


def buy(who: str, name: str, quantity: str | None, price: str | None = None, **fields: Any) -> Request:
    """Place a limit order if it has a price, else a market order, unless `fields` say another type."""
    return _place(who, name, "buy", quantity, price, fields)


def sell(who: str, name: str, quantity: str | None, price: str | None = None, **fields: Any) -> Request:
    return _place(who, name, "sell", quantity, price, fields)


def _place(who: str, name: str, side: str, quantity: str | None, price: str | None, fields: dict[str, Any]) -> Request:
    body = {"side": side, "type": "market" if price is None else "limit", "quantity": quantity, "price": price} | fields
    return Request(who, "post", ORDERS, {key: value for key, value in body.items() if value is not None}, (name,))


def oco(who: str, names: tuple[str, str], side: str, quantity: str, price: str, stop: str, **fields: Any) -> Request:
    body = {"side": side, "quantity": quantity, "price": price, "stop_price": stop} | fields
    return Request(who, "post", OCO, body, names)


def bracket(who: str, side: str, quantity: str, price: str | None, gain: str, loss: str) -> Request:
    """Place a bracket; its orders are called entry, gain and loss."""
    body = {"side": side, "quantity": quantity, "type": "limit", "price": price}
    if price is None:
        body = {"side": side, "quantity": quantity, "type": "market"}
    exits = {"take_profit": {"price": gain}, "stop_loss": {"stop_price": loss}}
    return Request(who, "post", BRACKET, body | exits, ("entry", "gain", "loss"))


def amend(who: str, name: str, **fields: str) -> Request:
    return Request(who, "patch", f"{ORDERS}/{{{name}}}", fields)


def cancel(who: str, name: str) -> Request:
    return Request(who, "delete", f"{ORDERS}/{{{name}}}")


def cancel_all(who: str) -> Request:
    return Request(who, "delete", f"{ORDERS}?symbol={{symbol}}")


def cancel_after(who: str, timeout_ms: int) -> Request:
    return Request(who, "post", CANCEL_AFTER, {"timeout_ms": timeout_ms})


TIME = "time"
"""Nothing is asked for: something comes due."""


class Stage(AbstractContextManager["Stage"]):
    """A market of its own with a funded cast, served from `with` on."""

    def __init__(self, **market: Any) -> None:
        self.market: Market = make_market(**market)
        assets = (self.market.base_id, self.market.quote_id)
        self.users: dict[str, User] = {role: make_user(role, assets=assets) for role in CAST}
        self._prepare()

    def _prepare(self) -> None:
        self.ids: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self._funds: dict[str, Funds] = dict.fromkeys(CAST, ("0", "0", "0", "0"))
        self._engine = ExitStack()

    @cached_property
    def clients(self) -> dict[str, APIClient]:
        clients = {role: APIClient(raise_request_exception=False) for role in CAST}
        for role, client in clients.items():
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(self.users[role])}")
        return clients

    @cached_property
    def staff(self) -> User:
        return make_user("staff", is_staff=True)

    def __enter__(self) -> "Stage":
        self._engine.enter_context(running_engine(self.market))
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def restart(self) -> None:
        """Stop the engine and start another, which knows what the database knows."""
        self._engine.close()
        self._engine.enter_context(running_engine(self.market))

    # --- acting -------------------------------------------------------------------------------------

    def ask(self, request: Request) -> Any:
        """Send a request; remember the ids of the orders it answers with by the request's names."""
        body = dict(request.body)
        if request.method == "post":
            body["symbol"] = self.market.symbol
        if seconds := body.pop("expire_in", None):
            body |= {"time_in_force": "gtd", "expire_at": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}
        path = request.path.format(symbol=self.market.slug, **self.ids)
        answer = getattr(self.clients[request.who], request.method)(path, body or None, format="json")
        if answer.status_code < 300 and request.names:
            data = answer.json()["data"]
            orders = data["orders"] if "orders" in data else [data["order"]]
            self.ids |= {name: order["id"] for name, order in zip(request.names, orders, strict=True)}
        return answer

    def set_state(self, state: str) -> None:
        """Have staff set the trading state; return when the engine goes by it."""
        market_set_state(actor=self.staff, market_id=self.market.pk, state=state, note="as the scene asks")
        stored = MarketSequence.objects.filter(pk=self.market.pk, trading_state=state)
        wait_until(stored.exists, f"the market to be {state}")

    def play(self, steps: Sequence[Step], *, restarts: bool = False) -> None:
        """Play a scenario: after each step, and after a restart again, everything must be as the step says."""
        for number, step in enumerate(steps, 1):
            self._do(step.does)
            self._orders |= step.orders
            self._funds |= step.funds
            self._expect(step, f"step {number}")
            if restarts:
                self.restart()
                if not step.is_fleeting:
                    self._expect(step, f"the restart after step {number}")

    def _do(self, does: Request | str) -> None:
        if isinstance(does, Request):
            answer = self.ask(does)
            assert answer.status_code in (200, 201), answer.content
        elif does != TIME:
            self.set_state(does)

    # --- looking --------------------------------------------------------------------------------------

    def _expect(self, step: Step, when: str) -> None:
        """Settle what there is to settle, and what follows from that, until all is as expected, or for too long."""
        differences: list[str] = []

        def is_as_expected() -> bool:
            settle_pending(market_id=self.market.pk, limit=100)
            differences[:] = self._differences(step)
            return not differences

        try:
            wait_until(is_as_expected, "the market to be as expected", 6)
        except AssertionError:
            raise AssertionError(f"after {when}: {'; '.join(differences)}") from None
        assert_holds_are_explained(self.market)

    def _differences(self, step: Step) -> Iterator[str]:
        for name, expected in self._orders.items():
            if (found := self.describe(name)) != expected:
                yield f"{name} is {found!r}, not {expected!r}"
        for who, expected_funds in self._funds.items():
            if (funds := self.funds(who)) != [Decimal(text) for text in expected_funds]:
                yield f"{who} has {', '.join(map(str, funds))}, not {', '.join(expected_funds)}"
        for side, levels in (("bids", step.bids), ("asks", step.asks)):
            if levels is not None and (shown := self._book(side)) != levels:
                yield f"{side} are {shown!r}, not {levels!r}"

    def describe(self, name: str) -> str:
        """Return an order's status, what is filled and its reason, as its owner sees it."""
        stored = Order.objects.get(pk=self.ids[name])
        owner = next(role for role, user in self.users.items() if user.pk == stored.user_id)
        order = self.clients[owner].get(f"{ORDERS}/{stored.pk}").json()["data"]
        filled = Decimal(order["filled_quantity"])
        parts = [order["status"], f"{filled.normalize():f}" if filled else "", order["reason"] or ""]
        return " ".join(part for part in parts if part)

    def funds(self, who: str) -> list[Decimal]:
        """Return what an account has more than it began with and what is held, of base and quote."""
        accounts = {account.asset_id: account for account in Account.objects.filter(owner=self.users[who])}
        assets = (accounts[self.market.base_id], accounts[self.market.quote_id])
        return [amount for each in assets for amount in (each.available + each.held - FUNDS, each.held)]

    def _book(self, side: str) -> str:
        book = self.clients["outsider"].get(f"/api/v1/orderbook/{self.market.slug}").json()["data"]
        levels = [(Decimal(level["volume"]).normalize(), Decimal(level["price"]).normalize()) for level in book[side]]
        return ", ".join(f"{volume:f} @ {price:f}" for volume, price in levels)
