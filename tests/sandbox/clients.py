#!/usr/bin/env python3
"""The sandbox for the vendor's own clients: python3 clients.py PROGRAM [ARGUMENT...]

Requests of the shapes that the official SDKs send to an endpoint of one's own, signed here with Python's hmac, and
answers with all that their typed models hold."""
import base64, calendar, hashlib, hmac, json, os, sys, time, unittest, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import live, live3
from live3 import SECRET_KEY, VERSION, authorization, opened

# The members of the vendor's definitions, in their order.  A name alone is a string, which :null may be absent; []
# is a list of strings.
MODELS = {
    "Vpc": """VpcName VpcId CidrBlock IsDefault:bool EnableMulticast:bool CreatedTime DnsServerSet:[] DomainName
        DhcpOptionsId EnableDhcp:bool Ipv6CidrBlock TagSet:[Tag] AssistantCidrSet:[AssistantCidr]
        EnableRouteVpcPublish:bool Ipv6CidrBlockSet:[ISPIPv6CidrBlock] EnableRouteVpcPublishIpv6:bool""",
    "Subnet": """VpcId SubnetId SubnetName CidrBlock IsDefault:bool EnableBroadcast:bool Zone RouteTableId CreatedTime
        AvailableIpAddressCount:int Ipv6CidrBlock NetworkAclId IsRemoteVpcSnat:bool TotalIpAddressCount:int
        TagSet:[Tag] CdcId IsCdcSubnet:int""",
    "SecurityGroup": """SecurityGroupId SecurityGroupName SecurityGroupDesc ProjectId IsDefault:bool CreatedTime TagSet:[Tag]
        UpdateTime""",
    "SecurityGroupPolicySet": """Version Egress:[SecurityGroupPolicy] Ingress:[SecurityGroupPolicy] PolicyStatistics:PolicyStatistics""",
    "SecurityGroupPolicy": """PolicyIndex:int Protocol Port ServiceTemplate:ServiceTemplateSpecification CidrBlock Ipv6CidrBlock
        SecurityGroupId AddressTemplate:AddressTemplateSpecification Action PolicyDescription ModifyTime
        Priority:int""",
    "PolicyStatistics": """IngressIPv4TotalCount:int IngressIPv6TotalCount:int EgressIPv4TotalCount:int
        EgressIPv6TotalCount:int""",
    "ServiceTemplateSpecification": """ServiceId ServiceGroupId""",
    "AddressTemplateSpecification": """AddressId AddressGroupId""",
    "Tag": """Key Value""",
    "DataDisk": """DiskSize:int DiskType DiskId DeleteWithInstance:bool SnapshotId Encrypt:bool KmsKeyId
        ThroughputPerformance:int CdcId BurstPerformance:bool DiskName""",
    "AlgType": """Ftp:bool Sip:bool""",
    "Address": """AddressId AddressName AddressStatus AddressIp InstanceId CreatedTime NetworkInterfaceId PrivateAddressIp
        IsArrears:bool IsBlocked:bool IsEipDirectConnection:bool AddressType CascadeRelease:bool
        EipAlgType:AlgType InternetServiceProvider LocalBgp:bool Bandwidth:int InternetChargeType TagSet:[Tag]
        DeadlineDate InstanceType Egress AntiDDoSPackageId RenewFlag BandwidthPackageId UnVpcId
        DedicatedClusterId""",
    "Instance": """Placement:Placement InstanceId InstanceType CPU:int Memory:int RestrictState InstanceName
        InstanceChargeType SystemDisk:SystemDisk DataDisks:[DataDisk] PrivateIpAddresses:[] PublicIpAddresses:[]
        InternetAccessible:InternetAccessible VirtualPrivateCloud:VirtualPrivateCloud ImageId RenewFlag
        CreatedTime ExpiredTime:null OsName SecurityGroupIds:[] LoginSettings:LoginSettings InstanceState Tags:[Tag]
        StopChargingMode Uuid LatestOperation LatestOperationState LatestOperationRequestId
        DisasterRecoverGroupId IPv6Addresses:[] CamRoleName HpcClusterId RdmaIpAddresses:[] DedicatedClusterId
        IsolatedSource DisasterRecoverGroupIds:[] GPUInfo:GPUInfo LicenseType DisableApiTermination:bool
        DefaultLoginUser DefaultLoginPort:int LatestOperationErrorMsg Metadata:Metadata PublicIPv6Addresses:[]
        CpuTopology:CpuTopology PartitionNumber:int""",
    "SystemDisk": """DiskType DiskId DiskSize:int CdcId DiskName Encrypt:bool KmsKeyId""",
    "Placement": """Zone ProjectId:int HostIds:[] HostId DedicatedResourcePackTenancy DedicatedResourcePackIds:[] RackId""",
    "InternetAccessible": """InternetChargeType InternetMaxBandwidthOut:int PublicIpAssigned:bool BandwidthPackageId
        InternetServiceProvider IPv4AddressType IPv6AddressType AntiDDoSPackageId""",
    "VirtualPrivateCloud": """VpcId SubnetId AsVpcGateway:bool PrivateIpAddresses:[] Ipv6AddressCount:int""",
    "LoginSettings": """Password KeyIds:[] KeepImageLogin""",
    "CpuTopology": """CoreCount:int ThreadPerCore:int""",
    "GPUInfo": """GPUCount:float GPUId:[] GPUType""",
    "Metadata": """Items:[MetadataItem]""",
}

