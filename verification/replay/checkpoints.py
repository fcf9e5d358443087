"""Checkpoints: where a replay may begin. Packed as msgpack and deflated: some 20 bytes an open order."""

import zlib
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgpack
from django.db.models import QuerySet
from django.utils import timezone

from exchange.models import Market
from matching.engine import FIRST_EDITION, Engine
from orders.models import ReplayCheckpoint
from verification.replay.tracked_orders import TrackedOrder, rebuilt_engine
from verification.replay.tracker import Tracker

_VERSION = 1
_KEPT = (timedelta(hours=1), timedelta(days=1), timedelta(days=30))  # all of them, one an hour, one a day


class CheckpointError(Exception):
    """A checkpoint does not give the state whose hash it has."""


class Beginning(NamedTuple):
    """Where a replay begins. The two ids bound what was compared before: rows from there on are new."""

    engine: Engine
    tracker: Tracker
    trades_since: UUID
    orders_since: UUID


def genesis(market: Market) -> Beginning:
    """Return the state of a market before its first command."""
    return Beginning(Engine(edition=FIRST_EDITION), Tracker(market.pk), UUID(int=0), UUID(int=0))


def packed_state(engine: Engine, orders: list[TrackedOrder], *, trades_since: UUID, orders_since: UUID) -> bytes:
    """Return everything that a replay needs to go on from here."""
    market = {
        "seq": engine.seq,
        "trading_state": int(engine.trading_state),
        "band_ppm": engine.band_ppm,
        "reference_price_ticks": engine.reference_price_ticks,
        "last_price_ticks": engine.last_price_ticks,
        "max_orders": engine.max_orders,
        "max_stops": engine.max_stops,
        "trailing_marks": [list(mark) for mark in engine.trailing_marks()],
        "edition": engine.edition,
        "unfinished": engine.unfinished.packed(),
    }
    switches = [[account_id.to_bytes(16), due_ms] for account_id, due_ms in engine.cancel_after.items()]
    body = [_VERSION, market, switches, trades_since.bytes, orders_since.bytes, [order.packed() for order in orders]]
    return zlib.compress(msgpack.packb(body), 1)


def beginning_from(checkpoint: ReplayCheckpoint) -> Beginning:
    """Return what a checkpoint holds. Raises CheckpointError when it does not give its own state hash."""
    try:
        body = msgpack.unpackb(zlib.decompress(bytes(checkpoint.state)))
        return _unpacked(checkpoint.market_id, body, checkpoint.state_hash)
    except CheckpointError:
        raise
    except Exception as error:  # bytes that somebody changed may raise anything
        raise CheckpointError(f"{type(error).__name__}: {error}") from error


def _unpacked(market_id: int, body: list[Any], state_hash: str) -> Beginning:
    version, market, switches, trades_since, orders_since, packed = body
    if version != _VERSION:
        raise CheckpointError(f"version {version}, not {_VERSION}")
    orders = [TrackedOrder.unpacked(fields) for fields in packed]
    cancel_after = {int.from_bytes(account_id): due_ms for account_id, due_ms in switches}
    engine = rebuilt_engine(orders, cancel_after=cancel_after, **market)
    found = engine.state_hash_text()
    if found != state_hash:
        raise CheckpointError(f"its orders give the state hash {found}, not {state_hash}")
    tracker = Tracker(market_id, orders)
    return Beginning(engine, tracker, UUID(bytes=trades_since), UUID(bytes=orders_since))


def checkpoint_store(
    *,
    market: Market,
    engine: Engine,
    orders: list[TrackedOrder],
    trades_since: UUID,
    orders_since: UUID,
    is_rebase: bool = False,
) -> ReplayCheckpoint:
    """Store a market's state as verified, and remove checkpoints that are not kept any longer."""
    checkpoint = ReplayCheckpoint.objects.create(
        market=market,
        seq=engine.seq,
        state=packed_state(engine, orders, trades_since=trades_since, orders_since=orders_since),
        state_hash=engine.state_hash_text(),
        open_orders=len(orders),
        is_rebase=is_rebase,
    )
    _prune(market)
    return checkpoint


def checkpoints_of(market_id: int) -> QuerySet[ReplayCheckpoint]:
    """Return a market's checkpoints, newest first, without their state."""
    return ReplayCheckpoint.objects.filter(market_id=market_id).order_by("-id").defer("state")


def newest_checkpoint(market_id: int, *, before_seq: int | None = None) -> ReplayCheckpoint | None:
    """Return the newest checkpoint, or the newest one before a sequence number; it may be one without state."""
    rows = checkpoints_of(market_id)
    if before_seq is not None:
        rows = rows.filter(seq__lt=before_seq).order_by("-seq", "-id")
    return rows.defer(None).first()


def _prune(market: Market) -> None:
    """Keep all of the last hour, one for each hour of the last day and for each of the last thirty days."""
    now, kept, gone = timezone.now(), set[str](), list[int]()
    hour, day, month = _KEPT
    with_state = checkpoints_of(market.pk).exclude(state_hash="")  # one without state is kept
    for pk, created_at in with_state.values_list("id", "created_at"):
        age = now - created_at
        if age <= hour:
            continue
        slot = f"{created_at:%Y%m%d%H}" if age <= day else f"{created_at:%Y%m%d}"
        if age > month or slot in kept:
            gone.append(pk)
        kept.add(slot)
    newest = checkpoints_of(market.pk).values_list("id", flat=True).first()
    ReplayCheckpoint.objects.filter(id__in=[pk for pk in gone if pk != newest]).delete()
