"""Error codes: those of the document are those of the code, each with its status, and none is dead."""

import ast
from functools import cache
from typing import Any

import pytest

from base.errors import STATUS, ErrorCode
from config.embedded.settings import PROJECT
from matching.engine import RejectReason
from tests.contract.openapi import published_document

APPS = (
    *("base", "exchange", "matching", "settlement", "orders", "portfolio"),
    *("journal", "marketdata", "verification", "operations"),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return published_document()


@cache
def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for app in APPS for path in sorted((PROJECT / app).rglob("*.py"))]


@cache
def raised_codes() -> set[str]:
    """Return the members that the source names, other than to give them a status."""
    found = set()
    for tree in trees():
        table = next(
            (node for node in tree.body if isinstance(node, ast.AnnAssign) and is_name(node.target, "STATUS")), None
        )
        statuses = set(ast.walk(table)) if table else set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and is_name(node.value, "ErrorCode") and node not in statuses:
                found.add(node.attr)
    return found


@cache
def replied_codes() -> set[str]:
    """Return the codes that engines write into their replies as words."""
    replies = [
        node
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_name(node.func, "Reply")
    ]
    words = {each.value for reply in replies for each in ast.walk(reply) if isinstance(each, ast.Constant)}
    return {word for word in words if isinstance(word, str) and word.isupper()}


def is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def test_every_code_of_the_source_is_one_of_the_contract() -> None:
    assert replied_codes()
    assert raised_codes() | replied_codes() <= set(ErrorCode.__members__)


def test_every_code_of_the_contract_can_come() -> None:
    from_engines = {reason.name for reason in RejectReason} | replied_codes()

    assert set(ErrorCode.__members__) - raised_codes() - from_engines == set()


def test_codes_are_called_what_they_are() -> None:
    assert [code for code in ErrorCode if code.name != code.value] == []


def narrowed(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the codes of each status, as the document narrows them."""
    parts = {
        name.removeprefix("Error"): schema["allOf"][1]
        for name, schema in document["components"]["schemas"].items()
        if name.removeprefix("Error").isdecimal()
    }
    return {status: part["properties"]["error"]["properties"]["code"]["enum"] for status, part in parts.items()}


def test_the_document_lists_each_code_once_with_its_status(document: dict[str, Any]) -> None:
    expected: dict[str, list[str]] = {}
    for code in ErrorCode:
        expected.setdefault(str(STATUS.get(code, 400)), []).append(code.value)
    found = narrowed(document)

    assert {status: expected[status] for status in found} == found
    assert set(expected) - set(found) == {"405"}, "only an unknown method has no operation that could name it"


def test_every_error_of_every_operation_names_the_codes_of_its_status(document: dict[str, Any]) -> None:
    wrong = [
        f"{method} {path} {status}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status, answer in operation["responses"].items()
        if status >= "4"
        and answer["content"]["application/json"]["schema"] != {"$ref": f"#/components/schemas/Error{status}"}
    ]

    assert wrong == []


@pytest.mark.parametrize("status", ["400", "406", "500", "503"])
def test_what_can_happen_to_any_request_is_said_everywhere(document: dict[str, Any], status: str) -> None:
    missing = [
        f"{method} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if status not in operation["responses"]
    ]

    assert missing == []


def test_who_has_to_wait_is_told_for_how_long(document: dict[str, Any]) -> None:
    limited = [
        operation["responses"]["429"]
        for item in document["paths"].values()
        for operation in item.values()
        if "429" in operation["responses"]
    ]

    assert len(limited) > 5
    assert all(answer["headers"]["Retry-After"]["required"] for answer in limited)
