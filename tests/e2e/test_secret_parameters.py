"""`secret: true` in the catalog: whatever becomes of a call, nobody finds its value anywhere but at the cloud."""

import base64
import hashlib
import json
import urllib.parse

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer, configure, document
from harness.process import run
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY, eventually

NEEDLE = 'Zq7"wörd%+-Haystack'
OTHER = "Zq7second-Needle/in~it"
PATH = "/instances/ins-a/password"
CATALOG = """\
version: 1
routes:
  - request: POST /instances/{instanceId}/password
    service: cvm
    action: ResetInstancesPassword
    effect: change
    parameters:
      instanceIds: { in: [path], capture: instanceId, type: strings, required: true, pattern: "ins-[0-9a-z]{1,32}" }
      password: { in: [body], type: string, secret: true, pattern: ".{8,40}" }
      oldPasswords: { in: [body], type: strings, secret: true }
      userName: { in: [body], type: string }
"""
RULES = {**POLICY, "rules": [
    {"id": "passwords", "allow": ["network-console"], "actions": ["ResetInstancesPassword"],
     "where": {"password": ["*"], "instanceIds": ["ins-a", "ins-b"]}},
    {"id": "with-a-name", "deny": ["*"], "actions": ["ResetInstancesPassword"], "where": {"userName": ["root"]}},
    {"id": "never-b", "deny": ["*"], "actions": ["ResetInstancesPassword"], "where": {"instanceIds": ["ins-b"]}}]}
BODY = {"password": NEEDLE, "oldPasswords": [OTHER, NEEDLE + "2"]}


def forms(value, cut=slice(None)):
    """The value as it is, and as it is written elsewhere; `cut`: which part of base64, whose ends depend on what stands
    around the value."""
    data = value.encode()
    yield from (data, urllib.parse.quote(value, safe="").encode(), urllib.parse.quote_plus(value).encode(),
                json.dumps(value)[1:-1].encode(), json.dumps(value, ensure_ascii=False)[1:-1].encode(),
                data.hex().encode(), data.hex().upper().encode())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            yield encode(b"x" * before + data)[cut]


NEEDLES = [form for value in (NEEDLE, OTHER) for form in forms(value, slice(4, -4))]


def assert_clean(*texts):
    for text in texts:
        text = text if isinstance(text, bytes) else text.encode()
        found = [needle for needle in NEEDLES if needle in text] + [part for part in (b"Haystack", b"second-Needle")
                                                                    if part in text]
        assert not found, (found, text[:2000])


def arrange(folder, text=CATALOG):
    (folder / "more.yaml").write_text(text)
    return {"catalog": [str(folder / "more.yaml")], "audit": "audit.log"}


def refusals(generation):
    """What an upstream may say that repeats the value, in every form and place."""
    for form in forms(NEEDLE):
        text = form.decode()
        if generation == 2:
            yield Reply({"code": 4000, "message": f"no good: {text}", "codeDesc": "InvalidParameter", "value": text})
            yield Reply({"code": 4000, "message": "", "codeDesc": text})
        else:
            yield Reply({"Response": {"Error": {"Code": "InvalidParameter", "Message": text}, "RequestId": "r-1"}})
            yield Reply({"Response": {"Error": {"Code": text, "Message": ""}, "RequestId": text}})
        yield Reply(f"<html>{text}</html>".encode(), headers=(("Content-Type", "text/html"),))
        yield Reply(b"{}", headers=(("Content-Type", f"text/{urllib.parse.quote(text)}"),))
    yield Reply(json.dumps(NEEDLE).encode())
    yield Reply(NEEDLE.encode(), status=502)
    yield Reply(NEEDLE.encode(), status=413, headers=(("X-Was", urllib.parse.quote(NEEDLE)),))
    yield Reply(f'{{"code": 0, "{OTHER}": '.encode())
    yield HANG_UP


