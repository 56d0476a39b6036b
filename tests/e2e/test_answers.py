"""Every way in which a request can end, and what its caller is told.

The upstream is a script here: one row is one thing that a cloud can say or do (threats 20, 22 and 23).  For a
change the caller must learn whether it was carried out; `unknown` is the honest word when nobody can tell."""

import base64
import gzip
import json
import os
import pathlib
import re
import socket
import threading
import time
import urllib.parse

import pytest

from harness import vendor
from harness.expect import problem
from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN, UPSTREAM_TIMEOUT, Client, bearer, document
from harness.upstream import HANG, HANG_UP, Reply
from harness.world import CLOSE_WAIT, ENDPOINT, HOST, INSTANCE, PATIENCE, SAMPLE, SECRET_ID, SECRET_KEY, SLOW, VPC, eventually, sockets, stranger

REQUEST = f"/vpcs/{VPC}/classiclinks"
MIB = 1 << 20


# ---- before anything is sent ----

@pytest.mark.parametrize("token", [None, "unknown-token", TOKEN + "x", TOKEN[:-1], TOKEN.upper()])
def test_no_valid_token(gateway, upstream, token):
    answer = gateway.delete(token=token)
    problem(answer, 401, "unauthenticated", retryable=False)
    assert answer.header("WWW-Authenticate").startswith("Bearer")
    upstream.seen(0)


def test_expired_token(gateway, upstream):
    answer = gateway.delete(token=EXPIRED)
    problem(answer, 401, "token-expired", retryable=False)
    assert answer.header("WWW-Authenticate").startswith("Bearer")
    upstream.seen(0)


@pytest.mark.parametrize("call, rule", [
    (dict(vpc="vpc-prod0001"), None),                                       # nobody said yes
    (dict(token=NOBODY), None),                                             # a client that no rule names
    (dict(query="?region=ap-beijing"), None),                               # the region is part of the call
    (dict(body={"instanceIds": ["ins-bastion1"]}), "never-bastion"),
    (dict(body={"instanceIds": [INSTANCE, "ins-bastion1"]}), "never-bastion"),  # one is enough for a deny
])
def test_policy_says_no(gateway, upstream, call, rule):
    answer = gateway.delete(**call)
    body = problem(answer, 403, "not-allowed", retryable=False)
    assert body.get("outcome") in (None, "not-executed")
    record = gateway.record(answer)
    assert (record["verdict"], record.get("rule")) == ("deny", rule)
    assert (record["action"], record["status"]) == ("DetachClassicLinkVpc", 403)
    assert rule is None or rule in (body.get("rule"), body["detail"])
    upstream.seen(0)


@pytest.mark.parametrize("path", [
    "/", "/vpc", f"/vpcs/{VPC}/links", f"{REQUEST}/{INSTANCE}/1", "/tasks", "/tasks/1/2", "/instances",
    "/healthz", "/metrics", "/version", "/v2/index.php",
])
def test_no_such_route(gateway, upstream, path):
    problem(gateway.call("DELETE", path, headers=bearer()), 404, "no-such-route", retryable=False)
    problem(gateway.call("DELETE", path), 401, "unauthenticated")           # strangers learn nothing
    upstream.seen(0)


def test_a_slash_at_the_end_names_the_route(gateway, upstream):
    """It is well-formed, and of no route: the connection stays."""
    with gateway.wire() as wire:
        for path, part in ((REQUEST, "/vpcs/{vpcId}/classiclinks, without"), ("/vpcs", "it is /vpcs, without"),
                           ("/nowhere", "there is no such route"), ("/openapi.json", "there is no such route")):
            wire.send(f"GET {path}/ HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
            assert part in problem(wire.read(), 404, "no-such-route")["detail"]
    problem(gateway.call("GET", "/vpcs/"), 401, "unauthenticated")              # strangers learn nothing
    upstream.seen(0)


@pytest.mark.parametrize("target, logged", [
    ("/nope", "/nope"), ("/nope/?token=secret", "/nope/"), ("/nope?token=secret#", "/nope"), ("/a%0Ab", "/a%0Ab"), ("/\"\\", "/\"\\"),
    (f"/{VPC}/{'k' * 31}/{'k' * 32}/b", f"/{VPC}/{'k' * 31}/kkkk.../b"), ("/" + "ab/" * 200, "/" + ("ab/" * 200)[:255]),
    ("*", None),
])
def test_the_log_has_the_path_of_what_was_refused(gateway, target, logged):
    """Escaped and cut, without the query; and of what is as long as a token only the beginning."""
    with gateway.wire(source=stranger()) as wire:      # lines of one stranger are gathered
        answer = wire.send(f"GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()).read()
    assert answer.status in (400, 404)
    assert gateway.record(answer).get("path") == (target if logged is None else logged)
    answer = gateway.delete()
    assert answer.status == 202 and "path" not in gateway.record(answer)


@pytest.mark.parametrize("path, allowed", [
    (REQUEST, "DELETE, POST, GET, HEAD"), (f"{REQUEST}/{INSTANCE}", "DELETE"), ("/classiclinks", "GET, HEAD"),
    (f"/vpcs/{VPC}", "GET, HEAD"), ("/vpcs", "GET, HEAD"), ("/tasks/1", "GET, HEAD"),
])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_wrong_method(gateway, upstream, method, path, allowed):
    answer = gateway.call(method, path, headers=bearer())
    problem(answer, 405, "method-not-allowed", retryable=False)
    assert answer.header("Allow") == allowed
    stranger = gateway.call(method, path)
    problem(stranger, 401, "unauthenticated")
    assert stranger.header("Allow") is None
    upstream.seen(0)


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", "",
])
def test_not_json(gateway, upstream, kind):
    problem(gateway.delete(headers={"Content-Type": kind}), 415, "unsupported-media-type", retryable=False)
    upstream.seen(0)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", "application/json; charset=utf-8",
                                  'application/json;charset="UTF-8"'])
