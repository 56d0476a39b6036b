"""The files of the reference page, as HTTP."""

import gzip
import re

import pytest

from harness.expect import courtesy, problem
from harness.gateway import POLICY, bearer
from harness.world import REPOSITORY

FILES = {"/docs": "text/html", "/docs/page.css": "text/css", "/docs/page.js": "text/javascript",
         "/docs/swagger-ui.css": "text/css", "/docs/swagger-ui-bundle.js": "text/javascript",
         "/docs/licences.txt": "text/plain"}
POLICY_OF_PAGE = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
                  "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}


@pytest.fixture
def gateway(start):
    return start(POLICY, {"docs": True})


@pytest.mark.parametrize("path, kind", FILES.items())
def test_files(gateway, path, kind):
    answer = gateway.call("GET", path)
    assert (answer.status, answer.header("Content-Type")) == (200, kind + "; charset=utf-8")
    courtesy(answer)
    assert answer.header("Content-Encoding") == "gzip" and gzip.decompress(answer.body)
    said = dict(directive.strip().split(" ", 1) for directive in answer.header("Content-Security-Policy").split(";"))
    assert said == POLICY_OF_PAGE, "no inline script or style, no eval, no other host, no frame"
    assert answer.header("Referrer-Policy") == "no-referrer"
    head = gateway.call("HEAD", path)
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", str(len(answer.body)))


def test_the_page_names_only_files_that_are_there(gateway):
    page = gzip.decompress(gateway.call("GET", "/docs").body).decode()
    assert page == (REPOSITORY / "reference/index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {"/" + name for name in named if not name.startswith("data:")} == set(FILES) - {"/docs"}
    assert not re.search(r"<script>|<style>|\sstyle=|\son\w+=", page), "nothing inline"


def test_what_is_not_there(gateway):
    for path in ("/docs/", "/docs/none.js", "/docs/page.js/x", "/docs/node_modules"):
        problem(gateway.call("GET", path), 401, "unauthenticated")
        problem(gateway.call("GET", path, headers=bearer()), 404, "no-such-route")
    for path in ("/docs/../docs", "/docs//page.js", "/docs//"):
        problem(gateway.call("GET", path), 400, "malformed-request")
    answer = gateway.call("POST", "/docs", headers=bearer())
    problem(answer, 405, "method-not-allowed")
    assert answer.header("Allow") == "GET, HEAD"


def test_it_is_under_the_hosts_too(start):
    gateway = start(POLICY, {"docs": True, "hosts": ["gateway.example.com"]})
    assert gateway.call("GET", "/docs").status == 200
    problem(gateway.call("GET", "/docs", headers={"Host": "evil.example"}), 421, "misdirected-request")
