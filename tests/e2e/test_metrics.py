"""/metrics: true, tidy, and not to be inflated by whoever can send a request."""

import collections
import json
import os
import random
import re
import string
import subprocess
import threading
import time

import pytest

from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN, Client, Gateway, bearer, configure
from harness.scrape import scrape, value
from harness.upstream import HANG, HANG_UP, Reply
from harness.world import INSTANCE, REPOSITORY, SECRET_ID, SECRET_KEY, VPC, eventually

REQUESTS = int(os.environ.get("COUNTERSIGN_RANDOM", "1500"))
SEED = int(os.environ.get("COUNTERSIGN_SEED", "20261125"))
PATH = f"/vpcs/{VPC}/classiclinks"


def counted(found):
    """requests_total as {(method, route, client, status): count}"""
    return {tuple(dict(labels)[key] for key in ("method", "route", "client", "status")): count
            for (name, labels), count in found.items() if name == "countersign_requests_total" and count}


def logged(gateway):
    """The same from the access log."""
    return collections.Counter(
        (line["method"] if "route" in line else "-", line.get("route", "-"), line.get("client", "-"), str(line["status"]))
        for line in gateway.records())


def some_of_everything(gateway, upstream):
    upstream.script(Reply(), Reply({"code": 4000, "message": "(1)no"}), HANG_UP, Reply({"code": 6000, "message": "(1)no"}))
    answers = [gateway.delete() for _ in range(4)]
    answers += [gateway.delete(token=token) for token in (None, NOBODY, EXPIRED, "wrong")]
    answers += [gateway.delete(vpc="vpc-other"), gateway.delete({"instanceIds": ["ins-bastion1"]}),
                gateway.delete({"x": 1}), gateway.call("PUT", PATH, headers=bearer()),
                gateway.call("GET", "/nowhere", headers=bearer()), gateway.call("GET", "/nowhere")]
    eventually(lambda: len(gateway.stdout) == len(answers))
    return answers


def test_the_log_and_the_metrics_agree(start, upstream):
    gateway = start(upstream.url)
    answers = some_of_everything(gateway, upstream)
    found = scrape(gateway)
    assert counted(found) == logged(gateway) and sum(counted(found).values()) == len(answers)
    lines = gateway.records()
    decisions = collections.Counter((line["verdict"], line.get("rule", "-")) for line in lines if "verdict" in line)
    assert decisions and decisions == {
        (dict(labels)["verdict"], dict(labels)["rule"]): count
        for (name, labels), count in found.items() if name == "countersign_policy_decisions_total"}
    asked = [line for line in lines if line.get("attempts")]
    results = collections.Counter(line.get("type", "success") for line in asked)
    assert results == {dict(labels)["result"]: count for (name, labels), count in found.items()
                       if name == "countersign_upstream_results_total" and count}
    outcomes = collections.Counter(line["outcome"] for line in asked)
    assert outcomes == {dict(labels)["outcome"]: count for (name, labels), count in found.items()
                        if name == "countersign_changes_total" and count}


def test_what_alerts_watch_is_there_from_the_start(start, upstream):
    """A counter that begins with its first event shows no increase."""
    gateway = start(upstream.url)
    found = scrape(gateway)
    for outcome in ("executed", "not-executed", "unknown"):
        assert found["countersign_changes_total", frozenset({("action", "DetachClassicLinkVpc"), ("outcome", outcome)})] == 0
    for result in ("success", "upstream-credential", "upstream-timeout", "upstream-throttled", "not-found"):
        assert found["countersign_upstream_results_total", frozenset({("upstream", "vpc"), ("result", result)})] == 0


