"""POST /actions with all=true and Prefer: wait: pages put together, and the end of a task."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer
from harness.upstream import Reply
from harness.world import REPOSITORY, VPC

SERVICE, TOKENS, LIST, REQUIRED = "config", "ListDiscoveredResources", "Items", {"MaxResults": 2}
DEFINITIONS = str(REPOSITORY / "config/definitions/data")
OPEN = {"doors": {"actions": True}, "definitions": DEFINITIONS}


def policy(*rules):
    return {**POLICY, "rules": [{"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)]}


def allow(*actions, **more):
    return {"allow": ["network-console"], "actions": list(actions), **more}


@pytest.fixture
def door(upstream, start):
    def begin(*rules, services=("vpc", "cvm", "tke"), **options):
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=services, rules=policy(*rules),
                     top=OPEN, **options)
    return begin


def post(gateway, path, body=None, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return gateway.call("POST", path, data, {**bearer(), "Content-Type": "application/json", **headers})


def page(**members):
    return Reply({"Response": {**members, "RequestId": f"r-{members.get('TotalCount', 0)}"}})


def sent(upstream, count):
    return [json.loads(request.body) for request in upstream.seen(count)]


# ---- pages ----

INSTANCES = "/actions/cvm/DescribeInstances"


def test_pages_by_offset_are_one_list(door, upstream):
    pages = {0: "ab", 2: "cd", 4: "e"}
    upstream.script(then=lambda received: page(TotalCount=5, InstanceSet=[
        {"InstanceId": name} for name in pages[json.loads(received.body).get("Offset", 0)]]))
    gateway = door(allow("cvm:DescribeInstances"))
    answer = post(gateway, INSTANCES + "?all=true", {"Limit": 2, "Filters": [{"Name": "zone", "Values": ["z"]}]})
    assert answer.status == 200, answer.body
    assert [one["InstanceId"] for one in answer.json()["InstanceSet"]] == list("abcde")
    assert set(answer.json()) == {"TotalCount", "InstanceSet", "RequestId"} and answer.json()["TotalCount"] == 5
    first, *others = sent(upstream, 3)
    assert first == {"Limit": 2, "Filters": [{"Name": "zone", "Values": ["z"]}]}
    assert sorted(others, key=lambda body: body["Offset"]) == [{**first, "Offset": 2}, {**first, "Offset": 4}]


def test_offset_goes_out_as_the_definition_has_it(door, upstream):
    """vpc's is a text."""
    upstream.script(page(TotalCount=2, VpcSet=[{"VpcId": "a"}]), page(TotalCount=2, VpcSet=[{"VpcId": "b"}]))
    gateway = door(allow("vpc:*"))
    assert [vpc["VpcId"] for vpc in post(gateway, "/actions/vpc/DescribeVpcs?all=true", {"Offset": "0"}).json()["VpcSet"]] == ["a", "b"]
    assert sent(upstream, 2)[1] == {"Offset": "1"}


@pytest.mark.parametrize("last", [{"NextToken": ""}, {}, {"NextToken": None}], ids=["empty", "absent", "null"])
def test_pages_by_token_are_one_list(door, upstream, last):
    """An odd token goes out byte for byte; a total is not what ends such a list."""
    token = r'"n\u0041\"=="'
    upstream.script(Reply(b'{"Response":{"Total":1,"Items":[{"I":1}],"NextToken":' + token.encode() + b',"RequestId":"r"}}'),
                    Reply({"Response": {"Items": [{"I": 2}], **last, "RequestId": "r"}}))
    gateway = door(allow("*"), services=(SERVICE,))
    answer = post(gateway, f"/actions/{SERVICE}/{TOKENS}?all=true", REQUIRED)
    assert answer.status == 200, answer.body
    assert answer.json()[LIST] == [{"I": 1}, {"I": 2}]
    assert answer.json().get("NextToken") == last.get("NextToken")
    assert token.encode() in upstream.seen(2)[1].body


@pytest.mark.parametrize("action, body, detail", [
    ("cvm/RunInstances", {}, "all is for actions that read"),
    ("cvm/DescribeZones", {}, "all is for actions that read"),
    ("cvm/DescribeInstances", {"Offset": 20}, "Offset is for a single one"),
    ("vpc/DescribeVpcs", {"Offset": "20"}, "Offset is for a single one"),
    ("cvm/DescribeInstances", {"InstanceIds": ["i" * 1000] * 20}, "may have 16384 bytes"),
])
def test_what_has_no_pages(door, upstream, action, body, detail):
    gateway = door(allow("*"))
    assert detail in problem(post(gateway, f"/actions/{action}?all=true", body), 400, "invalid-parameter")["detail"]
    for wrong in ("all=yes", "all=", "all=true&all=true"):
        problem(post(gateway, f"/actions/cvm/DescribeInstances?{wrong}"), 400, "invalid-parameter")
    assert upstream.seen(0) == []


