"""Freezes: a client that is stopped at once, by whom, for how long, and what is left of it after a restart."""

import json
import re
import threading

import pytest

from harness import chain
from harness.gateway import NOBODY, TOKEN, Gateway, bearer, configure
from harness.process import environment, run
from harness.scrape import scrape, value
from harness.upstream import HANG_UP, Reply
from harness.world import INSTANCE, SLOW, VPC, eventually
from test_operators import ALICE, RULES, VERA, ask

SECOND = "e2e-network-console-second-Zm9yIHRlc3Rz"


@pytest.fixture
def begin(tmp_path, upstream, reaper):
    """begin() starts the gateway of the folder, or starts it again."""
    started = []
    rules = json.loads(json.dumps(RULES))
    rules["clients"] = {**rules["clients"], "network-console": {"tokens": [
        ("2026-11", TOKEN, "2035-12-31"), ("second", SECOND, "2035-12-31")]}}
    rules["rules"].append({"id": "look", "allow": ["network-console"], "actions": ["Describe*"]})

    def start(**top):
        file = configure(tmp_path, upstream.url, rules=rules, top={"audit": "audit.log", **top})
        started.append(Gateway(file))
        return started[-1]

    yield start
    for gateway in started:
        reaper.ask(gateway)


def end(gateway):
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0


def freeze(gateway, token=ALICE, **body):
    return ask(gateway, "POST", "/freeze", token, {"client": "network-console", "reason": "leaked", **body})


def thaw(gateway, token=ALICE, **body):
    return ask(gateway, "POST", "/thaw", token, {"client": "network-console", **body})


def listed(gateway):
    return ask(gateway, "GET", "/freezes", VERA).json()["freezes"]


def operate(gateway, *arguments, token=ALICE, status=0):
    done = run(*arguments, "--url", f"http://127.0.0.1:{gateway.admin}",
               env={**environment(), **({"COUNTERSIGN_TOKEN": token} if token else {})})
    assert done.returncode == status, done.stdout + done.stderr
    return done


# ---- what it does ----

def test_a_frozen_client_is_denied_by_a_rule_of_its_own(begin, upstream, tmp_path):
    gateway = begin()
    assert gateway.delete().status == 202
    answer = freeze(gateway)
    assert answer.status == 200 and answer.json()["kept"] and answer.json()["everywhere"]
    refused = gateway.delete()
    told = refused.json()
    assert (refused.status, told["rule"], told["retryable"], told["outcome"]) == (403, "frozen", False, "not-executed")
    assert re.fullmatch(r"this client is frozen by alice since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z: leaked", told["detail"])
    assert upstream.count() == 1
    line = gateway.record(refused)
    assert (line["verdict"], line["rule"], line["station"], line["frozen"]["by"], line["frozen"]["reason"]) == (
        "deny", "frozen", "freeze", "alice", "leaked")
    found = scrape(gateway)
    assert value(found, "countersign_policy_decisions_total", verdict="deny", rule="frozen") == 1
    assert value(found, "countersign_freezes") == 1 and value(found, "countersign_freezes_unknown") == 0
    assert gateway.delete(token=NOBODY).json().get("rule") is None, "others are not"
    record, = [record for record in chain.records(tmp_path / "audit.log") if record["audit"] == "freeze"]
    assert (record["operator"], record["token"], record["client"], record["reason"]) == (
        "alice", "laptop", "network-console", "leaked")
    assert thaw(gateway).json()["status"] == "thawed"
    assert gateway.delete().status == 202
    assert [record["audit"] for record in chain.records(tmp_path / "audit.log") if record["audit"] in ("freeze", "thaw")] == [
        "freeze", "thaw"]
    assert value(scrape(gateway), "countersign_freezes") == 0


