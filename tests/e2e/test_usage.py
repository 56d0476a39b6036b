"""The console's page "Unused and too wide": hits that the store keeps, over restarts and gateways."""

import html
import json
import re
import sqlite3
import time

import pytest

from harness.gateway import NOBODY, TOKEN, policy
from harness.redis import Redis
from harness.upstream import Reply
from harness.world import PATIENCE, eventually
from test_console import HOSTILE, Operator, Page
from test_operators import ALICE, RULES, ask

DAY_MS = 86400 * 1000
NEVER = {"allow": ["network-console"], "actions": ["DescribeVpcClassicLink"], "id": "never-used"}
WIDE = {"allow": ["network-console", "auditor"], "actions": ["DescribeVpcClassicLink", "DetachClassicLinkVpc"], "id": "wide"}
YOUNG = "Rules without a hit so far, and counted for less than 30 days"


def rules(*more):
    return {**RULES, "rules": [*RULES["rules"], *more]}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def console(start, upstream):
    def begin(state="memory", rules=rules(NEVER)):
        return start(upstream.url, rules=rules, top={"console": True, "state": state})
    return begin


def unused(gateway):
    """What the page has: {its title: {what is in front: all columns}}; None: the store did not answer."""
    text = Operator(gateway, ALICE).get("/console/usage").body.decode()
    if "The store does not answer" in text:
        return None
    found = {}
    for title, table in re.findall(r"<h3>([^<]*): \d+</h3>.*?<tbody>(.*?)</tbody>", text, re.DOTALL):
        found[title] = {cells[0] if not title.startswith(("Tokens", "Grants")) else tuple(cells[:2]): cells for cells in (
            [html.unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL))}
    return found


def comes(gateway, wanted):
    """The page as soon as it is as wanted: a request is counted when its answer is out, and a store has 50 ms."""
    last = []

    def probe():
        last[:] = [unused(gateway)]
        return last[0] is not None and wanted(last[0])

    assert eventually(probe, 4 * PATIENCE), last
    return last[0]


def names(page, title):
    return set(page.get(title, ()))


def use(gateway):
    assert gateway.delete().status == 202
    comes(gateway, lambda page: "staging-links" not in names(page, YOUNG))


def age(file, days, names=""):
    """As if it had been counted so many days earlier."""
    with sqlite3.connect(file, timeout=PATIENCE) as base:
        base.execute("UPDATE uses SET since_ms = since_ms - ?1, last_ms = CASE WHEN last_ms < 0 THEN -1 ELSE last_ms - ?1 END "
                     "WHERE name LIKE ?2", (days * DAY_MS, names + "%"))
    base.close()


def stop(gateway):
    gateway.terminate()
    assert gateway.wait() == 0


def test_hits_survive_a_restart(console, file):
    gateway = console({"sqlite": str(file)})
    assert names(unused_now(gateway), YOUNG) == {"staging-links", "never-bastion", "never-used"}
    use(gateway)
    stop(gateway)
    age(file, 40)
    gateway = console({"sqlite": str(file)}, rules(NEVER, {**NEVER, "id": "new-one"}))
    page = unused_now(gateway)
    quiet = page["Rules without a hit for 30 days"]
    assert set(quiet) == {"staging-links", "never-bastion", "never-used"} and names(page, YOUNG) == {"new-one"}
    assert quiet["staging-links"][-1] == "1" and re.fullmatch(r"\d{4}-\S+Z", quiet["staging-links"][-2])
    assert quiet["never-used"][-1] == "0" and quiet["never-used"][-2].startswith("none since ")
    assert page["Tokens without a hit for 30 days"][("network-console", "2026-11")][-1] == "1"
    assert page["Tokens without a hit for 30 days"][("auditor", "only")][-1] == "0"
    last = quiet["staging-links"][-2]
    assert Operator(gateway, ALICE).page("/console/tokens").has(last[:10]), "of before the restart"
    assert gateway.delete().status == 202
    page = comes(gateway, lambda page: "staging-links" not in names(page, "Rules without a hit for 30 days"))
    assert ("network-console", "2026-11") not in names(page, "Tokens without a hit for 30 days")
    assert Operator(gateway, ALICE).page("/console/tokens").has("not lately"), "the auditor's"
    text = Page(Operator(gateway, ALICE).get("/console/usage").body.decode())
    assert text.has("in the store (sqlite)") and text.has("It survives restarts")
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 40 * 86400))
    assert text.has(f"Counted since {since}")


