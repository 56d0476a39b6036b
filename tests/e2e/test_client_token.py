"""ClientToken: for the vendor's SDKs it is the Idempotency-Key; where a caller has our key alone, the cloud gets one that
is made of it.  Expectations are docs/state.md's, and hashlib's."""

import copy
import hashlib
import json
import re

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, bearer, document
from harness.redis import Redis
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY

OTHER = "another-clients-token-000000"
ALLOCATE = "/actions/vpc/AllocateAddresses"
TOP = {"doors": {"sdk": True, "actions": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
RULES = {**copy.deepcopy(POLICY), "rules": [{"id": "all", "allow": ["*"], "actions": ["*"]}]}
RULES["clients"]["other"] = {"tokens": [("only", OTHER, "2035-12-31")]}
DONE = Reply({"Response": {"RequestId": "r-1", "AddressSet": ["eip-1"], "TaskId": "7"}})


@pytest.fixture
def door(upstream, start, tmp_path):
    def begin(state="sqlite", rules=RULES, **top):
        upstream.script(then=DONE)
        state = {"sqlite": str(tmp_path / "state.db")} if state == "sqlite" else state
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, rules=rules,
                     top={**TOP, "state": state, **top})
    return begin


def action(gateway, body, path=ALLOCATE, token=TOKEN, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return gateway.call("POST", path, document(body), bearer(token, {"Content-Type": "application/json", **fields}))


def sdk(gateway, body, action="AllocateAddresses", **fields):
    said = {"X-TC-Action": action, "X-TC-Version": "2017-03-12", "X-TC-Token": TOKEN, "X-TC-Timestamp": "1",
            "Content-Type": "application/json", "Authorization": "TC3-HMAC-SHA256 Credential=x/2026-11-27/vpc/tc3_request, "
            "SignedHeaders=content-type;host, Signature=00", **fields}
    return gateway.call("POST", "/", json.dumps(body).encode(), said)


def made(client, key):
    return hashlib.sha256(client.encode() + b"\0" + key.encode()).hexdigest()


def sent(upstream, number):
    return [json.loads(received.body) for received in upstream.seen(number)]


def test_it_is_made_of_the_key(door, upstream):
    gateway = door()
    answers = [action(gateway, {"AddressCount": 2}, Idempotency_Key="k-1"), action(gateway, {}, Idempotency_Key="k-1", token=OTHER),
               action(gateway, {}, Idempotency_Key="k-2"), action(gateway, {"ClientToken": "mine"}, Idempotency_Key="k-3"),
               action(gateway, {})]
    assert [answer.status for answer in answers] == [200] * 5
    assert sent(upstream, 5) == [{"ClientToken": made("network-console", "k-1"), "AddressCount": 2},
                                 {"ClientToken": made("other", "k-1")}, {"ClientToken": made("network-console", "k-2")},
                                 {"ClientToken": "mine"}, {}]
    assert re.fullmatch("[0-9a-f]{64}", made("network-console", "k-1")), "the vendor takes 64 ASCII characters at most"
    again = action(gateway, {"AddressCount": 2}, Idempotency_Key="k-1")
    assert (again.status, again.header("Idempotency-Replayed")) == (200, "true")
    problem(action(gateway, {"AddressCount": 3}, Idempotency_Key="k-1"), 422, "idempotency-key-reused")
    assert upstream.count() == 5


def test_what_is_recorded_is_what_was_signed(door, upstream):
    gateway = door()
    answer = action(gateway, {}, Idempotency_Key="k-1")
    received, = upstream.seen(1)
    assert gateway.record(answer)["document"]["sha256"] == hashlib.sha256(received.body).hexdigest()


def test_actions_that_take_none_get_none(door, upstream):
    gateway = door()
    assert action(gateway, {"AddressIds": ["eip-1"]}, "/actions/vpc/ReleaseAddresses", Idempotency_Key="k-1").status == 200
    read = action(gateway, {}, "/actions/vpc/DescribeAddresses", Idempotency_Key="k-1")
    assert read.status == 200 and sent(upstream, 2) == [{"AddressIds": ["eip-1"]}, {}]


def test_of_a_route(door, upstream, tmp_path):
    (tmp_path / "more.yaml").write_text(
        "version: 1\nroutes:\n  - request: POST /addresses\n    service: vpc\n    action: AllocateAddresses\n"
        "    effect: change\n    api2: none\n    parameters:\n"
        "      addressCount: { in: [body], type: integer }\n"
        "      clientToken: { in: [body], type: string, length: 40 }\n")
    gateway = door(catalog=[str(tmp_path / "more.yaml")])
    assert action(gateway, {"addressCount": 1}, "/addresses", Idempotency_Key="k-1").status == 200
    assert action(gateway, {"clientToken": "mine"}, "/addresses", Idempotency_Key="k-2").status == 200
    assert action(gateway, {}, "/addresses").status == 200
    assert sent(upstream, 3) == [{"AddressCount": 1, "ClientToken": made("network-console", "k-1")[:40]},
                                 {"ClientToken": "mine"}, {}]


@pytest.mark.parametrize("state", ["memory", "sqlite"])
def test_an_sdk_repeats_under_its_own(door, upstream, state):
    gateway = door(state)
    body = {"AddressCount": 1, "ClientToken": "5f1b4c1e-0c3e-4a57-9d0e-2f7d1f0a9b11"}
    first = sdk(gateway, body)
    for _ in range(2):
        again = sdk(gateway, body)
        assert (again.status, again.body) == (200, first.body) and again.header("Idempotency-Replayed") == "true"
    assert sent(upstream, 1) == [body]
    record = gateway.record(again)
    assert record["idempotencyKey"] == body["ClientToken"] and record["replayed"] is True
    told = sdk(gateway, {**body, "AddressCount": 2}).json()["Response"]["Error"]
    assert "Idempotency-Key" in told["Message"] and upstream.count() == 1
    assert sdk(gateway, {}).status == 200 and sdk(gateway, {}).status == 200 and upstream.count() == 3


def test_what_nobody_knows_is_not_sent_again(door, upstream):
    gateway = door()
    upstream.script(HANG_UP, then=DONE)
    body = {"ClientToken": "t-1"}
    for _ in range(2):
        assert sdk(gateway, body).json()["Response"]["Error"]["Code"] == "InternalError.OutcomeUnknown"
    assert upstream.count() == 1


def test_the_field_comes_first(door, upstream):
    gateway = door()
    one, two = ({"ClientToken": token} for token in ("t-1", "t-2"))
    assert "AddressSet" in sdk(gateway, one, **{"Idempotency-Key": "k-1"}).body.decode()
    assert "Error" in sdk(gateway, two, **{"Idempotency-Key": "k-1"}).json()["Response"]
    assert "AddressSet" in sdk(gateway, one, **{"Idempotency-Key": "k-2"}).body.decode()
    assert sent(upstream, 2) == [one, one]


@pytest.mark.parametrize("token", ["", "two words", "\u00e9", "x" * 256])
def test_what_is_no_key_is_the_clouds_to_judge(door, upstream, token):
    gateway = door()
    for _ in range(2):
        assert sdk(gateway, {"ClientToken": token}).header("Idempotency-Replayed") is None
    assert sent(upstream, 2) == [{"ClientToken": token}] * 2


def test_a_store_that_is_away(door, upstream, tmp_path):
    """The cloud knows it by its ClientToken: nothing was asked of the gateway.  Unless its policy asks."""
    redis = Redis(tmp_path)
    gateway = door(redis.state())
    strict = copy.deepcopy(RULES)
    strict["clients"]["network-console"]["require_idempotency_key"] = True
    other = door(redis.state(), strict)
    redis.kill()
    body = {"ClientToken": "t-1"}
    assert "AddressSet" in sdk(gateway, body).body.decode() and upstream.count() == 1
    told = sdk(other, body).json()["Response"]["Error"]
    assert "store" in told["Message"] and upstream.count() == 1
    problem(action(gateway, body, Idempotency_Key="k-1"), 503, "state-unavailable", outcome="not-executed")
    assert upstream.count() == 1
