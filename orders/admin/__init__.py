"""Orders, trades, the journal and where each market's engine stands. Read-only: only the journal writes them."""

from orders.admin import holds, orders, system, trades, users
from orders.reconciliation import admin as reconciliation

__all__ = ["holds", "orders", "reconciliation", "system", "trades", "users"]
