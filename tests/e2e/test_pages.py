"""The documentation for newcomers does what it says: the tutorial's commands print what it shows, each recipe is a
good policy whose tests pass, and each problem that the gateway can answer has its section."""

import functools
import os
import re
import shlex
import subprocess

import pytest

from harness.process import binary, environment, run
from harness.world import REPOSITORY, SLOW, free_port

DOCS = REPOSITORY / "docs"
PARTS = ("audit",)     # commands whose parts have a help of their own
PORTS = ("8080", "9090", "9443")  # that the tutorial names


def blocks(text, *languages):
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```$", text, re.S | re.M)


def as_pattern(shown):
    return re.compile(r".*".join(map(re.escape, shown.rstrip("\n").split("..."))), re.S)


EDIT = r"^In `([^`\n]+)`, this\n\n```yaml\n(.*?)^```\n\nbecomes\n\n```yaml\n(.*?)^```$"


def steps(text):
    """The shell blocks, what they print, and each change of a file that is shown as YAML, before and after, as a
    command: what was before is there once."""
    for found in re.finditer(rf"^```(sh|text)\n(.*?)^```$|{EDIT}", text, re.S | re.M):
        language, part, file, before, after = found.groups()
        change = (f"import pathlib; file = pathlib.Path({file!r}); text = file.read_text(); "
                  f"assert text.count({before!r}) == 1; file.write_text(text.replace({before!r}, {after!r}))")
        yield (language, part) if language else ("sh", f"/usr/bin/python3 -c {shlex.quote(change)}\n")


def test_the_tutorial_prints_what_it_shows(tmp_path):
    text = (DOCS / "tutorial.md").read_text()
    for port in PORTS:
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    assert len(re.findall(EDIT, text, re.S | re.M)) == 2 and not re.search(r"^\s*sed ", text, re.M)
    parts = list(steps(text))
    (tmp_path / "countersign").symlink_to(binary())  # whatever the program under test is called
    script = ["set -eu", f"PATH={tmp_path}:$PATH", "gateway= sandbox=", "trap 'kill $gateway $sandbox || :' EXIT"]
    for number, (language, part) in enumerate(parts):
        if language == "sh":
            script += [f"exec >printed.{number} 2>&1", part]
    script.append("trap - EXIT")
    work = tmp_path / "try"
    work.mkdir()
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=work, env=environment(), timeout=12 * SLOW + 60)
    printed = {number: (work / f"printed.{number}").read_text() for number, (language, _) in enumerate(parts)
               if language == "sh" and (work / f"printed.{number}").exists()}
    assert done.returncode == 0, printed
    shown = [number for number, (language, _) in enumerate(parts) if language == "text"]
    assert len(shown) >= 6
    for number in shown:
        assert as_pattern(parts[number][1]).fullmatch(printed[number - 1].rstrip("\n")), (parts[number][1], printed[number - 1])


def recipes():
    text = (DOCS / "cookbook.md").read_text()
    return [(name, blocks(part, "yaml")) for name, part in
            (part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.M)[1:])]


