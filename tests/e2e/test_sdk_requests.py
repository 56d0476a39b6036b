"""Requests of the vendor's SDKs and command line, as they send them to an endpoint of ours, byte for byte: what the
cloud gets for each, and that no client reads a refusal as a success."""

import json

import pytest

from harness import gateway as harness
from harness.gateway import POLICY
from harness.upstream import Reply
from harness.world import REPOSITORY

TOKEN = "local-token-0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
REQUESTS = [json.loads(line) for line in
            (REPOSITORY / "tests/vectors/sdk/requests.jsonl").read_text(encoding="utf-8").splitlines()]
TOP = {"doors": {"sdk": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
RULES = {**POLICY, "clients": {"sdk": {"tokens": [("local", TOKEN, "2035-12-31")]}},
         "rules": [{"id": "all", "allow": ["sdk"], "actions": ["*"]}]}
DONE = b'{"Response": {"RequestId":"1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d", "more": 1.0}}'


@pytest.fixture(scope="module")
def door(scripted, tmp_path_factory, reaper):
    folder = tmp_path_factory.mktemp("sdk")
    file = harness.configure(folder, scripted.url.replace("/v2/index.php", "/"), generation=3, services=("vpc", "cvm"),
                             rules=RULES, top=TOP)
    gateway = harness.Gateway(file)
    yield gateway
    reaper.ask(gateway)


def meaning(value, sent):
    """A form has texts alone, and cannot tell an empty list or text from none: by the type that went out."""
    if isinstance(sent, dict):
        return {key: meaning(value.get(key), item) for key, item in sent.items()}
    if isinstance(sent, list):
        return [meaning(*pair) for pair in zip(value, sent, strict=True)]
    return str(sent) if isinstance(value, str) and not isinstance(sent, str) else value


def dropped(wanted, sent):
    return {key: value for key, value in wanted.items() if key not in sent}


@pytest.mark.parametrize("sample", REQUESTS, ids=[sample["name"] for sample in REQUESTS])
def test_the_cloud_gets_what_the_client_means(door, scripted, sample):
    scripted.script(then=Reply(DONE))
    before = scripted.count()
    # Samples share their ClientToken: with a key of its own, none is a repeat of another.
    request = sample["request"].replace("\r\n", f"\r\nIdempotency-Key: {sample['name']}\r\n", 1)
    with door.wire() as wire:
        wire.send(request.encode())
        answer = wire.read()
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    record = door.record(answer)
    assert record["door"] == "sdk"
    if sample["token"] not in ("X-TC-Token", "Token", "SecretId") or "multipart" in sample["name"] or "octet" in sample["name"]:
        error = answer.json()["Response"]["Error"]
        assert error["Code"] in ("AuthFailure.TokenFailure", "UnsupportedOperation") and error["Message"]
        assert answer.json()["Response"]["RequestId"] == answer.header("X-Request-Id")
        assert scripted.count() == before and record["status"] in (401, 415)
        return
    assert answer.body == DONE
    received = scripted.seen(1)[-1]
    assert received.headers["x-tc-action"] == sample["action"]
    assert received.headers["host"] == sample["service"] + ".tencentcloudapi.com"
    assert received.headers["x-tc-region"] == (sample["region"] or "ap-guangzhou")
    assert TOKEN.encode() not in received.head + received.body
    sent = json.loads(received.body)
    assert sent == meaning(sample["parameters"], sent)
    assert not {key: value for key, value in dropped(sample["parameters"], sent).items() if value not in ("", [])}
    assert record["client"] == "sdk" and record["verdict"] == "allow"


FORM = "Action=DescribeVpcs&Version=2017-03-12&Region=ap-guangzhou&SecretId=" + TOKEN
WRONG = {
    "a form with a NUL": ("POST / HTTP/1.1", "application/x-www-form-urlencoded", FORM + "&Limit=1\0&Offset=2", "the form holds a NUL"),
    "a GET with a body": (f"GET /?{FORM} HTTP/1.1", "application/x-www-form-urlencoded", "Limit=1", "and no body"),
    "JSON that says to be a form": ("POST / HTTP/1.1", "application/x-www-form-urlencoded", ' {"Action": "DescribeVpcs"}', "the body is JSON"),
    "a POST with a query": (f"POST /?{FORM} HTTP/1.1", "application/x-www-form-urlencoded", FORM, "none in the query"),
}


@pytest.mark.parametrize("line, kind, body, words", WRONG.values(), ids=WRONG)
def test_what_two_readers_could_take_for_two_requests(door, scripted, line, kind, body, words):
    scripted.script(then=Reply(DONE))
    with door.wire() as wire:
        wire.send(f"{line}\r\nHost: vpc.gateway.example\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                  f"X-TC-Token: {TOKEN}\r\n\r\n{body}".encode())
        answer = wire.read()
    error = answer.json()["Response"]["Error"]
    assert error["Code"] == "InvalidParameter" and words in error["Message"], error
    assert scripted.count() == 0
