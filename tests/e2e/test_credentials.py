"""Credentials that somebody issues for hours: the role of an instance, STS, a command.  Here they live for seconds."""

import base64
import json
import os
import pathlib
import stat
import threading
import time

import pytest

from harness.expect import problem
from harness.gateway import Gateway, configure, secret
from harness.process import run
from harness.proxy import Proxy
from harness.upstream import HANG, Reply, Upstream
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY, SLOW, eventually

ARN = "qcs::cam::uin/100000000001:roleName/"
LIFE = 2 * max(1, int(SLOW / 2))        # seconds of what the sandbox gives out
SOON = 20 * SLOW


def role(name, **members):
    return json.dumps({"name": name, "arn": ARN + name, "life": str(LIFE), **members})


ROLES = (role("gateway", instance=True), role("staging", external_id="from-countersign"), role("deep"),
         role("pod", provider="cls-1", identity="token-of-the-pod"))


def cloud_of(sandbox, folder, *faults, roles=ROLES):
    state = pathlib.Path(REPOSITORY, "sandbox/state.yaml").read_text()
    head, _, rest = state.partition("roles:\n")
    _, _, rest = rest.partition("regions:")
    (folder / "state.yaml").write_text(head + "roles:\n" + "".join(f"  - {one}\n" for one in roles) + "regions:" + rest)
    return sandbox("--state", folder / "state.yaml", *(word for fault in faults for word in ("--fault", fault)))


def of(cloud, **top):
    return {"metadata": cloud.base + "/", "sts": {"url": cloud.base + "/", "timeout": f"{2 * SLOW:.0f}s"}, **top}


def fixed(folder, key=SECRET_KEY):
    return {"secret_id": {"file": secret(folder / "fixed_id", SECRET_ID)},
            "secret_key": {"file": secret(folder / "fixed_key", key)}}


def metric(gateway, name, **labels):
    """The value of a sample, or None."""
    wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
    for line in gateway.call("GET", "/metrics", port=gateway.admin).body.decode().splitlines():
        if line.rpartition(" ")[0] == wanted:
            return float(line.rpartition(" ")[2])
    return None


def fetched(gateway, result="good", name="main"):
    return metric(gateway, "countersign_credential_refreshes_total", credential=name, result=result)


def works(gateway):
    return gateway.delete().status == 202


# ---- the four forms ----

@pytest.mark.parametrize("name, generation", [(True, 2), ("gateway", 3)])
def test_the_role_of_an_instance(sandbox, start, tmp_path, name, generation):
    """What signed stands in the access line and in both audit records, by its id."""
    cloud = cloud_of(sandbox, tmp_path)
    url, options = (cloud.url, {}) if generation == 2 else (cloud.base + "/", {"generation": 3})
    gateway = start(url, credential={"role": name}, top=of(cloud, audit="audit.log"), **options)
    answer = gateway.delete()
    assert answer.status == 202 and "credentials" not in gateway.ready()
    line = gateway.record(answer)
    assert line["tmpSecretId"].startswith("AKIDtmp") and ("upstreamRequestId" in line) == (generation == 3)
    records = [json.loads(record) for record in (gateway.file.parent / "audit.log").read_text().splitlines()]
    assert [record["tmpSecretId"] for record in records if record["audit"] in ("intent", "outcome")] == [line["tmpSecretId"]] * 2
    assert 0 <= metric(gateway, "countersign_credential_seconds_left", credential="main") <= LIFE
    assert eventually(lambda: fetched(gateway) >= 3, SOON, 0.1)
    assert works(gateway)


def test_a_chain_of_roles(sandbox, start, tmp_path):
    """A key of ours assumes one role, and that another; the first one also asks for less than it may."""
    cloud = cloud_of(sandbox, tmp_path)
    more = {"first": {"assume_role": {"from": "key", "role_arn": ARN + "staging", "session": "first", "duration": "1h",
                                      "external_id": "from-countersign", "tags": {"team": "network"},
                                      "policy": '{"version":"2.0","statement":[]}'}},
            "key": fixed(tmp_path)}
    gateway = start(cloud.url, more=more, top=of(cloud),
                    credential={"assume_role": {"from": "first", "role_arn": ARN + "deep"}})
    assert works(gateway)
    assert eventually(lambda: fetched(gateway) >= 3 and fetched(gateway, name="first") >= 3, SOON, 0.1)
    assert works(gateway) and not gateway.notices("cannot be fetched")


