"""Limits and reloads: what changes while it runs, and what does not."""
import copy
import datetime
import json
import os
import pathlib
import re
import signal
import threading
import uuid

import pytest

from harness.expect import problem
from harness.gateway import NOBODY, POLICY, TOKEN, Client, bearer, configure, document, fingerprint, policy, secret
from harness.process import SLOW, run
from harness.upstream import HANG, Reply
from harness.world import REPOSITORY, eventually

RELOADS = int(os.environ.get("COUNTERSIGN_RELOADS", "60"))
CLIENTS = int(os.environ.get("COUNTERSIGN_CLIENTS", "8"))


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


def test_a_reload_forgets_no_call(start, upstream):
    gateway = start(upstream.url, rules=with_client(rate="1/h burst 2"))
    assert gateway.delete().status == 202 and reload(gateway).status == 200
    assert [gateway.delete().status for _ in range(2)] == [202, 429]
    rewrite(gateway, policy(with_client(rate="1/h burst 4")))
    assert reload(gateway).status == 200
    assert [gateway.delete().status for _ in range(3)] == [202, 202, 429], "two more than before"


def test_a_changed_rate_keeps_what_was_used_as_a_count(start, upstream):
    """600/h used up and raised is not 429 for an hour; 100/s used up and lowered lets nothing more through."""
    gateway = start(upstream.url, rules=with_client(rate="600/h burst 3"))
    assert [gateway.delete().status for _ in range(4)] == [202, 202, 202, 429]
    rewrite(gateway, policy(with_client(rate="1/h burst 5")))
    assert reload(gateway).status == 200
    assert [gateway.delete().status for _ in range(3)] == [202, 202, 429], "three of five were used"
    rewrite(gateway, policy(with_client(rate="100/s burst 100")))
    assert reload(gateway).status == 200
    assert gateway.delete().status == 202
    rewrite(gateway, policy(with_client(rate="1/h burst 2")))
    assert reload(gateway).status == 200
    assert [gateway.delete().status for _ in range(2)].count(202) <= 2


def test_one_clients_limit_is_not_anothers(start, upstream):
    rules = with_client(rate="1/h burst 1")
    rules["rules"][0]["allow"].append("auditor")
    gateway = start(upstream.url, rules=rules)
    assert [gateway.delete().status for _ in range(2)] == [202, 429]
    unlimited = gateway.delete(token=NOBODY)
    assert unlimited.status == 202 and unlimited.header("RateLimit") is None and unlimited.header("RateLimit-Policy") is None


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9090"])
def test_18_a_page_in_a_browser_cannot_reload(start, upstream, origin):
    """A simple request of another origin's page: it needs no preflight, and the listener no token."""
    gateway = start(upstream.url)
    answer = gateway.call("POST", "/reload", b"", {"Origin": origin, "Content-Type": "text/plain"}, port=gateway.admin)
    assert answer.status == 403 and answer.header("Access-Control-Allow-Origin") is None
    assert len(gateway.stderr) == 1, "nothing was loaded"
    assert gateway.call("GET", "/healthz", headers={"Origin": origin}, port=gateway.admin).status == 200
    assert gateway.call("POST", "/reload", b"", port=gateway.admin).status == 200


def test_health_during_a_storm_of_reloads(start, upstream):
    """Whoever posts waits for the outcome, and a probe is answered all the same: a supervisor would end the process."""
    rules = [{"id": f"r{n}", "allow": ["network-console"], "actions": ["*"], "where": {"vpcId": [f"vpc-{n}"]}}
             for n in range(3000)]
    gateway = start(upstream.url, rules={**POLICY, "rules": POLICY["rules"] + rules})
    ended, statuses = threading.Event(), []

    def storm():
        while not ended.is_set():
            statuses.append(gateway.call("POST", "/reload", port=gateway.admin).status)

    posting = [threading.Thread(target=storm) for _ in range(6)]
    for thread in posting:
        thread.start()
    try:
        probes = [gateway.call("GET", "/healthz", port=gateway.admin).status for _ in range(60)]
    finally:
        ended.set()
        for thread in posting:
            thread.join()
    assert probes == [200] * 60
    assert set(statuses) <= {200, 429, 503} and 200 in statuses, "429: connections that have just ended still count"


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