# What differs from client to client on the wire: the scope's service, the signed host, fields.  {host} has the port.
CLIENTS = {
    "node": {"service": "127", "host": "127.0.0.1",
             "headers": {"Content-Type": "application/json", "X-TC-TraceId": "5f1b4c1e-0c3e-4a57-9d0e-2f7d1f0a9b11",
                         "X-TC-RequestClient": "SDK_NODEJS_4.1.313"}},
    "java": {"service": "127", "headers": {"Content-Type": "application/json; charset=utf-8",
                                           "X-TC-RequestClient": "SDK_JAVA_3.2.11"}},
    "php": {"service": "127", "headers": {"Content-Type": "application/json", "X-TC-RequestClient": "SDK_PHP_3.0"}},
    "python": {"headers": {"Content-Type": "application/json", "X-TC-Language": "zh-CN",
                           "X-TC-RequestClient": "SDK_PYTHON_3.1.162"}},
    "go": {"headers": {"Content-Type": "application/json", "X-TC-Language": "en-US",
                       "X-TC-RequestClient": "SDK_GO_1.3.166"}},
    "tccli": {"host": "http://{host}", "headers": {"Content-Type": "application/json", "Host": "http://{host}"}},
}


def kinds(model):
    """The model's members and their types."""
    return dict((word.partition(":")[0], word.partition(":")[2]) for word in MODELS[model].split())


def wrong(value, kind):
    """What is wrong with a value, as texts; none when it is what the model says."""
    if kind in MODELS:
        if not isinstance(value, dict):
            return [f"{value!r} is no {kind}"]
        missing = [f"{kind} has no {name}" for name in kinds(kind) if name not in value]
        return missing + [f"{kind}.{name}: {text}" for name, inner in value.items()
                          for text in (wrong(inner, kinds(kind)[name]) if name in kinds(kind) else ["unknown"])]
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{value!r} is no list"]
        return [text for item in value for text in wrong(item, kind[1:-1])]
    if value is None and kind == "null":
        return []
    wanted = {"": str, "null": str, "bool": bool, "int": int, "float": (int, float)}.get(kind)
    fits = wanted is None or (isinstance(value, wanted) and (kind == "bool") == isinstance(value, bool))
    return [] if fits else [f"{value!r} is no {kind or 'string'}"]


