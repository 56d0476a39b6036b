"""The machine fails: memory, disk, the reader of the log, the clock, and the HTTP library is another.  The numbers are
those of the abuse cases: 26 (clock), 30 (memory), 31 (disk and log)."""

import fcntl
import json
import mmap
import os
import pathlib
import struct
import subprocess
import time

import pytest

from harness import contract, vendor
from harness.expect import courtesy, problem
from harness.gateway import NOBODY, TOKEN, Gateway, configure
from harness.mcp import HANDSHAKE, message
from harness.process import binary, environment, run, shim
from harness.upstream import HANG, Reply
from harness.wire import Wire
from harness.world import HOST, INSTANCE, PATIENCE, SAMPLE, SECRET_KEY, SLOW, VPC, elapse, eventually

PATH = f"/vpcs/{VPC}/classiclinks"
SANITIZED = SLOW > 1
GOOD = (f"DELETE {PATH}?instanceIds={INSTANCE} HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()


def test_a_good_start_needs_no_words(gateway):
    assert len(gateway.stderr) == 1, gateway.story()


# ---- memory ----

class Memory:
    """The page that is shared with tests/shim/memory.c."""

    def __init__(self, folder):
        self.file = folder / "memory"
        self.file.write_bytes(bytes(4096))
        with open(self.file, "r+b") as opened:
            self.map = mmap.mmap(opened.fileno(), 4096)

    def fail(self, countdown):
        struct.pack_into("qqq", self.map, 0, countdown, 0, 0)

    def look(self):
        """(calls, failures) since fail()."""
        return struct.unpack_from("qq", self.map, 8)


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path)


