#!/usr/bin/python3
"""bench/lists.py [ROUNDS [ENTRIES]] - how long a list takes with all=true: 4,000 entries, 80 pages, from a sandbox that
answers each page after 20 ms; one caller, and eight at a time.

After a release build.  COUNTERSIGN=PROGRAM measures another build, to have two beside each other: the SHA-256 tells that
both gave the same list."""

import concurrent.futures
import hashlib
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from harness.gateway import Client, Gateway, Sandbox, bearer, configure  # noqa: E402
from test_routes import ALL, many  # noqa: E402

DELAY_MS = 20
PATIENCE_S = 60
LIST = "/classiclinks?all=true"


def fetch(port):
    """Seconds, and the list's bytes."""
    client = Client(port, PATIENCE_S)
    began = time.monotonic()
    answer = client.call("GET", LIST, headers=bearer())
    took = time.monotonic() - began
    client.close()
    if answer.status != 200:
        raise SystemExit(f"lists: {answer.status} {answer.body[:300]}")
    return took, answer.body


def measure(gateway, sandbox, callers, rounds):
    before = sandbox.state()["requests"]
    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        found = [one for _ in range(rounds) for one in pool.map(fetch, callers * [gateway.port])]
    times = [took for took, _ in found]
    pages = (sandbox.state()["requests"] - before) / len(found)
    kinds = {hashlib.sha256(body).hexdigest()[:16] for _, body in found}
    print(f"{callers:7}  {1000 * statistics.median(times):9.0f}  {1000 * min(times):8.0f}  {1000 * max(times):8.0f}  {pages:5.1f}"
          f"  {' '.join(sorted(kinds))}")


def main(rounds=9, entries=4000):
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = pathlib.Path(name)
        sandbox = Sandbox("--state", many(folder, entries), "--fault", f"*:delay={DELAY_MS}")
        gateway = None
        try:
            gateway = Gateway(configure(folder, sandbox.url, rules=ALL))
            print(f"{entries:,} entries, upstream {DELAY_MS} ms, {rounds} rounds")
            print("callers  median ms    min ms    max ms  calls  SHA-256")
            for callers in (1, 8):
                measure(gateway, sandbox, callers, rounds)
        finally:
            for process in (gateway, sandbox):
                if process is not None:
                    process.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
