#!/usr/bin/env python3
"""Generation 3 of the sandbox as a whole, over its socket: python3 live3.py PROGRAM [ARGUMENT...]

TC3-HMAC-SHA256 and the query signature are made here, from the vendor's pages, with Python's own hmac."""
import base64, datetime, hashlib, hmac, http.client, json, os, sys, tempfile, time, unittest, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import live
from live import SECRET_ID, SECRET_KEY

VERSION = "2017-03-12"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
REQUEST_IDS = set()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def authorization(headers, body, host, service, timestamp, signed=("content-type", "host"), method="POST",
                  query="", date=None, secret_id=SECRET_ID, key=SECRET_KEY):
    values = {name.lower(): value for name, value in headers.items()}
    values["host"] = host
    date = date or datetime.datetime.fromtimestamp(timestamp, datetime.timezone.utc).strftime("%Y-%m-%d")
    canonical = "\n".join([method, "/", query,
                           "".join(f"{name}:{values[name].strip().lower()}\n" for name in signed),
                           ";".join(signed), hashlib.sha256(body).hexdigest()])
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join(["TC3-HMAC-SHA256", str(timestamp), scope, hashlib.sha256(canonical.encode()).hexdigest()])
    chain = mac(mac(mac(("TC3" + key).encode(), date), service), "tc3_request")
    signature = hmac.new(chain, text.encode(), hashlib.sha256).hexdigest()
    return (f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={';'.join(signed)}, "
            f"Signature={signature}")


