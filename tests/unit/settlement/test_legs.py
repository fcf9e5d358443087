"""The money model: what the legs of a trade say, whatever its numbers are."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.scaling import EXACT
from settlement.legs import trade_legs
from settlement.ports import TradeToSettle

BUYER, SELLER = UUID(int=1), UUID(int=2)
UNITS = st.integers(min_value=1, max_value=10**30)


def trade(
    quantity: Decimal, notional: Decimal, buyer_fee: Decimal, seller_fee: Decimal, rest: Decimal
) -> TradeToSettle:
    hold = EXACT.add(EXACT.add(notional, buyer_fee), rest)
    return TradeToSettle(
        UUID(int=9), 1, "BTC", "USDT", BUYER, SELLER, quantity, notional, buyer_fee, seller_fee, hold,
        datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_the_worked_example_of_the_docs() -> None:
    legs = trade_legs(trade(Decimal("0.5"), Decimal(50), Decimal("0.05"), Decimal("0.05"), Decimal("10.01")))

    assert [(leg.number, leg.account.asset, str(leg.amount)) for leg in legs] == [
        (1, "USDT", "-50.05"), (2, "USDT", "49.95"), (3, "USDT", "0.10"), (4, "BTC", "-0.5"), (5, "BTC", "0.5"),
    ]  # fmt: skip
    assert (legs[0].available, legs[0].held) == (Decimal("10.01"), Decimal("-60.06"))


@pytest.mark.parametrize("decimals", [0, 8, 18])
@given(quantity=UNITS, notional=UNITS, fees=st.tuples(st.integers(0, 10**28), st.integers(0, 10**28)), rest=UNITS)
def test_each_asset_sums_to_zero_and_the_hold_is_used_up(
    decimals: int, quantity: int, notional: int, fees: tuple[int, int], rest: int
) -> None:
    amounts = [Decimal(f"{units}e-{decimals}") for units in (quantity, notional, *fees, rest)]

    legs = trade_legs(trade(*amounts))

    for asset in ("BTC", "USDT"):
        total = Decimal(0)
        for leg in legs:
            if leg.account.asset == asset:
                total = EXACT.add(total, leg.amount)
        assert total == 0
    assert sum((leg.held for leg in legs if leg.account.asset == "BTC"), Decimal(0)) == -amounts[0]
    assert legs[0].available == amounts[4]
