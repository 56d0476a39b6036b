"""The reference page in a real browser: who its reader is, what may be called and with which values, and that nothing
is sent by accident.

COUNTERSIGN_SCREENSHOTS=FOLDER keeps what it looked like, light, dark and on a phone."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.browser import ENTER
from harness.gateway import EXPIRED, NOBODY, POLICY, TOKEN
from harness.world import REPOSITORY, VPC, eventually

READS = {"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}
READER = {**POLICY, "rules": [READS]}
ALL = {**POLICY, "rules": [*POLICY["rules"], READS]}
HEIGHT = 1500           # of an opened operation, in pixels, also on a phone
ESCAPE = "\ue00c"       # WebDriver section 17.4.2
DETACH = "#detachClassicLinks"
PATH = f"/vpcs/{VPC}/classiclinks"


@pytest.fixture
def page(browser, start):
    """page(rules, token) opens the page with that token; gives the gateway."""
    def begin(rules, token=TOKEN):
        gateway = start(rules, {"docs": True})
        browser.open(f"http://127.0.0.1:{gateway.port}/docs")
        browser.type("#token", token + ENTER)
        browser.waits_for("This token may call|No rule of the policy")
        return gateway
    return begin


def keep(browser, name):
    if folder := os.environ.get("COUNTERSIGN_SCREENSHOTS"):
        browser.screenshot(os.path.join(folder, f"docs-{name}.png"))


def open_all(browser, css):
    """What is folded is made when it is opened, with more in it that may be folded."""
    assert eventually(lambda: browser.value(
        f"const parts = [...document.querySelectorAll('{css}')]; parts.forEach((part) => {{ part.open = true; }});"
        "return parts.every((part) => part.children.length > 1)"))


def changes(gateway):
    return [record for record in gateway.records() if record.get("method") == "DELETE"]


# ---- who, and what ----

def test_who_its_reader_is_and_what_that_may_call(browser, page):
    page(ALL)
    shown = browser.waits_for("This token may call 7 of the gateway's routes")
    assert re.search(r"name\s+network-console\s+token\s+2026-11\s+it ends\s+2035-12-31", shown)
    for path in ("/vpcs/{vpcId}", "/classiclinks", "/tasks/{taskId}", PATH.replace(VPC, "{vpcId}")):
        assert path in shown
    assert "POST" not in shown, "what the token may not call is not there"
    browser.click(DETACH + " > summary")
    opened = browser.waits_for("In a terminal")
    assert re.search(rf"staging-links allows it where\s+vpcId is gz_vpc_245, {VPC} or vpc-8e0ypm3z\s+region is ap-guangzhou or", opened)
    assert re.search(r"never-bastion denies it where\s+instanceIds matches ins-bastion\*", opened)
    assert browser.value(f"return [...document.querySelectorAll('{DETACH} datalist option')].map((each) => each.value)")[:2] == ["gz_vpc_245", VPC]
    browser.type("#find", "instance one")
    browser.waits_for("1 of 7")


def test_a_read(browser, page):
    gateway = page(READER)
    base = f"http://127.0.0.1:{gateway.port}"
    assert "DELETE" not in browser.text()
    browser.console()
    browser.type("#listVpcs > summary", ENTER)          # by the keyboard alone
    browser.type("#listVpcs-query-vpcName", "staging" + ENTER)
    assert VPC in browser.waits_for(r"(?s)Answer: 200.*staging")
    record = eventually(lambda: [each for each in gateway.records() if each.get("route") == "/vpcs"])[-1]
    assert (record["client"], record["status"], record["params"]) == ("network-console", 200, {"vpcName": "staging"})
    assert TOKEN not in browser.text(), "not in the line for a terminal either"
    kept = browser.value("return JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}, "
                         "document.documentElement.outerHTML, document.getElementById('token').value])")
    assert TOKEN not in kept
    fetched = browser.value("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert fetched and all(name.startswith((base + "/", "data:")) for name in fetched), fetched
    assert browser.console(base + "/") == [], "nothing that its Content-Security-Policy would have refused"
    browser.click("#forget")
    assert "/vpcs" not in browser.waits_for("it is gone when you leave")


@pytest.mark.parametrize("token, words", [("wrong", "does not know that token"), (EXPIRED, "That token has ended")])
def test_a_kind_word_for_a_wrong_token(browser, start, token, words):
    gateway = start(ALL, {"docs": True})
    browser.open(f"http://127.0.0.1:{gateway.port}/")      # the address alone leads to the page
    browser.waits_for("Welcome")
    browser.type("#token", token + ENTER)
    browser.waits_for(words + "(?s:.)*Who runs the gateway can")
    browser.complains("401")
    keep(browser, "refused")
    browser.type("#token", TOKEN + ENTER)
    browser.waits_for("This token may call")


def test_a_token_without_rules(browser, page):
    page(READER, NOBODY)
    assert "auditor" in browser.waits_for("No rule of the policy lets this token call anything")


# ---- nothing by accident ----

def test_nothing_is_filled_in(browser, page):
    page(ALL)
    open_all(browser, ".call")
    values = browser.value("return [...document.querySelectorAll('#calls :is(input, select, textarea)')].map((each) => [each.id, each.value])")
    assert len(values) > 40 and [each for each in values if each[1] != ""] == []
    assert "such as " + VPC in browser.text(), "the examples stand beside the fields"


def test_a_change_is_asked_about_first(browser, page, cloud):
    gateway = page(ALL)
    executed = cloud.state()["requests"]
    browser.click(DETACH + " > summary")
    browser.click(DETACH + " form > p button")              # nothing is filled in: the browser says so
    assert not browser.value("return document.getElementById('question').open")
    browser.type(DETACH + "-path-vpcId", "vpc-Wrong")
    assert "has not the form" in browser.value(f"return document.querySelector('{DETACH}-path-vpcId').validationMessage")
    browser.value(f"document.querySelector('{DETACH}-path-vpcId').value = ''")
    browser.type(DETACH + "-body-instanceIds", "ins-df454d")
    for leave in ("#question-no", None):
        browser.value(f"document.querySelector('{DETACH}-path-vpcId').value = ''")
        browser.type(DETACH + "-path-vpcId", VPC + ENTER)
        browser.waits_for("Send this change")
        assert PATH in browser.value("return document.getElementById('question-request').textContent")
        assert browser.value("return document.activeElement.id") == "question-no", "Enter once more sends nothing"
        keep(browser, "question")
        if leave is None:
            browser.type("#question-no", ESCAPE)
        else:
            browser.click(leave)
        assert eventually(lambda: not browser.value("return document.getElementById('question').open"))
    assert changes(gateway) == [] and cloud.state()["requests"] == executed
    browser.click(DETACH + " form > p button")
    browser.click("#question-yes")
    browser.waits_for(r"Answer: 202")
    assert [record["status"] for record in eventually(lambda: changes(gateway))] == [202]


def test_the_line_for_a_terminal_runs(browser, page):
    """As it is copied; the shell has the token."""
    gateway = page(ALL)
    open_all(browser, ".call")
    lines = browser.value("return [...document.querySelectorAll('[aria-label=\"Line for a terminal\"]')].map((each) => each.textContent)")
    assert len(lines) == 7 and all('-H "Authorization: Bearer $COUNTERSIGN_TOKEN"' in line for line in lines)
    browser.type("#listVpcs-query-vpcName", "it's ä")
    lines.append(browser.value("return document.querySelector('#listVpcs [aria-label=\"Line for a terminal\"]').textContent"))
    for line in lines:
        done = subprocess.run(["sh", "-c", line + " -s -o /dev/null -w '%{http_code}'"], capture_output=True, text=True, timeout=20,
                              env={**os.environ, "COUNTERSIGN_TOKEN": TOKEN}, check=True)
        assert done.stdout in ("200", "202", "404"), (line, done)      # the example's task is unknown
    assert eventually(lambda: len(changes(gateway)) == 2), "those that were run here"
    assert eventually(lambda: [each for each in gateway.records() if each.get("params") == {"vpcName": "it's ä"}])


def test_values_that_look_like_html(browser, page):
    evil = "</script><img src=x onerror=window.evil=1>"
    rules = {**ALL, "rules": [*ALL["rules"], {"id": "evil", "allow": ["network-console"], "actions": ["DescribeVpcEx"],
                                              "where": {"vpcName": [evil, *(f"name-{i}" for i in range(20))]}}]}
    page(rules)
    open_all(browser, ".call")
    open_all(browser, "#who details, #calls details details")
    assert browser.text().count(evil) >= 2
    assert "and 13 more" in browser.text()
    assert browser.value("return window.evil === undefined && document.querySelector('img') === null")


# ---- how it looks ----

def luminance(colour):
    """Of "rgb(13, 17, 23)", roughly: 0 is black."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / (3 * 255)


