"""The audit file: two records per change, a chain that holds, and no change without its record."""

import hashlib
import http.client
import json
import os
import random
import re
import resource
import signal
import stat
import subprocess
import threading

import pytest

from harness import chain
from harness.gateway import NOBODY, POLICY, TOKEN, Client, Gateway, bearer, configure, document, policy, secret
from harness.process import run
from harness.scrape import scrape, value
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY, SLOW, VPC, elapse, eventually

KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "4"))
SEED = int(os.environ.get("COUNTERSIGN_SEED", "20261125"))
KEY = "0123456789abcdef0123456789abcdef"
PATH = f"/vpcs/{VPC}/classiclinks"


@pytest.fixture
def audited(tmp_path, upstream, reaper):
    """audited(...) is a gateway that keeps an audit file, and the file's path."""
    started = []

    def begin(url=upstream.url, top=None, **options):
        folder = tmp_path / f"gateway{len(started)}"
        folder.mkdir()
        gateway = Gateway(configure(folder, url, top={"audit": "audit.log", **(top or {})}, **options))
        started.append(gateway)
        return gateway, folder / "audit.log"

    yield begin
    for gateway in started:
        reaper.ask(gateway)


def records(path, wanted=None, **options):
    """The file's records; where `wanted` is said, once there are that many changes with an outcome."""
    if wanted is not None:
        eventually(lambda: sum(b'"audit":"outcome"' in line for line in path.read_bytes().splitlines()) >= wanted)
    return chain.records(path, **options)


def audit(*arguments):
    return run("audit", *arguments)


