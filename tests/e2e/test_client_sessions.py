"""`sessions: per_client`: each client's calls are signed by a session of its own, which the cloud's trail can tell."""

import json
import threading
import time

import pytest

from harness.expect import problem
from harness.gateway import configure
from harness.process import run
from harness.upstream import HANG, Reply, Upstream
from harness.world import SECRET_ID, SECRET_KEY, SLOW, eventually
from test_credentials import ARN, LIFE, SOON, cloud_of, fixed, metric, of, printed, role

ROLES = (role("deep", life="3600"), role("brief"))


def clients(count, more=()):
    names = [*(f"team-{number}" for number in range(count)), *more]
    return {"version": 1, "clients": {name: {"tokens": [("k1", token_of(name), "2035-12-31")]} for name in names},
            "rules": [{"id": "all", "allow": ["*"], "actions": ["*"]}]}


def token_of(name):
    return f"e2e-token-of-{name}"


def sessions(folder, name="deep", limit=None, **more):
    """What start() takes."""
    main = {"assume_role": {"from": "key", "role_arn": ARN + name, **more}, "sessions": "per_client"}
    if limit is not None:
        main["session_limit"] = limit
    return {"credential": main, "more": {"key": fixed(folder)}}


def call(gateway, name="team-0"):
    return gateway.delete(token=token_of(name))


def names(cloud):
    return [one["name"] for one in reversed(cloud.state().get("sessions", []))]


def fetches(gateway, result="good"):
    return metric(gateway, "countersign_credential_session_fetches_total", credential="main", result=result)


def test_two_clients_have_two_sessions(sandbox, start, tmp_path):
    """Their ids are in the lines and records, and whois finds the client by them."""
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.base + "/", generation=3, rules=clients(2, "x"), **sessions(tmp_path),
                    top=of(cloud, audit="audit.log"))
    assert names(cloud) == [], "nobody has called"
    ids = {}
    for name in ("team-0", "team-1", "team-0", "x", "team-1"):
        answer = call(gateway, name)
        assert answer.status == 202
        ids.setdefault(name, set()).add(gateway.record(answer)["tmpSecretId"])
    assert names(cloud) == ["team-0", "team-1", "x-"], "one each, by its name, of two characters at least"
    assert [len(one) for one in ids.values()] == [1, 1, 1] and len(set.union(*ids.values())) == 3
    given = {one["name"]: one["id"] for one in cloud.state()["sessions"]}
    assert ids["team-0"] == {given["team-0"]} and ids["team-1"] == {given["team-1"]}
    audit = gateway.file.parent / "audit.log"
    for name in ("team-0", "team-1"):
        done = run("audit", "whois", *ids[name], audit)
        assert done.returncode == 0 and f"{name} token k1" in done.stdout
    assert metric(gateway, "countersign_credential_sessions", credential="main") == 3
    assert fetches(gateway) == 3


@pytest.fixture
def sts():
    service = Upstream()
    yield service
    service.stop()


def at(service, **top):
    return {"sts": {"url": service.url.replace("/v2/index.php", "/"), "timeout": f"{2 * SLOW:.0f}s"}, **top}


def test_what_sts_is_asked(start, upstream, sts, tmp_path):
    """The name, the client and its token as tags behind those of the configuration."""
    sts.script(then=Reply({"Response": {"Credentials": json.loads(printed()), "ExpiredTime": int(time.time()) + 3600}}))
    gateway = start(upstream.url, rules=clients(1), top=at(sts), **sessions(tmp_path, tags={"stage": "test"},
                                                                           external_id="ours"))
    assert call(gateway).status == 202
    asked = json.loads(sts.seen(1)[0].body)
    assert asked["RoleSessionName"] == "team-0" and asked["ExternalId"] == "ours" and asked["RoleArn"] == ARN + "deep"
    assert asked["Tags"] == [{"Key": "stage", "Value": "test"}, {"Key": "client", "Value": "team-0"},
                             {"Key": "token", "Value": "k1"}]


def test_many_first_calls_of_a_client_fetch_once(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, "AssumeRole:delay=300", roles=ROLES)
    gateway = start(cloud.url, rules=clients(1), top=of(cloud), **sessions(tmp_path))
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(call(gateway).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [202] * 8 and names(cloud) == ["team-0"]


def test_a_thousand_clients_and_a_throttled_sts(sandbox, start, tmp_path):
    """Who has a session goes on; who has none is told so at once, and STS is asked a few times, not a thousand."""
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(1000), top=of(cloud), **sessions(tmp_path))
    for number in range(500):
        assert call(gateway, f"team-{number}").status == 202
    assert fetches(gateway) == 500
    cloud.faults("AssumeRole:code=4400")
    began = time.monotonic()
    for number in range(500, 1000):
        answer = problem(call(gateway, f"team-{number}"), 502, "upstream-credential", outcome="not-executed")
        assert "RequestLimitExceeded" in answer["detail"] and "STS is asked too often" in answer["detail"]
        assert call(gateway, f"team-{number - 500}").status == 202
    assert fetches(gateway, "bad") <= 6 + 2 * (time.monotonic() - began), "pauses of 0.2 s, doubled up to 2 s"
    assert "asked too often" in gateway.ready()["credentials"]["main"]["error"]
    cloud.faults()
    assert eventually(lambda: call(gateway, "team-999").status == 202, SOON, 0.1)
    assert metric(gateway, "countersign_credential_sessions", credential="main") <= 1000


def test_the_one_used_least_recently_is_evicted(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(3), top=of(cloud), **sessions(tmp_path, limit=2))
    for number in (0, 1, 0, 2, 0, 1):
        assert call(gateway, f"team-{number}").status == 202
    assert names(cloud) == ["team-0", "team-1", "team-2", "team-1"], "0 was used again before 2 came"
    assert metric(gateway, "countersign_credential_sessions", credential="main") == 2
    assert metric(gateway, "countersign_credential_session_evictions_total", credential="main") == 2


