"""The few facts that all tests share: where the binary is, how patient to be, and the vendor's published
sample."""

import contextlib
import functools
import itertools
import os
import pathlib
import selectors
import socket
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(REPOSITORY, os.environ.get("COUNTERSIGN", "build/release/countersign"))

# Sanitizers make everything slower: every wait is a number of seconds times this.
SLOW = float(os.environ.get("COUNTERSIGN_SLOW", "1"))
PATIENCE = 10 * SLOW

# The key pair and the call that the vendor's documents publish, so that signatures can be looked up there.
SECRET_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
SECRET_KEY = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
HOST = "vpc.api.qcloud.com"
ENDPOINT = "/v2/index.php"
VPC = "vpc-2ari9m7h"
INSTANCE = "ins-df454d"
SAMPLE = b'{"code":0,"message":"","taskId":135254}'


ESTABLISHED, CLOSE_WAIT = "01", "08"            # tcp(7), as /proc writes them


def sockets(state, *, local=None, remote=None):
    """How many TCP sockets are in this state at that port, by the kernel's own count."""
    def port(field):
        return int(field.split(":")[1], 16)
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split()[1:4] for line in table.readlines()[1:]]
    return sum(row[2] == state and local in (None, port(row[0])) and remote in (None, port(row[1])) for row in rows)


_hosts = itertools.count(1)


def stranger():
    """An address of this machine that nobody has called from: the first requests of each that has no token have access
    lines of their own."""
    number = next(_hosts)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


@functools.cache
def _ports():
    """Below those that the kernel gives to connections, five hundred of this process's own, while it holds the one before
    them: what is free now stays free until it is used."""
    for held in range(12000, 32000, 501):
        with contextlib.suppress(OSError):
            return socket.create_server(("0.0.0.0", held)), iter(range(held + 1, held + 501))
    raise AssertionError("others hold all ports")


def free_port():
    """A port that nobody listens on, at any IPv4 address of this machine."""
    for port in _ports()[1]:
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", port)):
            return port
    raise AssertionError("no port is free")


def eventually(probe, within=PATIENCE, every=0.01):
    """The first true value of probe(), or its last one when the time is up."""
    deadline = time.monotonic() + within
    while not (value := probe()) and time.monotonic() < deadline:
        time.sleep(every)
    return value


def readable(*sockets, within=PATIENCE):
    """Those of them that have something to read, or have ended.  select(2) knows no descriptor above 1,023."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(within)]


def elapse(seconds, why):
    """Lets time pass where the time is what is tested, or what a load is made of: `why` says so.  What is only waited
    for is waited for with eventually(); tests/house refuses any other sleep."""
    assert why
    time.sleep(seconds)
