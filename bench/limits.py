#!/usr/bin/python3
"""bench/limits.py [SECONDS [SEED]] - what three gateways let through of one client's limits, as the upstream counts it.

The gateways share a redis-server, and callers ask all of them for more than the client may.  First its rate: with the
store; while the store is killed and started again at random; and without it.  Then what it may have in flight, while
gateways are killed with calls under way and started again; and at the end every lease must have come back.  The most
that is allowed is the burst, and the rate times the time from the first question to the last call that came through.
Exit 0 when at most 1 % more came with the store, at most twice as many without, never more in flight than allowed, and
no lease is left.  A question to the store that is not answered in time, as on a busy machine, is counted: there each
gateway's own limit holds.  SECONDS is for each part.  Loopback only, bounded, ends what it started."""
import asyncio
import copy
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.edge import Member  # noqa: E402
from harness.gateway import POLICY, TOKEN  # noqa: E402
from harness.redis import Redis  # noqa: E402
from harness.world import eventually  # noqa: E402

GATEWAYS = 3
CALLERS = 8                 # at each gateway
RATE, BURST = 150, 30
IN_FLIGHT = 12
LEASE_S = 15                # STATE_LEASE_MS
FLIGHTS = "countersign:1:{network-console}:flights"
BODY = b'{"code":0,"message":"","codeDesc":"Success","taskId":7}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
DOCUMENT = b'{"instanceIds":["ins-ab12cd34"]}'
CALL = (b"DELETE /vpcs/vpc-2ari9m7h/classiclinks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (TOKEN.encode(), len(DOCUMENT), DOCUMENT))


class Upstream:
    """Counts who comes, and who is there at once."""

    def __init__(self, least_s, most_s, seed):
        self.takes = least_s, most_s
        self.random = random.Random(seed)
        self.begun, self.last, self.count, self.there, self.most = 0, 0, 0, 0, 0

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length.group(1)) if length else 0)
                await self.answer(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def answer(self, reader, writer):
        self.last = time.monotonic()
        self.count += 1
        self.there += 1
        self.most = max(self.most, self.there)
        try:
            await asyncio.sleep(self.random.uniform(*self.takes))
        finally:
            self.there -= 1
        writer.write(ANSWER)
        await writer.drain()

    def allowed(self):
        return BURST + RATE * (self.last - self.begun)


async def call(member, until):
    """Asks again and again; a gateway that was killed is asked again when it is there.  The statuses."""
    statuses, writer = [], None
    while time.monotonic() < until:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(member.address, 8080)
            writer.write(CALL)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head.lower()).group(1)))
            statuses.append(int(head[9:12]))
            if statuses[-1] == 429:
                await asyncio.sleep(0.005)
            if b"connection: close" in head.lower():
                writer.close()
                writer = None
        except (OSError, EOFError, asyncio.TimeoutError):
            if writer is not None:
                writer.close()
            writer = None
            await asyncio.sleep(0.05)
    if writer is not None:
        writer.close()
    return statuses


class Harm(threading.Thread):
    """Does `act` at random until it is told to end."""

    def __init__(self, act, seed, least_s, most_s):
        super().__init__()
        self.act, self.random, self.pauses = act, random.Random(seed), (least_s, most_s)
        self.over, self.count = threading.Event(), 0

    def run(self):
        while not self.over.wait(self.random.uniform(*self.pauses)):
            self.act(self.random, self.over)
            self.count += 1

    def end(self):
        self.over.set()
        self.join()


