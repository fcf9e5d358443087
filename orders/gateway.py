"""The process's gateway to the engines."""

import os
from functools import cache

from base.background import background_loop
from exchange.models import Market
from matching.gateway import Gateway


@cache
def gateway() -> Gateway:
    """Return the process's one gateway; it lives on the background loop."""
    return Gateway(background_loop())


def nudge_engine(market: Market) -> None:
    """Tell the market's engine that the market was changed."""
    gateway().nudge(market.slug)


os.register_at_fork(after_in_child=gateway.cache_clear)
