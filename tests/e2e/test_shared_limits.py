"""Limits that gateways share: one client, two gateways and one store; and what becomes of them while it is away.

The figures need no clock of this machine: rates are so slow that nothing comes back while a test runs."""

import concurrent.futures
import copy
import threading

import pytest

from harness.expect import problem
from harness.gateway import POLICY
from harness.redis import Redis
from harness.upstream import Reply
from harness.world import eventually


def limited(**limits):
    policy = copy.deepcopy(POLICY)
    policy["clients"]["network-console"].update(limits)
    return policy


def metric(gateway, name):
    page = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


def pair(start, upstream, state, **limits):
    gateways = [start(upstream.url, top={"state": state}, rules=limited(**limits), timeout="20s") for _ in range(2)]
    for gateway in gateways:
        eventually(lambda: metric(gateway, "countersign_state_gateways ") == 2)
    return gateways


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_rate_is_one(kind, start, upstream, redis, tmp_path):
    state = redis.state() if kind == "redis" else {"sqlite": str(tmp_path / "state.db")}
    gateways = pair(start, upstream, state, rate="1/h burst 10")
    answers = [gateways[number % 2].delete() for number in range(12)]
    assert [answer.status for answer in answers] == [202] * 10 + [429] * 2
    assert [int(answer.header("RateLimit").split("r=")[1].split(";")[0]) for answer in answers[:10]] == list(range(9, -1, -1))
    assert int(answers[-1].header("Retry-After")) > 3000
    asked = metric(gateways[0], "countersign_state_questions_total")
    for _ in range(20):
        problem(gateways[0].delete(), 429, "too-many-requests", outcome="not-executed")
    assert metric(gateways[0], "countersign_state_questions_total") < asked + 20      # but for signs of life


def test_in_flight_is_one_and_comes_back(start, upstream, redis):
    gateways = pair(start, upstream, redis.state(), in_flight=3)
    gate = threading.Event()
    upstream.script(*[Reply(gate=gate)] * 3)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        held = [pool.submit(gateways[number % 2].delete) for number in range(3)]
        upstream.seen(3)
        for gateway in gateways:
            problem(gateway.delete(), 429, "too-many-requests")
        gate.set()
        assert [one.result().status for one in held] == [202] * 3
    for number in range(4):
        assert gateways[number % 2].delete().status == 202
    assert b"*0\r\n" in redis.ask("HGETALL", "countersign:1:{network-console}:flights")


def test_many_at_once_are_as_one_after_the_other(start, upstream, redis):
    """The answers are those of one bucket: exactly the burst comes through, and what each is told to be left is another number."""
    gateways = pair(start, upstream, redis.state(), rate="1/h burst 40", in_flight=60)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda number: gateways[number % 2].delete(), range(60)))
    assert sorted(answer.status for answer in answers) == [202] * 40 + [429] * 20
    left = [int(answer.header("RateLimit").split("r=")[1].split(";")[0]) for answer in answers if answer.status == 202]
    assert sorted(left) == list(range(40))
    assert b"*0\r\n" in redis.ask("HGETALL", "countersign:1:{network-console}:flights")


def test_who_has_the_answer_may_ask_the_other(start, upstream, redis):
    """One call at a time, now here and now there, beside one that is held: the place is back before the answer is there."""
    gateways = pair(start, upstream, redis.state(), in_flight=2)
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        held = pool.submit(gateways[0].delete)
        upstream.seen(1)
        for number in range(50):
            assert gateways[number % 2].delete().status == 202
        gate.set()
        assert held.result().status == 202


def test_each_has_its_part_while_the_store_is_away(start, upstream, redis):
    gateways = pair(start, upstream, redis.state(), rate="1/h burst 10")
    assert gateways[0].delete().status == 202
    redis.kill()
    answers = [gateway.delete() for gateway in gateways for _ in range(10)]
    assert [answer.status for answer in answers] == ([202] * 5 + [429] * 5) * 2       # never shut, never open
    for gateway in gateways:
        gateway.line(gateway.stderr, lambda line: "redis store does not answer" in line)
        assert gateway.ready()["state"]["away"] is True and metric(gateway, "countersign_state_away ") == 1
    redis.start()
    eventually(lambda: metric(gateways[1], "countersign_state_away ") == 0)
    eventually(lambda: gateways[1].delete().status == 202)
    assert "state" not in gateways[1].ready()


def test_what_a_dead_gateway_held_ends(start, upstream, redis):
    """Its lease does, by the store's own clock: here it is shortened by hand."""
    gateways = pair(start, upstream, redis.state(), in_flight=1)
    key = "countersign:1:{network-console}:flights"
    assert redis.ask("HSET", key, "dead", "1 9999999999999999") == b":1\r\n"
    problem(gateways[0].delete(), 429, "too-many-requests")
    assert redis.ask("HSET", key, "dead", "1 1") == b":0\r\n"
    assert gateways[0].delete().status == 202
