"""The back office: pages on users, markets, fees and the audit trail, and the base that every app's pages stand on."""

from exchange.admin import access, api_keys, audit, fees, markets, schedules, staff_login, user_notes, users

__all__ = ["access", "api_keys", "audit", "fees", "markets", "schedules", "staff_login", "user_notes", "users"]
