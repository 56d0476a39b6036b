"""POST /actions/{service}/{Action}: any action, by the cloud's own document, judged and signed."""

import hashlib
import json
import re

import pytest

from harness import vendor
from harness.expect import problem
from harness.gateway import POLICY, TOKEN, bearer
from harness.process import run
from harness.upstream import Reply
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY, VPC

DEFINITIONS = str(REPOSITORY / "config/definitions/data")
OPEN = {"doors": {"actions": True}, "definitions": DEFINITIONS}
REQUEST_ID = "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"
GOOD = Reply({"Response": {"RequestId": REQUEST_ID}})
CREATE = "/actions/vpc/CreateSecurityGroupPolicies"
GROUP = {"SecurityGroupId": "sg-1"}
JSON = {"Content-Type": "application/json"}


def url3(upstream):
    return upstream.url.replace("/v2/index.php", "/")


def policy(*rules):
    return {**POLICY, "rules": [{"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)]}


def allow(*actions, **more):
    return {"allow": ["network-console"], "actions": list(actions), **more}


def deny(*actions, **more):
    return {"deny": ["network-console"], "actions": list(actions), **more}


def ingress(*items):
    return {**GROUP, "SecurityGroupPolicySet": {"Ingress": list(items)}}


@pytest.fixture
def door(upstream, start):
    def begin(*rules, top=OPEN, services=("vpc", "cvm"), **options):
        upstream.script(then=GOOD)
        return start(url3(upstream), generation=3, services=services, rules=policy(*rules), top=top, **options)
    return begin


def post(gateway, path, body=None, token=TOKEN):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return gateway.call("POST", path, data, bearer(token, JSON))


# ---- what goes out ----

@pytest.mark.parametrize("body, wire", [
    (b'{ "SecurityGroupId" : "sg-1",\n "SecurityGroupPolicySet": {"Ingress": [ {"Port": "80", "CidrBlock":"10.0.0.0/8"} ]}}',
     b'{"SecurityGroupId":"sg-1","SecurityGroupPolicySet":{"Ingress":[{"Port":"80","CidrBlock":"10.0.0.0/8"}]}}'),
    (b'{"SecurityGroupPolicySet":{"Version":"\\u0031\\u00e9"},"SecurityGroupId":"\\u4f60\xe4\xbd\xa0"}',
     b'{"SecurityGroupPolicySet":{"Version":"\\u0031\\u00e9"},"SecurityGroupId":"\\u4f60\xe4\xbd\xa0"}'),
    (b'{"Security\\u0047roupId":"a&b=c","SecurityGroupPolicySet":{}}', b'{"SecurityGroupId":"a&b=c","SecurityGroupPolicySet":{}}'),
], ids=["blanks go", "texts stay", "names are plain"])
def test_what_was_judged_is_what_is_signed(door, upstream, body, wire):
    gateway = door(allow("vpc:CreateSecurityGroupPolicies"))
    answer = post(gateway, CREATE, body)
    assert answer.status == 200 and answer.body == json.dumps({"RequestId": REQUEST_ID}).encode()
    received, = upstream.seen(1)
    assert received.body == wire and (received.method, received.target) == ("POST", "/")
    assert received.headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "vpc")
    assert received.headers["x-tc-action"] == "CreateSecurityGroupPolicies"
    assert received.headers["x-tc-version"] == "2017-03-12" and received.headers["x-tc-region"] == "ap-guangzhou"


def test_numbers_keep_their_digits(door, upstream):
    gateway = door(allow("cvm:*"))
    body = b'{"InstanceCount":0003}'
    problem(post(gateway, "/actions/cvm/RunInstances", body), 400, "invalid-parameter")
    body = b'{"Placement":{"Zone":"z","ProjectId":-0},"InstanceCount":9007199254740993}'
    assert post(gateway, RUN + "?region=ap-shanghai", body).status == 200
    assert upstream.seen(1)[0].body == body and upstream.seen(1)[0].headers["x-tc-region"] == "ap-shanghai"


NUMBERS = {200: ("0", "1", "-1", "-0", "9223372036854775807", "-9223372036854775808"),
           400: ("9223372036854775808", "-9223372036854775809", "1.0", "1e2", "1E400", "1.", ".5", "01", "+1", "--1", "0x10",
                 "1_000", "NaN", "-Infinity", '"1"', "true", "null", "[1]", "9" * 5000)}


def test_numbers_of_every_shape(door, upstream):
    gateway = door(allow("cvm:*"))
    for status, shapes in NUMBERS.items():
        for shape in shapes:
            body = b'{"Placement":{"Zone":"z"},"InstanceCount":%s}' % shape.encode()
            assert post(gateway, RUN, body).status == status, shape
    assert [received.body.split(b":")[-1][:-1].decode() for received in upstream.seen(6)] == list(NUMBERS[200])


def test_nothing_is_open_by_itself(door, upstream):
    gateway = door(allow("*"), top={})
    for method, path in (("POST", CREATE), ("GET", "/actions/vpc"), ("GET", CREATE)):
        assert gateway.call(method, path, None, bearer()).status == 404
    assert upstream.seen(0) == []


def test_without_a_token_nobody_learns_which_actions_there_are(door):
    gateway = door(allow("vpc:*"))
    for path in (CREATE, "/actions/vpc/NoSuchAction", "/actions/nosuch/X"):
        assert gateway.call("POST", path).status == 401


@pytest.mark.parametrize("method, path, status", [
    ("POST", "/actions/vpc/NoSuchAction", 404), ("POST", "/actions/nosuch/DescribeVpcs", 404),
    ("POST", "/actions/vpc", 405), ("PUT", CREATE, 405), ("POST", CREATE + "/", 404), ("POST", "/actions", 404),
    ("POST", CREATE + "?version=2016-01-01", 404), ("POST", "/actions/VPC/DescribeVpcs", 404),
    ("POST", "/actions/vpc/describeVpcs", 404),
])
def test_what_is_not_there(door, upstream, method, path, status):
    gateway = door(allow("vpc:*"))
    answer = gateway.call(method, path, None, bearer())
    assert answer.status == status
    if status == 405:
        allowed = answer.header("Allow")
        assert ("POST" in allowed) == (path == CREATE) and "GET" in allowed
    assert upstream.seen(0) == []


# ---- what is refused ----

def nested(levels):
    value = {}
    for _ in range(levels):
        value = {"SecurityGroupPolicySet": value}
    return value


BAD = [
    (ingress({"Port": 80}), "SecurityGroupPolicySet.Ingress[0].Port must be a string"),
    (ingress({}, {"Prot": "x"}), "there is no SecurityGroupPolicySet.Ingress[1].Prot in this action"),
    (GROUP, "SecurityGroupPolicySet is missing"),
    ({**GROUP, "SecurityGroupPolicySet": []}, "SecurityGroupPolicySet must be an object"),
    ({**GROUP, "SecurityGroupPolicySet": {"Ingress": {}}}, "SecurityGroupPolicySet.Ingress must be an array"),
    ({**GROUP, "SecurityGroupPolicySet": None}, "SecurityGroupPolicySet must be an object"),
    (ingress(None), "SecurityGroupPolicySet.Ingress[0] must be an object"),
    (ingress({"PolicyIndex": 1.5}), "SecurityGroupPolicySet.Ingress[0].PolicyIndex must be a whole number"),
    (ingress({"PolicyIndex": "1"}), "SecurityGroupPolicySet.Ingress[0].PolicyIndex must be a whole number"),
    (ingress({"PolicyIndex": True}), "SecurityGroupPolicySet.Ingress[0].PolicyIndex must be a whole number"),
    (ingress({"PolicyIndex": 2 ** 63}), "SecurityGroupPolicySet.Ingress[0].PolicyIndex must be a whole number"),
    (ingress(*[{}] * 10000), "SecurityGroupPolicySet.Ingress may have at most 5000 items"),
    ({**GROUP, "SecurityGroupPolicySet": {"PolicyStatistics": {}}},
     "SecurityGroupPolicySet.PolicyStatistics.IngressIPv4TotalCount is missing"),
    ({**GROUP, "SecurityGroupPolicySet": {}, "Region": "ap-beijing"}, "there is no Region in this action"),
    ({**GROUP, "SecurityGroupPolicySet": {}, "not a name!": 1}, "has a member that does not look like one"),
    ([], "the body must be a JSON object"),
    (b'{"SecurityGroupId":"a","SecurityGroupId":"b","SecurityGroupPolicySet":{}}', "SecurityGroupId is there twice"),
    (b'{"SecurityGroupId":"a","SecurityGroup\\u0049d":"b","SecurityGroupPolicySet":{}}', "SecurityGroupId is there twice"),
    (b'{"SecurityGroupId":"a","SecurityGroupPolicySet":{"Ingress":[{"Port":"1","Port":"1"}]}}',
     "SecurityGroupPolicySet.Ingress[0].Port is there twice"),
    (b'{"SecurityGroupId":"a\\u0000","SecurityGroupPolicySet":{}}', "SecurityGroupId holds U+0000"),
    (b'{"SecurityGroupId":"\\ud800","SecurityGroupPolicySet":{}}', "SecurityGroupId holds U+0000 or half"),
    (b'{"SecurityGroupId":"\\ud800\\u0041","SecurityGroupPolicySet":{}}', "SecurityGroupId holds U+0000 or half"),
    (b'{"SecurityGroupId":"\\udc00\\ud800","SecurityGroupPolicySet":{}}', "SecurityGroupId holds U+0000 or half"),
    (b'{"SecurityGroupId":"a"', "the body cannot be read as JSON"),
    (b"[" * 40 + b"]" * 40, "the body cannot be read as JSON"),
]


@pytest.mark.parametrize("body, detail", BAD, ids=[f"{number}" for number in range(len(BAD))])
def test_a_wrong_document_is_refused_with_its_place(door, upstream, body, detail):
    gateway = door(allow("*"))
    for path in (CREATE, CREATE + "?version=2017-03-12"):
        found = problem(post(gateway, path, body), 400, "invalid-parameter")
        assert detail in found["detail"]
    assert upstream.seen(0) == []


def test_a_secret_in_the_wrong_place_is_not_repeated(door):
    gateway = door(allow("*"))
    for secret in ("A" * 70, SECRET_ID, SECRET_KEY):
        answer = post(gateway, CREATE, {**GROUP, secret: 1})
        assert answer.status == 400 and secret not in answer.body.decode()
        assert secret not in json.dumps(gateway.record(answer))


def test_the_query_has_nothing_else(door):
    gateway = door(allow("*"))
    body = ingress()
    problem(post(gateway, CREATE + "?Port=80", body), 400, "invalid-parameter")
    problem(post(gateway, CREATE + "?region=nowhere", body), 400, "invalid-parameter")
    problem(post(gateway, CREATE + "?region=ap-beijing&region=gz", body), 400, "invalid-parameter")
    for other in ("2017-03-12", "2016-01-01", ""):
        found = problem(post(gateway, f"{CREATE}?version=2017-03-12&version={other}", body), 400, "invalid-parameter")
        assert found["detail"] == "version is given more than once"


# ---- what the policy says ----

CIDR = "SecurityGroupPolicySet.Ingress.CidrBlock"
INSIDE, OUTSIDE = {"CidrBlock": "10.1.0.0/16"}, {"CidrBlock": "0.0.0.0/0"}
RUN = "/actions/cvm/RunInstances"
RUNS = {"Placement": {"Zone": "ap-guangzhou-1"}, "ImageId": "img-1"}
WITHIN = {CIDR: {"cidr_within": ["10.0.0.0/8"]}}
VERDICTS = [
    # an allow needs every value of all lists
    ([allow("vpc:Create*", where={CIDR: ["10.1.0.0/16"]})], CREATE, ingress(INSIDE, INSIDE), True),
    ([allow("vpc:Create*", where={CIDR: ["10.1.0.0/16"]})], CREATE, ingress(INSIDE, OUTSIDE), False),
    ([allow("vpc:Create*", where={CIDR: ["*"]})], CREATE, ingress(INSIDE, {"Ipv6CidrBlock": "::/0"}), False),
    ([allow("vpc:Create*", where={CIDR: ["*"]})], CREATE, ingress(), False),
    ([allow("vpc:Create*", where=WITHIN)], CREATE, ingress(INSIDE, {"CidrBlock": "10.0.0.1"}), True),
    ([allow("vpc:Create*", where=WITHIN)], CREATE, ingress(OUTSIDE), False),
    ([allow("vpc:Create*", where=WITHIN)], CREATE, ingress({"CidrBlock": "8.0.0.0/6"}), False),
    ([allow("vpc:Create*", where=WITHIN)], CREATE, ingress({"CidrBlock": "10.0.0.1/8"}), False),
    ([allow("vpc:Create*", where=WITHIN)], CREATE, ingress({"CidrBlock": "10.0.0.0/8 "}), False),
    # a deny needs one
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: ["0.0.0.0/0"]})], CREATE, ingress(INSIDE, OUTSIDE), False),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: ["0.0.0.0/0"]})], CREATE, ingress(INSIDE), True),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: ["0.0.0.0/0"]})], CREATE, ingress({}), True),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: ["0.0.0.0/0"]}, strict=True)], CREATE, ingress(INSIDE, {}), False),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: ["0.0.0.0/0"]}, strict=True)], CREATE, ingress(INSIDE), True),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: {"absent": True}})], CREATE, ingress(INSIDE, {}), False),
    ([allow("vpc:*"), deny("vpc:Create*", where={CIDR: {"absent": True}})], CREATE, ingress(INSIDE), True),
    ([allow("vpc:*"), deny("vpc:Create*", where=WITHIN)], CREATE, ingress({"CidrBlock": "not one"}), False),
    ([allow("vpc:*"), deny("vpc:Create*", where=WITHIN)], CREATE, ingress(OUTSIDE), True),
    # absent
    ([allow("vpc:*", where={"SecurityGroupPolicySet.Egress": {"absent": True}})], CREATE, ingress(INSIDE), True),
    ([allow("vpc:*", where={"SecurityGroupPolicySet.Egress": {"absent": True}})], CREATE,
     {**GROUP, "SecurityGroupPolicySet": {"Egress": []}}, False),
    # numbers
    ([allow("cvm:RunInstances", where={"InstanceCount": {"max": 5}})], RUN, {**RUNS, "InstanceCount": 5}, True),
    ([allow("cvm:RunInstances", where={"InstanceCount": {"max": 5}})], RUN, {**RUNS, "InstanceCount": 6}, False),
    ([allow("cvm:RunInstances", where={"InstanceCount": {"max": 5}})], RUN, RUNS, False),
    ([allow("cvm:RunInstances", where={"InstanceCount": {"min": 2, "max": 5}})], RUN, {**RUNS, "InstanceCount": 1}, False),
    ([allow("cvm:*"), deny("cvm:RunInstances", where={"InstanceCount": {"min": 6}})], RUN, {**RUNS, "InstanceCount": 6}, False),
    ([allow("cvm:*"), deny("cvm:RunInstances", where={"InstanceCount": {"min": 6}})], RUN, {**RUNS, "InstanceCount": 5}, True),
    ([allow("cvm:*"), deny("cvm:RunInstances", where={"InstanceCount": ["6"]})], RUN, b'{"Placement":{"Zone":"z"},"InstanceCount":6}', False),
    # names of actions and services
    ([allow("cvm:*")], CREATE, ingress(), False),
    ([allow("v*:Create*")], CREATE, ingress(), True),
    ([allow("CreateSecurityGroupPolicies")], CREATE, ingress(), True),
    ([allow("*"), deny("vpc:*")], CREATE, ingress(), False),
    ([allow("*"), deny("cvm:*")], CREATE, ingress(), True),
    # effects
    ([allow("*", effects=["read"])], CREATE, ingress(), False),
    ([allow("*", effects=["read"])], "/actions/cvm/DescribeZones", {}, True),
    ([allow("cvm:*")], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, False),
    ([allow("cvm:Describe*")], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, False),
    ([allow("cvm:DescribeInstanceVncUrl")], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, True),
    ([allow("cvm:*", effects=["secret"])], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, True),
    ([allow("cvm:*", effects=["read"])], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, False),
    ([allow("cvm:DescribeInstanceVncUrl"), deny("cvm:Describe*")], "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}, False),
    # an action that has a route is judged by the route's names
    ([allow("DetachClassicLinkVpc", where={"vpcId": [VPC]})], "/actions/vpc/DetachClassicLinkVpc",
     {"VpcId": VPC, "InstanceIds": ["ins-1"]}, True),
    ([allow("DetachClassicLinkVpc", where={"vpcId": [VPC]})], "/actions/vpc/DetachClassicLinkVpc",
     {"VpcId": "vpc-other", "InstanceIds": ["ins-1"]}, False),
    ([allow("*"), deny("*", where={"instanceIds": ["ins-bastion*"]})], "/actions/vpc/DetachClassicLinkVpc",
     {"VpcId": VPC, "InstanceIds": ["ins-1", "ins-bastion1"]}, False),
    ([allow("*"), deny("vpc:DescribeClassicLinkInstances", where={"vpcId": [VPC]})], "/actions/vpc/DescribeClassicLinkInstances",
     {"Filters": [{"Name": "vm-ip", "Values": ["10.0.0.1"]}, {"Name": "vpc-id", "Values": ["vpc-x", VPC]}]}, False),
    ([allow("*"), deny("vpc:DescribeClassicLinkInstances", where={"vpcId": [VPC]})], "/actions/vpc/DescribeClassicLinkInstances",
     {"Filters": [{"Name": "VPC-ID", "Values": [VPC]}]}, False),
    ([allow("*"), deny("vpc:DescribeClassicLinkInstances", where={"vpcId": [VPC]})], "/actions/vpc/DescribeClassicLinkInstances",
     {"Filters": [{"Name": "vpc-id", "Values": ["vpc-x"]}]}, True),
    # a filter that is there twice, once with nothing: nobody knows which of them the cloud takes
    ([allow("vpc:DescribeClassicLinkInstances", where={"vpcId": [VPC]})], "/actions/vpc/DescribeClassicLinkInstances",
     {"Filters": [{"Name": "vpc-id", "Values": [VPC]}, {"Name": "vpc-id", "Values": [VPC]}]}, True),
    *(([allow("vpc:DescribeClassicLinkInstances", where={"vpcId": [VPC]})], "/actions/vpc/DescribeClassicLinkInstances",
       {"Filters": [{"Name": "vpc-id", "Values": values} for values in both]}, False) for both in ([[VPC], []], [[], [VPC]])),
    # what is empty is left out, also beside what is not
    *(([allow("vpc:*"), deny("vpc:Create*", where={CIDR: asked}, **more)], CREATE, ingress(*items), False)
      for asked, more in (({"absent": True}, {}), (["0.0.0.0/0"], {"strict": True}))
      for items in ([{"CidrBlock": ""}], [INSIDE, {"CidrBlock": ""}], [{"CidrBlock": ""}, INSIDE])),
    # and a rule about vpcId is about VpcId where there is no route
    ([allow("*"), deny("*", where={"vpcId": ["vpc-prod*"]})], "/actions/vpc/DeleteVpc", {"VpcId": "vpc-prod1"}, False),
    ([allow("*"), deny("*", where={"vpcId": ["vpc-prod*"]})], "/actions/vpc/DeleteVpc", {"VpcId": "vpc-dev1"}, True),
]