def verify(*arguments):
    done = audit("verify", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- what is recorded ----

def test_two_records_per_change(audited, upstream):
    gateway, path = audited()
    answer = gateway.delete()
    (intent, outcome), = chain.changes(records(path, 1, prev=chain.ZEROS))
    line = gateway.record(answer)
    for key in ("time", "requestId", "client", "token", "source", "method", "route", "action", "region", "params",
                "verdict", "rule"):
        assert intent[key] == line[key], key
    assert (outcome["outcome"], outcome["status"], outcome["requestId"]) == ("executed", 202, line["requestId"])
    assert (outcome["upstreamCode"], outcome["attempts"]) == ("0", 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "3 records" in verify(path)


@pytest.mark.parametrize("reply,outcome,problem", [
    (Reply(), "executed", None),
    (Reply({"code": 6000, "message": "(1)no"}), "unknown", "upstream-failed"),
    (Reply({"code": 4000, "message": "(1)no"}), "not-executed", "upstream-rejected-parameter"),
    (HANG_UP, "unknown", "upstream-timeout"),
    (Reply(b"<html>"), "unknown", "upstream-invalid-answer")])
def test_the_outcome_is_the_answers(audited, upstream, reply, outcome, problem):
    upstream.script(then=reply)
    gateway, path = audited()
    answer = gateway.delete()
    assert answer.status == 202 or answer.json()["outcome"] == outcome
    (_, settled), = chain.changes(records(path, 1))
    assert (settled["outcome"], settled.get("type"), settled["status"]) == (outcome, problem, answer.status)


def test_only_changes_that_are_sent(audited, upstream):
    """What is refused before, has no record; an upstream that cannot be reached has: it was about to be sent."""
    gateway, path = audited(url="http://127.0.0.1:9/v2/index.php")
    assert gateway.delete(token=NOBODY).status == 403
    assert gateway.delete(token="wrong").status == 401
    assert gateway.delete({"instanceIds": []}).status == 400
    assert [record["audit"] for record in records(path)] == ["open"]
    assert gateway.delete().status == 502
    (_, settled), = chain.changes(records(path, 1))
    assert settled["outcome"] == "not-executed"


def test_the_intent_is_there_before_the_upstream_sees_it(audited, upstream):
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway, path = audited()
    caller = threading.Thread(target=gateway.delete)
    caller.start()
    upstream.seen(1)
    try:
        assert [outcome for _, outcome in chain.changes(records(path))] == [None]
    finally:
        gate.set()
        caller.join()
    assert chain.changes(records(path, 1))[0][1]["outcome"] == "executed"


# ---- what cannot be recorded is not sent ----

def refused(gateway):
    answer = gateway.delete()
    if answer.status != 503:
        return False
    told = answer.json()
    assert told["type"] == "urn:countersign:problem:unrecorded" and told["outcome"] == "not-executed"
    assert told["retryable"] and answer.header("Retry-After") == "5"
    return True


READERS = json.loads(json.dumps(POLICY))
READERS["rules"].append({"id": "look", "allow": ["network-console"], "actions": ["DescribeVpcClassicLink"]})


def test_threat_31_a_device_that_is_full(audited, upstream):
    """Changes are refused before they are sent; reads go on."""
    upstream.script(then=Reply({"code": 0, "message": "", "totalCount": 0, "data": []}))
    gateway, _ = audited(top={"audit": "/dev/full"}, rules=READERS)
    assert refused(gateway) and refused(gateway)
    assert upstream.count() == 0
    assert gateway.call("GET", PATH, headers=bearer(TOKEN)).status == 200
    assert upstream.seen(1)[0].params["Action"] == "DescribeVpcClassicLink"
    said = [line for line in gateway.stderr if "cannot be written to: No space left on device" in line]
    assert len(said) == 1, "it is said once"
    ready = gateway.call("GET", "/readyz", port=gateway.admin)
    assert ready.status == 200 and "changes are refused" in ready.json()["audit"]


def test_threat_31_a_disk_that_fills_up_and_is_cleaned(audited, upstream):
    """RLIMIT_FSIZE ends a write in its middle, as a full disk does."""
    gateway, path = audited()
    assert gateway.delete().status == 202
    records(path, 1)
    limit = (path.stat().st_size + 100, resource.RLIM_INFINITY)
    resource.prlimit(gateway.child.pid, resource.RLIMIT_FSIZE, limit)
    assert refused(gateway) and refused(gateway)
    assert upstream.count() == 1
    assert "torn" in verify(path)
    resource.prlimit(gateway.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert gateway.delete().status == 202
    assert [outcome["outcome"] for _, outcome in chain.changes(records(path, 2, prev=chain.ZEROS))] == ["executed"] * 2
    assert "the writer was killed, and went on" in verify(path)
    upstream.seen(2)


def test_threat_31_an_outcome_that_cannot_be_written(audited, upstream):
    """The answer is true all the same; the access line says what the audit file lacks."""
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway, path = audited()
    answers = []
    caller = threading.Thread(target=lambda: answers.append(gateway.delete()))
    caller.start()
    upstream.seen(1)
    resource.prlimit(gateway.child.pid, resource.RLIMIT_FSIZE, (path.stat().st_size, resource.RLIM_INFINITY))
    gate.set()
    caller.join()
    assert answers[0].status == 202
    assert gateway.record(answers[0])["audit"] == "lacks the outcome"
    assert "unrecorded" in audit("show", path).stdout


@pytest.mark.parametrize("content,words", [
    ("version: 1\n", "hold no record of ours"), (None, "cannot be opened")])
def test_a_file_that_is_none_of_ours(tmp_path, content, words):
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"audit": "log/audit.log"})
    if content is not None:
        (tmp_path / "log").mkdir()
        (tmp_path / "log/audit.log").write_text(content)
    done = run("serve", "-c", file)
    assert done.returncode == 1 and words in done.stderr and "ready" not in done.stderr
    assert content is None or (tmp_path / "log/audit.log").read_text() == content


def test_two_gateways_and_one_file(audited, tmp_path):
    _, path = audited()
    folder = tmp_path / "second"
    folder.mkdir()
    done = run("serve", "-c", configure(folder, "http://127.0.0.1:9/v2/index.php", top={"audit": str(path)}))
    assert done.returncode == 1 and "it is in use by another process" in done.stderr


# ---- rotation ----

def rotate(gateway, path, number):
    old = path.with_name(f"audit.log.{number}")
    path.rename(old)
    gateway.signal(signal.SIGHUP)
    assert eventually(lambda: path.exists() and path.stat().st_size > 0)
    return old


def test_rotation_keeps_the_chain(audited, upstream):
    gateway, path = audited()
    gateway.delete()
    first = rotate(gateway, path, 1)
    gateway.delete()
    second = rotate(gateway, path, 2)
    gateway.delete()
    assert len(chain.changes(chain.records(first, second, path, prev=chain.ZEROS))) == 3
    assert json.loads(path.read_text().splitlines()[0])["prev"] == json.loads(second.read_text().splitlines()[-1])["hash"]
    verify(first, second, path)
    assert audit("verify", first, path).returncode == 1, "the file between them is missing"
    assert audit("verify", second, first).returncode == 1
    assert len(audit("show", first, second, path).stdout.splitlines()) == 3


def test_rotation_by_logrotate(audited, upstream):
    """As docs/audit.md says, but for the path and the signal."""
    gateway, path = audited()
    said = (REPOSITORY / "docs/audit.md").read_text()
    rule = re.search(r"^    (/var/lib/countersign/audit.log \{\n.*?\n    \})$", said, re.M | re.S).group(1)
    rule = rule.replace("/var/lib/countersign/audit.log", str(path)).replace(
        "systemctl reload countersign", f"kill -HUP {gateway.child.pid}")
    (path.parent / "rule").write_text(rule + "\n")
    (path.parent / "rule").chmod(0o644)
    for number in range(2):
        gateway.delete()
        inode = path.stat().st_ino
        done = subprocess.run(["logrotate", "-f", "-s", path.parent / "state", path.parent / "rule"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert eventually(lambda: path.exists() and path.stat().st_ino != inode and path.stat().st_size)
    gateway.delete()
    files = [path.with_name("audit.log.2"), path.with_name("audit.log.1"), path]
    assert len(chain.changes(chain.records(*files, prev=chain.ZEROS))) == 3
    verify(*files)


def test_rotation_while_the_configuration_is_bad(audited, upstream):
    gateway, path = audited()
    (path.parent / "policy.yaml").write_text("version: 2\n")
    rotate(gateway, path, 1)
    assert gateway.delete().status == 202
    assert len(chain.changes(records(path, 1))) == 1


def test_rotation_that_fails(audited, upstream):
    """Something else is in the file's place: it goes on in the old file, and says so."""
    gateway, path = audited()
    old = path.with_name("audit.log.1")
    path.rename(old)
    path.mkdir()
    gateway.signal(signal.SIGHUP)
    gateway.line(gateway.stderr, lambda line: "cannot be opened: Is a directory" in line)
    gateway.line(gateway.stderr, lambda line: "the reload failed: the new configuration is in force, but" in line)
    assert gateway.delete().status == 202
    assert len(chain.changes(records(old, 1))) == 1
    told = gateway.call("POST", "/reload", port=gateway.admin)
    assert told.status == 500 and told.json()["type"].endswith(":audit-not-reopened"), told
    assert "Is a directory" in told.json()["errors"][0]
    assert gateway.ready()["lastReload"] == "failed" and "Is a directory" in gateway.ready()["errors"][0]
    found = scrape(gateway)
    assert value(found, "countersign_reloads_total", result="bad") == value(found, "countersign_reload_failed") + 1 == 2
    assert value(found, "countersign_reloads_total", result="good") == 0
    path.rmdir()
    gateway.reload()
    assert "lastReload" not in gateway.ready() and value(scrape(gateway), "countersign_reload_failed") == 0
    assert eventually(path.exists)
    assert gateway.delete().status == 202
    assert len(chain.changes(chain.records(old, path, prev=chain.ZEROS))) == 2


def test_a_file_that_is_removed(audited, upstream):
    """Nobody would ever see what is written to it: it is made anew, and the chain goes on."""
    gateway, path = audited()
    gateway.delete()
    before = records(path, 1)
    path.unlink()
    assert gateway.delete().status == 202
    assert chain.changes(records(path, 1, prev=before[-1]["hash"], seq=before[-1]["seq"]))


# ---- seals ----

def test_seals(audited, upstream, tmp_path):
    key = secret(tmp_path / "seal_key", KEY)
    gateway, path = audited(top={"audit": {"file": "audit.log", "sync": True,
                                           "seal": {"key": {"file": key}, "every": "1s"}}})
    gateway.delete()
    kinds = lambda: [record["audit"] for record in chain.records(path, key=KEY)]
    assert eventually(lambda: "outcome" in kinds() and kinds()[-1] == "seal")
    assert [kind for kind in kinds() if kind != "seal"] == ["open", "intent", "outcome"]
    last = chain.records(path)[-1]
    assert (f"seals vouch for all up to {last['seq']}, sealed at {last['time']}; 0 came later"
            in verify("--key", key, path))
    assert "not looked at" in verify(path)
    other = secret(tmp_path / "other_key", KEY[::-1])
    assert audit("verify", "--key", other, path).returncode == 1
    forged = forge(path.read_text(), tmp_path / "forged")
    assert "BROKEN" not in verify(forged), "a new chain is as good as the old"
    assert "the seal was not made with this key" in audit("verify", "--key", key, forged).stdout


def forge(text, path):
    """Another client did it, and every hash is made anew: all that somebody without the key can do."""
    lines, prev = [], None
    for line in text.splitlines():
        line = line.replace("network-console", "somebody-else")
        line = line if prev is None else line.replace(json.loads(line)["prev"], prev)
        body = line[:line.rindex(',"hash":"')]
        prev = hashlib.sha256(body.encode()).hexdigest()
        lines.append(f'{body},"hash":"{prev}"}}\n')
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("said,words", [
    ({"seal": {"key": {"env": "COUNTERSIGN_SEAL"}}}, "lacks the key 'file'"),
    ({"file": "a", "seal": {}}, "seal lacks the key 'key'"),
    ({"file": "a", "seal": {"key": {"file": "short"}}}, "needs 32 characters"),
    ({"file": "a", "seal": {"key": {"file": "open"}}}, "chmod 600"),
    ({"file": "a", "sync": "maybe"}, "sync must be"),
    ({"file": "a", "seal": {"key": {"env": "COUNTERSIGN_SEAL"}, "every": "1ms"}}, "every must be"),
    (["a"], "audit must be"), ("", "audit must not be empty")])
def test_configuration_errors(tmp_path, said, words):
    secret(tmp_path / "short", "0123456789")
    secret(tmp_path / "open", KEY, 0o644)
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"audit": said}),
               env={**os.environ, "COUNTERSIGN_SEAL": KEY})
    assert done.returncode == 78 and "countersign.yaml:6:" in done.stderr and words in done.stderr, done.stderr
    assert KEY not in done.stderr and "0123456789" not in done.stderr


