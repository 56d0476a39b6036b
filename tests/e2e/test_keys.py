"""bench/keys.py in small: gateways and their store killed at random, or the store alone, under keyed changes."""

import os
import shutil
import subprocess

import pytest

from harness.process import REPORTS, binary
from harness.world import REPOSITORY, SLOW

CHANGES = int(os.environ.get("COUNTERSIGN_KEYS", "300"))

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


@pytest.mark.parametrize("harmed", [(), ("store",)], ids=["all", "the store alone"])
def test_no_change_is_executed_twice_answered_wrongly_or_lost(harmed):
    done = subprocess.run(["/usr/bin/python3", REPOSITORY / "bench/keys.py", str(CHANGES), "20", *harmed],
                          env={**os.environ, "COUNTERSIGN": binary()}, capture_output=True, text=True,
                          timeout=(300 + CHANGES / 5) * SLOW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("every answer is true\n") and "undecided: 0" in done.stdout
    assert not any(mark in done.stdout + done.stderr for mark in REPORTS), done.stderr
