"""What a review needs: check, diff, explain and openapi from a policy alone, and answers to who may do what."""
import copy
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.expect import problem
from harness.gateway import NOBODY, POLICY, TOKEN, Gateway, configure, policy
from harness.process import binary, environment, run
from harness.upstream import Reply
from harness.wire import Wire
from harness.world import PATIENCE, REPOSITORY, eventually

CLOUD = "https://vpc.api.qcloud.com/v2/index.php"
SNAPSHOTS = """
version: 1
routes:
  - request: POST /disks/{diskId}/snapshots
    service: cbs
    action: CreateSnapshot
    effect: change
    parameters: { storageId: { in: [path], capture: diskId, type: string, required: true } }
"""
TEST = {"client": "network-console", "request": "DELETE /vpcs/vpc-2ari9m7h/classiclinks", "body": {"instanceIds": ["ins-1"]}}


def changed(**said):
    return {**copy.deepcopy(POLICY), **said}


def rule(number, **said):
    return {**copy.deepcopy(POLICY["rules"][number]), **said}


def operators(**said):
    """alice looks; a role is another one's or hers, a map is said of her token."""
    known = {}
    for name, more in {"alice": "viewer", **said}.items():
        token = {"id": f"{name}-1", "sha256": hashlib.sha256(name.encode()).hexdigest(), "expires": "2035-12-31"}
        known[name] = {"tokens": [{**token, **(more if isinstance(more, dict) else {})}],
                       "role": more if isinstance(more, str) else "viewer"}
    return known


@pytest.fixture
def files(tmp_path):
    """files(name=document, ...) writes policies, and nothing else: no countersign.yaml, no secret."""
    def write(**documents):
        for name, content in documents.items():
            (tmp_path / f"{name}.yaml").write_text(content if isinstance(content, str) else policy(content))
        return [tmp_path / f"{name}.yaml" for name in documents]
    return write


# ---- from a policy alone ----

def test_check_without_secrets(files):
    good, more, bad, failing = files(
        good=changed(tests=[{**TEST, "expect": "allow", "by": "staging-links"}]), more=SNAPSHOTS, bad=policy(POLICY) + "extra: 1\n",
        failing=changed(tests=[{**TEST, "expect": "deny"}]))
    done = run("check", "--policy", good)
    assert (done.returncode, done.stderr) == (0, "") and "tests passed 1" in done.stdout
    done = run("check", "--policy", bad)
    assert done.returncode == 78 and "bad.yaml:5:1: policy has no key 'extra'" in done.stderr
    done = run("check", "--policy", failing)
    assert done.returncode == 78 and "failing.yaml:5:" in done.stderr and "expects deny" in done.stderr
    own, = files(own=changed(rules=[{"id": "r", "allow": ["network-console"], "actions": ["CreateSnapshot"]}], sets={}, tests=[
        {"client": "network-console", "request": "POST /disks/disk-1/snapshots", "expect": "allow"}]))
    assert run("check", "--policy", own).returncode == 78
    done = run("check", "--policy", own, "--catalog", more)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_region_of_a_test_that_names_none(files):
    file, = files(file=changed(rules=[rule(0, where={"region": ["ap-shanghai"]})], sets={}, tests=[{**TEST, "expect": "allow"}]))
    assert run("check", "--policy", file).returncode == 78
    assert run("check", "--policy", file, "--region", "ap-shanghai").returncode == 0


def test_strict_and_json(files):
    file, = files(file=changed(sets={**POLICY["sets"], "spare": ["vpc-1"]},
                               rules=[*POLICY["rules"], rule(1, id="try", actions=["Attach*"], mode="audit", owner="net-team")]))
    assert run("check", "--policy", file).returncode == 0
    done = run("check", "--policy", file, "--strict")
    assert done.returncode == 78 and "2 findings count, with --strict" in done.stderr and done.stdout == ""
    for options, status in ([], 0), (["--strict"], 78):
        done = run("check", "--policy", file, "--json", *options)
        assert (done.returncode, done.stderr) == (status, "")
        told = json.loads(done.stdout)
        assert told["good"] == (status == 0) and len(told["findings"]) == 2
        assert [each["severity"] for each in told["findings"]] == ["suggestion", "security warning"]
        assert told["findings"][1]["owner"] == "net-team" and told["findings"][1]["line"] == 4
        assert all(each["advice"] and each["text"] and each["file"] == str(file) for each in told["findings"])
    broken, = files(broken="version: [\n")
    told = json.loads(run("check", "--policy", broken, "--json").stdout)
    assert told["good"] is False and told["findings"][0]["severity"] == "error"


@pytest.mark.parametrize("arguments", [
    ["check", "--policy"], ["check", "--catalog", "x.yaml"], ["check", "--strict", "extra"], ["check", "--nonsense"],
    ["explain"], ["explain", "--action", "x", "GET", "/vpcs"], ["explain", "--client", "a", "--value", "v", "GET", "/vpcs"],
    ["explain", "--catalog", "x.yaml", "--client", "a"], ["diff"], ["diff", "a"], ["diff", "a", "b", "c"], ["diff", "--nonsense", "a", "b"],
    ["openapi", "-c", "a", "--policy", "b"], ["openapi", "--client", "a"], ["check", "--policy", "p", *["--catalog", "c"] * 17],
], ids=" ".join)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr


