"""The policy language: a table of questions to `explain`, and a second evaluator that must agree on random ones."""
import copy
import json
import os
import random
import subprocess

import pytest

from harness.expect import problem
from harness.gateway import POLICY, configure, policy, yaml
from harness.judge import judge
from harness.process import run

ROUNDS = int(os.environ.get("COUNTERSIGN_AGREEMENT", "10000")) // 50  # policies, of 50 calls each
CLOUD = "https://vpc.api.qcloud.com/v2/index.php"
RULE = {"id": "r", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"]}
PATH = "/vpcs/vpc-1/classiclinks?instanceIds=ins-a"


def with_rules(*rules, sets=None):
    document = {**copy.deepcopy(POLICY), "rules": list(rules)}
    document.pop("sets", None)
    return {**document, "sets": sets} if sets else document


def explain(tmp_path, document, *options, path=PATH):
    file = configure(tmp_path, CLOUD, rules=document)
    done = run("explain", "-c", file, "--client", "network-console", "--json", *options, "DELETE", path)
    assert done.returncode in (0, 1) and done.stdout, done
    said = json.loads(done.stdout)
    assert (said["verdict"] == "allow") == (done.returncode == 0)
    return said


# what is added to RULE, the options, the path, the verdict
TABLE = [
    ({}, [], PATH, "allow"),
    ({"actions": ["Detach*"]}, [], PATH, "allow"),
    ({"actions": ["detach*"]}, [], PATH, "deny"),
    ({"actions": ["Attach*"]}, [], PATH, "deny"),
    ({"allow": ["*"]}, [], PATH, "allow"),
    ({"allow": ["network-*"]}, [], PATH, "allow"),
    ({"allow": ["network-console*"]}, [], PATH, "allow"),
    ({"allow": ["network-consoles*"]}, [], PATH, "deny"),
    ({"allow": ["Network-*"]}, [], PATH, "deny"),
    ({"where": {"vpcId": ["vpc-1"]}}, [], PATH, "allow"),
    ({"where": {"vpcId": ["vpc-1*"]}}, [], PATH, "allow"),
    ({"where": {"vpcId": ["*-1"]}}, [], PATH, "allow"),
    ({"where": {"vpcId": ["v*-*1"]}}, [], PATH, "allow"),
    ({"where": {"vpcId": ["VPC-1"]}}, [], PATH, "deny"),
    ({"where": {"vpcId": ["vpc-"]}}, [], PATH, "deny"),
    ({"where": {"vpcId": ["vpc-2", "vpc-1"]}}, [], PATH, "allow"),
    ({"where": {"instanceIds": ["ins-a"]}}, [], PATH + "&instanceIds=ins-b", "deny"),
    ({"where": {"instanceIds": ["ins-a", "ins-b"]}}, [], PATH + "&instanceIds=ins-b", "allow"),
    ({"where": {"instanceIds": ["ins-*"]}}, [], PATH + "&instanceIds=ins-b", "allow"),
    ({"where": {"region": ["ap-guangzhou"]}}, [], PATH, "allow"),
    ({"where": {"region": ["ap-guangzhou"]}}, [], PATH + "&region=ap-shanghai", "deny"),
    ({"where": {"region": ["ap-*"]}}, [], PATH + "&region=ap-shanghai", "allow"),
    ({"from": ["127.0.0.0/8"]}, [], PATH, "allow"),
    ({"from": ["10.0.0.0/8"]}, [], PATH, "deny"),
    ({"from": ["10.0.0.0/8"]}, ["--from", "10.255.255.255"], PATH, "allow"),
    ({"from": ["10.0.0.0/8"]}, ["--from", "11.0.0.0"], PATH, "deny"),
    ({"from": ["10.1.2.3"]}, ["--from", "10.1.2.3"], PATH, "allow"),
    ({"from": ["10.1.2.3"]}, ["--from", "10.1.2.4"], PATH, "deny"),
    ({"from": ["10.0.0.128/25"]}, ["--from", "10.0.0.127"], PATH, "deny"),
    ({"from": ["10.0.0.128/25"]}, ["--from", "10.0.0.128"], PATH, "allow"),
    ({"from": ["0.0.0.0/0"]}, ["--from", "2001:db8::1"], PATH, "deny"),
    ({"from": ["2001:db8::/32"]}, ["--from", "2001:db8:ffff::1"], PATH, "allow"),
    ({"from": ["::/0"]}, ["--from", "1.2.3.4"], PATH, "allow"),
    ({"expires": "2026-12-01"}, ["--at", "2026-11-30T23:59:59Z"], PATH, "allow"),
    ({"expires": "2026-12-01"}, ["--at", "2026-12-01T00:00:00Z"], PATH, "deny"),
    # 2026-11-24 is a Tuesday
    ({"when": {"days": ["tue"], "zone": "UTC"}}, ["--at", "2026-11-24T00:00:00Z"], PATH, "allow"),
    ({"when": {"days": ["tue"], "zone": "UTC"}}, ["--at", "2026-11-25T00:00:00Z"], PATH, "deny"),
    ({"when": {"days": ["mon-fri"], "zone": "UTC"}}, ["--at", "2026-11-28T12:00:00Z"], PATH, "deny"),
    ({"when": {"days": ["sat-mon"], "zone": "UTC"}}, ["--at", "2026-11-30T12:00:00Z"], PATH, "allow"),
    ({"when": {"hours": "09:00-18:00", "zone": "UTC"}}, ["--at", "2026-11-24T08:59:59Z"], PATH, "deny"),
    ({"when": {"hours": "09:00-18:00", "zone": "UTC"}}, ["--at", "2026-11-24T09:00:00Z"], PATH, "allow"),
    ({"when": {"hours": "09:00-18:00", "zone": "UTC"}}, ["--at", "2026-11-24T18:00:00Z"], PATH, "deny"),
    ({"when": {"hours": "09:00-18:00", "zone": "Asia/Shanghai"}}, ["--at", "2026-11-24T01:00:00Z"], PATH, "allow"),
    ({"when": {"hours": "09:00-18:00", "zone": "Asia/Shanghai"}}, ["--at", "2026-11-24T10:00:00Z"], PATH, "deny"),
    # over midnight: the hours after it belong to the day before
    ({"when": {"days": ["tue"], "hours": "22:00-06:00", "zone": "UTC"}}, ["--at", "2026-11-24T22:00:00Z"], PATH, "allow"),
    ({"when": {"days": ["tue"], "hours": "22:00-06:00", "zone": "UTC"}}, ["--at", "2026-11-25T05:59:00Z"], PATH, "allow"),
    ({"when": {"days": ["tue"], "hours": "22:00-06:00", "zone": "UTC"}}, ["--at", "2026-11-24T05:59:00Z"], PATH, "deny"),
    ({"when": {"days": ["tue"], "hours": "22:00-06:00", "zone": "UTC"}}, ["--at", "2026-11-25T06:00:00Z"], PATH, "deny"),
    # Berlin's clock goes back on 2026-10-25 at 01:00 UTC: 02:30 comes twice
    ({"when": {"hours": "02:00-03:00", "zone": "Europe/Berlin"}}, ["--at", "2026-10-25T00:30:00Z"], PATH, "allow"),
    ({"when": {"hours": "02:00-03:00", "zone": "Europe/Berlin"}}, ["--at", "2026-10-25T01:30:00Z"], PATH, "allow"),
    ({"when": {"hours": "02:00-03:00", "zone": "Europe/Berlin"}}, ["--at", "2026-10-25T02:00:00Z"], PATH, "deny"),
    ({"mode": "audit"}, [], PATH, "deny"),
    ({"mode": "enforce"}, [], PATH, "allow"),
]


@pytest.mark.parametrize("added,options,path,verdict", TABLE, ids=[f"{row[0]} {' '.join(row[1])}" for row in TABLE])
def test_a_question(tmp_path, added, options, path, verdict):
    said = explain(tmp_path, with_rules({**RULE, **added}), *options, path=path)
    assert said["verdict"] == verdict
    assert said.get("rule") == ("r" if verdict == "allow" else None)


def test_deny_beats_allow_wherever_it_stands(tmp_path):
    deny = {"id": "d", "deny": ["network-*"], "actions": ["*"], "where": {"instanceIds": ["ins-b"]}}
    for rules in ([RULE, deny], [deny, RULE]):
        said = explain(tmp_path, with_rules(*rules), path=PATH + "&instanceIds=ins-b")
        assert (said["verdict"], said["rule"]) == ("deny", "d")
        assert [rule["line"] for rule in said["rules"]] == [3, 3]


def test_audit_mode_only_says_what_it_would_have_done(tmp_path):
    audit = {"id": "try", "deny": ["*"], "actions": ["*"], "mode": "audit"}
    said = explain(tmp_path, with_rules(RULE, audit))
    assert (said["verdict"], said["rule"], said["auditRule"]) == ("allow", "r", "try")
    said = explain(tmp_path, with_rules({**RULE, "mode": "audit"}))
    assert (said["verdict"], said["auditRule"]) == ("deny", "r")


def test_a_refusal_names_the_rule_and_nobody_else(start, upstream):
    secretive = {"id": "theirs", "allow": ["auditor"], "actions": ["*"], "where": {"vpcId": ["vpc-theirs"]}}
    deny = {"id": "never-vpc-9", "deny": ["network-*", "auditor"], "actions": ["*"], "where": {"vpcId": ["vpc-9"]}}
    gateway = start(upstream.url, rules=with_rules(RULE | {"where": {"vpcId": ["vpc-1"]}}, secretive, deny))
    denied, silent = gateway.delete(vpc="vpc-9"), gateway.delete(vpc="vpc-theirs")
    assert problem(denied, 403, "not-allowed", rule="never-vpc-9")["detail"] == "the rule 'never-vpc-9' denies this call"
    body = problem(silent, 403, "not-allowed")
    assert body["detail"] == "no rule allows DetachClassicLinkVpc with this vpcId" and "rule" not in body
    for answer in denied, silent:
        told = answer.body.decode() + str(answer.headers)
        assert not [word for word in ("auditor", "theirs", "vpc-1", "network-console") if word in told], told
    assert not upstream.seen(0)


def test_explain_says_what_failed_first(tmp_path):
    said = explain(tmp_path, with_rules({**RULE, "where": {"vpcId": ["$staging"]}}, sets={"staging": ["vpc-9"]}))
    assert said["rules"] == [{"id": "r", "file": said["rules"][0]["file"], "line": 3, "effect": "allow", "audit": False,
                              "matches": False, "reason": "vpcId is vpc-1; the rule has vpc-9"}]


@pytest.mark.parametrize("count, end", [(1, ""), (8, ""), (9, ", ...")])
def test_explain_shows_eight_values(tmp_path, count, end):
    """Of the rule, and of the call."""
    values = [f"ins-{n}" for n in range(count)]
    said = explain(tmp_path, with_rules({**RULE, "where": {"instanceIds": [f"ins-z{value}" for value in values]}}),
                   path=PATH.split("?")[0] + "?" + "&".join(f"instanceIds={value}" for value in values))
    theirs = ", ".join(values[:8]) + end
    reason, = (rule["reason"] for rule in said["rules"])
    assert reason == (f"instanceIds {'is' if count == 1 else 'are'} {theirs}; the rule has "
                      + ", ".join(f"ins-z{value}" for value in values[:8]) + end)


def test_explain_as_text(tmp_path):
    """What a person reads: who asked, what is sent, each rule, and what a rule in audit mode would have changed."""
    document = with_rules(RULE, {"id": "try", "deny": ["*"], "actions": ["Detach*"], "mode": "audit"})
    document["clients"]["network-console"].update(owner="net-team", note="until the move")
    file = configure(tmp_path, CLOUD, rules=document)
    done = run("explain", "-c", file, "--client", "network-console", "DELETE", PATH + "&region=ap-shanghai")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and lines[0].startswith("caller network-console, at ")
    assert {"owner net-team", "note until the move", "region = ap-shanghai", "verdict allowed by r",
            "try would have changed that, were it not in audit mode"} <= set(lines), done.stdout
    assert [line.split()[2:] for line in lines if line.startswith("rule ")] == [
        ["r", "(allow)", "matches"], ["try", "(deny,", "audit", "only)", "matches"]]


@pytest.mark.parametrize("rule,words", [
    ({"from": ["10.0.0.1/8"]}, "from must list networks"), ({"from": ["10.0.0.0/33"]}, "from must list networks"),
    ({"when": {"hours": "9-18", "zone": "UTC"}}, "hours must be"), ({"when": {"hours": "09:00-09:00", "zone": "UTC"}}, "hours must be"),
    ({"when": {"days": ["someday"], "zone": "UTC"}}, "days must be"), ({"when": {"days": ["mon"]}}, "lacks the key 'zone'"),
    ({"when": {"zone": "Mars/Olympus"}}, "Mars/Olympus"), ({"when": {"zone": "../../etc/passwd"}}, "is not a time zone's name"),
    ({"allow": ["net*console"]}, "a client is a name, or a prefix"), ({"mode": "maybe"}, "mode must be enforce or audit"),
    ({"expires": "soon"}, "expires must be a date"),
])
def test_what_is_no_rule(tmp_path, rule, words):
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=with_rules({**RULE, **rule})))
    assert done.returncode == 78 and "policy.yaml:3:" in done.stderr and words in done.stderr


