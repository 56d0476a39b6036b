"""bench/at_most_once.py in small (threat 24): an upstream that breaks off at every byte, and answers that are held against its
journal."""

import os
import subprocess

from harness.process import REPORTS, binary
from harness.world import REPOSITORY, SLOW

CHANGES = int(os.environ.get("COUNTERSIGN_CHANGES", "3000"))


def test_no_change_is_executed_twice_and_no_answer_lies():
    done = subprocess.run(["/usr/bin/python3", REPOSITORY / "bench/at_most_once.py", str(CHANGES)],
                          env={**os.environ, "COUNTERSIGN": binary()}, capture_output=True, text=True,
                          timeout=(60 + CHANGES / 100) * SLOW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("every answer is true\n")
    assert not any(mark in done.stderr for mark in REPORTS), done.stderr
