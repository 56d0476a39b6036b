"""Questions about the policy language that test_policy.py leaves out, and its reasons, warnings and errors."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from harness import judge as second
from harness.gateway import configure, fingerprint
from harness.process import run
from harness.world import HOST

CLOUD = f"https://{HOST}/v2/index.php"
DETACH = "DetachClassicLinkVpc"


@dataclass(frozen=True)
class Question:
    client: str
    at: datetime
    source: str = "127.0.0.1"
    region: str = "ap-guangzhou"
    params: dict = field(default_factory=dict)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def flow(document):
    """JSON is YAML's flow style; one rule a line, so that line numbers say something."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            lines += [f"{key}:", *(f"  - {json.dumps(item, ensure_ascii=False)}" for item in value)]
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def clients(*names):
    return {name: {"tokens": [{"id": "t", "sha256": fingerprint(name)}]} for name in names}


def line(question, number):
    return {"time": f"{question.at:%Y-%m-%dT%H:%M:%S}Z", "requestId": f"r{number}", "client": question.client,
            "source": question.source, "action": DETACH, "region": question.region,
            "params": question.params, "verdict": "none"}


def ask_all(folder, policy, questions):
    """(verdict, rule) of each by `replay`: a verdict that neither was nor will be lists them all."""
    (folder / "candidate.yaml").write_text(flow(policy))
    (folder / "log").write_text("".join(json.dumps(line(q, i), ensure_ascii=False) + "\n"
                                        for i, q in enumerate(questions)))
    done = run("replay", "--policy", folder / "candidate.yaml", "--log", folder / "log", "--json")
    assert done.returncode in (0, 1), done.stderr + flow(policy)
    answers = {each["requestId"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert len(answers) == len(questions), done.stderr
    return [(answers[f"r{i}"]["after"], answers[f"r{i}"]["afterRule"]) for i in range(len(questions))]


# ---- the table ----

def ask(client="app", vpc="vpc-1", ids="ins-1", region="ap-guangzhou", at="2026-11-24T12:00:00Z",
        source="127.0.0.1", **params):
    """One question.  A parameter that is None is not in the call; `ids` are separated by blanks."""
    given = {"vpcId": vpc, "instanceIds": ids.split() if isinstance(ids, str) else ids, **params}
    return Question(client, instant(at), source, region=region,
                    params={name: value for name, value in given.items() if value is not None})


def rule(name, effect="allow", who=("app",), actions=(DETACH,), **rest):
    if "source" in rest:
        rest["from"] = rest.pop("source")
    return {"id": name, effect: list(who), "actions": list(actions), **rest}


def at(*pairs):
    return [(ask(at=moment), expected) for moment, expected in pairs]


def sources(*pairs):
    return [(ask(source=source), expected) for source, expected in pairs]


YES, NO = "allow by r", "deny"
BERLIN = {"zone": "Europe/Berlin", "hours": "02:00-03:00"}
TABLE = {
    "silence is no": ([rule("r", who=["web-1"])], {}, [
        (ask(), NO), (ask(client="web-1"), YES), (ask(client="web-2"), NO), (ask(client="web-11"), NO)]),
    "client prefixes": ([rule("r", who=["web-*"])], {}, [
        (ask(client="web-1"), YES), (ask(client="web-11"), YES), (ask(client="web"), NO),
        (ask(client="Web-1"), NO), (ask(client="app"), NO)]),
    "every client": ([rule("r", who=["*"])], {}, [
        (ask(), YES), (ask(client="web-1"), YES), (ask(client="Web-1"), YES)]),
    "an empty rest": ([rule("r", who=["app*"])], {}, [(ask(), YES), (ask(client="web"), NO)]),
    "actions": ([rule("r", actions=["Detach*"])], {}, [(ask(), YES)]),
    "actions in the middle": ([rule("r", actions=["*Classic*Vpc"])], {}, [(ask(), YES)]),
    "actions are spelt as they are": ([rule("r", actions=["detach*", DETACH + "s", "Detach"])], {}, [
        (ask(), NO)]),
    "one of several actions": ([rule("r", actions=["Describe*", DETACH])], {}, [(ask(), YES)]),
    "deny beats an earlier allow": ([rule("r"), rule("no", "deny", where={"vpcId": ["vpc-2"]})], {}, [
        (ask(), YES), (ask(vpc="vpc-2"), "deny by no")]),
    "deny beats a later allow": ([rule("no", "deny", where={"vpcId": ["vpc-2"]}), rule("r")], {}, [
        (ask(), YES), (ask(vpc="vpc-2"), "deny by no")]),
    "the first allow is named": ([rule("one", where={"vpcId": ["vpc-1"]}), rule("r", who=["*"])], {}, [
        (ask(), "allow by one"), (ask(vpc="vpc-2"), YES)]),
    "the first allow, by prefix before name": ([rule("r", who=["a*"]), rule("two")], {}, [(ask(), YES)]),
    "the first allow, by name before prefix": ([rule("r"), rule("two", who=["a*"])], {}, [(ask(), YES)]),
    "the first deny is named": ([rule("one", "deny", who=["*"]), rule("two", "deny"), rule("r")], {}, [
        (ask(), "deny by one")]),
    "equal": ([rule("r", where={"vpcId": ["vpc-1"]})], {}, [
        (ask(), YES), (ask(vpc="vpc-11"), NO), (ask(vpc="vpc-2"), NO), (ask(vpc="vpc-"), NO),
        (ask(vpc="VPC-1"), NO), (ask(vpc=""), NO), (ask(vpc=None), NO), (ask(vpc="vpc-1 "), NO)]),
    "a pattern": ([rule("r", where={"vpcId": ["vpc-a*b*c"]})], {}, [
        (ask(vpc="vpc-abc"), YES), (ask(vpc="vpc-axbxc"), YES), (ask(vpc="vpc-abcbc"), YES),
        (ask(vpc="vpc-abcx"), NO), (ask(vpc="vpc-acb"), NO), (ask(vpc="vpc-ab"), NO)]),
    "what is special elsewhere is itself here": ([rule("r", where={"vpcId": ["vpc-?", "vpc-[0-9]", "vpc-."]})],
                                                 {}, [(ask(), NO), (ask(vpc="vpc-?"), YES)]),
    "everything": ([rule("r", where={"vpcId": ["*"]})], {}, [
        (ask(), YES), (ask(vpc=""), YES), (ask(vpc="专有网络"), YES), (ask(vpc=None), NO)]),
    "unicode": ([rule("r", where={"vpcId": ["专*络", "vpc-ü"]})], {}, [
        (ask(vpc="专有网络"), YES), (ask(vpc="专络"), YES), (ask(vpc="专有"), NO), (ask(vpc="vpc-ü"), YES),
        (ask(vpc="vpc-u\u0308"), NO), (ask(vpc="vpc-Ü"), NO)]),
    "sets": ([rule("r", where={"vpcId": ["$some", "vpc-9"]})], {"some": ["vpc-1", "gz_vpc_7"]}, [
        (ask(), YES), (ask(vpc="gz_vpc_7"), YES), (ask(vpc="vpc-9"), YES), (ask(vpc="vpc-2"), NO)]),
    "two parameters": ([rule("r", where={"vpcId": ["vpc-1"], "region": ["ap-*"]})], {}, [
        (ask(), YES), (ask(region="na-toronto"), NO), (ask(vpc="vpc-2"), NO)]),
    "region": ([rule("r", where={"region": ["ap-shanghai"]})], {}, [
        (ask(), NO), (ask(region="ap-shanghai"), YES), (ask(region="ap-shanghai-fsi"), NO),
        (ask(region="AP-SHANGHAI"), YES), (ask(region="sh"), YES), (ask(region="shjr"), NO)]),
    "an allow needs all": ([rule("r", where={"instanceIds": ["ins-1", "ins-2*"]})], {}, [
        (ask(), YES), (ask(ids="ins-1 ins-2"), YES), (ask(ids="ins-22 ins-21 ins-1"), YES),
        (ask(ids="ins-1 ins-3"), NO), (ask(ids="ins-3 ins-1"), NO), (ask(ids="ins-3"), NO),
        (ask(ids=""), NO), (ask(ids=None), NO)]),
    "a deny needs one": ([rule("r"), rule("no", "deny", who=["*"], where={"instanceIds": ["ins-bastion*"]})],
                         {}, [
        (ask(), YES), (ask(ids="ins-bastion"), "deny by no"), (ask(ids="ins-1 ins-bastion7"), "deny by no"),
        (ask(ids="ins-bastion7 ins-1"), "deny by no"), (ask(ids="ins-bastio ins-xbastion"), YES),
        (ask(ids=""), YES), (ask(ids=None), YES)]),
    "an allow does not gather from two rules": (
        [rule("r", where={"instanceIds": ["ins-1"]}), rule("two", where={"instanceIds": ["ins-2"]})], {}, [
            (ask(), YES), (ask(ids="ins-2"), "allow by two"), (ask(ids="ins-1 ins-2"), NO)]),
    "audit decides nothing": ([rule("r"), rule("tried", "deny", mode="audit", where={"vpcId": ["vpc-2"]})], {}, [
        (ask(), YES), (ask(vpc="vpc-2"), YES + " audit tried")]),
    "an allow in audit": ([rule("tried", mode="audit"), rule("r", where={"vpcId": ["vpc-1"]})], {}, [
        (ask(), YES), (ask(vpc="vpc-2"), "deny audit tried")]),
    "mode enforce": ([rule("r", mode="enforce")], {}, [(ask(), YES)]),
    "a date ends at its start": ([rule("r", expires="2026-06-01")], {}, at(
        ("2026-05-31T23:59:59Z", YES), ("2026-06-01T00:00:00Z", NO), ("2027-01-01T00:00:00Z", NO))),
    "a time with an offset": ([rule("r", expires="2026-06-01T08:00:00+08:00")], {}, at(
        ("2026-05-31T23:59:59Z", YES), ("2026-06-01T00:00:00Z", NO))),
    "an expired deny is gone": ([rule("r"), rule("no", "deny", expires="2026-06-01")], {}, at(
        ("2026-05-31T23:59:59Z", "deny by no"), ("2026-06-01T00:00:00Z", YES))),
    "office hours": ([rule("r", when={"days": ["mon-fri"], "hours": "09:00-18:00", "zone": "Asia/Shanghai"})],
                     {}, at(
        ("2026-11-24T00:59:59Z", NO), ("2026-11-24T01:00:00Z", YES), ("2026-11-24T09:59:59Z", YES),
        ("2026-11-24T10:00:00Z", NO), ("2026-11-27T09:00:00Z", YES), ("2026-11-28T09:00:00Z", NO),
        ("2026-11-29T09:00:00Z", NO), ("2026-11-30T01:00:00Z", YES))),
    "over midnight": ([rule("r", when={"days": ["fri"], "hours": "22:00-06:00", "zone": "UTC"})], {}, at(
        ("2026-11-27T21:59:59Z", NO), ("2026-11-27T22:00:00Z", YES), ("2026-11-28T00:00:00Z", YES),
        ("2026-11-28T05:59:59Z", YES), ("2026-11-28T06:00:00Z", NO), ("2026-11-28T22:00:00Z", NO),
        ("2026-11-27T05:00:00Z", NO))),
    "the whole day": ([rule("r", when={"days": ["sun"], "hours": "00:00-24:00", "zone": "UTC"})], {}, at(
        ("2026-11-28T23:59:59Z", NO), ("2026-11-29T00:00:00Z", YES), ("2026-11-29T23:59:59Z", YES),
        ("2026-11-30T00:00:00Z", NO))),
    "days of a zone": ([rule("r", when={"days": ["sat-mon"], "zone": "Asia/Shanghai"})], {}, at(
        ("2026-11-27T15:59:59Z", NO), ("2026-11-27T16:00:00Z", YES), ("2026-11-30T15:59:59Z", YES),
        ("2026-11-30T16:00:00Z", NO))),
    "the hour that is skipped": ([rule("r", when=BERLIN)], {}, at(
        ("2026-03-29T00:59:59Z", NO), ("2026-03-29T01:00:00Z", NO), ("2026-03-28T01:00:00Z", YES))),
    "the hour that comes twice": ([rule("r", when=BERLIN)], {}, at(
        ("2026-10-24T23:59:59Z", NO), ("2026-10-25T00:00:00Z", YES), ("2026-10-25T00:59:59Z", YES),
        ("2026-10-25T01:00:00Z", YES), ("2026-10-25T01:59:59Z", YES), ("2026-10-25T02:00:00Z", NO))),
    "summer time of years to come": (
        [rule("r", when={"hours": "12:00-12:01", "zone": "America/New_York"})], {}, at(
            ("2045-12-04T17:00:00Z", YES))),
    "a quarter of an hour": ([rule("r", when={"hours": "00:00-00:01", "zone": "Asia/Kathmandu"})], {}, at(
        ("2026-11-24T18:14:59Z", NO), ("2026-11-24T18:15:00Z", YES), ("2026-11-24T18:16:00Z", NO))),
    "networks": ([rule("r", source=["10.1.2.0/25", "192.0.2.7"])], {}, sources(
        ("10.1.1.255", NO), ("10.1.2.0", YES), ("10.1.2.127", YES), ("10.1.2.128", NO), ("192.0.2.7", YES),
        ("192.0.2.6", NO), ("::ffff:10.1.2.1", YES), ("2001:db8::1", NO))),
    "networks of IPv6": ([rule("r", source=["2001:db8::/33", "::1"])], {}, sources(
        ("2001:db8::", YES), ("2001:db8:7fff:ffff::1", YES), ("2001:db8:8000::", NO), ("::1", YES),
        ("::2", NO), ("127.0.0.1", NO))),
    "all of IPv4": ([rule("r", source=["0.0.0.0/0"])], {}, sources(
        ("255.255.255.255", YES), ("0.0.0.0", YES), ("::1", NO))),
    "a deny from outside": ([rule("r"), rule("no", "deny", source=["192.168.0.0/16"])], {}, sources(
        ("192.168.255.255", "deny by no"), ("192.169.0.0", YES))),
}


def table_policy(rules, sets):
    return {"version": 1, "clients": clients("app", "web", "web-1", "web-2", "web-11", "Web-1"), "sets": sets,
            "rules": rules}


def sentence(word, name, audit=""):
    return word + (f" by {name}" if name else "") + (f" audit {audit}" if audit else "")


@pytest.mark.parametrize("name", TABLE)
def test_the_table(tmp_path, name):
    """What was meant, also where no request can become the call."""
    rules, sets, rows = TABLE[name]
    policy = table_policy(rules, sets)
    answers = ask_all(tmp_path, policy, [question for question, _ in rows])
    for (question, expected), answer in zip(rows, answers):
        if "T" not in str(rules[0].get("expires")) and not question.source.startswith("::ffff"):
            assert second.judge(policy, line(question, 0)) == answer, question
        assert sentence(*answer) == expected.partition(" audit")[0], question


def is_request(question):
    """Can it be said in a request?  The catalogue's own patterns come before the policy."""
    texts = [question.params.get("vpcId", ""), *question.params.get("instanceIds", [""])]
    return all(text and text.isascii() and text.replace("-", "").replace("_", "").isalnum() and
               text.islower() and not text.endswith("-") for text in texts) \
        and question.params["instanceIds"] and question.params["vpcId"].startswith(("vpc-", "gz_"))


def explain(file, question, *options):
    return run("explain", "-c", file, "--client", question.client, "--from", question.source, "--at",
               f"{question.at:%Y-%m-%dT%H:%M:%SZ}", *options, "DELETE",
               f"/vpcs/{question.params['vpcId']}/classiclinks?region={question.region}",
               json.dumps({"instanceIds": question.params["instanceIds"]}))


@pytest.mark.parametrize("name", [name for name in TABLE if any(is_request(row[0]) for row in TABLE[name][2])])
def test_explain_says_the_same(tmp_path, name):
    rules, sets, rows = TABLE[name]
    file = configure(tmp_path, CLOUD)
    (tmp_path / "policy.yaml").write_text(flow(table_policy(rules, sets)))
    for question, expected in rows:
        if not is_request(question):
            continue
        done = explain(file, question, "--json")
        told = json.loads(done.stdout)
        assert sentence(told["verdict"], told.get("rule") or "", told.get("auditRule") or "") == expected, told
        assert done.returncode == (told["verdict"] != "allow")
        assert told["client"] == question.client
        assert told["region"] == {"sh": "ap-shanghai", "shjr": "ap-shanghai-fsi"}.get(question.region, question.region.lower())
        assert told["params"] == question.params
        for each in told["rules"]:
            assert each["matches"] != ("reason" in each), each
        if told.get("rule"):
            assert [each["matches"] for each in told["rules"] if each["id"] == told["rule"]] == [True]


def test_the_table_is_a_table():
    rows = sum(len(rows) for _, _, rows in TABLE.values())
    asked = sum(bool(is_request(row[0])) for _, _, rows in TABLE.values() for row in rows)
    print(f"{rows} questions, {asked} of them to explain")
    assert asked > 60


@pytest.mark.parametrize("rest, question, reason", [
    (dict(where={"vpcId": ["vpc-2", "$s"]}), ask(), "vpcId is vpc-1; the rule has vpc-2, vpc-9"),
    (dict(where={"instanceIds": ["ins-2"]}), ask(ids="ins-1 ins-2"),
     "instanceIds are ins-1, ins-2; the rule has ins-2"),
    (dict(where={"region": ["ap-shanghai"]}), ask(), "region is ap-guangzhou"),
    (dict(source=["10.0.0.0/8"]), ask(), "from"),
    (dict(when={"zone": "UTC", "hours": "00:00-01:00"}), ask(), "when"),
    (dict(expires="2026-01-01"), ask(), "expired"),
    # the first that fails, in this order
    (dict(source=["10.0.0.0/8"], where={"vpcId": ["vpc-2"]}, expires="2026-01-01"), ask(), "expired"),
    (dict(source=["10.0.0.0/8"], where={"vpcId": ["vpc-2"]}), ask(), "from"),
], ids=repr)
def test_explain_names_what_failed(tmp_path, rest, question, reason):
    file = configure(tmp_path, CLOUD)
    rules = [rule("r", **rest), rule("other", who=["web"])]
    (tmp_path / "policy.yaml").write_text(flow(table_policy(rules, {"s": ["vpc-9"]})))
    done = explain(file, question)
    line, = [line for line in done.stdout.splitlines() if line.startswith("rule")]
    assert done.returncode == 1
    assert "policy.yaml:5 r (allow) does not match: " in line and reason in line, line
    assert "denied: no rule allows it" in done.stdout


@pytest.mark.parametrize("arguments, status", [
    (["--client", "nobody", "DELETE", "/vpcs/vpc-1/classiclinks?instanceIds=ins-1"], 1),
    (["--client", "app", "DELETE", "/nowhere"], 1),
    (["--client", "app", "DELETE", "/vpcs/nonsense/classiclinks?instanceIds=ins-1"], 1),
    (["DELETE", "/vpcs/vpc-1/classiclinks"], 2), (["--client", "app", "DELETE"], 2),
    (["--client", "app", "--from", "here", "DELETE", "/"], 2),
    (["--client", "app", "--at", "soon", "DELETE", "/"], 2),
    (["--client", "app", "--at", "2026-02-30", "DELETE", "/"], 2),
], ids=repr)
def test_explain_without_an_answer(tmp_path, arguments, status):
    file = configure(tmp_path, CLOUD)
    (tmp_path / "policy.yaml").write_text(flow(table_policy([rule("r")], {})))
    done = run("explain", "-c", file, *arguments)
    assert (done.returncode, done.stdout) == (status, "") and done.stderr


# ---- check: tests in the file, warnings, errors ----

def check(folder, policy):
    file = configure(folder, CLOUD)
    (folder / "policy.yaml").write_text(flow(policy))
    return run("check", "-c", file)


def trial(expect, by=None, **rest):
    return {"client": "app", "request": "DELETE /vpcs/vpc-1/classiclinks", "body": {"instanceIds": ["ins-1"]},
            "expect": expect, **({"by": by} if by else {}), **rest}


OFFICE = [rule("r", who=["*"], source=["10.0.0.0/8"], when={"hours": "09:00-17:00", "zone": "UTC"},
               note="whoever is in the office"),
          rule("no", "deny", who=["*"], where={"instanceIds": ["ins-bastion*"]})]
INSIDE = {"from": "10.1.1.1", "at": "2026-11-24T12:00:00Z"}


@pytest.mark.parametrize("test", [
    trial("allow", **INSIDE), trial("allow", "r", **INSIDE), trial("deny"),
    trial("deny", **{**INSIDE, "at": "2026-11-24T17:00:00Z"}), trial("deny", **{**INSIDE, "from": "::1"}),
    trial("deny", "no", **{**INSIDE, "body": {"instanceIds": ["ins-1", "ins-bastion1"]}}),
    {"client": "web", "request": "DELETE /vpcs/vpc-1/classiclinks?instanceIds=ins-1", "expect": "deny"},
], ids=repr)
def test_a_policys_own_tests(tmp_path, test):
    done = check(tmp_path, {**table_policy(OFFICE, {}), "tests": [test]})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("test, words", [
    (trial("deny", **INSIDE), "the test expects deny, but the policy says allow by rule r"),
    (trial("allow"), "the test expects allow, but the policy says deny by no rule"),
    (trial("allow", "no", **INSIDE), "expects allow by no, but the policy says allow by rule r"),
    (trial("deny", "no"), "expects deny by no, but the policy says deny by no rule"),
    (trial("allow", **{**INSIDE, "body": {"instances": ["ins-1"]}}), "cannot become a call"),
    (trial("allow", **{**INSIDE, "request": "DELETE /nowhere"}), "cannot become a call"),
    (trial("allow", **{**INSIDE, "request": "DELETE"}), "request must be a method and a path"),
    (trial("allow", "nowhere", **INSIDE), "there is no rule 'nowhere'"),
    (trial("perhaps", **INSIDE), "expect"),
    (trial("allow", **{**INSIDE, "client": "nobody"}), "there is no client 'nobody'"),
    (trial("allow", **{**INSIDE, "from": "10.0.0.0/8"}), "from must be an address"),
    (trial("allow", **{**INSIDE, "at": "noon"}), "at must be"),
], ids=repr)
def test_a_test_that_fails(tmp_path, test, words):
    """It is an error like any other: at its line, and the file is refused."""
    policy = {**table_policy(OFFICE, {}), "tests": [trial("deny"), test, trial("deny")]}
    done = check(tmp_path, policy)
    line, = [each for each in done.stderr.splitlines() if not each.startswith("  | ")]
    assert done.returncode == 78 and words in line, line
    assert "policy.yaml:9:" in line, f"{line}\n{flow(policy)}"


HOURS = {"hours": "09:00-17:00", "zone": "UTC"}
NIGHT = rule("night", "deny", when=HOURS)


@pytest.mark.parametrize("rules, needed", [
    ([rule("r")], None), ([rule("r", when=HOURS)], "'r' has when"), ([rule("r", expires="2030-01-01")], "'r' has expires"),
    ([rule("r", expires="2020-01-01")], "'r' has expires"),
    ([rule("r"), NIGHT], "'night' has when"), ([rule("no", "deny"), NIGHT, rule("r", when=HOURS)], None),
    ([NIGHT, rule("no", "deny")], "'night' has when"), ([rule("r"), rule("later", when=HOURS)], None),
    ([rule("earlier", when=HOURS), rule("r")], "'earlier' has when"),
    ([rule("r"), rule("else", "deny", who=["web"], when=HOURS)], None),
    ([rule("r"), rule("else", "deny", actions=["Attach*"], when=HOURS)], None),
    ([rule("r"), rule("else", "deny", where={"vpcId": ["vpc-2"]}, when=HOURS)], None),
    ([rule("r"), rule("else", "deny", source=["10.0.0.0/8"], when=HOURS)], None),
    ([rule("r"), rule("try", "deny", mode="audit", since=f"{date.today()}", when=HOURS)], None),
], ids=repr)
def test_a_test_is_no_time_bomb(tmp_path, rules, needed):
    """`at` is required where a rule that could decide has `when` or `expires`: today's verdict is not tomorrow's."""
    done = check(tmp_path, {**table_policy(rules, {}), "tests": [trial("allow"), trial("deny")]})
    said = [each for each in done.stderr.splitlines() if "the test needs `at`" in each]
    assert len(said) == (2 if needed else 0), done.stderr
    assert all(f"rule {needed}" in each for each in said)
    done = check(tmp_path, {**table_policy(rules, {}), "tests": [trial("allow", at="2029-11-24T20:00:00Z"),
                                                                 trial("deny", at="2029-11-24T20:00:00Z")]})
    assert "needs `at`" not in done.stderr and done.stderr.count("the test expects") == 1


@pytest.mark.parametrize("change, line, words", [
    (dict(sets={"unused": ["x"]}), 3, "no rule uses the set 'unused'"),
    (dict(rules=[rule("r", expires="2020-01-01")]), 5, "rule 'r' has expired"),
    (dict(rules=[rule("r", actions=["Nothing*"])]), 5, "no route leads to an action 'Nothing*'"),
    (dict(rules=[rule("r", who=["nobody*"])]), 5, "no client matches 'nobody*'"),
    (dict(clients={"app": {"tokens": [{"id": "t", "sha256": "0" * 64, "expires": "2020-01-01"}]}}), 2,
     "the client 'app' has no token that is live"),
    (dict(clients={"app": {"tokens": [{"id": "t", "sha256": "0" * 64, "disabled": True}]}}), 2, "live"),
    (dict(clients={"app": {"tokens": []}}), 2, "live"),
    (dict(rules=[rule("r"), rule("no", "deny", who=["*"])]), 5,
     "rule 'r' never decides: 'no' (line 6) denies all of it"),
    (dict(rules=[rule("no", "deny", who=["ap*"], actions=["*"]), rule("r")]), 6, "rule 'r' never decides"),
    (dict(rules=[rule("no", "deny"), rule("r", where={"vpcId": ["vpc-1"]})]), 6, "rule 'r' never decides"),
    (dict(rules=[rule("no", "deny", who=["web-*"]), rule("r", who=["web-1*"])]), 6, "rule 'r' never decides"),
    (dict(rules=[rule("one", "deny"), rule("two", "deny", who=["web"]), rule("r", who=["app", "web"])]), 7,
     "rule 'r' never decides"),
    (dict(rules=[rule("r", where={"vpcId": ["vpc-1", "VPC-1"]})]), 5,
     "no vpcId can be 'VPC-1': it never matches"),
    (dict(rules=[rule("r", "deny", where={"instanceIds": ["ins_1"]})]), 5, "no instanceIds can be 'ins_1'"),
    (dict(rules=[rule("r", where={"vpcId": ["vpc-" + "a" * 33]})]), 5, "no vpcId can be"),
    (dict(rules=[rule("r", where={"vpcId": ["vpc-1&*"]})]), 5, "no vpcId can be 'vpc-1&*'"),
    (dict(rules=[rule("r", "deny", where={"instanceIds": ["ins_bastion*"]})]), 5,
     "no instanceIds can be 'ins_bastion*': it never matches"),
    (dict(rules=[rule("r", where={"vpcId": ["VPC-*"]})]), 5, "no vpcId can be 'VPC-*'"),
    (dict(rules=[rule("r", where={"region": ["ap_guangzhou"]})]), 5, "no region can be 'ap_guangzhou'"),
    (dict(sets={"s": ["vpc-1", "vpc 2"]}, rules=[rule("r", where={"vpcId": ["$s"]}),
                                                 rule("again", where={"vpcId": ["$s"]})]), 3,
     "no vpcId can be 'vpc 2'"),
], ids=repr)
def test_warnings(tmp_path, change, line, words):
    done = check(tmp_path, {**table_policy([rule("r")], {}), **change})
    said = [each for each in (done.stdout + done.stderr).splitlines() if words in each]
    assert done.returncode == 0 and len(said) == 1, done
    assert f"policy.yaml:{line}:" in said[0] and (" suggestion: " in said[0] or " security warning: " in said[0]), said


@pytest.mark.parametrize("rules", [
    [rule("r"), rule("no", "deny", where={"vpcId": ["*"]})],
    [rule("r"), rule("no", "deny", mode="audit", since=f"{date.today()}")],
    [rule("r"), rule("no", "deny", expires=f"{date.today() + timedelta(days=3640)}")],
    [rule("r"), rule("no", "deny", source=["0.0.0.0/0"])],
    [rule("r"), rule("no", "deny", when={"zone": "UTC"})],
    [rule("r", who=["app", "web"]), rule("no", "deny")],
    [rule("r", who=["ap*"], note="every app"), rule("no", "deny")],
    [rule("r", who=["*"], note="all of us"), rule("no", "deny", who=["ap*"])],
    [rule("no", "deny", where={"vpcId": ["vpc-1"]}), rule("again", "deny", where={"vpcId": ["vpc-2"]}), rule("r")],
    [rule("r", where={"vpcId": ["vpc-1", "gz_vpc_245", "vpc-*", "*", "gz_vpc_2*", "*-prod*"], "region": ["ap-*", "gz"],
                      "instanceIds": ["ins-df454d", "qcvm0a"]})],
], ids=repr)
def test_nothing_to_warn_of(tmp_path, rules):
    done = check(tmp_path, table_policy(rules, {}))
    assert (done.returncode, done.stderr) == (0, "")


def rated(rate):
    return {"app": {**clients("app")["app"], "rate": rate}}


ERRORS = [
    *((dict(rules=[rule("r", source=[text])]), 5, "from must list networks")
      for text in ("10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/24", "2001:db8::1/32", "::/129", "here",
                   "10.0.0.0/08", "10.0.0.0/-1", "010.0.0.0/8")),
    *((dict(rules=[rule("r", when={"hours": text, "zone": "UTC"})]), 5, "hours must be like")
      for text in ("9:00-18:00", "09:00-09:00", "24:00-06:00", "09:00-24:01", "09:60-10:00", "09:00", "09:00–18:00",
                   "09:00-18:00 ", "aa:00-18:00")),
    *((dict(rules=[rule("r", when={"days": [text], "zone": "UTC"})]), 5, "days must be of")
      for text in ("Mon", "monday", "mon-", "-fri", "mon-fri-sun", "mo", "8", "mon - fri")),
    *((dict(rules=[rule("r", when={"zone": text})]), 5, "zone")
      for text in ("Nowhere/City", "../../../etc/passwd", "/etc/localtime", "asia/shanghai", "+08:00")),
    (dict(rules=[rule("r", when={"days": ["mon"]})]), 5, "zone"),
    *((dict(rules=[rule("r", who=[text])]), 5, "a client is a name, or a prefix")
      for text in ("web*x", "*web", "we*b*", "**", "a" * 65 + "*")),
    (dict(rules=[rule("r", who=["stranger"])]), 5, "there is no client 'stranger'"),
    (dict(rules=[rule("r", who=[])]), 5, "empty list"),
    (dict(rules=[rule("r", where={"vpcID": ["x"]})]), 5, "vpcID"),
    (dict(rules=[rule("r", where={"vpcId": ["$none"]})]), 5, "there is no set 'none'"),
    (dict(rules=[rule("r", mode="dry")]), 5, "mode"),
    (dict(rules=[rule("r", expires="tomorrow")]), 5, "expires must be"),
    (dict(rules=[{**rule("r"), "deny": ["app"]}]), 5, "exactly one of allow and deny"),
    (dict(rules=[rule("r"), rule("r")]), 6, "the id 'r' is on line 5 already"),
    *((dict(clients=rated(text)), 2, "rate must be like")
      for text in ("20", "0/s", "20/d", "-1/s", "20/s burst", "20/s burst 0", "20/s  burst 4", "20/sec", " 20/s",
                   "1000001/s", "100001/s", "20/s burst 4x", "2.5/s", "20/s burst -1")),
    (dict(clients={"app": {**clients("app")["app"], "in_flight": 0}}), 2, "in_flight"),
    (dict(clients={"app": {"tokens": [{"id": "t", "sha256": "0" * 64, "not_before": "2027-01-02",
                                      "expires": "2027-01-01"}]}}), 2, "expires before its not_before"),
]


@pytest.mark.parametrize("change, line, words", ERRORS, ids=repr)
def test_errors(tmp_path, change, line, words):
    done = check(tmp_path, {**table_policy([rule("r")], {}), **change})
    said = [each for each in done.stderr.splitlines() if "warning" not in each and not each.startswith("  | ")]
    assert done.returncode == 78 and len(said) == 1, done
    assert f"policy.yaml:{line}:" in said[0] and words in said[0], said
