"""Engine processes share markets: they come, go and die, and every market is served by one of them."""

from collections import Counter
from contextlib import ExitStack

import pytest

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from operations.engines.selectors import ServedMarket, engine_fleet
from orders.models import Order
from tests.engines import SharingProcess, is_served, wait_until
from tests.fixtures import make_market, make_user
from tests.orders import buy

pytestmark = [pytest.mark.xdist_group("standby"), pytest.mark.long]


def served(markets: list[Market]) -> dict[str, ServedMarket]:
    symbols = {market.symbol for market in markets}
    return {market.symbol: market for market in engine_fleet().markets if market.symbol in symbols}


def counts(markets: list[Market]) -> list[int]:
    """Return how many of the markets each process serves, the most first; nothing unless all are served."""
    holders = [market.holder for market in served(markets).values()]
    if any(holder is None or holder["role"] != "active" for holder in holders):
        return []
    return sorted(Counter(holder["pid"] for holder in holders if holder).values(), reverse=True)


def all_trade(markets: list[Market]) -> bool:
    try:
        for market in markets:
            user = make_user("maker", assets=(market.quote_id,))
            buy(user, market, "1", "100")
    except ApiError as error:
        if error.code not in (ErrorCode.ENGINE_UNAVAILABLE, ErrorCode.TIMEOUT):
            raise
        return False
    return True


def test_markets_spread_over_processes_that_come_and_die(maker: User) -> None:
    markets = [make_market() for _ in range(3)]
    with ExitStack() as stack:
        first = stack.enter_context(SharingProcess(*markets))
        wait_until(lambda: counts(markets) == [3], "one process that serves all", 40)
        assert all_trade(markets)
        second = stack.enter_context(SharingProcess(*markets))
        wait_until(lambda: counts(markets) == [2, 1], "an even spread over two", 60)
        stack.enter_context(SharingProcess(*markets))
        wait_until(lambda: counts(markets) == [1, 1, 1], "an even spread over three", 60)
        assert all_trade(markets)
        wait_until(lambda: all(m.warm_standbys == 1 for m in served(markets).values()), "a warm standby for each", 30)

        second.kill()
        wait_until(lambda: counts(markets) == [2, 1], "two processes that serve all", 20)
        assert all_trade(markets)
        assert first.stop() == 0
        wait_until(lambda: counts(markets) == [3], "one process that serves all again", 20)
        assert all_trade(markets)
    assert Order.objects.filter(market__in=markets).count() >= 3 * len(markets)


def test_a_new_market_is_served_and_the_others_do_not_notice(staff: User) -> None:
    markets = [make_market(), make_market()]
    with SharingProcess(*markets), SharingProcess(*markets):
        wait_until(lambda: counts(markets) == [1, 1], "an even spread", 60)
        before = {symbol: market.holder for symbol, market in served(markets).items()}
        new = make_market()
        wait_until(lambda: is_served(new), "an engine for the new market", 10)
        assert all_trade([*markets, new])
        wait_until(lambda: counts([*markets, new]) == [2, 1], "all three in the roster")
        for symbol, market in served(markets).items():
            holder, earlier = market.holder, before[symbol]
            assert holder is not None and earlier is not None
            assert (holder["pid"], holder["since"]) == (earlier["pid"], earlier["since"])
