"""The rules of the source tree.  Each rule is a function from a tree to complaints; the tests run every rule over
this tree, and over small trees that break it, so that a rule which finds nothing any more is noticed."""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pictures

ROOT = Path(__file__).resolve().parents[2]

# The arrows of ARCHITECTURE.md: what a room includes beside itself, and links.
ROOMS = {
    "base": (),
    "base/json": ("base",),
    "base/time": ("base",),
    "base/system": ("base/time", "base"),
    "base/log": ("base/time", "base/json", "base"),
    "config/definitions": ("base/json", "base"),
    "config/reader": ("base/system", "base/time", "base/json", "base"),
    "config/model": ("config/reader", "config/definitions", "base/system", "base/time", "base"),
    "config/rights": ("config/model", "base/time", "base"),
    "config/credential": ("config/model", "config/reader", "base/json", "base"),
    "config/settings": ("config/credential", "config/model", "config/reader", "base"),
    "config/catalog": ("config/model", "config/reader", "base"),
    "config/rules": ("config/rights", "config/model", "config/reader", "base"),
    "config/policy": ("config/rules", "config/rights", "config/model", "config/reader", "base/json",
                      "base"),
    "config/load": ("config/policy", "config/catalog", "config/settings", "config/credential",
                    "config/model", "config/reader", "config/definitions"),
    "auth": ("config/rights", "config/model", "base/system", "base"),
    "auth/sign": ("auth", "config/model", "base/json", "base"),
    "sandbox/http": ("base/time", "base/json", "base"),
    "sandbox/state": ("config/reader", "base/json", "base"),
    "sandbox/auth": ("sandbox/state", "sandbox/http", "base"),
    "sandbox/shapes": ("sandbox/auth", "sandbox/state", "sandbox/http", "config/definitions", "base/json",
                       "base"),
    "sandbox/fault": ("sandbox/auth", "sandbox/state", "sandbox/http", "base/json", "base"),
    "sandbox/call": ("sandbox/state", "sandbox/http", "base/json", "base"),
    "sandbox/network": ("sandbox/call", "sandbox/http", "base/json"),
    "sandbox/actions": ("sandbox/network", "sandbox/call", "sandbox/fault", "sandbox/auth",
                        "sandbox/state", "sandbox/http", "base/time", "base/json", "base"),
    "sandbox/command": ("sandbox/actions", "sandbox/fault", "sandbox/shapes", "sandbox/auth",
                        "sandbox/state", "sandbox/http", "config/reader", "config/definitions",
                        "base/system", "base/time", "base/json", "base"),
    "client": ("base/system", "base/time", "base/json", "base"),
    "gateway/http": ("config/model", "base/system", "base/time", "base/json", "base"),
    "gateway/response": ("auth", "config/model", "base/time", "base/json", "base"),
    "gateway/health": ("base",),
    "gateway/upstream": ("gateway/health", "gateway/response", "auth/sign", "config/model", "base/log",
                         "base/time", "base"),
    "gateway/keeper": ("gateway/upstream", "auth/sign", "config/model", "base/log", "base/system",
                       "base/time", "base/json", "base"),
    "gateway/chain": ("base/time", "base/json", "base"),
    "gateway/audit": ("gateway/chain", "config/model", "base/log", "base/system", "base/time",
                      "base/json", "base"),
    "gateway/metrics": ("base/time", "base"),
    "gateway/schema": ("config/model", "config/definitions", "base/json", "base"),
    "gateway/openapi": ("gateway/schema", "auth", "config/model", "config/definitions", "base/system",
                        "base/json", "base"),
    "gateway/redis": ("config/model", "base/log", "base/time", "base"),
    "gateway/state": ("gateway/redis", "config/model", "base/log", "base/time", "base"),
    "gateway/mcp": ("gateway/openapi", "gateway/schema", "gateway/http", "auth", "config/model",
                    "base/system", "base/json", "base"),
    "gateway/limits": ("gateway/state", "config/model", "base/log", "base/system", "base/time",
                       "base/json", "base"),
    "gateway/known": ("gateway/state", "auth", "config/model", "base/time", "base"),
    "gateway/exchange": ("gateway/known", "gateway/limits", "gateway/mcp", "gateway/state",
                         "gateway/openapi", "gateway/metrics", "gateway/audit", "gateway/keeper",
                         "gateway/upstream", "gateway/health", "gateway/response", "gateway/http",
                         "auth/sign", "auth", "config/model", "base/log", "base/system", "base/time",
                         "base/json", "base"),
    "gateway/call": ("gateway/exchange", "gateway/known", "gateway/limits", "gateway/state",
                     "gateway/audit", "gateway/upstream", "gateway/response", "auth/sign", "auth",
                     "config/model", "config/definitions", "base/log", "base/time", "base/json", "base"),
    "gateway/translate": ("gateway/call", "gateway/exchange", "gateway/schema", "config/model",
                          "config/definitions", "base/json", "base"),
    "gateway/door": ("gateway/translate", "gateway/exchange", "gateway/openapi", "gateway/schema",
                     "gateway/http", "auth", "config/rights", "config/model", "base/time", "base/json",
                     "base"),
    "gateway/door_mcp": ("gateway/door", "gateway/translate", "gateway/call", "gateway/exchange",
                         "gateway/mcp", "base/json"),
    "gateway/door_sdk": ("gateway/door", "gateway/translate", "gateway/exchange", "gateway/http", "auth",
                         "config/definitions", "base/json", "base"),
    "gateway/request": ("gateway/door_sdk", "gateway/door_mcp", "gateway/door", "gateway/call",
                        "gateway/exchange", "gateway/http", "auth", "base/system", "base/time", "base"),
    "gateway/listener": ("gateway/http", "config/model", "base/system", "base/time", "base"),
    "gateway/connection": ("gateway/listener", "gateway/http", "base/system", "base/time", "base/json",
                           "base"),
    "gateway/server": ("gateway/connection", "gateway/listener", "gateway/http", "base/time", "base"),
    "gateway/dryrun": ("gateway/request", "gateway/door", "gateway/translate", "gateway/exchange", "auth",
                       "config/rights", "config/model", "config/reader", "base/time", "base/json", "base"),
    "gateway/web": ("auth", "base"),
    "gateway/console": ("gateway/web", "gateway/dryrun", "gateway/exchange", "gateway/known",
                        "gateway/limits", "gateway/metrics", "gateway/upstream", "config/rights", "config/model",
                        "base/log", "base/system", "base/time", "base/json", "base"),
    "gateway/console_past": ("gateway/console", "gateway/web", "gateway/dryrun", "gateway/exchange",
                             "gateway/known", "gateway/state", "gateway/audit", "gateway/chain",
                             "config/load", "config/rights", "config/model", "config/reader", "base/log",
                             "base/system", "base/time", "base"),
    "gateway/reload": ("gateway/dryrun", "gateway/server", "gateway/exchange",
                       "gateway/audit", "config/load", "config/rights", "config/model", "config/reader",
                       "base/log", "base/time", "base/json", "base"),
    "gateway/admin": ("gateway/reload", "gateway/console", "gateway/console_past", "gateway/web",
                      "gateway/server", "gateway/openapi",
                      "gateway/exchange", "gateway/known", "gateway/limits", "gateway/state",
                      "gateway/metrics", "gateway/audit", "gateway/chain", "gateway/keeper",
                      "gateway/upstream", "gateway/http", "auth", "config/model", "base/time",
                      "base/json", "base"),
    "gateway/service": ("gateway/admin", "gateway/reload", "gateway/server", "gateway/connection",
                        "gateway/listener", "gateway/request", "gateway/call", "gateway/exchange",
                        "gateway/limits", "gateway/openapi", "gateway/keeper", "gateway/response",
                        "config/model", "base/log", "base/time", "base"),
    "gateway/options": ("gateway/reload", "config/load", "config/model", "base/system", "base/time",
                        "base"),
    "gateway/command_audit": ("gateway/options", "gateway/audit", "gateway/chain", "client",
                              "config/model", "base/log", "base/time", "base/json", "base"),
    "gateway/command_policy": ("gateway/options", "gateway/reload", "gateway/dryrun", "gateway/openapi",
                               "gateway/audit", "gateway/upstream", "client", "config/rights",
                               "config/reader", "base/time", "base/json", "base"),
    "gateway/command": ("gateway/options", "gateway/service", "gateway/console", "gateway/dryrun",
                        "gateway/openapi", "gateway/metrics", "gateway/chain", "gateway/upstream",
                        "client", "auth/sign", "auth", "config/reader", "config/definitions", "base/log",
                        "base/time", "base/json", "base"),
}
ARROW_EXCEPTIONS = {
    ("gateway/command/main.c", "sandbox/command/sandbox.h"): "the program starts it",
}
LINK_EXCEPTIONS = set()
PROGRAMS = {"countersign"}
GENERATED = {"base/version.h"}

