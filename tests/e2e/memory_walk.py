"""Memory is out, once, at each place of the program where something is allocated: of every command that needs no gateway,
of a gateway's start, and of every kind of request; and so fails what is asked of the system and of libraries.  Nothing
crashes, hangs, leaks or lies: a command says so and fails, an answer is what it always is or a 5xx, and the next one is as
always.

A search, like that for inputs: run by hand, and not by tests/run.sh, since which places there are depends on the build,
and not all that it finds is mended.  One place in a few; COUNTERSIGN_MEMORY=1 is all of them."""

import http.client
import json
import re
import subprocess
import urllib.parse
import zlib
from dataclasses import dataclass, field

import pytest

from harness.expect import unique
from harness.gateway import NOBODY, POLICY, TOKEN, Client, Gateway, bearer, configure, policy, secret
from harness.mcp import HANDSHAKE, message
from harness.memory import FAILING, Memory, few
from harness.process import REPORTS, run
from harness.upstream import Reply
from harness.world import INSTANCE, REPOSITORY, SLOW, VPC
from test_console import Operator
from test_credentials import ARN, cloud_of, fixed, of, role
from test_door_tls import private
from test_operators import ALICE, operators
from test_sdk import fields as sdk_fields
from test_several import KEY, Book

LINKS = f"/vpcs/{VPC}/classiclinks"
DATA = REPOSITORY / "config/definitions/data"
VECTORS = REPOSITORY / "tests/vectors"
EXITS = (0, 1, 2, 3, 78)

# Something of everything that a policy can say.
RULES = {
    **POLICY,
    "operators": operators(),
    "former_ids": {"gz_vpc_1": VPC},
    "sets": {"staging": [VPC, "vpc-8e0ypm3z", "vpc-x*"], "office": ["127.0.0.0/8", "10.0.0.0/8"]},
    "rules": [
        {"id": "links", "allow": ["network-console"], "actions": ["*ClassicLink*"], "owner": "net", "note": "of staging",
         "where": {"vpcId": ["$staging"], "region": ["ap-guangzhou", "ap-shanghai"]}},
        {"id": "look", "allow": ["network-console"], "actions": ["Describe*", "vpc:Describe*", "cvm:Describe*"]},
        {"id": "office-hours", "allow": ["network-console"], "actions": ["vpc:CreateVpc"], "from": ["$office"], "limit": "1000/s",
         "when": {"days": ["mon-sun"], "zone": "Asia/Shanghai"}, "where": {"CidrBlock": {"cidr_within": ["10.0.0.0/8"]}}},
        {"id": "few", "allow": ["network-console"], "actions": ["cvm:RunInstances"], "expires": "2035-12-31",
         "where": {"InstanceCount": {"max": 5}, "Placement.Zone": ["ap-guangzhou-*"]}},
        {"id": "never-bastion", "deny": ["*"], "actions": ["DetachClassicLinkVpc"], "strict": True,
         "where": {"instanceIds": ["ins-bastion*"]}},
        {"id": "shadow", "deny": ["*"], "actions": ["AttachClassicLinkVpc"], "mode": "audit"},
    ],
    "tests": [
        {"client": "network-console", "request": f"DELETE {LINKS}", "body": {"instanceIds": [INSTANCE]}, "expect": "allow"},
        {"client": "network-console", "request": f"DELETE {LINKS}", "body": {"instanceIds": ["ins-bastion1"]}, "expect": "deny"},
    ],
}
OTHER = {**RULES, "rules": RULES["rules"][1:5], "clients": {"network-console": RULES["clients"]["network-console"]}}
ACCOUNTS = {**RULES, "clients": {**RULES["clients"], "network-console": {
    **RULES["clients"]["network-console"], "account": "prod", "rate": "1000/s", "in_flight": 100, "owner": "net", "note": "staging"}}}
LIKE = """
version: 1
routes:
  - request: POST /snapshots/{diskId}
    service: vpc
    action: CreateSnapshot
    effect: change
    parameters:
      storageId: { in: [path], capture: diskId, type: string, required: true, pattern: "disk-[0-9a-z]{1,32}", api3: DiskId }
      size: { in: [body], type: integer, min: 1, max: 10 }
"""


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path)


WHAT = pytest.mark.parametrize("what", ["memory", "calls"])


