#!/usr/bin/python3
"""bench/keys.py [CHANGES [SEED [store]]] - with an Idempotency-Key no change is executed twice, answered wrongly or lost.

Three gateways that share a redis-server with a replica stand behind HAProxy, with the configuration that ships.  The
upstream is that of bench/at_most_once.py: it breaks off at every byte, and keeps a journal of what it executed.
Meanwhile, at random, gateways are killed and started again; the store is stopped, slow, full, killed and started again,
or hands over to its replica; and its clock is set by up to 20 seconds either way.  32 clients ask for a change under its
key until they know what became of it, and afterwards once more.  Each answer is held against the journal.  A change that
was told as executed, and then as one that nobody knows, is asked for again at the end, when all gateways have told what
they know.  Where nobody knows it even then, the gateway that answered must have been killed afterwards, since it may not
have told the store yet; with `store` no gateway is killed, and there may be no such change.  Exit 0 when all of that is
true.  The store writes through to its file, and waits for its replica before it hands over, since one that forgets is no
part of the promise.  Loopback only, bounded, ends what it started."""
import asyncio
import collections
import datetime
import json
import os
import pathlib
import random
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.request

from at_most_once import start_upstream

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.certificates import Certificates  # noqa: E402
from harness.edge import Edge, Member  # noqa: E402
from harness.gateway import TOKEN  # noqa: E402
from harness.redis import Redis  # noqa: E402
from harness.world import PATIENCE, eventually, free_port  # noqa: E402

CLIENTS = 32
GATEWAYS = "abc"
DEADLINE_S = 2              # of a call: a claim whose gateway died is known to be unknown that long after
PAUSE_S = 0.05              # before a change is asked for again
UNDECIDED_S = 30 * PATIENCE
ANSWER_S = 4 * PATIENCE
BACK_S = 1                  # within which gateways that work find a store that is there again
KEPT = re.compile(rb"\r\nIdempotency-Replayed: true\r\n", re.I)

# One answer: what is decided, or None; the status; the body; whether it is that of an earlier request; the request's id;
# and when it came.
Said = collections.namedtuple("Said", "outcome status body kept request when")
# What was done, to whom, and from when until when.  Of a gateway: until it was dead.
Harm = collections.namedtuple("Harm", "what who begun ended")


class Caller:
    """A client over TLS, which asks for one change after the other until each is decided."""

    def __init__(self, edge, context, changes, told):
        self.edge, self.context, self.changes, self.told = edge, context, changes, told
        self.writer = None

    async def run(self):
        for change in self.changes:
            said = self.told[change] = []
            await self.decide(change, said)
            await self.decide(change, said)         # and once more: it must be the same
        self.leave()

    async def decide(self, change, said):
        until = time.monotonic() + UNDECIDED_S
        said.append(await self.ask(change, len(said)))
        while not said[-1].outcome and time.monotonic() < until:
            await asyncio.sleep(PAUSE_S)
            said.append(await self.ask(change, len(said)))

    def leave(self):
        if self.writer is not None:
            self.writer.close()
        self.writer = None

    async def ask(self, change, turn):
        request = f"change-{change}-{turn}"
        try:
            meaning = self.meaning(*await asyncio.wait_for(self.exchange(change, request), ANSWER_S))
        except (OSError, EOFError, asyncio.TimeoutError):
            self.leave()
            meaning = None, "lost", b"", False
        return Said(*meaning, request, time.time())

    async def exchange(self, change, request):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.edge.address, self.edge.port, ssl=self.context)
        body = b'{"instanceIds":["ins-%d"]}' % change
        self.writer.write(b"DELETE /vpcs/vpc-2ari9m7h/classiclinks HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer %s\r\n"
                          b"X-Request-Id: %s\r\nIdempotency-Key: change-%d\r\n"
                          b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                          % (TOKEN.encode(), request.encode(), change, len(body), body))
        head = await self.reader.readuntil(b"\r\n\r\n")
        body = await self.reader.readexactly(int(re.search(rb"content-length: (\d+)", head.lower()).group(1)))
        if b"connection: close" in head.lower():
            self.leave()
        return head, body

    @staticmethod
    def meaning(head, body):
        status, kept = int(head[9:12]), bool(KEPT.search(head))
        if status == 202:
            return "executed", status, body, kept
        told = json.loads(body)
        if told.get("outcome") == "unknown":        # the edge's word, or a gateway's first: its store's is the last
            return ("unknown" if kept else None), status, body, kept
        return (None if told["retryable"] else told["outcome"]), status, body, kept


