#!/usr/bin/python3
"""bench/reload.py [ROUNDS] [SECONDS] - what a reload of the largest policy costs, and whom; no ROUNDS: at rest only.

The policy is the largest of bench/policy.py: 10,000 rules, 1,000 clients and 100,000 tokens.  It is reloaded ten times at rest; then
64 keep-alive clients that pause 20 ms between requests ask a gateway in front of a sandbox that takes 20 ms, in rounds
of SECONDS without reloads and rounds with one reload a second in turn, and both kinds' latencies are compared by their
medians.  Load, sandbox and gateway share the machine.  Needs a release build and wrk; loopback only; ends what it
started."""
import http.client
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import policy

ROOT = policy.ROOT
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.gateway import Gateway, Sandbox, configure  # noqa: E402

CLIENTS, THINK_MS = 64, 20
RULES, TOKENS = 10000, 100000


def largest(folder, url):
    file = configure(folder, url, top={"workers": 256})
    policy.write(folder / "policy.yaml", RULES, TOKENS)
    with open(folder / "policy.yaml", "a") as text:
        text.write("  - { id: bench, allow: [client-0], actions: [DetachClassicLinkVpc] }\n")
    return file


def reload_ms(gateway):
    """A reload that was refused because the admin listener had no worker free is none: it is asked for again."""
    for _ in range(20):
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", gateway.admin, timeout=30)
        connection.request("POST", "/reload", headers={"Content-Length": "0", "Connection": "close"})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status == 200:
            return (time.monotonic() - begun) * 1000
        assert answer.status == 503, said
        time.sleep(0.05)
    raise AssertionError(said)


def load(gateway, seconds, reloading):
    """(p50, p99, max) in ms, requests, failures, ms of each reload."""
    took = []
    ended = threading.Event()

    def reload():
        while not ended.wait(max(0.0, 1 - (took[-1] / 1000 if took else 0))):
            took.append(reload_ms(gateway))

    thread = threading.Thread(target=reload)
    wrk = subprocess.Popen(["wrk", "-t", "1", "-c", str(CLIENTS), "-d", f"{seconds}s", "--timeout", "10s", "-s",
                            str(ROOT / "bench" / "detach.lua"), f"http://127.0.0.1:{gateway.port}"],
                           env={**os.environ, "TOKEN": "token-0", "THINK_MS": str(THINK_MS)}, stdout=subprocess.PIPE, text=True)
    if reloading:
        thread.start()
    said, _ = wrk.communicate(timeout=seconds + 30)
    ended.set()
    if reloading:
        thread.join()
    requests, wrong, broken = map(int, re.search(r"requests (\d+), not 2xx or 3xx (\d+), socket errors (\d+)", said).groups())
    latency = tuple(map(float, re.search(r"p50 ([\d.]+), p99 ([\d.]+), max ([\d.]+)", said).groups()))
    return latency, requests, wrong + broken, took


def cpu_ms(gateway):
    """What the process has had of the processors so far: a busy machine changes little of it."""
    words = pathlib.Path(f"/proc/{gateway.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident(gateway):
    text = pathlib.Path(f"/proc/{gateway.child.pid}/status").read_text()
    kib = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+)", text, re.M))
    return f"resident {int(kib['VmRSS']) / 1024:.0f} MiB, at most {int(kib['VmHWM']) / 1024:.0f}"


def main():
    rounds, seconds = (int(word) for word in (sys.argv[1:] + ["5", "8"][len(sys.argv) - 1:]))
    with tempfile.TemporaryDirectory() as name:
        sandbox = Sandbox("--quiet", "--fault", "*:delay=20")
        gateway = Gateway(largest(pathlib.Path(name), sandbox.url))
        try:
            print(f"{RULES} rules, {TOKENS} tokens: ready after {gateway.ready_after * 1000:.0f} ms; {resident(gateway)}")
            before = cpu_ms(gateway)
            rest = sorted(reload_ms(gateway) for _ in range(10))
            print(f"reload at rest, ms, ten times: median {statistics.median(rest):.0f}, longest {rest[-1]:.0f};"
                  f" CPU {(cpu_ms(gateway) - before) / 10:.0f} each; {resident(gateway)}")
            if rounds == 0:
                return
            results = {False: [], True: []}
            print(f"{CLIENTS} clients that pause {THINK_MS} ms, {seconds} s a round: p50, p99, max in ms; requests; failures; reloads")
            for number in range(2 * rounds):
                reloading = number % 2 == 1
                latency, requests, failures, took = load(gateway, seconds, reloading)
                results[reloading].append((latency, requests, failures, took))
                print(f"  {'with reloads' if reloading else 'without':<13} {latency[0]:6.1f} {latency[1]:6.1f} {latency[2]:6.1f}"
                      f" {requests:7} {failures:3} {len(took):4}", flush=True)
            took = sorted(ms for _, _, _, times in results[True] for ms in times)
            p99 = {kind: statistics.median(latency[1] for latency, *_ in rows) for kind, rows in results.items()}
            print(f"reload under load, ms, {len(took)} times: median {statistics.median(took):.0f}, longest {took[-1]:.0f}")
            print(f"p99, median of the rounds: without {p99[False]:.1f} ms, with {p99[True]:.1f} ms: {p99[True] / p99[False]:.2f} times;"
                  f" failures {sum(failures for rows in results.values() for _, _, failures, _ in rows)}; {resident(gateway)}")
        finally:
            gateway.terminate()
            gateway.wait()
            sandbox.terminate()
            sandbox.wait()


if __name__ == "__main__":
    sys.exit(main())
