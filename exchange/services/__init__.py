"""Changing markets, fees and fee tiers; making and ending API keys."""

from exchange.services.api_keys import (
    API_KEYS_MAX,
    NewApiKey,
    api_key_create,
    api_key_revoke,
    api_keys_prune,
    api_keys_revoke,
)
from exchange.services.fees import (
    TierTerms,
    fee_schedule_lock,
    fee_tier_problems,
    market_set_fee_tiers,
    markets_raise_fees_version,
)
from exchange.services.limits import asset_limit_propose, play_money_begin, rule_propose
from exchange.services.markets import (
    amount_problems,
    limit_problems,
    market_set_state,
    market_update,
    markets_seed,
    on_market_changed,
    state_problems,
)
from exchange.services.staff import group_rights_propose, staff_change_propose, staff_password_propose
from exchange.services.terms import market_stop_propose, market_stops_end, market_terms_propose, terms_for_two

__all__ = [
    "API_KEYS_MAX",
    "NewApiKey",
    "TierTerms",
    "amount_problems",
    "api_key_create",
    "api_key_revoke",
    "api_keys_prune",
    "api_keys_revoke",
    "asset_limit_propose",
    "fee_schedule_lock",
    "fee_tier_problems",
    "group_rights_propose",
    "limit_problems",
    "market_set_fee_tiers",
    "market_set_state",
    "market_stop_propose",
    "market_stops_end",
    "market_terms_propose",
    "market_update",
    "markets_raise_fees_version",
    "markets_seed",
    "on_market_changed",
    "play_money_begin",
    "rule_propose",
    "staff_change_propose",
    "staff_password_propose",
    "state_problems",
    "terms_for_two",
]
