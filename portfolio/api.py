"""GET /portfolio: what one's assets are worth, and what one's trades have brought."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.fields import StrictSerializer, StrictString
from base.outputs import AmountText, SymbolText
from base.throttling import PortfolioThrottle, WeightThrottle
from exchange.authentication import logged_in_user
from exchange.selectors import market_by_id, markets
from orders.selectors import last_prices
from portfolio.representation import position_as_json, worth_as_json
from portfolio.services import portfolio_count
from portfolio.valuation import Unvalued, Valuation, quote_asset
from settlement.ports import wallet

__all__ = ["PortfolioViewSet"]


def _shown(example: Any, text: str) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


def _nullable(example: Any, text: str) -> dict[str, Any]:
    return {"allow_null": True, **_shown(example, text)}


class PortfolioQuery(StrictSerializer):
    quote = StrictString(
        required=False,
        max_length=64,
        **_shown("USDT", "The asset to value in; without it the one that most markets are quoted in"),
    )


class OwnedAssetOutput(serializers.Serializer[Any]):
    asset = serializers.CharField(**_shown("BTC", "The asset"))
    quantity = AmountText(**_shown("1.00000000", "What there is of it, available and held"))
    available = AmountText(**_shown("0.75000000", "Free to use"))
    held = AmountText(**_shown("0.25000000", "Held for open orders and for trades that are not settled yet"))
    value = AmountText(**_nullable("65000.00000000", "What that is worth at the last prices, rounded down"))
    share_percent = AmountText(**_nullable("81.25", "Share of `value` of the whole; null if either is null or zero"))
    markets = serializers.ListField(
        child=SymbolText(),
        **_shown(["BTC/USDT"], "By the last prices of which markets, two at most; none for the quote asset itself"),
    )
    reason = serializers.ChoiceField(
        list(Unvalued), **_nullable("NO_LAST_PRICE", "Why `value` is null: no market leads there, or none has traded")
    )


class PositionOutput(serializers.Serializer[Any]):
    """All amounts but quantities are in the market's quote asset."""

    symbol = SymbolText()
    side = serializers.ChoiceField(
        ["buy", "sell"], **_nullable("buy", "`buy`: more was bought than sold; `sell`: more was sold; null: as much")
    )
    quantity = AmountText(**_shown("0.60000", "By how much: the position"))
    average_price = AmountText(**_nullable("64000.00", "At which the position was entered, without fees"))
    cost = AmountText(**_shown("38400.00000000", "What it cost, or brought if it was sold: average x quantity"))
    last_price = AmountText(**_nullable("65000.00", "Of the market's last trade; null before the first"))
    realised_profit = AmountText(**_shown("250.00000000", "What closing positions has brought, before fees"))
    unrealised_profit = AmountText(**_nullable("600.00000000", "What closing this one at the last price would bring"))
    fees = AmountText(**_shown("63.75000000", "Paid on all trades"))
    profit = AmountText(**_nullable("786.25000000", "Realised and unrealised, less fees"))
    bought_quantity = AmountText(**_shown("1.00000", "Bought in all"))
    bought_quote = AmountText(**_shown("64000.00000000", "Sum of price x quantity of what was bought"))
    sold_quantity = AmountText(**_shown("0.40000", "Sold in all"))
    sold_quote = AmountText(**_shown("25850.00000000", "Sum of price x quantity of what was sold"))
    trade_count = serializers.IntegerField(**_shown(7, "How many trades these are"))


class PortfolioOutput(serializers.Serializer[Any]):
    quote = serializers.CharField(**_shown("USDT", "The asset that `value` is in"))
    value = AmountText(**_shown("80000.00000000", "The sum of those of the assets that have one"))
    assets = OwnedAssetOutput(many=True, help_text="What the user has, the most valuable first")
    positions = PositionOutput(many=True, help_text="Of each market that the user has traded in")
    bookmark = serializers.CharField(
        **_shown("lM8AAAGbddWIAAHNAdkA", "Positions count the trades up to here: later ones are those `after` it")
    )
    is_complete = serializers.BooleanField(
        **_shown(True, "false: there are more trades than one request counts; ask again at once, it goes on from here")
    )


class PortfolioViewSet(ViewSet):
    throttle_classes = (WeightThrottle, PortfolioThrottle)
    pagination_class = None

    @extend_schema(
        parameters=[PortfolioQuery],
        responses={200: PortfolioOutput},
        summary="Own portfolio: values, positions, profit and loss",
        description="Positions are counted from own trades alone, by average cost and before fees. What was deposited"
        " has no price, so it is part of the value and of no position.",
        tags=["balances"],
    )
    def retrieve(self, request: Request) -> Response:
        query, user, known = PortfolioQuery.validated(request.query_params.dict()), logged_in_user(request), markets()
        quote = quote_asset(query.get("quote"), known)
        counted = portfolio_count(user=user)
        prices = last_prices()
        return Response(
            {
                **worth_as_json(wallet().balances(user_id=user.pk), Valuation(quote, known, prices)),
                "positions": [
                    position_as_json(market_by_id(market_id), figures, prices.get(market_id))
                    for market_id, figures in sorted(counted.figures.items())
                ],
                "bookmark": counted.bookmark,
                "is_complete": counted.is_complete,
            }
        )