@pytest.mark.parametrize("generation", [2, 3])
def test_nobody_finds_it(upstream, start, tmp_path, generation):
    good = Reply({"code": 0, "message": ""} if generation == 2 else {"Response": {"RequestId": "r-1"}})
    said = {"method": "POST"} if generation == 2 else {"generation": 3}
    gateway = start(upstream.url if generation == 2 else upstream.url.replace("/v2/index.php", "/"), rules=RULES,
                    services=("cvm",), top=arrange(tmp_path), **said)

    def send(body, path=PATH, headers=None):
        return gateway.call("POST", path, document(body), headers or bearer())

    upstream.script(then=good)
    if generation == 3:     # 2.0 cannot carry some of the characters: refused, in words that do not repeat them
        assert send(BODY).status == 200
        assert json.loads(upstream.seen(1)[0].body) == {
            "InstanceIds": ["ins-a"], "Password": NEEDLE, "OldPasswords": BODY["oldPasswords"]}
        record = eventually(lambda: next(iter(gateway.records()), None))
        assert record["params"] == {"instanceIds": ["ins-a"], "password": "***", "oldPasswords": ["***", "***"]}
    answers = []
    for reply in refusals(generation):
        upstream.script(then=reply)
        answers.append(send(BODY))
    upstream.script(then=good)
    kinds = [
        (send({**BODY, "userName": "root"}), 403), (send(BODY, "/instances/ins-b/password"), 403),
        (send(BODY, "/instances/ins-c/password"), 403), (send({"oldPasswords": [OTHER]}), 403),
        (send({"password": NEEDLE * 9}), 400), (send({"password": [NEEDLE]}), 400), (send({"password": 5}), 400),
        (send({"oldPasswords": NEEDLE}), 400), (send({"oldPasswords": [OTHER, OTHER]}), 400),
        (send({"password": NEEDLE + "\n"}), 400 if generation == 2 else 200), (send({"oldPasswords": [NEEDLE] * 101}), 400),
        (send({"nothing": NEEDLE}), 400), (send(document(BODY)[:-3]), 400),
        (send(document(BODY) + document(BODY)), 400), (send(b'{"password":"x",' + document(BODY)[1:]), 400),
        (send(BODY, PATH + "?password=" + urllib.parse.quote(NEEDLE)), 400),
        (send(BODY, headers=bearer("wrong")), 401), (send(BODY, "/instances"), 405)]
    for answer, status in kinds:
        assert answer.status == status, answer
    assert_clean(*(answer.body for answer in answers), *(answer.body for answer, _ in kinds))
    assert_clean(*(str(answer.headers) for answer in answers))
    assert_clean(gateway.call("GET", "/metrics", port=gateway.admin).body,
                 gateway.call("GET", "/openapi.json", headers=bearer()).body,
                 gateway.call("GET", "/whoami", headers=bearer()).body)
    gateway.terminate()
    gateway.wait(20)
    audit = gateway.file.parent / "audit.log"
    assert_clean(gateway.words(), audit.read_bytes())
    assert '"password":"***"' in audit.read_text() or generation == 2
    for command in (["audit", "show", audit], ["audit", "show", "--json", audit], ["audit", "verify", audit],
                    ["replay", "-c", gateway.file, "--log", audit]):
        done = run(*command)
        assert_clean(done.stdout, done.stderr)


@pytest.mark.parametrize("generation", [2, 3])
def test_the_commands_do_not_show_it(tmp_path, generation):
    value = "Zq7second-Needle/in~it"
    said = {"method": "POST"} if generation == 2 else {"generation": 3}
    url = "http://127.0.0.1:9/v2/index.php" if generation == 2 else "http://127.0.0.1:9/"
    file = configure(tmp_path, url, rules=RULES, services=("cvm",), top=arrange(tmp_path), **said)
    request = ["POST", PATH, json.dumps({"password": value, "oldPasswords": [value]})]
    signed = run("sign", "-c", file, *request)
    assert signed.returncode == 0 and "signed as ***" in signed.stdout, signed
    assert_clean(signed.stdout, signed.stderr)
    for options in ([], ["--json"]):
        for path in (PATH, "/instances/ins-b/password", "/instances/ins-c/password"):
            done = run("explain", "-c", file, "--client", "network-console", *options, "POST", path, request[2])
            assert "***" in done.stdout, done
            assert_clean(done.stdout, done.stderr)
    assert_clean(run("explain", "-c", file, "--client", "network-console", "POST", PATH,
                     json.dumps({"password": value * 3})).stderr)


