"""POST /mcp: the routes as tools, the same walk as every door, and each message by the protocol's own schemas."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from harness.expect import problem
from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN, bearer
from harness.mcp import BOTH, HANDSHAKE, META, MODERN, Mcp, fields, message, meta, valid
from harness.upstream import HANG, Reply
from harness.world import INSTANCE, REPOSITORY, SECRET_KEY, VPC, stranger

OPEN = {"doors": {"mcp": True}}
DETACH = "detachClassicLinks"
LIST = {**POLICY, "rules": [*POLICY["rules"], {"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}]}


@pytest.fixture(scope="module")
def opened(scripted, tmp_path_factory, reaper):
    """One gateway for all tests that need nothing special."""
    from harness.gateway import Gateway, configure
    gateway = Gateway(configure(tmp_path_factory.mktemp("gateway"), scripted.url, services=("vpc", "cvm"), rules=LIST,
                                top=OPEN))
    yield gateway
    reaper.ask(gateway)


@pytest.fixture(params=[MODERN, HANDSHAKE])
def client(request, opened, upstream):
    return Mcp(opened, request.param)


@pytest.fixture
def modern(opened, upstream):
    return Mcp(opened)


# ---- what it is ----

def test_it_is_closed_by_itself(gateway):
    assert Mcp(gateway).post(message("tools/list"), fields(message("tools/list"))).status == 404


def test_discovery(modern):
    told = modern.ask("server/discover")
    assert told["supportedVersions"] == [MODERN, HANDSHAKE] and told["capabilities"] == {"tools": {}}
    assert told["cacheScope"] == "private" and told["_meta"][META + "serverInfo"]["name"] == "countersign"
    assert "isError" in told["instructions"]


@pytest.mark.parametrize("version", [HANDSHAKE, "2025-06-18", "2024-11-05", "2099-01-01"])
def test_the_handshake_of_before(opened, version):
    client = Mcp(opened, HANDSHAKE)
    told = client.ask("initialize", {"protocolVersion": version, "capabilities": {},
                                     "clientInfo": {"name": "test", "version": "1"}}, headers={"Accept": BOTH})
    assert told["protocolVersion"] == HANDSHAKE and client.answer.header("Mcp-Session-Id") is None
    said = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answer = client.post(said, {"Accept": BOTH, "MCP-Protocol-Version": HANDSHAKE})
    assert (answer.status, answer.body, answer.header("Content-Length")) == (202, b"", "0")
    assert client.ask("ping") == {}


def test_other_methods_of_http(opened):
    for method in ("GET", "DELETE", "PUT"):
        answer = opened.call(method, "/mcp", None, bearer())
        assert answer.status == 405 and answer.header("Allow") == "POST"
    problem(opened.call("GET", "/mcp", None, bearer(None), source=stranger()), 401, "unauthenticated")
    assert opened.call("POST", "/mcp/", b"{}", bearer()).status == 404


# ---- tools/list ----

def test_tools_are_this_tokens_routes(client, opened):
    tools = client.tools()
    document = opened.get("/openapi.json").json()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert sorted(tool["name"] for tool in tools) == sorted(operation["operationId"] for operation in operations)
    assert tools == client.tools() and len(tools) == 9
    assert Mcp(opened, client.version, NOBODY).tools() == []


def test_what_a_tool_says(client):
    for tool in client.tools():
        changes = tool["name"].startswith(("attach", "detach"))
        assert tool["annotations"]["readOnlyHint"] != changes and tool["annotations"]["destructiveHint"] == changes
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)
        assert tool["title"] and tool["description"] and tool["inputSchema"]["additionalProperties"] is False
    detach, = [tool for tool in client.tools() if tool["name"] == DETACH]
    assert detach["inputSchema"]["required"] == ["vpcId", "instanceIds"]
    assert set(detach["inputSchema"]["properties"]) == {"vpcId", "instanceIds", "idempotencyKey", "region", "wait"}
    assert "DetachClassicLinkVpc" in detach["description"]


def test_many_tools_come_in_pages(start, scripted, tmp_path):
    routes = "".join(f"""
  - request: GET /things/{number:04}
    service: vpc
    action: DescribeThing{number}
    effect: read
    success: 200
    parameters: {{}}
