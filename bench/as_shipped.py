#!/usr/bin/python3
"""bench/as_shipped.py [ROUNDS] [SECONDS] [SECTION...] - the gateway as it ships beside nginx, and nginx with Lua that does the
same job, in rounds that take turns, each server on one core; prints the tables of docs/performance.md.  Sections:

    loads    1, 256 and 1,000 keep-alive clients that wait for each answer, upstream at once (32: side_by_side.py)
    slow     an upstream of 20 ms: 2,000 requests a second over 256 and over 1,000 connections (open loop)
    doors    the same change through each door: route, /actions, SDK (TC3 and form), MCP
    tls      TLS on both sides: 32 clients that keep their connections, 64 that make a handshake for each request
    growth   10, 1,000 and 10,000 rules: of other clients, and of the same client and action"""

import json
import sys

import measure
import rig as rigs
from rig import HASH, TOKEN, Peer, Rig, free_port, gateway
from side_by_side import MAKERS, SETTINGS, pass_nginx

BESIDE = ("nginx proxy_pass", "nginx + Lua", "nginx + Lua, log", "Countersign")
SLOW_MS, RATE = 20, 2000
VPC = "vpc-2ari9m7h"


def table(title, peers, rounds, load, settings=None):
    found = measure.interleaved(peers, rounds, load)
    for peer in peers.values():
        peer.stop()
    measure.print_table(title, found, settings or {name: SETTINGS[name] for name in peers})


def beside(rig, label, upstream, names=BESIDE):
    return {name: MAKERS[name](rig, f"{label}-{name.replace(' ', '')}", "http", upstream) for name in names}


def loads(rig, rounds, seconds, plain, _):
    for clients in (1, 256, 1000):
        table(f"{clients:,} keep-alive client{'s' if clients > 1 else ''}, upstream at once", beside(rig, f"load{clients}", plain),
              rounds, lambda peer, clients=clients: rigs.wrk(peer.port, clients, seconds + (clients >= 1000)))


def slow(rig, rounds, seconds, *_):
    upstream = rig.slow_stub(SLOW_MS)
    for connections in (256, 1000):
        table(f"{connections:,} connections, {RATE:,} requests a second in all, upstream {SLOW_MS} ms",
              beside(rig, f"slow{connections}", upstream, (BESIDE[0], *BESIDE[2:])), rounds,
              lambda peer, connections=connections: rigs.open_loop(peer.port, RATE, 2 * seconds, connections))


# ---- doors ----

DOCUMENT = json.dumps({"VpcId": VPC, "InstanceIds": ["ins-df454d"]})
FORM = (f"Action=DetachClassicLinkVpc&Version=2017-03-12&Region=ap-guangzhou&Token={TOKEN}&SecretId=dummy&Nonce=1&Timestamp=1"
        f"&SignatureMethod=HmacSHA256&Signature=x&VpcId={VPC}&InstanceIds.0=ins-df454d")
SDK = ("Authorization: TC3-HMAC-SHA256 Credential=dummy/2026-11-27/vpc/tc3_request, SignedHeaders=content-type;host, Signature="
       + 64 * "0" + f"\nX-TC-Token: {TOKEN}\nX-TC-Action: DetachClassicLinkVpc\nX-TC-Version: 2017-03-12\nX-TC-Region: ap-guangzhou\n"
       "X-TC-Timestamp: 1795819194\nX-TC-RequestClient: SDK_GO_1.0.900")
MCP = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "detachClassicLinks", "arguments": {
    "vpcId": VPC, "instanceIds": ["ins-df454d"]}}})
# generation of the upstream, method, path, body, header lines beside the token's
DOORS = {
    "route, API 2.0": (2, {}, rigs.BODY),
    "route, API 3.0": (3, {}, rigs.BODY),
    "/actions": (3, {"METHOD": "POST", "REQUEST_PATH": "/actions/vpc/DetachClassicLinkVpc?region=ap-guangzhou"}, DOCUMENT),
    "SDK, TC3": (3, {"METHOD": "POST", "REQUEST_PATH": "/", "HEADERS": SDK}, DOCUMENT),
    "SDK, form": (3, {"METHOD": "POST", "REQUEST_PATH": "/",
                      "HEADERS": "Authorization: \nContent-Type: application/x-www-form-urlencoded"}, FORM),
    "MCP": (2, {"METHOD": "POST", "REQUEST_PATH": "/mcp", "HEADERS": "MCP-Protocol-Version: 2025-11-25\n"
                "Accept: application/json, text/event-stream"}, MCP),
}


