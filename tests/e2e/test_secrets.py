"""Secrets: who may keep them where, and all the places in which they must not turn up (threats 34 and 35)."""

import base64
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import urllib.parse

import pytest

from harness.gateway import TOKEN, Gateway, configure, secret
from harness.process import binary, environment, run
from harness.upstream import HANG_UP, Reply
from harness.world import PATIENCE, SECRET_ID, SECRET_KEY

NOWHERE = "http://127.0.0.1:9/v2/index.php"


def arrange(folder, secret_key, **options):
    """A configuration whose secret_key is found in a given way."""
    credential = {"secret_id": {"file": secret(folder / "secret_id", SECRET_ID)}, "secret_key": secret_key}
    return configure(folder, NOWHERE, credential=credential, **options)


def assert_refused(done, file):
    assert done.returncode == 78, done
    assert re.search(rf"^{re.escape(str(file))}:\d+:\d+: .*(secret_key|credential)", done.stderr,
                     re.M), done.stderr
    assert SECRET_KEY not in done.stdout + done.stderr


# ---- files ----

@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_private_file(tmp_path, mode):
    file = arrange(tmp_path, {"file": secret(tmp_path / "secret_key", SECRET_KEY, mode)})
    assert run("check", "-c", file).returncode == 0


def test_relative_file(tmp_path):
    """Relative to the file that names it, wherever one stands."""
    secret(tmp_path / "secret_key", SECRET_KEY)
    assert run("check", "-c", arrange(tmp_path, {"file": "secret_key"}), cwd="/").returncode == 0


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o666, 0o602, 0o620, 0o777])
def test_file_that_others_can_reach(tmp_path, mode):
    file = arrange(tmp_path, {"file": secret(tmp_path / "secret_key", SECRET_KEY, mode)})
    assert_refused(run("check", "-c", file), file)


def a_symlink(path):
    secret(path.with_name("real"), SECRET_KEY)
    path.symlink_to("real")


def a_fifo(path):
    os.mkfifo(path, 0o600)


def a_folder(path):
    path.mkdir(0o700)


def a_device(path):
    path.symlink_to("/dev/zero")


def nothing(_):
    pass


def an_empty_file(path):
    secret(path, "")


def an_endless_file(path):
    secret(path, "x" * 1_000_000)


def two_lines(path):
    secret(path, SECRET_KEY + "\n" + SECRET_KEY)


def a_nul(path):
    secret(path, SECRET_KEY + "\0x")


