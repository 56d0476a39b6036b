"""A caller that writes bytes, not requests: what a hostile or broken client sends has to be sent exactly
so."""

import json
import socket
import time
from dataclasses import dataclass, field

from .world import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list = field(repr=False)
    body: bytes = b""

    def header(self, name):
        """The value of a header that occurs once; None where there is none."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


class Wire:
    """One TCP connection.  Reading is by Content-Length, so that a second answer is seen as one."""

    def __init__(self, port, within=PATIENCE, source="127.0.0.1", at="127.0.0.1"):
        self.socket = socket.create_connection((at, port), timeout=within, source_address=(source, 0))
        self.within = within
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def finish(self):
        """Nothing more will be sent; the answer can still be read."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:         # the peer was quicker
            pass
        return self

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed after {self.pending[:200]!r}")
        self.pending += data

    def _until(self, length):
        while len(self.pending) < length:
            self._more()
        taken, self.pending = self.pending[:length], self.pending[length:]
        return taken

    def read(self, bodyless=False):
        """The next answer.  EOFError when the connection ends before it is complete."""
        while b"\r\n\r\n" not in self.pending:
            self._more()
        head = self._until(self.pending.index(b"\r\n\r\n") + 4)
        status, *lines = head[:-4].decode("latin-1").split("\r\n")
        version, code, _ = status.split(" ", 2)
        assert version == "HTTP/1.1", status
        headers = [(name, value.strip()) for name, value in (line.split(":", 1) for line in lines)]
        answer = Answer(int(code), headers)
        if bodyless or answer.status < 200 or answer.status == 204:
            return answer
        length = answer.header("Content-Length")
        assert length is not None and length.isdigit(), f"an answer without a length: {head!r}"
        return Answer(answer.status, headers, self._until(int(length)))

    def closed(self, within=None):
        """Whether the peer closes in time without saying another word."""
        deadline = time.monotonic() + (within or self.within)
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return not self.pending
            except TimeoutError:
                return False
            finally:
                self.socket.settimeout(self.within)
            if not data:
                return not self.pending
            self.pending += data
        return False
