"""Which process waits for a market, keeps it warm or hands it over: plain functions over the roster.

Every process plans for itself, from what it last read. Plans of two processes may differ for a moment; then both try
for a lock, and one of them gets it.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import NamedTuple

from matching.roster import HOLDERS, Peer, Role
from matching.timing import UNSERVED_MS, seconds


class Duty(NamedTuple):
    """What a process does about a market that it does not serve: try for its lock, keep a warm book."""

    contends: bool = True
    follows: bool = True


class HandOver(NamedTuple):
    """A market that another process is to serve from now on."""

    symbol: str
    heir: str


def holder_of(symbol: str, peers: Sequence[Peer]) -> Peer | None:
    """Return the process that has the market's lock."""
    return next((peer for peer in peers if peer.role(symbol) in HOLDERS), None)


def follower_of(symbol: str, peers: Sequence[Peer]) -> str:
    """Return the process that keeps the market warm, "" when there is none.

    Each process has a rank for each market, so one that comes or goes changes only the markets that it is first for.
    """
    holder = holder_of(symbol, peers)
    others = [peer.id for peer in peers if peer is not holder and peer.may_serve(symbol)]
    return max(others, key=lambda process_id: _rank(process_id, symbol), default="")


def duty_of(me: str, symbol: str, peers: Sequence[Peer], shared: Collection[str], unserved_s: float) -> Duty:
    """Return what a process does about a market when it does not serve it; `shared` are those spread evenly.

    `unserved_s` is how long no process has been seen serving it.
    """
    own = next(peer for peer in peers if peer.id == me)
    heir = _heir_of(symbol, peers)
    follows = follower_of(symbol, peers) == me or heir == me
    if heir:
        return Duty(heir == me, follows)
    if own.role(symbol) in HOLDERS:  # should it lose the lock it tries for it again at once
        return Duty(True, follows)
    if unserved_s > seconds(UNSERVED_MS) or own.listed is not None:
        return Duty(True, follows)
    if symbol not in shared:  # a process that was started for it will come for it
        return Duty(False, follows)
    is_kept_warm = any(peer.role(symbol) is Role.WARM for peer in peers if peer.id != me)
    return Duty(follows or (not is_kept_warm and _has_room(own, peers, shared)), follows)


def next_hand_over(me: str, peers: Sequence[Peer], shared: Collection[str]) -> HandOver | None:
    """Return the market that this process is to hand over next to spread them evenly; None when none is to move.

    One market moves at a time. First of all it goes to a process that was started for it, else from the process
    with the most to the one with the fewest, if that evens them out.
    """
    own = next(peer for peer in peers if peer.id == me)
    is_moving = any(report.heir for peer in peers for report in peer.markets.values())
    if own.listed is not None or is_moving:
        return None
    active = sorted(symbol for symbol in own.markets if own.role(symbol) is Role.ACTIVE)
    for symbol in active:
        listing = [peer.id for peer in peers if peer.listed is not None and symbol in peer.listed]
        if listing:
            return HandOver(symbol, min(listing))
    return _evening(own, [symbol for symbol in active if symbol in shared], peers, shared)


def _evening(own: Peer, movable: list[str], peers: Sequence[Peer], shared: Collection[str]) -> HandOver | None:
    if any(peer.role(symbol) is Role.RECOVERING for peer in peers for symbol in peer.markets):
        return None
    sharing = [peer for peer in peers if peer.listed is None]
    counts = {peer.id: _held(peer, shared) for peer in sharing}
    fullest = max(sharing, key=lambda peer: (counts[peer.id], peer.id))
    emptiest = min(sharing, key=lambda peer: (counts[peer.id], peer.id))
    if own is not fullest or counts[own.id] - counts[emptiest.id] < 2 or not movable:
        return None
    symbol = min(movable, key=lambda symbol: (emptiest.role(symbol) is not Role.WARM, symbol))
    return HandOver(symbol, emptiest.id)


def _has_room(own: Peer, peers: Sequence[Peer], shared: Collection[str]) -> bool:
    """Tell whether the process serves less than its share, rounded up."""
    sharing = sum(peer.listed is None for peer in peers)
    return _held(own, shared) < -(-len(shared) // sharing)


def _held(peer: Peer, shared: Collection[str]) -> int:
    return sum(symbol in shared and peer.role(symbol) in HOLDERS for symbol in peer.markets)


def _heir_of(symbol: str, peers: Sequence[Peer]) -> str:
    """Return the process that is to take the market next, if it is alive."""
    heirs = {report.heir for peer in peers if (report := peer.markets.get(symbol)) and report.heir}
    return next((peer.id for peer in peers if peer.id in heirs), "")


def _rank(process_id: str, symbol: str) -> bytes:
    return blake2b(f"{process_id} {symbol}".encode(), digest_size=8).digest()
