#!/usr/bin/python3
"""bench/at_most_once.py [CHANGES] [GET|POST|TLS]... - no change is executed twice, and no answer lies about one.

An upstream closes its connections at every byte position of the request and of the answer, with FIN and with RST, also
while a pooled connection is idle, refuses some calls for their rate or their clock, and is gone now and then.  It keeps
a journal of what it executed: every change names an instance of its own.  Afterwards each answer of the gateway is held
against that journal.  Exit 0 when all of them are true.  Loopback only, bounded, ends what it started."""
import asyncio
import collections
import json
import multiprocessing
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.certificates import Certificates  # noqa: E402
from harness.gateway import TOKEN, configure  # noqa: E402
from harness.process import binary, environment  # noqa: E402

CLIENTS = 48
SLOTS = 32
AWAY_EVERY = 5000       # requests; then the upstream does not listen for AWAY_S
AWAY_S = 0.3
ASKED_AGAIN = 20
NUMBER = re.compile(rb"instanceIds\.0=ins-(\d+)")
SIGNATURE = re.compile(rb"Signature=([^& \r\n]+)")
ANSWER = (b"HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")


def answer(body):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode()
    return ANSWER % (date, len(body), body)


class Journal:
    """What the upstream did: the truth."""

    def __init__(self):
        self.requests = 0
        self.executed = collections.Counter()       # by the number of the change
        self.last = {}                              # what the upstream did last with a change: served, refused, cut
        self.closed_idle = 0                        # connections that were closed without a request in them
        self.signatures = set()
        self.cuts = {"request": collections.Counter(), "answer": collections.Counter()}