def test_histograms(start, upstream):
    gateway = start(upstream.url)
    upstream.script(Reply(), Reply(), Reply(delay=0.3))
    for _ in range(3):
        gateway.delete()
    eventually(lambda: len(gateway.stdout) == 3)
    found = scrape(gateway)
    for name, labels, key in (("countersign_request_duration_seconds", {"method": "DELETE"}, "durationMs"),
                              ("countersign_upstream_duration_seconds", {"upstream": "vpc"}, "upstreamMs")):
        seconds = [line[key] / 1000 for line in gateway.records()]
        assert value(found, name + "_count", **labels) == 3
        assert value(found, name + "_sum", **labels) == pytest.approx(sum(seconds), abs=3e-6)
        bounds = {dict(has)["le"]: count for (other, has), count in found.items() if other == name + "_bucket"}
        for bound, count in bounds.items():
            assert count == sum(second <= float(bound) for second in seconds), bound
        assert bounds["+Inf"] == 3 and bounds["0.25"] < 3


def test_promtool_has_nothing_to_say(start, upstream, tmp_path):
    gateway = start(upstream.url, top={"audit": str(tmp_path / "audit.log")})
    some_of_everything(gateway, upstream)
    page = gateway.call("GET", "/metrics", port=gateway.admin).body
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done.stderr.decode()


def test_every_metric_is_documented(start, upstream):
    gateway = start(upstream.url)
    some_of_everything(gateway, upstream)
    page = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    families = set(re.findall(r"^# TYPE (\w+)", page, re.M))
    documented = set(re.findall(r"`((?:countersign|process)_\w+)`", (REPOSITORY / "docs/metrics.md").read_text()))
    assert families == documented


def test_threat_38_nothing_secret_and_nobody_unknown(start, upstream):
    gateway = start(upstream.url)
    some_of_everything(gateway, upstream)
    gateway.call("GET", "/metrics?token=" + TOKEN, headers={"X-Request-Id": "marked-id"})
    gateway.call("DELETE", PATH, headers={"User-Agent": "marked-agent", "Authorization": "Bearer marked-token"})
    page = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    for word in (TOKEN, NOBODY, EXPIRED, SECRET_ID, SECRET_KEY, INSTANCE, VPC, "ins-bastion1", "2026-11", "2019-11",
                 "marked", "nowhere", "127.0.0.1", "vpc-other", "PUT"):
        assert word not in page, word


def test_not_for_callers(gateway):
    for headers in ({}, bearer()):
        assert gateway.call("GET", "/metrics", headers=headers).status in (401, 404)
    assert gateway.call("GET", "/metrics", headers={"Host": "evil.example"}, port=gateway.admin).status == 400
    assert gateway.call("POST", "/metrics", port=gateway.admin).header("Allow") == "GET, HEAD"


# ---- what is looked up ----

def test_reloads(start, upstream):
    gateway = start(upstream.url)
    before = scrape(gateway)
    assert abs(value(before, "countersign_reload_last_good_timestamp_seconds") - time.time()) < 600
    assert value(before, "countersign_reload_failed") == value(before, "countersign_reloads_total") == 0
    file = os.path.join(os.path.dirname(gateway.child.args[-1]), "policy.yaml")
    text = open(file).read()
    open(file, "w").write("version: 2\n")
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 422
    bad = scrape(gateway)
    assert value(bad, "countersign_reload_failed") == value(bad, "countersign_reloads_total", result="bad") == 1
    assert (value(bad, "countersign_reload_last_good_timestamp_seconds")
            == value(before, "countersign_reload_last_good_timestamp_seconds"))
    open(file, "w").write(text)
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    good = scrape(gateway)
    assert value(good, "countersign_reload_failed") == 0 and value(good, "countersign_reloads_total", result="good") == 1


def test_counters_survive_a_reload(start, upstream):
    gateway = start(upstream.url)
    gateway.delete()
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    gateway.delete()
    eventually(lambda: len(gateway.stdout) == 2)
    assert value(scrape(gateway), "countersign_requests_total", status="202") == 2


def test_tokens_by_what_is_left_to_them(start, upstream):
    def at(days):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))
    rules = json.loads(json.dumps(POLICY))
    ends = [-400, -.5, .5, 1.5, 6, 20, 29, 40, 4000]
    rules["clients"]["network-console"]["tokens"] = [(f"t{n}", f"token-number-{n}-of-many", at(days))
                                                     for n, days in enumerate(ends)]
    gateway = start(upstream.url, rules=rules)
    found = {dict(labels)["expires"]: count for (name, labels), count in scrape(gateway).items()
             if name == "countersign_tokens"}
    # `auditor` has one more, until 2099
    assert found == {"expired": 2, "1d": 1, "7d": 2, "30d": 2, "later": 3, "never": 0}