# A library's header is met by one file; libcurl's by one in each room that needs it: the gateway's slots, seals and
# at-most-once counting are nothing to a person's client, which knows no more of a gateway than HTTP.
ONE_FILE = {"civetweb.h": ("gateway/server/server.c",), "curl/curl.h": ("gateway/upstream/upstream_conn.c", "client/http.c"),
            "yaml.h": ("config/reader/yaml.c",), "pcre2.h": ("config/model/pattern.c",),
            "zlib.h": ("config/definitions/definitions_file.c",), "getopt.h": ("base/system/command_line.c",)}

BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "strtok", "atoi", "atol", "gets", "alloca", "memcmp")

FLAGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wcast-qual", "-Wmissing-prototypes", "-Wvla",
         "-Wframe-larger-than=4096", "-Werror")

# Time passes where these say so, and nowhere else in the tests: see elapse() and unit_elapse().
SLEEPERS = {
    "tests/unit.c": "unit_elapse(), and unit_await() over it",
    "tests/shim/disk.c": "a disk that takes its time",
    "tests/shim/names.c": "a name server that says nothing",
    "tests/e2e/harness/world.py": "eventually(), and elapse() with its reason",
    "tests/package/machine.py": "its own eventually(): it shares nothing with tests/e2e",
}

# foo.c exports foo() and foo_...(); these do not, each for a reason.
NOUN_EXCEPTIONS = {
    ("interpose.c", "listen"): "CivetWeb's call of listen(2), answered by us",
    ("interpose.c", "accept"): "CivetWeb's call of accept(2), answered by us",
    ("interpose.c", "recv"): "CivetWeb's call of recv(2), answered by us",
    ("interpose.c", "poll"): "CivetWeb's call of poll(2), answered by us",
}

