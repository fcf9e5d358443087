"""Draw the pictures of ARCHITECTURE.md: `make diagrams`, or `python -m scripts.diagrams`.

`rooms.svg` comes from the rules that hold the imports (pyproject.toml), so it cannot show anything else than they
allow. `order.svg` is the way of an order, step by step.
"""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "docs" / "pictures"

Rules = Mapping[str, Sequence[str]]

BOX_WIDTH, BOX_HEIGHT, FLOOR_HEIGHT, GAP, MARGIN = 168, 48, 100, 28, 24
PASSAGE_WIDTH = 28  # of an arrow that passes a floor

ABOUT = {
    "account_panel": "history, ledger, details",
    "base": "HTTP, errors, numbers",
    "charting": "candles, depth, drawings",
    "client": "our API, from outside",
    "config": "wiring",
    "demo": "visitors, moving markets",
    "exchange": "users, assets, markets",
    "journal": "durable batches",
    "marketdata": "streams, candles",
    "matching": "gateway, engine",
    "operations": "running it, back office",
    "orders": "orders and trades",
    "portfolio": "value, profit and loss",
    "settlement": "ledger, wallets",
    "tape": "recorded flow",
    "trading_page": "the page at /",
    "verification": "replay, reconciliation",
}

STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1c2530 }
    .small { font-size: 12px; fill: #5a6675 }
    .ground { fill: #ffffff }
    .box { fill: #eef3f9; stroke: #6b8cae }
    .line { fill: none; stroke: #6b8cae; stroke-width: 1.3 }
    .life { stroke: #c3ccd6; stroke-dasharray: 3 4 }
    .durable { fill: #fff4d6; stroke: #d9a521 }
"""
ARROW = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 1 10 5 0 9z" fill="#6b8cae"/></marker>'
)


# --- the rooms ----------------------------------------------------------------------------------


def rooms() -> Rules:
    """Return what each room may import."""
    rules: Rules = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["trade-engine"]["rooms"]
    return rules


def floors(rules: Rules) -> dict[str, int]:
    """Return the floor of each room: one above the highest of those it may import."""
    found: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in found:
            found[room] = 1 + max(map(floor, rules[room]), default=-1)
        return found[room]

    for room in rules:
        floor(room)
    return found


def direct(rules: Rules) -> dict[str, list[str]]:
    """Return the imports without those that another import leads to as well."""

    def below(room: str) -> set[str]:
        return {further for other in rules[room] for further in {other, *below(other)}}

    return {
        room: sorted(other for other in others if not any(other in below(third) for third in others))
        for room, others in rules.items()
    }


def ways(rules: Rules) -> list[list[str]]:
    """Return each arrow as the places it passes, one on each floor: rooms at both ends, passages between."""
    floor_of = floors(rules)
    return [
        [room, *(f"{room}>{other}@{floor}" for floor in range(floor_of[room] - 1, floor_of[other], -1)), other]
        for room, others in direct(rules).items()
        for other in others
    ]


def arranged(rules: Rules) -> list[list[str]]:
    """Return the places of each floor, the ground first, each near the middle of what it is joined to."""
    floor_of = floors(rules)
    rows: list[list[str]] = [[] for _ in range(max(floor_of.values()) + 1)]
    joined: dict[str, list[str]] = {}
    for room, floor in floor_of.items():
        rows[floor].append(room)
    for way in ways(rules):
        for upper, lower in pairwise(way):
            joined.setdefault(upper, []).append(lower)
            joined.setdefault(lower, []).append(upper)
        for place in way[1:-1]:
            rows[int(place.partition("@")[2])].append(place)
    for _ in range(8):
        for row in [*rows, *reversed(rows)]:
            middle = {place: index / len(other) for other in rows for index, place in enumerate(other, start=1)}
            row.sort(key=lambda place: _mean([middle[other] for other in joined.get(place, [place])]))
    return rows


def draw_rooms(rules: Rules) -> str:
    """Return the rooms as a house: a room may import what its arrows lead to, and what those lead to."""
    rows = arranged(rules)
    width = max(map(_row_width, rows)) + 2 * MARGIN
    height = len(rows) * FLOOR_HEIGHT - (FLOOR_HEIGHT - BOX_HEIGHT) + 2 * MARGIN
    middles = {
        place: (x, MARGIN + (len(rows) - 1 - floor) * FLOOR_HEIGHT)
        for floor, row in enumerate(rows)
        for place, x in _middles(row, width)
    }
    lines = [_curve([middles[place] for place in way]) for way in ways(rules)]
    boxes = [_box(*middles[room], room, ABOUT.get(room, "")) for room in rules]
    return _picture(width, height, "The rooms and what each may import", [*lines, *boxes])


def _place_width(place: str) -> int:
    return PASSAGE_WIDTH if "@" in place else BOX_WIDTH


def _row_width(row: Sequence[str]) -> int:
    return sum(map(_place_width, row)) + GAP * (len(row) - 1)


def _middles(row: Sequence[str], width: int) -> list[tuple[str, int]]:
    left, found = (width - _row_width(row)) // 2, []
    for place in row:
        found.append((place, left + _place_width(place) // 2))
        left += _place_width(place) + GAP
    return found


def _mean(numbers: Sequence[float]) -> float:
    return round(sum(numbers) / len(numbers), 6)


def _curve(places: Sequence[tuple[int, int]]) -> str:
    x, y = places[0][0], places[0][1] + BOX_HEIGHT
    path = f"M{x} {y}"
    for number, (next_x, next_top) in enumerate(places[1:], start=2):
        bend = (y + next_top) // 2
        path += f" C{x} {bend} {next_x} {bend} {next_x} {next_top}"
        x, y = next_x, next_top
        if number < len(places):
            y += BOX_HEIGHT
            path += f" V{y}"
    return f'<path class="line" marker-end="url(#tip)" d="{path}"/>'


def _box(x: int, y: int, name: str, about: str) -> str:
    return (
        f'<rect class="box" x="{x - BOX_WIDTH // 2}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        + _text(x, y + 20, f"{name}/")
        + _text(x, y + 38, about, "small")
    )


# --- the way of an order ------------------------------------------------------------------------


class Step(NamedTuple):
    """Something goes from one to another, or, if both are the same, happens there."""

    origin: str
    target: str
    text: str
    is_durable: bool = False


LANES = ("client", "api", "Valkey", "engine", "PostgreSQL", "worker", "web")
WAY = (
    Step("client", "api", "POST /api/v1/orders"),
    Step("api", "api", "authenticate, check, give id"),
    Step("api", "Valkey", "all that waits, one message"),
    Step("Valkey", "engine", "all that waits: one batch"),
    Step("engine", "PostgreSQL", "client ids, account locks"),
    Step("engine", "engine", "hold or deny, execute, record"),
    Step("engine", "PostgreSQL", "orders, trades, balances"),
    Step("engine", "PostgreSQL", "candles, journal, sequence"),
    Step("engine", "PostgreSQL", "COMMIT: durable from here", is_durable=True),
    Step("engine", "Valkey", "replies, batch, hint"),
    Step("Valkey", "api", "reply"),
    Step("api", "client", "201, with its trades"),
    Step("Valkey", "web", "batch, for the streams"),
    Step("web", "client", "book, trades, candles, own orders"),
    Step("Valkey", "worker", "hint: there are trades to settle"),
    Step("worker", "PostgreSQL", "ledger entries"),
    Step("worker", "PostgreSQL", "COMMIT: settled", is_durable=True),
)
LANE_WIDTH, STEP_HEIGHT, HEAD_HEIGHT = 196, 40, 56


def draw_order(steps: Sequence[Step] = WAY) -> str:
    """Return the way of an order: a column for each process and server, a line for each step."""
    middle = {lane: MARGIN + LANE_WIDTH * number + LANE_WIDTH // 2 for number, lane in enumerate(LANES)}
    bottom = HEAD_HEIGHT + STEP_HEIGHT * len(steps) + MARGIN
    lanes = [
        f'<line class="life" x1="{x}" y1="{HEAD_HEIGHT}" x2="{x}" y2="{bottom}"/>'
        f'<rect class="box" x="{x - 60}" y="{MARGIN}" width="120" height="32" rx="6"/>{_text(x, MARGIN + 21, lane)}'
        for lane, x in middle.items()
    ]
    drawn = [
        _step(step, middle[step.origin], middle[step.target], HEAD_HEIGHT + STEP_HEIGHT * number)
        for number, step in enumerate(steps, start=1)
    ]
    width = 2 * MARGIN + LANE_WIDTH * len(LANES)
    return _picture(width, bottom + MARGIN, "The way of an order", [*lanes, *drawn])


def _step(step: Step, start: int, end: int, y: int) -> str:
    if start == end:
        left = start - LANE_WIDTH // 2 + 2
        box = f'<rect class="box" x="{left}" y="{y - 20}" width="{LANE_WIDTH - 4}" height="26" rx="6"/>'
        return box + _text(start, y - 2, step.text, "small")
    middle = (start + end) // 2
    mark = f'<rect class="durable" x="{middle - 86}" y="{y - 21}" width="172" height="19" rx="4"/>'
    line = f'<path class="line" marker-end="url(#tip)" d="M{start} {y} H{end}"/>'
    return (mark if step.is_durable else "") + line + _text(middle, y - 7, step.text, "small")


# --- both ---------------------------------------------------------------------------------------


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x}" y="{y}" text-anchor="middle">{escape(words)}</text>'


def _picture(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    ground = f'<rect class="ground" width="{width}" height="{height}" rx="8"/>'
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", f"<defs>{ARROW}</defs>", ground]
    return "\n".join([*lines, *parts, "</svg>", ""])


def pictures() -> dict[str, str]:
    """Return the contents of each picture by its file's name."""
    return {"rooms.svg": draw_rooms(rooms()), "order.svg": draw_order()}


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, drawn in pictures().items():
        (FOLDER / name).write_text(drawn)


if __name__ == "__main__":
    main()
