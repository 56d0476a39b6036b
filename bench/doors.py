#!/usr/bin/python3
"""bench/doors.py [PROGRAM] - what the same call costs through each door: user instructions a request (callgrind), one client
on one connection, an upstream of generation 3 that answers at once, DetachClassicLinkVpc of one instance, allowed."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/countersign").resolve()
REQUESTS = 300
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="doors"))
OUT = FOLDER / "callgrind.out"
WRAPPER = FOLDER / "countersign"
WRAPPER.write_text(f'#!/bin/sh\nexec valgrind --tool=callgrind --callgrind-out-file={OUT} --instr-atstart=no -q {PROGRAM} "$@"\n')
WRAPPER.chmod(0o755)
os.environ.update(COUNTERSIGN=str(WRAPPER), COUNTERSIGN_SLOW="20")
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.gateway import TOKEN, Client, Gateway, bearer, configure      # noqa: E402
from harness.upstream import Reply, Upstream                              # noqa: E402
from harness.world import VPC                                             # noqa: E402

DOCUMENT = json.dumps({"VpcId": VPC, "InstanceIds": ["ins-df454d"]}).encode()
OTHERS = {"doors": {"actions": True, "sdk": True}, "definitions": str(ROOT / "config/definitions/data")}
SDK = {"X-TC-Action": "DetachClassicLinkVpc", "X-TC-Version": "2017-03-12", "X-TC-Region": "ap-guangzhou", "X-TC-Token": TOKEN,
       "X-TC-Timestamp": "1795819194", "X-TC-RequestClient": "SDK_NODEJS_4.1.313", "Content-Type": "application/json",
       "Authorization": "TC3-HMAC-SHA256 Credential=dummy/2026-11-27/vpc/tc3_request, SignedHeaders=content-type;host, "
                        "Signature=" + 64 * "0"}
ROUTE = ("DELETE", f"/vpcs/{VPC}/classiclinks?region=ap-guangzhou", b'{"instanceIds":["ins-df454d"]}', bearer(TOKEN))
DOORS = {
    "routes alone": ROUTE,          # no other door is open
    "routes": ROUTE,
    "actions": ("POST", "/actions/vpc/DetachClassicLinkVpc?region=ap-guangzhou", DOCUMENT, bearer(TOKEN)),
    "sdk": ("POST", "/", DOCUMENT, SDK),
    "sdk, form": ("POST", "/", f"Action=DetachClassicLinkVpc&Version=2017-03-12&Region=ap-guangzhou&Token={TOKEN}&SecretId=dummy"
                  f"&Nonce=1&Timestamp=1&SignatureMethod=HmacSHA256&Signature=x&VpcId={VPC}&InstanceIds.0=ins-df454d".encode(),
                  {"Content-Type": "application/x-www-form-urlencoded"}),
}


def control(gateway, word):
    subprocess.run(["callgrind_control", word[0], *word[1:], str(gateway.child.pid)], check=True, capture_output=True,
                   timeout=60)


def total():
    return sum(int(match) for file in FOLDER.glob("callgrind.out*")
               for match in re.findall(r"^totals: (\d+)", file.read_text(errors="replace"), re.M)[:1])


def main():
    upstream = Upstream()
    upstream.script(then=Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}}))
    costs = {}
    for name, question in DOORS.items():
        for file in FOLDER.glob("callgrind.out*"):
            file.unlink()
        folder = FOLDER / name
        folder.mkdir()
        gateway = Gateway(configure(folder, upstream.url.replace("/v2/index.php", "/"), generation=3, timeout="20s",
                                    top={"workers": 4, **({} if name == "routes alone" else OTHERS)}))
        client = Client(gateway.port)
        for number in range(REQUESTS + 50):
            if number == 50:        # the first ones set things up
                control(gateway, ["-i", "on"])
            answer = client.call(*question)
            assert answer.status in (200, 202) and b"Error" not in answer.body, answer
        control(gateway, ["-i", "off"])
        client.close()
        gateway.terminate()
        gateway.wait(60)
        costs[name] = total() / REQUESTS
    upstream.stop()
    for name, cost in costs.items():
        print(f"{name}: {cost:,.0f} user instructions a request, {cost / costs['routes']:.2f} of a route's")


if __name__ == "__main__":
    main()
