"""How far each market had come: kept beside a backup, and compared with what a restore gave."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import Connection

from exchange import __version__

# Sequence number and state hash by symbol.
Landmarks = Mapping[str, tuple[int, str]]

_LANDMARKS = """
    SELECT market.symbol, sequence.last_seq, sequence.state_hash
    FROM orders_marketsequence sequence JOIN exchange_market market ON market.id = sequence.market_id ORDER BY 1
"""


def landmarks_read(connection: "Connection[Any]") -> Landmarks:
    """Return the landmarks as the connection's transaction sees them. One query."""
    return {symbol: (seq, state_hash) for symbol, seq, state_hash in connection.execute(_LANDMARKS).fetchall()}


def landmarks_write(path: Path, landmarks: Landmarks) -> None:
    """Write the landmarks beside a backup, with what made it."""
    markets = {symbol: {"seq": seq, "state_hash": state_hash} for symbol, (seq, state_hash) in landmarks.items()}
    _beside(path).write_text(json.dumps({"version": __version__, "markets": markets}, indent=2) + "\n")


def landmarks_kept(path: Path) -> Landmarks | None:
    """Return the landmarks that were written beside a backup; None when they are missing."""
    kept = _beside(path)
    if not kept.is_file():
        return None
    markets = json.loads(kept.read_text())["markets"]
    return {symbol: (market["seq"], market["state_hash"]) for symbol, market in markets.items()}


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
