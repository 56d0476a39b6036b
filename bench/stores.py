#!/usr/bin/python3
"""bench/stores.py [ROUNDS [SECONDS [CLIENTS]]] - what each store costs: CPU time a request of the gateway, requests a second,
p50 and p99, of changes without and with an Idempotency-Key, and of a client with a rate.  The upstream answers at once.
Rounds are interleaved, each store beside none; medians are printed, and beside them the median of the differences to the
first line of the same round.  Then the requests a second of two gateways at once, 32 clients each, without limits and with
one that they share.  Loopback only; ends what it started."""

import statistics
import subprocess
import sys
import threading
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
        self.rig, self.name, self.top, self.keyed = rig, name.replace(", ", "-"), top, keyed
        self.policy = POLICY.format(hash=HASH, more=more)
        self.rounds = []

    def measure(self, clients, seconds):
        """A gateway of its own for each round: in memory, 100,000 keys are all that are kept."""
        peer = gateway(self.rig, f"{self.name}-{len(self.rounds)}", "http", self.rig.upstream, top=self.top, policy=self.policy)
        began = peer.cpu()
        done = rigs.wrk(peer.port, clients, seconds, env={"KEYED": uuid.uuid4().hex} if self.keyed else None)
        done["cpu"] = (peer.cpu() - began) / done["requests"] * 1e6
        peer.stop()
        if done["failed"]:
            raise SystemExit(f"{self.name}: {done['failed']} requests failed")
        self.rounds.append(done)


def line(name, measured, first):
    def median(key):
        return statistics.median(one[key] for one in measured.rounds)

    def added(key):
        return statistics.median(one[key] - other[key] for one, other in zip(measured.rounds, first.rounds))
    return (f"{name:16} {median('cpu'):8.1f} {added('cpu'):+8.1f} {median('rate'):9,.0f} {median('p50'):8.3f} {added('p50'):+8.3f} "
            f"{median('p99'):8.3f} {added('p99'):+8.3f}")


def together(rig, rounds, seconds):
    """Two gateways asked at once: their requests a second in all."""
    server = redis(rig)
    shared = f"state: {{ redis: {{ servers: [127.0.0.1:{server}], prefix: 'two:' }} }}"
    pairs = {what: [gateway(rig, f"two-{what.split()[0]}-{number}", "http", rig.upstream, top=top, policy=POLICY.format(hash=HASH, more=more))
                    for number in range(2)]
             for what, top, more in (("no limits", "", ""), ("shared limits", shared, RATE))}
    found = {what: [] for what in pairs}
    for _ in range(rounds):
        for what, pair in pairs.items():
            done, began = [], sum(peer.cpu() for peer in pair)
            asking = [threading.Thread(target=lambda peer=peer: done.append(rigs.wrk(peer.port, 32, seconds, 1))) for peer in pair]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            if len(done) != 2 or any(one["failed"] for one in done):
                raise SystemExit(f"two gateways, {what}: {done}")
            found[what].append((sum(one["rate"] for one in done),
                                (sum(peer.cpu() for peer in pair) - began) / sum(one["requests"] for one in done) * 1e6))
    print(f"two gateways at once, 32 clients each, {rounds} rounds of {seconds} s:")
    for what, rows in found.items():
        rate, time = (statistics.median(column) for column in zip(*rows))
        print(f"  {what:14} {rate:9,.0f} requests a second in all, {time:.1f} us CPU a request of the gateways")


def main():
    rounds, seconds, clients = (int(word) for word in (sys.argv[1:] + ["9", "2", "8"][len(sys.argv) - 1:]))
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
        together(rig, rounds, seconds)


if __name__ == "__main__":
    main()