def test_a_key_from_the_environment_survives_a_reload(tmp_path, upstream):
    file = configure(tmp_path, upstream.url, top={
        "audit": {"file": "audit.log", "seal": {"key": {"env": "COUNTERSIGN_SEAL"}, "every": "1h"}}})
    gateway = Gateway(file, {**os.environ, "COUNTERSIGN_SEAL": KEY})
    reloaded = gateway.call("POST", "/reload", port=gateway.admin)
    gateway.delete()
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0
    assert reloaded.status == 200, reloaded.body
    assert chain.records(tmp_path / "audit.log", key=KEY)[-1]["audit"] == "seal", "the last thing that it does"
    assert not any("restart only" in line for line in gateway.stderr), "nothing has changed"


def test_it_changes_by_a_restart_only(audited, upstream):
    gateway, path = audited()
    file = path.parent / "countersign.yaml"
    file.write_text(file.read_text().replace('"audit.log"', '"other.log"'))
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    gateway.line(gateway.stderr, lambda line: "audit stays as it was: it changes by a restart only" in line)
    gateway.delete()
    assert len(chain.changes(records(path, 1))) == 1 and not path.with_name("other.log").exists()


# ---- for people ----

@pytest.fixture
def history(audited, upstream):
    gateway, path = audited()
    upstream.script(Reply(), Reply({"code": 4000, "message": "(1)no"}), HANG_UP)
    answers = [gateway.delete({"instanceIds": [name]}, headers={"X-Request-Id": name})
               for name in ("ins-a", "ins-b", "ins-c")]
    records(path, 3)
    return path, answers