def said_of_token(**said):
    """The policy with its token's entry changed."""
    text = policy(POLICY)
    old = '"expires": "2035-12-31"'
    assert text.count(old) == 2
    return text.replace(old, ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in said.items()), 1)


@pytest.mark.parametrize("said,problem_type", [
    ({"expires": "2020-01-01"}, "token-expired"), ({"disabled": True}, "unauthenticated"),
    ({"not_before": "2099-01-01"}, "unauthenticated")], ids=repr)
def test_a_token_that_a_reload_ends_fails_on_an_open_connection(start, upstream, said, problem_type):
    gateway = start(upstream.url)
    client = Client(gateway.port)
    path = "/vpcs/vpc-2ari9m7h/classiclinks"
    assert client.call("DELETE", path, document(), bearer()).status == 202
    rewrite(gateway, said_of_token(**said))
    assert reload(gateway).status == 200
    problem(client.call("DELETE", path, document(), bearer()), 401, problem_type)
    client.close()


def test_a_token_expires_on_an_open_connection(start, upstream):
    """By the clock alone: no reload comes in between."""
    gateway = start(upstream.url)
    client = Client(gateway.port)
    path = "/vpcs/vpc-2ari9m7h/classiclinks"
    assert client.call("DELETE", path, document(), bearer()).status == 202
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    rewrite(gateway, said_of_token(expires=f"{end:%Y-%m-%dT%H:%M:%SZ}"))
    assert reload(gateway).status == 200
    refused = eventually(lambda: (answer := client.call("DELETE", path, document(), bearer())).status != 202 and answer)
    problem(refused, 401, "token-expired")
    client.close()


def test_listeners_stay_and_it_is_said(start, upstream):
    gateway = start(upstream.url)
    file = gateway.child.args[-1]
    with open(file) as text:
        changed = text.read().replace('listen: "127.0.0.1:0"', "listen: 127.0.0.1:1")
    changed = changed.replace('admin: "127.0.0.1:0"', "admin: 127.0.0.1:2").replace("workers: 32", "workers: 33")
    with open(file, "w") as text:
        text.write(changed)
    assert reload(gateway).status == 200
    for words in ("listen stays 127.0.0.1:0", "admin stays 127.0.0.1:0", "workers stays 32"):
        gateway.line(gateway.stderr, lambda line: f"warning: {words}: it changes by a restart only" in line)
    assert gateway.delete().status == 202


def service_keywords_that_need_a_restart():
    """By the rows of the keyword table: the one place that says so."""
    table = (REPOSITORY / "config/settings/settings.c").read_text()
    return re.findall(r'^    \{"(\w+)",[^}]*\bRESTART\b', table, re.M)


def test_the_documents_name_every_key_that_needs_a_restart():
    keys = service_keywords_that_need_a_restart()
    assert {"listen", "admin", "workers", "per_address", "audit"} <= set(keys)
    for file in ("docs/configuration.md", "docs/man/countersign.yaml.5"):
        text = (REPOSITORY / file).read_text()
        said = re.search(r"\. ([^;]*?;)?([^;]*?)change by a restart only", text.replace("\n.", " ").replace("\n", " "))[2]
        assert {key for key in keys if re.search(rf"\b{key}\b", said)} == set(keys), (file, said)


def test_running_numbers_are_the_running_ones(start, upstream):
    """Three workers run.  A file that says 40 changes nothing until a restart: not what the metric tells, not how
    many calls may wait for their task, and the second reload says so like the first."""
    gateway = start(upstream.url, top={"workers": 3, "per_address": 2})
    file = pathlib.Path(folder_of(gateway)) / "countersign.yaml"
    file.write_text(file.read_text().replace("workers: 3\n", "workers: 40\n").replace("per_address: 2", "per_address: 9"))
    for count in (1, 2):
        assert reload(gateway).status == 200
        for words in ("workers stays 3", "per_address stays 2"):
            assert eventually(lambda: len(gateway.notices(f"{words}: it changes by a restart only")) == count)
    scraped = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    assert re.search(r"^countersign_workers 3$", scraped, re.M)
    assert re.search(r'^countersign_upstream_slots\{upstream="vpc",state="idle"\} 2$', scraped, re.M), "3/4 of three"


