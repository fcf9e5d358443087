"""The back office: pages on users, markets, fees, proposals and the audit trail, and the base of every app's pages."""

from exchange.admin import (
    access,
    api_keys,
    audit,
    fees,
    markets,
    proposals,
    rules,
    schedules,
    staff_login,
    user_notes,
    users,
)

__all__ = [
    "access",
    "api_keys",
    "audit",
    "fees",
    "markets",
    "proposals",
    "rules",
    "schedules",
    "staff_login",
    "user_notes",
    "users",
]
