"""The vendor's Node SDK through the gateway: what a program sees of each answer, and what the cloud gets."""

import json
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from harness.gateway import POLICY, TOKEN, Gateway, configure
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY, VPC

HERE = Path(__file__).resolve().parent
TOP = {"doors": {"sdk": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
RULES = {**POLICY, "rules": [*POLICY["rules"], {"id": "look", "allow": ["network-console"], "actions": ["DescribeVpcEx", "cvm:DescribeInstances"]}]}
DETACH = {"VpcId": VPC, "InstanceIds": ["ins-df454d"]}
DONE = Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}})


def url3(upstream):
    return upstream.url.replace("/v2/index.php", "/")


@pytest.fixture(scope="module")
def gateway(scripted, tmp_path_factory, reaper):
    gateway = Gateway(configure(tmp_path_factory.mktemp("sdk"), url3(scripted), generation=3, services=("vpc", "cvm"),
                                rules=RULES, top=TOP))
    yield gateway
    reaper.ask(gateway)


def question(gateway, action="DetachClassicLinkVpc", params=None, token=TOKEN, secret_id="unused", service="vpc",
             version="v20170312", **more):
    credential = {"secretId": secret_id, "secretKey": "unused", **({"token": token} if token else {})}
    return {"service": service, "version": version, "action": action, "params": DETACH if params is None else params,
            "credential": credential, "endpoint": f"127.0.0.1:{gateway.port}", "method": "POST",
            "sign": "TC3-HMAC-SHA256", **more}


def ask(*questions):
    out = subprocess.run(["node", HERE / "ask.js"], input=json.dumps(questions), text=True, capture_output=True, timeout=120,
                         check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def test_calls_in_every_way_that_the_sdk_has(gateway, upstream):
    upstream.script(then=DONE)
    ways = [{}, {"method": "GET"}, {"sign": "HmacSHA256"}, {"sign": "HmacSHA256", "method": "GET"}, {"sign": "HmacSHA1"},
            {"token": None, "secret_id": TOKEN}]
    assert ask(*(question(gateway, **way) for way in ways)) == [{"answer": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}}] * len(ways)
    for received in upstream.seen(len(ways)):
        assert json.loads(received.body) == DETACH and received.headers["x-tc-action"] == "DetachClassicLinkVpc"


def test_lists_and_other_services(gateway, upstream):
    upstream.script(then=Reply({"Response": {"TotalCount": 1, "VpcSet": [{"VpcId": VPC}], "RequestId": "r"}}))
    listed, other = ask(question(gateway, "DescribeVpcs", {"Filters": [{"Name": "is-default", "Values": ["true"]}], "Limit": "20"}),
                        question(gateway, "DescribeInstances", {"Limit": 20}, service="cvm"))
    assert listed["answer"]["VpcSet"] == [{"VpcId": VPC}] and "answer" in other
    assert [one.headers["host"] for one in upstream.seen(2)] == ["vpc.tencentcloudapi.com", "cvm.tencentcloudapi.com"]


def test_what_a_refusal_looks_like(gateway, upstream):
    upstream.script(then=DONE)
    refusals = ask(question(gateway, params={"VpcId": "vpc-production", "InstanceIds": ["ins-1"]}),
                   question(gateway, params={"VpcId": VPC, "InstanceIds": ["ins-bastion1"]}),
                   question(gateway, token="wrong-token"),
                   question(gateway, secret_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"),
                   question(gateway, "DescribeSubnets", {}),
                   question(gateway, params={"VpcId": VPC}),
                   question(gateway, "DescribeInstances", {}, method="GET", service="cvm", sign="HmacSHA256"))
    assert [one["error"]["code"] for one in refusals[:-1]] == ["UnauthorizedOperation"] * 2 + ["AuthFailure.TokenFailure"] * 2 + [
        "UnauthorizedOperation", "InvalidParameter"]
    assert all(one["error"]["name"] == "TencentCloudSDKHttpException" and one["error"]["requestId"] for one in refusals[:-1])
    assert "never-bastion" in refusals[1]["error"]["message"]
    assert "answer" in refusals[-1] and upstream.count() == 1


def test_a_lost_answer_and_errors_of_the_cloud(gateway, upstream):
    upstream.script(HANG_UP, Reply({"Response": {"Error": {"Code": "ResourceNotFound", "Message": "no such VPC"}, "RequestId": "r"}}))
    lost, missing = ask(question(gateway), question(gateway))
    assert lost["error"]["code"] == "InternalError.OutcomeUnknown" and "not known" in lost["error"]["message"]
    assert (missing["error"]["code"], missing["error"]["message"], missing["error"]["requestId"]) == ("ResourceNotFound", "no such VPC", "r")


def test_who_am_i(gateway, upstream):
    told, = ask(question(gateway, "GetCallerIdentity", None, service="sts", version="v20180813"))
    assert told["answer"]["UserId"] == "network-console"


def test_the_transcript_of_the_readme(sandbox, start, tmp_path):
    """The program as it stands there prints what stands there, but for ids."""
    text = (REPOSITORY / "README.md").read_text()
    section = text.partition("## Through the vendor's SDK")[2].partition("\n## ")[0]
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.M)]
    program = next(block for block in blocks if "require(" in block)
    shown = next(block for block in blocks if block.lstrip("\n").startswith("$ node")).strip().split("\n", 1)[1]
    gateway = start(sandbox().base + "/", generation=3, top=TOP)
    file = tmp_path / "detach.js"
    file.write_text(program.replace("127.0.0.1:8080", f"127.0.0.1:{gateway.port}"))
    out = subprocess.run(["node", file], capture_output=True, text=True, timeout=60, check=True, env={
        **__import__("os").environ, "TOKEN": TOKEN})
    ids = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
    assert ids.sub("ID", out.stdout.strip()) == ids.sub("ID", shown.strip())
