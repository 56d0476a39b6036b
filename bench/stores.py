#!/usr/bin/python3
"""bench/stores.py [ROUNDS [SECONDS [CLIENTS]]] - what each store costs: CPU time a request of the gateway, requests a second,
p50 and p99, of changes without and with an Idempotency-Key, and of a client with a rate.  The upstream answers at once.
Rounds are interleaved, each store beside none; medians are printed, and beside them the median of the differences to the
first line of the same round.  Loopback only; ends what it started."""

import statistics
import subprocess
import sys
import uuid

import rig as rigs
from rig import HASH, Rig, free_port, gateway

POLICY = """version: 1
clients:
  bench: {{ tokens: [ {{ id: bench, sha256: "{hash}" }} ]{more} }}
rules:
  - {{ id: links, allow: [bench], actions: [DetachClassicLinkVpc] }}
"""
RATE = ', rate: "100000/s burst 100000", in_flight: 10000'


def redis(rig):
    port = free_port()
    rig.start("redis", ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""], port)
    return port


def variants(rig):
    """Name: what is in countersign.yaml, whether requests have keys, what the client has in the policy."""
    server = redis(rig)
    stores = {"memory": "", "sqlite": f"state: {{ sqlite: {rig.folder}/%s.db }}",
              "redis": f"state: {{ redis: {{ servers: [127.0.0.1:{server}], prefix: '%s:' }} }}"}
    found = {"memory, neither": ("", False, "")}
    for number, (store, text) in enumerate(stores.items()):
        for kind, keyed, more in (("key", True, ""), ("rate", False, RATE)):
            found[f"{store}, {kind}"] = (text % f"{kind}{number}" if text else "", keyed, more)
    return found


class Measured:
    def __init__(self, rig, name, top, keyed, more):
        self.keyed = keyed
        self.peer = gateway(rig, name.replace(", ", "-"), "http", rig.upstream, top=top,
                            policy=POLICY.format(hash=HASH, more=more))
        self.rounds = []

    def measure(self, clients, seconds):
        began = self.peer.cpu()
        done = rigs.wrk(self.peer.port, clients, seconds, env={"KEYED": uuid.uuid4().hex} if self.keyed else None)
        done["cpu"] = (self.peer.cpu() - began) / done["requests"] * 1e6
        if done["failed"]:
            raise SystemExit(f"{self.peer.name}: {done['failed']} requests failed")
        self.rounds.append(done)


def line(name, measured, first):
    def median(key):
        return statistics.median(one[key] for one in measured.rounds)

    def added(key):
        return statistics.median(one[key] - other[key] for one, other in zip(measured.rounds, first.rounds))
    return (f"{name:16} {median('cpu'):8.1f} {added('cpu'):+8.1f} {median('rate'):9,.0f} {median('p50'):8.3f} {added('p50'):+8.3f} "
            f"{median('p99'):8.3f} {added('p99'):+8.3f}")


def main():
    rounds, seconds, clients = (int(word) for word in (sys.argv[1:] + ["5", "5", "8"][len(sys.argv) - 1:]))
    with Rig() as rig:
        rig.upstream = rig.stub()[0]
        all_of_them = {name: Measured(rig, name, *how) for name, how in variants(rig).items()}
        for _ in range(rounds):
            for measured in all_of_them.values():
                measured.measure(clients, seconds)
        first = next(iter(all_of_them.values()))
        version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
        print(f"{rigs.machine()}; redis-server {version}; {clients} clients, {rounds} rounds of {seconds} s")
        print(f"{'':16} {'CPU us':>8} {'added':>8} {'a second':>9} {'p50 ms':>8} {'added':>8} {'p99 ms':>8} {'added':>8}")
        for name, measured in all_of_them.items():
            print(line(name, measured, first))


if __name__ == "__main__":
    main()