@pytest.mark.parametrize("rules, path, body, allowed", VERDICTS, ids=[str(number) for number in range(len(VERDICTS))])
def test_verdicts(door, upstream, rules, path, body, allowed):
    gateway = door(*rules)
    answer = post(gateway, path, body)
    assert answer.status in ((200, 202) if allowed else (403,)), answer.body
    assert len(upstream.seen(1 if allowed else 0)) == allowed


@pytest.mark.parametrize("address", ["010.0.0.1", "0x0a.0.0.1", "10.1", " 10.0.0.1"])
def test_one_thing_has_one_spelling_through_every_door(door, upstream, address):
    gateway = door(allow("*"), deny("vpc:DescribeClassicLinkInstances", where={"lanIp": ["10.0.0.1"]}))
    body = {"Filters": [{"Name": "vm-ip", "Values": [address]}]}
    assert post(gateway, "/actions/vpc/DescribeClassicLinkInstances", body).status in (400, 403)
    assert upstream.seen(0) == []


def test_the_operator_knows_better(door):
    rules = [allow("cvm:Describe*")]
    top = {**OPEN, "effects": {"cvm:DescribeInstanceVncUrl": "read", "cvm:DescribeZones": "secret"}}
    gateway = door(*rules, top=top)
    assert post(gateway, "/actions/cvm/DescribeInstanceVncUrl", {"InstanceId": "ins-1"}).status == 200
    assert post(gateway, "/actions/cvm/DescribeZones", {}).status == 403