def test_each_page_is_judged(door, upstream):
    upstream.script(page(TotalCount=9, InstanceSet=[{}] * 3), page(TotalCount=9, InstanceSet=[{}] * 3))
    gateway = door(allow("cvm:*"), {"deny": ["*"], "actions": ["cvm:DescribeInstances"], "where": {"Offset": {"min": 5}}})
    found = problem(post(gateway, INSTANCES + "?all=true"), 403, "not-allowed")
    assert found["detail"] == "the policy does not allow the page behind 6 entries" and len(upstream.seen(2)) == 2


@pytest.mark.parametrize("answer", [
    {"TotalCount": 3, "RequestId": "r"}, {"TotalCount": 3, "InstanceSet": {}, "RequestId": "r"},
    b'{"Response":{"TotalCount":3,"InstanceSet":[{}],"InstanceSet":[],"RequestId":"r"}}',
    b'{"Response":{"TotalCount":3,"InstanceSet":[{}],"TotalCount":1,"RequestId":"r"}}',
], ids=["no list", "no array", "list twice", "total twice"])
def test_an_answer_that_has_no_page(door, upstream, answer):
    upstream.script(Reply(answer if isinstance(answer, bytes) else {"Response": answer}))
    problem(post(door(allow("cvm:*")), INSTANCES + "?all=true"), 502, "upstream-invalid-answer")


# ---- tasks ----

DETACH = {"VpcId": VPC, "InstanceIds": ["ins-1"]}
CHANGE = b'{"Response":{"NetworkInterface":{"NetworkInterfaceId":"eni-1","x":1.0},"RequestId":"task-1"}}'
INTERFACE = {"VpcId": VPC, "NetworkInterfaceName": "n", "SubnetId": "subnet-1"}


def told(state):
    return Reply({"Response": {"Status": state, "Output": "{}", "RequestId": "look"}})


@pytest.mark.parametrize("end, status", [("SUCCESS", "done"), ("FAILED", "failed")])
def test_a_change_waits_for_its_task(door, upstream, end, status):
    """Its own answer, byte for byte, with how it ended in front."""
    upstream.script(Reply(CHANGE), told("RUNNING"), told(end))
    gateway = door(allow("vpc:CreateNetworkInterface"))
    answer = post(gateway, "/actions/vpc/CreateNetworkInterface", INTERFACE, Prefer="wait=20")
    assert (answer.status, answer.header("Preference-Applied")) == (200, "wait=20")
    assert answer.json()["status"] == status and answer.json()["task"]["Status"] == end
    assert answer.body.endswith(b',"NetworkInterface":{"NetworkInterfaceId":"eni-1","x":1.0},"RequestId":"task-1"}')
    looks = upstream.seen(3)[1:]
    assert {look.headers["x-tc-action"] for look in looks} == {"DescribeVpcTaskResult"}
    assert [json.loads(look.body) for look in looks] == [{"TaskId": "task-1"}] * 2


def test_a_change_that_goes_on_is_told_where(door, upstream):
    upstream.script(Reply(CHANGE), then=told("RUNNING"))
    gateway = door(allow("vpc:*"))
    answer = post(gateway, "/actions/vpc/CreateNetworkInterface", INTERFACE)
    assert answer.json()["NetworkInterface"]["NetworkInterfaceId"] == "eni-1" and "status" not in answer.json()
    assert answer.header("Location") == "/tasks/task-1" and answer.header("Preference-Applied") is None
    upstream.script(Reply(CHANGE), then=told("RUNNING"))
    answer = post(gateway, "/actions/vpc/CreateNetworkInterface", INTERFACE, Prefer="wait=1")
    assert answer.body == CHANGE[len('{"Response":'):-1] and answer.header("Preference-Applied") == "wait=1"


def test_the_question_waits_too(door, upstream):
    upstream.script(told("RUNNING"), told("SUCCESS"))
    gateway = door(allow("vpc:DescribeVpcTaskResult"))
    answer = post(gateway, "/actions/vpc/DescribeVpcTaskResult", {"TaskId": "task-1"}, Prefer="wait=20")
    assert (answer.status, answer.json()) == (200, {"Status": "SUCCESS", "Output": "{}", "RequestId": "look"})


def test_a_change_without_a_task_does_not_wait(door, upstream):
    upstream.script(then=Reply({"Response": {"RequestId": "r"}}))
    answer = post(door(allow("vpc:*")), "/actions/vpc/DeleteVpc", {"VpcId": VPC}, Prefer="wait=20")
    assert answer.status == 200 and answer.header("Location") is None and len(upstream.seen(1)) == 1
