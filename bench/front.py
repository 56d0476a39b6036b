#!/usr/bin/python3
"""The front door on a bad day.  Loopback only; ends what it started; needs a release build, wrk and slowhttptest.

    bench/front.py slow [SECONDS [KIND...]]  1,000 slow connections (headers, bodies, readers), and 1,500 that come again
                                        whenever they are sent away (again), while 16 honest clients ask all the time
    bench/front.py overload [SECONDS]   one and three times what the slots can take, and three times the workers
    bench/front.py drain [CYCLES]       SIGTERM under load, again and again"""

import contextlib
import json
import os
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.gateway import TOKEN, Sandbox, configure      # noqa: E402
from harness.process import binary, environment             # noqa: E402
from harness.wire import Wire                               # noqa: E402

DELAY_MS = 20


class Service:
    """A gateway whose access lines go to a file: nobody here has the time to read them while it is measured."""

    def __init__(self, folder, url, **options):
        # Default workers unless said otherwise; JSON is YAML, a key a line.
        file = configure(folder, url, timeout="10s", **options)
        if "workers" not in options.get("top", {}):
            file.write_text("".join(line for line in file.open() if not line.startswith("workers:")))
        self.log = folder / "access.log"
        with open(self.log, "w") as log:
            self.child = subprocess.Popen([binary(), "serve", "-c", str(file)], env=environment(), stdout=log,
                                          stderr=subprocess.PIPE, text=True)
        words = ""
        while "ready on" not in words:
            words = self.child.stderr.readline()
            assert words, "it did not start"
        self.port, self.admin = map(int, re.findall(r"http://127\.0\.0\.1:(\d+)", words))

    def end(self):
        self.child.terminate()
        assert self.child.wait(40) == 0, self.child.stderr.read()

    def lines(self, since=0):
        with open(self.log, "rb") as log:
            log.seek(since)
            return [json.loads(line) for line in log.read().splitlines()]


@contextlib.contextmanager
def service(**options):
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox("--quiet", "--fault", f"*:delay={DELAY_MS}")
        gateway = Service(pathlib.Path(folder), sandbox.url, **options)
        try:
            yield gateway
        finally:
            gateway.end()
            sandbox.terminate()
            sandbox.wait()


def wrk(port, clients, seconds, think_ms):
    """(requests a second that were answered 2xx, requests, refused, socket errors, p50, p99, max in ms)."""
    done = subprocess.run(["wrk", "-t", "1", "-c", str(clients), "-d", f"{seconds}s", "--timeout", "10s", "-s",
                           str(ROOT / "bench/detach.lua"), f"http://127.0.0.1:{port}"],
                          env={**os.environ, "TOKEN": TOKEN, "THINK_MS": str(think_ms)}, capture_output=True,
                          text=True, check=True).stdout
    requests, refused, errors = map(int, re.search(r"requests (\d+), not 2xx or 3xx (\d+), socket errors (\d+)",
                                                   done).groups())
    quantiles = tuple(map(float, re.search(r"p50 ([\d.]+), p99 ([\d.]+), max ([\d.]+)", done).groups()))
    return (requests - refused) / seconds, requests, refused, errors, *quantiles


