"""An HTTP proxy that opens tunnels, or does what a test tells it instead, and remembers how it was asked."""

import socket
import threading

from .upstream import each_connection, end
from .world import PATIENCE, readable


class Proxy:
    """`answer` is sent in the place of a tunnel: bytes, or None to say nothing at all, or b"" to hang up.  `hosts` is
    what it knows of names: {"cloud.example": ("127.0.0.1", port)}."""

    TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"

    def __init__(self, answer=TUNNEL, hosts=None, user=None):
        self.answer, self.hosts, self.user = answer, hosts or {}, user
        self.heads = []
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def asked(self):
        """The targets of all CONNECTs so far."""
        return [head.split(b" ")[1].decode() for head in list(self.heads)]

    def stop(self):
        for one in [self.listener, *self.open]:
            end(one)

    def _accept(self):
        for connection in each_connection(self.listener):
            self.open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(4 * PATIENCE)
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return
                head += more
            self.heads.append(head)
            answer = self.answer
            if self.user is not None and b"\r\nProxy-Authorization: Basic " + self.user + b"\r\n" not in head:
                answer = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\n\r\n"
            if answer is None:
                connection.recv(1)
            elif answer == self.TUNNEL:
                self._tunnel(connection, head.split(b" ")[1].decode())
            else:
                connection.sendall(answer)
        except OSError:
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def _tunnel(self, connection, target):
        host, _, port = target.rpartition(":")
        address = self.hosts.get(host, (host.strip("[]"), int(port)))
        with socket.create_connection(address, timeout=PATIENCE) as other:
            connection.sendall(self.TUNNEL)
            pair = {connection: other, other: connection}
            while True:
                for one in readable(*pair, within=4 * PATIENCE):
                    data = one.recv(65536)
                    if not data:
                        return
                    pair[one].sendall(data)