COLUMNS = 110
LINES = 400
ROOM_FILES = 20  # .c and .h, each counted
ROOM_LINES = 2500  # of all of them
UNFINISHED = re.compile(r"\b(?:TO" "DO|FIX" "ME|X" r"XX)\b")
# CONTRIBUTING.md "Words": these do not come back into what users read.
REFUSED = re.compile(r"\b(?:whoever|dawdl\w*|farewell\w*|is spoken here|rules? speaks?|is not asked now|"
                     r"nobody answers|cannot be said in|silence is no)\b", re.I)
SKIPPED = {".git", "build", "__pycache__", ".pytest_cache"}
TEXTS = {".c", ".h", ".py", ".sh", ".txt", ".cmake", ".md", ".yaml", ".yml", ".json", ".in", ".lua", ".toml"}


# ---- reading ----

def files(root, *suffixes):
    """Every file of the tree with one of the suffixes, as (its path in the tree, its text)."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and path.suffix in suffixes and not SKIPPED & set(name.parts):
            yield name.as_posix(), path.read_text(encoding="utf-8", errors="replace")


def folder_of(name):
    return name.rpartition("/")[0]


def room_of(name):
    folder = folder_of(name)
    return folder if folder in ROOMS else None


def sources(root, *suffixes):
    """The C files of the rooms."""
    for name, text in files(root, *(suffixes or (".c", ".h"))):
        if room_of(name) is not None:
            yield name, text


def in_rooms(root):
    """No source lies beside the rooms, or in a folder that is none."""
    houses = {room.split("/")[0] for room in ROOMS}
    for name, _ in files(root, ".c", ".h"):
        if name.split("/")[0] in houses and room_of(name) is None:
            yield f"{name}: {folder_of(name)} is not a room"


def code(text):
    """Without comments, and with strings and characters emptied; lines stay where they are."""
    def blank(match):
        found = match.group()
        return found[0] * 2 if found[0] in "\"'" else re.sub(r"[^\n]", " ", found)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(text):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', text, re.M):
        yield match.group(1), match.group(2), line_of(text, match.start())


# ---- the rules ----

def arrows(root, exceptions=ARROW_EXCEPTIONS):
    for name, text in sources(root):
        room = room_of(name)
        for kind, header, line in includes(text):
            if kind != '"' or (name, header) in exceptions:
                continue
            target = room_of(header)
            if target is None:
                yield f"{name}:{line}: \"{header}\" is not named as ROOM/NAME.h"
            elif target != room and target not in ROOMS[room]:
                yield f"{name}:{line}: {room} must not know {header}"
            elif header not in GENERATED and not (root / header).is_file():
                yield f"{name}:{line}: there is no {header}"


def library(room):
    return room.replace("/", "_")


def links(root, exceptions=LINK_EXCEPTIONS):
    """The link lines say the same as the includes; a program may link any room."""
    rooms = {library(room): room for room in ROOMS}
    for room, allowed in ROOMS.items():
        text = (root / room / "CMakeLists.txt").read_text()
        linked = set()
        for target, words in re.findall(r"target_link_libraries\(\s*(\w+)([^)]*)\)", text):
            found = {rooms[word] for word in words.split() if word in rooms}
            if target in PROGRAMS:
                continue
            if rooms.get(target) != room:
                yield f"{room}/CMakeLists.txt: {target} is linked elsewhere"
            linked |= found
        for other in sorted(linked - set(allowed)):
            if (room, other) not in exceptions:
                yield f"{room}/CMakeLists.txt: {room} must not link {other}"
        for other in sorted(set(allowed) - linked):
            yield f"{room}/CMakeLists.txt: {room} includes {other}, and does not link it"


def one_file_each(root):
    for name, text in files(root, ".c", ".h"):
        for _, header, line in includes(text):
            if header in ONE_FILE and name not in ONE_FILE[header]:
                yield f"{name}:{line}: only {' and '.join(ONE_FILE[header])} includes {header}"


def banned_calls(root):
    call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for name, text in files(root, ".c", ".h"):
        for match in call.finditer(code(text)):
            yield f"{name}:{line_of(text, match.start())}: {match.group(1)}() is banned"


def flags(root):
    text = (root / "cmake/Flags.cmake").read_text()
    for flag in FLAGS:
        if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text):
            yield f"cmake/Flags.cmake: {flag} is gone"
    for name, text in files(root, ".txt", ".cmake"):
        for match in re.finditer(r"-Wno-\S+", text):
            yield f"{name}:{line_of(text, match.start())}: {match.group()} switches a warning off"
    for name, text in files(root, ".c", ".h"):
        for match in re.finditer(r"diagnostic\s+ignored", text):
            yield f"{name}:{line_of(text, match.start())}: a pragma switches a warning off"


def guards(root):
    for name, text in files(root, ".h"):
        guard = re.sub(r"[/.]", "_", name).upper()
        found = re.findall(r"^#(?:ifndef|define) (\w+)", text, re.M)[:2]
        if found != [guard, guard] or not text.endswith("#endif\n"):
            yield f"{name}: the include guard must be {guard}"


def nouns(root, exceptions=NOUN_EXCEPTIONS):
    """foo.c exports foo() and foo_...()."""
    function = re.compile(r"^(?!static\b|typedef\b)[A-Za-z_][\w *]*?\b(\w+)\([^;{}]*\)\n\{", re.M)
    for name, text in sources(root, ".c"):
        stem = Path(name).stem
        for match in function.finditer(code(text)):
            exported = match.group(1)
            if not f"{exported}_".startswith(f"{stem}_") and (Path(name).name, exported) not in exceptions:
                yield f"{name}:{line_of(text, match.start())}: {exported}() does not start with {stem}_"


def layout(root):
    for name, text in files(root, *TEXTS):
        vector = name.startswith("tests/vectors/")
        for number, line in enumerate(text.split("\n"), 1):
            if name.endswith((".c", ".h")) and len(line) > COLUMNS:
                yield f"{name}:{number}: {len(line)} columns, {COLUMNS} are the most"
            if "\t" in line and not vector:
                yield f"{name}:{number}: a tab"
            if line != line.rstrip() and not vector:
                yield f"{name}:{number}: blanks at the end of the line"
        if text and not text.endswith("\n") and not vector:
            yield f"{name}: no line feed at its end"


def long_files(root):
    """A source of more lines says in its first comment why it is longer than others."""
    for name, text in sources(root):
        head = re.match(r"/\*(.*?)\*/", text, re.S)
        if text.count("\n") > LINES and not (head and "longer than others" in re.sub(r"[\s*]+", " ", head.group(1))):
            yield f"{name}: over {LINES} lines, and its head does not say why it is longer than others"


def large_rooms(root):
    """A room can be looked over: one that grows out of it becomes two, by kind."""
    for room in ROOMS:
        texts = [path.read_text() for suffix in ("*.c", "*.h") for path in (root / room).glob(suffix)]
        lines = sum(text.count("\n") for text in texts)
        if len(texts) > ROOM_FILES:
            yield f"{room}: {len(texts)} files, a room has {ROOM_FILES} at most"
        if lines > ROOM_LINES:
            yield f"{room}: {lines} lines, a room has {ROOM_LINES} at most"


def formatted(root):
    tool = shutil.which("clang-format") or shutil.which("clang-format-14")
    if tool is None:
        return
    names = [name for name, _ in files(root, ".c", ".h")]
    done = subprocess.run([tool, "--dry-run", "-Werror", "--ferror-limit=1", *names], cwd=root,
                          capture_output=True, text=True, check=False)
    for found in sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: error:", done.stderr, re.M))):
        yield f"{found}: run clang-format -i"


def plain_words(root):
    """In documents, and in the texts of the program."""
    for name, text in files(root, ".md", ".1", ".5", ".8", ".yaml", ".c", ".h"):
        if name.split("/")[0] in ("tests", "bench") or name in ("CHANGELOG.md", "CONTRIBUTING.md"):
            continue
        if name.endswith((".c", ".h")):
            bare = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.S)
            text = re.sub(r'"(?:\\.|[^"\\\n])*"|[^\n]',
                          lambda match: match.group() if match.group()[0] == '"' else " ", bare)
        for match in REFUSED.finditer(text):
            yield f"{name}:{line_of(text, match.start())}: plainer words than \"{match.group()}\""


def headings(text):
    """What a link can name behind its #: each heading in lower case, with - for blanks, without marks."""
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", text, re.M)}