def test_openapi_without_secrets(files):
    file, more = files(file=POLICY, more=SNAPSHOTS)
    everything = json.loads(run("openapi", "--policy", file, "--catalog", more).stdout)["paths"]
    assert "/disks/{storageId}/snapshots" in everything or "/disks/{diskId}/snapshots" in everything
    only = json.loads(run("openapi", "--policy", file, "--client", "network-console").stdout)["paths"]
    assert {path: list(item) for path, item in only.items()} == {
        "/vpcs/{vpcId}/classiclinks": ["delete"], "/vpcs/{vpcId}/classiclinks/{instanceId}": ["delete"]}
    assert run("openapi", "--policy", file, "--client", "nobody").returncode == 1
    assert run("openapi", "--policy", more).returncode == 78


def test_the_pipeline_of_the_documentation(tmp_path):
    """The script in docs/reviews.md, as a runner has it: two checkouts, and no secret anywhere."""
    text = (REPOSITORY / "docs/reviews.md").read_text()
    script, = re.findall(r"```sh\n(#!/bin/sh\n# A review.*?)```", text, re.S)
    for folder in ("main", "change"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "routes.yaml").write_text(SNAPSHOTS)
        (tmp_path / folder / "policy.yaml").write_text(policy(changed(tests=[{**TEST, "expect": "allow"}])))
    (tmp_path / "review.sh").write_text(script)
    path = os.pathsep.join([os.path.dirname(binary()), environment().get("PATH", "/usr/bin:/bin")])

    def review():
        return subprocess.run(["sh", "review.sh"], cwd=tmp_path, env={**environment(), "PATH": path}, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)
    done = review()
    assert done.returncode == 0, done
    (tmp_path / "change/policy.yaml").write_text(policy(changed(rules=[POLICY["rules"][0]], tests=[{**TEST, "expect": "allow"}])))
    done = review()
    assert done.returncode == 0 and "is no longer denied DetachClassicLinkVpc" in done.stdout, done
    (tmp_path / "change/policy.yaml").write_text(policy(changed(tests=[{**TEST, "expect": "deny"}])))
    assert review().returncode != 0


# ---- diff ----

def auditor(**said):
    return {**POLICY["clients"], "auditor": {**POLICY["clients"]["auditor"], **said}}


def reading(**said):
    return {"id": "r", "allow": ["auditor"], "actions": ["DescribeVpcEx"], **said}


WHERE = "where vpcId is vpc-2ari9m7h, vpc-8e0ypm3z or gz_vpc_245 and region is ap-guangzhou or ap-shanghai"


