"""HAProxy and nginx of Debian as edges that verify callers' certificates and pass them on, with the very lines of
docs/operations.md: who calls is who the edge has verified, whatever a caller writes by itself."""

import hashlib
import os
import pathlib
import re
import shutil
import ssl
import subprocess

import pytest

from harness.edge import Edge, Member, address
from harness.gateway import POLICY, TOKEN
from harness.upstream import Reply
from harness.wire import Wire
from harness.world import INSTANCE, PATIENCE, REPOSITORY, VPC, eventually
from test_client_certificates import der, forms, written

FIELD = "Client-Cert"
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
BLOCK = re.compile(r"^```(haproxy|nginx)\n(.*?)^```$", re.M | re.S)
TOLD = dict(BLOCK.findall((REPOSITORY / "docs/operations.md").read_text()))


class TlsAt(Wire):
    def __init__(self, edge, context, session=None):
        super().__init__(edge.port, at=edge.address)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost", session=session)


class Nginx:
    """The server of the page, and around it what every nginx has."""

    def __init__(self, folder, pair, authority, member):
        self.address, self.port = address(), 8443
        text = TOLD["nginx"]
        for said, here in (("listen 443", f"listen {self.address}:{self.port}"), ("/etc/nginx/countersign.crt", pair.certificate),
                           ("/etc/nginx/countersign.key", pair.key), ("/etc/nginx/clients.pem", authority.file),
                           ("127.0.0.1:8080", f"{member.address}:8080")):
            assert said in text
            text = text.replace(said, here)
        paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        file = folder / "nginx.conf"
        file.write_text(f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;\n"
                        f"events {{ worker_connections 256; }}\nhttp {{ access_log off; {paths}\n"
                        f"ssl_session_cache shared:s:1m;\n{text}}}\n")
        self.log = open(folder / "nginx.out", "w", encoding="utf-8")
        self.child = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(file)], stdin=subprocess.DEVNULL, stdout=self.log,
                                      stderr=subprocess.STDOUT)
        assert eventually(lambda: self.child.poll() is not None or self.listens())
        assert self.child.poll() is None, open(self.log.name, encoding="utf-8").read()

    def listens(self):
        try:
            Wire(self.port, at=self.address).socket.close()
            return True
        except OSError:
            return False

    def stop(self):
        self.child.terminate()
        self.child.wait(PATIENCE)
        self.log.close()


class Haproxy(Edge):
    """The shipped file, with the page's lines for its `bind`."""

    def __init__(self, folder, pair, authority, member):
        def change(text):
            bind, = re.findall(r"^    bind 127\..*alpn h2,http/1\.1$", text, re.M)
            lines = TOLD["haproxy"].replace("/etc/haproxy/clients.pem", authority.file)
            where, pem = re.search(r"bind (\S+) ssl crt (\S+)", bind).groups()
            assert "bind :443 ssl crt /etc/haproxy/countersign.pem" in lines
            return text.replace(bind + "\n", lines.replace(":443", where).replace("/etc/haproxy/countersign.pem", pem))

        super().__init__(folder, pair, [member, member], change)
        self.wait_for("a", "UP")


