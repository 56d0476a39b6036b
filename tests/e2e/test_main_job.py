"""The main job: a plain DELETE becomes a signed DetachClassicLinkVpc, and the cloud's answer comes back as
it is."""

import concurrent.futures
import json
import re
import statistics
import time

import pytest

from harness import vendor
from harness.expect import courtesy, problem
from harness.gateway import TOKEN, Client, bearer, document
from harness.process import environment
from harness.upstream import Reply
from harness.world import ENDPOINT, HOST, INSTANCE, SAMPLE, SECRET_ID, SECRET_KEY, SLOW, VPC

REQUEST = f"/vpcs/{VPC}/classiclinks"
COMMON = {"Action", "Region", "Timestamp", "Nonce", "SecretId", "Signature", "SignatureMethod"}


def test_the_sample_byte_for_byte(sandbox, start):
    """The seed's sample through the gateway, verified by a sandbox that shares no canonicalisation with
    it."""
    cloud = sandbox()
    answer = start(cloud.url).delete({"instanceIds": [INSTANCE]})
    assert (answer.status, answer.body) == (202, SAMPLE)
    assert answer.header("Location") == "/tasks/135254"
    assert answer.header("Content-Type") == "application/json"
    courtesy(answer)
    state = cloud.state()
    assert state["executed"] == 1
    assert INSTANCE not in json.dumps(state["links"])