# ---- what is recorded ----

def test_records_have_what_rules_name_and_the_hash_of_the_rest(door, upstream, tmp_path):
    audit = tmp_path / "audit"
    gateway = door(allow("vpc:Create*", where={CIDR: ["*"]}), allow("cvm:ResetInstancesPassword", where={"Password": ["*"]}),
                   top={**OPEN, "audit": {"file": str(audit)}})
    answer = post(gateway, CREATE, ingress({"CidrBlock": "10.0.0.0/8", "PolicyDescription": "nobody's business"}, INSIDE))
    assert answer.status == 200
    record = gateway.record(answer)
    sent = upstream.seen(1)[0].body
    expected = {"service": "vpc", "action": "CreateSecurityGroupPolicies", "route": "/actions/{service}/{Action}",
                "params": {CIDR: ["10.0.0.0/8", "10.1.0.0/16"]}, "verdict": "allow", "rule": "rule-0",
                "document": {"others": 2, "bytes": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}}
    assert {key: record[key] for key in expected} == expected
    intent = json.loads(audit.read_text().splitlines()[-2])
    assert intent["document"] == expected["document"] and intent["params"] == expected["params"]
    answer = post(gateway, "/actions/cvm/ResetInstancesPassword", {"InstanceIds": ["ins-1"], "Password": "hush-hush"})
    assert answer.status == 200 and gateway.record(answer)["params"] == {"Password": "withheld"}
    assert "hush-hush" not in audit.read_text() and "nobody's" not in audit.read_text()


