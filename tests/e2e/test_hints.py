"""What a caller is told that wrote something wrong: the parameter, the form that is wanted, and what was probably meant."""

import json
import re
import urllib.parse

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, Gateway, bearer, configure
from harness.upstream import Reply
from harness.world import VPC

RULES = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]}
CATALOG = """version: 1
routes:
  - request: POST /things/{thingId}
    service: vpc
    action: ModifyThing
    effect: change
    parameters:
      thingId: { in: [path], type: string, required: true, pattern: "[a-z]{3}-[0-9]{1,4}" }
      fast: { in: [body], type: boolean }
      size: { in: [body], type: integer, min: 10, max: 20 }
      mode: { in: [body], type: string, values: [open, closed] }
      names: { in: [body], type: strings }
      password: { in: [body], type: string, secret: true, pattern: "[a-z]{8}" }
      keys: { in: [body], type: strings, secret: true }
"""
ALONE = {"Authorization": f"Bearer {TOKEN}"}
LINKS = f"/vpcs/{VPC}/classiclinks"


@pytest.fixture(scope="module")
def gateway(scripted, tmp_path_factory, reaper):
    folder = tmp_path_factory.mktemp("hints")
    (folder / "more.yaml").write_text(CATALOG)
    gateway = Gateway(configure(folder, scripted.url, rules=RULES, services=("vpc", "cvm"), top={"catalog": [str(folder / "more.yaml")]}))
    yield gateway
    reaper.ask(gateway)


def told(answer):
    assert answer.status == 400 and answer.json()["type"] == "urn:countersign:problem:invalid-parameter", answer.body
    return {name: answer.json().get(name) for name in ("parameter", "expected", "example", "meant")}


@pytest.mark.parametrize("query, parameter, meant", [
    # by hand: what a person would say
    ("InstanceIds=ins-a", "InstanceIds", "instanceIds"),
    ("instance_ids=ins-a", "instance_ids", "instanceIds"),
    ("instanceid=ins-a", "instanceid", "instanceIds"),
    ("instnaceIds=ins-a", "instnaceIds", "instanceIds"),
    ("ids=ins-a", "ids", None),
    ("vpcId=vpc-1", "vpcId", "vpcId in the path"),
    ("VpcId=vpc-1", "VpcId", "vpcId in the path"),
    ("Region=gz", "Region", "region"),
    ("instanceIds=ins-a,ins-b", "instanceIds", "instanceIds=ins-a&instanceIds=ins-b"),
    ("instanceIds=ins-a,%20ins-b%20,ins-c", "instanceIds", "instanceIds=ins-a&instanceIds=ins-b&instanceIds=ins-c"),
    ("instanceIds=a,b", "instanceIds", "instanceIds once for each value"),
    ("instanceIds=INS-DF454D", "instanceIds", "ins-df454d"),
    ("instanceIds=%20ins-a", "instanceIds", "instanceIds=ins-a"),
    ("instanceIds=ins_a", "instanceIds", None),
    ("region=gz", "instanceIds", None),
])
def test_of_a_query(gateway, upstream, query, parameter, meant):
    said = told(gateway.call("DELETE", f"{LINKS}?{query}", headers=ALONE))
    assert (said["parameter"], said["meant"]) == (parameter, meant)
    if parameter == "instanceIds" or meant == "instanceIds":
        assert said["example"] == "ins-df454d"
        assert said["expected"] == ("1 to 100 values, each a text that matches ins-[0-9a-z]{1,32}, or, for a former id, "
                                    "qcvm[0-9a-f]{1,32}; an array in the body; in the query instanceIds= once for each")
    assert upstream.count() == 0


@pytest.mark.parametrize("body, parameter, meant", [
    ({"InstanceIds": ["ins-a"]}, "InstanceIds", "instanceIds"),
    ({"InstanceId": ["ins-a"]}, "InstanceId", "instanceIds"),
    ({"instanceIds": "ins-a"}, "instanceIds", '["ins-a"]'),
    ({"instanceIds": "ins-a,ins-b"}, "instanceIds", '["ins-a","ins-b"]'),
    ({"instanceIds": ["ins-a,ins-b"]}, "instanceIds", '["ins-a","ins-b"]'),
    ({"instanceIds": ["ins-a", "INS-B"]}, "instanceIds", "ins-b"),
    ({"vpcId": "vpc-1", "instanceIds": ["ins-a"]}, "vpcId", "vpcId in the path"),
    ({"instanceIds": []}, "instanceIds", None),
    ({"instanceIds": [1]}, "instanceIds", None),
    ({}, "instanceIds", None),
])
def test_of_a_body(gateway, upstream, body, parameter, meant):
    said = told(gateway.delete(body))
    assert (said["parameter"], said["meant"]) == (parameter, meant)


