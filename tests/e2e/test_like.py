"""`like: vpc:CreateSecurityGroupPolicies` in a catalog: a route has its whole body from the cloud's definition."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer, configure, document
from harness.process import run
from harness.upstream import Reply
from harness.world import REPOSITORY

DEFINITIONS = str(REPOSITORY / "config/definitions/data")
ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
PATH = "/security-groups/sg-1/policies"
ROUTE = """\
version: 1
routes:
  - request: POST /security-groups/{securityGroupId}/policies
    like: vpc:CreateSecurityGroupPolicies
    parameters: { securityGroupId: { in: [path], type: string, required: true, pattern: "sg-[0-9a-z]{1,32}" } }
"""
POLICIES = {"Ingress": [{"Protocol": "TCP", "Port": "443", "CidrBlock": "10.1.0.0/16", "Action": "ACCEPT"}]}


@pytest.fixture
def door(upstream, start, tmp_path):
    def begin(text=ROUTE, rules=ALL, services=("vpc", "cvm"), **top):
        upstream.script(then=Reply({"Response": {"RequestId": "r-1"}}))
        (tmp_path / "like.yaml").write_text(text)
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=services, rules=rules,
                     top={"catalog": [str(tmp_path / "like.yaml")], "definitions": DEFINITIONS, **top})
    return begin


def rules(*more):
    return {**ALL, "rules": [*ALL["rules"], *more]}


def test_the_body_is_that_of_the_definition(door, upstream):
    gateway = door()
    body = {"SecurityGroupPolicySet": {"Version": "7", **POLICIES}}
    assert gateway.call("POST", PATH, document(body), bearer()).status == 200
    received, = upstream.seen(1)
    assert received.headers["x-tc-action"] == "CreateSecurityGroupPolicies"
    assert received.headers["x-tc-version"] == "2017-03-12"
    assert json.loads(received.body) == {"SecurityGroupId": "sg-1", **body}


@pytest.mark.parametrize("body, place", [
    ({"SecurityGroupPolicySet": {"Ingress": [{"Port": 443}]}}, "SecurityGroupPolicySet.Ingress[0].Port must be a string"),
    ({"SecurityGroupPolicySet": {"Ingress": {}}}, "SecurityGroupPolicySet.Ingress must be an array"),
    ({"SecurityGroupPolicySet": {"Nothing": 1}}, "SecurityGroupPolicySet.Nothing"),
    ({"SecurityGroupPolicySet": []}, "SecurityGroupPolicySet must be an object"),
    ({}, "SecurityGroupPolicySet is missing"),
    ({"SecurityGroupPolicySet": {}, "SecurityGroupId": "sg-2"}, "SecurityGroupId"),
    ({"SecurityGroupPolicySet": {}, "Other": 1}, "Other")])
def test_what_the_definition_has_not_is_refused_with_its_place(door, upstream, body, place):
    said = problem(door().call("POST", PATH, document(body), bearer()), 400, "invalid-parameter")
    assert place in said["detail"]
    assert not upstream.seen(0)


TYPES = """\
version: 1
routes:
  - { request: POST /instances, like: "cvm:RunInstances" }
