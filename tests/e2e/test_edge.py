"""The edge: HAProxy of Debian with the configuration that ships, and two gateways behind it."""

import collections
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from harness.edge import Edge, Member
from harness.gateway import TOKEN, POLICY
from harness.process import binary
from harness.upstream import Reply
from harness.world import PATIENCE, VPC, elapse, eventually

PATH = f"/vpcs/{VPC}/classiclinks"
BODY = json.dumps({"instanceIds": ["ins-df454d"]})
ANSWER = {"code": 0, "message": "", "taskId": 135254, "totalCount": 0, "data": []}      # to a change and to a list
READER = {**POLICY, "rules": [*POLICY["rules"],
                              {"id": "see", "allow": ["network-console"], "actions": ["DescribeVpcClassicLink"]}]}
CLIENTS = int(os.environ.get("COUNTERSIGN_EDGE_CLIENTS", "8"))
ROUNDS = int(os.environ.get("COUNTERSIGN_EDGE_ROUNDS", "1"))

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


@pytest.fixture
def stack(tmp_path, upstream, certificates, reaper):
    """stack(...) is an edge with two members, all ready."""
    members, edges = [], []

    def begin(change=lambda text: text, delay=0.0, **options):
        upstream.script(then=Reply(body=ANSWER, delay=delay))
        for name in "ab":
            members.append(Member(tmp_path / name, upstream.url, rules=READER, **options).start())
        edges.append(Edge(tmp_path, certificates.good, members, change))
        for name in "ab":
            edges[0].wait_for(name, "UP")
        return edges[0], members

    yield begin
    for edge in edges:
        edge.stop()
    for member in members:
        reaper.ask(member.gateway)


class Caller:
    """A keep-alive caller over TLS."""

    def __init__(self, edge, certificates, **options):
        context = edge.context(certificates.authority.file, **options)
        self.connection = http.client.HTTPSConnection(edge.address, edge.port, timeout=PATIENCE, context=context)

    def call(self, method="DELETE", path=PATH, body=BODY, headers=None):
        said = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        if body is not None and method == "DELETE":
            said["Content-Type"] = "application/json"
        self.connection.request(method, path, body=body if method == "DELETE" else None, headers=said)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self):
        self.connection.close()


