"""What a person sees in a terminal: status, top, and check with its carets."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import termios

import pytest

from harness.gateway import NOBODY, configure
from harness.process import Process, binary, environment, run
from harness.world import ENDPOINT, PATIENCE, eventually, free_port, readable
from test_operators import ALICE, RULES, ask



def at(gateway, command, *more, status=0):
    done = run(command, "--url", f"http://127.0.0.1:{gateway.admin}", *more)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# ---- status ----

def test_a_healthy_gateway(start, upstream):
    gateway = start(upstream.url)
    assert gateway.delete().status == 202
    text = at(gateway, "status")
    assert text.startswith("Countersign: healthy\n") and "What is wrong" not in text and "\x1b" not in text
    assert re.search(r"^  requests +1 answered", text, re.M) and re.search(r"^  upstreams +\S+ good", text, re.M)
    assert gateway.call("GET", "/version", port=gateway.admin).json()["config"] in text
    assert len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 110, "one screen"
    told = json.loads(at(gateway, "status", "--json"))
    assert told["healthy"] and told["serving"] and told["wrong"] == []


def test_what_is_wrong_and_what_to_do(start, upstream):
    """A reload that failed: it serves on, and the lines that are to be corrected are on the screen."""
    gateway = start(upstream.url)
    policy = gateway.file.parent / "policy.yaml"
    policy.write_text(policy.read_text() + "colour: blue\n")
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 422
    text = at(gateway, "status", status=1)
    assert text.startswith("Countersign: serves, but something is wrong\n")
    assert "the last reload failed" in text and "has no key 'colour'" in text and "Do: correct these lines" in text
    wrong, = json.loads(at(gateway, "status", "--json", status=1))["wrong"]
    assert wrong["what"].startswith("the last reload failed") and wrong["do"]


def test_an_upstream_that_is_away(start):
    gateway = start(f"http://127.0.0.1:{free_port()}{ENDPOINT}")
    assert eventually(lambda: gateway.delete() and "breaker" in json.dumps(gateway.ready()))
    text = at(gateway, "status", status=1)
    assert "its breaker is open" in text and re.search(r"^  upstreams .*breaker (open|half-open)", text, re.M)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/"])
def test_nobody_is_there(url):
    done = run("status", "--url", url)
    assert done.returncode == 3 and "does not serve" in done.stdout and "was not reached" in done.stdout
    assert run("top", "--url", url).returncode == 1


def test_somebody_else_is_there(upstream):
    done = run("status", "--url", upstream.url.removesuffix(ENDPOINT))
    assert done.returncode == 3 and "no admin listener of Countersign" in done.stdout


@pytest.mark.parametrize("arguments,part", [
    (["status", "x"], "no operand"), (["status", "--url"], "needs a value"), (["status", "--by"], "no option"),
    (["top", "--by", "colour"], "client, route or rule"), (["top", "--sort", "x"], "--sort takes"),
    (["top", "--interval", "0"], "1 to 60"), (["top", "--interval", "1x"], "1 to 60"), (["top", "x"], "no operand"),
    (["status", "--url", "http://gateway.example.com"], "loopback")])
def test_wrong_usage(arguments, part):
    done = run(*arguments)
    assert part in done.stdout + done.stderr and done.returncode == (3 if "http://gateway.example.com" in arguments else 2)


# ---- top ----

def names(text):
    """Of the rows, in their order."""
    rows = text.splitlines()
    first = next(i for i, row in enumerate(rows) if "A SECOND" in row)
    return [row.split()[0] for row in rows[first + 1:] if row.strip()]


def test_one_round_as_plain_text(start, upstream):
    gateway = start(upstream.url)
    for _ in range(3):
        assert gateway.delete().status == 202
    assert gateway.delete(token=NOBODY).status == 403
    gateway.get("/nowhere", token="wrong")
    text = at(gateway, "top", "--interval", 1)
    assert "\x1b" not in text and text.startswith("requests 5, ")
    row = next(line.split() for line in text.splitlines() if line.startswith("network-console"))
    assert row[2:] == ["3", "0", "0"]
    assert names(at(gateway, "top", "--interval", 1, "--sort", "total"))[0] == "network-console"
    assert names(at(gateway, "top", "--interval", 1, "--sort", "refused"))[0] != "network-console"
    found = names(at(gateway, "top", "--interval", 1, "--sort", "name"))
    assert found == sorted(found) and "-" in found
    assert "/vpcs/{vpcId}/classiclinks" in names(at(gateway, "top", "--interval", 1, "--by", "route"))


class Screen:
    """The program on a terminal of its own."""

    def __init__(self, *arguments, **more):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.child = subprocess.Popen([binary(), *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave,
                                      env=environment(TERM="xterm", **more), start_new_session=True)
        self.text = ""

    def read(self):
        while readable(self.master, within=0):
            self.text += os.read(self.master, 65536).decode()
        return self.text

    def shows(self, part):
        return eventually(lambda: part in self.read())

    def press(self, key):
        self.text = ""
        os.write(self.master, key.encode())

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.mark.parametrize("end", ["key", signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_live_it_takes_keys_and_leaves_the_terminal_as_it_was(start, upstream, end):
    gateway = start(upstream.url)
    screen = Screen("top", "--url", f"http://127.0.0.1:{gateway.admin}", "--interval", 1)
    try:
        assert screen.shows("\x1b[?1049h") and screen.shows("CLIENT")
        assert not termios.tcgetattr(screen.slave)[3] & (termios.ICANON | termios.ECHO)
        screen.press("o")
        assert screen.shows("ROUTE") and screen.shows("by route")
        screen.press("n")
        assert screen.shows("sorted by name")
        assert gateway.delete().status == 202
        screen.text = ""
        assert screen.shows("requests 1,"), "it is refreshed without a key"
        if end == "key":
            screen.press("q")
        else:
            screen.child.send_signal(end)
        assert screen.shows("\x1b[?25h\x1b[?1049l")
        assert screen.child.wait(PATIENCE) == 0
        assert termios.tcgetattr(screen.slave) == screen.before
    finally:
        screen.close()


# ---- check ----

BAD = """version: 1
clients:
  web:
    tokens: []
    colour: blue