def test_json_by_all_its_names(gateway, upstream, kind):
    assert gateway.delete(headers={"Content-Type": kind}).status == 202


def test_body_too_large(gateway, upstream):
    problem(gateway.delete(b" " * 65537), 413, "content-too-large", retryable=False)
    upstream.seen(0)


def test_body_of_exactly_64_kib(gateway, upstream):
    body = document()
    assert gateway.delete(body + b" " * (65536 - len(body))).status == 202


@pytest.mark.parametrize("body, named", [
    ({}, "instanceIds"),
    ({"instanceIds": []}, "instanceIds"),
    ({"instanceIds": None}, "instanceIds"),
    ({"instanceIds": "ins-df454d"}, "instanceIds"),
    ({"instanceIds": ["INS-df454d"]}, "instanceIds"),
    ({"instanceIds": [INSTANCE], "force": True}, "force"),
    ({"instanceIds": [INSTANCE], "vpcId": VPC}, "vpcId"),                   # comes from the path alone
    ([INSTANCE], None),
])
def test_invalid_parameter_names_the_field(gateway, upstream, body, named):
    answer = problem(gateway.delete(body), 400, "invalid-parameter", retryable=False)
    assert named is None or named in answer["detail"]
    upstream.seen(0)


def test_unknown_query_key(gateway, upstream):
    answer = problem(gateway.delete(query="?dryRun=true"), 400, "invalid-parameter")
    assert "dryRun" in answer["detail"]
    upstream.seen(0)


# ---- what the cloud says ----

def refusal(code, desc=None, message="(100004)text"):
    return {"code": code, "message": message, **({"codeDesc": desc} if desc else {})}


NOT_DONE, EITHER = ("not-executed",), ("not-executed", "unknown")
SAID = [
    # what the upstream answers              status, type, retryable, outcome
    (refusal(5100, "InvalidVpc.NotFound"),      404, "not-found", False, NOT_DONE),
    (refusal(5100, "InvalidInstance.NotFound"), 404, "not-found", False, NOT_DONE),
    (refusal("InvalidVpc.NotFound"),            404, "not-found", False, NOT_DONE),     # a name as the code
    (refusal(5000),                             404, "not-found", False, NOT_DONE),
    (refusal("5000"),                           404, "not-found", False, NOT_DONE),
    (refusal(5100, "InstanceAlreadyLinked"),    409, "conflict", False, NOT_DONE),
    (refusal(4400, "InstanceLimitExceeded"),    409, "conflict", False, NOT_DONE),      # codeDesc decides
    (refusal(4000),                             400, "upstream-rejected-parameter", False, NOT_DONE),
    (refusal(4100, "AuthFailure"),              502, "upstream-credential", False, NOT_DONE),
    *[(refusal(code),                           502, "upstream-credential", False, NOT_DONE)
      for code in (4100, 4101, 4102, 4103, 4104, 4105, 4106, 4110, 4200, 4300, 4600, "4104")],
    (refusal(4400),                             429, "upstream-throttled", True, NOT_DONE),
    (refusal("4400"),                           429, "upstream-throttled", True, NOT_DONE),
    (refusal(6200),                             503, "upstream-maintenance", True, NOT_DONE),
    (refusal(5100, "Something.New"),            502, "upstream-failed", False, EITHER),
    *[(refusal(code),                           502, "upstream-failed", False, EITHER)
      for code in (5100, 5200, 5300, 5500, 6000, 6100, 9999, -1, "7")],
]


@pytest.mark.parametrize("said, status, name, retryable, outcomes", SAID,
                         ids=[json.dumps(row[0]) for row in SAID])
