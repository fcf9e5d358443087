"""What is published after a commit, over the pub/sub channel layer: at most once, one message for many receivers.

Two groups of messages, both as msgpack-friendly dicts:

- `market.<slug>`, type `market.batch`, one per batch of the engine: `market_id, symbol, first_seq, last_seq, time_ms`,
  `bids` and `asks` as `[[price_ticks, quantity_lots], ...]` (absolute, 0 = level gone), `checksum` of the book after
  the batch, `state` when the trading state changed, `orders` and `trades` as rows (orders.rows), `candles` as they are
  after the batch, one of each timeframe if the batch has trades: `CandleMessage`.
- `balances`, type `balances.changed`, after settlements and deposits: `balances` as
  `[[user_id bytes, asset, available, held], ...]`, amounts as decimal strings with all decimals of the asset.
"""

from typing import Any, cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer

from base.background import run_in_background

log = structlog.get_logger(__name__)

BALANCES_GROUP = "balances"
# Timeframe, opening time in ms, open, high, low and close in ticks, volume in lots, quote volume as text, trades.
CandleMessage = tuple[str, int, int, int, int, int, int, str, int]


def market_group(slug: str) -> str:
    """Return the group that carries a market's batches; `slug` as in paths, `BTC-USDT`."""
    return f"market.{slug}"


def pubsub_layer() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("pubsub"))


async def send_to_group(group: str, message: dict[str, Any]) -> None:
    """Publish; a failure is logged and swallowed, because the database holds the truth and readers notice gaps."""
    try:
        await pubsub_layer().group_send(group, message)
    except Exception as error:  # the broker may be down in many ways, none of which may undo a commit
        log.warning("publish_failed", group=group, error=str(error))


def publish(group: str, message: dict[str, Any]) -> None:
    """Publish from synchronous code without waiting."""
    run_in_background(send_to_group(group, message))
