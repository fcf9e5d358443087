"""Changing markets, their fees and who pays which."""

from exchange.services.fees import (
    TierTerms,
    fee_schedule_lock,
    fee_tier_problems,
    market_set_fee_tiers,
    markets_raise_fees_version,
)
from exchange.services.markets import (
    limit_problems,
    market_set_state,
    market_update,
    markets_seed,
    on_market_changed,
)

__all__ = [
    "TierTerms",
    "fee_schedule_lock",
    "fee_tier_problems",
    "limit_problems",
    "market_set_fee_tiers",
    "market_set_state",
    "market_update",
    "markets_raise_fees_version",
    "markets_seed",
    "on_market_changed",
]
