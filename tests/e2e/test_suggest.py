"""`countersign suggest`: the rules that it proposes allow what was used and nothing else, by `replay`'s word."""

import json

import pytest
import yaml

from harness.gateway import TOKEN, policy
from harness.process import run, shim
from harness.world import VPC
from test_machine import Memory, torture
from test_operators import RULES

CLIENTS = {"network-console": {"tokens": [("2026-11", TOKEN, "2035-12-31")]}}


def line(number, verdict="allow", rule="some-rule", vpc=VPC, instances=("ins-df454d",), **more):
    call = {"time": f"2026-11-{number % 28 + 1:02}T10:00:00.000Z", "requestId": f"r{number}", "client": "network-console", "token": "2026-11",
            "source": "127.0.0.1", "method": "DELETE", "route": "/vpcs/{vpcId}/classiclinks", "action": "DetachClassicLinkVpc",
            "region": "ap-guangzhou", "params": {"vpcId": vpc, "instanceIds": list(instances)}, "verdict": verdict,
            "rule": rule if verdict == "allow" else None, "status": 202}
    return json.dumps({key: value for key, value in {**call, **more}.items() if value is not None})


def suggested(tmp_path, lines, *options):
    log = tmp_path / "access.log"
    log.write_text("".join(each + "\n" for each in lines))
    done = run("suggest", "--log", str(log), *options)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["rules"], done.stdout


def replayed(tmp_path, rules, lines):
    """Each request's verdict by a policy of these rules, as another command decides."""
    (tmp_path / "policy.yaml").write_text(policy({"version": 1, "clients": CLIENTS, "rules": rules}))
    (tmp_path / "again.log").write_text("".join(each + "\n" for each in lines))
    done = run("replay", "--json", "--policy", str(tmp_path / "policy.yaml"), "--log", str(tmp_path / "again.log"))
    assert done.returncode in (0, 1) and "policy.yaml" not in done.stderr, done.stderr
    flipped = {change["requestId"]: change["after"] for change in map(json.loads, done.stdout.splitlines())}
    return {call["requestId"]: flipped.get(call["requestId"], call["verdict"]) for call in map(json.loads, lines)}


def test_exactly_what_was_used(tmp_path):
    used = [line(1), line(2, instances=["ins-aaa111", "ins-bbb222"]), line(3, vpc="vpc-8e0ypm3z"), line(4)]
    rules, text = suggested(tmp_path, used)
    assert rules == [
        {"id": "suggested-1", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"],
         "where": {"region": ["ap-guangzhou"], "vpcId": [VPC], "instanceIds": ["ins-df454d", "ins-aaa111", "ins-bbb222"]}},
        {"id": "suggested-2", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"],
         "where": {"region": ["ap-guangzhou"], "vpcId": ["vpc-8e0ypm3z"], "instanceIds": ["ins-df454d"]}}]
    assert "# used 3 times, from 2026-11-02T10:00:00Z to 2026-11-05T10:00:00Z" in text
    others = [line(11, vpc="vpc-8e0ypm3z", instances=["ins-aaa111"]), line(12, vpc="vpc-other001"), line(13, instances=["ins-ccc333"]),
              line(14, region="ap-shanghai")]
    assert replayed(tmp_path, rules, used + others) == {**dict.fromkeys(("r1", "r2", "r3", "r4"), "allow"),
                                                        **dict.fromkeys(("r11", "r12", "r13", "r14"), "deny")}


def test_an_account_is_not_left_out(tmp_path):
    """What was used in one account is not proposed for the others."""
    rules, _ = suggested(tmp_path, [line(1, account="staging"), line(2, account="staging", vpc="vpc-8e0ypm3z"), line(3, account="prod")])
    assert sorted((rule["where"]["account"], rule["where"]["vpcId"]) for rule in rules) == [
        (["prod"], [VPC]), (["staging"], [VPC]), (["staging"], ["vpc-8e0ypm3z"])]


def test_denied_repeatedly(tmp_path):
    """By no rule, three times or as often as one says; what a rule denies, no allow would help."""
    denied = [line(i, "deny", vpc="vpc-wanted01") for i in range(3)]
    by_rule = [{**json.loads(line(20 + i, "deny")), "rule": "never-bastion"} for i in range(5)]
    frozen = [{**json.loads(line(30 + i, "deny", vpc="vpc-frozen01")), "frozen": {"by": "alice"}} for i in range(5)]
    lines = denied + [json.dumps(each) for each in by_rule + frozen]
    rules, text = suggested(tmp_path, lines)
    assert [rule["where"]["vpcId"] for rule in rules] == [["vpc-wanted01"]]
    assert "copy these only if they should be allowed" in text and "# 5 calls were denied by a rule" in text
    assert suggested(tmp_path, lines, "--times", "4")[0] == [] and len(suggested(tmp_path, lines, "--times", "2")[0]) == 1
    assert set(replayed(tmp_path, rules, denied).values()) == {"allow"}


