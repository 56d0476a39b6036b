"""The official clients, as npm's lockfile here says, in front of a gateway and a local cloud."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness.beside import skip_without             # noqa: E402
from harness.gateway import Gateway, configure      # noqa: E402
from harness.process import Process, Reaper         # noqa: E402
from harness.upstream import Upstream               # noqa: E402
from harness.world import PATIENCE                  # noqa: E402

pytest_collection_modifyitems, pytest_sessionfinish = skip_without({"npm": "npm"})


@pytest.fixture(scope="session")
def reaper():
    reaper = Reaper()
    yield reaper
    reaper.collect()


@pytest.fixture(scope="session")
def folder():
    """Where npm has put the clients."""
    folder = Path(os.environ.get("COUNTERSIGN_MCP", HERE.parents[1] / "build/mcp"))
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "client.mjs"):
        shutil.copy(HERE / name, folder)
    done, lock = folder / "node_modules/.as-locked", (HERE / "package-lock.json").read_bytes()
    if not done.is_file() or done.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], cwd=folder, check=True,
                       timeout=500)
        done.write_bytes(lock)
    return folder


class Client(Process):
    """client.mjs, one question at a time."""

    def __init__(self, folder, port, token, kind):
        self.arguments = ["node", folder / "client.mjs", f"http://127.0.0.1:{port}/mcp", token, kind]
        self.told = 0
        super().__init__(*self.arguments, stdin=subprocess.PIPE)
        self.server = self.next("server")

    def command(self, arguments):
        return list(map(str, arguments))

    def next(self, what):
        """The next thing of that kind that it tells; messages go by."""
        while True:
            line = json.loads(self.line_at(self.told))
            self.told += 1
            if line["what"] == what:
                return line["value"]

    def line_at(self, number):
        self.line(self.stdout, lambda line: len(self.stdout) > number)
        return self.stdout[number]

    def ask(self, question):
        self.child.stdin.write(json.dumps(question).encode() + b"\n")
        self.child.stdin.flush()
        return self.next("got")

    def tools(self):
        return self.ask(None)["result"]["tools"]

    def call(self, name, **arguments):
        return self.ask({"name": name, "arguments": arguments})

    def messages(self):
        return [line["value"] for line in map(json.loads, list(self.stdout)) if line["what"] == "message"]

    def end(self):
        """Its exit code, once it has nothing left to be asked."""
        self.child.stdin.close()
        return self.child.wait(timeout=PATIENCE)


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def start(tmp_path, reaper, upstream):
    started = []

    def begin(rules, **options):
        started.append(Gateway(configure(tmp_path, upstream.url, rules=rules, top={"doors": {"mcp": True}}, **options)))
        return started[-1]

    yield begin
    for gateway in started:
        reaper.ask(gateway)


@pytest.fixture
def client(folder):
    started = []

    def begin(gateway, token, kind):
        started.append(Client(folder, gateway.port, token, kind))
        return started[-1]

    yield begin
    for each in started:
        if each.child.poll() is None:
            each.end()
