"""Somebody may write the audit file, has no key, and knows all of this.  What he does, and where it shows, is the table
of docs/audit.md; every row of it is done here."""

import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import chain
from harness.gateway import Gateway, configure, secret
from harness.process import run
from harness.world import REPOSITORY, SLOW, elapse, eventually

KEY = "0123456789abcdef0123456789abcdef"
OTHER = KEY[::-1]


def kinds(path):
    return [record["audit"] for record in chain.records(path)]


def sealed(path):
    """Waits until the last record is a seal."""
    assert eventually(lambda: kinds(path)[-1] == "seal")


class World:
    """A gateway's folder: its configuration, its audit files, what its witness has."""

    def __init__(self, folder, url, key=KEY, **options):
        folder.mkdir()
        self.folder = folder
        seal = {"key": {"file": secret(folder / "seal_key", key)}, "every": options.pop("every", "1s")}
        self.key = folder / "seal_key"
        self.path = folder / "audit.log"
        self.witness = folder / "witness.log"
        self.file = configure(folder, url, top={
            "audit": {"file": "audit.log", "seal": seal, "witness": "witness.log", **options}})

    def copy(self, folder):
        """Another folder with the same files, for somebody to alter."""
        other = World.__new__(World)
        shutil.copytree(self.folder, folder)
        other.folder, other.key, other.path, other.witness = folder, self.key, folder / "audit.log", folder / "witness.log"
        other.file = folder / self.file.name
        return other

    @property
    def files(self):
        """Oldest first."""
        return [path for path in (self.folder / "audit.log.1", self.path) if path.exists()]

    def start(self):
        return Gateway(self.file)

    def stop(self, gateway):
        gateway.terminate()
        assert gateway.wait(10 * SLOW) == 0

    def change(self, gateway, name):
        answer = gateway.delete({"instanceIds": [name]})
        assert answer.status == 202, answer.body
        return answer

    def verify(self, *options):
        done = run("audit", "verify", "--key", self.key, *options, *self.files)
        words = "BROKEN" in done.stdout or "no seal vouches for any" in done.stdout
        assert done.returncode == words, done.stdout + done.stderr
        return done

    def lines(self):
        return self.path.read_text().splitlines()

    def write(self, lines):
        self.path.write_text("".join(line + "\n" for line in lines))


def changes(world):
    """Three changes, the last two more than `every` apart, with seals between; and an end in order."""
    gateway = world.start()
    world.change(gateway, "ins-a")
    sealed(world.path)
    world.change(gateway, "ins-b")
    began = time.monotonic()
    sealed(world.path)
    elapse(max(0, 1.2 - (time.monotonic() - began)), "the distance between two seals is in the records")
    world.change(gateway, "ins-c")
    sealed(world.path)
    world.stop(gateway)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, scripted):
    """What there is to be altered: files that ended in order, by a kill, in two parts, and of another gateway."""
    root = tmp_path_factory.mktemp("worlds")
    made = {"clean": World(root / "clean", scripted.url), "twin": World(root / "twin", scripted.url),
            "stranger": World(root / "stranger", scripted.url, key=OTHER)}
    with ThreadPoolExecutor() as pool:
        list(pool.map(changes, made.values()))
    killed = made["killed"] = World(root / "killed", scripted.url, every="1h")
    gateway = killed.start()
    for name in ("ins-a", "ins-b"):
        killed.change(gateway, name)
    assert eventually(lambda: kinds(killed.path).count("outcome") == 2)
    gateway.signal(signal.SIGKILL)
    gateway.wait()
    rotated = made["rotated"] = World(root / "rotated", scripted.url)
    gateway = rotated.start()
    rotated.change(gateway, "ins-a")
    rotated.path.rename(rotated.folder / "audit.log.1")
    gateway.signal(signal.SIGHUP)
    assert eventually(lambda: rotated.path.exists() and rotated.path.stat().st_size > 0)
    rotated.change(gateway, "ins-b")
    rotated.stop(gateway)
    return made


# ---- what he can do to lines ----