"""


def test_values_keep_their_types(door, upstream):
    gateway = door(TYPES)
    body = {"Placement": {"Zone": "ap-guangzhou-2", "ProjectId": 0}, "InstanceCount": 2, "DryRun": True,
            "SecurityGroupIds": ["sg-1", "sg-2"], "SystemDisk": {"DiskSize": 50}, "DataDisks": [{"DiskSize": 10}]}
    assert gateway.call("POST", "/instances", document(body), bearer()).status == 200
    assert json.loads(upstream.seen(1)[0].body) == body
    for wrong in ({"InstanceCount": "2"}, {"DryRun": 1}, {"SecurityGroupIds": "sg-1"}, {"DataDisks": [7]}):
        problem(gateway.call("POST", "/instances", document({**body, **wrong}), bearer()), 400, "invalid-parameter")


def test_rules_name_what_is_in_it(door, upstream):
    gateway = door(rules=rules({"id": "inside", "deny": ["*"], "actions": ["CreateSecurityGroupPolicies"],
                                "where": {"SecurityGroupPolicySet.Ingress.CidrBlock": ["0.0.0.0/0"]}},
                               {"id": "one", "deny": ["*"], "actions": ["vpc:CreateSecurityGroupPolicies"],
                                "where": {"securityGroupId": ["sg-9"]}}))
    wide = {"SecurityGroupPolicySet": {"Ingress": [POLICIES["Ingress"][0], {"CidrBlock": "0.0.0.0/0"}]}}
    problem(gateway.call("POST", PATH, document(wide), bearer()), 403, "not-allowed")
    problem(gateway.call("POST", PATH.replace("sg-1", "sg-9"), document({"SecurityGroupPolicySet": POLICIES}), bearer()),
            403, "not-allowed")
    assert not upstream.seen(0)
    assert gateway.call("POST", PATH, document({"SecurityGroupPolicySet": POLICIES}), bearer()).status == 200


def test_both_doors_have_one_set_of_names(door, upstream):
    gateway = door(rules=rules({"id": "one", "deny": ["*"], "actions": ["CreateSecurityGroupPolicies"],
                                "where": {"securityGroupId": ["sg-9"]}}), doors={"actions": True})
    action = "/actions/vpc/CreateSecurityGroupPolicies"
    body = {"SecurityGroupId": "sg-9", "SecurityGroupPolicySet": POLICIES}
    problem(gateway.call("POST", action, document(body), bearer()), 403, "not-allowed")
    assert gateway.call("POST", action, document({**body, "SecurityGroupId": "sg-1"}), bearer()).status == 200
    assert json.loads(upstream.seen(1)[0].body) == {**body, "SecurityGroupId": "sg-1"}


def test_openapi_has_the_definition(door):
    described = door().call("GET", "/openapi.json", headers=bearer()).json()
    operation = described["paths"]["/security-groups/{securityGroupId}/policies"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    policies = schema["properties"]["SecurityGroupPolicySet"]
    assert policies["properties"]["Ingress"]["items"]["properties"]["Port"]["type"] == "string"
    assert policies["additionalProperties"] is False and "SecurityGroupPolicySet" in schema["required"]


@pytest.mark.parametrize("change, line, told", [
    (("CreateSecurityGroupPolicies", "CreateNothing"), 4, "vpc has no action 'CreateNothing'"),
    (("vpc:Create", "nowhere:Create"), 4, "there are no definitions of 'nowhere'"),
    (("vpc:CreateSecurityGroupPolicies", "vpc"), 4, "like is a service and an action"),
    (("    parameters", "    api3: { version: 2018-01-01 }\n    parameters"), 4, "in version 2017-03-12, and api3 says version 2018-01-01"),
    (("    parameters", "    service: cvm\n    parameters"), 4, "like is of vpc:"),
    (("{ securityGroupId:", "{ gone: { in: [body], type: string }, securityGroupId:"), 5, "has no parameter 'Gone'"),
    (("POST /sec", "GET /sec"), 4, "a GET has none"),
    (("    parameters", "    effect: read\n    safe: true\n    parameters"), 4, "is change, and the route's is read")])
def test_errors_have_file_and_line(upstream, tmp_path, change, line, told):
    text = ROUTE.replace(*change)
    (tmp_path / "like.yaml").write_text(text)
    assert text != ROUTE
    config = configure(tmp_path, upstream.url.replace("/v2/index.php", "/"), generation=3, rules=ALL,
                       top={"catalog": [str(tmp_path / "like.yaml")], "definitions": DEFINITIONS})
    done = run("check", "-c", config)
    assert done.returncode == 78
    assert f"like.yaml:{line}:" in done.stderr and told in done.stderr


ZOO = (REPOSITORY / "tests/vectors/definitions/zoo-20200102.txt").read_text()
FEED = 'version: 1\nroutes:\n  - { request: POST /food, like: "zoo:FeedAnimal" }\n'


def folder_of(tmp_path, text=ZOO):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/zoo-20200102.txt").write_text(text)
    return str(tmp_path / "definitions")


@pytest.mark.parametrize("change, told", [
    (("service zoo", "service cvm"), "zoo-20200102.txt is of the service 'cvm'"),
    (("end 3 7\n", ""), "its last line is missing"),
    (("Weight:float", "Action:string"), "the parameter 'Action' of FeedAnimal has a name that no route can take"),
], ids=["service", "cut", "name"])
def test_definitions_that_no_route_can_be_like(tmp_path, change, told):
    (tmp_path / "like.yaml").write_text(FEED)
    top = {"catalog": [str(tmp_path / "like.yaml")], "definitions": folder_of(tmp_path, ZOO.replace(*change))}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("zoo",), rules=ALL, top=top))
    assert done.returncode == 78 and "like.yaml:3:" in done.stderr and told in done.stderr, done.stderr


def test_no_folder_of_definitions(tmp_path):
    (tmp_path / "like.yaml").write_text(FEED)
    top = {"catalog": [str(tmp_path / "like.yaml")], "definitions": str(tmp_path / "nowhere")}
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("zoo",), rules=ALL, top=top))
    assert done.returncode == 78 and f"like: {tmp_path}/nowhere: No such file or directory" in done.stderr


def test_a_number_may_have_a_fraction(door, upstream, tmp_path):
    """As RFC 8259 writes it, without an exponent; an integer is one, too, and a text is none."""
    gateway = door(FEED, services=("zoo",), definitions=folder_of(tmp_path))
    food = {"Id": "a-1", "Amounts": [1]}
    for weight in (1.5, 0, -0.25, 12):
        assert gateway.call("POST", "/food", document({**food, "Weight": weight}), bearer()).status == 200
        assert json.loads(upstream.seen(1)[0].body)["Weight"] == weight
        upstream.script(then=Reply({"Response": {"RequestId": "r-1"}}))
    for weight in ("1.5", True, [1], {}):
        problem(gateway.call("POST", "/food", document({**food, "Weight": weight}), bearer()), 400, "invalid-parameter")
    assert not upstream.seen(0)
