"""What the page's JavaScript is type-checked with is what the exchange says of itself."""

from pathlib import Path

import pytest

from scripts.page_types import ANSWERS, MESSAGES, files


@pytest.mark.parametrize("path", [MESSAGES, ANSWERS], ids=lambda path: path.name)
def test_the_types_are_those_of_the_documents(path: Path) -> None:
    assert path.read_text() == files()[path], "the documents have changed: run make page-types"
