"""What /metrics says, read by the few rules of the text format."""

import re

from .world import eventually

LINE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)')


def scrape(gateway, busy=0):
    """{(name, frozenset of labels): value}, once only `busy` requests are in flight: a request is counted after
    its answer is out, so the caller who has it may be here first."""
    found = {}

    def settled():
        found.clear()
        found.update(ask(gateway))
        return value(found, "countersign_requests_in_flight") == busy

    assert eventually(settled), found
    return found


def ask(gateway):
    answer = gateway.call("GET", "/metrics", port=gateway.admin)
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.body.decode())


def read(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        key = name, frozenset(LABEL.findall(labels or ""))
        assert key not in found, f"twice: {line}"
        found[key] = float(value)
    return found


def value(found, name, **labels):
    """The sum of the series with these labels, whatever their others."""
    return sum(value for (other, has), value in found.items() if other == name and set(labels.items()) <= has)
