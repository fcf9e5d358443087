"""The keys of PostgreSQL's advisory locks: one number for each purpose, named here and nowhere else.

PostgreSQL keeps keys of one number apart from keys of two, so a lock of the whole exchange and one of a market never
meet.
"""

from enum import IntEnum, unique


@unique
class ExchangeLock(IntEnum):
    """Locks of the whole exchange: each guards something that only one process may do at a time."""

    PARTITIONS = 7_204_001  # create partitions
    FEE_TIERS = 7_204_002  # change fee tiers, and which users have them
    FEE_VOLUMES = 7_204_003  # add up the volumes that fee tiers follow from
    RECONCILIATION = 7_204_004  # reconcile
    ANALYTICS = 7_204_006  # refresh the back office's views
    AUDIT_CHAIN = 7_204_008  # link entries of the audit trail; the database takes it itself (exchange/migrations)
    DEMO_ACCOUNTS = 7_204_007  # count and make the accounts of a demo's visitors


@unique
class MarketLock(IntEnum):
    """Locks of one market; the second number of the key is the market's id."""

    ENGINE = 7_204  # write to the market: its engine has it as long as it serves
    CANDLES = 7_205  # rebuild candles
