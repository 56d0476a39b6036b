"""`notices: json`: whatever the program tells its operator on standard error is one JSON object a line."""

import json
import re
import time
from datetime import datetime

import pytest

from harness.gateway import POLICY, Gateway, configure, yaml
from harness.process import run
from harness.upstream import Reply

NOWHERE = "http://127.0.0.1:9/v2/index.php"
WIDE = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
REFUSED = Reply({"code": 4104, "message": ""})


class InJson(Gateway):
    READY = re.compile(r'"text":"ready on http://127\.0\.0\.1:(\d+), admin on http://127\.0\.0\.1:(\d+)"\}')


def read(lines, since=None):
    """Every line, parsed: [(level, text)]."""
    found = []
    for line in lines:
        said = json.loads(line)
        assert list(said) == ["time", "level", "text"] and said["level"] in ("info", "warning", "error"), line
        moment = datetime.fromisoformat(said["time"].replace("Z", "+00:00")).timestamp()
        assert said["time"].endswith("Z") and (since or 0) - 1 <= moment <= time.time() + 1
        assert said["text"] and "\n" not in said["text"] and not said["text"].startswith("countersign:"), line
        found.append((said["level"], said["text"]))
    return found


def level(found, part):
    return next((level for level, text in found if part in text), None)


def test_every_line_is_an_object(tmp_path, upstream):
    """From the first one on, which is about this very configuration, to the last."""
    began = time.time()
    file = configure(tmp_path, upstream.url, rules=WIDE, top={"notices": "json", "audit": "audit.log", "drain": "5s"})
    (tmp_path / "audit.log").write_text("")
    gateway = InJson(file)
    good = file.read_text()
    upstream.script(REFUSED, then=Reply())
    gateway.delete()
    gateway.delete()
    (tmp_path / "policy.yaml").write_text((tmp_path / "policy.yaml").read_text() + 'odd"\u2028\\key: 1\n')
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 422
    (tmp_path / "policy.yaml").write_text((tmp_path / "policy.yaml").read_text().rpartition("odd")[0])
    file.write_text(good.replace('"workers": 32', '"workers": 33').replace("workers: 32", "workers: 33"))
    gateway.reload()
    gateway.terminate()
    assert gateway.wait(30) == 0
    found = read(gateway.stderr, began)
    assert level(found[:1], "no rule uses the set") == "warning", found
    for part, wanted in {
            "ready on http://": "info", "refuses credential 'main'": "warning", "takes credential 'main' again": "info",
            "policy.yaml:6:": "error", "the reload failed": "error", "workers stays 32": "warning", "reloaded": "info",
            "finishing what is in flight": "info"}.items():
        assert level(found, part) == wanted, (part, found)


def test_a_configuration_that_is_refused(tmp_path):
    """Its findings are told as it asks for; where it cannot be read at all, nobody knows."""
    file = configure(tmp_path, NOWHERE, rules=WIDE, top={"notices": "json", "odd": 1})
    done = run("serve", "-c", file)
    assert done.returncode == 78 and level(read(done.stderr.splitlines()), "no key 'odd'") == "error"
    file.write_text(file.read_text() + "{")
    done = run("serve", "-c", file)
    assert done.returncode == 78 and not done.stderr.startswith("{")


def test_a_start_that_fails(tmp_path):
    (tmp_path / "audit.log").write_text("no audit file\n")
    file = configure(tmp_path, NOWHERE, top={"notices": "json", "audit": "audit.log"})
    done = run("serve", "-c", file)
    assert done.returncode == 1 and level(read(done.stderr.splitlines()), "the audit file") == "error", done


@pytest.mark.parametrize("first, second", [("text", "json"), ("json", "text"), (None, "json")])
def test_a_reload_changes_it(tmp_path, upstream, first, second):
    top = {} if first is None else {"notices": first}
    file = configure(tmp_path, upstream.url, top=top)
    gateway = (InJson if first == "json" else Gateway)(file)
    file.write_text(file.read_text().replace(yaml(top), "") + yaml({"notices": second}))
    gateway.reload()
    gateway.terminate()
    assert gateway.wait(30) == 0
    assert gateway.stderr[-1].startswith("{") == (second == "json")
    assert gateway.stderr[0].startswith("{") == (first == "json")


def test_few_descriptors(tmp_path, upstream):
    """What is said before there is a log."""
    file = configure(tmp_path, upstream.url, top={"notices": "json", "workers": 512})

    class Few(InJson):
        def command(self, arguments):
            return ["prlimit", "--nofile=256:256", *super().command(arguments)]

    gateway = Few(file)
    gateway.terminate()
    assert gateway.wait(30) == 0
    assert level(read(gateway.stderr), "file descriptors are few") == "warning", gateway.stderr


def test_other_words_are_refused(tmp_path):
    done = run("check", "-c", configure(tmp_path, NOWHERE, top={"notices": "xml"}))
    assert done.returncode == 78 and "notices must be text or json" in done.stderr


def test_check_says_it_as_ever(tmp_path):
    done = run("check", "-c", configure(tmp_path, NOWHERE, rules=WIDE, top={"notices": "json"}))
    said = [line for line in done.stderr.splitlines() if not line.startswith("  | ")]
    assert done.returncode == 0 and said and not any("{" in line for line in said)