def test_the_token_of_a_pod(sandbox, start, tmp_path):
    """Its file is read anew each time."""
    cloud = cloud_of(sandbox, tmp_path)
    (tmp_path / "token").write_text("token-of-the-pod\n")
    web = {"provider": "cls-1", "role_arn": ARN + "pod", "token_file": str(tmp_path / "token"), "session": "pod-1"}
    gateway = start(cloud.url, credential={"web_identity": web}, top=of(cloud))
    assert works(gateway)
    (tmp_path / "token").write_text("another")
    assert eventually(lambda: gateway.notices("the token of token_file is not accepted"), SOON, 0.1)
    (tmp_path / "token").write_text("token-of-the-pod")
    assert eventually(lambda: gateway.notices("is fetched again"), SOON, 0.1)
    assert works(gateway)


def program(folder, text, name="vault"):
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"command": [str(path), "an argument"]}


def printed(life=3600, key=SECRET_KEY, **members):
    return json.dumps({"TmpSecretId": SECRET_ID, "TmpSecretKey": key, "Token": "token-of-the-vault",
                       "ExpiredTime": int(time.time()) + life, **members})


def vault(sandbox, folder):
    """A sandbox that takes what printed() has."""
    text = pathlib.Path(REPOSITORY, "sandbox/state.yaml").read_text()
    text = text.replace("    # token:", "    token: token-of-the-vault\n    # token:", 1)
    (folder / "state.yaml").write_text(text)
    return sandbox("--state", folder / "state.yaml")


def test_a_command(sandbox, start, tmp_path):
    """Without a shell, with an argument, and with what STS itself would have answered."""
    cloud = vault(sandbox, tmp_path)
    (tmp_path / "out").write_text(json.dumps({"Response": {"Credentials": json.loads(printed()),
                                                           "ExpiredTime": int(time.time()) + 3600}}))
    gateway = start(cloud.url, credential=program(
        tmp_path, f'[ "$1" = "an argument" ] && [ -z "$CS_NO" ] && cat "{tmp_path}/out"; ls /proc/self/fd >"{tmp_path}/fds"'),
        env={**os.environ, "CS_NO": "not for it"})
    assert works(gateway)
    assert set((tmp_path / "fds").read_text().split()) <= {"0", "1", "2", "3"}, "3 is the folder that ls reads"


# ---- bad days ----

@pytest.mark.parametrize("text, reason", [
    ("exec sleep 600", "did not end within 5000 ms"),
    ("head -c 1000000 /dev/zero", "wrote more than 65536 bytes"),
    ("echo secret-of-the-vault >&2; exit 3", "ended with status 3"),
    ("echo '{\"secret-of-the-vault\": 1'", "is no JSON object"),
    ("echo '{}'", "has no TmpSecretId"),
    ("sleep 600 & exec >&-; exit 0", "is no JSON object"),
])
def test_a_command_that_fails(start, upstream, tmp_path, text, reason):
    gateway = start(upstream.url, credential=program(tmp_path, text), top={"grace": "0s"})
    answer = problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert reason in answer["detail"] or eventually(lambda: gateway.notices(reason), SOON, 0.1)
    assert "secret-of-the-vault" not in gateway.words() + json.dumps(answer)
    assert reason in gateway.ready()["credentials"]["main"]["error"]
    upstream.seen(0)


@pytest.fixture
def metadata():
    service = Upstream()
    yield service
    service.stop()


def place(service):
    return service.url.replace("/v2/index.php", "/")