EDGES = [pytest.param(Haproxy, id="haproxy", marks=pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")),
         pytest.param(Nginx, id="nginx", marks=pytest.mark.skipif(NGINX is None, reason="nginx is not installed"))]


@pytest.fixture(scope="module")
def shown(certificates):
    return {"alone": certificates.authority.issue("edge-alone", "DNS:alone.example"),
            "both": certificates.authority.issue("edge-both", "DNS:edge-both.example"),
            "nobody": certificates.authority.issue("edge-nobody", "DNS:nobody.example"),
            "expired": certificates.authority.issue("edge-expired", "DNS:alone.example", end="20200102000000Z"),
            "foreign": certificates.stranger.issue("edge-foreign", "DNS:alone.example")}


@pytest.fixture(scope="module", params=EDGES)
def stack(request, scripted, certificates, shown, tmp_path_factory, reaper):
    """An edge, and the gateway behind it."""
    folder = tmp_path_factory.mktemp("edge-certificates")
    rules = {**POLICY, "clients": {
        **POLICY["clients"], "alone": {"certificates": [{"id": "a", "san": "alone.example"}]},
        "both": {"tokens": [("t", TOKEN + "-both", "2035-12-31")], "require": ["token", "certificate"],
                 "certificates": [{"id": "b", "sha256": hashlib.sha256(der(shown["both"])).hexdigest()}]}}}
    rules["rules"] = [{**rules["rules"][0], "allow": ["alone", "both", "network-console"]}]
    member = Member(folder / "a", scripted.url, top={"client_certificate_field": FIELD})
    pathlib.Path(member.file).with_name("policy.yaml").write_text(written(rules))
    member.start()
    edge = request.param(folder, certificates.good, certificates.authority, member)
    yield edge, member
    edge.stop()
    reaper.ask(member.gateway)


def context_of(certificates, pair=None, **options):
    context = ssl.create_default_context(cafile=certificates.authority.file)
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    for name, value in options.items():
        setattr(context, name, value)
    return context


def request(token=None, fields=()):
    lines = [f"DELETE /vpcs/{VPC}/classiclinks?instanceIds={INSTANCE} HTTP/1.1", "Host: localhost",
             *([] if token is None else [f"Authorization: Bearer {token}"]), *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def ask(edge, context, token=None, fields=()):
    with TlsAt(edge, context) as wire:
        return wire.send(request(token, fields)).read()


def log_of(member, answer):
    """(client, token, certificate) of its line."""
    record = member.gateway.record(answer)
    return record.get("client"), record.get("token"), record.get("certificate")


def test_who_has_shown_one(stack, certificates, shown, upstream):
    edge, member = stack
    upstream.script(then=Reply())
    answer = ask(edge, context_of(certificates, shown["alone"]))
    assert answer.status == 202 and log_of(member, answer) == ("alone", None, "a")
    context = context_of(certificates, shown["both"])
    answer = ask(edge, context, TOKEN + "-both")
    assert answer.status == 202 and log_of(member, answer) == ("both", "t", "b")
    assert ask(edge, context).status == 401
    assert ask(edge, context_of(certificates), TOKEN + "-both").status == 401


def test_who_has_shown_none(stack, certificates, upstream):
    edge, member = stack
    upstream.script(then=Reply())
    answer = ask(edge, context_of(certificates), TOKEN)
    assert answer.status == 202 and log_of(member, answer) == ("network-console", "2026-11", None)
    assert ask(edge, context_of(certificates)).status == 401


def test_whose_certificate_is_not_good(stack, certificates, shown, upstream):
    """The edge refuses it, in the handshake or by a 4xx of its own: no gateway sees the request."""
    edge, member = stack
    before = len(member.records())
    for name in ("expired", "foreign"):
        try:
            assert ask(edge, context_of(certificates, shown[name]), TOKEN).status == 400
        except (OSError, EOFError):
            pass
    assert ask(edge, context_of(certificates, shown["nobody"])).status == 401       # a good one that no client has
    assert len([record for record in member.records()[before:] if record["status"] != 401]) == 0
    upstream.seen(0)


@pytest.mark.parametrize("name", [FIELD, FIELD.lower(), FIELD.upper()])
def test_what_a_caller_says_by_itself(stack, certificates, shown, upstream, name):
    """In every form that a gateway takes from its edge, alone, twice, beside a certificate of its own."""
    edge, member = stack
    upstream.script(then=Reply())
    for value in forms(shown["alone"]).values():
        said = [f"{name}: {value}"]
        assert ask(edge, context_of(certificates), fields=said).status == 401
        assert ask(edge, context_of(certificates), fields=said * 2).status == 401
        answer = ask(edge, context_of(certificates), TOKEN, said)
        assert answer.status == 202 and log_of(member, answer) == ("network-console", "2026-11", None)
        assert ask(edge, context_of(certificates, shown["nobody"]), fields=said).status == 401


def test_who_is_no_edge(stack, shown, upstream):
    """By its side, from another address, with the field: nobody is believed but the trusted proxy."""
    _, member = stack
    upstream.script(then=Reply())
    for value in forms(shown["alone"]).values():
        with Wire(8080, source="127.0.0.9", at=member.address) as wire:
            assert wire.send(request(fields=[f"{FIELD}: {value}"])).read().status == 401
    upstream.seen(0)
    with Wire(8080, at=member.address) as wire:     # as the edge would
        assert wire.send(request(fields=[f"{FIELD}: {forms(shown['alone'])['RFC 9440']}"])).read().status == 202


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_that_goes_on(stack, certificates, shown, upstream, version):
    """A resumed one is still its caller's."""
    edge, member = stack
    upstream.script(then=Reply())
    context = context_of(certificates, shown["alone"], minimum_version=version, maximum_version=version)
    with TlsAt(edge, context) as wire:
        assert wire.send(request()).read().status == 202
        session = wire.socket.session
    with TlsAt(edge, context, session) as wire:
        assert wire.socket.session_reused
        answer = wire.send(request()).read()
    assert answer.status == 202 and log_of(member, answer) == ("alone", None, "a")
