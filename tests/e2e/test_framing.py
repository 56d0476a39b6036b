"""Where one request ends and the next begins must have one reading only.

Each refused row is an authorized DELETE with one thing wrong with its framing, followed on the same
connection by a whole and good one.  A lenient parser would execute the first, the second, or something
between them; so the answer must be a refusal, the connection must be closed, and the upstream must have
seen nothing."""

import json
import subprocess

import pytest

from harness.expect import courtesy, problem
from harness.gateway import POLICY, TOKEN
from harness.requests import GOOD as BEHIND, cases
from harness.wire import Wire
from harness.world import BINARY, INSTANCE, SAMPLE, SLOW, VPC, stranger

PATH = f"/vpcs/{VPC}/classiclinks"
LINE = f"DELETE {PATH} HTTP/1.1"
HOST = "Host: gateway.example"
AUTH = f"Authorization: Bearer {TOKEN}"
KIND = "Content-Type: application/json"
BODY = b'{"instanceIds":["%s"]}' % INSTANCE.encode()
N = len(BODY)
LENGTH = f"Content-Length: {N}"


def request(*extra, line=LINE, host=HOST, auth=AUTH, kind=KIND, length=LENGTH, body=BODY, end="\r\n"):
    """The good request; every part can be replaced or, with None, left out."""
    lines = [part for part in (line, host, auth, kind, *extra, length) if part is not None]
    return (end.join(lines) + end + end).encode("latin-1") + body


GOOD = request()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (N, BODY)


def exchange(gateway, data, source="127.0.0.1"):
    with gateway.wire(source) as wire:
        answer = wire.send(data).read()
        return answer, wire.closed()


def refused(gateway, upstream, data, statuses):
    """One answer, then the end; nothing went out."""
    answer, closed = exchange(gateway, data + GOOD)
    assert answer.status in statuses, answer
    assert closed, "the connection must not be read further"
    assert answer.header("Connection") == "close"
    upstream.seen(0)
    return answer


def follow(wire, case, upstream):
    """The row of the table on that connection: its answer, what stands behind it, and what went out."""
    try:
        wire.send(case.data + BEHIND)
    except OSError:                     # it had heard enough
        pass
    answer = wire.read()
    assert answer.status in case.statuses, answer
    if case.ends:
        assert answer.header("Connection") == "close"
        assert wire.closed(), "nothing behind it may be read"
    else:
        assert wire.read().header("X-Request-Id") == "behind"
    courtesy(answer)
    if answer.status >= 400:
        problem(answer, answer.status, NAMES[answer.status], retryable=False)
    upstream.seen((answer.status == 202) + (not case.ends))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_table(gateway, upstream, case):
    """tests/vectors/http/requests.tsv; the same over TLS is in test_door_tls.py."""
    with gateway.wire() as wire:
        follow(wire, case, upstream)


def test_the_table_cut_at_every_byte(tmp_path):
    """However the bytes come in, they mean the same; and what the reader of heads refuses is what the table says."""
    rows = list(cases())
    for number, case in enumerate(rows):
        (tmp_path / f"{number:04}").write_bytes(case.data)
    done = subprocess.run([BINARY.parent / "tests/request_heads", *sorted(tmp_path.iterdir())], capture_output=True,
                          text=True, check=True, timeout=120 * SLOW)
    results = done.stdout.splitlines()
    assert len(results) == len(rows)
    for case, result in zip(rows, results):
        word = result.split()[0]
        if word == "whole":
            assert min(case.statuses) in (202, 204) or not case.statuses & {414, 431, 501, 505}, (case, result)
            assert 202 not in case.statuses or not result.endswith(("part", "broken")), (case, result)
        else:
            assert word.isdigit() and int(word) in case.statuses, (case, result)


NAMES = {400: "malformed-request", 404: "no-such-route", 405: "method-not-allowed", 413: "content-too-large",
         414: "target-too-long", 417: "expectation-failed", 431: "header-too-large",
         501: "not-implemented", 505: "version-not-supported"}


@pytest.mark.parametrize("length", [65537, 1 << 30, 9999999999])
def test_large_length_is_refused_unread(gateway, upstream, length):
    """413 at once: nothing of the body was sent when it comes."""
    problem(refused(gateway, upstream, request(length=f"Content-Length: {length}", body=b""), {413}),
            413, "content-too-large")


