"""Idempotency-Key: a change that is repeated under its key is sent once, whichever gateway is asked, and whatever dies
on the way.  Every expectation is the draft's (draft-ietf-httpapi-idempotency-key-header-07) or docs/state.md's."""

import concurrent.futures
import copy
import threading
import time
import uuid

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, Gateway, configure, policy as written
from harness.process import run
from harness.redis import Redis
from harness.upstream import HANG, HANG_UP, Reply
from harness.world import VPC, eventually

REFUSED = Reply({"code": 4000, "message": "InvalidParameter", "codeDesc": "InvalidParameter"})


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def again(first, answer):
    """The same answer, and said to be."""
    assert (answer.status, answer.body) == (first.status, first.body)
    for name in ("Content-Type", "Location", "Preference-Applied"):
        assert answer.header(name) == first.header(name)
    assert answer.header("Idempotency-Replayed") == "true" and first.header("Idempotency-Replayed") is None


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def stores(redis, tmp_path):
    return {"memory": "memory", "sqlite": {"sqlite": str(tmp_path / "state.db")}, "redis": redis.state()}


@pytest.mark.parametrize("store", ["memory", "sqlite", "redis"])
def test_what_was_executed_is_answered_again(store, stores, start, upstream):
    gateway = start(upstream.url, top={"state": stores[store]})
    named = key()
    first = gateway.delete(headers=named)
    assert first.status == 202 and first.header("Location")
    upstream.script()
    for _ in range(3):
        again(first, gateway.delete(headers=named))
    quoted = gateway.delete(headers={"Idempotency-Key": f'"{named["Idempotency-Key"]}"'})
    again(first, quoted)
    assert upstream.count() == 0
    record = gateway.record(quoted)
    assert record["replayed"] is True and record["outcome"] == "executed" and "attempts" not in record
    assert record["idempotencyKey"] == named["Idempotency-Key"]
    assert gateway.delete(headers=key()).status == 202 and upstream.count() == 1


def test_what_the_cloud_refused_is_answered_again(gateway, upstream):
    upstream.script(REFUSED)
    named = key()
    first = gateway.delete(headers=named)
    assert first.status == 400 and first.json()["outcome"] == "not-executed"
    again(first, gateway.delete(headers=named))
    assert upstream.count() == 1


