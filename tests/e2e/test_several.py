"""The audit files of several gateways, read together; what became of an unknown; formats of other releases."""

import csv
import hashlib
import hmac
import io
import json
import os
import re
import time

import pytest

from harness import chain
from harness.gateway import Gateway, configure, secret
from harness.process import run
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY, SLOW, VPC

KEY, OTHER = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
INF = "http://127.0.0.1:9/v2/index.php"


class Book:
    """A gateway's audit file as docs/audit.md says it, written by Python: hashlib and hmac, nothing of ours."""

    def __init__(self, instance=None, key=None, format=3):
        self.instance, self.key, self.format = instance, key, format
        self.lines, self.prev, self.seq, self.seal, self.before = [], chain.ZEROS, 0, 0, chain.ZEROS

    def put(self, kind, second, **members):
        self.seq += 1
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1.8e9 + second))
        record = {"seq": self.seq, "prev": self.prev, "audit": kind, "time": moment,
                  **({"instance": self.instance} if self.instance else {}), **members}
        sealed = self.key is not None and kind in ("open", "seal")
        if sealed:
            self.seal += 1
            record |= {"seal": self.seal, "before": self.before, "chain": "0123456789abcdef", "every": 10**9}
        body = json.dumps(record, separators=(",", ":"))[:-1]
        if sealed:
            self.before = hmac.new(self.key.encode(), body.encode(), hashlib.sha256).hexdigest()
            body += f',"hmac":"{self.before}"'
        self.prev = hashlib.sha256(body.encode()).hexdigest()
        self.lines.append(f'{body},"hash":"{self.prev}"}}')
        return self

    def open(self, second=0, **more):
        return self.put("open", second, version="9.9.9", format=self.format, config="0" * 12, **more)

    def change(self, second, name, outcome="executed", client="network-console", **more):
        self.put("intent", second, requestId=name, client=client, action="DetachClassicLinkVpc", region="ap-guangzhou",
                 params={"instanceIds": [name]}, verdict="allow", rule="staging-links", **more)
        if outcome:
            self.put("outcome", second, of=self.seq, requestId=name, outcome=outcome, status=202)
        return self

    def settle(self, second, of, name, outcome="executed"):
        return self.put("settle", second, of=of, requestId=name, outcome=outcome, by="alice", note="looked")

    def write(self, path, start=0):
        path.write_text("".join(line + "\n" for line in self.lines[start:]))
        return path


def audit(*arguments, status=0, **options):
    done = run("audit", *arguments, **options)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def shown(*arguments, status=0):
    return [json.loads(line) for line in audit("show", "--json", *arguments, status=status).stdout.splitlines()]


def names(changes):
    return [change["requestId"] for change in changes]


# ---- one chain each, merged by time ----

@pytest.fixture
def two(tmp_path):
    a = Book("gw-a").open().change(10, "ins-1").change(30, "ins-3").change(50, "ins-5", outcome="unknown")
    b = Book("gw-b").open(5).change(20, "ins-2").change(40, "ins-4", outcome=None)
    return a.write(tmp_path / "a.log"), b.write(tmp_path / "b.log")


def test_the_files_of_two_gateways_are_no_fault(two):
    said = audit("verify", *two).stdout
    assert "BROKEN" not in said and "another chain" not in said
    assert re.findall(r"^gateway (\S+): (\S+)$", said, re.M) == [("gw-a", str(two[0])), ("gw-b", str(two[1]))]
    assert "7 records, the last is 7" in said and "4 records, the last is 4" in said
    for order in (two, two[::-1]):
        changes = shown(*order)
        assert names(changes) == ["ins-1", "ins-2", "ins-3", "ins-5", "ins-4"], "the last one never had an outcome"
        assert [change["instance"] for change in changes] == ["gw-a", "gw-b", "gw-a", "gw-a", "gw-b"]
        assert changes[-1]["outcome"] == "unrecorded"


def test_standard_input_is_one_of_them(two):
    given = two[0].read_text()
    done = audit("show", "--json", "-", two[1], stdin=given)
    assert names(map(json.loads, done.stdout.splitlines())) == ["ins-1", "ins-2", "ins-3", "ins-5", "ins-4"]
    assert audit("verify", "-", two[1], stdin=given).stdout.count("gateway gw-") == 2


