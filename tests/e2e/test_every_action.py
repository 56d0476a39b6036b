"""All actions of the cloud through POST /actions, against the sandbox: each is called with a document made by its
definition, and answers as its definition has it; documents that are not its own are refused by the gateway.

Here one action in 40.  COUNTERSIGN_EVERY=1 is all of them, and 100 wrong documents for each of 500: `tests/run.sh --all`
runs that."""

import json
import os
import random

import pytest

from harness.gateway import POLICY, Client, bearer
from harness.shapes import DEFINITIONS, shapes, wrong

EVERY = int(os.environ.get("COUNTERSIGN_EVERY", "40"))
VPC, INSTANCE = "vpc-2ari9m7h", "ins-df454d"
RULES = [{"id": "all", "allow": ["network-console"], "actions": ["*"]},
         {"id": "power", "allow": ["network-console"], "actions": ["*"], "effects": ["secret"]}]

# Actions that the sandbox has a state for want what is there: in this order, each with what came before.
STORY = [
    ("vpc", "DescribeVpcs", lambda _: {}),
    ("vpc", "CreateVpc", lambda _: {"VpcName": "x", "CidrBlock": "10.9.0.0/16"}),
    ("vpc", "CreateSubnet", lambda got: {"VpcId": got["CreateVpc"]["Vpc"]["VpcId"], "SubnetName": "x",
                                         "CidrBlock": "10.9.1.0/24", "Zone": "ap-guangzhou-3"}),
    ("vpc", "DescribeSubnets", lambda _: {}),
    ("cvm", "RunInstances", lambda got: {
        "Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-1", "InstanceType": "S5.LARGE8",
        "VirtualPrivateCloud": {"VpcId": got["CreateVpc"]["Vpc"]["VpcId"],
                                "SubnetId": got["CreateSubnet"]["Subnet"]["SubnetId"]}}),
    ("cvm", "DescribeInstances", lambda _: {}),
    ("cvm", "TerminateInstances", lambda got: {"InstanceIds": got["RunInstances"]["InstanceIdSet"]}),
    ("vpc", "DeleteSubnet", lambda got: {"SubnetId": got["CreateSubnet"]["Subnet"]["SubnetId"]}),
    ("vpc", "DeleteVpc", lambda got: {"VpcId": got["CreateVpc"]["Vpc"]["VpcId"]}),
    ("vpc", "CreateSecurityGroup", lambda _: {"GroupName": "x", "GroupDescription": "x"}),
    ("vpc", "DescribeSecurityGroups", lambda _: {}),
    ("vpc", "CreateSecurityGroupPolicies", lambda got: policies(got)),
    ("vpc", "DescribeSecurityGroupPolicies", lambda got: group(got)),
    ("vpc", "DeleteSecurityGroupPolicies", lambda got: policies(got)),
    ("vpc", "DeleteSecurityGroup", lambda got: group(got)),
    ("vpc", "AllocateAddresses", lambda _: {"AddressCount": 1}),
    ("vpc", "DescribeAddresses", lambda _: {}),
    ("vpc", "DescribeTaskResult", lambda got: {"TaskId": int(got["AllocateAddresses"]["TaskId"])}),
    ("vpc", "ReleaseAddresses", lambda got: {"AddressIds": got["AllocateAddresses"]["AddressSet"]}),
    ("vpc", "DescribeClassicLinkInstances", lambda _: {}),
    ("vpc", "DetachClassicLinkVpc", lambda _: {"VpcId": VPC, "InstanceIds": [INSTANCE]}),
    ("vpc", "AttachClassicLinkVpc", lambda _: {"VpcId": VPC, "InstanceIds": [INSTANCE]}),
    ("vpc", "DescribeVpcTaskResult", lambda got: {"TaskId": got["DetachClassicLinkVpc"]["RequestId"]}),
]


def group(got):
    return {"SecurityGroupId": got["CreateSecurityGroup"]["SecurityGroup"]["SecurityGroupId"]}


def policies(got):
    rule = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/8", "Action": "ACCEPT"}
    return {**group(got), "SecurityGroupPolicySet": {"Ingress": [rule]}}


@pytest.fixture(scope="module")
def definitions():
    return shapes()


@pytest.fixture
def cloud(sandbox, start):
    """A gateway that lets its one client do everything with these services of a sandbox."""
    def begin(services):
        upstream = sandbox("--quiet", "--definitions", str(DEFINITIONS))
        gateway = start(upstream.base + "/", generation=3, services=sorted(services), rules={**POLICY, "rules": RULES},
                        top={"doors": {"actions": True}, "definitions": str(DEFINITIONS)}, timeout="20s")
        return upstream, Client(gateway.port)
    return begin


def post(client, path, document):
    text = document if isinstance(document, str) else json.dumps(document)
    return client.call("POST", path, text.encode(), bearer())


def call(client, action, document, complaints):
    """The answer; what is wrong with it goes to the complaints."""
    answer = post(client, action.path, document)
    if answer.status not in (200, 202):
        complaints.append(f"{action.path}: {answer.status} {answer.body[:300]}")
        return {}
    if (found := action.answers(answer.json())) is not None:
        complaints.append(f"{action.path}: {found}")
    return answer.json()


# The sandbox gives out credentials of roles that it knows: test_credentials.py calls these two.
ISSUE = {("sts", "AssumeRole"), ("sts", "AssumeRoleWithWebIdentity")}


def test_every_action_is_called_and_answers_by_its_definition(definitions, cloud):
    known = {(shape.service, action.name): action for shape in definitions for action in shape.actions
             if shape.version == "2017-03-12"}
    story = {(service, name) for service, name, _ in STORY}
    others = [action for shape in definitions for action in shape.actions
              if (shape.version != "2017-03-12" or (shape.service, action.name) not in story)
              and (shape.service, action.name) not in ISSUE]
    chosen = others[::EVERY]
    upstream, client = cloud({action.shape.service for action in chosen} | {"vpc", "cvm"})
    complaints, got = [], {}
    for service, name, document in STORY:
        got[name] = call(client, known[service, name], document(got), complaints)
    for action in chosen:
        call(client, action, action.document(), complaints)
    client.close()
    state = upstream.state()
    print(f"\n{state['accepted']} of {len(others) + len(STORY)} actions called")
    assert complaints == []
    assert state["accepted"] == state["requests"] == len(STORY) + len(chosen)


def test_no_wrong_document_is_sent(definitions, cloud):
    dice = random.Random(20261128)
    every = [action for shape in definitions for action in shape.actions]
    chosen = dice.sample(every, 500 if EVERY == 1 else 50)
    upstream, client = cloud({action.shape.service for action in chosen})
    taken = []
    for action in chosen:
        for _ in range(100 if EVERY == 1 else 10):
            document = wrong(action, dice)
            if (answer := post(client, action.path, document)).status != 400:
                taken.append((action.path, document[:500], answer.status))
    client.close()
    assert taken == [] and upstream.state()["requests"] == 0