def test_what_nobody_knows_is_not_sent_again(gateway, upstream):
    upstream.script(HANG_UP)
    named = key()
    first = gateway.delete(headers=named)
    told = problem(first, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert "audit" in told["detail"] and "not sent again" in told["detail"]
    for _ in range(2):
        again(first, gateway.delete(headers=named))
    assert upstream.count() == 1


def test_what_was_not_sent_leaves_the_key_free(gateway, upstream):
    named = key()
    problem(gateway.delete({"instanceIds": ["ins-bastion1"]}, headers=named), 403, "not-allowed")
    problem(gateway.delete({"instanceIds": []}, headers=named), 400, "invalid-parameter")
    upstream.script(Reply({"code": 4400, "message": "", "codeDesc": "RequestLimitExceeded"}), then=Reply())
    first = gateway.delete(headers=named)
    assert first.status in (202, 429)          # the limit is tried again by the gateway, where its budget has that
    last = gateway.delete(headers=named)
    assert last.status == 202
    again(last, gateway.delete(headers=named)) if first.status == 429 else again(first, last)


def test_another_call_under_the_key(gateway, upstream):
    named = key()
    assert gateway.delete(headers=named).status == 202
    for body, query in (({"instanceIds": ["ins-other"]}, ""), (None, "?region=ap-shanghai")):
        told = problem(gateway.delete(body, query=query, headers=named), 422, "idempotency-key-reused",
                       outcome="not-executed", retryable=False)
        assert "Idempotency-Key" in told["detail"]
    assert upstream.count() == 1


def test_a_key_is_its_clients(start, upstream):
    policy = copy.deepcopy(POLICY)
    policy["clients"]["other"] = {"tokens": [("only", "another-clients-token-000000", "2035-12-31")]}
    policy["rules"][0]["allow"].append("other")
    gateway = start(upstream.url, rules=policy)
    named = key()
    assert gateway.delete(headers=named).status == 202
    other = gateway.delete(headers=named, token="another-clients-token-000000")
    assert other.status == 202 and other.header("Idempotency-Replayed") is None and upstream.count() == 2


@pytest.mark.parametrize("value", ["", '""', "a b", "x" * 256, "k\u00e9y"])
def test_what_is_no_key(gateway, upstream, value):
    answer = gateway.delete(headers={"Idempotency-Key": value.encode("latin-1")})
    problem(answer, 400, "invalid-parameter", outcome="not-executed")
    assert upstream.count() == 0


def test_two_keys_are_none(gateway, upstream):
    """Even if they are the same: who is in between may have added one."""
    for second in ("a-key", "another"):
        with gateway.wire() as wire:
            wire.send((f"DELETE /vpcs/{VPC}/classiclinks?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                       f"Idempotency-Key: a-key\r\nidempotency-key: {second}\r\n\r\n").encode())
            answer = wire.read()
        told = problem(answer, 400, "invalid-parameter", outcome="not-executed")
        assert told["detail"] == "Idempotency-Key is there more than once"
    assert upstream.count() == 0


def test_a_read_has_no_key(gateway, upstream):
    assert gateway.call("GET", "/whoami", headers={"Authorization": "Bearer x", "Idempotency-Key": "a b"}).status == 401


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_repeat_of_what_is_not_known(store, stores, start, upstream):
    """Memory may have forgotten it: nothing is sent.  What survives would know: it was never claimed."""
    gateway = start(upstream.url, top={"state": stores[store]})
    repeat = {**key(), "Idempotency-Repeat": "true"}
    for _ in range(2):
        answer = gateway.delete(headers=repeat)
        if store == "memory":
            problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
        else:
            assert answer.status == 202
    assert upstream.count() == (0 if store == "memory" else 1)
    named = key()
    first = gateway.delete(headers=named)
    again(first, gateway.delete(headers={**named, "Idempotency-Repeat": "true"}))


def test_one_under_way(start, upstream):
    gate = threading.Event()
    gateway = start(upstream.url, timeout="20s")
    upstream.script(Reply(gate=gate))
    named = key()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(gateway.delete, headers=named)
        upstream.seen(1)
        busy = gateway.delete(headers=named)
        problem(busy, 409, "idempotency-key-in-use", outcome="not-executed", retryable=True)
        assert int(busy.header("Retry-After")) >= 1
        waiting = pool.submit(gateway.delete, headers={**named, "Prefer": "wait=30"})
        eventually(lambda: "countersign_task_waits 1" in gateway.call("GET", "/metrics", port=gateway.admin).body.decode())
        gate.set()
        again(first.result(), waiting.result())
    assert upstream.count() == 1


def test_many_at_once_are_one(start, redis, upstream):
    gateways = [start(upstream.url, top={"state": redis.state()}) for _ in range(2)]
    named = key()

    def until_told(number):
        return eventually(lambda: (lambda got: got if got.status != 409 else None)(
            gateways[number % 2].delete(headers=named)))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(until_told, range(32)))
    assert upstream.count() == 1
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert sum(answer.header("Idempotency-Replayed") is None for answer in answers) == 1


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_a_gateway_that_dies_leaves_unknown(store, stores, start, upstream, tmp_path):
    gateway = Gateway(configure(tmp_path, upstream.url, top={"state": stores[store]}, timeout="500ms",
                                deadline="500ms"))
    upstream.script(HANG)
    named = key()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        lost = pool.submit(gateway.delete, headers={**named, "X-Request-Id": "the-lost-one"})
        upstream.seen(1)
        gateway.kill()
        assert lost.exception() is not None
    other = start(upstream.url, top={"state": stores[store]}, timeout="500ms", deadline="500ms")
    problem(other.delete(headers=named), 409, "idempotency-key-in-use")
    answer = eventually(lambda: (lambda got: got if got.status not in (409, 503) else None)(other.delete(headers=named)), every=0.2)
    told = problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert "the-lost-one" in told["detail"] and answer.header("Idempotency-Replayed") == "true"
    assert other.delete(headers=named).status == 504 and upstream.count() == 1


def test_a_store_that_is_away(tmp_path, start, upstream):
    redis = Redis(tmp_path)
    gateway = start(upstream.url, top={"state": redis.state()})
    named = key()
    first = gateway.delete(headers=named)
    try:
        redis.freeze()
        began = time.monotonic()
        problem(gateway.delete(headers=key()), 503, "state-unavailable", outcome="not-executed", retryable=True)
        assert time.monotonic() - began < 5        # of 0.05 s: it does not hang
        assert gateway.delete().status == 202      # nothing was promised
    finally:
        redis.thaw()
    eventually(lambda: gateway.delete(headers=named).status == 202)
    again(first, gateway.delete(headers=named))
    redis.kill()
    problem(gateway.delete(headers=named), 503, "state-unavailable")
    redis.start()                                  # and has forgotten everything: that is in the promise
    eventually(lambda: gateway.delete(headers=named).status == 202)
    redis.kill()


def test_a_replica_is_not_the_one(tmp_path, start, upstream):
    first = Redis(tmp_path, "first")
    replica = Redis(tmp_path, "replica", "--replicaof", "127.0.0.1", "1")
    gateway = start(upstream.url, top={"state": {"redis": {"servers": [replica.server, first.server]}}})
    named = key()
    assert gateway.delete(headers=named).status == 202
    assert b"$" in first.ask("RANDOMKEY") and gateway.notices(first.path)
    first.kill()
    assert replica.ask("REPLICAOF", "NO", "ONE") == b"+OK\r\n"
    eventually(lambda: gateway.delete(headers=key()).status == 202)
    replica.kill()


def test_a_key_that_is_required(start, tmp_path, upstream):
    policy = copy.deepcopy(POLICY)
    policy["rules"][0]["require_idempotency_key"] = True
    gateway = start(upstream.url, rules=policy, top={"state": {"sqlite": str(tmp_path / "state.db")}})
    problem(gateway.delete(), 400, "idempotency-key-required", outcome="not-executed", retryable=False)
    assert upstream.count() == 0 and gateway.delete(headers=key()).status == 202
    del policy["rules"][0]["require_idempotency_key"]
    policy["clients"]["network-console"]["require_idempotency_key"] = True
    (gateway.file.parent / "policy.yaml").write_text(written(policy))
    gateway.reload()
    problem(gateway.delete(), 400, "idempotency-key-required")
    file = gateway.file
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("state:")))
    done = run("check", "-c", file)
    assert done.returncode != 0 and "require_idempotency_key" in done.stderr and "sqlite or redis" in done.stderr