def test_the_cloud_refuses(gateway, upstream, said, status, name, retryable, outcomes):
    upstream.script(then=Reply(said))
    answer = gateway.delete()
    body = problem(answer, status, name, retryable=retryable)
    assert body["outcome"] in outcomes
    assert str(body["upstream"]["code"]) == str(said["code"])
    assert body["upstream"].get("codeDesc") == said.get("codeDesc")
    assert body["upstream"]["message"] == said["message"]
    if status in (429, 503):
        assert int(answer.header("Retry-After")) >= 1
    record = gateway.record(answer)
    assert (record["status"], record["type"], record["outcome"]) == (status, name, body["outcome"])
    assert str(record["upstreamCode"]) in (str(said["code"]), said.get("codeDesc"))
    attempts = 3 if status == 429 else 1        # over the rate: not executed, so it may go again
    assert record["attempts"] == attempts
    assert len({received.params["Nonce"] for received in upstream.seen(attempts)}) == attempts


def test_partial_success(gateway, upstream):
    detail = {"ins-df454d": {"code": 0, "message": "", "requestId": "1"},
              "ins-df221dd": {"code": 5000, "message": "(1)no", "requestId": "2"}}
    upstream.script(Reply({"code": 5400, "message": "(100004)partial", "detail": detail}))
    answer = gateway.delete({"instanceIds": [INSTANCE, "ins-df221dd"]})
    assert answer.status == 207
    assert answer.header("Content-Type") == "application/problem+json"
    body = answer.json()
    assert body["type"].endswith(":partial") and body["outcome"] in ("executed", "unknown")
    assert body["upstream"]["code"] == 5400
    assert detail in (body["upstream"].get("detail"), body.get("upstreamDetail")), body
    upstream.seen(1)


def test_clock_is_corrected_once(gateway, upstream):
    """4500 says that the clock (or the nonce) is wrong.  The cloud's own Date tells by how much."""
    ahead = time.time() + 900
    upstream.script(Reply(refusal(4500), date=ahead))
    answer = gateway.delete()
    assert (answer.status, answer.body) == (202, SAMPLE)
    first, second = [received.params for received in upstream.seen(2)]
    assert abs(int(first["Timestamp"]) - time.time()) <= 5 * SLOW
    assert abs(int(second["Timestamp"]) - ahead) <= 5 * SLOW
    assert first["Nonce"] != second["Nonce"]
    for params in (first, second):
        assert params["Signature"] == vendor.signature("GET", HOST, ENDPOINT, params, SECRET_KEY)
    differ = {name for name in first if first[name] != second[name]}
    assert differ == {"Timestamp", "Nonce", "Signature"}
    assert gateway.record(answer)["attempts"] == 2


def test_clock_is_corrected_only_once(gateway, upstream):
    upstream.script(then=Reply(refusal(4500)))
    answer = gateway.delete()
    body = problem(answer, 502, "upstream-clock", outcome="not-executed")
    assert body["upstream"]["code"] == 4500
    assert gateway.record(answer)["attempts"] == 2
    first, second = [received.params["Nonce"] for received in upstream.seen(2)]
    assert first != second


def test_sandbox_with_a_skewed_clock(sandbox, start):
    """The same from the outside: an upstream whose clock is ten minutes off is served all the same."""
    cloud = sandbox("--fault", "*:skew=-600")
    answer = start(cloud.url).delete()
    assert (answer.status, answer.body) == (202, SAMPLE)
    assert cloud.state()["executed"] == 1


# ---- what stands before the cloud says ----

PAGE = (("Content-Type", "text/html; charset=utf-8"),)
BEFORE = f"/vpcs/{VPC}/classiclinks"
READS = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
LINKS = Reply({"code": 0, "message": "", "totalCount": 0, "data": []})


@pytest.fixture
def reader(upstream, start):
    return start(upstream.url, rules=READS)


def page(status, *fields):
    return Reply(b"<html>oops</html>", status=status, headers=(*PAGE, *fields))


@pytest.mark.parametrize("status, outcome, answered, attempts", [
    (429, "executed", 202, 2),                              # it was not passed on: it goes again, as after 4400
    (502, "unknown", 502, 1), (503, "unknown", 502, 1), (504, "unknown", 502, 1),
    (500, "unknown", 502, 1), (408, "unknown", 502, 1),
])
def test_a_change_and_what_stands_before_the_cloud(gateway, upstream, status, outcome, answered, attempts):
    upstream.script(page(status))
    answer = gateway.delete()
    record = gateway.record(answer)
    assert (answer.status, record["outcome"], record["attempts"]) == (answered, outcome, attempts)
    upstream.seen(attempts)
    if answered != 202:
        body = problem(answer, 502, "upstream-invalid-answer", outcome="unknown", retryable=False)
        assert str(status) in body["detail"] and "text/html" in body["detail"] and "oops" not in body["detail"]
        assert answer.header("Retry-After") is None         # nobody is invited to do it twice


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_goes_again(reader, upstream, status):
    """Behind a pause as after 4400, and no sooner than it was asked for."""
    upstream.script(page(status, ("Retry-After", "1")), page(status), then=LINKS)
    answer = reader.get(BEFORE)
    assert answer.status == 200
    first, second, third = upstream.seen(3)
    assert second.at - first.at >= 1 and third.at - second.at >= 0.5
    assert len({received.params["Nonce"] for received in (first, second, third)}) == 3


