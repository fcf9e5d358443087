"""Orders that wait for money which is not theirs yet: the exits of brackets."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

_AWAITED = """
SELECT DISTINCT o.user_id, CASE o.side WHEN 'buy' THEN market.quote_id ELSE market.base_id END
FROM orders_order o JOIN exchange_market market ON market.id = o.market_id
WHERE o.status = 'pending' AND o.group_role = 'take_profit' AND o.user_id = ANY(%s)
"""


class PendingExits:
    """Implements settlement.ports.AwaitedFunds: exits are funded only when their entry's trades are settled."""

    def awaited(self, *, user_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
        """Return (user, asset) that pending exits of these users will hold. One query over pending orders."""
        with connection.cursor() as cursor:
            cursor.execute(_AWAITED, [list(user_ids)])
            return set(cursor.fetchall())