def references(root):
    """Links of documents lead to a file, and to a heading of it."""
    for name, text in files(root, ".md"):
        for match in re.finditer(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text):
            target, heading = match.groups()
            path = (root / name).parent / target if target else root / name
            if "://" in target:
                continue
            if not path.exists():
                yield f"{name}:{line_of(text, match.start())}: there is no {target}"
            elif heading and heading not in headings(path.read_text()):
                yield f"{name}:{line_of(text, match.start())}: {target or name} has no heading #{heading}"


def finished(root):
    for name, text in files(root, *TEXTS):
        for match in UNFINISHED.finditer(text):
            yield f"{name}:{line_of(text, match.start())}: unfinished: {match.group()}"


def sleeps(root, exceptions=SLEEPERS):
    """A test waits for an event, within bounds; a pause is one of the few functions that say so."""
    call = re.compile(r"(?<![\w.>])(sleep|usleep|nanosleep|clock_nanosleep)\s*\(")
    for name, text in files(root, ".c", ".h", ".py"):
        if not name.startswith("tests/") or name in exceptions:
            continue
        found = (((node.lineno, "time.sleep") for node in ast.walk(ast.parse(text)) if is_sleep(node))
                 if name.endswith(".py") else
                 ((line_of(text, match.start()), match.group(1)) for match in call.finditer(code(text))))
        for line, what in found:
            yield f"{name}:{line}: {what}() waits for no event: eventually(), elapse(); unit_await(), unit_elapse()"