class Store:
    """Two redis-servers with one clock: a master, and its replica."""

    WRITES_THROUGH = ("--appendonly", "yes", "--appendfsync", "always", "--bind", "127.0.0.1")

    def __init__(self, folder, started):
        self.ports = {}
        self.clock = folder / "clock"
        self.set_clock(0)
        for name in ("master", "replica"):
            (folder / name).mkdir()
        self.master = self.begin(folder / "master", started)
        self.replica = self.begin(folder / "replica", started, *self.follow(self.master))
        self.servers = [self.master.server, self.replica.server]

    def begin(self, folder, started, *more):
        port = free_port()
        server = Redis(folder, "store", *self.WRITES_THROUGH, "--port", str(port), *more, clock=self.clock)
        self.ports[server] = str(port)
        started.append(server.kill)
        return server

    def follow(self, server):
        return "--replicaof", "127.0.0.1", self.ports[server]

    def set_clock(self, seconds):
        other = self.clock.with_suffix(".new")
        other.write_text(f"{seconds}\n")
        other.rename(self.clock)

    def restart(self):
        self.master.options = (*self.WRITES_THROUGH, "--port", self.ports[self.master])
        self.master.start()

    def hand_over(self):
        """True when it was done: a replica that has yet to catch up takes nothing over."""
        if not self.master.ask("FAILOVER", "TO", "127.0.0.1", self.ports[self.replica], "TIMEOUT", "2000").startswith(b"+OK"):
            return False
        if not eventually(lambda: b"no-failover" in self.master.ask("INFO", "replication")):
            raise AssertionError("the store neither handed over nor gave up")
        if b"role:master" in self.master.ask("INFO", "replication"):
            return False
        self.master, self.replica = self.replica, self.master
        return True


class Chaos(threading.Thread):
    """Does harm until it is told to end; then all are there."""

    def __init__(self, members, store, seed, spared):
        super().__init__()
        self.members, self.store, self.random, self.spared = members, store, random.Random(seed), spared
        self.over = threading.Event()
        self.done = collections.Counter()
        self.journal = []
        self.ended = False

    def run(self):
        acts = [self.stop_store, self.kill_store, self.slow_store, self.fill_store, self.set_clock, self.hand_over]
        acts += [] if self.spared else [self.kill_gateway] * 2
        while not self.over.wait(self.random.uniform(0.2, 1.0)):
            act = self.random.choice(acts)
            begun = time.time()
            if act() is not False:
                self.done[act.__name__] += 1
            if act != self.kill_gateway:
                self.journal.append(Harm(act.__name__, "store", begun, time.time()))
        self.ended = True

    def kill_gateway(self):
        member = self.random.choice(self.members)
        begun = time.time()
        member.stop(signal.SIGKILL)
        self.journal.append(Harm("kill_gateway", member.folder.name, begun, time.time()))
        member.start()

    def stop_store(self, shortest=0.05, longest=0.8):
        self.store.master.freeze()
        self.over.wait(self.random.uniform(shortest, longest))
        self.store.master.thaw()

    def slow_store(self):
        """So that some answers come after the 50 ms that a gateway waits, and most of them before."""
        for _ in range(20):
            self.stop_store(0.01, 0.06)
            self.over.wait(0.01)

    def fill_store(self):
        self.store.master.ask("CONFIG", "SET", "maxmemory", "1")
        self.over.wait(self.random.uniform(0.05, 0.5))
        self.store.master.ask("CONFIG", "SET", "maxmemory", "0")

    def kill_store(self):
        self.store.master.kill()
        self.over.wait(self.random.uniform(0.05, 0.5))
        self.store.restart()

    def set_clock(self):
        self.store.set_clock(self.random.randint(-20, 20))

    def hand_over(self):
        return self.store.hand_over()

    def end(self):
        self.over.set()
        self.join()
        assert self.ended, "an act of harm failed: see above"


