"""Bodies up to body_max, and what all workers together may hold of them; documents that are as large and as deep as they
may be, and a little more."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, bearer, configure
from harness.process import run
from harness.shapes import DEFINITIONS
from harness.upstream import Reply
from harness.world import eventually

MIB = 1024 * 1024
OPEN = {"doors": {"actions": True}, "definitions": str(DEFINITIONS)}
GOOD = Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}})
READ = "/actions/ocr/GeneralBasicOCR"
RULE = "/actions/billing/ModifyGatherRule"
ROUTE = "/vpcs/vpc-2ari9m7h/classiclinks"


@pytest.fixture
def door(upstream, start):
    def begin(*rules, **top):
        upstream.script(then=GOOD)
        rules = rules or ({"id": "all", "allow": ["network-console"], "actions": ["*"]},)
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=("ocr", "billing", "vpc"),
                     rules={**POLICY, "rules": list(rules)}, top={**OPEN, **top}, timeout="20s")
    return begin


def image(length):
    """A document of so many bytes, nearly all of them one text."""
    document = b'{"ImageBase64":"' + b"A" * (length - 18) + b'"}'
    assert len(document) == length
    return document


def post(gateway, path, body, **fields):
    return gateway.call("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), bearer(headers=fields))


def pieces(body, size=100000):
    for start in range(0, len(body), size):
        yield body[start:start + size]


@pytest.mark.parametrize("body_max, most", [(None, MIB), ("64KiB", 64 * 1024), ("10MiB", 10 * MIB), (70000, 70000)])
def test_a_document_has_up_to_body_max(door, upstream, body_max, most):
    gateway = door(**({"body_max": body_max} if body_max else {}))
    for body in (image(most), pieces(image(most))):         # with a length, and in chunks
        assert gateway.call("POST", READ, body, bearer()).status == 200
    for body in (image(most + 1), pieces(image(most + 1))):
        found = problem(gateway.call("POST", READ, body, bearer()), 413, "content-too-large")
        assert found["detail"] == f"the body may have at most {most} bytes"
    assert [one.body for one in upstream.seen(2)] == [image(most)] * 2


def test_routes_keep_their_64_kib(door, upstream):
    gateway = door(body_max="10MiB")
    for path in (ROUTE, "/actions/ocr"):
        answer = gateway.call("DELETE" if path == ROUTE else "POST", path, image(64 * 1024 + 1), bearer())
        assert problem(answer, 413, "content-too-large")["detail"] == "the body may have at most 65536 bytes"
    assert upstream.seen(0) == []


@pytest.mark.parametrize("value, message", [("11MiB", "body_max"), ("1KiB", "body_max"), ("1GB", "must be a size such as"),
                                            ("much", "must be a size such as")])
def test_body_max_is_64_kib_to_10_mib(tmp_path, value, message):
    done = run("check", "-c", str(configure(tmp_path, "http://127.0.0.1:1/", generation=3, top={"body_max": value})))
    assert done.returncode == 78 and message in done.stderr


def test_all_workers_together_hold_a_bounded_part(door, upstream):
    """Three of 10 MiB are on their way; there is no room for a fourth, but for small ones; and when they leave, there is."""
    gateway = door(body_max="10MiB")

    def head(length):
        """Of a sender that waits for an invitation: one that sends at once may lose the answer with its connection."""
        return (f"POST {READ} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n").encode()

    def asked():
        with gateway.wire() as wire:
            return wire.send(head(3 * MIB)).read()

    wires = [gateway.wire().send(head(10 * MIB)) for _ in range(3)]
    for wire in wires:      # each has its part before anybody else asks
        assert wire.read().status == 100
        wire.send(b"{")
    answer = asked()
    assert problem(answer, 503, "busy")["detail"] == "too many large documents are on their way"
    assert answer.header("Retry-After") is not None
    assert post(gateway, READ, image(60000)).status == 200
    for wire in wires:
        wire.socket.close()
    assert eventually(lambda: asked().status == 100)
    assert post(gateway, READ, image(3 * MIB)).status == 200


def test_ten_mib_go_through_to_the_sandbox(sandbox, start):
    """Signed, verified and checked there; the largest that the vendor takes."""
    upstream = sandbox("--quiet", "--definitions", str(DEFINITIONS))
    gateway = start(upstream.base + "/", generation=3, services=("ocr",), top={**OPEN, "body_max": "10MiB"}, timeout="20s",
                    rules={**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]})
    assert post(gateway, READ, image(10 * MIB)).status == 200


# ---- deep, long, much ----

def nested(levels):
    """A document of so many objects, one in the other."""
    inner = {}
    for _ in range(levels - 2):
        inner = {"Children": [inner]}
    return {"Id": 1, "RuleDetail": inner}


def test_fifteen_levels(door, upstream):
    gateway = door()
    assert post(gateway, RULE, nested(15)).status == 200
    for levels in (16, 17, 40, 400):
        detail = problem(post(gateway, RULE, nested(levels)), 400, "invalid-parameter")["detail"]
        assert "deep" in detail or "nest" in detail, detail
    assert len(upstream.seen(1)) == 1


@pytest.mark.parametrize("items, status", [(5000, 200), (5001, 400), (10000, 400)])
def test_the_items_of_a_list(door, items, status):
    gateway = door()
    answer = post(gateway, RULE, {"Id": 1, "RuleDetail": {"RuleKey": "x", "RuleValue": ["1"] * items}})
    assert answer.status == status
    if status == 400:
        assert answer.json()["detail"] == "RuleDetail.RuleValue may have at most 5000 items"


def test_what_is_judged_is_bounded_too(door, upstream):
    """It is recorded whole: a record must not grow with body_max."""
    gateway = door({"id": "text", "allow": ["network-console"], "actions": ["ocr:*"], "where": {"ImageBase64": ["A*"]}})
    assert post(gateway, READ, image(60000)).status == 200
    found = problem(post(gateway, READ, image(100000)), 400, "invalid-parameter")
    assert found["detail"] == "ImageBase64 is judged and recorded: what is may have at most 64 KiB in all"
    assert len(upstream.seen(1)) == 1