def test_an_old_record_that_has_it_shows_it_no_more(tmp_path):
    """The log of a time before the mark, judged by a policy of today."""
    rules = {**RULES, "rules": [{"id": "none", "deny": ["*"], "actions": ["*"], "where": {"password": ["*"]}}]}
    file = configure(tmp_path, "http://127.0.0.1:9/", rules=rules, services=("cvm",), top=arrange(tmp_path),
                     generation=3)
    (tmp_path / "log").write_text(json.dumps({
        "time": "2026-11-25T18:00:00.000Z", "requestId": "r", "client": "network-console", "source": "127.0.0.1",
        "action": "ResetInstancesPassword", "region": "ap-guangzhou", "verdict": "allow", "rule": "passwords",
        "params": {"instanceIds": ["ins-a"], "password": OTHER}}) + "\n")
    for options in ([], ["--json"]):
        done = run("replay", "-c", file, "--log", tmp_path / "log", *options)
        if "no option" in done.stderr:
            continue
        assert done.returncode == 1 and "ResetInstancesPassword" in done.stdout, done
        assert_clean(done.stdout, done.stderr)


@pytest.mark.parametrize("where, words", [
    ({"password": ["hunter2hunter2"]}, "is secret: a rule has no values of it"),
    ({"password": ["hunter2*"]}, "is secret"), ({"password": ["*", "hunter2hunter2"]}, "is secret"),
    ({"oldPasswords": ["$passwords"]}, "is secret"), ({"password": "hunter2hunter2"}, "is secret"),
    ({"password": {"min": 12345678, "max": 12345678}}, "is secret"), ({"password": {"cidr_within": ["10.0.0.1"]}}, "is secret"),
    ({"password": ["*"]}, None), ({"password": {"absent": True}}, None)])
@pytest.mark.parametrize("action", ["ResetInstancesPassword", "*"])
def test_a_rule_has_no_values_of_it(tmp_path, where, words, action):
    rules = {**POLICY, "sets": {"passwords": ["hunter2hunter2"]},
             "rules": [{"id": "r", "deny": ["*"], "actions": [action], "where": where}]}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/", rules=rules, services=("cvm",),
                                        top=arrange(tmp_path), generation=3))
    assert done.returncode == (0 if words is None else 78), done
    assert words is None or words in done.stderr, done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("line, words", [
    ("password: { in: [body], type: integer, secret: true }", "secret is for texts"),
    ("password: { in: [path], capture: instanceId, type: string, secret: true }", "cannot be in the path"),
    ("password: { in: [body], type: string, secret: true, default: hunter2hunter2 }", "has no default"),
    ("password: { in: [body], type: string, secret: true, partial: true }", "is not partial"),
    ("password: { in: [query], type: string, secret: true }", "security warning: the secret 'password' can be in"),
    ("password: { in: [body], type: string, secret: maybe }", "secret must be"),
    *((f"{name}: {{ in: [body], type: string }}", f"security warning: '{name}' looks like a secret")
      for name in ("password", "LoginPassword", "adminPASSWD", "clientSecret", "sessionToken", "privateKey", "userData",
                   "SSHprivatekey", "apiKey", "credentials")),
    ("data: { in: [body], type: string, api3: UserData }", "security warning: 'data' looks like a secret"),
    ('data: { in: [body], type: string, api3: { name: user-data, filter: true } }', "'data' looks like a secret"),
    ("password: { in: [body], type: string, secret: false }", None),
    ("password: { in: [body], type: integer }", None),
    ("passes: { in: [body], type: string }", None), ("vpcId: { in: [body], type: string }", None)])
