"""The fixtures of the end-to-end tests.  Without npm all is skipped, which is a failure where CI is set."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

E2E = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))
spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
e2e = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e)
reaper, sandbox, scripted, start, upstream = e2e.reaper, e2e.sandbox, e2e.scripted, e2e.start, e2e.upstream
LACKING = not shutil.which("npm")


def pytest_collection_modifyitems(items):
    for item in items if LACKING else []:
        item.add_marker(pytest.mark.skip("there is no npm: apt-get install npm"))


def pytest_sessionfinish(session):
    """ctest's word for skipped."""
    if LACKING and session.exitstatus == 0:
        session.exitstatus = 1 if os.environ.get("CI") else 77
