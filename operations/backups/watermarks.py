"""How far each market had come: kept beside a backup, and compared with what a restore gave."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import Connection

from exchange import __version__

# Sequence number and state hash by symbol.
Watermarks = Mapping[str, tuple[int, str]]

_WATERMARKS = """
    SELECT market.symbol, sequence.last_seq, sequence.state_hash
    FROM orders_marketsequence sequence JOIN exchange_market market ON market.id = sequence.market_id ORDER BY 1
"""


def watermarks_read(connection: "Connection[Any]") -> Watermarks:
    """Return the watermarks as the connection's transaction sees them. One query."""
    return {symbol: (seq, state_hash) for symbol, seq, state_hash in connection.execute(_WATERMARKS).fetchall()}


def watermarks_write(path: Path, watermarks: Watermarks) -> None:
    """Write the watermarks beside a backup, with what made it."""
    markets = {symbol: {"seq": seq, "state_hash": state_hash} for symbol, (seq, state_hash) in watermarks.items()}
    _beside(path).write_text(json.dumps({"version": __version__, "markets": markets}, indent=2) + "\n")


def watermarks_kept(path: Path) -> Watermarks | None:
    """Return the watermarks that were written beside a backup; None when they are missing."""
    kept = _beside(path)
    if not kept.is_file():
        return None
    markets = json.loads(kept.read_text())["markets"]
    return {symbol: (market["seq"], market["state_hash"]) for symbol, market in markets.items()}


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