def test_one_token_alone(begin):
    gateway = begin()
    assert ask(gateway, "POST", "/freeze", ALICE, {"client": "network-console", "token": "second", "reason": "r"}).status == 200
    assert gateway.delete(token=SECOND).json()["detail"].startswith("this token is frozen by alice")
    assert gateway.delete().status == 202
    only, = listed(gateway)
    assert (only["client"], only["clientToken"]) == ("network-console", "second")
    assert thaw(gateway).status == 404, "the client itself is not frozen"
    assert ask(gateway, "POST", "/thaw", ALICE, {"client": "network-console", "token": "second"}).status == 200
    assert gateway.delete(token=SECOND).status == 202


def test_it_ends_by_itself(begin):
    gateway = begin()
    assert freeze(gateway, **{"for": "1s"}).json()["until"]
    assert gateway.delete().status == 403
    assert eventually(lambda: gateway.delete().status == 202)
    assert listed(gateway) == []


def test_it_holds_over_a_restart(begin, tmp_path):
    gateway = begin()
    freeze(gateway, reason='"quoted", ü')
    ask(gateway, "POST", "/freeze", ALICE, {"client": "auditor", "reason": "r", "for": "1h"})
    before = listed(gateway)
    end(gateway)
    assert (tmp_path / "audit.log.freezes").stat().st_mode & 0o777 == 0o600
    again = begin()
    assert again.delete().status == 403
    assert sorted(map(str, listed(again))) == sorted(map(str, before))
    thaw(again)
    end(again)
    assert begin().delete().status == 202


def test_without_an_audit_file_it_is_kept_beside_the_configuration(begin, tmp_path):
    gateway = begin(audit="/dev/null")
    assert freeze(gateway).json()["kept"]
    end(gateway)
    assert begin(audit="/dev/null").delete().status == 403
    assert (tmp_path / "countersign.yaml.freezes").exists()


def test_nobody_is_let_in_because_the_file_cannot_be_read(begin, tmp_path, upstream):
    end(begin())
    (tmp_path / "audit.log.freezes").write_text("{\n")
    done = run("serve", "-c", tmp_path / "countersign.yaml")
    assert done.returncode == 1 and "does not say what is frozen" in done.stderr


def test_what_cannot_be_kept_is_told(begin, tmp_path):
    gateway = begin()
    (tmp_path / "audit.log.freezes").mkdir()
    answer = freeze(gateway).json()
    assert answer["status"] == "frozen" and not answer["kept"]
    assert gateway.delete().status == 403
    gateway.line(gateway.stderr, lambda line: "what is frozen cannot be kept in" in line)


def test_what_waits_is_stopped_and_what_was_sent_is_not(begin, upstream):
    """A change that the cloud has already is finished, with its answer."""
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway = begin()
    answers = []
    caller = threading.Thread(target=lambda: answers.append(gateway.delete()))
    caller.start()
    upstream.seen(1)
    assert freeze(gateway).status == 200 and gateway.delete().status == 403
    gate.set()
    caller.join()
    assert answers[0].status == 202


def test_a_list_under_way_is_stopped(begin, upstream):
    """A page that was asked for is the last."""
    gate = threading.Event()
    page = {"code": 0, "message": "", "totalCount": 60, "data": [{"vpcId": VPC, "instanceId": INSTANCE}]}
    upstream.script(Reply(page, gate=gate), then=Reply(page))
    gateway = begin()
    answers = []
    caller = threading.Thread(target=lambda: answers.append(gateway.call(
        "GET", f"/vpcs/{VPC}/classiclinks?all=true", headers=bearer(TOKEN))))
    caller.start()
    upstream.seen(1)
    assert freeze(gateway).status == 200
    gate.set()
    caller.join()
    assert (answers[0].status, answers[0].json()["rule"]) == (403, "frozen") and upstream.count() == 1
    line = gateway.record(answers[0])
    assert (line["verdict"], line["rule"], line["frozen"]["by"]) == ("deny", "frozen", "alice")