@pytest.mark.parametrize("options,expected", [
    ([], "abc"), (["--client", "network-console"], "abc"), (["--client", "auditor"], ""),
    (["--action", "DetachClassicLinkVpc"], "abc"), (["--action", "AttachClassicLinkVpc"], ""),
    (["--outcome", "executed"], "a"), (["--outcome", "unknown"], "c"), (["--outcome", "not-executed"], "b"),
    (["--value", "ins-b"], "b"), (["--value", VPC], "abc"), (["--request", "ins-c"], "c"),
    (["--since", "2020-01-01"], "abc"), (["--since", "2200-01-01"], ""), (["--until", "2020-01-01"], ""),
    (["--value", VPC, "--outcome", "unknown"], "c")])
def test_show(history, options, expected):
    path, _ = history
    shown = audit("show", *options, path)
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert [line.split(" request ")[1] for line in lines] == [f"ins-{letter}" for letter in expected]
    as_json = [json.loads(line) for line in audit("show", "--json", *options, path).stdout.splitlines()]
    assert [change["requestId"] for change in as_json] == [f"ins-{letter}" for letter in expected]
    assert all({"client", "params", "rule", "outcome", "status"} <= set(change) for change in as_json)


def test_show_reads_well(history):
    line = audit("show", "--request", "ins-b", history[0]).stdout
    assert (f"  network-console  DetachClassicLinkVpc ap-guangzhou vpcId={VPC} instanceIds=ins-b  not-executed 400 "
            "upstream-rejected-parameter  rule staging-links from 127.0.0.1 request ins-b\n") in line