def is_told(done, what):
    said = done.stderr + (done.stdout if '"good":false' in done.stdout else "")
    return done.returncode != 0 and ("memory" in said if what == "memory" else said.strip() != "")


def same(name, done, usual):
    """What is always said; a document of routes may lack an example or a pattern, and say that actions are left out."""
    if name == "token new" and done.returncode == 0:            # another one each time
        return True
    if name.startswith("openapi") and done.returncode == 0:
        paths, always = (json.loads(each.stdout)["paths"] for each in (done, usual))
        return {path: set(item) for path, item in paths.items() if not path.startswith("/actions/")} == {
            path: set(item) for path, item in always.items() if not path.startswith("/actions/")}
    return (done.returncode, done.stdout) == (usual.returncode, usual.stdout)


# ---- commands ----

@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What commands read, in one folder."""
    folder = tmp_path_factory.mktemp("files")
    configure(folder, "http://127.0.0.1:9/", generation=3, services=("vpc", "cvm"), rules=ACCOUNTS, accounts={
        "prod": {}, "staging": {}}, top={
        "doors": {"actions": True, "sdk": True, "mcp": True}, "definitions": str(DATA), "catalog": ["more.yaml"],
        "audit": {"file": "audit.log", "seal": {"key": {"file": secret(folder / "seal", KEY)}, "every": "1h"}},
        "state": {"sqlite": str(folder / "state.db")}, "console": True, "trusted_proxies": ["10.0.0.0/8", "unix"],
        "browsers": {"origins": ["https://console.example.com"], "headers": ["X-Team"], "docs": True, "hosts": ["gateway.example"]},
        "effects": {"cvm:DescribeZones": "secret"}})
    (folder / "more.yaml").write_text(LIKE)
    (folder / "old.yaml").write_text(policy(RULES))
    (folder / "new.yaml").write_text(policy(OTHER))
    (folder / "bad.yaml").write_text("version: 1\nclients: { a: { tokens: [ { id: 1 } ] } }\nrules: [ { id: x, allow: [b], actions: [Nope] }, 7 ]\n")
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    book = Book("one", KEY).open().change(1, "ins-1").change(2, "ins-2", "unknown").change(3, "ins-3", None)
    book.change(4, "ins-4", "not-executed", "auditor").settle(5, 4, "ins-2").put("seal", 6).write(folder / "audit.log")
    (folder / "access.log").write_text("".join(json.dumps(each) + "\n" for each in past()))
    return folder


def past():
    """Access lines."""
    for number in range(6):
        yield {"time": f"2026-11-2{number}T12:00:00.123Z", "requestId": f"r{number}", "client": "network-console", "token": "2026-11",
               "source": "127.0.0.1", "method": "DELETE", "route": "/vpcs/{vpcId}/classiclinks", "action": "DetachClassicLinkVpc",
               "region": "ap-guangzhou", "params": {"vpcId": VPC, "instanceIds": [f"ins-{number}", "ins-0123456789abcdefghijkl"]},
               "verdict": "deny" if number > 3 else "allow", **({} if number > 3 else {"rule": "links"}), "status": 202}


REQUEST = ("DELETE", LINKS, json.dumps({"instanceIds": [INSTANCE]}))
COMMANDS = {
    "check": ["check", "-c", "countersign.yaml"],
    "check --json": ["check", "-c", "countersign.yaml", "--json", "--strict", "--running", "countersign.yaml"],
    "check of a bad policy": ["check", "--policy", "bad.yaml"],
    "check of a policy": ["check", "--policy", "old.yaml", "--definitions", DATA],
    "explain a request": ["explain", "-c", "countersign.yaml", "--at", "2026-11-25T12:00:00Z", "--client", "network-console", *REQUEST],
    "explain --json": ["explain", "--policy", "old.yaml", "--json", "--client", "network-console", *REQUEST],
    "explain all": ["explain", "--policy", "old.yaml", "--definitions", DATA, "--at", "2026-11-25T12:00:00Z"],
    "explain a value": ["explain", "--policy", "old.yaml", "--value", VPC, "--action", "Detach*", "--json"],
    "replay": ["replay", "--policy", "new.yaml", "--log", "access.log"],
    "replay --unused": ["replay", "--policy", "old.yaml", "--log", "access.log", "--unused"],
    "suggest": ["suggest", "--log", "access.log", "--times", "1"],
    "diff": ["diff", "old.yaml", "new.yaml", "--catalog", "more.yaml"],
    "openapi": ["openapi", "-c", "countersign.yaml"],
    "openapi of a client": ["openapi", "--policy", "old.yaml", "--catalog", "more.yaml", "--client", "network-console"],
    "sign": ["sign", "-c", "countersign.yaml", "--time", "1700000000", "--nonce", "7", *REQUEST],
    "audit verify": ["audit", "verify", "--key", "key", "audit.log"],
    "audit verify --witness": ["audit", "verify", "--key", "key", "--witness", "audit.log", "audit.log"],
    "audit show": ["audit", "show", "audit.log"],
    "audit show --csv": ["audit", "show", "--csv", "--client", "network-console", "audit.log"],
    "audit show --value": ["audit", "show", "--json", "--value", "ins-1", "--policy", "old.yaml", "audit.log"],
    "audit show --summary": ["audit", "show", "--summary", "client,action", "--since", "2026-11-25", "audit.log"],
    "audit whois": ["audit", "whois", "ins-1", "audit.log"],
    "audit whois --at": ["audit", "whois", "--at", "2027-01-15T08:00:01Z", "--json", "-c", "countersign.yaml"],
    "definitions list": ["definitions", "list", "--from", DATA, "vpc"],
    "definitions show": ["definitions", "show", "--from", DATA, "vpc", "CreateVpc"],
    "definitions diff": ["definitions", "diff", VECTORS / "definitions/api.json", VECTORS / "definitions/zoo-20200102.txt"],
    "token hash": ["token", "hash"],
    "token new": ["token", "new", "a-client"],
    "version": ["version", "--verbose", "--formats"],
    "call": ["call", "--url", "http://127.0.0.1:1", "--token-file", "key", *REQUEST],
    "status": ["status", "--url", "http://127.0.0.1:1", "--json"],
    "freezes": ["freezes", "--url", "http://127.0.0.1:1", "--token-file", "key"],
    "sandbox": ["sandbox", "--state", "key"],
}


@WHAT
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command(files, memory, name, what):
    env, options = memory.environment(), {"cwd": files, "program": FAILING, "stdin": TOKEN + "\n"}
    memory.fail(0)
    usual = run(*COMMANDS[name], env=env, **options)
    assert usual.returncode in EXITS
    shown = sorted(path.name for path in files.iterdir())
    for _ in memory.walk(name, what, every=few(4 if what == "memory" else 3)):
        done = run(*COMMANDS[name], env=env, **options)
        assert done.returncode in EXITS, (done.returncode, done.stderr)
        assert same(name, done, usual) or is_told(done, what), (done.returncode, done.stderr[-600:], done.stdout[-200:])
    assert sorted(path.name for path in files.iterdir()) == shown


@WHAT
def test_an_import_is_whole_or_not_there(memory, tmp_path, what):
    env, to = memory.environment(), tmp_path / "to"
    to.mkdir()
    arguments = ["definitions", "import", "--to", to, VECTORS / "definitions/api.json"]
    assert run(*arguments, program=FAILING, env=env).returncode == 0
    file, = to.iterdir()
    whole = file.read_bytes()
    for _ in memory.walk("import", what):
        file.unlink(missing_ok=True)
        done = run(*arguments, program=FAILING, env=env)
        there = {path.name: path.read_bytes() for path in to.iterdir()}
        assert there == ({} if is_told(done, what) else {file.name: whole}), done


# ---- a start ----

class Failing(Gateway):
    def command(self, arguments):
        return [str(FAILING), *map(str, arguments)]


@WHAT
def test_a_start(sandbox, memory, tmp_path, certificates, what):
    """With something of all that takes memory: it says what is out, and ends, or it serves as always."""
    cloud = cloud_of(sandbox, tmp_path, roles=(role("deep", life="3600"),))
    pair = private(certificates.good, tmp_path)
    credential = {"assume_role": {"from": "key", "role_arn": ARN + "deep"}, "sessions": "per_client"}
    file = configure(tmp_path, cloud.base + "/", generation=3, services=("vpc", "cvm"), rules=ACCOUNTS, more={"key": fixed(tmp_path)},
                     accounts={"prod": {"credential": credential}, "staging": {}}, top=of(
        cloud, listen=["127.0.0.1:0", {"address": "127.0.0.1:0", "tls": {**pair, "client_ca": certificates.good.certificate,
                                                                         "client": "optional"}}],
        grace="0s", drain="500ms", doors={"actions": True, "sdk": True, "mcp": True}, definitions=str(DATA), catalog=["more.yaml"],
        audit={"file": "audit.log", "seal": {"key": {"file": secret(tmp_path / "seal", KEY)}, "every": "1h"}},
        state={"sqlite": str(tmp_path / "state.db")}, console=True, workers=4))
    (tmp_path / "more.yaml").write_text(LIKE)
    started, refused = 0, 0
    for _ in memory.walk("start", what, every=few(8 if what == "memory" else 2)):
        child = subprocess.Popen([FAILING, "serve", "-c", file], env=memory.environment(), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        words = ""
        while "ready on" not in words and (line := child.stderr.readline()):
            words += line
        if "ready on" in words:
            started += 1
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)", words)[1])
            client = Client(port, within=20 * SLOW)
            answer = client.call("GET", "/whoami?account=staging", headers=bearer())
            client.close()
            assert answer.status in (200, 500, 503), (answer, words)
            child.terminate()
        child.wait(30 * SLOW)
        words += child.stderr.read()
        child.stderr.close()
        refused += child.returncode != 0
        assert child.returncode in (0, 1, 78) and not any(mark in words for mark in REPORTS), (child.returncode, words)
        assert child.returncode == 0 or ("memory" in words if what == "memory" else words.strip()), words
    assert started


# ---- requests ----

@dataclass(frozen=True)
class Kind:
    """A request, and what the cloud says to it."""
    method: str
    path: str
    body: object = None
    headers: dict = field(default_factory=dict)
    token: str = TOKEN
    replies: tuple = ()
    admin: bool = False


def three(**members):
    return Reply({"Response": {**members, "RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}})


def call_of(tool, **arguments):
    return message("tools/call", {"name": tool, "arguments": arguments}, HANDSHAKE)


DONE, LINK = three(), {"VpcId": VPC, "InstanceId": INSTANCE}
TASK = three(Status="SUCCESS", Output="")
CHANGE = {"instanceIds": [INSTANCE, "ins-0123456789abcdefghijklmnopqr"]}
MCP = {"MCP-Protocol-Version": HANDSHAKE, "Accept": "application/json, text/event-stream"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = three(TotalCount=3, ClassicLinkInstanceSet=[LINK, LINK])
INSTANCES = [three(TotalCount=3, InstanceSet=[{"InstanceId": "ins-1"}, {"InstanceId": "ins-2"}]),
             three(TotalCount=3, InstanceSet=[{"InstanceId": "ins-3"}])]
CONSOLE = ("", "/decisions", "/decision", "/questions", "/rights", "/rights.csv", "/try", "/policy", "/usage", "/tokens", "/audit")


def form(**members):
    return urllib.parse.urlencode({"form": "FORM", **members}).encode()


KINDS = {
    "a read": Kind("GET", LINKS, replies=(PAGE,)),
    "all pages": Kind("GET", LINKS + "?all=true&limit=2", replies=(PAGE, three(TotalCount=3, ClassicLinkInstanceSet=[LINK]))),
    "a change": Kind("DELETE", LINKS, CHANGE, replies=(DONE,)),
    "a change that is waited for": Kind("DELETE", LINKS, CHANGE, {"Prefer": "wait=1"}, replies=(DONE, TASK)),
    "a change with a key": Kind("DELETE", LINKS, CHANGE, {"Idempotency-Key": "KEY"}, replies=(DONE,)),
    "a key that was used": Kind("DELETE", LINKS, CHANGE, {"Idempotency-Key": "used"}, replies=(DONE,)),
    "one that is denied": Kind("DELETE", LINKS, {"instanceIds": ["ins-bastion1"]}),
    "one that no rule allows": Kind("DELETE", LINKS, CHANGE, token=NOBODY),
    "one without a token": Kind("DELETE", LINKS, CHANGE, token="wrong"),
    "one that is malformed": Kind("DELETE", LINKS, {"instanceIds": ["x"], "what": 1}),
    "one that the cloud refuses": Kind("DELETE", LINKS, CHANGE, replies=(
        three(Error={"Code": "InvalidParameterValue", "Message": "no such instance"}),)),
    "a task": Kind("GET", "/tasks/1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d", replies=(TASK,)),
    "an action": Kind("POST", "/actions/vpc/CreateVpc", {"VpcName": "x", "CidrBlock": "10.9.0.0/16"}, replies=(
        three(Vpc={"VpcId": VPC}),)),
    "all pages of an action": Kind("POST", "/actions/cvm/DescribeInstances?all=true", {
        "Limit": 2, "Filters": [{"Name": "zone", "Values": ["z"]}]}, replies=tuple(INSTANCES)),
    "an action that is denied": Kind("POST", "/actions/cvm/RunInstances", {
        "Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-1", "InstanceCount": 6}),
    "an SDK": Kind("POST", "/", {"VpcId": VPC, "InstanceIds": [INSTANCE]}, sdk_fields(), replies=(DONE,)),
    "an SDK's query": Kind("GET", "/?" + urllib.parse.urlencode({
        "Action": "DescribeVpcs", "Version": "2017-03-12", "Token": TOKEN, "Region": "ap-guangzhou", "SecretId": "x", "Nonce": 1,
        "Timestamp": 1, "Signature": "x", "Filters.0.Name": "vpc-name", "Filters.0.Values.0": "x", "Limit": "10"}),
        headers={"Host": "vpc.tencentcloudapi.com"}, replies=(three(TotalCount=0, VpcSet=[]),)),
    "the tools": Kind("POST", "/mcp", message("tools/list", None, HANDSHAKE), MCP),
    "a tool": Kind("POST", "/mcp", call_of("detachClassicLinks", vpcId=VPC, **CHANGE), MCP, replies=(DONE,)),
    "a tool that is denied": Kind("POST", "/mcp", call_of("detachClassicLinks", vpcId=VPC, instanceIds=["ins-bastion1"]), MCP),
    "whoami": Kind("GET", "/whoami"),
    "the document": Kind("GET", "/openapi.json"),
    "the document of a service": Kind("GET", "/openapi.json?service=cvm"),
    "metrics": Kind("GET", "/metrics", admin=True),
    "readyz": Kind("GET", "/readyz", admin=True),
    "freezes": Kind("GET", "/freezes", admin=True, token=ALICE),
    "freeze": Kind("POST", "/freeze", {"client": "auditor", "reason": "leaked"}, admin=True, token=ALICE),
    "thaw": Kind("POST", "/thaw", {"client": "auditor"}, admin=True, token=ALICE),
    "reload": Kind("POST", "/reload", admin=True, token=ALICE),
    "login": Kind("POST", "/console/login", urllib.parse.urlencode({"token": ALICE}).encode(), FORM, admin=True, token=None),
    **{f"the page /console{path}": Kind("GET", "/console" + path, admin=True, token="cookie") for path in CONSOLE},
    "a try": Kind("POST", "/console/try", form(client="network-console", method="DELETE", path=LINKS, body=REQUEST[2], **{
        "from": "127.0.0.1"}), FORM, admin=True, token="cookie"),
    "a policy that is pasted": Kind("POST", "/console/policy", form(policy=policy(OTHER)), FORM, admin=True, token="cookie"),
    "the console's freeze": Kind("POST", "/console/freeze", form(client="auditor", reason="x"), FORM, admin=True, token="cookie"),
    "the console's thaw": Kind("POST", "/console/thaw", form(client="auditor"), FORM, admin=True, token="cookie"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return Memory(tmp_path_factory.mktemp("memory"))


@pytest.fixture(scope="module")
def failing(scripted, shared, tmp_path_factory, reaper):
    folder = tmp_path_factory.mktemp("failing")
    (folder / "more.yaml").write_text(LIKE)
    gateway = Failing(configure(folder, scripted.url.replace("/v2/index.php", "/"), generation=3, services=("vpc", "cvm"),
                                rules=RULES, timeout=f"{5 * SLOW:.0f}s", top={
        "doors": {"actions": True, "sdk": True, "mcp": True}, "definitions": str(DATA), "catalog": ["more.yaml"], "audit": "audit.log",
        "state": {"sqlite": str(folder / "state.db")}, "console": True, "workers": 4}), env=shared.environment())
    scripted.script(*[DONE] * 3)
    for instance in ("ins-1", "ins-bastion1", "ins-2"):     # something to show
        gateway.delete({"instanceIds": [instance]})
    yield gateway
    reaper.ask(gateway)


@pytest.fixture(scope="module")
def operator(failing):
    alice = Operator(failing, ALICE)
    alice.secret = alice.form().encode()
    return alice


def ask(gateway, kind, operator, key):
    """The answer; None where there is none."""
    token = None if kind.token == "cookie" or "X-TC-Action" in kind.headers else kind.token
    headers = {**bearer(token), **kind.headers}
    body = kind.body if kind.body is None or isinstance(kind.body, bytes) else json.dumps(kind.body).encode()
    if body is None:
        headers.pop("Content-Type", None)
    if headers.get("Idempotency-Key") == "KEY":
        headers["Idempotency-Key"] = f"key-{key}"
    if kind.path.startswith("/console"):
        headers |= {"Origin": operator.origin, "Cookie": operator.cookie}
        body = body and body.replace(b"FORM", operator.secret)
    client = Client(gateway.admin if kind.admin else gateway.port, within=30 * SLOW)
    try:
        return client.call(kind.method, kind.path, body, headers)
    except (OSError, http.client.HTTPException):        # none, or one that is cut
        return None
    finally:
        client.close()


def shape(answer):
    """What of an answer does not differ from one request to the next."""
    text = answer.body.decode()
    kind = (answer.header("Content-Type") or "").partition(";")[0]
    if answer.body.startswith(b'{"openapi"'):       # actions are left out, and it says so
        return answer.status, {path for path in json.loads(text)["paths"] if not path.startswith("/actions/")}
    if kind in ("application/json", "application/problem+json"):
        return answer.status, blind(json.loads(text, object_pairs_hook=unique))
    if answer.status in (204, 303):
        assert text == ""
        return answer.status, answer.header("Location")
    if kind == "text/html":
        assert text.rstrip().endswith("</html>"), text[-200:]
        return answer.status, re.findall(r"<h[12]>.*?</h[12]>", text), re.findall(r"[Vv]erdict\W+\w+", text)
    if kind == "text/plain":
        return answer.status, text.endswith("\n") and "countersign_build_info{" in text    # families come and go
    return answer.status, kind


CHANGES = ("requestId", "RequestId", "since", "until", "config", "sha256", "seq", "retryAfter", "time", "at", "lastReload", "detail",
           "record", "text", "message", "checks", "used", "audit", "everywhere", "kept")


def blind(value):
    if isinstance(value, dict):
        return {key: blind(item) for key, item in value.items() if key not in CHANGES}
    return [blind(item) for item in value] if isinstance(value, list) else value


def is_failure(answer):
    """A 5xx, or one in the words of its door."""
    if answer is None or answer.status in (500, 502, 503, 504):
        return True
    told = json.loads(answer.body) if (answer.header("Content-Type") or "").startswith("application/json") else {}
    error = told.get("Response", {}).get("Error", {}).get("Code", "") if isinstance(told, dict) else ""
    if error.startswith(("InternalError", "RequestLimitExceeded", "ServiceUnavailable")) or "error" in told:
        return True
    if answer.status == 422 or b"out of memory" in answer.body:     # a reload or a page that says why it is refused
        return True
    return told.get("result", {}).get("structuredContent", {}).get("status") in (500, 502, 503, 504)


@WHAT
@pytest.mark.parametrize("name", KINDS)
def test_a_request(failing, scripted, shared, operator, name, what):
    kind = KINDS[name]
    scripted.script(*kind.replies)
    first = ask(failing, kind, operator, f"{name}-first")
    assert first is not None
    scripted.script(*kind.replies)
    usual = shape(ask(failing, kind, operator, f"{name}-usual"))
    normally = max(scripted.count(), len(kind.replies) if "key" in name else 0)
    for number in shared.walk(name, what):
        scripted.script(*kind.replies)
        answer = ask(failing, kind, operator, f"{name}-{number}")
        failed = shared.look()[1]
        shared.fail(0)
        assert failing.child.poll() is None, failing.story()
        assert is_failure(answer) or shape(answer) == usual, (answer, answer.body, usual)
        assert scripted.count() <= normally, f"{scripted.count()} requests went out"
        if failed:
            scripted.script(*kind.replies)
            again = ask(failing, kind, operator, f"{name}-{number}-again")
            assert again is not None and shape(again) == usual, (again, again and again.body, usual)
