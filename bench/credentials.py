#!/usr/bin/env python3
"""Calls at full rate across many ends of a credential: bench/credentials.py [SECONDS] [--life 6].

Twice so many seconds (600): first all is well, then every second answer of the metadata service is a 500.  The sandbox
plays that service and the cloud; what it gives out lives for --life seconds, and it refuses what has expired.  wrk calls
at full rate.  Beside it one caller measures each of its calls: p99 of those within 50 ms of a refresh, and of those within
50 ms of as many moments between the refreshes, sixteen times.  No call may fail, and a refresh should be no worse than those."""

import argparse
import bisect
import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

import rig

LOOK = 0.02     # seconds between two looks for a refresh
AROUND = 0.05   # seconds before and after one
PAUSE = 0.004   # between two calls that are measured
BESIDE = 16     # sets of moments between the refreshes


def state(folder, life):
    """The sandbox's own state, with a role of an instance that lives so long."""
    text = (rig.ROOT / "sandbox/state.yaml").read_text()
    role = '  - { name: gateway, arn: "qcs::cam::uin/100000000001:roleName/gateway", instance: true }'
    assert role in text
    (folder / "state.yaml").write_text(text.replace(role, role.replace(" }", f", life: {life} }}")))
    return folder / "state.yaml"


def configure(folder, cloud, port, admin):
    (folder / "policy.yaml").write_text(json.dumps({
        "version": 1, "clients": {"bench": {"tokens": [{"id": "1", "sha256": rig.HASH, "expires": "2035-12-31"}]}},
        "rules": [{"id": "all", "allow": ["bench"], "actions": ["*"]}]}))
    (folder / "countersign.yaml").write_text(json.dumps({
        "version": 1, "listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}", "policy": "policy.yaml",
        "metadata": f"http://127.0.0.1:{cloud}/", "credentials": {"main": {"role": True}},
        "upstreams": {"vpc": {"url": f"http://127.0.0.1:{cloud}/v2/index.php", "credential": "main",
                              "region": "ap-guangzhou"}}}))
    return folder / "countersign.yaml"


class Observer:
    """Measures calls, and notes when credentials were fetched, while wrk calls."""

    def __init__(self, port, admin):
        self.port, self.admin = port, admin
        self.calls, self.refreshes, self.failures = [], [], 0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.measure), threading.Thread(target=self.look)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def measure(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        fields = {"Authorization": "Bearer " + rig.TOKEN, "Content-Type": "application/json"}
        while not self.ended.wait(PAUSE):
            began = time.monotonic()
            connection.request("DELETE", rig.PATH, rig.BODY, fields)
            answer = connection.getresponse()
            answer.read()
            self.calls.append((began, time.monotonic(), answer.status))

    def fetched(self):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=30).read().decode()
        counts = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in page.splitlines()
                  if line.startswith("countersign_credential_refreshes_total")}
        name = 'countersign_credential_refreshes_total{credential="main",result="%s"}'
        return counts[name % "good"], counts[name % "bad"]

    def look(self):
        known, _ = self.fetched()
        before = time.monotonic()
        while not self.ended.wait(LOOK):
            good, self.failures = self.fetched()
            now = time.monotonic()
            if good > known:
                self.refreshes.append((before, now))
            known, before = good, now


def p99(calls):
    """Milliseconds."""
    times = sorted(end - began for began, end, _ in calls)
    return times[len(times) * 99 // 100] * 1000 if times else math.nan


def struck(cloud):
    """How many answers of the metadata service were a 500."""
    page = json.load(urllib.request.urlopen(f"http://127.0.0.1:{cloud}/_sandbox/state", timeout=30))
    return sum(fault["struck"] for fault in page["faults"])


def near(seen, later):
    """The measured calls around the moments that are so many seconds behind the refreshes."""
    found = []
    for call in seen.calls:
        before = bisect.bisect(seen.refreshes, call[1] - later + AROUND, key=lambda refresh: refresh[0])
        if before > 0 and call[0] <= seen.refreshes[before - 1][1] + later + AROUND:
            found.append(call)
    return found


def beside(life):
    """Seconds behind a refresh, from behind it to before the next, which comes at half of the life."""
    first, last = 3 * AROUND, life / 2 - 6 * AROUND
    return [first + (last - first) * i / (BESIDE - 1) for i in range(BESIDE)]


def report(seen, life, ended, wrk, failed):
    print(wrk.strip())
    print(f"refreshes {len(seen.refreshes)}, answers that were a 500 {failed}, fetches that failed {seen.failures:.0f}, "
          f"expiries {sum(at + life <= ended for _, at in seen.refreshes)}")
    print(f"measured calls {len(seen.calls)}, not 202: {sum(status != 202 for *_, status in seen.calls)}")
    others = sorted(p99(near(seen, later)) for later in beside(life))
    print(f"p99 within {AROUND * 1000:.0f} ms of a refresh: {p99(near(seen, 0)):.2f} ms; of {BESIDE} sets of other moments: "
          f"{others[0]:.2f} to {others[-1]:.2f} ms, median {statistics.median(others):.2f}", flush=True)


def run(seconds, life, faults):
    binary = rig.BUILD / "countersign"
    with rig.Rig() as bench:
        cloud, port, admin = rig.free_port(), rig.free_port(), rig.free_port()
        bench.start("cloud", [binary, "sandbox", "--quiet", "--listen", f"127.0.0.1:{cloud}", "--state",
                              state(bench.folder, life), *faults], cloud)
        bench.start("gateway", [binary, "serve", "-c", configure(bench.folder, cloud, port, admin)], port)
        with Observer(port, admin) as seen:
            wrk = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", rig.BENCH / "detach.lua",
                                  f"http://127.0.0.1:{port}"], env={**os.environ, "TOKEN": rig.TOKEN}, check=True,
                                 capture_output=True, text=True).stdout
        wrk = "\n".join(line for line in wrk.splitlines() if line.startswith(("requests", "latency")))
        report(seen, life, time.monotonic(), wrk, struck(cloud))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seconds", type=int, nargs="?", default=600)
    options.add_argument("--life", type=int, default=6)
    asked = options.parse_args()
    for name, faults in (("all is well", []), ("half of the metadata service's answers fail",
                                               ["--fault", "Metadata:status=500:every=2"])):
        print(f"-- {name}, {asked.seconds} s", flush=True)
        run(asked.seconds, asked.life, faults)


if __name__ == "__main__":
    sys.exit(main())