# ---- what a token may call ----

def test_a_service_and_its_schemas(door):
    gateway = door(allow("vpc:Describe*"), allow("cvm:RunInstances"), deny("vpc:DescribeVpnConn*"))
    found = gateway.get("/actions/vpc").json()
    names = {one["action"]: one["effect"] for one in found["actions"]}
    assert names["DescribeVpcs"] == "read" and "DeleteVpc" not in names and "DescribeVpnConnections" not in names
    assert set(names.values()) == {"read"}
    assert [one["action"] for one in gateway.get("/actions/cvm").json()["actions"]] == ["RunInstances"]
    schema = gateway.get("/actions/cvm/RunInstances").json()
    assert schema["effect"] == "change" and schema["version"] == "2017-03-12"
    assert gateway.call("GET", "/actions/vpc/DeleteVpc", None, bearer()).status == 403
    assert gateway.call("GET", "/actions/tke", None, bearer()).status == 404
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(schema["request"]).validate({**RUNS, "InstanceCount": 1})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema["request"]).validate({**RUNS, "InstanceCount": "1"})


# ---- the configuration ----

@pytest.mark.parametrize("rule, message", [
    (allow("vpc:CreateVpc", where={"NoSuch.Path": ["x"]}), "none of the rule's actions has a parameter 'NoSuch.Path'"),
    (allow("vpc:CreateSecurityGroupPolicies", where={"SecurityGroupPolicySet": ["x"]}), "is an object: name a member of it"),
    (allow("vpc:CreateVpc", where={"CidrBlock": {"min": 5, "max": 4}}), "min is more than max"),
    (allow("vpc:CreateVpc", where={"CidrBlock": {"min": "five"}}), "min must be a number"),
    (allow("vpc:CreateVpc", where={"CidrBlock": {}}), "say one of"),
    (allow("vpc:CreateVpc", where={"CidrBlock": {"max": 1, "absent": True}}), "say one of"),
    (allow("vpc:CreateVpc", where={"CidrBlock": {"cidr_within": ["10.0.0.1/8"]}}), ""),
    (allow("vpc:CreateVpc", where={"CidrBlock": {"within": ["10.0.0.0/8"]}}), "has no key 'within'"),
    (allow("vpc:CreateVpc", where={"region": {"max": 5}}), "a region is a name"),
    (allow("vpc:CreateVpc", effects=["reads"]), "effects must list read, change or secret"),
])
def test_a_rule_that_is_wrong_is_told(tmp_path, rule, message):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=policy(rule), top=OPEN)
    done = run("check", "-c", str(file))
    assert done.returncode == 78 and message in done.stderr, done.stderr


