#!/usr/bin/python3
"""bench/replay.py - how fast `countersign replay` judges past calls, and in how much memory.

Writes access lines as the gateway writes them, 100,000 and then 1,000,000, and a policy of 1,000 rules into a temporary
folder; prints the seconds of processor time (one thread: one core), the lines a minute, and the most that was resident.
Needs a release build."""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading

import policy

BINARY = policy.BUILD / "countersign"


def write_log(path, lines):
    with open(path, "w") as log:
        for number in range(lines):
            denied = number % 3 == 0
            log.write(json.dumps({
                "time": f"2026-11-24T12:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z", "requestId": f"r{number}",
                "client": f"client-{number % 100}", "token": "t", "source": f"10.1.{number // 256 % 256}.{number % 256}", "method": "DELETE",
                "route": "/vpcs/{vpcId}/classiclinks", "action": "DetachClassicLinkVpc", "region": "ap-guangzhou",
                "params": {"vpcId": f"vpc-{number % 100 if not denied else 'other'}", "instanceIds": [f"ins-{number}"]},
                "verdict": "deny" if denied else "allow", **({} if denied else {"rule": "r0"}), "status": 403 if denied else 202,
                "durationMs": 21.5}, separators=(",", ":")) + "\n")


def watch(child, seen):
    """The peak, looked at again and again until the process is gone."""
    while child.returncode is None:
        try:
            found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{child.pid}/status").read_text())
        except OSError:
            return
        seen.append(int(found.group(1)) if found else 0)
        threading.Event().wait(0.05)


def main():
    print(f"{'lines':>8} {'seconds':>8} {'a minute':>11} {'at peak MiB':>12}   what it says")
    with tempfile.TemporaryDirectory() as folder:
        policy.write(os.path.join(folder, "policy.yaml"), 1000, 100)
        for lines in (100000, 1000000):
            write_log(os.path.join(folder, "log"), lines)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            child = subprocess.Popen([str(BINARY), "replay", "--policy", os.path.join(folder, "policy.yaml"), "--log",
                                      os.path.join(folder, "log")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            seen = []
            watcher = threading.Thread(target=watch, args=(child, seen))
            watcher.start()
            said = child.communicate(timeout=300)[1]
            watcher.join()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            print(f"{lines:>8} {spent:>8.2f} {lines / spent * 60:>11,.0f} {max(seen) / 1024:>12.1f}   {said.strip()}")


if __name__ == "__main__":
    sys.exit(main())