def is_sleep(node):
    """A use of time.sleep, under whatever name it is called later."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name in ("sleep", "*") for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr == "sleep"


def watched(root):
    """No source is outside what the coverage counts and what the linters look at, however deep it lies."""
    counted = re.search(r"--filter '([^']+)'", (root / "tests/coverage.sh").read_text()).group(1)
    headers = re.search(r"HeaderFilterRegex: '([^']+)'", (root / ".clang-tidy").read_text()).group(1)
    linted = re.findall(r"'(\w+)/\*\.c'", (root / "tests/lint.sh").read_text())  # git's * crosses folders
    for name, _ in sources(root):
        if name.endswith(".c") and not re.match(counted, name):
            yield f"{name}: not counted by tests/coverage.sh"
        if name.endswith(".c") and name.split("/")[0] not in linted:
            yield f"{name}: not looked at by tests/lint.sh"
        if name.endswith(".h") and not re.search(headers, name):
            yield f"{name}: not looked at by clang-tidy"
    for line in (root / "tests/lint.known").read_text().splitlines():
        if not line.startswith("#") and not (root / line.split()[0]).is_file():
            yield f"tests/lint.known: there is no {line.split()[0]}"


def used(root):
    """Every source is built, every header included, every test run, every folder of vectors read."""
    everything = [(name, text) for name, text in files(root, ".c", ".h")]
    included = {header for _, text in everything for _, header, _ in includes(text)}
    for name, _ in sources(root):
        room = room_of(name)
        built = re.findall(r"[\w./]+", (root / room / "CMakeLists.txt").read_text())
        if name.endswith(".c") and name[len(room) + 1:] not in built:
            yield f"{name}: not built by {room}/CMakeLists.txt"
        if name.endswith(".h") and name not in included:
            yield f"{name}: nobody includes it"
    lists = "".join(text for name, text in files(root, ".txt") if name.startswith("tests/"))
    for name, _ in files(root, ".c"):
        if name.startswith("tests/") and not re.search(rf"\b{re.escape(tested_as(name))}\b", lists):
            yield f"{name}: no test is made of it"
    readers = "".join(text for name, text in files(root, ".c", ".py") if name.startswith("tests/"))
    for path in sorted((root / "tests/vectors").glob("*")):
        if not re.search(rf'["/]{re.escape(path.name)}["/]', readers):
            yield f"tests/vectors/{path.name}: no test reads it"


def tested_as(name):
    """The word by which a tests' CMakeLists.txt knows a file."""
    return re.sub(r"_test$", "", Path(name).stem)


