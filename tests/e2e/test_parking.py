"""Connections are not threads: one that is idle, or whose header is not whole, holds no worker, and all that is said
about connections holds for those, too: deadlines, limits, the drain, what stands behind a request."""

import os
import resource
import socket
import threading
import time

import pytest

from harness.gateway import TOKEN
from harness.scrape import scrape, value
from harness.upstream import HANG, Reply
from harness.wire import Wire
from harness.world import INSTANCE, PATIENCE, SLOW, VPC, elapse, eventually, readable

PATH = f"/vpcs/{VPC}/classiclinks"
CALL = (f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()
LOCAL = f"GET /nothing HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()     # asks nobody: 404
MANY = 1000 if SLOW == 1 else 200


@pytest.fixture
def wires():
    """wires(gateway, count) are so many connections, closed with the test."""
    opened = []

    def begin(gateway, count, source="127.0.0.1"):
        begun = [Wire(gateway.port, 60 * SLOW, source) for _ in range(count)]
        opened.extend(begun)
        return begun

    yield begin
    for wire in opened:
        wire.socket.close()


def ask(wire, request=LOCAL, status=404):
    answer = wire.send(request).read()
    assert (answer.status, answer.header("Connection")) == (status, "keep-alive")


def ask_all(wires, request=LOCAL, status=404, hands=8):
    """Each of them once, some at a time."""
    failed = []

    def walk(part):
        try:
            for wire in part:
                ask(wire, request, status)
        except (AssertionError, OSError, EOFError) as broken:
            failed.append(broken)

    walkers = [threading.Thread(target=walk, args=(wires[i::hands],)) for i in range(hands)]
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    assert not failed, failed[:3]


def ask_in_turn(gateway, wires, count):
    """So many connections, each of which has asked once soon after it began."""
    callers = []
    while len(callers) < count:         # ports are an address's own
        some = wires(gateway, min(500, count - len(callers)), f"127.0.1.{len(callers) // 500}")
        ask_all(some)
        callers += some
    return callers


def ended(gateway):
    """{reason: connections that were ended for it}."""
    found = scrape(gateway)
    return {reason: value(found, "countersign_connections_ended_total", reason=reason)
            for reason in ("refused", "late", "displaced")}


def threads(gateway):
    return len(os.listdir(f"/proc/{gateway.child.pid}/task"))


def is_closed(wire):
    """Now, whatever came before."""
    ready = readable(wire.socket, within=0)
    return bool(ready) and wire.socket.recv(1, socket.MSG_PEEK) == b""


# ---- no worker ----

def test_a_thousand_callers_on_64_workers(start, upstream, wires):
    """Each asks several times on the connection that it has, eight at a time: none is lost, refused or ended."""
    gateway = start(upstream.url, top={"workers": 64})
    before = threads(gateway)
    callers = wires(gateway, MANY)
    for _ in range(3):
        ask_all(callers)
    ask_all(callers[:50], CALL, 202)
    assert ended(gateway) == {"refused": 0, "late": 0, "displaced": 0}
    assert value(scrape(gateway), "countersign_connections") == MANY
    assert threads(gateway) == before


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", CALL[:-1]], ids=["nothing", "half a line", "all but one byte"])
def test_slow_headers_cost_no_worker(start, upstream, wires, beginning):
    """Two workers: every honest call is answered at once, and nobody has to go for it."""
    gateway = start(upstream.url, top={"workers": 2})
    for wire in wires(gateway, MANY):
        wire.send(beginning)
    for _ in range(20):
        assert gateway.delete().status == 202
    assert ended(gateway)["displaced"] == ended(gateway)["refused"] == 0


def test_a_header_that_ends_later_is_served(start, upstream, wires):
    """All wait with half a header, more of them than there are workers; each is then answered."""
    gateway = start(upstream.url, top={"workers": 2})
    callers = wires(gateway, 100)
    for wire in callers:
        wire.send(LOCAL[:20])
    for wire in callers:
        ask(wire, LOCAL[20:])


# ---- deadlines ----

def test_half_a_next_request_has_its_deadline(start, upstream, wires):
    """The time of a header counts from its own first byte, however long the connection was idle before."""
    gateway = start(upstream.url)
    half, silent = wires(gateway, 2)
    ask(half)
    ask(silent)
    elapse(1, "an idle time that must not count for the header behind it")
    half.send(LOCAL[:10])
    began = time.monotonic()
    answer = half.read()
    assert answer.status == 408 and answer.header("Connection") == "close" and half.closed()
    assert time.monotonic() - began >= 4.9
    assert gateway.record(answer)["status"] == 408
    assert not is_closed(silent)
    ask(silent)


def test_nothing_has_its_deadline(start, upstream, wires):
    """A connection on which nothing comes is closed without a word; an idle one at the end of keep_alive."""
    gateway = start(upstream.url, top={"keep_alive": "1s"})
    fresh, idle = wires(gateway, 2)
    ask(idle)
    assert idle.closed() and not is_closed(fresh)
    assert fresh.closed()
    assert eventually(lambda: ended(gateway)["late"] == 2)


# ---- limits ----

EVICTABLE = "a connection may be evicted once it has been idle for CONNECTIONS_PATIENCE_MS"


def test_the_ten_thousand_and_first(start, upstream, wires):
    """As shipped: so many keep-alive connections, none ended by an answer.  The one that was idle for longest goes for
    the next one."""
    most = 10_000 if SLOW == 1 else 300
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < most + 2000:
        pytest.skip("the system does not allow so many descriptors")
    gateway = start(upstream.url, top={"workers": 64, **({} if SLOW == 1 else {"connections": most})})
    assert value(scrape(gateway), "countersign_connections_limit") == most
    callers = wires(gateway, 1)
    ask(callers[0])
    elapse(0.6, EVICTABLE)
    callers += ask_in_turn(gateway, wires, most - 1)
    assert value(scrape(gateway), "countersign_connections") == most
    elapse(0.6, EVICTABLE)
    assert ended(gateway) == {"refused": 0, "late": 0, "displaced": 0}
    newcomer, = wires(gateway, 1)
    ask(newcomer, CALL, 202)
    assert eventually(lambda: is_closed(callers[0]))
    assert ended(gateway) == {"refused": 0, "late": 0, "displaced": 1}
    assert value(scrape(gateway), "countersign_connections") == most
    ask_all(callers[1:50])


def test_parked_connections_count_for_their_address(start, upstream, wires):
    """Idle ones, too: one goes for the next of its address, and nobody of another one."""
    gateway = start(upstream.url, top={"per_address": 4})
    other, = wires(gateway, 1, "127.0.0.2")
    ask(other)
    callers = wires(gateway, 4)
    for wire in callers:
        ask(wire)
    elapse(0.6, EVICTABLE)
    fifth, = wires(gateway, 1)
    ask(fifth)
    assert eventually(lambda: sum(map(is_closed, callers)) == 1)
    assert not is_closed(other) and not is_closed(fifth)
    assert ended(gateway)["displaced"] == 1


def test_descriptors_out_while_parked(start, upstream, wires):
    """Those who are connected are served on; those who come then are, as soon as somebody can go for them."""
    gateway = start(upstream.url, top={"workers": 8})
    callers = wires(gateway, 50)
    ask_all(callers)
    ask(callers[0], CALL, 202)      # with the connection to the upstream
    pid = gateway.child.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
    try:
        waiting = wires(gateway, 3)
        ask_all(callers[25:])
        elapse(0.6, EVICTABLE)
        for wire in waiting:
            ask(wire)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert ended(gateway)["displaced"] >= 3
    ask_all(wires(gateway, 20))


# ---- the end ----

def test_a_drain_with_thousands_of_parked(start, upstream, wires):
    """Those are closed; who is in the middle of an answer has it, whole."""
    gate = threading.Event()
    upstream.script(*[Reply(gate=gate)] * 10)
    parked = 5000 if SLOW == 1 else 300
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < parked + 2000:
        pytest.skip("the system does not allow so many descriptors")
    gateway = start(upstream.url, top={"workers": 32, "drain": f"{30 * SLOW:.0f}s"}, timeout=f"{30 * SLOW:.0f}s")
    idle = ask_in_turn(gateway, wires, parked)
    busy = [wire.send(CALL) for wire in wires(gateway, 10)]
    upstream.seen(10)
    gateway.terminate()
    for wire in idle:
        assert wire.closed()
    gate.set()
    for wire in busy:
        answer = wire.read()
        assert (answer.status, answer.header("Connection")) == (202, "close") and wire.closed()
    assert gateway.wait() == 0


def test_an_end_with_parked_connections(start, upstream, wires):
    """With no time left, everything ends: those with half a header, those that are idle, those that hang."""
    upstream.script(then=HANG)
    gateway = start(upstream.url, top={"drain": "100ms"}, timeout="30s")
    half, idle, hanging = wires(gateway, 3)
    ask(idle)
    half.send(LOCAL[:-2])
    hanging.send(CALL)
    upstream.seen(1)
    gateway.terminate()
    assert gateway.wait(within=PATIENCE + 10) == 0
    assert eventually(lambda: is_closed(idle))


# ---- what stands behind ----

@pytest.mark.parametrize("workers", [2, 32])
def test_requests_behind_an_answer(start, upstream, wires, workers):
    """Cut anywhere, the next of them is read on from where the last one ended, by whatever thread."""
    gateway = start(upstream.url, top={"workers": workers})
    wire, *others = wires(gateway, 5)
    stream = LOCAL + CALL + LOCAL
    for cut in range(1, len(stream), 17):
        for other in others:
            other.send(LOCAL)
        wire.send(stream[:cut])
        for other in others:
            assert other.read().status == 404
        wire.send(stream[cut:])
        assert [wire.read().status for _ in range(3)] == [404, 202, 404]


def test_a_half_closed_connection(start, upstream, wires):
    """Who says that it sends no more has its answers all the same, at once or after a pause."""
    gateway = start(upstream.url)
    early, late, parked, half = wires(gateway, 4)
    early.send(CALL + LOCAL).finish()
    assert [early.read().status, early.read().status] == [202, 404] and early.closed()
    ask(late)
    late.send(CALL).finish()
    assert late.read().status == 202 and late.closed()
    ask(parked)
    elapse(0.1, "a pause in which it is parked; the answer is the same without")
    assert parked.finish().closed()
    assert half.send(LOCAL[:-2]).finish().read().status == 400 and half.closed()


def test_a_reset_frees_the_place(start, upstream, wires):
    gateway = start(upstream.url)
    callers = wires(gateway, 20)
    ask_all(callers)
    for wire in callers:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.socket.close()
    assert eventually(lambda: value(scrape(gateway), "countersign_connections") == 0)
