"""Manual pages, completion and configuration pages say what the program knows: no more, and nothing less."""

import re
import subprocess

import pytest

from harness.process import run
from harness.world import PATIENCE, REPOSITORY

MANUALS = sorted((REPOSITORY / "docs/man").iterdir())
POLICY_TABLES = {"former.c", "policy_file.c", "clients.c", "client_certificates.c", "rules.c", "conditions.c", "sets.c", "policy_tests.c", "schedule.c"}


def commands():
    return re.findall(r"^  (\w+) +\S", run("--help").stdout, re.M)


def options(command):
    """The long options of a command and of its own commands, from their --help."""
    found = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", run(*command.split(), "--help").stdout))
    return found | (options("audit show") if command == "audit" else set())


def plain(page):
    """What a reader sees, without hyphens that a line end made."""
    done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=500", str(page)], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    return re.sub(r".\x08", "", done.stdout)


def keys():
    """(key, file) of every keyword table."""
    for source in sorted((REPOSITORY / "config").rglob("*.c")):
        for key in re.findall(r'\{\s*"([a-z0-9_]+)",\s*(?:keyword|read)_\w+', source.read_text()):
            yield key, source.name


@pytest.mark.parametrize("page", MANUALS, ids=lambda page: page.name)
def test_lint(page):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(page)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    # Other manuals, ours before it is installed too, may be absent here.
    found = [line for line in (done.stdout + done.stderr).splitlines()
             if page.name in line and "referenced manual not found" not in line]
    assert not found, "\n".join(found)
    done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", str(page)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_every_command_and_option_has_its_place_in_the_manual():
    text = plain(REPOSITORY / "docs/man/countersign.1")
    assert len(commands()) >= 9
    for command in commands():
        assert re.search(rf"^ +countersign {command}\b", text, re.M), f"countersign.1 has no {command}"
        for option in options(command) - {"--help"}:
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), f"countersign.1 has no {option} of {command}"


def test_the_manual_names_no_option_that_is_not():
    known = set().union(*(options(command) for command in commands()))
    text = plain(REPOSITORY / "docs/man/countersign.1").split("EXAMPLES")[0]
    assert set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", text)) <= known


def test_every_key_has_its_place_in_a_manual():
    """Each keyword that a table of the configuration knows, on the page that its table belongs to."""
    found = list(keys())
    assert len(found) > 80
    pages = {name: set(re.findall(r"^\.(?:It )?Cm (.*)$", (REPOSITORY / "docs/man" / name).read_text(), re.M))
             for name in ("countersign.yaml.5", "countersign-policy.5")}
    words = {name: set(re.findall(r"[a-z0-9_]+", " ".join(lines))) for name, lines in pages.items()}
    for key, source in found:
        page = "countersign-policy.5" if source in POLICY_TABLES else "countersign.yaml.5"
        assert key in words[page], f"docs/man/{page} does not describe '{key}' of config/{source}"


def test_every_key_has_its_place_in_the_documentation():
    text = "".join(page.read_text() for page in (REPOSITORY / "docs").glob("*.md"))
    code = re.findall(r"```yaml\n(.*?)```", text, re.S) + re.findall(r"`([^`\n]+)`", text)
    words = set(re.findall(r"[a-z0-9_]+", " ".join(code)))
    for key, source in keys():
        assert key in words, f"docs/ does not describe '{key}' of config/{source}"


def complete(*words):
    """What bash offers for the last word."""
    script = REPOSITORY / "deploy/completions/countersign.bash"
    listed = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(["bash", "-c", f"source '{script}'; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; "
                           "_countersign; printf '%s\\n' \"${COMPREPLY[@]}\""],
                          capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert not done.stderr
    return set(done.stdout.split())


def test_bash_completes_every_command_and_option():
    assert complete("countersign", "") == {*commands(), "--help"}
    assert complete("countersign", "exp") == {"explain"}
    for command in commands():
        assert complete("countersign", command, "--") >= options(command), command
        assert complete("countersign", command, "--") <= options(command) | {"--help"}, command
    assert complete("countersign", "audit", "show", "--outcome", "u") == {"unknown", "unrecorded"}
    assert complete("countersign", "check", "-c", str(REPOSITORY / "READ")) == {str(REPOSITORY / "README.md")}


def test_every_abuse_case_has_its_tests():
    """docs/threats.md: its rows are numbered, and each names tests that are there."""
    page = (REPOSITORY / "docs/threats.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", page, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, max(40, len(rows)) + 1))
    for number, names in rows:
        found = re.findall(r"`([\w/.]+)(?:::(\w+))?`", names)
        assert found, number
        for file, test in found:
            path = REPOSITORY / (file if file.startswith("bench/") else f"tests/{file}")
            assert path.is_file(), (number, file)
            assert re.search(rf"^(def|static void) {test}", path.read_text(), re.M) or not test, (number, file, test)
