"""How markets are spelled: `BTC/USDT`, and `BTC-USDT` in paths, channel names and keys."""

__all__ = ["slug_of", "symbol_of"]

_SLASH = str.maketrans("-_", "//")


def slug_of(symbol: str) -> str:
    """Return `BTC/USDT` as `BTC-USDT`."""
    return symbol.replace("/", "-")


def symbol_of(text: str) -> str:
    """Return `btc-usdt`, `BTC_USDT` or `BTC/USDT` as `BTC/USDT`. Other text is upper-cased all the same."""
    return text.upper().translate(_SLASH)
