"""One line of the configuration moves a gateway from API 2.0 to 3.0: what goes out then, and that callers see the
same."""

import json
import re
import time

import pytest

from harness import vendor
from harness.expect import courtesy, problem
from harness.gateway import POLICY, TOKEN, bearer, configure, document
from harness.process import run
from harness.upstream import HANG_UP, Reply
from harness.world import INSTANCE, REPOSITORY, SECRET_ID, SECRET_KEY, SLOW, VPC

PATH = f"/vpcs/{VPC}/classiclinks"
ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
HOST = "vpc.tencentcloudapi.com"
REQUEST_ID = "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"
TC3 = dict(generation=3, rules=ALL)
CHANGE = Reply({"Response": {"RequestId": REQUEST_ID}})
READ = {"Authorization": f"Bearer {TOKEN}"}


def response(**members):
    return Reply({"Response": {**members, "RequestId": REQUEST_ID}})


def error(code, message="m"):
    return response(Error={"Code": code, "Message": message})


def url3(upstream):
    return upstream.url.replace("/v2/index.php", "/")


# Good for whatever is asked.
ANYTHING = response(TotalCount=0, ClassicLinkInstanceSet=[], VpcSet=[], InstanceSet=[], Status="SUCCESS")


@pytest.fixture
def three(upstream, start):
    upstream.script(then=ANYTHING)
    return start(url3(upstream), services=("vpc", "cvm"), **TC3)


# ---- what the cloud receives ----

@pytest.mark.parametrize("token", [None, "temporary.credentials/token+of=STS"])
def test_tc3_from_the_bytes_on_the_wire(upstream, start, token):
    upstream.script(then=CHANGE)
    gateway = start(url3(upstream), token=token, **TC3)
    answer = gateway.delete({"instanceIds": [INSTANCE, "ins-df221dd"]}, headers={"Cookie": "stowaway=1", "X-TC-Action": "x"})
    assert answer.status == 202
    received, = upstream.seen(1)
    assert (received.method, received.target) == ("POST", "/")
    assert received.body == b'{"VpcId":"vpc-2ari9m7h","InstanceIds":["ins-df454d","ins-df221dd"]}'
    headers = received.headers
    assert headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "vpc")
    assert "SignedHeaders=content-type;host;x-tc-action," in headers["authorization"]
    assert headers["host"] == HOST
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert (headers["x-tc-action"], headers["x-tc-version"]) == ("DetachClassicLinkVpc", "2017-03-12")
    assert (headers["x-tc-region"], headers.get("x-tc-token")) == ("ap-guangzhou", token)
    assert abs(int(headers["x-tc-timestamp"]) - time.time()) <= 5 * SLOW
    assert headers["accept-encoding"] == "identity"         # without it, any coding is acceptable: RFC 9110 section 12.5.3
    assert not {"cookie", "transfer-encoding", "expect"} & set(headers)
    assert b"stowaway" not in received.head and TOKEN.encode() not in received.head + received.body


def test_one_connection_many_calls(three, upstream):
    """The fields of one call never go out with another."""
    for n in range(6):
        assert three.delete({"instanceIds": [f"ins-{n}"]}, query="?region=ap-shanghai" if n % 2 else "").status == 202
        assert three.call("GET", "/vpcs", headers=READ).status == 200
    seen = upstream.seen(12)
    assert len({received.connection for received in seen}) == 1
    for received in seen:
        assert received.headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "vpc")
    assert [received.headers["x-tc-region"] for received in seen[::2]] == ["ap-guangzhou", "ap-shanghai"] * 3
    assert {received.headers["x-tc-action"] for received in seen[1::2]} == {"DescribeVpcs"}


