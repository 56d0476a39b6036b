"""TLS towards the cloud: always verified, and nothing is said before it is (threat 21)."""

import itertools
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from harness import vendor
from harness.ciphertext import Ciphertext
from harness.expect import problem, quick
from harness.gateway import POLICY, UPSTREAM_TIMEOUT, bearer, document
from harness.process import environment
from harness.upstream import HANG_UP, Reply, Upstream
from harness.world import ENDPOINT, HOST, PATIENCE, SAMPLE, SECRET_KEY, SLOW, elapse, eventually


@pytest.fixture
def secure(certificates):
    """secure(name) is a scripted upstream that shows that certificate."""
    started = []

    def begin(name):
        pair = getattr(certificates, name)
        started.append(Upstream((pair.certificate, pair.key)))
        return started[-1]

    yield begin
    for upstream in started:
        upstream.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_good_certificate(secure, start, certificates, name, method):
    upstream = secure("good")
    gateway = start(upstream.url.replace("127.0.0.1", name), ca_file=certificates.authority.file,
                    method=method)
    for _ in range(3):
        answer = gateway.delete()
        assert (answer.status, answer.body) == (202, SAMPLE)
    for received in upstream.seen(3):
        assert received.headers["host"] == HOST
        assert received.params["Signature"] == vendor.signature(method, HOST, ENDPOINT, received.params,
                                                                SECRET_KEY)
        assert received.connection == 1, "a handshake for each call"


def refused(gateway, upstream):
    answer = gateway.delete()
    problem(answer, 502, "upstream-unreachable", outcome="not-executed", retryable=True)
    assert gateway.record(answer)["outcome"] == "not-executed"
    upstream.seen(0)


@pytest.mark.parametrize("name", ["expired", "not_yet", "wrong_name", "unknown"])
def test_bad_certificate(secure, start, certificates, name):
    upstream = secure(name)
    refused(start(upstream.url, ca_file=certificates.authority.file), upstream)


def test_private_authority_that_was_not_named(secure, start):
    """The system's authorities do not know ours."""
    upstream = secure("good")
    refused(start(upstream.url), upstream)


def test_authority_by_the_environment(secure, start, certificates):
    """With ca_file the configuration says who may speak for the cloud; the environment adds nobody."""
    upstream = secure("good")
    env = environment(SSL_CERT_FILE=certificates.authority.file, CURL_CA_BUNDLE=certificates.authority.file)
    refused(start(upstream.url, env=env, ca_file=certificates.stranger.file), upstream)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_protocols(secure, start, certificates, version):
    upstream = secure("good")
    upstream.tls.set_ciphers("ALL:@SECLEVEL=0")
    upstream.tls.minimum_version, upstream.tls.maximum_version = ssl.TLSVersion.TLSv1, version
    refused(start(upstream.url, ca_file=certificates.authority.file), upstream)


@pytest.mark.parametrize("version, tickets", [
    (ssl.TLSVersion.TLSv1_2, 2), (ssl.TLSVersion.TLSv1_3, 0), (ssl.TLSVersion.TLSv1_3, 2), (ssl.TLSVersion.TLSv1_3, 10),
])
def test_current_protocols(secure, start, certificates, version, tickets):
    """TLS 1.3 sends tickets before the first answer, as many as it likes: they are no answer and end no connection."""
    upstream = secure("good")
    upstream.tls.minimum_version = upstream.tls.maximum_version = version
    upstream.tls.num_tickets = tickets
    gateway = start(upstream.url, ca_file=certificates.authority.file)
    assert [gateway.delete().body for _ in range(3)] == [SAMPLE] * 3
    assert len({received.connection for received in upstream.seen(3)}) == 1


def test_connection_that_dies_on_the_second_request(secure, start, certificates):
    """At most once, over TLS as well."""
    upstream = secure("good")
    upstream.script(Reply(), HANG_UP)
    gateway = start(upstream.url, ca_file=certificates.authority.file)
    assert gateway.delete().status == 202
    problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown")
    first, second = upstream.seen(2)
    assert first.connection == second.connection
    assert gateway.delete().status == 202
    upstream.seen(3)


