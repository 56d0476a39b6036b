"""The fixtures of the end-to-end tests."""

import importlib.util
import sys
from pathlib import Path

E2E = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))
spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
e2e = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e)
reaper, sandbox, scripted, start, upstream = e2e.reaper, e2e.sandbox, e2e.scripted, e2e.start, e2e.upstream
