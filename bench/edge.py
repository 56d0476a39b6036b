#!/usr/bin/python3
"""The edge's table: HAProxy with the configuration that ships and two gateways, in front of a sandbox that takes 20 ms;
9,000 TLS callers that are idle beside 64 that are active.  Prints the active ones' latency with and without the
idle ones, and the memory of each part.  Loopback only; ends what it started.

    /usr/bin/python3 bench/edge.py [IDLE [SECONDS]]
"""

import os
import pathlib
import re
import resource
import ssl
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness.certificates import Certificates  # noqa: E402
from harness.edge import Edge, Member, resident  # noqa: E402
from harness.gateway import POLICY, TOKEN, Sandbox  # noqa: E402

ACTIVE, DELAY_MS, THINK_MS = 64, 20, 40
ANYTHING = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]}


class Idle:
    """A TLS connection that has been served once and then says nothing more."""

    def __init__(self, edge, context, number):
        raw = socket.create_connection((edge.address, edge.port), 60, (f"127.1.{number // 100}.1", 0))
        self.wire = context.wrap_socket(raw)
        self.wire.sendall(b"GET /vpcs HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer %s\r\n\r\n" % TOKEN.encode())
        answer = self.wire.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]

    def lives(self):
        self.wire.setblocking(False)
        try:
            return self.wire.recv(1) != b""
        except ssl.SSLWantReadError:
            return True


def upstream_p99(members, since):
    """Of the calls that the gateways have made since then, in ms: their access lines say how long each took."""
    times = sorted(record["upstreamMs"] for member in members for record in member.records()
                   if record["time"] >= since and "upstreamMs" in record)
    return times[len(times) * 99 // 100]


def active(edge, members, seconds):
    """wrk's lines about latency, and how many requests there were; beside them the upstream's own latency."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    done = subprocess.run(["wrk", "-t", "1", "-c", str(ACTIVE), "-d", f"{seconds}s", "--timeout", "10s", "-s",
                           str(ROOT / "bench/detach.lua"), f"https://{edge.address}:{edge.port}"],
                          env={**os.environ, "TOKEN": TOKEN, "THINK_MS": str(THINK_MS)}, capture_output=True,
                          text=True, timeout=seconds + 60, check=True)
    lines = [line.strip() for line in done.stdout.splitlines() if re.match(r"requests|latency|Requests/sec", line)]
    return "; ".join(lines) + f"; upstream's p99 {upstream_p99(members, since):.1f}"


def memory(edge, members):
    parts = {"haproxy": edge.resident(), **{f"gateway {name}": resident(member.gateway.child.pid)
                                            for name, member in zip("ab", members)}}
    return ", ".join(f"{name} {kib / 1024:.0f} MiB" for name, kib in parts.items())


def main(count, seconds):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = min(9900, (hard - 200) // 2)
    assert count + ACTIVE < connections, f"ulimit -n {hard} is too low for {count} idle callers"
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        certificates = Certificates(folder)
        sandbox = Sandbox("--quiet", "--fault", f"*:delay={DELAY_MS}")
        members = [Member(folder / name, sandbox.url, rules=ANYTHING, top={"workers": 1024}).start() for name in "ab"]
        edge = Edge(folder, certificates.good, members, connections=connections)
        try:
            for name in "ab":
                edge.wait_for(name, "UP")
            print(f"at rest: {memory(edge, members)}")
            print(f"{ACTIVE} active, none idle: {active(edge, members, seconds)}")
            context = edge.context(certificates.authority.file)
            begun = time.monotonic()
            with ThreadPoolExecutor(32) as crew:
                idle = list(crew.map(lambda number: Idle(edge, context, number), range(count)))
            print(f"{count} idle TLS callers, each served once, connected in {time.monotonic() - begun:.0f} s: "
                  f"{memory(edge, members)}")
            print(f"{ACTIVE} active beside {count} idle: {active(edge, members, seconds)}")
            print(f"after that: {memory(edge, members)}; still connected: {sum(one.lives() for one in idle)}")
        finally:
            edge.stop()
            for member in members:
                member.stop()
            sandbox.terminate()
            sandbox.wait()


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(*(words + [9000, 15][len(words):]))
