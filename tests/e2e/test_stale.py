"""Nothing that an earlier connection has sent is ever read for a later one.

CivetWeb 1.15 parses a worker's buffer to its end, not to the end of what has arrived.  So a sender without a token,
who broke off in the middle of a request behind `\\r\\n\\r\\n`, had it read on into what somebody else had left there,
and a header's end was looked for behind it.  Before the gateway read for itself, the first three ways to leave a
token behind did harm in every run."""

import pytest

from harness.gateway import TOKEN
from harness.wire import Wire
from harness.world import INSTANCE, SLOW, VPC

PATH = f"/vpcs/{VPC}/classiclinks"
VICTIM = (f"GET {PATH} HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: console/1.0\r\nAccept: */*\r\n"
          f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()
CHANGE = f"DELETE {PATH}/{INSTANCE} HTTP/1.1\r\nHost: l\r\nX: ".encode()


@pytest.fixture
def few(start, upstream):
    """Few workers, so that a later connection soon has the buffers of an earlier one."""
    return start(upstream.url, top={"workers": 2, "per_address": 100})


def send(gateway, data, finish=True):
    """What comes back to these bytes, whatever it is."""
    got = b""
    with Wire(gateway.port, 20 * SLOW) as wire:
        try:
            wire.send(data)
            if finish:
                wire.finish()
            while more := wire.socket.recv(65536):
                got += more
        except OSError:
            pass
    return got


def leave(gateway, how):
    """A victim whose token is left raw in a worker's buffer."""
    if how == "the second of two requests":     # the first ends the connection
        send(gateway, VICTIM.replace(b"Accept", b"Connection: close\r\nAccept") + VICTIM)
    elif how == "a header that is refused":
        send(gateway, VICTIM.replace(b"*/*", b"\t*/*\x01"))
    elif how == "a sender that hangs up":
        send(gateway, VICTIM[:-1])
    else:
        send(gateway, VICTIM * 2)


@pytest.mark.parametrize("how", ["two requests in one write", "the second of two requests", "a header that is refused",
                                 "a sender that hangs up"])
@pytest.mark.parametrize("lead", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b" \r\n\r\n"])
def test_nobody_acts_with_the_token_of_another(few, upstream, how, lead):
    """The request without an end is as long as the victim's, and up to some octets longer or shorter: its value then
    goes on in what the victim has left."""
    attack = lead + CHANGE
    for length in range(len(attack) + 5, len(VICTIM) + 100, 4):
        for step in (leave, leave, send, send, leave, send):    # whichever of the workers takes each
            step(few, how if step is leave else attack + b"x" * (length - len(attack)))
    sent = [request for request in upstream.requests if b"DetachClassicLink" in str(request).encode()]
    assert not sent, sent
    records = [record for record in few.records() if record.get("action") == "DetachClassicLinkVpc"]
    assert not records, records


def head(length, end):
    """A header of so many octets that ends in `end`."""
    start = f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nX: ".encode()
    return start + b"x" * (length - len(start) - len(end)) + end


@pytest.mark.parametrize("behind", [b"", b"\r\0", b"\r\n", b"\0\0", b"\r\0\r\0"])
def test_a_header_is_judged_alike_whatever_was_there_before(few, upstream, behind):
    """One that ends in LF LF is refused: on a fresh worker, behind a good request of the same length, and with octets
    behind it that look like the end of a good one."""
    for length in (400, 401, 403):
        bad = head(length, b"\n\n")
        for _ in range(8):
            assert send(few, bad + behind)[:13] == b"HTTP/1.1 400 "
        upstream.seen(0)
        for _ in range(8):
            good = head(length, b"\r\n\r\n").replace(b"Host", b"Connection: close\r\nHost")[:length - 4]
            send(few, good + b"\r\n\r\n")
            assert send(few, bad + behind)[:13] == b"HTTP/1.1 400 "
        upstream.script()


def test_a_header_that_fills_the_buffer(few, upstream):
    """Nothing behind it is looked at: the address sanitizer is content."""
    for end in (b"\n\n", b"\r\n\r\n", b"\r\n\n", b"\n\r\n", b"\r"):
        for length in range(16384 - 3, 16384 + 3):
            answer = send(few, head(length, end))
            good = end == b"\r\n\r\n" and length <= 16384
            assert answer[:13] == (b"HTTP/1.1 202 " if good else
                                   b"HTTP/1.1 431 " if length > 16384 and end == b"\r\n\r\n" else answer[:13])
            assert answer[9:10] in (b"2" if good else b"4"), (length, end, answer[:60])
    assert few.delete().status == 202


def test_what_stands_behind_a_request_is_the_next_of_the_same_connection(gateway, upstream):
    """Half of it now and half of it later, while others come and go in between."""
    second = VICTIM.replace(b"GET", b"HEAD")
    for cut in range(0, len(second), 7):
        with gateway.wire() as wire:
            wire.send(VICTIM + second[:cut])
            assert wire.read().status in (200, 403)
            send(gateway, CHANGE)
            assert wire.send(second[cut:]).read(bodyless=True).status in (200, 403)
    assert all(record.get("client") == "network-console" for record in gateway.records() if record["status"] in (200, 403))
