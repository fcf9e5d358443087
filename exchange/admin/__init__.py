"""The back office: pages on users, markets and the audit trail, and the base that every app's pages stand on."""

from exchange.admin import access, audit, markets, schedules, users

__all__ = ["access", "audit", "markets", "schedules", "users"]
