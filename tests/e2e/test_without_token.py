"""What somebody without a token can do to others: to their disk, their limits, their connections, their probes."""

import http.client
import json
import os
import socket
import subprocess
import threading

from harness.gateway import Gateway, configure
from harness.process import binary, environment
from harness.scrape import scrape, value
from harness.world import PATIENCE, SLOW, VPC, eventually

PATH = f"/vpcs/{VPC}/classiclinks"
WRONG = f"DELETE {PATH} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer wrong\r\n\r\n".encode()
ROUND = 10 + 20 * SLOW          # seconds: docs/answers.md says ten


def refused_from(gateway, *sources):
    """The statuses of one request from each of these addresses, as a proxy of ours names them."""
    statuses = []
    with gateway.wire() as wire:
        for first in range(0, len(sources), 50):
            batch = sources[first:first + 50]
            wire.send(b"".join(f"GET {PATH} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer wrong\r\n"
                               f"X-Forwarded-For: {source}\r\n\r\n".encode() for source in batch))
            statuses += [wire.read().status for _ in batch]
    return statuses


def gathered(gateway):
    return [record for record in gateway.records() if "gathered" in record]


def total(records):
    """The requests that these access lines stand for."""
    return sum(record.get("gathered", 1) for record in records)


# ---- the disk ----