def test_waits_leave_connections_after_a_reload(start, upstream):
    """Half of the connections that run may wait for tasks: a larger number in the file gives no more."""
    upstream.script(then=Reply({"code": 0, "message": "", "taskId": 7, "data": {"status": 2}}))     # always running
    gateway = start(upstream.url, top={"workers": 4, "connections": 4, "drain": "100ms"})
    file = pathlib.Path(folder_of(gateway)) / "countersign.yaml"
    file.write_text(file.read_text().replace("connections: 4\n", "connections: 400\n"))
    assert "connections: 400\n" in file.read_text()
    assert reload(gateway).status == 200
    waits = lambda: int(re.search(r"^countersign_task_waits (\d+)", gateway.call(
        "GET", "/metrics", port=gateway.admin).body.decode(), re.M)[1])
    asked = [threading.Thread(target=lambda: gateway.delete(headers={"Prefer": "wait=5"})) for _ in range(2)]
    for thread in asked:
        thread.start()
    assert eventually(lambda: waits() == 2)
    third = gateway.delete(headers={"Prefer": "wait=5"})
    assert third.status == 202 and third.header("Preference-Applied") is None
    for thread in asked:
        thread.join()


def stays(gateway, key, value):
    """Reloads a file with another value of this key (None: without it): is it told that the key stays?"""
    file = pathlib.Path(gateway.file)
    text = re.sub(rf"^{key}: .*\n", "", file.read_text(), flags=re.M)
    file.write_text(text if value is None else f"{text}{key}: {json.dumps(value)}\n")
    answer = reload(gateway)
    assert answer.status == 200, answer.body
    return any(f"{key} stays as it was: it changes by a restart only" in line for line in answer.json().get("warnings", []))


def stays_whole(gateway, key, running, others):
    """Each of the others is told; then the file as it was is not, so what stayed has lost nothing."""
    for other in others:
        assert stays(gateway, key, other), other
        assert stays(gateway, key, other), "it is told again"
        assert not stays(gateway, key, running), other


def test_the_store_stays_as_it_was_opened(start, upstream, tmp_path):
    password = tmp_path / "password"
    redis = {"servers": ["127.0.0.1:1", "[::1]:1"], "user": "gateway", "password": {"file": secret(password, "first")},
             "database": 3, "prefix": "edge:"}
    state = {"instances": 3, "redis": redis}
    gateway = start(upstream.url, top={"state": state})
    differs = [{"servers": redis["servers"][::-1]}, {"servers": redis["servers"][:1]}, {"servers": ["127.0.0.1:2", "[::1]:1"]},
               {"user": "other"}, {"password": {"file": secret(tmp_path / "other", "second")}}, {"database": 4}, {"prefix": "other:"}]
    without = {key: value for key, value in redis.items() if key != "user"}
    stays_whole(gateway, "state", state, [
        None, "memory", {"sqlite": "state.db"}, {**state, "instances": 4}, {**state, "redis": without},
        {**state, "redis": {key: value for key, value in without.items() if key != "password"}},
        *({**state, "redis": {**redis, **said}} for said in differs)])
    assert not stays(gateway, "state", {**state, "keep": "2h"}), "that one changes by a reload"
    secret(password, "second")
    assert stays(gateway, "state", state), "the same file, and another password in it"


def test_a_store_that_stays_keeps_its_promises(start, upstream):
    gateway = start(upstream.url, top={"state": {"sqlite": "state.db"}})
    named = {"Idempotency-Key": str(uuid.uuid4())}
    assert gateway.delete(headers=named).status == 202
    assert stays(gateway, "state", "memory")
    again = gateway.delete(headers=named)
    assert (again.status, again.header("Idempotency-Replayed"), upstream.count()) == (202, "true", 1)


@pytest.mark.parametrize("witness, others", [
    (["/bin/cat", "-"], [["/bin/cat"], ["/bin/cat", "-", "-"], ["/bin/cat", "--"], "seals.log", None]),
    ("seals.log", ["other.log", ["/bin/cat", "-"], None]),
], ids=["command", "file"])
def test_the_audit_stays_as_it_was_opened(start, upstream, tmp_path, witness, others):
    seal = {"key": {"file": secret(tmp_path / "key", "0" * 64)}, "every": "1h"}
    audit = {"file": "audit.log", "sync": True, "seal": seal, "on_broken": "continue", "witness": witness}
    gateway = start(upstream.url, top={"audit": audit})
    differs = [{"file": "more.log"}, {"sync": False}, {"seal": {**seal, "every": "30m"}}, {"on_broken": "refuse"},
               {"seal": {**seal, "key": {"file": secret(tmp_path / "other", "1" * 64)}}}]
    stays_whole(gateway, "audit", audit, [
        None, "audit.log", *({**audit, **said} for said in differs),
        *({key: value for key, value in {**audit, "witness": other}.items() if value is not None} for other in others)])


