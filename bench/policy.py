#!/usr/bin/python3
"""bench/policy.py - what a decision, a token and a load cost as the policy grows.

Writes policies of 10, 1,000 and 10,000 rules and of 10 and 100,000 tokens, ten rules for each client, and one of 10,000
rules that are all for the same client and action, into a temporary folder, and prints for each what bench/decide.c, which calls the code of the request path, says: nanoseconds per decision for one client again and
again (warm), for all clients in turn, and with every cache emptied before each (cold); nanoseconds per token; the time
to load and check it, what it keeps in memory, and the peak while it is loaded.  The last lines say how often the
smallest's figures the largest's and those of the one client are.  Bounded; starts nothing that stays."""
import hashlib
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"


def write(path, rules, tokens, clients):
    with open(path, "w") as file:
        file.write("version: 1\nclients:\n")
        for client in range(clients):
            held = ", ".join(f"{{ id: t{number}, sha256: {hashlib.sha256(f'token-{number}'.encode()).hexdigest()} }}"
                             for number in range(client, tokens, clients))
            file.write(f"  client-{client}: {{ tokens: [{held}] }}\n")
        file.write("rules:\n")
        for rule in range(rules):
            verb = "deny" if rule % 5 == 4 else "allow"
            file.write(f"  - {{ id: r{rule}, {verb}: [client-{rule % clients}], actions: [DetachClassicLinkVpc],"
                       f" where: {{ vpcId: [vpc-{rule}, \"vpc-{rule}x*\"], region: [ap-guangzhou] }} }}\n")


def main():
    subprocess.run(["cmake", "--build", str(BUILD), "--target", "decide", "--", "--quiet"], check=True)
    print(f"{'':>15} {'ns per decision':>22}")
    print(f"{'rules':>7} {'tokens':>7} {'warm':>6} {'in turn':>8} {'cold':>6} {'ns/token':>9} {'load ms':>8} {'MiB kept':>9}"
          f" {'at peak':>8}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        many = [(rules, tokens, rules // 10) for rules, tokens in itertools.product((10, 1000, 10000), (10, 100000))]
        for rules, tokens, clients in [*many, (10000, 10, 1)]:
            path = os.path.join(folder, "policy.yaml")
            write(path, rules, tokens, clients)
            done = subprocess.run([str(BUILD / "bench" / "decide"), path], capture_output=True, text=True, check=True)
            rows.append([float(figure) for figure in done.stdout.split()])
            warm, in_turn, cold, token, load, kept, peak = done.stdout.split()
            print(f"{rules:>7} {tokens:>7} {warm:>6} {in_turn:>8} {cold:>6} {token:>9} {load:>8} {kept:>9} {peak:>8}")
    for name, row in (("largest/smallest", rows[-2]), ("one client/smallest", rows[-1])):
        growth = [last / first for first, last in zip(rows[0][:4], row)]
        print(f"{name:>15} {growth[0]:>5.1f} {growth[1]:>8.1f} {growth[2]:>6.1f} {growth[3]:>9.1f}")


if __name__ == "__main__":
    sys.exit(main())