class Sandbox3(live.Sandbox):
    def exchange(self, method, path, body=None, headers=None):
        connection = self.connect()
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, text

    def tc3(self, action, body=None, service=None, host=None, timestamp=None, drop=(), headers=None, sent=None, **more):
        """Sends it, and answers (HTTP answer, body).  `host` is what is signed; `sent` what goes instead of the body."""
        timestamp = int(time.time()) if timestamp is None else timestamp
        service = service or ("cvm" if action in ("DescribeInstances", "RunInstances", "TerminateInstances") else "vpc")
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        fields = {"Host": self.host, "Content-Type": "application/json; charset=utf-8", "X-TC-Action": action,
                  "X-TC-Version": VERSION, "X-TC-Region": "ap-guangzhou", "X-TC-Timestamp": str(timestamp)}
        fields.update(headers or {})
        fields["Authorization"] = authorization(fields, raw, host or self.host, service, timestamp, **more)
        for name in drop:
            del fields[name]
        return self.exchange("POST", "/", raw if sent is None else sent, fields)

    def call3(self, action, body=None, **more):
        """The Response; of an error, its Code alone."""
        answer, text = self.tc3(action, body, **more)
        assert answer.status == 200 and answer.getheader("Content-Type") == "application/json", answer.status
        return opened(text)

    def query(self, action, method="GET", host=None, **more):
        params = {**self.params(action, Version=VERSION, SignatureMethod=None), **more}
        params = {name: value for name, value in params.items() if value is not None}
        text = method + (host or self.host) + "/?" + "&".join(f"{n}={v}" for n, v in sorted(params.items()))
        digest = hashlib.sha256 if params.get("SignatureMethod") == "HmacSHA256" else hashlib.sha1
        made = base64.b64encode(hmac.new(SECRET_KEY.encode(), text.encode(), digest).digest()).decode()
        form = urllib.parse.urlencode({**params, "Signature": made})
        if method == "GET":
            return opened(self.exchange("GET", "/?" + form)[1])
        return opened(self.exchange("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})[1])


def opened(text):
    envelope = json.loads(text)
    assert list(envelope) == ["Response"], envelope
    response = envelope["Response"]
    request_id = response.pop("RequestId")
    assert request_id not in REQUEST_IDS, "a RequestId twice"
    REQUEST_IDS.add(request_id)
    if "Error" in response:
        assert list(response) == ["Error"] and list(response["Error"]) == ["Code", "Message"], envelope
        return response["Error"]["Code"]
    return {**response, "RequestId": request_id}


def change(*instances, vpc="vpc-2ari9m7h"):
    return {"VpcId": vpc, "InstanceIds": list(instances)}


def where(name, *values):
    return {"Filters": [{"Name": name, "Values": list(values)}]}


class Generation3(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox3()

    def tearDown(self):
        code, took, out, errors = self.sandbox.end()
        self.assertEqual((code, errors), (0, ""))
        self.assertLess(took, 10 * live.SLOW)
        self.assertNotIn(SECRET_KEY, out)
        self.assertNotIn("Signature=", out)

    def refused(self, code, action, body=None, **more):
        with self.subTest(code=code, action=action, body=body, more=more):
            self.assertEqual(self.sandbox.call3(action, body, **more), code)

    def test_one_state_for_both_generations(self):
        detached = self.sandbox.call3("DetachClassicLinkVpc", change("ins-df454d"))
        self.assertEqual(list(detached), ["RequestId"])
        self.assertRegex(detached["RequestId"], UUID)
        left = self.sandbox.call("DescribeVpcClassicLink", vpcId="vpc-2ari9m7h")
        self.assertEqual([row["instanceId"] for row in left["data"]], ["ins-df221dd", "ins-bastion1"])
        task = self.sandbox.call3("DescribeVpcTaskResult", {"TaskId": detached["RequestId"]})
        self.assertEqual((task["Status"], task["Output"], task["Result"]), ("SUCCESS", "", []))
        self.assertEqual(self.sandbox.call("DescribeVpcTaskResult", taskId="135254")["data"], {"status": 0})
        attached = self.sandbox.call("AttachClassicLinkVpc", vpcId="vpc-8e0ypm3z", **live.ids("ins-df454d"))
        self.assertEqual(attached["taskId"], 135255)
        links = self.sandbox.call3("DescribeClassicLinkInstances", where("vpc-id", "vpc-8e0ypm3z"))
        self.assertEqual(links["ClassicLinkInstanceSet"], [{"VpcId": "vpc-8e0ypm3z", "InstanceId": "ins-df454d"},
                                                           {"VpcId": "vpc-8e0ypm3z", "InstanceId": "ins-5d8a23rs"}])
        state = self.sandbox.get("/_sandbox/state")[1]
        self.assertEqual(state["actions"]["DetachClassicLinkVpc"], {"requests": 1, "executed": 1})
        self.assertEqual((state["executed"], state["accepted"]), (2, 6))

    def test_lists(self):
        ask = self.sandbox.call3
        page = ask("DescribeClassicLinkInstances", {"Offset": "1", "Limit": "2"})
        self.assertEqual((page["TotalCount"], len(page["ClassicLinkInstanceSet"])), (5, 2))
        found = ask("DescribeClassicLinkInstances", where("vm-ip", "10.66.1.11", "10.66.1.17"))
        self.assertEqual(found["ClassicLinkInstanceSet"], [{"VpcId": "vpc-2ari9m7h", "InstanceId": "ins-df454d"}])
        self.assertEqual(ask("DescribeClassicLinkInstances", where("vpc-id", "vpc-none"))["TotalCount"], 0)
        self.assertEqual([row["VpcId"] for row in ask("DescribeVpcs")["VpcSet"]],
                         ["vpc-2ari9m7h", "vpc-8e0ypm3z", "vpc-prod1"])
        one = ask("DescribeVpcs", {"VpcIds": ["vpc-8e0ypm3z"], "Limit": "1"})["VpcSet"][0]
        self.assertEqual((one["VpcName"], one["CidrBlock"]), ("testing", "10.1.0.0/16"))
        self.assertEqual(ask("DescribeVpcs", where("vpc-name", "staging"))["TotalCount"], 1)
        found = ask("DescribeInstances", {"InstanceIds": ["ins-df454d", "ins-sh4f2a1c"], "Limit": 10, "Offset": 0})
        self.assertEqual([(row["InstanceId"], row["InstanceState"], row["PrivateIpAddresses"])
                          for row in found["InstanceSet"]], [("ins-df454d", "RUNNING", ["10.66.1.11"])])
        found = ask("DescribeInstances", where("instance-name", "web-1", "job-1"))
        self.assertEqual(found["TotalCount"], 2)

    def test_refusals(self):
        known = "ins-df454d"
        for code, action, body in [
                ("ResourceNotFound", "DetachClassicLinkVpc", change(known, vpc="vpc-x")),
                ("ResourceNotFound", "DetachClassicLinkVpc", change(known, "ins-x")),
                ("ResourceNotFound", "DescribeVpcs", {"VpcIds": ["vpc-kd7d06of"]}),
                ("ResourceNotFound", "DescribeVpcTaskResult", {"TaskId": "00000000-0000-0000-0000-000000021056"}),
                ("InvalidParameterValue.Malformed", "DetachClassicLinkVpc", change(known, vpc="gz_vpc_245")),
                ("InvalidParameterValue.Malformed", "DetachClassicLinkVpc", change("qcvm10001")),
                ("UnsupportedOperation.ClassicInstanceIdAlreadyExists", "AttachClassicLinkVpc",
                 change(known, vpc="vpc-8e0ypm3z")),
                ("MissingParameter", "DetachClassicLinkVpc", {"VpcId": "vpc-2ari9m7h"}),
                ("MissingParameter", "DetachClassicLinkVpc", change()),
                ("MissingParameter", "DescribeVpcTaskResult", {}),
                ("UnknownParameter", "DetachClassicLinkVpc", {**change(known), "vpcId": "vpc-2ari9m7h"}),
                ("UnknownParameter", "DetachClassicLinkVpc", {**change(known), "Action": "DescribeVpcs"}),
                ("UnknownParameter", "DescribeClassicLinkInstances", {"Filters": [{"Name": "vpc-id", "Values": "x"}]}),
                ("InvalidParameter", "DetachClassicLinkVpc", {"VpcId": 1, "InstanceIds": [known]}),
                ("InvalidParameter", "DescribeClassicLinkInstances", {"Limit": 20}),
                ("InvalidParameter", "DescribeVpcs", {"Offset": 0}),
                ("InvalidParameter", "DescribeInstances", {"Limit": "20"}),
                ("InvalidParameter", "DescribeVpcTaskResult", {"TaskId": 135254}),
                ("InvalidParameter", "DescribeVpcs", b"[]"),
                ("InvalidParameter", "DescribeVpcs", b'{"Limit":"1","Limit":"2"}'),
                ("InvalidParameter", "DescribeVpcs", b"Limit=1"),
                ("InvalidParameterValue.Range", "DescribeClassicLinkInstances", {"Limit": "101"}),
                ("InvalidParameterValue.Range", "DescribeClassicLinkInstances", {"Offset": "-1"}),
                ("InvalidParameterValue", "DescribeVpcs", where("no-such", "x")),
                ("InvalidParameter.FilterValuesNotList", "DescribeVpcs", where("vpc-id")),
                ("InvalidParameter.Coexist", "DescribeVpcs", {"VpcIds": ["vpc-prod1"], **where("vpc-id", "x")}),
                ("InvalidAction", "DescribeVpcEx", {}), ("InvalidAction", "DescribeVpcClassicLink", {}),
                ("InvalidAction", "NoSuchAction", {})]:
            self.refused(code, action, body)
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["executed"], 0)

    def test_what_is_signed(self):
        now = int(time.time())
        bare = "127.0.0.1"
        for host in (self.sandbox.host, bare):
            self.assertEqual(self.sandbox.call3("DescribeVpcs", host=host)["TotalCount"], 3)
        signed = ("content-type", "host", "x-tc-action")
        self.assertEqual(self.sandbox.call3("DescribeVpcs", signed=signed)["TotalCount"], 3)
        failure, invalid = "AuthFailure.SignatureFailure", "AuthFailure.InvalidAuthorization"
        self.refused(failure, "DescribeVpcs", host="vpc.tencentcloudapi.com")
        self.refused(failure, "DescribeVpcs", host=bare + ":1")
        self.refused(failure, "DescribeVpcs", key=SECRET_KEY[:-1])
        self.refused(failure, "DescribeVpcs", method="GET")
        self.refused(failure, "DetachClassicLinkVpc", change("ins-df454d"), sent=json.dumps(change("ins-prod1")))
        self.refused(failure, "DescribeVpcs", query="Action=DescribeVpcs")
        self.refused(invalid, "DescribeVpcs", signed=("host",))
        self.refused(invalid, "DescribeVpcs", signed=("content-type",))
        self.refused(invalid, "DescribeVpcs", date="2019-02-25")
        self.refused("AuthFailure.SignatureExpire", "DescribeVpcs", timestamp=now - 400)
        self.refused("AuthFailure.SignatureExpire", "DescribeVpcs", timestamp=now + 400)
        self.refused("AuthFailure.SecretIdNotFound", "DescribeVpcs", secret_id="AKIDx")
        self.refused("AuthFailure.TokenFailure", "DescribeVpcs", headers={"X-TC-Token": "t"})
        self.refused("InvalidAction", "DescribeVpcs", service="cvm")
        self.refused("InvalidAction", "DescribeInstances", service="vpc")
        self.refused("NoSuchVersion", "DescribeVpcs", headers={"X-TC-Version": "2017-03-13"})
        self.refused("UnsupportedRegion", "DescribeVpcs", headers={"X-TC-Region": "mars"})
        self.refused("InvalidParameter", "DescribeVpcs", headers={"Content-Type": "text/plain"})
        for name in ("X-TC-Action", "X-TC-Version", "X-TC-Region", "X-TC-Timestamp"):
            self.refused("MissingParameter", "DescribeVpcs", drop=(name,))
        self.refused("MissingParameter", "DescribeVpcs", drop=("Authorization",),
                     headers={"Content-Type": "application/x-www-form-urlencoded"})
        answer = self.sandbox.raw("POST / HTTP/1.1\r\nHost: a\r\nX-TC-Action: a\r\nx-tc-action: b\r\n\r\n")
        self.assertEqual(answer[:13], b"HTTP/1.1 400 ")

    def test_get_with_tc3(self):
        query, stamp = "Limit=1&Offset=1", int(time.time())
        fields = {"Content-Type": "application/x-www-form-urlencoded", "X-TC-Action": "DescribeVpcs",
                  "X-TC-Version": VERSION, "X-TC-Region": "gz", "X-TC-Timestamp": str(stamp)}
        fields["Authorization"] = authorization(fields, b"", self.sandbox.host, "vpc", stamp, method="GET", query=query)
        answer = opened(self.sandbox.exchange("GET", "/?" + query, headers=fields)[1])
        self.assertEqual([row["VpcId"] for row in answer["VpcSet"]], ["vpc-8e0ypm3z"])
        self.assertEqual(opened(self.sandbox.exchange("GET", "/?Limit=2&Offset=1", headers=fields)[1]),
                         "AuthFailure.SignatureFailure")

    def test_query_signature(self):
        query = self.sandbox.query
        detach = {"VpcId": "vpc-2ari9m7h", "InstanceIds.0": "ins-df454d"}
        for more in ({}, {"method": "POST"}, {"SignatureMethod": "HmacSHA256"}, {"host": "127.0.0.1"}):
            self.assertRegex(query("DetachClassicLinkVpc", **detach, **more)["RequestId"], UUID)
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["executed"], 1)
        self.assertEqual(query("DescribeInstances", Limit="1")["TotalCount"], 7)
        self.assertEqual(query("DescribeVpcs", RequestClient="SDK", Language="en-US")["TotalCount"], 3)
        for code, action, more in [
                ("MissingParameter", "DescribeVpcs", {"Version": None}),
                ("MissingParameter", "DescribeVpcs", {"Nonce": None}),
                ("NoSuchVersion", "DescribeVpcs", {"Version": "x"}),
                ("AuthFailure.SignatureFailure", "DescribeVpcs", {"host": "h"}),
                ("AuthFailure.SignatureExpire", "DescribeVpcs", {"Timestamp": "1"}),
                ("UnknownParameter", "DescribeVpcs", {"VpcId": "vpc-prod1"}),
                ("InvalidParameter", "DescribeInstances", {"InstanceIds.1": "ins-df454d"})]:
            self.assertEqual(query(action, **more), code, (action, more))
        self.assertEqual([type(query("DescribeVpcs", Nonce="7")) for _ in range(2)], [dict, str])

    def test_faults(self):
        sandbox = self.sandbox
        executed = lambda: sandbox.get("/_sandbox/state")[1]["executed"]
        detach = lambda: sandbox.call3("DetachClassicLinkVpc", change("ins-df454d"))
        for spec, code in [("*:code=4400", "RequestLimitExceeded"), ("*:code=4500", "AuthFailure.SignatureExpire"),
                           ("*:code=4100", "AuthFailure.SignatureFailure"), ("*:code=6000", "InternalError"),
                           ("*:code=6200", "ActionOffline"), ("*:code=9999", "FailedOperation"),
                           ("*:code=4400/RequestLimitExceeded.UinLimitExceeded",
                            "RequestLimitExceeded.UinLimitExceeded"),
                           ("*:skew=-600", "AuthFailure.SignatureExpire")]:
            sandbox.faults(spec)
            self.assertEqual(detach(), code, spec)
        sandbox.faults("*:refuse")
        self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError), detach)
        sandbox.faults("*:echo-secret")
        answer = sandbox.tc3("DetachClassicLinkVpc", change("ins-df454d"))[1].decode()
        self.assertIn(SECRET_KEY, answer)
        self.assertEqual(json.loads(answer)["Response"]["Error"]["Code"], "AuthFailure.SignatureFailure")
        sandbox.faults("*:status=503")
        self.assertEqual(sandbox.tc3("DescribeVpcs")[0].status, 503)
        self.assertEqual(executed(), 0)
        sandbox.faults("DetachClassicLinkVpc:cut")
        self.assertRaises(http.client.RemoteDisconnected, detach)
        self.assertEqual(executed(), 1)
        sandbox.faults("*:huge=100000")
        self.assertEqual(len(sandbox.tc3("DescribeVpcs")[1]), 100000)
        sandbox.faults("*:garbage")
        self.assertRaises(ValueError, detach)


