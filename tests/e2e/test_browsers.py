"""Callers that are browsers: pages of other origins, and pages of sites that point their own name at us."""

import gzip
import pathlib
import re
from urllib.parse import urljoin

import pytest

from harness.expect import courtesy, problem
from harness.gateway import INSTANCE, TOKEN, Client, Gateway, bearer, configure
from harness.world import SAMPLE, VPC

PATH = f"/vpcs/{VPC}/classiclinks"
CONSOLE = "https://console.example.com"
EVIL = "https://evil.example"
ASK = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture(scope="module")
def console(scripted, tmp_path_factory, reaper):
    """A gateway that the console's pages may call, and that is asked for by two names."""
    gateway = Gateway(configure(tmp_path_factory.mktemp("console"), scripted.url,
                                top={"browsers": {"origins": [CONSOLE], "hosts": ["gateway.example.com"]}}))
    yield gateway
    reaper.ask(gateway)


def granted(answer):
    return answer.header("Access-Control-Allow-Origin")


def preflight(gateway, origin, path=PATH, **more):
    return gateway.call("OPTIONS", path, headers={"Origin": origin, **ASK, **more})


def test_a_preflight_needs_no_token(console, upstream):
    answer = preflight(console, CONSOLE)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("Content-Length") is None and answer.header("Content-Type") is None
    courtesy(answer)
    assert granted(answer) == CONSOLE
    assert answer.header("Vary") == "Origin"
    assert {"DELETE", "GET", "POST"} <= set(answer.header("Access-Control-Allow-Methods").split(", "))
    allowed = answer.header("Access-Control-Allow-Headers").lower().split(", ")
    assert {"authorization", "content-type", "prefer"} <= set(allowed)
    assert answer.header("Access-Control-Allow-Credentials") is None
    assert console.record(answer)["status"] == 204
    assert upstream.count() == 0


def test_a_preflight_does_not_tell_which_paths_there_are(console):
    known, unknown = preflight(console, CONSOLE), preflight(console, CONSOLE, "/no/such/path")
    strip = lambda answer: [pair for pair in answer.headers if pair[0] not in ("Date", "X-Request-Id", "traceparent")]
    assert strip(known) == strip(unknown)


@pytest.mark.parametrize("origin", [
    EVIL, "null", "*", "http://console.example.com", CONSOLE + ":443", CONSOLE + ".evil.example",
    "https://evil-console.example.com", CONSOLE.upper(), f"{CONSOLE}, {EVIL}"])
def test_other_origins_get_nothing(console, upstream, origin):
    answer = preflight(console, origin)
    problem(answer, 401, "unauthenticated")
    assert granted(answer) is None
    assert answer.header("Vary") == "Origin"
    answer = console.delete(headers={"Origin": origin})     # no browser would have sent it; curl may
    assert answer.status == 202 and granted(answer) is None
    assert answer.header("Access-Control-Expose-Headers") is None


def test_nobody_by_default(gateway, upstream):
    answer = preflight(gateway, CONSOLE)
    problem(answer, 401, "unauthenticated")
    for answer in (answer, gateway.delete(headers={"Origin": CONSOLE})):
        assert granted(answer) is None and answer.header("Vary") is None


def test_a_page_reads_every_answer(console, upstream):
    answer = console.delete(headers={"Origin": CONSOLE})
    assert (answer.status, answer.body) == (202, SAMPLE)
    refusals = [console.delete(headers={"Origin": CONSOLE}, token="wrong"),
                console.delete(headers={"Origin": CONSOLE}, vpc="vpc-prod1"),
                console.delete(b"{", headers={"Origin": CONSOLE}),
                console.call("GET", "/nothing", headers=bearer(TOKEN, {"Origin": CONSOLE}))]
    assert [refusal.status for refusal in refusals] == [401, 403, 400, 404]
    for answer in (answer, *refusals):
        assert granted(answer) == CONSOLE
        exposed = answer.header("Access-Control-Expose-Headers").split(", ")
        assert {"Location", "Retry-After", "X-Request-Id"} <= set(exposed)
        assert answer.header("Access-Control-Allow-Credentials") is None
    assert console.delete().header("Vary") == "Origin"


