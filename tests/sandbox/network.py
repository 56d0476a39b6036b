#!/usr/bin/env python3
"""What calls make in the sandbox and remove again: python3 network.py PROGRAM [ARGUMENT...]"""
import ipaddress, os, sys, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import live, live3
from clients import wrong


class Network(unittest.TestCase):
    def setUp(self):
        self.sandbox = live3.Sandbox3("--quiet")
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
        self.assertNotEqual(self.vpc(EnableMulticast="")["VpcId"], made["VpcId"])
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

    def group(self, name="web", **more):
        return self.call("CreateSecurityGroup", {"GroupName": name, "GroupDescription": "", **more})["SecurityGroup"]

    def test_security_groups(self):
        made = self.group(Tags=[{"Key": "k", "Value": "v"}], ProjectId="7")
        self.assertEqual(wrong(made, "SecurityGroup"), [])
        self.assertEqual((made["SecurityGroupName"], made["ProjectId"], made["TagSet"]),
                         ("web", "7", [{"Key": "k", "Value": "v"}]))
        other = self.group("database")
        ids = lambda body: [row["SecurityGroupId"] for row in
                            self.call("DescribeSecurityGroups", body)["SecurityGroupSet"]]
        self.assertEqual(ids({}), [made["SecurityGroupId"], other["SecurityGroupId"]])
        self.assertEqual(ids({"SecurityGroupIds": [other["SecurityGroupId"]]}), [other["SecurityGroupId"]])
        self.assertEqual(ids(live3.where("security-group-name", "data")), [other["SecurityGroupId"]])
        self.assertEqual(ids({"Limit": "1"}), [made["SecurityGroupId"]])
        self.refused("MissingParameter", "CreateSecurityGroup", {"GroupName": "n"})
        self.refused("MissingParameter", "CreateSecurityGroup", {"GroupDescription": "n"})
        self.refused("InvalidParameterValue.TooLong", "CreateSecurityGroup",
                     {"GroupName": "n" * 61, "GroupDescription": ""})
        self.refused("InvalidParameterValue.Malformed", "DeleteSecurityGroup", {"SecurityGroupId": "x"})
        self.refused("ResourceNotFound", "DescribeSecurityGroups", {"SecurityGroupIds": ["sg-zzzzzzzz"]})
        # A group that another one's policy names stays.
        self.allow(made["SecurityGroupId"], rule(CidrBlock=None, SecurityGroupId=other["SecurityGroupId"]))
        self.refused("ResourceInUse", "DeleteSecurityGroup", {"SecurityGroupId": other["SecurityGroupId"]})
        for group in (made, other):
            self.call("DeleteSecurityGroup", {"SecurityGroupId": group["SecurityGroupId"]})
        self.assertEqual(ids({}), [])

    def allow(self, group, *rules, direction="Ingress", action="CreateSecurityGroupPolicies", **more):
        return self.call(action, {"SecurityGroupId": group, "SecurityGroupPolicySet": {direction: list(rules), **more}})

    def policies(self, group, body=None):
        return self.call("DescribeSecurityGroupPolicies", {"SecurityGroupId": group, **(body or {})})[
            "SecurityGroupPolicySet"]

    def ports(self, group, direction="Ingress", body=None):
        return [row["Port"] for row in self.policies(group, body)[direction]]

    def test_policies(self):
        group = self.group()["SecurityGroupId"]
        self.assertEqual(wrong(self.policies(group), "SecurityGroupPolicySet"), [])
        self.assertEqual(list(self.allow(group, rule("80"), rule("443"))), ["RequestId"])
        self.allow(group, rule("8080", PolicyIndex=0), rule("8081", PolicyIndex=0), rule("22", PolicyIndex=3))
        self.assertEqual(self.ports(group), ["8080", "8081", "80", "22", "443"])
        self.allow(group, rule(None, "ICMP", Action="DROP", PolicyDescription="no ping"),
                   rule(None, "ALL", CidrBlock=None, Ipv6CidrBlock="2001:db8::/32"), direction="Egress", Version="2")
        found = self.policies(group)
        self.assertEqual(wrong(found, "SecurityGroupPolicySet"), [])
        self.assertEqual(found["Version"], "3")
        self.assertEqual([(row["Protocol"], row["Port"], row["Action"], row["PolicyDescription"])
                          for row in found["Egress"]], [("ICMP", "ALL", "DROP", "no ping"), ("ALL", "ALL", "ACCEPT", "")])
        self.assertEqual([row["PolicyIndex"] for row in found["Ingress"]], [0, 1, 2, 3, 4])
        self.assertEqual(found["PolicyStatistics"], {"IngressIPv4TotalCount": 5, "IngressIPv6TotalCount": 0,
                                                     "EgressIPv4TotalCount": 1, "EgressIPv6TotalCount": 1})
        self.assertEqual(self.ports(group, body=live3.where("port", "22", "80")), ["80", "22"])
        self.assertEqual(self.ports(group, body=live3.where("direction", "EGRESS")), [])
        delete = {"action": "DeleteSecurityGroupPolicies"}
        self.allow(group, {"PolicyIndex": 1}, {"PolicyIndex": 3}, **delete)
        self.allow(group, rule("443"), **delete)
        self.assertEqual(self.ports(group), ["8080", "80"])
        for rules in ([rule("443")], [{"PolicyIndex": 2}], [rule("80"), {"PolicyIndex": 1}], [rule("80"), rule("1")]):
            self.assertEqual(self.allow(group, *rules, **delete), "ResourceNotFound")
        self.assertEqual(self.ports(group), ["8080", "80"])
        # In a query, signed the older way.
        flat = {"SecurityGroupId": group, "SecurityGroupPolicySet.Ingress.0.Protocol": "TCP"}
        rest = {"SecurityGroupPolicySet.Ingress.0.Port": "25", "SecurityGroupPolicySet.Ingress.0.Action": "drop",
                "SecurityGroupPolicySet.Ingress.0.CidrBlock": "10.0.0.1", "SecurityGroupPolicySet.Ingress.0.PolicyIndex": "0"}
        self.assertIsInstance(self.sandbox.query("CreateSecurityGroupPolicies", method="POST", **flat, **rest), dict)
        self.assertEqual(self.ports(group), ["25", "8080", "80"])
        moved = {name.replace("Ingress.0", "Ingress.1"): value for name, value in rest.items()}
        self.assertEqual(self.sandbox.query("CreateSecurityGroupPolicies", SecurityGroupId=group, **moved),
                         "InvalidParameter")

    def test_policies_that_cannot_be(self):
        group = self.group()["SecurityGroupId"]
        self.allow(group, rule("80"))
        both = {"SecurityGroupId": group, "SecurityGroupPolicySet": {"Ingress": [rule("1")], "Egress": [rule("2")]}}
        self.refused("InvalidParameter.Coexist", "CreateSecurityGroupPolicies", both)
        self.refused("MissingParameter", "CreateSecurityGroupPolicies", {"SecurityGroupId": group})
        for code, bad in (("MissingParameter", rule("1", CidrBlock=None)), ("MissingParameter", rule("1", Action=None)),
                          ("MissingParameter", rule("1", None)), ("InvalidParameterValue", rule("1", "SCTP")),
                          ("InvalidParameterValue", rule("1", Action="ALLOW")),
                          ("InvalidParameterValue", rule("65536")), ("InvalidParameterValue", rule("90-80")),
                          ("InvalidParameterValue", rule("80,")), ("InvalidParameterValue", rule("80", "ICMP")),
                          ("InvalidParameterValue.Malformed", rule("1", CidrBlock="10.0.0.1/8")),
                          ("InvalidParameterValue.Malformed", rule("1", CidrBlock=None, Ipv6CidrBlock="::/129")),
                          ("InvalidParameter.Coexist", rule("1", Ipv6CidrBlock="::/0")),
                          ("InvalidParameterValue.TooLong", rule("1", PolicyDescription="x" * 101)),
                          ("InvalidParameterValue.Range", rule("1", PolicyIndex=3)),
                          ("ResourceNotFound", rule("1", CidrBlock=None, SecurityGroupId="sg-zzzzzzzz")),
                          ("UnsupportedOperation.DuplicatePolicy", rule("80")),
                          ("InvalidParameter", rule("1", PolicyIndex="0")),
                          ("UnknownParameter", rule("1", ServiceTemplate={"ServiceId": "ppm-1"}))):
            self.assertEqual(self.allow(group, rule("1000"), bad), code, bad)
            self.assertEqual(self.ports(group), ["80"])
        self.assertEqual(self.allow(group, rule("1"), rule("1")), "UnsupportedOperation.DuplicatePolicy")
        self.assertEqual(self.allow(group, rule("1"), Version="0"), "UnsupportedOperation.VersionMismatch")
        self.assertEqual(self.allow("sg-zzzzzzzz", rule("1")), "ResourceNotFound")
        self.assertIsInstance(self.allow(group, *[rule(str(port)) for port in range(1, 50)]), dict)
        self.assertEqual(self.allow(group, *[rule(str(port)) for port in range(100, 151)]), "LimitExceeded")
        self.assertEqual(len(self.ports(group)), 50)

    def test_addresses(self):
        tags = [{"Key": "k", "Value": "v"}]
        made = self.call("AllocateAddresses", {"AddressCount": 2, "AddressName": "out", "InternetMaxBandwidthOut": 10,
                                               "InternetServiceProvider": "CMCC", "Tags": tags})
        self.assertEqual(list(made), ["AddressSet", "TaskId", "RequestId"])
        one, two = made["AddressSet"]
        self.assertEqual(self.call("DescribeTaskResult", {"TaskId": int(made["TaskId"])})["Result"], "SUCCESS")
        self.refused("ResourceNotFound", "DescribeTaskResult", {"TaskId": 1})
        rows = self.call("DescribeAddresses")["AddressSet"]
        self.assertEqual([wrong(row, "Address") for row in rows], [[], []])
        self.assertEqual([row["AddressId"] for row in rows], [one, two])
        self.assertEqual((rows[0]["Bandwidth"], rows[0]["InternetServiceProvider"], rows[0]["TagSet"],
                          rows[0]["AddressStatus"]), (10, "CMCC", tags, "UNBIND"))
        network = ipaddress.ip_network("198.18.0.0/15")
        self.assertEqual(len({row["AddressIp"] for row in rows if ipaddress.ip_address(row["AddressIp"]) in network}), 2)
        ids = lambda body: [row["AddressId"] for row in self.call("DescribeAddresses", body)["AddressSet"]]
        self.assertEqual(ids({"Offset": 1, "Limit": 1}), [two])
        self.assertEqual(ids({"AddressIds": [two]}), [two])
        self.assertEqual(ids(live3.where("address-ip", rows[0]["AddressIp"])), [one])
        self.assertEqual(ids(live3.where("address-status", "BIND")), [])
        # The same ClientToken is the same call.
        token = {"ClientToken": "t" * 64}
        third = self.call("AllocateAddresses", token)["AddressSet"]
        self.assertEqual(self.call("AllocateAddresses", token)["AddressSet"], third)
        self.assertEqual(len(ids({})), 3)
        self.refused("InvalidParameterValue.TooLong", "AllocateAddresses", {"ClientToken": "t" * 65})
        for count in (0, 21):
            self.refused("InvalidParameterValue.Range", "AllocateAddresses", {"AddressCount": count})
        self.refused("InvalidParameterValue.Range", "AllocateAddresses", {"InternetMaxBandwidthOut": -1})
        self.refused("MissingParameter", "ReleaseAddresses")
        self.refused("InvalidParameterValue.AddressIdMalformed", "ReleaseAddresses", {"AddressIds": [one, "x"]})
        self.refused("InvalidAddressId.NotFound", "ReleaseAddresses", {"AddressIds": [one, "eip-zzzzzzzz"]})
        self.assertEqual(len(ids({})), 3)
        self.call("ReleaseAddresses", {"AddressIds": [one, *third, one]})
        self.assertEqual(ids({}), [two])
        self.refused("InvalidAddressId.NotFound", "DescribeAddresses", {"AddressIds": [one]})
        self.assertNotEqual(self.call("AllocateAddresses", token)["AddressSet"], third)

    def order(self, **more):
        """What RunInstances takes, in a new subnet."""
        vpc = self.vpc()["VpcId"]
        subnet = self.subnet(vpc, "10.8.1.0/29")["SubnetId"]
        body = {"Placement": {"Zone": "ap-guangzhou-3", "ProjectId": 0}, "ImageId": "img-8toqc6s3",
                "VirtualPrivateCloud": {"VpcId": vpc, "SubnetId": subnet, "AsVpcGateway": False}, **more}
        return {name: value for name, value in body.items() if value is not None}

    def test_instances(self):
        group = self.group()["SecurityGroupId"]
        tags = [{"Key": "team", "Value": "net ops"}]
        order = self.order(
            InstanceChargeType="POSTPAID_BY_HOUR", InstanceType="S5.MEDIUM4", InstanceCount=2, InstanceName="web-{R:7}",
            SystemDisk={"DiskType": "CLOUD_SSD", "DiskSize": 60}, SecurityGroupIds=[group], UserData="IyEvYmluL3NoCg==",
            DataDisks=[{"DiskType": "CLOUD_SSD", "DiskSize": 100, "DeleteWithInstance": False}, {"DiskSize": 10}],
            TagSpecification=[{"ResourceType": "instance", "Tags": tags}], LoginSettings={"Password": "Not-to-be-seen-1"},
            ClientToken="5f1b4c1e-0c3e-4a57-9d0e-2f7d1f0a9b11")
        where = order["VirtualPrivateCloud"]
        self.assertEqual(list(self.call("RunInstances", {**order, "DryRun": True})), ["RequestId"])
        self.assertEqual(self.call("DescribeInstances")["TotalCount"], 7)
        made = self.call("RunInstances", order)["InstanceIdSet"]
        self.assertEqual(len(made), 2)
        self.assertEqual(self.call("RunInstances", order)["InstanceIdSet"], made)
        rows = self.call("DescribeInstances", {"InstanceIds": made})["InstanceSet"]
        self.assertEqual([wrong(row, "Instance") for row in rows], [[], []])
        row = rows[0]
        self.assertEqual([row["InstanceName"] for row in rows], ["web-7", "web-8"])
        self.assertEqual((row["CPU"], row["Memory"], row["Tags"], row["SecurityGroupIds"], row["ExpiredTime"]),
                         (2, 4, tags, [group], None))
        self.assertEqual((row["SystemDisk"]["DiskSize"], [disk["DiskSize"] for disk in row["DataDisks"]],
                          [disk["DeleteWithInstance"] for disk in row["DataDisks"]]), (60, [100, 10], [False, True]))
        self.assertEqual({name: row["VirtualPrivateCloud"][name] for name in where}, where)
        self.assertEqual(row["Placement"]["Zone"], "ap-guangzhou-3")
        self.assertNotIn("Not-to-be-seen-1", repr(rows))
        network = ipaddress.ip_network("10.8.1.0/29")
        self.assertTrue(all(ipaddress.ip_address(row["PrivateIpAddresses"][0]) in network for row in rows))
        self.assertEqual(self.call("DescribeInstances", live3.where("vpc-id", where["VpcId"]))["TotalCount"], 2)
        self.assertEqual(self.call("DescribeSubnets", live3.where("subnet-id", where["SubnetId"]))["SubnetSet"][0][
            "AvailableIpAddressCount"], 3)
        # Generation 2 knows them; they are no classic instances, and what they use stays.
        found = self.sandbox.call("DescribeInstances", **live.ids(made[0]))["instanceSet"][0]
        self.assertEqual((found["vpcId"], found["lanIp"]), (where["VpcId"], row["PrivateIpAddresses"][0]))
        self.refused("UnsupportedOperation", "AttachClassicLinkVpc", live3.change(made[0]))
        self.refused("ResourceInUse", "DeleteSubnet", {"SubnetId": where["SubnetId"]})
        self.refused("ResourceInUse", "DeleteSecurityGroup", {"SecurityGroupId": group})
        # The subnet has five addresses.
        fill = {**order, "ClientToken": "other", "InstanceName": "n", "InstanceCount": 4}
        self.refused("LimitExceeded", "RunInstances", fill)
        more = self.call("RunInstances", {**fill, "InstanceCount": 3})["InstanceIdSet"]
        rows = self.call("DescribeInstances", live3.where("subnet-id", where["SubnetId"]))["InstanceSet"]
        self.assertEqual({row["PrivateIpAddresses"][0] for row in rows}, {f"10.8.1.{host}" for host in range(2, 7)})
        # An address that is free again is given again.
        self.call("TerminateInstances", {"InstanceIds": more[1:2]})
        again = self.call("RunInstances", {**fill, "ClientToken": "again", "InstanceCount": 1})["InstanceIdSet"]
        address = lambda name: self.call("DescribeInstances", {"InstanceIds": [name]})["InstanceSet"][0][
            "PrivateIpAddresses"]
        self.assertEqual(address(again[0]), [rows[3]["PrivateIpAddresses"][0]])
        self.assertEqual([row["InstanceName"] for row in rows[2:]], ["n1", "n2", "n3"])
        self.refused("InvalidInstanceId.NotFound", "TerminateInstances", {"InstanceIds": [made[0], "ins-zzzzzzzz"]})
        self.refused("InvalidInstanceId.Malformed", "TerminateInstances", {"InstanceIds": [made[0], "qcvm10001"]})
        self.refused("MissingParameter", "TerminateInstances")
        self.call("TerminateInstances", {"InstanceIds": [*made, more[0], more[2], *again, made[0]]})
        self.assertEqual(self.call("DescribeInstances")["TotalCount"], 7)
        self.call("DeleteSubnet", {"SubnetId": where["SubnetId"]})
        self.call("DeleteSecurityGroup", {"SecurityGroupId": group})
        self.call("DeleteVpc", {"VpcId": where["VpcId"]})

    def test_many_at_once(self):
        """No id twice, and nothing left over."""
        made, failed = [], []

        def work(number):
            try:
                for _ in range(10):
                    vpc = self.vpc(f"10.{number}.0.0/16")["VpcId"]
                    subnet = self.subnet(vpc, f"10.{number}.1.0/24")["SubnetId"]
                    group = self.group()["SecurityGroupId"]
                    self.allow(group, rule("80"), rule("443"))
                    made.extend((vpc, subnet, group))
                    self.call("DescribeVpcs"), self.call("DescribeSubnets"), self.call("DescribeInstances")
                    self.call("DeleteSecurityGroup", {"SecurityGroupId": group})
                    self.call("DeleteSubnet", {"SubnetId": subnet})
                    self.call("DeleteVpc", {"VpcId": vpc})
            except Exception as error:  # of a thread: shown by the test
                failed.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60 * live.SLOW)
        self.assertEqual(failed, [])
        self.assertEqual((len(made), len(set(made))), (180, 180))
        self.assertEqual([self.call(action)["TotalCount"] for action in
                          ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups")], [3, 0, 0])

    def test_no_more_than_the_limit(self):
        order = self.order(InstanceCount=100)
        order["VirtualPrivateCloud"] = {**order["VirtualPrivateCloud"], "SubnetId": self.subnet(
            order["VirtualPrivateCloud"]["VpcId"], "10.8.128.0/17")["SubnetId"]}
        made = 7  # those of the state file count
        while made + 100 <= 10000:
            self.assertIsInstance(self.call("RunInstances", order), dict)
            made += 100
        self.refused("LimitExceeded", "RunInstances", order)

    def test_a_classic_instance_ends_with_its_link(self):
        self.call("TerminateInstances", {"InstanceIds": ["ins-df454d"]})
        self.assertEqual(self.call("DescribeClassicLinkInstances", live3.where("vpc-id", "vpc-2ari9m7h"))["TotalCount"], 2)
        self.assertEqual(self.sandbox.call("DescribeVpcEx", vpcId="vpc-2ari9m7h")["data"][0]["classicLinkNum"], 2)

    def test_instances_that_cannot_be(self):
        order = self.order(InstanceName="n")
        where = order["VirtualPrivateCloud"]
        for code, more in (("MissingParameter", {"ImageId": None}), ("MissingParameter", {"Placement": None}),
                           ("MissingParameter", {"VirtualPrivateCloud": None}),
                           ("InvalidParameterValue", {"InstanceType": "big"}),
                           ("InvalidParameterValue", {"InstanceType": "S5.HUGE1"}),
                           ("InvalidParameterValue", {"InstanceChargeType": "FREE"}),
                           ("InvalidParameterValue.Range", {"InstanceCount": 0}),
                           ("InvalidParameterValue.Range", {"InstanceCount": 101}),
                           ("InvalidParameterValue.Range", {"SystemDisk": {"DiskSize": 0}}),
                           ("InvalidParameterValue.Range", {"DataDisks": [{"DiskSize": 1}, {"DiskSize": 99999}]}),
                           ("MissingParameter", {"DataDisks": [{"DiskType": "CLOUD_SSD"}]}),
                           ("InvalidParameterValue.TooLong", {"InstanceName": "n" * 129}),
                           ("InvalidParameterValue.TooLong", {"ClientToken": "n" * 65}),
                           ("ResourceNotFound", {"SecurityGroupIds": ["sg-zzzzzzzz"]}),
                           ("ResourceNotFound", {"VirtualPrivateCloud": {**where, "SubnetId": "subnet-zzzzzzzz"}}),
                           ("InvalidParameterValue", {"VirtualPrivateCloud": {**where, "VpcId": "vpc-prod1"}}),
                           ("InvalidParameterValue", {"TagSpecification": [{"ResourceType": "disk", "Tags": []}]}),
                           ("InvalidParameter", {"InstanceCount": "1"}), ("InvalidParameter", {"DryRun": "true"}),
                           ("UnknownParameter", {"DataDisks": [{"DiskSize": 1, "Nonsense": 1}]})):
            self.refused(code, "RunInstances", {name: value for name, value in {**order, **more}.items()
                                                if value is not None})
        self.assertEqual(self.call("DescribeInstances")["TotalCount"], 7)


def rule(port="80", protocol="TCP", **more):
    """One rule of a SecurityGroupPolicySet; None leaves a member out."""
    made = {"Protocol": protocol, "Port": port, "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT", **more}
    return {name: value for name, value in made.items() if value is not None}


if __name__ == "__main__":
    live.PROGRAM = sys.argv[1:]
    unittest.main(argv=["network.py"])