rules: []
"""


def checked(path, text, **more):
    path.write_text(text)
    return run("check", "--policy", path, **more)


def under(done, sentence):
    """The line and the caret's column (from 1) that stand below the finding."""
    lines = done.stderr.splitlines()
    first = next(i for i, line in enumerate(lines) if sentence in line)
    assert lines[first + 1].startswith("  | ") and lines[first + 2].startswith("  | ")
    return lines[first + 1][4:], lines[first + 2][4:].index("^") + 1


def test_a_caret_stands_under_the_column(tmp_path):
    done = checked(tmp_path / "policy.yaml", BAD)
    assert done.returncode == 78 and "\x1b" not in done.stderr
    line, column = under(done, "has no key 'colour'")
    assert line == "    colour: ****" and column == 5
    assert f":5:{column}: " in done.stderr


@pytest.mark.parametrize("line,shown,column", [
    ("    \u4e2d\u6587: blue", "    \u4e2d\u6587: ****", 5),
    ("    col\u202eour: \u202eeulb", "    col?our: *****", 5),
    ("    colour: " + 40 * "abc " + "x", "    colour: " + (40 * "*** ")[:88], 5)])
def test_lines_that_are_hard_to_show(tmp_path, line, shown, column):
    done = checked(tmp_path / "policy.yaml", BAD.replace("    colour: blue", line))
    assert under(done, "has no key") == (shown.rstrip("\n"), column)