@pytest.mark.parametrize("new, lines", [
    (POLICY, []),
    (changed(rules=list(reversed(POLICY["rules"]))), []),
    (changed(rules=[rule(0), rule(1, id="another-name")]), []),
    (changed(rules=[rule(0, where={**POLICY["rules"][0]["where"], "vpcId": ["$staging", "vpc-9"]}), rule(1)]), [
        "more: network-console may now DetachClassicLinkVpc where vpcId is vpc-9, gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z"
        " and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4; new: vpc-9)"]),
    (changed(sets={"staging": ["vpc-2ari9m7h"]}), [
        "less: network-console may no longer DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z"
        " and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4; gone: gz_vpc_245, vpc-8e0ypm3z)"]),
    (changed(rules=[rule(0)]), ["more: network-console is no longer denied DetachClassicLinkVpc where instanceIds is ins-bastion*"
                                " (rule 'never-bastion', line 4)"]),
    (changed(rules=[rule(0), rule(1), {"id": "no", "deny": ["*"], "actions": ["*"], "where": {"region": ["ap-shanghai"]}}]), [
        "less: network-console is now denied DetachClassicLinkVpc where region is ap-shanghai (rule 'no', line 4)"]),
    (changed(rules=[rule(0), rule(1), {"id": "no", "deny": ["*"], "actions": ["*"]}]), [
        "less: network-console may no longer DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z"
        " and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4)"]),
    (changed(rules=[rule(0, mode="audit"), rule(1)]), [
        "less: network-console may no longer DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z"
        " and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4)"]),
    (changed(rules=[rule(0), rule(1), {"id": "r", "allow": ["aud*"], "actions": ["DescribeVpcEx"], "effects": ["read"],
                                       "when": {"days": ["mon-fri"], "hours": "09:00-18:00", "zone": "UTC"}, "from": ["10.0.0.0/8"],
                                       "expires": "2030-01-01"}]), [
        "more: auditor may now DescribeVpcEx for reads; from 10.0.0.0/8; on mon-fri 09:00-18:00 UTC; until 2030-01-01"
        " (rule 'r', line 4)"]),
    (changed(clients={**POLICY["clients"], "auditor": {"tokens": [("only", NOBODY, "2030-01-01")], "rate": "20/s"}}), [
        "less: auditor: token 'only' ends 2030-01-01, before: 2035-12-31",
        "other: auditor is limited to 20/s burst 20, before: no rate"]),
    (changed(clients={"network-console": POLICY["clients"]["network-console"]}), ["less: client 'auditor' is gone",
                                                                                   "less: auditor: token 'only' is gone"]),
    (changed(clients={**POLICY["clients"], "web": {"tokens": [("t", "web", "2030-01-01")]}}), ["more: client 'web' is new",
                                                                                              "more: web: token 't' is new"]),
    (changed(clients={**POLICY["clients"], "auditor": {**POLICY["clients"]["auditor"], "certificates": [{"id": "c", "san": "a.example"}]}}), [
        "more: auditor: certificate 'c' is new"]),
    (changed(clients={**POLICY["clients"], "auditor": {**POLICY["clients"]["auditor"], "require": ["token"]}}), [
        "less: auditor now requires a token"]),
    (changed(operators=operators(eve="operator")), ["more: operator 'eve' is new: operator",
                                                    "more: operator 'eve': token 'eve-1' is new"]),
    (changed(operators=operators(alice="operator")), ["more: operator 'alice' is now: operator"]),
    (changed(operators=operators(alice={"expires": "2030-01-01"})), ["less: operator 'alice': token 'alice-1' ends 2030-01-01"]),
    (changed(operators=operators(alice={"disabled": True})), ["less: operator 'alice': token 'alice-1' is disabled"]),
    (changed(operators=operators(alice={"not_before": "2029-01-01"})), ["less: operator 'alice': token 'alice-1' begins later"]),
    (changed(operators={}), ["less: operator 'alice' is gone: viewer", "less: operator 'alice': token 'alice-1' is gone"]),
    (changed(clients=auditor(in_flight=5)), ["other: auditor is limited to no rate, 5 in flight, before: no rate"]),
    (changed(clients=auditor(account="prod")), ["other: auditor has the account prod, before: that was said"]),
    (changed(former_ids={"qcvm1": "ins-a"}), ["other: qcvm1 is now known as ins-a (former_ids)"]),
    (changed(rules=[rule(0), rule(1), reading(limit="600/m", expires="2030-01-01T18:00:00Z")]), [
        "more: auditor may now DescribeVpcEx at most 10/s burst 600; until 2030-01-01T18:00:00Z (rule 'r', line 4)"]),
    (changed(rules=[rule(0), rule(1), reading(**{"from": [f"10.0.{n}.0/24" for n in range(10)]})]), [
        "more: auditor may now DescribeVpcEx from " + ", ".join(f"10.0.{n}.0/24" for n in range(8)) + ", ... (10 in all) (rule 'r', line 4)"]),
    (changed(clients=auditor(subject="trusted"), rules=[rule(0), rule(1), reading(subject=["bob", "eve"])]), [
        "other: auditor has the subject trusted, before: told",
        "more: auditor may now DescribeVpcEx for subject bob or eve (rule 'r', line 4)"]),
    (changed(clients=auditor(subject="trusted"), rules=[rule(0), rule(1), reading(
        where={"region": ["ap-shanghai"]}, subject=[f"user{n}" for n in range(9)])]), [
        "other: auditor has the subject trusted, before: told",
        "more: auditor may now DescribeVpcEx where region is ap-shanghai; for subject "
        + " or ".join(f"user{n}" for n in range(8)) + ", ... (9 in all) (rule 'r', line 4)"]),
    (changed(clients=auditor(require_idempotency_key=True)), ["less: auditor now needs an Idempotency-Key for each change"]),
    (changed(clients=auditor(subject="required")), ["other: auditor has the subject required, before: told"]),
    (changed(rules=[rule(0, require_idempotency_key=True), rule(1)]), [
        "less: network-console may no longer DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z"
        " and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4)"]),
    (changed(rules=[rule(0), rule(1), reading(actions=["DetachClassicLinkVpc"], require_idempotency_key=True)]), [
        "more: auditor may now DetachClassicLinkVpc with an Idempotency-Key only (rule 'r', line 4)"]),
    (changed(sets={"staging": [*POLICY["sets"]["staging"], *(f"vpc-{n:02}" for n in range(10))]}), [
        "more: network-console may now DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-00, vpc-01, vpc-02, vpc-03, vpc-04, vpc-05, vpc-06, "
        "... (13 in all) and region is ap-guangzhou or ap-shanghai (rule 'staging-links', line 4; new: vpc-00, vpc-01, vpc-02, vpc-03, "
        "vpc-04, vpc-05, vpc-06, vpc-07, ... (10 in all))"]),
], ids=str)
def test_diff(files, new, lines):
    old = changed(operators=operators()) if "operators" in new else POLICY
    done = run("diff", *files(old=old, new=new))
    assert (done.stdout.splitlines(), done.returncode) == (lines, 1 if lines else 0), done.stdout
    back = run("diff", *reversed(files(old=old, new=new)))
    assert back.returncode == done.returncode
    assert back.stdout.count("more:") == done.stdout.count("less:") and back.stdout.count("less:") == done.stdout.count("more:")


def test_a_disabled_token_is_less(files):
    text = policy(POLICY)
    off = text.replace('"id": "only"', '"id": "only", "disabled": true')
    assert run("diff", *files(old=text, new=off)).stdout == "less: auditor: token 'only' is disabled\n"
    assert run("diff", *files(old=off, new=text)).stdout == "more: auditor: token 'only' is no longer disabled\n"


def test_when_a_token_begins_and_ends(files):
    text = policy(POLICY)
    head, last, tail = text.rpartition(', "expires": "2035-12-31"')     # that of the auditor
    for other, more, less in [
        (head + tail, "ends never, before: 2035-12-31", "ends 2035-12-31, before: never"),
        (head + ', "expires": "2036-06-30T18:00:00+08:00"' + tail, "ends 2036-06-30T10:00:00Z, before: 2035-12-31",
         "ends 2035-12-31, before: 2036-06-30T10:00:00Z"),
    ]:
        assert run("diff", *files(old=text, new=other)).stdout == f"more: auditor: token 'only' {more}\n"
        assert run("diff", *files(old=other, new=text)).stdout == f"less: auditor: token 'only' {less}\n"
    late = head + last + ', "not_before": "2029-01-01"' + tail
    assert run("diff", *files(old=text, new=late)).stdout == "less: auditor: token 'only' begins later\n"
    assert run("diff", *files(old=late, new=text)).stdout == "more: auditor: token 'only' begins earlier\n"


