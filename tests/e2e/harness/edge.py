"""HAProxy with the configuration that ships, in front of gateways on addresses that nobody else uses."""

import itertools
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from .gateway import Gateway, configure
from .world import PATIENCE, REPOSITORY, eventually

FILE = REPOSITORY / "deploy/edge/haproxy.cfg"
FRESH = itertools.count(1)


def address():
    """An address of 127.0.0.0/8 for one test's servers: their ports are free there, and stay so over a restart."""
    return f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 250}.{next(FRESH)}"


class Member:
    """A gateway that may be restarted: the same files and ports, another process."""

    def __init__(self, folder, url, env=None, binary=None, **options):
        self.folder, self.env, self.binary = folder, env, binary
        self.address = address()
        top = {"listen": f"{self.address}:8080", "admin": f"{self.address}:9090", "trusted_proxies": ["127.0.0.1"],
               "grace": "1s", **options.pop("top", {})}
        folder.mkdir(exist_ok=True)
        self.file = configure(folder, url, top=top, **options)
        self.gateway = None
        self.past = []

    def start(self):
        self.gateway = Placed(self.file, self.env, self.binary)
        return self

    def stop(self, number=signal.SIGTERM, within=PATIENCE):
        self.gateway.signal(number)
        status = self.gateway.wait(within)
        self.past.append(self.gateway)
        return status

    def records(self):
        """Of all its processes."""
        return [record for gateway in {id(one): one for one in [*self.past, self.gateway]}.values()
                for record in gateway.records()]


class Placed(Gateway):
    READY = re.compile(r"countersign: ready on http://[\d.]+:(\d+), admin on http://[\d.]+:(\d+)")

    def __init__(self, file, env, program):
        self.program = program
        super().__init__(file, env)

    def command(self, arguments):
        words = super().command(arguments)
        return words if self.program is None else [self.program, *words[1:]]


class Edge:
    def __init__(self, folder, pair, members, change=lambda text: text, connections=1000, at=None):
        self.address, self.port = at or address(), 8443
        self.socket = str(folder / "stats.sock")
        pem = folder / "countersign.pem"
        pem.write_text(open(pair.certificate, encoding="ascii").read() + open(pair.key, encoding="ascii").read())
        text = FILE.read_text()
        text = text.replace("log /dev/log local0", "log stdout format raw local0")
        for line in ("chroot /var/lib/haproxy", "user haproxy", "group haproxy"):
            text = text.replace(f"    {line}\n", "")
        text = text.replace("/run/haproxy/admin.sock", self.socket).replace("maxconn 9900", f"maxconn {connections}")
        text = text.replace("bind :443", f"bind {self.address}:{self.port}").replace("/etc/haproxy/countersign.pem",
                                                                                     str(pem))
        for name, number, member in zip("ab", (1, 2), members):
            text = text.replace(f"127.0.0.1:808{number} check port 909{number}",
                                f"{member.address}:8080 check port 9090")
            text = text.replace(f"127.0.0.1:808{number} track", f"{member.address}:8080 track")
        inside = folder / "inside.sock"
        text = text.replace("unix@/var/lib/haproxy/inside.sock user haproxy group haproxy", f"unix@{inside}")
        text = text.replace("unix@/inside.sock", f"unix@{inside}")
        assert not members or "127.0.0.1:80" not in text
        self.file = folder / "haproxy.cfg"
        self.file.write_text(change(text))
        self.log = open(folder / "haproxy.log", "w", encoding="utf-8")
        self.child = subprocess.Popen(["haproxy", "-db", "-f", str(self.file)], stdin=subprocess.DEVNULL,
                                      stdout=self.log, stderr=subprocess.STDOUT)
        assert eventually(lambda: self._answers() or self.child.poll() is not None)
        assert self.child.poll() is None, open(self.log.name, encoding="utf-8").read()

    def _answers(self):
        try:
            return self.ask("show info")
        except OSError:     # it binds its sockets first, and listens a moment later
            return ""

    def ask(self, command):
        """HAProxy's own runtime interface."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE)
            wire.connect(self.socket)
            wire.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: wire.recv(65536), b"")).decode()

    def state(self, server):
        """UP or DOWN, as the health checks see it."""
        for line in self.ask("show stat").splitlines():
            if line.startswith(f"reads,{server},"):
                return line.split(",")[17].split()[0]
        raise AssertionError(f"no server {server}")

    def wait_for(self, server, state):
        assert eventually(lambda: self.state(server) == state, every=0.05), self.ask("show stat")

    def context(self, authority, **options):
        context = ssl.create_default_context(cafile=authority)
        context.check_hostname = False      # the certificate is for 127.0.0.1
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()

    def resident(self):
        return resident(self.child.pid)


def resident(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