def flood(gateway, count):
    with gateway.wire() as wire:
        for _ in range(count // 100):
            wire.send(WRONG * 100)
            for _ in range(100):
                assert wire.read().status in (401, 429)


def test_wrong_tokens_write_little(start, upstream):
    """100,000 from one address: nine lines, and one with a count for each ten seconds.  None is forgotten."""
    count = 100_000 if SLOW == 1 else 10_000
    gateway = start(upstream.url, top={"failed_auth": "20/m burst 20"})
    floods = [threading.Thread(target=flood, args=(gateway, count // 4)) for _ in range(4)]
    for each in floods:
        each.start()
    for each in floods:
        each.join()
    counted = value(scrape(gateway), "countersign_requests_total", client="-")
    gateway.terminate()
    assert gateway.wait() == 0
    written = sum(len(line) + 1 for line in gateway.stdout)
    print(f"{count} wrong tokens: {len(gateway.stdout)} lines, {written} bytes")
    assert total(gateway.records()) == count == counted
    assert written < 100_000


def test_many_addresses_write_little(start, upstream):
    """As many from 2,000 addresses: still well under a megabyte, and every one is counted."""
    gateway = start(upstream.url, top={"trusted_proxies": ["127.0.0.1"], "failed_auth": "20/m burst 20"})
    sources = [f"10.0.{i // 250}.{i % 250}" for i in range(2000)]
    for _ in range(5):
        refused_from(gateway, *sources)
    gateway.terminate()
    assert gateway.wait() == 0
    assert total(gateway.records()) == 10_000
    assert sum(len(line) + 1 for line in gateway.stdout) < 500_000 * SLOW
    assert all("source" in record or "gathered" in record for record in gateway.records())


def test_a_gathered_line(start, upstream):
    """From the tenth on, at the end of ten seconds; a client's own lines are never gathered."""
    gateway = start(upstream.url)
    assert [gateway.delete(token=None).status for _ in range(40)] == [401] * 40
    assert gateway.delete(headers={"Content-Type": "text/plain"}).status == 415
    assert [gateway.delete().status for _ in range(12)] == [202] * 12
    line = json.loads(gateway.line(gateway.stdout, lambda line: '"gathered"' in line, within=ROUND))
    assert list(line) == ["time", "since", "source", "gathered", "statuses"]
    assert line["since"] <= line["time"] and line["source"] == "127.0.0.1"
    assert sum(line["statuses"].values()) == line["gathered"]
    assert eventually(lambda: total(gateway.records()) == 53, within=ROUND)
    assert value(scrape(gateway), "countersign_log_lines_gathered_total") == sum(
        record["gathered"] for record in gathered(gateway))


def test_addresses_of_one_network_are_one_source(start, upstream):
    """An IPv6 network of 64 bits; another one has lines of its own."""
    gateway = start(upstream.url, top={"trusted_proxies": ["127.0.0.1"]})
    assert set(refused_from(gateway, *(f"2001:db8:0:1::{i:x}" for i in range(1, 101)))) == {401}
    assert refused_from(gateway, "2001:db8:0:2::1") == [401]
    gateway.terminate()
    assert gateway.wait() == 0
    lines = gathered(gateway)
    assert {line["source"] for line in lines} == {"2001:db8:0:1::"} and total(gateway.records()) == 101
    assert any(record["source"] == "2001:db8:0:2::1" for record in gateway.records())


# ---- the limit ----

def test_who_never_failed_is_not_told_to_wait(start, upstream):
    """2,000 addresses have failed more often than they may; 200 others have not."""
    gateway = start(upstream.url, top={"trusted_proxies": ["127.0.0.1"], "failed_auth": "1/m burst 3"})
    bad = [f"10.0.{i // 250}.{i % 250}" for i in range(2000)]
    good = [f"192.168.0.{i}" for i in range(200)]
    for _ in range(4):
        statuses = refused_from(gateway, *bad)
    assert statuses == [429] * 2000
    assert refused_from(gateway, *good) == [401] * 200


# ---- connections and probes ----

class Bound(Gateway):
    """With few descriptors."""

    FILES = 64

    def command(self, arguments):
        return ["prlimit", f"--nofile={self.FILES}", binary(), *map(str, arguments)]


def idle(port, count, source="127.0.0.2"):
    """Connections that say nothing; what becomes of them does not matter."""
    connections = []
    for _ in range(count):
        connections.append(socket.socket())
        connections[-1].bind((source, 0))
        connections[-1].settimeout(10 * SLOW)
        connections[-1].connect(("127.0.0.1", port))
    return connections


def close(connections):
    for connection in connections:
        connection.close()


def status_of(call):
    """None where the connection was ended before it had an answer."""
    try:
        return call().status
    except (OSError, http.client.HTTPException):
        return None


def health(gateway):
    return gateway.call("GET", "/healthz", port=gateway.admin).status


def test_with_64_descriptors_and_300_idle_connections(tmp_path, reaper, upstream):
    """Honest calls come through, and so do probes; the start says what there is too little of."""
    gateway = Bound(configure(tmp_path, upstream.url, top={"workers": 128}))
    crowd = idle(gateway.port, 300)
    try:
        assert gateway.notices("64 file descriptors are few for 10000 connections")
        statuses = [status_of(gateway.delete) for _ in range(20)]
        assert statuses.count(202) >= 15, statuses          # one place in four may have to be made first
        assert [health(gateway) for _ in range(20)] == [200] * 20
        assert len(os.listdir(f"/proc/{gateway.child.pid}/fd")) < 64
        assert value(scrape(gateway), "countersign_upstream_breaker", upstream="vpc", state="closed") == 1
    finally:
        close(crowd)
        reaper.ask(gateway)


def test_calls_at_a_time_with_64_descriptors(tmp_path, reaper, upstream):
    """More than there are connections for wait their turn or are told to come again; the breaker stays closed."""
    gateway = Bound(configure(tmp_path, upstream.url, top={"workers": 128}))
    statuses = []
    callers = [threading.Thread(target=lambda: statuses.extend(status_of(gateway.delete) for _ in range(10)))
               for _ in range(12)]
    try:
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert len(statuses) == 120 and set(statuses) <= {202, 503, None} and 202 in statuses
        assert value(scrape(gateway), "countersign_upstream_breaker", upstream="vpc", state="closed") == 1
        assert eventually(lambda: gateway.delete().status == 202)
    finally:
        reaper.ask(gateway)


def test_too_few_descriptors_are_told(tmp_path, upstream):
    file = configure(tmp_path, upstream.url)
    done = subprocess.run(["prlimit", "--nofile=30", binary(), "serve", "-c", file], env=environment(), text=True,
                          capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1 and "30 file descriptors are too few to serve with: it takes 39" in done.stderr, done


def test_health_beside_idle_connections_of_another_address(gateway, upstream):
    """Of the admin listener itself, at once and later, and of the public one."""
    crowd = []
    try:
        crowd += idle(gateway.port, 300)
        assert [health(gateway) for _ in range(5)] == [200] * 5
        crowd += idle(gateway.admin, 300)
        assert [health(gateway) for _ in range(20)] == [200] * 20
        for begun in crowd[-6:]:
            try:
                begun.sendall(b"GET /")
            except OSError:
                pass                    # it was refused
        assert [health(gateway) for _ in range(20)] == [200] * 20
    finally:
        close(crowd)


def test_health_beside_idle_connections_of_the_same_address(gateway, upstream):
    """Who asks goes before those who have sent nothing."""
    crowd = idle(gateway.admin, 300, "127.0.0.1")
    try:
        assert [health(gateway) for _ in range(20)] == [200] * 20
    finally:
        close(crowd)
