#!/usr/bin/env python3
"""Calls at full rate across many ends of a credential: bench/credentials.py [--seconds 600] [--life 6] [--fail].

The sandbox plays the metadata service and the cloud; what it gives out lives for --life seconds, and it refuses what has
expired.  With --fail every second answer of the metadata service is a 500.  wrk says how many calls were not answered
with 2xx: there must be none.  Latencies are those of all calls, so a wait at a refresh would show in the maximum."""

import argparse
import json
import os
import subprocess
import sys
import urllib.request

import rig


def state(folder, life):
    """The sandbox's own state, with a role of an instance that lives so long."""
    text = (rig.ROOT / "sandbox/state.yaml").read_text()
    role = '  - { name: gateway, arn: "qcs::cam::uin/100000000001:roleName/gateway", instance: true }'
    assert role in text
    (folder / "state.yaml").write_text(text.replace(role, role.replace(" }", f", life: {life} }}")))
    return folder / "state.yaml"


def configure(folder, cloud, port, admin):
    (folder / "policy.yaml").write_text(json.dumps({
        "version": 1, "clients": {"bench": {"tokens": [{"id": "1", "sha256": rig.HASH, "expires": "2035-12-31"}]}},
        "rules": [{"id": "all", "allow": ["bench"], "actions": ["*"]}]}))
    (folder / "countersign.yaml").write_text(json.dumps({
        "version": 1, "listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}", "policy": "policy.yaml",
        "metadata": f"http://127.0.0.1:{cloud}/", "credentials": {"main": {"role": True}},
        "upstreams": {"vpc": {"url": f"http://127.0.0.1:{cloud}/v2/index.php", "credential": "main",
                              "region": "ap-guangzhou"}}}))
    return folder / "countersign.yaml"


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--life", type=int, default=6)
    options.add_argument("--fail", action="store_true")
    asked = options.parse_args()
    binary = rig.BUILD / "countersign"
    with rig.Rig() as bench:
        cloud, port, admin = rig.free_port(), rig.free_port(), rig.free_port()
        faults = ["--fault", "Metadata:status=500:every=2"] if asked.fail else []
        bench.start("cloud", [binary, "sandbox", "--quiet", "--listen", f"127.0.0.1:{cloud}", "--state",
                              state(bench.folder, asked.life), *faults], cloud)
        bench.start("gateway", [binary, "serve", "-c", configure(bench.folder, cloud, port, admin)], port)
        print(subprocess.run(["wrk", "-t1", "-c32", f"-d{asked.seconds}s", "-s", rig.BENCH / "detach.lua",
                              f"http://127.0.0.1:{port}"], env={**os.environ, "TOKEN": rig.TOKEN}, check=True,
                             capture_output=True, text=True).stdout, end="")
        page = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10).read().decode()
        print("\n".join(line for line in page.splitlines() if line.startswith("countersign_credential_")))


if __name__ == "__main__":
    sys.exit(main())