def test_the_mark_in_a_catalog(tmp_path, line, words):
    text = CATALOG.replace('      password: { in: [body], type: string, secret: true, pattern: ".{8,40}" }\n',
                           f"      {line}\n")
    if "path" in line:
        text = text.replace("instanceIds: { in: [path], capture: instanceId, ", "instanceIds: { in: [body], ")
    rules = {**POLICY, "rules": []}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/", rules=rules, services=("cvm",),
                                        top=arrange(tmp_path, text), generation=3))
    found = [said for said in done.stderr.splitlines() if "more.yaml" in said]
    assert "hunter2" not in done.stderr
    if words is None:
        assert done.returncode == 0 and not found, done
    else:
        assert any(words in said and "more.yaml:9:" in said for said in found), done
        assert done.returncode == (0 if "warning" in words or "looks like" in words else 78)


def test_one_name_is_secret_in_all_routes_or_in_none(tmp_path):
    other = CATALOG.partition("routes:\n")[2].replace("/password", "/login").replace("ResetInstancesPassword", "Login")
    both = CATALOG + other.replace(" secret: true, pattern", " secret: false, pattern")
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/", rules={**POLICY, "rules": []},
                                        services=("cvm",), top=arrange(tmp_path, both), generation=3))
    assert done.returncode == 78 and "'password' is secret in one route and not in another" in done.stderr, done.stderr


def test_a_secret_in_the_url_of_an_upstream_is_warned_of(tmp_path):
    for method in ("GET", "POST"):
        done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/v2/index.php", rules={**POLICY, "rules": []},
                                            services=("cvm",), top=arrange(tmp_path), method=method))
        assert done.returncode == 0 and ("goes to 'cvm' in a URL" in done.stderr) == (method == "GET"), done.stderr


def test_the_document_says_that_it_is_a_password(upstream, start, tmp_path):
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=RULES, services=("cvm",), top=arrange(tmp_path),
                    generation=3)
    document_of = gateway.call("GET", "/openapi.json", headers=bearer()).json()
    said = json.dumps(document_of)
    assert said.count('"format": "password"') == 2
    problem(gateway.call("POST", PATH, document({}), bearer()), 403, "not-allowed")


# ---- by the cloud's own document ----

RUN = "/actions/cvm/RunInstances"
RUN_CATALOG = """\
version: 1
routes:
  - request: POST /instances
    service: cvm
    action: RunInstances
    effect: change
    parameters:
      zone: { in: [body], type: string, api3: none }
      userData: { in: [body], type: string, secret: true }
"""
RUN_DOCUMENT = {"Placement": {"Zone": "ap-guangzhou-1"}, "UserData": NEEDLE, "LoginSettings": {"Password": OTHER},
                "InstanceName": "web"}
RUN_RULES = {**POLICY, "rules": [
    {"id": "run", "allow": ["network-console"], "actions": ["cvm:RunInstances"], "where": {"UserData": ["*"], "userData": ["*"]}},
    {"id": "login", "deny": ["*"], "actions": ["cvm:RunInstances"], "where": {"LoginSettings.Password": ["x"]}}]}


def arrange_documents(folder):
    return {**arrange(folder, RUN_CATALOG), "doors": {"actions": True},
            "definitions": str(REPOSITORY / "config/definitions/data")}


