"""Who may operate: tokens of the admin listener, by `operators` of the policy, and the record of each use."""

import http.client
import json

import pytest

from harness import chain
from harness.gateway import NOBODY, POLICY, TOKEN, Gateway, bearer, configure, fingerprint, policy
from harness.process import run
from harness.world import SLOW

ALICE, VERA, OLD = "e2e-alice-operates-Zm9yIHRlc3Rz", "e2e-vera-only-looks-Zm9yIHRlc3Rz", "e2e-alice-of-long-ago"


def operators(**more):
    def tokens(*pairs):
        return [{"id": key, "sha256": fingerprint(token), "expires": expires} for key, token, expires in pairs]
    return {"alice": {"tokens": tokens(("laptop", ALICE, "2035-12-31"), ("old", OLD, "2020-01-01")), "role": "operator"},
            "vera": {"tokens": tokens(("desk", VERA, "2035-12-31")), "role": "viewer"}, **more}


RULES = {**POLICY, "operators": operators()}


@pytest.fixture
def operated(tmp_path, upstream, reaper):
    """operated(...) is a gateway whose policy has operators, and its audit file."""
    started = []

    def begin(rules=RULES, **top):
        started.append(Gateway(configure(tmp_path, upstream.url, rules=rules, top={"audit": "audit.log", **top})))
        return started[-1], tmp_path / "audit.log"

    yield begin
    for gateway in started:
        reaper.ask(gateway)


def ask(gateway, method, path, token=None, body=None, **headers):
    """At the admin listener."""
    given = {**headers, **(bearer(token) if token else {})}
    given.pop("Content-Type", None)
    if body is not None:
        given["Content-Type"] = "application/json"
    return gateway.call(method, path, None if body is None else json.dumps(body), given, port=gateway.admin)


def uses(path):
    return [(record["operator"], record["token"], record.get("method"), record.get("path"), record.get("status"))
            for record in chain.records(path) if record["audit"] == "operator"]


def test_a_reload_by_an_operator_is_recorded(operated):
    gateway, path = operated()
    assert ask(gateway, "POST", "/reload", ALICE).status == 200
    assert uses(path) == [("alice", "laptop", "POST", "/reload", 200)]
    record, = [record for record in chain.records(path) if record["audit"] == "operator"]
    assert record["source"] == "127.0.0.1" and "instance" in record
    assert ALICE not in path.read_text() and fingerprint(ALICE) not in path.read_text()
    assert "operator" not in run("audit", "verify", path).stdout, "its kind is known"


@pytest.mark.parametrize("token,status", [
    (VERA, 403), (TOKEN, 401), (NOBODY, 401), ("wrong", 401), (OLD, 401), (ALICE + "x", 401)])
def test_who_may_not_reload(operated, token, status):
    """A viewer; a client's token; one that expired: also from this machine, since somebody said who they are."""
    gateway, path = operated()
    answer = ask(gateway, "POST", "/reload", token)
    assert answer.status == status and answer.header("Content-Type") == "application/problem+json"
    assert (answer.header("WWW-Authenticate") is not None) == (status == 401)
    assert not any(record["audit"] == "reload" for record in chain.records(path))
    assert uses(path) == ([("vera", "desk", "POST", "/reload", 403)] if status == 403 else [])


def test_from_this_machine_no_token_is_needed_for_a_reload(operated):
    gateway, path = operated()
    assert ask(gateway, "POST", "/reload").status == 200
    assert uses(path) == []


def test_which_can_be_switched_off(operated):
    gateway, path = operated(anonymous_reload=False)
    assert ask(gateway, "POST", "/reload").status == 401
    assert ask(gateway, "POST", "/reload", ALICE).status == 200
    file = path.parent / "countersign.yaml"
    file.write_text(file.read_text().replace("anonymous_reload: false", "anonymous_reload: true"))
    assert ask(gateway, "POST", "/reload", ALICE).status == 200
    assert ask(gateway, "POST", "/reload").status == 200, "a reload takes it"


def test_what_probes_and_scrapes_ask_needs_no_token(operated):
    gateway, path = operated(anonymous_reload=False)
    for page in ("/healthz", "/readyz", "/metrics", "/version"):
        assert ask(gateway, "GET", page).status == 200
    assert uses(path) == []


def test_an_operators_token_is_nobodys_at_the_public_listener(operated, upstream):
    gateway, _ = operated()
    for token in (ALICE, VERA):
        assert gateway.delete(token=token).status == 401
    assert upstream.count() == 0
    assert gateway.delete().status == 202


def test_two_authorization_fields_are_nobodys(operated):
    gateway, _ = operated()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.admin, timeout=10 * SLOW)
    connection.putrequest("POST", "/reload")
    connection.putheader("Authorization", f"Bearer {ALICE}")
    connection.putheader("Authorization", "Bearer wrong")
    connection.endheaders()
    assert connection.getresponse().status in (400, 401)


def test_who_guesses_is_told_to_wait(operated):
    gateway, _ = operated(failed_auth="1/m burst 3")
    answers = [ask(gateway, "POST", "/reload", f"guess-{number}") for number in range(6)]
    assert [answer.status for answer in answers][:3] == [401] * 3 and answers[-1].status == 429
    assert int(answers[-1].header("Retry-After")) > 0
    assert ask(gateway, "POST", "/reload", ALICE).status == 200, "a good token is not asked how often others failed"


def test_a_page_in_a_browser_operates_nothing(operated):
    gateway, _ = operated()
    assert ask(gateway, "POST", "/reload", ALICE, Origin="http://127.0.0.1").status == 403


def test_a_reload_takes_operators_away(operated):
    gateway, path = operated()
    fewer = {**RULES, "operators": {"vera": RULES["operators"]["vera"]}}
    (path.parent / "policy.yaml").write_text(policy(fewer))
    assert ask(gateway, "POST", "/reload", ALICE).status == 200
    assert ask(gateway, "POST", "/reload", ALICE).status == 401


TOKENS = [{"id": "a", "sha256": "0" * 64}]


@pytest.mark.parametrize("said,words", [
    ({"alice": {"tokens": TOKENS}}, "lacks the key 'role'"), ({"alice": {"role": "viewer"}}, "lacks the key 'tokens'"),
    ({"alice": {"tokens": TOKENS, "role": "admin"}}, "role must be"),
    ({"alice": {"tokens": [{"id": "a", "sha256": "secret"}], "role": "viewer"}}, "64 hex digits"),
    ({"al ice": {"tokens": TOKENS, "role": "viewer"}}, "an operator's name must be"),
    ({"alice": {"tokens": TOKENS, "role": "viewer"}, "bob": {"tokens": TOKENS, "role": "operator"}}, "the same token is on line"),
    ({"alice": {"tokens": [{"id": "a", "sha256": fingerprint(TOKEN)}], "role": "operator"}}, "the same token is on line"),
    ([], "operators must be"), ({"alice": {"tokens": TOKENS, "role": "viewer", "rate": "1/s"}}, "no key 'rate'")])
def test_configuration_errors(tmp_path, said, words):
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/v2/index.php", rules={**POLICY, "operators": said}))
    assert done.returncode == 78 and words in done.stderr and "policy.yaml:" in done.stderr, done.stderr
