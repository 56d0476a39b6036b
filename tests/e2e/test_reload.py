"""Limits and reloads: what changes while it runs, and what does not."""
import copy
import json
import os
import signal
import threading
import time

import pytest

from harness.gateway import POLICY, TOKEN, Client, bearer, configure, document, policy
from harness.process import SLOW, run
from harness.upstream import HANG

RELOADS = int(os.environ.get("COUNTERSIGN_RELOADS", "60"))


def with_client(**said):
    changed = copy.deepcopy(POLICY)
    changed["clients"]["network-console"].update(said)
    return changed


def folder_of(gateway):
    return os.path.dirname(gateway.child.args[-1])


def rewrite(gateway, text):
    with open(os.path.join(folder_of(gateway), "policy.yaml.new"), "w") as file:
        file.write(text)
    os.replace(os.path.join(folder_of(gateway), "policy.yaml.new"), os.path.join(folder_of(gateway), "policy.yaml"))


def reload(gateway):
    return gateway.call("POST", "/reload", port=gateway.admin)


def test_a_rate_with_a_burst(start, upstream):
    gateway = start(upstream.url, rules=with_client(rate="1/m burst 3"))
    answers = [gateway.delete() for _ in range(5)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429, 429]
    assert answers[0].header("RateLimit-Policy") == '"client";q=3;w=180'
    assert [answer.header("RateLimit").split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    assert answers[3].json()["type"] == "urn:countersign:problem:too-many-requests" and answers[3].json()["retryable"]
    assert 50 <= int(answers[3].header("Retry-After")) <= 60
    assert len(upstream.seen(3)) == 3


def test_calls_in_flight(start, upstream):
    upstream.script(then=HANG)
    gateway = start(upstream.url, rules=with_client(in_flight=1), timeout=f"{2 * SLOW:.0f}s")
    first = threading.Thread(target=gateway.delete)
    first.start()
    upstream.seen(1)
    assert reload(gateway).status == 200, "and a reload does not give it places"
    refused = gateway.delete()
    assert refused.status == 429 and "in flight" in refused.json()["detail"] and refused.header("Retry-After") == "1"
    first.join()
    assert gateway.delete().status == 504, "its place is free again"


def test_wrong_tokens_are_slowed_and_good_ones_are_not(start, upstream):
    gateway = start(upstream.url, top={"failed_auth": "1/m burst 20"})
    statuses = [gateway.delete(token=f"wrong{number}").status for number in range(30)]
    assert statuses == [401] * 20 + [429] * 10
    assert gateway.delete(token=None).header("Retry-After") is not None
    assert gateway.delete().status == 202


@pytest.mark.parametrize("said,status", [
    ({"disabled": True}, 401), ({"not_before": "2027-01-01"}, 401), ({"not_before": "2020-01-01"}, 202), ({"disabled": False}, 202)])
def test_tokens_that_are_not_live(start, upstream, said, status):
    gateway = start(upstream.url)
    text = policy(POLICY).replace('"expires":', ", ".join(f'"{key}": {json.dumps(value)}' for key, value in said.items()) + ', "expires":', 1)
    rewrite(gateway, text)
    assert reload(gateway).status == 200
    assert gateway.delete().status == status


def test_a_removed_token_fails_on_an_open_connection(start, upstream):
    gateway = start(upstream.url)
    client = Client(gateway.port)
    path = "/vpcs/vpc-2ari9m7h/classiclinks"
    assert client.call("DELETE", path, document(), bearer()).status == 202
    removed = copy.deepcopy(POLICY)
    removed["clients"]["network-console"]["tokens"] = [("other", "another-token", "2030-01-01")]
    rewrite(gateway, policy(removed))
    assert reload(gateway).status == 200
    assert client.call("DELETE", path, document(), bearer()).status == 401
    client.close()


def test_a_bad_file_changes_nothing_and_is_told(start, upstream):
    gateway = start(upstream.url)
    rewrite(gateway, policy(POLICY) + "extra: 1\n")
    refused = reload(gateway)
    assert refused.status == 422 and refused.header("Content-Type") == "application/problem+json"
    assert any("policy has no key 'extra'" in error for error in refused.json()["errors"])
    ready = gateway.call("GET", "/readyz", port=gateway.admin)
    assert ready.status == 200 and ready.json()["lastReload"] == "failed" and ready.json()["errors"]
    assert gateway.delete().status == 202
    rewrite(gateway, policy(POLICY))
    assert reload(gateway).status == 200
    assert gateway.call("GET", "/readyz", port=gateway.admin).json() == {"status": "ready"}
    assert gateway.call("GET", "/reload", port=gateway.admin).header("Allow") == "POST"


def named(name):
    """The policy under other rule ids: whoever decided can be told."""
    changed = copy.deepcopy(POLICY)
    for rule in changed["rules"]:
        rule["id"] = f"{name}-{rule['id']}"
    return changed


def test_reloads_under_load(start, upstream):
    """Valid and broken files in turn: no request fails, and none is decided by a mixture of two policies."""
    gateway = start(upstream.url, rules=named("even"))
    texts = [policy(named("odd")), policy(POLICY) + "broken: [\n", policy(named("even")), "version: 2\n"]
    ended = threading.Event()
    failed = []

    def calls():
        client = Client(gateway.port)
        while not ended.is_set():
            for body, status in ((None, 202), ({"instanceIds": ["ins-bastion1"]}, 403)):
                answer = client.call("DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", document(body), bearer())
                if answer.status != status:
                    failed.append((answer.status, answer.body))
                if answer.header("Connection") == "close":
                    client.close()
        client.close()

    threads = [threading.Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(RELOADS):
        rewrite(gateway, texts[number % 4])
        gateway.child.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    ended.set()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]
    rules = {record["rule"] for record in gateway.records() if "rule" in record}
    assert rules <= {f"{name}-{rule}" for name in ("odd", "even") for rule in ("staging-links", "never-bastion")}
    assert any(rule.startswith("odd") for rule in rules) and any(rule.startswith("even") for rule in rules)


def test_replay_shows_what_another_policy_would_have_done(start, upstream, tmp_path):
    gateway = start(upstream.url)
    answers = [gateway.delete(), gateway.delete({"instanceIds": ["ins-bastion1"]}), gateway.delete(token="wrong")]
    records = "".join(json.dumps(gateway.record(answer)) + "\n" for answer in answers) + "not a line of ours\n"
    (tmp_path / "log").write_text(records)
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text(policy(POLICY))
    other.write_text(policy({**POLICY, "rules": POLICY["rules"][:1]}))
    done = run("replay", "--policy", same, "--log", tmp_path / "log")
    assert (done.returncode, done.stdout) == (0, "")
    assert "4 lines: 0 would change, 2 stay, 1 were not judged, 1 are not ours" in done.stderr
    done = run("replay", "--policy", other, "--log", tmp_path / "log")
    assert done.returncode == 1 and "deny by never-bastion, would be allow by staging-links" in done.stdout
    other.write_text("version: 1\n")
    assert run("replay", "--policy", other, "--log", tmp_path / "log").returncode == 78
