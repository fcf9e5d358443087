from exchange.models.api_key import ApiKey
from exchange.models.audit import AuditEntry
from exchange.models.fees import FeeTier, UserFeeTier
from exchange.models.market import Asset, Market, TradingState
from exchange.models.user import RevokedSession, User

__all__ = [
    "ApiKey",
    "Asset",
    "AuditEntry",
    "FeeTier",
    "Market",
    "RevokedSession",
    "TradingState",
    "User",
    "UserFeeTier",
]
