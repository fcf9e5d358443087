"""The heads of both chains, kept where who changes the database cannot change them."""

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from base.times import iso_ms
from verification.chains.links import Place

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heads:
    """Hashes by their numbers: of the audit trail, and of each market's journal by its symbol."""

    audit: dict[int, bytes] = field(default_factory=dict)
    journal: dict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, line: Mapping[str, Any]) -> None:
        """Take in one line of the file, or one entry of the log."""
        for number, text in filter(None, [line.get("audit")]):
            self.audit[int(number)] = bytes.fromhex(text)
        for symbol, (number, text) in line.get("journal", {}).items():
            self.journal[symbol][int(number)] = bytes.fromhex(text)


def heads_file() -> Path | None:
    """Return where heads are kept by setting."""
    return Path(settings.CHAIN_HEADS_FILE) if settings.CHAIN_HEADS_FILE else None


def heads_read(path: Path | None) -> Heads:
    """Return the heads that a file has; none without a file. A line that was cut off at the end is left out."""
    heads = Heads()
    for line in path.read_text().splitlines() if path is not None and path.exists() else []:
        try:
            heads.add(json.loads(line))
        except ValueError:
            log.warning("chain_head_unreadable", file=str(path), line=line[:200])
    return heads


def heads_keep(path: Path | None, *, audit: Place, journal: Mapping[str, Place]) -> dict[str, Any]:
    """Log the heads, add them to a file as one line if there is one, and return them as JSON values."""
    heads = {"audit": audit.as_json(), "journal": {symbol: place.as_json() for symbol, place in journal.items()}}
    log.info("chain_heads", **heads)
    if path is not None:
        _append(path, json.dumps({"at": iso_ms(timezone.now()), **heads}) + "\n")
    return heads


def _append(path: Path, line: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        log.error("chain_heads_not_kept", file=str(path), error=str(error))
