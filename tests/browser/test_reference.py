"""The files of the reference page, as HTTP."""

import gzip
import re

import pytest

from harness.expect import courtesy, problem
from harness.gateway import POLICY, bearer
from harness.world import REPOSITORY

REFERENCE = REPOSITORY / "reference"
FILES = {"/docs": "text/html", "/docs/page.css": "text/css", "/docs/page.js": "text/javascript",
         **{f"/docs/{name}.js": "text/javascript" for name in ("operation", "request", "rules", "elements", "document", "list", "actions")}}
POLICY_OF_PAGE = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
                  "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def gateway(start):
    return start(POLICY, {"docs": True})


@pytest.mark.parametrize("path, kind", FILES.items())
def test_files(gateway, path, kind):
    answer = gateway.call("GET", path, headers=GZIP)
    assert (answer.status, answer.header("Content-Type")) == (200, kind + "; charset=utf-8")
    courtesy(answer)
    assert answer.header("Content-Encoding") == "gzip" and answer.header("Vary") == "Accept-Encoding"
    for headers in (None, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "br, gzip;q=0, *"}):
        plain = gateway.call("GET", path, headers=headers)
        assert plain.status == 200 and plain.header("Content-Encoding") is None
        assert plain.header("Vary") == "Accept-Encoding" and plain.body == gzip.decompress(answer.body)
        assert gateway.call("HEAD", path, headers=headers).header("Content-Length") == str(len(plain.body))
    said = dict(directive.strip().split(" ", 1) for directive in answer.header("Content-Security-Policy").split(";"))
    assert said == POLICY_OF_PAGE, "no inline script or style, no eval, no other host, no frame"
    assert answer.header("Referrer-Policy") == "no-referrer"
    head = gateway.call("HEAD", path, headers=GZIP)
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", str(len(answer.body)))


def test_the_page_names_only_files_that_are_there(gateway):
    page = gateway.call("GET", "/docs").body.decode()
    assert page == (REFERENCE / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    named += re.findall(r'from "\./([^"]+)"', "".join(path.read_text() for path in REFERENCE.glob("*.js")))
    files = {"/docs/" + name.removeprefix("docs/") for name in named if not name.startswith(("data:", "#"))}
    assert files == set(FILES) - {"/docs"} == {f"/docs/{path.name}" for kind in ("js", "css") for path in REFERENCE.glob(f"*.{kind}")}
    assert not re.search(r"<script>|<style>|\sstyle=|\son\w+=", page), "nothing inline"


def test_what_is_not_there(gateway):
    for path in ("/docs/", "/docs/none.js", "/docs/page.js/x", "/docs/build.sh"):
        problem(gateway.call("GET", path), 401, "unauthenticated")
        problem(gateway.call("GET", path, headers=bearer()), 404, "no-such-route")
    for path in ("/docs/../docs", "/docs//page.js", "/docs//"):
        problem(gateway.call("GET", path), 400, "malformed-request")
    answer = gateway.call("POST", "/docs", headers=bearer())
    problem(answer, 405, "method-not-allowed")
    assert answer.header("Allow") == "GET, HEAD"


def test_the_address_alone_leads_to_the_page(gateway):
    for method in ("GET", "HEAD"):
        answer = gateway.call(method, "/")
        assert (answer.status, answer.header("Location")) == (303, "/docs")
        courtesy(answer)
    said = gateway.call("GET", "/").body.decode()
    assert "This is Countersign" in said and "/docs" in said and "/whoami" in said
    problem(gateway.call("POST", "/", headers=bearer()), 405, "method-not-allowed")


def test_the_address_alone_without_the_page(start):
    gateway = start(POLICY, {})
    body = problem(gateway.call("GET", "/"), 401, "unauthenticated")
    assert "this is Countersign" in body["detail"] and "/whoami" in body["detail"]
    assert "/whoami" in problem(gateway.call("GET", "/", headers=bearer()), 404, "no-such-route")["detail"]
    assert "Countersign" not in problem(gateway.call("GET", "/none"), 401, "unauthenticated")["detail"]


def test_it_is_under_the_hosts_too(start):
    gateway = start(POLICY, {"docs": True, "hosts": ["gateway.example.com"]})
    assert gateway.call("GET", "/docs").status == 200
    problem(gateway.call("GET", "/docs", headers={"Host": "evil.example"}), 421, "misdirected-request")
