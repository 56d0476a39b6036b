"""Slow clients, many clients, and clients that will not go: each wait for one has an end, and the others are
served.  Numbers in the names are those of the abuse cases: 19 (names), 27 (slow), 28 (stuck), 29 (descriptors)."""

import http.client
import os
import resource
import socket
import threading
import time

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, Client
from harness.process import environment
from harness.scrape import scrape, value
from harness.upstream import HANG, Reply
from harness.wire import Wire
from harness.world import ESTABLISHED, INSTANCE, PATIENCE, SLOW, VPC, elapse, eventually, readable, sockets

PATH = f"/vpcs/{VPC}/classiclinks"
QUERY = (f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1\r\nHost: h\r\n"
         f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()
BODY = b'{"instanceIds":["%s"]}' % INSTANCE.encode()
WITH_BODY = (f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
             f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n").encode()


def drip(wire, data, every):
    """Byte by byte until the peer has had enough; gives the seconds that took."""
    began = time.monotonic()
    try:
        for byte in data:
            wire.send(bytes([byte]))
            elapse(every, "a client that drips")
            if time.monotonic() - began > 60 * SLOW:
                break
    except OSError:
        pass
    return time.monotonic() - began


def test_27_a_header_and_a_body_have_deadlines(gateway, upstream):
    """5 s for the whole of the one and 10 s for the whole of the other, however they drip: a byte of the body
    every 0.5 s would take 15 s and pass any limit for a gap.  (Both at once: it is all waiting.)"""
    took = []
    with gateway.wire() as header, Wire(gateway.port, 30 * SLOW) as body:
        dripping = [threading.Thread(target=lambda: took.append(drip(header, b"GET / HTTP/1.1\r\nX: " + b"a" * 1000,
                                                                     0.05))),
                    threading.Thread(target=drip, args=(body, BODY, 0.5))]
        body.send(WITH_BODY)
        began = time.monotonic()
        for thread in dripping:
            thread.start()
        problem(body.read(), 408, "request-timeout", outcome="not-executed")
        took.append(time.monotonic() - began)
        for thread in dripping:
            thread.join()
    assert 4 < took[0] < 5 + PATIENCE and 9 < took[1] < 10 + PATIENCE, took
    upstream.seen(0)


def slow_reader(gateway):
    """A connection whose client takes next to nothing of an answer."""
    wire = Wire(gateway.port, 60 * SLOW)
    wire.socket.close()
    wire.socket = socket.socket()
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.socket.connect(("127.0.0.1", gateway.port))
    wire.socket.settimeout(60 * SLOW)
    return wire


def test_27_a_reader_has_a_deadline(start, upstream):
    """A client that asks and never reads keeps its worker for 10 s, not for ever."""
    upstream.script(then=Reply(body={"code": 0, "message": "m" * 900_000, "taskId": 1}))
    gateway = start(upstream.url, top={"workers": 2})
    with slow_reader(gateway) as wire:
        wire.send(QUERY * 30)
        gateway.line(gateway.stdout, lambda line: True, within=30 * SLOW)
        assert eventually(lambda: connections(gateway) == 0, within=30 * SLOW), "the worker is free again"


def test_an_answered_call_is_not_in_flight(start, upstream):
    """Its client's place is free before the answer is sent: whoever has the answer may ask again at once, and one that
    is slow to take it holds a worker, for 10 s at most, and no place."""
    upstream.script(then=Reply(body={"code": 0, "message": "m" * 900_000, "taskId": 1}))
    gateway = start(upstream.url, rules=one_in_flight())
    assert [gateway.delete().status for _ in range(20)] == [202] * 20
    with slow_reader(gateway) as wire:
        wire.send(QUERY * 30)
        assert eventually(lambda: stands_still(upstream, 20))
        assert eventually(lambda: gateway.delete().status == 202, within=5)


def stands_still(upstream, most):
    before = upstream.count()
    elapse(0.3 * SLOW, "nothing moves for so long")
    return most < before == upstream.count()


def one_in_flight():
    clients = {name: {**client, "in_flight": 1} for name, client in POLICY["clients"].items()}
    return {**POLICY, "clients": clients}


def connections(gateway):
    """Established connections of the gateway's public port."""
    return sockets(ESTABLISHED, local=gateway.port)


def reaches(ask, *wanted):
    """Whether the answer is one of these; none is no."""
    try:
        return ask().status in wanted
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.parametrize("beginning", [b"", b"GET /", WITH_BODY], ids=["nothing", "a header", "a body"])
def test_27_dawdlers_make_room(start, upstream, beginning):
    """Ten times as many slow clients as may be connected: whoever asks properly is answered, if not at once."""
    gateway = start(upstream.url, top={"workers": 8, "connections": 8})
    slow = []
    try:
        for _ in range(80):
            slow.append(Wire(gateway.port))
            try:
                slow[-1].send(beginning)
            except OSError:
                pass                            # was told that there is no room
        for _ in range(20):
            assert eventually(lambda: reaches(gateway.delete, 202))
        assert value(scrape(gateway), "countersign_connections_ended_total", reason="displaced") > 0
    finally:
        for wire in slow:
            wire.socket.close()


def test_27_admin_answers_beside_dawdlers(gateway, upstream):
    slow = [Wire(gateway.admin) for _ in range(40)]
    try:
        for _ in range(5):
            assert eventually(lambda: reaches(lambda: gateway.call("GET", "/healthz", port=gateway.admin), 200))
    finally:
        for wire in slow:
            wire.socket.close()


def test_28_whom_no_worker_can_take_is_told(start, upstream):
    """All workers wait for the upstream: the next caller gets a whole 503, soon."""
    upstream.script(then=HANG)
    gateway = start(upstream.url, timeout="30s", slots=2, top={"workers": 2, "drain": "100ms"})
    busy = [gateway.wire().send(QUERY) for _ in range(2)]
    upstream.seen(2)
    began = time.monotonic()
    with gateway.wire() as wire:
        answer = wire.send(QUERY).read()
        took = time.monotonic() - began
        problem(answer, 503, "busy", retryable=True)
        assert answer.header("Retry-After") == "1" and answer.header("Connection") == "close"
        assert wire.closed()
    print(f"503 after {took * 1000:.0f} ms")
    assert took < PATIENCE / 2
    assert gateway.call("GET", "/healthz", port=gateway.admin).status == 200
    for wire in busy:
        wire.socket.close()
    upstream.seen(2)


def test_28_without_a_slot_the_answer_is_503(start, upstream):
    upstream.script(then=HANG)
    gateway = start(upstream.url, timeout="30s", slots=1, top={"drain": "100ms"})
    with gateway.wire() as busy:
        busy.send(QUERY)
        upstream.seen(1)
        began = time.monotonic()
        answer = gateway.delete()
        took = time.monotonic() - began
        problem(answer, 503, "busy", retryable=True, outcome="not-executed")
        assert answer.header("Retry-After") == "1"
    print(f"503 after {took * 1000:.0f} ms")
    assert took < PATIENCE / 2
    upstream.seen(1)


def test_28_three_times_what_the_slots_take(start, upstream):
    """Whoever finds a slot is served, the others are told to come back, and health answers all the time."""
    upstream.script(then=Reply(delay=0.1 * SLOW))
    gateway = start(upstream.url, slots=4, timeout=f"{10 * SLOW:.0f}s", top={"workers": 64})
    answers, enough = [], threading.Event()

    def ask():
        client = Client(gateway.port)
        while not enough.is_set():
            answer = client.call("DELETE", f"{PATH}?instanceIds={INSTANCE}", headers={
                "Authorization": f"Bearer {TOKEN}"})
            answers.append(answer)
            if sum(one.status == 202 for one in answers) >= 40:
                enough.set()
        client.close()

    callers = [threading.Thread(target=ask) for _ in range(12)]
    for caller in callers:
        caller.start()
    while not enough.wait(0.1):
        assert gateway.call("GET", "/healthz", port=gateway.admin).status == 200
    for caller in callers:
        caller.join()
    refused = [answer for answer in answers if answer.status != 202]
    assert refused and len(refused) < len(answers)
    for answer in refused:
        problem(answer, 503, "busy", retryable=True, outcome="not-executed")
        assert answer.header("Retry-After") == "1"


def test_27_connections_of_one_address(start, upstream):
    gate = threading.Event()
    upstream.script(*[Reply(gate=gate)] * 4)
    gateway = start(upstream.url, top={"per_address": 4}, timeout=f"{20 * SLOW:.0f}s")
    wires = [gateway.wire().send(QUERY) for _ in range(4)]
    try:
        upstream.seen(4)                        # so that nobody of them dawdles
        with gateway.wire() as fifth:
            answer = fifth.send(QUERY).read()
        problem(answer, 429, "too-many-requests")
        assert answer.header("Retry-After") == "1"
        other = socket.create_connection(("127.0.0.1", gateway.port), PATIENCE, ("127.0.0.2", 0))
        with other:
            other.sendall(QUERY)
            assert other.recv(12) == b"HTTP/1.1 202"
        gate.set()
        for wire in wires:
            assert wire.read().status == 202
        assert eventually(lambda: reaches(gateway.delete, 202))      # as soon as one of them may be evicted
    finally:
        gate.set()
        for wire in wires:
            wire.socket.close()


def test_12_an_unread_body_is_not_drained(gateway, upstream):
    """The refusal comes at once and the rest of 1 GB is not taken."""
    head = WITH_BODY.replace(str(len(BODY)).encode(), b"1000000000")
    sent = 0
    with gateway.wire() as wire:
        assert wire.send(head).read().status == 413
        try:
            while sent < 100_000_000:
                sent += wire.socket.send(bytes(65536))
        except OSError:
            pass
    assert sent < 50_000_000, "it went on reading"
    upstream.seen(0)


def test_a_refusal_survives_what_is_sent_behind_it(gateway, upstream):
    """Closing with bytes unread resets a connection, and with it the answer: RFC 9112 section 9.6."""
    head = WITH_BODY.replace(str(len(BODY)).encode(), b"70000")
    for _ in range(20):
        with gateway.wire() as wire:
            wire.send(head + bytes(60000))
            assert readable(wire.socket), "the refusal comes while nobody reads"
            assert wire.read().status == 413


# ---- descriptors ----

def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_29_without_descriptors(start, upstream):
    """It neither spins nor dies, tells readiness on, and serves again once there are descriptors."""
    gateway = start(upstream.url, top={"workers": 64})
    pid = gateway.child.pid
    assert gateway.delete().status == 202
    used = len(os.listdir(f"/proc/{pid}/fd"))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, before[1]))
    crowd = [socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) for _ in range(40)]
    try:
        began, spent = time.monotonic(), processor_seconds(pid)
        elapse(1.5, "what is spent in it is measured")
        spent = processor_seconds(pid) - spent
        share = spent / (time.monotonic() - began)
        print(f"{share:.3f} of a processor while descriptors are out")
        assert share < 0.3
        assert gateway.child.poll() is None
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        assert gateway.delete().status == 202
    finally:
        for connection in crowd:
            connection.close()
    assert eventually(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= used + 4)
    assert gateway.delete().status == 202


def test_29_started_with_few_descriptors(start, upstream):
    """Dawdlers hold every descriptor that is left: honest callers still come through."""
    script = environment()
    gateway = start(upstream.url, env=script, top={"workers": 32})
    pid = gateway.child.pid
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 12, used + 12))
    crowd = [socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) for _ in range(30)]
    try:
        assert eventually(lambda: reaches(gateway.delete, 202, 502))     # 502: no descriptor for the upstream
    finally:
        for connection in crowd:
            connection.close()
    assert eventually(lambda: gateway.delete().status == 202)
