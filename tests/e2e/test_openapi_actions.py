"""/openapi.json has the cloud's own actions, with the schemas of their documents, for what the token may call."""

import json
import re

import pytest

from harness import contract
from harness.expect import problem
from harness.gateway import NOBODY, POLICY, bearer, configure
from harness.process import run
from harness.world import REPOSITORY

DEFINITIONS = str(REPOSITORY / "config/definitions/data")
OPEN = {"doors": {"actions": True}, "definitions": DEFINITIONS}
LARGEST = ("csip", "cwp", "vpc")      # together more than 1 MiB
LIMIT = 1024 * 1024


def policy(*rules):
    return {**POLICY, "rules": [{"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)]}


def allow(*actions, client="network-console", **more):
    return {"allow": [client], "actions": list(actions), **more}


@pytest.fixture
def begin(upstream, start):
    def start_it(*rules, top=OPEN, services=("vpc", "cvm")):
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=services, rules=policy(*rules), top=top)
    return start_it


def actions_of(document):
    return sorted(path for path in document["paths"] if path.startswith("/actions/"))


def sound(document):
    """Every reference leads somewhere, every name of an operation is one operation's, every tag is told.  The linters
    of tests/openapi look at the rest."""
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/([^"]*)"', text)):
        at = document
        for key in reference.split("/"):
            at = at[key]
    it = contract.Contract(document)
    names = [operation["operationId"] for operation in it.operations().values()]
    assert len(set(names)) == len(names)
    tags = [tag["name"] for tag in document["tags"]]
    assert len(set(tags)) == len(tags) and {tag for one in it.operations().values() for tag in one["tags"]} <= set(tags)
    return it


def offered(service, version="20170312"):
    """The names of the actions as the vendor has them."""
    lines = (REPOSITORY / f"config/definitions/data/{service}-{version}.txt").read_text().splitlines()
    return [line.split(" ")[1] for line in lines if line.startswith("action ")]


def test_what_the_token_may_call_is_there_with_its_document(begin):
    gateway = begin(allow("vpc:Create*"), allow("cvm:RunInstances"), allow("vpc:DescribeVpcs", client="auditor"))
    it = sound(gateway.get("/openapi.json").json())
    wanted = [f"/actions/vpc/{name}" for name in offered("vpc") if name.startswith("Create")]
    assert actions_of(it.document) == sorted([*wanted, "/actions/cvm/RunInstances"])
    schema = it.document["components"]["schemas"]["cvm.RunInstancesRequest"]
    good = {"Placement": {"Zone": "ap-guangzhou-1"}, "InstanceCount": 1}
    assert it.errors(schema, good) == []
    for wrong in ({**good, "InstanceCount": "1"}, {**good, "Placement": {}}, {"Placement": good["Placement"], "X": 1}):
        assert it.errors(schema, wrong) != []
    one = sound(gateway.get("/openapi.json", token=NOBODY).json())
    assert actions_of(one.document) == ["/actions/vpc/DescribeVpcs"]
    assert "cvm.RunInstancesRequest" not in one.document["components"]["schemas"]
    assert {"$ref": "#/components/parameters/all"} in one.operation("POST", "/actions/vpc/DescribeVpcs")["parameters"]
    assert {"$ref": "#/components/parameters/prefer"} in it.operation("POST", "/actions/vpc/CreateNetworkInterface")["parameters"]
    operation = it.operation("POST", "/actions/cvm/RunInstances")
    assert operation["x-action"] == "RunInstances"
    assert one.operation("POST", "/actions/vpc/DescribeVpcs")["x-action"] == "DescribeVpcEx", "as its route's rules say it"
    assert {"$ref": "#/components/parameters/idempotencyKey"} in operation["parameters"]
    assert {"$ref": "#/components/parameters/idempotencyKey"} not in one.operation("POST", "/actions/vpc/DescribeVpcs")["parameters"]


def test_every_action_of_a_service_is_there(begin):
    gateway = begin(allow("*"), services=("vpc", "monitor"))
    it = sound(gateway.get("/openapi.json").json())
    monitor = set(offered("monitor", "20180724")) | set(offered("monitor", "20230616"))
    assert len(actions_of(it.document)) == len(offered("vpc")) + len(monitor) - secrets(gateway, "vpc", "monitor")
    assert [tag["name"] for tag in it.document["tags"]] == ["vpc", "monitor"]
    both = set(offered("monitor", "20180724")) & set(offered("monitor", "20230616"))
    for name in both:
        assert "2023-06-16" in it.operation("POST", f"/actions/monitor/{name}")["description"]


def secrets(gateway, *services):
    """How many the `*` of an allow does not cover: what /actions/{service} leaves out, counted by name."""
    listed = {(service, one["action"]) for service in services for one in gateway.get(f"/actions/{service}").json()["actions"]}
    everything = {(service, name) for service in services
                  for file in (REPOSITORY / "config/definitions/data").glob(f"{service}-*.txt")
                  for name in offered(service, file.stem.rpartition("-")[2])}
    return len(everything - listed)


def test_more_than_a_mebibyte_is_asked_for_by_service(begin):
    gateway = begin(allow("*"), services=LARGEST)
    answer = gateway.get("/openapi.json")
    whole = sound(answer.json()).document
    assert actions_of(whole) == [] and len(answer.body) < LIMIT
    assert "/openapi.json?service=NAME" in whole["info"]["description"]
    assert {tag["name"] for tag in whole["tags"]} == set(LARGEST)
    for service in LARGEST:
        answer = gateway.get(f"/openapi.json?service={service}")
        one = sound(answer.json()).document
        assert {path.split("/")[2] for path in actions_of(one)} == {service} and "NAME" not in one["info"]["description"]
        assert {tag["name"] for tag in one["tags"]} == {service}
        assert any(not path.startswith("/actions/") for path in one["paths"]) == (service == "vpc")
        head = gateway.call("HEAD", f"/openapi.json?service={service}", headers=bearer())
        assert head.header("Content-Length") == str(len(answer.body))


def test_a_service_that_is_not_here(begin):
    gateway = begin(allow("*"))
    for query in ("service=tke", "service=", "service=vpc&service=vpc", "service=vp"):
        problem(gateway.call("GET", f"/openapi.json?{query}", headers=bearer()), 400, "invalid-parameter")


def test_a_door_that_is_shut_has_no_actions(begin):
    gateway = begin(allow("*"), top={"definitions": DEFINITIONS})
    document = sound(gateway.get("/openapi.json").json()).document
    assert actions_of(document) == [] and not any("." in name for name in document["components"]["schemas"])


def test_the_command_prints_them_too(tmp_path):
    file = configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("vpc", "cvm"), rules=policy(allow("vpc:CreateVpc")),
                     top=OPEN)
    document = json.loads(run("openapi", "-c", file).stdout)
    assert len(actions_of(sound(document).document)) == len(offered("vpc")) + len(offered("cvm"))
    one = json.loads(run("openapi", "-c", file, "--client", "network-console").stdout)
    assert actions_of(sound(one).document) == ["/actions/vpc/CreateVpc"]
    cvm = json.loads(run("openapi", "-c", file, "--service", "cvm").stdout)
    assert len(actions_of(cvm)) == len(offered("cvm")) and "/instances" in cvm["paths"] and "/vpcs" not in cvm["paths"]
    done = run("openapi", "-c", file, "--service", "tke")
    assert done.returncode == 1 and "there is no service 'tke'" in done.stderr
    assert json.loads(run("openapi", "--service", "cvm").stdout)["tags"] == cvm["tags"]
