"""Certificates as identities: by our own TLS, or in a field of a trusted proxy; alone, or beside a token."""

import base64
import copy
import hashlib
import json
import pathlib
import ssl
import urllib.parse

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, configure, policy
from harness.reached import PATH, Reached, call
from harness.wire import Wire
from harness.world import PATIENCE
from test_door_tls import TlsWire, client_of, private, trusting

FIELD = "X-Client-Certificate"


def der(pair):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(pair.certificate).read_text())


def sha256(pair):
    return hashlib.sha256(der(pair)).hexdigest()


@pytest.fixture(scope="module")
def shown(certificates):
    """One certificate for each way of being known, all of one authority."""
    names = {"console": "DNS:Console.Corp.Example", "spiffe": "URI:spiffe://corp.example/batch", "mail": "email:ops@corp.example",
             "address": "IP:10.1.2.3,IP:2001:db8::7", "both": "DNS:both.example", "stranger": "DNS:stranger.example",
             "wild": "DNS:*.corp.example", "two": "DNS:console.corp.example,URI:spiffe://corp.example/batch"}
    return {name: certificates.authority.issue(f"client-{name}", san) for name, san in names.items()}


def known(shown):
    """The clients of all these."""
    rules = copy.deepcopy(POLICY)
    certificates = {
        "by-name": {"certificates": [{"id": "console-2026", "san": "console.corp.example"}]},
        "by-uri": {"certificates": [{"id": "batch", "san": "URI:spiffe://corp.example/batch"}]},
        "by-mail": {"certificates": [{"id": "ops", "san": "ops@corp.example"}]},
        "by-address": {"certificates": [{"id": "node", "san": "2001:DB8:0::7"}]},
        "by-both": {"certificates": [{"id": "pinned", "sha256": sha256(shown["both"]).upper()}], "require": ["token", "certificate"],
                    "tokens": [("both", TOKEN + "-both", "2035-12-31")]},
    }
    for name, client in certificates.items():
        rules["clients"][name] = {"tokens": [], **client}
        if not client.get("tokens"):
            del rules["clients"][name]["tokens"]
    rules["rules"][0]["allow"] = [name for name in rules["clients"] if name != "auditor"]
    return rules


def written(rules):
    """policy() knows clients with tokens only."""
    return policy({**rules, "clients": {name: {"tokens": [], **client} for name, client in rules["clients"].items()}})


@pytest.fixture(scope="module")
def gateway(scripted, certificates, shown, tmp_path_factory, reaper):
    """TLS that asks for a certificate and takes callers without one; the plain port is a proxy's."""
    folder = tmp_path_factory.mktemp("certified")
    tls = {**private(certificates.good, folder), "client_ca": certificates.authority.file, "client": "optional"}
    file = configure(folder, scripted.url, top={"listen": [{"address": "127.0.0.1:0", "tls": tls}, "127.0.0.1:0"]})
    (folder / "policy.yaml").write_text(written(known(shown)))
    gateway = Reached(file)
    gateway.port, gateway.plain = (int(door.rsplit(":", 1)[1]) for door in gateway.doors[:2])
    yield gateway
    reaper.ask(gateway)


@pytest.fixture(scope="module")
def behind(scripted, shown, tmp_path_factory, reaper):
    """A gateway whose trusted proxy, 127.0.0.1, passes its callers' certificates."""
    folder = tmp_path_factory.mktemp("behind")
    file = configure(folder, scripted.url, top={"trusted_proxies": ["127.0.0.1"], "client_certificate_field": FIELD})
    (folder / "policy.yaml").write_text(written(known(shown)))
    gateway = Reached(file)
    gateway.port = int(gateway.doors[0].rsplit(":", 1)[1])
    yield gateway
    reaper.ask(gateway)


def request(token=None, **fields):
    fields = {"Host": "localhost", **({} if token is None else {"Authorization": f"Bearer {token}"}), **fields}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"DELETE {PATH}?instanceIds=ins-df454d HTTP/1.1\r\n{lines}\r\n".encode()


def ask(gateway, context, token=None):
    with TlsWire(gateway.port, context) as wire:
        return wire.send(request(token)).read()


def passed(gateway, value, token=None, source="127.0.0.1"):
    """An answer to a proxy at `source` that passes `value`; a list is that many fields."""
    with Wire(gateway.port, source=source) as wire:
        values = value if isinstance(value, list) else [value]
        lines = "".join(f"{FIELD}: {one}\r\n" for one in values if one is not None)
        return wire.send(request(token).replace(b"\r\n\r\n", b"\r\n" + lines.encode() + b"\r\n")).read()


def log_of(gateway, answer):
    record = json.loads(gateway.record(answer))
    return record.get("client"), record.get("token"), record.get("certificate")