@pytest.mark.parametrize("token", [None, "temporary.credentials/token+of=STS"])
@pytest.mark.parametrize("scheme", ["HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_cloud_receives(upstream, start, method, scheme, token):
    """From the bytes alone: the vendor's recipe gives the same signature, and nothing of the caller's is
    there."""
    gateway = start(upstream.url, method=method, signature=scheme, token=token)
    answer = gateway.delete({"instanceIds": [INSTANCE, "ins-5d8a23rs"]},
                            headers={"Cookie": "stowaway=1", "X-TC-Action": "x"})
    assert (answer.status, answer.body) == (202, SAMPLE)

    received, = upstream.seen(1)
    params = received.params
    assert (received.method, received.path) == (method, ENDPOINT)
    assert received.headers["host"] == HOST
    assert params["Signature"] == vendor.signature(method, HOST, ENDPOINT, params, SECRET_KEY)
    assert re.fullmatch(r"countersign-\d+\.\d+\.\d+-network-console", params["RequestClient"])
    ours = {"vpcId", "instanceIds.0", "instanceIds.1", "RequestClient"} | ({"Token"} if token else set())
    assert set(params) == COMMON | ours
    assert params.get("Token") == token
    assert (params["Action"], params["Region"]) == ("DetachClassicLinkVpc", "ap-guangzhou")
    assert (params["SecretId"], params["SignatureMethod"]) == (SECRET_ID, scheme)
    assert (params["vpcId"], params["instanceIds.0"], params["instanceIds.1"]) == (VPC, INSTANCE, "ins-5d8a23rs")
    assert abs(int(params["Timestamp"]) - time.time()) <= 5 * SLOW
    assert re.fullmatch("[1-9][0-9]{0,9}", params["Nonce"]) and int(params["Nonce"]) < 2**31
    if method == "POST":
        assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["accept-encoding"] == "identity"
    foreign = {"cookie", "authorization", "x-tc-action", "transfer-encoding", "expect"}
    assert not foreign & set(received.headers)
    assert b"stowaway" not in received.head and TOKEN.encode() not in received.head + received.body


def test_values_are_url_encoded_once(upstream, start):
    """A base64 signature is full of + / =; a temporary token too."""
    gateway = start(upstream.url, token="a+b/c=d~e-f_g.h")
    for _ in range(16):
        assert gateway.delete().status == 202
    for received in upstream.seen(16):
        for pair in received.target.partition("?")[2].split("&"):
            assert re.fullmatch(r"[A-Za-z0-9._~-]+=(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+", pair), pair
        assert received.params["Token"] == "a+b/c=d~e-f_g.h"
        assert received.params["Signature"] == vendor.signature("GET", HOST, ENDPOINT, received.params,
                                                                SECRET_KEY)


def test_proxies_of_the_environment_do_not_matter(upstream, start):
    """A proxy would see the signed call; only the configuration says where calls go."""
    nowhere = "http://127.0.0.1:9"
    gateway = start(upstream.url, env=environment(http_proxy=nowhere, https_proxy=nowhere, ALL_PROXY=nowhere))
    assert gateway.delete().status == 202
    upstream.seen(1)


def many(gateway, clients, each):
    """Keep-alive clients side by side; gives every answer and how long it took."""
    def caller(_):
        client, answers = Client(gateway.port), []
        for _ in range(each):
            begun = time.monotonic()
            answer = client.call("DELETE", REQUEST, document(), bearer())
            answers.append((answer, time.monotonic() - begun))
        client.close()
        return answers
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return [pair for answers in pool.map(caller, range(clients)) for pair in answers]


def test_nonces_are_distinct_and_in_range(gateway, upstream):
    assert all(answer.status == 202 for answer, _ in many(gateway, clients=8, each=50))
    nonces = [received.params["Nonce"] for received in upstream.seen(400)]
    assert len(set(nonces)) == 400
    assert all(re.fullmatch("[1-9][0-9]{0,9}", nonce) and int(nonce) < 2**31 for nonce in nonces)


def test_calls_reuse_their_connection(gateway, upstream):
    scripted = upstream
    scripted.drop()
    for _ in range(5):
        assert gateway.delete().status == 202
    assert len({received.connection for received in scripted.seen(5)}) == 1


@pytest.mark.parametrize("query, instances", [
    ("?instanceIds=ins-df454d", ["ins-df454d"]),
    ("?instanceIds=ins-b&instanceIds=ins-a", ["ins-b", "ins-a"]),
    ("?region=ap-shanghai&instanceIds=ins-df454d", ["ins-df454d"]),
    ("?instanceIds=ins%2Ddf454d", ["ins-df454d"]),
])
def test_a_delete_without_a_body(gateway, upstream, query, instances):
    """Some middleboxes drop the body of a DELETE: the query says the same."""
    answer = gateway.call("DELETE", REQUEST + query, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, answer.body) == (202, SAMPLE)
    params = upstream.seen(1)[0].params
    assert [params[f"instanceIds.{i}"] for i in range(len(instances))] == instances
    assert f"instanceIds.{len(instances)}" not in params


def test_query_and_body_at_once(gateway, upstream):
    problem(gateway.delete(query="?instanceIds=ins-df454d"), 400, "invalid-parameter")
    upstream.seen(0)


@pytest.mark.parametrize("query, region", [("", "ap-guangzhou"), ("?region=ap-shanghai", "ap-shanghai")])
def test_region_is_the_callers_or_the_default(gateway, upstream, query, region):
    assert gateway.delete(query=query).status == 202
    assert upstream.seen(1)[0].params["Region"] == region


@pytest.mark.parametrize("vpc", [VPC, "vpc-8e0ypm3z", "gz_vpc_245"])
def test_both_forms_of_a_vpcs_id(gateway, upstream, vpc):
    assert gateway.delete(vpc=vpc).status == 202
    assert upstream.seen(1)[0].params["vpcId"] == vpc


def test_a_hundred_instances_in_their_order(gateway, upstream):
    """Names sort as text (instanceIds.10 before instanceIds.2), which is where a home-made sort goes
    wrong."""
    instances = [f"ins-{i:05x}" for i in reversed(range(100))]
    assert gateway.delete({"instanceIds": instances}).status == 202
    params = upstream.seen(1)[0].params
    assert [params[f"instanceIds.{i}"] for i in range(100)] == instances
    assert params["Signature"] == vendor.signature("GET", HOST, ENDPOINT, params, SECRET_KEY)


@pytest.mark.parametrize("body", [
    b'{"code":0,"message":"","taskId":135254}',
    b'{\n    "code": 0,\n    "message": "",\n\t\t"taskId":135254}\n',      # as the seed prints it
    b'{"taskId":1,"code":"0","codeDesc":"Success","message":"success"}',   # loose types, as the samples are
    '{"code":0,"message":"成功","taskId":135254,"more":[1.10,1e3,{"a":"\\u00e9"}]}'.encode(),
])
def test_success_is_the_upstreams_own_bytes(gateway, upstream, body):
    upstream.script(Reply(body,
                          headers=(("Content-Type", "text/html"), ("X-Leak", "1"), ("Set-Cookie", "a=b"))))
    answer = gateway.delete()
    assert (answer.status, answer.body) == (202, body)
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Location") == f"/tasks/{json.loads(body)['taskId']}"
    assert answer.header("X-Leak") is None and answer.header("Set-Cookie") is None


def test_one_record_for_each_request(gateway, upstream):
    answer = gateway.delete({"instanceIds": [INSTANCE, "ins-df221dd"]},
                            headers={"X-Request-Id": "from-the-app.1_2"})
    assert answer.header("X-Request-Id") == "from-the-app.1_2"
    record = gateway.record(answer)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
    assert re.fullmatch(r"[0-9a-f]{32}", record["traceId"])
    varying = ("time", "traceId", "durationMs", "upstreamMs")
    assert {name: record[name] for name in record if name not in varying} == {
        "requestId": "from-the-app.1_2",
        "client": "network-console",
        "token": "2026-11",
        "source": "127.0.0.1",
        "config": gateway.call("GET", "/version", port=gateway.admin).json()["config"],
        "method": "DELETE",
        "route": "/vpcs/{vpcId}/classiclinks",
        "action": "DetachClassicLinkVpc",
        "region": "ap-guangzhou",
        "params": {"vpcId": VPC, "instanceIds": [INSTANCE, "ins-df221dd"]},
        "verdict": "allow",
        "rule": "staging-links",
        "status": 202,
        "outcome": "executed",
        "upstreamCode": "0",
        "attempts": 1,
    }
    assert 0 <= record["upstreamMs"] <= record["durationMs"] < 5000 * SLOW
    assert len([line for line in gateway.records() if line.get("requestId") == "from-the-app.1_2"]) == 1


def test_256_keep_alive_clients(sandbox, start):
    """All are served, none sees an error.  How fast is the benchmark's business; here it is only printed."""
    cloud = sandbox("--fault", "*:delay=20")
    gateway = start(cloud.url, top={"workers": 384}, slots=256, timeout="30s")
    answers = many(gateway, clients=256, each=4)
    assert {answer.status for answer, _ in answers} == {202}, {answer.body for answer, _ in answers if answer.status != 202}
    assert cloud.state()["requests"] == len(answers) == 1024
    centiles = statistics.quantiles([seconds for _, seconds in answers], n=100)
    print(f"p50 {centiles[49] * 1000:.1f} ms, p99 {centiles[98] * 1000:.1f} ms")