def test_other_former_ids(files):
    old, new = (changed(former_ids={"qcvm1": "ins-a", "qcvm2": current}) for current in ("ins-b", "ins-c"))
    done = run("diff", *files(old=old, new=new))
    assert done.returncode == 1 and done.stdout.splitlines() == ["other: qcvm2 is now known as ins-c (former_ids)",
                                                                 "other: qcvm2 is no longer known as ins-b (former_ids)"]


def test_an_operators_token_without_an_end(files):
    known = operators()
    del known["alice"]["tokens"][0]["expires"]
    files_of = files(old=changed(operators=operators()), new=changed(operators=known))
    assert run("diff", *files_of).stdout == "more: operator 'alice': token 'alice-1' ends never\n"


@pytest.mark.parametrize("param, narrow, wide", [
    ("limit", {"min": 5, "max": 20}, {"max": 50}), ("limit", {"min": 5, "max": 20}, {"min": 5}), ("limit", {"max": 20}, {"max": 21}),
    ("vpcName", {"cidr_within": ["10.1.0.0/16"]}, {"cidr_within": ["10.0.0.0/8"]}),
    ("vpcName", {"cidr_within": ["10.1.0.0/16", "192.0.2.0/25"]}, {"cidr_within": ["192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"]}),
], ids=str)
def test_a_range_within_another(files, param, narrow, wide):
    """RFC 4632 and arithmetic say which is the wider one: it is more, and nothing less."""
    less, more = files(less=changed(rules=[rule(0), rule(1), reading(where={param: narrow})]),
                       more=changed(rules=[rule(0), rule(1), reading(where={param: wide})]))
    for old, new, sign in ((less, more, "more: auditor may now"), (more, less, "less: auditor may no longer")):
        line, = run("diff", old, new).stdout.splitlines()
        assert line.startswith(f"{sign} DescribeVpcEx where {param} is ")
    assert run("diff", more, more).stdout == ""


@pytest.mark.parametrize("param, one, other", [
    ("limit", {"max": 20}, {"min": 5}), ("limit", {"min": 5, "max": 20}, {"min": 10, "max": 30}),
    ("vpcName", {"cidr_within": ["10.1.0.0/16"]}, {"cidr_within": ["10.2.0.0/16"]}),
], ids=str)
def test_ranges_of_which_neither_is_within_the_other(files, param, one, other):
    old, new = files(old=changed(rules=[rule(0), rule(1), reading(where={param: one})]),
                     new=changed(rules=[rule(0), rule(1), reading(where={param: other})]))
    assert [line.split(":")[0] for line in run("diff", old, new).stdout.splitlines()] == ["more", "less"]


def test_a_new_route_widens_a_star(files):
    old, more = files(old=changed(rules=[rule(0), {"id": "all", "allow": ["auditor"], "actions": ["Create*", "Attach*"]}]), more=SNAPSHOTS)
    assert run("diff", old, old).stdout == ""
    assert run("diff", old, old, "--catalog", more).stdout == ""
    done = run("diff", old, old, "--new-catalog", more)
    assert done.stdout == "more: auditor may now CreateSnapshot (rule 'all', line 4; the action is new)\n"
    assert "less: auditor may no longer CreateSnapshot (rule 'all', line 4)" in run("diff", old, old, "--old-catalog", more).stdout


def test_diff_of_what_is_no_policy(files):
    old, bad = files(old=POLICY, bad="version: 1\n")
    assert run("diff", old, bad).returncode == 78 and run("diff", bad, old).returncode == 78
    assert run("diff", old, old.parent / "nowhere.yaml").returncode == 78


# ---- explain without a request ----

def test_everything_that_a_client_may_do(files):
    console = {**POLICY["clients"]["network-console"], "owner": "net-team"}
    file, = files(file=changed(clients={**POLICY["clients"], "network-console": console},
                               rules=[rule(0, owner="net-team", note="until the move"), rule(1), rule(0, id="off", mode="audit"),
                                      {"id": "shut", "allow": ["network-console"], "actions": ["Attach*"]},
                                      {"id": "closed", "deny": ["*"], "actions": ["Attach*"]}]))
    done = run("explain", "--policy", file, "--client", "network-console")
    rows = [re.sub(" +", " ", row) for row in done.stdout.splitlines()]
    assert done.returncode == 0 and rows == [
        "network-console allow DetachClassicLinkVpc where vpcId is gz_vpc_245, vpc-2ari9m7h or vpc-8e0ypm3z and region is ap-guangzhou"
        " or ap-shanghai (rule staging-links, line 4; owner: net-team; note: until the move)",
        "network-console deny DetachClassicLinkVpc where instanceIds is ins-bastion* (rule never-bastion, line 4)"]
    told = [json.loads(row) for row in run("explain", "--policy", file, "--client", "network-console", "--json").stdout.splitlines()]
    assert [(row["effect"], row["rule"], row["line"]) for row in told] == [("allow", "staging-links", 4), ("deny", "never-bastion", 4)]
    assert told[0]["owner"] == "net-team" and told[0]["note"] == "until the move"
    done = run("explain", "--policy", file, "--client", "auditor")
    assert (done.returncode, done.stdout) == (1, "") and "nobody may" in done.stderr
    done = run("explain", "--policy", file, "--client", "network-console", "DELETE", "/vpcs/vpc-9/classiclinks?instanceIds=ins-1")
    assert "owner    net-team" in done.stdout and "[owner: net-team] [note: until the move]" in done.stdout


