#!/usr/bin/python3
"""bench/side_by_side.py [ROUNDS] [SECONDS] [CLIENTS] [PEER...] - CPU time per request, latency and memory of the gateway
and its peers: the ones that do the same job (token, JSON, HMAC-SHA256, forward) and two that only pass requests on, over a
plain and a TLS upstream that answers at once.  Rounds are interleaved; every server has one core, the load and the upstream
the others; CPU time is told as a ratio to nginx's proxy_pass of the same round, and the gateway's to that of the peer that
does and writes the same.  Beside them, threads that make the gateway's system calls and do nothing else tell what of that is
the design's.  First every peer that signs has to get one request past a sandbox that verifies signatures.  PEERs, such as
"nginx + Lua, log", leave out all others but nginx and the gateway."""

import functools
import json
import subprocess
import sys

import measure
import rig as rigs
from rig import BENCH, BUILD, HASH, PEERS, Peer, Rig, free_port, gateway

SIGN = ("nginx + Lua", "nginx + Lua, log", "nginx + njs", "HAProxy + Lua", "Node", "Go", "Countersign")
NGINX = "1 worker, multi_accept, 1,024 kept connections to the upstream"
SETTINGS = {
    "nginx proxy_pass": f"{NGINX}, no log; neither checks nor signs",
    "HAProxy": "1 thread, http-reuse always, no log; neither checks nor signs",
    "nginx + Lua": f"{NGINX}, no log; ngx.re with jo, hash compared raw",
    "nginx + Lua, log": "the same, and the gateway's access line, buffered (64 KiB, 1 s)",
    "nginx + njs": f"{NGINX}, no log",
    "HAProxy + Lua": "1 thread, http-reuse always, no log; Lua 5.3, HAProxy's own hash and HMAC",
    "Node": "1 process, keep-alive agent, no log",
    "Go": "net/http, 512 kept connections, no log; hashes the token, checks ids",
    "Countersign": "as shipped, access log in a file",
    "threads alone": "a thread for each connection, no work",
}


def pass_nginx(rig, name, scheme, upstream, tls=False):
    """`tls`: its callers' side, too."""
    port = free_port()
    files = f"ssl_certificate {rig.folder / 'cert.pem'}; ssl_certificate_key {rig.folder / 'key.pem'}"
    listen = f" ssl; {files}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:1m" if tls else ""
    return Peer(rig, name, port, rig.nginx(name, "pass.conf", port, UPSTREAM=upstream, SCHEME=scheme, LISTENTLS=listen))


def haproxy(rig, name, scheme, upstream, template="haproxy.cfg"):
    port = free_port()
    tls = f"ssl verify required sni str(localhost) ca-file {rig.folder / 'ca.pem'}" if scheme == "https" else ""
    file = rig.configured(name, template, {"PORT": port, "UPSTREAM": upstream, "HAPROXYTLS": tls})
    return Peer(rig, name, port, rig.start(name, ["haproxy", "-db", "-f", file], port))


def lua(rig, name, scheme, upstream, log=False):
    port = free_port()
    to = f"{rig.folder / name / 'access.log'} access buffer=64k flush=1s" if log else "off"
    return Peer(rig, name, port, rig.nginx(name, "lua.conf", port, UPSTREAM=upstream, SCHEME=scheme, LOG=to,
                                           LOGS="true" if log else "false"))


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


MAKERS = {"nginx proxy_pass": pass_nginx, "HAProxy": haproxy, "nginx + Lua": lua,
          "nginx + Lua, log": functools.partial(lua, log=True), "nginx + njs": njs,
          "HAProxy + Lua": functools.partial(haproxy, template="haproxy_lua.cfg"), "Node": node,
          "Go": go, "Countersign": gateway}
FIRST, ALIKE = "nginx proxy_pass", "nginx + Lua, log"     # what is 1; what does and writes the same
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


def measured(rig, scheme, upstream, rounds, seconds, clients, chosen):
    makers = {**MAKERS, **other_node(), **({BARE: relay} if scheme == "http" else {})}
    if chosen:
        makers = {name: make for name, make in makers.items() if name in (FIRST, *chosen, "Countersign")}
    peers = {name: make(rig, f"{scheme}-{name.replace(' ', '')}", scheme, upstream) for name, make in makers.items()}
    found = measure.interleaved(peers, rounds, lambda peer: rigs.wrk(peer.port, clients, seconds))
    for peer in peers.values():
        peer.stop()
    settings = {name: SETTINGS.get(name, SETTINGS["Node"]) for name in peers}
    where = "over TLS" if scheme == "https" else "plain"
    measure.print_table(f"{clients} keep-alive clients that wait for each answer, upstream {where} and at once", found, settings)
    if ALIKE in found:
        print(f"\nCPU time of Countersign, {ALIKE} of the same round = 1: "
              + measure.spread(measure.ratios(found["Countersign"], found[ALIKE])), flush=True)
    return found


def main():
    numbers = list(map(int, sys.argv[1:4]))
    rounds, seconds, clients = numbers + [9, 1, 32][len(numbers):]
    chosen = sys.argv[4:]
    for name in set(chosen) - set(MAKERS):
        raise SystemExit(f"there is no peer {name!r}: there are: {'; '.join(MAKERS)}")
    print(rigs.machine())
    print(*rigs.versions(), sep="\n")
    results = {}
    with Rig() as rig:
        print(f"rounds of {seconds} s; {'one core for each server' if rig.one_core_each() else 'all share one core'}")
        plain, tls = rig.stub()
        prove_that_peers_sign(rig)
        for scheme, port in (("http", plain), ("https", tls)):
            results[scheme] = measured(rig, scheme, port, rounds, seconds, clients, chosen)
    if not chosen:              # for the plot
        (rigs.ROOT / "build" / "side_by_side.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
