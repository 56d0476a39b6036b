"""The fixtures of the end-to-end tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.beside import fixtures      # noqa: E402

reaper, sandbox, scripted, start, upstream = fixtures()