def test_the_audit_file(start, upstream):
    gateway = start(upstream.url, top={"audit": "/dev/full"})
    gateway.delete()
    gateway.delete()
    eventually(lambda: len(gateway.stdout) == 2)
    found = scrape(gateway)
    assert value(found, "countersign_audit_enabled") == value(found, "countersign_audit_failing") == 1
    assert value(found, "countersign_audit_failures_total") == 3, "one at the start, and two changes"
    assert value(found, "countersign_requests_total", status="503") == 2


def test_in_flight_and_workers(start, upstream):
    gateway = start(upstream.url)
    found = scrape(gateway)
    assert value(found, "countersign_workers") == 32 and value(found, "countersign_ready") == 1
    with gateway.wire(), gateway.wire():
        assert eventually(lambda: value(scrape(gateway), "countersign_connections") == 2)
    assert eventually(lambda: value(scrape(gateway), "countersign_connections") == 0)
    version = next(dict(labels)["version"] for name, labels in found if name == "countersign_build_info")
    assert version in gateway.call("GET", "/version", port=gateway.admin).body.decode()


# ---- upstreams ----

def upstream_of(gateway, name, busy=0, **labels):
    return value(scrape(gateway, busy), f"countersign_upstream_{name}", upstream="vpc", **labels)


def test_attempts_by_their_end(start, upstream):
    upstream.script(Reply(), Reply({"code": 4000, "message": "(1)no"}), HANG_UP, HANG, then=Reply())
    gateway = start(upstream.url)
    for _ in range(5):
        gateway.delete()
    ends = {end: upstream_of(gateway, "attempts_total", end=end)
            for end in ("answered", "failed-here", "not-sent", "lost", "late", "too-large")}
    assert ends == {"answered": 3, "failed-here": 0, "not-sent": 0, "lost": 1, "late": 1, "too-large": 0}
    eventually(lambda: len(gateway.stdout) == 5)
    assert upstream_of(gateway, "attempts_total") == sum(line["attempts"] for line in gateway.records())


def test_retries(start, upstream):
    upstream.script(Reply({"code": 4400, "message": "(1)slowly"}), then=Reply())
    gateway = start(upstream.url, timeout="5s")
    gateway.delete()
    eventually(lambda: gateway.stdout)
    again = gateway.records()[0]["attempts"] - 1
    assert again > 0 and upstream_of(gateway, "retries_total") == again


def test_the_breaker(start):
    """Nobody listens there."""
    gateway = start("http://127.0.0.1:9/v2/index.php")
    assert upstream_of(gateway, "breaker", state="closed") == 1
    assert eventually(lambda: [gateway.delete() for _ in range(8)]
                      and upstream_of(gateway, "refusals_total", reason="breaker") >= 1)
    states = {state: upstream_of(gateway, "breaker", state=state) for state in ("closed", "half-open", "open")}
    assert states["closed"] == 0 and sum(states.values()) == 1
    assert upstream_of(gateway, "attempts_total", end="not-sent") >= 5