@pytest.mark.parametrize("status, name, answered", [
    (429, "upstream-throttled", 429), (502, "upstream-invalid-answer", 502), (503, "upstream-invalid-answer", 502),
    (504, "upstream-invalid-answer", 502),
])
def test_a_read_that_has_to_wait(reader, upstream, status, name, answered):
    """Longer than a worker does: the caller is told when."""
    upstream.script(then=page(status, ("Retry-After", "17")))
    answer = reader.get(BEFORE)
    problem(answer, answered, name, retryable=True)
    assert answer.header("Retry-After") == "17"
    upstream.seen(1)


def test_other_statuses_are_not_tried_again(reader, upstream):
    for status in (400, 401, 403, 404, 500, 501):
        upstream.script(page(status))
        body = problem(reader.get(BEFORE), 502, "upstream-invalid-answer", retryable=True)
        assert body["detail"] == f"the upstream answered HTTP status {status}; its Content-Type is text/html"
        upstream.seen(1)


@pytest.mark.parametrize("status", [413, 414, 431])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_is_too_large_for_it(upstream, start, status, method):
    """It was not executed; a form has room where a query has none."""
    gateway = start(upstream.url, method=method)
    upstream.script(page(status))
    body = problem(gateway.delete(), 400, "upstream-rejected-parameter", outcome="not-executed", retryable=False)
    assert ("method: POST" in body["detail"]) == (method == "GET")
    upstream.seen(1)


@pytest.mark.parametrize("said, detail", [
    (Reply(b"<html>blocked</html>", headers=PAGE), "the upstream's answer is an HTML page of 20 bytes; its Content-Type is text/html"),
    (Reply(b"<html>" + b" " * 1228), "the upstream's answer is an HTML page of 1,234 bytes"),
    (Reply(gzip.compress(SAMPLE), headers=(("Content-Type", "application/json"),)),
     "the upstream's answer is compressed by gzip, which it was not asked for"),
    (Reply(b""), "the upstream's answer is empty"),
    (Reply(b"[]"), "the upstream's answer is JSON, but not an object"),
    (Reply(b'{"code":0,"code":0}'), "the upstream's answer has `code` twice"),
    (Reply(SAMPLE[:-1], headers=(("Content-Type", "text/plain"),)),
     "the upstream's answer of 38 bytes cannot be read as JSON: line 1, column 39: a comma or a bracket is missing; "
     "its Content-Type is text/plain"),
    (Reply(b"x", headers=(("Content-Type", "a b/c"),)),
     "the upstream's answer of 1 bytes cannot be read as JSON: line 1, column 1: a value is missing"),
    (Reply(b"x", headers=(("Content-Type", f"text/{SECRET_KEY}"),)),
     "the upstream's answer of 1 bytes cannot be read as JSON: line 1, column 1: a value is missing"),
])
def test_what_is_wrong_is_said(gateway, upstream, said, detail):
    upstream.script(said)
    assert problem(gateway.delete(), 502, "upstream-invalid-answer", outcome="unknown")["detail"] == detail


def test_the_least_code_there_is(gateway, upstream):
    """A number like any other, though it once stood for a name."""
    upstream.script(Reply(refusal(-2**63)))
    answer = gateway.delete()
    body = problem(answer, 502, "upstream-failed", outcome="unknown")
    assert body["upstream"]["code"] == -2**63 and str(-2**63) in body["detail"]
    assert gateway.record(answer)["upstreamCode"] == str(-2**63)


# ---- what the cloud does ----