@pytest.mark.parametrize("secret", ["cst_A1b2C3d4E5f6G7h8I9j0", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
def test_a_token_in_the_wrong_place_is_covered(tmp_path, secret):
    text = BAD.replace("tokens: []", f"tokens: [{{id: a, sha256: {secret}}}]")
    done = checked(tmp_path / "policy.yaml", text)
    assert done.returncode == 78 and "sha256 must be" in done.stderr
    assert secret[:4] not in done.stderr and "sha256: " + len(secret) * "*" in done.stderr


@pytest.mark.parametrize("line,shown", [
    ("colour: hunter2", "colour: *******"), ("colour: 'hunter2 hunter2'", "colour: '******* *******'"),
    ('colour: ["hunter2", p@ss!, "*"]', 'colour: ["*******", *****, "*"]'), ("colour: x # was hunter2", "colour: x # *** *******"),
    ("{colour: hunter2, allow: hunter2}", None), ("hunter2hunter2hunter2: x", 22 * "*" + " x"),
    ("colour: \u00e9t\u00e9", "colour: ***")])
def test_values_are_not_shown(tmp_path, line, shown):
    """A policy may hold what should not be there; what a sentence says itself stays readable."""
    done = checked(tmp_path / "policy.yaml", BAD.replace("    colour: blue", "    " + line))
    excerpts = [text for text in done.stderr.splitlines() if text.startswith("  | ")]
    assert done.returncode == 78 and excerpts and not any("hunter2" in text for text in excerpts)
    assert shown is None or f"  |     {shown}" in excerpts, done.stderr


def test_a_finding_far_to_the_right_has_its_part_of_the_line(tmp_path):
    note = 60 * "word "
    done = checked(tmp_path / "policy.yaml", BAD.replace("tokens: []\n    colour: blue", f"{{note: '{note}', colour: blue}}")
                   .replace("web:\n    {", "web: {"))
    line, column = under(done, "has no key 'colour'")
    assert line[column - 1:].startswith("colour: ****") and len(line) <= 100


@pytest.mark.parametrize("more,coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_that_want_it(tmp_path, more, coloured):
    (tmp_path / "policy.yaml").write_text(BAD)
    master, slave = pty.openpty()
    try:
        child = subprocess.run([binary(), "check", "--policy", tmp_path / "policy.yaml"], stdin=slave, stdout=slave,
                               stderr=slave, env=environment(**{"TERM": "xterm", **more}), timeout=PATIENCE, check=False)
        text = os.read(master, 65536).decode()
    finally:
        os.close(slave)
        os.close(master)
    assert child.returncode == 78 and "has no key 'colour'" in text and ("\x1b[" in text) == coloured


@contextlib.contextmanager
def watching(*what, status, by=signal.SIGTERM):
    """check --watch, ended by a signal: its status is the last check's."""
    watch = Process("check", *what, "--watch")
    try:
        yield watch
        watch.child.send_signal(by)
        assert watch.child.wait(PATIENCE) == status
    finally:
        if watch.child.poll() is None:
            watch.child.kill()
            watch.child.wait()


@pytest.mark.parametrize("how", ["write", "rename"])
def test_watch_checks_again_when_a_file_has_changed(tmp_path, how):
    """As editors write: in place, or by another file in its place."""
    path = tmp_path / "policy.yaml"
    path.write_text(BAD)
    with watching("--policy", path, status=0, by=signal.SIGINT) as watch:
        assert eventually(lambda: any("has no key 'colour'" in line for line in watch.stderr))
        assert watch.child.poll() is None
        good = BAD.replace("    colour: blue\n", "")
        if how == "write":
            path.write_text(good)
        else:
            (tmp_path / "new").write_text(good)
            (tmp_path / "new").rename(path)
        assert eventually(lambda: any(": good (" in line for line in watch.stdout)), watch.stderr
        path.unlink()
        assert eventually(lambda: any("policy.yaml" in line and "No such file" in line for line in watch.stderr))
        # A file that is written in place may be looked at twice: this one says something else.
        path.write_text(good.replace("rules:", "  app:\n    tokens: []\nrules:"))
        assert eventually(lambda: any(": good (clients 2," in line for line in watch.stdout))


def test_watch_sees_the_policy_that_a_configuration_names(tmp_path, upstream):
    file = configure(tmp_path, upstream.url)
    with watching("-c", file, status=78) as watch:
        assert eventually(lambda: any(": good (" in line for line in watch.stdout)), watch.stderr
        policy = tmp_path / "policy.yaml"
        policy.write_text(policy.read_text() + "colour: blue\n")
        assert eventually(lambda: any("has no key 'colour'" in line for line in watch.stderr))


def test_what_is_worth_a_look(start, upstream):
    """Nothing is wrong, and there is something that an operator may have forgotten."""
    gateway = start(upstream.url, rules=RULES)
    assert "Worth a look" not in at(gateway, "status")
    assert ask(gateway, "POST", "/freeze", ALICE, {"client": "auditor", "reason": "left"}).status == 200
    text = at(gateway, "status")
    assert text.startswith("Countersign: healthy\n")
    assert "\nWorth a look\n  - 1 clients or tokens are frozen: `countersign freezes` lists them\n" in text


def test_top_of_what_is_no_admin_listener(start, upstream):
    gateway = start(upstream.url)
    done = run("top", "--url", f"http://127.0.0.1:{gateway.port}")
    assert done.returncode == 1 and "what answered is no admin listener of Countersign (status 401)" in done.stderr


THINGS = """version: 1
routes:
  - { request: GET /things, service: vpc, action: DescribeThings, effect: read, success: 200, parameters: {} }
"""


@pytest.mark.parametrize("alone", [True, False], ids=["policy", "configuration"])
def test_watch_sees_the_catalogs(tmp_path, upstream, alone):
    catalog = tmp_path / "more.yaml"
    catalog.write_text(THINGS)
    file = configure(tmp_path, upstream.url, top={"catalog": ["more.yaml"]})
    what = ("--policy", tmp_path / "policy.yaml", "--catalog", catalog) if alone else ("-c", file)
    with watching(*what, status=78) as watch:
        assert eventually(lambda: any(": good (" in line for line in watch.stdout)), watch.stderr
        catalog.write_text(THINGS + "colour: blue\n")
        assert eventually(lambda: any("more.yaml:4:1: catalog has no key 'colour'" in line for line in watch.stderr))


def test_watch_sees_the_configuration_that_runs(tmp_path, upstream):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = (configure(tmp_path / name, upstream.url) for name in ("old", "new"))
    with watching("--running", old, "-c", new, status=78) as watch:
        assert eventually(lambda: any(": good (" in line for line in watch.stdout)), watch.stderr
        old.write_text(old.read_text().replace("workers: 32", "workers: 33"))
        assert eventually(lambda: any("workers stays 33: it changes by a restart only" in line for line in watch.stderr))
        old.write_text("version: 1\n")
        assert eventually(lambda: any(f"'{old}' is no configuration that could be running" in line for line in watch.stderr))


def test_what_runs_is_a_whole_configuration(tmp_path):
    done = run("check", "--policy", tmp_path / "policy.yaml", "--running", tmp_path / "countersign.yaml")
    assert done.returncode == 2 and "--running goes with a whole configuration" in done.stderr