def somebody_elses(path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    secret(path, SECRET_KEY)
    os.chown(path, 65534, 65534)


@pytest.mark.parametrize("make", [
    a_symlink, a_fifo, a_folder, a_device, nothing, an_empty_file, an_endless_file, two_lines, a_nul,
    somebody_elses,
])
def test_what_is_no_private_file(tmp_path, make):
    """Refused, and not waited for: opening a FIFO without a writer would hang."""
    path = tmp_path / "secret_key"
    make(path)
    file = arrange(tmp_path, {"file": str(path)})
    assert_refused(run("check", "-c", file), file)


def test_serve_refuses_as_check_does(tmp_path):
    file = arrange(tmp_path, {"file": secret(tmp_path / "secret_key", SECRET_KEY, 0o644)})
    assert_refused(run("serve", "-c", file), file)


# ---- the environment and systemd ----

def test_environment_secret_is_gone_once_read(tmp_path, upstream, reaper):
    """/proc/PID/environ shows the memory that the process started with: it has to be wiped, not just
    unset."""
    credential = {"secret_id": {"env": "CS_ID"}, "secret_key": {"env": "CS_KEY"},
                  "token": {"env": "CS_TOKEN"}}
    gateway = Gateway(configure(tmp_path, upstream.url, credential=credential),
                      environment(CS_ID=SECRET_ID, CS_KEY=SECRET_KEY, CS_TOKEN="temporary-token",
                                  CS_OTHER="kept"))
    try:
        assert gateway.delete().status == 202
        assert upstream.seen(1)[0].params["Token"] == "temporary-token"
        try:
            block = pathlib.Path(f"/proc/{gateway.child.pid}/environ").read_bytes()
        except PermissionError:     # not dumpable, and we are not root: nobody else can read it either
            return
        assert b"CS_OTHER=kept" in block
        for leak in (SECRET_ID, SECRET_KEY, "temporary-token"):
            assert leak.encode() not in block
    finally:
        reaper.ask(gateway)


def test_a_refused_reload_loses_no_secret_of_the_environment(tmp_path, upstream, reaper):
    """A reload reads a variable and is refused for a typo elsewhere; the next one has it, and then it is wiped."""
    file = configure(tmp_path, upstream.url)
    by_file = file.read_text()
    by_env = re.sub(r'"secret_key": \{[^}]*\}', '"secret_key": {"env": "CS_KEY"}', by_file)
    gateway = Gateway(file, environment(CS_KEY=SECRET_KEY))
    try:
        for typo in ("polcy: x\n", ""):
            file.write_text(by_env + typo)
            assert gateway.call("POST", "/reload", port=gateway.admin).status == (422 if typo else 200)
        block = pathlib.Path(f"/proc/{gateway.child.pid}/environ").read_bytes()
        assert SECRET_KEY.encode() not in block
        assert gateway.delete().status == 202
        for text in (by_file, by_env, by_env + "polcy: x\n", by_env):     # and the way back to an older file
            file.write_text(text)
            assert gateway.call("POST", "/reload", port=gateway.admin).status == (422 if "polcy" in text else 200)
        assert gateway.delete().status == 202
    finally:
        reaper.ask(gateway)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("source", ["file", "env"])
def test_one_rule_about_the_line_end_behind_a_secret(tmp_path, upstream, source, end):
    """What `kubectl create secret --from-file` and editors leave behind it is not of the secret, wherever it is from."""
    key = tmp_path / "key"
    key.write_bytes((SECRET_KEY + end).encode())
    key.chmod(0o600)
    (tmp_path / "g").mkdir()
    file = configure(tmp_path / "g", upstream.url, credential={
        "secret_id": {"env": "CS_ID"}, "secret_key": {"file": str(key)} if source == "file" else {"env": "CS_KEY"}})
    done = run("check", "-c", file, env=environment(CS_ID=SECRET_ID + end, CS_KEY=SECRET_KEY + end))
    assert done.returncode == 0, done.stderr
    inside = run("check", "-c", file, env=environment(CS_ID="a\nb", CS_KEY=SECRET_KEY))
    assert inside.returncode == 78


def test_environment_secret_that_is_not_set(tmp_path):
    file = arrange(tmp_path, {"env": "COUNTERSIGN_NOT_SET"})
    assert_refused(run("check", "-c", file), file)


def test_systemd_credential(tmp_path, upstream, reaper):
    folder = tmp_path / "credentials"
    folder.mkdir(0o700)
    secret(folder / "cloud_key", SECRET_KEY, 0o400)
    credential = {"secret_id": {"file": secret(tmp_path / "secret_id", SECRET_ID)},
                  "secret_key": {"credential": "cloud_key"}}
    gateway = Gateway(configure(tmp_path, upstream.url, credential=credential),
                      environment(CREDENTIALS_DIRECTORY=folder))
    assert gateway.delete().status == 202
    reaper.ask(gateway)


@pytest.mark.parametrize("name", ["missing", "../secret_id", "/etc/hostname", "a/b"])
def test_systemd_credential_that_is_none(tmp_path, name):
    (tmp_path / "credentials").mkdir(0o700)
    file = arrange(tmp_path, {"credential": name})
    assert_refused(run("check", "-c", file, env=environment(CREDENTIALS_DIRECTORY=tmp_path / "credentials")),
                   file)


def test_systemd_credential_without_systemd(tmp_path):
    file = arrange(tmp_path, {"credential": "cloud_key"})
    assert_refused(run("check", "-c", file), file)


@pytest.mark.parametrize("source", [
    {}, {"env": "A", "file": "b"}, {"value": SECRET_KEY}, SECRET_KEY, [SECRET_KEY], None,
])
def test_source_that_is_none(tmp_path, source):
    """Somebody will paste the key itself: it is refused, and not repeated."""
    file = arrange(tmp_path, source)
    assert_refused(run("check", "-c", file), file)


# ---- the process ----

def test_no_core_and_not_dumpable(gateway):
    """A process that is not dumpable belongs to root in /proc, so nobody else can trace it or read its
    memory."""
    folder = pathlib.Path(f"/proc/{gateway.child.pid}")
    limit = re.search(r"Max core file size\s+(\S+)\s+(\S+)", (folder / "limits").read_text())
    assert limit.groups() == ("0", "0")
    if os.geteuid() != 0:
        assert (folder / "environ").stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_not_dumpable_as_another_user():
    """As root every process is root's in /proc; as nobody, only one that is not dumpable is."""
    nobody = pwd.getpwnam("nobody")
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        file = configure(folder, NOWHERE)
        program = shutil.copy(binary(), folder / "countersign")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        child = subprocess.Popen([program, "serve", "-c", str(file)], user=nobody.pw_uid, group=nobody.pw_gid,
                                 extra_groups=[], env=environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        try:
            assert "ready" in child.stderr.readline()
            assert pathlib.Path(f"/proc/{child.pid}/environ").stat().st_uid == 0
        finally:
            child.terminate()
            child.communicate(timeout=3 * PATIENCE)
    finally:
        shutil.rmtree(folder)


# ---- what it says ----

def forms(value):
    """A secret as it is, and as it could hide."""
    raw = value.encode()
    return {value, value[::-1], raw.hex(), raw.hex().upper(), urllib.parse.quote(value, safe=""),
            base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}


def test_nothing_secret_in_any_word(gateway, upstream):
    """All that callers and operators read in a busy minute, searched for the key, the token and their
    disguises."""
    upstream.script(Reply({"code": 4100, "message": f"{SECRET_ID} {SECRET_KEY} {TOKEN}"}),
                    Reply(status=500, body=SECRET_KEY.encode()),
                    HANG_UP,
                    Reply({"code": 4100, "codeDesc": SECRET_KEY,
                           "message": base64.b64encode(SECRET_KEY.encode()).decode()}))
    answers = [gateway.delete() for _ in range(5)]
    answers += [
        gateway.delete(token=TOKEN + "x"), gateway.delete({"instanceIds": [TOKEN]}),
        gateway.delete({TOKEN: 1}), gateway.delete(query=f"?{SECRET_KEY}=1"), gateway.delete(vpc=TOKEN),
        gateway.delete(headers={"X-Request-Id": "!" + TOKEN}),
        gateway.call("DELETE", f"/{TOKEN}/{SECRET_KEY}", headers={"Authorization": f"Bearer {TOKEN}"}),
    ]
    for answer in answers:
        gateway.record(answer)
    spoken = gateway.words()
    heard = "\n".join(str(answer.headers) + answer.body.decode() for answer in answers)
    signature = upstream.seen(6)[0].params["Signature"]
    for leak in forms(SECRET_KEY) | forms(TOKEN) | {signature}:
        assert leak not in spoken, "in a log"
        assert leak not in heard, "in an answer"
    assert SECRET_ID not in heard


def test_nothing_secret_on_the_command_line(gateway):
    line = pathlib.Path(f"/proc/{gateway.child.pid}/cmdline").read_bytes()
    assert SECRET_KEY.encode() not in line and TOKEN.encode() not in line