@pytest.mark.parametrize("document,words", [
    (with_rules(RULE, sets={"spare": ["vpc-1"]}), "no rule uses the set 'spare'"),
    (with_rules({**RULE, "expires": "2020-01-01"}), "rule 'r' has expired"),
    (with_rules(RULE, {**RULE, "id": "s", "allow": ["zz*"]}), "no client matches 'zz*' (correct it, or take it out)"),
    (with_rules({**RULE, "actions": ["Reboot"]}), "no route leads to an action 'Reboot'"),
])
def test_warnings(tmp_path, document, words):
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=document))
    assert done.returncode == 0 and "suggestion: " in done.stderr and words in done.stderr


def trial(**said):
    return {"client": "network-console", "request": "DELETE /vpcs/vpc-1/classiclinks", "body": {"instanceIds": ["ins-a"]}, **said}


@pytest.mark.parametrize("test,words", [
    (trial(expect="allow", by="r"), None), (trial(expect="allow"), None),
    (trial(expect="deny"), "the test expects deny, but the policy says allow by rule r"),
    (trial(expect="allow", request="DELETE /vpcs/vpc-1/links"), "cannot become a call: there is no such route"),
    (trial(expect="allow", body={"instanceIds": "ins-a"}), "instanceIds must be an array"),
    (trial(expect="allow", body={"instanceIds": [7]}), "instanceIds must be an array of strings"),
    (trial(expect="allow", by="s"), "there is no rule 's'"), (trial(expect="allow", client="me"), "there is no client 'me'"),
])
def test_the_policys_own_tests(tmp_path, test, words):
    document = {**with_rules(RULE), "tests": [test]}
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=document))
    if words is None:
        assert done.returncode == 0 and "tests passed 1" in done.stdout
    else:
        assert done.returncode == 78 and "policy.yaml:4:" in done.stderr and words in done.stderr


