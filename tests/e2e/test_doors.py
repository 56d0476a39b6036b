"""One pipeline behind all doors: the same 300 questions through each.  One verdict, the same call sent or none, one kind
of record.  Every door has a gateway of its own, so that limits begin alike.

A new door is a function here that asks a question in its way, and a line in DOORS."""

import json
import random
import urllib.parse

import pytest

from harness.expect import problem
from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN, Client, bearer
from harness.mcp import HANDSHAKE, MODERN, fields, message
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY

SLOW = "e2e-slow-client-that-may-ask-five-times"
COUNT = 300
TOP = {"doors": {"actions": True, "mcp": True, "sdk": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
RULES = {
    **POLICY,
    "clients": {**POLICY["clients"], "slow": {"tokens": [("one", SLOW, "2035-12-31")], "rate": "1/h burst 5"}},
    "rules": [*POLICY["rules"],
              {"id": "slow-links", "allow": ["slow"], "actions": ["*ClassicLink*"], "where": {"region": ["ap-guangzhou"]}},
              {"id": "look", "allow": ["network-console"], "actions": ["DescribeVpcClassicLink"]},
              {"id": "not-there", "deny": ["*"], "actions": ["*"], "where": {"vpcId": ["vpc-secret*"]}}],
}


def said(code):
    return Reply({"Response": {"Error": {"Code": code, "Message": "so it is"}, "RequestId": "r-1"}})


GOOD = Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d", "TotalCount": 0, "ClassicLinkInstanceSet": []}})
LOST = HANG_UP, Reply(b"<html>", status=502)
REPLIES = [GOOD] * 11 + [said("ResourceNotFound"), said("InternalError"), said("FailedOperation"), said("LimitExceeded"), *LOST]


def questions():
    """The cloud's answers are part of them.  A read whose answer is lost is tried again after a pause: few are."""
    dice = random.Random(18)
    yield {"token": TOKEN, "action": "DetachClassicLinkVpc", "region": None, "vpc": "vpc-2ari9m7h", "instances": ["ins-1"],
           "ip": None, "reply": said("RequestLimitExceeded")}
    for _ in range(COUNT - 1):
        action = dice.choice(["DetachClassicLinkVpc", "AttachClassicLinkVpc", "DescribeClassicLinkInstances"])
        reply = dice.choice(REPLIES)
        yield {"token": dice.choice([TOKEN] * 12 + [NOBODY, EXPIRED, SLOW, "e2e-nobody-has-this-token"]),
               "action": action,
               "region": dice.choice([None] * 4 + ["ap-guangzhou", "ap-guangzhou", "ap-shanghai", "gz", "ap-beijing", "ap-nowhere"]),
               "vpc": dice.choice(["vpc-2ari9m7h"] * 9 + ["vpc-8e0ypm3z", "vpc-production", "vpc-secret1", "gz_vpc_245", "x y"]),
               "instances": [dice.choice(["ins-df454d", "ins-1", "ins-2", "ins-bastion1", "qcvm12", "no-id"])
                             if dice.random() < 0.15 else f"ins-{i}" for i in range(dice.choice([1, 1, 2, 12]))],
               "ip": dice.choice([None, None, None, "10.0.0.7", "10.0.0.777"]),
               "reply": GOOD if reply in LOST and action.startswith("Describe") else reply}


# ---- one question, as each door takes it ----

def names(question):
    """As the routes call them."""
    if question["action"] == "DescribeClassicLinkInstances":
        return {"vpcId": question["vpc"], **({"lanIp": question["ip"]} if question["ip"] else {})}
    return {"instanceIds": question["instances"]}


def document(question):
    if question["action"] != "DescribeClassicLinkInstances":
        return {"VpcId": question["vpc"], "InstanceIds": question["instances"]}
    filters = [{"Name": "vpc-id", "Values": [question["vpc"]]}]
    return {"Filters": filters + ([{"Name": "vm-ip", "Values": [question["ip"]]}] if question["ip"] else [])}


def by_route(client, question):
    query = {"region": question["region"]} if question["region"] else {}
    if question["action"] == "DescribeClassicLinkInstances":
        return client.call("GET", "/classiclinks?" + urllib.parse.urlencode({**names(question), **query}), None,
                           bearer(question["token"]))
    method = "DELETE" if question["action"] == "DetachClassicLinkVpc" else "POST"
    target = f"/vpcs/{urllib.parse.quote(question['vpc'])}/classiclinks?" + urllib.parse.urlencode(query)
    return client.call(method, target, json.dumps(names(question)).encode(), bearer(question["token"]))


def by_action(client, question):
    query = f"?region={question['region']}" if question["region"] else ""
    return client.call("POST", f"/actions/vpc/{question['action']}{query}", json.dumps(document(question)).encode(),
                       bearer(question["token"]))


def flat(value, name=""):
    if isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [pair for key, item in pairs for pair in flat(item, f"{name}.{key}" if name else str(key))]
    return [(name, value)]


def by_sdk(client, question):
    """In turn as each of the ways in which SDKs ask."""
    common = {"Action": question["action"], "Version": "2017-03-12", "Token": question["token"], "SecretId": "dummy",
              **({"Region": question["region"]} if question["region"] else {})}
    way = by_sdk.count = getattr(by_sdk, "count", 0) + 1
    if way % 3 == 0:
        fields = {f"X-TC-{key}": value for key, value in common.items() if key != "SecretId"}
        return client.call("POST", "/", json.dumps(document(question)).encode(),
                           {**fields, "Content-Type": "application/json"})
    text = urllib.parse.urlencode([*flat(document(question)), *common.items()])
    if way % 3 == 1:
        return client.call("GET", "/?" + text)
    return client.call("POST", "/", text.encode(), {"Content-Type": "application/x-www-form-urlencoded"})


TOOLS = {"DescribeClassicLinkInstances": "listClassicLinks", "DetachClassicLinkVpc": "detachClassicLinks",
         "AttachClassicLinkVpc": "attachClassicLinks"}


def call_tool(client, question, name, arguments):
    """In turn as clients of both revisions."""
    way = call_tool.count = getattr(call_tool, "count", 0) + 1
    version = MODERN if way % 2 else HANDSHAKE
    region = {"region": question["region"]} if question["region"] else {}
    said = message("tools/call", {"name": name, "arguments": {**arguments, **region}}, version)
    return client.call("POST", "/mcp", json.dumps(said).encode(), bearer(question["token"], fields(said, version)))


def by_tool(client, question):
    return call_tool(client, question, TOOLS[question["action"]], {"vpcId": question["vpc"], **names(question)})


def by_call_action(client, question):
    return call_tool(client, question, "call_action",
                     {"service": "vpc", "action": question["action"], "document": document(question)})


DOORS = {"routes": by_route, "actions": by_action, "sdk": by_sdk, "mcp": by_tool, "mcp, by action": by_call_action}


# ---- what came of it ----

KEPT = ("client", "token", "action", "region", "params", "formerIds", "verdict", "rule", "status", "type", "station",
        "outcome", "upstreamCode", "attempts")


def record(line):
    kept = {key: line[key] for key in KEPT if key in line}
    if "params" in kept:            # a route's list of one is a list
        kept["params"] = {key: value if isinstance(value, list) else [value] for key, value in kept["params"].items()}
    return kept


def sent(received):
    return [(one.headers["x-tc-action"], one.headers["x-tc-version"], one.headers["x-tc-region"], json.loads(one.body))
            for one in received]


def is_stranger(answer):
    return answer.status == 401 or b'"AuthFailure.TokenFailure"' in answer.body


def ask_all(gateway, upstream, ask):
    found = []
    client = Client(gateway.port)
    for question in questions():
        upstream.script(then=question["reply"])
        answer = ask(client, question)
        found.append((answer, sent(upstream.seen(upstream.count()))))
    client.close()
    gateway.record(next(answer for answer, _ in reversed(found) if not is_stranger(answer)))
    lines = {line["requestId"]: line for line in gateway.records() if "requestId" in line}
    # Lines of strangers are gathered from the tenth on: those are not compared.
    return [({} if is_stranger(answer) else record(lines[answer.header("X-Request-Id")]), calls, answer)
            for answer, calls in found]


@pytest.fixture(scope="module")
def asked(scripted, tmp_path_factory, reaper):
    from harness.gateway import Gateway, configure
    found = {}
    for name, ask in DOORS.items():
        gateway = Gateway(configure(tmp_path_factory.mktemp(name.partition(",")[0]), scripted.url.replace("/v2/index.php", "/"),
                                    generation=3, rules=RULES, top=TOP))
        found[name] = ask_all(gateway, scripted, ask)
        reaper.ask(gateway)
    return found


@pytest.mark.parametrize("door", [name for name in DOORS if name != "routes"])
def test_a_door_is_no_second_gateway(asked, door):
    for number, (question, one, other) in enumerate(zip(questions(), asked["routes"], asked[door], strict=True)):
        assert (number, other[0]) == (number, one[0]), question
        assert (number, other[1]) == (number, one[1]), question


def test_the_questions_ask_enough(asked):
    """A comparison of refusals alone would be no test."""
    kinds = [line.get("type", "good") for line, _, _ in asked["routes"] if line]
    missing = {"good", "not-allowed", "invalid-parameter", "too-many-requests", "not-found", "upstream-failed",
               "upstream-throttled"} - set(kinds)
    assert not missing
    assert kinds.count("good") > COUNT / 8 and sum(len(calls) for _, calls, _ in asked["routes"]) > COUNT / 4


def test_each_door_answers_in_its_own_way(asked):
    for _, _, answer in asked["sdk"]:
        assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
        assert set(answer.json()) == {"Response"} and answer.json()["Response"]["RequestId"]
    for line, _, answer in asked["mcp"] + asked["mcp, by action"]:
        if not is_stranger(answer):
            result = answer.json()["result"]
            assert answer.status == 200 and result["isError"] == ("type" in line)
            assert result["structuredContent"]["status"] == line["status"]
            assert "outcome" not in line or result["structuredContent"]["outcome"] == line["outcome"]
    for line, _, answer in asked["actions"]:
        assert problem(answer, line["status"], line["type"]) if "type" in line else True