def test_nobody_finds_it_in_a_document(upstream, start, tmp_path):
    """Marked in the catalog, or called like a secret: by the route's name, by the cloud's, by a path of a rule."""
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=RUN_RULES, services=("cvm",), generation=3,
                    top=arrange_documents(tmp_path))
    good = Reply({"Response": {"RequestId": "r-1"}})
    upstream.script(then=good)
    assert gateway.call("POST", RUN, document(RUN_DOCUMENT), bearer()).status == 200
    assert json.loads(upstream.seen(1)[0].body) == RUN_DOCUMENT
    record = eventually(lambda: next(iter(gateway.records()), None))
    assert record["params"] == {"userData": "***", "UserData": "withheld", "LoginSettings.Password": "withheld"}
    answers = []
    for reply in refusals(3):
        upstream.script(then=reply)
        answers.append(gateway.call("POST", RUN, document(RUN_DOCUMENT), bearer()))
    for text in (OTHER, "Zq7second-Needle"):    # of the path alone
        upstream.script(then=Reply({"Response": {"Error": {"Code": text, "Message": text}, "RequestId": text}}))
        answers.append(gateway.call("POST", RUN, document(
            {**RUN_DOCUMENT, "LoginSettings": {"Password": text}, "UserData": "nothing"}), bearer()))
    answers.append(gateway.call("POST", RUN, document({**RUN_DOCUMENT, "UserData": [NEEDLE]}), bearer()))
    answers.append(gateway.call("POST", RUN, document({**RUN_DOCUMENT, "Other": NEEDLE}), bearer()))
    assert_clean(*(answer.body for answer in answers), *(str(answer.headers) for answer in answers))
    gateway.terminate()
    gateway.wait(20)
    assert_clean(gateway.words(), (gateway.file.parent / "audit.log").read_bytes())


def test_the_commands_do_not_show_it_of_a_document(tmp_path):
    file = configure(tmp_path, "http://127.0.0.1:9/", rules=RUN_RULES, services=("cvm",), generation=3,
                     top=arrange_documents(tmp_path))
    for options in ([], ["--json"]):
        for body in (RUN_DOCUMENT, {**RUN_DOCUMENT, "LoginSettings": {}}):
            done = run("explain", "-c", file, "--client", "network-console", *options, "POST", RUN, json.dumps(body))
            assert "UserData" in done.stdout, done
            assert_clean(done.stdout, done.stderr)
    keys = [{"Password": OTHER}, {"Password": "x"}, {"Pass\\u0077ord": OTHER}]
    for path, body, masked in [
            (RUN, RUN_DOCUMENT, {**RUN_DOCUMENT, "UserData": "***", "LoginSettings": {"Password": "***"}}),
            *((RUN, {**RUN_DOCUMENT, "LoginSettings": key},
               {**RUN_DOCUMENT, "UserData": "***", "LoginSettings": {"Password": "***"}}) for key in keys),
            ("/actions/cvm/ResetInstancesPassword", {"InstanceIds": ["ins-a"], "Password": OTHER},
             {"InstanceIds": ["ins-a"], "Password": "***"})]:
        text = json.dumps(body).replace("\\\\u", "\\u")
        signed = run("sign", "-c", file, "POST", path, text)
        assert signed.returncode == 0 and "signed as ***" in signed.stdout, signed
        assert_clean(signed.stdout, signed.stderr)
        sent = next(line for line in signed.stdout.splitlines() if line.startswith("body: ")).removeprefix("body: ")
        assert json.loads(sent) == masked and hashlib.sha256(sent.encode()).hexdigest() in signed.stdout
    signed = run("sign", "-c", file, "POST", "/actions/cvm/DescribeZones", "{}")
    assert signed.returncode == 0 and "signed as ***" not in signed.stdout and "body: {}" in signed.stdout, signed


@pytest.mark.parametrize("where, words", [
    ({"UserData": ["hunter2hunter2"]}, "'UserData' is secret: a rule has no values of it"),
    ({"userData": ["hunter2*"]}, "'userData' is secret"), ({"UserData": ["*"]}, None),
    ({"UserData": {"absent": True}}, None)])
def test_a_rule_has_no_values_of_it_by_the_name_of_the_cloud(tmp_path, where, words):
    rules = {**POLICY, "rules": [{"id": f"r{number}", "deny": ["*"], "actions": ["cvm:RunInstances"], "where": one}
                                 for number, one in enumerate(({"UserData": ["*"]}, where))]}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/", rules=rules, services=("cvm",), generation=3,
                                        top=arrange_documents(tmp_path)))
    assert done.returncode == (0 if words is None else 78), done
    assert words is None or words in done.stderr, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