def test_a_number_that_json_does_not_have_is_text(tmp_path):
    """007 without quotes: it is no number of JSON, so the body of a test has it as the text that it looks like."""
    document = with_rules({**RULE, "where": {"instanceIds": ["007", "-08"]}})
    file = configure(tmp_path, CLOUD, rules=document)
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy.read_text() + "tests:\n  - { client: network-console, request: DELETE /vpcs/vpc-1/classiclinks, "
                      "body: { instanceIds: [007] }, expect: deny }\n")
    done = run("check", "-c", file)     # by the catalog's pattern no instance is called so: it is the pattern that says no
    assert done.returncode == 78 and "instanceIds does not look like one" in done.stderr, done.stderr


# ---- random agreement ----

def some(dice, things, most=3):
    return dice.sample(things, dice.randint(1, min(most, len(things))))


ONE_IN_TWO = {"former_ids": {"gz_vpc_1": "vpc-1", "gz_vpc_01": "vpc-1", "qcvm1": "ins-a", "qcvm2": "ins-bc"}}


def random_task_rule(dice, number):
    """Of who began a task."""
    rule = {"id": f"r{number}", dice.choice(["allow", "allow", "deny"]): some(dice, ["web", "web-a", "batch", "*"]),
            "actions": ["DescribeVpcTaskResult"]}
    if dice.random() < .8:
        rule["own"] = dice.choice([True, True, False])
    if dice.random() < .3:
        rule["where"] = {"taskId": some(dice, ["7", "8", "*"])}
    return rule


