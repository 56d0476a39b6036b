"""Nobody's request is executed but as its own bytes say, whatever was on other connections before.

COUNTERSIGN_STREAMS=1000000 throws a million; COUNTERSIGN_SEED says which."""

import os
import time

import pytest

from harness.gateway import configure
from harness.stream_run import BATCH, Run
from harness.strict_http import read
from harness.world import SLOW

COUNT = int(os.environ.get("COUNTERSIGN_STREAMS", str(int(8000 / SLOW))))
SEED = int(os.environ.get("COUNTERSIGN_SEED", "20261128"))
SHOWN = 20              # complaints

HEAD = b"POST /a HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n"

# The reader's own table: what may be executed, and how the stream ends.  RFC 9112 but for others.
READINGS = [
    (b"", [], "clean"),
    (NEXT, ["/next"], "clean"),
    (b"\r\n\r\n" + NEXT, ["/next"], "clean"),                                       # 2.2
    (NEXT + b"\r\n", ["/next"], "clean"),
    (NEXT + b"\r\n\r\n", ["/next"], "partial"),
    (NEXT + b"\r", ["/next"], "partial"),
    (NEXT + NEXT, ["/next", "/next"], "clean"),
    (NEXT[:-1], [], "partial"),
    (NEXT[:-2] + b"\n", [], "partial"),                                             # 2.2, the strict choice
    (NEXT.replace(b"\r\n", b"\n"), [], "partial"),
    (b" " + NEXT, [], "malformed"),                                                 # 2.2
    (NEXT.replace(b"GET ", b"GET  "), [], "malformed"),                             # 3
    (NEXT.replace(b"1.1", b"2.0"), [], "malformed"),                                # 2.3
    (NEXT.replace(b"/next", b"http://a/next"), ["/next"], "clean"),                 # 3.2.2
    (NEXT.replace(b"/next", b"http://b/next"), [], "malformed"),
    (NEXT.replace(b"Host: a\r\n", b""), [], "malformed"),                           # 3.2
    (NEXT.replace(b"Host: a\r\n", b"Host: a\r\nHost: a\r\n"), [], "malformed"),
    (NEXT.replace(b"Host: a", b"Host : a"), [], "malformed"),                       # 5.1
    (NEXT.replace(b"Host: a", b"Host: a\r\n b"), [], "malformed"),                  # 5.2
    (NEXT.replace(b"Host: a", b"Host: a\r\nX: \0"), [], "malformed"),               # RFC 9110 5.5
    (HEAD + b"Content-Length: 3\r\n\r\nabc" + NEXT, ["/a", "/next"], "clean"),      # 6.2
    (HEAD + b"Content-Length: 4\r\n\r\nabc", [], "partial"),
    (HEAD + b"Content-Length: 3, 3\r\n\r\nabc" + NEXT, [], "malformed"),            # 6.3, the strict choice
    (HEAD + b"Content_Length: 3\r\n\r\nabc" + NEXT, [], "malformed"),
    (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [], "malformed"),      # 6.1
    (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [], "malformed"),
    (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", [], "malformed"),
    (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + NEXT, ["/a", "/next"], "clean"),          # 7.1
    (CHUNKED + b"3 ;a=\"b;c\"\r\nabc\r\n0\r\nX: y\r\n\r\n" + NEXT, ["/a", "/next"], "clean"),
    (CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n" + NEXT, [], "malformed"),
    (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n" + NEXT, [], "malformed"),
    (CHUNKED + b"3\nabc\n0\n\n", [], "partial"),
    (CHUNKED + b"3\r\nabc\r\n0\r\n", [], "partial"),
    (NEXT[:-2] + b"Connection: close\r\n\r\n" + NEXT, ["/next"], "closed"),         # 9.3
    (NEXT.replace(b"1.1", b"1.0") + NEXT, ["/next"], "closed"),
]


@pytest.mark.parametrize("data, targets, end", READINGS)
def test_the_reader(data, targets, end):
    reading = read(data)
    assert ([request.target for request in reading.requests], reading.end) == (targets, end)


@pytest.mark.parametrize("lines, token", [
    (b"", None), (b"Authorization: Bearer t\r\n", "t"), (b"authorization: bearer  t\r\n", "t"),
    (b"Authorization: Basic dDo=\r\n", None), (b"Authorization: Bearer t u\r\n", None),
    (b"Authorization: Bearer t\r\nAuthorization: Bearer t\r\n", None), (b"X: Authorization: Bearer t\r\n", None),
])
def test_whose_request_it_is(lines, token):
    request, = read(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n").requests
    assert request.token == token


def test_streams(tmp_path, reaper):
    """Nothing is executed that the reader does not allow, nothing for anybody whose token was not on that connection, and
    no connection gets more answers than it has requests."""
    run = Run(tmp_path, configure, SEED)
    complaints, began, thrown = [], time.monotonic(), 0
    try:
        while thrown < COUNT and len(complaints) < SHOWN:
            last = min(thrown + BATCH, COUNT)
            complaints += run.batch(thrown, last)
            thrown = last
    finally:
        took = time.monotonic() - began
        run.done()
        reaper.ask(run.gateway)
    print(f"{thrown} streams in {took:.0f} s, {thrown / took:.0f} a second; {run.executed} requests executed, "
          f"{run.served} of {run.expected} of the victims'; {len(complaints)} violations")
    assert not complaints, "\n".join(complaints[:SHOWN])
    assert run.served >= run.expected * 0.9, "good requests must be served, or nothing was tried"