BAD = [
    (Reply(json.loads(printed(life=-60))), "has expired already"),
    (Reply(json.loads(printed(ExpiredTime=None))), "does not tell when the credential expires"),
    (Reply(json.loads(printed(life=4000 * 86400))), "in more than ten years"),
    (Reply(json.loads(printed(Token="x" * 4097))), "exceeds 4096 bytes"),
    (Reply(json.loads(printed(TmpSecretKey="two words"))), "holds a blank"),
    (Reply(json.loads(printed(Code="InternalError"))), "refused with code InternalError"),
    (Reply(b"<html>Somebody else's page</html>"), "is no JSON object"),
    (Reply(b"", status=500), "answered HTTP status 500"),
    (Reply(b"", status=404), "knows no role 'a-role'"),
]


@pytest.mark.parametrize("reply, reason", BAD, ids=[reason for _, reason in BAD])
def test_an_answer_that_is_wrong(start, upstream, metadata, reply, reason):
    """It is told why; the service is asked again, and then all is well."""
    metadata.script(reply, *([reply] if reply.status == 500 else []), then=Reply(json.loads(printed())))
    gateway = start(upstream.url, credential={"role": "a-role"}, top={"metadata": place(metadata)})
    assert eventually(lambda: gateway.notices(reason)), gateway.stderr
    assert eventually(lambda: works(gateway), SOON, 0.1)
    assert eventually(lambda: gateway.notices("credential 'main' is fetched again"))
    assert SECRET_KEY not in gateway.words() and "token-of-the-vault" not in gateway.words()


def test_an_answer_as_large_as_they_come(start, upstream, metadata):
    """And one that is good for a year, by its text alone: it is fetched again all the same, within hours."""
    long = {"TmpSecretId": "A" * 1024, "TmpSecretKey": "k" * 1024, "Token": "t" * 4096, "Code": "Success",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 366 * 86400))}
    metadata.script(then=Reply(long))
    gateway = start(upstream.url, credential={"role": "a-role"}, top={"metadata": place(metadata)})
    assert works(gateway)
    assert upstream.seen(1)[0].params["Token"] == "t" * 4096
    assert metric(gateway, "countersign_credential_seconds_left", credential="main") > 365 * 86400


def test_a_role_that_is_replaced(start, upstream, metadata):
    """`role: true` asks each time which role it is."""
    ours = Reply(json.loads(printed(life=4)))
    metadata.script(Reply(b"old-role"), ours, Reply(b"new-role\n"), then=Reply(json.loads(printed())))
    gateway = start(upstream.url, credential={"role": True}, top={"metadata": place(metadata)})
    assert eventually(lambda: fetched(gateway) == 2, SOON, 0.1)
    assert [one.target.rpartition("/")[2] for one in metadata.seen(4)] == ["", "old-role", "", "new-role"]
    assert works(gateway)


def test_no_role(start, upstream, metadata):
    metadata.script(then=Reply(b"", status=404))
    gateway = start(upstream.url, credential={"role": True}, top={"metadata": place(metadata)})
    answer = problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert "the instance has no role" in answer["detail"]
    upstream.seen(0)


def test_a_service_that_hangs(start, upstream, metadata):
    """Nobody waits for it but the first, and the other credential is fetched meanwhile."""
    metadata.script(Reply(json.loads(printed(life=30))), then=HANG)
    gateway = start(upstream.url, credential={"role": "a-role"}, top={"metadata": place(metadata)})
    assert works(gateway)
    began = time.monotonic()
    for _ in range(20):
        assert works(gateway)
    assert time.monotonic() - began < 5 * SLOW


def test_the_service_is_gone(sandbox, start, tmp_path):
    """Served until the end of its life, then refused with the reason; and back within seconds."""
    cloud = cloud_of(sandbox, tmp_path)
    gateway = start(cloud.url, credential={"role": True}, top=of(cloud))
    assert works(gateway)
    cloud.faults("Metadata:status=503")
    assert eventually(lambda: gateway.notices("the one that is there lives for"), SOON, 0.05)
    assert eventually(lambda: b"it has expired" in gateway.delete().body, SOON, 0.1)
    answer = problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert "the metadata service answered HTTP status 503" in answer["detail"]
    assert "503" in gateway.ready()["credentials"]["main"]["error"]
    assert metric(gateway, "countersign_credential_failing", credential="main") == 1
    cloud.faults()
    assert eventually(lambda: works(gateway), SOON, 0.1)
    assert eventually(lambda: gateway.notices("is fetched again"))


