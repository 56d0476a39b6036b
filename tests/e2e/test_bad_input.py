"""Abuse, by the numbers of the project's threat model, in so far as it touches the one route that ships.

A refused call never reaches the upstream: every test ends with its counter at 0.  Numbers 14 and 16 are in
test_framing.py, 21 in test_tls.py, 22 and 23 in test_answers.py, 34 in test_config.py and test_secrets.py."""

import base64
import gzip
import json
import re

import pytest

from harness.expect import OURS, courtesy, problem
from harness.gateway import NOBODY, TOKEN, bearer, document
from harness.upstream import Reply, Upstream
from harness.world import INSTANCE, SLOW, VPC, stranger

PATH = f"/vpcs/{VPC}/classiclinks"
COMMON = [
    "Action", "Version", "Region", "SecretId", "SecretKey", "Nonce", "Timestamp", "Signature",
    "SignatureMethod", "Token", "RequestClient",
]


@pytest.fixture(autouse=True)
def nothing_is_sent(request, upstream):
    yield
    if "sends" not in request.keywords:
        upstream.seen(0)


@pytest.fixture(scope="module", autouse=True)
def every_line_is_json(gateway):
    """32: whatever was sent, one request is one line and one object."""
    yield
    assert all(isinstance(record, dict) for record in gateway.records())


def without_token(headers=None):
    return {"Content-Type": "application/json", **(headers or {})}


def bad_request(answer):
    """Syntax or meaning: which of the two is wrong with a percent sign or a brace is a matter of taste."""
    assert answer.status == 400, answer
    name = answer.json()["type"].rpartition(":")[2]
    assert name in ("malformed-request", "invalid-parameter")
    return problem(answer, 400, name, retryable=False)


# ---- 1, 2: the token and where it stands ----

@pytest.mark.parametrize("query, body, headers", [
    (f"?token={TOKEN}", None, {}),
    (f"?access_token={TOKEN}", None, {}),
    (f"?authorization=Bearer%20{TOKEN}", None, {}),
    ("", {"instanceIds": [INSTANCE], "token": TOKEN}, {}),
    ("", {"instanceIds": [INSTANCE], "access_token": TOKEN}, {}),
    ("", None, {"Cookie": f"token={TOKEN}"}),
    ("", None, {"X-Auth-Token": TOKEN}),
    ("", None, {"Proxy-Authorization": f"Bearer {TOKEN}"}),
    ("", None, {"X-Authorization": f"Bearer {TOKEN}"}),
])
def test_threat_01_token_elsewhere(gateway, query, body, headers):
    answer = gateway.call("DELETE", PATH + query, document(body), without_token(headers), source=stranger())
    problem(answer, 401, "unauthenticated")
    gateway.record(answer)
    assert TOKEN not in answer.body.decode() and TOKEN not in gateway.words()


@pytest.mark.parametrize("query", [f"?token={TOKEN}", f"?access_token={TOKEN}"])
def test_threat_01_token_there_too(gateway, query):
    """An unknown key is named, but its value may be a secret."""
    answer = gateway.delete(query=query)
    problem(answer, 400, "invalid-parameter")
    gateway.record(answer)
    assert TOKEN not in answer.body.decode() and TOKEN not in gateway.words()


BASIC = base64.b64encode(f"network-console:{TOKEN}".encode()).decode()


@pytest.mark.parametrize("value", [
    "", "Bearer", "Bearer ", "bearer", TOKEN, f"Bearer{TOKEN}", f"Bearer {TOKEN} x", f"Bearer x {TOKEN}",
    f"Bearer {TOKEN},", f"Bearer {TOKEN}, Bearer {TOKEN}", f'Bearer "{TOKEN}"', f"Bearer token={TOKEN}",
    f"Basic {BASIC}", f"Basic {TOKEN}", f"Token {TOKEN}", f"Digest {TOKEN}", f"Bearer {TOKEN}\xe9",
    f"Bearer {TOKEN}%00", "Bearer ====", f"Bearer {TOKEN}=", "Bearer " + "a" * 4097, "Bearer " + "a" * 8000,
    "Bearer *", "Bearer null",
])
def test_threat_02_authorization(gateway, value):
    """All are one to the caller: the same body and the same header as for a token that nobody knows."""
    answer = gateway.call("DELETE", PATH, document(),
                          without_token({"Authorization": value.encode("latin-1")}), source=stranger())
    unknown = gateway.delete(token="unknown")
    body = problem(answer, 401, "unauthenticated", retryable=False)
    assert {**body, "requestId": ""} == {**unknown.json(), "requestId": ""}
    assert answer.header("WWW-Authenticate") == unknown.header("WWW-Authenticate")
    gateway.record(answer)
    assert TOKEN not in answer.body.decode() and TOKEN not in gateway.words()


