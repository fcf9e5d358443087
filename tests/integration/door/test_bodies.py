"""Bodies that never end, that come drop by drop, or that are too large: they hold nobody up and are not taken."""

import socket
import time

import pytest
import requests

from tests.integration.door.limits import BODY_SECONDS, REQUESTS
from tests.integration.door.sockets import close, head, is_closed, opened, status_of

pytestmark = pytest.mark.xdist_group("door")

LOGIN = "/api/v1/auth/token"
MB = 1_000_000


def unfinished(url: str, address: str) -> socket.socket:
    """Begin a log-in and send one byte of its body."""
    sock = opened(url, address)
    sock.sendall(head(LOGIN, "Content-Length: 50") + b"{")
    return sock


def test_unfinished_bodies_hold_no_thread_and_are_ended(role: str) -> None:
    begun = time.monotonic()
    held = [unfinished(role, f"127.0.1.{number % 2 + 1}") for number in range(2 * (REQUESTS - 1))]

    answers = [requests.get(f"{role}/health", timeout=BODY_SECONDS).status_code for _ in range(5)]
    assert time.monotonic() - begun < BODY_SECONDS, "Invariant: nothing has been ended yet"
    assert answers == [200] * 5

    assert {status_of(sock) for sock in held} == {408}
    assert all(is_closed(sock) for sock in held)
    assert time.monotonic() - begun < BODY_SECONDS + 5
    close(*held)


def test_a_body_that_comes_drop_by_drop_is_cut_off(role: str) -> None:
    sock, begun = unfinished(role, "127.0.2.1"), time.monotonic()
    sock.settimeout(BODY_SECONDS / 10)
    answer = b""
    while not answer and time.monotonic() < begun + 5 * BODY_SECONDS:
        sock.sendall(b" ")
        try:
            answer = sock.recv(65_536)
        except TimeoutError:
            continue
    assert answer.startswith(b"HTTP/1.1 408 ") and b'"REQUEST_TIMEOUT"' in answer
    close(sock)


@pytest.mark.parametrize("path", [LOGIN, "/nothing", "/admin/login/"])
@pytest.mark.parametrize("size", [MB + 1, 200 * MB, 10**30])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(role: str, path: str, size: int) -> None:
    sock = opened(role)
    sock.sendall(head(path, f"Content-Length: {size}"))

    assert status_of(sock) in ({413} if size < 10**18 else {413, 400})
    assert is_closed(sock)
    close(sock)


def test_chunks_without_end_are_taken_up_to_the_limit(role: str) -> None:
    sock, sent = opened(role), 0
    sock.sendall(head(LOGIN, "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sock.settimeout(BODY_SECONDS)
    try:
        while sent < 40 * MB:
            sock.sendall(chunk)
            sent += len(chunk)
    except OSError:
        pass  # hung up

    assert sent < 20 * MB, "more than the buffers of both kernels can hold was taken"
    close(sock)


def test_large_bodies_of_an_address_wait_for_each_other(role: str) -> None:
    held = []
    for _ in range(4):
        sock = opened(role, "127.0.3.1")
        sock.sendall(head(LOGIN, f"Content-Length: {MB}") + b"{")
        held.append(sock)
    time.sleep(0.2)  # until the server has seen them; a slow one refuses the fifth no less

    fifth = opened(role, "127.0.3.1")
    fifth.sendall(head(LOGIN, f"Content-Length: {MB}") + b"{")
    other = opened(role, "127.0.3.2")
    other.sendall(head(LOGIN, "Content-Length: 2") + b"{}")

    assert status_of(fifth) == 429
    assert status_of(other) == 400
    close(*held, fifth, other)


def test_a_whole_body_in_chunks_is_read(role: str) -> None:
    def body() -> "list[bytes]":
        return [b'{"username": "nobody-here",', b' "password": "wrong"}']

    answer = requests.post(f"{role}{LOGIN}", iter(body()), headers={"Content-Type": "application/json"}, timeout=10)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["Cache-Control"] == "no-store"