def rehash(lines, prev=chain.ZEROS, seq=1):
    """Numbers and hashes made anew; HMACs stay as they are, since he cannot make one."""
    made = []
    for line in lines:
        body = re.sub(r'^\{"seq":\d+,"prev":"[0-9a-f]{64}"', f'{{"seq":{seq},"prev":"{prev}"', line)
        body = body[:body.rindex(',"hash":"')]
        prev = hashlib.sha256(body.encode()).hexdigest()
        made.append(f'{body},"hash":"{prev}"}}')
        seq += 1
    return made


def behind(lines, record, more):
    """`more` made to go on from that record of `lines`."""
    head = json.loads(lines[record])
    return lines[:record + 1] + rehash(more, head["hash"], head["seq"] + 1)


def kind(line):
    return json.loads(line)["audit"]


def without_seals(lines):
    return [line for line in lines if kind(line) != "seal"]


def edit(line):
    return line.replace("ins-b", "ins-x").replace("network-console", "somebody-else")


def at(lines, wanted, number=0):
    """Where the so many-th line of that kind is."""
    return [index for index, line in enumerate(lines) if kind(line) == wanted][number]


ATTACKS = {}


def attack(world, title):
    def keep(function):
        ATTACKS[title] = (world, function)
        return function
    return keep


@attack("clean", "nothing is altered")
def nothing(world, worlds):
    pass


@attack("killed", "nothing is altered, the gateway was killed")
def nothing_after_a_kill(world, worlds):
    pass


@attack("clean", "a record before a seal is edited")
def edit_one(world, worlds):
    world.write([edit(line) for line in world.lines()])


@attack("clean", "the same, and all hashes behind it are made anew")
def edit_and_rehash(world, worlds):
    world.write(rehash([edit(line) for line in world.lines()]))


@attack("clean", "the first change is removed, and all hashes are made anew")
def remove_first(world, worlds):
    lines = world.lines()
    world.write(rehash(lines[:1] + lines[3:]))


@attack("clean", "the beginning of the file is removed, up to a seal")
def remove_beginning(world, worlds):
    lines = world.lines()
    world.write(lines[at(lines, "seal"):])


@attack("clean", "a change in the middle is removed, and all hashes are made anew")
def remove_middle(world, worlds):
    lines = world.lines()
    second = at(lines, "intent", 1)
    world.write(rehash(lines[:second] + lines[second + 2:]))


@attack("clean", "two changes are exchanged, and all hashes are made anew")
def reorder(world, worlds):
    lines = world.lines()
    one, other = at(lines, "intent", 1), at(lines, "intent", 2)
    lines[one], lines[other] = lines[other], lines[one]
    world.write(rehash(lines))


@attack("clean", "all seals are dropped, a record is edited, and all hashes are made anew")
def drop_all_seals(world, worlds):
    lines = [re.sub(r',"seal":\d+.*,"hmac":"[0-9a-f]{64}"', "", line) for line in without_seals(world.lines())]
    world.write(rehash([edit(line) for line in lines]))


@attack("clean", "the last seals are dropped, and what they sealed is edited")
def drop_last_seals(world, worlds):
    lines = world.lines()
    first = at(lines, "seal")
    world.write(behind(lines, first, [edit(line) for line in without_seals(lines[first + 1:])]))


@attack("clean", "the same, with times within one interval")
def drop_last_seals_and_squeeze(world, worlds):
    lines = world.lines()
    first = at(lines, "seal")
    moment = json.loads(lines[first])["time"]
    more = [re.sub(r'"time":"[^"]*"', f'"time":"{moment}"', edit(line), 1) for line in without_seals(lines[first + 1:])]
    world.write(behind(lines, first, more))


@attack("clean", "the file is cut off behind an earlier seal")
def cut_behind_a_seal(world, worlds):
    lines = world.lines()
    world.write(lines[:at(lines, "seal") + 1])


@attack("clean", "the file is cut off where a gateway had ended in order, or such an older copy is put back")
def put_a_copy_back(world, worlds):
    copy = world.path.read_bytes()
    gateway = world.start()
    world.change(gateway, "ins-d")
    world.stop(gateway)
    world.path.write_bytes(copy)


@attack("clean", "the file is cut off before a seal")
def cut_before_a_seal(world, worlds):
    lines = world.lines()
    world.write(lines[:at(lines, "seal", 1)])