def unused_now(gateway):
    return comes(gateway, lambda page: True)


@pytest.mark.parametrize("days, title", [(5, YOUNG), (29, YOUNG), (31, "Rules without a hit for 30 days"), (89, "Rules without a hit for 30 days"),
                                         (91, "Rules without a hit for 90 days")])
def test_what_is_new_is_not_called_unused(console, file, days, title):
    """A rule that is there for five days, say, beside those that are there for a hundred."""
    gateway = console({"sqlite": str(file)})
    unused_now(gateway)
    age(file, 100)
    age(file, days - 100, "rule never-used")
    page = unused_now(gateway)
    assert [each for each in page if "never-used" in page[each]] == [title]
    assert "staging-links" in names(page, "Rules without a hit for 90 days")


def test_what_was_used_lately_is_no_longer_young_or_unused(console, file):
    gateway = console({"sqlite": str(file)})
    use(gateway)
    age(file, 29)
    page = unused_now(gateway)
    assert not any("staging-links" in page[each] for each in page)


def test_two_gateways_see_the_hits_of_each_other(console, redis):
    one, other = console(redis.state()), console(redis.state())
    assert {"staging-links", "never-used"} <= names(unused_now(other), YOUNG)
    use(one)
    page = comes(other, lambda page: "staging-links" not in names(page, YOUNG))
    assert "never-used" in names(page, YOUNG) and ("network-console", "2026-11") not in names(page, "Tokens" + YOUNG[5:])
    third = console(redis.state())
    assert "staging-links" not in names(unused_now(third), YOUNG)


def test_a_store_that_is_away_is_told_later(console, redis):
    gateway = console(redis.state())
    unused_now(gateway)
    redis.freeze()
    try:
        assert gateway.delete().status == 202
        assert eventually(lambda: unused(gateway) is None)
        operator = Operator(gateway, ALICE)
        page = operator.page("/console/usage")
        assert page.has("The store does not answer") and page.has("The narrowest rules") and operator.get("/console/tokens").status == 200
    finally:
        redis.thaw()
    comes(gateway, lambda page: "staging-links" not in names(page, YOUNG))


def test_a_store_that_has_forgotten_everything_is_told_again(console, redis):
    gateway = console(redis.state())
    use(gateway)
    assert redis.ask("FLUSHALL") == b"+OK\r\n"
    comes(gateway, lambda page: {"staging-links", "never-used"} <= names(page, YOUNG))


def test_memory_says_that_it_forgets(console):
    gateway = console()
    use(gateway)
    page = Page(Operator(gateway, ALICE).get("/console/usage").body.decode())
    assert page.has("Counted since ") and page.has("a restart begins anew") and not page.has("It survives")
    stop(gateway)
    assert "staging-links" in names(unused_now(console()), YOUNG)


def test_a_reload_loses_no_hit(console, file):
    """Of a rule that goes and comes back, too."""
    gateway = console({"sqlite": str(file)})
    gateway.delete()
    written = gateway.file.parent / "policy.yaml"
    before = written.read_text()
    written.write_text(policy({**RULES, "rules": [NEVER]}))
    assert ask(gateway, "POST", "/reload").status == 200
    page = comes(gateway, lambda page: True)
    assert names(page, YOUNG) == {"never-used"}
    written.write_text(before)
    assert ask(gateway, "POST", "/reload").status == 200
    page = comes(gateway, lambda page: "staging-links" not in names(page, YOUNG))
    assert {"never-bastion", "never-used"} <= names(page, YOUNG)


