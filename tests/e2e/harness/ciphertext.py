"""An upstream whose TLS a test holds in its hands: each answer is encrypted into memory, and its bytes go out as the
test says, so that one record can come in many pieces."""

import socket
import ssl
import threading

from .upstream import Reply, each_connection


class Ciphertext:
    def __init__(self, pair, deliver, version=ssl.TLSVersion.TLSv1_3):
        """deliver(connection, bytes) sends an answer; it may take as long as the peer stays."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pair.certificate, pair.key)
        self.context.minimum_version = self.context.maximum_version = version
        self.deliver = deliver
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v2/index.php"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def _accept(self):
        for connection in each_connection(self.listener):
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(came, goes, server_side=True)

        def step(what, *arguments):
            while True:
                try:
                    return what(*arguments)
                except ssl.SSLWantReadError:
                    connection.sendall(goes.read())
                    more = connection.recv(65536)
                    if not more:
                        raise ConnectionError from None
                    came.write(more)

        try:
            step(tls.do_handshake)
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += step(tls.read, 65536)
                tls.write(Reply().wire())
                self.deliver(connection, goes.read())
        except (OSError, ssl.SSLError):
            connection.close()
