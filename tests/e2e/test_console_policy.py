"""The console's page that tests a policy first: findings, its own tests, who may do more, what of the past would flip."""

import json

import pytest

from harness.gateway import NOBODY, fingerprint
from harness.world import VPC, eventually
from test_console import HOSTILE, Operator, Page
from test_operators import ALICE, RULES, VERA


@pytest.fixture
def gateway(start, upstream):
    return start(upstream.url, rules=RULES, top={"console": True, "audit": "audit.log"})


def pasted(operator, text):
    answer = operator.send("/console/policy", policy=text)
    assert answer.status == 200, answer
    return Page(answer.body.decode())


def in_force(gateway):
    return gateway.call("GET", "/version", port=gateway.admin).json()


def test_what_a_policy_would_change(gateway):
    """A candidate that takes the main job away: found by findings, difference and replay; and nothing is in force."""
    vera = Operator(gateway, VERA)
    good = gateway.delete().header("X-Request-Id")
    denied = gateway.delete(vpc="vpc-another1").header("X-Request-Id")
    assert eventually(lambda: vera.page("/console/decisions").has(denied))
    before, text = in_force(gateway), (gateway.file.parent / "policy.yaml").read_text()
    page = pasted(vera, text)
    assert page.has("it can be loaded") and page.has("0 more, 0 less") and page.has("0 verdicts would be another, 2 stay")
    page = pasted(vera, text.replace("vpc-another1", "vpc-x").replace(VPC, "vpc-another1"))
    assert page.has("2 verdicts would be another") and page.has(good) and page.has(denied)
    assert page.has("network-console") and page.has("vpcId vpc-another1") and not page.has("0 less")
    assert in_force(gateway) == before and gateway.delete().status == 202


def test_findings_and_its_own_tests(gateway):
    vera = Operator(gateway, VERA)
    text = (gateway.file.parent / "policy.yaml").read_text()
    page = pasted(vera, "colour: blue\n" + text)
    assert page.has("it would be refused") and page.has("line 1: ") and page.has("colour")
    assert not page.has("Who may do more"), "there is no policy to compare"
    tests = [{"client": "network-console", "request": f"DELETE /vpcs/{VPC}/classiclinks", "body": {"instanceIds": ["ins-df454d"]}, "expect": "deny"}]
    page = pasted(vera, text.rstrip() + "\ntests: " + json.dumps(tests) + "\n")
    assert page.has("the test expects deny") and page.has("Its own tests: 1, not all pass")
    page = pasted(vera, text.rstrip() + "\ntests: " + json.dumps(tests).replace('"deny"', '"allow"') + "\n")
    assert page.has("Its own tests: 1, all pass") and page.has("it can be loaded")


def test_it_has_no_end_but_the_forms(gateway):
    """Longer than other forms may be; longer than this one; without a session, no such body is read."""
    vera = Operator(gateway, VERA)
    text = (gateway.file.parent / "policy.yaml").read_text()
    page = pasted(vera, text + "# " + "x" * 1_000_000 + "\n")
    assert page.has("it can be loaded")
    long = vera.post("/console/policy", {"form": vera.form(), "policy": "# " + "x" * 6_500_000})
    assert long.status == 413
    assert Operator(gateway).post("/console/policy", {"policy": "x" * 100_000}).status == 401
    for text in ("", "\x00", "- a\n" * 10, "{", "a: &a [*a]", "[" * 5000, "clients: !!binary x"):
        page = Page(vera.send("/console/policy", policy=text).body.decode())
        assert page.has("it would be refused") or page.has("That is no text.")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_policy_that_looks_like_html_is_text(gateway, value):
    vera = Operator(gateway, VERA)
    texts = [value, json.dumps({value: value}), json.dumps({"clients": {value: {"tokens": [{"id": value, "sha256": fingerprint(NOBODY)}]}}}),
             json.dumps({"rules": [{"allow": [value], "actions": [value], "where": {value: [value]}, "id": value, "note": value}]})]
    for text in texts:
        page = pasted(vera, text)
        assert not {"script", "img", "b", "svg"} & set(page.tags) and page.tags.count("textarea") == 1
        assert not any(name.startswith("on") for _, name, _ in page.attributes)
        assert page.has(text), "what was pasted stands in the form again"


def test_the_form_takes_no_policy_without_its_token(gateway):
    alice = Operator(gateway, ALICE)
    assert alice.post("/console/policy", {"policy": "a: b"}).status == 403
    assert alice.get("/console/policy").status == 200