def test_the_spare_serves_where_the_first_has_none(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, "Metadata:status=503")
    gateway = start(cloud.url, credential={"role": True}, spare=(SECRET_ID, SECRET_KEY), top=of(cloud))
    assert works(gateway)
    cloud.faults()
    assert eventually(lambda: fetched(gateway) >= 1, SOON, 0.1)
    assert works(gateway)


STS = [
    ("code=4400", "RequestLimitExceeded"), ("html", "is no JSON object"), ("garbage", "is no JSON object"),
    ("status=502", "answered HTTP status 502"), ("refuse", "cannot be asked"), ("hang", "cannot be asked"),
    ("code=4103/UnauthorizedOperation", "the role does not trust this caller"),
]


@pytest.mark.parametrize("fault, reason", STS, ids=[fault for fault, _ in STS])
def test_an_sts_that_fails(sandbox, start, tmp_path, fault, reason):
    cloud = cloud_of(sandbox, tmp_path, f"AssumeRole:{fault}:count=1")
    gateway = start(cloud.url, more={"key": fixed(tmp_path)}, top=of(cloud),
                    credential={"assume_role": {"from": "key", "role_arn": ARN + "deep"}})
    assert eventually(lambda: gateway.notices(reason), SOON, 0.1), gateway.stderr
    assert eventually(lambda: works(gateway), SOON, 0.1)


def test_a_clock_that_is_wrong(sandbox, start, tmp_path):
    """STS says so, and is believed; and what it gives out lives by its clock, not by ours."""
    cloud = cloud_of(sandbox, tmp_path, "*:skew=86000")
    gateway = start(cloud.url, more={"key": fixed(tmp_path)}, top=of(cloud),
                    credential={"assume_role": {"from": "key", "role_arn": ARN + "deep"}})
    assert works(gateway)
    assert 0 <= metric(gateway, "countersign_credential_seconds_left", credential="main") <= LIFE


def test_a_role_that_is_missing_and_a_key_that_is_replaced(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path)
    gateway = start(cloud.url, more={"key": fixed(tmp_path, "another-key")}, top=of(cloud),
                    credential={"assume_role": {"from": "key", "role_arn": ARN + "deep"}})
    assert eventually(lambda: gateway.notices("the credential that signs is not accepted"), SOON, 0.1)
    secret(tmp_path / "fixed_key", SECRET_KEY)
    assert eventually(lambda: works(gateway), SOON, 0.2), "its files are read again"
    other = start(cloud.url, more={"key": fixed(tmp_path)}, top=of(cloud),
                  credential={"assume_role": {"from": "key", "role_arn": ARN + "nobody"}})
    assert eventually(lambda: other.notices("there is no such role: is role_arn right?"), SOON, 0.1)


# ---- STS behind a proxy ----

@pytest.fixture
def sts(certificates):
    """An STS with TLS, whose certificate is for cloud.example."""
    service = Upstream((certificates.named.certificate, certificates.named.key))
    service.script(then=Reply({"Response": {"Credentials": json.loads(printed()), "ExpiredTime": int(time.time()) + 3600}}))
    yield service
    service.stop()


@pytest.fixture
def proxied(sts, start, upstream, certificates, tmp_path):
    """proxied(password) is a gateway whose STS is behind a proxy that wants corp:good, and the proxy."""
    ways = []

    def begin(password):
        way = Proxy(hosts={"cloud.example": ("127.0.0.1", sts.port)}, user=base64.b64encode(b"corp:good"))
        ways.append(way)
        behind = {"url": way.url, "user": {"file": secret(tmp_path / "user", "corp")},
                  "password": {"file": secret(tmp_path / "password", password)}}
        top = {"sts": {"url": "https://cloud.example/", "ca_file": str(certificates.authority.file), "proxy": behind}}
        return start(upstream.url, more={"key": fixed(tmp_path)}, top=top,
                     credential={"assume_role": {"from": "key", "role_arn": ARN + "deep"}}), way

    yield begin
    for way in ways:
        way.stop()