def test_rotated_files_of_two_gateways(tmp_path):
    files = []
    for name, shift in (("gw-a", 0), ("gw-b", 1)):
        book = Book(name).open().change(10 + shift, f"{name}-1")
        files.append(book.write(tmp_path / f"{name}.1"))
        start = len(book.lines)
        files.append(book.open(15).change(20 + shift, f"{name}-2").write(tmp_path / name, start))
    a1, a, b1, b = files
    for order in ([a1, a, b1, b], [a1, b1, a, b], [b1, a1, b, a]):
        assert "BROKEN" not in audit("verify", *order).stdout
        assert names(shown(*order)) == ["gw-a-1", "gw-b-1", "gw-a-2", "gw-b-2"]
    said = audit("verify", a, a1, b1, b, status=1).stdout
    assert "another chain begins" in said or "does not follow" in said, "the order of one gateway's files matters"


def test_an_alteration_is_of_one_gateway(two):
    two[1].write_text(two[1].read_text().replace("ins-2", "ins-9", 1))
    said = audit("verify", *two, status=1).stdout
    first, second = said.split("gateway gw-b:")
    assert "BROKEN" not in first and "record 2 was altered" in second and "BROKEN: 1 faults" in second


def test_two_gateways_of_one_name_are_a_fault(tmp_path):
    """It may be a mistake in the configuration; it may also be somebody who puts another file in its place."""
    one = Book("gw").open().change(1, "ins-a").write(tmp_path / "one")
    two = Book("gw").open().change(2, "ins-b").write(tmp_path / "two")
    said = audit("verify", one, two, status=1).stdout
    assert "another chain begins" in said and "instance" in said
    assert names(shown(one, two)) == ["ins-a", "ins-b"]


def test_an_upgrade_in_the_middle_of_a_file(tmp_path):
    """Records of format 2 name no gateway; two such files that went on under the new release are two gateways'."""
    files = []
    for name in ("gw-a", "gw-b"):
        book = Book(format=2).open().change(1, f"{name}-old")
        files.append(book.write(tmp_path / f"{name}.1"))
        start, book.instance, book.format = len(book.lines), name, 3
        files.append(book.open(5).change(6, f"{name}-new").write(tmp_path / name, start))
        both = tmp_path / f"{name}.both"
        both.write_text(files[-2].read_text() + files[-1].read_text())
    assert audit("verify", tmp_path / "gw-a.both", tmp_path / "gw-b.both").stdout.count("gateway gw-") == 2
    assert audit("verify", files[0], files[1]).stdout.count("gateway") == 0, "one chain over the upgrade"
    assert audit("verify", files[0], files[1], files[3]).stdout.count("gateway gw-") == 2


def test_each_gateway_has_its_key(tmp_path):
    files = [Book(name, key).open().change(1, name).put("seal", 2).write(tmp_path / name)
             for name, key in (("gw-a", KEY), ("gw-b", OTHER))]
    keys = ["--key", secret(tmp_path / "ka", KEY), "--key", secret(tmp_path / "kb", OTHER)]
    assert audit("verify", *keys, *files).stdout.count("seals vouch for all up to 4") == 2
    assert audit("verify", *keys[2:], *keys[:2], *files).stdout.count("seals vouch") == 2
    assert "not made with this key" in audit("verify", *keys[:2], *files, status=1).stdout
    audit("verify", "--from", "1", "--hash", chain.ZEROS, *files, status=2)
    audit("verify", "--witness", files[0], *files, status=2)


# ---- sums and tables ----

def test_summary(two):
    said = audit("show", "--summary", "client,action", *two).stdout
    assert said == ("network-console  DetachClassicLinkVpc  5 changes: 3 executed, 1 unknown, 1 unrecorded\n")
    rows = [json.loads(line) for line in audit("show", "--summary", "instance,outcome", "--json", *two).stdout.splitlines()]
    assert [(row["instance"], row["outcome"], row["changes"]) for row in rows] == [
        ("gw-a", "executed", 2), ("gw-a", "unknown", 1), ("gw-b", "executed", 1), ("gw-b", "unrecorded", 1)]
    table = list(csv.DictReader(io.StringIO(audit("show", "--summary", "client,action", "--csv", *two).stdout)))
    assert table == [{"client": "network-console", "action": "DetachClassicLinkVpc", "changes": "5", "executed": "3",
                      "not-executed": "0", "unknown": "1", "unrecorded": "1"}]
    assert audit("show", "--summary", "client", "--client", "nobody", *two).stdout == ""
    for wrong in ("", "client,", "clients", "client action", ",".join(["client"] * 9)):
        audit("show", "--summary", wrong, *two, status=2)