DONE = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n"
INVALID = [
    ("not JSON", Reply(b"<html>oops</html>")),
    ("empty", Reply(b"")),
    ("an array", Reply(b'[{"code":0}]')),
    ("a number", Reply(b"0")),
    ("truncated JSON", Reply(SAMPLE[:-1])),
    ("trailing garbage", Reply(SAMPLE + b"x")),
    ("two objects", Reply(SAMPLE + SAMPLE)),
    ("duplicate keys", Reply(b'{"code":0,"code":5100,"message":"","taskId":1}')),
    ("no code", Reply(b'{"message":"","taskId":1}')),
    ("code null", Reply(b'{"code":null,"message":"","taskId":1}')),
    ("code true", Reply(b'{"code":true,"message":"","taskId":1}')),
    ("code 0.0", Reply(b'{"code":0.5,"message":"","taskId":1}')),
    ("code 2^64", Reply(b'{"code":18446744073709551616,"message":"","taskId":1}')),
    ("code 1e400", Reply(b'{"code":1e400,"message":"","taskId":1}')),
    ("code a list", Reply(b'{"code":[0],"message":"","taskId":1}')),
    ("code an object", Reply(b'{"code":{"code":0},"message":"","taskId":1}')),
    ("code an empty name", Reply(b'{"code":"","message":"","taskId":1}')),
    ("duplicate keys, one escaped", Reply(b'{"code":0,"c\\u006fde":5100,"message":"","taskId":1}')),
    ("two tasks", Reply(b'{"code":0,"message":"","taskId":1,"taskId":2}')),
    ("NUL behind it", Reply(SAMPLE + b"\0")),
    ("single quotes", Reply(b"{'code':0}")),
    ("UTF-16", Reply(SAMPLE.decode().encode("utf-16"))),
    ("not UTF-8", Reply(b'{"code":0,"message":"\xff","taskId":1}')),
    ("BOM", Reply(b"\xef\xbb\xbf" + SAMPLE)),
    ("deep", Reply(b'{"code":0,"message":"","a":' + b"[" * 100000 + b"]" * 100000 + b"}")),
    ("over 1 MiB", Reply(SAMPLE[:-1] + b" " * MIB + b"}")),
    ("over 1 MiB, length unknown",
     Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + SAMPLE[:-1] + b" " * (3 * MIB), close=True)),
    ("a length that is too short", Reply(raw=DONE % (len(SAMPLE) - 1) + SAMPLE)),
    ("header of 100,000 lines", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000 + b"\r\n" + SAMPLE, close=True)),
    ("a chunk's line without end",
     Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 1000, close=True)),
    ("100,000 answers of 100 before it", Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 100000 + Reply().wire())),
    ("status 500", Reply(b"oops", status=500)),
    ("status 204", Reply(raw=b"HTTP/1.1 204 No Content\r\n\r\n")),
    ("status 304", Reply(raw=b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    ("status 206", Reply(SAMPLE, status=206)),
    ("status 401", Reply(SAMPLE, status=401, headers=(("WWW-Authenticate", "Basic"),))),
    ("status 407", Reply(SAMPLE, status=407, headers=(("Proxy-Authenticate", "Basic"),))),
    ("status 421", Reply(SAMPLE, status=421)),
    ("status 503", Reply(SAMPLE, status=503, headers=(("Retry-After", "1"),))),
    ("status 404 and an envelope", Reply(SAMPLE, status=404)),
    ("redirect", Reply(SAMPLE, status=302, headers=(("Location", "http://127.0.0.1:9/"),))),
    ("redirect to itself", Reply(SAMPLE, status=307, headers=(("Location", ENDPOINT),))),
    ("redirect to a file", Reply(SAMPLE, status=301, headers=(("Location", "file:///etc/passwd"),))),
]


@pytest.mark.parametrize("reply", [row[1] for row in INVALID], ids=[row[0] for row in INVALID])
def test_an_answer_that_makes_no_sense(gateway, upstream, reply):
    """It may have been carried out all the same; nothing of the answer is passed on, and nothing is
    repeated."""
    upstream.script(reply)
    answer = gateway.delete()
    body = problem(answer, 502, "upstream-invalid-answer", outcome="unknown", retryable=False)
    assert "oops" not in json.dumps(body) and "smtp" not in json.dumps(body)
    assert gateway.delete().status == 202       # the next call is not poisoned by what was left over
    first, second = upstream.seen(2)
    assert first.connection != second.connection


NEITHER = [
    ("promises 10 GB", Reply(raw=DONE % (10 << 30) + SAMPLE, close=True)),
    ("headers of 1 MB", Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000000 + b"\r\n\r\n", close=True)),
    ("not HTTP", Reply(raw=b"220 smtp.example ESMTP\r\n", close=True)),
    ("chunks that are none",
     Reply(b"xyz\r\n" + SAMPLE, headers=(("Transfer-Encoding", "chunked"),), close=True)),
    ("a chunk of 2^64 bytes",
     Reply(b"10000000000000000\r\n" + SAMPLE, headers=(("Transfer-Encoding", "chunked"),), close=True)),
    ("a chunk without its end",
     Reply(b"27\r\n" + SAMPLE + b"0\r\n\r\n", headers=(("Transfer-Encoding", "chunked"),), close=True)),
    ("no last chunk",
     Reply(b"27\r\n" + SAMPLE + b"\r\n", headers=(("Transfer-Encoding", "chunked"),), close=True)),
    ("a coding that nobody knows", Reply(SAMPLE, headers=(("Transfer-Encoding", "rot13"),), cut=90)),
    ("compressed, unasked", Reply(b"\x1f\x8b\x08\0", headers=(("Content-Encoding", "gzip"),))),
    ("compressed, and a bomb", Reply(gzip.compress(b" " * (64 << 20)), headers=(("Content-Encoding", "gzip"),))),
    ("a negative length", Reply(raw=DONE.replace(b"%d", b"-1") + SAMPLE, close=True)),
    ("a length that is too long", Reply(raw=DONE % (len(SAMPLE) + 1) + SAMPLE)),
    ("two lengths", Reply(raw=DONE.replace(b"%d", b"1\r\nContent-Length: 2") + SAMPLE, close=True)),
    ("NUL in the header", Reply(raw=b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 39\r\n\r\n" + SAMPLE, cut=50)),
    ("HTTP/0.9", Reply(raw=SAMPLE, close=True)),
    ("HTTP/9.9", Reply(raw=b"HTTP/9.9 200 OK\r\nContent-Length: 39\r\n\r\n" + SAMPLE, close=True)),
    ("status 99999", Reply(raw=b"HTTP/1.1 99999 OK\r\nContent-Length: 39\r\n\r\n" + SAMPLE, close=True)),
    ("the header drips", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, drip=0.05 * SLOW)),
    ("answers of 100 drip", Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, drip=0.02 * SLOW)),
    ("the body drips", Reply(raw=DONE % 100000 + b" " * 100000, drip=0.02 * SLOW)),
    ("another protocol", Reply(raw=b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + SAMPLE, close=True)),
]


