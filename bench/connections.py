#!/usr/bin/python3
"""bench/connections.py [ROUNDS] - connections that are not threads, with the configuration as shipped unless a row says
otherwise: 10,000 idle keep-alive ones beside 64 that ask; 1,000 at 2,000 requests a second; 256 and 32 clients that wait
for each answer; 1,500 slow headers on 64 workers.  nginx's proxy_pass beside it in the same rounds, for CPU time; medians.
Loopback; ends what it started."""

import os
import socket
import statistics
import sys

import rig as rigs
from rig import TOKEN, Rig, gateway
from side_by_side import pass_nginx

DELAY_MS, SECONDS = 20, 5
ONCE = f"GET /nothing HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


def threads(peer):
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in peer.pids())


def connect(port, count, begin):
    """So many connections, each of which has sent this much; ports are an address's own."""
    wires = []
    for number in range(count):
        wire = socket.socket()
        wire.bind((f"127.0.2.{1 + number // 500}", 0))
        wire.connect(("127.0.0.1", port))
        wire.sendall(begin)
        if begin == ONCE:
            answer = wire.recv(65536)
            if b"Connection: close" in answer or not answer:
                raise SystemExit(f"connection {number} was ended by its answer")
        wires.append(wire)
    return wires


def alive(wires):
    """Those that were not ended meanwhile."""
    found = 0
    for wire in wires:
        wire.setblocking(False)
        try:
            found += wire.recv(1) != b""
        except BlockingIOError:
            found += 1
        except OSError:
            pass
        wire.close()
    return found


# what is asked, how many others, what they have sent, settings; the others come anew in each round
BESIDE = (("the upstream alone", 0, ONCE, None), ("nobody else", 0, ONCE, ""), ("9,900 idle keep-alive", 9900, ONCE, ""),
          ("nobody else", 0, ONCE, "workers: 64"), ("1,500 slow headers", 1500, b"GET /", "workers: 64"))


def beside(rig, slow, rounds):
    """64 connections with 1,000 requests a second: medians, and the sums of what was lost, reconnected and ended."""
    peers = [None if top is None else gateway(rig, f"beside-{number}", "http", slow, top=top)
             for number, (_, _, _, top) in enumerate(BESIDE)]
    found = [[] for _ in BESIDE]
    for _ in range(rounds):
        for peer, (_, count, begin, _), rows in zip(peers, BESIDE, found):
            port = peer.port if peer else slow
            wires = connect(port, count, begin)
            row = rigs.open_loop(port, 1000, 4, 64)
            size = (peer.rss(), threads(peer)) if peer else (0, 0)
            rows.append((row["p50"], row["p99"], *size, row["failed"] + row["lost"], row["reconnects"], count - alive(wires)))
    for (what, _, _, top), rows in zip(BESIDE, found):
        columns = list(zip(*rows))
        p50, p99, memory, tasks = map(statistics.median, columns[:4])
        lost, reconnects, ended = map(sum, columns[4:])
        size = "" if top is None else f"  {memory:>5.1f} MiB  {tasks:.0f} threads  {ended} of the others ended  ({top or 'as shipped'})"
        print(f"  {what:<22} p50 {p50:>6.2f}  p99 {p99:>6.2f} ms  lost {lost}  reconnects {reconnects}{size}")
    for peer in filter(None, peers):
        peer.stop()


def cpu(peers, rounds, load):
    """{name: (median CPU us a request, its median ratio to the first of the same round, reconnects, failed)}"""
    found = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            before = peer.cpu()
            row = load(peer)
            done = row["done"] if "done" in row else row["requests"]
            found[name].append(((peer.cpu() - before) / done * 1e6, row.get("reconnects", 0), row["failed"] + row.get("lost", 0),
                                row["p99"]))
    base = next(iter(found.values()))
    return {name: (statistics.median(row[0] for row in rows),
                   statistics.median(row[0] / other[0] for row, other in zip(rows, base)),
                   sum(row[1] for row in rows), sum(row[2] for row in rows), statistics.median(row[3] for row in rows))
            for name, rows in found.items()}


def compared(rig, rounds, upstream, what, load):
    peers = {"nginx proxy_pass": pass_nginx(rig, f"pass-{what.replace(' ', '-')}", "http", upstream),
             "Countersign": gateway(rig, f"gateway-{what.replace(' ', '-')}", "http", upstream)}
    for peer in peers.values():
        rigs.wrk(peer.port, 16, 1)
    print(f"{what}, as shipped, {rounds} rounds:")
    for name, (time, ratio, reconnects, failed, p99) in cpu(peers, rounds, load).items():
        print(f"  {name:<17} {time:>6.1f} us CPU a request ({ratio:.2f}x)  p99 {p99:.2f} ms  reconnects {reconnects}  failed {failed}")
    for peer in peers.values():
        peer.stop()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(rigs.machine())
    with Rig() as rig:
        plain, _ = rig.stub()
        slow = rig.slow_stub(DELAY_MS)
        print(f"64 connections with 1,000 requests a second, upstream {DELAY_MS} ms, and beside them, {rounds} rounds:")
        beside(rig, slow, rounds)
        compared(rig, rounds, slow, f"1,000 connections, 2,000 requests a second, upstream {DELAY_MS} ms",
                 lambda peer: rigs.open_loop(peer.port, 2000, SECONDS, 1000))
        for clients in (256, 32):
            compared(rig, rounds, plain, f"{clients} clients that wait for each answer, upstream at once",
                     lambda peer, clients=clients: rigs.wrk(peer.port, clients, 2))


if __name__ == "__main__":
    main()