TWO = "the action 'DescribeImages' is in two services, cvm and tke: say cvm:DescribeImages, or both"


@pytest.mark.parametrize("rule", [allow("cvm:RunInstances", "DescribeImages"), deny("DescribeImages")], ids=["allow", "deny"])
def test_a_name_that_is_in_two_services_has_an_error_with_its_place(tmp_path, rule):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("vpc", "cvm", "tke"),
                     rules=policy(allow("vpc:*"), rule), top=OPEN)
    for command in ("check", "serve"):
        done = run(command, "-c", str(file))
        place = re.search(r"policy\.yaml:(\d+):(\d+): " + re.escape(TWO), done.stderr)
        assert done.returncode == 78 and place, done.stderr
        line = (tmp_path / "policy.yaml").read_text().splitlines()[int(place[1]) - 1]
        assert line[int(place[2]) - 1:].startswith('"DescribeImages"')


@pytest.mark.parametrize("services, action", [
    (("cvm", "tke"), "cvm:DescribeImages"), (("cvm", "tke"), "*:DescribeImages"), (("cvm", "tke"), "DescribeImage*"),
    (("vpc", "cvm"), "DescribeImages"),             # the other service has no upstream
    (("vpc", "tke"), "DescribeClusterInstances"),   # two versions of one service
])
def test_a_name_of_one_service_or_with_a_star_is_good(tmp_path, services, action):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=services, rules=policy(allow(action)), top=OPEN)
    done = run("check", "-c", str(file))
    assert done.returncode == 0 and "two services" not in done.stdout + done.stderr, done.stderr