def test_who_can_reach_it(files):
    rules = [rule(0), rule(1), {"id": "all", "allow": ["auditor"], "actions": ["DescribeVpcEx", "Attach*"]},
             {"id": "no-prod", "deny": ["auditor"], "actions": ["Attach*"], "where": {"vpcId": ["vpc-prod*"]}}]
    file, = files(file=changed(rules=rules))

    def who(*options):
        done = run("explain", "--policy", file, "--json", *options)
        return [(row["client"], row["action"], row["rule"]) for row in map(json.loads, done.stdout.splitlines())
                if row["effect"] == "allow"]
    assert who("--value", "vpc-2ari9m7h") == [("network-console", "DetachClassicLinkVpc", "staging-links"),
                                              ("auditor", "AttachClassicLinkVpc", "all"), ("auditor", "DescribeVpcEx", "all")]
    assert who("--value", "vpc-prod1") == [("auditor", "DescribeVpcEx", "all")]
    assert who("--value", "ap-shanghai") == [("network-console", "DetachClassicLinkVpc", "staging-links")]
    assert who("--value", "vpc-2ari9m7h", "--client", "network-console") == [("network-console", "DetachClassicLinkVpc", "staging-links")]
    assert who("--action", "Attach*") == [("auditor", "AttachClassicLinkVpc", "all")]
    assert who("--action", "DetachClassicLinkVpc") == [("network-console", "DetachClassicLinkVpc", "staging-links")]
    assert run("explain", "--policy", file, "--action", "Nothing").returncode == 1
    assert run("explain", "--policy", file, "--client", "stranger").returncode == 1


# ---- effects ----

@pytest.mark.parametrize("effects, request_line, verdict", [
    (["read"], ["GET", "/vpcs"], "allow"), (["change"], ["GET", "/vpcs"], "deny"), (["read", "change"], ["GET", "/vpcs"], "allow"),
    (["read"], ["DELETE", "/vpcs/vpc-1/classiclinks?instanceIds=ins-1"], "deny"),
    (["change"], ["DELETE", "/vpcs/vpc-1/classiclinks?instanceIds=ins-1"], "allow"),
])
def test_effects(files, effects, request_line, verdict):
    file, = files(file=changed(sets={}, rules=[{"id": "r", "allow": ["network-console"], "actions": ["*"], "effects": effects}]))
    done = run("explain", "--policy", file, "--client", "network-console", "--json", *request_line)
    assert json.loads(done.stdout)["verdict"] == verdict
    paths = json.loads(run("openapi", "--policy", file, "--client", "network-console").stdout)["paths"]
    methods = {method for item in paths.values() for method in item}
    assert ("get" in methods) == ("read" in effects) and ("delete" in methods) == ("change" in effects)


@pytest.mark.parametrize("condition", [
    {"where": {"vpcId": ["vpc-1"]}}, {"effects": ["read"]}, {"from": ["10.0.0.0/8"]}, {"from": ["$net"]}, {"mode": "audit"},
    {"expires": "2030-01-01"}, {"when": {"zone": "UTC", "hours": "09:00-10:00"}},
], ids=str)
def test_a_deny_with_a_condition_closes_nothing(files, condition):
    """Each condition alone makes a deny one that leaves something: no allow behind it may be called useless."""
    file, = files(file=changed(sets={"net": ["10.0.0.0/8"]} if "$net" in str(condition) else {}, rules=[
        {"id": "r", "allow": ["network-console"], "actions": ["DescribeVpcEx", "DetachClassicLinkVpc"]},
        {"id": "no", "deny": ["*"], "actions": ["*"], **condition}]))
    done = run("check", "--policy", file)
    assert done.returncode == 0 and "never decides" not in done.stderr
    paths = json.loads(run("openapi", "--policy", file, "--client", "network-console").stdout)["paths"]
    assert ("delete" in paths.get("/vpcs/{vpcId}/classiclinks", {})) == ("expires" not in condition)   # it denies all for now


def test_sets_in_from(files):
    file, = files(file=changed(sets={"office": ["10.0.0.0/8", "192.0.2.7"]}, rules=[
        {"id": "r", "allow": ["network-console"], "actions": ["DescribeVpcEx"], "from": ["$office", "2001:db8::/32"]}]))
    for source, status in ("10.1.2.3", 0), ("192.0.2.7", 0), ("192.0.2.8", 1), ("2001:db8::1", 0), ("127.0.0.1", 1):
        assert run("explain", "--policy", file, "--client", "network-console", "--from", source, "GET", "/vpcs").returncode == status


# ---- what a caller is told ----

def test_whoami(start, upstream):
    console = {**POLICY["clients"]["network-console"], "rate": "600/m", "in_flight": 8}
    gateway = start(upstream.url, rules=changed(clients={**POLICY["clients"], "network-console": console}))
    answer = gateway.call("GET", "/whoami", headers={"Authorization": f"Bearer {TOKEN}"})
    told = answer.json()
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    assert told["client"] == "network-console" and told["token"] == {"id": "2026-11", "expires": "2035-12-31T00:00:00.000Z"}
    assert told["rate"] == {"limit": "10/s burst 600", "left": 599} and told["inFlight"] == 8
    assert [(each["id"], each["effect"], each["actions"]) for each in told["rules"]] == [
        ("staging-links", "allow", ["DetachClassicLinkVpc"]), ("never-bastion", "deny", ["DetachClassicLinkVpc"])]
    assert sorted(told["rules"][0]["where"]["vpcId"]) == sorted(POLICY["sets"]["staging"])
    other = gateway.call("GET", "/whoami", headers={"Authorization": f"Bearer {NOBODY}"}).json()
    assert other["client"] == "auditor" and [each["id"] for each in other["rules"]] == ["never-bastion"] and "rate" not in other
    problem(gateway.call("GET", "/whoami"), 401, "unauthenticated")
    problem(gateway.call("POST", "/whoami", headers={"Authorization": f"Bearer {TOKEN}", "Content-Length": "0"}), 405,
            "method-not-allowed")
    upstream.seen(0)