@pytest.mark.parametrize("name, found", recipes(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_recipe_is_a_good_policy(name, found, tmp_path):
    (_, policy), = found
    expected = re.findall(r"expect: (\w+)", policy)
    assert "deny" in expected or "mode: audit" in policy, "it says what must not be allowed"
    (tmp_path / "policy.yaml").write_text(policy)
    (tmp_path / "secret").write_text("x" * 32)
    os.chmod(tmp_path / "secret", 0o600)
    (tmp_path / "countersign.yaml").write_text(f"""
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
policy: policy.yaml
state: {{ sqlite: state.db }}
doors: {{ actions: {str('vpc:' in policy or 'cvm:' in policy).lower()} }}
definitions: {REPOSITORY}/config/definitions/data
credentials:
  main: {{ secret_id: {{ file: secret }}, secret_key: {{ file: secret }} }}
upstreams:
  vpc: {{ url: https://vpc.tencentcloudapi.com/, generation: 3, credential: main, region: ap-guangzhou }}
  cvm: {{ url: https://cvm.tencentcloudapi.com/, generation: 3, credential: main, region: ap-guangzhou }}
""")
    done = run("check", "-c", tmp_path / "countersign.yaml")
    assert done.returncode == 0 and f"tests passed {len(expected)}," in done.stdout, done.stdout + done.stderr
    assert "error" not in done.stderr and "has no effect" not in done.stderr, done.stderr
    alone = run("check", "--policy", tmp_path / "policy.yaml", "--definitions", REPOSITORY / "config/definitions/data")
    assert alone.returncode == 0 and f"tests passed {len(expected)}," in alone.stdout, alone.stdout + alone.stderr


def test_the_cookbook_lists_its_recipes():
    text = (DOCS / "cookbook.md").read_text()
    assert re.findall(r"^\| .* \| \[(.*?)\]\(#", text, re.M) == [name for name, _ in recipes()]


def test_each_type_of_problem_has_a_section():
    source = (REPOSITORY / "gateway/http/problem.c").read_text()
    types = re.findall(r'\[PROBLEM_\w+\] = \{"([a-z-]+)", (\d+)', source)
    operators = re.findall(r'put_failure\(admin, answer, "([a-z-]+)"', (REPOSITORY / "gateway/admin/admin.c").read_text())
    edge = re.findall(r'status (\d+) .*?"urn:countersign:problem:([a-z-]+)"', (REPOSITORY / "deploy/edge/haproxy.cfg").read_text())
    text = (DOCS / "troubleshooting.md").read_text()
    sections = dict(re.findall(r"^### ([a-z-]+)\n(\d+)\.", text, re.M))
    ours = dict(types[1:])
    assert len(ours) > 30 and ours.items() <= sections.items() and len(operators) == 2 and len(edge) > 5
    assert set(sections) == {*ours, *operators, *(name for _, name in edge)}, "also those of the admin listener and of the edge"


# ---- all pages ----

@functools.cache
def options(command):
    """Of a command, or of "audit show"; None: there is no such command."""
    done = run(*command.split(), "--help")
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout)) if done.returncode == 0 else None


def shown_commands(text):
    """`countersign NAME --option ...` of each shell block and each piece of code, with its continued lines."""
    code = [part for _, part in blocks(text, "sh", "bash", "console")]
    code += re.findall(r"(?:^ {4}.*\n)+", text, re.M) + re.findall(r"`([^`\n]+)`", text)
    for part in code:
        for line in re.sub(r"\\\n", " ", part).splitlines():
            for said in re.findall(r"(?:^|[\s(|]|release/|bin/)countersign ([a-z]+(?= |$)[^|#;>]*)", line):
                yield said


def test_every_command_that_a_page_shows_is_one():
    pages = [*DOCS.glob("*.md"), REPOSITORY / "README.md", REPOSITORY / "SECURITY.md"]
    found = [(page.name, said) for page in pages for said in shown_commands(page.read_text())]
    assert len(found) > 100
    for page, said in found:
        words = said.split()
        command = " ".join(words[:2]) if words[0] in PARTS and len(words) > 1 and words[1].isalpha() else words[0]
        known = options(command)
        assert known is not None, f"{page}: countersign {said}"
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said)) <= known, f"{page}: countersign {said}"


# ---- findings.md ----

LITERAL = r'"(?:[^"\\]|\\.)*"'


def third_argument(text):
    """Of a call in C, that begins behind `text`'s first bracket."""
    depth, commas, found = 0, 0, ""
    for token in re.findall(rf"{LITERAL}|'(?:[^'\\]|\\.)'|.", text, re.S):
        depth += (token in "([{") - (token in ")]}")
        if depth < 0:
            break
        if token == "," and depth == 0:
            commas += 1
        elif commas == 2:
            found += token
    return found


def findings_of(source):
    """Their sentences, with ... for what stands in one place of them."""
    for call in re.finditer(r"\breport_find\(", source):
        for literals in re.findall(rf"{LITERAL}(?:\s*{LITERAL})*", third_argument(source[call.end():])):
            text = "".join(literal[1:-1] for literal in re.findall(LITERAL, literals))
            yield re.sub(r"(?:%[.\d]*(?:ll|z)?[sdu])+", "...", text)


def test_each_finding_of_check_has_a_heading():
    sources = [path for room in ("config", "gateway") for path in (REPOSITORY / room).rglob("*.c")]
    found = {finding for path in sources for finding in findings_of(path.read_text())}
    page = (DOCS / "findings.md").read_text()
    headings = re.findall(r"^### (.*)$", page, re.M)
    assert len(found) > 40 and len(headings) == len(set(headings))
    assert set(headings) == found
    for section in re.split(r"^### ", page, flags=re.M)[1:]:
        assert section.split("\n", 1)[1].strip(), section


def test_the_index_has_each_page():
    text = (DOCS / "README.md").read_text()
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    assert pages <= set(re.findall(r"\]\(([a-z-]+\.md)\)", text))
