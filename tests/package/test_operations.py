"""docs/operations.md: each command in it is run, in order, on a Debian with a running systemd."""

import re
import shutil

import pytest

from machine import PATIENCE, ROOT, SECRETS, Machine

PAGE = (ROOT / "docs/operations.md").read_text()
RULES = (ROOT / "deploy/prometheus/countersign.rules.yaml").read_text()


HEADING, COMMANDS = r"^## [^\n]*$", r"^```sh\n.*?^```$"
EDIT = r"^In `[^`\n]+`, this\n\n```yaml\n.*?^```\n\nbecomes\n\n```yaml\n.*?^```$"

# edit FILE, with BEFORE and AFTER: the one is in the file once, and becomes the other.
EDITOR = r"""edit() {
    BEFORE=$BEFORE AFTER=$AFTER perl -0777 -i -pe '
        my ($before, $after) = map { s/\$(FIRST|SECOND)\b/$ENV{$1}/gr . "\n" } @ENV{"BEFORE", "AFTER"};
        die "not once in $ARGV: $before" unless (() = /^\Q$before\E/mg) == 1;
        s/^\Q$before\E/$after/m' "$1"
}
export FIRST SECOND
"""


def commands_of(edit):
    """What an editor does with it."""
    file, = re.match(r"In `([^`]+)`", edit).groups()
    before, after = re.findall(r"^```yaml\n(.*?)\n```$", edit, re.M | re.S)
    return f"BEFORE=$(cat <<'END'\n{before}\nEND\n)\nAFTER=$(cat <<'END'\n{after}\nEND\n)\nedit {file}\n"


def blocks():
    """(heading, commands) of every shell block, and of every change of a file."""
    heading = ""
    for part in re.findall(f"{HEADING}|{COMMANDS}|{EDIT}", PAGE, re.M | re.S):
        if part.startswith("## "):
            heading = part[3:]
        elif part.startswith("In `"):
            yield heading, commands_of(part)
        else:
            yield heading, part[len("```sh\n"):-len("```")]


@pytest.fixture(scope="module")
def machine(debian, package, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine") / "root", debian)
    shutil.copy(package, machine.root / "root")
    yield machine
    machine.off()


def test_every_command_works(machine):
    """One shell from start to end, as an operator would have it; it stops at the first command that fails."""
    assert len(list(blocks())) > 20
    lines = ["set -euo pipefail", EDITOR, "cd /root", "export DEBIAN_FRONTEND=noninteractive",
             *(f"{name.upper()}='{value}'" for name, value in SECRETS.items())]
    for heading, commands in blocks():
        lines += [f"echo '== {heading}'", commands]
    machine.write("/root/operations.sh", "\n".join([*lines, "echo '== the end'", ""]))
    done = machine.run("bash", "/root/operations.sh", check=False, within=8 * PATIENCE)
    said = done.stdout
    assert done.returncode == 0 and said.rstrip().endswith("== the end"), said[-3000:] + done.stderr[-3000:]
    # What the commands were to show.
    assert '"taskId"' in said, "the first request"
    asked = sum(commands.count("127.0.0.1:9090/reload") for _, commands in blocks())
    assert asked >= 4 and said.count('"reloaded"') == asked
    assert re.search(r'^countersign_upstream_credential\{.*\} 1$', said, re.M)
    assert "TC3-HMAC-SHA256" in said, "what 3.0 would be sent"
    assert not (machine.root / "usr/bin/countersign").exists()


def test_files_are_changed_in_yaml():
    assert len(re.findall(EDIT, PAGE, re.M | re.S)) >= 10
    assert not re.search(r"^\s*sed ", PAGE, re.M)


def test_every_alert_has_its_look():
    alerts = set(re.findall(r"alert: (\w+)", RULES))
    table = PAGE.split("## When an alert fires")[1].split("\n## ")[0]
    assert alerts and set(re.findall(r"\bCountersign[A-Z]\w+", table)) == alerts
    looks = set(re.findall(r"\| (\w+) \|$", table, re.M)) - {"look"}
    assert looks == {word.lower() for word in re.findall(r"^\*\*(\w+)\*\*", table, re.M)}
    explained = set(re.findall(r"^## (Countersign\w+)$", (ROOT / "docs/alerts.md").read_text(), re.M))
    assert explained == alerts


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
