"""Who waits for the end of a task (`Prefer: wait`) holds no worker: the connection is parked until the next look.  All
that is said about waiting holds for those, too: others are served, who goes away is noticed, a drain ends it, and
what stands behind the request is answered next."""

import json
import os
import re
import threading
import time

import pytest

from harness.gateway import POLICY, TOKEN, bearer
from harness.scrape import scrape, value
from harness.upstream import Reply
from harness.wire import Wire
from harness.world import INSTANCE, PATIENCE, SLOW, VPC, elapse, eventually

MANY = 1000 if SLOW == 1 else 200
RULES = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
TASK = {"code": 0, "message": "", "codeDesc": "Success", "taskId": 7}
RUNNING, DONE = (Reply({**TASK, "data": {"status": status}}) for status in (2, 0))  # good for a change and for a look
PATH = f"/vpcs/{VPC}/classiclinks"


def asking(prefer, name="x"):
    return (f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"X-Request-Id: {name}\r\n{prefer}\r\n").encode()


CHANGE = asking("")
WAIT = asking("Prefer: wait=60\r\n")
LOCAL = f"GET /nothing HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


@pytest.fixture
def wires():
    opened = []

    def begin(gateway, count=1):
        begun = [Wire(gateway.port, 6 * PATIENCE) for _ in range(count)]
        opened.extend(begun)
        return begun

    yield begin
    for wire in opened:
        wire.socket.close()


def threads(gateway):
    return len(os.listdir(f"/proc/{gateway.child.pid}/task"))