@pytest.mark.parametrize("target", [
    f"http://other.example:1{PATH}", f"//gateway.example{PATH}", f"http://{{own}}{PATH}",
    f"http://gateway.example:80{PATH}", f"http://user@gateway.example{PATH}", f"gopher://gateway.example{PATH}",
    f"http:{PATH}", f"http://{PATH}", "gateway.example:443", "gateway.example",
])
@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "CONNECT"])
def test_targets_that_are_no_path_of_ours(gateway, upstream, method, target):
    """Absolute-form names a host twice: they must be one."""
    line = f"{method} {target.format(own=f'127.0.0.1:{gateway.port}')} HTTP/1.1"
    refused(gateway, upstream, request(line=line), {400})


@pytest.mark.parametrize("target, host", [
    ("http://gateway.example{}", "gateway.example"), ("HTTP://GATEWAY.example{}", "gateway.example"),
    ("https://gateway.example:443{}", "gateway.example:443"), ("http://[::1]:8080{}", "[::1]:8080"),
])
def test_absolute_targets(gateway, upstream, target, host):
    """RFC 9112 section 3.2.2: a server MUST accept them."""
    with gateway.wire() as wire:
        wire.send(request(line=f"DELETE {target.format(PATH)} HTTP/1.1", host=f"Host: {host}") + GOOD)
        assert [wire.read().status for _ in range(2)] == [202, 202]
    upstream.seen(2)


def test_absolute_targets_and_the_names_that_are_ours(start, upstream):
    """The name is judged as that of a Host field is."""
    gateway = start(upstream.url, top={"browsers": {"hosts": ["gateway.example"]}})
    for host, status in (("gateway.example", 202), ("evil.example", 421)):
        with gateway.wire() as wire:
            wire.send(request(line=f"DELETE http://{host}{PATH} HTTP/1.1", host=f"Host: {host}"))
            assert wire.read().status == status


@pytest.mark.parametrize("target", ["*", "http://gateway.example"])
def test_options_of_the_gateway(gateway, upstream, target):
    """RFC 9110 section 9.3.7: anybody may ask what the server as a whole takes; the connection stays."""
    with gateway.wire() as wire:
        answer = wire.send(request(line=f"OPTIONS {target} HTTP/1.1", auth=None, kind=None, length=None,
                                   body=b"") + GOOD).read()
        assert (answer.status, answer.header("Content-Length")) == (204, None)
        assert set(answer.header("Allow").split(", ")) == {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}
        courtesy(answer)
        assert wire.read().status == 202