WAYS = [("console", "by-name", "console-2026"), ("spiffe", "by-uri", "batch"), ("mail", "by-mail", "ops"), ("address", "by-address", "node")]


@pytest.mark.parametrize("which, client, name", WAYS, ids=[row[0] for row in WAYS])
def test_a_certificate_instead_of_a_token(gateway, certificates, shown, upstream, which, client, name):
    answer = ask(gateway, client_of(certificates, shown[which]))
    assert answer.status == 202, answer
    assert log_of(gateway, answer) == (client, None, name)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_that_is_resumed_knows_its_certificate(gateway, certificates, shown, upstream, version):
    context = client_of(certificates, shown["console"])
    context.minimum_version = context.maximum_version = version
    with TlsWire(gateway.port, context) as wire:
        assert wire.send(request()).read().status == 202
        session = wire.socket.session
    with TlsWire(gateway.port, context, session=session) as wire:
        assert wire.socket.session_reused
        answer = wire.send(request()).read()
    assert log_of(gateway, answer) == ("by-name", None, "console-2026")


def refused(gateway, answer, upstream):
    body = problem(answer, 401, "unauthenticated")
    assert body["detail"] == ("send a valid token as Authorization: Bearer <token>, or show a client's certificate; some "
                              "clients need both")
    upstream.seen(0)
    return answer


def test_who_shows_nothing(gateway, certificates, upstream):
    refused(gateway, ask(gateway, trusting(certificates)), upstream)


@pytest.mark.parametrize("which", ["stranger", "wild", "two"])
def test_a_good_certificate_that_is_nobodys(gateway, certificates, shown, upstream, which):
    """The authority's signature alone is no identity, `*.corp.example` is no name of console.corp.example, and who is two is
    none."""
    refused(gateway, ask(gateway, client_of(certificates, shown[which])), upstream)


def test_a_token_beside_a_certificate_that_is_nobodys(gateway, certificates, shown, upstream):
    answer = ask(gateway, client_of(certificates, shown["stranger"]), TOKEN)
    assert answer.status == 202
    assert log_of(gateway, answer) == ("network-console", "2026-11", None)


def test_both_of_one_client(gateway, certificates, shown, upstream):
    answer = ask(gateway, client_of(certificates, shown["both"]), TOKEN + "-both")
    assert answer.status == 202
    assert log_of(gateway, answer) == ("by-both", "both", "pinned")


def test_half_of_what_is_required(gateway, certificates, shown, upstream):
    """A token that was stolen is of no use without the certificate, nor the other way round; the log says whose it was."""
    for context, token, told in [(trusting(certificates), TOKEN + "-both", ("by-both", "both", None)),
                                 (client_of(certificates, shown["both"]), None, ("by-both", None, "pinned")),
                                 (client_of(certificates, shown["stranger"]), TOKEN + "-both", ("by-both", "both", None))]:
        answer = refused(gateway, ask(gateway, context, token), upstream)
        assert log_of(gateway, answer) == told


def test_a_token_of_one_and_a_certificate_of_another(gateway, certificates, shown, upstream):
    answer = refused(gateway, ask(gateway, client_of(certificates, shown["console"]), TOKEN), upstream)
    assert log_of(gateway, answer) == ("network-console", "2026-11", "console-2026")


def test_a_wrong_token_beside_a_good_certificate(gateway, certificates, shown, upstream):
    refused(gateway, ask(gateway, client_of(certificates, shown["console"]), "wrong"), upstream)


def test_a_client_is_judged_as_any_other(gateway, certificates, shown, upstream):
    """Its certificate says who it is, and nothing of what it may."""
    with TlsWire(gateway.port, client_of(certificates, shown["console"])) as wire:
        answer = wire.send(request().replace(b"ins-df454d", b"ins-bastion1")).read()
    problem(answer, 403, "not-allowed", rule="never-bastion")
    upstream.seen(0)


def test_whoami_says_by_what(gateway, certificates, shown):
    with TlsWire(gateway.port, client_of(certificates, shown["both"])) as wire:
        answer = wire.send(f"GET /whoami HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}-both\r\n\r\n".encode()).read()
    told = answer.json()
    assert (told["client"], told["token"]["id"], told["certificate"]) == ("by-both", "both", {"id": "pinned"})