def test_a_terminal_is_not_played_with(tmp_path):
    """Whoever can write the file could also put escape sequences there."""
    text = '{"seq":1,"prev":"%s","audit":"intent","client":"\\u001b[2J\\u202e","time":"2026-11-25T00:00:00.000Z"' % chain.ZEROS
    (tmp_path / "a").write_text(f'{text},"hash":"{hashlib.sha256(text.encode()).hexdigest()}"}}\n')
    shown = audit("show", tmp_path / "a").stdout
    assert "\\u001b[2J\\u202e" in shown and "\x1b" not in shown


def test_replay_reads_audit_files(history, tmp_path):
    changed = json.loads(json.dumps(POLICY))
    changed["rules"][0]["where"]["vpcId"] = ["vpc-other"]
    (tmp_path / "new.yaml").write_text(policy(changed))
    done = run("replay", "--policy", tmp_path / "new.yaml", "--log", history[0])
    assert done.returncode == 1 and "; 3 calls, first " in done.stdout, "each change once"
    assert "3 would change, 0 stay" in done.stderr and "0 are not ours" in done.stderr
    same = run("replay", "--policy", history[0].parent / "policy.yaml", "--log", history[0])
    assert same.returncode == 0 and "3 stay" in same.stderr


def test_verify_tells_where(history, tmp_path):
    lines = history[0].read_bytes().splitlines(keepends=True)
    broken = tmp_path / "audit.log"

    def complaint(changed):
        broken.write_bytes(b"".join(changed))
        done = audit("verify", broken)
        assert done.returncode == 1 and "BROKEN: 1 faults" in done.stdout
        return done.stdout.splitlines()[0].removeprefix(f"{broken}:")

    altered = lines[3].replace(b"ins-b", b"ins-x")
    assert complaint([*lines[:3], altered, *lines[4:]]) == "4: record 4 was altered: its hash is another"
    assert complaint([*lines[:2], *lines[4:]]) == "3: does not follow the record before it: 3 to 4 are missing"
    assert complaint([*lines[:3], b"hello\n", *lines[3:]]) == "4: is no record, and none explains it: altered"
    assert complaint([*lines, lines[-1]]).startswith("8: does not follow")
    broken.write_bytes(b"".join(lines)[:-20])
    torn = sum(map(len, lines[:-1]))
    assert f":7: torn: the last record ends at byte {torn}, and {len(lines[-1]) - 20} bytes of another follow" in verify(broken)
    assert "6 records, the last is 6" in verify(broken)


