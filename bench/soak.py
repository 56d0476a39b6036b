#!/usr/bin/python3
"""A long time with everything at once: good, refused, bad and broken requests, an upstream that fails now and then,
callers that leave in the middle, and a reload every few seconds.  From its middle to its end resident memory must grow
by less than a tenth, and the fewest descriptors of each half and the threads be the same.  Loopback only; ends what it
started; needs a release build and wrk.

    bench/soak.py [MILLIONS [SECONDS]]   so many million requests (5), within so many seconds (1500)"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.gateway import POLICY, TOKEN, Sandbox, configure      # noqa: E402
from harness.process import binary, environment                    # noqa: E402
from harness.scrape import read, value                             # noqa: E402

CLIENTS, ROUND_S = 64, 20
FAULTS = ("*:cut:after=50:every=397", "*:garbage:after=90:every=499", "*:code=4400:after=130:every=601",
          "*:hang:after=5000:every=20011", "*:delay=30:every=53")
ALL = {**POLICY, "rules": [*POLICY["rules"], {"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}]}


class Service:
    def __init__(self, folder, url):
        file = configure(folder, url, timeout="1s", rules=ALL, top={"workers": 256}, slots=64)
        self.child = subprocess.Popen([binary(), "serve", "-c", str(file)], env=environment(),
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        words = ""
        while "ready on" not in words:
            words = self.child.stderr.readline()
            assert words, "it did not start"
        self.port, self.admin = map(int, re.findall(r"http://127\.0\.0\.1:(\d+)", words))
        threading.Thread(target=self.child.stderr.read, daemon=True).start()

    def metrics(self):
        with socket.create_connection(("127.0.0.1", self.admin), 10) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            page = b""
            while data := connection.recv(65536):
                page += data
        return read(page.split(b"\r\n\r\n", 1)[1].decode())

    def held(self):
        """resident kB, descriptors, threads"""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        resident, threads = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads"))
        return resident, len(os.listdir(f"/proc/{self.child.pid}/fd")), threads


def misbehave(port, over):
    """Leaves in the middle of a header, of a body, and by a reset before the answer."""
    head = (f"DELETE /vpcs/vpc-2ari9m7h/classiclinks?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\n"
            f"Authorization: Bearer {TOKEN}\r\n").encode()
    for part in iter(lambda: [head, head + b"Content-Length: 9\r\n\r\n{", head + b"\r\n"], None):
        for data in part:
            if over.wait(0.02):
                return
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as wire:
                wire.sendall(data)
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reload(child, over):
    while not over.wait(3):
        child.send_signal(signal.SIGHUP)


def load(port):
    done = subprocess.run(["wrk", "-t", "2", "-c", str(CLIENTS), "-d", f"{ROUND_S}s", "--timeout", "10s", "-s",
                           str(ROOT / "bench/soak.lua"), f"http://127.0.0.1:{port}"],
                          env={**os.environ, "TOKEN": TOKEN}, capture_output=True, text=True, timeout=4 * ROUND_S)
    assert done.returncode == 0, done.stderr


def soak(service, most, within):
    """The rows of the table: requests, resident, descriptors, threads, each when a round of load is over."""
    rows, deadline = [], time.monotonic() + within
    print("   requests   resident kB   descriptors   threads", flush=True)
    while (not rows or rows[-1][0] < most) and time.monotonic() < deadline:
        load(service.port)
        time.sleep(2)                              # connections that end, end now
        rows.append((int(value(service.metrics(), "countersign_requests_total")), *service.held()))
        print("{:11,} {:13,} {:13} {:9}".format(*rows[-1]), flush=True)
    return rows


def main():
    most = float(sys.argv[1] if len(sys.argv) > 1 else 5) * 1e6
    within = float(sys.argv[2] if len(sys.argv) > 2 else 1500)
    over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        cloud = Sandbox("--quiet", *(word for fault in FAULTS for word in ("--fault", fault)))
        service = Service(pathlib.Path(folder), cloud.url)
        helpers = [threading.Thread(target=misbehave, args=(service.port, over)),
                   threading.Thread(target=reload, args=(service.child, over))]
        for helper in helpers:
            helper.start()
        try:
            rows = soak(service, most, within)
            found = service.metrics()
        finally:
            over.set()
            for helper in helpers:
                helper.join()
            service.child.terminate()
            ended = service.child.wait(40)
            cloud.terminate()
            cloud.wait()
    statuses = sorted({dict(labels)["status"] for name, labels in found if name == "countersign_requests_total"})
    print("statuses: " + ", ".join(f"{status} {int(value(found, 'countersign_requests_total', status=status)):,}"
                                   for status in statuses))
    print(f"reloads {int(value(found, 'countersign_reloads_total'))}, ended with {ended}")
    middle, last = rows[len(rows) // 2], rows[-1]
    fewest = [min(row[2] for row in half) for half in (rows[:len(rows) // 2 + 1], rows[len(rows) // 2:])]
    print("from the middle to the end: resident {:+.1f} %, fewest descriptors {:+}, threads {:+}".format(
        (last[1] / middle[1] - 1) * 100, fewest[1] - fewest[0], last[3] - middle[3]))
    flat = last[1] < middle[1] * 1.1 and fewest[1] <= fewest[0] and last[3] == middle[3]
    return 0 if flat and ended == 0 and last[0] >= most else 1


if __name__ == "__main__":
    sys.exit(main())