""" for number in range(600))
    (tmp_path / "catalog.yaml").write_text("version: 1\nroutes:" + routes)
    gateway = start(scripted.url, rules=LIST, top={**OPEN, "catalog": [str(tmp_path / "catalog.yaml")]})
    client = Mcp(gateway)
    pages, cursor = [], None
    while not pages or cursor:
        told = client.ask("tools/list", {"cursor": cursor} if cursor else None)
        pages.append([tool["name"] for tool in told["tools"]])
        cursor = told.get("nextCursor")
    names = sum(pages, [])
    assert [len(page) for page in pages[:2]] == [250, 250] and len(names) == len(set(names)) > 600
    assert [name for name in names if "Thing" in name] == [f"describeThing{number}" for number in range(600)]
    said = message("tools/list", {"cursor": "getNoSuch"})
    client.refused(said, fields(said), 200, -32602)


def test_names_that_are_too_long_end_with_a_digest(start, scripted, upstream, tmp_path):
    """128 characters are the most; two routes that begin alike stay two tools, and each leads to its own."""
    long = "/".join(["thing-of-many-words"] * 8)
    routes = "".join(f"""
  - {{ request: GET /{long}/{end}, service: vpc, action: DescribeThings, effect: read, success: 200, parameters: {{}} }}""" for end in ("a", "b", "c"))
    (tmp_path / "catalog.yaml").write_text("version: 1\nroutes:" + routes)
    gateway = start(scripted.url, rules=LIST, top={**OPEN, "catalog": [str(tmp_path / "catalog.yaml")]})
    client = Mcp(gateway)
    first, *named = [tool["name"] for tool in client.tools() if "hing" in tool["name"]]
    assert first == "describeThings" and len(set(named)) == 2 and all(len(name) == 128 for name in named)
    assert all(re.fullmatch(r"getThingOfManyWords[A-Za-z]+-[0-9a-f]{16}", name) for name in named)
    paths = []
    for name in named:
        upstream.script(then=Reply({"code": 0, "message": ""}))
        failed, _ = client.call(name)
        assert not failed
        paths.append(gateway.record(client.answer)["route"])
    assert paths == [f"/{long}/{end}" for end in ("b", "c")]


# ---- tools/call ----

def test_a_call_is_the_same_walk(client, upstream, opened):
    failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert not failed and told["outcome"] == "executed" and told["status"] == 202
    assert told["answer"]["taskId"] == 135254
    received, = upstream.seen(1)
    rest = opened.delete()
    other = upstream.seen(2)[1]
    unsigned = ("Nonce", "Timestamp", "Signature")
    assert {k: v for k, v in received.params.items() if k not in unsigned} == \
        {k: v for k, v in other.params.items() if k not in unsigned}
    one, two = opened.record(client.answer), opened.record(rest)
    same = ("client", "token", "action", "route", "region", "params", "verdict", "rule", "status", "outcome")
    assert {key: one.get(key) for key in same} == {key: two.get(key) for key in same}
    assert told["requestId"] == one["requestId"]


def test_a_read(client, upstream):
    upstream.script(then=Reply({"code": 0, "message": "", "totalCount": 0, "data": []}))
    failed, told = client.call("listVpcs", limit=5, region="gz")
    assert not failed and told["answer"]["totalCount"] == 0 and told["status"] == 200
    assert upstream.seen(1)[0].params["limit"] == "5"
    assert client.call("listVpcs", all=True)[0] is False


REFUSALS = [
    ({"vpcId": "vpc-00000000", "instanceIds": [INSTANCE]}, 403, "not-allowed", None,
     "no rule allows DetachClassicLinkVpc with this vpcId"),
    ({"vpcId": VPC, "instanceIds": ["ins-bastion1"]}, 403, "not-allowed", "never-bastion", None),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "region": "ap-tokyo"}, 403, "not-allowed", None, "region"),
    ({"vpcId": "vpc-1&Action=DeleteVpc", "instanceIds": [INSTANCE]}, 400, "invalid-parameter", None, "vpcId"),
    ({"vpcId": [VPC], "instanceIds": [INSTANCE]}, 400, "invalid-parameter", None, "vpcId must be a string"),
    ({"vpcId": "", "instanceIds": [INSTANCE]}, 400, "invalid-parameter", None, "vpcId"),
    ({"instanceIds": [INSTANCE]}, 400, "invalid-parameter", None, "vpcId is missing"),
    ({"vpcId": VPC}, 400, "invalid-parameter", None, "instanceIds is missing"),
    ({"vpcId": VPC, "instanceIds": INSTANCE}, 400, "invalid-parameter", None, "instanceIds must be an array"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE, 5]}, 400, "invalid-parameter", None, "instanceIds must be an array"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "Action": "DeleteVpc"}, 400, "invalid-parameter", None, "'Action'"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "all": True}, 400, "invalid-parameter", None, "'all'"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "wait": "5"}, 400, "invalid-parameter", None, "wait"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "region": 5}, 400, "invalid-parameter", None, "region must be a string"),
    ({"vpcId": VPC, "instanceIds": [INSTANCE], "region": "nowhere"}, 400, "invalid-parameter", None, "nowhere"),
]


@pytest.mark.parametrize("arguments, status, kind, rule, words", REFUSALS, ids=[f"{n}" for n in range(len(REFUSALS))])
def test_a_refusal_is_a_result_that_a_model_can_act_on(client, upstream, opened, arguments, status, kind, rule, words):
    failed, told = client.call(DETACH, **arguments)
    assert failed and told["status"] == status and told["outcome"] == "not-executed"
    assert told["problem"]["type"] == f"urn:countersign:problem:{kind}" and told["problem"].get("rule") == rule
    assert words is None or words in told["problem"]["detail"]
    record = opened.record(client.answer)
    assert record["status"] == status and record.get("rule") == rule
    assert upstream.seen(0) == []
    if status == 403:
        rules = {each["id"]: each for each in told["rules"]}
        assert set(rules) == {"staging-links", "never-bastion"} and rules["staging-links"]["effect"] == "allow"
        assert VPC in rules["staging-links"]["where"]["vpcId"]
        assert rules["never-bastion"]["where"]["instanceIds"] == ["ins-bastion*"]


def test_what_the_cloud_refuses_is_a_result_too(client, upstream):
    upstream.script(then=Reply({"code": 4000, "message": "no such vpc", "codeDesc": "InvalidVpc.NotFound"}))
    failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert failed and told["problem"]["upstream"]["codeDesc"] == "InvalidVpc.NotFound"


def test_an_unknown_outcome_is_said(start, upstream):
    gateway = start(upstream.url, top=OPEN, timeout="300ms", deadline="1s")
    upstream.script(then=HANG)
    failed, told = Mcp(gateway).call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert failed and told["outcome"] == "unknown" and told["problem"]["retryable"] is False
    assert len(upstream.seen(1)) == 1


@pytest.mark.parametrize("by", ["argument", "field"])
def test_a_change_under_a_key_is_sent_once(start, upstream, by):
    gateway = start(upstream.url, top=OPEN)
    key = {"idempotencyKey": "retry-1"} if by == "argument" else {}
    said = message("tools/call", {"name": DETACH, "arguments": {"vpcId": VPC, "instanceIds": [INSTANCE], **key}})
    headers = fields(said, **({} if key else {"Idempotency-Key": "retry-1"}))
    client = Mcp(gateway)
    first = client.post(said, headers).json()
    again = client.post({**said, "id": "again"}, headers)
    told = valid(MODERN, "CallToolResultResponse", again.json())
    assert told["id"] == "again" and told["result"] == first["result"] and again.header("Idempotency-Replayed") == "true"
    old = {**said, "params": {key: value for key, value in said["params"].items() if key != "_meta"}}
    told = client.post(old, {**headers, "MCP-Protocol-Version": HANDSHAKE}).json()
    assert "resultType" not in told["result"] and told["result"]["structuredContent"]["outcome"] == "executed"
    other = gateway.delete(headers={"Idempotency-Key": "retry-1"})
    problem(other, 422, "idempotency-key-reused")       # its answer was in another door's words
    assert len(upstream.seen(1)) == 1
    for bad in ("", "a b", "x" * 256, 5):
        failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE], idempotencyKey=bad)
        assert failed and told["status"] == 400 and "idempotencyKey" in told["problem"]["detail"]


def test_a_client_that_must_say_a_key(start, upstream, tmp_path):
    strict = {**POLICY, "clients": {**POLICY["clients"], "network-console": {
        **POLICY["clients"]["network-console"], "require_idempotency_key": True}}}
    client = Mcp(start(upstream.url, rules=strict, top={**OPEN, "state": {"sqlite": str(tmp_path / "state.db")}}))
    failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert failed and "Idempotency-Key" in told["problem"]["detail"] and upstream.seen(0) == []
    assert client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE], idempotencyKey="one")[0] is False


def test_a_limit_is_a_result_with_its_time(start, upstream):
    limited = {**POLICY, "clients": {**POLICY["clients"], "network-console": {
        **POLICY["clients"]["network-console"], "rate": "1/h burst 1"}}}
    gateway = start(upstream.url, rules=limited, top=OPEN)
    client = Mcp(gateway)
    assert client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])[0] is False
    failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert failed and told["problem"]["type"].endswith("too-many-requests") and told["retryAfter"] > 3000
    assert gateway.record(client.answer)["status"] == 429 and len(upstream.seen(1)) == 1
    answer = client.post(message("tools/list"), fields(message("tools/list")))
    assert answer.status == 429 and answer.header("Retry-After")
    assert valid(MODERN, "JSONRPCErrorResponse", answer.json())["error"]["data"]["retryable"] is True


def test_a_tool_that_the_token_lost_a_moment_ago(start, upstream):
    gateway = start(upstream.url, top=OPEN)
    client = Mcp(gateway)
    assert DETACH in [tool["name"] for tool in client.tools()]
    text = gateway.file.with_name("policy.yaml").read_text()
    gateway.file.with_name("policy.yaml").write_text(text.replace('"allow": ["network-console"]', '"allow": ["auditor"]'))
    gateway.reload()
    failed, told = client.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])
    assert failed and told["status"] == 403 and [rule["id"] for rule in told["rules"]] == ["never-bastion"]
    assert DETACH not in [tool["name"] for tool in client.tools()] and upstream.seen(0) == []


def test_an_unknown_tool(client, upstream):
    for name in ("no-such", "find_action", "x" * 200, "../vpcs", ""):
        said = message("tools/call", {"name": name, "arguments": {}}, client.version)
        client.refused(said, fields(said, client.version), 200, -32602)
    assert upstream.seen(0) == []


# ---- messages that are wrong ----

CALL = {"name": DETACH, "arguments": {"vpcId": VPC, "instanceIds": [INSTANCE]}}
GOOD = message("tools/call", CALL)


def changed(said, **members):
    return {key: value for key, value in {**said, **members}.items() if value is not ...}


def with_params(**members):
    return changed(GOOD, params=changed(GOOD["params"], **members))


def doubled(said, text):
    """The message with one more member at its end."""
    return json.dumps(said).encode()[:-1] + b"," + text + b"}"


WRONG = [
    (b"", 400, -32700), (b"{", 400, -32700), (b"[" * 1000, 400, -32700), (b'{"a":1}x', 400, -32700),
    (b"\xef\xbb\xbf{}", 400, -32700), (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', 400, -32700),
    ([GOOD], 400, -32600), ([], 400, -32600), ([GOOD, GOOD], 400, -32600), (b"5", 400, -32600),
    (changed(GOOD, jsonrpc="1.0"), 400, -32600), (changed(GOOD, jsonrpc=...), 400, -32600),
    (changed(GOOD, jsonrpc=2.0), 400, -32600), (changed(GOOD, id=None), 400, -32600),
    (changed(GOOD, id=1.5), 400, -32600), (changed(GOOD, id={}), 400, -32600), (changed(GOOD, id=True), 400, -32600),
    (changed(GOOD, id=...), 400, -32600), (changed(GOOD, method=5), 400, -32600), (changed(GOOD, method=...), 400, -32600),
    (changed(GOOD, params=[]), 400, -32602), ({"jsonrpc": "2.0", "id": 1, "result": {}}, 400, -32600),
    (doubled(GOOD, b'"id":2'), 400, -32600), (doubled(GOOD, b'"method":"tools/list"'), 400, -32600),
    (doubled(GOOD, b'"\\u006dethod":"tools/list"'), 400, -32600), (doubled(GOOD, b'"params":{}'), 400, -32600),
    (b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/list"}', 400, -32600),
    (with_params(_meta=...), 400, -32602), (with_params(_meta={}), 400, -32602),
    (with_params(_meta={META + "protocolVersion": MODERN}), 400, -32602),
    (with_params(name=5), 200, -32602), (with_params(arguments=[]), 200, -32602),
    (with_params(arguments="{}"), 200, -32602),
]


@pytest.mark.parametrize("said, status, code", WRONG, ids=[f"{n}" for n in range(len(WRONG))])
def test_a_message_that_is_wrong(modern, upstream, said, status, code):
    name = said["params"].get("name") if isinstance(said, dict) and isinstance(said.get("params"), dict) else DETACH
    headers = fields(GOOD, **{"Mcp-Name": name if isinstance(name, str) else None})
    modern.refused(said, headers, status, code)
    assert upstream.seen(0) == []


FIELDS = [
    ({"MCP-Protocol-Version": None}, -32020), ({"MCP-Protocol-Version": HANDSHAKE}, -32020),
    ({"MCP-Protocol-Version": "1900-01-01"}, -32020), ({"Mcp-Method": None}, -32020),
    ({"Mcp-Method": "tools/list"}, -32020), ({"Mcp-Method": "TOOLS/CALL"}, -32020), ({"Mcp-Name": None}, -32020),
    ({"Mcp-Name": "listVpcs"}, -32020), ({"Mcp-Name": "=?base64?bGlzdFZwY3M=?="}, -32020),
    ({"Mcp-Name": "=?base64?" + "A" * 300 + "?="}, -32020), ({"Mcp-Name": ""}, -32020),
]


@pytest.mark.parametrize("other, code", FIELDS, ids=[f"{n}" for n in range(len(FIELDS))])
def test_fields_that_disagree_with_the_body(modern, upstream, other, code):
    modern.refused(GOOD, fields(GOOD, **other), 400, code)
    assert upstream.seen(0) == []


def test_fields_that_are_there_twice(opened, upstream):
    body = json.dumps(GOOD).encode()
    for name, value in fields(GOOD).items():
        if name == "Accept":
            continue
        head = "".join(f"{key}: {text}\r\n" for key, text in [*fields(GOOD).items(), (name, value)])
        wire = opened.wire()
        wire.send(f"POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
                  f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = wire.read()
        assert answer.status == 400 and answer.json()["error"]["code"] == -32020, name
    assert upstream.seen(0) == []


def test_a_name_may_be_coded(modern, upstream):
    import base64
    coded = f"=?base64?{base64.b64encode(DETACH.encode()).decode()}?="
    assert modern.ask("tools/call", CALL, fields(GOOD, **{"Mcp-Name": coded}))["isError"] is False
    assert len(upstream.seen(1)) == 1


def test_an_unknown_version(opened, upstream):
    for version in ("1900-01-01", "2025-06-18", "x"):
        said = with_params(_meta=meta(version))
        told = Mcp(opened).refused(said, fields(GOOD, version) | {"Mcp-Method": "tools/call", "Mcp-Name": DETACH}, 400, -32022)
        assert told["error"]["data"] == {"supported": [MODERN, HANDSHAKE], "requested": version}
        valid(MODERN, "UnsupportedProtocolVersionError", told)
        old = message("tools/list", version=HANDSHAKE)
        Mcp(opened, HANDSHAKE).refused(old, {"MCP-Protocol-Version": version}, 400, -32022)
    Mcp(opened, HANDSHAKE).refused(message("tools/list", version=HANDSHAKE), {}, 400, -32020)
    assert upstream.seen(0) == []


def test_an_unknown_method(opened):
    for method in ("resources/list", "initialize", "ping", "subscriptions/listen", "tools/CALL", "", "x" * 500):
        said = message(method)
        if method != "initialize":
            Mcp(opened).refused(said, fields(said), 404, -32601)
    for method in ("server/discover", "resources/list"):
        said = message(method, version=HANDSHAKE)
        Mcp(opened, HANDSHAKE).refused(said, fields(said, HANDSHAKE), 200, -32601)


def test_a_notification_does_nothing(opened, upstream):
    client = Mcp(opened)
    assert client.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}).status == 202
    client.refused(changed(GOOD, id=...), fields(GOOD), 400, -32600)
    assert upstream.seen(0) == []


@pytest.mark.parametrize("arguments", [
    b'{"vpcId":"%s","vpcId":"vpc-8e0ypm3z","instanceIds":["%s"]}', b'{"vpcId":"%s","\\u0076pcId":"x","instanceIds":["%s"]}',
    b'{"vpcId":"%s","region":"ap-guangzhou","region":"ap-tokyo","instanceIds":["%s"]}',
    b'{"vpcId":"%s","wait":1,"wait":2,"instanceIds":["%s"]}',
], ids=["twice", "escaped", "region", "wait"])
def test_arguments_that_are_there_twice(modern, upstream, arguments):
    body = json.dumps(with_params(arguments="HERE")).encode().replace(b'"HERE"', arguments % (VPC.encode(), INSTANCE.encode()))
    answer = modern.post(body, fields(GOOD))
    assert answer.status == 200 and answer.json()["result"]["structuredContent"]["status"] == 400
    assert upstream.seen(0) == []


# ---- who may ask ----

def test_tokens_are_those_of_every_door(opened, upstream):
    for token, kind in ((None, "unauthenticated"), ("wrong" * 9, "unauthenticated"), (EXPIRED, "token-expired")):
        body = json.dumps(GOOD).encode()
        answer = opened.call("POST", "/mcp", body, bearer(token, fields(GOOD)), source=stranger())
        problem(answer, 401, kind)
        assert answer.header("WWW-Authenticate").startswith("Bearer")
    for query in (f"?token={TOKEN}", f"?access_token={TOKEN}"):
        answer = opened.call("POST", "/mcp" + query, json.dumps(GOOD).encode(), bearer(None, fields(GOOD)), source=stranger())
        assert answer.status == 401 and TOKEN not in answer.body.decode()
    assert opened.call("POST", "/mcp?region=gz", json.dumps(GOOD).encode(), bearer(TOKEN, fields(GOOD))).status == 400
    assert upstream.seen(0) == [] and TOKEN not in opened.words()


def test_pages_of_other_origins_may_not(start, upstream):
    gateway = start(upstream.url, top={**OPEN, "browsers": {"origins": ["https://console.example.com"]}})
    said = message("tools/list")
    for origin, status in (("https://console.example.com", 200), ("https://evil.example", 403), ("null", 403),
                           ("https://console.example.com.evil.example", 403)):
        answer = Mcp(gateway).post(said, fields(said, Origin=origin))
        assert answer.status == status, origin
    answer = gateway.call("OPTIONS", "/mcp", None, {"Origin": "https://console.example.com",
                                                    "Access-Control-Request-Method": "POST"})
    assert answer.status == 204 and "Mcp-Method" in answer.header("Access-Control-Allow-Headers")


def test_bodies_that_are_none(opened, upstream):
    body = json.dumps(GOOD).encode()
    for more in ({"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"},
                 {"Content-Type": "application/json; charset=utf-16"}):
        problem(opened.call("POST", "/mcp", body, {**bearer(TOKEN, fields(GOOD)), **more}), 415, "unsupported-media-type")
    problem(opened.call("POST", "/mcp", b" " * 70000, bearer(TOKEN, fields(GOOD))), 413, "content-too-large")
    assert upstream.seen(0) == []


def test_nothing_secret_goes_back(opened, upstream):
    client = Mcp(opened)
    for arguments in ({SECRET_KEY: 1}, {"vpcId": SECRET_KEY}, {"A" * 70: 1}):
        client.call(DETACH, **arguments)
        answer = client.answer.body.decode()
        assert SECRET_KEY not in answer and "A" * 70 not in answer
        assert SECRET_KEY not in json.dumps(opened.record(client.answer))


# ---- the cloud's own actions ----

@pytest.fixture
def actions(start, upstream):
    rules = {**POLICY, "rules": [{"id": "groups", "allow": ["network-console"], "actions": ["vpc:*SecurityGroup*"],
                                  "effects": ["read", "change"]}]}
    upstream.script(then=Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}}))
    return Mcp(start(upstream.url.replace("/v2/index.php", "/"), generation=3, rules=rules,
                     top={"doors": {"actions": True, "mcp": True}, "definitions": str(REPOSITORY / "config/definitions/data")}))


def test_actions_are_found_and_called(actions, upstream):
    assert [tool["name"] for tool in actions.tools()][-2:] == ["find_action", "call_action"]
    failed, told = actions.call("find_action", contains="securitygrouppolicies")
    names = [action["action"] for action in told["actions"]]
    assert not failed and "CreateSecurityGroupPolicies" in names and all("SecurityGroupPolicies" in name for name in names)
    failed, told = actions.call("find_action", service="vpc", action="CreateSecurityGroupPolicies")
    assert not failed and told["effect"] == "change"
    document = {"SecurityGroupId": "sg-1", "SecurityGroupPolicySet": {"Ingress": [{"Port": "80"}]}}
    assert list(Draft202012Validator(told["request"]).iter_errors(document)) == []
    failed, told = actions.call("call_action", service="vpc", action="CreateSecurityGroupPolicies", document=document,
                                region="ap-shanghai")
    assert not failed and told["outcome"] == "executed" and told["answer"]["RequestId"]
    received, = upstream.seen(1)
    assert json.loads(received.body) == document and received.headers["x-tc-region"] == "ap-shanghai"


@pytest.mark.parametrize("arguments, status, words", [
    ({"service": "vpc", "action": "DeleteVpc", "document": {"VpcId": "vpc-1"}}, 403, "no rule allows"),
    ({"service": "vpc", "action": "NoSuchAction"}, 404, "find_action"), ({"action": "DescribeVpcs"}, 400, "service"),
    ({"service": "vpc", "action": "DescribeSecurityGroups", "document": []}, 400, "document must be an object"),
    ({"service": "vpc", "action": "DescribeSecurityGroups", "document": {"Nonsense": 1}}, 400, "Nonsense"),
    ({"service": "vpc", "action": "DescribeSecurityGroups", "contains": "x"}, 400, "'contains'"),
    ({"service": "vpc", "action": ["DescribeSecurityGroups"]}, 400, "action must be a string"),
    ({"service": "vpc", "action": "DescribeSecurityGroups", "version": "1999-01-01"}, 404, "find_action"),
])
def test_actions_are_refused(actions, upstream, arguments, status, words):
    failed, told = actions.call("call_action", **arguments)
    assert failed and told["status"] == status and words in told["problem"]["detail"]
    assert upstream.seen(0) == []


GROUPS = '"service":"vpc","action":"DescribeSecurityGroups"'


@pytest.mark.parametrize("arguments, words", [
    ('{"service":"vpc",%s}' % GROUPS, "service is given more than once"),
    ('{%s,"action":"DeleteSecurityGroup"}' % GROUPS, "action is given more than once"),
    ('{%s,"document":{},"document":{"Limit":"1"}}' % GROUPS, "document is given more than once"),
    ('{%s,"region":"ap-guangzhou","region":"ap-shanghai"}' % GROUPS, "region is given more than once"),
    ('{%s,"document":{},"docum\\u0065nt":{"Limit":"1"}}' % GROUPS, "document is given more than once"),
], ids=range(5))
def test_arguments_of_an_action_that_are_there_twice(actions, upstream, arguments, words):
    """Readers differ in which one they take: what was judged has to be what is sent."""
    asked = message("tools/call", {"name": "call_action", "arguments": "HERE"})
    answer = actions.post(json.dumps(asked).replace('"HERE"', arguments).encode(), fields(asked))
    told = answer.json()["result"]["structuredContent"]
    assert (told["status"], words in told["problem"]["detail"]) == (400, True), told
    assert upstream.seen(0) == []


def test_an_action_that_is_not_allowed_is_not_shown(actions):
    failed, told = actions.call("find_action", contains="DeleteVpc")
    assert told == {"actions": [], "more": False}
    failed, told = actions.call("find_action", service="vpc", action="DeleteVpc")
    assert failed and told["status"] == 403
