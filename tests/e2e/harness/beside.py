"""What the folders beside tests/e2e share: its fixtures, what they cannot do without, and a page of another origin."""

import contextlib
import http.server
import importlib.util
import os
import pathlib
import shutil
import threading

import pytest


def fixtures():
    """The fixtures of the end-to-end tests, by name."""
    spec = importlib.util.spec_from_file_location("e2e_conftest", pathlib.Path(__file__).resolve().parents[1] / "conftest.py")
    e2e = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(e2e)
    return e2e.reaper, e2e.sandbox, e2e.scripted, e2e.start, e2e.upstream


def skip_without(packages):
    """Two of pytest's hooks, for {program: Debian's package of it}: without one of the programs all is skipped, which is
    a failure where CI is set."""
    lacking = [package for program, package in packages.items() if not shutil.which(program)]

    def pytest_collection_modifyitems(items):
        for item in items if lacking else []:
            item.add_marker(pytest.mark.skip(f"apt-get install {' '.join(lacking)}"))

    def pytest_sessionfinish(session):
        """ctest's word for skipped."""
        if lacking and session.exitstatus == 0:
            session.exitstatus = 1 if os.environ.get("CI") else 77

    return pytest_collection_modifyitems, pytest_sessionfinish


@contextlib.contextmanager
def page_of_another_origin():
    """Its address."""
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>console</title><link rel=icon href='data:,'>a page")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