class Watch:
    """Asks for health and metrics ten times a second; how long each answer took."""

    def __init__(self, admin):
        self.admin, self.took, self.failed, self.over = admin, [], 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.wait(0.1):
            for path in ("healthz", "metrics"):
                began = time.monotonic()
                try:
                    with Wire(self.admin, 5) as wire:
                        wire.send(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                        self.failed += wire.read().status != 200
                except (OSError, EOFError):
                    self.failed += 1
                self.took.append((time.monotonic() - began) * 1000)

    def end(self):
        self.over.set()
        self.thread.join()
        return f"health and metrics: {len(self.took)} asked, {self.failed} failed, slowest {max(self.took):.0f} ms"


# ---- slow ----

KINDS = {
    "headers": ["-H", "-i", "1", "-x", "24"],
    "bodies": ["-B", "-i", "1", "-s", "8192", "-x", "10"],
    "readers": ["-X", "-w", "1", "-y", "2", "-n", "5", "-z", "32", "-k", "3"],
}


class Comeback:
    """So many connections that send a byte of a header each second, and come again whenever they are closed."""

    def __init__(self, port, count):
        self.port, self.count, self.came, self.over = port, count, 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        poll, there = selectors.DefaultSelector(), set()
        dripped = time.monotonic()
        while not self.over.is_set():
            for _ in range(min(200, self.count - len(there))):
                with contextlib.suppress(OSError):
                    connection = socket.create_connection(("127.0.0.1", self.port), 1)
                    connection.setblocking(False)
                    connection.send(b"GET / HTTP/1.1\r\nX: ")
                    poll.register(connection, selectors.EVENT_READ)
                    there.add(connection)
                    self.came += 1
            for key, _ in poll.select(0.05):
                poll.unregister(key.fileobj)
                there.discard(key.fileobj)
                key.fileobj.close()
            if time.monotonic() - dripped > 1:
                dripped = time.monotonic()
                for connection in there:
                    with contextlib.suppress(OSError):
                        connection.send(b"a")
        for connection in there:
            connection.close()

    def end(self):
        self.over.set()
        self.thread.join()


def report(name, watch, answered):
    rate, requests, refused, errors, p50, p99, most = answered
    print(f"{name}\n  honest: {requests} requests, {refused} refused, {errors} errors, {rate:.0f}/s; ms: p50 {p50:.1f}, "
          f"p99 {p99:.1f}, max {most:.1f}\n  {watch.end()}")


def slow(seconds, *kinds):
    print(f"16 honest clients that pause 20 ms, an upstream that takes {DELAY_MS} ms, 1024 workers, {seconds} s each:")
    with service() as gateway:
        report("nobody else", Watch(gateway.admin), wrk(gateway.port, 16, min(seconds, 10), 20))
        for name, options in KINDS.items():
            if kinds and name not in kinds:
                continue
            attack = subprocess.Popen(["slowhttptest", "-c", "1000", "-r", "1000", "-l", str(seconds + 2), "-p", "3", "-u",
                                       f"http://127.0.0.1:{gateway.port}/vpcs", *options], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            watch = Watch(gateway.admin)
            time.sleep(1)
            report(f"1,000 slow {name} (slowhttptest {' '.join(options)})", watch,
                   wrk(gateway.port, 16, seconds, 20))
            attack.terminate()
            attack.wait(20)
        if kinds and "again" not in kinds:
            return
        attack = Comeback(gateway.port, 1500)
        watch = Watch(gateway.admin)
        time.sleep(1)
        report("1,500 that drip a header and come again", watch, wrk(gateway.port, 16, seconds, 20))
        attack.end()
        print(f"  they came {attack.came} times")


# ---- overload ----

def refusals(gateway, since):
    took = sorted(line["durationMs"] for line in gateway.lines(since) if line["status"] == 503)
    if not took:
        return "no 503"
    return (f"{len(took)} answered 503, ms: p50 {took[len(took) // 2]:.1f}, p99 {took[len(took) * 99 // 100]:.1f}, "
            f"max {took[-1]:.1f}")


def overload(seconds):
    slots = 32
    print(f"{slots} slots, an upstream that takes {DELAY_MS} ms, clients that never pause, {seconds} s each:")
    with service(slots=slots, top={"workers": 256}) as gateway:
        wrk(gateway.port, slots, 2, 0)
        peak = 0
        for factor in (1, 2, 3):
            since, watch = gateway.log.stat().st_size, Watch(gateway.admin)
            rate, _, _, errors, *_ = wrk(gateway.port, slots * factor, seconds, 0)
            peak = max(peak, rate)
            time.sleep(0.2)
            print(f"{factor} times as many clients: {rate:.0f}/s served, {100 * rate / peak:.0f} % of the peak, {errors} "
                  f"errors; {refusals(gateway, since)}\n  {watch.end()}")
    workers = 64
    print(f"{workers} workers and as many slots as they allow, three times as many clients:")
    with service(top={"workers": workers}) as gateway:
        for factor in (0.75, 3):
            watch = Watch(gateway.admin)
            rate, _, refused, errors, _, p99, most = wrk(gateway.port, int(workers * factor), seconds, 0)
            print(f"{factor} times: {rate:.0f}/s served, {refused} refused, {errors} errors, ms: p99 {p99:.1f}, max "
                  f"{most:.1f}\n  {watch.end()}")


def drain(cycles):
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "no_answer_is_lost",
                           str(ROOT / "tests/e2e/test_life.py")], env={**os.environ, "COUNTERSIGN_DRAINS": str(cycles)},
                          check=False)
    sys.exit(done.returncode)


def main():
    commands = {"slow": (slow, 60), "overload": (overload, 10), "drain": (drain, 200)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    command, number = commands[sys.argv[1]]
    command(int(sys.argv[2]) if len(sys.argv) > 2 else number, *sys.argv[3:])


if __name__ == "__main__":
    main()
