"""What deploy/ gives to Prometheus and Grafana, tried with Debian's Prometheus and a running gateway."""

import json
import re
import subprocess

import pytest
import yaml

from harness.gateway import NOBODY, POLICY, TOKEN, Gateway, bearer, configure
from harness.prometheus import RULES, Prometheus, filled_in
from harness.upstream import HANG_UP, Reply
from harness.world import REPOSITORY, eventually

TESTS = RULES.with_name("countersign.rules.test.yaml")
DASHBOARD = json.loads((REPOSITORY / "deploy/grafana/countersign.json").read_text())
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]


def promtool(*arguments, cwd=RULES.parent):
    done = subprocess.run(["promtool", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


# ---- alerts ----

def test_rules_are_well_formed():
    status, said = promtool("check", "rules", RULES.name)
    assert status == 0 and f"{len(ALERTS)} rules found" in said, said


def test_rules_do_what_their_tests_say():
    status, said = promtool("test", "rules", TESTS.name)
    assert status == 0 and "SUCCESS" in said, said


@pytest.mark.parametrize("expression", ["vector(0) > 1", "vector(1)"])
def test_every_alert_is_tested(tmp_path, expression):
    """Were it silent, or always firing, its tests would fail."""
    document = yaml.safe_load(RULES.read_text())
    for group in document["groups"]:
        for rule in group["rules"]:
            rule["expr"] = expression
    (tmp_path / RULES.name).write_text(yaml.safe_dump(document))
    (tmp_path / TESTS.name).write_text(TESTS.read_text())
    status, said = promtool("test", "rules", TESTS.name, cwd=tmp_path)
    failed = set(re.findall(r"alertname: ?(\w+), time", said))
    assert status == 1 and failed == {rule["alert"] for rule in ALERTS}, said


def test_every_alert_is_explained():
    text = (REPOSITORY / "docs/alerts.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.M) == [rule["alert"] for rule in ALERTS]


# ---- with a real Prometheus ----

@pytest.fixture(scope="module")
def monitored(scripted, tmp_path_factory, reaper):
    """A gateway with all kinds of answers behind it, and a Prometheus that has scraped it before and after."""
    folder = tmp_path_factory.mktemp("monitored")
    rules = json.loads(json.dumps(POLICY))
    rules["rules"].append({"id": "on-trial", "deny": ["*"], "actions": ["*"], "mode": "audit"})
    gateway = Gateway(configure(folder, scripted.url, rules=rules, top={"audit": "audit.log"}))
    prometheus = Prometheus(folder, gateway)
    try:
        scripted.script(Reply(), Reply({"code": 4000, "message": "(1)no"}), HANG_UP, then=Reply())
        traffic(gateway)
        assert eventually(lambda: prometheus.scrapes() >= 2), prometheus.story()
        traffic(gateway)
        before = prometheus.scrapes()
        assert eventually(lambda: prometheus.scrapes() >= before + 2), prometheus.story()
        yield gateway, prometheus
    finally:
        prometheus.stop()
        reaper.ask(gateway)


def traffic(gateway):
    for _ in range(4):
        gateway.delete()
    for token in (None, NOBODY, "wrong"):
        gateway.delete(token=token)
    gateway.delete(vpc="vpc-other")
    gateway.call("GET", "/nowhere", headers=bearer(TOKEN))


@pytest.mark.parametrize("title,expression", QUERIES, ids=[f"{number}-{title}" for number, (title, _) in enumerate(QUERIES)])
def test_every_panel_shows_something(monitored, title, expression):
    assert monitored[1].query(filled_in(expression)), f"{title}: {expression}"


def test_panels_show_the_truth(monitored):
    """Two of them, against the access log."""
    gateway, prometheus = monitored
    lines = gateway.records()
    by_status = {sample["metric"]["status"]: float(sample["value"][1])
                 for sample in prometheus.query("sum by (status) (countersign_requests_total)")}
    for status in {str(line["status"]) for line in lines}:
        assert by_status[status] == sum(str(line["status"]) == status for line in lines), status
    unknown, = prometheus.query('sum(countersign_changes_total{outcome="unknown"})')
    assert float(unknown["value"][1]) == sum(line.get("outcome") == "unknown" for line in lines)


def test_variables_find_something(monitored):
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            found = monitored[1].api("series", **{"match[]": filled_in(selector)})
            assert {series[label] for series in found}


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_alerts_speak_of_metrics_that_are_there(monitored, alert):
    """A name that is misspelt, or a label that is not there, makes an alert that never speaks."""
    rule, = [rule for rule in ALERTS if rule["alert"] == alert]
    for selector in re.findall(r"\b(?:countersign|process)_\w+(?:\{[^}]*\})?|\bup\{[^}]*\}", rule["expr"]):
        if "upstream_credential" in selector or "descriptor" in selector:
            selector = selector.split("{")[0]
        if "certificate" in selector or "countersign_credential_" in selector:
            # this gateway has none: the family is announced all the same
            assert monitored[1].api("metadata", metric=selector.split("{")[0])
            continue
        assert monitored[1].query(selector), selector


def test_the_rules_are_loaded_and_healthy(monitored):
    groups = monitored[1].api("rules")["groups"]
    found = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert set(found) == {rule["alert"] for rule in ALERTS}
    assert eventually(lambda: all(rule["health"] == "ok" for group in monitored[1].api("rules")["groups"]
                                  for rule in group["rules"]))
    firing = {alert["labels"]["alertname"] for alert in monitored[1].api("alerts")["alerts"]
              if alert["state"] == "firing"}
    assert firing <= {"CountersignOutcomeUnknown"}, "all else is well here"


# ---- the dashboard's form ----

def test_the_dashboard_is_tidy():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids)) and DASHBOARD["uid"] == "countersign"
    places = {(panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy): panel["title"]
              for panel in DASHBOARD["panels"]
              for dx in range(panel["gridPos"]["w"]) for dy in range(panel["gridPos"]["h"])}
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in DASHBOARD["panels"]), "overlap"
    assert all(x < 24 for x, _ in places)
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