def test_check_tells_which_changes_need_a_restart(tmp_path, upstream):
    """By the same rows: check --running compares with the file that runs."""
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = configure(tmp_path / "old", upstream.url)
    new = configure(tmp_path / "new", upstream.url, top={"workers": 33, "grace": "3s", "audit": "a.log"})
    done = run("check", "--running", old, "-c", new)
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"(\w+) stays", done.stderr)) == ["audit", "workers"]
    assert run("check", "--running", old, "-c", old).stderr == ""


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
    assert gateway.ready() == {"status": "ready"}
    assert gateway.call("GET", "/reload", port=gateway.admin).header("Allow") == "POST"


FAILS = [{"client": "network-console", "request": "DELETE /vpcs/vpc-2ari9m7h/classiclinks", "body": {"instanceIds": ["ins-1"]},
          "expect": "deny"}]


def test_a_failing_policy_test_is_no_reason_not_to_start(start, upstream):
    """It would keep a gateway down after a reboot, for a grant that has ended: it is told instead."""
    gateway = start(upstream.url, rules={**POLICY, "tests": FAILS})
    gateway.line(gateway.stderr, lambda line: "policy.yaml:5:" in line and "security warning: the test expects deny" in line)
    ready = gateway.call("GET", "/readyz", port=gateway.admin)
    assert ready.status == 200 and len(ready.json()["failedTests"]) == 1 and "expects deny" in ready.json()["failedTests"][0]
    assert gateway.delete().status == 202
    rewrite(gateway, policy(POLICY))
    assert reload(gateway).status == 200
    assert "failedTests" not in gateway.call("GET", "/readyz", port=gateway.admin).json()


@pytest.mark.parametrize("change, status", [
    (lambda text: text.replace('"id": "only"', '"id": "only", "disabled": true'), 200),
    (lambda text: text.replace('"id": "2026-11"', '"id": "2026-11", "disabled": true'), 200),
    (lambda text: text.replace('"expires": "2035-12-31"', '"expires": "2026-01-01"'), 200),
    (lambda text: text.replace('"rules": [', '"rules": [').replace('rules: [', 'rules: [{"id": "stop", "deny": ["*"], "actions": ["*"]}, '), 200),
    (lambda text: text.replace('"ins-bastion*"', '"ins-*"'), 200),
    (lambda text: text, 200),
    (lambda text: text.replace('"expires": "2035-12-31"', '"expires": "2035-12-30"').replace('ins-bastion*', 'ins-bastion1*'), 422),
    (lambda text: text.replace('"ap-shanghai"]', '"ap-shanghai", "ap-beijing"]'), 422),
    (lambda text: text.replace('"expires": "2035-12-31"', '"expires": "2036-01-01"', 1), 422),
    (lambda text: text.replace('"sha256": "', '"sha256": "0').replace('"sha256": "0', '"sha256": "', 1), 422),
    (lambda text: text.replace('"tokens": [', '"rate": "1000/s", "tokens": [', 1), 422),
    (lambda text: text.replace('"tokens": [', '"certificates": [{"id": "c", "san": "c.example"}], "tokens": [', 1), 422),
    (lambda text: text.replace('"tokens": [', '"require": ["token"], "tokens": [', 1), 200),
    (lambda text: text.replace('"deny": ["*"]', '"deny": ["network-*"]'), 422),
    (lambda text: text + 'operators: {"eve": {"role": "operator", "tokens": [{"id": "t", "expires": "2035-12-31", '
                         '"sha256": "' + 64 * "e" + '"}]}}\n', 422),
    (lambda text: text.replace('"actions": ["DetachClassicLinkVpc"], "where": {"instanceIds"', '"mode": "audit", "actions": '
                               '["DetachClassicLinkVpc"], "where": {"instanceIds"'), 422),
])
def test_a_failing_policy_test_never_keeps_a_leaked_token_alive(start, upstream, change, status):
    gateway = start(upstream.url, rules={**POLICY, "tests": FAILS})
    rewrite(gateway, change(policy({**POLICY, "tests": FAILS})))
    answer = reload(gateway)
    assert answer.status == status, answer.body
    if status == 200 and gateway.delete().status == 202:    # else the test of the policy is content now
        assert any("the test expects deny" in line for line in answer.json()["warnings"])
        assert gateway.call("GET", "/readyz", port=gateway.admin).json()["failedTests"]


