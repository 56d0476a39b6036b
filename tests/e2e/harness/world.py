"""The few facts that all tests share: where the binary is, how patient to be, and the vendor's published
sample."""

import itertools
import os
import pathlib
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(REPOSITORY, os.environ.get("COUNTERSIGN", "build/release/countersign"))

# Sanitizers make everything slower: every wait is a number of seconds times this.
SLOW = float(os.environ.get("COUNTERSIGN_SLOW", "1"))
PATIENCE = 10 * SLOW

# The key pair and the call that the vendor's documents publish, so that signatures can be looked up there.
SECRET_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
SECRET_KEY = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
HOST = "vpc.api.qcloud.com"
ENDPOINT = "/v2/index.php"
VPC = "vpc-2ari9m7h"
INSTANCE = "ins-df454d"
SAMPLE = b'{"code":0,"message":"","taskId":135254}'


_hosts = itertools.count(1)


def stranger():
    """An address of this machine that nobody has called from: the first requests of each that has no token have access
    lines of their own."""
    number = next(_hosts)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def eventually(probe, within=PATIENCE, every=0.01):
    """The first true value of probe(), or its last one when the time is up."""
    deadline = time.monotonic() + within
    while not (value := probe()) and time.monotonic() < deadline:
        time.sleep(every)
    return value