def doors(rig, rounds, seconds, plain, _):
    """A door's question goes to a gateway of its own; nginx passes on the route's."""
    top = f"doors: {{ actions: true, sdk: true, mcp: true }}\ndefinitions: {rigs.ROOT / 'config/definitions/data'}"
    peers = {"nginx proxy_pass": pass_nginx(rig, "doors-pass", "http", plain)}
    asks = {peers["nginx proxy_pass"].port: ({}, rigs.BODY)}
    settings = {"nginx proxy_pass": SETTINGS["nginx proxy_pass"]}
    for name, (generation, env, body) in DOORS.items():
        peers[name] = gateway(rig, "doors-" + "".join(filter(str.isalnum, name)), "http", plain, top=top, generation=generation)
        asks[peers[name].port] = (env, body)
        settings[name] = f"as shipped, all doors open, upstream of API {generation}.0, access log in a file"

    def load(peer):
        env, body = asks[peer.port]
        return rigs.wrk(peer.port, 32, seconds, body=body, env=env)

    table("32 keep-alive clients, one change through each door, upstream at once", peers, rounds, load, settings)


# ---- TLS on both sides ----

def tls(rig, rounds, seconds, _, secure):
    settings = {"nginx proxy_pass": SETTINGS["nginx proxy_pass"] + "; TLS 1.3, RSA of 2048 bits, session cache",
                "Countersign": SETTINGS["Countersign"] + "; TLS 1.3, RSA of 2048 bits"}
    for what, clients, close in (("that keep their connections", 32, False), ("that make a handshake for each request", 64, True)):
        port = free_port()
        ours = gateway(rig, f"tls-{clients}", "https", secure, tls=port)
        peers = {"nginx proxy_pass": pass_nginx(rig, f"tlspass-{clients}", "https", secure, tls=True),
                 "Countersign": Peer(rig, "tls", port, ours.process)}
        table(f"{clients} clients {what}, TLS on both sides, upstream at once", peers, rounds,
              lambda peer, clients=clients, close=close: rigs.wrk(peer.port, clients, seconds, scheme="https", close=close), settings)


# ---- growth ----

def policy(rules, same):
    """So many rules: of clients that do not ask, or of the one that asks and its action; one fits."""
    others = "" if same else "".join(f"  c{n}: {{ tokens: [ {{ id: t, sha256: {n:064x} }} ] }}\n" for n in range(1 + rules // 10))
    text = "".join(f"  - {{ id: r{n}, allow: [{'bench' if same else f'c{n // 10}'}], actions: [DetachClassicLinkVpc], "
                   f"where: {{ vpcId: [vpc-{n:08x}] }} }}\n" for n in range(rules - 1))
    return (f'version: 1\nclients:\n  bench: {{ tokens: [ {{ id: bench, sha256: "{HASH}" }} ] }}\n{others}rules:\n{text}'
            f"  - {{ id: links, allow: [bench], actions: [DetachClassicLinkVpc], where: {{ vpcId: [{VPC}] }} }}\n")


def growth(rig, rounds, seconds, plain, _):
    for same in (False, True):
        whose = "of the same client and action" if same else "of other clients"
        peers = {f"{count:,} rules": gateway(rig, f"rules-{same}-{count}", "http", plain, policy=policy(count, same))
                 for count in (10, 1000, 10000)}
        table(f"Rules {whose}, 32 keep-alive clients, upstream at once", peers, rounds,
              lambda peer: rigs.wrk(peer.port, 32, seconds), {name: SETTINGS["Countersign"] for name in peers})


SECTIONS = {"loads": ("1, 256 and 1,000 clients", loads), "slow": (f"An upstream of {SLOW_MS} ms", slow),
            "doors": ("Each door", doors), "tls": ("TLS on both sides", tls), "growth": ("As rules grow", growth)}


def main():
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    rounds, seconds = (numbers + [9, 1][len(numbers):])[:2]
    chosen = [word for word in words if not word.isdigit()] or list(SECTIONS)
    if not set(chosen) <= set(SECTIONS):
        raise SystemExit(__doc__)
    print(rigs.machine())
    with Rig() as rig:
        print(f"rounds of {seconds} s; {'one core for each server' if rig.one_core_each() else 'all share one core'}")
        plain, secure = rig.stub()
        for name in chosen:
            title, section = SECTIONS[name]
            print(f"\n### {title}")
            section(rig, rounds, seconds, plain, secure)


if __name__ == "__main__":
    main()
