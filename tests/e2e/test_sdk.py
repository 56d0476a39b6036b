"""The SDKs' door: the vendor's protocol 3.0 on '/'.  What is refused, and that every answer is one that the vendor's
clients read properly: status 200, Content-Type application/json and nothing behind it, an Error with a RequestId."""

import gzip
import json
import urllib.parse

import pytest

from harness import vendor
from harness.expect import problem
from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN, bearer
from harness.upstream import HANG, HANG_UP, Reply
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY, VPC, stranger

OPEN = {"doors": {"sdk": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
REQUEST_ID = "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"
DONE = Reply({"Response": {"RequestId": REQUEST_ID}})
DETACH = {"VpcId": VPC, "InstanceIds": ["ins-df454d"]}
ALL = {"id": "all", "allow": ["network-console"], "actions": ["*"]}


def url3(upstream):
    return upstream.url.replace("/v2/index.php", "/")


@pytest.fixture
def door(upstream, start):
    def begin(*rules, top=OPEN, services=("vpc", "cvm"), then=DONE, clients=None, **options):
        upstream.script(then=then)
        document = {**POLICY, "rules": list(rules) or [ALL]}
        if clients:
            document["clients"] = {**document["clients"], **clients}
        return start(url3(upstream), generation=3, services=services, rules=document, top=top, **options)
    return begin


@pytest.fixture(scope="module")
def open_door(scripted, tmp_path_factory, reaper):
    from harness.gateway import Gateway, configure
    gateway = Gateway(configure(tmp_path_factory.mktemp("sdk"), url3(scripted), generation=3, services=("vpc", "cvm"),
                                rules={**POLICY, "rules": [ALL]}, top=OPEN))
    yield gateway
    reaper.ask(gateway)


def fields(action="DetachClassicLinkVpc", version="2017-03-12", token=TOKEN, secret_id="dummy", scope="vpc", **more):
    """What an SDK sends with a TC3 signature; None leaves a field out."""
    said = {"X-TC-Action": action, "X-TC-Version": version, "X-TC-Token": token, "X-TC-Timestamp": "1",
            "X-TC-Region": "ap-guangzhou", "Content-Type": "application/json",
            "Authorization": f"TC3-HMAC-SHA256 Credential={secret_id}/2026-11-27/{scope}/tc3_request, "
                             "SignedHeaders=content-type;host, Signature=00"}
    said.update({key.replace("_", "-"): value for key, value in more.items()})
    return {key: value for key, value in said.items() if value is not None}


def post(gateway, body=None, target="/", **said):
    data = json.dumps(DETACH if body is None else body).encode() if not isinstance(body, bytes) else body
    return gateway.call("POST", target, data, fields(**said))


def form(**params):
    return urllib.parse.urlencode({"Action": "DetachClassicLinkVpc", "Version": "2017-03-12", "Region": "ap-guangzhou",
                                   "SecretId": "dummy", "Token": TOKEN, "Nonce": "1", "Timestamp": "1",
                                   "SignatureMethod": "HmacSHA256", "Signature": "x", "VpcId": VPC,
                                   "InstanceIds.0": "ins-df454d", **params})


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def error(answer, code=None):
    """The error of a refusal, as every client of the vendor's reads it."""
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json"), answer
    response = answer.json()["Response"]
    assert set(response) == {"Error", "RequestId"} and set(response["Error"]) == {"Code", "Message"}
    assert response["RequestId"] and response["Error"]["Message"]
    assert code in (None, response["Error"]["Code"]), response
    return response["Error"]


# ---- off, and on ----

def test_the_door_is_closed_unless_it_is_opened(door, upstream):
    gateway = door(top={"doors": {"actions": True}, "definitions": OPEN["definitions"]})
    assert problem(post(gateway, token=None), 401, "unauthenticated")
    assert problem(gateway.call("POST", "/", b"{}", bearer(TOKEN)), 404, "no-such-route")
    assert upstream.count() == 0


def test_what_was_judged_is_signed_afresh(open_door, upstream):
    upstream.script(then=DONE)
    answer = post(open_door)
    assert answer.body == json.dumps({"Response": {"RequestId": REQUEST_ID}}).encode()
    received, = upstream.seen(1)
    assert json.loads(received.body) == DETACH and received.method == "POST"
    assert received.headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "vpc")
    assert TOKEN.encode() not in received.head
    record = open_door.record(answer)
    assert (record["door"], record["action"], record["status"]) == ("sdk", "DetachClassicLinkVpc", 202)
    assert record["params"] == {"vpcId": VPC, "instanceIds": "ins-df454d"}
    assert record["outcome"] == "executed"


def test_other_paths_and_methods_stay_what_they_are(open_door, upstream):
    upstream.script(then=DONE)
    assert problem(open_door.call("PUT", "/", b"{}", {**fields(), **bearer(TOKEN)}), 404, "no-such-route")
    assert problem(open_door.call("GET", "/", None, bearer(TOKEN)), 404, "no-such-route")
    # A proxy in front that lets only /vpcs through lets no action through.
    assert problem(open_door.call("POST", "/vpcs", b"{}", {**fields(), **bearer(TOKEN)}), 405, "method-not-allowed")
    assert upstream.count() == 0


def test_the_answer_of_the_cloud_is_passed_on_byte_for_byte(door, upstream):
    gateway = door(then=Reply(b'{ "Response" : {"Error":{"Code":"ResourceNotFound", "Message":"\\u4f60 1.0"},"RequestId":"r"}}\n'))
    answer = post(gateway)
    assert answer.body == b'{ "Response" : {"Error":{"Code":"ResourceNotFound", "Message":"\\u4f60 1.0"},"RequestId":"r"}}\n'
    assert answer.header("Content-Type") == "application/json" and answer.status == 200
    assert gateway.record(answer)["status"] == 404


# ---- which service ----

@pytest.mark.parametrize("host, scope, action, version, service", [
    ("cvm.gw.internal:8080", "127", "DescribeInstances", "2017-03-12", "cvm"),
    ("CVM.gw.internal", "vpc", "DescribeRegions", "2017-03-12", "cvm"),     # the name that is asked goes first
    ("127.0.0.1:8080", "cvm", "DescribeRegions", "2017-03-12", "cvm"),
    ("127.0.0.1", "127", "DescribeInstances", "2017-03-12", "cvm"),         # by version and action
    ("gw", "gw", "DescribeVpcs", "2017-03-12", "vpc"),
    ("http://vpc.gw.internal:8080/cs", "x", "DescribeVpcs", "2017-03-12", "vpc"),
    ("https://127.0.0.1", "x", "DescribeVpcs", "2017-03-12", "vpc"),
    ("127.0.0.1:8080/", "x", "DescribeVpcs", "2017-03-12", "vpc"),
])
def test_the_service(open_door, upstream, host, scope, action, version, service):
    upstream.script(then=DONE)
    assert post(open_door, {}, action=action, version=version, scope=scope, Host=host).body == DONE.wire().split(b"\r\n\r\n")[1]
    assert upstream.seen(1)[0].headers["host"] == f"{service}.tencentcloudapi.com"


@pytest.mark.parametrize("said, words", [
    ({"action": "DetachClassicLinkVpc", "scope": "cvm"}, "of cvm"),                     # of another service
    ({"action": "DescribeVpcs", "version": "2019-01-01"}, "no such action"),
    ({"action": "NoSuchAction"}, "of vpc"),
    ({"action": "AssociateSecurityGroups", "scope": "mariadb"}, "mariadb: the service has no upstream"),
    ({"action": "AssociateSecurityGroups", "scope": "x", "Host": "mariadb.gw.internal"}, "no upstream"),
    ({"action": "AssumeRole", "version": "2018-08-13", "scope": "sts"}, "of sts"),
])
def test_what_has_no_upstream(open_door, upstream, said, words):
    upstream.script(then=DONE)
    answer = post(open_door, {}, **said)
    assert words in error(answer, "UnsupportedOperation")["Message"]
    assert upstream.count() == 0 and open_door.record(answer)["status"] == 404


def test_two_services_with_the_same_action(door, upstream):
    gateway = door(services=("vpc", "cvm", "mariadb"))
    said = error(post(gateway, {}, action="AssociateSecurityGroups", scope="127"), "InvalidParameter")
    assert "cvm and mariadb" in said["Message"] and upstream.count() == 0


# ---- whose token ----

@pytest.mark.parametrize("said", [
    {"token": None, "secret_id": TOKEN}, {"token": TOKEN, "secret_id": TOKEN}, {"token": "", "secret_id": TOKEN},
    {"Authorization": "SKIP"}, {"Authorization": None},
], ids=["SecretId", "both", "an empty token", "SKIP", "no signature"])
def test_where_the_token_may_be(open_door, upstream, said):
    upstream.script(then=DONE)
    assert post(open_door, **said).json() == {"Response": {"RequestId": REQUEST_ID}}


@pytest.mark.parametrize("said, words", [
    ({"token": None}, "send a valid token as X-TC-Token"),
    ({"token": "wrong-token-0123456789"}, "send a valid token"),
    ({"token": EXPIRED}, "expired"),
    ({"secret_id": NOBODY}, "two tokens"),
    ({"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"}, "real key"),
    ({"token": None, "secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"}, "real key"),
    ({"secret_id": "IKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"}, "real key"),
    ({"Authorization": f"Bearer {TOKEN}"}, "X-TC-Token"),
    ({"Authorization": "Basic YTpi"}, "X-TC-Token"),
    ({"token": "with a blank"}, "send a valid token"),
])
def test_who_is_not_known(open_door, upstream, said, words):
    upstream.script(then=DONE)
    answer = post(open_door, **said)
    assert words in error(answer, "AuthFailure.TokenFailure")["Message"]
    assert upstream.count() == 0
    assert not any(secret in open_door.words() for secret in ("AKIDz8krbsJ5", "IKIDz8krbsJ5", "YTpi"))


def test_two_tokens_in_a_form(open_door, upstream):
    upstream.script(then=DONE)
    other = {**FORM, "X-TC-Token": NOBODY}
    assert "differs" in error(open_door.call("POST", "/", form().encode(), other), "InvalidParameter")["Message"]
    twice = form() + "&Token=" + NOBODY
    assert "differs" in error(open_door.call("GET", "/?" + twice), "InvalidParameter")["Message"]
    assert upstream.count() == 0


# ---- what is said, and how ----

BAD_REQUESTS = [
    ("/", b"{}", fields(action=None), "InvalidParameter", "the action is missing"),
    ("/", b"{}", fields(version=None), "InvalidParameter", "the version is missing"),
    ("/", b"{}", fields(version="latest"), "InvalidParameter", "the version"),
    ("/", b"{}", fields(action="Des cribe"), "InvalidParameter", "does not look like one"),
    ("/", b"[]", fields(), "InvalidParameter", "must be a JSON object"),
    ("/", b'{"VpcId": ', fields(), "InvalidParameter", "cannot be read as JSON"),
    ("/", b'{"VpcId": "a", "VpcId": "b"}', fields(), "InvalidParameter", "is there twice"),
    ("/", b'{"vpcId": "a"}', fields(), "InvalidParameter", "there is no vpcId in this action"),
    ("/", b'{"VpcId": "vpc-1"}', fields(), "InvalidParameter", "InstanceIds is missing"),
    ("/", b'{"VpcId": 1, "InstanceIds": ["ins-1"]}', fields(), "InvalidParameter", "VpcId must be a string"),
    ("/?Action=DeleteVpc", b"{}", fields(), "InvalidParameter", "none in the query"),
    ("/", form().encode(), fields(), "InvalidParameter", "cannot be read as JSON"),
    ("/", form().encode(), fields(Content_Type=FORM["Content-Type"]), "UnsupportedOperation", "application/json"),
    ("/", b'{"Action": "DetachClassicLinkVpc"}', FORM, "InvalidParameter", "the body is JSON"),
    ("/", b"--b\r\n", fields(Content_Type="multipart/form-data; boundary=b"), "UnsupportedOperation", "multipart"),
    ("/", json.dumps(DETACH).encode(), fields(Content_Type="application/octet-stream"), "UnsupportedOperation", "octet-stream"),
    ("/", json.dumps(DETACH).encode(), fields(Content_Type="text/plain"), "UnsupportedOperation", "application/json"),
    ("/", json.dumps(DETACH).encode(), fields(Content_Type=None), "UnsupportedOperation", "application/json"),
    ("/", gzip.compress(json.dumps(DETACH).encode()), fields(Content_Encoding="gzip"), "UnsupportedOperation", "Content-Encoding"),
    ("/", b'{"VpcId": "' + 70000 * b"x" + b'"}', fields(), "RequestSizeLimitExceeded", "65536"),
    ("/", b"{}", fields(X_TC_Region="ap nowhere"), "InvalidParameter", "region"),
    ("/", b"{}", fields(X_TC_Region="ap-nowhere"), "InvalidParameter", "region"),
    ("/", b"{}", fields(Authorization="TC3-HMAC-SHA256 Signature=1"), "InvalidParameter", "Credential"),
    ("/", b"{}", fields(Authorization="TC3-HMAC-SHA256 Credential=a/b"), "InvalidParameter", "Credential"),
    ("/", b"Action=DetachClassicLinkVpc&Version=2017-03-12&Token=%ZZ", FORM, "InvalidParameter", "%25"),
    ("/", form(VpcId="\0").encode(), FORM, "InvalidParameter", "NUL"),
]


@pytest.mark.parametrize("target, body, headers, code, words", BAD_REQUESTS, ids=range(len(BAD_REQUESTS)))
def test_bad_requests(open_door, upstream, target, body, headers, code, words):
    upstream.script(then=DONE)
    answer = open_door.call("POST", target, body, headers)
    assert words in error(answer, code)["Message"]
    assert upstream.count() == 0 and TOKEN not in open_door.words()


BAD_QUERIES = [
    (form() + "&VpcId=vpc-2", {}, "VpcId is there twice"),
    (form() + "&VpcId.0=vpc-2", {}, "VpcId is there twice"),
    (form(**{"InstanceIds.2": "ins-2"}), {}, "without a gap"),
    (form(**{"InstanceIds.01": "ins-2"}), {}, "without a gap"),
    (form(**{"InstanceIds[0]": "ins-2"}), {}, "is there twice"),
    (form(**{"InstanceIds[": "ins-2"}), {}, "does not look like one"),
    (form(**{"InstanceIds.0.Id": "ins-2"}), {}, "is there twice"),
    (form(**{"VpcId": ""}), {}, "is missing"),
    (form(**{"Nothing": "1"}), {}, "there is no Nothing in this action"),
    (form(**{".": "1"}), {}, "does not look like one"),
    (form(**{"a" * 2000: "1"}), {}, "does not look like one"),
    (form(**{".".join(["a"] * 40): "1"}), {}, "does not look like one"),
    ("VpcId=vpc-1&Action=DeleteVpc", fields(Content_Type=None), "X-TC-Action and Action disagree"),
    ("Action=DetachClassicLinkVpc&Version=2017-03-12", fields(Content_Type=None), "there is no Action in this action"),
]


@pytest.mark.parametrize("query, headers, words", BAD_QUERIES, ids=range(len(BAD_QUERIES)))
def test_bad_queries(open_door, upstream, query, headers, words):
    upstream.script(then=DONE)
    answer = open_door.call("GET", "/?" + query, None, headers)
    if words == "is missing":           # "" is a text: what the policy thinks of it is another matter
        error(answer)
    else:
        assert words in error(answer, "InvalidParameter")["Message"]
    assert upstream.count() == 0


def test_a_query_and_a_form_become_the_document(open_door, upstream):
    flat = {"Placement.Zone": "ap-guangzhou-3", "Placement.ProjectId": "0", "ImageId": "img-1", "DryRun": "True",
            "SystemDisk.DiskSize": "50", "DataDisks[0][DiskSize]": "100", "DataDisks[0][DeleteWithInstance]": "1",
            "TagSpecification.0.ResourceType": "instance", "TagSpecification.0.Tags.0.Key": "a.b",
            "TagSpecification.0.Tags.0.Value": 'é "=&1', **{f"SecurityGroupIds.{i}": f"sg-{i}" for i in range(12)}}
    wanted = {"Placement": {"Zone": "ap-guangzhou-3", "ProjectId": 0}, "ImageId": "img-1", "DryRun": True,
              "SystemDisk": {"DiskSize": 50}, "DataDisks": [{"DiskSize": 100, "DeleteWithInstance": True}],
              "TagSpecification": [{"ResourceType": "instance", "Tags": [{"Key": "a.b", "Value": 'é "=&1'}]}],
              "SecurityGroupIds": [f"sg-{i}" for i in range(12)]}
    common = {"Action": "RunInstances", "Version": "2017-03-12", "Token": TOKEN}
    text = urllib.parse.urlencode({**flat, **common})
    for method, target, body, headers in (("GET", "/?" + text, None, {}), ("POST", "/", text.encode(), FORM),
                                          ("GET", "/?" + urllib.parse.urlencode(flat), None,
                                           fields(action="RunInstances", scope="cvm", Content_Type=None))):
        upstream.script(then=DONE)
        assert open_door.call(method, target, body, headers).json() == {"Response": {"RequestId": REQUEST_ID}}
        assert json.loads(upstream.seen(1)[0].body) == wanted


def test_a_boolean_that_is_none(open_door, upstream):
    upstream.script(then=DONE)
    text = urllib.parse.urlencode({"Action": "RunInstances", "Version": "2017-03-12", "Token": TOKEN, "DryRun": "yes"})
    assert "DryRun must be true or false" in error(open_door.call("GET", "/?" + text), "InvalidParameter")["Message"]


def test_a_query_of_90_kilobytes(open_door, upstream):
    upstream.script(then=DONE)
    with open_door.wire() as wire:
        wire.send(b"GET /?" + form(VpcId="x" * 90000).encode() + b" HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = wire.read()
    assert "longer than" in error(answer, "RequestSizeLimitExceeded")["Message"]
    assert answer.header("Connection") == "close" and upstream.count() == 0


def test_a_header_that_is_too_large(open_door):
    answer = open_door.call("POST", "/", b"{}", fields(X_Filler="x" * 20000))
    error(answer, "RequestSizeLimitExceeded")


# ---- answers ----

def test_a_denial_names_the_rule(door, upstream):
    gateway = door(ALL, {"id": "never-bastion", "deny": ["*"], "actions": ["DetachClassicLinkVpc"],
                         "where": {"instanceIds": ["ins-bastion*"]}})
    answer = post(gateway, {"VpcId": VPC, "InstanceIds": ["ins-bastion1"]})
    assert "never-bastion" in error(answer, "UnauthorizedOperation")["Message"]
    record = gateway.record(answer)
    assert (record["status"], record["verdict"], record["rule"]) == (403, "deny", "never-bastion")
    assert answer.header("WWW-Authenticate") is None and upstream.count() == 0


@pytest.mark.parametrize("client, action, body, code", [
    ("SDK_GO_1.3.166", "DetachClassicLinkVpc", DETACH, "RequestLimitExceeded"),
    ("SDK_PYTHON_3.1.162", "DescribeVpcs", {}, "RequestLimitExceeded"),
    ("SDK_PYTHON_3.1.162; _CLI_3.1", "DetachClassicLinkVpc", DETACH, "LimitExceeded"),
])
def test_a_rate_is_told_so_that_no_change_is_repeated(door, upstream, client, action, body, code):
    """Python's retryer sends again after RequestLimitExceeded, and once more after a success."""
    gateway = door(clients={"network-console": {"tokens": [("2026-11", TOKEN, "2035-12-31")], "rate": "1/h burst 1"}})
    assert "Error" not in post(gateway, body, action=action).json()["Response"]
    answer = post(gateway, body, action=action, X_TC_RequestClient=client)
    error(answer, code)
    assert gateway.record(answer)["status"] == 429 and upstream.count() == 1


@pytest.mark.parametrize("reply, code", [
    (HANG_UP, "InternalError.OutcomeUnknown"),
    (Reply(b"<html>", status=502), "InternalError.OutcomeUnknown"),
    (Reply({"Response": {"Error": {"Code": "FailedOperation.TaskFailed", "Message": "?"}, "RequestId": "r"}}),
     "InternalError.OutcomeUnknown"),
    (Reply({"Response": {"Error": {"Code": "InternalError", "Message": "?"}, "RequestId": "r"}}), "InternalError"),
    (Reply({"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": "?"}, "RequestId": "r"}}), "InternalError"),
])
def test_what_became_of_a_change_is_told(door, upstream, reply, code):
    """No code that makes Terraform or Go repeat it."""
    gateway = door(then=reply)
    answer = post(gateway)
    error(answer, code)
    assert gateway.record(answer)["outcome"] == ("not-executed" if "AuthFailure" in str(reply.body) else "unknown")
    assert upstream.count() == 1