@pytest.mark.parametrize("body, parameter, expected, meant", [
    ({"fast": "True"}, "fast", "true or false", "true"),
    ({"fast": "0"}, "fast", "true or false", "false"),
    ({"fast": 1}, "fast", "true or false", None),
    ({"size": 9}, "size", "a whole number, 10 to 20", None),
    ({"size": "12"}, "size", "a whole number, 10 to 20", "12"),
    ({"mode": "Open"}, "mode", "one of open, closed", "open"),
    ({"mode": "ajar"}, "mode", "one of open, closed", None),
    ({"Mode": "open"}, "Mode", "one of open, closed", "mode"),
])
def test_of_other_types(gateway, upstream, body, parameter, expected, meant):
    said = told(gateway.call("POST", "/things/abc-1", json.dumps(body), bearer(headers={"Content-Type": "application/json"})))
    assert (said["parameter"], said["expected"], said["meant"]) == (parameter, expected, meant)


def test_of_a_path(gateway, upstream):
    said = told(gateway.call("POST", "/things/ABC-1", "{}", bearer(headers={"Content-Type": "application/json"})))
    assert said == {"parameter": "thingId", "expected": "a text that matches [a-z]{3}-[0-9]{1,4}", "example": "aaa-0", "meant": "abc-1"}


def test_a_parameter_of_the_body_in_the_query(gateway, upstream):
    answer = gateway.call("POST", f"{LINKS}?instanceIds=ins-a", headers={**ALONE, "Content-Length": "0"})
    assert told(answer)["meant"] == "instanceIds in the body"


@pytest.mark.parametrize("body", [{"password": "Hunter-2"}, {"password": "HUNTERXX"}, {"keys": "hunter,hunter"}, {"Keys": "hunter"}])
def test_a_secret_is_never_told_again(gateway, upstream, body):
    answer = gateway.call("POST", "/things/abc-1", json.dumps(body), bearer(headers={"Content-Type": "application/json"}))
    said = told(answer)
    assert said["example"] is None and b"hunter" not in answer.body.lower()


NASTY = ["<script>alert(1)</script>", "a\"b", "\\", "\u202eabc", "x" * 5000, "ins-a," * 2000, ",", ",,", " , ", "ins-a,\r\nSet-Cookie: a",
         TOKEN, f"ins-a,{TOKEN}", "ins-" + "a" * 33, "%", "%s%n", "../../etc"]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_what_is_told_is_never_the_callers_own_words(gateway, upstream, text):
    """But for ids of the right form, and names of up to 32 characters that look like one."""
    quoted = urllib.parse.quote(text)
    for answer in (gateway.call("DELETE", f"{LINKS}?instanceIds={quoted}", headers=ALONE),
                   gateway.call("DELETE", f"{LINKS}?{quoted}=ins-a", headers=ALONE),
                   gateway.delete({"instanceIds": text}), gateway.delete({"instanceIds": [text]}), gateway.delete({text: ["ins-a"]})):
        assert answer.status == 400, answer.body
        hints = [value for name, value in answer.json().items() if name in ("parameter", "meant", "example", "expected")]
        for hint in hints:
            assert len(hint) <= 512 and (hint.startswith("1 to 100 values") or re.fullmatch(r'[\w .&=\[\]",-]*', hint)), hint
        assert TOKEN not in answer.body.decode() or re.fullmatch(r"[\w.-]{1,31}", text)
        assert len(answer.body) < 2048 and answer.header("Set-Cookie") is None


@pytest.mark.parametrize("kind, said", [
    ("text/plain", "Content-Type must be application/json (UTF-8), not text/plain"),
    ("application/x-www-form-urlencoded", "Content-Type must be application/json (UTF-8), not application/x-www-form-urlencoded"),
    ("application/json; charset=latin1", "Content-Type must be application/json (UTF-8)"),
    ("<b>/x", "Content-Type must be application/json (UTF-8)"),
    ("a/" + "b" * 100, "Content-Type must be application/json (UTF-8)"),
    (None, "Content-Type must be application/json (UTF-8), and this body has none"),
])
def test_another_type_of_body(gateway, upstream, kind, said):
    fields = {"Content-Type": kind} if kind else {}
    answer = gateway.call("DELETE", LINKS, b'{"instanceIds":["ins-a"]}', {**ALONE, **fields})
    problem(answer, 415, "unsupported-media-type")
    assert answer.json()["detail"] == said