class Running(unittest.TestCase):
    def test_a_task_takes_its_time(self):
        with open(os.path.join(os.path.dirname(__file__), "../../sandbox/state.yaml")) as state:
            text = state.read().replace("duration: 0", "duration: 3600000")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            sandbox = Sandbox3("--state", file.name)
            task = sandbox.call3("DetachClassicLinkVpc", change("ins-df454d"))["RequestId"]
            self.assertEqual(sandbox.call3("DescribeVpcTaskResult", {"TaskId": task})["Status"], "RUNNING")
            self.assertEqual(sandbox.end()[0], 0)


DEFINITIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/definitions/data")
TEMPLATE = {"AddressTemplateName": "x", "Addresses": ["10.0.0.1"]}


class Definitions(unittest.TestCase):
    """Actions that have no state here: by their definition alone."""

    def setUp(self):
        self.sandbox = Sandbox3("--definitions", DEFINITIONS)

    def tearDown(self):
        self.assertEqual(self.sandbox.end()[0], 0)

    def test_what_is_asked_is_checked(self):
        for code, body in (("MissingParameter", {"Addresses": ["10.0.0.1"]}),
                           ("InvalidParameter", {**TEMPLATE, "AddressTemplateName": 7}),
                           ("InvalidParameter", {**TEMPLATE, "Addresses": "x"}),
                           ("InvalidParameter", {**TEMPLATE, "Addresses": [None]}),
                           ("UnknownParameter", {**TEMPLATE, "NoSuch": 1}),
                           ("InvalidParameter", {**TEMPLATE, "Tags": [{"Key": "a"}, {"Key": 1}]}),
                           ("UnknownParameter", {**TEMPLATE, "Tags": [{"key": "a"}]}),
                           ("InvalidParameter", b'{"AddressTemplateName":"x","AddressTemplateName":"y","Addresses":[]}'),
                           ("InvalidParameter", b'{"AddressTemplateName":"x","Addresses":[' + b"[" * 20 + b"]" * 20 + b"]}"),
                           ("InvalidParameter", b"[]")):
            with self.subTest(body=body):
                self.assertEqual(self.sandbox.call3("CreateAddressTemplate", body), code)

    def test_an_answer_has_the_shape_of_its_action(self):
        made = self.sandbox.call3("CreateAddressTemplate", TEMPLATE)
        self.assertIsInstance(made["AddressTemplate"]["AddressTemplateId"], str)
        self.assertEqual(self.sandbox.call3("DescribeVpcTaskResult", {"TaskId": made["RequestId"]})["Status"], "SUCCESS")
        found = self.sandbox.call3("DescribeAddressTemplates", {"Offset": "0"})
        self.assertEqual((found["TotalCount"], len(found["AddressTemplateSet"])), (1, 1))
        found = self.sandbox.call3("DescribeAddressTemplates", {"Offset": "1"})
        self.assertEqual((found["TotalCount"], found["AddressTemplateSet"]), (1, []))

    def test_a_service_and_a_version_have_their_own_actions(self):
        version = {"headers": {"X-TC-Version": "2018-03-17"}}
        self.assertIn("LoadBalancerSet", self.sandbox.call3("DescribeLoadBalancers", service="clb", **version))
        self.assertEqual(self.sandbox.call3("DescribeLoadBalancers", service="clb"), "NoSuchVersion")
        self.assertEqual(self.sandbox.call3("DescribeLoadBalancers", service="vpc"), "InvalidAction")
        self.assertEqual(self.sandbox.call3("DescribeLoadBalancers", service="nosuch", **version), "InvalidAction")
        # of the endpoint's name, which is no service: as some SDKs have it
        self.assertIn("LoadBalancerSet", self.sandbox.call3("DescribeLoadBalancers", service="127", **version))

    def test_a_form_stands_for_a_document(self):
        for method in ("GET", "POST"):
            made = self.sandbox.query("CreateAddressTemplate", method, **{
                "AddressTemplateName": "x", "Addresses.0": "10.0.0.1", "Addresses.1": "@y", "Tags.0.Key": "a"})
            self.assertIsInstance(made, dict)
        for code, more in (("UnknownParameter", {"Addresses.2": "gap"}), ("UnknownParameter", {"Tags.0.Nonsense": "a"}),
                           ("UnknownParameter", {"Addresses": "x"}), ("MissingParameter", {"AddressTemplateName": None})):
            params = {"AddressTemplateName": "x", "Addresses.0": "10.0.0.1", **more}
            self.assertEqual(self.sandbox.query("CreateAddressTemplate", **params), code)
        self.assertIn("RequestId", self.sandbox.query("CreateDhcpIp", VpcId="v", SubnetId="s", DhcpIpName="n",
                                                      SecondaryPrivateIpAddressCount="1"))
        self.assertEqual(self.sandbox.query("CreateDhcpIp", VpcId="v", SubnetId="s", DhcpIpName="n",
                                            SecondaryPrivateIpAddressCount="one"), "InvalidParameter")


if __name__ == "__main__":
    live.PROGRAM = sys.argv[1:]
    unittest.main(argv=["live3.py"])
