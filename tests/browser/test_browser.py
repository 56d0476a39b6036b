"""A real browser as a caller: pages of other origins."""

import pytest

from harness.gateway import POLICY, TOKEN
from harness.world import VPC, eventually

PATH = f"/vpcs/{VPC}/classiclinks"

# A page's own code: fetch() with a token, and what it can see of the answer.
FETCH = """
    const [url, token, method, body] = given;
    const response = await fetch(url, { method, body, headers: {
        Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) } });
    return { status: response.status, body: await response.text(), id: response.headers.get("X-Request-Id"),
             location: response.headers.get("Location"), hidden: response.headers.get("Cache-Control") };
"""


def recorded(gateway, count):
    """Its access lines, once there are that many; a line is written after its answer."""
    assert eventually(lambda: len(gateway.records()) >= count), gateway.records()
    return gateway.records()


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
