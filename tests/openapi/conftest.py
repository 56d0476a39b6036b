"""The fixtures of the end-to-end tests.  Without npm all is skipped, which is a failure where CI is set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.beside import fixtures, skip_without      # noqa: E402

reaper, sandbox, scripted, start, upstream = fixtures()
pytest_collection_modifyitems, pytest_sessionfinish = skip_without({"npm": "npm"})