def test_csv_by_the_csv_module(tmp_path):
    """What callers choose is a cell: no quote ends it, and no spreadsheet computes it."""
    wild = 'a"b,c\nd\x1b[2J'
    book = Book("gw").open().change(1, wild).change(2, "ins-2", subject="=HYPERLINK(\"http://x\")").change(3, "+1")
    done = audit("show", "--csv", book.write(tmp_path / "a"))
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 3 and [row["seq"] for row in rows] == ["2", "4", "6"]
    assert json.loads(rows[0]["params"]) == {"instanceIds": [wild]} and "\x1b" not in done.stdout
    assert rows[0]["requestId"] == 'a"b,c\\nd\\u001b[2J'
    assert rows[1]["subject"] == "'=HYPERLINK(\"http://x\")" and rows[2]["requestId"] == "'+1"
    assert {row["instance"] for row in rows} == {"gw"} and all(None not in row for row in rows)


# ---- formats ----

def test_a_newer_format_is_told(tmp_path):
    file = Book("gw").open().change(1, "ins-a").write(tmp_path / "a")
    newer = Book("gw", format=4).open().change(1, "ins-a").write(tmp_path / "b")
    assert "format" not in audit("verify", file).stdout
    said = audit("verify", newer, status=1).stdout
    assert ":1: countersign 9.9.9 wrote what follows, in format 4: this release knows the formats up to 3" in said
    done = audit("show", newer, status=1)
    assert "in format 4" in done.stderr and "ins-a" in done.stdout


def test_kinds_of_a_newer_release_are_counted(tmp_path):
    file = Book("gw").open().put("teleport", 1).put("teleport", 2).write(tmp_path / "a")
    assert "2 records of kinds that this release does not know, the first is 'teleport'" in audit("verify", file).stdout


def test_versions_are_those_of_the_page():
    said = run("version", "--formats").stdout
    page = (REPOSITORY / "docs/formats.md").read_text()
    for word, row in (("configuration", "configuration:"), ("audit", "audit file"), ("log", "log:")):
        number = re.search(rf"^{word} (\d+)$", said, re.M).group(1)
        assert re.search(rf"^\| {re.escape(row)}.*\| {number} \|", page, re.M), word


# ---- instance ----

def test_each_record_names_its_gateway(tmp_path, upstream):
    gateway = Gateway(configure(tmp_path, upstream.url, top={"audit": "audit.log", "instance": "gw-7"}))
    gateway.delete()
    file = tmp_path / "countersign.yaml"
    file.write_text(file.read_text().replace('"gw-7"', '"gw-8"'))
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    gateway.line(gateway.stderr, lambda line: "instance stays gw-7: it changes by a restart only" in line)
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0
    records = chain.records(tmp_path / "audit.log", prev=chain.ZEROS)
    assert {record["instance"] for record in records} == {"gw-7"} and len(records) == 4
    assert records[0]["format"] == 3


def test_by_default_it_is_the_hosts_name(tmp_path, upstream):
    gateway = Gateway(configure(tmp_path, upstream.url, top={"audit": "audit.log"}))
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0
    assert chain.records(tmp_path / "audit.log")[0]["instance"] == os.uname().nodename


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 65, "a/b", "\u00e4"])
def test_a_name_that_is_none(tmp_path, name):
    done = run("check", "-c", configure(tmp_path, INF, top={"instance": name}))
    assert done.returncode == 78 and "instance" in done.stderr


# ---- what became of an unknown ----

@pytest.fixture
def unknown(tmp_path, upstream):
    """A gateway's file whose records 2, 4 and 6 are changes: executed, unknown, not-executed; it has ended."""
    key = secret(tmp_path / "seal_key", KEY)
    upstream.script(Reply(), HANG_UP, Reply({"code": 4000, "message": "(1)no"}))
    file = configure(tmp_path, upstream.url, top={"instance": "gw-a", "audit": {
        "file": "audit.log", "seal": {"key": {"file": key}, "every": "1h"}}})
    gateway = Gateway(file)
    for name in ("ins-a", "ins-b", "ins-c"):
        gateway.delete({"instanceIds": [name]}, headers={"X-Request-Id": name})
    yield file, tmp_path / "audit.log", gateway
    gateway.terminate()
    gateway.wait(10 * SLOW)


def end(gateway):
    gateway.terminate()
    assert gateway.wait(10 * SLOW) == 0


def settle(file, *arguments, by="alice", note="seen in the console", status=0):
    return audit("settle", "-c", file, *arguments, "--by", by, "--note", note, status=status)