def test_whoami_tells_every_condition(start, upstream):
    """As the policy says it; of long lists the beginning, and that there is more."""
    asked = {"where": {"vpcId": [f"vpc-{n:03}" for n in range(101)]}, "from": [*(f"10.0.{n}.0/24" for n in range(100)), "127.0.0.1"],
             "subject": [f"user{n:03}" for n in range(101)], "effects": ["read", "change"], "expires": "2035-12-31",
             "when": {"days": ["mon-fri"], "hours": "09:00-18:00", "zone": "UTC"}}
    short = {"from": ["2001:db8::/32", "192.0.2.7", "127.0.0.0/8"], "subject": ["bob"], "effects": ["change"]}
    console = {**POLICY["clients"]["network-console"], "subject": "trusted"}
    gateway = start(upstream.url, rules=changed(sets={}, clients={**POLICY["clients"], "network-console": console}, rules=[
        {**rule(0), **asked}, {**rule(1), **short, "deny": ["network-console"]}]))
    told = gateway.call("GET", "/whoami", headers={"Authorization": f"Bearer {TOKEN}", "Countersign-Subject": "bob"}).json()
    long, deny = told["rules"]
    assert long["where"]["vpcId"] == [*asked["where"]["vpcId"][:100], "..."]
    assert long["from"] == [*asked["from"][:100], "..."] and long["subject"] == [*asked["subject"][:100], "..."]
    assert (long["effects"], long["when"], long["expires"]) == (["read", "change"], "mon-fri 09:00-18:00 UTC", "2035-12-31T00:00:00.000Z")
    assert {key: deny[key] for key in short} == short and not {"expires", "when"} & set(deny)


ALWAYS_PAST = {"when": {"days": ["mon"], "hours": "00:00-00:01", "zone": "UTC"}}


@pytest.mark.parametrize("said, words", [
    ({"expires": "2020-01-01"}, "the rule that allowed DetachClassicLinkVpc has ended"),
    ({"from": ["192.0.2.0/24"]}, "no rule allows DetachClassicLinkVpc from this address"),
    ({"effects": ["read"]}, "no rule allows DetachClassicLinkVpc"),
    ({"where": {"region": ["ap-shanghai"]}}, "no rule allows DetachClassicLinkVpc with this region"),
    ({"where": {"vpcId": ["vpc-1"]}}, "no rule allows DetachClassicLinkVpc with this vpcId"),
    ({"where": {"instanceIds": ["ins-other"]}, "from": ["192.0.2.0/24"]}, "no rule allows DetachClassicLinkVpc with this instanceIds"),
    ({"allow": ["auditor"]}, "no rule allows DetachClassicLinkVpc"),
], ids=str)
def test_a_refusal_says_which_condition_missed(start, upstream, said, words):
    """The caller's own hour, address, region and parameter: never what the rule has instead."""
    gateway = start(upstream.url, rules=changed(sets={}, rules=[{**rule(0, where={}), **said}]))
    assert problem(gateway.delete(), 403, "not-allowed")["detail"] == words
    upstream.seen(0)


def test_a_refusal_by_several_rules_names_no_one_parameter(start, upstream):
    gateway = start(upstream.url, rules=changed(sets={}, rules=[
        rule(0, where={"vpcId": ["vpc-1"]}), rule(0, id="other", where={"region": ["ap-shanghai"]})]))
    assert problem(gateway.delete(), 403, "not-allowed")["detail"] == "no rule allows DetachClassicLinkVpc with these parameters"


def test_a_rate_in_minutes_has_the_burst_that_it_says(start, upstream):
    console = {**POLICY["clients"]["network-console"], "rate": "5/m"}
    gateway = start(upstream.url, rules=changed(clients={**POLICY["clients"], "network-console": console}))
    assert [gateway.delete().status for _ in range(6)] == [202] * 5 + [429]


# ---- limits that clients share ----

BOTH = Reply({"code": 0, "message": "", "taskId": 135254, "totalCount": 0, "data": []})  # to a change and to a list


def limited(**said):
    console = {**rule(0, where={}), **said}
    return changed(sets={}, rules=[console, {"id": "reads", "allow": ["network-console", "auditor"], "actions": ["DescribeVpcEx"]}])


