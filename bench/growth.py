#!/usr/bin/python3
"""bench/growth.py - what a request costs as things grow: rules, tokens, the operator's routes, instance ids in one call
(CPU time per request, 32 clients, upstream at once, three interleaved rounds); calls in flight at an upstream that takes
500 ms; and connections that say nothing beside 64 that do (p99 and memory).  Loopback; ends what it started."""
import hashlib
import json
import statistics

import rig as rigs
from rig import HASH, Rig, gateway

ROUNDS, SECONDS = 3, 1
SPECIAL = "  - {{ id: links, allow: [bench], actions: [DetachClassicLinkVpc], where: {{ vpcId: [vpc-2ari9m7h] }} }}\n"


def digest(number):
    return hashlib.sha256(f"token-{number}".encode()).hexdigest()


def policy(rules=10, tokens=10):
    others = "".join(f"  c{n}: {{ tokens: [ {{ id: t{n}, sha256: {digest(n)} }} ] }}\n" for n in range(max(tokens - 1, rules // 10)))
    spoken = "".join(f"  - {{ id: r{n}, allow: [c{n // 10}], actions: [DetachClassicLinkVpc], where: {{ vpcId: [vpc-{n}] }} }}\n"
                     for n in range(rules - 1))
    return (f'version: 1\nclients:\n  bench: {{ tokens: [ {{ id: bench, sha256: "{HASH}" }} ] }}\n{others}'
            f"rules:\n{SPECIAL.format()}{spoken}")


def catalog(rig, count):
    """So many routes of the operator's own, none of which the request takes."""
    file = rig.folder / f"catalog-{count}.yaml"
    file.write_text("version: 1\nroutes:\n" + "".join(
        f"  - {{ request: 'GET /own{n}/{{vpcId}}', service: vpc, action: DescribeOwn{n}, effect: read, success: 200,\n"
        f"      parameters: {{ vpcId: {{ in: [path], type: string, required: true }} }} }}\n" for n in range(count)))
    return f"catalog: [{file}]" if count else ""


def ids(count):
    return json.dumps({"instanceIds": [f"ins-{n:06x}" for n in range(count)]})


def cpu_per_request(rig, plain, what, sizes, options):
    """Peers of every size, measured in turn; prints microseconds, and how often the smallest's each is."""
    peers = {size: gateway(rig, f"{what}-{size}", "http", plain, **options(size)[0]) for size in sizes}
    found = {size: [] for size in sizes}
    for size, peer in peers.items():
        rigs.wrk(peer.port, 32, 1, body=options(size)[1])
    for _ in range(ROUNDS):
        for size, peer in peers.items():
            before = peer.cpu()
            row = rigs.wrk(peer.port, 32, SECONDS, body=options(size)[1])
            if row["failed"] > 0:
                raise SystemExit(f"{what} {size}: {row['failed']} failed")
            found[size].append((peer.cpu() - before) / row["requests"] * 1e6)
    middle = {size: statistics.median(rows) for size, rows in found.items()}
    memory = {size: peer.rss() for size, peer in peers.items()}
    for peer in peers.values():
        peer.stop()
    print(f"{what:<24}" + "".join(f"{size:>22,}" for size in sizes))
    print(f"{'  us CPU a request':<24}" + "".join(f"{middle[s]:>14.1f} ({middle[s] / middle[sizes[0]]:.2f}x)" for s in sizes))
    print(f"{'  MiB resident':<24}" + "".join(f"{memory[s]:>22.1f}" for s in sizes))
    return {"sizes": list(sizes), "cpu": [middle[s] for s in sizes], "rss": [memory[s] for s in sizes]}


def slow_calls(rig):
    """So many calls at a time at 500 ms: nothing may be lost."""
    upstream = rig.slow_stub(500)
    results = []
    print(f"\n{'calls in flight, 500 ms':<26} {'rate':>7} {'p50':>8} {'p99':>8} {'lost':>5} {'MiB':>7}")
    for calls in (16, 64, 256, 1000):
        peer = gateway(rig, f"slow-{calls}", "http", upstream, top="workers: 1500", slots=1100)
        row = rigs.open_loop(peer.port, calls * 1.8, 5, calls)
        print(f"{calls:<26} {calls * 1.8:>5.0f}/s {row['p50']:>8.1f} {row['p99']:>8.1f} {row['failed'] + row['lost']:>5} "
              f"{peer.rss():>7.1f}")
        results.append({"calls": calls, "rss": peer.rss(), **row})
        peer.stop()
    return results


def idle_connections(rig):
    upstream = rig.slow_stub(20)
    results = []
    print(f"\n{'idle beside 64 active':<26} {'p50':>8} {'p99':>8} {'lost':>5} {'MiB':>7}   1,000 requests a second, upstream 20 ms")
    for idle in (0, 1000, 4000, 9000):
        peer = gateway(rig, f"idle-{idle}", "http", upstream)
        keeper = rigs.keep_idle(rig, peer.port, idle, 30)
        row = rigs.open_loop(peer.port, 1000, 10, 64)
        print(f"{idle:<26} {row['p50']:>8.2f} {row['p99']:>8.2f} {row['failed'] + row['lost']:>5} {peer.rss():>7.1f}")
        results.append({"idle": idle, "rss": peer.rss(), **row})
        if keeper is not None:
            rigs.stop(keeper)
        peer.stop()
    return results


def main():
    print(rigs.machine())
    results = {}
    with Rig() as rig:
        plain, _ = rig.stub()
        body = ids(1)
        results["rules"] = cpu_per_request(rig, plain, "rules", (10, 1000, 10000), lambda n: ({"policy": policy(rules=n)}, body))
        results["tokens"] = cpu_per_request(rig, plain, "tokens", (10, 1000, 100000), lambda n: ({"policy": policy(tokens=n)}, body))
        results["routes"] = cpu_per_request(rig, plain, "routes of the operator", (0, 100, 1000),
                                            lambda n: ({"top": catalog(rig, n)}, body))
        results["ids"] = cpu_per_request(rig, plain, "instance ids in a call", (1, 10, 100), lambda n: ({}, ids(n)))
        results["slow"] = slow_calls(rig)
        results["idle"] = idle_connections(rig)
    (rigs.ROOT / "build" / "growth.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
