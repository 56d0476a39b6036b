"""The harness itself: a second opinion is worth something only if it agrees with the vendor's own papers."""

import socket
import ssl
import subprocess

import pytest

from harness import vendor
from harness.upstream import HANG_UP, Reply, Upstream
from harness.wire import Wire
from harness.world import HOST, SAMPLE, SECRET_ID, SECRET_KEY

COMMON = {"SecretId": SECRET_ID, "Nonce": "11886", "Timestamp": "1465185768"}
INSTANCES = {"Action": "DescribeInstances", **COMMON}
OLD = {**INSTANCES, "Region": "gz", "instanceIds.0": "ins-09dx96dg", "limit": "20", "offset": "0"}
NEW = {**INSTANCES, "Region": "ap-guangzhou", "InstanceIds.0": "ins-09dx96dg"}
DETACH = {"Action": "DetachClassicLinkVpc", "Region": "ap-guangzhou", **COMMON, "vpcId": "vpc-2ari9m7h",
          "instanceIds.0": "ins-df454d"}
SHA1, SHA256 = {"SignatureMethod": "HmacSHA1"}, {"SignatureMethod": "HmacSHA256"}


@pytest.mark.parametrize("method, host, params, expected", [
    # Published with the signature's documentation (product CVM).
    ("GET", "cvm.api.qcloud.com", OLD, "NSI3UqqD99b/UJb4tbG/xZpRW64="),
    ("GET", "cvm.api.qcloud.com", {**NEW, **SHA256}, "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s="),
    ("GET", "cvm.api.qcloud.com", {**NEW, **SHA1}, "nPVnY6njQmwQ8ciqbPl5Qe+Oru4="),
    # The main job's call, by the vendor's own Python client.
    ("GET", HOST, DETACH, "3W3/FXE0qRD9qxVK3W6CUu7WECs="),
    ("GET", HOST, {**DETACH, **SHA1}, "Bio0k1VYXJZeLndc3sOL8rFqB34="),
    ("GET", HOST, {**DETACH, **SHA256}, "UnaAzI00bcDcDNqPqkVZarNP8XBdm1f2znYElS3432A="),
    ("POST", HOST, {**DETACH, **SHA1}, "uhR8aCMW5Nqb/bY1v5TyLpOpKKM="),
    ("POST", HOST, {**DETACH, **SHA256}, "8VJwL2+LqeRhSvNga8EmJ1ojZyA/MvdogaVtjOv+S54="),
])
def test_signature_is_the_vendors(method, host, params, expected):
    assert vendor.signature(method, host, "/v2/index.php", params, SECRET_KEY) == expected


@pytest.fixture
def alone():
    upstream = Upstream()
    yield upstream
    upstream.stop()


def test_scripted_upstream_answers_in_turn_and_keeps_the_bytes(alone):
    alone.script(Reply(), Reply(status=500, body={"code": 1}))
    sent = b"POST /v2/index.php HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\na=1&b=2"
    with Wire(alone.port) as wire:
        first, second = wire.send(sent).read(), wire.send(sent).read()
    assert (first.status, first.body, second.status) == (200, SAMPLE, 500)
    received = alone.seen(2)[1]
    assert received.head + received.body == sent
    assert received.params == {"a": "1", "b": "2"} and received.headers["host"] == "h"


def test_scripted_upstream_can_hang_up(alone):
    alone.script(HANG_UP)
    with Wire(alone.port) as wire:
        assert wire.send(b"GET /?a=1 HTTP/1.1\r\nHost: h\r\n\r\n").closed()
    assert alone.seen(1)[0].params == {"a": "1"}


def test_scripted_upstream_can_drip_and_cut(alone):
    alone.script(Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n", drip=0.001, cut=8))
    with socket.create_connection(("127.0.0.1", alone.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        said = b"".join(iter(lambda: client.recv(100), b""))
    assert said == b"HTTP/1.1"


@pytest.mark.parametrize("name, verdict", [
    ("good", "OK"),
    ("expired", "certificate has expired"),
    ("not_yet", "certificate is not yet valid"),
    ("wrong_name", "IP address mismatch"),
    ("unknown", "unable to get local issuer certificate"),
])
def test_certificates_are_what_they_claim(certificates, name, verdict):
    pair = getattr(certificates, name)
    done = subprocess.run([
        "openssl", "verify", "-CAfile", certificates.authority.file, "-verify_ip", "127.0.0.1",
        pair.certificate,
    ], capture_output=True, text=True, timeout=30)
    assert verdict in done.stdout + done.stderr


def test_scripted_upstream_speaks_tls(certificates):
    pair = certificates.good
    upstream = Upstream((pair.certificate, pair.key))
    try:
        trust = ssl.create_default_context(cafile=certificates.authority.file)
        with socket.create_connection(("127.0.0.1", upstream.port), timeout=5) as plain:
            with trust.wrap_socket(plain, server_hostname="127.0.0.1") as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
    finally:
        upstream.stop()
