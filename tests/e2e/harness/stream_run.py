"""Streams thrown at a running gateway, many connections at a time, and what came of them held against the strict reader.

Each connection comes from an address of its own, so that an access line tells which stream it belongs to.  Two
processes throw; one is the upstream and writes down what it was asked for.  After each batch, once the gateway has
nothing in flight, three things are looked at: what the upstream was asked for, whom the access lines name, and how many
answers each connection got."""

import collections
import json
import multiprocessing
import os
import re
import selectors
import socket
import time

from .gateway import Gateway
from .process import binary
from .scrape import scrape
from .streams import ATTACKERS, VICTIMS, stream
from .strict_http import read
from .world import PATIENCE, SLOW, eventually

THROWERS = 2
AT_A_TIME = 8           # connections of each
BATCH = 4000            # streams between two looks
HOLD = 0.02             # seconds for which an unfinished stream stays open before its sending side ends
PATIENT = 8 * SLOW      # more than the gateway's own deadline for a header
CLIENTS = {token: f"victim-{n}" for n, token in enumerate(VICTIMS)} | {
    token: f"attacker-{n}" for n, token in enumerate(ATTACKERS)}
RULES = {
    "version": 1,
    "clients": {name: {"tokens": [("only", token, "2099-12-31")]} for token, name in CLIENTS.items()},
    "sets": {},
    "rules": [{"id": "all", "allow": ["*"], "actions": ["*"]}],
}
ANSWER = json.dumps({"code": 0, "message": "", "codeDesc": "Success", "taskId": 1, "totalCount": 0, "data": []}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
VPC = re.compile(rb"vpcId=([0-9a-z_-]+)")


class Logged(Gateway):
    """Its access lines go to a file: there are more of them than a list of a test's should hold."""

    def __init__(self, file, log):
        self.log = log
        super().__init__(file)

    def command(self, arguments):
        return ["sh", "-c", 'log=$1; shift; exec "$@" >"$log"', "sh", str(self.log), binary(), *map(str, arguments)]


# ---- the upstream ----

def answer_all(listener, path):
    """Answers each request alike, after the VPC that it names is in the file."""
    chosen = selectors.DefaultSelector()
    chosen.register(listener, selectors.EVENT_READ)
    record = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    pending = {}
    while True:
        for key, _ in chosen.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                chosen.register(connection, selectors.EVENT_READ)
                pending[connection] = b""
                continue
            connection = key.fileobj
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            if not data:
                chosen.unregister(connection)
                connection.close()
                del pending[connection]
                continue
            *heads, pending[connection] = (pending[connection] + data).split(b"\r\n\r\n")
            for head in heads:
                os.write(record, (VPC.search(head) or [b"", b"?"])[1] + b"\n")
                connection.sendall(ANSWER)


# ---- one connection ----

class Throw:
    """A stream on its way: pieces out, answers in."""

    def __init__(self, what, port):
        self.what, self.said, self.left = what, b"", list(what.pieces)
        self.began = self.held = time.monotonic()
        self.socket = socket.socket()
        self.socket.bind((source_of(what.number), 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.finished = False
        self.send()

    def send(self):
        """The next piece, or the end."""
        if self.finished:
            return
        try:
            if self.left:
                sent = self.socket.send(self.left[0])
                self.left[0] = self.left[0][sent:]
                if not self.left[0]:
                    del self.left[0]
                self.held = time.monotonic()
            elif not self.what.hold or time.monotonic() - self.held > HOLD:
                self.finished = True
                self.socket.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError:
            self.finished = True            # it has heard enough; what it said can still be read

    def receive(self):
        """False when that was all."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.said += data
        return bool(data)


def source_of(number):
    return f"127.{1 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"


def number_of(source):
    _, a, b, c = map(int, source.split("."))
    return (a - 1) << 16 | b << 8 | c


def throw(port, wanted):
    """(stream, what was answered) of each; at most AT_A_TIME at once."""
    chosen = selectors.DefaultSelector()
    open_now, done = set(), []
    wanted = iter(wanted)
    more = True
    while more or open_now:
        while more and len(open_now) < AT_A_TIME:
            what = next(wanted, None)
            more = what is not None
            if more:
                one = Throw(what, port)
                chosen.register(one.socket, selectors.EVENT_READ, one)
                open_now.add(one)
        for key, _ in chosen.select(0.0005):
            if not key.data.receive():
                finish(chosen, open_now, done, key.data)
        for one in list(open_now):
            one.send()
            if time.monotonic() - one.began > PATIENT:
                finish(chosen, open_now, done, one)
    return done


def finish(chosen, open_now, done, one):
    chosen.unregister(one.socket)
    one.socket.close()
    open_now.remove(one)
    done.append((one.what, one.said))


# ---- what came of them ----

def statuses(said, methods):
    """Of the final answers, read by their lengths; None for what is no answer at all."""
    found = []
    while said:
        head, end, said = said.partition(b"\r\n\r\n")
        matched = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        if not matched:
            return found + [None]
        status = int(matched.group(1))
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        method = methods[len(found)] if len(found) < len(methods) else ""
        if length and method != "HEAD" and status not in (204, 304):
            said = said[int(length.group(1)):]
        if status >= 200:
            found.append(status)
    return found


def short(piece):
    """To be read; stream() has it all."""
    shown = re.sub(rb"(.)\1{9,}", lambda run: b"%s{%d}" % (run.group(1), len(run.group())), piece)
    return shown[:500]


def vpc_of(request):
    parts = request.segments()
    return parts[1] if len(parts) > 1 and parts[0] == "vpcs" else None


def allowed(reading):
    """(client, method, VPC) of what may be executed."""
    return collections.Counter((CLIENTS.get(request.token), request.method, vpc_of(request)) for request in reading.requests)


class Thrower:
    """Throws its share of a batch, and says what was wrong with its own streams."""

    def __init__(self, share, port, log, seed):
        self.share, self.port, self.log, self.seed = share, port, log, seed
        self.readings, self.complaints = {}, []

    def batch(self, first, last):
        """The VPCs that may be asked for, how often."""
        self.readings, self.complaints, vpcs = {}, [], collections.Counter()
        mine = (stream(self.seed, number) for number in range(first + self.share, last, THROWERS))
        served = expected = 0
        for what, said in throw(self.port, mine):
            reading = read(what.data)
            answers = statuses(said, [request.method for request in reading.requests])
            self.readings[what.number] = reading
            if len(answers) > reading.answers or None in answers:
                self.complain(what.number, f"{len(answers)} answers {answers}, {reading.answers} at most")
            if what.family == "victim":
                expected += len(reading.requests)
                served += sum(status in (200, 202) for status in answers)
            vpcs.update(vpc_of(request) for request in reading.requests if request.token in CLIENTS)
        return vpcs, served, expected

    def look(self, start, end):
        """At the access lines in that part of the file."""
        with open(self.log, "rb") as file:
            file.seek(start)
            lines = file.read(end - start).splitlines()
        executed = collections.defaultdict(collections.Counter)
        for line in lines:
            if b'"client"' not in line:
                continue
            record = json.loads(line)
            number = number_of(record["source"])
            if number not in self.readings:
                continue
            reading = self.readings[number]
            tokens = [request.token for request in reading.requests] + [reading.token]
            if record["client"] not in {CLIENTS.get(token) for token in tokens}:
                self.complain(number, f"a token that was not there: {line.decode()}")
            if "attempts" in record:
                executed[number][record["client"], record["method"], record.get("params", {}).get("vpcId")] += 1
        for number, counts in executed.items():
            if extra := counts - allowed(self.readings[number]):
                self.complain(number, f"executed, not allowed: {dict(extra)}")
        return self.complaints

    def complain(self, number, what):
        self.complaints.append((number, what))


def work(pipe, *arguments):
    thrower = Thrower(*arguments)
    while (order := pipe.recv()) is not None:
        pipe.send(getattr(thrower, order[0])(*order[1:]))


def gravest(complaint):
    """First what was executed, or by whom; then what was only answered."""
    return not re.match("executed|a token", complaint[1]), complaint[0]


class Run:
    """A gateway, its upstream and the throwers, until done()."""

    def __init__(self, folder, configure, seed, workers=24):
        self.seed, self.folder = seed, folder
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.asked = folder / "asked"
        self.children = [multiprocessing.Process(target=answer_all, args=(listener, self.asked), daemon=True)]
        self.children[0].start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v2/index.php"
        listener.close()
        self.log = folder / "access"
        self.gateway = Logged(configure(folder, url, rules=RULES, slots=6, timeout=f"{PATIENCE:.0f}s",
                                        top={"workers": workers}), self.log)
        self.pipes = []
        for share in range(THROWERS):
            ours, theirs = multiprocessing.Pipe()
            self.children.append(multiprocessing.Process(
                target=work, args=(theirs, share, self.gateway.port, self.log, seed), daemon=True))
            self.children[-1].start()
            self.pipes.append(ours)
        self.read = self.known = 0          # bytes of the two files that were looked at
        self.served = self.expected = self.executed = 0

    def order(self, *words):
        for pipe in self.pipes:
            pipe.send(words)
        return [pipe.recv() for pipe in self.pipes]

    def batch(self, first, last):
        """Complaints as sentences."""
        results = self.order("batch", first, last)
        scrape(self.gateway)                # until nothing is in flight
        self.sentinel()
        size = self.log.stat().st_size
        complaints = [complaint for some in self.order("look", self.read, size) for complaint in some]
        self.read = size
        vpcs = sum((result[0] for result in results), collections.Counter())
        self.served += sum(result[1] for result in results)
        self.expected += sum(result[2] for result in results)
        return self.unasked(vpcs) + [self.sentence(*complaint) for complaint in sorted(complaints, key=gravest)]

    def sentinel(self):
        """Its access line is behind those of all that came before."""
        name = f"sentinel-{self.read}"
        assert self.gateway.call("GET", "/", headers={"X-Request-Id": name,
                                 "Authorization": f"Bearer {VICTIMS[0]}"}).status == 404
        assert eventually(lambda: name.encode() in self.tail(), every=0.005), "the log is late"

    def tail(self):
        with open(self.log, "rb") as file:
            file.seek(self.read)
            return file.read()

    def unasked(self, vpcs):
        """What the upstream was asked for, and no stream has."""
        with open(self.asked, "rb") as file:
            file.seek(self.known)
            data = file.read()
        self.known += len(data)
        asked = collections.Counter(data.decode().split())
        self.executed += sum(asked.values())
        return [f"the upstream was asked {times} times too often about {vpc}" for vpc, times in (asked - vpcs).items()]

    def sentence(self, number, what):
        one = stream(self.seed, number)
        reading = read(one.data)
        return (f"stream {number} of seed {self.seed} ({one.family}; {reading.end} {reading.why}): {what}\n"
                f"    {[short(piece) for piece in one.pieces]}")

    def done(self):
        for pipe in self.pipes:
            pipe.send(None)
        for child in self.children[1:]:
            child.join(PATIENCE)
        for child in self.children:
            child.terminate()
            child.join(PATIENCE)