def operated(role="viewer", **said):
    token = {"id": "alice-1", "sha256": fingerprint("alice"), "not_before": "2026-01-01", "expires": "2035-12-31"}
    return {"alice": {"role": role, "tokens": [{**token, **said}]}}


def client_of(name="auditor", **said):
    return {**POLICY["clients"], name: {**POLICY["clients"][name], **said}}


CERTIFICATE = {"id": "c", "san": "a.example"}
WITH_A_KEY = [{**POLICY["rules"][0], "require_idempotency_key": True}, *POLICY["rules"][1:]]


@pytest.mark.parametrize("before, after, status", [
    ({"operators": operated("operator")}, {"operators": operated("viewer")}, 200),
    ({"operators": operated("viewer")}, {"operators": operated("operator")}, 422),
    ({"operators": operated()}, {"operators": {}}, 200),
    ({"operators": operated()}, {"operators": operated(disabled=True)}, 200),
    ({"operators": operated(disabled=True)}, {"operators": operated()}, 422),
    ({"operators": operated()}, {"operators": operated(expires="2034-12-31")}, 200),
    ({"operators": operated()}, {"operators": operated(expires="2036-12-31")}, 422),
    ({"operators": operated()}, {"operators": operated(not_before="2027-01-01")}, 200),
    ({"operators": operated()}, {"operators": operated(not_before="2025-01-01")}, 422),
    ({"operators": operated()}, {"operators": operated(sha256=fingerprint("eve"))}, 422),
    ({"clients": client_of(certificates=[CERTIFICATE])}, {"clients": client_of(certificates=[CERTIFICATE])}, 200),
    ({"clients": client_of(certificates=[CERTIFICATE])}, {}, 200),
    ({"clients": client_of(certificates=[CERTIFICATE])}, {"clients": client_of("network-console", certificates=[CERTIFICATE])}, 422),
    ({"former_ids": {"qcvm1": "ins-a"}}, {"former_ids": {"qcvm1": "ins-a"}}, 200),
    ({"former_ids": {"qcvm1": "ins-a"}}, {"former_ids": {"qcvm1": "ins-b"}}, 422),
    ({"former_ids": {"qcvm1": "ins-a"}}, {"former_ids": {"qcvm2": "ins-a"}}, 422),
    ({"former_ids": {"qcvm1": "ins-a"}}, {}, 422),
    ({"clients": client_of(subject="required")}, {}, 422), ({}, {"clients": client_of(subject="required")}, 200),
    ({"clients": client_of(require_idempotency_key=True)}, {}, 422), ({}, {"clients": client_of(require_idempotency_key=True)}, 200),
    ({"rules": WITH_A_KEY}, {}, 422), ({}, {"rules": WITH_A_KEY}, 422),
], ids=str)
def test_only_what_takes_rights_away_passes_a_failing_test(start, upstream, before, after, status):
    """Operators, certificates, former ids, and what a client has to send decide as tokens and rules do."""
    gateway = start(upstream.url, rules={**POLICY, **before, "tests": FAILS}, top={"state": {"sqlite": "state.db"}})
    rewrite(gateway, policy({**POLICY, **after, "tests": FAILS}))
    assert reload(gateway).status == status


def test_a_reload_tells_its_warnings(start, upstream):
    gateway = start(upstream.url)
    rewrite(gateway, policy({**POLICY, "sets": {**POLICY["sets"], "spare": ["vpc-1"]}}))
    answer = reload(gateway)
    assert answer.status == 200 and answer.json()["status"] == "reloaded"
    assert [line.partition(": ")[2] for line in answer.json()["warnings"]] == [
        "suggestion: no rule uses the set 'spare' (take it out, or name it in a rule)"]