def test_a_form_of_another_page_calls_nothing(console, upstream):
    """A "simple" request needs no preflight; it also has no token and is no JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"):
        answer = console.call("POST", PATH, f'{{"instanceIds":["{INSTANCE}"]}}',
                              {"Origin": EVIL, "Content-Type": kind})
        problem(answer, 415, "unsupported-media-type")
    assert upstream.count() == 0


def test_a_preflight_keeps_its_connection(console, upstream):
    client = Client(console.port)
    for _ in range(3):
        assert client.call("OPTIONS", PATH, headers={"Origin": CONSOLE, **ASK}).status == 204
        assert client.call("DELETE", PATH, b'{"instanceIds":["ins-df454d"]}', bearer()).status == 202
    client.close()


@pytest.mark.parametrize("host", ["gateway.example.com", "GATEWAY.example.com:8080", "localhost:1", "127.0.0.1",
                                  "10.1.2.3", "[::1]:8080"])
def test_names_that_are_ours(console, upstream, host):
    assert console.delete(headers={"Host": host}).status == 202


@pytest.mark.parametrize("host", ["evil.example", "gateway.example.com.evil.example", "gateway.example.com.",
                                  "127.0.0.1.evil.example", "localhost.", "2130706433"])
def test_names_that_are_not(console, upstream, host):
    for token in (TOKEN, None):
        problem(console.delete(headers={"Host": host}, token=token), 421, "misdirected-request")
    answer = preflight(console, CONSOLE, Host=host)
    assert answer.status == 421
    assert upstream.count() == 0


def test_the_reference_page_is_off_by_default(gateway):
    problem(gateway.call("GET", "/docs"), 401, "unauthenticated")
    problem(gateway.call("GET", "/docs", headers=bearer()), 404, "no-such-route")


@pytest.fixture(scope="module")
def documented(scripted, tmp_path_factory, reaper):
    """A gateway with the reference page, for browsers that ask by one name, and behind an edge that says its prefix."""
    gateway = Gateway(configure(tmp_path_factory.mktemp("documented"), scripted.url, top={
        "browsers": {"docs": True, "hosts": ["gateway.example.com"]}, "prefix": "/cs"}))
    yield gateway
    reaper.ask(gateway)


def files_of(page):
    """What an HTML page loads, by its own words."""
    return re.findall(r'(?:src|href)="([^"#:]+)"', page)


def test_the_reference_page_asks_for_no_token(documented):
    """It and its files: the same bytes packed and plain, from us alone, and in nobody's frame."""
    page = documented.call("GET", "/docs")
    assert (page.status, page.header("Content-Encoding")) == (200, None) and page.header("Content-Type").startswith("text/html")
    names = files_of(page.body.decode())
    assert names
    for path in ["/docs", *(urljoin("/docs", name) for name in names)]:
        plain, packed = documented.call("GET", path), documented.call("GET", path, headers={"Accept-Encoding": "br, gzip"})
        assert (plain.status, packed.status, packed.header("Content-Encoding")) == (200, 200, "gzip"), path
        assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
        assert {plain.header("Vary"), packed.header("Vary")} == {"Accept-Encoding"}
        policy = dict(rule.strip().split(" ", 1) for rule in plain.header("Content-Security-Policy").split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'" and policy["connect-src"] == "'self'"
        head = documented.call("HEAD", path)
        assert (head.status, head.header("Content-Length"), head.body) == (200, str(len(plain.body)), b"")


@pytest.mark.parametrize("path", ["/docs/", "/docs/none.js", "/docs/../etc/passwd", "/docs/a/b", "/docs//"])
def test_there_is_nothing_else_beside_the_reference_page(documented, path):
    assert documented.call("GET", path, headers=bearer()).status in (400, 404)
    assert documented.call("GET", path).status in (400, 401)


def test_the_address_alone_leads_to_the_reference_page(documented):
    for method in ("GET", "HEAD"):
        answer = documented.call(method, "/")
        assert (answer.status, answer.header("Location")) == (303, "/cs/docs")
    assert b"/whoami" in documented.call("GET", "/").body
    problem(documented.call("POST", "/", b"", bearer()), 405, "method-not-allowed")
    problem(documented.call("GET", "/", headers={"Host": "evil.example"}), 421, "misdirected-request")


def test_apps_and_fields_of_those_in_between(scripted, upstream, start):
    """The origin of an app's own scheme is one like any other; fields that are named may be sent beside ours."""
    app = "tauri://localhost"
    gateway = start(scripted.url, top={"browsers": {"origins": [app], "headers": ["X-Team", "x-trace"]}})
    answer = preflight(gateway, app)
    assert (answer.status, granted(answer)) == (204, app)
    allowed = answer.header("Access-Control-Allow-Headers").split(", ")
    assert allowed[-2:] == ["X-Team", "x-trace"] and "Authorization" in allowed
    for other in ("tauri://localhost:1", "tauri://localhost.evil", "tauri://", "http://localhost"):
        assert preflight(gateway, other).status == 401


def test_origins_change_by_a_reload(scripted, upstream, start):
    gateway = start(scripted.url, top={"browsers": {"origins": [CONSOLE]}})
    assert preflight(gateway, CONSOLE).status == 204
    file = pathlib.Path(gateway.child.args[-1])
    file.write_text(file.read_text().replace(CONSOLE, "https://other.example.com"))
    assert gateway.call("POST", "/reload", port=gateway.admin).status == 200
    assert preflight(gateway, CONSOLE).status == 401
    assert preflight(gateway, "https://other.example.com").status == 204