def test_an_upstream_that_is_away(door, upstream):
    gateway = door(then=HANG, timeout="200ms")
    answer = post(gateway, {}, action="DescribeVpcs")
    error(answer, "InternalError")
    assert gateway.record(answer)["status"] == 504


def test_who_am_i_is_answered_here(open_door, upstream):
    upstream.script(then=DONE)
    answer = post(open_door, {}, action="GetCallerIdentity", version="2018-08-13", scope="sts", Host="sts.gw.internal")
    told = answer.json()["Response"]
    assert told["UserId"] == "network-console" and told["PrincipalId"] == "2026-11" and told["RequestId"]
    assert set(told) == {"Type", "Arn", "AccountId", "UserId", "PrincipalId", "RequestId"}
    error(post(open_door, {}, action="GetCallerIdentity", version="2018-08-13", token="wrong-token"), "AuthFailure.TokenFailure")
    assert upstream.count() == 0


# ---- names ----

def test_a_name_that_is_not_ours(door, upstream):
    gateway = door(top={**OPEN, "browsers": {"hosts": ["gw.internal", "vpc.gw.internal"]}})
    for host in ("http://vpc.gw.internal:8080/cs", "vpc.gw.internal", "gw.internal:1/x", "http://127.0.0.1:8080"):
        assert "Error" not in post(gateway, Host=host).json()["Response"]
    for host in ("http://evil.example/gw.internal", "evil.example/gw.internal"):
        answer = post(gateway, Host=host)
        error(answer, "UnsupportedOperation")
        assert gateway.record(answer)["status"] == 421


