"""The body that POST /actions sends to the cloud, byte for byte beside the one that the vendor's Node SDK puts on the wire
for the same document: actions of many shapes, texts of every kind."""

import itertools
import json

import pytest

from harness.gateway import POLICY, Gateway, bearer, configure
from harness.shapes import DEFINITIONS, Shape
from harness.upstream import Reply
from test_node import ask, question, url3

ACTIONS = {
    "vpc-20170312": ["CreateVpc", "CreateSecurityGroupPolicies", "ReplaceSecurityGroupPolicies", "CreateRoutes", "CreateVpnConnection",
                     "CreateNatGatewayDestinationIpPortTranslationNatRule", "ModifyAddressTemplateAttribute", "CreateFlowLog",
                     "AllocateAddresses", "CreateNetworkAcl", "ModifyNetworkAclEntries", "CreateNetDetect"],
    "cvm-20170312": ["RunInstances", "InquiryPriceRunInstances", "CreateLaunchTemplate", "ImportKeyPair", "ModifyInstancesAttribute",
                     "ResizeInstanceDisks"],
    "cbs-20170312": ["CreateDisks", "CreateAutoSnapshotPolicy"],
    "clb-20180317": ["CreateLoadBalancer", "CreateListener", "CreateRule", "BatchRegisterTargets"],
    "cdb-20170320": ["ModifyAccountPrivileges", "CreateAuditPolicy"],
    "as-20180419": ["CreateLaunchConfiguration", "CreateScalingPolicy"],
    "cls-20201016": ["CreateAlarm", "CreateConfig"],
    "monitor-20180724": ["CreateAlarmPolicy", "CreateAlarmNotice"],
    "tag-20180813": ["AddResourceTag"],
    "tke-20180525": ["CreateCluster"],
}
TEXTS = ["x", "", "a b", "ü 中文 🙂", "\"quoted\" \\ /", "line\nfeed\ttab", "\u007f\u2028", "&=@+%", "<script>"]
NUMBERS = [0, 1, 7, 2**31, 2**53 - 1]


def filled(value, texts, numbers):
    """The same document with other texts and numbers, and some lists of none and of two."""
    if isinstance(value, dict):
        return {key: filled(one, texts, numbers) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(value[0], texts, numbers) for _ in range(next(numbers) % 3)]
    if isinstance(value, str):
        return next(texts)
    return next(numbers) if isinstance(value, int) and not isinstance(value, bool) else value


def spelled(document):
    """With blanks, which do not go out.  A text goes out as its caller spells it: the SDK's JSON escapes these two."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.replace("\u007f", "\\u007f").replace("\u2028", "\\u2028").encode()


def documents():
    texts, numbers = itertools.cycle(TEXTS), itertools.cycle(NUMBERS)
    for file, names in ACTIONS.items():
        known = {action.name: action for action in Shape(DEFINITIONS / f"{file}.txt").actions}
        for name in names:
            yield known[name], filled(known[name].document(), texts, numbers)


@pytest.fixture(scope="module")
def gateway(scripted, tmp_path_factory, reaper):
    rules = [{"id": "all", "allow": ["network-console"], "actions": ["*"]},
             {"id": "power", "allow": ["network-console"], "actions": ["*"], "effects": ["secret"]}]
    gateway = Gateway(configure(tmp_path_factory.mktemp("bodies"), url3(scripted), generation=3, rules={**POLICY, "rules": rules},
                                services=tuple(file.partition("-")[0] for file in ACTIONS),
                                top={"doors": {"actions": True}, "definitions": str(DEFINITIONS)}))
    yield gateway
    reaper.ask(gateway)


def test_each_body_is_the_sdks(gateway, upstream):
    upstream.script(then=Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}}))
    calls = list(documents())
    assert len(calls) >= 30
    endpoint = url3(upstream).split("//")[1].rstrip("/")
    answers = ask(*({**question(gateway, action.name, document, service=action.shape.service,
                                version="v" + action.shape.version.replace("-", "")), "endpoint": endpoint}
                    for action, document in calls))
    assert [answer for answer in answers if "answer" not in answer] == []
    theirs = upstream.seen(len(calls))
    for action, document in calls:
        answer = gateway.call("POST", action.path, spelled(document), bearer())
        assert answer.status in (200, 202), (action.name, answer.body)
    ours = upstream.seen(2 * len(calls))[len(calls):]
    for (action, _), sdk, own in zip(calls, theirs, ours):
        assert own.headers["x-tc-action"] == sdk.headers["x-tc-action"] == action.name
        assert own.headers["x-tc-version"] == sdk.headers["x-tc-version"]
        assert own.body == sdk.body, action.name