class World:
    def __init__(self, folder, port, limits, seed):
        self.seed = seed
        self.store = Redis(folder, "store")
        policy = copy.deepcopy(POLICY)
        policy["clients"]["network-console"].update(limits)
        self.members = [Member(folder / f"gateway{n}", f"http://127.0.0.1:{port}/v2/index.php", rules=policy, timeout="20s",
                               top={"state": self.store.state(), "workers": 32}).start() for n in range(GATEWAYS)]
        for member in self.members:
            assert eventually(lambda: b"countersign_state_gateways 3\n" in self.metrics(member)), "they do not see each other"

    @staticmethod
    def metrics(member):
        with urllib.request.urlopen(f"http://{member.address}:9090/metrics", timeout=10) as page:
            return page.read()

    def failed(self):
        """Questions that the store did not answer in time: then a gateway's own limit held."""
        return sum(int(count) for member in self.members
                   for count in re.findall(rb'countersign_state_questions_total{result="failed"} (\d+)', self.metrics(member)))

    def kill_store(self, rand, over):
        self.store.kill()
        over.wait(rand.uniform(0.5, 1.5))
        self.store.start()

    def kill_gateway(self, rand, _):
        member = rand.choice(self.members)
        member.stop(signal.SIGKILL)
        member.start()

    def end(self):
        for member in self.members:
            member.stop(signal.SIGKILL)
        self.store.kill()


async def part(upstream, limits, seconds, seed, folder, before, harm=None, after=None):
    """One part: callers at every gateway for so long, with what is done before, meanwhile and afterwards."""
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    world = await asyncio.to_thread(World, folder, port, limits, seed)
    try:
        await asyncio.to_thread(before, world)
        harming = Harm(getattr(world, harm), seed, 0.5, 2.0) if harm else None
        if harming:
            harming.start()
        upstream.begun = time.monotonic()
        until = upstream.begun + seconds
        told = await asyncio.gather(*(call(member, until) for member in world.members for _ in range(CALLERS)))
        if harming:
            await asyncio.to_thread(harming.end)
        left = await asyncio.to_thread(after, world) if after else None
        failed = await asyncio.to_thread(world.failed)
    finally:
        await asyncio.to_thread(world.end)
        server.close()
    return f"{sum(map(len, told))} asked, {upstream.count} came through", failed, harming.count if harming else 0, left


def rate_part(name, seconds, seed, folder, most, before, harm=None):
    upstream = Upstream(0, 0.01, seed)
    said, failed, count, _ = asyncio.run(part(upstream, {"rate": f"{RATE}/s burst {BURST}"}, seconds, seed, folder, before, harm))
    ratio = upstream.count / upstream.allowed()
    print(f"  {name}: {said} of {upstream.allowed():.0f} allowed: {ratio:.3f}; {failed} questions failed"
          + (f"; killed {count} times" if harm else ""), flush=True)
    return ratio <= most


def held(world):
    """What the store still counts as in flight when every lease has had its time."""
    def none():
        said = world.store.ask("HVALS", FLIGHTS).decode()
        return not [one for one in said.split("\r\n") if re.fullmatch(r"[1-9]\d* \d+", one)]
    return eventually(none, within=2 * LEASE_S)


def flight_part(seconds, seed, folder):
    upstream = Upstream(0.02, 0.2, seed)
    said, failed, count, free = asyncio.run(part(upstream, {"in_flight": IN_FLIGHT}, seconds, seed, folder, lambda world: None,
                                             "kill_gateway", held))
    print(f"  in flight, gateways killed {count} times: {said}, at most "
          f"{upstream.most} of {IN_FLIGHT} at once; leases left: {'none' if free else 'some'}; "
          f"{failed} questions failed", flush=True)
    return upstream.most <= IN_FLIGHT and free


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{GATEWAYS} gateways, {GATEWAYS * CALLERS} callers, {RATE} a second and {BURST} at once, {seconds:.0f} s a part, seed {seed}:",
          flush=True)

    def nothing(world):
        pass

    def no_store(world):
        world.store.kill()

    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        def place(name):
            path = pathlib.Path(folder) / name
            path.mkdir()
            return path
        good = [rate_part("with the store", seconds, seed, place("with"), 1.01, nothing),
                rate_part("the store comes and goes", seconds, seed, place("shaky"), 2, nothing, "kill_store"),
                rate_part("without the store", seconds, seed, place("without"), 2, no_store),
                flight_part(seconds, seed, place("flight"))]
    print("every limit held" if all(good) else "a limit was exceeded")
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