def test_settle(unknown):
    file, path, gateway = unknown
    end(gateway)
    before = path.read_bytes()
    assert names(shown("--outcome", "unknown", path)) == ["ins-b"]
    done = settle(file, "4", "executed", note='"quoted", \u00fc')
    assert re.match(r"record \d+ settles 4: executed\n", done.stdout)
    assert path.read_bytes().startswith(before), "nothing that was written is altered"
    record, = [record for record in chain.records(path, key=KEY, prev=chain.ZEROS) if record["audit"] == "settle"]
    assert (record["of"], record["outcome"], record["by"], record["requestId"], record["note"], record["instance"]) == (
        4, "executed", "alice", "ins-b", '"quoted", \u00fc', "gw-a")
    audit("verify", "--key", path.parent / "seal_key", path)
    assert shown("--outcome", "unknown", path) == []
    change, = shown("--request", "ins-b", path)
    assert (change["outcome"], change["settled"]["by"], change["settled"]["was"]) == ("executed", "alice", "unknown")
    assert "executed 504" in audit("show", "--request", "ins-b", path).stdout
    assert "settled by alice" in audit("show", "--request", "ins-b", path).stdout
    again = Gateway(file)
    assert again.delete().status == 202, "the gateway goes on behind it"
    end(again)
    audit("verify", "--key", path.parent / "seal_key", path)


@pytest.mark.parametrize("seq,words", [
    ("2", "the outcome of record 2 is not unknown, it is: executed"), ("3", "is not unknown, it is: executed"),
    ("6", "it is: not-executed"), ("1", "record 1 is neither a change nor its outcome"),
    ("999", "there is no record 999")])
def test_settle_of_what_is_not_unknown(unknown, seq, words):
    file, path, gateway = unknown
    end(gateway)
    before = path.read_bytes()
    assert words in settle(file, seq, "not-executed", status=1).stderr
    assert path.read_bytes() == before


def test_settle_twice(unknown):
    file, path, gateway = unknown
    end(gateway)
    settle(file, "5", "not-executed")       # by the number of its outcome
    assert "alice has settled record 4 already" in settle(file, "4", "executed", by="bob", status=1).stderr
    assert shown("--request", "ins-b", path)[0]["outcome"] == "not-executed"


@pytest.mark.parametrize("arguments", [
    ["4"], ["executed", "4"], ["4", "unknown"], ["0", "executed"], ["-1", "executed"], ["4x", "executed"],
    ["4", "executed", "--by", ""], ["4", "executed", "--note", ""], ["4", "executed", "--by", "a\nb"],
    ["4", "executed", "--by", "a" * 129], ["4", "executed", "--note", "a" * 1001], ["4", "executed", "--what"]])
def test_settle_usage(tmp_path, arguments):
    given = [*arguments, *(["--by", "alice"] if "--by" not in arguments else []),
             *(["--note", "seen"] if "--note" not in arguments else [])]
    audit("settle", "-c", tmp_path / "none", *given, status=2)


def test_settle_needs_who_and_why(tmp_path):
    for given in (["--by", "alice"], ["--note", "seen"], []):
        audit("settle", "-c", tmp_path / "none", "4", "executed", *given, status=2)


def test_a_settlement_settles_nothing_else(tmp_path):
    """One of another chain, of another request, or of a change whose outcome is known."""
    book = Book("gw").open().change(1, "ins-a", outcome="unknown").change(2, "ins-b")
    book.settle(3, 2, "other").settle(3, 4, "ins-b", "not-executed")
    other = Book("gw").open().change(1, "ins-z").settle(2, 2, "ins-a")
    book.write(tmp_path / "a")
    assert [change["outcome"] for change in shown(tmp_path / "a", other.write(tmp_path / "b"))] == ["unknown", "executed", "executed"]
    assert not any("settled" in change for change in shown(tmp_path / "a"))
    book.settle(4, 2, "ins-a").write(tmp_path / "a")
    assert [change["outcome"] for change in shown(tmp_path / "a")] == ["executed", "executed"]


# ---- two on one machine ----

def test_the_template_is_the_unit_but_for_its_name():
    folder = REPOSITORY / "deploy/systemd"
    lines = lambda name: [line for line in (folder / name).read_text().splitlines() if not line.startswith("#")]
    plain, template = lines("countersign.service"), lines("countersign@.service")
    assert len(plain) == len(template)
    for one, other in zip(plain, template):
        assert other.replace(" (%i)", "").replace("-%i", "").replace(" -c /etc/countersign/%i.yaml", "") == one
