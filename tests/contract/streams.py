"""Holds every stream message that any test's client gets against the published AsyncAPI document."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from jsonschema_rs import Draft7Validator
from websockets.asyncio.client import ClientConnection
from websockets.sync.client import ClientConnection as SyncConnection

from marketdata.asyncapi.document import asyncapi_document

Message = dict[str, Any]
_SHOWN = 300


class StreamContract:
    """Notes what clients got that is not described, and which types of messages were seen at all."""

    def __init__(self) -> None:
        document = asyncapi_document(host="exchange.test", is_secure=True)
        self.received: dict[tuple[str, str], Draft7Validator] = {}
        self.sent: dict[tuple[str, str], Draft7Validator] = {}
        for name, message in document["components"]["messages"].items():
            stream, _, kind = name.partition(".")
            described = self.sent if kind.startswith("ask.") else self.received
            described[stream, message["name"]] = Draft7Validator(message["payload"])
        self.close_codes = {
            stream: set(map(int, channel["x-close-codes"])) for stream, channel in document["channels"].items()
        }
        self.seen: set[tuple[str, str]] = set()
        self._problems: list[str] = []

    def check(self, path: str, text: str | bytes) -> None:
        """Look at a message as it came over a connection to a path."""
        self.check_message(stream_of(path), json.loads(text))

    def check_message(self, stream: str, message: Message) -> None:
        kind = message.get("type", "")
        self.seen.add((stream, kind))
        self._problems += [
            f"{stream}: {problem}: {str(message)[:_SHOWN]}" for problem in self.problems_of(stream, message)
        ]

    def problems_of(self, stream: str, message: Message) -> list[str]:
        """Return what is wrong with a message of a stream."""
        validator = self.received.get((stream, message.get("type", "")))
        if validator is None:
            return ["this type is not described"]
        return [
            f"{'.'.join(map(str, error.instance_path))} {error.message[:_SHOWN]}"
            for error in validator.iter_errors(message)
        ]

    def check_close(self, path: str, code: int) -> None:
        if code not in self.close_codes[stream_of(path)]:
            self._problems.append(f"{stream_of(path)}: the close code {code} is not described")

    def take_problems(self) -> list[str]:
        """Return what was found since the last call."""
        found, self._problems = self._problems, []
        return found


def stream_of(path: str) -> str:
    """Return the name of the stream at a path: markets, trades, orders."""
    return path.partition("?")[0].strip("/").split("/")[1]


@pytest.fixture(scope="session")
def stream_contract() -> Iterator[StreamContract]:
    """Watch every way in which tests listen to streams in this process."""
    contract = StreamContract()
    with pytest.MonkeyPatch.context() as patch:
        _watch_consumers(contract, patch)
        _watch_sockets(contract, patch)
        yield contract


@pytest.fixture(autouse=True)
def _streams_are_as_described(stream_contract: StreamContract) -> Iterator[None]:
    stream_contract.take_problems()
    yield
    problems = stream_contract.take_problems()
    assert not problems, "\n".join(problems[:10])


def _watch_consumers(contract: StreamContract, patch: pytest.MonkeyPatch) -> None:
    receive_output = WebsocketCommunicator.receive_output

    @functools.wraps(receive_output)
    async def receive_and_check(self: WebsocketCommunicator, timeout: float = 1) -> Any:  # noqa: ASYNC109
        event = await receive_output(self, timeout)
        if event["type"] == "websocket.send":
            contract.check(self.scope["path"], event["text"])
        elif event["type"] == "websocket.close" and "code" in event:
            contract.check_close(self.scope["path"], event["code"])
        return event

    patch.setattr(WebsocketCommunicator, "receive_output", receive_and_check)


def _watch_sockets(contract: StreamContract, patch: pytest.MonkeyPatch) -> None:
    recv, sync_recv = ClientConnection.recv, SyncConnection.recv

    @functools.wraps(recv)
    async def recv_and_check(self: ClientConnection, decode: bool | None = None) -> Any:
        data = await recv(self, decode)
        assert self.request, "Invariant: what has received a message has sent its request"
        contract.check(self.request.path, data)
        return data

    @functools.wraps(sync_recv)
    def sync_recv_and_check(self: SyncConnection, timeout: float | None = None, decode: bool | None = None) -> Any:
        data = sync_recv(self, timeout, decode)
        assert self.request, "Invariant: what has received a message has sent its request"
        contract.check(self.request.path, data)
        return data

    patch.setattr(ClientConnection, "recv", recv_and_check)
    patch.setattr(SyncConnection, "recv", sync_recv_and_check)