@pytest.mark.parametrize("spoil, message", [
    (lambda text: text[:-30], "it is cut"),
    (lambda text: text.replace("service vpc", "service cvm"), "is of the service 'cvm'"),
    (lambda text: "{}", "it does not begin with the line"),
])
def test_definitions_that_are_bad_are_told(tmp_path, spoil, message):
    from harness.gateway import configure
    text = (REPOSITORY / "config/definitions/data/vpc-20170312.txt").read_text()
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "vpc-20170312.txt").write_text(spoil(text))
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=policy(allow("*")),
                     top={**OPEN, "definitions": str(folder)})
    done = run("check", "-c", str(file))
    assert done.returncode == 78 and message in done.stderr, done.stderr


@pytest.mark.parametrize("top, options, told", [
    ({"definitions": "nowhere"}, {}, "nowhere: No such file or directory"),
    ({"definitions": "nowhere", "doors": {"sdk": True}}, {}, "nowhere: No such file or directory"),
])
def test_a_folder_of_definitions_that_is_not_there(tmp_path, top, options, told):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=policy(allow("*")), top={**OPEN, **top}, **options)
    done = run("check", "-c", str(file))
    assert done.returncode == 78 and told in done.stderr, done.stderr


@pytest.mark.parametrize("services, options, told", [
    (("vpc", "zoo"), {"generation": 3}, "no action of 'zoo' can be called by its document: there are no definitions of it "
     "(import them (countersign definitions import))"),
    (("vpc",), {}, "no action of 'vpc' can be called by its document: documents are of API 3.0 (say generation: 3)"),
], ids=["none", "older API"])
def test_check_tells_which_upstreams_take_no_documents(tmp_path, services, options, told):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", services=services, rules=policy(allow("*")), top=OPEN, **options)
    done = run("check", "-c", str(file))
    assert done.returncode == 0 and f"suggestion: {told}" in done.stderr, done.stderr


