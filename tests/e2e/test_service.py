"""What a service manager hears, and what it is told to do: a socket in systemd's place, and the unit file."""

import json
import re
import signal
import socket
import subprocess
import time

import pytest

from harness.gateway import Gateway, configure
from harness.process import environment, run
from harness.world import PATIENCE, REPOSITORY, SLOW

UNIT = REPOSITORY / "deploy/systemd/countersign.service"


class Manager:
    """The receiving end of sd_notify(3): datagrams of VARIABLE=VALUE lines."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def hear(self, within=PATIENCE):
        self.socket.settimeout(within)
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def hear_of(self, key, within=PATIENCE):
        """The next message that speaks of `key`; signs of life before it are passed over."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            message = self.hear(within)
            if key in message:
                return message
            assert "WATCHDOG" in message, message
        raise AssertionError(f"nobody spoke of {key}")

    def silence(self, seconds):
        """What is heard in that time."""
        heard, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard.append(self.hear(left))
            except TimeoutError:
                break
        return heard


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@countersign-{tmp_path.name}-{id(request)}"
    manager = Manager(name)
    yield manager
    manager.socket.close()


@pytest.fixture
def watched(tmp_path, upstream, reaper):
    """watched(manager, NAME=VALUE...) is a gateway that a manager has started."""
    started = []

    def begin(manager, **variables):
        file = configure(tmp_path, upstream.url)
        started.append(Gateway(file, environment(NOTIFY_SOCKET=manager.name, **variables)))
        return started[-1]

    yield begin
    for gateway in started:
        gateway.signal(signal.SIGCONT)
        reaper.ask(gateway)


def test_the_whole_life_is_told(manager, watched, tmp_path):
    """READY, RELOADING with the monotonic time (sd_notify(3)), READY again whatever came of it, STOPPING."""
    gateway = watched(manager)
    assert manager.hear()["READY"] == "1"
    policy = (tmp_path / "policy.yaml").read_text()
    for text in (policy, "version: 2\n", policy):
        (tmp_path / "policy.yaml").write_text(text)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        gateway.signal(signal.SIGHUP)
        told = manager.hear()
        assert told["RELOADING"] == "1"
        assert before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        told = manager.hear()
        assert told["READY"] == "1" and ("failed" in told["STATUS"]) == (text != policy), told
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    assert "RELOADING" in manager.hear() and "READY" in manager.hear()
    assert manager.silence(0.2) == [], "without a watchdog there are no signs of life"
    gateway.terminate()
    assert manager.hear()["STOPPING"] == "1"
    assert gateway.wait() == 0


def test_ready_means_ready(manager, watched):
    """A caller that comes right after READY is served."""
    gateway = watched(manager)
    assert manager.hear()["READY"] == "1"
    assert gateway.delete().status == 202


def test_the_watchdog_is_fed_while_it_runs(tmp_path, manager, watched):
    """A beat at half of the interval; none from a process that stands still; again when it goes on."""
    gateway = watched(manager, WATCHDOG_USEC=200_000)
    manager.hear_of("READY")
    for _ in range(5):
        assert manager.hear(PATIENCE) == {"WATCHDOG": "1"}
    gateway.signal(signal.SIGSTOP)
    manager.silence(0.3 * SLOW)         # what was sent before it stood still
    assert manager.silence(0.5) == []
    gateway.signal(signal.SIGCONT)
    assert manager.hear(PATIENCE) == {"WATCHDOG": "1"}


def test_the_beat_is_half_the_interval(tmp_path, upstream, manager, watched):
    watched(manager, WATCHDOG_USEC=1_000_000)
    manager.hear_of("READY")
    manager.hear_of("WATCHDOG")
    begun = time.monotonic()
    for _ in range(4):
        manager.hear_of("WATCHDOG")
    took = time.monotonic() - begun
    assert took > 1, f"four beats of half a second took {took:.2f} s"


@pytest.mark.parametrize("name", ["notify", "vsock:2:1", "/" + "a" * 200])
def test_a_socket_that_cannot_be_one(tmp_path, upstream, name):
    done = run("serve", "-c", configure(tmp_path, upstream.url), env=environment(NOTIFY_SOCKET=name))
    assert done.returncode == 1 and "NOTIFY_SOCKET" in done.stderr and "ready" not in done.stderr


# ---- the unit ----

def unit():
    """Directives with all their values, as written."""
    found = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_the_sandbox_is_rated():
    """systemd's own rating, 0 (nothing is exposed) to 10; 2.0 is what we promise."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    rating = re.search(r"Overall exposure level for countersign\.service: ([\d.]+)", done.stdout)
    assert rating, done.stdout + done.stderr
    print(rating[0])
    assert float(rating[1]) <= 2.0, done.stdout


def test_systemd_understands_every_line(tmp_path):
    """`systemd-analyze verify`, with a program and manual pages that are there."""
    text = UNIT.read_text().replace("/usr/bin/countersign", "/bin/true")
    (tmp_path / "countersign.service").write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
    done = subprocess.run(["systemd-analyze", "verify", str(tmp_path / "countersign.service")],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_unit_fits_the_program():
    said = unit()
    assert said["Type"] == ["notify"] and said["DynamicUser"] == ["yes"]
    assert said["RestartPreventExitStatus"] == ["2 78"]
    assert {value.split(":")[0] for value in said["LoadCredential"]} == {"secret_id", "secret_key"}
    assert said["StandardOutput"] == ["journal"]
    assert int(said["LimitNOFILE"][0]) >= 3 * 10000


def filtered(*names):
    """The system calls in systemd's own groups."""
    calls = set()
    done = subprocess.run(["systemd-analyze", "syscall-filter", *names], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    for word in re.findall(r"^ {4}(\S+)$", done.stdout, re.M):
        calls |= filtered(word) if word.startswith("@") else {word}
    return calls


def allowed():
    calls = set()
    for words in unit()["SystemCallFilter"]:
        names = words.lstrip("~").split()
        calls = calls - filtered(*names) if words.startswith("~") else calls | filtered(*names)
    return calls


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer makes calls of its own")
def test_it_asks_the_kernel_for_nothing_else(tmp_path, upstream):
    """Every system call of a whole life, traced, is one that the unit's filter lets through."""
    manager = Manager(str(tmp_path / "notify"))
    trace = tmp_path / "trace"
    gateway = Traced(configure(tmp_path, upstream.url), manager, trace)
    assert gateway.delete().status == 202
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    assert gateway.delete(vpc="vpc-other").status == 403
    subprocess.run(["kill", "-TERM", str(child_of(gateway.child.pid))], check=True)
    assert gateway.wait() == 0
    used = set(re.findall(r"^(?:\d+ +)?(\w+)\(", trace.read_text(), re.M))
    assert {"sendto", "listen", "connect", "prlimit64"} <= used, used
    assert used <= allowed(), used - allowed()


class Traced(Gateway):
    """The gateway below strace."""

    def __init__(self, file, manager, trace):
        self.trace = trace
        super().__init__(file, environment(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC=200_000))

    def command(self, arguments):
        return ["strace", "-f", "-qq", "-o", str(self.trace), *super().command(arguments)]


def child_of(pid):
    return int(open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split()[0])


def test_the_journal_gets_json_lines(upstream, watched, manager):
    gateway = watched(manager)
    answer = gateway.delete()
    record = gateway.record(answer)
    assert record["status"] == 202
    assert all(json.loads(line) for line in gateway.stdout)
