"""`countersign replay`: past calls, judged again by another policy."""
import datetime
import json
import os
import pty
import subprocess

import pytest

from harness.gateway import POLICY, Gateway, bearer, configure, policy
from harness.process import binary, environment, run
from harness.upstream import Reply
from harness.world import REPOSITORY, eventually

OTHER = {**POLICY, "rules": POLICY["rules"][:1]}    # nobody denies the bastions any more
SNAPSHOTS = """
version: 1
routes:
  - request: POST /disks/{diskId}/snapshots
    service: cbs
    action: CreateSnapshot
    effect: change
    parameters: { storageId: { in: [path], capture: diskId, type: string, required: true } }
"""


@pytest.fixture
def files(tmp_path):
    """files(policy, lines) writes both and gives the options that name them."""
    def write(document, lines):
        (tmp_path / "candidate.yaml").write_text(policy(document))
        (tmp_path / "log").write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return ["replay", "--policy", tmp_path / "candidate.yaml", "--log", tmp_path / "log"]
    return write


def line(number=0, action="DetachClassicLinkVpc", verdict="allow", **params):
    params = params or {"vpcId": "vpc-2ari9m7h", "instanceIds": ["ins-1"]}
    return {"time": "2026-11-24T12:00:00.123Z", "requestId": f"r{number}", "client": "network-console", "source": "127.0.0.1",
            "action": action, "region": "ap-guangzhou", "params": params, "verdict": verdict,
            **({"rule": "staging-links"} if verdict == "allow" else {})}


def test_what_another_policy_would_have_done(start, upstream, files):
    gateway = start(upstream.url)
    answers = [gateway.delete(), gateway.delete({"instanceIds": ["ins-bastion1"]}), gateway.delete(token="wrong")]
    lines = [gateway.record(answer) for answer in answers] + ["not a line of ours"]
    done = run(*files(POLICY, lines))
    assert (done.returncode, done.stdout) == (0, "")
    assert "4 lines: 0 would change, 2 stay, 1 were not judged, 1 are not ours" in done.stderr
    done = run(*files(OTHER, lines))
    assert done.returncode == 1 and "deny by never-bastion, would be allow by staging-links" in done.stdout
    told, = map(json.loads, run(*files(OTHER, lines), "--json").stdout.splitlines())
    assert told == {"requestId": answers[1].header("X-Request-Id"), "client": "network-console",
                    "action": "DetachClassicLinkVpc", "before": "deny", "beforeRule": "never-bastion",
                    "after": "allow", "afterRule": "staging-links"}


def test_an_audit_file_says_enough(tmp_path, upstream, reaper, files):
    gateway = Gateway(configure(tmp_path, upstream.url, top={"audit": "audit.log"}))
    assert gateway.delete().status == 202
    upstream.script(then=Reply(cut=0))
    assert gateway.delete().status == 504
    reaper.ask(gateway)
    log = tmp_path / "audit.log"
    assert eventually(lambda: log.read_text().count('"audit":"outcome"') == 2)
    lines = log.read_text().splitlines()
    assert "0 would change, 2 stay" in run(*files(POLICY, lines)).stderr
    done = run(*files({**POLICY, "rules": POLICY["rules"][1:]}, lines))
    assert done.returncode == 1
    assert "allow by staging-links, would be deny by no rule; 2 calls, first " in done.stdout


def vpc(number, name, ids=("ins-1",), **said):
    return {**line(number, vpcId=name, instanceIds=list(ids)), **said}


def test_changes_are_grouped_by_client_action_rule_and_parameter(files):
    """A thousand calls are a few lines: whose, what, by which rules, and by which parameter with some of its values."""
    rules = [{**POLICY["rules"][0], "where": {"vpcId": ["vpc-8*"]}}, POLICY["rules"][1]]
    lines = [vpc(number, f"vpc-{number % 4}") for number in range(1000)]
    lines += [vpc(2000, "vpc-8", ["ins-1", "ins-bastion1"]), vpc(2001, "vpc-8", source="10.0.0.1"),
              {**vpc(2002, "vpc-1"), "client": "auditor"}, {**vpc(2003, "vpc-1"), "client": "a\n\x1b[31m"}]
    done = run(*files({**POLICY, "sets": {}, "rules": rules}, lines))
    assert done.returncode == 1 and done.stdout.splitlines() == [
        "network-console DetachClassicLinkVpc: allow by staging-links, would be deny by no rule"
        " (vpcId: vpc-0; vpc-1; vpc-2; ...); 1000 calls, first r0",
        "network-console DetachClassicLinkVpc: allow by staging-links, would be deny by never-bastion"
        " (instanceIds: ins-1, ins-bastion1); 1 call, first r2000",
        "auditor DetachClassicLinkVpc: allow by staging-links, would be deny by no rule; 1 call, first r2002",
        "a??[31m DetachClassicLinkVpc: allow by staging-links, would be deny by no rule; 1 call, first r2003"]
    assert "1004 lines: 1003 would change, 1 stay" in done.stderr
    assert len(run(*files({**POLICY, "sets": {}, "rules": rules}, lines), "--json").stdout.splitlines()) == 1003


