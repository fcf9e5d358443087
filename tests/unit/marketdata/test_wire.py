"""The short cut to the socket, on Twisted's own transport: a release that changes what is relied on fails here."""

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from twisted.internet.tcp import Connection

from marketdata.payload import Payload
from marketdata.wire import Wire

Pair = tuple[Any, socket.socket]


class Reactor:
    """Notes who waits for the socket."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def addWriter(self, writer: Any) -> None:  # noqa: N802  (the names are Twisted's)
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:  # noqa: N802
        self.writers.discard(writer)


class Protocol:
    """As much of a WebSocket connection as the wire looks at."""

    STATE_OPEN, STATE_CLOSING = 3, 2

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.state = self.STATE_OPEN


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A transport and its client's socket."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    nobody: Any = None
    reactor: Any = Reactor()
    transport: Any = Connection(ours, nobody, reactor)
    transport.connected = True
    yield transport, theirs
    for each in (ours, theirs):
        each.close()


def wire_to(transport: Any, **fields: Any) -> Wire:
    protocol = Protocol(transport)
    vars(protocol).update(fields)
    return Wire(partial(lambda protocol, message: None, protocol))


def test_a_finished_frame_goes_to_the_socket_at_once(pair: Pair) -> None:
    transport, client = pair

    assert wire_to(transport).write(Payload(b"one", b"two"))

    assert client.recv(100) == b"\x81\x03one\x81\x03two"


def test_what_the_socket_does_not_take_follows_in_order_and_nothing_overtakes_it(
    pair: Pair,
) -> None:
    transport, client = pair
    wire, large = wire_to(transport), Payload(b"x" * 2_000_000)

    assert wire.write(large)
    assert not wire.write(Payload(b"next"))

    received = b""
    while len(received) < len(large.frames):
        received += client.recv(1_000_000)
        transport.doWrite()
    assert received == large.frames
    assert wire.write(Payload(b"next"))


@pytest.mark.parametrize("state", [Protocol.STATE_CLOSING, 0])
def test_nothing_is_written_before_and_after_the_connection_is_open(pair: Pair, state: int) -> None:
    transport, _ = pair
    assert not wire_to(transport, state=state).write(Payload(b"late"))


def test_who_left_during_the_handshake_is_not_written_to(pair: Pair) -> None:
    transport, _ = pair
    transport.connected = False
    del transport.socket  # as Twisted does when a connection is lost

    assert not wire_to(transport).write(Payload(b"late"))


class Encrypted:
    """A transport that is not plain TCP."""

    def registerProducer(self, producer: Any, is_streaming: bool) -> None: ...  # noqa: N802
    def unregisterProducer(self) -> None: ...  # noqa: N802


def test_behind_tls_or_another_server_the_usual_way_is_taken() -> None:
    assert not wire_to(Encrypted()).write(Payload(b"text"))
    assert not Wire(lambda message: None).write(Payload(b"text"))


@pytest.mark.parametrize(("length", "header"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_frames_header_says_its_length(length: int, header: int) -> None:
    frames = Payload(b"x" * length).frames

    assert (frames[0], len(frames)) == (0x81, header + length)
    if header > 2:
        assert int.from_bytes(frames[2:header]) == length