def test_a_rule_with_a_limit(start, upstream):
    upstream.script(then=BOTH)
    gateway = start(upstream.url, rules=limited(limit="2/h"))
    answers = [gateway.delete() for _ in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    body = problem(answers[2], 429, "too-many-requests")
    assert body["detail"] == "the rule 'staging-links' is over its limit" and body["outcome"] == "not-executed"
    assert 1700 <= int(answers[2].header("Retry-After")) <= 1800
    assert gateway.call("GET", "/vpcs", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    told = gateway.call("GET", "/whoami", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert told["rules"][0]["limit"] == "2/h burst 2"
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    assert gateway.delete().status == 429, "a reload forgets nothing"


def test_an_upstream_and_an_action_with_a_limit(start, upstream):
    upstream.script(then=BOTH)
    gateway = start(upstream.url, rules=limited(), limit="5/h", limits={"DetachClassicLinkVpc": "1/h"})
    assert [gateway.delete().status for _ in range(2)] == [202, 429]
    assert problem(gateway.delete(), 429, "too-many-requests")["detail"] == "the action 'DetachClassicLinkVpc' is over its limit"
    read = [gateway.call("GET", "/vpcs", headers={"Authorization": f"Bearer {TOKEN}"}) for _ in range(5)]
    assert [answer.status for answer in read] == [200, 200, 200, 200, 429]
    assert problem(read[4], 429, "too-many-requests")["detail"] == "the upstream 'vpc' is over its limit"


@pytest.mark.parametrize("limit", ["20", "0/s", "-1/s", "1/d", "1/s burst 0", "", None])
def test_a_limit_that_is_none(tmp_path, limit):
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=limited(limit=limit)))
    assert done.returncode == 78 and "policy.yaml:4:" in done.stderr
    done = run("check", "-c", configure(tmp_path, CLOUD, limit=limit))
    assert done.returncode == 78 and "countersign.yaml:7:" in done.stderr
    done = run("check", "-c", configure(tmp_path, CLOUD, limits={"DetachClassicLinkVpc": limit}))
    assert done.returncode == 78 and "countersign.yaml:7:" in done.stderr


def test_a_limit_that_limits_nothing(tmp_path):
    done = run("check", "-c", configure(tmp_path, CLOUD, limits={"DetachClasicLinkVpc": "1/s"}))
    assert done.returncode == 0 and "suggestion: no route of 'vpc' leads to an action 'DetachClasicLinkVpc': it is not limited" in done.stderr
    deny = rule(1, limit="1/s")
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=changed(rules=[rule(0), deny])))
    assert done.returncode == 78 and "rule 'never-bastion' denies: only an allow has a limit" in done.stderr


# ---- who is behind a client ----

def subjects(kind, **said):
    console = {**POLICY["clients"]["network-console"], "subject": kind}
    return changed(sets={}, clients={**POLICY["clients"], "network-console": console}, rules=[{**rule(0, where={}), **said}])


def detach(gateway, subject=None, **headers):
    if subject is not None:
        headers["Countersign-Subject"] = subject
    return gateway.delete(headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}", **headers})


def test_a_subject_is_recorded_as_what_the_client_says(start, upstream, tmp_path):
    gateway = start(upstream.url, rules=changed(), top={"audit": str(tmp_path / "audit.log")})
    for subject in ("alice@example.com", "Alice O'Neill (ops)", "x" * 128):
        answer = detach(gateway, subject)
        assert answer.status == 202 and gateway.record(answer)["subject"] == subject
    assert "subject" not in gateway.record(gateway.delete())
    intents = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines() if '"audit":"intent"' in line]
    assert [each.get("subject") for each in intents] == ["alice@example.com", "Alice O'Neill (ops)", "x" * 128, None]


@pytest.mark.parametrize("subject", ["", "x" * 129, "\u00e4lice", "x" * 4000], ids=len)
def test_a_subject_that_is_none(start, upstream, subject):
    gateway = start(upstream.url)
    body = problem(detach(gateway, subject.encode("latin-1")), 400, "invalid-parameter")
    assert body["detail"] == "Countersign-Subject must be 1 to 128 printable ASCII characters"
    upstream.seen(0)


def test_a_subject_that_is_required(start, upstream):
    for kind in ("required", "trusted"):
        gateway = start(upstream.url, rules=subjects(kind))
        body = problem(gateway.delete(), 400, "invalid-parameter")
        assert body["detail"] == "'network-console' has to send Countersign-Subject: who is behind it"
        assert detach(gateway, "alice").status == 202
        problem(gateway.delete(token="wrong"), 401, "unauthenticated")     # who is unknown is told nothing of it


def test_rules_for_subjects(start, upstream):
    gateway = start(upstream.url, rules=subjects("trusted", subject=["alice@*", "bob"]))
    assert [detach(gateway, who).status for who in ("alice@example.com", "bob", "bobby", "Alice@example.com")] == [202, 202, 403, 403]
    assert problem(detach(gateway, "eve"), 403, "not-allowed")["detail"] == "no rule allows DetachClassicLinkVpc for this subject"
    told = gateway.call("GET", "/whoami", headers={"Authorization": f"Bearer {TOKEN}", "Countersign-Subject": "bob"}).json()
    assert told["rules"][0]["subject"] == ["alice@*", "bob"]


def test_a_subject_comes_once(gateway, upstream):
    head = f"GET /whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with Wire(gateway.port) as wire:
        wire.send((head + "Countersign-Subject: alice\r\nCountersign-Subject: bob\r\n\r\n").encode())
        answer = wire.read()
    assert answer.status == 400


@pytest.mark.parametrize("kind", ["told", "required"])
def test_only_a_trusted_subject_decides(files, kind):
    """Otherwise a deny could be walked around by another name, or by none."""
    done = run("check", "--policy", *files(file=subjects(kind, subject=["alice"])))
    assert done.returncode == 78 and "rule 'staging-links' looks at the subject of 'network-console', which needs subject: trusted" in done.stderr


def test_explain_and_tests_know_subjects(files):
    request = {"client": "network-console", "request": "DELETE /vpcs/vpc-1/classiclinks?instanceIds=ins-1"}
    document = {**subjects("trusted", subject=["alice"]), "tests": [{**request, "subject": "alice", "expect": "allow"}, {**request, "expect": "deny"},
                                                                   {**request, "subject": "eve", "expect": "deny"}]}
    file, = files(file=document)
    assert run("check", "--policy", file).returncode == 0
    line = ["--client", "network-console", *request["request"].split(" ")]
    assert run("explain", "--policy", file, "--subject", "alice", *line).returncode == 0
    done = run("explain", "--policy", file, "--subject", "eve", *line)
    assert done.returncode == 1 and "does not match: it is for other subjects (subject)" in done.stdout


