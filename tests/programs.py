"""Programs of the distribution that some tests need: the CI has them all, elsewhere such a test may be skipped."""

import os
import shutil
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    """Return where a program is. Without it the test is skipped, or fails where TEST_PROGRAMS is `all`."""
    servers = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*servers, "/usr/sbin", os.environ.get("PATH", "")]))
    if found is not None:
        return found
    message = f"{name} is not installed: apt-get install {package}"
    if os.environ.get("TEST_PROGRAMS") == "all":
        pytest.fail(message)
    pytest.skip(message)
