"""A WebSocket client that keeps no rule: frames as somebody wants them, and a socket that is read or not."""

import base64
import contextlib
import json
import os
import socket
import struct
import time
from types import TracebackType

TEXT, CONTINUED, CLOSE, PING = 1, 0, 8, 9
LOOPBACK = "127.0.0.1"


def frame(payload: bytes, opcode: int = TEXT, *, is_last: bool = True, length: int | None = None) -> bytes:
    """Return a masked frame; `length` is what its header says, if that is not the truth."""
    length = len(payload) if length is None else length
    head = bytes([(0x80 if is_last else 0) | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65_536:
        head += bytes([0x80 | 126]) + struct.pack("!H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", length)
    return head + bytes(4) + payload  # a mask of zeros leaves the payload as it is


def message(**fields: object) -> bytes:
    return frame(json.dumps(fields).encode())


class RawClient:
    """One connection. What is sent waits at most `patience_s` for the server to read it."""

    def __init__(self, port: int, path: str, *, source: str = LOOPBACK, patience_s: float = 3.0) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), 20, source_address=(source, 0))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._data = b""
        while b"\r\n\r\n" not in self._data:
            self._data += self.socket.recv(65_536)
        head, self._data = self._data.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.splitlines()[0], head
        self.socket.settimeout(patience_s)

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> int:
        """Send until the server reads no more; return how many bytes went out."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < len(data):
                sent += self.socket.send(data[sent : sent + 65_536])
        return sent

    def close_code(self, within_s: float = 20.0) -> int:
        """Read until the server ends the connection; return the code it gave, 1006 if it gave none."""
        deadline = time.monotonic() + within_s
        while (received := self._next()) is None or received[0] != CLOSE:
            if received is None and not self._read_more(deadline):
                return 1006
        return int(struct.unpack("!H", received[1][:2])[0])

    def _read_more(self, deadline: float) -> bool:
        self.socket.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            more = self.socket.recv(1 << 20)
        except ConnectionError:
            return False
        self._data += more
        return bool(more)

    def _next(self) -> tuple[int, bytes] | None:
        """Return the next whole frame's opcode and payload; servers do not mask."""
        if len(self._data) < 2:
            return None
        length, begin = self._data[1], 2
        if length >= 126:
            begin = 4 if length == 126 else 10
            length = int.from_bytes(self._data[2:begin])
        if len(self._data) < begin + length:
            return None
        opcode, payload = self._data[0] & 15, self._data[begin : begin + length]
        self._data = self._data[begin + length :]
        return opcode, payload
