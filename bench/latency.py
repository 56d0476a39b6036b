#!/usr/bin/python3
"""bench/latency.py [ROUNDS] - what the gateway adds: 1,000 requests a second, whatever becomes of them (an open loop,
timed from when each was meant to be sent), over an upstream that takes 20 ms, with 16, 256 and 1,000 connections;
the upstream alone, nginx's proxy_pass and the gateway in turn, medians of the rounds.  Then saturation: 256 clients
that wait for each answer, over an upstream that answers at once.  Then 256 clients that come at once to a gateway
which has just begun, over TLS: what fails, and what it holds."""
import json
import statistics
import sys

import rig as rigs
from rig import Rig, gateway
from side_by_side import pass_nginx

RATE, SECONDS, DELAY_MS = 1000, 4, 20


def open_loop(rig, rounds):
    upstream = rig.slow_stub(DELAY_MS)
    ports = {"upstream alone": upstream, "nginx proxy_pass": pass_nginx(rig, "pass", "http", upstream).port,
             "Countersign": gateway(rig, "gateway", "http", upstream).port}
    results = {}
    print(f"{RATE} requests a second over an upstream of {DELAY_MS} ms, open loop, {rounds} rounds of {SECONDS} s, ms:")
    print(f"{'connections':>11} {'':<17} {'p50':>7} {'p90':>7} {'p99':>7} {'p99.9':>7} {'added p50':>10} {'lost':>5}")
    for connections in (16, 256, 1000):
        # 16 connections at 20 ms carry 800 requests a second at most
        rate = RATE if connections > 20 else 600
        found = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                found[name].append(rigs.open_loop(port, rate, SECONDS, connections))
        base = statistics.median(row["p50"] for row in found["upstream alone"])
        for name, rows in found.items():
            p50, p90, p99, p999 = (statistics.median(row[key] for row in rows) for key in ("p50", "p90", "p99", "p999"))
            lost = sum(row["failed"] + row["lost"] for row in rows)
            print(f"{connections:>11} {name:<17} {p50:>7.2f} {p90:>7.2f} {p99:>7.2f} {p999:>7.2f} {p50 - base:>10.2f} {lost:>5}"
                  + (f"   ({rate}/s: what so few connections carry)" if rate != RATE else ""))
        results[connections] = found
    return results


def saturation(rig, rounds, plain):
    peers = {"nginx proxy_pass": pass_nginx(rig, "pass-256", "http", plain),
             "Countersign": gateway(rig, "gateway-256", "http", plain)}
    print("\n256 clients that wait for each answer, upstream at once:")
    for name, peer in peers.items():
        rigs.wrk(peer.port, 256, 1)
    found = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            found[name].append(rigs.wrk(peer.port, 256, 2))
    for name, rows in found.items():
        print(f"  {name:<17} {statistics.median(row['rate'] for row in rows):>7.0f} req/s, p50 "
              f"{statistics.median(row['p50'] for row in rows):.1f} ms, p99 {statistics.median(row['p99'] for row in rows):.1f} ms, "
              f"failed {sum(row['failed'] for row in rows)}")
        peers[name].stop()


def cold_start(rig, tls):
    peer = gateway(rig, "gateway-cold", "https", tls)
    row = rigs.wrk(peer.port, 256, 2)
    print(f"\n256 clients at once, just begun, upstream over TLS: {row['requests']} requests, failed {row['failed']}, "
          f"{peer.rss():.0f} MiB resident")
    peer.stop()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(rigs.machine())
    with Rig() as rig:
        plain, tls = rig.stub()
        results = open_loop(rig, rounds)
        saturation(rig, rounds, plain)
        cold_start(rig, tls)
    (rigs.ROOT / "build" / "latency.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
