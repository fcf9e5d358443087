"""What the page's modules lose on their way to the browser is nothing that the browser would run."""

import json
import subprocess
from pathlib import Path

from base.static_files import without_comments
from tests.node import node_program

PROJECT = Path(__file__).parents[3]
ROOMS = ("trading_page", "charting", "account_panel")
MODULES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.js") if path.name != "early.js")
# Node's own parser: the trees of both must be the same but for the places.
SCRIPT = """
    const acorn = require("internal/deps/acorn/acorn/dist/acorn");
    const tree = (text) => JSON.stringify(
        acorn.parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true }),
        (key, value) => (["start", "end", "column"].includes(key) ? undefined
            : typeof value === "bigint" ? `${value}n` : value),
    );
    const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(JSON.stringify(pairs.filter(([, whole, sent]) => tree(whole) !== tree(sent)).map(([name]) => name)));
"""


def test_modules_are_the_same_program_on_the_same_lines_without_their_comments() -> None:
    pairs = [(path.name, path.read_text(), without_comments(path.read_text())) for path in MODULES]

    command = [node_program(), "--expose-internals", "--no-warnings", "--eval", SCRIPT]
    finished = subprocess.run(command, input=json.dumps(pairs), capture_output=True, text=True, timeout=60)

    assert len(pairs) > 50
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == []
    assert sum(len(sent) for _, _, sent in pairs) < 0.8 * sum(len(whole) for _, whole, _ in pairs)


def test_what_only_looks_like_a_comment_stays() -> None:
    script = 'const web = "https://a"; // told\nconst re = /\\/\\*x/;\n  /* @type */ call();\n`\n${a} // b\n`;\n'

    assert without_comments(script) == script
