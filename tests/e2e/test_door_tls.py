"""TLS at our own door, by Python's ssl and by the openssl command as callers."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness.certificates import Authority
from harness.expect import problem
from harness.gateway import TOKEN, configure
from harness.process import run
from harness.reached import PATH, Reached, call
from harness.requests import cases
from harness.upstream import HANG
from harness.wire import Wire
from harness.world import PATIENCE, SLOW, elapse, eventually, readable
from test_framing import follow

GOOD = (f"DELETE {PATH}?instanceIds=ins-df454d HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()


def private(pair, folder, name="own"):
    """A copy whose key nobody else can read: openssl makes them as the umask has it."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    shutil.copy(pair.certificate, certificate)
    shutil.copy(pair.key, key)
    key.chmod(0o600)
    return {"certificate": str(certificate), "key": str(key)}


def serve(folder, url, tls, **top):
    """A gateway with that `tls`, beside a plain port; its port is the TLS port."""
    listen = [{"address": "127.0.0.1:0", "tls": tls}, "127.0.0.1:0"]
    gateway = Reached(configure(folder, url, top={"listen": listen, **top}))
    assert gateway.doors[0].startswith("https://127.0.0.1:")
    gateway.port = int(gateway.doors[0].rsplit(":", 1)[1])
    return gateway


@pytest.fixture
def serving(tmp_path, upstream, certificates):
    """serving(pair, ...) is a gateway of this test's own, with that certificate and what else `tls` has."""
    started = []

    def begin(pair=None, workers=32, **tls):
        pair = {} if "certificates" in tls else private(pair or certificates.good, tmp_path)
        started.append(serve(tmp_path, upstream.url, {**pair, **tls}, workers=workers))
        return started[-1]

    yield begin
    for gateway in started:
        if gateway.child.poll() is None:
            gateway.terminate()
            assert gateway.wait(15 * SLOW) == 0
        gateway.clean()


@pytest.fixture(scope="module")
def shared(scripted, certificates, tmp_path_factory, reaper):
    """One for all the tests that change nothing about it."""
    folder = tmp_path_factory.mktemp("shared")
    gateway = serve(folder, scripted.url, private(certificates.good, folder))
    yield gateway
    reaper.ask(gateway)


def trusting(certificates, **options):
    context = ssl.create_default_context(cafile=certificates.authority.file)
    for name, value in options.items():
        setattr(context, name, value)
    return context


class TlsWire(Wire):
    def __init__(self, port, context, name="localhost", session=None):
        super().__init__(port)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)
        except BaseException:
            self.socket.close()
            raise


def ask(gateway, context, **options):
    with TlsWire(gateway.port, context, **options) as wire:
        return wire.send(GOOD).read()