def test_slots(start, upstream):
    gate = threading.Event()
    upstream.script(then=Reply(gate=gate))
    gateway = start(upstream.url, slots=3, timeout="60s")
    callers = [threading.Thread(target=gateway.delete) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        upstream.seen(3)
        found = scrape(gateway, busy=3)
        slots = {dict(labels)["state"]: count for (name, labels), count in found.items()
                 if name == "countersign_upstream_slots"}
        assert slots == {"used": 3, "idle": 0, "waiting": 0, "resting": 0}
        assert gateway.delete().status == 503
        assert upstream_of(gateway, "refusals_total", busy=3, reason="no-slot") == 1
    finally:
        gate.set()
        for caller in callers:
            caller.join()
    assert eventually(lambda: upstream_of(gateway, "slots", state="used") == 0)


@pytest.mark.parametrize("hours", [-2, 3])
def test_clock_skew(start, upstream, hours):
    upstream.script(then=Reply(date=time.time() + hours * 3600))
    gateway = start(upstream.url)
    assert upstream_of(gateway, "clock_skew_seconds") == 0
    gateway.delete()
    assert abs(upstream_of(gateway, "clock_skew_seconds") - hours * 3600) < 60


def test_the_credential_in_use(tmp_path, upstream, reaper):
    upstream.script(Reply({"code": 4104, "message": "(1)disabled"}), then=Reply())
    file = configure(tmp_path, upstream.url)
    lines = [json.loads(line.split(": ", 1)[1]) if line.startswith("credentials") else None
             for line in file.read_text().splitlines()]
    main = next(line for line in lines if line)["main"]
    file.write_text("".join(
        f"credentials: {json.dumps({'new': main, 'old': main})}\n" if line.startswith("credentials")
        else line.replace('"credential": "main"', '"credential": ["new", "old"]') + "\n"
        for line in file.read_text().splitlines()))
    gateway = Gateway(file)
    try:
        assert upstream_of(gateway, "credential", credential="new") == 1
        assert gateway.delete().status == 202
        found = scrape(gateway)
        assert value(found, "countersign_upstream_credential", credential="old") == 1
        assert value(found, "countersign_upstream_credential", credential="new") == 0
    finally:
        reaper.ask(gateway)


# ---- cardinality ----

def word(dice, most=20):
    return "".join(dice.choices(string.ascii_lowercase + string.digits, k=dice.randint(1, most)))


KINDS = [
    lambda d: ("GET", f"/{word(d)}/{word(d)}", None, bearer()),                                 # unknown paths
    lambda d: ("GET", f"/{word(d)}", None, {}),                                                 # by nobody
    lambda d: ("DELETE", f"/vpcs/vpc-{word(d)}/classiclinks?instanceIds=ins-{word(d)}", None, bearer()),
    lambda d: ("DELETE", f"{PATH}?instanceIds=ins-{word(d)}", None, bearer()),                  # allowed ones
    lambda d: ("DELETE", f"{PATH}?instanceIds=ins-{word(d)}", None, bearer(word(d))),           # unknown tokens
    lambda d: ("DELETE", f"{PATH}?{word(d)}={word(d)}", None, bearer()),                        # unknown parameters
    lambda d: ("DELETE", f"{PATH}?instanceIds=ins-{word(d)}&region=ap-{word(d)}", None, bearer()),
    lambda d: (d.choice(["PUT", "PATCH"]), PATH, None, bearer()),
    lambda d: ("DELETE", f"{PATH}?instanceIds=ins-a", None, bearer(headers={"X-Request-Id": word(d), "User-Agent": word(d)})),
    lambda d: ("DELETE", PATH, json.dumps({word(d): word(d)}).encode(), bearer()),
]


def test_threat_38_random_requests_make_no_series(start, upstream):
    """COUNTERSIGN_RANDOM=100000 sends that many."""
    dice = random.Random(SEED)
    gateway = start(upstream.url)
    client = Client(gateway.port)

    def send(count):
        statuses = collections.Counter()
        for number in range(count):
            statuses[client.call(*KINDS[number % len(KINDS)](dice)).status] += 1
        return statuses

    send(10 * len(KINDS))
    eventually(lambda: value(scrape(gateway), "countersign_requests_total") == 10 * len(KINDS))
    before = scrape(gateway)
    statuses = send(REQUESTS)
    client.close()
    eventually(lambda: value(scrape(gateway), "countersign_requests_total") == 10 * len(KINDS) + REQUESTS)
    after = scrape(gateway)
    assert set(before) == set(after), "the series are the same"
    assert value(after, "countersign_requests_total") == 10 * len(KINDS) + REQUESTS
    print(f"\n{REQUESTS} random requests, seed {SEED}, answered {dict(sorted(statuses.items()))}: "
          f"{len(before)} series before, {len(after)} after")