def test_what_nothing_used(files):
    """Rules that no call matched, values that no call had, tokens that no call came with."""
    console = {"tokens": [("2026-11", "one", "2030-01-01"), ("2026-05", "two", "2030-01-01")]}
    document = {"version": 1, "clients": {**POLICY["clients"], "network-console": console}, "sets": {"s": ["vpc-1", "vpc-2*", "vpc-3"]},
                "rules": [{**POLICY["rules"][0], "where": {"vpcId": ["$s", "vpc-9"], "region": ["ap-*"]}}, POLICY["rules"][1]]}
    lines = [vpc(1, "vpc-1", token="2026-11"), vpc(2, "vpc-22", token="2026-11"),
             vpc(3, "vpc-3", token="2026-05", time="2026-08-01T00:00:00.000Z")]
    done = run(*files(document, lines), "--unused", "--since", "2026-09-01")
    told = [each.partition(": ")[2] for each in done.stdout.splitlines()]
    assert done.returncode == 1 and told == [
        "value 'vpc-9' of vpcId in rule 'staging-links': no call had it",
        "value 'vpc-3' of vpcId in rule 'staging-links': no call had it",
        "rule 'never-bastion': no call matched it",
        "token '2026-05' of client 'network-console': no call had it",
        "token 'only' of client 'auditor': no call had it"]
    assert "candidate.yaml:4: " in done.stdout and "candidate.yaml:2: " in done.stdout
    assert "'vpc-3'" not in run(*files(document, lines), "--unused").stdout
    used = {**document, "clients": {"network-console": {"tokens": console["tokens"][:1]}}, "sets": {}, "rules": [
        {**POLICY["rules"][0], "where": {"vpcId": ["vpc-*"]}}]}
    done = run(*files(used, lines[:2]), "--unused")
    assert (done.returncode, done.stdout) == (0, "")


def test_lines_of_the_last_days(files):
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [line(1) | {"time": f"{now - datetime.timedelta(days=days):%Y-%m-%dT%H:%M:%S.000Z}"} for days in (1, 100)]
    changed = {**POLICY, "rules": POLICY["rules"][1:], "sets": {}}
    assert "2 lines: 1 would change, 0 stay, 1 were not judged" in run(*files(changed, lines), "--since", "90d").stderr
    assert "2 lines: 2 would change" in run(*files(changed, lines), "--since", "2401h").stderr
    for text in ("90", "d", "-1d", "90days", "1000001d", "soon", ""):
        assert run(*files(changed, lines), "--since", text).returncode == 2, text
    assert run(*files(changed, lines), "--unused", "--json").returncode == 2


def test_a_client_that_is_gone_is_denied(files):
    changed = {**POLICY, "clients": {"auditor": POLICY["clients"]["auditor"]}, "rules": [{**POLICY["rules"][0], "allow": ["*"]}]}
    done = run(*files(changed, [line()]))
    assert done.returncode == 1 and "allow by staging-links, would be deny by no rule" in done.stdout


def test_each_of_an_actions_routes(files):
    """GET /vpcs has parameters that GET /vpcs/{vpcId} has not; a rule sees those of the call."""
    rules = [{"id": "all", "allow": ["network-console"], "actions": ["*"]},
             {"id": "no", "deny": ["*"], "actions": ["DescribeVpcEx"], "where": {"vpcName": ["secret*"]}},
             {"id": "nor", "deny": ["*"], "actions": ["DescribeVpcEx"], "where": {"vpcId": ["vpc-9"]}}]
    lines = [line(1, "DescribeVpcEx", vpcName="secrets"), line(2, "DescribeVpcEx", vpcId="vpc-9"),
             line(3, "DescribeVpcEx", vpcName="open", limit="10"), line(4, "DescribeVpcEx", vpcId="vpc-1")]
    told = [json.loads(each) for each in run(*files({**POLICY, "rules": rules}, lines), "--json").stdout.splitlines()]
    assert [(each["requestId"], each["afterRule"]) for each in told] == [("r1", "no"), ("r2", "nor")]


def test_routes_of_ones_own(files, tmp_path):
    (tmp_path / "more.yaml").write_text(SNAPSHOTS)
    rules = [{"id": "snapshots", "allow": ["network-console"], "actions": ["CreateSnapshot"], "where": {"storageId": ["disk-1"]}}]
    options = files({**POLICY, "rules": rules}, [line(1, "CreateSnapshot", storageId="disk-1"),
                                                 line(2, "CreateSnapshot", storageId="disk-2")])
    done = run(*options)
    assert done.returncode == 1 and "2 are of actions" in done.stderr
    done = run(*options, "--catalog", tmp_path / "more.yaml")
    assert done.returncode == 1 and done.stdout.splitlines() == [
        "network-console CreateSnapshot: allow by staging-links, would be deny by no rule (storageId: disk-2); 1 call, first r2"]


