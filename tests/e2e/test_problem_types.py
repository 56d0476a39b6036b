"""`problem_types`: the `type` of a problem is a URL of the operator's own page, whatever refused the request."""

import json
import socket

import pytest

from harness.gateway import NOBODY, POLICY, bearer, configure
from harness.mcp import Mcp
from harness.process import run
from harness.upstream import HANG
from harness.world import INSTANCE, PATIENCE, VPC, eventually
from test_call import Script

PAGE = "https://intranet.example/a+b/troubleshooting.html#"
TARGET = f"/vpcs/{VPC}/classiclinks"


def typed(start, upstream, types=PAGE, **more):
    """Each answer that the tests' harness sees is held against /openapi.json, whose pattern has the page, too."""
    return start(upstream.url, top={"problem_types": types, **more})


def check(*arguments):
    return run("check", "-c", *arguments)


def test_routes_and_what_is_no_request(start, upstream):
    gateway = typed(start, upstream)
    denied = gateway.delete(token=NOBODY)
    assert denied.json()["type"] == PAGE + "not-allowed"
    assert gateway.record(denied)["type"] == "not-allowed", "the log has the name alone"
    assert gateway.delete(token=None).json()["type"] == PAGE + "unauthenticated"
    assert gateway.get("/none").json()["type"] == PAGE + "no-such-route"
    assert gateway.delete({"instanceIds": "x"}).json()["type"] == PAGE + "invalid-parameter"
    with gateway.wire() as wire:
        assert json.loads(wire.send(b"GET / HTTP/1.1\r\nHos t: h\r\n\r\n").read().body)["type"] == PAGE + "malformed-request"


def test_a_connection_that_is_one_too_many(start, upstream):
    """Its answer comes before any request is read."""
    gateway = typed(start, upstream, per_address=2)
    upstream.script(HANG, HANG)
    body = json.dumps({"instanceIds": [INSTANCE]})
    request = "".join([f"DELETE {TARGET} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n",
                       *(f"{name}: {value}\r\n" for name, value in bearer().items()), "\r\n", body]).encode()
    held = [socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) for _ in range(2)]
    for one in held:
        one.sendall(request)
    assert eventually(lambda: upstream.count() == 2), "both are at work, so neither goes for a third"
    with gateway.wire() as wire:
        assert json.loads(wire.read().body)["type"] == PAGE + "too-many-requests"
    for one in held:
        one.close()


def test_tools_and_documents(start, upstream):
    gateway = typed(start, upstream, doors={"mcp": True})
    failed, told = Mcp(gateway).call("detachClassicLinks", vpcId=VPC, instanceIds=["ins-bastion1"])
    assert failed and told["problem"]["type"] == PAGE + "not-allowed"
    text = gateway.get("/openapi.json").body.decode()
    assert "urn:countersign" not in text and text.count(PAGE) > 5
    pattern = json.loads(text)["components"]["schemas"]["Problem"]["properties"]["type"]["pattern"]
    assert pattern == r"^https://intranet\.example/a\+b/troubleshooting\.html#[a-z-]+$"
    assert "urn:countersign" not in run("openapi", "-c", gateway.file).stdout


def test_the_admin_listener_and_a_reload(start, upstream):
    """It changes by a restart only, as the log says."""
    gateway = typed(start, upstream)
    text = gateway.file.read_text()
    gateway.file.write_text(text.replace("version: 1", "version: 2"))
    assert gateway.call("POST", "/reload", port=gateway.admin).json()["type"] == PAGE + "bad-configuration"
    gateway.file.write_text(text.replace(PAGE, "https://other.example/"))
    gateway.reload()
    assert gateway.notices(f"problem_types stays {PAGE}: it changes by a restart only")
    assert gateway.get("/none").json()["type"] == PAGE + "no-such-route"


def test_it_is_the_urn_by_default(gateway):
    assert gateway.get("/none").json()["type"] == "urn:countersign:problem:no-such-route"
    pattern = gateway.get("/openapi.json").json()["components"]["schemas"]["Problem"]["properties"]["type"]["pattern"]
    assert pattern == "^urn:countersign:problem:[a-z-]+$"


@pytest.mark.parametrize("types", ["https://intranet.example/page", "intranet.example/#", "ftp://a/#", "https://a/ b#", "https://",
                                   "https:///x#", "https://a/#b#", "https://u@a/#", "https://a/\"#", "", "https://a/\u00e4#",
                                   f"https://a/{'x' * 200}#", 5, ["https://a/#"]])
def test_what_is_no_page_is_refused_with_its_line(tmp_path, types):
    file = configure(tmp_path, "http://127.0.0.1:1/v2/index.php", top={"problem_types": types})
    line = next(number for number, one in enumerate(file.read_text().splitlines(), 1) if one.startswith("problem_types"))
    done = check(file)
    assert done.returncode == 78 and f"countersign.yaml:{line}:16: " in done.stderr and "problem_types" in done.stderr, done.stderr


@pytest.mark.parametrize("types", [PAGE, "http://intranet/problems/", "https://a/?type=", "https://a:8443/%20x,y/#"])
def test_what_is_one(tmp_path, types):
    done = check(configure(tmp_path, "http://127.0.0.1:1/v2/index.php", top={"problem_types": types}))
    assert "problem_types" not in done.stderr, done.stderr


@pytest.mark.parametrize("types", [PAGE, "http://intranet/problems/", "https://a/?type=", "urn:countersign:problem:"])
def test_the_commands_sentence_has_the_name(types):
    script = Script()
    body = {"type": types + "not-allowed", "title": "t", "status": 403, "detail": "no", "requestId": "r-1", "retryable": False}
    script.play((403, {"Content-Type": "application/problem+json"}, body))
    done = script.call("GET", "/vpcs")
    script.stop()
    assert done.returncode == 1 and "no (403 not-allowed, request r-1)" in done.stderr