@pytest.mark.parametrize("arguments,status", [
    ([], 2), (["--help"], 0), (["verify"], 2), (["verify", "--help"], 0), (["verify", "--what", "f"], 2),
    (["show"], 2), (["show", "--help"], 0), (["show", "--since", "yesterday", "f"], 2), (["show", "--client"], 2),
    (["show", "absent"], 1), (["verify", "absent"], 1), (["verify", "--key", "absent", "f"], 1), (["other"], 2)])
def test_usage(tmp_path, arguments, status):
    done = run("audit", *arguments, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert (status == 0) == (done.stderr == "") and (status != 0 or "Usage:" in done.stdout)


# ---- kill -9 ----

def storm(port, stop, number, answers):
    """Changes, each of an instance of its own, until the gateway is gone."""
    client, count = Client(port, within=5 * SLOW), 0
    while not stop.is_set():
        name = f"ins-{number:02}x{count:06}"
        count += 1
        try:
            answer = client.call("DELETE", PATH, document({"instanceIds": [name]}), bearer(TOKEN))
        except (OSError, http.client.HTTPException):
            answers.append((name, None))
            return
        answers.append((name, answer.status))


def one_life(file, life, dice):
    """Starts it, lets four callers change things, kills it; what each of them was told."""
    gateway, answers, stop = Gateway(file), [], threading.Event()
    threads = [threading.Thread(target=storm, args=(gateway.port, stop, life * 4 + n, answers)) for n in range(4)]
    try:
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(answers) > 4)
        elapse(dice.uniform(0, 0.3), "it is killed at a random time")
    finally:
        gateway.signal(signal.SIGKILL)
        stop.set()
        for thread in threads:
            thread.join()
        gateway.wait()
    return answers


def test_killed_at_random(tmp_path, upstream):
    """COUNTERSIGN_KILLS=100 kills it that often under load.  After each, the chain holds; at the end, whatever
    the upstream has seen has its intent, and whatever a caller was told is in the file."""
    dice = random.Random(SEED)
    file = configure(tmp_path, upstream.url, top={"audit": "audit.log"})
    path, answers = tmp_path / "audit.log", []
    for life in range(KILLS):
        answers += one_life(file, life, dice)
        verify(path)
    found = chain.records(path, prev=chain.ZEROS)
    settled = {intent["params"]["instanceIds"][0]: outcome for intent, outcome in chain.changes(found)}
    seen = {request.params["instanceIds.0"] for request in upstream.requests}
    told = [(name, status) for name, status in answers if status is not None]
    assert seen <= set(settled), "sent without a record"
    for name, status in told:
        assert (settled[name] or {}).get("status") == status, name
    for name, outcome in settled.items():
        assert outcome is None or outcome["outcome"] != "not-executed" or name not in seen
    print(f"\nkilled {KILLS} times at random, seed {SEED}; the chain holds after each\n"
          f"{len(found)} records of {len(settled)} changes, {sum('torn' in record for record in found)} torn lines\n"
          f"{len(seen)} changes reached the upstream: each has the record that was written before\n"
          f"{len(told)} answers: each has its outcome in the file\n"
          f"{sum(outcome is None for outcome in settled.values())} changes have no outcome: the gateway was killed "
          f"before it knew")