def test_check_tells_which_effects_are_of_nothing(tmp_path):
    """Of an action that has a route the route says it; the others are not there, or their service has no upstream."""
    from harness.gateway import configure
    effects = {"vpc:DescribeNatGateways": "secret", "vpc:DescribeVpcs": "secret", "vpc:DescribeVpc": "secret",
               "cvm:DescribeInstances": "change"}
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=policy(allow("*")), top={**OPEN, "effects": effects})
    done = run("check", "-c", str(file))
    assert done.returncode == 0
    assert re.findall(r"security warning: no action '(\S+)' of an upstream has its effect from the definitions", done.stderr) == [
        "vpc:DescribeVpcs", "vpc:DescribeVpc", "cvm:DescribeInstances"]


def test_check_tells_how_far_a_wildcard_reaches(tmp_path):
    from harness.gateway import configure
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=policy(allow("vpc:*"), allow("vpc:DeleteVpc")), top=OPEN)
    done = run("check", "-c", str(file))
    told = [line for line in (done.stdout + done.stderr).splitlines() if "that have no route" in line]
    assert len(told) == 1 and "'rule-0' also allows 4" in told[0]


def test_check_counts_only_actions_of_the_rules_effects(tmp_path):
    """A rule that has what the advice asks for is not told so again, and one for reads does not allow everything."""
    from harness.gateway import configure
    rules = policy(allow("*", effects=["read"]), allow("vpc:*", effects=["change"]), allow("vpc:*"))
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=rules, top=OPEN)
    done = run("check", "-c", str(file))
    told = re.findall(r"'(rule-\d)' also allows (\d+) actions that have no route", done.stdout + done.stderr)
    text = (REPOSITORY / "config/definitions/data/vpc-20170312.txt").read_text()
    changes = set(re.findall(r"^action (\w+) change\b", text, re.M)) - {"AttachClassicLinkVpc", "DetachClassicLinkVpc"}
    assert told[0] == ("rule-1", str(len(changes))), told
    assert [rule for rule, _ in told] == ["rule-1", "rule-2"] and int(told[1][1]) > len(changes)
    assert "allows everything" not in done.stdout + done.stderr


def test_a_rule_by_names_of_both_doors_can_match(tmp_path):
    """DescribeClassicLinkInstances has a route with vpcId; its document has Filters.Name, too."""
    from harness.gateway import configure
    for where, told in (({"vpcId": [VPC], "Filters.Name": ["vpc-id"]}, 0), ({"vpcId": [VPC], "taskId": ["x"]}, 1)):
        rules = policy(allow("*"), deny("vpc:DescribeClassicLinkInstances", "DescribeVpcTaskResult", where=where))
        file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=rules, top=OPEN)
        done = run("check", "-c", str(file))
        assert done.returncode == 0 and (done.stdout + done.stderr).count("'rule-1' never matches") == told, done


# ---- tests of a policy, explain ----

def test_a_policy_is_tested_and_explained_by_documents(tmp_path):
    from harness.gateway import configure
    rules = policy(allow("vpc:Create*", where=WITHIN))
    rules["tests"] = [
        {"client": "network-console", "action": "vpc:CreateSecurityGroupPolicies", "document": ingress(INSIDE), "expect": "allow"},
        {"client": "network-console", "action": "vpc:CreateSecurityGroupPolicies", "document": ingress(OUTSIDE), "expect": "deny"},
        {"client": "network-console", "request": "POST " + CREATE, "body": ingress(OUTSIDE), "expect": "deny"}]
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=rules, top=OPEN)
    done = run("check", "-c", str(file))
    assert done.returncode == 0, done.stderr
    done = run("explain", "-c", str(file), "--client", "network-console", "POST", CREATE, json.dumps(ingress(OUTSIDE)))
    assert done.returncode == 1 and "CidrBlock is 0.0.0.0/0; the rule has within 10.0.0.0/8" in done.stdout
    rules["tests"][0]["expect"] = "deny"
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, rules=rules, top=OPEN)
    assert run("check", "-c", str(file)).returncode == 78