@pytest.mark.parametrize("reply", [row[1] for row in NEITHER], ids=[row[0] for row in NEITHER])
def test_an_answer_that_is_broken_below_its_content(gateway, upstream, reply):
    """Whether this is an invalid answer or none is a matter of taste; that nobody knows the outcome is
    not."""
    upstream.script(reply)
    begun = time.monotonic()
    answer = gateway.delete()
    assert time.monotonic() - begun < UPSTREAM_TIMEOUT + PATIENCE / 2
    assert answer.status in (502, 504)
    name = {502: "upstream-invalid-answer", 504: "upstream-timeout"}[answer.status]
    body = problem(answer, answer.status, name, outcome="unknown", retryable=False)
    assert "smtp" not in json.dumps(body)
    assert gateway.delete().status == 202
    first, second = upstream.seen(2)
    assert first.connection != second.connection


FORGED = b'{"code":0,"message":"","taskId":666}'


@pytest.mark.parametrize("reply", [
    Reply(raw=Reply().wire() + Reply(FORGED).wire()),
    Reply(raw=DONE.replace(b"%d", b"%d\r\nContent-Length: %d") % (len(SAMPLE), len(SAMPLE)) + SAMPLE + Reply(FORGED).wire()),
], ids=["behind the answer", "behind an answer with two lengths"])
def test_an_answer_to_no_question(gateway, upstream, reply):
    """What follows an answer is not the answer to the next caller, nor to the one after it."""
    upstream.script(reply)
    assert [gateway.delete().body for _ in range(3)] == [SAMPLE] * 3
    first, second, third = upstream.seen(3)
    assert first.connection != second.connection == third.connection


def test_a_length_that_is_none(gateway, upstream):
    """Beyond 64 bits, or no number: nobody can say where such an answer ends, nor whether this is all of it."""
    for length, slug in ((b"9" * 30, "upstream-invalid-answer"), (b"0x57", "upstream-timeout"), (b"-1", "upstream-timeout"),
                         (b"87, 88", "upstream-timeout")):
        upstream.script(Reply(raw=DONE.replace(b"%d", length) + SAMPLE, close=True), Reply())
        problem(gateway.delete(), 504 if slug == "upstream-timeout" else 502, slug, outcome="unknown")
        assert gateway.delete().status == 202
        first, second = upstream.seen(2)
        assert first.connection != second.connection


@pytest.mark.parametrize("reply", [Reply(close=True), Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", close=True),
                                   Reply(raw=b"nonsense\r\n\r\n")])
def test_no_connection_stays_behind(gateway, upstream, reply):
    """Whatever ends a connection, its descriptor is closed: fifty of them would be seen."""
    def descriptors():
        return len(os.listdir(f"/proc/{gateway.child.pid}/fd"))

    upstream.script(*[reply] * 50)
    gateway.delete()
    before = descriptors()
    for _ in range(49):
        gateway.delete()
    assert eventually(lambda: descriptors() <= before + 1)  # the callers' own are closed a moment after their answer


def test_chunks_and_trailers(gateway, upstream):
    """The other way to tell where an answer ends: this one is whole."""
    upstream.script(Reply(b"27\r\n" + SAMPLE + b"\r\n0\r\nX-Trailer: 1\r\n\r\n", headers=(("Transfer-Encoding", "chunked"),)))
    answer = gateway.delete()
    assert (answer.status, answer.body) == (202, SAMPLE)


def test_a_few_answers_of_100_are_none(gateway, upstream):
    upstream.script(Reply(raw=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + Reply().wire()))
    assert (gateway.delete().status, upstream.count()) == (202, 1)