class Line(asyncio.Protocol):
    """One connection.  What becomes of request n is a function of n: half are served well, so that connections are
    pooled; the rest sweep over the positions."""

    def __init__(self, upstream):
        self.upstream, self.journal, self.data = upstream, upstream.journal, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        if end and len(body) >= (int(length.group(1)) if length else 0):
            whole, self.data = self.data, b""
            self.serve(whole)

    def end(self, reset):
        if reset:
            self.transport.abort()      # an abort alone is a FIN: what makes it an RST is the zero linger
        else:
            self.transport.close()

    def linger(self):
        self.transport.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER

    def execute(self, change, fate="served"):
        self.journal.executed[change] += 1
        self.journal.last[change] = fate
        return answer(b'{"code":0,"message":"","taskId":%d}' % change)

    def serve(self, request):
        journal = self.journal
        change = int(NUMBER.search(request).group(1))
        journal.signatures.add(SIGNATURE.search(request).group(1))
        turn = journal.requests
        journal.requests += 1
        if turn % AWAY_EVERY == AWAY_EVERY - 1:
            self.upstream.leave()
        if turn % 20 == 10:
            journal.last[change] = "refused"
            self.transport.write(answer(b'{"code":%d,"message":"(1)no"}' % (4400 if turn % 40 == 10 else 4500)))
        elif turn % 20 == 0:            # served well, then closed while it is idle, or just being taken
            journal.closed_idle += 1
            self.transport.write(self.execute(change))
            asyncio.get_running_loop().call_later(turn % 7 / 2000, self.transport.close)
        elif turn % 2:
            self.transport.write(self.execute(change))
        else:
            self.cut(request, change, turn // 2)

    def cut(self, request, change, sweep):
        """Position 0 of the request: nothing was read.  Its last: all but one byte.  The upstream executes what it
        has read to its end, and nothing else.  Of an answer the position after its last byte is there too."""
        reset = sweep // 2 % 3 == 0
        self.journal.last[change] = "cut"
        if reset:
            self.linger()
        if sweep % 2:
            self.journal.cuts["request"][sweep // 2 % len(request)] += 1
        else:
            whole = self.execute(change, "cut")
            position = sweep // 2 % (len(whole) + 1)
            self.journal.cuts["answer"][position] += 1
            self.transport.write(whole[:position])
        self.end(reset)


class Upstream:
    def __init__(self, certificate):
        self.journal = Journal()
        self.server = None
        self.port = 0
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate.certificate, certificate.key)

    async def listen(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Line(self), "127.0.0.1", self.port, backlog=512, reuse_address=True,
                                               ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    def leave(self):
        """Stops listening; connections that are open stay."""
        self.server.close()
        loop = asyncio.get_running_loop()
        loop.call_later(AWAY_S, lambda: loop.create_task(self.listen()))


async def run_upstream(pipe, certificate):
    upstream = Upstream(certificate)
    await upstream.listen()
    pipe.send(upstream.port)
    while not pipe.poll():
        await asyncio.sleep(0.05)
    pipe.send(upstream.journal)


def start_upstream(certificate):
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=lambda: asyncio.run(run_upstream(theirs, certificate)), daemon=True)
    process.start()
    theirs.close()
    return process, ours, ours.recv()


class Caller:
    """A keep-alive client that takes the next change, until there is none.  It believes what it is told: what was
    not executed and can be tried again it asks for again, so that a false word of that would execute it twice."""

    def __init__(self, port, changes, answers):
        self.port, self.changes, self.answers = port, changes, answers
        self.reader = self.writer = None

    async def run(self):
        for change in self.changes:
            said = self.answers[change] = []
            while not said or (len(said) < ASKED_AGAIN and said[-1][1] == "not-executed" and said[-1][2]["retryable"]):
                if said:
                    await asyncio.sleep(0.2)
                said.append(await asyncio.wait_for(self.ask(change), 60))
        if self.writer is not None:
            self.writer.close()

    async def ask(self, change):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = b'{"instanceIds":["ins-%d"]}' % change
        self.writer.write(b"DELETE /vpcs/vpc-2ari9m7h/classiclinks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                          b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (TOKEN.encode(), len(body), body))
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        said = await self.reader.readexactly(int(re.search(rb"Content-Length: (\d+)", head).group(1)))
        if b"Connection: close" in head:
            self.writer.close()
            self.reader = self.writer = None
        return status, "executed" if status == 202 else json.loads(said).get("outcome"), json.loads(said)


async def call_all(port, count):
    answers = {}
    changes = iter(range(1, count + 1))
    await asyncio.gather(*(Caller(port, changes, answers).run() for _ in range(CLIENTS)))
    return answers


def start_gateway(folder, port, method, scheme="http", **upstream):
    file = configure(folder, f"{scheme}://127.0.0.1:{port}/v2/index.php", method=method, slots=SLOTS,
                     top={"workers": 128}, **{"timeout": "5s", "deadline": "30s", **upstream})
    process = subprocess.Popen([binary(), "serve", "-c", str(file)], env=environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    ready = re.search(r"ready on http://127\.0\.0\.1:(\d+)", line)
    if not ready:
        raise SystemExit(line + process.stderr.read())
    return process, int(ready.group(1))


def judge(count, asked, journal):
    """Every sentence that the gateway said, against what the upstream did.  The number of lies."""
    answers = {change: said[-1] for change, said in asked.items() if said}
    every = [answer for said in asked.values() for answer in said]
    said = collections.Counter(outcome for _, outcome, _ in every)
    twice = [change for change, times in journal.executed.items() if times > 1]
    unknown = [n for n, (_, outcome, _) in answers.items() if outcome == "unknown"]
    unread = [n for n in unknown if journal.last.get(n) in (None, "refused")]      # written into a connection as it closed
    really = sum(1 for n in unknown if journal.executed[n])
    lies = {
        "executed twice": twice,
        "'executed' that was not": [n for n, (_, outcome, _) in answers.items() if outcome == "executed" and not journal.executed[n]],
        "'not-executed' that was": [n for n, (_, outcome, _) in answers.items() if outcome == "not-executed" and journal.executed[n]],
        "'unknown' of what was answered": [n for n in unknown if journal.last.get(n) == "served"],
        "'unknown' beyond the closed connections": unread[journal.closed_idle:],
        "another change's answer": [n for n, (status, _, body) in answers.items() if status == 202 and body["taskId"] != n],
        "no outcome": [n for n, (_, outcome, _) in answers.items() if outcome not in ("executed", "not-executed", "unknown")],
        "no answer": [n for n in range(1, count + 1) if n not in answers],
    }
    print(f"  said: executed {said['executed']}, not-executed {said['not-executed']}, unknown {said['unknown']}"
          f" (executed {really}, read in part {len(unknown) - really - len(unread)}, met a connection as it closed {len(unread)})")
    for where, cuts in journal.cuts.items():
        print(f"  cut in the {where} at {len(cuts)} positions, {min(cuts)} to {max(cuts)}, each {sorted(cuts.values())[len(cuts) // 2]} times (median)")
    print("  statuses: " + ", ".join(f"{status} {number}" for status, number in sorted(
        collections.Counter(status for status, _, _ in every).items())))
    print(f"  signatures {len(journal.signatures)} in {journal.requests} requests")
    print("  " + ", ".join(f"{name}: {len(found)}" for name, found in lies.items()))
    return sum(map(len, lies.values())) + (len(journal.signatures) != journal.requests)


def start_both(folder, way):
    """`way` is a method in the clear, or GET over TLS."""
    if way != "TLS":
        upstream, pipe, port = start_upstream(None)
        return upstream, pipe, *start_gateway(folder, port, way)
    certificates = Certificates(folder)
    upstream, pipe, port = start_upstream(certificates.good)
    return upstream, pipe, *start_gateway(folder, port, "GET", "https", ca_file=certificates.authority.file)


def run(count, way):
    print(f"{count} changes by {CLIENTS} clients over {SLOTS} slots, {way}:", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        upstream, pipe, gateway, at = start_both(pathlib.Path(folder), way)
        try:
            try:
                begun = time.monotonic()
                answers = asyncio.run(call_all(at, count))
                print(f"  {time.monotonic() - begun:.1f} s")
            finally:
                gateway.terminate()
                said = gateway.communicate(timeout=60)[1]
            pipe.send("end")
            lies = judge(count, answers, pipe.recv())
            if gateway.returncode != 0:
                print(f"the gateway ended with {gateway.returncode}:\n{said}")
            return lies + (gateway.returncode != 0)
        finally:
            upstream.terminate()
            upstream.join()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    ways = sys.argv[2:] or ["GET", "POST", "TLS"]
    lies = sum(run(count // len(ways), way) for way in ways)
    print("every answer is true" if lies == 0 else f"{lies} lies")
    return lies != 0


if __name__ == "__main__":
    sys.exit(main())