def test_a_door_that_never_opens(start, certificates):
    """Connected, but no handshake comes: nothing was sent, so it was not executed; and the wait is
    bounded."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = start(f"https://127.0.0.1:{silent.getsockname()[1]}/v2/index.php",
                        ca_file=certificates.authority.file)
        begun = time.monotonic()
        answer = gateway.delete()
        assert time.monotonic() - begun < 3 * UPSTREAM_TIMEOUT + PATIENCE / 2   # three attempts
    assert answer.status in (502, 504)
    assert answer.json()["outcome"] == "not-executed"


LONG = """\
version: 1
routes:
  - request: POST /notes
    service: vpc
    action: ModifyNotes
    effect: change
    parameters:
      notes: { in: [body], type: strings, required: true, max_items: 240 }
"""


def test_a_long_change_that_is_taken_in_part(start, certificates, tmp_path):
    """The upstream opens the first record of several and then breaks off: what it did with a part nobody knows."""
    (tmp_path / "long.yaml").write_text(LONG)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good.certificate, certificates.good.key)
    opened, kept = [], []
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)      # so that the rest finds no room
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve():
            while True:
                try:
                    kept.append(context.wrap_socket(listener.accept()[0], server_side=True))
                    opened.append(kept[-1].recv(16384))
                    kept[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    kept[-1].close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        gateway = start(f"https://127.0.0.1:{listener.getsockname()[1]}/v2/index.php", ca_file=certificates.authority.file,
                        method="POST", rules={**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]},
                        top={"catalog": [str(tmp_path / "long.yaml")]})
        answer = gateway.call("POST", "/notes", document({"notes": [f"{i:03}" + "," * 250 for i in range(240)]}), bearer())
    problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert gateway.record(answer)["attempts"] == 1
    assert len(opened) == 1 and opened[0].startswith(b"POST ")


def test_an_answer_that_only_the_end_bounds(secure, start, certificates):
    """Whoever can cut the connection could cut the answer, and it would look whole (RFC 9112 section 9.8)."""
    upstream = secure("good")
    gateway = start(upstream.url, ca_file=certificates.authority.file)
    upstream.script(Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + SAMPLE, close=True))
    problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("behind", [Reply(b'{"code":0,"message":"","taskId":666}').wire(), b"H"], ids=["an answer", "a byte"])
def test_a_record_behind_the_answer(secure, start, certificates, version, behind):
    """It has come with the answer, and been read with it, but it answers nobody."""
    upstream = secure("good")
    upstream.tls.minimum_version = upstream.tls.maximum_version = version
    gateway = start(upstream.url, ca_file=certificates.authority.file)
    upstream.script(Reply(behind=behind))
    assert [gateway.delete().body for _ in range(3)] == [SAMPLE] * 3
    first, second, third = upstream.seen(3)
    assert first.connection != second.connection == third.connection


def drip(connection, wire):
    for at in range(len(wire)):
        connection.sendall(wire[at:at + 1])
        elapse(0.05 * SLOW, "a record that comes slowly")


def stop_inside(connection, wire):
    elapse(0.1, "a record that comes late, and not whole")
    connection.sendall(wire[:20])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("before", [[], [socket.socket.sendall]], ids=["first", "reused"])
@pytest.mark.parametrize("deliver", [drip, stop_inside])
def test_a_record_in_pieces_has_the_same_deadline(start, certificates, deliver, before, version):
    """OpenSSL asks for the rest of a record again and again; the whole of it has no more time than any answer."""
    connections, turns = [], itertools.cycle([*before, deliver])
    upstream = Ciphertext(certificates.good, lambda *answer: (connections.append(answer[0]), next(turns)(*answer)), version)
    gateway = start(upstream.url, ca_file=certificates.authority.file, timeout="300ms")

    def call():
        for _ in before:
            assert gateway.delete().status == 202
        problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown")

    assert quick(call, 0.8), "a drip takes more than ten seconds, and the gateway's own look at its drain one"
    assert connections[0] is connections[len(before)]
    upstream.stop()


def test_no_record_outlives_the_drain(start, certificates):
    begun_to_answer = threading.Event()
    upstream = Ciphertext(certificates.good, lambda *answer: (begun_to_answer.set(), drip(*answer)))
    gateway = start(upstream.url, ca_file=certificates.authority.file, timeout=f"{PATIENCE:.0f}s", top={"drain": "1s"})
    threading.Thread(target=gateway.delete, daemon=True).start()
    assert begun_to_answer.wait(PATIENCE)
    begun = time.monotonic()
    gateway.terminate()
    gateway.child.wait(4 * PATIENCE)
    assert time.monotonic() - begun < 3 * SLOW
    upstream.stop()


class Server:
    """OpenSSL's own: what it reads on its standard input it sends, or does if it is one of its letters."""

    def __init__(self, pair, *options):
        self.child = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair.certificate, "-key", pair.key,
                                       *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.said = b""
        threading.Thread(target=self._read, daemon=True).start()
        assert eventually(lambda: self.said.count(b"\n") >= 2)
        self.url = f"https://127.0.0.1:{self.said.split(b'ACCEPT')[1].split()[0].rpartition(b':')[2].decode()}/v2/index.php"

    def _read(self):
        while more := self.child.stdout.read1():
            self.said += more

    def count(self, words):
        return self.said.count(words)

    def write(self, words):
        self.child.stdin.write(words)
        self.child.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