@attack("clean", "the file is cut off in a seal, as if it were torn")
def cut_in_a_seal(world, worlds):
    lines = world.lines()
    end = at(lines, "seal", 1)
    world.path.write_text("".join(line + "\n" for line in lines[:end]) + lines[end][:80])


@attack("killed", "records behind the last seal are cut off")
def cut_unsealed(world, worlds):
    world.write(world.lines()[:-2])


@attack("killed", "records behind the last seal are edited or invented")
def edit_unsealed(world, worlds):
    lines = world.lines()
    world.write(behind(lines, 0, [edit(line) for line in lines[1:]]))


@attack("clean", "a change is put behind the last seal of a file that ended in order")
def invent(world, worlds):
    lines = world.lines()
    one = at(lines, "intent")
    world.write(behind(lines, len(lines) - 1, [edit(line) for line in lines[one:one + 2]]))


@attack("clean", "the file is removed")
def remove_all(world, worlds):
    world.path.unlink()


@attack("clean", "another gateway's file with the same key is put in its place")
def exchange_with_twin(world, worlds):
    shutil.copy(worlds["twin"].path, world.path)


@attack("clean", "another gateway's file with another key is put in its place")
def exchange_with_stranger(world, worlds):
    shutil.copy(worlds["stranger"].path, world.path)


@attack("clean", "the end of another gateway's file with the same key is put behind its beginning")
def splice(world, worlds):
    lines, other = world.lines(), worlds["twin"].lines()
    cut, more = at(lines, "seal"), at(other, "seal")
    world.write(behind(lines, cut, other[more + 1:]))


@attack("clean", "a record before a seal is edited while the gateway runs")
def edit_while_running(world, worlds):
    gateway = world.start()
    lines = [edit(line) for line in world.lines()]
    world.path.write_text("")       # the same file: it is not exchanged
    world.path.write_text("".join(line + "\n" for line in lines))
    world.change(gateway, "ins-d")
    world.stop(gateway)


@attack("clean", "the file is cut off while the gateway runs")
def cut_while_running(world, worlds):
    gateway = world.start()
    lines = world.lines()
    world.path.write_text("".join(line + "\n" for line in lines[:at(lines, "seal") + 1]))
    world.change(gateway, "ins-d")
    world.stop(gateway)


@attack("clean", "the file is removed while the gateway runs")
def remove_while_running(world, worlds):
    gateway = world.start()
    world.path.unlink()
    world.change(gateway, "ins-d")
    world.stop(gateway)
    assert len(gateway.notices("was removed; it goes on in a new one")) == 1


@attack("rotated", "a rotated file is edited")
def edit_rotated(world, worlds):
    old = world.folder / "audit.log.1"
    old.write_text("".join(line + "\n" for line in rehash([line.replace("ins-a", "ins-x")
                                                              for line in old.read_text().splitlines()])))


@attack("rotated", "the oldest file is removed")
def remove_rotated(world, worlds):
    (world.folder / "audit.log.1").unlink()


@attack("rotated", "the newest file is removed, older ones stay")
def remove_newest(world, worlds):
    world.path.unlink()


# ---- where it shows ----

def verdict(done):
    if done.returncode == 1:
        return "seen"
    return "told" if "no seal vouches for them" in done.stdout or "a gateway was killed, or" in done.stdout else "no"


def at_the_start(world):
    """What the next gateway writes about it."""
    world.stop(world.start())
    opened = [record for record in chain.records(world.path) if record["audit"] == "open"][-1]
    if "broken" in opened:
        assert (world.folder / opened["broken"]["file"]).exists()
        return "seen"
    found = opened.get("found", {"unsealed": 0, "last": True})
    return "told" if found["unsealed"] > 0 or not found["last"] else "no"


def documented():
    """The rows of the table of docs/audit.md."""
    text = (REPOSITORY / "docs/audit.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (seen|told|no) \| (seen|told|no) \| (seen|told|no) \| (seen|told|no) \|$", text, re.M)
    return {row[0]: row[1:] for row in rows}


def test_the_table_has_every_attack():
    assert list(documented()) == list(ATTACKS)


