from exchange.models.api_key import ApiKey, ApiKeyAddress
from exchange.models.audit import AuditEntry, AuditLink, AuditWaiting
from exchange.models.fees import FeeTier, UserFeeTier
from exchange.models.market import Asset, Market, TradingState
from exchange.models.rule import Rule
from exchange.models.user import RevokedSession, User
from exchange.models.user_note import UserNote

__all__ = [
    "ApiKey",
    "ApiKeyAddress",
    "Asset",
    "AuditEntry",
    "AuditLink",
    "AuditWaiting",
    "FeeTier",
    "Market",
    "RevokedSession",
    "Rule",
    "TradingState",
    "User",
    "UserFeeTier",
    "UserNote",
]