class Clients(unittest.TestCase):
    def setUp(self):
        self.sandbox = live3.Sandbox3()

    def tearDown(self):
        code, _, out, errors = self.sandbox.end()
        self.assertEqual((code, errors), (0, ""))
        self.assertNotIn(SECRET_KEY, out)

    def told(self, client):
        """The client's differences, with this sandbox's address in them."""
        return json.loads(json.dumps(CLIENTS[client]).replace("{host}", self.sandbox.host))

    def form(self, method, pairs, left_out=()):
        """Signs and sends a query or form of generation 3; `left_out` are names that the signature leaves out."""
        pairs = {**self.sandbox.params(pairs.pop("Action"), Version=VERSION), **pairs}
        text = method + self.sandbox.host + "/?" + "&".join(
            f"{name}={value}" for name, value in sorted(pairs.items()) if name not in left_out)
        made = hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).digest()
        form = urllib.parse.urlencode({**pairs, "Signature": base64.b64encode(made).decode()})
        if method == "GET":
            return opened(self.sandbox.exchange("GET", "/?" + form)[1])
        return opened(self.sandbox.exchange(
            "POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})[1])

    def test_reads_and_changes_of_every_client(self):
        for number, client in enumerate(CLIENTS):
            with self.subTest(client=client):
                found = self.sandbox.call3("DescribeVpcs", {"Filters": [{"Name": "vpc-name", "Values": ["prod"]}],
                                                            "Offset": "0", "Limit": "20"}, **self.told(client))
                self.assertEqual([row["VpcName"] for row in found["VpcSet"]], ["production"])
                found = self.sandbox.call3("DescribeInstances", {"Offset": 0, "Limit": 1},
                                           **{"service": "cvm", **self.told(client)})
                self.assertEqual(found["TotalCount"], 7)
                changed = self.sandbox.call3("DetachClassicLinkVpc", live3.change("ins-df454d"), **self.told(client))
                self.assertRegex(changed["RequestId"], live3.UUID)
                self.assertEqual(self.sandbox.call3("DescribeVpcs", {"VpcIds": ["vpc-00000000"]}, **self.told(client)),
                                 "ResourceNotFound")
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["executed"], 1)

    def test_a_service_by_the_endpoint(self):
        """The first label of the Host decides nothing, unless it is a service."""
        port = self.sandbox.port
        for host, service, action, code in (
                ("localhost", "localhost", "DescribeVpcs", None),
                (f"localhost:{port}", f"localhost:{port}", "DescribeInstances", None),
                (f"localhost:{port}", "localhost", "DescribeInstances", None),
                (f"sandbox.internal:{port}", "sandbox", "DescribeVpcs", None),
                (f"[::1]:{port}", f"[::1]:{port}", "DescribeVpcs", None),
                (f"127.0.0.1:{port}", "128", "DescribeVpcs", "InvalidAction"),
                (f"127.0.0.1:{port}", "12", "DescribeVpcs", "InvalidAction"),
                (f"127.0.0.1:{port}", "127", "DescribeVpx", "InvalidAction"),
                (f"cvm.internal:{port}", "cvm", "DescribeVpcs", "InvalidAction"),
                (f"vpc.internal:{port}", "vpc", "DescribeInstances", "InvalidAction"),
                (f"sandbox.internal:{port}", "cbs", "DescribeVpcs", "InvalidAction")):
            with self.subTest(host=host, service=service, action=action):
                answer = self.sandbox.call3(action, host=host, service=service, headers={"Host": host})
                self.assertEqual(answer if isinstance(answer, str) else None, code)
        self.assertEqual(self.sandbox.call3("DescribeVpcs", service="127", headers={"X-TC-Version": "2018-01-01"}),
                         "NoSuchVersion")

    def test_values_with_an_at_sign(self):
        """The page of the signature leaves them out of a form, official clients do not."""
        named = {"Action": "DescribeVpcs", "Filters.0.Name": "vpc-name", "Filters.0.Values.0": "@home"}
        for left_out in ((), ("Filters.0.Values.0",)):
            for method in ("GET", "POST"):
                found = self.form(method, dict(named), left_out)
                if (method, left_out) == ("GET", ("Filters.0.Values.0",)):
                    self.assertEqual(found, "AuthFailure.SignatureFailure")
                else:
                    self.assertEqual(found["TotalCount"], 0)
        self.assertEqual(self.form("POST", {**named, "Filters.0.Values.0": "home"}, ("Filters.0.Values.0",)),
                         "AuthFailure.SignatureFailure")
        self.assertEqual(self.form("POST", {**named, "Filters.0.Values.1": "@work"}, ("Filters.0.Values.1",)),
                         "AuthFailure.SignatureFailure")

    def test_unsigned_payload(self):
        """Go and Java can be told not to sign the body: the signature then holds that word's hash."""
        body, said = json.dumps({"VpcIds": ["vpc-prod1"]}), {"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}
        found = self.sandbox.call3("DescribeVpcs", b"UNSIGNED-PAYLOAD", sent=body, headers=said)
        self.assertEqual(found["TotalCount"], 1)
        for headers, signed in ((said, body.encode()), ({}, b"UNSIGNED-PAYLOAD"),
                                ({"X-TC-Content-SHA256": "unsigned-payload"}, b"UNSIGNED-PAYLOAD")):
            self.assertEqual(self.sandbox.call3("DescribeVpcs", signed, sent=body, headers=headers),
                             "AuthFailure.SignatureFailure")

    def test_get_in_any_order(self):
        """Java's query comes unsorted, and is signed as it stands."""
        query, stamp = "VpcIds.1=vpc-prod1&VpcIds.0=vpc-2ari9m7h&Limit=5&Offset=0", int(time.time())
        fields = {"Host": self.sandbox.host, "Content-Type": "application/x-www-form-urlencoded",
                  "X-TC-Action": "DescribeVpcs", "X-TC-Version": VERSION, "X-TC-Region": "ap-guangzhou",
                  "X-TC-Timestamp": str(stamp)}
        fields["Authorization"] = authorization(fields, b"", self.sandbox.host, "127", stamp, method="GET", query=query)
        self.assertEqual(opened(self.sandbox.exchange("GET", "/?" + query, headers=fields)[1])["TotalCount"], 2)

    def test_a_part_of_a_name(self):
        names = lambda answer: sorted(row["VpcName"] for row in answer["VpcSet"])
        for values, found in ((("ing",), ["staging", "testing"]), (("prod", "stag"), ["production", "staging"]),
                              (("Prod",), []), (("production",), ["production"]), (("productions",), [])):
            self.assertEqual(names(self.sandbox.call3("DescribeVpcs", live3.where("vpc-name", *values))), found)
        self.assertEqual(names(self.sandbox.call3("DescribeVpcs", live3.where("vpc-id", "vpc-prod"))), [])
        self.assertEqual(self.sandbox.call("DescribeVpcEx", vpcName="ing")["totalCount"], 2)
        self.assertEqual(self.sandbox.call("DescribeVpcEx", vpcName="production")["totalCount"], 1)
        for value, count in (("false", 3), ("true", 0)):
            self.assertEqual(self.sandbox.call3("DescribeVpcs", live3.where("is-default", value))["TotalCount"], count)

    def test_models_are_whole(self):
        for action, member, model in (("DescribeVpcs", "VpcSet", "Vpc"), ("DescribeInstances", "InstanceSet", "Instance")):
            rows = self.sandbox.call3(action)[member]
            self.assertGreater(len(rows), 2)
            for row in rows:
                self.assertEqual(wrong(row, model), [])
        made = time.strptime(rows[0]["CreatedTime"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertLess(abs(calendar.timegm(made) - time.time()), 600)
        self.assertEqual(wrong({"CoreCount": "1"}, "CpuTopology"),
                         ["CpuTopology has no ThreadPerCore", "CpuTopology.CoreCount: '1' is no int"])


if __name__ == "__main__":
    live.PROGRAM = sys.argv[1:]
    unittest.main(argv=["clients.py"])