def third(members):
    """HAProxy's file has two gateways: another line like them for the third."""
    def change(text):
        address = members[2].address
        text = re.sub(r"(    server )b( .*check port 9090)", rf"\1b\2\n\1c {address}:8080 check port 9090", text)
        return re.sub(r"(    server )b( .*track reads/)b", rf"\1b\2b\n\1c {address}:8080 track reads/c", text)
    return change


async def progress(told, count, chaos):
    while True:
        await asyncio.sleep(10)
        print(f"  {len(told)} of {count} changes begun, harm done {sum(chaos.done.values())} times", file=sys.stderr, flush=True)


def doubted(told):
    """Changes that were told as executed, and then as ones that nobody knows: both answers."""
    words = ((change, [one for one in said if one.outcome]) for change, said in told.items())
    return {change: (said[0], said[1]) for change, said in words if len(said) > 1 and is_untold(said[0], said[1])}


async def ask_again(edge, context, told):
    caller = Caller(edge, context, (), told)
    for change in doubted(told):
        await caller.decide(change, told[change])
    caller.leave()


def has_told(member):
    with urllib.request.urlopen(f"http://{member.address}:9090/metrics", timeout=PATIENCE) as page:
        return b"\ncountersign_state_unsettled 0\n" in page.read()


async def call_all(edge, context, count, chaos):
    told = {}
    changes = iter(range(1, count + 1))
    teller = asyncio.create_task(progress(told, count, chaos))
    await asyncio.gather(*(Caller(edge, context, changes, told).run() for _ in range(CLIENTS)))
    teller.cancel()
    return told


def is_same(one, other):
    """Byte for byte.  A change that "was never answered" has no answer to be given again, and a gateway that is slow to
    settle it, since the store was away, may know better a moment later."""
    return one[:3] == other[:3] or is_unanswered(one)


def is_unanswered(said):
    return said.outcome == "unknown" and b"was never answered" in said.body


def is_untold(one, other):
    """Told as executed by the gateway that did it, and a repeat learned that nobody knows."""
    return one.outcome == "executed" and not one.kept and is_unanswered(other)


class Trace:
    """Why a change is untold.  A limit of the promise (docs/state.md): the store did not answer when the gateway had the
    answer, be it for harm or since the machine is busy, and the gateway was killed before it could tell it.  How long it
    tries depends on the machine, so each later kill counts: that it goes on until it is killed is what a run with `store`
    shows.  Each gateway's audit file says what it answered."""

    def __init__(self, folder, journal, zero):
        self.folder, self.journal, self.zero = folder, journal, zero

    def outcomes(self, requests):
        """Request -> the gateway that recorded its outcome, and when: before it told the store, or the caller."""
        found = {}
        for name in GATEWAYS:
            with open(self.folder / f"{name}.log", encoding="utf-8") as file:
                for line in file:
                    if '"audit":"outcome"' in line and any(f'"{one}"' in line for one in requests) and line.endswith("}\n"):
                        record = json.loads(line)
                        when = datetime.datetime.fromisoformat(record["time"]).timestamp()
                        found[record["requestId"]] = name, when
        return found

    def why(self, untold):
        """A sentence about each, and whether it is explained."""
        outcomes = self.outcomes({one.request for one, _ in untold.values()})
        for change, (one, other) in untold.items():
            name, known = outcomes.get(one.request, (None, one.when))
            killed = any(harm.who == name and harm.ended >= known for harm in self.journal)
            met = [harm for harm in self.journal if harm.begun <= other.when and harm.ended + BACK_S >= known]
            yield f"{change}: {self.story(name, known, one, other, met)}", killed

    def story(self, name, known, one, other, met):
        def at(when):
            return f"{when - self.zero:.3f}"
        harm = "; ".join(f"{harm.what} {harm.who} {at(harm.begun)} to {at(harm.ended)}" for harm in met)
        return f"{name} knew at {at(known)} s, its caller at {at(one.when)}; [{harm}]; unknown to a repeat at {at(other.when)}"


