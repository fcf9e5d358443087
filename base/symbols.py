"""How a pair is spelled: `BTC/USDT`, and `BTC-USDT` where a slash would part it: in paths, channels and keys."""

__all__ = ["slug_of", "symbol_of"]

_SLASH = str.maketrans("-_", "//")


def slug_of(symbol: str) -> str:
    """Return `BTC/USDT` as `BTC-USDT`."""
    return symbol.replace("/", "-")


def symbol_of(text: str) -> str:
    """Return `btc-usdt`, `BTC_USDT` or `BTC/USDT` as `BTC/USDT`. Other text comes back as something no market has."""
    return text.upper().translate(_SLASH)