RULES = (in_rooms, arrows, links, one_file_each, banned_calls, flags, guards, nouns, layout, long_files, large_rooms, formatted, plain_words,
         references, finished, sleeps, watched, used)


# ---- this tree ----

class ThisTree(unittest.TestCase):
    def test_every_arrow_points_down(self):
        rooms = list(ROOMS)
        for room, allowed in ROOMS.items():
            self.assertLessEqual(set(allowed), set(rooms[:rooms.index(room)]), room)


    def test_rules(self):
        for rule in RULES:
            with self.subTest(rule=rule.__name__):
                found = list(rule(ROOT))
                self.assertFalse(found, "\n" + "\n".join(found))

    def test_pictures_are_true(self):
        self.assertEqual((ROOT / "ARCHITECTURE.md").read_text(), pictures.page(ROOT, ROOMS),
                         "run tests/house/pictures.py")
        self.assertIn("gateway_server[gateway/server] -->", pictures.rooms_picture(ROOT, ROOMS))
        self.assertGreaterEqual(pictures.stages_picture(ROOT).count("  |  "), 13)

    def test_locks_are_told(self):
        text = (ROOT / "ARCHITECTURE.md").read_text()
        table = text[text.index("## Locks"):text.index("## Decisions")]
        told = set(re.findall(r"^\| `([^`]+)` \| `(\w+)` \|", table, re.M))
        there = {(name, mutex) for name, text in sources(ROOT) if not name.startswith("sandbox/")
                 for mutex in re.findall(r"\bpthread_mutex_t (\w+)(?:\[\w+\])?;", code(text))}
        self.assertEqual(told, there)

    def test_every_exception_is_needed(self):
        for rule, exceptions in ((arrows, ARROW_EXCEPTIONS), (nouns, NOUN_EXCEPTIONS), (sleeps, SLEEPERS)):
            for exception in exceptions:
                with self.subTest(rule=rule.__name__, exception=exception):
                    self.assertTrue(list(rule(ROOT, set(exceptions) - {exception})))


# ---- a tree that keeps every rule, and what it takes to break each ----

