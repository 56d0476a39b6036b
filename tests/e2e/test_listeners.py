"""Where the gateway is reached: several addresses, IPv6, Unix sockets, and sockets that systemd passes."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer, configure, document
from harness.process import binary, environment, run
from harness.reached import PATH, Reached, call, connection
from harness.world import PATIENCE, SLOW, eventually, free_port

@pytest.fixture
def reached(tmp_path, upstream):
    started = []

    def begin(top, around=(), **options):
        file = configure(tmp_path, upstream.url, top=top, **options)
        started.append(Reached(file, around))
        return started[-1]

    yield begin
    for gateway in started:
        gateway.kill()


def refused(tmp_path, listen):
    """What serving says when it cannot listen, in one line."""
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"listen": listen})
    done = run("serve", "-c", file)
    assert done.returncode == 1 and "ready" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if "security warning" not in line]
    assert len(lines) == 1, lines
    return lines[0]


# ---- every kind at once ----

def test_every_listener_answers_and_says_who_asked(reached, tmp_path):
    gateway = reached({"listen": ["127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/g.sock"],
                       "admin": ["127.0.0.1:0", {"address": f"unix:{tmp_path}/a.sock", "mode": "0600"}]})
    assert [re.sub(r":\d+$", "", door) for door in gateway.doors] == [
        "http://127.0.0.1", "http://[::1]", f"unix:{tmp_path}/g.sock"]
    for door, source in zip(gateway.doors, ("127.0.0.1", "::1", "unix"), strict=True):
        answer = gateway.call(door)
        assert answer.status == 202, (door, answer.body)
        assert f'"source":"{source}"' in gateway.record(answer)
    for admin in gateway.admins:
        assert call(admin, "GET", "/readyz").status == 200
    assert stat.S_IMODE(os.stat(tmp_path / "g.sock").st_mode) == 0o660
    assert stat.S_IMODE(os.stat(tmp_path / "a.sock").st_mode) == 0o600
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0
    gateway.clean()
    assert not (tmp_path / "g.sock").exists() and not (tmp_path / "a.sock").exists()


def test_both_families_of_one_port(reached):
    """An IPv6 address is for IPv6 alone, so that both can be said."""
    port = free_port()
    gateway = reached({"listen": [f"0.0.0.0:{port}", f"[::]:{port}"]})
    assert gateway.doors == [f"http://0.0.0.0:{port}", f"http://[::]:{port}"]
    for door, source in ((f"http://127.0.0.1:{port}", "127.0.0.1"), (f"http://[::1]:{port}", "::1")):
        answer = gateway.call(door)
        assert answer.status == 202 and f'"source":"{source}"' in gateway.record(answer)


@pytest.mark.parametrize("trusted, sent, source", [
    (["unix"], "2001:db8::7", "2001:db8::7"), (["10.0.0.1"], "2001:db8::7", "unix"),
    (["unix", "2001:db8::/64"], "203.0.113.9, 2001:db8::7", "203.0.113.9")])
def test_a_proxy_behind_a_unix_socket(reached, tmp_path, trusted, sent, source):
    gateway = reached({"listen": f"unix:{tmp_path}/g.sock", "trusted_proxies": trusted})
    answer = gateway.call(gateway.doors[0], headers={"X-Forwarded-For": sent})
    assert answer.status == 202 and f'"source":"{source}"' in gateway.record(answer)


@pytest.mark.parametrize("sent", ["::", "unix", "unix:"])
def test_nobody_is_forwarded_as_a_unix_peer(reached, tmp_path, sent):
    gateway = reached({"listen": f"unix:{tmp_path}/g.sock", "trusted_proxies": ["unix"]})
    problem(gateway.call(gateway.doors[0], headers={"X-Forwarded-For": sent}), 400, "malformed-request")


def only_from(source):
    rule = {"id": "some", "allow": ["network-console"], "actions": ["*"], "from": [source]}
    return {**POLICY, "rules": [rule]}


def test_rules_know_ipv6_and_unix_peers(reached, tmp_path):
    gateway = reached({"listen": ["127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/g.sock"]}, rules=only_from("::1"))
    assert [gateway.call(door).status for door in gateway.doors] == [403, 202, 403]


def test_rules_for_unix_peers(reached, tmp_path):
    gateway = reached({"listen": ["127.0.0.1:0", f"unix:{tmp_path}/g.sock"]}, rules=only_from("unix"))
    assert [gateway.call(door).status for door in gateway.doors] == [403, 202]


def test_what_asks_many_times_is_one_source(reached, tmp_path):
    gateway = reached({"listen": ["[::1]:0", f"unix:{tmp_path}/g.sock"], "per_address": 2})
    for door in gateway.doors:
        held = []
        for _ in range(2):
            there = connection(door)
            there.request("GET", "/")
            there.getresponse().read()
            held.append(there)
        busy = connection(door)
        busy.connect()          # the third: an idle one would go for it, but none has been idle for long
        assert b" 429 " in busy.sock.recv(65536).split(b"\r\n")[0]
        for there in (*held, busy):
            there.close()


def test_a_drain_loses_no_unix_caller(reached, tmp_path, upstream):
    gateway = reached({"listen": f"unix:{tmp_path}/g.sock"})
    there = connection(gateway.doors[0])
    there.request("DELETE", PATH, body=document(), headers=bearer())
    gateway.terminate()
    assert there.getresponse().status == 202
    there.close()
    assert gateway.wait(10 * SLOW) == 0


# ---- paths ----

def test_a_stale_socket_is_replaced(reached, tmp_path):
    path = tmp_path / "g.sock"
    first = reached({"listen": f"unix:{path}"})
    first.signal(signal.SIGKILL)
    first.wait()
    assert path.exists()
    second = reached({"listen": f"unix:{path}"})
    assert second.call(second.doors[0]).status == 202


def test_a_socket_on_which_somebody_listens_is_left_alone(reached, tmp_path):
    gateway = reached({"listen": f"unix:{tmp_path}/g.sock"})
    (tmp_path / "other").mkdir()
    said = refused(tmp_path / "other", f"unix:{tmp_path}/g.sock")
    assert f"unix:{tmp_path}/g.sock" in said and "another process listens there" in said
    assert gateway.call(gateway.doors[0]).status == 202


def test_who_ends_leaves_the_socket_of_another(reached, tmp_path):
    gateway = reached({"listen": f"unix:{tmp_path}/g.sock"})
    os.unlink(tmp_path / "g.sock")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/g.sock")
        gateway.terminate()
        assert gateway.wait(10 * SLOW) == 0
        assert (tmp_path / "g.sock").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_refused(tmp_path, kind):
    path, target = tmp_path / "g.sock", tmp_path / "precious"
    target.write_text("precious")
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    said = refused(tmp_path, f"unix:{path}")
    assert str(path) in said and "no socket" in said
    assert path.exists() and target.read_text() == "precious"


def test_no_folder_for_the_socket(tmp_path):
    assert "No such file or directory" in refused(tmp_path, f"unix:{tmp_path}/absent/g.sock")


# ---- addresses ----

def test_an_address_of_another_machine(tmp_path):
    said = refused(tmp_path, "192.0.2.1:0")
    assert "192.0.2.1:0" in said and "no interface of this machine has the address" in said


def test_an_ipv6_port_in_use(tmp_path):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        address = f"[::1]:{taken.getsockname()[1]}"
        said = refused(tmp_path, ["127.0.0.1:0", address])
    assert address in said and "the address is in use" in said


def test_a_low_port_without_the_right(tmp_path):
    """It is missing whoever runs this."""
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"listen": "127.0.0.1:80"})
    done = subprocess.run(["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service",
                           binary(), "serve", "-c", str(file)] if os.geteuid() == 0 else
                          [binary(), "serve", "-c", str(file)],
                          capture_output=True, text=True, timeout=PATIENCE, env=environment())
    assert done.returncode == 1
    assert "127.0.0.1:80" in done.stderr and "CAP_NET_BIND_SERVICE" in done.stderr, done.stderr


# ---- sockets of systemd ----

PASSER = """
import os, socket, sys
names, pid, kinds, *command = sys.argv[1:]
opened = []
for kind in kinds.split():
    if kind == "tcp":
        opened.append(socket.create_server(("127.0.0.1", 0)))
    elif kind == "tcp6":
        opened.append(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
    elif kind == "udp":
        opened.append(socket.socket(type=socket.SOCK_DGRAM))
    else:
        opened.append(socket.socket(socket.AF_UNIX))
        opened[-1].bind(kind)
        opened[-1].listen()
for i, there in enumerate(opened):
    os.dup2(there.fileno(), 40 + i)
for i in range(len(opened)):
    os.dup2(40 + i, 3 + i)
os.closerange(3 + len(opened), 64)
os.environ.update(LISTEN_PID=pid.replace("own", str(os.getpid())), LISTEN_FDS=str(len(opened)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


def passing(kinds, names, pid="own"):
    """As systemd starts a service: with sockets, their names, and the process that they are for."""
    return [sys.executable, "-c", PASSER, names, pid, kinds]


def test_sockets_of_systemd(reached, tmp_path):
    """By their names; what stays open there is not taken away at the end."""
    path = tmp_path / "passed.sock"
    gateway = reached({"listen": ["systemd:public", f"unix:{tmp_path}/own.sock"], "admin": "systemd:admin"},
                      passing(f"tcp tcp6 tcp {path}", "public:public:admin:public"))
    assert [re.sub(r":\d+$", "", door) for door in gateway.doors] == [
        "http://127.0.0.1", "http://[::]", f"unix:{path}", f"unix:{tmp_path}/own.sock"]
    for door in gateway.doors:
        assert gateway.call(door.replace("[::]", "[::1]")).status == 202
    answer = gateway.call(gateway.doors[1].replace("[::]", "127.0.0.1"))
    assert '"source":"127.0.0.1"' in gateway.record(answer), "an IPv4 peer of an IPv6 socket is one of IPv4"
    assert call(gateway.admins[0], "GET", "/readyz").status == 200
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0
    assert path.exists() and not (tmp_path / "own.sock").exists()


def test_all_sockets_of_systemd(reached):
    gateway = reached({"listen": "systemd"}, passing("tcp tcp", "a:b"))
    assert [gateway.call(door).status for door in gateway.doors] == [202, 202]


@pytest.mark.parametrize("kinds, names, pid, listen, words", [
    ("tcp", "a", "1", "systemd", "systemd has passed no sockets"),
    ("", "", "own", "systemd", "systemd has passed no sockets"),
    ("tcp", "a", "own", "systemd:b", "no socket with FileDescriptorName=b"),
    ("tcp", "ab", "own", "systemd:a", "no socket with FileDescriptorName=a"),
    ("udp", "a", "own", "systemd", "no listening stream socket"),
])
def test_systemd_has_passed_something_else(tmp_path, kinds, names, pid, listen, words):
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"listen": listen})
    done = subprocess.run([*passing(kinds, names, pid), binary(), "serve", "-c", str(file)], capture_output=True,
                          text=True, timeout=PATIENCE, env=environment())
    assert done.returncode == 1 and words in done.stderr, done.stderr


def test_no_systemd(tmp_path):
    assert "systemd has passed no sockets (LISTEN_FDS)" in refused(tmp_path, "systemd")


# ---- reloads ----

def test_where_it_listens_changes_by_a_restart_only(reached, tmp_path):
    gateway = reached({"listen": ["127.0.0.1:0", f"unix:{tmp_path}/g.sock"]})
    file = tmp_path / "countersign.yaml"
    text = file.read_text()
    changed = text.replace(f"unix:{tmp_path}/g.sock", f"unix:{tmp_path}/h.sock")
    assert changed != text
    for version, said in ((changed, True), (text, False), (changed, True)):
        file.write_text(version)
        before = len(gateway.stderr)
        answer = call(gateway.admins[0], "POST", "/reload")
        assert answer.status == 200
        eventually(lambda: len(gateway.stderr) > before)
        lines = [line for line in gateway.stderr[before:] if "changes by a restart only" in line]
        assert bool(lines) == said, lines
        assert not said or f"listen stays 127.0.0.1:0, unix:{tmp_path}/g.sock" in lines[0]
        assert all(gateway.call(door).status == 202 for door in gateway.doors)