def torture(most, some):
    """Which allocations fail: about so many of them, or as many as COUNTERSIGN_TORTURE says."""
    return range(1, most + 1, max(1, most // int(os.environ.get("COUNTERSIGN_TORTURE", some))))


def one(gateway, request):
    """The status and the answer, or (None, None) when there was none."""
    try:
        with gateway.wire() as wire:
            answer = wire.send(request).read()
            return answer.status, answer
    except (EOFError, OSError):
        return None, None


def honest(status, answer):
    """The status and outcome of an answer: those of a tool's call are in its message."""
    said = json.loads(answer.body) if answer is not None and answer.body else {}
    said = said.get("result", {}).get("structuredContent", said)
    return (said.get("status", status) if status == 200 else status), said.get("outcome")


def check_signature(received):
    """What went out is signed as the vendor wants it."""
    expected = vendor.signature(received.method, HOST, received.path, received.params, SECRET_KEY)
    assert received.params["Signature"] == expected


# Longer than the room that jansson begins with for a string: a byte that finds none must not be left out.
LONG = "ins-0123456789abcdefghijklmnopqr"
BODY = json.dumps({"instanceIds": [LONG]}).encode()
CALL = json.dumps(message("tools/call", {"name": "detachClassicLinks", "arguments": {
    "vpcId": VPC, "instanceIds": [LONG]}}, HANDSHAKE)).encode()
REQUESTS = {
    "a change": (GOOD, {202}),
    "a change with a body": ((f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                              f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n").encode() + BODY, {202}),
    "a tool's call": ((f"POST /mcp HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                       f"Content-Type: application/json\r\nMCP-Protocol-Version: {HANDSHAKE}\r\n"
                       f"Content-Length: {len(CALL)}\r\n\r\n").encode() + CALL, {202}),
    "one that is denied": (GOOD.replace(TOKEN.encode(), NOBODY.encode()), {403}),
    "one without a token": (GOOD.replace(TOKEN.encode(), b"wrong"), {401}),
    "one that is malformed": (GOOD.replace(b"Host", b"Hos t"), {400}),
    "one of a page": (GOOD.replace(b"DELETE", b"GET").replace(b"?instanceIds=ins-df454d", b""), {200, 403, 404, 405}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_30_memory_fails_during_a_request(start, upstream, memory, name):
    """Each allocation of a request fails once: the answer is right, or 500 or 503, or there is none; what went
    out is what the answer says; and the next request is served."""
    request, usual = REQUESTS[name]
    gateway = start(upstream.url, env=shim("memory", SHIM_MEMORY=memory.file), top={"workers": 2, "doors": {"mcp": True}})
    first = honest(*one(gateway, request))[0]
    assert first in usual
    memory.fail(0)
    upstream.script()
    status, _ = one(gateway, request)
    assert eventually(lambda: len(gateway.stdout) == 2), "both are recorded, so nothing allocates any more"
    normally = upstream.count()
    most, failures = memory.look()[0] + 5, 0
    for n in torture(most, 50):
        upstream.script()
        memory.fail(n)
        status, answer = one(gateway, request)
        failures += memory.look()[1]
        memory.fail(0)
        went = upstream.count()
        for received in list(upstream.requests):
            check_signature(received)
            assert received.params.get("instanceIds.0") in (INSTANCE, LONG), (n, "another instance")
        assert gateway.child.poll() is None, gateway.story()
        status, outcome = honest(status, answer)
        assert status is None or status in usual | {500, 502, 503, 504}, (n, answer)
        assert went <= max(normally, 1 if 202 in usual else 0), (n, "a request went out that must not")
        if status in usual:
            assert went == normally, (n, answer)
        elif answer is not None and answer.body:
            courtesy(answer)
            assert went == 0 or outcome != "not-executed", (n, answer)
        assert honest(*one(gateway, request))[0] == first, f"after allocation {n} had failed"
    assert failures > 0
    print(f"{most} allocations, {failures} failed")


def test_30_memory_fails_while_an_answer_is_written_anew(start, upstream, memory):
    """API 3.0: an answer is told whole, with the id that the cloud gave, or as a failure."""
    task = "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"
    upstream.script(then=Reply({"Response": {"RequestId": task}}))
    gateway = start(upstream.url.replace("/v2/index.php", "/"), generation=3, env=shim("memory", SHIM_MEMORY=memory.file),
                    top={"workers": 2})
    assert one(gateway, GOOD)[0] == 202
    memory.fail(0)
    whole = one(gateway, GOOD)[1].body
    most = memory.look()[0] + 5
    for n in torture(most, most):
        memory.fail(n)
        status, answer = one(gateway, GOOD)
        memory.fail(0)
        assert status != 202 or answer.body == whole, (n, answer)
    assert task in whole.decode()


def test_30_memory_fails_during_a_reload(start, upstream, memory):
    """While the files are read: the old configuration stays, or the whole new one is there; the process stays."""
    gateway = start(upstream.url, env=shim("memory", SHIM_MEMORY=memory.file), top={"workers": 4})
    reload, failures = b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 0
    for n in torture(1000, 50):
        memory.fail(n)
        with Wire(gateway.admin) as wire:
            status = wire.send(reload).read().status
        failures += memory.look()[1]
        memory.fail(0)
        assert gateway.child.poll() is None and status in (200, 422, 500), (n, status, gateway.story())
    assert failures > 0
    assert gateway.delete().status == 202 and gateway.delete({"instanceIds": ["ins-bastion1"]}).status == 403


def test_30_memory_fails_at_the_start(tmp_path, upstream, memory):
    """Each allocation of the start fails once: it says why in one line and ends, or it serves as always."""
    file = configure(tmp_path, upstream.url, top={"workers": 2})
    theirs = tmp_path / "suppressions"      # where OpenSSL's start lacks memory, it loses some
    theirs.write_text("leak:libcrypto.so\n")
    env = shim("memory", SHIM_MEMORY=memory.file, LSAN_OPTIONS=f"suppressions={theirs}:print_suppressions=0")
    memory.fail(0)
    gateway = Gateway(file, env)
    most, started, refused = memory.look()[0], 0, 0
    gateway.terminate()
    gateway.wait()
    for n in torture(most, 15):
        memory.fail(n)
        child = subprocess.Popen([binary(), "serve", "-c", str(file)], env=env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        words = ""
        while "ready on" not in words and (line := child.stderr.readline()):
            words += line
        memory.fail(0)
        if "ready on" in words:
            started += 1
            told = words.split("ready on http://127.0.0.1:")
            if len(told) > 1:       # there was memory for the address, too
                port = int(told[1].split(",")[0])
                probe = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20", "-X", "DELETE",
                                        f"http://127.0.0.1:{port}{PATH}?instanceIds={INSTANCE}"], capture_output=True,
                                       text=True, check=False)
                assert probe.stdout == "401", (n, probe, words)
            child.terminate()
        else:
            refused += 1
        child.wait(30 * SLOW)
        words += child.stderr.read()
        child.stderr.close()
        assert child.returncode in (0, 1, 2, 78), (n, child.returncode, words)
        assert child.returncode == 0 or words.strip(), (n, "it ended without a word")
        assert not any(mark in words for mark in ("Sanitizer", "runtime error")), (n, words)
    print(f"{most} allocations: started all the same {started} times, refused {refused} times")
    assert started and refused


# ---- the disk ----

def test_31_the_disk_hangs_beyond_the_deadline(start, upstream, tmp_path):
    """The audit record is there at last, and nobody waits for the change any more: it is not sent, and that is
    recorded."""
    audit = tmp_path / "audit.log"
    gateway = start(upstream.url, env=shim("disk", SHIM_DISK=2), timeout="500ms", deadline="1s",
                    top={"audit": {"file": str(audit), "sync": True}})
    problem(gateway.delete(), 503, "unrecorded", outcome="not-executed", retryable=True)
    upstream.seen(0)
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [record["audit"] for record in records] == ["open", "intent", "outcome"]
    assert records[-1]["outcome"] == "not-executed" and records[-1]["of"] == records[1]["seq"]


# ---- the name server ----

SILENT = "cloud.example"


def nameless(start, **options):
    """A gateway whose upstream's name nobody knows or denies."""
    return start(f"https://{SILENT}/v2/index.php", env=shim("names", SHIM_NAMES=SILENT), **options)


@pytest.mark.parametrize("timeout, deadline, attempts", [(0.3, 6, 3), (5, 5, 2)], ids=["the timeout", "3 s to connect"])
def test_28_a_name_server_that_says_nothing(start, timeout, deadline, attempts):
    """Asking for a name is part of connecting, and given up with it; the C library alone would wait for longer."""
    gateway = nameless(start, timeout=f"{timeout * 1000:.0f}ms", deadline=f"{deadline}s")
    begun = time.monotonic()
    answer = gateway.delete()
    problem(answer, 502, "upstream-unreachable", outcome="not-executed", retryable=True)
    assert time.monotonic() - begun < deadline + 2 * SLOW
    assert gateway.record(answer)["attempts"] == attempts


def test_28_no_name_outlives_the_drain(start):
    gateway = nameless(start, timeout="60s", top={"drain": "500ms"})
    with gateway.wire() as wire:
        wire.send(GOOD)
        gateway.line(gateway.stderr, lambda line: line.startswith("shim: "))
        gateway.terminate()
        problem(wire.read(), 502, "upstream-unreachable", outcome="not-executed")
    assert gateway.wait(8 * SLOW) == 0


# ---- the log ----

class Bare:
    """A gateway whose standard streams are the test's."""

    def __init__(self, file, stdout, closed=False):
        command = [binary(), "serve", "-c", str(file)]
        if closed:
            command = ["sh", "-c", 'exec "$@" <&- >&-', "sh", *command]
        self.child = subprocess.Popen(command, env=environment(), stdout=stdout, stderr=subprocess.PIPE, text=True)
        self.contract = contract.of(file)
        words = self.child.stderr.readline()
        assert "ready on" in words, words
        self.port, self.admin = (int(part.split(":")[1].split(",")[0]) for part in words.split("http://")[1:])

    call, delete = Gateway.call, Gateway.delete

    def end(self):
        self.child.terminate()
        status = self.child.wait(20 * SLOW)
        rest = self.child.stderr.read()
        self.child.stderr.close()
        assert status == 0 and "Sanitizer" not in rest, rest


def dropped(gateway):
    for line in gateway.call("GET", "/metrics", port=gateway.admin).body.decode().splitlines():
        if line.startswith("countersign_log_lines_dropped_total"):
            return float(line.split()[-1])
    raise AssertionError("the metric is gone")


@pytest.mark.parametrize("kind", ["a full disk", "a closed pipe", "a closed descriptor"])
def test_31_the_log_cannot_be_written(tmp_path, upstream, kind):
    """The access log may lose lines, and counts them; nothing else changes."""
    file = configure(tmp_path, upstream.url)
    if kind == "a full disk":
        with open("/dev/full", "w") as full:
            gateway = Bare(file, full)
    elif kind == "a closed pipe":
        reader, writer = os.pipe()
        gateway = Bare(file, writer)
        os.close(reader)
        os.close(writer)
    else:
        gateway = Bare(file, subprocess.DEVNULL, closed=True)
        links = [os.readlink(f"/proc/{gateway.child.pid}/fd/{fd}") for fd in (0, 1)]
        assert links == ["/dev/null"] * 2, "lines of the log would go to whatever was opened next"
    for _ in range(5):
        assert gateway.delete().status == 202
    if kind != "a closed descriptor":
        assert eventually(lambda: dropped(gateway) >= 5)
    gateway.end()


def test_31_the_reader_of_the_log_hangs(tmp_path, upstream):
    """A pipe that nobody reads fills up: the callers do not wait for it, and what is read afterwards is whole."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    gateway = Bare(configure(tmp_path, upstream.url, top={"workers": 200}), writer)
    os.close(writer)
    began = time.monotonic()
    for _ in range(60):
        assert gateway.delete().status == 202
    assert time.monotonic() - began < 60 * SLOW
    assert eventually(lambda: dropped(gateway) > 0)
    text = b""
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        while True:
            text += os.read(reader, 65536)
    assert gateway.delete().status == 202
    text += eventually(lambda: read_some(reader))
    gateway.end()
    while more := os.read(reader, 65536):
        text += more
    os.close(reader)
    for line in text.decode().splitlines():
        assert line == "" or json.loads(line)["requestId"]


def read_some(reader):
    try:
        return os.read(reader, 65536)
    except BlockingIOError:
        return b""


def test_31_nobody_reads_what_it_says(tmp_path, upstream):
    """Standard error is a closed pipe: a reload and an end say something, and must not end by it."""
    gateway = Bare(configure(tmp_path, upstream.url), subprocess.DEVNULL)
    gateway.child.stderr.close()
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    assert gateway.delete().status == 202
    gateway.child.terminate()
    assert gateway.child.wait(20 * SLOW) == 0


# ---- the clock ----

YEAR = 366 * 86400


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(SANITIZED, reason="the thread sanitizer's own start asks the clock before its shadow is there")
def test_26_the_clock_steps(tmp_path, start, upstream):
    """Hours and years, to and fro: answered as before, each signed with the time that it is by then; a call that
    hangs still ends at its deadline, by the other clock; nothing spins."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    gateway = start(upstream.url, env=shim("clock", SHIM_CLOCK=clock))
    for step in (0, 3600, -3600, YEAR, -YEAR, 20 * YEAR, -20 * YEAR, 0):
        clock.write_text(str(step))
        upstream.script()
        answer = gateway.delete()
        assert answer.status == (202 if step < 20 * YEAR or step < 0 else answer.status), (step, answer)
        if answer.status == 202:
            [received] = upstream.seen(1)
            assert abs(int(received.params["Timestamp"]) - time.time() - step) < 60
    upstream.script(HANG)
    with gateway.wire() as wire:
        began = time.monotonic()
        wire.send(GOOD)
        upstream.seen(1)
        clock.write_text(str(-3600))
        assert wire.read().status == 504
        assert time.monotonic() - began < PATIENCE
    spent = processor_seconds(gateway.child.pid)
    elapse(1, "what is spent in it is measured")
    assert processor_seconds(gateway.child.pid) - spent < 0.3
