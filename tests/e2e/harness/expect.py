"""What every answer owes to its caller, in one place."""

import json
import re
import time

TYPE = "urn:countersign:problem:"
MEMBERS = {"parameter", "expected", "example", "meant", "type", "title", "status", "detail", "requestId", "retryable", "outcome", "upstream", "rule"}
OURS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def courtesy(answer):
    """The headers that every answer carries, refusal or not."""
    assert OURS.fullmatch(answer.header("X-Request-Id") or ""), answer.headers
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("X-Content-Type-Options") == "nosniff"


def problem(answer, status, name, **members):
    """An RFC 9457 answer with this status and type; `members` are compared too.  Gives the parsed body."""
    assert answer.status == status, f"{answer.status} {answer.body!r}"
    courtesy(answer)
    assert answer.header("Content-Type") == "application/problem+json"
    body = json.loads(answer.body, object_pairs_hook=unique)
    assert body["type"] == TYPE + name, body
    assert body["status"] == status
    assert body["requestId"] == answer.header("X-Request-Id")
    assert isinstance(body["title"], str) and body["title"], body
    assert isinstance(body["detail"], str) and body["detail"], body
    assert isinstance(body["retryable"], bool), body
    assert set(body) <= MEMBERS, body
    for member, value in members.items():
        assert body.get(member) == value, f"{member}: {body}"
    return body


def unique(pairs):
    """An object hook: json.loads alone would hide a name that occurs twice."""
    assert len(pairs) == len({name for name, _ in pairs}), f"duplicate names: {pairs}"
    return dict(pairs)


def quick(call, within):
    """Whether one of three calls takes less than that; not each, since a machine may be busy."""
    def once():
        begun = time.monotonic()
        call()
        return time.monotonic() - begun < within
    return any(once() for _ in range(3))
