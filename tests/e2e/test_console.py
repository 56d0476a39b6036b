"""The console: who gets in, what a browser is told, what forms may do, and values that look like HTML."""

import csv
import datetime
import io
import json
import pathlib
import re
import time
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from harness import chain
from harness.certificates import Authority
from harness.gateway import NOBODY, TOKEN, Gateway, configure, fingerprint
from harness.upstream import Reply
from harness.world import SLOW, VPC, eventually
from test_operators import ALICE, OLD, RULES, VERA, ask

PAGES = ("/console", "/console/decisions", "/console/decision", "/console/questions", "/console/rights", "/console/try",
         "/console/policy", "/console/usage", "/console/tokens", "/console/audit")
RULES_OF_CONTENT = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
                    "connect-src": "'self'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'"}


class Page(HTMLParser):
    """What a browser makes of it: elements, texts, attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.scripts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if attributes == [("src", "/console/console.js"), ("defer", None)] and tag == "script":
            self.scripts.append(tag)        # ours: there is one, in the head, and it is no other tag's
            return
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]

    def handle_data(self, data):
        self.words.append(data)

    def has(self, part):
        return part in "".join(self.words)


class Operator:
    """A browser at the console, as far as HTTP goes."""

    def __init__(self, gateway, token=None):
        self.gateway, self.cookie = gateway, None
        self.origin = f"http://127.0.0.1:{gateway.admin}"
        if token:
            answer = self.post("/console/login", {"token": token})
            assert answer.status == 303 and answer.header("Location") == "/console", answer
            self.cookie = answer.header("Set-Cookie").split(";")[0]

    def get(self, path):
        return self.gateway.call("GET", path, headers={"Cookie": self.cookie} if self.cookie else {},
                                 port=self.gateway.admin)

    def page(self, path="/console"):
        answer = self.get(path)
        assert answer.status == 200, answer
        return Page(answer.body.decode())

    def form(self):
        return re.search(r'name="form" value="([^"]+)"', self.get("/console").body.decode())[1]

    def post(self, path, fields, origin=True, **headers):
        given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        if self.cookie:
            given["Cookie"] = self.cookie
        if origin:
            given["Origin"] = self.origin if origin is True else origin
        return self.gateway.call("POST", path, urlencode(fields), given, port=self.gateway.admin)

    def send(self, path, **fields):
        return self.post(path, {"form": self.form(), **{key.rstrip("_"): value for key, value in fields.items()}})


@pytest.fixture
def console(start, upstream):
    return lambda rules=RULES, **top: start(upstream.url, rules=rules, top={"console": True, "audit": "audit.log", **top})


# ---- who gets in ----

def test_it_is_off_unless_it_is_switched_on(start, upstream):
    gateway = start(upstream.url, rules=RULES)
    for path in PAGES:
        assert ask(gateway, "GET", path).status == 404
    assert Operator(gateway).post("/console/login", {"token": ALICE}).status == 404


def test_the_cookie_and_what_a_browser_is_told(console):
    gateway = console()
    answer = Operator(gateway).post("/console/login", {"token": ALICE})
    name, *attributes = [part.strip() for part in answer.header("Set-Cookie").split(";")]
    assert re.fullmatch(r"countersign_console=[\w-]{46}", name)
    assert sorted(attributes) == ["HttpOnly", "Path=/console", "SameSite=Strict"]
    assert ALICE not in answer.header("Set-Cookie") and answer.body == b""
    operator = Operator(gateway, ALICE)
    for path in (*PAGES, "/console/rights.csv", "/console/console.css", "/console/console.js"):
        answer = operator.get(path)
        assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
        said = dict(part.strip().split(" ", 1) for part in answer.header("Content-Security-Policy").split(";"))
        assert said == RULES_OF_CONTENT and answer.header("X-Content-Type-Options") == "nosniff"
    for path in PAGES:
        page = operator.page(path)
        assert not {"script", "style", "iframe", "img"} & set(page.tags) and len(page.scripts) == 1
        assert not any(name == "style" or name.startswith("on") for _, name, _ in page.attributes)
        assert all(value.startswith(("/", "#", "data:,")) for _, name, value in page.attributes if name in ("href", "src", "action"))


@pytest.mark.parametrize("token", ["", "wrong", TOKEN, NOBODY, OLD, ALICE + "x", "a b", "<script>"])
def test_a_wrong_token_gets_nobody_in(console, token):
    gateway = console()
    answer = Operator(gateway).post("/console/login", {"token": token})
    assert answer.status == 401 and answer.header("Set-Cookie") is None
    assert Page(answer.body.decode()).has("That is no operator's token")
    for path in PAGES:
        answer = Operator(gateway).get(path)
        assert answer.status == 401 and "password" in answer.body.decode() and "network-console" not in answer.body.decode()
    assert Operator(gateway).get("/console/rights.csv").status == 401


def test_who_guesses_has_to_wait(console):
    gateway = console(failed_auth="1/m burst 3")
    found = [Operator(gateway).post("/console/login", {"token": "wrong"}).status for _ in range(5)]
    assert found[0] == 401 and found[-1] == 429


def test_a_session_ends_by_signing_out_and_with_its_token(console):
    gateway = console()
    alice, again = Operator(gateway, ALICE), Operator(gateway, ALICE)
    answer = alice.send("/console/logout")
    assert answer.status == 303 and "Max-Age=0" in answer.header("Set-Cookie")
    assert alice.get("/console").status == 401 and again.get("/console").status == 200
    policy = gateway.file.parent / "policy.yaml"
    policy.write_text(policy.read_text().replace(fingerprint(ALICE), fingerprint("another")))
    assert ask(gateway, "POST", "/reload").status == 200
    assert again.get("/console").status == 401, "the token is nobody's any more"
    for cookie in ("countersign_console=" + 46 * "a", "countersign_console=", "x=y", alice.cookie):
        alice.cookie = cookie
        assert alice.get("/console").status == 401


# ---- forms ----

def test_freeze_and_thaw_are_the_commands_own(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    answer = alice.send("/console/freeze", client="network-console", for_="2h", reason="leaked")
    assert answer.status == 200 and Page(answer.body.decode()).has("Frozen.")
    assert gateway.delete().json()["rule"] == "frozen"
    assert ask(gateway, "GET", "/freezes", VERA).json()["freezes"][0]["by"] == "alice"
    assert alice.page("/console/tokens").has("leaked")
    assert alice.send("/console/thaw", client="network-console", token="").status == 200
    assert gateway.delete().status == 202
    kinds = [record for record in chain.records(gateway.file.parent / "audit.log") if record["audit"] in ("freeze", "thaw")]
    assert [(record["audit"], record["operator"], record["token"]) for record in kinds] == [
        ("freeze", "alice", "laptop"), ("thaw", "alice", "laptop")]
    refused = alice.send("/console/freeze", client="stranger", reason="x")
    assert refused.status == 404 and Page(refused.body.decode()).has("no client of that name")
    assert alice.send("/console/freeze", client="network-console").status == 400, "a reason is needed"


def test_a_viewer_looks(console):
    gateway = console()
    vera = Operator(gateway, VERA)
    page = vera.page("/console/tokens")
    assert page.has("network-console") and not any(value == "/console/freeze" for _, _, value in page.attributes)
    assert vera.send("/console/freeze", client="network-console", reason="x").status == 403
    assert gateway.delete().status == 202
    uses = [(record["operator"], record["path"], record["status"])
            for record in chain.records(gateway.file.parent / "audit.log") if record["audit"] == "operator"]
    assert ("vera", "/console/login", 303) in uses and ("vera", "/console/freeze", 403) in uses


@pytest.mark.parametrize("how", ["no origin", "other origin", "null origin", "no form", "other form", "json", "get"])
def test_another_site_can_do_nothing(console, how):
    """As an attacker's page would, with the operator's cookie: each way by itself."""
    gateway = console()
    alice, other = Operator(gateway, ALICE), Operator(gateway, ALICE)
    fields = {"client": "network-console", "reason": "x", "form": other.form() if how == "other form" else alice.form()}
    if how == "no form":
        fields.pop("form")
    if how == "get":
        answer = alice.get("/console/freeze?" + urlencode(fields))
    elif how == "json":
        answer = gateway.call("POST", "/console/freeze", json.dumps(fields),
                              {"Content-Type": "application/json", "Cookie": alice.cookie, "Origin": alice.origin}, port=gateway.admin)
    else:
        origin = {"no origin": None, "other origin": "https://evil.example", "null origin": "null"}.get(how, True)
        answer = alice.post("/console/freeze", fields, origin=origin)
    assert answer.status in (403, 404, 415), answer
    assert gateway.delete().status == 202 and ask(gateway, "GET", "/freezes", VERA).json()["freezes"] == []


def test_a_page_may_still_not_use_the_rest_of_the_listener(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    for path in ("/reload", "/freeze", "/consoles", "/console/../reload"):
        assert alice.post(path, {"client": "network-console", "reason": "x"}).status in (400, 403, 405)


# ---- pages ----

def test_now_says_what_is_wrong(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    assert alice.page().has("Healthy.") and alice.page().has("closed")
    assert gateway.delete().status == 202
    page = alice.page()
    assert page.has("executed") and page.has(gateway.call("GET", "/version", port=gateway.admin).json()["config"])
    policy = gateway.file.parent / "policy.yaml"
    policy.write_text(policy.read_text() + "colour: blue\n")
    assert ask(gateway, "POST", "/reload").status == 422
    page = alice.page()
    assert page.has("the last reload failed") and page.has("has no key 'colour'") and not page.has("Healthy.")


TEST = {"client": "network-console", "request": "DELETE /vpcs/vpc-2ari9m7h/classiclinks", "body": {"instanceIds": ["ins-1"]},
        "expect": "deny"}


@pytest.mark.parametrize("rules, top, words", [
    ({**RULES, "tests": [TEST]}, {}, ["tests of the policy in force fail", "the test expects deny"]),
    (RULES, {"state": {"redis": {"servers": ["127.0.0.1:1"]}}}, ["the store does not answer", "an Idempotency-Key is refused"]),
    (RULES, {"audit": {"file": "audit.log", "seal": {"key": {"file": "secret_key"}, "every": "1s"}, "witness": ["/bin/false"]}},
     ["the witness of the audit file", "did not get the last seal"]),
], ids=["tests", "store", "witness"])
def test_now_says_what_else_is_wrong(console, rules, top, words):
    alice = Operator(console(rules, **top), ALICE)
    page = eventually(lambda: (lambda page: page if page.has(words[0]) else None)(alice.page()), 20 * SLOW)
    assert all(page.has(part) for part in words) and not page.has("Healthy.")


@pytest.mark.parametrize("code, spare, words", [
    (4104, True, "the cloud refuses one of its credentials, another is used"), (4100, False, "the cloud refuses its credential"),
], ids=["one of two", "the only one"])
def test_now_says_that_the_cloud_refuses_a_credential(start, upstream, code, spare, words):
    gateway = start(upstream.url, rules=RULES, top={"console": True}, spare=("AKIDspare", "a-key-that-is-another") if spare else None)
    refused = Reply({"code": code, "message": ""})
    upstream.script(refused, Reply()) if spare else upstream.script(then=refused)
    assert gateway.delete().status == (202 if spare else 502)
    page = Operator(gateway, ALICE).page()
    assert page.has("upstream vpc") and page.has(words) and not page.has("Healthy.")
    assert spare == page.has("another is used")


@pytest.mark.parametrize("skew, words", [(900, "s ahead of ours"), (-900, "s behind ours")])
def test_now_says_that_a_clock_is_wrong(start, upstream, skew, words):
    gateway = start(upstream.url, rules=RULES, top={"console": True})
    upstream.script(Reply({"code": 4500, "message": ""}, date=time.time() + skew), then=Reply(date=time.time() + skew))
    assert gateway.delete().status == 202
    page = Operator(gateway, ALICE).page()
    said = re.search(r"its clock is (\d+) (s \w+(?: of)? ours)", "".join(page.words))
    assert said[2] == words and abs(int(said[1]) - 900) <= 5 * SLOW and not page.has("Healthy.")


class BesideTls(Gateway):
    READY = re.compile(r"countersign: ready on https://.* and http://127\.0\.0\.1:(\d+), admin on http://127\.0\.0\.1:(\d+)")


@pytest.mark.parametrize("days, words", [(-2, "has expired"), (5, "ends within two weeks"), (40, None)])
def test_now_says_that_a_certificate_ends(upstream, tmp_path, reaper, days, words):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    pair = Authority(tmp_path, "authority").issue("door", "DNS:localhost", end=f"{end:%Y%m%d%H%M%SZ}")
    pathlib.Path(pair.key).chmod(0o600)
    door = {"address": "127.0.0.1:0", "tls": {"certificate": pair.certificate, "key": pair.key}}
    gateway = BesideTls(configure(tmp_path, upstream.url, rules=RULES, top={"console": True, "listen": [door, "127.0.0.1:0"]}))
    try:
        page = Operator(gateway, ALICE).page()
    finally:
        reaper.ask(gateway)
    assert page.has("a certificate of a listener") == (words is not None) == (not page.has("Healthy."))
    assert words is None or page.has(f"{pair.certificate} {words}")


def test_now_over_time_and_by_whom(console):
    """What the plots show is there as tables: since the first sample, which the start takes."""
    gateway = console()
    alice = Operator(gateway, ALICE)
    assert gateway.delete().status == 202 and gateway.delete(vpc="vpc-another1").status == 403
    assert eventually(lambda: alice.page("/console/decisions").has("2 of the last 2"))
    page = alice.page()
    words = [word for word in page.words if word.strip()]
    assert page.has("The last 15 minutes") and page.has("The last 24 hours")
    at = words.index("By client") if "By client" in words else words.index("Client")
    assert words[at:at + 6] == ["Client", "Requests", "Denied", "network-console", "2", "1"]
    last = [i for i, word in enumerate(words) if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", word) and i < at]
    shares = words.index("Client network-console", words.index("The last 24 hours"))
    assert words[shares:shares + 2] == ["Client network-console", "Action DetachClassicLinkVpc"]
    by_client, by_action = map(float, words[last[-1] + 1:last[-1] + 3])
    assert by_client == by_action > 0, "both, the denied one too"
    last = max(i for i in last if i < shares)
    figures = [float(word) for word in words[last + 1:last + 10]]
    assert all(figure >= 0 for figure in figures) and figures[0] > figures[1] > 0, "two requests, one was denied"
    assert figures[2] > 0 and figures[3] >= figures[2] and figures[6] > 0 and figures[8] == 0


def test_of_many_clients_eight_have_a_line_each(console):
    """The others have one together; what no client of the configuration asked is not in it."""
    rules = json.loads(json.dumps(RULES))
    rules["clients"].update({f"many-{i:02}": {"tokens": [("2026", f"e2e-many-{i:02}-Zm9yIHRlc3Rz", "2035-12-31")]} for i in range(12)})
    gateway = console(rules)
    alice = Operator(gateway, ALICE)
    assert not alice.page().has("all others")
    for i in range(12):
        for _ in range(i + 1):
            assert gateway.delete(token=f"e2e-many-{i:02}-Zm9yIHRlc3Rz").status == 403
    assert gateway.delete(token="nobody").status == 401

    def lines():
        found = re.findall(r'data-plot="Requests a second by client" data-label="([^"]*)"', alice.get("/console").body.decode())
        return found[:len(found) // 2] if found[:len(found) // 2] == found[len(found) // 2:] else None

    assert eventually(lambda: lines() == [*(f"many-{i:02}" for i in range(11, 3, -1)), "all others"]), lines()


def test_who_may_do_what_both_ways_round(console):
    gateway = console()
    alice = Operator(gateway, ALICE)
    page = alice.page("/console/rights?client=network-console")
    assert page.has("DetachClassicLinkVpc") and page.has("allow") and re.search(r"policy\.yaml:\d+", "".join(page.words))
    assert alice.page(f"/console/rights?value={VPC}").has("network-console")
    assert alice.page("/console/rights?client=nobody-of-that-name").has("Nobody may")
    answer = alice.get("/console/rights.csv?action=Detach*")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert answer.header("Content-Type") == "text/csv; charset=utf-8"
    assert rows and {row["action"] for row in rows} == {"DetachClassicLinkVpc"} and rows[0]["line"].isdigit()


def test_try_decides_and_sends_nothing(console, upstream):
    gateway = console()
    vera = Operator(gateway, VERA)
    before = upstream.count()
    ask_ = {"client": "network-console", "method": "DELETE", "path": f"/vpcs/{VPC}/classiclinks",
            "body": '{"instanceIds":["ins-df454d"]}', "from": "127.0.0.1"}
    page = Page(vera.post("/console/try", {"form": vera.form(), **ask_}).body.decode())
    assert page.has("Verdict: allow") and page.has("DetachClassicLinkVpc") and page.has("policy.yaml:")
    for change, words in (({"client": "nobody"}, "no client of that name"), ({"path": "/nowhere"}, "That is no call"),
                          ({"from": "here"}, "must be an address"), ({"at": "noon"}, "must be a time"),
                          ({"body": "{"}, "That is no call")):
        assert Page(vera.post("/console/try", {"form": vera.form(), **ask_, **change}).body.decode()).has(words)
    assert upstream.count() == before


HOSTILE = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='x", "</textarea><b>", "&lt;b&gt;", "a\u202eb",
           "{{7*7}}", "%3Cscript%3E", "]]><svg onload=x>")


@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_look_like_html_are_text(console, value):
    rules = json.loads(json.dumps(RULES))
    rules["clients"]["network-console"] = {"tokens": [("2026-11", TOKEN, "2035-12-31")], "note": value, "owner": value}
    gateway = console(rules)
    alice = Operator(gateway, ALICE)
    plain = {path: (page := alice.page(path)).tags and page for path in PAGES}
    asked = urlencode({"client": value, "action": value, "value": value, "token": value})
    for path in PAGES[1:]:
        page = alice.page(f"{path}?{asked}")
        assert set(page.tags) <= {*plain[path].tags, "p"} and not any(name.startswith("on") for _, name, _ in page.attributes)
    for path, fields in (("/console/try", {"client": value, "path": value, "body": value, "from": value, "at": value, "method": value}),
                         ("/console/freeze", {"client": "network-console", "reason": value}),
                         ("/console/freeze", {"client": value, "token": value, "reason": value, "for": value})):
        page = Page(alice.post(path, {"form": alice.form(), **fields}).body.decode())
        assert not {"script", "img", "b", "svg"} & set(page.tags), page.tags
        assert not any(name.startswith("on") for _, name, _ in page.attributes)
    page = alice.page("/console/tokens")
    assert page.has(value) and not {"script", "img", "b", "svg"} & set(page.tags), "the reason of the freeze, as it was written"


def test_pages_of_many_clients_and_rules_are_bounded(console):
    rules = json.loads(json.dumps(RULES))
    rules["clients"].update({f"c{i}": {"tokens": [(f"t{i}", f"e2e-token-of-client-{i}", "2035-12-31")]} for i in range(300)})
    gateway = console(rules)
    alice = Operator(gateway, ALICE)
    assert len(alice.get("/console/rights").body) < 2_000_000 and len(alice.get("/console/tokens").body) < 2_000_000
    assert alice.page("/console/rights?client=network-console").has("DetachClassicLinkVpc")