def test_a_limit_of_an_action_that_has_no_route(door, upstream):
    """`limits` of an upstream hold at each door, by the action's name; another action has its own."""
    gateway = door(allow("vpc:*"), limits={"DeleteVpc": "2/h"})
    answers = [post(gateway, "/actions/vpc/DeleteVpc", {"VpcId": f"vpc-{n}"}) for n in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert problem(answers[2], 429, "too-many-requests")["detail"] == "the action 'DeleteVpc' is over its limit"
    assert post(gateway, "/actions/vpc/DeleteSubnet", {"SubnetId": "subnet-1"}).status == 200 and upstream.count() == 3


# ---- sign, whoami ----

def test_sign_shows_what_goes_out(door, upstream, tmp_path):
    """Offline, at the second of a call that was sent: the same body, and the signature that the vendor computes of it."""
    gateway = door(allow("*"))
    body = '{ "SecurityGroupId": "sg-1", "SecurityGroupPolicySet": {"Ingress": [ {"Port": "80", "CidrBlock": "10.0.0.0/8"} ] } }'
    assert post(gateway, CREATE + "?region=ap-shanghai", body.encode()).status == 200
    sent, = upstream.seen(1)
    done = run("sign", "-c", gateway.file, "--time", sent.headers["x-tc-timestamp"], "POST", CREATE + "?region=ap-shanghai", body)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert f"body: {sent.body.decode()}" in shown
    for name in ("x-tc-action", "x-tc-version", "x-tc-region", "authorization"):
        assert f"header: {name}: {sent.headers[name]}".lower() in done.stdout.lower(), name
    assert vendor.tc3(sent, SECRET_ID, SECRET_KEY, "vpc") in done.stdout and SECRET_KEY not in done.stdout
    wrong = run("sign", "-c", gateway.file, "POST", CREATE, json.dumps(ingress({"Port": 80})))
    assert wrong.returncode == 1 and "SecurityGroupPolicySet.Ingress[0].Port must be a string" in wrong.stderr


def test_whoami_says_which_actions_its_rules_name(door):
    gateway = door(allow("vpc:Describe*", "cvm:RunInstances", where={"region": ["ap-guangzhou"]}), deny("vpc:DescribeVpnConn*"))
    rules = gateway.get("/whoami").json()["rules"]
    assert [rule["names"] for rule in rules] == [["vpc:Describe*", "cvm:RunInstances"], ["vpc:DescribeVpnConn*"]]
    assert "DescribeVpcEx" in rules[0]["actions"] and rules[0]["where"] == {"region": ["ap-guangzhou"]}
    assert "names" not in door(allow("*"), top={}).get("/whoami").json()["rules"][0]


# ---- memory of what rules are looked up by ----

@pytest.mark.parametrize("rules, told", [(15625, 0), (15626, 1)])
def test_check_tells_where_rules_are_read_one_by_one(tmp_path, rules, told):
    """32 texts a rule: half a million have room."""
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nclients: { web: { tokens: [{ id: a, sha256: '%064d' }] } }\n" % 1 +
                    "sets: { many: [" + ", ".join(f"ins-{number:x}" for number in range(32)) + "] }\nrules:\n" +
                    "".join(f"  - {{ id: r{rule}, allow: [web], actions: [DetachClassicLinkVpc], where: {{ instanceIds: [$many], "
                            f"vpcId: ['*-{rule}'] }} }}\n" for rule in range(rules)))
    done = run("check", "--policy", file)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("more than 500000 texts in `where`: for 1 pairs of client and action, from 'r0' on") == told


# ---- a policy alone ----

ALONE = """\
version: 1
clients: { web: { tokens: [{ id: a, sha256: "%064d" }] } }
rules:
  - { id: nets, allow: [web], actions: ["vpc:CreateVpc"], where: { CidrBlock: { cidr_within: [10.0.0.0/8] } } }
tests:
  - { client: web, action: "vpc:CreateVpc", document: { VpcName: x, CidrBlock: 10.1.0.0/16 }, expect: allow }
  - { client: web, action: "vpc:CreateVpc", document: { VpcName: x, CidrBlock: 11.0.0.0/16 }, expect: deny }
""" % 1


def test_a_policy_alone_is_checked_with_the_definitions(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(ALONE)
    alone = ("--policy", file, "--definitions", DEFINITIONS)
    done = run("check", *alone)
    assert done.returncode == 0 and "tests passed 2," in done.stdout, done.stderr
    assert done.stderr == ""
    document = json.dumps({"VpcName": "x", "CidrBlock": "11.0.0.0/16"})
    done = run("explain", *alone, "--client", "web", "POST", "/actions/vpc/CreateVpc", document)
    assert "CidrBlock is 11.0.0.0/16; the rule has within 10.0.0.0/8" in done.stdout, done.stdout + done.stderr
    file.write_text(ALONE.replace("where: { CidrBlock", "where: { CidrBlok"))
    done = run("check", *alone)
    assert done.returncode == 78 and "policy.yaml:4:" in done.stderr and "'CidrBlok'" in done.stderr


def test_a_policy_alone_without_definitions_says_so(tmp_path):
    (tmp_path / "policy.yaml").write_text(ALONE)
    (tmp_path / "none").mkdir()
    for folder in ("none", "nowhere"):
        done = run("check", "--policy", tmp_path / "policy.yaml", "--definitions", tmp_path / folder)
        assert done.returncode == 78
        assert "policy.yaml:6:" in done.stderr and "action needs the definitions of its service" in done.stderr