def test_a_reload_takes_a_certificate_away(scripted, certificates, shown, tmp_path, upstream):
    """At the next request, also of an open connection."""
    tls = {**private(certificates.good, tmp_path), "client_ca": certificates.authority.file}
    file = configure(tmp_path, scripted.url, top={"listen": {"address": "127.0.0.1:0", "tls": tls}})
    rules = known(shown)
    (tmp_path / "policy.yaml").write_text(written(rules))
    gateway = Reached(file)
    gateway.port = int(gateway.doors[0].rsplit(":", 1)[1])
    try:
        with TlsWire(gateway.port, client_of(certificates, shown["console"])) as wire:
            assert wire.send(request()).read().status == 202
            rules["clients"]["by-name"]["certificates"][0]["san"] = "another.example"
            (tmp_path / "policy.yaml").write_text(written(rules))
            assert call(gateway.admins[0], "POST", "/reload").status == 200
            problem(wire.send(request()).read(), 401, "unauthenticated")
    finally:
        gateway.terminate()
        gateway.wait(PATIENCE)
        gateway.clean()


# ---- what a proxy passes ----

def forms(pair):
    pem = pathlib.Path(pair.certificate).read_text()
    text = base64.b64encode(der(pair)).decode()
    digest = sha256(pair)
    return {"RFC 9440": f":{text}:", "base64": text, "PEM of nginx": urllib.parse.quote(pem, safe=""), "sha256": digest,
            "sha256 with colons": ":".join(digest[at:at + 2] for at in range(0, 64, 2)).upper()}


@pytest.mark.parametrize("form", ["RFC 9440", "base64", "PEM of nginx", "sha256", "sha256 with colons"])
def test_a_trusted_proxy_passes_a_certificate(behind, shown, upstream, form):
    answer = passed(behind, forms(shown["both"])[form], TOKEN + "-both")
    assert answer.status == 202, answer
    assert log_of(behind, answer) == ("by-both", "both", "pinned")


def test_a_name_in_what_a_proxy_passes(behind, shown, upstream):
    answer = passed(behind, forms(shown["console"])["RFC 9440"])
    assert answer.status == 202
    assert log_of(behind, answer) == ("by-name", None, "console-2026")


@pytest.mark.parametrize("value", [None, ""], ids=["no field", "an empty one"])
def test_a_proxy_whose_caller_has_none(behind, upstream, value):
    assert passed(behind, value, TOKEN).status == 202
    refused(behind, passed(behind, value), upstream.script())


def test_nobody_else_passes_one(behind, shown, upstream):
    """From other peers the field says nothing at all."""
    refused(behind, passed(behind, forms(shown["console"])["RFC 9440"], source="127.0.0.2"), upstream)
    assert passed(behind, "rubbish", TOKEN, source="127.0.0.2").status == 202


def test_no_field_is_configured(gateway, shown, upstream):
    """The plain port of a gateway that has not said which field it is."""
    with_field = request().replace(b"\r\n\r\n", f"\r\n{FIELD}: {sha256(shown['console'])}\r\n\r\n".encode())
    with Wire(gateway.plain) as wire:
        answer = wire.send(with_field).read()
    refused(gateway, answer, upstream)


def rubbish(shown):
    good = forms(shown["console"])
    text = good["base64"]
    return ["rubbish", "::", ":", "%", "-----BEGIN", text[:-8], text + "AAAA", text + text, good["RFC 9440"] + good["RFC 9440"],
            good["PEM of nginx"].replace("%0A", "%0"), good["PEM of nginx"][:200], "A" * 12000, good["sha256"][:-1], good["sha256"] + "0",
            [good["RFC 9440"], good["RFC 9440"]]]


def test_what_is_no_certificate_is_refused(behind, shown, upstream):
    """Also beside a good token: an edge that passes this is not what its operator thinks."""
    for value in rubbish(shown):
        body = problem(passed(behind, value, TOKEN), 400, "malformed-request")
        assert body["detail"] == f"{FIELD} of a trusted proxy is no certificate", value
    upstream.seen(0)


def test_a_proxys_own_certificate_is_nobodys(scripted, certificates, shown, tmp_path, upstream):
    """It comes with every caller; only the field tells them apart."""
    tls = {**private(certificates.good, tmp_path), "client_ca": certificates.authority.file}
    file = configure(tmp_path, scripted.url, top={"listen": {"address": "127.0.0.1:0", "tls": tls}, "trusted_proxies": ["127.0.0.1"],
                                                  "client_certificate_field": FIELD})
    (tmp_path / "policy.yaml").write_text(written(known(shown)))
    gateway = Reached(file)
    gateway.port = int(gateway.doors[0].rsplit(":", 1)[1])
    try:
        problem(ask(gateway, client_of(certificates, shown["console"])), 401, "unauthenticated")
        with TlsWire(gateway.port, client_of(certificates, shown["stranger"])) as wire:
            answer = wire.send(request(X_Client_Certificate=sha256(shown["both"]), token=TOKEN + "-both")).read()
        assert log_of(gateway, answer) == ("by-both", "both", "pinned")
    finally:
        gateway.terminate()
        gateway.wait(PATIENCE)
        gateway.clean()