@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)])
def test_it_fits_and_can_be_read(browser, page, width, dark):
    axe = Path(os.environ["AXE"]).read_text()
    name = f"{width}{'-dark' if dark else ''}"
    with browser.device(width, dark):
        page(ALL)
        keep(browser, name + "-list")
        open_all(browser, ".call")
        heights = browser.value("return [...document.querySelectorAll('.call')].map((part) => [part.id, part.offsetHeight])")
        assert [each for each in heights if each[1] > HEIGHT] == []
        open_all(browser, "#who details, #calls details details")
        heights = browser.value("return [...document.querySelectorAll('.call')].map((part) => [part.id, part.offsetHeight])")
        assert [each for each in heights if each[1] > 2.5 * HEIGHT] == [], "also with all that is folded"
        assert browser.value("return document.documentElement.scrollWidth <= window.innerWidth")
        found = browser.value(axe + "; return (await axe.run()).violations.map((each) => [each.impact, each.id, each.nodes[0].html])")
        assert [each for each in found if each[0] in ("serious", "critical")] == [], found
        paper, ink = browser.value("const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]")
        assert (luminance(paper) < 0.2 < 0.7 < luminance(ink)) if dark else (luminance(ink) < 0.2 < 0.9 < luminance(paper))
        field = browser.value(f"return getComputedStyle(document.querySelector('{DETACH}-path-vpcId')).backgroundColor")
        assert (luminance(field) < 0.2) == dark, "its fields, too"
        browser.value(f"document.querySelector('{DETACH}').scrollIntoView()")
        keep(browser, name + "-operation")