@pytest.mark.parametrize("title", ATTACKS)
def test_the_table(worlds, tmp_path, title):
    name, act = ATTACKS[title]
    world = worlds[name].copy(tmp_path / "world")
    act(world, worlds)
    before = verdict(world.verify()) if world.files else "no"
    start = at_the_start(world)
    after = verdict(world.verify())
    witness = verdict(world.verify("--witness", world.witness))
    assert (before, start, after, witness) == documented()[title]


# ---- what a start does about it ----

def metric(gateway, name):
    text = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))


def configured(world, **changed):
    """The same gateway with other values of `audit`."""
    lines = world.file.read_text().splitlines()
    number = next(number for number, line in enumerate(lines) if line.startswith("audit: "))
    lines[number] = "audit: " + json.dumps({**json.loads(lines[number].removeprefix("audit: ")), **changed})
    world.file.write_text("".join(line + "\n" for line in lines))
    return world


def is_refused(gateway):
    answer = gateway.delete()
    if answer.status == 202:
        return False
    assert answer.status == 503 and answer.json()["type"] == "urn:countersign:problem:unrecorded"
    assert answer.json()["outcome"] == "not-executed"
    return True


def test_changes_are_refused_until_an_operator_has_looked(worlds, tmp_path, upstream):
    world = worlds["clean"].copy(tmp_path / "world")
    edit_and_rehash(world, worlds)
    altered = world.path.read_bytes()
    for _ in range(2):      # a restart alone does not change it
        gateway = world.start()
        assert is_refused(gateway) and upstream.count() == 0
        assert gateway.ready()["audit"] == "did not hold and was set aside: changes are refused"
        assert metric(gateway, "countersign_audit_broken") == metric(gateway, "countersign_audit_refusing") == 1
        world.stop(gateway)
        assert "refuses changes since" in world.verify().stdout
    kept, = world.folder.glob("audit.log.broken-*")
    assert kept.read_bytes() == altered, "the evidence stays as it was"
    gateway = configured(world, on_broken="continue").start()
    assert not is_refused(gateway) and "audit" not in gateway.ready()
    world.stop(gateway)
    gateway = configured(world, on_broken="refuse").start()
    assert not is_refused(gateway) and metric(gateway, "countersign_audit_broken") == 0
    world.stop(gateway)
    done = world.verify()
    assert done.returncode == 0 and "since the file before did not hold" in done.stdout


def test_changes_go_on_where_the_operator_wants_it(worlds, tmp_path, upstream):
    world = configured(worlds["clean"].copy(tmp_path / "world"), on_broken="continue")
    drop_all_seals(world, worlds)
    gateway = world.start()
    assert not is_refused(gateway)
    assert gateway.ready()["audit"] == "did not hold and was set aside"
    assert (metric(gateway, "countersign_audit_broken"), metric(gateway, "countersign_audit_refusing")) == (1, 0)
    assert len(gateway.notices("the audit file does not hold and is kept as")) == 1
    world.stop(gateway)


def test_a_kill_does_not_stop_changes(worlds, tmp_path, upstream):
    """Its records are there and chained, and no seal vouches for them; nor for a line that it tore."""
    world = worlds["killed"].copy(tmp_path / "world")
    with world.path.open("a") as file:
        file.write('{"seq":6,"prev":"')
    gateway = world.start()
    assert not is_refused(gateway) and "audit" not in gateway.ready()
    assert len(gateway.notices("4 records behind its last seal have none")) == 1
    world.stop(gateway)
    done = world.verify()
    assert done.returncode == 0 and "records 2 to 5 had no seal when a gateway was started at" in done.stdout
    assert re.search(r"seals vouch for all up to 9 but for 4, sealed at \S+Z; 0 came later", done.stdout), done.stdout


def test_a_broken_file_that_cannot_be_kept(worlds, tmp_path):
    """No start on top of it.  A name that is longer than names may be stands for whatever is in the way."""
    world = worlds["clean"].copy(tmp_path / "world")
    edit_and_rehash(world, worlds)
    configured(world, file="a" * 250)
    before = world.path.read_bytes()
    world.path = world.path.rename(world.folder / ("a" * 250))
    done = run("serve", "-c", world.file)
    assert done.returncode == 1 and "cannot be kept: File name too long" in done.stderr, done.stderr
    assert world.path.read_bytes() == before


