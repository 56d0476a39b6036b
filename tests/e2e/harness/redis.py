"""Debian's redis-server, or what REDIS_SERVER names, on a Unix socket, for the tests of what gateways share."""

import os
import signal
import socket
import subprocess

from .process import environment, shim
from .world import PATIENCE, eventually


class Redis:
    def __init__(self, folder, name="redis", *options, clock=None):
        """`clock` is a file: the seconds in it are added to the server's time."""
        self.path = str(folder / f"{name}.sock")
        self.folder = folder
        self.options = options
        self.env = shim("clock", SHIM_CLOCK=clock) if clock else environment()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.process = subprocess.Popen(
            [os.environ.get("REDIS_SERVER", "redis-server"), "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", str(self.folder),
             *self.options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env)
        assert eventually(lambda: self.ask("PING") in (b"+PONG\r\n", b"-NOAUTH Authentication required.\r\n"), 6 * PATIENCE), "no redis-server"

    @property
    def server(self):
        return f"unix:{self.path}"

    def state(self, **more):
        return {"redis": {"servers": [self.server]}, **more}

    def ask(self, *words):
        """One command, and the first bytes of its answer."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(self.path)
                client.sendall(self.framed(*words))
                return client.recv(65536)
            except OSError:
                return b""

    def say(self, *commands):
        """Several commands on one connection, and all their answers."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(self.path)
            client.sendall(b"".join(self.framed(*words) for words in (*commands, ("QUIT",))))
            return b"".join(iter(lambda: client.recv(65536), b"")).decode().removesuffix("+OK\r\n")

    @staticmethod
    def framed(*words):
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)

    def freeze(self):
        """It is there, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        if os.path.exists(self.path):
            os.unlink(self.path)
