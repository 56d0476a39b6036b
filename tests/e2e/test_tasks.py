"""A change goes on after its answer: where to ask, and waiting for its end (RFC 7240)."""

import json
import threading
import time

import pytest

from harness.expect import courtesy, problem
from harness.gateway import POLICY, TOKEN, bearer, document
from harness.upstream import HANG, HANG_UP, Reply
from harness.world import PATIENCE, SAMPLE, VPC, elapse, eventually

PATH = f"/vpcs/{VPC}/classiclinks"
ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
CHANGES = {**POLICY, "rules": [{"id": "changes", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"]}]}


def task(status, more=()):
    return Reply({"code": 0, "message": "", "codeDesc": "Success", "data": {"status": status}, **dict(more)})


RUNNING, DONE, FAILED = task(2), task(0), task("1")
CHANGE = Reply(SAMPLE)
REQUEST_ID = "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"


class Two:
    """What API 2.0 says, and what callers see of it."""
    id = "135254"
    change, answer = CHANGE, json.loads(SAMPLE)
    tasks = {"running": RUNNING, "done": DONE, "failed": FAILED}
    seen = {state: {"status": state, **reply.body} for state, reply in tasks.items()}
    bad = {"throttled": Reply({"code": 4400, "message": "slow"}), "not there": Reply({"code": 5000, "message": "not yet"}),
           "unknown": task(9), "hangs up": HANG_UP, "html": Reply(b"<html>"), "503": Reply(status=503)}

    def begin(self, upstream, start, **said):
        return start(upstream.url, **{"rules": ALL, **said})

    def asked(self, received):
        return received.params["Action"], received.params.get("taskId")


class Three:
    """The same of API 3.0."""
    id = REQUEST_ID
    change = Reply({"Response": {"RequestId": REQUEST_ID}})
    answer = {"code": 0, "message": "", "taskId": REQUEST_ID}
    words = {"running": "RUNNING", "done": "SUCCESS", "failed": "FAILED"}
    tasks = {state: Reply({"Response": {"Status": word, "Output": "", "RequestId": "r-2"}}) for state, word in words.items()}
    seen = {state: {"status": state, "code": 0, "message": "", "Status": word, "Output": "", "requestId": "r-2"}
            for state, word in words.items()}
    bad = {"throttled": Reply({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": ""}, "RequestId": "r"}}),
           "not there": Reply({"Response": {"Error": {"Code": "ResourceNotFound", "Message": ""}, "RequestId": "r"}}),
           "unknown": Reply({"Response": {"Status": "STUCK", "RequestId": "r"}})}

    def begin(self, upstream, start, **said):
        return start(upstream.url.replace("/v2/index.php", "/"), **{"rules": ALL, "generation": 3, **said})

    def asked(self, received):
        return received.headers["x-tc-action"], json.loads(received.body).get("TaskId")


@pytest.fixture(params=[Two(), Three()], ids=["2.0", "3.0"])
def api(request):
    return request.param


@pytest.fixture
def alone(upstream, start):
    return start(upstream.url, rules=ALL)


def change(gateway, prefer, **said):
    return gateway.delete(headers={"Prefer": prefer}, **said)


def ask(gateway, path="/tasks/135254"):
    return gateway.call("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})


# ---- how a task is ----

@pytest.mark.parametrize("status", ["running", "done", "failed"])
def test_a_tasks_status(api, upstream, start, status):
    """Beside the cloud's own members."""
    gateway = api.begin(upstream, start)
    upstream.script(api.tasks[status])
    answer = ask(gateway, f"/tasks/{api.id}")
    assert answer.status == 200
    courtesy(answer)
    assert answer.json() == api.seen[status]
    received, = upstream.seen(1)
    assert api.asked(received) == ("DescribeVpcTaskResult", api.id)


def test_a_status_of_the_clouds_own_gives_way(alone, upstream):
    upstream.script(task(2, {"status": 7}))
    assert ask(alone).json()["status"] == "running"


@pytest.mark.parametrize("body", [
    {"code": 0, "message": ""}, {"code": 0, "message": "", "data": {}}, {"code": 0, "message": "", "data": {"status": 3}},
    {"code": 0, "message": "", "data": {"status": None}}, {"code": 0, "message": "", "data": [0]},
    {"code": 0, "message": "", "data": {"status": "done"}},
])
def test_a_status_that_nobody_knows(alone, upstream, body):
    upstream.script(Reply(body))
    problem(ask(alone), 502, "upstream-invalid-answer")


def test_a_task_that_is_not_there(alone, upstream):
    upstream.script(Reply({"code": 5000, "message": "no such task"}))
    problem(ask(alone), 404, "not-found")


# ---- waiting ----

@pytest.mark.parametrize("status", ["done", "failed"])
def test_the_end_of_a_task(api, upstream, start, status):
    gateway = api.begin(upstream, start)
    upstream.script(api.change, api.tasks["running"], api.tasks[status])
    answer = change(gateway, "wait=30")
    assert answer.status == 200
    assert answer.header("Preference-Applied") == "wait=30"
    assert answer.header("Location") == f"/tasks/{api.id}"
    assert answer.json() == {**api.seen[status], "taskId": api.answer["taskId"]}
    seen = upstream.seen(3)
    assert [api.asked(received) for received in seen] == [("DetachClassicLinkVpc", None)] + \
        [("DescribeVpcTaskResult", api.id)] * 2
    record = gateway.record(answer)
    assert (record["action"], record["outcome"], record["attempts"], record["furtherCalls"]) == \
        ("DetachClassicLinkVpc", "executed", 1, 2)


def test_a_task_that_is_not_over(api, upstream, start):
    """202 with the change's own answer, after the time that was asked for and not much more."""
    gateway = api.begin(upstream, start)
    upstream.script(api.change, then=api.tasks["running"])
    began = time.monotonic()
    answer = change(gateway, "wait=1")
    took = time.monotonic() - began
    assert (answer.status, answer.json()) == (202, api.answer)
    assert answer.header("Preference-Applied") == "wait=1"
    assert answer.header("Location") == f"/tasks/{api.id}"
    assert 0.9 <= took < 1 + PATIENCE
    assert 2 <= upstream.count() <= 4           # looks after 0.2 and 0.6 s: twice as long each time; one at the end


@pytest.mark.parametrize("prefer, waits", [
    ("wait=30", True), ("WAIT=30", True), ("respond-async, wait=30", True), ("wait = 30", True),
    ('wait="30"; foo=bar', True), ("return=minimal;wait=9, wait=30", True), ("wait=30, wait=40", True),
    ("wait=0", False), ("wait", False), ("wait=", False), ("wait=x", False), ("wait=-1", False), ("wait=1.5", False),
    ("wait=1e1", False), ("waiting=1", False), ("respond-async", False), ("wait=9999999999", False), ("", False),
    ("wait=x, wait=1", False),
])
def test_what_a_preference_looks_like(alone, upstream, prefer, waits):
    """One that cannot be understood is ignored: RFC 7240 section 2."""
    upstream.script(CHANGE, DONE if waits else RUNNING)
    answer = change(alone, prefer)
    assert answer.header("Preference-Applied") == ("wait=30" if waits else None)
    assert answer.status == (200 if waits else 202)
    upstream.seen(2 if waits else 1)


def test_no_wait_is_longer_than_a_minute(alone, upstream):
    upstream.script(CHANGE, DONE)
    assert change(alone, "wait=3600").header("Preference-Applied") == "wait=60"


def test_a_read_does_not_wait(alone, upstream):
    """But for the question how a task is: test_hints.py."""
    upstream.script(Reply({"code": 0, "message": "", "totalCount": 0, "data": []}))
    answer = alone.call("GET", "/vpcs", headers={**bearer(), "Prefer": "wait=30"})
    assert (answer.status, answer.header("Preference-Applied")) == (200, None)
    upstream.seen(1)


def test_a_refused_change_does_not_wait(alone, upstream):
    upstream.script(Reply({"code": 5000, "message": "no", "codeDesc": "InvalidVpc.NotFound"}))
    answer = change(alone, "wait=30")
    problem(answer, 404, "not-found", outcome="not-executed")
    assert answer.header("Preference-Applied") is None
    upstream.seen(1)


@pytest.mark.parametrize("api, bad", [(api, bad) for api in (Two, Three) for bad in api.bad],
                         ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_a_look_that_fails_only_means_not_yet(upstream, start, api, bad):
    """The change was executed: nothing that happens to a look can turn its answer into an error."""
    api = api()
    gateway = api.begin(upstream, start)
    upstream.script(api.change, api.bad[bad], then=api.tasks["done"])
    answer = change(gateway, "wait=30")
    assert (answer.status, answer.json()["status"]) == (200, "done")


def test_looks_that_all_fail(alone, upstream):
    upstream.script(CHANGE, then=HANG_UP)
    answer = change(alone, "wait=1")
    assert (answer.status, answer.body) == (202, SAMPLE)
    assert alone.record(answer)["outcome"] == "executed"


def test_a_look_that_hangs_ends_with_the_wait(alone, upstream):
    upstream.script(CHANGE, then=HANG)
    began = time.monotonic()
    assert change(alone, "wait=1").status == 202
    assert time.monotonic() - began < 1 + PATIENCE


def test_waiting_needs_no_rule_of_its_own(upstream, start):
    """Who may change may learn the end of that change; asking for any task is another matter."""
    gateway = start(upstream.url, rules=CHANGES)
    upstream.script(CHANGE, DONE)
    assert change(gateway, "wait=30").status == 200
    problem(ask(gateway), 403, "not-allowed")


def test_a_rule_that_denies_looking_holds(upstream, start):
    rules = {**CHANGES, "rules": [*CHANGES["rules"],
                                  {"id": "blind", "deny": ["*"], "actions": ["DescribeVpcTaskResult"]}]}
    gateway = start(upstream.url, rules=rules)
    upstream.script(CHANGE, DONE)
    answer = change(gateway, "wait=30")
    assert (answer.status, answer.header("Preference-Applied")) == (202, None)
    upstream.seen(1)


def test_nobody_waits_in_a_slot(upstream, start):
    """One slot: while one change waits, ten others are served, each at most a look later."""
    gateway = start(upstream.url, rules=ALL, slots=1)
    gate = threading.Event()
    upstream.script(CHANGE, then=RUNNING)
    waiting = threading.Thread(target=lambda: (change(gateway, "wait=60"), gate.set()), daemon=True)
    waiting.start()
    assert eventually(lambda: upstream.count() >= 2)
    upstream.script(then=CHANGE)
    for _ in range(10):
        assert eventually(lambda: gateway.delete().status == 202)
    assert not gate.is_set()
    upstream.script(then=DONE)
    waiting.join(PATIENCE)
    assert gate.is_set()


def test_a_client_that_goes_away_ends_the_looking(alone, upstream):
    upstream.script(CHANGE, then=RUNNING)
    with alone.wire() as wire:
        body = document()
        wire.send(f"DELETE {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nPrefer: wait=60\r\n"
                  f"Content-Type: application/json\r\nX-Request-Id: gone\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                  + body)
        assert eventually(lambda: upstream.count() >= 2)
    record = json.loads(alone.line(alone.stdout, lambda line: json.loads(line).get("requestId") == "gone"))
    assert (record["status"], record["outcome"]) == (202, "executed")
    assert record["durationMs"] < 60000
    looks = upstream.count()
    elapse(0.5, "longer than the pause between two looks: its record was written, nothing looks any more")
    assert upstream.count() == looks


def test_the_audit_file_does_not_wait(upstream, start, tmp_path):
    """What became of the change is on record while its task still runs."""
    gateway = start(upstream.url, rules=ALL, top={"audit": str(tmp_path / "audit.log")})
    upstream.script(CHANGE, then=RUNNING)
    waiting = threading.Thread(target=change, args=(gateway, "wait=60"), daemon=True)
    waiting.start()
    assert eventually(lambda: upstream.count() >= 2)

    def records():
        return [record for record in map(json.loads, (tmp_path / "audit.log").read_text().splitlines())
                if record["audit"] in ("intent", "outcome")]
    assert [record["audit"] for record in records()] == ["intent", "outcome"]
    upstream.script(then=DONE)
    waiting.join(PATIENCE)
    intent, outcome = records()
    assert (outcome["of"], outcome["outcome"], outcome["status"]) == (intent["seq"], "executed", 202)


def test_a_drain_ends_the_waiting(alone, upstream):
    """SIGTERM does not wait for tasks: whoever waits is told where to ask."""
    upstream.script(CHANGE, then=RUNNING)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(change(alone, "wait=60")), daemon=True)
    waiting.start()
    assert eventually(lambda: upstream.count() >= 2)
    alone.terminate()
    waiting.join(PATIENCE)
    assert [(answer.status, answer.body) for answer in answers] == [(202, SAMPLE)]
    assert alone.wait() == 0