def test_sts_through_a_proxy(proxied, sts):
    """A tunnel, with user and password; the proxy sees neither what is asked nor what is given."""
    gateway, way = proxied("good")
    assert works(gateway) and way.asked() == ["cloud.example:443"]
    asked = sts.seen(1)[0]
    assert asked.headers["x-tc-action"] == "AssumeRole" and asked.headers["host"] == "cloud.example"
    assert "proxy-authorization" not in asked.headers
    assert SECRET_ID.encode() not in b"".join(way.heads) and b"AssumeRole" not in b"".join(way.heads)


def test_a_proxy_that_refuses(proxied, sts):
    gateway, way = proxied("wrong-password-of-the-proxy")
    answer = problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert "STS cannot be asked" in answer["detail"] and "407" in answer["detail"] and way.asked()
    assert "wrong-password-of-the-proxy" not in gateway.words() + json.dumps(answer)
    sts.seen(0)


# ---- refused, reloaded, at full rate ----

def test_one_that_the_cloud_refuses(sandbox, start, tmp_path):
    """It is fetched at once, and the very call is sent again: a change, too, for it was not executed."""
    roles = (role("gateway", instance=True, life="3600"),)
    cloud = cloud_of(sandbox, tmp_path, roles=roles)
    gateway = start(cloud.url, credential={"role": True}, top=of(cloud))
    cloud.faults("DetachClassicLinkVpc:code=4105:count=1")
    answer = gateway.delete()
    assert answer.status == 202 and gateway.record(answer)["attempts"] == 2
    assert fetched(gateway) == 2


def test_a_cloud_that_refuses_all_does_not_flood_the_service(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=(role("gateway", instance=True, life="3600"),))
    gateway = start(cloud.url, credential={"role": True}, top=of(cloud))
    cloud.faults("DetachClassicLinkVpc:code=4105")
    began = time.monotonic()
    for _ in range(3):
        problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert fetched(gateway) <= 2 + time.monotonic() - began, "once a second at most"


class Callers:
    """Calls without a pause, from several threads."""

    def __init__(self, gateway, threads=4):
        self.gateway, self.statuses, self.ended = gateway, [], threading.Event()
        self.threads = [threading.Thread(target=self._call) for _ in range(threads)]

    def _call(self):
        while not self.ended.is_set():
            self.statuses.append(self.gateway.delete().status)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("fault", [None, "Metadata:status=500:every=2"], ids=["good", "half of it fails"])
def test_no_call_fails_across_many_ends(sandbox, start, tmp_path, fault):
    """The sandbox refuses what has expired.  A reload each second goes on with what is there."""
    cloud = cloud_of(sandbox, tmp_path, *([fault] if fault else []))
    gateway = start(cloud.url, credential={"role": True}, top=of(cloud))
    assert eventually(lambda: works(gateway), SOON)
    with Callers(gateway) as callers:
        while fetched(gateway) < 5:
            before = fetched(gateway)
            gateway.reload()
            assert eventually(lambda: fetched(gateway) > before, SOON, 0.1)
    assert set(callers.statuses) == {202} and len(callers.statuses) > 20
    if fault:
        assert cloud.state()["faults"][0]["struck"] >= 4


def test_a_reload_shares_what_lives(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, roles=(role("gateway", instance=True, life="3600"),))
    gateway = start(cloud.url, credential={"role": True}, top=of(cloud))
    cloud.faults("Metadata:status=503")
    for _ in range(3):
        gateway.reload()
        assert works(gateway)
    assert fetched(gateway) == 1 and fetched(gateway, "bad") == 0
    file = gateway.file
    file.write_text(file.read_text().replace('{"role": true}', '{"role": "gateway"}'))
    cloud.faults()
    gateway.reload()
    assert works(gateway), "another one is waited for, at the very start"


