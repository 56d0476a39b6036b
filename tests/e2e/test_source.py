"""Behind a proxy: whom limits, policy and log take for the caller."""

import pytest

from harness.gateway import POLICY, TOKEN

REAL = "203.0.113.9"
FROM = {**POLICY, "rules": [{**POLICY["rules"][0], "from": ["203.0.113.0/24"]}]}


def forwarded(*chain):
    return {"X-Forwarded-For": ", ".join(chain)}


@pytest.fixture
def behind(start, upstream):
    """behind(...) is a gateway that trusts a proxy on this host."""
    def begin(**options):
        top = {"trusted_proxies": ["127.0.0.1"], **options.pop("top", {})}
        return start(upstream.url, top=top, **options)
    return begin


def test_the_log_names_the_caller(behind):
    gateway = behind()
    for headers, source in ((forwarded(REAL), REAL), (forwarded("10.0.0.1", REAL), REAL),
                            (forwarded("2001:DB8::0:9"), "2001:db8::9"), (forwarded(f"{REAL}:4711"), REAL),
                            (forwarded("[2001:db8::9]:4711"), "2001:db8::9"), ({}, "127.0.0.1")):
        answer = gateway.delete(headers=headers)
        assert answer.status == 202
        assert gateway.record(answer)["source"] == source


def test_nobody_else_is_believed(start, upstream):
    gateway = start(upstream.url)
    answer = gateway.delete(headers=forwarded(REAL))
    assert answer.status == 202 and gateway.record(answer)["source"] == "127.0.0.1"
    assert gateway.delete(headers={"X-Forwarded-For": "nonsense"}).status == 202


def test_a_proxy_that_names_nobody(behind, upstream):
    """Nobody can say who asks: refused before the token is looked at, and nothing is sent."""
    gateway = behind()
    for value in ("", "unknown", f"{REAL}:port", f"{REAL},"):
        answer = gateway.delete(headers={"X-Forwarded-For": value})
        assert answer.status == 400 and answer.json()["type"].endswith(":malformed-request"), value
        assert gateway.record(answer)["source"] == "127.0.0.1"
    assert upstream.count() == 0


def test_from_judges_the_caller(behind):
    gateway = behind(rules=FROM)
    assert gateway.delete(headers=forwarded(REAL)).status == 202
    assert gateway.delete(headers=forwarded("198.51.100.1")).status == 403
    assert gateway.delete(headers=forwarded(REAL, "198.51.100.1")).status == 403, "the caller wrote the left one"
    assert gateway.delete().status == 403


def test_from_is_not_fooled_without_a_proxy(start, upstream):
    gateway = start(upstream.url, rules=FROM)
    assert gateway.delete(headers=forwarded(REAL)).status == 403
    assert upstream.count() == 0


def test_who_guesses_tokens_slows_only_himself(behind):
    """The limit on wrong tokens counts by caller, not by proxy; and no header gets around it."""
    gateway = behind(top={"failed_auth": "1/h burst 3"})
    for attempt in range(5):
        headers = forwarded(f"192.0.2.{attempt}", REAL)         # pretends to be somebody else each time
        assert gateway.delete(token="wrong", headers=headers).status == (401 if attempt < 3 else 429)
    assert gateway.delete(token="wrong", headers=forwarded("198.51.100.1")).status == 401
    assert gateway.delete(token=TOKEN, headers=forwarded(REAL)).status == 202


def test_a_reload_changes_whom_we_trust(behind, upstream, tmp_path):
    gateway = behind()
    file = gateway.child.args[-1]
    text = open(file, encoding="utf-8").read()
    assert 'trusted_proxies: ["127.0.0.1"]' in text
    with open(file, "w", encoding="utf-8") as out:
        out.write(text.replace('["127.0.0.1"]', '["10.0.0.1"]'))
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    answer = gateway.delete(headers=forwarded(REAL))
    assert gateway.record(answer)["source"] == "127.0.0.1"