def test_a_failing_policy_test_refuses_the_reload(start, upstream):
    """All errors at once, each with its line, by the answer and by the log; the old policy goes on deciding."""
    gateway = start(upstream.url)
    request = {"client": "network-console", "request": "DELETE /vpcs/vpc-2ari9m7h/classiclinks",
               "body": {"instanceIds": ["ins-df454d"]}}
    rewrite(gateway, policy({**POLICY, "rules": POLICY["rules"][1:], "sets": {}, "tests": [
        {**request, "expect": "allow", "by": "never-bastion"}, {**request, "expect": "deny"}, {**request, "expect": "allow"}]}))
    refused = reload(gateway)
    errors = refused.json()["errors"]
    assert refused.status == 422 and len(errors) == 2, errors
    assert "expects allow by never-bastion, but the policy says deny by no rule" in errors[0]
    assert "expects allow, but the policy says deny by no rule" in errors[1]
    assert all("policy.yaml:5:" in error for error in errors), errors
    for error in errors:
        gateway.line(gateway.stderr, lambda line: line == error)
    assert gateway.delete().status == 202


# What tells one policy from the other in an answer and in its record, each written by another station of the walk.
RATES = {"even": 50000, "odd": 60000}


def named(name):
    """The policy with other ids for its token and rules, another rate, and a rule in audit mode that always speaks."""
    changed = with_client(rate=f"{RATES[name]}/s burst {RATES[name]}", tokens=[(name, TOKEN, "2099-12-31")])
    changed["rules"].append({"id": "watch", "deny": ["*"], "actions": ["*"], "mode": "audit"})
    for rule in changed["rules"]:
        rule["id"] = f"{name}-{rule['id']}"
    return changed


def decided_by(answer, status):
    """The policy that an answer is from; all that it says must be from the same one."""
    assert answer.status == status, (answer.status, answer.body)
    burst = int(answer.header("RateLimit-Policy").split("q=")[1].split(";")[0])
    name, = (name for name, rate in RATES.items() if rate == burst)
    if status == 403:
        assert answer.json()["rule"] == f"{name}-never-bastion", answer.body
    return name


def check_record(record, name):
    said = [record["token"], record["rule"]] + ([record["auditRule"]] if record["verdict"] == "allow" else [])
    assert [each.split("-")[0] for each in said] == [name] * len(said), record


class Caller(threading.Thread):
    """Asks what is allowed and what is denied in turn, until it is told to stop."""

    def __init__(self, port, ended):
        super().__init__()
        self.port, self.ended, self.answers, self.failure = port, ended, [], None
        self.start()

    def run(self):
        client = Client(self.port)
        try:
            while not self.ended.is_set():
                for body, status in ((None, 202), ({"instanceIds": ["ins-bastion1"]}, 403)):
                    answer = client.call("DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", document(body), bearer())
                    self.answers.append((answer.header("X-Request-Id"), decided_by(answer, status)))
                    if answer.header("Connection") == "close":
                        client.close()
        except Exception as failure:  # whatever it is: the test tells it
            self.failure = failure
        client.close()


def reloads_ended(gateway):
    return sum(line.endswith(("reloaded", "the old configuration stays in force")) for line in list(gateway.stderr))


def test_reloads_under_load(start, upstream):
    """Valid and broken files in turn: no request fails, and none is decided by a mixture of two policies.
    COUNTERSIGN_RELOADS=1000 COUNTERSIGN_CLIENTS=64 asks for that many."""
    gateway = start(upstream.url, rules=named("even"), top={"workers": 4 * CLIENTS})
    texts = [policy(named("odd")), policy(POLICY) + "broken: [\n", policy(named("even")), "version: 2\n"]
    ended = threading.Event()
    callers = [Caller(gateway.port, ended) for _ in range(CLIENTS)]
    for number in range(RELOADS):
        rewrite(gateway, texts[number % 4])
        gateway.signal(signal.SIGHUP)
        assert eventually(lambda: reloads_ended(gateway) > number), gateway.story()
    ended.set()
    for caller in callers:
        caller.join()
    assert [caller.failure for caller in callers if caller.failure] == []
    answers = {key: name for caller in callers for key, name in caller.answers}
    assert eventually(lambda: len(gateway.stdout) >= len(answers))
    records = {record["requestId"]: record for record in gateway.records()}
    for key, name in answers.items():
        check_record(records[key], name)
    counts = {name: list(answers.values()).count(name) for name in RATES}
    print(f"\n{RELOADS} SIGHUPs, valid and broken files in turn; {CLIENTS} clients: {len(answers)} requests, 0 failed; "
          f"decided by {', '.join(f'{name} {count}' for name, count in counts.items())}, by a mixture 0")
    assert all(counts.values())