def random_rule(dice, number):
    if dice.random() < .15:
        return random_task_rule(dice, number)
    rule = {"id": f"r{number}", dice.choice(["allow", "allow", "deny"]): some(dice, ["web", "web-a", "batch", "*", "web*", "b*", "web-*"]),
            "actions": some(dice, ["DetachClassicLinkVpc", "Detach*", "*", "Attach*", "*Vpc"])}
    where = {}
    if dice.random() < .5:
        where["vpcId"] = some(dice, ["vpc-1", "vpc-*", "$s", "*2", "vpc-12", "*", "专*", "v*-*", "gz_vpc_1", "gz_vpc_2",
                                     "gz_*", "*_1"])
    if dice.random() < .5:
        where["instanceIds"] = some(dice, ["ins-a", "ins-b*", "$t", "*c", "ins-*", "*", "ü", "qcvm1", "qcvm3", "qcvm*"])
    if dice.random() < .3:
        where["region"] = some(dice, ["ap-guangzhou", "ap-*", "*shanghai", "gz", "SH", "s*", "AP-*", "Ap-ShangHai", "$u"])
    if dice.random() < .1:
        where[dice.choice(["vpcId", "instanceIds"])] = {"absent": True}
    if dice.random() < .1:
        where[dice.choice(["vpcId", "instanceIds"])] = dice.choice(
            [{"min": 1}, {"max": 2}, {"min": 7, "max": 8}, {"cidr_within": ["10.0.0.0/8", "$n"]}, {"cidr_within": ["2001:db8::/32"]}])
    if where:
        rule["where"] = where
    if "deny" in rule and dice.random() < .4:
        rule["strict"] = dice.choice([True, True, False])
    if dice.random() < .25:
        rule["from"] = some(dice, ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "2001:db8::/32", "0.0.0.0/0", "$n"])
    if dice.random() < .15:
        rule["effects"] = some(dice, ["read", "change"], 2)
    if dice.random() < .25:
        rule["when"] = {"zone": dice.choice(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
                        "days": some(dice, ["mon-fri", "sat", "sun", "fri-mon", "wed"]),
                        "hours": dice.choice(["09:00-18:00", "22:00-06:00", "00:00-24:00", "12:30-12:31"])}
    if dice.random() < .15 and (who := rule.get("allow") or rule.get("deny")) and set(who) <= {"web", "web-a", "web*", "web-*"}:
        rule["subject"] = some(dice, ["alice", "a*", "*@x", "bob"])
    if dice.random() < .15:
        rule["mode"] = "audit"
    if dice.random() < .15:
        rule["expires"] = dice.choice(["2026-06-01", "2026-10-25", "2027-01-01"])
    return rule


def random_call(dice, number):
    if dice.random() < .15:
        own = dice.choice([True, False, None])
        return {**random_call(dice, number), "action": "DescribeVpcTaskResult", "params": {"taskId": dice.choice("789")},
                **({} if own is None else {"own": own})}
    return {"time": f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:{dice.choice([0, 29, 30, 59]):02}:{dice.choice([0, 59]):02}.000Z",
            "requestId": f"q{number}", "client": dice.choice(["web", "web-a", "batch", "other"]), "action": "DetachClassicLinkVpc",
            "source": dice.choice(["10.1.2.3", "10.200.0.1", "192.0.2.7", "2001:db8::9", "198.51.100.1"]),
            "region": dice.choice(["ap-guangzhou", "ap-shanghai", "gz", "sh", "SH", "AP-Guangzhou", "sg"]), "verdict": "none",
            **({"subject": dice.choice(["alice", "bob", "eve@x", "Alice"])} if dice.random() < .5 else {}),
            "params": {key: value for key, value in {
                "vpcId": dice.choice(["7", "2", "8.5", "10.1.0.0/16", "10.0.0.0/7", "192.0.2.7", "vpc-1", "vpc-12", "vpc-2", "VPC-1", "", "专2", None, "gz_vpc_1", "gz_vpc_01", "gz_vpc_2"]),
                "instanceIds": dice.choice([None, [""], *([some(dice, ["ins-a", "ins-b1", "ins-c", "ins-bc", "INS-A", "ü", "qcvm1", "qcvm3"])] * 6)]),
            }.items() if value is not None}}


def test_a_second_evaluator_agrees(tmp_path):
    """Both read the same files.  COUNTERSIGN_AGREEMENT=100000 asks that many questions."""
    seed = int(os.environ.get("COUNTERSIGN_SEED", "20261124"))
    dice = random.Random(seed)
    asked = 0
    clients = {name: {"tokens": [("t", name, "2030-01-01")], **({"subject": "trusted"} if name.startswith("web") else {})}
               for name in ["web", "web-a", "batch", "other"]}
    for _ in range(ROUNDS):
        document = {"version": 1, "clients": clients, "sets": {"s": ["vpc-1", "*2", "gz_vpc_2"], "t": ["ins-c", "ins-b*", "qcvm2"],
                                                                     "u": ["gz", "*-singapore"], "n": ["198.51.100.0/24", "192.0.2.7"]},
                    **dice.choice([{}, ONE_IN_TWO]),
                    "rules": [random_rule(dice, number) for number in range(dice.randint(1, 12))]}
        calls = [random_call(dice, number) for number in range(50)]
        (tmp_path / "policy.yaml").write_text(policy(document))
        (tmp_path / "log").write_text("".join(json.dumps(call) + "\n" for call in calls))
        done = run("replay", "--policy", tmp_path / "policy.yaml", "--log", tmp_path / "log", "--json")
        said = {line["requestId"]: (line["after"], line["afterRule"]) for line in map(json.loads, done.stdout.splitlines())}
        for call in calls:
            assert said[call["requestId"]] == judge(document, call), (seed, call, document["rules"])
            asked += 1
    print(f"\n{asked} questions agreed, seed {seed}")