def role_of(cloud, folder):
    return {"role": True}, {}


def assumed_of(cloud, folder):
    return {"assume_role": {"from": "key", "role_arn": ARN + "deep"}}, {"key": fixed(folder)}


def per_client_of(cloud, folder):
    credential, more = assumed_of(cloud, folder)
    return {**credential, "sessions": "per_client"}, more


@pytest.mark.parametrize("form", [role_of, assumed_of, per_client_of])
def test_nothing_that_was_given_out_is_shown(start, upstream, metadata, tmp_path, form):
    """Not by logs, pages, explain or the files of /proc; and there is no core that could have it."""
    given = printed(key="key-that-was-given-out")
    metadata.script(*([Reply(b"a-role")] if form is role_of else []), then=Reply(json.loads(given) if form is role_of else {
        "Response": {"Credentials": json.loads(given), "ExpiredTime": int(time.time()) + 3600}}))
    credential, more = form(metadata, tmp_path)
    place_of = place(metadata)
    gateway = start(upstream.url, credential=credential, more=more, top={"metadata": place_of, "sts": {"url": place_of},
                                                                          "audit": "audit.log"})
    assert works(gateway), gateway.stderr
    gateway.reload()
    explained = run("explain", "-c", gateway.file, "--client", "network-console", "DELETE",
                    "/vpcs/vpc-2ari9m7h/classiclinks", '{"instanceIds":["ins-df454d"]}')
    process = pathlib.Path("/proc", str(gateway.child.pid))
    shown = gateway.words() + explained.stdout + explained.stderr + json.dumps(gateway.ready())
    shown += gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    shown += (gateway.file.parent / "audit.log").read_text()
    shown += (process / "cmdline").read_text() + (process / "environ").read_text(errors="replace")
    for hidden in ("key-that-was-given-out", "token-of-the-vault", SECRET_KEY):
        assert hidden not in shown
    assert (process / "limits").read_text().partition("Max core file size")[2].split()[:2] == ["0", "0"]


def test_nothing_of_it_is_shown(sandbox, start, tmp_path):
    cloud = vault(sandbox, tmp_path)
    (tmp_path / "out").write_text(printed())
    gateway = start(cloud.url, credential=program(tmp_path, f'cat "{tmp_path}/out"'))
    assert works(gateway)
    explained = run("explain", "-c", gateway.file, "--client", "network-console", "DELETE",
                    "/vpcs/vpc-2ari9m7h/classiclinks", '{"instanceIds":["ins-df454d"]}')
    process = pathlib.Path("/proc", str(gateway.child.pid))
    shown = gateway.words() + explained.stdout + explained.stderr + json.dumps(gateway.ready())
    shown += gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    shown += (process / "cmdline").read_text()
    assert SECRET_KEY not in shown and "token-of-the-vault" not in shown
    signed = run("sign", "-c", gateway.file, "DELETE", "/vpcs/vpc-2ari9m7h/classiclinks",
                 '{"instanceIds":["ins-df454d"]}')
    assert signed.returncode == 1 and "is issued while the gateway runs" in signed.stderr


# ---- what may be written ----

