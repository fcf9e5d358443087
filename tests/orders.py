"""Short ways to place orders in tests, through the same service that the REST API calls."""

from decimal import Decimal

from exchange.models import Market, User
from orders.services import OrderTicket, PlacedOrder, order_place


def ticket(
    side: str,
    quantity: str | None = "1",
    price: str | None = None,
    *,
    time_in_force: str = "",
    post_only: bool = False,
    budget: str | None = None,
    client_order_id: str | None = None,
) -> OrderTicket:
    """Return a ticket: a limit order when it has a price, else a market order."""
    return OrderTicket(
        side=side,
        type="market" if price is None else "limit",
        time_in_force=time_in_force or ("ioc" if price is None else "gtc"),
        post_only=post_only,
        quantity=None if quantity is None or budget else Decimal(quantity),
        price=None if price is None else Decimal(price),
        quote_quantity=Decimal(budget) if budget else None,
        client_order_id=client_order_id,
    )


def buy(user: User, market: Market, quantity: str = "1", price: str | None = None, **options: object) -> PlacedOrder:
    return order_place(user=user, market=market, ticket=ticket("buy", quantity, price, **options))  # type: ignore[arg-type]  # options of `ticket`


def sell(user: User, market: Market, quantity: str = "1", price: str | None = None, **options: object) -> PlacedOrder:
    return order_place(user=user, market=market, ticket=ticket("sell", quantity, price, **options))  # type: ignore[arg-type]  # as above
