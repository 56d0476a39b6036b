"""An upstream that does what a test tells it, byte for byte, and remembers the bytes that it was sent.

A script is a list of replies; request n of the test gets reply n, whichever connection it comes on, and
when the script is used up `then` answers.  Nothing here checks a signature: tests do that with
harness.vendor."""

import json
import socket
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from email.utils import formatdate

from .world import PATIENCE, SAMPLE, elapse, eventually


@dataclass(frozen=True)
class Reply:
    body: object = SAMPLE           # bytes, or anything that json.dumps takes
    status: int = 200
    headers: tuple = ()             # ((name, value), ...); Content-Length and Date are added unless given
    raw: bytes = None               # the whole answer, instead of all the above
    date: float = None              # seconds since 1970 for the Date header; None: now
    delay: float = 0.0              # seconds before the first byte
    drip: float = 0.0               # seconds between two bytes
    cut: int = None                 # close after that many bytes of the answer
    close: bool = False             # close when the answer is out, unannounced
    reset: bool = False             # close with RST instead of FIN
    gate: threading.Event = None    # hold the answer until the test opens it
    behind: bytes = b""             # arrives together with the answer; over TLS in a record of its own

    def wire(self):
        if self.raw is not None:
            return self.raw
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        given = {name.lower() for name, _ in self.headers}
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{name}: {value}" for name, value in self.headers)]
        if "date" not in given:
            lines.append("Date: " + formatdate(self.date, usegmt=True))
        if not given & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


HANG = Reply(delay=float("inf"))
HANG_UP = Reply(cut=0)              # reads the request and closes without a word


@dataclass(frozen=True)
class Received:
    head: bytes
    body: bytes
    connection: int
    at: float = field(default_factory=time.time)

    @property
    def method(self):
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self):
        return self.head.split(b" ", 2)[1].decode()

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def headers(self):
        lines = self.head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        pairs = [line.split(":", 1) for line in lines]
        assert len(pairs) == len({name.lower() for name, _ in pairs}), f"a header twice: {lines}"
        return {name.lower(): value.strip() for name, value in pairs}

    @property
    def params(self):
        """GET says all in the query and POST all in the form; never both, and no name twice."""
        query = self.target.partition("?")[2]
        form = self.body.decode("ascii")
        assert not (query and form), "parameters in the query and in the body"
        pairs = urllib.parse.parse_qsl(query or form, keep_blank_values=True, strict_parsing=True)
        assert len(pairs) == len({name for name, _ in pairs}), f"a parameter twice: {pairs}"
        return dict(pairs)


def each_connection(listener):
    """Until it is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        yield connection


class Upstream:
    def __init__(self, certificate=None, port=0, host="127.0.0.1"):
        """`certificate` is (chain file, key file): then it speaks TLS.  Port 0 is a free one."""
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, port), backlog=512,
                                             family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        authority = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"{'https' if certificate else 'http'}://{authority}/v2/index.php"
        self.open = set()
        self.episode = self.number = 0
        self.script()
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, *replies, then=Reply()):
        """A new test: forget everything, answer so from now on.  A reply may be a function of the request."""
        with self.lock:
            self.episode += 1
            self.replies, self.then = list(replies), then
            self.requests, self.connections, self.handshakes = [], 0, []    # numbers of connections go on
        return self

    def count(self):
        with self.lock:
            return len(self.requests)

    def seen(self, count=1, within=PATIENCE):
        """The requests of this test, once there are that many."""
        eventually(lambda: self.count() >= count, within)
        with self.lock:
            assert len(self.requests) == count, f"{len(self.requests)} requests, {count} expected"
            return list(self.requests)

    def drop(self):
        """Close every connection from this side, as an upstream does that restarts."""
        with self.lock:
            victims = list(self.open)
        for connection in victims:
            end(connection)
        eventually(lambda: not self.open)

    def stop(self):
        end(self.listener)
        self.drop()

    def _accept(self):
        for connection in each_connection(self.listener):
            with self.lock:
                self.connections += 1
                self.number += 1
                number = self.number
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        connection.settimeout(4 * PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open.add(connection)
        plain = connection
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                with self.lock:
                    self.open.discard(plain)    # wrap_socket took its descriptor
                    self.open.add(connection)
            while self._exchange(connection, number):
                pass
        except ssl.SSLError as refusal:
            with self.lock:
                self.handshakes.append(str(refusal))
        except OSError:
            pass
        finally:
            with self.lock:
                self.open -= {plain, connection}
            connection.close()

    def _exchange(self, connection, number):
        received = receive(connection, number)
        if received is None:
            return False
        with self.lock:
            self.requests.append(received)
            reply = self.replies.pop(0) if self.replies else self.then
            reply = reply(received) if callable(reply) else reply
            episode = self.episode
        if reply.gate is not None:
            reply.gate.wait(4 * PATIENCE)
        if reply.delay == float("inf"):
            wait_for_hangup(connection, lambda: self.episode != episode)
            return False
        elapse(reply.delay, "the fault that the test asked for")
        wire = reply.wire()
        wire = wire if reply.cut is None else wire[:reply.cut]
        if reply.drip:
            for at in range(len(wire)):
                connection.sendall(wire[at:at + 1])
                elapse(reply.drip, "the fault that the test asked for")
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            connection.sendall(wire)
            if reply.behind:
                connection.sendall(reply.behind)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        if reply.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return not (reply.close or reply.reset or reply.cut is not None)


def receive(connection, number):
    """One request, or None when the peer is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        assert name.lower() != b"transfer-encoding", "the gateway sends lengths"
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    assert len(body) == length, "bytes after the request"
    return Received(head + b"\r\n\r\n", body, number)


def wait_for_hangup(connection, forgotten):
    connection.settimeout(0.1)
    deadline = time.monotonic() + 4 * PATIENCE
    while not forgotten() and time.monotonic() < deadline:
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            pass


def end(connection):
    """Wakes whoever blocks on it; the owner closes."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
