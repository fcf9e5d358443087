"""Holds every answer that any test's client gets from `/api/v1` against the OpenAPI document."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from rest_framework.test import APIClient

from tests.contract.openapi import close, published_document, with_null_types

PREFIX = "/api/v1/"
_SHOWN = 300


class RestContract:
    """Notes answers whose status, type or body is not described. The document is made when the first one comes."""

    def __init__(self) -> None:
        self._validators: dict[tuple[str, str, str], Draft202012Validator] = {}
        self._problems: list[str] = []

    @functools.cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = with_null_types(published_document())
        close(document["components"])
        close(document["paths"])
        return document

    @functools.cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        """Return how paths look, those without parameters first."""
        paths = sorted(self._document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]

    def check(self, method: str, path: str, status: int, content_type: str, content: Any) -> None:
        """Look at an answer; `content` makes its body from JSON, and is called only if there should be one."""
        if not path.startswith(PREFIX):
            return
        template = next((template for pattern, template in self._templates if pattern.fullmatch(path)), None)
        if template is not None and method.lower() in self._document["paths"][template]:
            problems = self._problems_of(template, method.lower(), str(status), content_type, content)
            self._problems += [f"{method} {template} {status}: {problem}" for problem in problems]

    def _problems_of(self, path: str, method: str, status: str, content_type: str, content: Any) -> list[str]:
        described = self._document["paths"][path][method]["responses"].get(status)
        if described is None:
            return ["this status is not described"]
        if "content" not in described:
            return []
        if content_type not in described["content"]:
            return [f"{content_type} is not described"]
        body = content()
        errors = self._validator(path, method, status, content_type).iter_errors(body)
        return [f"{'.'.join(map(str, error.instance_path))} {error.message[:_SHOWN]}" for error in errors]

    def _validator(self, path: str, method: str, status: str, content_type: str) -> Draft202012Validator:
        place = (path, method, status)
        if place not in self._validators:
            schema = self._document["paths"][path][method]["responses"][status]["content"][content_type]["schema"]
            self._validators[place] = Draft202012Validator({"components": self._document["components"], **schema})
        return self._validators[place]

    def take_problems(self) -> list[str]:
        """Return what was found since the last call."""
        found, self._problems = self._problems, []
        return found


@pytest.fixture(scope="session")
def rest_contract() -> Iterator[RestContract]:
    """Watch every client of the REST interface in this process."""
    contract = RestContract()
    request = APIClient.request

    @functools.wraps(request)
    def request_and_check(self: APIClient, **asked: Any) -> Any:
        answer = request(self, **asked)
        if not answer.streaming:
            method, path = answer.request["REQUEST_METHOD"], answer.request["PATH_INFO"]
            contract.check(method, path, answer.status_code, answer.get("Content-Type", ""), answer.json)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(APIClient, "request", request_and_check)
        yield contract


@pytest.fixture(autouse=True)
def _answers_are_as_described(rest_contract: RestContract) -> Iterator[None]:
    rest_contract.take_problems()
    yield
    problems = rest_contract.take_problems()
    assert not problems, "\n".join(problems[:10])