def small_tree(root):
    """The smallest tree that all rules are content with."""
    def put(name, text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for room, allowed in ROOMS.items():
        guard = f"{library(room).upper()}_THING_H"
        put(f"{room}/thing.h", f"#ifndef {guard}\n#define {guard}\n\nint thing_count(void);\n\n#endif\n")
        put(f"{room}/thing.c", f"#include \"{room}/thing.h\"\n\nint thing_count(void)\n{{\n    return 1;\n}}\n")
        put(f"{room}/CMakeLists.txt",
            f"add_library({library(room)} STATIC thing.c)\n"
            f"target_link_libraries({library(room)} PUBLIC {' '.join(map(library, allowed))})\n")
    put("cmake/Flags.cmake", "add_compile_options(" + " ".join(FLAGS) + ")\n")
    put("tests/CMakeLists.txt", "countersign_unit(base thing base)\n")
    put("tests/base/thing.c", "#include \"base/thing.h\"\n\nint main(void)\n{\n    return thing_count();\n}\n")
    for name in (".clang-format", ".clang-tidy", "tests/coverage.sh", "tests/lint.sh"):
        put(name, (ROOT / name).read_text())
    put("README.md", "# It\n")
    put("tests/e2e/thing.py", '"""time.sleep(1) in a text."""\n')
    put("tests/lint.known", "base/thing.c check why\n")


def function(name, body="return 1;"):
    return f"\nint {name}(void)\n{{\n    {body}\n}}\n"


# A rule, a file of the small tree, what is appended to it, and a part of the complaint.
BREACHES = (
    (arrows, "base/thing.c", '#include "config/model/thing.h"\n', "base must not know config/model/thing.h"),
    (arrows, "config/model/thing.c", '#include "auth/thing.h"\n', "config/model must not know"),
    (arrows, "auth/thing.h", '#include "gateway/call/thing.h"\n', "auth must not know"),
    (arrows, "sandbox/auth/thing.c", '#include "auth/thing.h"\n', "sandbox/auth must not know"),
    (arrows, "sandbox/auth/thing.c", '  #  include "gateway/call/thing.h"\n', "sandbox/auth must not know"),
    (arrows, "gateway/http/thing.c", '#include "gateway/server/thing.h"\n', "gateway/http must not know"),
    (arrows, "auth/thing.c", '#include "thing.h"\n', "is not named as"),
    (arrows, "auth/thing.c", '#include "../gateway/call/thing.h"\n', "is not named as"),
    (arrows, "auth/thing.c", '#include "base/absent.h"\n', "there is no base/absent.h"),
    (links, "base/CMakeLists.txt", "target_link_libraries(base PUBLIC config_model)\n",
     "base must not link config/model"),
    (links, "sandbox/auth/CMakeLists.txt", "target_link_libraries(sandbox_auth\n  PRIVATE auth)\n",
     "must not link auth"),
    (links, "gateway/call/CMakeLists.txt", "target_link_libraries(gateway_call PUBLIC gateway_request)\n",
     "must not link gateway/request"),
    (one_file_each, "gateway/call/thing.c", "#include <civetweb.h>\n", f"only {ONE_FILE['civetweb.h'][0]}"),
    (one_file_each, "sandbox/http/thing.c", "#include <curl/curl.h>\n", f"only {ONE_FILE['curl/curl.h'][0]}"),
    (one_file_each, "client/thing.c", "#include <curl/curl.h>\n", f"and {ONE_FILE['curl/curl.h'][1]}"),
    (arrows, "client/thing.c", '#include "config/model/thing.h"\n', "client must not know"),
    (one_file_each, "config/model/thing.h", "#include <yaml.h>\n", f"only {ONE_FILE['yaml.h'][0]}"),
    (one_file_each, "gateway/command/thing.c", "#include <getopt.h>\n", "only base/system/command_line.c"),
    *((banned_calls, "auth/thing.c", function("thing_x", f"return {name} (0, 0);"), f"{name}() is banned")
      for name in BANNED),
    (banned_calls, "tests/base/thing.c", function("thing_x", "return atoi(0);"), "atoi() is banned"),
    (flags, "base/CMakeLists.txt", "target_compile_options(base PRIVATE -Wno-vla)\n", "switches a warning off"),
    (flags, "base/thing.c", '#pragma GCC diagnostic ignored "-Wvla"\n', "switches a warning off"),
    (guards, "base/thing.h", "int thing_more(void);\n", "must be BASE_THING_H"),
    (nouns, "base/thing.c", function("other_count"), "does not start with thing"),
    (nouns, "base/thing.c", "\nconst char *text_of(int a,\n                    int b)\n{\n    return 0;\n}\n", "text_of"),
    (layout, "base/thing.c", "/* " + "x" * 110 + " */\n", "columns"),
    (layout, "base/thing.c", "\tint a;\n", "a tab"),
    (layout, "base/thing.c", "int a; \n", "blanks at the end"),
    (layout, "base/thing.c", "int a;", "no line feed"),
    (long_files, "gateway/call/thing.c", "\n" * LINES + "/* longer than others */\n", "its head does not say why"),
    (large_rooms, "gateway/call/thing.h", "\n" * ROOM_LINES, "a room has 2500 at most"),
    (large_rooms, "base/thing.c", "\n" * ROOM_LINES, "base: 25"),
    *((rule, "gateway/call/thing.c", text, part) for rule, text, part in (
        (arrows, '#include "sandbox/http/thing.h"\n', "gateway/call must not know sandbox/http/thing.h"),
        (arrows, '#include "thing.h"\n', "is not named as"),
        (arrows, '#include "gateway/call/absent.h"\n', "there is no gateway/call/absent.h"),
        (one_file_each, "#include <yaml.h>\n", f"only {ONE_FILE['yaml.h'][0]}"),
        (banned_calls, function("thing_x", "return atoi(0);"), "atoi() is banned"),
        (flags, '#pragma GCC diagnostic ignored "-Wvla"\n', "switches a warning off"),
        (nouns, function("other_name"), "other_name() does not start with thing_"),
        (nouns, function("things_name"), "things_name() does not start with thing_"),
        (layout, "int a; \n", "blanks at the end"),
        (finished, "/* TO" "DO: later */\n", "unfinished"))),
    (guards, "gateway/call/thing.h", "int thing_more(void);\n", "must be GATEWAY_CALL_THING_H"),
    (finished, "base/thing.c", "/* TO" "DO: later */\n", "unfinished"),
    (plain_words, "base/thing.c", 'static const char text[] = "Who" "ever asks, whoever it is";\n', "plainer words"),
    (plain_words, "README.md", "The rule speaks.\n", "plainer words"),
    (plain_words, "README.md", "Silence is no.\n", "plainer words"),
    (references, "README.md", "See [it](absent.md).\n", "README.md:2: there is no absent.md"),
    (references, "README.md", "See [it](#absent).\n", "README.md has no heading #absent"),
    (finished, "tests/CMakeLists.txt", "# X" "XX\n", "unfinished"),
    (sleeps, "tests/base/thing.c", function("thing_x", "return nanosleep(0, 0);"), "nanosleep() waits for no event"),
    (sleeps, "tests/base/thing.c", function("thing_x", "return (int)sleep(1);"), "sleep() waits for no event"),
    (sleeps, "tests/e2e/thing.py", "time.sleep(1)\n", "thing.py:2: time.sleep() waits"),
    (sleeps, "tests/e2e/thing.py", "from time import sleep as pause\n", "thing.py:2: time.sleep() waits"),
    (sleeps, "tests/e2e/thing.py", "wait = clock.sleep\n", "thing.py:2: time.sleep() waits"),
)


class BrokenTrees(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        small_tree(self.root)

    def expect(self, rule, part):
        found = list(rule(self.root))
        self.assertTrue(any(part in complaint for complaint in found), f"{rule.__name__} found {found}")

    def test_small_tree_keeps_every_rule(self):
        for rule in RULES:
            self.assertEqual(list(rule(self.root)), [], rule.__name__)

    def test_breaches(self):
        for rule, name, text, part in BREACHES:
            path = self.root / name
            kept = path.read_text()
            with self.subTest(rule=rule.__name__, text=text):
                path.write_text(kept + text)
                self.expect(rule, part)
            path.write_text(kept)

    def test_places_that_are_no_room(self):
        for name in ("gateway/thing.c", "gateway/call/deep/thing.h", "base/deep/thing.c"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("")
            self.expect(in_rooms, f"{name}: {folder_of(name)} is not a room")

    def test_rooms_of_many_files(self):
        for number in range(ROOM_FILES - 2):
            self.assertEqual(list(large_rooms(self.root)), [])
            (self.root / f"base/json/more_{number}.{'ch'[number % 2]}").write_text("")
        (self.root / "base/json/last.h").write_text("")
        self.expect(large_rooms, "base/json: 21 files, a room has 20 at most")

    def test_links_that_say_less(self):
        path = self.root / "gateway/call/CMakeLists.txt"
        path.write_text(path.read_text().replace(" gateway_upstream", ""))
        self.expect(links, "gateway/call includes gateway/upstream, and does not link it")

    def test_files_that_nobody_watches(self):
        for name, text, part in (
                ("tests/coverage.sh", "gcovr --filter '(base|gateway)/[a-z0-9_]+\\.c$'\n",
                 "gateway/call/thing.c: not counted"),
                ("tests/coverage.sh", "gcovr --filter '(base|gateway)/.*\\.c$'\n", "client/thing.c: not counted"),
                ("tests/lint.sh", "git ls-files 'base/*.c'\n", "client/thing.c: not looked at by tests/lint.sh"),
                (".clang-tidy", "HeaderFilterRegex: '^gateway/[^/]*$'\n",
                 "gateway/call/thing.h: not looked at by clang-tidy"),
                ("tests/lint.known", "gateway/thing.c check why\n", "there is no gateway/thing.c")):
            path = self.root / name
            kept = path.read_text()
            path.write_text(text)
            self.expect(watched, part)
            path.write_text(kept)

    def test_guard_of_another_file(self):
        path = self.root / "base/thing.h"
        path.write_text(path.read_text().replace("BASE_THING_H", "CONFIG_THING_H"))
        self.expect(guards, "must be BASE_THING_H")

    def test_missing_flag(self):
        for flag in FLAGS:
            (self.root / "cmake/Flags.cmake").write_text(" ".join(other for other in FLAGS if other != flag) + "\n")
            self.expect(flags, f"{flag} is gone")

    def test_files_that_nobody_uses(self):
        (self.root / "base/other.c").write_text("")
        self.expect(used, "base/other.c: not built")
        (self.root / "base/other.h").write_text("")
        self.expect(used, "base/other.h: nobody includes it")
        (self.root / "gateway/call/other.c").write_text("")
        self.expect(used, "gateway/call/other.c: not built")
        (self.root / "gateway/call/other.h").write_text("")
        self.expect(used, "gateway/call/other.h: nobody includes it")
        (self.root / "tests/base/other.c").write_text("")
        self.expect(used, "tests/base/other.c: no test is made of it")
        (self.root / "tests/vectors/other").mkdir(parents=True)
        self.expect(used, "tests/vectors/other: no test reads it")

    @unittest.skipUnless(shutil.which("clang-format") or shutil.which("clang-format-14"), "no clang-format here")
    def test_unformatted(self):
        (self.root / "base/thing.c").write_text("int   thing_count( void ){return 1;}\n")
        self.expect(formatted, "base/thing.c: run clang-format -i")

    def test_comments_and_strings_are_no_code(self):
        (self.root / "base/thing.c").write_text('/* memcmp(a, b) */\nconst char *thing = "strcpy(a, b) /* ";\n'
                                                "int thing_count(void);\n// gets(a)\nint thing_memcmp(int a);\n")
        self.assertEqual(list(banned_calls(self.root)), [])


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