def test_a_session_is_renewed_while_it_is_used(sandbox, start, tmp_path):
    """At half of its life, by the keeper: no call fails, none waits for STS though that takes its time."""
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(1), top=of(cloud), **sessions(tmp_path, "brief"))
    ids = set()

    def used():
        answer = call(gateway)
        assert answer.status == 202
        ids.add(gateway.record(answer)["tmpSecretId"])
        return len(ids) >= 4

    assert eventually(used, 4 * LIFE + SOON, 0.05)
    assert fetches(gateway, "bad") == 0 and set(names(cloud)) == {"team-0"}


def test_one_that_is_not_used_is_left_to_end(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(2), top=of(cloud), **sessions(tmp_path, "brief"))
    assert call(gateway, "team-0").status == 202

    def other_renewed():
        assert call(gateway, "team-1").status == 202
        return names(cloud).count("team-1") >= 3

    assert eventually(other_renewed, 4 * LIFE + SOON, 0.05)
    assert names(cloud).count("team-0") == 1
    assert call(gateway, "team-0").status == 202 and names(cloud).count("team-0") <= 2


def test_a_refused_session_is_fetched_again(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(2), top=of(cloud), **sessions(tmp_path))
    began = time.monotonic()
    assert call(gateway, "team-0").status == call(gateway, "team-1").status == 202
    assert eventually(lambda: time.monotonic() - began > 1.1, SOON, 0.1), "at most once a second"
    cloud.faults("DetachClassicLinkVpc:code=4105:count=1")
    answer = call(gateway, "team-0")
    assert answer.status == 202 and gateway.record(answer)["attempts"] == 2
    assert names(cloud) == ["team-0", "team-1", "team-0"]


def test_sts_that_hangs_holds_up_nobody_with_a_session(start, upstream, sts, tmp_path):
    """A first call waits until its deadline, no longer."""
    good = Reply({"Response": {"Credentials": json.loads(printed()), "ExpiredTime": int(time.time()) + 3600}})
    sts.script(good, then=HANG)
    gateway = start(upstream.url, rules=clients(2), deadline=f"{1000 * SLOW:.0f}ms", timeout=f"{500 * SLOW:.0f}ms",
                    top={**at(sts), "sts": {**at(sts)["sts"], "timeout": "60s"}}, **sessions(tmp_path))
    assert call(gateway, "team-0").status == 202
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call(gateway, "team-1")))
    thread.start()
    assert call(gateway, "team-0").status == 202
    thread.join()
    detail = problem(answers[0], 502, "upstream-credential", outcome="not-executed")["detail"]
    assert "STS cannot be asked" in detail


def test_a_failure_is_told_and_nothing_wider_signs(sandbox, start, tmp_path):
    """A role that is missing: the key from which it would be assumed signs no call."""
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(1), top=of(cloud), **sessions(tmp_path, "nobody"))
    answer = problem(call(gateway), 502, "upstream-credential", outcome="not-executed")
    assert "there is no such role: is role_arn right?" in answer["detail"]
    assert cloud.state()["actions"]["DetachClassicLinkVpc"]["requests"] == 0
    words = gateway.words() + json.dumps(answer)
    assert SECRET_KEY not in words


def test_a_reload_shares_what_lives(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=ROLES)
    gateway = start(cloud.url, rules=clients(1), top=of(cloud), **sessions(tmp_path))
    assert call(gateway).status == 202
    cloud.faults("AssumeRole:status=503")
    for _ in range(3):
        gateway.reload()
        assert call(gateway).status == 202
    assert fetches(gateway) == 1 and fetches(gateway, "bad") == 0


@pytest.mark.parametrize("main, part", [
    ({"role": True, "sessions": "per_client"}, "sessions goes with assume_role only"),
    ({"command": ["/bin/true"], "sessions": "per_client"}, "sessions goes with assume_role only"),
    ({"sessions": "per_call"}, "sessions must be shared or per_client"),
    ({"sessions": "shared", "session_limit": 5}, "session_limit needs sessions: per_client"),
    ({"session_limit": 5}, "session_limit needs sessions: per_client"),
    ({"sessions": "per_client", "session_limit": 0}, "session_limit"),
    ({"sessions": "per_client", "session_limit": 65537}, "session_limit"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_cannot_be(tmp_path, main, part):
    if "role" not in main and "command" not in main:
        main = {"assume_role": {"from": "key", "role_arn": ARN + "deep"}, **main}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", credential=main, more={"key": fixed(tmp_path)}))
    assert done.returncode == 78 and part in done.stderr, done.stderr


@pytest.mark.parametrize("inner, part", [
    ({"session": "mine"}, "session does not go with sessions"),
    ({"tags": {"client": "x"}}, "those of each session"),
    ({"tags": {"token": "x"}}, "those of each session"),
    ({"tags": {f"t{i}": "x" for i in range(49)}}, "tags takes 48 at most"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_does_not_go_with_it(tmp_path, inner, part):
    made = sessions(tmp_path, **inner)
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", **made))
    assert done.returncode == 78 and part in done.stderr, done.stderr


def test_nothing_is_assumed_from_it_and_no_other_key_is_beside_it(tmp_path):
    made = sessions(tmp_path)
    made["more"]["next"] = {"assume_role": {"from": "main", "role_arn": ARN + "deep"}}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", **made))
    assert done.returncode == 78 and "has a session for each client: nothing is assumed from it" in done.stderr
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", spare=(SECRET_ID, SECRET_KEY), **sessions(tmp_path)))
    assert done.returncode == 78 and "must not get a wider key" in done.stderr, done.stderr
