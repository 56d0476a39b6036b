#!/usr/bin/env python3
"""The sandbox as a whole, over its socket: python3 live.py PROGRAM [ARGUMENT...]

Signs with Python's own hmac, so that neither the gateway's signer nor the sandbox's verifier is asked whether
the other is right.  Starts the program itself, on a free port, and ends it by SIGTERM."""
import atexit, base64, hashlib, hmac, http.client, json, os, random, re, signal, socket, ssl, subprocess, sys
import tempfile, threading, time, unittest, urllib.parse

PROGRAM = []
SECRET_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
SECRET_KEY = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
PATH = "/v2/index.php"
SLOW = int(os.environ.get("COUNTERSIGN_SLOW", "1"))


def signature(method, host, params, key=SECRET_KEY):
    pairs = [(name, value) for name, value in params.items() if name != "Signature"]
    if method == "POST":
        pairs = [(name, value) for name, value in pairs if not value.startswith("@")]
    text = method + host + PATH + "?" + "&".join(
        name.replace("_", ".") + "=" + value for name, value in sorted(pairs))
    digest = hashlib.sha256 if params.get("SignatureMethod") == "HmacSHA256" else hashlib.sha1
    return base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()


class Sandbox:
    def __init__(self, *arguments, scheme="http"):
        self.process = subprocess.Popen([*PROGRAM, "--listen", "127.0.0.1:0", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        atexit.register(self.process.kill)
        self.line = self.process.stdout.readline().decode()
        assert self.line.startswith("sandbox: listening on %s://127.0.0.1:" % scheme), self.line
        self.port = int(self.line.rsplit(":", 1)[1])
        self.host = "127.0.0.1:%d" % self.port
        self.scheme = scheme
        self.nonce = random.randrange(1, 2 ** 40)

    def connect(self, timeout=10 * SLOW):
        if self.scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def params(self, action, **more):
        self.nonce += 1
        params = {"Action": action, "Region": "ap-guangzhou", "SecretId": SECRET_ID, "Nonce": str(self.nonce),
                  "Timestamp": str(int(time.time())), "SignatureMethod": "HmacSHA256"}
        params.update(more)
        return {name: value for name, value in params.items() if value is not None}

    def send(self, params, method="GET", connection=None, signed=True, headers=None):
        if signed:
            params = dict(params, Signature=signature(method, self.host, params))
        form = urllib.parse.urlencode(params)
        mine = connection or self.connect()
        if method == "GET":
            mine.request("GET", PATH + "?" + form, headers=headers or {})
        else:
            mine.request("POST", PATH, body=form,
                         headers=headers or {"Content-Type": "application/x-www-form-urlencoded"})
        answer = mine.getresponse()
        body = answer.read()
        if connection is None:
            mine.close()
        return answer, body

    def call(self, action, method="GET", **more):
        answer, body = self.send(self.params(action, **more), method)
        assert answer.status == 200 and answer.getheader("Content-Type") == "application/json"
        return json.loads(body)

    def get(self, path):
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body)

    def faults(self, *specs):
        connection = self.connect()
        connection.request("POST", "/_sandbox/faults", body="\n".join(specs))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body)

    def raw(self, text, timeout=5 * SLOW):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
            s.sendall(text.encode("latin-1"))
            got = b""
            while True:
                try:
                    piece = s.recv(65536)
                except ConnectionResetError:
                    return got
                if not piece:
                    return got
                got += piece

    def end(self):
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        out, errors = self.process.communicate(timeout=20)
        return self.process.returncode, time.monotonic() - started, out.decode(), errors.decode()


def ids(*names):
    return {"instanceIds.%d" % i: name for i, name in enumerate(names)}