def test_grants_of_a_rule_that_is_used_in_part(console):
    gateway = console(rules={**RULES, "rules": [WIDE]})
    title = "Grants" + YOUNG[5:]
    assert names(unused_now(gateway), title) == set(), "the whole rule is unused"
    assert gateway.delete().status == 202
    page = comes(gateway, lambda page: "wide" not in names(page, YOUNG))
    assert names(page, title) == {("network-console", "DescribeVpcClassicLink"), ("auditor", "DescribeVpcClassicLink"),
                                  ("auditor", "DetachClassicLinkVpc")}
    assert gateway.delete(token=NOBODY).status == 202
    comes(gateway, lambda page: ("auditor", "DetachClassicLinkVpc") not in names(page, title))


@pytest.mark.parametrize("said", ["vpc:DetachClassicLinkVpc", "vpc:DescribeVpcs"])
def test_a_grant_is_used_whatever_name_of_the_action_the_rule_has(console, upstream, said):
    """With its service, and by API 3.0's name where it has another there."""
    gateway = console(rules={**RULES, "rules": [{**WIDE, "actions": [said, "DescribeVpcClassicLink"]}]})
    if said.endswith("s"):
        upstream.script(Reply({"code": 0, "message": "", "totalCount": 0, "data": []}))
        assert gateway.get("/vpcs").status == 200
    else:
        assert gateway.delete().status == 202
    page = comes(gateway, lambda page: "wide" not in names(page, YOUNG))
    assert names(page, "Grants" + YOUNG[5:]) == {("network-console", "DescribeVpcClassicLink"), ("auditor", "DescribeVpcClassicLink"),
                                                 ("auditor", said)}


def test_a_refusal_by_a_freeze_is_no_hit_of_a_rule(console):
    gateway = console(rules=rules())
    operator = Operator(gateway, ALICE)
    assert operator.send("/console/freeze", client="network-console", for_="2h", reason="a test").status == 200
    assert eventually(lambda: gateway.delete().status == 403)
    page = comes(gateway, lambda page: ("network-console", "2026-11") not in names(page, "Tokens" + YOUNG[5:]))
    assert {"staging-links", "never-bastion"} <= names(page, YOUNG)


def test_what_is_denied_is_no_hit_of_a_grant_and_a_wrong_token_is_none(console):
    gateway = console(rules={**RULES, "rules": [WIDE, {"deny": ["auditor"], "actions": ["*"], "id": "not-auditor"}]})
    assert gateway.delete().status == 202
    assert gateway.delete(token=NOBODY).status == 403 and gateway.delete(token=TOKEN + "x").status == 401
    page = comes(gateway, lambda page: not {"wide", "not-auditor"} & names(page, YOUNG))
    assert ("auditor", "DetachClassicLinkVpc") in names(page, "Grants" + YOUNG[5:])
    assert ("auditor", "only") not in names(page, "Tokens" + YOUNG[5:])


@pytest.mark.parametrize("value", HOSTILE)
def test_what_looks_like_html_is_text(console, file, value):
    """Names of rules and clients cannot; who owns them can, and so can what another has put into the store."""
    hostile = json.loads(json.dumps(rules({**NEVER, "owner": value})))
    hostile["clients"]["network-console"]["owner"] = value
    gateway = console({"sqlite": str(file)}, hostile)
    unused_now(gateway)
    with sqlite3.connect(file, timeout=PATIENCE) as base:
        base.execute("INSERT INTO uses SELECT shard, name || ?1, since_ms, last_ms, hits, ends_ms FROM uses", (value,))
    base.close()
    page = Page(Operator(gateway, ALICE).get("/console/usage").body.decode())
    assert page.has("never-used") and page.has("network-console")
    assert not {"script", "img", "b", "svg"} & set(page.tags), page.tags
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
