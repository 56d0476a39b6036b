"""The console's pages about the past: the last requests, and why each was decided as it was."""

import json
import re
from urllib.parse import quote

import pytest

from harness import chain
from harness.gateway import TOKEN
from harness.upstream import HANG_UP, Reply
from harness.world import SAMPLE, VPC, eventually
from test_console import HOSTILE, Operator, Page
from test_operators import ALICE, RULES, VERA, ask


@pytest.fixture
def console(start, upstream):
    """An option that is None is left out."""
    def begin(rules=RULES, **top):
        options = {"console": True, "audit": "audit.log", **top}
        return start(upstream.url, rules=rules, top={key: value for key, value in options.items() if value is not None})
    return begin


def shows(operator, path, words):
    """The log's lines are gathered for some milliseconds before they are there."""
    found = eventually(lambda: (page := operator.page(path)).has(words) and page)
    assert found, f"{path} never had {words!r}"
    return found


def rows(page):
    return page.tags.count("tr") - 1


def test_the_last_requests_by_filter(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    good = gateway.delete().header("X-Request-Id")
    other = gateway.delete(vpc="vpc-another1").header("X-Request-Id")
    stranger = gateway.call("GET", "/vpcs", headers={"Authorization": "Bearer wrong"})
    assert stranger.status == 401
    page = shows(alice, "/console/decisions", stranger.header("X-Request-Id"))
    assert page.has(good) and page.has(other) and page.has("allow") and page.has("deny") and page.has("401") and rows(page) == 3
    assert rows(alice.page("/console/decisions?verdict=deny")) == 1
    for question, there in ((f"request={good}", good), ("outcome=executed", good), ("verdict=allow", good), ("verdict=deny", other)):
        found = alice.page(f"/console/decisions?{question}")
        assert found.has(there) and rows(found) == 1, question
    rule = re.search(r'<td>([\w./:-]*)</td><td class="number">202', alice.get("/console/decisions").body.decode())[1]
    assert rule and rows(alice.page(f"/console/decisions?rule={quote(rule)}")) == 1
    assert rows(alice.page("/console/decisions?client=network-console")) == 2
    assert rows(alice.page("/console/decisions?action=DetachClassicLinkVpc&client=network-console&verdict=allow")) == 1
    assert rows(alice.page("/console/decisions?client=nobody")) == 0
    assert rows(alice.page("/console/decisions?client=network-consol")) == 0, "the whole name"


def test_why_and_what_would_have_been_allowed(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    good = gateway.delete().header("X-Request-Id")
    denied = gateway.delete(vpc="vpc-another1").header("X-Request-Id")
    page = shows(alice, f"/console/decision?request={denied}", "Why: deny")
    assert page.has("verdict  denied: no rule allows it") and page.has("vpcId is vpc-another1; the rule has")
    assert page.has("What network-console may do with DetachClassicLinkVpc") and page.has(VPC)
    page = shows(alice, f"/console/decision?request={good}", "Why: allow")
    lines = gateway.file.parent.joinpath("policy.yaml").read_text().splitlines()
    rule = page.words[[i for i, word in enumerate(page.words) if word.startswith("Rule ")][0] + 1]
    line = int(re.search(r"policy\.yaml:(\d+)", rule)[1])
    assert page.has(f"{line}: {lines[line - 1]}"), "the rule as its file has it"
    refused = gateway.call("GET", "/vpcs", headers={"Authorization": "Bearer wrong"}).header("X-Request-Id")
    assert shows(alice, f"/console/decision?request={refused}", "The policy was not asked").has("unauthenticated")
    assert alice.page("/console/decision?request=none").has("not among the last")


def test_a_rule_is_not_shown_from_a_file_that_has_changed(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    good = gateway.delete().header("X-Request-Id")
    shows(alice, f"/console/decision?request={good}", "Why: allow")
    policy = gateway.file.parent / "policy.yaml"
    policy.write_text("# a line more\n" + policy.read_text())
    assert alice.page(f"/console/decision?request={good}").has("Its file has changed since")
    assert ask(gateway, "POST", "/reload").status == 200
    page = alice.page(f"/console/decision?request={good}")
    assert page.has("The configuration has changed since") and not page.has("Its file has changed since")


def test_why_by_a_policy_that_has_lost_what_decided(console):
    """A rule and a client of that time that are gone: it is said, and what the one in force says."""
    gateway = console()
    alice = Operator(gateway, ALICE)
    denied = gateway.delete({"instanceIds": ["ins-bastion1"]}).header("X-Request-Id")
    shows(alice, f"/console/decision?request={denied}", "Why: deny")
    policy = gateway.file.parent / "policy.yaml"
    text = policy.read_text()
    policy.write_text(text.replace('"id": "never-bastion"', '"id": "bastions-never"'))
    assert ask(gateway, "POST", "/reload").status == 200
    page = alice.page(f"/console/decision?request={denied}")
    assert page.has("The policy in force has no rule never-bastion") and page.has("Rule bastions-never")
    policy.write_text(text.replace("network-console", "console-of-old"))
    assert ask(gateway, "POST", "/reload").status == 200
    page = alice.page(f"/console/decision?request={denied}")
    assert page.has("The policy in force has no client network-console any more") and not page.has("What network-console may do")


def test_more_than_a_page(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    for _ in range(120):
        assert gateway.call("GET", "/vpcs", headers={"Authorization": f"Bearer {TOKEN}"}).status in (200, 403, 404)
    shows(alice, "/console/decisions", "120 of the last 120 requests")
    page = alice.page("/console/decisions?client=network-console")
    assert rows(page) == 100
    older = [value for _, name, value in page.attributes if name == "href" and "skip=" in value]
    assert older == ["/console/decisions?skip=100&client=network-console"]
    page = alice.page(older[0])
    assert rows(page) == 20 and page.has("Newer") and not page.has("Older")


def test_no_requests_are_kept_where_there_is_no_console(console):
    """Switched on by a reload, it begins with the next request."""
    gateway = console(console=False)
    early = gateway.record(gateway.delete())["requestId"]       # its line has been written
    text = gateway.file.read_text()
    assert "console: false" in text.replace('"', "")
    gateway.file.write_text(re.sub(r'"?console"?: false', "console: true", text))
    assert ask(gateway, "POST", "/reload").status == 200
    late = gateway.delete().header("X-Request-Id")
    page = shows(Operator(gateway, ALICE), "/console/decisions", late)
    assert not page.has(early)


@pytest.mark.parametrize("value", HOSTILE)
def test_values_of_callers_that_look_like_html_are_text(console, value):
    gateway = console()
    alice = Operator(gateway, ALICE)
    headers = {"Authorization": f"Bearer {TOKEN}", "Countersign-Subject": value.encode("ascii", "replace").decode()}
    path = "/vpcs/" + quote(value, safe="") + "/classiclinks"
    request = gateway.call("DELETE", path, json.dumps({"instanceIds": [value]}), {**headers, "Content-Type": "application/json"}).header("X-Request-Id")
    shows(alice, "/console/decisions", request)
    asked = quote(value, safe="")
    for page in ("/console/decisions", f"/console/decision?request={request}",
                 f"/console/decisions?client={asked}&action={asked}&rule={asked}&request={asked}&verdict={asked}&skip={asked}",
                 f"/console/decision?request={asked}"):
        found = alice.page(page)
        assert not {"script", "img", "b", "svg"} & set(found.tags), found.tags
        assert not any(name.startswith("on") for _, name, _ in found.attributes)


# ---- open questions, and the audit file ----

def test_a_change_of_unknown_outcome_is_an_open_question_until_it_is_settled(console, upstream):
    gateway = console()
    alice, vera = Operator(gateway, ALICE), Operator(gateway, VERA)
    assert alice.page("/console/questions").has("There are none.")
    upstream.script(HANG_UP)
    request = gateway.delete().header("X-Request-Id")
    gateway.delete()
    page = alice.page("/console/questions")
    assert page.has(request) and page.has("outcome unknown") and page.has(VPC)
    assert page.words.count("DetachClassicLinkVpc") == 2, "the other one was executed: its task is all that is asked of it"
    (seq,) = [value for tag, name, value in page.attributes if name == "value" and value.isdigit()]
    assert not vera.page("/console/questions").has("Seen where?")
    assert vera.send("/console/settle", seq=seq, outcome="executed", note="x").status == 403
    assert alice.send("/console/settle", seq=seq, outcome="maybe", note="x").status == 400
    assert alice.send("/console/settle", seq="9999", outcome="executed", note="x").status == 409
    answer = alice.send("/console/settle", seq=seq, outcome="not-executed", note="<b>seen</b> in the console")
    assert answer.status == 200 and not Page(answer.body.decode()).has(request)
    record, = [each for each in chain.records(gateway.file.parent / "audit.log") if each["audit"] == "settle"]
    assert (record["by"], record["operator"], record["outcome"], record["requestId"]) == ("alice", "alice", "not-executed", request)
    page = alice.page(f"/console/audit?request={request}")
    assert page.has("settled by alice: <b>seen</b> in the console") and "b" not in page.tags


def test_rules_in_audit_mode_that_would_have_decided_otherwise(console):
    rules = json.loads(json.dumps(RULES))
    rules["rules"] = [*rules["rules"], {"deny": ["network-console"], "actions": ["DetachClassicLinkVpc"], "mode": "audit", "id": "shadow1"}]
    gateway = console(rules)
    alice = Operator(gateway, ALICE)
    for _ in range(3):
        request = gateway.delete().header("X-Request-Id")
    shows(alice, "/console/decisions", request)
    page = alice.page("/console/questions")
    assert page.has("shadow1") and "3" in page.words and f"/console/decision?request={request}" in [value for *_, value in page.attributes]


def test_the_audit_file_searched_and_verified(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    first = gateway.delete().header("X-Request-Id")
    assert gateway.delete(vpc="vpc-another1").status == 403
    page = alice.page("/console/audit")
    assert page.has(first) and page.has("executed") and rows(page) == 1
    for question, count in ((f"value={VPC}", 1), ("value=vpc-x", 0), ("client=network-console", 1), ("client=x", 0), ("outcome=unknown", 0),
                            (f"request={first}", 1), ("since=2035-01-01", 0), ("until=2035-01-01", 1), ("action=DetachClassicLinkVpc&outcome=executed", 1)):
        assert rows(alice.page(f"/console/audit?{question}")) == count, question
    assert alice.page("/console/audit?since=noon").has("are a date")
    audit = gateway.file.parent / "audit.log"
    page = alice.page("/console/audit?verify=1")
    assert page.has("Verified: it holds") and page.has("begins with record 1,")
    audit.write_bytes(audit.read_bytes().replace(VPC.encode(), b"vpc-altered"[:len(VPC)].ljust(len(VPC), b"1")))
    page = alice.page("/console/audit?verify=1")
    assert page.has("it does not hold") and re.search(r"audit\.log:\d", "".join(page.words)) and page.has("BROKEN:")
    assert alice.page("/console/audit").has("does not hold")


def test_only_the_end_of_a_long_audit_file_is_read(console, tmp_path):
    """Far more than the pages read: they begin at a whole line, and the chain holds from there."""
    gateway = console()
    alice = Operator(gateway, ALICE)
    request = gateway.delete().header("X-Request-Id")
    audit = gateway.file.parent / "audit.log"
    before = b'{"of":"an older release"}\n' * 700_000        # 18 MB that the pages need not look at
    audit.write_bytes(before + audit.read_bytes())
    page = alice.page("/console/audit")
    assert page.has(request) and rows(page) == 1


def test_without_an_audit_file_the_pages_say_so(console):
    gateway = console(audit=None)
    alice = Operator(gateway, ALICE)
    for path in ("/console/audit", "/console/audit?verify=1", "/console/questions"):
        assert alice.get(path).status == 200
    assert alice.page("/console/audit").has("No audit file is kept")


# ---- what is used ----

def test_what_nothing_has_used_and_what_would_be_enough(console):
    rules = json.loads(json.dumps(RULES))
    rules["rules"] = [*rules["rules"], {"allow": ["network-console"], "actions": ["DescribeVpcClassicLink"], "id": "never-used"}]
    gateway = console(rules)
    alice = Operator(gateway, ALICE)
    assert alice.page("/console/tokens").has("not lately")
    gateway.delete()
    for _ in range(3):
        request = gateway.delete(vpc="vpc-another1").header("X-Request-Id")
    shows(alice, "/console/decisions", request)
    page = alice.page("/console/usage")
    assert page.has("never-used") and page.has(f'"vpcId": ["{VPC}"]') and page.has('"vpcId": ["vpc-another1"]')
    assert page.has("copy these only if they should be allowed")
    assert "staging-links" not in [word for word in page.words if word.startswith("staging")], "it has decided"
    page = alice.page("/console/tokens")
    assert any(re.fullmatch(r"\d{4}-\S+Z from 127\.0\.0\.1", word) for word in page.words)


# ---- tasks that still run ----

EVERYTHING = {**RULES, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}


def status(gateway, upstream, number):
    """A caller asks for the task, which is in the state of that number (0 done, 1 failed, 2 running)."""
    upstream.script(Reply({"code": 0, "message": "", "codeDesc": "Success", "data": {"status": number}}))
    assert gateway.get("/tasks/135254").status == 200


@pytest.mark.parametrize("end", [0, 1], ids=["done", "failed"])
def test_a_task_is_an_open_question_until_its_end_was_seen(console, upstream, end):
    gateway = console(EVERYTHING)
    alice = Operator(gateway, ALICE)
    page = alice.page("/console/questions")
    assert page.has("Tasks that still run") and page.has("There are none.") and page.has("A restart forgets them")
    request = gateway.delete().header("X-Request-Id")
    page = shows(alice, "/console/questions", "135254")
    assert page.has("DetachClassicLinkVpc") and page.has("network-console") and page.has("nobody has asked") and page.has(request)
    assert f"/console/decision?request={request}" in [value for *_, value in page.attributes]
    status(gateway, upstream, 2)
    page = shows(alice, "/console/questions", "running at ")
    assert page.has("135254") and not page.has("nobody has asked")
    status(gateway, upstream, end)
    assert eventually(lambda: not alice.page("/console/questions").has("135254"))


def test_a_task_that_was_waited_for_is_none(console, upstream):
    gateway = console(EVERYTHING)
    upstream.script(Reply(SAMPLE), Reply({"code": 0, "message": "", "codeDesc": "Success", "data": {"status": 0}}))
    assert gateway.delete(headers={"Prefer": "wait=10"}).status == 200
    assert not Operator(gateway, ALICE).page("/console/questions").has("135254")


def test_of_many_tasks_the_newest_are_shown(console, upstream):
    gateway = console(EVERYTHING)
    upstream.script(*[Reply(SAMPLE.replace(b"135254", b"%d" % (700000 + number))) for number in range(203)])
    for _ in range(203):
        assert gateway.delete().status == 202
    page = shows(Operator(gateway, ALICE), "/console/questions", "These are the newest 200 of 203.")
    assert page.has("700202") and page.has("700003") and not page.has("700002")
