#!/usr/bin/python3
"""bench/documents.py [PROGRAM] - what the cloud's definitions and documents take: time until ready and memory at rest with the
definitions of the ten largest services, beside the same configuration without; and memory while 64 callers hold
documents of 1 MiB at once, in front of a cloud that takes its time, and after that."""

import os
import pathlib
import re
import statistics
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/countersign").resolve()
os.environ.update(COUNTERSIGN=str(PROGRAM), COUNTERSIGN_SLOW="10")
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.gateway import POLICY, Client, Gateway, bearer, configure        # noqa: E402
from harness.upstream import Reply, Upstream                                 # noqa: E402

DATA = ROOT / "config/definitions/data"
STARTS, CALLERS, CALLS, MIB = 7, 64, 2, 1024 * 1024
RULES = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]}
DOCUMENT = b'{"ImageBase64":"' + b"A" * (MIB - 18) + b'"}'


def largest(count):
    """The services whose definitions have the most bytes; and how many."""
    bytes_of = {}
    for file in DATA.glob("*.txt"):
        service = file.stem.rpartition("-")[0]
        bytes_of[service] = bytes_of.get(service, 0) + file.stat().st_size
    names = sorted(bytes_of, key=bytes_of.get, reverse=True)[:count]
    return tuple(names), sum(bytes_of[name] for name in names)


def memory(gateway, what="VmRSS"):
    """MiB."""
    text = pathlib.Path(f"/proc/{gateway.child.pid}/status").read_text()
    return int(re.search(rf"^{what}:\s+(\d+)", text, re.M)[1]) / 1024


def begin(url, services, top):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="documents"))
    return Gateway(configure(folder, url, generation=3, services=services, rules=RULES, top=top, timeout="30s", deadline="60s"))


def end(gateway):
    gateway.terminate()
    gateway.wait(60)


def started(url, services, top):
    """CPU ms until ready, and MiB at rest."""
    gateway = begin(url, services, top)
    spent = sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{gateway.child.pid}/task").glob("*/schedstat"))
    at_rest = memory(gateway)
    end(gateway)
    return spent / 1e6, at_rest


def start_up(url):
    services, size = largest(10)
    ways = {"without": {"workers": 32}, "with": {"workers": 32, "doors": {"actions": True}, "definitions": str(DATA)}}
    rounds = {name: [] for name in ways}
    for _ in range(STARTS):
        for name, top in ways.items():
            rounds[name].append(started(url, services, top))
    print(f"definitions of {', '.join(services)}: {size / MIB:.1f} MiB; {STARTS} starts each, in turn")
    middle = {name: [statistics.median(values) for values in zip(*rows)] for name, rows in rounds.items()}
    for name, (cpu, at_rest) in middle.items():
        print(f"  {name:8} {cpu:4.0f} ms of CPU until ready, {at_rest:5.1f} MiB at rest")
    print(f"  more     {middle['with'][0] - middle['without'][0]:4.0f} ms, {middle['with'][1] - middle['without'][1]:5.1f} MiB")


def call(gateway, answers):
    client = Client(gateway.port, within=120)
    for _ in range(CALLS):
        try:
            status = client.call("POST", "/actions/ocr/GeneralBasicOCR", DOCUMENT, bearer()).status
        except OSError:
            client.close()
            status = 0          # refused before all of it was sent: the answer may be lost with the connection
        answers[status] = answers.get(status, 0) + 1
    client.close()


def many_bodies(url):
    gateway = begin(url, ("ocr",), {"doors": {"actions": True}, "definitions": str(DATA), "workers": 256})
    answers, at_rest = {}, memory(gateway)
    callers = [threading.Thread(target=call, args=(gateway, answers)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print(f"{CALLERS} callers with documents of 1 MiB, {CALLS} each, a cloud of 200 ms, 256 workers: "
          f"at rest {at_rest:.0f} MiB, at most {memory(gateway, 'VmHWM'):.0f} MiB resident, after that {memory(gateway):.0f} MiB; "
          f"statuses {dict(sorted(answers.items()))}")
    end(gateway)


def main():
    upstream = Upstream()
    upstream.script(then=Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}}, delay=0.2))
    url = upstream.url.replace("/v2/index.php", "/")
    start_up(url)
    many_bodies(url)
    upstream.stop()


if __name__ == "__main__":
    main()
