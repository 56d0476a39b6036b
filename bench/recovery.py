#!/usr/bin/python3
"""bench/recovery.py [ROUNDS] - what callers see while an upstream is gone, and how soon they see that it is back.

Two ways to be gone: connections are refused; or they are taken and nothing is ever answered, and those that hang go on
hanging when the upstream is back.  16 callers ask all the time.  Prints how long refusals took, how many calls at a time
reached the upstream while it was gone, and the time from its return to the first good answer.  Loopback only, bounded,
ends what it started."""
import asyncio
import pathlib
import sys
import tempfile
import time

from at_most_once import TOKEN, answer, start_gateway

CALLERS = 16
GONE_S = 1.2      # and up to 0.8 s longer, so that its return meets every part of a pause
REQUEST = (b"DELETE /vpcs/vpc-2ari9m7h/classiclinks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
           b"Content-Type: application/json\r\nContent-Length: 31\r\n\r\n{\"instanceIds\":[\"ins-df454d\"]} " % TOKEN.encode())


class Line(asyncio.Protocol):
    def __init__(self, cloud):
        self.cloud, self.data, self.hangs = cloud, b"", False

    def connection_made(self, transport):
        self.transport = transport
        self.cloud.open.add(transport)
        self.hangs = self.cloud.hangs

    def connection_lost(self, error):
        self.cloud.open.discard(self.transport)

    def data_received(self, data):
        self.data += data
        if not self.data.endswith(b"\r\n\r\n"):
            return
        self.data = b""
        self.hangs = self.hangs or self.cloud.hangs         # a connection that hangs does so for ever
        if not self.hangs:
            self.transport.write(answer(b'{"code":0,"message":"","taskId":1}'))
        else:
            self.cloud.stuck.append(time.monotonic())


class Cloud:
    def __init__(self):
        self.server, self.port, self.hangs, self.stuck, self.open = None, 0, False, [], set()

    async def listen(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Line(self), "127.0.0.1", self.port, backlog=256, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def go(self, way):
        if way == "hangs":
            self.hangs = True
        else:
            self.server.close()
            for transport in list(self.open):
                transport.abort()

    async def come(self, way):
        if way == "hangs":
            self.hangs = False
        else:
            await self.listen()


class Callers:
    """Each asks again as soon as it has its answer, with 2 ms in between."""

    def __init__(self, port):
        self.port, self.seen, self.ended = port, [], False

    async def call(self):
        reader = writer = None
        while not self.ended:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            begun = time.monotonic()
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"Content-Length: ")[2].split(b"\r")[0])
            await reader.readexactly(length)
            now = time.monotonic()
            self.seen.append((now, int(head[9:12]), now - begun))
            if b"Connection: close" in head:
                writer.close()
                writer = None
            await asyncio.sleep(0.002)
        if writer is not None:
            writer.close()

    async def until(self, since, wanted, within=20):
        """When the first answer with that status came that was asked for after `since`."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for at, status, took in reversed(self.seen):
                if at < since:
                    break
                if status == wanted and at - took >= since:
                    first = min(a for a, s, t in self.seen if s == wanted and a - t >= since)
                    return first - since
            await asyncio.sleep(0.001)
        raise SystemExit(f"no {wanted} within {within} s")


async def measure(cloud, callers, way, rounds):
    back, refusals, probes = [], [], []
    for number in range(rounds):
        cloud.stuck = []
        gone = time.monotonic()
        await cloud.go(way)
        await callers.until(gone, 503)
        opened = time.monotonic()
        await asyncio.sleep(GONE_S + 0.8 * number / rounds)
        refusals += [took for at, status, took in callers.seen if status == 503 and at >= opened]
        probes.append(sum(1 for at in cloud.stuck if at >= opened))
        returned = time.monotonic()
        await cloud.come(way)
        back.append(await callers.until(returned, 202))
        callers.seen = callers.seen[-1000:]
        await asyncio.sleep(0.3)
    back.sort()
    refusals.sort()
    print(f"{way}, {rounds} rounds: refused in {refusals[len(refusals) // 2] * 1e3:.1f} ms (median), "
          f"{refusals[len(refusals) * 99 // 100] * 1e3:.1f} ms (p99), {len(refusals)} refusals")
    if way == "hangs":
        print(f"  probes that reached it in the {GONE_S} to {GONE_S + 0.8:.1f} s: {min(probes)} to {max(probes)}")
    print(f"  first good answer after its return: {back[0] * 1e3:.0f} ms (least), {back[len(back) // 2] * 1e3:.0f} ms (median), "
          f"{back[-1] * 1e3:.0f} ms (most)")
    return back[-1] < 1


async def run(rounds):
    cloud = Cloud()
    await cloud.listen()
    with tempfile.TemporaryDirectory() as folder:
        gateway, port = start_gateway(pathlib.Path(folder), cloud.port, "GET", timeout="2s", deadline="4s")
        try:
            callers = Callers(port)
            tasks = [asyncio.create_task(callers.call()) for _ in range(CALLERS)]
            await callers.until(time.monotonic(), 202)
            good = [await measure(cloud, callers, way, rounds) for way in ("refuses", "hangs")]
            callers.ended = True
            await asyncio.gather(*tasks)
        finally:
            gateway.terminate()
            gateway.communicate(timeout=60)
    return all(good)


if __name__ == "__main__":
    sys.exit(not asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 20)))