@pytest.mark.parametrize("token", [None, "a+b/c=d"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("scheme", ["HmacSHA1", "HmacSHA256"])
def test_the_query_signature(upstream, start, method, scheme, token):
    upstream.script(then=ANYTHING)
    gateway = start(url3(upstream), method=method, signature=scheme, token=token, **TC3)
    assert gateway.delete({"instanceIds": [INSTANCE, "ins-b"]}).status == 202
    assert gateway.call("GET", f"{PATH}?limit=7", headers=READ).status == 200
    change, read = upstream.seen(2)
    for received in (change, read):
        params = received.params
        assert (received.method, received.path) == (method, "/")
        assert params["Signature"] == vendor.query3(method, HOST, params, SECRET_KEY)
        assert (params["Version"], params["SignatureMethod"], params.get("Token")) == ("2017-03-12", scheme, token)
        assert "authorization" not in received.headers
    assert [change.params[f"InstanceIds.{n}"] for n in range(2)] == [INSTANCE, "ins-b"]
    assert (change.params["Action"], change.params["VpcId"]) == ("DetachClassicLinkVpc", VPC)
    assert (read.params["Filters.0.Name"], read.params["Filters.0.Values.0"], read.params["Limit"]) == ("vpc-id", VPC, "7")


@pytest.mark.parametrize("path, action, body", [
    (f"{PATH}", "DescribeClassicLinkInstances", {"Filters": [{"Name": "vpc-id", "Values": [VPC]}]}),
    ("/classiclinks?lanIp=10.0.0.1&offset=5&limit=10", "DescribeClassicLinkInstances",
     {"Offset": "5", "Limit": "10", "Filters": [{"Name": "vm-ip", "Values": ["10.0.0.1"]}]}),
    (f"/tasks/{REQUEST_ID}", "DescribeVpcTaskResult", {"TaskId": REQUEST_ID}),
    ("/vpcs?vpcName=a&limit=7", "DescribeVpcs", {"Limit": "7", "Filters": [{"Name": "vpc-name", "Values": ["a"]}]}),
    (f"/vpcs/{VPC}", "DescribeVpcs", {"Filters": [{"Name": "vpc-id", "Values": [VPC]}]}),
    ("/instances?instanceIds=ins-a&instanceIds=ins-b&offset=0&limit=2", "DescribeInstances",
     {"InstanceIds": ["ins-a", "ins-b"], "Offset": 0, "Limit": 2}),
    ("/instances?lanIps=10.0.0.1&projectId=7", "DescribeInstances",
     {"Filters": [{"Name": "private-ip-address", "Values": ["10.0.0.1"]}, {"Name": "project-id", "Values": ["7"]}]}),
    ("/instances/ins-a", "DescribeInstances", {"InstanceIds": ["ins-a"]}),
])
def test_what_each_route_becomes(three, upstream, path, action, body):
    """The vendor's pages of API 3.0: Offset and Limit of the VPC's lists are strings, those of the CVM's numbers."""
    three.call("GET", path, headers=READ)
    received, = upstream.seen(1)
    assert (received.headers["x-tc-action"], json.loads(received.body)) == (action, body)


# ---- what callers see ----

def test_success_in_the_envelope_that_callers_know(three, upstream):
    upstream.script(CHANGE)
    answer = three.delete()
    assert (answer.status, answer.json()) == (202, {"code": 0, "message": "", "taskId": REQUEST_ID})
    assert answer.header("Location") == f"/tasks/{REQUEST_ID}"
    courtesy(answer)
    record = three.record(answer)
    assert (record["action"], record["upstreamCode"], record["outcome"]) == ("DetachClassicLinkVpc", "0", "executed")
    upstream.script(response(TotalCount=1, VpcSet=[{"VpcId": VPC, "VpcName": "a", "Ipv6CidrBlock": "", "TagSet": [{"Key": "k"}]}]))
    assert three.call("GET", "/vpcs", headers=READ).json() == {
        "code": 0, "message": "", "totalCount": 1, "requestId": REQUEST_ID,
        "data": [{"unVpcId": VPC, "vpcName": "a", "Ipv6CidrBlock": "", "TagSet": [{"Key": "k"}]}]}


@pytest.mark.parametrize("code, status, name", [
    ("AuthFailure.SignatureFailure", 502, "upstream-credential"), ("AuthFailure.SecretIdNotFound", 502, "upstream-credential"),
    ("AuthFailure.TokenFailure", 502, "upstream-credential"), ("UnauthorizedOperation", 502, "upstream-credential"),
    ("RequestLimitExceeded", 429, "upstream-throttled"), ("RequestLimitExceeded.UinLimitExceeded", 429, "upstream-throttled"),
    ("ResourceNotFound", 404, "not-found"), ("ResourceNotFound.Vpc", 404, "not-found"),
    ("UnsupportedOperation.ClassicInstanceIdAlreadyExists", 409, "conflict"), ("LimitExceeded", 409, "conflict"),
    ("InvalidParameterValue.Malformed", 400, "upstream-rejected-parameter"),
    ("MissingParameter", 400, "upstream-rejected-parameter"), ("UnknownParameter", 400, "upstream-rejected-parameter"),
    ("UnsupportedRegion", 400, "upstream-rejected-parameter"), ("InvalidAction", 502, "upstream-failed"),
    ("NoSuchVersion", 502, "upstream-failed"), ("InternalError", 502, "upstream-failed"),
    ("Nobody.Knows", 502, "upstream-failed"),
])
def test_error_names(three, upstream, code, status, name):
    upstream.script(then=error(code))
    unknown = code in ("InternalError", "Nobody.Knows")
    body = problem(three.delete(), status, name, outcome="unknown" if unknown else "not-executed")
    assert body["upstream"] == {"code": code, "message": "m", "requestId": REQUEST_ID}
    assert code in body["detail"]


def test_an_expired_signature_is_signed_again(three, upstream):
    """3.0's word for 4500: the clock is corrected by the answer's Date, and the call goes once more."""
    ahead = time.time() + 3600
    late = Reply(error("AuthFailure.SignatureExpire").body, date=ahead)
    upstream.script(late, CHANGE)
    assert three.delete().status == 202
    first, second = upstream.seen(2)
    assert abs(int(second.headers["x-tc-timestamp"]) - ahead) <= 5 * SLOW
    assert abs(int(first.headers["x-tc-timestamp"]) - time.time()) <= 5 * SLOW
    assert second.headers["authorization"] == vendor.tc3(second, SECRET_ID, SECRET_KEY, "vpc")


@pytest.mark.parametrize("reply", [
    Reply({"code": 0, "message": "", "taskId": 1}), Reply({"Response": []}), Reply({"Response": {"Error": {}}}),
    Reply(b"{}"), Reply(b"<html>"), Reply(status=302),
], ids=["API 2.0", "a list", "no name", "empty", "html", "302"])
def test_no_envelope(three, upstream, reply):
    upstream.script(then=reply)
    problem(three.delete(), 502, "upstream-invalid-answer", outcome="unknown", retryable=False)


def test_secrets_in_an_answer_are_withheld(three, upstream):
    upstream.script(error("AuthFailure.SignatureFailure", f"the key is {SECRET_KEY}"))
    body = problem(three.delete(), 502, "upstream-credential")
    assert SECRET_KEY not in json.dumps(body) and "upstream" in body


@pytest.mark.parametrize("secret", [SECRET_ID, SECRET_KEY])
def test_a_request_id_that_is_a_secret(three, upstream, secret):
    """It looks like an id, and is told apart from the message."""
    upstream.script(Reply({"Response": {"Error": {"Code": "InternalError", "Message": "m"}, "RequestId": secret}}))
    answer = three.delete()
    assert problem(answer, 502, "upstream-failed", outcome="unknown", retryable=False)["upstream"] == {"code": "withheld"}
    assert secret not in answer.body.decode() and secret not in three.words()


def test_waiting_for_a_request_id(three, upstream):
    running, done = response(Status="RUNNING", Output=""), response(Status="SUCCESS", Output="", Result=[])
    upstream.script(CHANGE, running, error("ResourceNotFound"), done)
    answer = three.delete(headers={"Prefer": "wait=30"})
    assert (answer.status, answer.header("Preference-Applied")) == (200, "wait=30")
    assert answer.json() == {"status": "done", "code": 0, "message": "", "Status": "SUCCESS", "Output": "", "Result": [],
                             "requestId": REQUEST_ID, "taskId": REQUEST_ID}
    assert [json.loads(received.body) for received in upstream.seen(4)[1:]] == [{"TaskId": REQUEST_ID}] * 3


def test_a_change_whose_answer_is_lost(three, upstream):
    upstream.script(HANG_UP)
    problem(three.delete(), 504, "upstream-timeout", outcome="unknown", retryable=False)
    upstream.seen(1)


# ---- what a generation cannot do ----

@pytest.mark.parametrize("method, path, name", [
    ("GET", "/classiclinks?classicLinkId=vcx-opgnzgo9", "classicLinkId"),
    ("GET", "/classiclinks?orderField=createTime", "orderField"), ("GET", f"{PATH}?orderDirection=asc", "orderDirection"),
    ("GET", "/vpcs?orderField=vpcName", "orderField"), ("GET", "/vpcs?orderDirection=asc", "orderDirection"),
    ("GET", "/instances?searchWord=web", "searchWord"), ("GET", "/instances?status=2", "status"),
    ("GET", "/instances?zoneId=100002", "zoneId"), ("GET", "/instances?" + "&".join(f"lanIps=10.0.0.{n}" for n in range(6)), "lanIps"),
    ("GET", "/vpcs/gz_vpc_245", "vpcId"), ("GET", "/vpcs/gz_vpc_245/classiclinks", "vpcId"),
    ("GET", "/classiclinks?vpcId=gz_vpc_245", "vpcId"), ("GET", "/instances/qcvm10001", "instanceIds"),
    ("GET", "/instances?instanceIds=qcvm10001", "instanceIds"), ("DELETE", f"{PATH}/qcvm10001", "instanceIds"),
    ("DELETE", "/vpcs/gz_vpc_245/classiclinks/ins-df454d", "vpcId"),
])
def test_what_only_api2_can_say(three, upstream, sandbox, start, method, path, name):
    """In 3.0 a 400 that names the parameter, and nothing is sent; in 2.0 the cloud is asked."""
    body = problem(three.call(method, path, headers=READ), 400, "invalid-parameter")
    assert body["detail"].startswith(name + " ")
    upstream.seen(0)


def test_what_only_api3_can_say(upstream, start):
    gateway = start(upstream.url, rules=ALL)
    problem(gateway.call("GET", f"/tasks/{REQUEST_ID}", headers=READ), 400, "invalid-parameter")
    upstream.seen(0)


def test_links_of_a_vpc_that_is_not_there(sandbox, start):
    """2.0 says so; 3.0 filters, and finds none."""
    path = "/vpcs/vpc-nowhere/classiclinks"
    two, three = sandbox(), sandbox()
    problem(start(two.url, rules=ALL).call("GET", path, headers=READ), 404, "not-found")
    answer = start(three.base + "/", **TC3).call("GET", path, headers=READ)
    assert (answer.status, answer.json()["totalCount"], answer.json()["data"]) == (200, 0, [])


# ---- the same lines, the same results ----

LINES = [
    ("GET", "/classiclinks", None), ("GET", PATH, None), ("GET", f"{PATH}?offset=1&limit=1", None),
    ("GET", "/classiclinks?vpcId=vpc-8e0ypm3z", None), ("GET", "/classiclinks?lanIp=10.66.1.12", None),
    ("GET", "/classiclinks?all=true", None), ("GET", "/vpcs", None), ("GET", "/vpcs?vpcName=testing", None),
    ("GET", f"/vpcs/{VPC}", None), ("GET", "/vpcs?all=true", None), ("GET", "/instances", None),
    ("GET", f"/instances/{INSTANCE}", None), ("GET", "/instances?lanIps=10.66.1.11&lanIps=10.66.1.12", None),
    ("GET", "/instances?all=true&region=ap-shanghai", None),
    ("DELETE", PATH, {"instanceIds": [INSTANCE]}), ("DELETE", f"{PATH}/ins-df221dd", None), ("GET", PATH, None),
    ("POST", PATH, {"instanceIds": [INSTANCE, "ins-free1"]}), ("POST", PATH, {"instanceIds": ["ins-free1"]}),
    ("GET", PATH, None), ("POST", "/vpcs/vpc-nowhere/classiclinks", {"instanceIds": [INSTANCE]}),
    ("DELETE", PATH, {"instanceIds": ["ins-nowhere"]}), ("GET", "/nowhere", None),
    ("GET", "/vpcs/vpc-nowhere", None), ("GET", "/instances/ins-nowhere", None), ("PUT", "/vpcs", None),
    ("GET", "/vpcs?limit=0", None), ("GET", "/tasks/99", None), ("GET", "/vpcs?region=xx", None),
]
# What 3.0 does not tell about an entry (docs/routes.md), and what is new at every start.
LOST = {"vpcId", "classicLinkId", "lanIp", "createTime", "instanceName", "status", "projectId", "zoneId", "Region",
        "subnetNum", "routeTableNum", "vpnGwNum", "vpcPeerNum", "vpcDeviceNum", "vpgNum", "natNum", "classicLinkNum"}


def entries(rows):
    """By what both generations tell, and the ids under one name."""
    kept = [{name: value for name, value in row.items() if name[0].islower() and name not in LOST} for row in rows]
    for row in kept:
        if "unInstanceId" in row:
            row.pop("instanceId", None)             # 2.0's legacy id, which 3.0 does not know
    return sorted(kept, key=json.dumps)


def seen_by_caller(answer):
    body = answer.json()
    if answer.status >= 400:
        return answer.status, body["type"], body.get("outcome"), body["retryable"]
    if "taskId" in body:
        return answer.status, body["code"], answer.header("Location") == f"/tasks/{body['taskId']}"
    return answer.status, body["code"], body["totalCount"], entries(body.get("data") or body.get("instanceSet") or [])


@pytest.mark.parametrize("options", [dict(), dict(signature="HmacSHA256"), dict(signature="HmacSHA1", method="POST")],
                         ids=["TC3", "query", "form"])
def test_the_same_lines_give_the_same_results(sandbox, start, options):
    clouds = [sandbox(), sandbox()]
    gateways = [start(clouds[0].url, rules=ALL, services=("vpc", "cvm")),
                start(clouds[1].base + "/", services=("vpc", "cvm"), **TC3, **options)]
    for method, path, body in LINES:
        answers = [gateway.call(method, path, body and document(body), bearer() if body else READ) for gateway in gateways]
        two, three = map(seen_by_caller, answers)
        assert two == three, (method, path, body)
    states = [cloud.state() for cloud in clouds]
    assert states[0]["links"] == states[1]["links"] and states[0]["executed"] == states[1]["executed"]


@pytest.mark.parametrize("generation", [2, 3])
def test_tasks_that_take_their_time(sandbox, start, tmp_path, generation):
    """One that takes an hour is running; one that takes a second can be waited for."""
    source = (REPOSITORY / "sandbox/state.yaml").read_text()

    def world(millis):
        state = tmp_path / f"state-{millis}.yaml"
        state.write_text(source.replace("tasks: { duration: 0 }", f"tasks: {{ duration: {millis} }}"))
        cloud = sandbox("--state", str(state))
        return start(cloud.base + ("/" if generation == 3 else "/v2/index.php"), generation=generation, rules=ALL)
    gateway = world(3600000)
    changed = gateway.delete()
    assert gateway.call("GET", changed.header("Location"), headers=READ).json()["status"] == "running"
    waited = gateway.delete({"instanceIds": ["ins-df221dd"]}, headers={"Prefer": "wait=1"})
    assert (waited.status, waited.header("Preference-Applied")) == (202, "wait=1")
    assert waited.json()["taskId"] != changed.json()["taskId"]
    answer = world(1000).delete(headers={"Prefer": "wait=60"})
    assert (answer.status, answer.json()["status"]) == (200, "done")


# ---- offline ----

def test_explain_names_both(tmp_path):
    """Rules speak of the action by its name in 2.0; what goes out is told, too."""
    file = configure(tmp_path, f"https://{HOST}/", **TC3)
    done = run("explain", "-c", file, "--client", "network-console", "GET", PATH)
    assert done.returncode == 0 and "DescribeVpcClassicLink (read)" in done.stdout
    assert "sent as DescribeClassicLinkInstances of API 3.0" in done.stdout


def test_sign_shows_every_stage(tmp_path):
    file = configure(tmp_path, f"https://{HOST}/", token="temporary-credentials-token", **TC3)
    done = run("sign", "-c", file, "--time", "1465185768", "DELETE", PATH, '{"instanceIds":["ins-df454d"]}')
    assert done.returncode == 0, done
    assert "temporary-credentials-token" not in done.stdout and SECRET_KEY not in done.stdout
    assert 'body: {"VpcId":"vpc-2ari9m7h","InstanceIds":["ins-df454d"]}\n' in done.stdout
    assert "canonical-request: POST\n/\n\ncontent-type:application/json; charset=utf-8\n" in done.stdout
    assert "string-to-sign: TC3-HMAC-SHA256\n1465185768\n2016-06-06/vpc/tc3_request\n" in done.stdout
    assert "header: X-TC-Token: ***\n" in done.stdout
    signature = re.search(r"^signature: ([0-9a-f]{64})$", done.stdout, re.M).group(1)
    assert f"Signature={signature}\n" in done.stdout
