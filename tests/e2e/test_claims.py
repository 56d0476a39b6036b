"""A gateway that dies between the claim of a key and its answer, and one whose store is away when the answer is there:
what its audit file, and the next try, make of it (docs/state.md)."""

import concurrent.futures
import json
import sqlite3
import uuid

import pytest

from harness.expect import problem
from harness.gateway import Gateway, configure
from harness.upstream import HANG, Reply
from harness.world import eventually


@pytest.fixture
def dead(tmp_path, upstream):
    """A gateway that was killed while its change was under way; its file, and the key."""
    top = {"state": {"sqlite": str(tmp_path / "state.db")}, "audit": {"file": str(tmp_path / "audit.log")}}
    file = configure(tmp_path, upstream.url, top=top, timeout="500ms", deadline="500ms")
    gateway = Gateway(file)
    named = {"Idempotency-Key": str(uuid.uuid4())}
    upstream.script(HANG, then=Reply())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        lost = pool.submit(gateway.delete, headers={**named, "X-Request-Id": "the-lost-one"})
        upstream.seen(1)
        gateway.kill()
        assert lost.exception() is not None
    return file, named


@pytest.fixture
def started(reaper):
    gateways = []

    def begin(file):
        gateways.append(Gateway(file))
        return gateways[-1]

    yield begin
    for gateway in gateways:
        reaper.ask(gateway)


def cut_intent(file):
    """As if it had died before it wrote the intent, which is before anything is sent."""
    log = file.parent / "audit.log"
    lines = log.read_text().splitlines(keepends=True)
    assert [json.loads(line)["audit"] for line in lines] == ["open", "intent"]
    log.write_text(lines[0])


def unknown(gateway, named):
    answer = eventually(lambda: (lambda got: got if got.status not in (409, 503) else None)(
        gateway.delete(headers=named)), every=0.2)
    told = problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert "request the-lost-one at 20" in told["detail"] and "\n" not in told["detail"]


def test_without_an_intent_nothing_was_sent(dead, started, upstream):
    file, named = dead
    cut_intent(file)
    gateway = started(file)
    answer = gateway.delete(headers=named)
    assert (answer.status, answer.header("Idempotency-Replayed"), upstream.count()) == (202, None, 2)
    again = gateway.delete(headers=named)
    assert (again.status, again.header("Idempotency-Replayed"), upstream.count()) == (202, "true", 2)


def test_with_an_intent_nobody_knows(dead, started, upstream):
    file, named = dead
    unknown(started(file), named)
    assert upstream.count() == 1


@pytest.mark.parametrize("away", ["rotated", "rebooted", "another"])
def test_a_file_that_does_not_tell(dead, started, upstream, tmp_path, away):
    """It was rotated; the machine lost its power, and perhaps the intent; another gateway has no such file."""
    file, named = dead
    cut_intent(file)
    if away == "rotated":
        (tmp_path / "audit.log").rename(tmp_path / "audit.log.1")
    elif away == "another":
        file.write_text(file.read_text().replace("audit.log", "other.log"))
    else:
        with sqlite3.connect(tmp_path / "state.db") as base:
            (note,), = base.execute("SELECT bytes FROM keys")
            first, second = bytes(note).decode().split("\n")
            boot, rest = second.split(" ", 1)
            assert len(boot) == 36
            base.execute("UPDATE keys SET bytes = ?", (f"{first}\n{uuid.uuid4()} {rest}".encode(),))
        base.close()
    unknown(started(file), named)
    assert upstream.count() == 1


def test_what_the_store_missed_is_told_later(tmp_path, start, upstream):
    """The answer was there while the store was away: once it is back, a repeat gets that answer."""
    file = tmp_path / "state.db"
    gateway = start(upstream.url, top={"state": {"sqlite": str(file)}}, timeout="20s")
    named = {"Idempotency-Key": str(uuid.uuid4())}
    base = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    class Lock:
        """A gate that opens when the store is away: the change has been claimed then, and not been answered."""
        def wait(self, _):
            base.execute("BEGIN IMMEDIATE")

    upstream.script(Reply(gate=Lock()))
    first = gateway.delete(headers=named)
    assert first.status == 202 and "state" not in gateway.record(first)
    problem(gateway.delete(headers=named), 503, "state-unavailable")
    base.execute("ROLLBACK")
    base.close()
    again = eventually(lambda: (lambda got: got if got.status == 202 else None)(gateway.delete(headers=named)))
    assert (again.body, again.header("Idempotency-Replayed"), upstream.count()) == (first.body, "true", 1)
