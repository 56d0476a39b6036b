#!/usr/bin/python3
"""bench/policy.py - what a decision, a token and a reload cost as the policy grows.

Writes policies of 10, 1,000 and 10,000 rules and of 10 and 100,000 tokens into a temporary folder, and for each prints
nanoseconds per decision and per token (bench/decide.c, the code of the request path), the time to load and check it,
and the memory that it took.  Bounded; starts nothing that stays."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"


def write(path, rules, tokens):
    clients = rules // 10  # ten rules concern each client, however many rules there are
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
    print(f"{'rules':>7} {'tokens':>7} {'ns/decision':>12} {'ns/token':>9} {'load ms':>8} {'RSS MiB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for rules, tokens in ((10, 10), (1000, 10), (10000, 10), (10, 100000), (10000, 100000)):
            path = os.path.join(folder, "policy.yaml")
            write(path, rules, tokens)
            done = subprocess.run([str(BUILD / "bench" / "decide"), path], capture_output=True, text=True, check=True)
            decision, token, load, rss = done.stdout.split()
            print(f"{rules:>7} {tokens:>7} {decision:>12} {token:>9} {load:>8} {rss:>8}")


if __name__ == "__main__":
    sys.exit(main())
