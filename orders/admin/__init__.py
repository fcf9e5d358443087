"""Orders, trades and what accounts hold for them. Read-only: only the journal writes them."""

from orders.admin import holds, orders, trades, users

__all__ = ["holds", "orders", "trades", "users"]