def test_a_reload_changes_nothing(begin):
    gateway = begin()
    freeze(gateway)
    assert ask(gateway, "POST", "/reload", ALICE).status == 200
    assert gateway.delete().status == 403


def test_everything_of_the_client_is_refused(begin):
    gateway = begin()
    freeze(gateway)
    for target in ("/openapi.json", f"/vpcs/{VPC}/classiclinks?all=true"):
        assert gateway.call("GET", target, headers=bearer(TOKEN)).json()["rule"] == "frozen", target


# ---- who may ----

@pytest.mark.parametrize("token,status", [(VERA, 403), (TOKEN, 401), (None, 401), ("wrong", 401)])
def test_who_may_not_freeze(begin, token, status, tmp_path):
    gateway = begin()
    assert freeze(gateway, token).status == status
    assert gateway.delete().status == 202
    assert freeze(gateway).status == 200
    assert thaw(gateway, token).status == status
    assert gateway.delete().status == 403
    assert ask(gateway, "GET", "/freezes", token).status == (200 if token == VERA else 401)
    refused = [record for record in chain.records(tmp_path / "audit.log")
               if record["audit"] == "operator" and record["operator"] == "vera"]
    assert [record["status"] for record in refused] == ([403, 403, 200] if token == VERA else [])


@pytest.mark.parametrize("body,status", [
    ({"client": "nobody", "reason": "r"}, 404), ({"client": "network-console", "token": "none", "reason": "r"}, 404),
    ({"client": "network-console"}, 400), ({"client": "network-console", "reason": ""}, 400), ({"reason": "r"}, 400),
    ({"client": "network-console", "reason": "a\nb"}, 400), ({"client": "network-console", "reason": "x" * 501}, 400),
    ({"client": "network-console", "reason": "r", "for": "soon"}, 400), ({"client": "network-console", "reason": "r", "for": "0s"}, 400),
    ({"client": "network-console", "reason": "r", "for": "9999d"}, 400), ({"client": "network-console", "reason": "r", "for": 5}, 400),
    ({"client": ["network-console"], "reason": "r"}, 400), ({"client": "network-console", "reason": "r", "until": "x"}, 400),
    ([], 400), ("network-console", 400), ({"client": "network-console", "reason": "x" * 9000}, 413)])
def test_what_is_no_freeze(begin, body, status):
    gateway = begin()
    assert ask(gateway, "POST", "/freeze", ALICE, body).status == status
    assert gateway.delete().status == 202 and listed(gateway) == []


@pytest.mark.parametrize("body,status", [
    ({}, 404), ({"client": ["network-console"]}, 400), ({"client": "network-console", "token": 5}, 400), ({"client": "x" * 300}, 400),
    ({"client": "auditor"}, 404), ({"client": "network-console", "token": "second"}, 404),
    ({"client": "network-console", "reason": "r"}, 400), ([], 400)], ids=str)
def test_what_is_no_thaw(begin, body, status):
    gateway = begin()
    assert freeze(gateway).status == 200
    assert ask(gateway, "POST", "/thaw", ALICE, body).status == status
    assert gateway.delete().status == 403 and len(listed(gateway)) == 1


def test_a_body_that_is_no_json(begin):
    gateway = begin()
    for body, kind in ((b"{", "application/json"), (b'{"client":"a","client":"b","reason":"r"}', "application/json"),
                       (b'{"client":"network-console","reason":"r"}', "text/plain")):
        answer = gateway.call("POST", "/freeze", body, {**bearer(ALICE), "Content-Type": kind}, port=gateway.admin)
        assert answer.status in (400, 415)
    assert gateway.delete().status == 202


# ---- the commands ----

