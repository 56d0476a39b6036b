"""traceparent: taken or begun, given back, in every line, and never sent upstream."""

import json
import re

import pytest

from harness.gateway import TOKEN, bearer
from harness.world import VPC

ID, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])")


def given_back(answer):
    return FORM.fullmatch(answer.header("traceparent")).groups()


@pytest.mark.parametrize("flags", ["00", "01"])
def test_taken(gateway, upstream, flags):
    answer = gateway.delete(headers={"traceparent": f"00-{ID}-{PARENT}-{flags}", "tracestate": "vendor=opaque"})
    trace, span, sampled = given_back(answer)
    assert (trace, f"0{sampled}") == (ID, flags) and span != PARENT
    assert gateway.record(answer)["traceId"] == ID
    sent, = upstream.seen(1)
    assert ID.encode() not in sent.head and b"trace" not in sent.head.lower()


def test_also_where_it_is_refused(gateway):
    for answer in (gateway.delete(token=None, headers={"traceparent": f"00-{ID}-{PARENT}-01"}),
                   gateway.delete({"instanceIds": 1}, headers={"traceparent": f"00-{ID}-{PARENT}-01"})):
        assert answer.status in (401, 400) and given_back(answer)[0] == ID
        assert gateway.record(answer)["traceId"] == ID


HOSTILE = ["", "x", f"00-{ID}-{PARENT}", f"ff-{ID}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{ID.upper()}-{PARENT}-01",
           "x" * 10000, f"00-{ID}-{PARENT}-01\x1b[2J", f'00-{ID}-{PARENT}-01","client":"root', f"00-{ID}-{PARENT}-0\xe9",
           "00-${jndi:ldap://h/}-" + "a" * 40]


@pytest.mark.parametrize("value", HOSTILE)
def test_threat_17_begun_where_it_is_not_well_formed(gateway, upstream, value):
    with gateway.wire() as wire:
        wire.send(f"DELETE /vpcs/{VPC}/classiclinks?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\n"
                  f"Authorization: Bearer {TOKEN}\r\ntraceparent: {value}\r\n\r\n".encode("latin-1"))
        answer = wire.read()
    trace, _, sampled = given_back(answer)
    assert trace != ID and sampled == "0"
    line = gateway.line(gateway.stdout, lambda line: trace in line)
    assert json.loads(line)["traceId"] == trace
    assert len(value) < 3 or value not in line


@pytest.mark.parametrize("fields", [[f"00-{ID}-{PARENT}-01"] * 2])
def test_two_are_none(gateway, upstream, fields):
    with gateway.wire() as wire:
        wire.send((f"DELETE /vpcs/{VPC}/classiclinks?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\n"
                   f"Authorization: Bearer {TOKEN}\r\n" + "".join(f"traceparent: {field}\r\n" for field in fields)
                   + "\r\n").encode())
        assert given_back(wire.read())[0] != ID


def test_every_request_is_a_trace_of_its_own(gateway, upstream):
    traces = [given_back(gateway.delete())[:2] for _ in range(20)]
    assert len({trace for trace, _ in traces}) == len({span for _, span in traces}) == 20


def test_unreadable_requests_too(gateway):
    with gateway.wire() as wire:
        wire.send(b"BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = wire.read()
    assert answer.status == 501 and given_back(answer)[0]


def test_in_the_audit_file(start, upstream, tmp_path):
    gateway = start(upstream.url, top={"audit": str(tmp_path / "audit.log")})
    gateway.delete(headers=bearer(headers={"traceparent": f"00-{ID}-{PARENT}-01"}))
    records = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
    assert [record.get("traceId") for record in records[-2:]] == [ID, ID]