# ---- what is in force ----

def sums(gateway):
    folder = os.path.dirname(gateway.child.args[-1])
    return {name: hashlib.sha256(pathlib.Path(folder, f"{file}.yaml").read_bytes()).hexdigest()
            for name, file in (("policy", "policy"), ("configuration", "countersign"))}


def test_what_is_in_force_has_a_name(start, upstream):
    """The same that sha256sum says of the files; the catalog's is that of the one that ships and the operator's own."""
    gateway = start(upstream.url)
    told = gateway.call("GET", "/version", port=gateway.admin).json()
    shipped = hashlib.sha256((REPOSITORY / "config/catalog/catalog.yaml").read_bytes()).hexdigest()
    assert told["sha256"] == {**sums(gateway), "catalog": shipped}
    every = hashlib.sha256("".join(told["sha256"][key] for key in ("policy", "catalog", "configuration")).encode()).hexdigest()
    assert told["config"] == every[:12]
    ready = gateway.call("GET", "/readyz", port=gateway.admin).json()
    assert (ready["config"], ready["sha256"]) == (told["config"], told["sha256"])
    assert gateway.record(gateway.delete())["config"] == told["config"]
    metrics = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    assert f'countersign_config_info{{config="{told["config"]}"}} 1\n' in metrics
    folder = pathlib.Path(gateway.child.args[-1]).parent
    (folder / "policy.yaml").write_text(policy(POLICY) + "# a comment\n")
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    after = gateway.call("GET", "/version", port=gateway.admin).json()
    assert after["sha256"] == {**sums(gateway), "catalog": shipped} and after["config"] != told["config"]
    assert gateway.record(gateway.delete())["config"] == after["config"]


def test_the_audit_file_tells_what_was_in_force_since_when(tmp_path, upstream, reaper):
    gateway = Gateway(configure(tmp_path, upstream.url, top={"audit": "audit.log"}))

    def last(kind):
        return eventually(lambda: ([each for each in map(json.loads, (tmp_path / "audit.log").read_text().splitlines())
                                    if each["audit"] == kind] or [None])[-1])
    started = last("open")
    assert started["config"] == gateway.call("GET", "/version", port=gateway.admin).json()["config"]
    assert gateway.delete().status == 202 and last("intent")["config"] == started["config"]
    (tmp_path / "policy.yaml").write_text(policy(changed(rules=[rule(0), rule(1), {"id": "r", "allow": ["auditor"], "actions": ["DescribeVpcEx"]}])))
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    reloaded = last("reload")
    assert (reloaded["before"], reloaded["by"]) == (started["config"], "POST /reload")
    assert reloaded["sha256"]["policy"] == sums(gateway)["policy"]
    assert reloaded["config"] == gateway.call("GET", "/version", port=gateway.admin).json()["config"]
    assert reloaded["changes"] == ["more: auditor may now DescribeVpcEx (rule 'r', line 4)"] and reloaded["more"] == 1
    (tmp_path / "policy.yaml").write_text("version: 2\n")
    gateway.child.send_signal(signal.SIGHUP)
    refused = last("reload-refused")
    assert refused["by"] == "SIGHUP" and refused["config"] == reloaded["config"]
    assert any("version must be 1" in error for error in refused["errors"])
    reaper.ask(gateway)
    done = run("audit", "verify", tmp_path / "audit.log")
    assert done.returncode == 0, done
    shown = run("audit", "show", tmp_path / "audit.log")
    assert shown.returncode == 0 and shown.stdout.count("DetachClassicLinkVpc") == 1


def test_a_disabled_token_is_named_in_the_log(start, upstream, tmp_path):
    """As an expired one is; the answer is that of an unknown one, whatever the reason."""
    text = policy(POLICY)
    gateway = start(upstream.url)
    folder = pathlib.Path(gateway.child.args[-1]).parent
    unknown = gateway.delete(token="wrong")
    assert "client" not in gateway.record(unknown)
    for change in ('"disabled": true', '"not_before": "2035-12-30"'):
        (folder / "policy.yaml").write_text(text.replace('"id": "2026-11"', f'"id": "2026-11", {change}'))
        assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
        answer = gateway.delete()
        record = gateway.record(answer)
        assert (record["client"], record["token"], record["status"]) == ("network-console", "2026-11", 401)
        assert {**problem(answer, 401, "unauthenticated"), "requestId": ""} == {**problem(unknown, 401, "unauthenticated"), "requestId": ""}


def test_a_rule_that_never_decided_is_a_series_at_zero(start, upstream):
    gateway = start(upstream.url, rules=changed(rules=[rule(0), rule(1), rule(1, id="try", mode="audit", since="2026-11-01")]))

    def told(name):
        return gateway.call("GET", "/metrics", port=gateway.admin).body.decode().count(name)
    assert told('countersign_policy_decisions_total{verdict="allow",rule="staging-links"} 0\n') == 1
    assert told('countersign_policy_decisions_total{verdict="deny",rule="never-bastion"} 0\n') == 1
    assert told('countersign_policy_audit_mode_total{rule="try"} 0\n') == 1
    assert gateway.delete().status == 202
    assert eventually(lambda: told('countersign_policy_decisions_total{verdict="allow",rule="staging-links"} 1\n') == 1)