def judge(count, told, journal, trace):
    """Every word about a change against what the upstream did.  The number of lies."""
    words = {change: [one for one in said if one.outcome] for change, said in told.items()}
    final = collections.Counter(said[-1].outcome for said in words.values() if said)
    ends = [(n, said[0], said[-1]) for n, said in words.items() if len(said) > 1]
    late = doubted(told)
    untold = {n: late.pop(n) for n, one, other in ends if is_untold(one, other)}
    whys = list(trace.why(untold))

    def say(outcome):
        return [n for n, said in words.items() if any(one.outcome == outcome for one in said)]
    lies = {
        "executed twice": [n for n, times in journal.executed.items() if times > 1],
        "'executed' that was not": [n for n in say("executed") if not journal.executed[n]],
        "'not-executed' that was": [n for n in say("not-executed") if journal.executed[n]],
        "another change's answer": [n for n, said in words.items()
                                    if any(one.status == 202 and json.loads(one.body)["taskId"] != n for one in said)],
        "another answer afterwards": [n for n, one, other in ends if not is_same(one, other) and n not in untold],
        "untold without a kill": [n for n, (_, explained) in zip(untold, whys) if not explained],
        "undecided": [n for n in range(1, count + 1) if len(words.get(n, ())) < 2],
    }
    really = sum(1 for n in say("unknown") if journal.executed[n])
    every = collections.Counter(said.status for one in told.values() for said in one)
    print(f"  decided: {dict(final)}; of the unknown {really} were executed")
    print(f"  answers: {dict(sorted(every.items(), key=str))}; given again: {sum(s.kept for one in told.values() for s in one)}")
    for name, found in lies.items():
        for change in found[:5]:
            print(f"  {name}: {change}, executed {journal.executed[change]} times: {told.get(change)}")
    for why, _ in whys:
        print(f"  untold: {why}")
    print("  " + ", ".join(f"{name}: {len(found)}" for name, found in lies.items())
          + f"; untold by a kill: {sum(explained for _, explained in whys)}, told late: {len(late)}")
    return sum(map(len, lies.values()))


def run(folder, count, seed, spared, started):
    certificates = Certificates(folder)
    upstream, pipe, port = start_upstream(None)
    started.append(lambda: (upstream.terminate(), upstream.join()))
    store = Store(folder, started)
    members = []
    for name in GATEWAYS:
        top = {"state": {"redis": {"servers": store.servers}}, "instance": name, "audit": {"file": str(folder / f"{name}.log")}, "workers": 64}
        members.append(Member(folder / name, f"http://127.0.0.1:{port}/v2/index.php", top=top, timeout="1s",
                              deadline=f"{DEADLINE_S}s").start())
        started.append(lambda member=members[-1]: member.stop())
    edge = Edge(folder, certificates.good, members, third(members))
    started.append(edge.stop)
    for name in GATEWAYS:
        edge.wait_for(name, "UP")
    chaos = Chaos(members, store, seed, spared)
    begun = time.time()
    chaos.start()
    try:
        told = asyncio.run(call_all(edge, edge.context(certificates.authority.file), count, chaos))
    finally:
        chaos.end()
    print(f"  {time.time() - begun:.1f} s; {dict(chaos.done)}")
    assert eventually(lambda: all(map(has_told, members)), 6 * PATIENCE), "answers that nobody takes"
    asyncio.run(ask_again(edge, edge.context(certificates.authority.file), told))
    pipe.send("end")
    return judge(count, told, pipe.recv(), Trace(folder, chaos.journal, begun))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    spared = sys.argv[3:] == ["store"]
    kind = ", of which none is killed" if spared else ""
    print(f"{count} changes by {CLIENTS} clients, {len(GATEWAYS)} gateways{kind}, seed {seed}:", flush=True)
    started = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that what was started is ended then, too
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        try:
            lies = run(pathlib.Path(folder), count, seed, spared, started)
        finally:
            for end in reversed(started):
                end()
    print("every answer is true" if lies == 0 else f"{lies} lies")
    return lies != 0


if __name__ == "__main__":
    sys.exit(main())