# ---- a second writer of such files, in Python ----

class Book:
    """Records as a gateway with the key would write them."""

    def __init__(self, key=KEY, every=60000, format=2):
        self.key, self.every, self.format = key, every, format
        self.lines, self.prev, self.seq, self.seal, self.before = [], chain.ZEROS, 0, 0, chain.ZEROS

    def put(self, kind, seconds, sealed=False, **members):
        self.seq += 1
        millis = round(seconds * 1000)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1.8e9 + millis // 1000)) + f".{millis % 1000:03}Z"
        record = {"seq": self.seq, "prev": self.prev, "audit": kind, "time": moment, **members}
        if sealed and self.format == 2:
            self.seal += 1
            record |= {"seal": self.seal, "before": self.before, "chain": "0123456789abcdef", "every": self.every}
        body = json.dumps(record, separators=(",", ":"))[:-1]
        if sealed:
            self.before = hmac.new(self.key.encode(), body.encode(), hashlib.sha256).hexdigest()
            body += f',"hmac":"{self.before}"'
        self.prev = hashlib.sha256(body.encode()).hexdigest()
        self.lines.append(f'{body},"hash":"{self.prev}"}}')

    def open(self, seconds=0, **members):
        more = {"format": 2} if self.format == 2 else {}
        self.put("open", seconds, sealed=self.format == 2, version="0.1.0", **more, **members)
        return self

    def change(self, seconds, name, outcome=True, request=None, **more):
        request = request or name
        self.put("intent", seconds, requestId=request, client="network-console", action="DetachClassicLinkVpc",
                 region="ap-guangzhou", params={"instanceIds": [name]}, verdict="allow", rule="staging-links", **more)
        if outcome:
            self.settle(seconds, request, self.seq)
        return self

    def settle(self, seconds, request, of):
        self.put("outcome", seconds, of=of, requestId=request, outcome="executed", status=202)
        return self

    def close(self, seconds, last=False):
        self.put("seal", seconds, sealed=True, **({"last": True} if last else {}))
        return self

    def write(self, path):
        path.write_text("".join(line + "\n" for line in self.lines))
        return path


@pytest.fixture
def key(tmp_path):
    return secret(tmp_path / "key", KEY)


