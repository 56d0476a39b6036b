"""Manual pages, completion and configuration pages say what the program knows: no more, and nothing less."""

import functools
import re
import subprocess
import typing

import pytest

from harness.process import run
from harness.world import PATIENCE, REPOSITORY

MANUALS = sorted((REPOSITORY / "docs/man").iterdir())
POLICY_TABLES = {"former.c", "policy_file.c", "clients.c", "client_certificates.c", "rules.c", "conditions.c", "sets.c", "policy_tests.c", "schedule.c"}


def commands():
    return re.findall(r"^  (\w+) +\S", run("--help").stdout, re.M)


PARTS = {"audit": ("verify", "show", "settle", "whois")}  # commands that have a table of options each


class Option(typing.NamedTuple):
    """A row of a command's table, as its --help shows it."""
    letter: str  # or ""
    name: str
    value: str  # or "": it takes none
    may_lack: bool


@functools.cache
def rows(command):
    """The table of a command."""
    found = re.findall(r"^  (?:-(\w), |    )--([a-z]+(?:-[a-z]+)*)(?:(\[=)?[ =]?([A-Z]\S*?)\]?)?(?:  .*)?$",
                       run(*command.split(), "--help").stdout, re.M)
    return [Option(letter, name, value, bool(bracket)) for letter, name, bracket, value in found]


def tables():
    """Every command that has a table: "audit show" is one."""
    for command in commands():
        yield from (f"{command} {part}" for part in PARTS[command]) if command in PARTS else (command,)


def options(command):
    """The long options of a command and of its own commands."""
    return {f"--{row.name}" for part in PARTS.get(command, ("",)) for row in rows(f"{command} {part}".strip())}


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


def section(text, command):
    """What the manual says of a command: its synopsis, its paragraph, and that of the one it is likened to."""
    synopsis, rest = text.split("DESCRIPTION", 1)
    lines = [line for line in synopsis.splitlines() if re.match(rf" +countersign {command}\b", line)]
    name = command if command in text.split("DESCRIPTION")[1] else command.split()[0]
    found = re.search(rf"^ {{5}}{name}\b.*\n(?:\n| {{6,}}.*\n)*", rest, re.M)
    assert lines and found, command
    return "\n".join(lines) + found.group()


def test_every_command_has_its_options_in_its_own_part_of_the_manual():
    """Options that several commands share may stand with one of them: --url, --token-file, -c and the like."""
    text = plain(REPOSITORY / "docs/man/countersign.1")
    shared = {"help", "config", "url", "token-file", "ca-file", "json", "region"}
    for command in tables():
        said = section(text, command)
        for row in rows(command):
            if row.name not in shared:
                assert re.search(rf"(?<![\w-])--{row.name}(?![\w-])", said), f"countersign.1, {command}: no --{row.name}"


@pytest.mark.parametrize("command", tables())
def test_every_option_is_read_as_the_help_shows_it(command):
    """The table that is shown is the one that is read: an option with a value asks for it, another refuses one, and each
    has its letter; nothing else is known."""
    known = rows(command)
    assert Option("h", "help", "", False) in known
    for row in known:
        for word in (f"--{row.name}", f"-{row.letter}" if row.letter else None):
            if row.may_lack or word is None or (not row.value and not word.startswith("--")):
                continue
            done = run(*command.split(), word if row.value else f"{word}=1")
            assert done.returncode == 2 and done.stdout == "", (word, done)
            assert re.search("value" if row.value else "option", done.stderr), (word, done.stderr)
    for word in ("--nothing-like-it", "-?"):
        done = run(*command.split(), word)
        assert done.returncode == 2 and "option" in done.stderr, (word, done.stderr)


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
        for part in PARTS.get(command, ("",)):
            for row in rows(f"{command} {part}".strip()):
                if row.value in ("FILE", "FOLDER"):
                    offered = complete("countersign", command, f"--{row.name}", "")
                    assert offered and not offered & options(command), (command, row.name)
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
