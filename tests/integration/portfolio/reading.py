"""The portfolio as a client reads it, and as it follows from the list of own trades."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Q
from rest_framework.test import APIClient
from trade_engine_client import Position, positions_of

from exchange.models import Market, User
from exchange.selectors import forget_markets
from orders.models import MarketSequence, Trade
from tests.integration.following.asking import trades_of

PORTFOLIO = "/api/v1/portfolio"


def portfolio_of(client: APIClient, **query: str) -> dict[str, Any]:
    forget_markets()  # those of the test are younger than what this process has kept
    answer = client.get(PORTFOLIO, query)
    assert answer.status_code == 200, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def positions_in(told: dict[str, Any]) -> dict[str, Position]:
    """Return the positions that were told as the reference client has them."""
    return {
        each["symbol"]: Position(
            Decimal(each["quantity"]) * (-1 if each["side"] == "sell" else 1),
            Decimal(each["cost"]),
            Decimal(each["realised_profit"]),
            Decimal(each["fees"]),
        )
        for each in told["positions"]
    }


def counted_by_client(client: APIClient) -> dict[str, Position]:
    return positions_of(trades_of(client))


def assert_profit_is_the_sum_over_trades(told: dict[str, Any], user: User) -> None:
    """Work out profit and sums from the table of trades, without average cost."""
    symbols = dict(Market.objects.values_list("pk", "symbol"))
    sums: dict[str, dict[str, Decimal | int]] = defaultdict(lambda: defaultdict(Decimal))
    for trade in Trade.objects.filter(Q(buyer=user) | Q(seller=user)).exclude(settlement_status="resolved"):
        found = sums[symbols[trade.market_id]]
        verb, fee = ("bought", trade.buyer_fee) if trade.buyer_id == user.pk else ("sold", trade.seller_fee)
        found[f"{verb}_quantity"] += trade.quantity
        found[f"{verb}_quote"] += trade.price * trade.quantity
        found["fees"] += fee
        found["trade_count"] += 1
    assert {each["symbol"] for each in told["positions"]} == set(sums)
    for each in told["positions"]:
        found = sums[each["symbol"]]
        last = MarketSequence.objects.get(market__symbol=each["symbol"]).last_price
        left = found["bought_quantity"] - found["sold_quantity"]
        profit = found["sold_quote"] - found["bought_quote"] + left * last
        assert Decimal(each["realised_profit"]) + Decimal(each["unrealised_profit"]) == profit
        assert Decimal(each["profit"]) == profit - found["fees"]
        names = ("bought_quantity", "bought_quote", "sold_quantity", "sold_quote", "fees", "trade_count")
        assert {name: Decimal(each[name]) for name in names} == {name: found[name] for name in names}
        assert Decimal(each["quantity"]) == abs(left)