def verify(key, *arguments, status=0):
    done = run("audit", "verify", *(["--key", key] if key else []), *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# ---- seals in time, and all of them ----

@pytest.mark.parametrize("seconds,status", [(59.9, 0), (60, 0), (60.001, 1), (3600, 1)])
def test_gaps_between_seals(tmp_path, key, seconds, status):
    """No gateway leaves records for longer than `every`; an interval without records is none."""
    book = Book().open().close(1000).change(5000, "ins-a").change(5000 + seconds, "ins-b").close(5000 + seconds)
    said = verify(key, book.write(tmp_path / "a"), status=status)
    assert ("there is no seal for longer than 60000 ms" in said) == (status == 1)


def test_the_first_record_is_sealed(tmp_path, key):
    book = Book()
    book.put("open", 0, version="0.1.0", format=2)
    book.change(1, "ins-a").close(2)
    verify(None, book.write(tmp_path / "a"))
    said = verify(key, tmp_path / "a", status=1)
    assert ":4: is sealed with number 1, and no seal before it is here: seals were removed" in said


def test_numbers_of_seals(tmp_path, key):
    """By the key's owner alone: two lines exchanged between chains, a number left out, one made twice."""
    for change in (lambda book: setattr(book, "seal", 5), lambda book: setattr(book, "seal", 0),
                   lambda book: setattr(book, "before", "1" * 64)):
        book = Book().open().change(1, "ins-a").close(2)
        change(book)
        said = verify(key, book.close(3).write(tmp_path / "a"), status=1)
        assert re.search(r":5: seal \d does not follow seal 2", said), said


def test_from_a_record_that_was_noted(tmp_path, key):
    book = Book().open().change(1, "ins-a").close(2, last=True)
    book.write(tmp_path / "old")
    noted = re.search(r"the last is (\d+) with hash ([0-9a-f]{64})", verify(key, tmp_path / "old")).groups()
    book.lines = []
    book.open(3).change(4, "ins-b").close(5).write(tmp_path / "new")
    assert "begins with record 1, behind hash " + chain.ZEROS in verify(key, tmp_path / "old", tmp_path / "new")
    assert f"begins with record 5, behind hash {noted[1]}" in verify(None, tmp_path / "new")
    assert "begins with record 5: give the files before it" in verify(key, tmp_path / "new", status=1)
    options = ["--from", noted[0], "--hash", noted[1]]
    assert "seals vouch for all up to 8" in verify(key, *options, tmp_path / "new")
    verify(None, *options, tmp_path / "new")
    verify(key, *options, tmp_path / "old", tmp_path / "new")       # it is among them
    for wrong in (["--from", "3", "--hash", noted[1]], ["--from", noted[0], "--hash", "1" * 64]):
        assert "nor does the first record follow it" in verify(key, *wrong, tmp_path / "new", status=1)
        assert "nor does the first record follow it" in verify(None, *wrong, tmp_path / "new", status=1)


@pytest.mark.parametrize("options", [["--from", "3"], ["--hash", "1" * 64], ["--from", "x", "--hash", "1" * 64],
                                     ["--from", "0", "--hash", "1" * 64], ["--from", "3", "--hash", "1" * 63],
                                     ["--witness"]])
def test_usage(options):
    done = run("audit", "verify", *options, "f")
    assert done.returncode == 2 and done.stderr


# ---- a file that is longer than a start reads ----

def long_book():
    """45 MiB, sealed at its ends and in its middle."""
    book = Book().open().change(0, "ins-first")
    for number in range(760):
        book.change(1, f"ins-{number}", filler="x" * 60000)
        if number % 100 == 0:
            book.close(1)
    return book.close(2, last=True)


def test_the_rest_of_a_long_file(tmp_path, upstream):
    """What a start had no time for is read while changes go on; nothing is sealed again."""
    world = World(tmp_path / "world", upstream.url)
    book = long_book()
    book.write(world.path)
    gateway = world.start()
    world.change(gateway, "ins-a")
    world.stop(gateway)
    assert not list(world.folder.glob("audit.log.broken-*")) and world.verify().returncode == 0
    text = world.path.read_bytes().replace(b"ins-first", b"ins-other", 1)
    world.path.write_bytes(text)
    gateway = world.start()
    assert eventually(lambda: metric(gateway, "countersign_audit_broken") == 1)
    assert is_refused(gateway)
    world.stop(gateway)
    kept, = world.folder.glob("audit.log.broken-*")
    assert kept.read_bytes().startswith(text)
    assert chain.records(world.path, key=KEY, prev=chain.ZEROS)[0]["broken"]["file"] == kept.name


def test_a_long_file_without_a_seal_at_its_end(tmp_path, upstream):
    """A start reads no more than 40 MiB; no gateway leaves as much without a seal."""
    world = World(tmp_path / "world", upstream.url)
    book = Book().open()
    for number in range(760):
        book.change(1, f"ins-{number}", filler="x" * 60000)
    book.write(world.path)
    gateway = world.start()
    assert is_refused(gateway)
    world.stop(gateway)
    assert "none of them is sealed" in chain.records(world.path)[0]["broken"]["why"]


# ---- files of older releases ----

def test_an_old_file_is_gone_on_with(tmp_path, upstream):
    world = World(tmp_path / "world", upstream.url)
    old = Book(format=1).open().change(1, "ins-a").close(2).change(3, "ins-b")
    old.write(world.path)
    said = world.verify()
    assert said.returncode == 0 and "seals vouch for all up to 4" in said.stdout and "2 came later" in said.stdout
    assert "up to 4 seals are of format 1" in said.stdout
    assert len(run("audit", "show", world.path).stdout.splitlines()) == 2
    gateway = world.start()
    assert not is_refused(gateway)
    world.stop(gateway)
    opened = next(record for record in chain.records(world.path, key=KEY) if record.get("found"))
    assert (opened["seal"], opened["found"]["format"], opened["found"]["unsealed"]) == (1, 1, 2)
    said = world.verify()
    assert said.returncode == 0 and "up to 4 seals are of format 1" in said.stdout
    assert "records 5 to 6 had no seal" in said.stdout
    assert len(run("audit", "show", world.path).stdout.splitlines()) == 3
    world.stop(world.start())
    assert world.verify().returncode == 0


def test_an_old_seal_behind_a_new_one(tmp_path, key):
    """Nobody without the key can make one; still, what is new does not become old again."""
    book = Book().open().change(1, "ins-a").close(2)
    book.format = 1
    assert "has a seal of format 1 behind seal 2" in verify(key, book.close(3).write(tmp_path / "a"), status=1)


@pytest.mark.parametrize("make", [lambda: Book(format=1, key=OTHER).open().change(1, "ins-a").close(2),
                                  lambda: Book(format=1).open().change(1, "ins-a")])
def test_an_old_file_without_a_seal_of_the_key(tmp_path, upstream, make):
    world = World(tmp_path / "world", upstream.url)
    make().write(world.path)
    gateway = world.start()
    assert is_refused(gateway)
    world.stop(gateway)


# ---- the witness ----

WITNESS = """#!/bin/sh
cd "$(dirname "$0")" || exit 2
test ! -e fail || exit 3
test ! -e hang || sleep 600
ls -l /proc/self/fd >fds
env >environment
printf '%s\\n' "$*" >arguments
cat >>witness.log
"""


@pytest.fixture
def commanded(tmp_path, upstream):
    """A world whose witness is a command in its folder."""
    world = World(tmp_path / "world", upstream.url)
    program = world.folder / "witness.sh"
    program.write_text(WITNESS)
    program.chmod(0o755)
    return configured(world, witness=[str(program), "one word", "$HOME;"])


def test_a_command_gets_each_seal_and_nothing_else(commanded):
    world = commanded
    gateway = world.start()
    world.change(gateway, "ins-a")
    sealed(world.path)
    world.stop(gateway)
    seals = [line for line, record in zip(world.lines(), chain.records(world.path)) if "hmac" in record]
    assert world.witness.read_text().splitlines() == seals
    assert (world.folder / "arguments").read_text() == "one word $HOME;\n", "no shell has read them"
    fds = re.findall(r"\b(\d+) -> (\S+)", (world.folder / "fds").read_text())
    assert [number for number, _ in fds] == ["0", "1", "2", "3"] and fds[3][1].startswith("/proc/"), fds   # ls has 3
    assert fds[0][1].startswith("pipe:") and fds[2][1] == "/dev/null"
    names = {line.split("=")[0] for line in (world.folder / "environment").read_text().splitlines()}
    assert names <= {"PATH", "HOME", "LANG", "PWD", "OLDPWD", "_", "SHLVL"}
    done = world.verify("--witness", world.witness)
    assert done.returncode == 0 and f"all seals of the witness are there: {len(seals)}" in done.stdout


@pytest.mark.parametrize("how", ["fail", "hang"])
def test_a_witness_that_fails_stops_no_change(commanded, how):
    world = commanded
    (world.folder / how).touch()
    gateway = world.start()
    for name in ("ins-a", "ins-b"):
        world.change(gateway, name)
    assert eventually(lambda: metric(gateway, "countersign_audit_witness_failures_total") > 0, 20 * SLOW)
    assert gateway.ready()["auditWitness"] == "did not get the last seal"
    world.change(gateway, "ins-c")
    (world.folder / how).unlink()
    assert eventually(lambda: world.change(gateway, "ins-d") and "auditWitness" not in gateway.ready(), 20 * SLOW)
    world.stop(gateway)
    assert len(gateway.notices("witness did not get a seal")) == 1
    assert len(gateway.notices("witness gets the seals again")) == 1
    done = world.verify("--witness", world.witness)
    assert done.returncode == 0, "the next seal vouches for those that it lacks"


def test_a_file_that_is_away_for_a_while(tmp_path, upstream):
    world = World(tmp_path / "world", upstream.url)
    configured(world, witness="mount/witness.log")
    gateway = world.start()
    assert eventually(lambda: metric(gateway, "countersign_audit_witness_failures_total") > 0)
    assert len(gateway.notices("cannot be opened: No such file or directory")) == 1
    (world.folder / "mount").mkdir()
    world.change(gateway, "ins-a")
    assert eventually((world.folder / "mount/witness.log").exists)
    world.stop(gateway)
    assert world.verify("--witness", world.folder / "mount/witness.log").returncode == 0


@pytest.mark.parametrize("line,words", [("hello", "line 1 is no seal"), (None, "cannot read")])
def test_a_witness_that_is_none(worlds, tmp_path, line, words):
    if line is not None:
        (tmp_path / "w").write_text(line + "\n")
    done = run("audit", "verify", "--witness", tmp_path / "w", worlds["clean"].path)
    assert done.returncode == 1 and words in done.stderr


@pytest.mark.parametrize("audit,words", [
    ({"file": "a", "witness": "w"}, "needs 'seal'"), ({"file": "a", "on_broken": "continue"}, "needs 'seal'"),
    ({"file": "a", "witness": []}, "a command of 1 to 64 words"), ({"file": "a", "witness": ["logger"]}, "absolute path"),
    ({"file": "a", "witness": {"file": "w"}}, "witness must be"), ({"file": "a", "on_broken": "stop"}, "refuse or continue"),
    ({"file": "a", "witness": "a", "seal": {"key": {"env": "COUNTERSIGN_SEAL"}}}, "another file")])
def test_configuration_errors(tmp_path, audit, words):
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"audit": audit}),
               env={**os.environ, "COUNTERSIGN_SEAL": KEY})
    assert done.returncode == 78 and "countersign.yaml:6:" in done.stderr and words in done.stderr, done.stderr


