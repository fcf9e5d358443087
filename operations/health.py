"""Is there an engine for every market? A live engine keeps a key in Valkey that expires by itself."""

from base.health import CheckFailedError
from base.valkey import valkey
from exchange.models import TradingState
from exchange.selectors import markets
from matching.messages import heartbeat_key

__all__ = ["check_engines"]

_NAMED_MAX = 10


def check_engines() -> None:
    """Raise CheckFailedError unless every market that is not closed has a live engine."""
    slugs = [market.slug for market in markets() if market.trading_state != TradingState.CLOSED]
    if not slugs:
        raise CheckFailedError("There is no market: run `manage.py seed`")
    beats = valkey().mget([heartbeat_key(slug) for slug in slugs])
    dead = [slug for slug, beat in zip(slugs, beats, strict=True) if beat is None]
    if dead:
        more = f" and {len(dead) - _NAMED_MAX} more" if len(dead) > _NAMED_MAX else ""
        raise CheckFailedError(f"No engine for {', '.join(dead[:_NAMED_MAX])}{more}")