def resident_kib(gateway):
    with open(f"/proc/{gateway.child.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def waiting(gateway):
    text = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    return int(re.search(r"^countersign_task_waits (\d+)$", text, re.M)[1])


def let_wait(gateway, wires, count, request=WAIT, together=2):
    """So many connections whose change was executed, and that wait for its end, or on a slow machine as many as begin in
    half of the time for which the first of them waits; some of them ask together: as many as slots are left by half of
    the workers, which may look."""
    begun, until = [], time.monotonic() + 30
    while len(begun) < count and time.monotonic() < until:
        new = wires(gateway, min(together, count - len(begun)))
        for wire in new:
            wire.send(request)
        begun += new
        assert eventually(lambda: waiting(gateway) == len(begun))
    return begun


def looks(upstream):
    with upstream.lock:
        return [received for received in upstream.requests if received.params["Action"] == "DescribeVpcTaskResult"]


# ---- no worker ----

def test_a_thousand_waiters_on_64_workers(start, upstream, wires):
    """They cost memory, a descriptor each and nothing else; others are served as ever; each has its task's end."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 64}, timeout="20s")
    upstream.script(then=RUNNING)
    assert gateway.delete().status == 202
    before, memory = threads(gateway), resident_kib(gateway)
    begun = let_wait(gateway, wires, MANY, together=16)
    assert len(begun) > 2 * 64
    for _ in range(30):
        assert gateway.delete().status == 202
    assert threads(gateway) == before
    if SLOW == 1:                       # of a build as shipped
        assert (resident_kib(gateway) - memory) / len(begun) < 48
    found = scrape(gateway, busy=len(begun))
    assert value(found, "countersign_connections_ended_total") == 0
    upstream.script(then=DONE)
    for wire in begun:
        answer = wire.read()
        assert (answer.status, answer.json()["status"], answer.header("Preference-Applied"), answer.header("Connection")) \
            == (200, "done", "wait=60", "keep-alive")
    assert waiting(gateway) == 0
    begun[0].send(LOCAL)
    assert begun[0].read().status == 404


def test_who_asks_at_a_task_holds_no_worker_either(start, upstream, wires):
    """More than there are workers; others are served; each has the end, or is told when to ask again."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 4}, timeout="20s")
    upstream.script(then=RUNNING)
    at_a_task = asking("Prefer: wait=60\r\n").replace(f"DELETE {PATH}?instanceIds={INSTANCE}".encode(), b"GET /tasks/7")
    begun = let_wait(gateway, wires, 12, at_a_task)
    assert gateway.delete().status == 202
    upstream.script(then=DONE)
    for wire in begun:
        answer = wire.read()
        assert (answer.status, answer.json()["status"], answer.header("Preference-Applied"), answer.header("Retry-After")) \
            == (200, "done", "wait=60", None)
    assert waiting(gateway) == 0


def test_half_of_the_connections_may_wait(start, upstream, wires):
    """Who comes beyond them is answered at once, without the preference, and all others find a place."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 2, "connections": 8}, slots=2, timeout="20s")
    upstream.script(then=RUNNING)
    let_wait(gateway, wires, 4, together=1)
    answer = gateway.delete(headers={"Prefer": "wait=60"})
    assert (answer.status, answer.header("Preference-Applied")) == (202, None)


def test_one_look_at_a_time(start, upstream, wires):
    """However long it takes: the next one comes behind it."""
    gate = threading.Event()
    gateway = start(upstream.url, rules=RULES, timeout="20s")
    upstream.script(RUNNING, then=Reply(DONE.body, gate=gate))
    wire, = let_wait(gateway, wires, 1)
    assert eventually(lambda: len(looks(upstream)) == 1)
    elapse(1, "longer than two pauses between looks")
    assert len(looks(upstream)) == 1
    gate.set()
    assert wire.read().status == 200


def hanging(gateway):
    """Calls that the upstream has not answered yet: each holds a slot and a worker."""
    text = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    return int(re.search(r'^countersign_upstream_slots\{upstream="vpc",state="used"\} (\d+)$', text, re.M)[1])


def test_waiters_are_not_refused_for_want_of_workers(start, upstream, wires):
    """Both workers hang: a new request is told so at once, while a change that was executed is never refused."""
    gate = threading.Event()
    gateway = start(upstream.url, rules=RULES, top={"workers": 2}, slots=2, timeout="60s")
    upstream.script(then=RUNNING)
    wire, = let_wait(gateway, wires, 1)
    upstream.script(then=Reply(DONE.body, gate=gate))
    others = [one.send(CHANGE) for one in wires(gateway, 2)]
    assert eventually(lambda: hanging(gateway) == 2)
    assert gateway.delete().status == 503
    elapse(1, "longer than anybody waits for a worker; a look is due meanwhile, or is one of those that hang")
    assert waiting(gateway) == 1
    gate.set()
    assert {one.read().status for one in others} <= {202, 503}
    answer = wire.read()
    assert (answer.status, answer.json()["status"]) == (200, "done")


def test_half_of_the_workers_look(start, upstream, wires):
    """Looks that hang never take all workers."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 4}, slots=3, timeout="60s")
    gate = threading.Event()
    upstream.script(then=RUNNING)
    begun = let_wait(gateway, wires, 8, together=1)
    upstream.script(then=Reply(DONE.body, gate=gate))
    assert eventually(lambda: hanging(gateway) == 2)
    elapse(0.5, "for more of them, which must not be")
    assert hanging(gateway) == 2
    assert gateway.call("GET", "/nothing", headers=bearer()).status == 404
    gate.set()
    assert [wire.read().status for wire in begun] == [200] * 8


# ---- what ends it ----

def test_those_who_go_away(start, upstream, wires):
    """By a close, a reset, or the end of what they send: each has its record, and leaves its place."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 2}, slots=2, timeout="20s")
    upstream.script(then=RUNNING)
    closing, resetting, finishing = (let_wait_named(gateway, wires, name, number)
                                     for number, name in enumerate(("closed", "reset", "finished"), 1))
    closing.socket.close()
    resetting.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")         # SOL_SOCKET, SO_LINGER: RST
    resetting.socket.close()
    answer = finishing.finish().read()
    assert (answer.status, answer.header("Preference-Applied")) == (202, "wait=60") and finishing.closed()
    for name in ("closed", "reset", "finished"):
        record = json.loads(gateway.line(gateway.stdout, lambda line, name=name: json.loads(line).get("requestId") == name))
        assert (record["status"], record["outcome"]) == (202, "executed") and record["durationMs"] < 60000
    assert eventually(lambda: value(scrape(gateway), "countersign_connections") == 0)
    assert waiting(gateway) == 0


def let_wait_named(gateway, wires, name, count):
    wire, = wires(gateway)
    wire.send(asking("Prefer: wait=60\r\n", name))
    assert eventually(lambda: waiting(gateway) == count)
    return wire


def test_a_drain_with_many_waiters(start, upstream, wires):
    """All are told where to ask, before the end and none in half."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 8, "drain": f"{30 * SLOW:.0f}s"}, slots=6, timeout="20s")
    upstream.script(then=RUNNING)
    begun = let_wait(gateway, wires, MANY // 5)
    assert len(begun) > 2 * 8
    gateway.terminate()
    for wire in begun:
        answer = wire.read()
        assert (answer.status, answer.header("Location"), answer.header("Connection")) == (202, "/tasks/7", "close")
        assert wire.closed()
    assert gateway.wait() == 0


# ---- what stands behind ----

def test_requests_behind_one_that_waits(start, upstream, wires):
    """They came with it, or while it waits: each is answered in its turn, and none is read before."""
    gateway = start(upstream.url, rules=RULES, top={"workers": 2}, slots=2, timeout="20s")
    upstream.script(then=RUNNING)
    wire, = let_wait(gateway, wires, 1, WAIT + LOCAL)
    wire.send(LOCAL + CHANGE)
    assert gateway.delete().status == 202
    upstream.script(then=DONE)
    assert [wire.read().status for _ in range(4)] == [200, 404, 404, 202]