def test_options_of_the_admin_listener(gateway):
    with Wire(gateway.admin) as wire:
        answer = wire.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").read()
    assert answer.status == 204 and answer.header("Allow") == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("data, status", [
    (b"GET /readyz HTTP/1.0\r\n\r\n", 200), (b"GET /healthz HTTP/1.0\r\nX: y\r\n\r\n", 200),
    (b"HEAD /healthz HTTP/1.0\r\n\r\n", 200), (b"GET /healthz?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400), (b"GET /healthz#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\n\r\n", 400),
    (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 400),
    (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 200),
    (b"POST /reload#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
    (b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", 400), (b"GET /health", 400),
    (b"FOO /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 501), (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
])
def test_the_admin_listener_has_the_same_door(gateway, data, status):
    """Whatever is behind its one request is not read."""
    with Wire(gateway.admin) as wire:
        try:
            wire.send(data + (b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n" if status == 200 else b"")).finish()
        except OSError:         # it had heard enough
            pass
        answer = wire.read(bodyless=data.startswith(b"HEAD"))
        assert answer.status == status and answer.header("Connection") == "close" and answer.header("Date")
        assert wire.closed()


def test_head_is_get_without_the_content(start, upstream):
    """RFC 9110 section 9.3.2: the fields are those of the GET, and the next answer begins right behind them."""
    line = "{} /vpcs HTTP/1.1"
    reads = {**POLICY, "rules": [{"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}]}
    with start(upstream.url, rules=reads).wire() as wire:
        ask = [request(line=line.format(method), kind=None, length=None, body=b"") for method in ("HEAD", "GET")]
        head = wire.send(b"".join(ask)).read(bodyless=True)
        get = wire.read()
    assert (head.status, get.status) == (200, 200)
    assert head.header("Content-Length") == get.header("Content-Length") == str(len(get.body))
    upstream.seen(2)


@pytest.mark.parametrize("line", ["OPTIONS", "PUT", "PATCH", "TRACE"])
def test_other_methods(gateway, upstream, line):
    with gateway.wire() as wire:
        answer = wire.send(request(line=f"{line} {PATH} HTTP/1.1")).read()
    assert answer.status == 405
    assert answer.header("Allow") == "DELETE, POST, GET, HEAD"
    courtesy(answer)
    upstream.seen(0)


def test_no_head_where_only_changes_are(gateway, upstream):
    with gateway.wire() as wire:
        answer = wire.send(request(line=f"HEAD {PATH}/{INSTANCE} HTTP/1.1")).read(bodyless=True)
    assert answer.status == 405 and answer.header("Allow") == "DELETE"
    upstream.seen(0)


@pytest.mark.parametrize("method", [
    "TRACE", "FOO", "delete", "Delete", "DELETEX", "DELET", "PRI", "CONNECT", "PROPFIND", "MKCOL", "LOCK",
    "UNLOCK", "PROPPATCH", "REPORT", "M-SEARCH", "GET\0",
])
def test_methods_of_others(gateway, upstream, method):
    """What is no method of HTTP (RFC 9110 section 9, RFC 5789) is refused before anybody is asked."""
    answer, _ = exchange(gateway, request("Connection: close", line=f"{method} {PATH} HTTP/1.1"))
    wanted = 405 if method in ("TRACE", "CONNECT") else 400 if method in ("delete", "Delete", "GET\0") else 501
    assert answer.status == wanted
    upstream.seen(0)


@pytest.mark.parametrize("header", [
    "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE",
])
def test_method_overrides_are_ignored(gateway, upstream, header):
    answer, _ = exchange(gateway, request(header, "Connection: close", line=f"PUT {PATH} HTTP/1.1"))
    assert answer.status == 405
    upstream.seen(0)


GARBAGE = {
    "a TLS hello": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "an HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(20),
    "a PROXY line": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GOOD,
    "a PROXY v2 header": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + GOOD,
    "NULs": bytes(100) + b"\r\n\r\n",
    "a shell script": b"#!/bin/sh\necho hello\n\n\r\n\r\n",
    "an endless line": b"A" * 70000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_what_is_not_http(gateway, upstream, data):
    """A refusal or a closed door, and it still serves."""
    with gateway.wire() as wire:
        try:
            wire.send(data).finish()
            assert wire.read().status in (400, 414, 505)
        except (EOFError, ConnectionError):
            pass
        assert wire.closed()
    upstream.seen(0)
    assert gateway.delete().status == 202


@pytest.mark.parametrize("data", [GOOD[:-1], GOOD[:-N], request("Expect: 100-continue", body=b"")])
def test_body_that_ends_early(gateway, upstream, data):
    """Half a body must not be parsed as a whole one; the caller may still listen."""
    with gateway.wire() as wire:
        wire.send(data).finish()
        answer = wire.read()
        while answer.status == 100:
            answer = wire.read()
        assert answer.status in (400, 408)
        assert wire.closed()
    upstream.seen(0)


def test_a_request_that_stalls(gateway, upstream):
    """Neither half a header nor half a body holds a worker for long.  (Both at once: it is all waiting.)"""
    within = 30 * SLOW
    with Wire(gateway.port, within) as header, Wire(gateway.port, within) as body:
        header.send(GOOD[:-N - 10])
        body.send(GOOD[:-5])
        problem(header.read(), 408, "request-timeout", retryable=True)
        assert header.closed()
        problem(body.read(), 408, "request-timeout", outcome="not-executed", retryable=True)
        assert body.closed()
    upstream.seen(0)


# A whole authorized request as the body of one that is refused: what is left unread is never interpreted.
INSIDE = {
    "no token": (dict(auth=None), 401),
    "wrong token": (dict(auth="Authorization: Bearer wrong"), 401),
    "no such route": (dict(line="DELETE /nowhere HTTP/1.1"), 404),
    "wrong method": (dict(line=f"PUT {PATH} HTTP/1.1"), 405),
    "a method without a body": (dict(line=f"GET {PATH} HTTP/1.1"), 400),
    "not JSON by its name": (dict(kind="Content-Type: text/plain"), 415),
    "not JSON by its content": (dict(), 400),
}


@pytest.mark.parametrize("parts, status", INSIDE.values(), ids=INSIDE)
def test_a_request_inside_a_refused_body(gateway, upstream, parts, status):
    with gateway.wire() as wire:
        wire.send(request(length=f"Content-Length: {len(GOOD)}", body=GOOD, **parts))
        assert wire.read().status == status
        upstream.seen(0)
        try:                    # either it is over, or the next bytes are the next request
            answer = wire.send(request(line="DELETE /next HTTP/1.1")).read()
        except (EOFError, ConnectionError):
            return
        assert answer.status == 404
    upstream.seen(0)


def test_a_request_behind_a_body_that_is_too_large(gateway, upstream):
    data = request(length="Content-Length: 70000", body=BODY + b" " * (70000 - N))
    refused(gateway, upstream, data, {413})


@pytest.mark.parametrize("lead", [
    b"\r\n", b"\n", b" ", b"\r\n\r\n", b"\n\n", b"\r\n\n", b" \r\n\r\n", b"\r\n" * 4, b"\r\n" * 8,
    b"\r\n" * 500,
])
def test_blank_lines_before_a_request(gateway, upstream, lead):
    """RFC 9112 2.2 lets a server skip empty lines.  Whoever counts them into a header, and reads that without
    them, reads its end once more as its body, and the real body (here a whole authorized request) as the next
    request."""
    inner = request("X-Pad: " + "p" * 300)
    length = f"Content-Length: {len(inner)}"
    outer = request("X-Pad: ", auth=None, length=length, body=b"")
    outer = request("X-Pad: " + "p" * (len(inner) - len(outer)), auth=None, length=length, body=b"")
    assert len(outer) == len(inner)
    with gateway.wire() as wire:
        wire.send(lead + outer + inner).finish()
        try:
            while True:
                assert wire.read().status == (401 if lead == b"\r\n" else 400)
        except (EOFError, ConnectionError):
            pass
    upstream.seen(0)


@pytest.mark.parametrize("lead", [b"\r\n", b"\n", b" ", b"\r\n\r\n", b"\r\n" * 4])
def test_blank_lines_do_not_double_a_request(gateway, upstream, lead):
    """The same with a request that has no body: executed once or not at all."""
    with gateway.wire() as wire:
        wire.send(lead + request(line=f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1", length=None,
                                 body=b"")).finish()
        try:
            while True:
                assert wire.read().status in (202, 400)
        except (EOFError, ConnectionError):
            pass
    assert upstream.count() <= 1


BODILESS = f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1"
LEFTOVERS = {
    "a letter behind length 0": (request(line=BODILESS, length="Content-Length: 0", body=b"") + b"X", 501),
    "a letter behind a body": (GOOD + b"X", 501),
    "NUL behind the last chunk": (request(length="Transfer-Encoding: chunked", body=CHUNKED) + b"\0", 400),
    "CR behind the last chunk": (request(length="Transfer-Encoding: chunked", body=CHUNKED) + b"\r", 400),
}


@pytest.mark.parametrize("data, status", LEFTOVERS.values(), ids=LEFTOVERS)
def test_what_is_left_behind_a_request(gateway, upstream, data, status):
    """It begins the next request, whatever it is: neither dropped nor part of the body.  That next one is broken."""
    with gateway.wire() as wire:
        wire.send(data + GOOD)
        assert [wire.read().status for _ in range(2)] == [202, status]
        assert wire.closed()
    upstream.seen(1)


@pytest.mark.parametrize("length, body", [(LENGTH, BODY), ("Transfer-Encoding: chunked", CHUNKED)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_where_none_belongs(gateway, upstream, method, length, body):
    """Refused; its body is read by its framing or not at all, and never as the next request."""
    with gateway.wire() as wire:
        wire.send(request(line=f"{method} {PATH} HTTP/1.1", length=length, body=body) + GOOD)
        assert wire.read(bodyless=method == "HEAD").status == 400
        try:
            behind = wire.read().status
        except (EOFError, ConnectionError):
            behind = None
    assert behind in (None, 202)
    upstream.seen(0 if behind is None else 1)


# ---- and what must work ----

def test_two_requests_in_one_packet(gateway, upstream):
    with gateway.wire() as wire:
        wire.send(GOOD + request("X-Request-Id: second"))
        first, second = wire.read(), wire.read()
    assert (first.status, first.body, second.status, second.body) == (202, SAMPLE, 202, SAMPLE)
    assert second.header("X-Request-Id") == "second" != first.header("X-Request-Id")
    upstream.seen(2)


def test_ten_requests_in_one_packet(gateway, upstream):
    with gateway.wire() as wire:
        wire.send(GOOD * 10)
        assert [wire.read().status for _ in range(10)] == [202] * 10
    upstream.seen(10)


def test_two_in_one_packet_and_the_body_of_the_second_later(gateway, upstream):
    """The first says that it has no body: what is behind it is the next request."""
    with gateway.wire() as wire:
        wire.send(request(line=BODILESS, length="Content-Length: 0", body=b"") + GOOD[:-N])
        assert wire.read().status == 202
        assert wire.send(BODY + GOOD).read().status == 202
        assert wire.read().status == 202
    upstream.seen(3)


def test_byte_by_byte(gateway, upstream):
    with gateway.wire() as wire:
        for byte in GOOD:
            wire.send(bytes([byte]))
        assert wire.read().status == 202


GOOD_ROWS = {
    "lower-case names": request(host="host: h", auth=AUTH.replace("Authorization", "authorization")),
    "no blank after the colon": request(host="Host:h", length=f"Content-Length:{N}"),
    "blanks around values": request(length=f"Content-Length:   {N}   "),
    "scheme in lower case": request(auth=f"Authorization: bearer {TOKEN}"),
    "59 other headers": request(*(f"X-{i}: 1" for i in range(59))),
    "an empty header": request("X-A:"),
    "a colon in a value": request("X-A: b:c"),
    "a length with a leading zero": request(length=f"Content-Length: 0{N}"),
    "a header of 8 KB": request("X-A: " + "b" * 8000),
    "no body, length 0": request(line=f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1",
                                 length="Content-Length: 0", body=b""),
    "no body, no length": request(line=f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1", length=None,
                                  body=b""),
}


@pytest.mark.parametrize("data", GOOD_ROWS.values(), ids=GOOD_ROWS)
def test_well_formed(gateway, upstream, data):
    """The strict check must not refuse what RFC 9112 allows; the connection stays."""
    with gateway.wire() as wire:
        assert wire.send(data).read().status == 202
        assert wire.send(GOOD).read().status == 202
    upstream.seen(2)


@pytest.mark.parametrize("connection, version, stays", [
    ("close", "1.1", False), ("Close", "1.1", False), ("keep-alive", "1.1", True), (None, "1.1", True),
    (None, "1.0", False),
])
def test_connection_header(gateway, upstream, connection, version, stays):
    extra = [f"Connection: {connection}"] if connection else []
    with gateway.wire() as wire:
        answer = wire.send(request(*extra, line=f"DELETE {PATH} HTTP/{version}")).read()
        assert answer.status == 202
        if stays:
            assert wire.send(GOOD).read().status == 202
        else:
            assert answer.header("Connection") == "close" and wire.closed()


def test_expect_100_continue(gateway, upstream):
    with gateway.wire() as wire:
        assert wire.send(request("Expect: 100-continue", body=b"")).read().status == 100
        assert wire.send(BODY).read().status == 202
        assert wire.send(GOOD).read().status == 202


@pytest.mark.parametrize("parts, status", [
    (dict(length="Content-Length: 70000"), 413),
    (dict(kind="Content-Type: text/plain"), 415),
    (dict(host=None), 400),
])
def test_a_refused_body_is_not_invited(gateway, upstream, parts, status):
    with gateway.wire() as wire:
        assert wire.send(request("Expect: 100-continue", body=b"", **parts)).read().status == status
    upstream.seen(0)


def test_refusals_are_recorded_too(gateway, upstream):
    """Whoever probes leaves a line, also where the library refused before anybody was asked."""
    for data, status in ((request(length="Content-Length: +1"), 400),
                         (request(line=f"FOO {PATH} HTTP/1.1"), 501),
                         (request(line=f"DELETE {PATH} HTTP/2.0"), 505), (b"\0\0\r\n\r\n", 400)):
        source = stranger()
        exchange(gateway, data, source)
        record = json.loads(gateway.line(gateway.stdout, lambda line: f'"{source}"' in line))
        assert record["status"] == status, record