def test_threat_02_nul_in_the_token(gateway):
    with gateway.wire() as wire:
        wire.send(f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\0x\r\n\r\n".encode())
        assert wire.read().status in (400, 401)


# ---- 4: what the policy does not say yes to ----

@pytest.mark.parametrize("call", [
    dict(token=NOBODY), dict(vpc=VPC + "x"), dict(vpc=VPC[:-1]), dict(vpc="vpc-prod0001"),
    dict(vpc="gz_vpc_24"), dict(vpc="gz_vpc_2450"), dict(query="?region=ap-beijing"),
    dict(query="?region=ap-guangzhou-2"), dict(query="?region=gz"), dict(query="?region=ap"),
    dict(body={"instanceIds": ["ins-bastion"]}), dict(body={"instanceIds": ["ins-a", "ins-bastion7"]}),
], ids=str)
def test_threat_04_outside_the_policy(gateway, call):
    answer = gateway.delete(**call)
    problem(answer, 403, "not-allowed")
    assert gateway.record(answer)["verdict"] == "deny"


# ---- 6, 15: the path ----

@pytest.mark.parametrize("vpc", [
    "vpc-1&Action=DeleteVpc", "vpc-1%26Action=DeleteVpc", "vpc-1%26Action%3DDeleteVpc", "vpc-1%0a",
    "vpc-1%0d%0aX-A:%20b", "vpc-1%23", "vpc-1%20", "%20vpc-1", "vpc-1%09", "vpc-1+", "vpc-1=", "vpc-1%3d",
    "vpc_1", "vpc-", "vpc", "VPC-2ari9m7h", "vpc-2ARI9M7H", "vpc-2ari9m7h*", "*", "$staging",
    "vpc-" + "a" * 33, "vpc-" + "a" * 5000, "gz_vpc_", "gz_vpc_x", "gz_vpc_12345678901", "ins-df454d",
    "vpc-%D0%B0", "vpc-2ari9m7h%E2%80%8B", "vpc-%ef%bc%91", "@vpc-1", "{vpcId}",
])
def test_threat_06_vpc_id(gateway, vpc):
    """The whole value must be an id, before anything is signed."""
    bad_request(gateway.delete(vpc=vpc))


@pytest.mark.parametrize("instance", [
    "ins-1&vpcId=vpc-prod0001", "ins-1&Action=DeleteVpc", "ins-1=", "ins-1\n", "\nins-1", "ins-1\r\n",
    "ins-1#", "../ins-1", "ins-1 ", " ins-1", "", "ins-", "INS-df454d", "ins-DF454D", "ins_df454d",
    "ins-" + "a" * 33, "qcvm", "qcvmxyz", "qcvm" + "a" * 33, "*", "ins-*", "@ins-1", "ins-\u0430",
    "ins-\uff11", "ins-1\u200b", "ins-1\u2028", "vpc-2ari9m7h", "ins-df454d,ins-b", "i" * 10000,
])
def test_threat_06_instance_id(gateway, instance):
    problem(gateway.delete({"instanceIds": [instance]}), 400, "invalid-parameter")


@pytest.mark.parametrize("region", [
    "", "AP-GUANGZHOU", "ap-guangzhou%26Action=x", "ap-guangzhou%0a", "ap%20guangzhou", "*", "../x",
    "a" * 300, "ap-guangzhou%00", "ap-%D0%B0", "@x", "a=b", "a.b%2F",
])
def test_threat_06_region(gateway, region):
    """Not a region: 400; well-formed but not allowed would be 403."""
    answer = gateway.delete(query=f"?region={region}")
    if answer.status == 403:
        problem(answer, 403, "not-allowed")
    else:
        bad_request(answer)


@pytest.mark.parametrize("path", [
    PATH + "/", "/" + PATH, PATH.replace("/classic", "//classic"), PATH.replace("/vpcs/", "/vpcs//"),
    PATH + ";x", PATH + ";x=y", PATH.replace("/classic", ";x/classic"), PATH + "%00", PATH + "%00.html",
    PATH.replace("/classic", "%00/classic"), PATH + "%20", PATH + ".", PATH + "%0a", PATH + "%0d%0aX-A:b",
    PATH.replace("/classic", "%2Fclassic"), PATH.replace("/classic", "%2fclassic"),
    PATH.replace("/classic", "%5Cclassic"), PATH.replace("/classic", "\\classic"), PATH.replace("/", "%2F"),
    "/%76pcs" + PATH[5:], PATH[:-1] + "%73", "/vpcs%2F" + PATH[6:], "/./" + PATH[1:], "/x/.." + PATH,
    "/vpcs/x/.." + PATH[5:], "/vpcs/%2e%2e" + PATH, "/%2e%2e" + PATH, "/vpcs/%2E%2E/%2E%2E" + PATH,
    PATH + "/.", PATH + "/..", PATH + "/%2e", "/..%2f" + PATH[1:], "/.." + PATH, PATH.upper(),
    PATH.replace("classic", "Classic"), PATH + "%", PATH + "%2", PATH + "%zz", PATH + "%u0041",
    "/%252e%252e" + PATH, PATH + "%C0%AF", PATH + "%FF", PATH + "%E2%80%AE", PATH + "%3FinstanceIds=ins-a",
    PATH + "&x=y", PATH + "*", "/vpcs//classiclinks", f"/vpcs/{VPC}/{VPC}/classiclinks",
    "/v2/index.php", "/", "//", "/" + "a/" * 2000, "/" + "a" * 9000,
])
def test_threat_15_path(gateway, path):
    """One spelling routes; all others are nobody's."""
    answer = gateway.call("DELETE", path, document(), bearer())
    assert answer.status in (400, 404), answer
    courtesy(answer)


@pytest.mark.sends
@pytest.mark.parametrize("vpc", ["vpc%2D2ari9m7h", "%76pc-2ari9m7h"])
def test_threat_15_an_encoded_value(gateway, upstream, vpc):
    """Where the value of a capture may be spelt with %, what is judged and what is signed is the decoded
    one."""
    answer = gateway.delete(vpc=vpc)
    if answer.status == 202:
        assert upstream.seen(1)[0].params["vpcId"] == VPC
        assert gateway.record(answer)["params"]["vpcId"] == VPC
    else:
        assert answer.status in (400, 404)
        upstream.seen(0)


def test_threat_15_an_encoded_value_outside_the_policy(gateway):
    answer = gateway.delete(vpc="vpc%2Dprod0001")
    assert answer.status in (400, 403, 404)


@pytest.mark.parametrize("query", [
    "", "?", "?&", "?&&", "?=", "?=x", "?instanceIds", "?instanceIds=", "?instanceIds=ins-a&instanceIds=",
    "?instanceIds=ins-a,ins-b", "?instanceIds=ins-a;instanceIds=ins-b", "?instanceIds=ins-a+",
    "?instanceIds=ins-a%", "?instanceIds=ins-a%zz", "?instanceIds=ins-a%00", "?instanceIds=ins-a%0a",
    "?instanceIds=ins-a%26x=y", "?instanceIds[]=ins-a", "?instanceIds.0=ins-a", "?instanceIds_0=ins-a",
    "?instanceids=ins-a", "?InstanceIds=ins-a", "?instanceIds=ins-a&vpcId=vpc-x",
    "?instanceIds=ins-a?region=x", "?instanceIds=ins-a&x", "?instanceIds=ins-a&instanceIds=ins-a",
    "?instanceIds=%ff", "?instanceIds=%c0%af", "?%00=x&instanceIds=ins-a",
    "?" + "&".join(f"instanceIds=ins-{i}" for i in range(101)), "?instanceIds==ins-a",
])
def test_threat_15_query(gateway, query):
    bad_request(gateway.call("DELETE", PATH + query, headers={"Authorization": f"Bearer {TOKEN}"}))


# ---- 7: the common parameters are not the caller's ----

@pytest.mark.parametrize("name", COMMON)
def test_threat_07_common_parameters(gateway, name):
    """In the body and in the query: unknown, and named."""
    for answer in (gateway.delete({"instanceIds": [INSTANCE], name: "x"}),
                   gateway.delete(query=f"?{name}=x")):
        assert name in problem(answer, 400, "invalid-parameter")["detail"]


@pytest.mark.sends
def test_threat_07_headers_go_nowhere(gateway, upstream):
    headers = {f"X-TC-{name}": "smuggled" for name in COMMON} | {name: "smuggled" for name in COMMON} | {
        "X-Forwarded-For": "192.0.2.66", "X-Forwarded-Host": "smuggled", "Forwarded": "for=smuggled",
        "Referer": "http://smuggled/", "User-Agent": "smuggled", "Accept-Language": "smuggled",
        "Accept": "smuggled/smuggled", "Via": "1.1 smuggled", "TE": "trailers", "Range": "bytes=0-1",
        "If-None-Match": "smuggled", "traceparent": "smuggled",
    }
    answer = gateway.delete(headers=headers)
    assert answer.status == 202
    received, = upstream.seen(1)
    assert b"smuggled" not in received.head and b"192.0.2.66" not in received.head
    assert gateway.record(answer)["source"] == "127.0.0.1"


# ---- 8, 9: shapes and types ----

@pytest.mark.parametrize("body", [
    {"instanceIds": {"0": INSTANCE}}, {"instanceIds": {"0&Action": "DeleteVpc"}},
    {"instanceIds": [[INSTANCE]]}, {"instanceIds": [{"0": INSTANCE}]}, {"instanceIds.0": INSTANCE},
    {"instanceIds": [INSTANCE], "instanceIds.1": "ins-a"}, {"instanceIds_0": INSTANCE},
    {"instanceIds": [INSTANCE], "instanceIds_0": INSTANCE}, {"InstanceIds": [INSTANCE]},
    {"instanceIds.n": [INSTANCE]}, {"instanceIds": [INSTANCE, INSTANCE]}, {"instanceIds": [INSTANCE, 1]},
    {"instanceIds": [INSTANCE, None]}, {"instanceIds": [f"ins-{i}" for i in range(101)]},
    {"instanceIds": ["ins-%04x" % i for i in range(5000)]}, {"instanceIds": [""]},
    {"instanceIds": [INSTANCE], "": 1}, {"instanceIds": [INSTANCE], "&Action": "x"},
    {"instanceIds": [INSTANCE], "a=b&c": "x"}, {"instanceIds": [INSTANCE], "region": "ap-guangzhou"},
    {"instanceIds": [INSTANCE], "__proto__": {}}, {"params": {"instanceIds": [INSTANCE]}}, {"vpcId": VPC}, {},
], ids=lambda body: json.dumps(body)[:60])
def test_threat_08_shapes(gateway, body):
    problem(gateway.delete(body), 400, "invalid-parameter")


def test_threat_08_ten_thousand_items(gateway):
    """Beyond 64 KiB it is too large before it is too many."""
    assert gateway.delete({"instanceIds": ["ins-%05x" % i for i in range(10000)]}).status in (400, 413)


@pytest.mark.parametrize("item", [
    "1", "0", "-0", "1e3", "1.5", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "true", "false", "null", "[]", "{}", '"0x1"', '"1"', '"true"', '"null"',
])
def test_threat_09_types(gateway, item):
    for body in ('{"instanceIds":[%s]}', '{"instanceIds":%s}', '{"instanceIds":["ins-a",%s]}'):
        problem(gateway.delete((body % item).encode()), 400, "invalid-parameter")


# ---- 10, 11: JSON itself ----

@pytest.mark.parametrize("body", [
    b'{"instanceIds":["ins-a"],"instanceIds":["ins-b"]}',
    b'{"instanceIds":["ins-a"],"instance\\u0049ds":["ins-b"]}',
    b'{"instanceIds":["ins-a"],"x":{"a":1,"a":2}}',
])
def test_threat_10_duplicate_keys(gateway, body):
    problem(gateway.delete(body), 400, "invalid-parameter")


@pytest.mark.parametrize("query", [
    "?region=ap-guangzhou&region=ap-shanghai", "?region=ap-guangzhou&region=ap-guangzhou",
    "?region=ap-guangzhou&re%67ion=ap-shanghai",
])
def test_threat_10_duplicate_query_keys(gateway, query):
    problem(gateway.delete(query=query), 400, "invalid-parameter")


HEAD = b'{"instanceIds":["ins-a"'


@pytest.mark.parametrize("body", [
    b"[" * 60000, b'{"a":' * 12000, b"[" * 30000 + b"]" * 30000,
    HEAD + b'],"x":' + b"[" * 33 + b"]" * 33 + b"}",
    b'{"instanceIds":' + b"[" * 20000 + b'"ins-a"' + b"]" * 20000 + b"}", HEAD + b'],"x":1e400}',
    HEAD + b'],"x":' + b"9" * 5000 + b"}", HEAD + b',"ins-\\ud800"]}', HEAD + b',"ins-\\udc00\\ud800"]}',
    HEAD + b',"ins-\\u0000"]}', HEAD + b',"ins-b\\u0000"]}', HEAD + b'],"a\\u0000b":1}',
    HEAD + b',"ins-\xff"]}', HEAD + b',"ins-\xc0\xaf"]}', HEAD + b',"ins-\xed\xa0\x80"]}',
    HEAD + b',"ins-\0"]}', HEAD + b',"ins-b\n"]}', b"\xef\xbb\xbf" + HEAD + b"]}", HEAD + b"]}x",
    HEAD + b"]}{}", HEAD + b"]}\0", HEAD + b"],}", HEAD + b",]}", HEAD + b"]", HEAD, b"{", b"null", b"true",
    b"1", b'"x"', b"[]", b"NaN", b"nul", b"{'instanceIds':['ins-a']}", b'{instanceIds:["ins-a"]}',
    HEAD + b"]/* c */}", HEAD + b"]} // c", HEAD + b'],"x":NaN}', HEAD + b'],"x":01}', HEAD + b'],"x":+1}',
    HEAD + b'],"x":.5}', b" ", b"\n", document().decode().encode("utf-16"),
    document().decode().encode("utf-32"), document() * 2,
], ids=lambda body: repr(body[:40]) + f"~{len(body)}")
def test_threat_11_json(gateway, body):
    """Malformed or merely not ours: 400 with a problem body, quickly, and the next call is served."""
    bad_request(gateway.delete(body))


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer keeps what was freed")
def test_threat_11_memory(gateway):
    """Bombs leave no crater: each of 32 workers may keep what it once needed, but then a round adds nothing."""
    def resident():
        return int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{gateway.child.pid}/status").read())[1])
    def round_of_bombs():
        before = resident()
        for _ in range(50):
            gateway.delete(b"[" * 65536)
            gateway.delete(b'{"instanceIds":[' + b'"ins-a",' * 8000 + b'"x"]}')
        return resident() - before
    grown = []
    while len(grown) < 40 and not (len(grown) > 4 and max(grown[-2:]) < 64):     # kB, of 6,400 received
        grown.append(round_of_bombs())
    assert max(grown[-2:]) < 64, grown


@pytest.mark.sends
def test_threat_11_32_deep_is_not_too_deep(gateway, upstream):
    """The bound itself: 32 levels are parsed (and then found to be unknown), 33 are not."""
    at = gateway.delete(HEAD + b'],"x":' + b"[" * 31 + b"]" * 31 + b"}")
    assert "x" in problem(at, 400, "invalid-parameter")["detail"]
    upstream.seen(0)


# ---- 12, 13: the body's size and kind ----

def test_threat_12_a_gigabyte_is_not_read(gateway):
    with gateway.wire() as wire:
        wire.send((f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                   f"Content-Type: application/json\r\nContent-Length: {1 << 30}\r\n\r\n").encode())
        problem(wire.read(), 413, "content-too-large")
        assert wire.closed()


@pytest.mark.parametrize("headers", [
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": "application/json; charset=iso-8859-1"},
    {"Content-Type": "application/json, text/plain"}, {"Content-Type": "application/json; boundary"},
    {"Content-Type": "application/ json"}, {"Content-Type": "application/x-json"},
    {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "*/*"},
    {"Content-Type": "application/json\xe9"}, {"Content-Encoding": "gzip"},
    {"Content-Encoding": "deflate"}, {"Content-Encoding": "br"}, {"Content-Encoding": "gzip, identity"},
])
def test_threat_13_kind(gateway, headers):
    answer = gateway.delete(headers={name: value.encode("latin-1") for name, value in headers.items()})
    problem(answer, 415, "unsupported-media-type")


def test_threat_13_a_zip_bomb(gateway):
    bomb = gzip.compress(b" " * (32 << 20))
    assert len(bomb) < 65536
    problem(gateway.delete(bomb, headers={"Content-Encoding": "gzip"}), 415, "unsupported-media-type")


def test_threat_13_no_kind(gateway):
    answer = gateway.call("DELETE", PATH, document(), {"Authorization": f"Bearer {TOKEN}"})
    problem(answer, 415, "unsupported-media-type")


# ---- 17, 18: what comes back ----

@pytest.mark.parametrize("given", [
    "", " ", "a b", "a" * 65, "a" * 8000, "\xe9", 'a"b', "a,b", "a/b", "a\\b", "<script>", "\u00a0", "a;b",
    "%0d%0aX-A:b", "a=b", "{}",
])
def test_threat_17_request_id(gateway, given):
    answer = gateway.delete(token=None, headers={"X-Request-Id": given.encode("latin-1")}, source=stranger())
    body = problem(answer, 401, "unauthenticated")
    assert OURS.fullmatch(body["requestId"]) and body["requestId"] != given
    gateway.record(answer)


@pytest.mark.parametrize("given", ["a", "A.b_c-9", "a" * 64])
def test_threat_17_a_good_request_id_is_kept(gateway, given):
    assert problem(gateway.delete(token=None, headers={"X-Request-Id": given}), 401,
                   "unauthenticated")["requestId"] == given


def test_threat_17_our_own_ids_differ(gateway):
    assert len({gateway.delete(token=None).header("X-Request-Id") for _ in range(50)}) == 50


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_threat_18_other_origins(gateway, origin):
    """No answer invites another origin's page, the preflight's least of all."""
    ask = {"Origin": origin, "Access-Control-Request-Method": "DELETE",
           "Access-Control-Request-Headers": "authorization"}
    preflight = gateway.call("OPTIONS", PATH, headers=ask)
    assert preflight.status in (401, 405)
    for answer in (preflight, gateway.delete(token=None, headers={"Origin": origin})):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


# ---- 20: where calls go is not for sale ----

@pytest.mark.sends
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_threat_20_redirects_are_not_followed(gateway, upstream, status):
    elsewhere = Upstream()
    try:
        upstream.script(Reply(b"", status=status, headers=(("Location", elsewhere.url),)))
        problem(gateway.delete(), 502, "upstream-invalid-answer", outcome="unknown")
        upstream.seen(1)
        assert elsewhere.connections == 0
    finally:
        elsewhere.stop()


@pytest.mark.sends
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "169.254.169.254", "vpc.api.qcloud.com:443"])
def test_threat_20_the_callers_host_changes_nothing(gateway, upstream, host):
    assert gateway.delete(headers={"Host": host}).status == 202
    assert upstream.seen(1)[0].headers["host"] == "vpc.api.qcloud.com"


@pytest.mark.parametrize("name", ["url", "host", "endpoint", "upstream", "callback"])
def test_threat_20_no_field_names_a_host(gateway, name):
    problem(gateway.delete({"instanceIds": [INSTANCE], name: "http://169.254.169.254/"}), 400,
            "invalid-parameter")
