"""A gateway wherever it listens, by the addresses that its first line says."""

import http.client
import re
import socket

from .gateway import TOKEN, bearer, document
from .process import Process
from .wire import Answer
from .world import PATIENCE, VPC

PATH = f"/vpcs/{VPC}/classiclinks"


class Reached(Process):
    """A gateway wherever it listens: `doors` and `admins` as its line says them."""

    READY = re.compile(r"countersign: ready on (.*), admin on (.*)$")

    def __init__(self, file, around=()):
        self.around = list(around)
        super().__init__("serve", "-c", file)
        ready = self.line(self.stderr, self.READY.search)
        self.doors, self.admins = (part.split(" and ") for part in self.READY.search(ready).groups())

    def command(self, arguments):
        return [*self.around, *super().command(arguments)]

    def call(self, door, method="DELETE", target=PATH, body=None, headers=None):
        return call(door, method, target, document(body) if method == "DELETE" else None, bearer(TOKEN, headers))

    def record(self, answer):
        wanted = f'"{answer.header("X-Request-Id")}"'
        return self.line(self.stdout, lambda line: wanted in line)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(door):
    if door.startswith("unix:"):
        return UnixConnection(door[5:])
    host, port = re.fullmatch(r"http://(.+):(\d+)", door).groups()
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=PATIENCE)


def call(door, method, target, body=None, headers=None):
    there = connection(door)
    try:
        there.request(method, target, body=body, headers=headers or {})
        response = there.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        there.close()