class Beginner:
    """Stands where a member stood: takes each request whole, and then closes without a word or answers 503."""

    def __init__(self, address, asked, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/readyz":
                    self.send_response(200)
                else:
                    asked.append(self.path)
                    if answer == "none":
                        self.close_connection = True
                        return
                    self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_DELETE = any

            def log_message(self, *_):
                pass

        self.servers = [http.server.ThreadingHTTPServer((address, port), Handler) for port in (8080, 9090)]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Load:
    """Callers that change and read in turn until told to end; what each answer was."""

    def __init__(self, edge, certificates, clients=CLIENTS):
        self.over = threading.Event()
        self.answers = []
        self.broken = []
        self.threads = [threading.Thread(target=self._call, args=(edge, certificates, n)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def _call(self, edge, certificates, number):
        caller, count = Caller(edge, certificates), number
        while not self.over.is_set():
            method = ("DELETE", "GET")[count % 2]
            count += 1
            try:
                status, _, body = caller.call(method)
                self.answers.append((method, status, body))
            except (OSError, http.client.HTTPException) as lost:
                self.broken.append(f"{method}: {lost!r}")
                caller.close()
            elapse(0.005, "the pace of a caller")
        caller.close()

    def at_least(self, count):
        """Until so many more requests have been answered."""
        goal = len(self.answers) + count
        assert eventually(lambda: len(self.answers) >= goal, within=6 * PATIENCE), f"{len(self.answers)} of {goal}"

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        return collections.Counter((method, status) for method, status, _ in self.answers)


def test_the_main_job_over_tls(stack, certificates, upstream):
    edge, members = stack()
    caller = Caller(edge, certificates)
    status, headers, body = caller.call()
    assert status == 202 and json.loads(body) == ANSWER
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert caller.call("GET")[0] == 200
    caller.close()
    upstream.seen(2)
    assert eventually(lambda: len([record for member in members for record in member.records()]) == 2)
    assert {record["source"] for member in members for record in member.records()} == {"127.0.0.1"}


def test_the_gateway_knows_the_caller(stack, certificates):
    """The address that the edge was connected from, whatever the caller writes."""
    edge, members = stack()
    context = edge.context(certificates.authority.file)
    with socket.create_connection((edge.address, edge.port), PATIENCE, ("127.9.8.7", 0)) as raw:
        with context.wrap_socket(raw) as wire:
            wire.sendall(f"DELETE {PATH}?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n"
                         f"X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
                         .encode())
            assert wire.recv(4096).startswith(b"HTTP/1.1 202")
    records = eventually(lambda: [record for member in members for record in member.records()])
    assert [record["source"] for record in records] == ["127.9.8.7"]


def test_one_id_in_both_logs(stack, certificates):
    """The caller's own where it is one, or else one that the edge makes; in the edge's line, the gateway's, the answer."""
    edge, members = stack()
    caller = Caller(edge, certificates)
    told = [caller.call("GET", headers=headers)[1]["X-Request-Id"]
            for headers in ({}, {"X-Request-Id": "nightly.7_of-9"}, {"X-Request-Id": "not an id"})]
    caller.close()
    assert told[1] == "nightly.7_of-9" and all(re.fullmatch(r"[0-9a-f-]{36}", told[n]) for n in (0, 2))
    assert eventually(lambda: sorted(record["requestId"] for member in members for record in member.records()) == sorted(told))
    assert eventually(lambda: re.findall(r"\{([^}]*)\} \"GET ", open(edge.log.name, encoding="utf-8").read()) == told)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(stack, certificates, version):
    edge, _ = stack()
    caller = Caller(edge, certificates, minimum_version=version, maximum_version=version)
    assert caller.call()[0] == 202
    assert caller.connection.sock.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    caller.close()


def test_http_2(stack, certificates):
    edge, _ = stack()
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", certificates.authority.file, "--connect-to",
                           f"localhost:443:{edge.address}:{edge.port}", "-X", "DELETE", "-H",
                           f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/json", "-d", BODY,
                           "-w", " %{http_version} %{http_code}", f"https://localhost{PATH}"],
                          capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == json.dumps(ANSWER) + " 2 202"


def test_a_client_certificate_is_optional(stack, certificates):
    """With a list of authorities: none is fine, a good one is fine, a stranger's is refused."""
    def ask(text):
        return text.replace(" alpn h2,http/1.1", f" ca-file {certificates.authority.file} verify optional "
                                                 "alpn h2,http/1.1")
    edge, _ = stack(ask)
    for pair, fine in ((None, True), (certificates.good, True), (certificates.unknown, False)):
        context = edge.context(certificates.authority.file)
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        connection = http.client.HTTPSConnection(edge.address, edge.port, timeout=PATIENCE, context=context)
        try:
            connection.request("DELETE", PATH + "?instanceIds=ins-df454d", headers={"Authorization": f"Bearer {TOKEN}"})
            assert connection.getresponse().status == 202 and fine
        except (ssl.SSLError, OSError):
            assert not fine
        connection.close()


def test_limits(stack, certificates, upstream):
    """What is too long is refused at the edge, with a problem of its own; HTTP that cannot be read, by a bare 400."""
    edge, members = stack()
    def refused(expected, **request):
        caller = Caller(edge, certificates)
        status, headers, body = caller.call(**request)
        caller.close()
        assert status == expected, body
        problem = json.loads(body)
        assert headers["Content-Type"] == "application/problem+json" and problem["status"] == status
        assert problem["outcome"] == "not-executed"
    refused(413, body=b"", headers={"Content-Length": "65537"})      # said, and not waited for
    refused(414, method="GET", path="/" + "a" * 8192)
    caller = Caller(edge, certificates)
    assert caller.call(headers={f"X-{n}": "1" for n in range(80)})[0] == 400
    caller.close()
    assert upstream.count() == 0 and not any(member.records() for member in members)


def test_a_slow_body_holds_no_gateway(stack, certificates):
    """The edge waits for the whole request: until then no gateway hears of it."""
    edge, members = stack()
    context = edge.context(certificates.authority.file)
    with context.wrap_socket(socket.create_connection((edge.address, edge.port), PATIENCE)) as wire:
        wire.sendall(f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
                     f"{len(BODY)}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n{BODY[:5]}".encode())
        elapse(0.5, "one that does not wait would have opened a connection by then")
        opened = sum(int(line.split(",")[7]) for line in edge.ask("show stat").splitlines()
                     if line.startswith(("gateways,a", "gateways,b")))
        assert opened == 0
        wire.sendall(BODY[5:].encode())
        assert wire.recv(4096).startswith(b"HTTP/1.1 202")


# ---- restarts ----

def roll(edge, members, load, start):
    for name, member in zip("ab", members):
        assert member.stop(within=6 * PATIENCE) == 0
        start(member)
        edge.wait_for(name, "UP")
        load.at_least(20)


def test_a_rolling_restart_loses_nothing(stack, certificates):
    """Both gateways, one after the other, under load: every request is answered as if nothing had happened."""
    edge, members = stack()
    load = Load(edge, certificates)
    load.at_least(50)
    for _ in range(ROUNDS):
        roll(edge, members, load, Member.start)
    load.at_least(50)
    counts = load.end()
    print(f"rolling restart, {2 * ROUNDS} gateways restarted: {dict(counts)}, broken {len(load.broken)}")
    assert not load.broken
    assert set(counts) == {("DELETE", 202), ("GET", 200)}, [answer for answer in load.answers
                                                            if answer[1] not in (200, 202)][:5]


def upgraded(tmp_path):
    """The program as another version: the same length of text, so that the copy needs no build."""
    text = open(binary(), "rb").read()
    assert text.count(b"0.1.0\0") >= 1
    path = tmp_path / "countersign-0.1.9"
    path.write_bytes(text.replace(b"0.1.0\0", b"0.1.9\0"))
    path.chmod(0o755)
    return str(path)


def test_a_rolling_upgrade_loses_nothing(stack, certificates, tmp_path):
    edge, members = stack()
    newer = upgraded(tmp_path)
    load = Load(edge, certificates)
    load.at_least(50)
    def start(member):
        member.binary = newer
        member.start()
    roll(edge, members, load, start)
    load.at_least(50)
    counts = load.end()
    for member in members:
        answer = http.client.HTTPConnection(member.address, 9090, timeout=PATIENCE)
        answer.request("GET", "/version", headers={"Host": "localhost"})
        assert "0.1.9" in answer.getresponse().read().decode()
        answer.close()
    print(f"rolling upgrade: {dict(counts)}, broken {len(load.broken)}")
    assert not load.broken
    assert set(counts) == {("DELETE", 202), ("GET", 200)}, [answer for answer in load.answers
                                                            if answer[1] not in (200, 202)][:5]


def test_a_killed_gateway_costs_what_was_in_flight(stack, certificates):
    """Each change that it had is answered 502 with its outcome unknown; a read may be tried again, by its caller."""
    edge, members = stack(delay=0.02)
    load = Load(edge, certificates)
    load.at_least(50)
    members[0].stop(signal.SIGKILL)
    edge.wait_for("a", "DOWN")
    load.at_least(100)
    members[0].start()
    edge.wait_for("a", "UP")
    load.at_least(50)
    counts = load.end()
    print(f"a gateway killed under {CLIENTS} clients: {dict(counts)}, broken {len(load.broken)}")
    assert not load.broken
    assert set(counts) <= {("DELETE", 202), ("GET", 200), ("DELETE", 502), ("GET", 502)}, counts
    lost = [(method, json.loads(body)) for method, status, body in load.answers if status == 502]
    assert len(lost) <= CLIENTS
    for method, problem in lost:
        assert (problem.get("outcome"), problem["retryable"]) == (("unknown", False), (None, True))[method == "GET"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("answer", ["none", "503"])
def test_the_edge_repeats_nothing_that_a_gateway_has_begun(stack, certificates, method, answer):
    """Gateways that take a request whole, and then close or answer 503."""
    edge, members = stack()
    asked, ends = [], []
    for name, member in zip("ab", members):
        member.stop()
        edge.wait_for(name, "DOWN")
        ends.append(Beginner(member.address, asked, answer))
    for name in "ab":
        edge.wait_for(name, "UP")
    caller = Caller(edge, certificates)
    status, _, _ = caller.call(method)
    caller.close()
    for end in ends:
        end.stop()
    assert len(asked) == 1 and status == (502 if answer == "none" else 503)


def test_without_a_gateway_the_edge_says_so(stack, certificates):
    edge, members = stack()
    for name, member in zip("ab", members):
        member.stop()
        edge.wait_for(name, "DOWN")
    caller = Caller(edge, certificates)
    status, _, body = caller.call()
    caller.close()
    assert status == 503 and json.loads(body)["outcome"] == "not-executed"