def test_other_doors_take_no_loose_host(open_door):
    for host in ("http://127.0.0.1", "127.0.0.1/x"):
        answer = open_door.call("GET", "/vpcs", headers={**bearer(TOKEN), "Host": host})
        assert problem(answer, 400, "malformed-request")
        answer = open_door.call("GET", "/healthz", headers={"Host": host}, port=open_door.admin)
        assert answer.status == 400


@pytest.mark.parametrize("host", ["http://", "http:///x", "ftp://h", "http://u@h", "h i/x", "http://h:x/", "/x"])
def test_a_host_that_is_none(open_door, host):
    with open_door.wire() as wire:
        wire.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nX-TC-Action: DescribeVpcs\r\nContent-Length: 0\r\n\r\n".encode())
        error(wire.read(), "InvalidParameter")


# ---- API 2.0's protocol ----

OLDER = {"Action": "DetachClassicLinkVpc", "Nonce": "1", "Timestamp": "1", "SecretId": TOKEN, "Signature": "x", "Region": "gz",
         "vpcId": VPC, "instanceIds.0": "ins-df454d"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_older_protocol_is_refused_in_its_own_form(open_door, upstream, method):
    """Its clients read code, message and codeDesc; nothing is sent, whoever asks."""
    text = urllib.parse.urlencode(OLDER)
    answer = open_door.call(method, "/v2/index.php" + ("?" + text if method == "GET" else ""), text if method == "POST" else None,
                            {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}, source=stranger())
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert answer.json() == {"code": 4000, "codeDesc": "InvalidParameter", "requestId": answer.header("X-Request-Id"),
                             "message": "API 2.0 is not taken here: ask by API 3.0, with its Version, or by a route"}
    assert upstream.count() == 0 and open_door.record(answer)["status"] == 400
    assert TOKEN not in json.dumps(open_door.record(answer))


def test_the_newer_protocol_at_the_older_path(open_door, upstream):
    """An endpoint with a path: it is one of API 3.0 as soon as it says a version."""
    upstream.script(then=DONE)
    assert post(open_door, target="/v2/index.php").json()["Response"] == {"RequestId": REQUEST_ID}
    text = urllib.parse.urlencode({"Action": "DescribeVpcs", "Version": "2017-03-12", "Token": TOKEN, "SecretId": "unused"})
    assert "Error" not in open_door.call("GET", f"/v2/index.php?{text}").json()["Response"]


def test_the_older_path_is_nobodys_without_the_door(door, upstream):
    gateway = door(top={})
    problem(gateway.call("GET", "/v2/index.php?Action=DescribeVpcs", headers=bearer()), 404, "no-such-route")