def test_an_endless_answer_costs_little(gateway, upstream):
    """64 MiB, with and without a length: cut off at 1 MiB, and not kept."""
    def most():
        status = pathlib.Path(f"/proc/{gateway.child.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))

    gateway.delete()
    before = most()
    for head in (b"HTTP/1.1 200 OK\r\n\r\n", DONE % (64 << 20)):
        upstream.script(Reply(raw=head + b" " * (64 << 20), close=True))
        problem(gateway.delete(), 502, "upstream-invalid-answer", outcome="unknown")
    assert most() - before < 16 * 1024


@pytest.mark.parametrize("body", [
    b'{"code":0,"message":""}', b'{"code":0,"message":"","taskId":"135254"}',
    b'{"code":0,"message":"","taskId":null}', b'{"code":0,"message":"","taskId":-1}',
    b'{"code":0,"message":"","taskId":1.5}', b'{"code":0,"message":"","taskId":"../../x\\r\\nX-Evil: 1"}',
    b'{"code":0,"message":"","taskId":[1]}', b'{"code":0,"message":"","taskId":"' + b"9" * 100000 + b'"}',
])
def test_an_odd_task_id(gateway, upstream, body):
    """The cloud said 0.  Whatever the task's name looks like, no header may be made of it that is not a
    path.  The body is the cloud's own, so that the contract of harness/contract.py says nothing about it."""
    upstream.script(Reply(body))
    answer = Client(gateway.port).call("DELETE", f"/vpcs/{VPC}/classiclinks", document(), bearer())
    assert answer.header("X-Evil") is None
    if answer.status == 202:
        assert answer.body == body
        assert answer.header("Location") in (None, "/tasks/135254")
    else:
        problem(answer, 502, "upstream-invalid-answer", outcome="unknown")


def test_an_answer_of_exactly_1_mib(gateway, upstream):
    body = SAMPLE[:-1] + b" " * (MIB - len(SAMPLE)) + b"}"
    upstream.script(Reply(body))
    answer = gateway.delete()
    assert answer.status == 202 and answer.body == body


BROKEN = [
    ("hangs", HANG),
    ("hangs up", HANG_UP),
    ("resets", Reply(raw=b"", reset=True)),
    ("cut in the status line", Reply(cut=20)),
    ("cut behind the status line", Reply(cut=Reply().wire().index(b"\r\n") + 2)),
    ("cut before the length", Reply(cut=Reply().wire().index(b"Content-Length"))),
    ("cut before the empty line", Reply(cut=Reply().wire().index(b"\r\n\r\n") + 2)),
    ("cut in the body", Reply(cut=len(Reply().wire()) - 5)),
    ("drips", Reply(drip=0.1 * SLOW)),
    ("stalls in the body", Reply(raw=DONE % 39 + b'{"code":0')),
]


@pytest.mark.parametrize("reply", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_sent_then_broken_or_late(gateway, upstream, reply):
    """Sent is sent: 504, unknown, and never a second time; the deadline is for the whole answer."""
    upstream.script(reply)
    begun = time.monotonic()
    answer = gateway.delete()
    took = time.monotonic() - begun
    problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert took < 2 * UPSTREAM_TIMEOUT + 0.5 * SLOW
    record = gateway.record(answer)
    assert (record["outcome"], record["attempts"]) == ("unknown", 1)
    assert gateway.delete().status == 202       # the connection was not used again
    upstream.seen(2)


def test_pooled_connection_that_dies_on_the_second_request(gateway, upstream):
    """A client library repeats such a request silently.  A change must not be: the upstream read it, so
    may have done it."""
    upstream.drop()
    upstream.script(Reply(), HANG_UP)
    assert gateway.delete().status == 202
    problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown")
    first, second = upstream.seen(2)
    assert first.connection == second.connection, "the second request should have met the pooled connection"
    assert gateway.delete().status == 202
    upstream.seen(3)                            # nothing came between them, nor with this one


def test_pooled_connection_that_was_closed_while_idle(gateway, upstream):
    """Closed before anything was sent: nothing was executed, a fresh connection may serve."""
    assert gateway.delete().status == 202
    upstream.drop()
    assert eventually(lambda: sockets(CLOSE_WAIT, remote=upstream.port)), "the gateway's side knows of the end"
    answer = gateway.delete()
    assert answer.status == 202
    upstream.seen(2)


def test_nobody_listens(upstream, start):
    with socket.socket() as bound:              # bound, not listening: a port that refuses
        bound.bind(("127.0.0.1", 0))
        gateway = start(f"http://127.0.0.1:{bound.getsockname()[1]}/v2/index.php")
        answer = gateway.delete()
    body = problem(answer, 502, "upstream-unreachable", outcome="not-executed", retryable=True)
    assert "127.0.0.1" not in body["detail"], "the caller need not know where"
    assert gateway.record(answer)["outcome"] == "not-executed"


def test_all_slots_taken(upstream, start):
    """A short wait, then 503: the gateway does not queue for ever, and the one that waited was not
    executed."""
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway = start(upstream.url, slots=1, timeout=f"{10 * SLOW:.0f}s")
    answers = []
    holder = threading.Thread(target=lambda: answers.append(gateway.delete()))
    holder.start()
    try:
        upstream.seen(1)
        begun = time.monotonic()
        answer = gateway.delete()
        took = time.monotonic() - begun
    finally:
        gate.set()
        holder.join()
    problem(answer, 503, "busy", outcome="not-executed", retryable=True)
    assert int(answer.header("Retry-After")) >= 1
    assert took < 5 * SLOW
    assert answers[0].status == 202
    assert eventually(lambda: gateway.delete().status == 202)


def test_slots_come_back(upstream, start):
    """Each way to fail gives its slot back: more failures than slots, then all is well."""
    gateway = start(upstream.url, slots=2)
    upstream.script(HANG_UP, Reply(b"x"), Reply(refusal(4000)), Reply(status=500), Reply(cut=10), HANG_UP)
    for _ in range(6):
        assert gateway.delete().status >= 400
    assert gateway.delete().status == 202


# ---- what must not come through ----

def disguises(value):
    """A secret as it can come back: as it is, in base64 at each alignment, in hex, in URLs, in JSON."""
    raw = value.encode()
    for lead in (b"", b"x", b"xy"):
        yield base64.b64encode(lead + raw).decode()
        yield base64.urlsafe_b64encode(lead + raw).decode()
    yield from (value, raw.hex(), raw.hex().upper(), urllib.parse.quote(value, safe=""))
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield "".join(f"\\u{byte:04x}" for byte in raw)


def test_no_disguise_of_a_secret_is_passed_on(gateway, upstream):
    """In a good answer and in a refusal, in the body and in a header: nobody sees it, and the connection ends."""
    for value in [form for secret in (SECRET_ID, SECRET_KEY) for form in disguises(secret)]:
        for code in (0, 4000):
            upstream.script(Reply(b'{"code":%d,"message":"","taskId":1,"echo":"%s"}' % (code, value.encode())))
            answer = gateway.delete()
            assert answer.status == (502 if code == 0 else 400), value
            assert value.encode() not in answer.body
            assert gateway.delete().status == 202
            first, second = upstream.seen(2)
            assert first.connection != second.connection
        assert value not in gateway.words()


def test_no_header_of_the_answer_is_passed_on(gateway, upstream):
    upstream.script(Reply(headers=(("X-Echo", SECRET_KEY), ("Set-Cookie", SECRET_KEY), ("Location", SECRET_KEY),
                                   ("X-Request-Id", SECRET_ID), ("Server", "oops"))))
    answer = gateway.delete()
    assert answer.status == 202
    said = str(answer.headers)
    assert SECRET_KEY not in said and SECRET_ID not in said and "oops" not in said and "Set-Cookie" not in said
    assert answer.header("Location") == "/tasks/135254"
    upstream.script()
    assert gateway.delete().status == 202
    assert "cookie" not in upstream.seen(1)[0].headers


def test_what_the_upstream_echoes_is_scrubbed(gateway, upstream):
    """An upstream that quotes our request in its message, or somebody who makes it do so."""
    leaks = [SECRET_ID, SECRET_KEY, TOKEN]
    upstream.script(Reply(refusal(4100, "AuthFailure", "bad " + " ".join(leaks) + " end")))
    answer = gateway.delete()
    body = problem(answer, 502, "upstream-credential")
    assert body["upstream"]["code"] == 4100
    for leak in leaks:
        assert leak not in answer.body.decode()
        assert leak not in gateway.words()


def test_a_signature_that_comes_back_is_scrubbed(sandbox, start):
    cloud = sandbox("--fault", "*:echo-secret")
    gateway = start(cloud.url)
    answer = gateway.delete()
    gateway.record(answer)
    for leak in (SECRET_ID, SECRET_KEY, TOKEN):
        assert leak not in answer.body.decode() and leak not in gateway.words()


@pytest.mark.parametrize("message", [
    "line\none", "quote\"back\\slash", "\u001b[31mred", "\u2028\u202e", "\ud83d\ude00", "x" * 20000,
])
def test_an_odd_message_stays_a_json_string(gateway, upstream, message):
    upstream.script(Reply(refusal(4000, message=message)))
    answer = gateway.delete()
    body = problem(answer, 400, "upstream-rejected-parameter")
    assert len(answer.body) < 8192
    assert isinstance(body["upstream"]["message"], str)
    gateway.record(answer)


FAULTS = [
    ("*:code=4400", 429, "upstream-throttled", "not-executed"),
    ("DetachClassicLinkVpc:code=6200", 503, "upstream-maintenance", "not-executed"),
    ("*:code=4500", 502, "upstream-clock", "not-executed"),
    ("*:code=4500:count=1", 202, None, None),
    ("*:cut", 504, "upstream-timeout", "unknown"),
    ("*:hang", 504, "upstream-timeout", "unknown"),
    ("*:garbage", 502, "upstream-invalid-answer", "unknown"),
    ("*:huge=2000000", 502, "upstream-invalid-answer", "unknown"),
    ("*:redirect=http://127.0.0.1:1/", 502, "upstream-invalid-answer", "unknown"),
    ("*:status=500", 502, "upstream-invalid-answer", "unknown"),
    ("AttachClassicLinkVpc:code=4400", 202, None, None),
]


def test_the_sandboxs_faults(sandbox, start):
    """The upstream that users have at hand misbehaves in the ways that its manual promises."""
    cloud = sandbox()
    gateway = start(cloud.url)
    for fault, status, name, outcome in FAULTS:
        cloud.faults(fault)
        answer = gateway.delete()
        if name:
            problem(answer, status, name, outcome=outcome)
        else:
            assert answer.status == status, f"{fault}: {answer}"