def test_many_values_make_one_rule_and_too_many_no_condition(tmp_path):
    some = [line(i, vpc=f"vpc-{i:08}") for i in range(30)]
    rules, _ = suggested(tmp_path, some)
    assert len(rules) == 1 and len(rules[0]["where"]["vpcId"]) == 30
    assert set(replayed(tmp_path, rules, some).values()) == {"allow"}
    many = [line(i, vpc=f"vpc-{i:08}") for i in range(150)]
    rules, text = suggested(tmp_path, many)
    assert len(rules) == 1 and "vpcId" not in rules[0]["where"] and "too many or not to be said exactly: vpcId" in text
    assert set(replayed(tmp_path, rules, many).values()) == {"allow"}


def test_a_parameter_that_not_every_call_had_is_no_condition(tmp_path):
    calls = [line(i, params={"vpcId": f"vpc-{i:08}"} if i % 2 else {"instanceIds": ["ins-df454d"], "vpcId": f"vpc-{i:08}"}) for i in range(20)]
    rules, _ = suggested(tmp_path, calls)
    assert len(rules) == 1 and set(rules[0]["where"]) == {"region", "vpcId"}


@pytest.mark.parametrize("value", ["*", "vpc-*", "$set", "", 'a"b', "a: b", "- x", "#", "\u2028", "{{x}}", "]", "yes", "0x1", "withheld", "a\nb", "ü"])
def test_values_that_yaml_or_a_rule_would_take_for_something_else(tmp_path, value):
    """Either the very text, or no condition and a comment: never a pattern."""
    rules, text = suggested(tmp_path, [line(1, vpc=value)])
    (rule,) = rules
    if value in ("*", "vpc-*", "$set", "", "withheld"):
        assert "vpcId" not in rule["where"] and "not to be said exactly: vpcId" in text
    else:
        assert rule["where"]["vpcId"] == [value]


def test_what_it_cannot_read_and_wrong_usage(tmp_path):
    (tmp_path / "empty.log").write_text("not ours\n{}\n[" + "[" * 100_000 + "\n")
    done = run("suggest", "--log", str(tmp_path / "empty.log"))
    assert done.returncode == 1 and "not one call was judged" in done.stderr and done.stdout == ""
    assert run("suggest", "--log", str(tmp_path / "none")).returncode == 1
    for wrong in ([], ["--log"], ["--log", "x", "y"], ["--log", "x", "--times", "0"], ["--log", "x", "--times", "many"]):
        assert run("suggest", *wrong).returncode == 2, wrong


def test_a_line_with_a_key_twice_is_not_ours(tmp_path):
    """Nobody knows which of both counts, at any depth."""
    good = line(1, vpc=VPC)
    for twice in (good.replace('"params"', '"params": {}, "params"'), good.replace('"vpcId"', '"vpcId": "vpc-other0001", "vpcId"')):
        assert twice != good
        (tmp_path / "twice.log").write_text(twice + "\n")
        done = run("suggest", "--log", str(tmp_path / "twice.log"))
        assert done.returncode == 1 and done.stdout == "" and "not one call was judged" in done.stderr
    rules, _ = suggested(tmp_path, [good])
    assert [rule["where"]["vpcId"] for rule in rules] == [[VPC]]


def test_the_log_of_a_gateway(start, upstream, tmp_path):
    """From its own access lines: what it allowed stays allowed by the proposal alone."""
    gateway = start(upstream.url, rules=RULES)
    kept = [gateway.record(gateway.delete()), gateway.record(gateway.delete(vpc="vpc-another1"))]
    lines = [json.dumps(each) for each in kept]
    rules, _ = suggested(tmp_path, lines)
    assert len(rules) == 1 and rules[0]["where"]["vpcId"] == [VPC]
    assert list(replayed(tmp_path, rules, lines).values()) == ["allow", "deny"]


def test_memory_that_is_out_drops_no_condition(tmp_path):
    """Each allocation fails once: there are the same rules as always, or none, and a sentence says why."""
    log, memory = tmp_path / "access.log", Memory(tmp_path)
    lines = [*(line(i, vpc=f"vpc-{i:08}", account="staging", instances=("ins-0123456789abcdefghijklmnopqr", "ins-2")) for i in range(17)),
             *(line(20 + i, "deny", vpc="vpc-wanted01") for i in range(3))]
    log.write_text("".join(each + "\n" for each in lines))
    env = shim("memory", SHIM_MEMORY=memory.file)
    memory.fail(0)
    whole, most = run("suggest", "--log", log, env=env), memory.look()[0]
    assert whole.returncode == 0 and whole.stdout.count("account") == 1 and "vpc-wanted01" in whole.stdout
    refused = 0
    for n in torture(most, 40):
        memory.fail(n)
        done = run("suggest", "--log", log, env=env)
        if done.returncode == 0:
            assert done.stdout == whole.stdout, n
        else:
            refused += 1
            assert done.stdout == "" and done.stderr.strip(), n
    memory.fail(0)
    assert refused > 10