# ---- handshakes ----

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_call(serving, certificates, version):
    gateway = serving()
    context = trusting(certificates, minimum_version=version, maximum_version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with TlsWire(gateway.port, context) as wire:
        assert wire.socket.version() == version.name.replace("_", ".")
        assert wire.socket.selected_alpn_protocol() == "http/1.1" and wire.socket.compression() is None
        for _ in range(3):
            assert wire.send(GOOD).read().status == 202
        wire.send(GOOD * 3)             # several requests of one record
        assert [wire.read().status for _ in range(3)] == [202] * 3


def openssl(gateway, *options, text="Q\n"):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", *options], input=text,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("options, words", [
    (("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "alert protocol version"),
    (("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"), "alert protocol version"),
    (("-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA:ECDHE-ECDSA-AES128-SHA"), "alert handshake failure"),
    (("-alpn", "h2"), "alert no application protocol"),
])
def test_what_is_too_old_is_told(serving, options, words):
    assert words in openssl(serving(), *options)


def test_the_least_version(serving, certificates):
    gateway = serving(min="1.3")
    assert "alert protocol version" in openssl(gateway, "-tls1_2")
    assert ask(gateway, trusting(certificates)).status == 202


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(serving, certificates, version):
    gateway = serving()
    context = trusting(certificates, minimum_version=version, maximum_version=version)
    with TlsWire(gateway.port, context) as first:
        assert first.send(GOOD).read().status == 202 and not first.socket.session_reused
        session = first.socket.session
    with TlsWire(gateway.port, context, session=session) as second:
        assert second.send(GOOD).read().status == 202 and second.socket.session_reused


def test_no_renegotiation(serving):
    said = openssl(serving(), "-tls1_2", text="R\n")
    assert "no renegotiation" in said.lower() or "alert" in said.lower(), said


def test_a_client_that_never_finishes(serving, certificates):
    """It is sent away with the header's deadline, and takes nobody's place meanwhile."""
    gateway = serving()
    with Wire(gateway.port) as half, Wire(gateway.port) as silent, Wire(gateway.port) as dripping:
        half.send(b"\x16\x03\x01\x02\x00\x01")
        dripping.send(b"\x16\x03\x01\x02\x00\x01")
        assert ask(gateway, trusting(certificates)).status == 202
        began = time.monotonic()
        while not (ended := readable(dripping.socket, within=0.2)) and time.monotonic() - began < 10 * SLOW:
            dripping.send(b"\0")        # each byte is looked at by another thread, and is no new begin
        assert ended and half.closed(10 * SLOW) and silent.closed(10 * SLOW)


def test_a_crowd_of_half_handshakes(serving, certificates):
    """They hold no worker, of which there are two, and are all gone with the deadline; whoever comes is served."""
    gateway = serving(workers=2)
    crowd = [Wire(gateway.port) for _ in range(200)]
    try:
        for number, wire in enumerate(crowd):
            wire.send(b"\x16\x03\x01\x02\x00\x01"[:1 + number % 6])
        for _ in range(10):
            assert ask(gateway, trusting(certificates)).status == 202
        for wire in crowd:
            assert wire.closed(10 * SLOW)
    finally:
        for wire in crowd:
            wire.socket.close()


def test_many_cold_clients_at_once(serving, certificates):
    """Each with a whole handshake, and a worker and a slot for each: nobody is refused, nobody is sent away."""
    many = 256 if SLOW == 1 else 64
    gateway = serving(workers=2 * many)
    answers, failures, together = [], [], threading.Barrier(many)

    def once():
        context = trusting(certificates)
        together.wait()
        try:
            with TlsWire(gateway.port, context) as wire:
                assert not wire.socket.session_reused
                answers.append(wire.send(GOOD).read().status)
        except (OSError, EOFError) as failure:
            failures.append(repr(failure))

    clients = [threading.Thread(target=once) for _ in range(many)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not failures, failures[:5]
    assert answers == [202] * many


def test_close_notify(serving, certificates):
    """What was refused is said whole, and its end is no truncation."""
    gateway = serving()
    with TlsWire(gateway.port, trusting(certificates)) as wire:
        wire.socket.suppress_ragged_eofs = False
        problem(wire.send(b"GET / HTTP/1.1\r\n\r\n").read(), 400, "malformed-request")
        assert wire.socket.recv(1) == b""


def test_plain_http_is_told(serving):
    with Wire(serving().port) as wire:
        answer = wire.send(GOOD).read()
        said = problem(answer, 400, "malformed-request")
        assert "TLS" in said["detail"] and "https://" in said["detail"]
        assert wire.closed()


def records(context):
    """A handshake and a request as bytes for the wire, so that they can be cut anywhere."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(incoming, outgoing, server_hostname="localhost"), incoming, outgoing


def test_records_cut_at_every_byte(serving, certificates):
    """Each byte of the client's side comes alone."""
    gateway = serving()
    there, incoming, outgoing = records(trusting(certificates))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def step(action):
            while True:
                try:
                    result = action()
                except ssl.SSLWantReadError:
                    result = None
                for byte in outgoing.read():
                    wire.send(bytes([byte]))
                if result is not None:
                    return result
                incoming.write(wire.recv(65536))

        step(lambda: there.do_handshake() or True)
        step(lambda: there.write(GOOD))
        assert step(lambda: there.read(65536)).startswith(b"HTTP/1.1 202 ")


# ---- requests ----

@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_table(shared, certificates, upstream, case):
    """tests/vectors/http/requests.tsv means under TLS what it means in the clear."""
    with TlsWire(shared.port, trusting(certificates)) as wire:
        follow(wire, case, upstream)


def behind(name):
    return GOOD.replace(b"\r\n\r\n", b"\r\nX-Request-Id: %s\r\n\r\n" % name.encode())


BODY = b'{"instanceIds":["ins-df454d"]}'
HEAD = (f"DELETE {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\n").encode()
BY_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
BY_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
FIRST, SECOND = behind("first"), behind("second")

# One write is one record; of what is read only in part, the kernel knows nothing more.
RECORDS = {
    "requests of one record": [FIRST + SECOND],
    "more of them than are read at once": [GOOD * (16384 // len(GOOD) - 2) + FIRST + SECOND],
    "behind a body": [BY_LENGTH + BODY + FIRST + SECOND],
    "behind a body that comes by itself": [BY_LENGTH, BODY + FIRST + SECOND],
    "behind half a body": [BY_LENGTH + BODY[:5], BODY[5:] + FIRST + SECOND],
    "behind chunks": [BY_CHUNKS + CHUNKS + FIRST + SECOND],
    "behind chunks that come by themselves": [BY_CHUNKS, CHUNKS + FIRST + SECOND],
    "behind half a chunk": [BY_CHUNKS + CHUNKS[:9], CHUNKS[9:] + FIRST + SECOND],
    "half a request behind a body": [BY_LENGTH, BODY + FIRST + SECOND[:40], SECOND[40:]],
    "all but its last byte behind a body": [BY_LENGTH, BODY + FIRST + SECOND[:-1], SECOND[-1:]],
    "one byte of it behind chunks": [BY_CHUNKS, CHUNKS + FIRST + SECOND[:1], SECOND[1:]],
}


PAUSE = "a pause in which it is parked; the answers are the same without"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("parts", RECORDS.values(), ids=RECORDS)
def test_what_stands_behind_in_a_record(shared, certificates, parts, version):
    """A parked connection gets these records: what is decrypted is answered, though nothing more comes."""
    context = trusting(certificates, minimum_version=version, maximum_version=version)
    with TlsWire(shared.port, context) as wire:
        assert wire.send(GOOD).read().status == 202
        elapse(0.1, PAUSE)
        for part in parts:
            assert len(part) <= 16384
            wire.send(part)
            elapse(0.1, PAUSE)
        names = []
        while "second" not in names:
            answer = wire.read()
            assert answer.status == 202
            names.append(answer.header("X-Request-Id"))
        assert names[-2:] == ["first", "second"]
        assert len(names) == b"".join(parts).count(b"DELETE ")


# ---- certificates ----

def test_by_name(serving, certificates, tmp_path):
    elsewhere = private(certificates.wrong_name, tmp_path, "elsewhere")
    gateway = serving(certificates=[private(certificates.good, tmp_path), elsewhere])
    for name, common in (("localhost", "good"), ("elsewhere.example", "wrong-name"), ("nobody.example", "good")):
        context = trusting(certificates, check_hostname=False)
        with TlsWire(gateway.port, context, name=name) as wire:
            assert ((("commonName", common),),) == wire.socket.getpeercert()["subject"], name


def refused(tmp_path, tls):
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php",
                     top={"listen": {"address": "127.0.0.1:0", "tls": tls}})
    said = set()
    for command in ("check", "serve"):
        done = run(command, "-c", file)
        assert done.returncode != 0 and "ready" not in done.stderr
        said.add(done.stderr.splitlines()[-1].removeprefix("countersign: "))
    return " ".join(said)


def test_a_key_of_another_certificate(certificates, tmp_path):
    pair = {**private(certificates.good, tmp_path), "key": private(certificates.unknown, tmp_path, "x")["key"]}
    said = refused(tmp_path, pair)
    assert f"the certificate {pair['certificate']} does not fit the key {pair['key']}" in said


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_read(certificates, tmp_path, mode):
    pair = private(certificates.good, tmp_path)
    os.chmod(pair["key"], mode)
    assert f"others may read or write the key {pair['key']} (mode 0{mode:o})" in refused(tmp_path, pair)


@pytest.mark.parametrize("part", ["certificate", "key"])
@pytest.mark.parametrize("what", ["absent", "rubbish"])
def test_files_that_are_none(certificates, tmp_path, part, what):
    pair = private(certificates.good, tmp_path)
    if what == "absent":
        os.unlink(pair[part])
    else:
        pathlib.Path(pair[part]).write_text("rubbish\n")
    assert pair[part] in refused(tmp_path, pair)


def test_an_expired_one_serves(serving, certificates):
    gateway = serving(certificates.expired)
    gateway.line(gateway.stderr, lambda line: "has expired" in line and "own.crt" in line)
    context = trusting(certificates, check_hostname=False, verify_mode=ssl.CERT_NONE)
    assert ask(gateway, context).status == 202


def test_how_long_it_lasts(serving, certificates):
    gateway = serving()
    told = call(gateway.admins[0], "GET", "/readyz").json()["certificates"]
    assert len(told) == 1 and told[0]["file"].endswith("own.crt") and told[0]["daysLeft"] > 10000
    page = call(gateway.admins[0], "GET", "/metrics").body.decode()
    line = re.search(r'^countersign_certificate_days_left\{listener="listen",certificate="[^"]*own.crt"\} (\d+)$',
                     page, re.M)
    assert int(line[1]) == told[0]["daysLeft"]


def test_one_certificate_at_two_addresses(certificates, tmp_path, upstream):
    """As at both families of a port: Prometheus knows a series by its labels, so none comes twice."""
    tls = private(certificates.good, tmp_path)
    door = {"address": "127.0.0.1:0", "tls": tls}
    gateway = serve(tmp_path, upstream.url, tls, listen=[door, door])
    try:
        assert len(call(gateway.admins[0], "GET", "/readyz").json()["certificates"]) == 1
        lines = call(gateway.admins[0], "GET", "/metrics").body.decode().splitlines()
        series = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
        assert len([name for name in series if name.startswith("countersign_certificate_days_left{")]) == 1
        assert len(set(series)) == len(series)
    finally:
        gateway.terminate()
        assert gateway.wait(15 * SLOW) == 0
        gateway.clean()


def test_certificates_are_read_again(serving, certificates, tmp_path):
    """Connections that are there go on; what does not fit is refused, and the old ones serve on."""
    gateway = serving()
    context = trusting(certificates, check_hostname=False)

    def reload():
        return call(gateway.admins[0], "POST", "/reload")

    with TlsWire(gateway.port, context) as kept:
        assert kept.send(GOOD).read().status == 202
        private(certificates.wrong_name, tmp_path)
        assert reload().status == 200
        assert kept.send(GOOD).read().status == 202
        with TlsWire(gateway.port, context) as new:
            assert ((("commonName", "wrong-name"),),) == new.socket.getpeercert()["subject"]
        shutil.copy(certificates.unknown.key, tmp_path / "own.key")
        answer = reload()
        assert answer.status == 422 and "does not fit" in answer.body.decode()
        assert ask(gateway, context).status == 202 and kept.send(GOOD).read().status == 202


def test_a_listener_stays_with_its_certificates(serving, certificates, tmp_path):
    """What stays is all of it: whose certificate it shows, and whose it asks for."""
    authority = certificates.authority
    gone = authority.issue("gone", "DNS:gone.example")
    gateway = serving(client_ca=authority.file, client_crl=authority.revoke(gone))
    file = tmp_path / "countersign.yaml"
    text = file.read_text()
    changed = text.replace(', "127.0.0.1:0"]', ', "127.0.0.1:1"]')
    assert changed != text
    for version, said in ((changed, True), (changed, True), (text, False)):
        file.write_text(version)
        answer = call(gateway.admins[0], "POST", "/reload")
        words = "listen stays 127.0.0.1:0 with TLS, 127.0.0.1:0: it changes by a restart only"
        assert (answer.status, any(words in line for line in answer.json().get("warnings", []))) == (200, said)
        assert ask(gateway, client_of(certificates, certificates.good)).status == 202
        for context in (trusting(certificates), client_of(certificates, gone)):
            with pytest.raises((OSError, EOFError)):
                ask(gateway, context)


def common_name(wire):
    return dict(pair for names in wire.socket.getpeercert()["subject"] for pair in names)["commonName"]


def test_a_storm_of_hangups(serving, certificates, tmp_path):
    """Files change while they are read, again and again.  Each handshake is with one pair, whole: its chain and the
    signature by its key are verified.  Neither new callers nor those who stay lose an answer."""
    gateway = serving()
    context = trusting(certificates, check_hostname=False)
    pairs = {"good": certificates.good, "wrong-name": certificates.wrong_name}
    seen, failures, ended = [], [], threading.Event()

    def come():
        with TlsWire(gateway.port, context) as wire:
            seen.append(common_name(wire))
            assert wire.send(GOOD).read().status == 202

    def stay():
        with TlsWire(gateway.port, context) as wire:
            while not ended.is_set():
                assert wire.send(GOOD).read().status == 202

    def until_the_end(action):
        try:
            while not ended.is_set():
                action()
        except (AssertionError, OSError, EOFError) as failure:
            failures.append(repr(failure))

    def newest(name):
        with TlsWire(gateway.port, context) as wire:
            return common_name(wire) == name

    callers = [threading.Thread(target=until_the_end, args=(action,)) for action in (come, come, stay, stay)]
    for caller in callers:
        caller.start()
    try:
        for turn in range(40):
            name = list(pairs)[turn % 5 % 2]
            private(pairs[name], tmp_path)
            gateway.signal(signal.SIGHUP)
            if turn % 5 in (3, 4):      # the others come before the last one is done
                assert eventually(lambda: newest(name), within=3 * PATIENCE)
    finally:
        ended.set()
        for caller in callers:
            caller.join()
    assert not failures, failures[:5]
    assert set(seen) == set(pairs)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_has_connections_enough_is_told_before_the_handshake(certificates, tmp_path, upstream, version):
    """One record, the alert internal_error (RFC 8446 sections 5.1 and 6.2): no worker does a handshake for it."""
    upstream.script(then=HANG)
    door = {"address": "127.0.0.1:0", "tls": private(certificates.good, tmp_path)}
    gateway = Reached(configure(tmp_path, upstream.url, top={"listen": [door], "per_address": 2, "drain": "100ms"},
                                timeout="60s"))
    gateway.port = int(gateway.doors[0].rsplit(":", 1)[1])
    try:
        context = trusting(certificates, minimum_version=version, maximum_version=version)
        with TlsWire(gateway.port, context) as one, TlsWire(gateway.port, context) as other:
            one.send(GOOD)
            other.send(GOOD)
            assert eventually(lambda: upstream.count() == 2)
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as third:
                assert b"".join(iter(lambda: third.recv(100), b"")) == bytes((21, 3, 3, 0, 2, 2, 80))
            with pytest.raises(ssl.SSLError, match="alert internal error"):
                TlsWire(gateway.port, context)
    finally:
        gateway.terminate()
        assert gateway.wait(15 * SLOW) == 0
        gateway.clean()


# ---- clients' certificates ----

def client_of(certificates, pair):
    context = trusting(certificates)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def test_clients_certificates(serving, certificates):
    gateway = serving(client_ca=certificates.authority.file)
    assert ask(gateway, client_of(certificates, certificates.good)).status == 202
    for context in (trusting(certificates), client_of(certificates, certificates.expired),
                    client_of(certificates, certificates.unknown)):
        with pytest.raises((OSError, EOFError)):
            ask(gateway, context)


def test_they_may_be_optional(serving, certificates):
    gateway = serving(client_ca=certificates.authority.file, client="optional")
    assert ask(gateway, trusting(certificates)).status == 202
    with pytest.raises((OSError, EOFError)):
        ask(gateway, client_of(certificates, certificates.unknown))


def test_a_revoked_one(serving, certificates):
    authority = certificates.authority
    gone = authority.issue("gone", "DNS:gone.example")
    gateway = serving(client_ca=authority.file, client_crl=authority.revoke(gone))
    assert ask(gateway, client_of(certificates, certificates.good)).status == 202
    with pytest.raises((OSError, EOFError)):
        ask(gateway, client_of(certificates, gone))


@pytest.mark.parametrize("lists, revoked, passes", [
    (("lower", "root"), (), True), (("lower",), (), True), (("lower", "root"), ("client",), False), (("lower", "root"), ("lower",), False),
    (("root",), (), False),
], ids=["nothing revoked", "no list of the root", "the client", "its authority", "no list of its authority"])
def test_a_list_for_each_of_a_chain(serving, certificates, tmp_path, lists, revoked, passes):
    """What the file has a list for is checked, up to the root; the client's own certificate needs one."""
    root = Authority(tmp_path, "root")
    lower = Authority(tmp_path, "lower", root)
    client = lower.issue("client", "DNS:client.example")
    made = {"root": root.revoke(*[lower.own] * ("lower" in revoked)), "lower": lower.revoke(*[client] * ("client" in revoked))}
    (tmp_path / "crl.pem").write_text("".join(pathlib.Path(made[name]).read_text() for name in lists))
    (tmp_path / "ca.pem").write_text("".join(pathlib.Path(one.file).read_text() for one in (root, lower)))
    gateway = serving(client_ca=str(tmp_path / "ca.pem"), client_crl=str(tmp_path / "crl.pem"))
    if passes:
        assert ask(gateway, client_of(certificates, client)).status == 202
        return
    with pytest.raises((OSError, EOFError)):
        ask(gateway, client_of(certificates, client))