def test_a_body_without_its_length(gateway, upstream):
    """As Node's http.request sends that of a DELETE: what comes behind the head is no request either."""
    with gateway.wire() as wire:
        wire.send(f"DELETE {LINKS} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                  "Content-Type: application/json\r\n\r\n".encode() + b'{"instanceIds":["ins-a"]}')
        answer = wire.read()
    problem(answer, 411, "length-required")
    assert answer.json()["parameter"] == "instanceIds" and "a body needs a Content-Length" in answer.json()["detail"]
    assert upstream.count() == 0


# ---- pages ----

def page(offset, count, total):
    return Reply({"code": 0, "message": "", "totalCount": total, "data": [{"unVpcId": f"vpc-{offset + n}"} for n in range(count)]})


@pytest.mark.parametrize("target, count, total, link", [
    ("/vpcs", 20, 45, "?offset=20"),
    ("/vpcs", 20, "45", "?offset=20"),
    ("/vpcs?limit=10&offset=10", 10, 45, "?limit=10&offset=20"),
    ("/vpcs?offset=40", 5, 45, None),
    ("/vpcs", 20, 20, None),
    ("/vpcs", 0, 45, None),
    ("/vpcs", 1, "many", None),
    ("/vpcs?offset=2147483647", 1, 2**40, None),
    ("/vpcs?all=false&limit=5", 5, 6, "?all=false&limit=5&offset=5"),
    ("/vpcs?vpcName=a%20b%2Fc%3E%3B&region=ap-shanghai", 20, 45, "?vpcName=a%20b%2Fc%3E%3B&region=ap-shanghai&offset=20"),
    ("/vpcs/vpc-1", 1, 5, None),
])
def test_where_the_next_page_is(gateway, upstream, target, count, total, link):
    upstream.script(then=page(0, count, total))
    for method in ("GET", "HEAD"):
        answer = gateway.call(method, target, headers=ALONE)
        assert answer.status == 200
        assert answer.header("Link") == (link and f'<{link}>; rel="next"')


def test_the_links_lead_through_the_whole_list(sandbox, start):
    """As RFC 3986 section 5 resolves them, below a prefix, too."""
    gateway = start(sandbox().url, rules=RULES)
    everything = gateway.get("/vpcs?all=true").json()["data"]
    url, seen = "http://edge.example/cs/vpcs?limit=1", []
    while url:
        answer = gateway.call("GET", url.removeprefix("http://edge.example/cs"), headers=ALONE)
        seen += answer.json()["data"]
        link = answer.header("Link")
        url = link and urllib.parse.urljoin(url, re.fullmatch(r'<(\S+)>; rel="next"', link)[1])
        assert len(seen) <= len(everything)
    assert seen == everything and len(seen) > 1


def test_one_list_of_all_has_no_next_page(gateway, upstream):
    upstream.script(page(0, 100, 150), page(100, 50, 150))
    answer = gateway.get("/vpcs?all=true")
    assert answer.status == 200 and answer.header("Link") is None


# ---- how a task is ----

RUNNING, DONE = (Reply({"code": 0, "message": "", "data": {"status": status}}) for status in (2, 0))


def test_a_task_that_runs_says_when_to_ask_again(gateway, upstream):
    upstream.script(RUNNING, DONE)
    running, done = gateway.get("/tasks/5"), gateway.get("/tasks/5")
    assert (running.json()["status"], running.header("Retry-After")) == ("running", "2")
    assert (done.json()["status"], done.header("Retry-After")) == ("done", None)
    assert running.header("Preference-Applied") is None


def test_waiting_for_the_end_of_a_task(gateway, upstream):
    upstream.script(RUNNING, RUNNING, DONE)
    answer = gateway.call("GET", "/tasks/5", headers={**ALONE, "Prefer": "wait=30"})
    assert (answer.status, answer.json()["status"], upstream.count()) == (200, "done", 3)
    assert answer.header("Preference-Applied") == "wait=30" and answer.header("Retry-After") is None
    assert gateway.record(answer)["furtherCalls"] == 2


def test_waiting_that_ends_before_the_task(gateway, upstream):
    upstream.script(then=RUNNING)
    answer = gateway.call("GET", "/tasks/5", headers={**ALONE, "Prefer": "wait=1"})
    assert (answer.status, answer.json()["status"]) == (200, "running")
    assert (answer.header("Preference-Applied"), answer.header("Retry-After")) == ("wait=1", "2")


def test_a_question_that_fails_while_waiting(gateway, upstream):
    upstream.script(RUNNING, Reply({"code": 4000, "message": "no"}), DONE)
    answer = gateway.call("GET", "/tasks/5", headers={**ALONE, "Prefer": "wait=30"})
    assert (answer.status, answer.json()["status"]) == (200, "done")


def test_other_reads_do_not_wait(gateway, upstream):
    upstream.script(then=page(0, 1, 1))
    answer = gateway.call("GET", "/vpcs", headers={**ALONE, "Prefer": "wait=30"})
    assert answer.status == 200 and answer.header("Preference-Applied") is None