def test_what_cannot_be_told_is_no_success(files):
    done = run(*files(POLICY, [line(1, "NoSuchAction", vpcId="vpc-1")]))
    assert done.returncode == 1 and "1 are of actions or parameters that no route has" in done.stderr


@pytest.mark.parametrize("broken", [
    "", "{", "[]", "null", '"text"', "{}{}", "\x00", "[" * 100, '{"verdict":"allow"}', '{"a":1,"a":2}',
    json.dumps({**line(), "time": "yesterday"}), json.dumps({**line(), "source": "here"}), json.dumps({**line(), "region": 7}),
    json.dumps(line(vpcId=7)), json.dumps(line(vpcId=["a", "b"])), json.dumps(line(vpcId="a" * 32769)),
    json.dumps({**line(), "params": []})], ids=repr)
def test_lines_that_are_none_change_nothing(files, broken):
    done = run(*files(POLICY, [line(1), broken, line(2)]))
    assert done.stdout == "" and "3 lines: 0 would change, 2 stay" in done.stderr, done.stderr


@pytest.mark.parametrize("lines", [[], ["{}"], ["text", "[]"], [json.dumps({**line(), "verdict": None})]], ids=repr)
def test_where_nothing_was_judged_nothing_is_good(files, lines):
    """An empty file, or another one: a script must not take that for "nothing would change"."""
    done = run(*files(POLICY, lines))
    assert done.returncode == 1 and "not one call was judged" in done.stderr


@pytest.mark.parametrize("member", ["region", "action", "client", "verdict", "time", "source", "requestId"])
def test_a_member_of_a_megabyte(files, member):
    """Larger than the memory that a line has: it is no line of ours, and the others are judged."""
    for size in (300, 5000, 1 << 20):
        done = run(*files(POLICY, [line(1), {**line(), member: "x" * size}, line(2)]))
        assert done.returncode in (0, 1) and "3 lines:" in done.stderr, done.stderr


def test_from_standard_input(files):
    options = files(OTHER, [])
    done = run(*options[:-1], "-", stdin=json.dumps(line(verdict="deny")) + "\n")
    assert done.returncode == 1 and "deny by no rule, would be allow by staging-links" in done.stdout


@pytest.mark.parametrize("options", [[], ["--policy", "x"], ["--log", "x"], ["--policy", "x", "--log", "y", "z"],
                                     ["--policy"], ["--nonsense"], ["--policy", "x", "--log", "y"] + 17 * ["--catalog", "c"]],
                         ids=lambda options: " ".join(options)[:40])
def test_wrong_usage(options):
    assert run("replay", *options).returncode == 2


def test_a_bad_candidate(tmp_path):
    (tmp_path / "policy.yaml").write_text("version: 1\n")
    assert run("replay", "--policy", tmp_path / "policy.yaml", "--log", os.devnull).returncode == 78
    assert run("replay", "--policy", tmp_path / "missing.yaml", "--log", os.devnull).returncode == 78


def test_progress_on_a_terminal_and_only_there(files):
    options = [binary(), *map(str, files(POLICY, [line(number) for number in range(20000)]))]
    ours, theirs = pty.openpty()
    child = subprocess.Popen(options, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=environment())
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 4096):
            said += more
    except OSError:     # the other end is closed
        pass
    os.close(ours)
    assert child.wait(60) == 0
    assert b"\r8192 lines, 0 would change\r16384 lines" in said and b"\r20000 lines" in said
    assert "8192" not in run(*options[1:]).stderr


# ---- calls by the cloud's own document ----

FOLDER = str(REPOSITORY / "config/definitions/data")
CREATE = "CreateSecurityGroupPolicies"
CIDR = "SecurityGroupPolicySet.Ingress.CidrBlock"
SET = {"Ingress": [{"CidrBlock": "10.0.0.0/8", "Port": "80"}, {"CidrBlock": "10.1.0.0/16"}]}


