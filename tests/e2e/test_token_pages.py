"""Pages that go by token: a route whose catalog says `next`, and actions, put together or one by one."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer
from harness.upstream import Reply
from harness.world import REPOSITORY

ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
KEYS = """\
version: 1
routes:
  - request: GET /keys
    service: tag
    action: GetTagKeys
    effect: read
    list: keys
    next: nextToken
    api2: none
    api3: { version: 2018-08-13, list: TagKeys, next: PaginationToken%s }
    parameters:
      nextToken: { in: [query], type: %s, api3: PaginationToken }
      limit: { in: [query], type: integer, min: 1, max: 50, api3: MaxResults }
"""
LAST = ", last: { ListOver: true }"


@pytest.fixture
def route(upstream, start, tmp_path):
    def begin(last="", kind="string", rules=ALL, **options):
        (tmp_path / "keys.yaml").write_text(KEYS % (last, kind))
        return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=("tag",), rules=rules,
                     top={"catalog": [str(tmp_path / "keys.yaml")]}, **options)
    return begin


def page(keys, **more):
    return Reply({"Response": {"TagKeys": list(keys), **more, "RequestId": "r-1"}})


def sent(upstream, count):
    return [json.loads(request.body) for request in upstream.seen(count)]


def ask(gateway, query="?all=true"):
    return gateway.call("GET", "/keys" + query, headers=bearer())


@pytest.mark.parametrize("end", [{}, {"PaginationToken": ""}, {"PaginationToken": None}], ids=["absent", "empty", "null"])
def test_all_pages_are_one_list(route, upstream, end):
    """Pages of any length: the token alone says which comes next, and the limit stays as it was."""
    upstream.script(page("ab", PaginationToken="t&1=\"x\""), page("c", PaginationToken="t2"), page("def", **end))
    answer = ask(route())
    assert answer.status == 200, answer.body
    assert answer.json() == {"code": 0, "message": "", "keys": list("abcdef"), "requestId": "r-1",
                             **({"nextToken": end["PaginationToken"]} if end else {})}
    assert sent(upstream, 3) == [{"MaxResults": 50}, {"MaxResults": 50, "PaginationToken": "t&1=\"x\""},
                                 {"MaxResults": 50, "PaginationToken": "t2"}]


def test_one_page_names_the_next(route, upstream):
    upstream.script(page("ab", PaginationToken="t&1"), page("c"))
    gateway = route()
    first = ask(gateway, "?limit=2&region=ap-shanghai")
    assert first.json()["nextToken"] == "t&1"
    assert first.header("Link") == '<?limit=2&region=ap-shanghai&nextToken=t%261>; rel="next"'
    second = ask(gateway, "?limit=2&region=ap-shanghai&nextToken=t%261")
    assert second.header("Link") is None and "nextToken" not in second.json()
    assert sent(upstream, 2)[1] == {"MaxResults": 2, "PaginationToken": "t&1"}


@pytest.mark.parametrize("asked, keys, token", [("", "", "t1"), ("?nextToken=t1", "a", "t1"), ("?nextToken=t1", "", "t2")],
                         ids=["an empty page", "the same token", "an empty page behind another"])
def test_tokens_that_never_end_name_no_next_page(route, upstream, asked, keys, token):
    """Who follows Link ends where all=true ends."""
    upstream.script(page(keys, PaginationToken=token))
    answer = ask(route(), asked)
    assert answer.status == 200 and answer.json()["nextToken"] == token and answer.header("Link") is None


def test_an_empty_page_that_says_there_are_more_names_the_next(route, upstream):
    upstream.script(page("", PaginationToken="t2", ListOver=False))
    assert ask(route(LAST), "").header("Link") == '<?nextToken=t2>; rel="next"'


def test_the_answers_own_word_counts_before_the_token(route, upstream):
    upstream.script(page("a", PaginationToken="t1", ListOver=False), page("", PaginationToken="t2", ListOver=False),
                    page("b", PaginationToken="t3", ListOver=True))
    gateway = route(LAST)
    answer = ask(gateway).json()
    assert answer["keys"] == ["a", "b"] and answer["ListOver"] is True and answer["nextToken"] == "t3"
    upstream.script(page("b", PaginationToken="t3", ListOver=True))
    assert ask(gateway, "").header("Link") is None and len(upstream.seen(1)) == 1


def test_a_token_can_be_a_number(route, upstream):
    upstream.script(page("a", PaginationToken=9007199254, ListOver=False), page("b", PaginationToken=0, ListOver=True))
    gateway = route(LAST, kind="integer, max: 9223372036854775807")
    assert ask(gateway).json()["keys"] == ["a", "b"]
    assert sent(upstream, 2)[1]["PaginationToken"] == 9007199254


WRONG = [
    ([page("a", PaginationToken="t1"), page("b", PaginationToken="t1")], "", 2),
    ([page("a", PaginationToken="t1"), page("b", PaginationToken="t2"), page("c", PaginationToken="t1")], "", 3),
    ([page("a", PaginationToken=7)], "", 1),
    ([page("a", PaginationToken=True)], "", 1),
    ([page("a", PaginationToken=["t1"])], "", 1),
    ([page("a", PaginationToken={"t": 1})], "", 1),
    ([page("a", PaginationToken="t" * 4097)], "", 1),
    ([page("a", PaginationToken="t\0")], "", 1),
    ([page("a", ListOver=False)], LAST, 1),
    ([page("a", PaginationToken="t1", ListOver="false")], LAST, 1),
    ([Reply(b'{"Response":{"TagKeys":["a"],"PaginationToken":"t1","PaginationToken":"t2","RequestId":"r"}}')], "", 1),
    ([page("a", PaginationToken="t1"), Reply({"Response": {"PaginationToken": "t2", "RequestId": "r"}})], "", 2),
]


@pytest.mark.parametrize("replies, last, calls", WRONG, ids=[
    "the same", "a circle", "a number", "a truth", "a list", "an object", "4 KiB and one", "NUL", "more without a token",
    "no truth", "twice", "no list"])
def test_a_token_that_is_wrong(route, upstream, replies, last, calls):
    """Never an endless walk, and never half a list that looks whole."""
    upstream.script(*replies, then=page("z"))
    problem(ask(route(last)), 502, "upstream-invalid-answer")
    assert len(upstream.seen(calls)) == calls


def test_a_token_of_4_kib(route, upstream):
    upstream.script(page("a", PaginationToken="t" * 4096), page("b"))
    gateway = route()
    assert ask(gateway).json()["keys"] == ["a", "b"]
    assert sent(upstream, 2)[1]["PaginationToken"] == "t" * 4096
    upstream.script(page("a", PaginationToken="&" * 4096))
    answer = ask(gateway, "")
    assert answer.json()["nextToken"] == "&" * 4096 and answer.header("Link") is None       # too long for a head


def test_tokens_that_never_end(route, upstream):
    upstream.script(*[page("a", PaginationToken=f"t{number}") for number in range(110)])
    detail = problem(ask(route()), 400, "invalid-parameter")["detail"]
    assert "100 pages" in detail and len(upstream.seen(100)) == 100


@pytest.mark.parametrize("query", ["?all=true&nextToken=t1", "?all=true&limit=5", "?all=yes", "?nextToken=", "?offset=1",
                                   "?nextToken=a&nextToken=b"])
def test_what_cannot_be_asked(route, upstream, query):
    problem(ask(route(), query), 400, "invalid-parameter")
    assert upstream.seen(0) == []


def test_each_page_is_judged(route, upstream):
    upstream.script(page("a", PaginationToken="t1"), page("b", PaginationToken="secret-page"), page("c"))
    rules = {**ALL, "rules": [*ALL["rules"], {"id": "not-there", "deny": ["*"], "actions": ["GetTagKeys"],
                                              "where": {"nextToken": ["secret-*"]}}]}
    problem(ask(route(rules=rules)), 403, "not-allowed")
    assert len(upstream.seen(2)) == 2


# ---- the sandbox, and actions ----

DEFINITIONS = REPOSITORY / "config/definitions/data"


def test_the_sandbox_has_two_pages(sandbox, start, tmp_path):
    cloud = sandbox("--quiet", "--definitions", str(DEFINITIONS))
    (tmp_path / "keys.yaml").write_text(KEYS % ("", "string"))
    gateway = start(cloud.base + "/", generation=3, services=("tag", "organization"), rules=ALL,
                    top={"catalog": [str(tmp_path / "keys.yaml")], "doors": {"actions": True}, "definitions": str(DEFINITIONS)})
    assert ask(gateway).json()["keys"] == ["sandbox", "sandbox"]
    first = ask(gateway, "?limit=1")
    assert (first.json()["keys"], first.json()["nextToken"]) == (["sandbox"], "sandbox-page-2")
    second = gateway.call("GET", "/keys" + first.header("Link").split(">")[0].strip("<"), headers=bearer())
    assert second.json()["nextToken"] == "" and second.header("Link") is None
    for query, entries, truncated in (("", 1, True), ("?all=true", 2, False)):
        answer = gateway.call("POST", "/actions/organization/ListGroups" + query, b'{"ZoneId":"z"}', bearer())
        assert answer.status == 200, answer.body
        assert len(answer.json()["Groups"]) == entries and answer.json()["IsTruncated"] is truncated


@pytest.fixture
def action(upstream, start):
    return start(upstream.url.replace("/v2/index.php", "/"), generation=3, services=("tag",), rules=ALL,
                 top={"doors": {"actions": True}, "definitions": str(DEFINITIONS)})


@pytest.mark.parametrize("replies, calls", [(replies, calls) for replies, last, calls in WRONG
                                            if last == "" and "t" * 4097 not in str(replies[0].body)])
def test_a_token_of_an_action_that_is_wrong(action, upstream, replies, calls):
    """An action takes texts of any length."""
    upstream.script(*replies, then=page("z"))
    answer = action.call("POST", "/actions/tag/GetTagKeys?all=true", b"{}", bearer())
    problem(answer, 502, "upstream-invalid-answer")
    assert len(upstream.seen(calls)) == calls
