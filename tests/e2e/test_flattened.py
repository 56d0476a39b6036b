"""Documents through an upstream whose signature joins names and values: flattened, and verified by the sandbox."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer
from harness.shapes import DEFINITIONS

TEMPLATE = {"AddressTemplateName": "x y", "Addresses": ["10.0.0.1", "10.0.0.2"], "Tags": [{"Key": "a", "Value": "b"}]}


@pytest.fixture(params=[("HmacSHA256", "POST"), ("HmacSHA1", "GET")], ids=["HmacSHA256", "HmacSHA1"])
def world(request, sandbox, start):
    signature, method = request.param
    cloud = sandbox("--quiet", "--definitions", str(DEFINITIONS))
    gateway = start(cloud.base + "/", generation=3, signature=signature, method=method, services=("vpc", "sts"), timeout="20s",
                    rules={**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]},
                                               {"id": "power", "allow": ["network-console"], "actions": ["*"],
                                                "effects": ["secret"]}]},
                    top={"doors": {"actions": True}, "definitions": str(DEFINITIONS)})
    return cloud, gateway


def post(gateway, action, body, service="vpc"):
    return gateway.call("POST", f"/actions/{service}/{action}", json.dumps(body).encode(), bearer())


def test_a_document_goes_flattened(world):
    cloud, gateway = world
    for action, body in (("CreateAddressTemplate", TEMPLATE), ("DescribeVpcs", {}),
                         ("DescribeVpcs", {"Filters": [{"Name": "vpc-name", "Values": ["staging", "testing"]}]}),
                         ("CreateDhcpIp", {"VpcId": "v", "SubnetId": "s", "DhcpIpName": "\u4f60",
                                           "SecondaryPrivateIpAddressCount": 2}),
                         ("CreateVpc", {"VpcName": "x", "CidrBlock": "10.9.0.0/16", "EnableRouteVpcPublish": True})):
        answer = post(gateway, action, body)
        assert answer.status == 200, (action, answer.body)
    assert cloud.state()["accepted"] == 5
    assert post(gateway, "DescribeVpcs", {"Filters": [{"Name": "vpc-name", "Values": ["production"]}]}).json()["TotalCount"] == 1


@pytest.mark.parametrize("body, detail", [
    ({**TEMPLATE, "Addresses": ["10.0.0.1", "a&Action=DeleteVpc"]}, "Addresses.1 holds '&'"),
    ({**TEMPLATE, "AddressTemplateName": "a=b"}, "AddressTemplateName holds '='"),
    ({**TEMPLATE, "AddressTemplateName": "@file"}, "AddressTemplateName begins with '@'"),
    ({**TEMPLATE, "Addresses": []}, "Addresses is an empty list"),
    ({**TEMPLATE, "Addresses": ["x" * 100] * 650}, "of 65536 bytes at most"),
])
def test_what_could_be_something_else_is_refused(world, body, detail):
    cloud, gateway = world
    found = problem(post(gateway, "CreateAddressTemplate", body), 400, "invalid-parameter")["detail"]
    assert detail in found
    assert cloud.state()["requests"] == 0
