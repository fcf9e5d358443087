"""WebSocket clients as thin as can be: a socket and what is needed to check what comes in."""

import base64
import os
import socket
from array import array

from benchmarks.load_ws.books import Books

# One for all: a fresh block of this size for each read can cost ten times the read (malloc gives it back each time).
_BUFFER = memoryview(bytearray(262_144))


class Client:
    """One connection to `/ws/markets/{slug}`. `seqs` and `times` say when which sequence number was reached."""

    __slots__ = ("book", "close_code", "is_closed", "messages", "rest", "seqs", "socket", "times")

    def __init__(self, address: tuple[str, int], path: str, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(address)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := self.socket.recv(4_096)):
                raise ConnectionError("the server closed during the handshake")
            head += data
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head[:100].decode("latin-1"))
        self.rest = head.partition(b"\r\n\r\n")[2]
        self.book, self.messages, self.is_closed, self.close_code = 0, 0, False, 0
        self.seqs, self.times = array("q"), array("d")

    def read(self, books: Books, now: float) -> None:
        """Take what is there, without waiting."""
        try:
            count = self.socket.recv_into(_BUFFER)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self.is_closed = True
            return
        data = bytes(_BUFFER[:count])
        self.take(self.rest + data if self.rest else data, books, now)

    def take(self, data: bytes, books: Books, now: float) -> None:
        """Check the frames in some bytes."""
        begin, end, before = 0, len(data), self.book
        while end - begin >= 2:
            length, header = data[begin + 1], 2
            if length == 126:
                length, header = int.from_bytes(data[begin + 2 : begin + 4]), 4
            elif length == 127:
                length, header = int.from_bytes(data[begin + 2 : begin + 10]), 10
            if end - begin < header + length:
                break
            self._frame(data[begin], data[begin + header : begin + header + length], books)
            begin += header + length
        self.rest = data[begin:]
        if self.book != before:
            self.seqs.append(books.seq(self.book))
            self.times.append(now)

    def _frame(self, head: int, payload: bytes, books: Books) -> None:
        if head == 0x81:
            self.messages += 1
            self.book = books.after(self.book, payload)
        elif head == 0x88:
            self.close_code = int.from_bytes(payload[:2])
        elif head == 0x89:  # ping: answered by a masked pong with the mask 0
            self.socket.send(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
