"""Compensation: a settlement that was given up here must not stand at the wallet.

The attempt that failed last may have been executed there. So with the dead letter, in its transaction, a reversal is
noted, and the wallet is asked to undo that settlement until it confirms. Under the settlement's key nothing will
happen any more, whichever of the two arrives first; the next settlement of the trade has another key.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db.models import Max
from django.utils import timezone

from settlement.models import WalletReversal
from settlement.ports import Reserving, TradeToSettle
from settlement.wallet.protocol import settlement_key, trade_as_json

log = structlog.get_logger(__name__)

_State = WalletReversal.State


def settlement_keys(trade_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the key under which each trade is to be settled now. One query."""
    generations = _generations(trade_ids)
    return {trade_id: settlement_key(trade_id, generations.get(trade_id, 0)) for trade_id in trade_ids}


def reversals_note(*, trades: Sequence[TradeToSettle]) -> None:
    """Note that the present settlements of these trades are to be undone. Part of the caller's transaction."""
    generations = _generations([trade.id for trade in trades])
    now = timezone.now()
    rows = []
    for trade in trades:
        generation = generations.get(trade.id, 0)
        key = settlement_key(trade.id, generation)
        rows.append(
            WalletReversal(
                id=key,
                trade_id=trade.id,
                generation=generation,
                trade=trade_as_json(trade, key),
                state=_State.REVERSING,
                updated_at=now,
            )
        )
    WalletReversal.objects.bulk_create(rows)


def reversals_finish(*, trade_ids: Sequence[UUID], reserving: Reserving) -> None:
    """Have the wallet confirm the reversals of these trades that it has not yet. One query, a call for each reversal.

    Raises what the calls raise.
    """
    for reversal in WalletReversal.objects.filter(trade_id__in=trade_ids, state=_State.REVERSING):
        reversal_finish(reversal=reversal, reserving=reserving)


def reversal_finish(*, reversal: WalletReversal, reserving: Reserving) -> None:
    """Have the wallet undo a settlement, and note that it has. Safe to repeat. Raises what the call raises."""
    reserving.reverse(key=reversal.pk, trade_id=reversal.trade_id)
    WalletReversal.objects.filter(pk=reversal.pk).update(state=_State.REVERSED, error="", updated_at=timezone.now())
    log.info("settlement_reversed", trade=str(reversal.trade_id), generation=reversal.generation)


def _generations(trade_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many settlements of each trade were given up; trades with none are not in it."""
    reversals = WalletReversal.objects.filter(trade_id__in=trade_ids).values_list("trade_id")
    return {trade_id: latest + 1 for trade_id, latest in reversals.annotate(latest=Max("generation"))}