@pytest.mark.parametrize("credentials, part", [
    ({"main": {"role": True, "command": ["/bin/true"]}}, "takes exactly one of"),
    ({"main": {"role": True, "secret_id": {"env": "A"}}}, "has no key 'secret_id'"),
    ({"main": {"role": False}}, "role is true, or a role's name"),
    ({"main": {"command": "vault"}}, "command must be a list"),
    ({"main": {"command": ["vault"]}}, "absolute path"),
    ({"main": {"command": []}}, "1 to 64 words"),
    ({"main": {"assume_role": {"role_arn": ARN}}}, "lacks the key 'from'"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "nobody"}}}, "there is no credential 'nobody'"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "main"}}}, "goes in a circle"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a"}}, "a": {"assume_role": {"role_arn": ARN, "from": "b"}},
      "b": {"assume_role": {"role_arn": ARN, "from": "a"}}}, "goes in a circle"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "session": "s p"}}, "a": {"role": True}}, "session must be"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "session": "x"}}, "a": {"role": True}}, "session must be"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "duration": "13h"}}, "a": {"role": True}}, "duration"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "policy": "{"}}, "a": {"role": True}}, "policy must be JSON"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "policy": "[]"}}, "a": {"role": True}}, "JSON object"),
    ({"main": {"assume_role": {"role_arn": ARN, "from": "a", "tags": ["x"]}}, "a": {"role": True}}, "tags must be a map"),
    ({"main": {"web_identity": {"provider": "p", "role_arn": ARN}}}, "TKE_WEB_IDENTITY_TOKEN_FILE is not set"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_cannot_be(tmp_path, credentials, part):
    first, more = credentials["main"], {name: one for name, one in credentials.items() if name != "main"}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/v2/index.php", credential=first, more=more))
    assert done.returncode == 78 and part in done.stderr, done.stderr


@pytest.mark.parametrize("url, part", [
    ("http://10.0.0.1/", "169.254.0.0/16"), ("https://metadata.tencentyun.com/", "http://ADDRESS/"),
    ("http://127.0.0.1:80/other", "http://ADDRESS/"), ("http://metadata.tencentyun.com.example.com/", "169.254"),
    ("http://169.254.0.23/", None), ("http://metadata.tencentyun.com/", None),
])
def test_where_the_metadata_service_may_be(tmp_path, url, part):
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/v2/index.php", credential={"role": True},
                                        top={"metadata": url}))
    assert (done.returncode == 0) == (part is None) and (part is None or part in done.stderr), done.stderr


def test_the_environment_of_the_clouds_kubernetes(sandbox, tmp_path, reaper):
    cloud = cloud_of(sandbox, tmp_path)
    (tmp_path / "token").write_text("token-of-the-pod")
    env = {**os.environ, "TKE_PROVIDER_ID": "cls-1", "TKE_ROLE_ARN": ARN + "pod",
           "TKE_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    gateway = Gateway(configure(tmp_path, cloud.url, credential={"web_identity": {}}, top=of(cloud)), env)
    assert works(gateway)
    reaper.ask(gateway)


# ---- who was it? ----

def test_whois(sandbox, start, tmp_path):
    """By each id that the cloud's trail can have, and by time and action; from the audit file or the access log."""
    cloud = cloud_of(sandbox, tmp_path)
    gateway = start(cloud.base + "/", generation=3, credential={"role": True}, top=of(cloud, audit="audit.log"))
    answer = gateway.delete(headers={"Countersign-Subject": "alice"})
    line = gateway.record(answer)
    audit, log = gateway.file.parent / "audit.log", tmp_path / "access.log"
    log.write_text("not JSON\n" + "\n".join(gateway.stdout) + "\n{}\n")
    for wanted in (line["tmpSecretId"], line["upstreamRequestId"], line["requestId"]):
        for files in ([audit], [log], [audit, log], []):
            done = run("audit", "whois", "-c", gateway.file, wanted, *files)
            assert done.returncode == 0 and done.stdout.count("\n") == 1, done.stderr
            assert "network-console token 2026-11 for alice  DetachClassicLinkVpc ap-guangzhou" in done.stdout
            assert wanted in done.stdout or wanted == line["upstreamRequestId"]
    near = ("--at", line["time"][:19] + "Z")
    done = run("audit", "whois", *near, "--action", "DetachClassicLinkVpc", "--json", audit)
    assert json.loads(done.stdout)["client"] == "network-console"
    for nothing in (("AKIDnobody",), (*near, "--action", "DescribeVpcEx"), ("--at", "2020-01-01T00:00:00Z")):
        done = run("audit", "whois", *nothing, audit)
        assert done.returncode == 1 and "nothing is recorded" in done.stderr and not done.stdout
    for wrong in ((), ("--at", "noon"), ("--action", "A", "id", audit), ("--no-such",)):
        assert run("audit", "whois", *wrong).returncode == 2
    assert run("audit", "whois", "id", tmp_path / "absent").returncode == 1
