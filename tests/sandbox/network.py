#!/usr/bin/env python3
"""What calls make in the sandbox and remove again: python3 network.py PROGRAM [ARGUMENT...]"""
import ipaddress, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import live, live3
from clients import wrong


class Network(unittest.TestCase):
    def setUp(self):
        self.sandbox = live3.Sandbox3()
        self.call = self.sandbox.call3

    def tearDown(self):
        code, _, _, errors = self.sandbox.end()
        self.assertEqual((code, errors), (0, ""))

    def executed(self):
        return self.sandbox.get("/_sandbox/state")[1]["executed"]

    def refused(self, code, action, body=None, **more):
        """And nothing is changed by it."""
        before = self.executed()
        with self.subTest(code=code, action=action, body=body):
            self.assertEqual(self.call(action, body, **more), code)
            self.assertEqual(self.executed(), before)

    def vpc(self, cidr="10.8.0.0/16", **more):
        return self.call("CreateVpc", {"VpcName": "made", "CidrBlock": cidr, **more})["Vpc"]

    def subnet(self, vpc, cidr, **more):
        body = {"VpcId": vpc, "SubnetName": "inner", "CidrBlock": cidr, "Zone": "ap-guangzhou-2", **more}
        answer = self.call("CreateSubnet", body)
        return answer if isinstance(answer, str) else answer["Subnet"]

    def test_a_vpc(self):
        tags = [{"Key": "owner", "Value": "net"}, {"Key": "x", "Value": "\u00e9"}]
        made = self.vpc(DnsServers=["10.8.0.2"], DomainName="inner.example", EnableMulticast="true", Tags=tags,
                        EnableRouteVpcPublish=True)
        self.assertEqual(wrong(made, "Vpc"), [])
        self.assertEqual((made["CidrBlock"], made["TagSet"], made["DnsServerSet"], made["DomainName"]),
                         ("10.8.0.0/16", tags, ["10.8.0.2"], "inner.example"))
        self.assertIs(made["EnableMulticast"], True)
        self.assertIs(made["EnableRouteVpcPublish"], True)
        found = self.call("DescribeVpcs", {"VpcIds": [made["VpcId"]]})
        self.assertEqual(found["VpcSet"], [made])
        self.assertNotEqual(self.vpc()["VpcId"], made["VpcId"])
        # The other generation knows it too, and links are made with it.
        self.assertEqual(self.sandbox.call("DescribeVpcEx", vpcId=made["VpcId"])["data"][0]["vpcName"], "made")
        self.call("AttachClassicLinkVpc", live3.change("ins-free1", vpc=made["VpcId"]))
        self.refused("ResourceInUse", "DeleteVpc", {"VpcId": made["VpcId"]})
        self.call("DetachClassicLinkVpc", live3.change("ins-free1", vpc=made["VpcId"]))
        self.assertEqual(list(self.call("DeleteVpc", {"VpcId": made["VpcId"]})), ["RequestId"])
        self.refused("ResourceNotFound", "DescribeVpcs", {"VpcIds": [made["VpcId"]]})
        self.refused("ResourceNotFound", "DeleteVpc", {"VpcId": made["VpcId"]})
        self.assertEqual(self.call("DescribeVpcs")["TotalCount"], 4)

    def test_vpcs_that_cannot_be(self):
        good = {"VpcName": "n", "CidrBlock": "10.0.0.0/16"}
        for code, more in (("MissingParameter", {"VpcName": None}), ("MissingParameter", {"CidrBlock": None}),
                           ("InvalidParameterValue.Malformed", {"CidrBlock": "10.0.0.0"}),
                           ("InvalidParameterValue.Malformed", {"CidrBlock": "10.0.0.1/16"}),
                           ("InvalidParameterValue", {"CidrBlock": "11.0.0.0/16"}),
                           ("InvalidParameterValue", {"CidrBlock": "10.0.0.0/11"}),
                           ("InvalidParameterValue", {"CidrBlock": "10.0.0.0/29"}),
                           ("InvalidParameterValue.TooLong", {"VpcName": "n" * 61}),
                           ("InvalidParameterValue", {"EnableMulticast": "yes"}),
                           ("InvalidParameter", {"EnableRouteVpcPublish": "true"}),
                           ("InvalidParameter", {"Tags": [{"Key": 1}]}),
                           ("UnknownParameter", {"Tags": [{"Name": "x"}]}),
                           ("UnknownParameter", {"Nonsense": "x"})):
            body = {name: value for name, value in {**good, **more}.items() if value is not None}
            self.refused(code, "CreateVpc", body)
        self.refused("ResourceNotFound", "DeleteVpc", {"VpcId": "vpc-kd7d06of"})  # of another region
        self.refused("InvalidParameterValue.Malformed", "DeleteVpc", {"VpcId": "gz_vpc_245"})

    def test_subnets(self):
        vpc = self.vpc()["VpcId"]
        made = self.subnet(vpc, "10.8.1.0/24", Tags=[{"Key": "k"}])
        self.assertEqual(wrong(made, "Subnet"), [])
        size = ipaddress.ip_network("10.8.1.0/24").num_addresses - 3
        self.assertEqual((made["VpcId"], made["TotalIpAddressCount"], made["TagSet"]),
                         (vpc, size, [{"Key": "k", "Value": ""}]))
        for code, cidr in (("InvalidParameterValue.SubnetConflict", "10.8.1.0/24"),
                           ("InvalidParameterValue.SubnetConflict", "10.8.0.0/16"),
                           ("InvalidParameterValue.SubnetConflict", "10.8.1.128/25"),
                           ("InvalidParameterValue.SubnetRange", "10.9.1.0/24"),
                           ("InvalidParameterValue.SubnetRange", "10.0.0.0/8"),
                           ("InvalidParameterValue.Malformed", "10.8.2.0/30"),
                           ("InvalidParameterValue.Malformed", "10.8.2.1/24")):
            self.assertEqual(self.subnet(vpc, cidr), code)
        self.assertEqual(self.subnet("vpc-00000000", "10.8.2.0/24"), "ResourceNotFound")
        other = self.subnet(vpc, "10.8.2.0/24", SubnetName="outer")
        ids = lambda body: [row["SubnetId"] for row in self.call("DescribeSubnets", body)["SubnetSet"]]
        self.assertEqual(ids({}), [made["SubnetId"], other["SubnetId"]])
        self.assertEqual(ids({"SubnetIds": [other["SubnetId"]]}), [other["SubnetId"]])
        self.assertEqual(ids({"Offset": "1", "Limit": "1"}), [other["SubnetId"]])
        self.assertEqual(ids(live3.where("subnet-name", "inn")), [made["SubnetId"]])
        self.assertEqual(ids(live3.where("vpc-id", "vpc-prod1")), [])
        self.assertEqual(ids(live3.where("cidr-block", "10.8.2.0/24")), [other["SubnetId"]])
        # The same in a query, with a signature of the older kind.
        found = self.sandbox.query("DescribeSubnets", **{"Filters.0.Name": "vpc-id", "Filters.0.Values.0": "vpc-prod1",
                                                         "Filters.0.Values.1": vpc})
        self.assertEqual(found["TotalCount"], 2)
        self.refused("ResourceInUse", "DeleteVpc", {"VpcId": vpc})
        self.refused("InvalidParameterValue.Malformed", "DeleteSubnet", {"SubnetId": "s"})
        for subnet in (made, other):
            self.call("DeleteSubnet", {"SubnetId": subnet["SubnetId"]})
        self.refused("ResourceNotFound", "DeleteSubnet", {"SubnetId": made["SubnetId"]})
        self.refused("ResourceNotFound", "DescribeSubnets", {"SubnetIds": [made["SubnetId"]]})
        self.call("DeleteVpc", {"VpcId": vpc})


if __name__ == "__main__":
    live.PROGRAM = sys.argv[1:]
    unittest.main(argv=["network.py"])