@pytest.mark.parametrize("version, letter, message, handshakes", [
    ("-tls1_3", "k", b"], KeyUpdate", 1),
    ("-tls1_3", "K", b"], KeyUpdate", 1),               # and asks for ours
    ("-tls1_2", "r", b"], HelloRequest", 3),            # refused: OpenSSL's server hangs up for that
], ids=["new keys", "new keys, asked for", "another handshake"])
def test_what_tls_says_between_two_calls(start, certificates, version, letter, message, handshakes):
    """TLS speaks for itself behind an answer: that is nobody's answer, and a new connection only where it asks for one."""
    answers = []
    with Server(certificates.good, version, "-msg") as server:
        gateway = start(server.url, ca_file=certificates.authority.file, timeout=f"{PATIENCE:.0f}s")
        for number in (1, 2, 3):
            caller = threading.Thread(target=lambda: answers.append(gateway.delete().body), daemon=True)
            caller.start()
            assert eventually(lambda: server.count(b"GET /v2/") == number)          # noqa: B023 - asked here and now
            server.write(Reply().wire())
            caller.join(PATIENCE)
            server.write(letter.encode() + b"\n")
            assert eventually(lambda: server.count(message) >= number)              # noqa: B023
        assert answers == [SAMPLE] * 3
        assert server.count(b"CIPHER is") == handshakes


def test_another_handshake_instead_of_an_answer(start, certificates):
    """Refused, and not waited for: whether the call was executed before that nobody knows."""
    answers = []
    with Server(certificates.good, "-tls1_2", "-msg") as server:
        gateway = start(server.url, ca_file=certificates.authority.file, timeout=f"{4 * PATIENCE:.0f}s")
        caller = threading.Thread(target=lambda: answers.append(gateway.delete()), daemon=True)
        caller.start()
        assert eventually(lambda: server.count(b"GET /v2/") == 1)
        server.write(b"r\n")
        caller.join(PATIENCE)
        assert eventually(lambda: server.count(b"warning no_renegotiation") == 1)
    problem(answers[0], 504, "upstream-timeout", outcome="unknown", retryable=False)


def test_keys_are_not_logged(secure, start, certificates, tmp_path):
    """libcurl writes session keys to a file that this variable names, which opens all recorded traffic."""
    upstream, log = secure("good"), tmp_path / "keys"
    gateway = start(upstream.url, ca_file=certificates.authority.file, env=environment(SSLKEYLOGFILE=log))
    assert gateway.delete().status == 202
    assert not log.exists()


def test_the_sandbox_over_tls(sandbox, start, certificates):
    cloud = sandbox("--cert", certificates.good.certificate, "--key", certificates.good.key)
    answer = start(f"https://127.0.0.1:{cloud.port}/v2/index.php",
                   ca_file=certificates.authority.file).delete()
    assert (answer.status, answer.body) == (202, SAMPLE)
