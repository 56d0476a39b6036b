"""From start to end: ready quickly, gone politely."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, Client, Gateway, Sandbox, configure
from harness.process import binary, environment, run
from harness.upstream import HANG, Reply
from harness.world import BINARY, SAMPLE, SLOW, VPC, eventually, free_port

PATH = f"/vpcs/{VPC}/classiclinks"
GOOD = (f"DELETE {PATH}?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()


@pytest.fixture
def alone(tmp_path, upstream):
    """alone(...) is a gateway that the test itself sends away; what is left is killed."""
    started = []

    def begin(**options):
        started.append(Gateway(configure(tmp_path, upstream.url, **options)))
        return started[-1]

    yield begin
    for gateway in started:
        gateway.kill()


def in_background(gateway, answers):
    thread = threading.Thread(target=lambda: answers.append(gateway.delete()))
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end(alone, number):
    gateway = alone()
    gateway.delete()
    gateway.signal(number)
    assert gateway.wait(5 * SLOW) == 0
    gateway.clean()


# ---- the main thread ----

def many_rules(count):
    """A policy that takes a while to load."""
    rules = [{"id": f"r{i}", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"],
              "where": {"instanceIds": [f"ins-{i}"]}} for i in range(count)]
    return {**POLICY, "rules": POLICY["rules"] + rules}


def test_a_storm_of_reloads_does_not_keep_it_alive(alone):
    """SIGHUP is a smaller number than SIGTERM, and sigwaitinfo(2) gives the smallest first."""
    gateway = alone(rules=many_rules(5000))
    over = threading.Event()

    def storm():
        while not over.is_set() and gateway.child.poll() is None:
            gateway.signal(signal.SIGHUP)

    threads = [threading.Thread(target=storm) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: len(gateway.notices("reloaded")) > 2)     # and the next is asked for already
        gateway.terminate()
        assert gateway.wait(10 * SLOW) == 0, "while the storm goes on"
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_full_standard_error_and_a_bad_reload_do_not_hold_it(tmp_path, upstream):
    """Nobody reads it any more, and it is full: /readyz tells what is wrong, and SIGTERM is heard."""
    file = configure(tmp_path, upstream.url)
    reader, writer = os.pipe()
    child = subprocess.Popen([binary(), "serve", "-c", file], env=environment(), stdout=subprocess.DEVNULL, stderr=writer)
    try:
        words = b""
        while b"ready on" not in words or not words.endswith(b"\n"):
            words += os.read(reader, 4096)
        admin = int(re.search(rb"admin on http://127.0.0.1:(\d+)", words)[1])
        mine = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(mine, b"x" * 512)
        os.close(mine)
        file.write_text(file.read_text() + "typo: 1\n")
        for _ in range(3):
            child.send_signal(signal.SIGHUP)
        client = Client(admin)
        assert eventually(lambda: client.call("GET", "/readyz").json().get("lastReload") == "failed")
        child.terminate()
        assert child.wait(15 * SLOW) == 0
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(reader)
        os.close(writer)


def test_an_audit_disk_that_hangs_does_not_hold_it(tmp_path, upstream):
    """A rotation waits for the old file's disk, here for ten minutes; the end does not."""
    audit = tmp_path / "audit.log"
    gateway = Gateway(configure(tmp_path, upstream.url, top={"drain": "100ms", "audit": {"file": str(audit), "sync": True}}),
                      environment(LD_PRELOAD=BINARY.parent / "shim/libshim_disk.so", SHIM_DISK=600,
                                  ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"))
    try:
        audit.rename(tmp_path / "audit.log.1")
        gateway.signal(signal.SIGHUP)
        assert eventually(audit.exists), "the reload is at the disk"
        assert gateway.call("GET", "/readyz", port=gateway.admin).status == 200
        gateway.terminate()
        gateway.wait(25 * SLOW)
    finally:
        gateway.kill()


def test_a_reload_that_is_asked_for_during_the_start_waits(tmp_path, upstream):
    """While the files are read: the reload comes when it is ready, and nothing ends."""
    file = configure(tmp_path, upstream.url, rules=many_rules(30000))
    child = subprocess.Popen([binary(), "serve", "-c", file], env=environment(), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    try:
        assert eventually(lambda: keeps_for_later(child.pid, signal.SIGHUP) or child.poll() is not None, every=0.002)
        child.send_signal(signal.SIGHUP)
        lines = iter(child.stderr.readline, "")
        assert any("ready on" in line for line in lines), "it ended instead"
        assert any(line == "countersign: reloaded\n" for line in lines)
    finally:
        child.terminate()
        child.communicate(timeout=20 * SLOW)
    assert child.returncode == 0


def keeps_for_later(pid, number):
    """Whether the program blocks that signal by now: before its first lines nobody can."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            blocked = next(line for line in status if line.startswith("SigBlk:"))
        return bool(int(blocked.split()[1], 16) >> (number - 1) & 1)
    except (OSError, StopIteration):
        return False


def test_usr1_opens_the_audit_file_again_and_ends_nothing(tmp_path, upstream):
    """Like SIGHUP's rotation, without the configuration; without an audit file it does nothing."""
    audit = tmp_path / "audit.log"
    file = configure(tmp_path, upstream.url, top={"audit": "audit.log"})
    gateway = Gateway(file)
    file.write_text(file.read_text() + "typo: 1\n")
    audit.rename(tmp_path / "audit.log.1")
    gateway.signal(signal.SIGUSR1)
    assert eventually(audit.exists)
    assert gateway.call("GET", "/readyz", port=gateway.admin).json().get("lastReload") is None
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0 and not gateway.notices("reload")
    (tmp_path / "plain").mkdir()
    plain = Gateway(configure(tmp_path / "plain", upstream.url))
    plain.signal(signal.SIGUSR1)
    assert plain.delete().status == 202
    plain.terminate()
    assert plain.wait(10 * SLOW) == 0


def test_idle_connections_do_not_hold_it(alone):
    gateway = alone()
    with gateway.wire() as idle, gateway.wire() as used:
        used.send(f"DELETE {PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert used.read().status == 401
        gateway.terminate()
        assert gateway.wait(10 * SLOW) == 0
        assert idle.closed() and used.closed()


def test_a_call_in_flight_is_finished(alone, upstream):
    """The caller gets its answer, newcomers are turned away, the watcher is told, and then it ends with 0."""
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway = alone(timeout=f"{20 * SLOW:.0f}s")
    answers = []
    caller = in_background(gateway, answers)
    upstream.seen(1)
    gateway.terminate()
    try:
        assert eventually(lambda: gateway.call("GET", "/readyz", port=gateway.admin).status == 503)
        assert gateway.call("GET", "/healthz", port=gateway.admin).status == 200
        assert eventually(lambda: turned_away(gateway))
    finally:
        gate.set()
        caller.join()
    assert (answers[0].status, answers[0].body) == (202, SAMPLE)
    assert answers[0].header("Connection") == "close"
    assert gateway.wait(10 * SLOW) == 0
    gateway.record(answers[0])


def turned_away(gateway):
    try:
        answer = gateway.delete()
    except OSError:
        return True
    return answer.status == 503 and answer.header("Retry-After") is not None


def test_it_serves_on_for_a_while(alone):
    """`grace`: not ready any more, but whoever has not noticed is served, on a connection that ends."""
    gateway = alone(top={"grace": f"{2 * SLOW:.0f}s"})
    gateway.terminate()
    assert eventually(lambda: gateway.call("GET", "/readyz", port=gateway.admin).status == 503)
    with gateway.wire() as newcomer:
        answer = newcomer.send(GOOD).read()
        assert (answer.status, answer.body) == (202, SAMPLE)
        assert answer.header("Connection") == "close" and newcomer.closed()
    assert gateway.wait(10 * SLOW) == 0


def hammer(gateway, ended, story):
    """Calls without a pause, each on a connection of its own, until nobody listens any more."""
    while not ended.is_set():
        try:
            with gateway.wire() as wire:
                wire.send(GOOD)
                story.append(wire.read().status)
        except ConnectionRefusedError:
            return
        except (OSError, EOFError) as failure:
            story.append(repr(failure))
            return


@pytest.mark.parametrize("cycle", range(int(os.environ.get("COUNTERSIGN_DRAINS", "3"))))
def test_37_no_answer_is_lost(alone, upstream, cycle):
    """SIGTERM under load: every caller that got a connection gets its answer, and the port is free at once."""
    ended, stories = threading.Event(), [[] for _ in range(8)]
    gateway = alone(top={"listen": f"127.0.0.1:{free_port()}"})
    callers = [threading.Thread(target=hammer, args=(gateway, ended, story)) for story in stories]
    for caller in callers:
        caller.start()
    upstream_had = eventually(lambda: upstream.count() > 50)
    gateway.terminate()
    assert gateway.wait(15 * SLOW) == 0
    gateway.clean()
    ended.set()
    for caller in callers:
        caller.join()
    lost = [outcome for story in stories for outcome in story if outcome != 202]
    assert upstream_had and not lost, lost
    again = Gateway(gateway.file)
    assert again.port == gateway.port and again.delete().status == 202
    again.signal(signal.SIGKILL)
    again.wait()


def test_the_second_signal_ends_it_at_once(alone, upstream):
    upstream.script(then=HANG)
    gateway = alone(timeout="60s")
    with gateway.wire() as wire:
        wire.send(GOOD)
        upstream.seen(1)
        gateway.terminate()
        assert eventually(lambda: gateway.call("GET", "/readyz", port=gateway.admin).status == 503), "it drains"
        assert gateway.child.poll() is None, "the first waits for the call in flight"
        begun = time.monotonic()
        gateway.terminate()
        gateway.wait(5 * SLOW)
        assert time.monotonic() - begun < 2 * SLOW


@pytest.mark.parametrize("reloaded", [False, True])
def test_the_drain_has_an_end(alone, upstream, reloaded):
    """A call that hangs longer than `drain` does not keep it for ever, and its caller is told; also when the call
    began under a configuration that has been replaced."""
    upstream.script(then=HANG)
    gateway = alone(timeout="60s", top={"drain": "500ms"})
    with gateway.wire() as wire:
        wire.send(GOOD)
        upstream.seen(1)
        if reloaded:
            gateway.reload()
        gateway.terminate()
        problem(wire.read(), 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert gateway.wait(8 * SLOW) == 0
    assert gateway.records()[-1]["outcome"] == "unknown"


def test_ready_when_both_ports_answer(alone):
    """How soon that is, the benchmark measures."""
    gateway = alone()
    assert gateway.call("GET", "/readyz", port=gateway.admin).status == 200
    assert gateway.delete().status == 202
    print(f"ready after {gateway.ready_after * 1000:.0f} ms")


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer has its own ideas about memory")
def test_at_rest_with_the_default_workers(tmp_path, upstream, reaper):
    file = configure(tmp_path, upstream.url)
    file.write_text(file.read_text().replace("workers: 32\n", ""))
    gateway = Gateway(file)
    status = open(f"/proc/{gateway.child.pid}/status").read()
    resident, threads = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads"))
    reaper.ask(gateway)
    print(f"{resident} kB, {threads} threads, ready after {gateway.ready_after * 1000:.0f} ms")
    assert 256 < threads < 300 and resident <= 60 * 1024


@pytest.mark.parametrize("listener", ["listen", "admin"])
def test_port_in_use(tmp_path, listener):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("serve", "-c",
                   configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={listener: address}))
    assert done.returncode == 1
    assert address in done.stderr and "ready" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_the_sandbox_ends_politely_too():
    sandbox = Sandbox()
    sandbox.terminate()
    assert sandbox.wait(10 * SLOW) == 0


def test_a_caller_that_leaves(alone, upstream):
    """Nobody waits for the answer any more: the gateway survives writing to a closed connection."""
    gate = threading.Event()
    upstream.script(Reply(gate=gate))
    gateway = alone()
    with gateway.wire() as wire:
        wire.send(GOOD)
        upstream.seen(1)
    gate.set()
    assert gateway.delete().status == 202
    gateway.line(gateway.stdout, lambda line: len(gateway.stdout) >= 2)
    assert [record["outcome"] for record in gateway.records()] == ["executed", "executed"]
