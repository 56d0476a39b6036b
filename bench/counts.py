#!/usr/bin/python3
"""bench/counts.py - what a request costs where no clock is needed: system calls (strace -c -f, 16 clients) and user
instructions (callgrind, 4 clients and 8 workers), over a plain and a TLS upstream that answers at once; nginx's
proxy_pass beside it for the system calls."""
import re
import signal
import subprocess
import time

import rig as rigs
from rig import Rig, gateway
from side_by_side import pass_nginx

SECONDS = 4


def system_calls(peer):
    """Calls per request by name, those above 0.02, and their sum."""
    rigs.wrk(peer.port, 16, 1)
    attach = [word for pid in peer.pids() for word in ("-p", str(pid))]
    strace = subprocess.Popen(["strace", "-c", "-f", *attach], stderr=subprocess.PIPE, text=True)
    time.sleep(2.5)                                    # a thousand threads are attached to one by one
    requests = rigs.wrk(peer.port, 16, SECONDS)["requests"]
    strace.send_signal(signal.SIGINT)
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", strace.communicate(timeout=60)[1], re.M)
    counts = {name: int(count) / requests for count, name in rows if name != "total"}
    return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count > 0.02}, sum(counts.values())


def instructions(rig, name, scheme, upstream):
    out = rig.folder / f"{name}.callgrind"
    peer = gateway(rig, name, scheme, upstream, top="workers: 8",
                   prefix=["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--instr-atstart=no", "-q"])
    rigs.wrk(peer.port, 4, 3)
    control = ["callgrind_control", str(peer.process.pid), "-i"]
    subprocess.run([*control, "on"], check=True, capture_output=True, timeout=60)
    requests = rigs.wrk(peer.port, 4, 2 * SECONDS)["requests"]
    subprocess.run([*control, "off"], check=True, capture_output=True, timeout=60)
    peer.stop()
    summary = re.search(r"^totals: (\d+)", out.read_text(errors="replace"), re.M)
    return int(summary[1]) / requests


def main():
    with Rig() as rig:
        plain, tls = rig.stub()
        for scheme, port in (("http", plain), ("https", tls)):
            print(f"\nupstream {'over TLS' if scheme == 'https' else 'plain'}")
            for name, make in (("nginx proxy_pass", pass_nginx), ("Countersign", gateway)):
                peer = make(rig, f"{scheme}-{name.split()[0]}", scheme, port)
                calls, total = system_calls(peer)
                peer.stop()
                print(f"  {name}: {total:.2f} system calls a request (" +
                      ", ".join(f"{call} {count:.2f}" for call, count in calls.items()) + ")")
            print(f"  Countersign: {instructions(rig, f'{scheme}-callgrind', scheme, port):,.0f} user instructions a request")


if __name__ == "__main__":
    main()
