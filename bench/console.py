#!/usr/bin/python3
"""bench/console.py - how long the console's pages take with 10,000 rules, 1,000 clients and 10,000 past requests.

A gateway with that policy answers 10,000 requests; then an operator opens each page seven times, one after another.  Prints
the median and the longest in milliseconds, the processor's time for one, and the page's bytes.  Needs a release build."""
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/e2e"))

from harness.gateway import Client, Gateway, configure      # noqa: E402
from harness.process import Reaper                                 # noqa: E402
from harness.world import VPC, eventually                          # noqa: E402
from test_console import Operator                                  # noqa: E402
from test_operators import ALICE, RULES                            # noqa: E402

CLIENTS, RULE_COUNT, REQUESTS, TIMES = 1000, 10000, 10000, 7


def large():
    clients = {f"client-{i:04}": {"tokens": [("2026", f"bench-token-{i:04}-Zm9yIHRoZSBiZW5jaA", "2035-12-31")]} for i in range(CLIENTS)}
    rules = [{"id": f"rule-{i:05}", "allow": [f"client-{i % CLIENTS:04}"], "actions": ["DetachClassicLinkVpc"],
              "where": {"vpcId": [f"vpc-{i:08}"]}} for i in range(RULE_COUNT)]
    return {**RULES, "clients": {**RULES["clients"], **clients}, "rules": [*RULES["rules"], *rules]}


def fill(gateway):
    """Denied ones, of which none goes out."""
    body = json.dumps({"instanceIds": ["ins-df454d"]})
    for done in range(REQUESTS):
        if done % 500 == 0:
            wire = Client(gateway.port)
        token = f"bench-token-{done % CLIENTS:04}-Zm9yIHRoZSBiZW5jaA"
        wire.call("DELETE", f"/vpcs/{VPC}/classiclinks", body,
                  {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        if done % 500 == 499:
            wire.close()


def processor(gateway):
    """Seconds that the gateway has computed."""
    fields = Path(f"/proc/{gateway.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    reaper = Reaper()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(configure(Path(folder), "http://127.0.0.1:9/v2/index.php", rules=large(), top={"console": True, "audit": "audit.log"}))
        alice = Operator(gateway, ALICE)
        fill(gateway)
        assert eventually(lambda: alice.page("/console/decisions").has(f"of the last {REQUESTS}"))
        request = quote(gateway.records()[-1]["requestId"])
        text = (Path(folder) / "policy.yaml").read_text()
        print(f"{'page':38} {'median ms':>10} {'longest':>8} {'cpu ms':>7} {'bytes':>9}")
        for path in ("", "/decisions", "/decisions?client=client-0007", f"/decision?request={request}", "/questions", "/audit",
                     "/audit?verify=1", "/rights", "/rights?client=client-0007", "/try", "/policy", "/usage", "/tokens"):
            took, before = [], processor(gateway)
            for _ in range(TIMES):
                begun = time.monotonic()
                answer = alice.get("/console" + path)
                took.append(1000 * (time.monotonic() - begun))
                assert answer.status == 200
            shown = path.split("=")[0] + "=..." if "decision?" in path else path
            print(f"/console{shown:30} {statistics.median(took):10.0f} {max(took):8.0f} {1000 * (processor(gateway) - before) / TIMES:7.0f} {len(answer.body):9}")
        begun = time.monotonic()
        assert alice.send("/console/policy", policy=text).status == 200
        print(f"{'this policy of 10,000 rules tested':38} {1000 * (time.monotonic() - begun):10.0f}")
        reaper.ask(gateway)


if __name__ == "__main__":
    main()
