#!/usr/bin/python3
"""bench/audit.py [ROUNDS] [SECONDS] - what the audit file costs.

64 keep-alive clients make changes through a gateway in front of a sandbox that answers at once: without an audit file,
with one, and with one whose every record is on the disk (sync) before the change is sent.  In rounds, in turn; the
medians are printed.  Load, sandbox and gateway share the machine, and the file is in the temporary folder.  Needs a
release build and wrk; loopback only; ends what it started."""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.gateway import TOKEN, Gateway, Sandbox, configure  # noqa: E402

KINDS = {"none": {}, "audit": {"audit": "audit.log"}, "audit, sync": {"audit": {"file": "audit.log", "sync": True}}}


def load(gateway, seconds):
    """(requests per second, p50 ms, p99 ms)"""
    done = subprocess.run(["wrk", "-t", "1", "-c", "64", "-d", f"{seconds}s", "--timeout", "10s", "-s",
                           str(ROOT / "bench" / "detach.lua"), f"http://127.0.0.1:{gateway.port}"],
                          env={**os.environ, "TOKEN": TOKEN}, capture_output=True, text=True, check=True)
    count, refused, errors = map(int, re.search(r"requests (\d+), not 2xx or 3xx (\d+), socket errors (\d+)",
                                                done.stdout).groups())
    assert refused == errors == 0, done.stdout
    p50, p99 = map(float, re.search(r"p50 ([\d.]+), p99 ([\d.]+)", done.stdout).groups())
    return count / seconds, p50, p99


def main(rounds=5, seconds=4):
    sandbox = Sandbox("--quiet")
    results = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number in range(rounds):
                for kind, top in KINDS.items():
                    place = pathlib.Path(folder, f"{number}-{kind}")
                    place.mkdir()
                    gateway = Gateway(configure(place, sandbox.url, top={"workers": 128, **top}))
                    try:
                        results[kind].append(load(gateway, seconds))
                    finally:
                        gateway.terminate()
                        gateway.wait()
                    if top:
                        done = subprocess.run([gateway.child.args[0], "audit", "verify", place / "audit.log"], text=True,
                                              capture_output=True, check=True)
                        print(f"{kind}: {done.stdout.split(',')[0]}, the chain holds", file=sys.stderr)
        finally:
            sandbox.terminate()
            sandbox.wait()
    print(f"{rounds} rounds of {seconds} s, medians:")
    for kind, rows in results.items():
        rate, p50, p99 = (statistics.median(column) for column in zip(*rows))
        print(f"  {kind:12} {rate:7.0f} changes/s   p50 {p50:5.1f} ms   p99 {p99:5.1f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