# ---- the cloud's own actions ----

OPEN = {"doors": {"actions": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
CREATE, LOOK = "#vpc-CreateVpc", "#vpc-DescribeVpcs"
ACTIONS = {**POLICY, "rules": [
    {"id": "make", "allow": ["network-console"], "actions": ["vpc:CreateVpc"], "where": {"VpcName": ["staging", "test"]}},
    {"id": "look", "allow": ["network-console"], "actions": ["vpc:Describe*", "cvm:DescribeInstances", "cvm:RunInstances"]},
    {"id": "key", "allow": ["network-console"], "actions": ["cvm:DescribeInstanceVncUrl"]}]}


@pytest.fixture
def acting(browser, start):
    """acting(rules) opens the page of a gateway whose door for actions is open; gives the gateway."""
    def begin(rules=ACTIONS, services=("vpc", "cvm")):
        gateway = start(rules, {"docs": True}, top=OPEN, generation=3, services=services)
        browser.open(f"http://127.0.0.1:{gateway.port}/docs")
        browser.type("#token", TOKEN + ENTER)
        browser.waits_for(f"actions of {len(services)} services")
        return gateway
    return begin


def open_service(browser, service):
    browser.type(f"#service-{service} > summary", ENTER)          # by the keyboard alone
    browser.find(f"#find-{service}")


def asked_for(browser):
    return browser.value("return performance.getEntriesByType('resource').map((each) => each.name).filter((name) => name.includes('service='))")


def test_actions_are_there_by_service(browser, acting):
    """A service is asked for when it is opened, once; each action has its effect and the rules about it."""
    acting()
    assert "POST" not in browser.text().split("The cloud's own actions")[0], "actions are not among the routes"
    assert asked_for(browser) == []
    open_service(browser, "vpc")
    assert re.search(r"change\s+CreateVpc", browser.text()) and re.search(r"read\s+DescribeVpcs", browser.text())
    assert "DeleteVpc" not in browser.text(), "what the token may not call is not there"
    open_service(browser, "cvm")
    assert re.search(r"secret\s+DescribeInstanceVncUrl", browser.text())
    assert [name.rpartition("=")[2] for name in asked_for(browser)] == ["vpc", "cvm"]
    browser.type("#find-vpc", "createvpc")
    browser.waits_for(r"1 of \d{2,}")
    browser.click(CREATE + " > summary")
    opened = browser.waits_for("In a terminal")
    assert re.search(r"make allows it where\s+VpcName is staging or test", opened) and "look allows it" not in opened
    assert browser.value(f"return [...document.querySelectorAll('{CREATE} datalist option')].map((each) => each.value)") == ["staging", "test"]
    line = browser.value(f"return document.querySelector('{CREATE} [aria-label=\"Line for a terminal\"]').textContent")
    assert "/actions/vpc/CreateVpc'" in line and '-H "Authorization: Bearer $COUNTERSIGN_TOKEN"' in line and TOKEN not in line
    browser.type("#find-service", "cv")
    browser.waits_for("1 of 2")
    assert browser.value("return document.getElementById('service-vpc').hidden")


def test_an_action_that_reads_is_sent_and_a_change_is_asked_about(browser, acting):
    gateway = acting()
    open_service(browser, "vpc")
    browser.click(LOOK + " > summary")
    browser.click(LOOK + " form > p button")
    browser.waits_for("Answer: 200")
    browser.click(CREATE + " > summary")
    browser.type(CREATE + "-body-VpcName", "staging")
    browser.type(CREATE + "-body-CidrBlock", "10.0.0.0/16" + ENTER)
    browser.waits_for("Send this change")
    shown = browser.value("return document.getElementById('question-request').textContent")
    assert "/actions/vpc/CreateVpc" in shown and '{"VpcName":"staging","CidrBlock":"10.0.0.0/16"}' in shown
    browser.click("#question-no")
    browser.click(CREATE + " form > p button")
    browser.click("#question-yes")
    browser.waits_for(r"(?s)Answer: .*Answer: ")
    sent = [record["action"] for record in gateway.records() if record.get("method") == "POST"]
    assert sent == ["DescribeVpcEx", "CreateVpc"], "the one that was not confirmed is not among them"


def test_more_than_a_document_can_hold(browser, acting):
    """The tags name the services; one that has nothing for the token says so."""
    acting({**POLICY, "rules": [{"id": "all", "allow": ["*"], "actions": ["csip:*", "cwp:*", "vpc:*"]}]}, ("csip", "cwp", "vpc"))
    open_service(browser, "cwp")
    assert browser.value("return document.querySelectorAll('#service-cwp .call').length") > 100


@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)])
def test_actions_fit_and_can_be_read(browser, acting, width, dark):
    axe = Path(os.environ["AXE"]).read_text()
    with browser.device(width, dark):
        acting()
        open_service(browser, "cvm")
        open_service(browser, "vpc")
        keep(browser, f"{width}-actions")
        for action in ("#cvm-RunInstances", CREATE, LOOK):
            open_all(browser, action)
        heights = browser.value("return [...document.querySelectorAll('.call[open]')].map((part) => [part.id, part.offsetHeight])")
        assert len(heights) == 3 and [each for each in heights if each[1] > HEIGHT] == []
        open_all(browser, "#cvm-RunInstances details")
        assert "Placement" in browser.text() and "with Zone" in browser.text(), "what is a document itself names its members"
        assert browser.value("return document.documentElement.scrollWidth <= window.innerWidth")
        found = browser.value(axe + "; return (await axe.run()).violations.map((each) => [each.impact, each.id, each.nodes[0].html])")
        assert [each for each in found if each[0] in ("serious", "critical")] == [], found
        browser.value("document.querySelector('#cvm-RunInstances').scrollIntoView()")
        keep(browser, f"{width}-action")


# ---- what a script that got into the page could do ----

def test_its_policy_is_in_force(browser, start):
    gateway = start(READER, {"docs": True})
    browser.open(f"http://127.0.0.1:{gateway.port}/docs")
    assert "error" in browser.run("await fetch('http://127.0.0.1:1/')")
    assert "error" in browser.run("await new Promise((good, bad) => { const script = document.createElement('script');"
                                  " script.src = 'http://127.0.0.1:1/x.js'; script.onload = good;"
                                  " script.onerror = () => bad(1); document.head.append(script); })")
    assert browser.value("const script = document.createElement('script'); script.textContent = 'window.evil = 1';"
                         " document.head.append(script); return window.evil === undefined")
    browser.complains("connect-src 'self'", "script-src 'self'")


def test_it_is_in_no_frame(browser, start, elsewhere):
    gateway = start(READER, {"docs": True})
    browser.open(elsewhere)
    browser.run("""const frame = document.createElement("iframe"); frame.src = given[0];
                   const loaded = new Promise((done) => { frame.onload = done; }); document.body.append(frame);
                   await loaded;""", f"http://127.0.0.1:{gateway.port}/docs")
    browser.complains("frame-ancestors")
