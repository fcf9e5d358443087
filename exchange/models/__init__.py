from exchange.models.api_key import ApiKey
from exchange.models.audit import AuditEntry
from exchange.models.fees import FeeTier, UserFeeTier
from exchange.models.market import Asset, Market, TradingState
from exchange.models.rule import Rule
from exchange.models.user import RevokedSession, User
from exchange.models.user_note import UserNote

__all__ = [
    "ApiKey",
    "Asset",
    "AuditEntry",
    "FeeTier",
    "Market",
    "RevokedSession",
    "Rule",
    "TradingState",
    "User",
    "UserFeeTier",
    "UserNote",
]
