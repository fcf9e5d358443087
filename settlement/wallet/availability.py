"""What of an account's money is free: available, and not counted on by an order that is on its way."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from django.db import connection

# As long as an order may be on its way: longer than the calls to the wallet and the command take together.
UNDER_WAY = timedelta(seconds=20)
# What is available less what orders on their way count on: before the wallet has answered that is `needed - amount`.
_FREE = """
SELECT account.id, account.available - coalesce((
    SELECT sum(needed - CASE state WHEN 'reserving' THEN amount ELSE 0 END) FROM settlement_walletreservation r
    WHERE r.user_id = account.owner_id AND r.asset_id = account.asset_id
        AND r.state IN ('reserving', 'reserved') AND r.created_at > now() - make_interval(secs => %s)
), 0)
FROM settlement_account account WHERE account.id = ANY(%s)
"""


def free_amounts(account_ids: Collection[int]) -> dict[int, Decimal]:
    """Return, by account, what is available and not counted on by an order on its way; below zero when they overlap.

    The accounts must be locked. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [UNDER_WAY.total_seconds(), list(account_ids)])
        return dict(cursor.fetchall())