class Live(unittest.TestCase):
    arguments = ()

    def setUp(self):
        self.sandbox = Sandbox(*self.arguments)

    def tearDown(self):
        code, took, self.out, errors = self.sandbox.end()
        self.assertEqual((code, errors), (0, ""))
        self.assertLess(took, 10 * SLOW)  # and not as long as what hangs
        self.assertNotIn(SECRET_KEY, self.out)
        self.assertNotIn("ignature", self.out.replace("the signature does not match", ""))

    def test_first_detach_is_the_documented_answer(self):
        params = self.sandbox.params("DetachClassicLinkVpc", vpcId="vpc-2ari9m7h", **ids("ins-df454d"))
        answer, body = self.sandbox.send(params)
        self.assertEqual(body, b'{"code":0,"message":"","taskId":135254}')
        state = self.sandbox.get("/_sandbox/state")[1]
        self.assertNotIn({"vpcId": "vpc-2ari9m7h", "instanceId": "ins-df454d"}, state["links"])
        self.assertEqual(state["actions"]["DetachClassicLinkVpc"], {"requests": 1, "executed": 1})

    def test_post_and_the_old_ids_and_sha1(self):
        answer = self.sandbox.call("DetachClassicLinkVpc", "POST", vpcId="gz_vpc_245", Region="gz",
                                   SignatureMethod=None, **ids("qcvm10001", "ins-df221dd"))
        self.assertEqual(answer["taskId"], 135254)
        again = self.sandbox.call("DetachClassicLinkVpc", vpcId="gz_vpc_245", **ids("qcvm10001"))
        self.assertEqual(again["taskId"], 135255)
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["executed"], 1)

    def test_attach_and_describe(self):
        attach = self.sandbox.call("AttachClassicLinkVpc", vpcId="vpc-8e0ypm3z", **ids("ins-free1"))
        self.assertEqual(attach["code"], 0)
        links = self.sandbox.call("DescribeVpcClassicLink", vpcId="vpc-8e0ypm3z", orderField="createTime")
        self.assertEqual([row["instanceId"] for row in links["data"]], ["ins-free1", "ins-5d8a23rs"])
        page = self.sandbox.call("DescribeVpcClassicLink", offset="1", limit="2")
        self.assertEqual((page["totalCount"], len(page["data"])), (6, 2))
        task = self.sandbox.call("DescribeVpcTaskResult", taskId=str(attach["taskId"]))
        self.assertEqual(task["data"]["status"], 0)
        vpcs = self.sandbox.call("DescribeVpcEx", orderField="vpcName", orderDirection="asc")
        self.assertEqual([row["vpcName"] for row in vpcs["data"]], ["production", "staging", "testing"])
        found = self.sandbox.call("DescribeInstances", **ids("ins-df454d", "ins-sh4f2a1c"))
        self.assertEqual([row["unInstanceId"] for row in found["instanceSet"]], ["ins-df454d"])

    def test_refusals(self):
        for expected, action, more in [
                ((5000, "InvalidVpc.NotFound"), "DetachClassicLinkVpc",
                 {"vpcId": "vpc-x", **ids("ins-df454d")}),
                ((5000, "InvalidVpc.NotFound"), "DescribeVpcEx", {"vpcId": "vpc-kd7d06of"}),
                ((5000, "InvalidInstance.NotFound"), "DetachClassicLinkVpc",
                 {"vpcId": "vpc-2ari9m7h", **ids("ins-df454d", "ins-x")}),
                ((5100, "InstanceAlreadyLinked"), "AttachClassicLinkVpc",
                 {"vpcId": "vpc-8e0ypm3z", **ids("ins-df454d")}),
                ((5000, None), "DescribeVpcTaskResult", {"taskId": "1"}),
                ((4000, None), "DetachClassicLinkVpc", {"vpcId": "vpc-2ari9m7h"}),
                ((4000, None), "DetachClassicLinkVpc",
                 {"vpcId": "vpc-2ari9m7h", "instanceIds.1": "ins-df454d"}),
                ((4000, None), "DescribeVpcEx", {"Region": "mars"}),
                ((4000, None), "DescribeVpcEx", {"Nonce": "-1"}),
                ((4000, None), "DescribeVpcEx", {"Region": None}),
                ((4000, None), "DescribeVpcClassicLink", {"limit": "51"}),
                ((4104, None), "DescribeVpcEx", {"SecretId": "AKIDx"}),
                ((4105, None), "DescribeVpcEx", {"Token": "t"}),
                ((4500, None), "DescribeVpcEx", {"Timestamp": str(int(time.time()) - 400)}),
                ((6100, None), "DescribeInstances", {"Version": "2017-03-12"}),
                ((6100, None), "NoSuchAction", {})]:
            answer = self.sandbox.call(action, **more)
            self.assertEqual((answer["code"], answer.get("codeDesc")), expected, (action, more))
            self.assertTrue(answer["message"].startswith("(100004)"))
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["executed"], 0)

    def test_signature(self):
        params = self.sandbox.params("DescribeVpcEx")
        wrong = dict(params, Signature=signature("POST", self.sandbox.host, params))
        answer = json.loads(self.sandbox.send(wrong, signed=False)[1])
        self.assertEqual((answer["code"], answer["codeDesc"]), (4100, "AuthFailure"))
        self.assertEqual(json.loads(self.sandbox.send(params)[1])["code"], 0)
        self.assertEqual(json.loads(self.sandbox.send(params)[1])["code"], 4500)

    def test_words_that_need_escapes(self):
        word = "a b+c%20&d=e_f~é\n/?"
        self.assertEqual(self.sandbox.call("DescribeInstances", searchWord=word)["totalCount"], 0)
        self.assertEqual(self.sandbox.call("DescribeInstances", "POST", searchWord=word)["totalCount"], 0)
        self.assertEqual(self.sandbox.call("DescribeInstances", "POST", searchWord="@file")["totalCount"], 0)
        self.assertEqual(self.sandbox.call("DescribeVpcEx", x_1="a_b", x0="1", xB="2")["code"], 0)

    def test_not_api(self):
        self.assertEqual(self.sandbox.get("/v3")[0], 404)
        self.assertEqual(self.sandbox.get("/v2/index.php/")[0], 404)
        answer, body = self.sandbox.send(self.sandbox.params("DescribeVpcEx"), "POST",
                                         headers={"Content-Type": "text/plain"})
        self.assertEqual(json.loads(body)["code"], 4000)
        self.assertEqual(self.sandbox.get("/_sandbox/state")[1]["requests"], 1)

    def test_framing(self):
        for status, text in [
                (400, "GET / HTTP/1.1\r\n\r\n"), (400, "GET / HTTP/1.1\nHost: a\n\n"), (400, "\r\n\r\n"),
                (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
                (400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
                (400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"),
                (400, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
                (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"),
                (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
                (400, "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
                (400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
                (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
                (417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"),
                (413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10485761\r\n\r\n"),
                (431, "GET / HTTP/1.1\r\nHost: a\r\nX: " + "x" * 70000 + "\r\n\r\n"),
                (404, "GET /a HTTP/1.0\r\nHost: a\r\n\r\n")]:
            self.assertEqual(self.sandbox.raw(text)[:13], b"HTTP/1.1 %d " % status, text[:80])
        two = "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.sandbox.raw(two).count(b"HTTP/1.1 404 "), 2)
        expect = ("POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n"
                  "Expect: 100-continue\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.sandbox.port), timeout=5 * SLOW) as s:
            s.sendall(expect.encode())
            self.assertEqual(s.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b"x")
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 404 "))

    def test_faults(self):
        sandbox = self.sandbox
        detach = lambda: sandbox.send(sandbox.params("DetachClassicLinkVpc", vpcId="vpc-2ari9m7h",
                                                     **ids("ins-df454d")))
        executed = lambda: sandbox.get("/_sandbox/state")[1]["executed"]
        sandbox.faults("*:refuse")
        self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError), detach)
        self.assertEqual(executed(), 0)
        sandbox.faults("*:code=4400/Limit:count=1:after=1")
        self.assertEqual([sandbox.call("DescribeVpcEx")["code"] for _ in range(3)], [0, 4400, 0])
        sandbox.faults("*:echo-secret")
        body = detach()[1].decode()
        self.assertIn(SECRET_KEY, body)
        self.assertEqual(executed(), 0)
        sandbox.faults("*:status=503")
        self.assertEqual(detach()[0].status, 503)
        sandbox.faults("*:redirect=http://127.0.0.1:1/x:y")
        answer = detach()[0]
        self.assertEqual((answer.status, answer.getheader("Location")), (302, "http://127.0.0.1:1/x:y"))
        sandbox.faults('*:body={"code":0}:count=1')
        self.assertEqual(detach()[1], b'{"code":0}')
        self.assertEqual(executed(), 0)
        sandbox.faults("DetachClassicLinkVpc:cut")
        self.assertRaises(http.client.RemoteDisconnected, detach)
        self.assertEqual(executed(), 1)
        sandbox.faults("*:cut=170")
        self.assertRaises(http.client.IncompleteRead, detach)
        sandbox.faults("*:garbage")
        self.assertRaises(ValueError, lambda: json.loads(detach()[1]))
        sandbox.faults("*:html")
        self.assertEqual(detach()[0].getheader("Content-Type"), "text/html")
        sandbox.faults("*:type=text/plain; charset=x")
        self.assertEqual(detach()[0].getheader("Content-Type"), "text/plain; charset=x")
        sandbox.faults("*:huge=3000000")
        body = detach()[1]
        self.assertEqual((len(body), json.loads(body)["code"]), (3000000, 0))
        sandbox.faults("*:string-code")
        self.assertEqual(json.loads(detach()[1])["code"], "0")
        sandbox.faults("*:delay=300", "*:skew=-600")
        started = time.monotonic()
        answer, body = detach()
        self.assertGreater(time.monotonic() - started, 0.29)
        self.assertEqual(json.loads(body)["code"], 4500)
        self.assertLess(http.client.email.utils.parsedate_to_datetime(answer.getheader("Date")).timestamp(),
                        time.time() - 590)
        sandbox.faults("*:drip=1")
        self.assertEqual(json.loads(detach()[1])["code"], 0)
        sandbox.faults("*:hang")
        self.assertRaises(TimeoutError, self.hang)
        self.assertEqual(sandbox.faults("*:nonsense")[0], 400)
        self.assertEqual(sandbox.get("/_sandbox/state")[1]["faults"][0]["spec"], "*:hang")
        self.assertEqual(sandbox.faults()[1], {"faults": []})

    def hang(self):
        connection = self.sandbox.connect(0.3)
        self.sandbox.send(self.sandbox.params("DescribeVpcEx"), connection=connection)


class Crowd(unittest.TestCase):
    def test_many_clients_keep_alive(self):
        clients, calls = 256, 8
        sandbox = Sandbox("--quiet", "--fault", "*:delay=20", "--fault", "*:code=4400:every=97")
        bad = []

        def client():
            try:
                connection = sandbox.connect(30)
                for _ in range(calls):
                    params = sandbox.params("DetachClassicLinkVpc", vpcId="vpc-2ari9m7h",
                                            Nonce=str(random.randrange(2 ** 62)), **ids("ins-df454d"))
                    code = json.loads(sandbox.send(params, connection=connection)[1])["code"]
                    if code not in (0, 4400):
                        bad.append(code)
                connection.close()
            except Exception as problem:
                bad.append(repr(problem))

        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                sandbox.get("/_sandbox/state")
                sandbox.faults("*:delay=20", "*:code=4400:every=97")
                thread.join(0.05)
        state = sandbox.get("/_sandbox/state")[1]
        idle = [sandbox.connect() for _ in range(50)]
        for connection in idle:
            connection.connect()
        hanging = sandbox.faults("*:hang") and [sandbox.connect() for _ in range(20)]
        for connection in hanging:
            connection.request("GET", PATH)
        code, took, _, errors = sandbox.end()
        self.assertEqual((bad, code, errors), ([], 0, ""))
        self.assertLess(took, 10 * SLOW)  # and not as long as what hangs
        self.assertEqual((state["requests"], state["executed"]), (clients * calls, 1))


class Tls(unittest.TestCase):
    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = folder + "/cert.pem", folder + "/key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
                           check=True, capture_output=True)
            sandbox = Sandbox("--cert", cert, "--key", key, "--fault", "DetachClassicLinkVpc:cut",
                              scheme="https")
            connection = sandbox.connect()
            for _ in range(3):
                answer, body = sandbox.send(sandbox.params("DescribeVpcEx"), connection=connection)
                self.assertEqual(json.loads(body)["totalCount"], 3)
            detach = sandbox.params("DetachClassicLinkVpc", vpcId="vpc-2ari9m7h", **ids("ins-df454d"))
            broken = (ssl.SSLError, http.client.RemoteDisconnected, ConnectionError)
            self.assertRaises(broken, lambda: sandbox.send(detach))
            sandbox.raw("not a handshake at all\r\n\r\n")
            code, took, _, errors = sandbox.end()
            self.assertEqual((code, errors), (0, ""))
            self.assertLess(took, 10 * SLOW)  # and not as long as what hangs


class CommandLine(unittest.TestCase):
    def run_with(self, *arguments):
        done = subprocess.run([*PROGRAM, *arguments], capture_output=True, timeout=20, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_exit_codes(self):
        self.assertEqual(self.run_with("--help")[0], 0)
        for arguments in [["--no-such"], ["--window", "0"], ["--window"], ["--fault", "x"],
                          ["--listen", "0.0.0.0:1"],
                          ["--listen", "[::]:1"], ["--listen", "localhost:1"], ["--listen", "127.0.0.1"],
                          ["--listen", ":1"], ["--listen", "127.0.0.1:65536"], ["--listen", "127.0.0.1:http"],
                          ["--listen", "[" + "1" * 60 + "]:1"], ["--cert", "x"], ["extra"]]:
            code, out, errors = self.run_with(*arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertIn("sandbox: ", errors)
        self.assertEqual(self.run_with("--state", "/nonexistent")[0], 78)
        for arguments in [["--cert", "/nonexistent", "--key", "x"], ["--journal", "/nonexistent/x"]]:
            self.assertEqual(self.run_with("--listen", "127.0.0.1:0", *arguments)[0], 1)

    def test_an_address_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            code, out, errors = self.run_with("--listen", address)
            self.assertEqual((code, out), (1, ""))
            self.assertIn("cannot listen on %s: Address already in use" % address, errors)

    def test_the_other_family(self):
        process = subprocess.Popen([*PROGRAM, "--listen", "[::1]:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline()
            port = int(re.fullmatch(r"sandbox: listening on http://\[::1\]:(\d+)\n?", line)[1])
            with socket.create_connection(("::1", port), timeout=20) as client:
                client.sendall(b"GET /_sandbox/state HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200 "))
        finally:
            process.terminate()
            process.communicate(timeout=20)

    def test_journal(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/journal"
            sandbox = Sandbox("--quiet", "--journal", path)
            params = sandbox.params("DescribeVpcEx", x="\n\"")
            sandbox.send(params)
            sandbox.send(params)
            self.assertEqual(sandbox.end()[2], "")
            with open(path) as lines:
                rows = [json.loads(line) for line in lines]
            self.assertEqual([row["code"] for row in rows], [0, 4500])
            self.assertEqual((rows[0]["action"], rows[0]["secretId"]), ("DescribeVpcEx", SECRET_ID))

    def test_output_that_nobody_reads(self):
        sandbox = Sandbox()
        connection = sandbox.connect()
        for _ in range(400):
            sandbox.send(sandbox.params("DescribeVpcEx"), connection=connection)
        code, took, out, errors = sandbox.end()
        self.assertEqual(code, 0)
        self.assertIn("nobody reads", errors)


if __name__ == "__main__":
    PROGRAM = sys.argv[1:]
    unittest.main(argv=["live.py"])