def test_commands(begin):
    gateway = begin()
    said = operate(gateway, "freeze", "network-console", "--for", "2h", "--reason", "token on a page").stdout
    assert re.match(r"frozen: network-console  by alice since \S+ until \S+: token on a page\n", said)
    assert gateway.delete().status == 403
    assert "network-console  by alice since" in operate(gateway, "freezes", token=VERA).stdout
    assert json.loads(operate(gateway, "freezes", "--json").stdout)["freezes"][0]["reason"] == "token on a page"
    assert "takes the role operator" in operate(gateway, "thaw", "network-console", token=VERA, status=1).stderr
    assert operate(gateway, "thaw", "network-console").stdout.startswith("thawed: network-console")
    assert "that is not frozen" in operate(gateway, "thaw", "network-console", status=1).stderr
    assert operate(gateway, "freezes").stdout == ""
    assert gateway.delete().status == 202


def test_commands_usage(begin):
    gateway = begin()
    operate(gateway, "freeze", "network-console", status=2)
    operate(gateway, "freeze", "--reason", "r", status=2)
    operate(gateway, "freeze", "a", "b", "--reason", "r", status=2)
    operate(gateway, "thaw", status=2)
    operate(gateway, "freezes", "a", status=2)
    operate(gateway, "freezes", "--what", status=2)
    assert "no token" in operate(gateway, "freezes", token=None, status=1).stderr
    assert "no client of that name" in operate(gateway, "freeze", "nobody", "--reason", "r", status=1).stderr


def test_settle_asks_a_gateway_that_runs(begin, upstream, tmp_path):
    upstream.script(HANG_UP, Reply())
    gateway = begin()
    assert gateway.delete().status == 504 and gateway.delete().status == 202
    file = tmp_path / "countersign.yaml"
    given = ["-c", file, "--by", "bob", "--note", "seen"]
    assert "role operator" in operate(gateway, "audit", "settle", "2", "executed", *given, token=VERA, status=1).stderr
    assert "is not unknown, it is: executed" in operate(gateway, "audit", "settle", "4", "executed", *given, status=1).stderr
    assert operate(gateway, "audit", "settle", "2", "not-executed", *given).stdout.endswith("settles 2: not-executed\n")
    assert "bob has settled record 2 already" in operate(gateway, "audit", "settle", "2", "executed", *given, status=1).stderr
    record, = [record for record in chain.records(tmp_path / "audit.log") if record["audit"] == "settle"]
    assert (record["by"], record["operator"], record["outcome"], record["of"]) == ("bob", "alice", "not-executed", 2)
    assert "not-executed 504" in run("audit", "show", tmp_path / "audit.log").stdout
    assert gateway.delete().status == 202


def test_a_change_under_way_is_not_settled(begin, upstream, tmp_path):
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway = begin()
    caller = threading.Thread(target=gateway.delete)
    caller.start()
    upstream.seen(1)
    done = operate(gateway, "audit", "settle", "2", "executed", "-c", tmp_path / "countersign.yaml", "--by", "b", "--note", "n",
                   status=1)
    gate.set()
    caller.join()
    assert "may still be under way" in done.stderr


# ---- several gateways ----

def test_two_gateways_of_one_store(tmp_path, upstream):
    """Frozen on one, refused on the other soon; thawed by the other; a start begins with what the store has."""
    gateways = []
    for name in ("gw-a", "gw-b"):
        folder = tmp_path / name
        folder.mkdir()
        gateways.append(Gateway(configure(folder, upstream.url, rules=RULES, top={
            "audit": "audit.log", "instance": name, "state": {"sqlite": str(tmp_path / "state.db")}})))
    one, other = gateways
    try:
        assert freeze(one).json()["everywhere"]
        assert eventually(lambda: other.delete().status == 403)
        assert listed(other)[0]["by"] == "alice"
        assert thaw(other).status == 200
        assert eventually(lambda: one.delete().status == 202)
        freeze(other)
    finally:
        for gateway in gateways:
            gateway.terminate()
            gateway.wait(10 * SLOW)
    again = Gateway(tmp_path / "gw-a/countersign.yaml")
    status = again.delete().status
    end(again)
    assert status == 403
