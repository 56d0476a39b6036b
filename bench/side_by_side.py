#!/usr/bin/python3
"""bench/side_by_side.py [ROUNDS] [SECONDS] [CLIENTS] - CPU time per request, requests per second, latency and memory
of the gateway and its peers: the ones that do the same job (token, JSON, HMAC-SHA256, forward) and two that only pass
requests on, over a plain and a TLS upstream that answers at once.  Rounds are interleaved; medians are printed, and CPU
time as a ratio to nginx's proxy_pass of the same round.  Beside them, threads that make the gateway's system calls and
do nothing else tell what of that is the design's.  The gateway writes its access log; the peers write none.
First every peer that signs has to get one request past a sandbox that verifies signatures."""

import functools
import json
import statistics
import subprocess
import sys

import rig as rigs
from rig import BENCH, BUILD, HASH, PEERS, Peer, Rig, free_port, gateway

SIGN = ("nginx + Lua", "nginx + njs", "Node", "Go", "Countersign")


def pass_nginx(rig, name, scheme, upstream, tls=False):
    """`tls`: its callers' side, too."""
    port = free_port()
    files = f"ssl_certificate {rig.folder / 'cert.pem'}; ssl_certificate_key {rig.folder / 'key.pem'}"
    listen = f" ssl; {files}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:1m" if tls else ""
    return Peer(rig, name, port, rig.nginx(name, "pass.conf", port, UPSTREAM=upstream, SCHEME=scheme, LISTENTLS=listen))


def haproxy(rig, name, scheme, upstream):
    port = free_port()
    tls = f"ssl verify required sni str(localhost) ca-file {rig.folder / 'ca.pem'}" if scheme == "https" else ""
    file = rig.configured(name, "haproxy.cfg", {"PORT": port, "UPSTREAM": upstream, "HAPROXYTLS": tls})
    return Peer(rig, name, port, rig.start(name, ["haproxy", "-db", "-f", file], port))


def lua(rig, name, scheme, upstream):
    port = free_port()
    return Peer(rig, name, port, rig.nginx(name, "lua.conf", port, UPSTREAM=upstream, SCHEME=scheme))


def njs(rig, name, scheme, upstream):
    port = free_port()
    return Peer(rig, name, port, rig.nginx(name, "njs.conf", port, UPSTREAM=upstream, SCHEME=scheme))


def node(rig, name, scheme, upstream, program=BENCH / "node.sh"):
    port = free_port()
    return Peer(rig, name, port, rig.start(name, [program, PEERS / "node.js", port, scheme, upstream,
                                                  rig.folder / "ca.pem", HASH], port))


def go(rig, name, scheme, upstream):
    port = free_port()
    program = BUILD / "bench" / "peer"
    if not program.exists():
        subprocess.run(["go", "build", "-o", program, PEERS / "peer.go"], check=True, timeout=300)
    return Peer(rig, name, port, rig.start(name, [program, port, scheme, upstream, rig.folder / "ca.pem", HASH], port))


def relay(rig, name, _, upstream):
    port = free_port()
    return Peer(rig, name, port, rig.start(name, [BUILD / "bench" / "relay", port, upstream], port))


MAKERS = {"nginx proxy_pass": pass_nginx, "HAProxy": haproxy, "nginx + Lua": lua, "nginx + njs": njs, "Node": node,
          "Go": go, "Countersign": gateway}
BARE = "threads alone"      # beside them over a plain upstream: the gateway's system calls, and nothing else


def other_node():
    """The Node that is installed, where it is not Debian's."""
    installed = rigs.first(["node", "--version"])
    if installed == rigs.first([BENCH / "node.sh", "--version"]):
        return {}
    return {"Node " + installed.partition(".")[0][1:]: functools.partial(node, program="node")}


def prove_that_peers_sign(rig):
    port = free_port()
    sandbox = rig.start("sandbox", [BUILD / "countersign", "sandbox", "--listen", f"127.0.0.1:{port}", "--quiet"], port)
    for name in SIGN:
        peer = MAKERS[name](rig, f"proof-{name.replace(' ', '')}", "http", port)
        status, body = peer.ask()
        code = json.loads(body).get("code") if status in (200, 202) else None
        peer.stop()
        if code != 0:
            raise SystemExit(f"{name}: the sandbox does not take its signature: {status} {body[:300]}")
    rigs.stop(sandbox)


def one(peer, clients, seconds):
    before = peer.cpu()
    found = rigs.wrk(peer.port, clients, seconds)
    found["cpu"] = (peer.cpu() - before) / found["requests"] * 1e6
    found["rss"] = peer.rss()
    return found


def measure(rig, scheme, upstream, rounds, seconds, clients):
    makers = {**MAKERS, **other_node(), **({BARE: relay} if scheme == "http" else {})}
    peers = {name: make(rig, f"{scheme}-{name.replace(' ', '')}", scheme, upstream) for name, make in makers.items()}
    found = {name: [] for name in peers}
    for peer in peers.values():
        one(peer, clients, 1)                                   # warm
    for _ in range(rounds):
        for name, peer in peers.items():
            found[name].append(one(peer, clients, seconds))
    for peer in peers.values():
        peer.stop()
    return found


def print_table(scheme, found):
    def median(name, key):
        return statistics.median(row[key] for row in found[name])
    base = found["nginx proxy_pass"]
    print(f"\n{'upstream ' + ('over TLS' if scheme == 'https' else 'plain'):<20} {'us CPU':>8} {'ratio':>6} {'ratios':>12} "
          f"{'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'RSS MiB':>8} {'failed':>7}")
    for name, rows in found.items():
        ratios = [row["cpu"] / pair["cpu"] for row, pair in zip(rows, base)]
        print(f"{name:<20} {median(name, 'cpu'):>8.1f} {statistics.median(ratios):>6.2f} "
              f"{f'{min(ratios):.2f}-{max(ratios):.2f}':>12} {median(name, 'rate'):>8.0f} {median(name, 'p50'):>8.2f} "
              f"{median(name, 'p99'):>8.2f} {median(name, 'rss'):>8.1f} {sum(row['failed'] for row in rows):>7}")


def main():
    rounds, seconds, clients = (list(map(int, sys.argv[1:])) + [5, 2, 32][len(sys.argv) - 1:])[:3]
    print(rigs.machine())
    print(*rigs.versions(), sep="\n")
    print(f"{rounds} interleaved rounds of {seconds} s, {clients} keep-alive clients")
    results = {}
    with Rig() as rig:
        plain, tls = rig.stub()
        prove_that_peers_sign(rig)
        for scheme, port in (("http", plain), ("https", tls)):
            results[scheme] = measure(rig, scheme, port, rounds, seconds, clients)
            print_table(scheme, results[scheme])
    (rigs.ROOT / "build" / "side_by_side.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
