"""The console in a real browser: signing in, freezing, trying, by clicks and keys; and what axe finds in each page.

COUNTERSIGN_SCREENSHOTS=FOLDER keeps what the pages looked like, light, dark and on a phone."""

import os
from pathlib import Path

import pytest

from harness.browser import ENTER
from harness.gateway import POLICY, Gateway, configure, fingerprint
from harness.world import VPC, eventually

TOKEN = "browser-alice-operates-Zm9yIHRlc3Rz"
RULES = {**POLICY, "operators": {"alice": {"role": "operator", "tokens": [
    {"id": "laptop", "sha256": fingerprint(TOKEN), "expires": "2035-12-31"}]}}}
PAGES = {"now": "", "decisions": "/decisions", "rights": "/rights?client=network-console", "try": "/try", "tokens": "/tokens",
         "questions": "/questions", "audit": "/audit", "policy": "/policy", "usage": "/usage"}


@pytest.fixture
def console(tmp_path, reaper, cloud, browser):
    """The browser, signed in; `console(page)` opens one."""
    gateway = Gateway(configure(tmp_path, cloud.url, rules=RULES, host=f"127.0.0.1:{cloud.port}",
                                top={"console": True, "audit": "audit.log"}))
    address = f"http://127.0.0.1:{gateway.admin}/console"
    browser.open(address)
    browser.type("#token", TOKEN + ENTER)
    browser.waits_for("Healthy")
    browser.gateway = gateway
    yield lambda page: browser.open(address + PAGES[page])
    reaper.ask(gateway)


def dress(browser, width, dark):
    """What a device says of itself: its width, and whether it wants the dark."""
    for command, parameters in (("Emulation.setDeviceMetricsOverride", {"width": width, "height": 1100, "deviceScaleFactor": 1, "mobile": width < 500}),
                                ("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})):
        browser.devtools(command, parameters)


@pytest.mark.parametrize("width,dark", [(1280, False), (390, True)])
def test_axe_finds_nothing_serious_and_nothing_is_too_wide(console, browser, width, dark):
    axe = Path(os.environ["AXE"]).read_text()
    try:
        dress(browser, width, dark)
        for page in PAGES:
            console(page)
            found = browser.value(axe + "; return (await axe.run()).violations.map(v => [v.impact, v.id, v.nodes[0].html])")
            assert not [each for each in found if each[0] in ("serious", "critical")], f"{page}: {found}"
            assert browser.value("return document.documentElement.scrollWidth <= window.innerWidth"), page
            if folder := os.environ.get("COUNTERSIGN_SCREENSHOTS"):
                browser.screenshot(os.path.join(folder, f"console-{page}-{width}{'-dark' if dark else ''}.png"))
    finally:
        browser.devtools("Emulation.clearDeviceMetricsOverride", {})
        browser.devtools("Emulation.setEmulatedMedia", {"features": []})


def test_freeze_and_thaw_by_clicks(console, browser):
    console("tokens")
    browser.type("#client", "network-console")
    browser.type("#reason", "<b>leaked</b>" + ENTER)
    assert "<b>leaked</b>" in browser.waits_for("Frozen\\.")
    browser.click("button[aria-label^='Thaw network-console']")
    assert "Nothing is frozen" in browser.waits_for("Thawed")
    assert not [line for line in browser.console(f"http://127.0.0.1:{browser.gateway.admin}/") if "(Unauthorized)" not in line], "only the page before signing in"


def test_try_by_keys(console, browser):
    console("try")
    browser.type("#client", "network-console")
    browser.type("#path", f"/vpcs/{VPC}/classiclinks")
    browser.type("#method", "DELETE")
    browser.type("#body", '{"instanceIds":["ins-df454d"]}')
    browser.click("main form button")
    assert "DetachClassicLinkVpc" in browser.waits_for("Verdict: allow")


def test_why_by_a_click(console, browser):
    """A request of the sandbox's client, found by its filter, and opened."""
    console("now")
    gateway = browser.gateway
    request = gateway.delete(vpc="vpc-another1").header("X-Request-Id")
    assert eventually(lambda: console("decisions") or request in browser.text(), every=0.1), "the log is gathered"
    browser.type("#request", request + ENTER)
    browser.waits_for("1 of the last 1 requests")
    browser.click("td a[href^='/console/decision?']")
    assert "the rule has" in browser.waits_for("Why: deny")
    if folder := os.environ.get("COUNTERSIGN_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, "console-decision.png"))


def test_plots_by_client_and_action(console, browser):
    """Each over 15 minutes and over 24 hours; who asked is in the legend, and the tables stay."""
    def found(what):
        return browser.value(f"return [...document.querySelectorAll('{what}')].map(e => e.textContent)")

    console("now")
    assert browser.gateway.delete(vpc="vpc-another1").status == 403
    assert eventually(lambda: console("now") or "Client network-console" in found("details.plots th"), every=0.1), "it is counted"
    wanted = ["Requests a second by client", "Requests a second by action"]
    assert eventually(lambda: [found(".u-title").count(each) for each in wanted] == [2, 2], every=0.1)
    assert found(".u-legend .u-label").count("network-console") == 2
    assert found("details.plots summary").count("By client and action, as a table") == 2


def test_a_policy_is_tested_from_a_file(console, browser, tmp_path):
    """What was written is uploaded, and tested by a click."""
    console("policy")
    browser.type("#file", str(tmp_path / "policy.yaml"))
    assert eventually(lambda: "staging-links" in browser.value("return document.getElementById('policy').value"), every=0.1)
    browser.click("main form button")
    text = browser.waits_for("Findings")
    assert "it can be loaded" in text and "0 verdicts would be another" in text
    if folder := os.environ.get("COUNTERSIGN_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, "console-policy-tested.png"))


def test_nobody_is_signed_in_any_more(console, browser):
    browser.click("header form button")
    browser.waits_for("Your operator's token")
    console("tokens")
    assert "network-console" not in browser.waits_for("Your operator's token")
