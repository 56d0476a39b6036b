"""`countersign replay`: past calls, judged again by another policy."""
import json
import os
import pty
import subprocess

import pytest

from harness.gateway import POLICY, Gateway, configure, policy
from harness.process import binary, environment, run
from harness.upstream import Reply
from harness.world import eventually

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
    assert done.returncode == 1 and done.stdout.count("allow by staging-links, would be deny by no rule") == 2


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
        "r2 network-console CreateSnapshot: allow by staging-links, would be deny by no rule"]


def test_what_cannot_be_told_is_no_success(files):
    done = run(*files(POLICY, [line(1, "NoSuchAction", vpcId="vpc-1")]))
    assert done.returncode == 1 and "1 are of actions or parameters that no route has" in done.stderr


@pytest.mark.parametrize("broken", [
    "", "{", "[]", "null", '"text"', "{}{}", "\x00", "[" * 100, '{"verdict":"allow"}', '{"a":1,"a":2}',
    json.dumps({**line(), "time": "yesterday"}), json.dumps({**line(), "source": "here"}), json.dumps({**line(), "region": 7}),
    json.dumps(line(vpcId=7)), json.dumps(line(vpcId=["a", "b"])), json.dumps(line(vpcId="a&b")),
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
