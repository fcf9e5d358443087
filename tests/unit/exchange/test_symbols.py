import pytest

from base.symbols import slug_of, symbol_of


@pytest.mark.parametrize("text", ["BTC/USDT", "btc/usdt", "BTC-USDT", "btc_usdt"])
def test_a_pair_is_understood_however_it_is_spelled(text: str) -> None:
    assert symbol_of(text) == "BTC/USDT"
    assert slug_of(symbol_of(text)) == "BTC-USDT"
