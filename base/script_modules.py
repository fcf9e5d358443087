"""What a module of a page imports, so that the browser is told at once instead of finding it one import at a time."""

import re
from functools import cache
from pathlib import Path

__all__ = ["with_imports"]

# As prettier writes them. What is asked for by `import()` may be wanted later, or never.
_NEIGHBOUR = re.compile(r'^(?:(?:import|export|\}) .*from|import) "(\.\.?/[\w./]+)";', re.MULTILINE)


@cache
def with_imports(first: Path) -> list[Path]:
    """Return a module and all that it cannot run without, of those that are named by a relative path."""
    found, waiting = {first}, [first]
    while waiting:
        module = waiting.pop()
        imported = {(module.parent / name).resolve() for name in _NEIGHBOUR.findall(module.read_text())}
        waiting += imported - found
        found |= imported
    return sorted(found)