def of_documents(*rules):
    return {**POLICY, "rules": [{"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)]}


def group(effect="allow", *actions, **where):
    return {effect: ["network-console"], "actions": list(actions or (f"vpc:{CREATE}",)), **({"where": where} if where else {})}


@pytest.fixture
def recorded(start, upstream, tmp_path):
    """recorded(policy, document, ...) gives the access line of each, and of the audit file what announced it."""
    def call(rules, *documents, action=CREATE):
        upstream.script(then=Reply({"Response": {"RequestId": "r"}}))
        gateway = start(upstream.url.replace("/v2/index.php", "/"), generation=3, rules=rules,
                        top={"doors": {"actions": True}, "definitions": FOLDER, "audit": {"file": str(tmp_path / "audit")}})
        lines = []
        for document in documents:
            answer = gateway.call("POST", f"/actions/vpc/{action}", json.dumps(document).encode(),
                                  {**bearer(), "Content-Type": "application/json"})
            lines.append(gateway.record(answer))
        intents = [one for one in map(json.loads, (tmp_path / "audit").read_text().splitlines()) if "params" in one]
        return lines, intents
    return call


def replay(files, candidate, lines):
    return run(*files(candidate, lines), "--definitions", FOLDER)


def test_documents_are_judged_by_what_their_records_have(recorded, files):
    now = of_documents(group(**{CIDR: {"cidr_within": ["10.0.0.0/8"]}}))
    lines, intents = recorded(now, {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": SET},
                              {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": {"Ingress": [{"CidrBlock": "0.0.0.0/0"}]}},
                              {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": {"Ingress": [*SET["Ingress"], {"Port": "1"}]}},
                              {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": {}})
    assert [line["verdict"] for line in lines] == ["allow", "deny", "deny", "deny"] and len(intents) == 1
    assert [line["document"].get("gaps") for line in lines] == [None, None, [CIDR], None]
    assert [line["document"].get("absent") for line in lines] == [None, None, None, [CIDR]]
    done = replay(files, now, lines + intents)
    assert done.returncode == 0 and "5 lines: 0 would change, 5 stay" in done.stderr, done.stderr
    done = replay(files, of_documents(group(**{CIDR: {"cidr_within": ["10.0.0.0/16", "0.0.0.0/0"]}})), lines)
    assert "1 would change, 3 stay" in done.stderr and f"{CIDR}: 0.0.0.0/0" in done.stdout, done.stdout + done.stderr
    done = replay(files, of_documents(group("allow", "vpc:Create*")), lines + intents)
    assert "3 would change, 2 stay" in done.stderr


@pytest.mark.parametrize("candidate, told", [
    (of_documents(group(SecurityGroupId=["sg-1"])), "0 would change, 0 stay"),        # nobody recorded it
    (of_documents(group(), group("deny", "vpc:*", SecurityGroupId=["sg-9"])), "0 would change, 0 stay"),
    (of_documents(group(), group("deny", "vpc:DeleteVpc", VpcId=["vpc-9"])), "0 would change, 1 stay"),
    (of_documents(group(**{CIDR: ["10.*"]}), group("deny", "*", **{CIDR: ["0.0.0.0/0"]})), "0 would change, 1 stay"),
])
def test_what_a_record_does_not_have_is_not_judged(recorded, files, candidate, told):
    lines, _ = recorded(of_documents(group(**{CIDR: ["*"]})), {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": SET})
    done = replay(files, candidate, lines)
    assert told in done.stderr, done.stderr
    assert (done.returncode == 1) == ("records do not have" in done.stderr) == ("0 stay" in told)


def test_a_document_without_more_is_known_whole(recorded, files):
    """What is not in it was not there, whoever asks."""
    lines, _ = recorded(of_documents(group("allow", "vpc:DescribeRegions", "vpc:DeleteVpc", VpcId=["*"])), {"VpcId": "vpc-1"},
                        action="DeleteVpc")
    assert lines[0]["document"]["others"] == 0
    done = replay(files, of_documents(group("allow", "vpc:DeleteVpc", "vpc:CreateVpc"),
                                      group("deny", "vpc:DeleteVpc", "vpc:CreateVpc", VpcId=["vpc-1"])), lines)
    assert "1 would change, 0 stay" in done.stderr, done.stderr


def test_an_action_with_a_route_is_judged_by_the_routes_names(recorded, files):
    lines, _ = recorded(of_documents(group("allow", "DetachClassicLinkVpc")), {"VpcId": "vpc-2ari9m7h", "InstanceIds": ["ins-1"]},
                        action="DetachClassicLinkVpc")
    assert lines[0]["params"] == {"vpcId": "vpc-2ari9m7h", "instanceIds": "ins-1"}
    for where, told in (({"vpcId": ["vpc-2*"]}, "0 would change, 1 stay"), ({"instanceIds": ["ins-2"]}, "1 would change, 0 stay")):
        done = replay(files, of_documents(group("allow", "vpc:DetachClassicLinkVpc", **where)), lines)
        assert told in done.stderr, done.stderr


def test_without_definitions_documents_are_not_judged(recorded, files, tmp_path):
    lines, _ = recorded(of_documents(group()), {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": SET})
    done = run(*files(of_documents({"allow": ["*"], "actions": ["*"]}), lines))
    assert done.returncode == 1 and "0 would change, 0 stay" in done.stderr and "--definitions" in done.stderr
