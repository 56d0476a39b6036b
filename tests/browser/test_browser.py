"""A real browser as a caller: pages of other origins, and the reference page.

COUNTERSIGN_SCREENSHOTS=FOLDER keeps what the reference page looked like."""

import os

import pytest

from harness.beside import page_of_another_origin
from harness.gateway import NOBODY, POLICY, TOKEN
from harness.browser import ENTER
from harness.world import VPC, eventually

PATH = f"/vpcs/{VPC}/classiclinks"
READS = {**POLICY, "rules": [{"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}]}

# A page's own code: fetch() with a token, and what it can see of the answer.
FETCH = """
    const [url, token, method, body] = given;
    const response = await fetch(url, { method, body, headers: {
        Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) } });
    return { status: response.status, body: await response.text(), id: response.headers.get("X-Request-Id"),
             location: response.headers.get("Location"), hidden: response.headers.get("Cache-Control") };
"""


@pytest.fixture(scope="module")
def elsewhere():
    """A page of another origin."""
    with page_of_another_origin() as url:
        yield url


def recorded(gateway, count):
    """Its access lines, once there are that many; a line is written after its answer."""
    assert eventually(lambda: len(gateway.records()) >= count), gateway.records()
    return gateway.records()


def keep(browser, name):
    if folder := os.environ.get("COUNTERSIGN_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, name + ".png"))


# ---- pages of other origins ----

def test_a_page_of_a_named_origin_calls(browser, start, elsewhere, cloud):
    gateway = start(POLICY, {"origins": [elsewhere]})
    browser.open(elsewhere)
    url = f"http://127.0.0.1:{gateway.port}{PATH}"
    answer = browser.value(FETCH, url, TOKEN, "DELETE", '{"instanceIds":["ins-df454d"]}')
    assert answer["status"] == 202 and '"taskId"' in answer["body"]
    assert answer["location"].startswith("/tasks/") and answer["id"], "the page sees what it needs"
    assert answer["hidden"] == "no-store", "which Fetch lets every page see"
    refused = browser.value(FETCH, url, "wrong", "DELETE", '{"instanceIds":["ins-df454d"]}')
    assert refused["status"] == 401 and "urn:countersign:problem:unauthenticated" in refused["body"]
    assert recorded(gateway, 3)[0]["method"] == "OPTIONS", "the browser asked first"


@pytest.mark.parametrize("browsers", [{}, {"origins": ["https://console.example.com"]}], ids=["none", "another"])
def test_a_page_of_any_other_origin_is_refused(browser, start, elsewhere, cloud, browsers):
    gateway = start(POLICY, browsers)
    browser.open(elsewhere)
    executed = cloud.state()["requests"]
    for method, body in (("DELETE", '{"instanceIds":["ins-df454d"]}'), ("GET", None)):
        answer = browser.run(FETCH, f"http://127.0.0.1:{gateway.port}{PATH}", TOKEN, method, body)
        assert answer == {"error": "TypeError: Failed to fetch"}
    browser.complains("CORS")
    assert {record["method"] for record in recorded(gateway, 2)} == {"OPTIONS"}, "the calls themselves never came"
    assert cloud.state()["requests"] == executed


def test_a_page_that_sends_no_token_reads_nothing(browser, start, elsewhere):
    """A "simple" request is sent without asking first; it has no token, and its answer is not shown."""
    gateway = start(POLICY, {})
    browser.open(elsewhere)
    answer = browser.run("return (await fetch(given[0])).status", f"http://127.0.0.1:{gateway.port}/openapi.json")
    assert answer == {"error": "TypeError: Failed to fetch"}
    assert [(each["method"], each["status"]) for each in recorded(gateway, 1)] == [("GET", 401)]


# ---- the reference page ----

def test_the_reference_page(browser, start, cloud):
    """It asks for the token, shows what that may call, and runs one call."""
    gateway = start(READS, {"docs": True})
    base = f"http://127.0.0.1:{gateway.port}"
    browser.open(base + "/docs")
    browser.console()
    keep(browser, "asks")

    browser.type("#token", "wrong" + ENTER)
    browser.waits_for("send a valid token")
    browser.complains("401")
    keep(browser, "refused")

    browser.type("#token", TOKEN + ENTER)
    shown = browser.waits_for("This token may call 5 of the gateway's routes")
    for path in ("/vpcs/{vpcId}", "/classiclinks", "/tasks/{taskId}"):
        assert path in shown
    assert "DELETE" not in shown and "POST" not in shown, "what the token may not call is not there"
    keep(browser, "routes")

    browser.click("#operations-vpc-listVpcs .opblock-summary-control")
    browser.type("#operations-vpc-listVpcs tr[data-param-name=vpcName] input", "staging")
    browser.click("#operations-vpc-listVpcs button.execute")
    ran = browser.waits_for("(?s)Server response.*200.*staging")
    assert VPC in ran
    keep(browser, "ran")
    record = eventually(lambda: [each for each in gateway.records() if each.get("route") == "/vpcs"])[-1]
    assert (record["client"], record["status"], record["params"]) == ("network-console", 200, {"vpcName": "staging"})

    assert TOKEN not in browser.text(), "not in the curl line either"
    kept = browser.value("return JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}, "
                         "document.getElementById('token').value])")
    assert TOKEN not in kept
    fetched = browser.value("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert fetched and all(name.startswith((base + "/", "data:")) for name in fetched), fetched
    assert browser.console() == [], "nothing that its Content-Security-Policy would have refused"

    browser.click("#forget")
    assert "/vpcs" not in browser.waits_for("it is gone when you leave")


def test_a_token_without_rules(browser, start):
    gateway = start(READS, {"docs": True})
    browser.open(f"http://127.0.0.1:{gateway.port}/docs")
    browser.type("#token", NOBODY + ENTER)
    browser.waits_for("No rule of the policy lets this token call anything")


def test_its_policy_is_in_force(browser, start):
    """What a script that got into the page could do: nothing of this."""
    gateway = start(READS, {"docs": True})
    browser.open(f"http://127.0.0.1:{gateway.port}/docs")
    assert "error" in browser.run("await fetch('http://127.0.0.1:1/')")
    assert "error" in browser.run("await new Promise((good, bad) => { const script = document.createElement('script');"
                                  " script.src = 'http://127.0.0.1:1/x.js'; script.onload = good;"
                                  " script.onerror = () => bad(1); document.head.append(script); })")
    assert browser.value("const script = document.createElement('script'); script.textContent = 'window.evil = 1';"
                         " document.head.append(script); return window.evil === undefined")
    browser.complains("connect-src 'self'", "script-src 'self'")


def test_it_is_in_no_frame(browser, start, elsewhere):
    gateway = start(READS, {"docs": True})
    browser.open(elsewhere)
    browser.run("""const frame = document.createElement("iframe"); frame.src = given[0];
                   const loaded = new Promise((done) => { frame.onload = done; }); document.body.append(frame);
                   await loaded;""", f"http://127.0.0.1:{gateway.port}/docs")
    browser.complains("frame-ancestors")
