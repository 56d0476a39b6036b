"""The official clients list, call, are refused and understand why; every message that they got fits the protocol's own
schema of its revision."""

import json

import pytest

from harness.gateway import POLICY, TOKEN
from harness.mcp import HANDSHAKE, META, MODERN, valid
from harness.world import INSTANCE, VPC

DETACH = "detachClassicLinks"
REVISIONS = {"sdk": HANDSHAKE, "legacy": HANDSHAKE, "modern": MODERN, "auto": MODERN}
ANSWERS = {"initialize": "InitializeResult", "tools/list": "ListToolsResult", "tools/call": "CallToolResult",
           "server/discover": "DiscoverResult"}
ASKED = {"initialize": "InitializeRequest", "tools/list": "ListToolsRequest", "tools/call": "CallToolRequest",
         "server/discover": "DiscoverRequest"}


def check_messages(client, revision):
    """By the revision's schema, whichever side they are of; how many."""
    messages = client.messages()
    for message in messages:
        sent, told = message["sent"], message["told"]
        valid(revision, ASKED[sent["method"]], sent)
        assert told["id"] == sent["id"]
        if "error" in told:
            valid(revision, "JSONRPCErrorResponse", told)
        else:
            valid(revision, ANSWERS[sent["method"]], told["result"])
        assert (META + "protocolVersion" in sent.get("params", {}).get("_meta", {})) == (revision == MODERN)
    return len(messages)


@pytest.mark.parametrize("kind", sorted(REVISIONS))
def test_it_lists_calls_is_refused_and_understands(start, client, upstream, kind):
    gateway = start(POLICY)
    agent = client(gateway, TOKEN, kind)
    assert agent.server["info"]["name"] == "countersign" and agent.server["capabilities"] == {"tools": {}}
    tools = {tool["name"]: tool for tool in agent.tools()}
    assert tools[DETACH]["annotations"]["destructiveHint"] is True

    allowed = agent.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])["result"]
    assert not allowed.get("isError") and allowed["structuredContent"]["outcome"] == "executed"
    assert allowed["structuredContent"]["answer"]["taskId"] == 135254

    refused = agent.call(DETACH, vpcId=VPC, instanceIds=["ins-bastion1"])["result"]
    told = refused["structuredContent"]
    assert refused["isError"] is True and told["outcome"] == "not-executed"
    assert told["problem"]["rule"] == "never-bastion" and "never-bastion" in refused["content"][0]["text"]
    assert VPC in json.dumps(told["rules"])

    wrong = agent.call(DETACH, vpcId=VPC, instanceIds="x")["result"]
    assert wrong["isError"] is True and "instanceIds must be an array" in wrong["content"][0]["text"]
    unknown = agent.call("no-such-tool")
    assert unknown["error"]["code"] == -32602
    assert agent.end() == 0 and not agent.stderr
    assert check_messages(agent, REVISIONS[kind]) == 6
    assert len(upstream.seen(1)) == 1


@pytest.mark.parametrize("kind", ["sdk", "modern"])
def test_a_tool_that_the_token_lost_a_moment_ago(start, client, upstream, kind):
    gateway = start(POLICY)
    agent = client(gateway, TOKEN, kind)
    assert DETACH in [tool["name"] for tool in agent.tools()]
    policy = gateway.file.with_name("policy.yaml")
    policy.write_text(policy.read_text().replace('"allow": ["network-console"]', '"allow": ["auditor"]'))
    gateway.reload()
    lost = agent.call(DETACH, vpcId=VPC, instanceIds=[INSTANCE])["result"]
    assert lost["isError"] is True and lost["structuredContent"]["status"] == 403
    assert agent.tools() == [] and upstream.seen(0) == []
    check_messages(agent, REVISIONS[kind])
