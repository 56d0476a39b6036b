#!/usr/bin/python3
"""bench/tls.py [ROUNDS [SECONDS]] - TLS at the gateway's own door, with the configuration as shipped: 32 clients that keep
their connections, with TLS on both sides, and 64 that make a handshake for each request, beside nginx's proxy_pass in the same
rounds, for CPU time, medians; then how long 64 plain connections wait for their answers meanwhile.  RSA of 2048 bits, TLS
1.3.  Loopback; ends what it started."""

import sys
import threading

import rig as rigs
from connections import cpu
from rig import Rig, free_port, gateway
from side_by_side import pass_nginx

CLIENTS, COLD, DELAY_MS = 32, 64, 20


def compared(what, peers, rounds, load):
    print(f"{what}, as shipped, {rounds} rounds:")
    for name, (time, ratio, _, failed, p99) in cpu(peers, rounds, load).items():
        print(f"  {name:<17} {time:>6.1f} us CPU a request ({ratio:.2f}x)  p99 {p99:.2f} ms  failed {failed}")


def beside(port, tls, seconds, cold):
    """What others wait for while cold clients come and go."""
    storm, rates = None, []
    if cold:
        storm = threading.Thread(target=lambda: rates.append(rigs.wrk(tls, COLD, seconds + 1, 1, scheme="https", close=True)["rate"]))
        storm.start()
    row = rigs.open_loop(port, 500, seconds, 64)
    if storm is not None:
        storm.join()
    print(f"  {'beside ' + str(COLD) + ' cold clients' if cold else 'alone':<24} p50 {row['p50']:>6.2f}  p99 {row['p99']:>7.2f} ms"
          f"  lost {row['failed'] + row['lost']}" + (f"  {rates[0]:,.0f} handshakes a second" if rates else ""))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    print(rigs.machine())
    with Rig() as rig:
        _, secure = rig.stub()
        slow = rig.slow_stub(DELAY_MS)
        port = free_port()
        gateway(rig, "gateway", "https", secure, tls=port)
        ours = rigs.Peer(rig, "gateway", port, rig.processes[-1])
        peers = {"nginx proxy_pass": pass_nginx(rig, "pass", "https", secure, tls=True), "Countersign": ours}
        compared(f"{CLIENTS} clients, TLS on both sides", peers, rounds, lambda peer: rigs.wrk(peer.port, CLIENTS, seconds, scheme="https"))
        compared(f"{COLD} clients, a handshake for each request, TLS on both sides", peers, rounds,
                 lambda peer: rigs.wrk(peer.port, COLD, seconds, scheme="https", close=True))
        for peer in peers.values():
            peer.stop()
        port = free_port()
        plain = gateway(rig, "beside", "http", slow, tls=port)
        print(f"64 plain connections with 500 requests a second, upstream {DELAY_MS} ms, as shipped:")
        for cold in (False, True):
            beside(plain.port, port, seconds, cold)


if __name__ == "__main__":
    main()