# ---- who did that, over several chains ----

def shown(*files):
    done = run("audit", "show", *files)
    return done, [re.search(r"instanceIds=(\S+)  (\S+)", line).groups() for line in done.stdout.splitlines()
                  if "instanceIds" in line]


def test_show_joins_nothing_across_chains(tmp_path):
    """The same numbers, and even the same request id, which a caller may choose: another chain is another chain."""
    Book().open().change(1, "ins-lost", outcome=False, request="same").write(tmp_path / "one")
    Book().open().change(1, "ins-new", request="same").write(tmp_path / "two")
    done, rows = shown(tmp_path / "one", tmp_path / "two")
    assert rows == [("ins-lost", "unrecorded"), ("ins-new", "executed")] and done.returncode == 0
    assert "another chain begins" in done.stderr
    _, rows = shown(tmp_path / "two", tmp_path / "one")
    assert rows == [("ins-new", "executed"), ("ins-lost", "unrecorded")]


def test_show_joins_nothing_across_a_hole(tmp_path):
    """Another gateway's records, or some that are missing: an outcome there belongs to nothing here."""
    one = Book().open().change(1, "ins-lost", outcome=False, request="same").write(tmp_path / "one")
    two = Book(key=OTHER).open().change(1, "ins-a", outcome=False, request="same").settle(2, "same", 2)
    (tmp_path / "both").write_text(one.read_text() + two.lines[2] + "\n")
    done, rows = shown(tmp_path / "both")
    assert rows == [("ins-lost", "unrecorded")] and done.returncode == 1 and len(done.stdout.splitlines()) == 2


def test_show_joins_by_request_within_a_chain(tmp_path):
    """Two changes with the request id of their caller's choice, their outcomes in the other order; one that names
    another request settles nothing."""
    book = Book().open().change(1, "ins-a", outcome=False, request="same").change(1, "ins-b", outcome=False, request="same")
    book.settle(2, "same", 3).settle(2, "other", 2)
    _, rows = shown(book.write(tmp_path / "a"))
    assert sorted(rows) == [("ins-a", "unrecorded"), ("ins-b", "executed")]


def test_show_over_a_restart_with_a_new_file(worlds, tmp_path, upstream):
    world = worlds["killed"].copy(tmp_path / "world")
    world.write(world.lines()[:-1])         # the last outcome was never written
    world.path.rename(world.folder / "audit.log.1")
    gateway = world.start()
    world.change(gateway, "ins-c")
    world.stop(gateway)
    done, rows = shown(*world.files)
    assert sorted(rows) == [("ins-a", "executed"), ("ins-b", "unrecorded"), ("ins-c", "executed")]
    assert done.returncode == 0
