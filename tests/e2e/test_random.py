"""Whatever a caller sends, the mistake is the caller's: never a 5xx, and taken exactly when the OpenAPI document
says so.

Hypothesis (Debian's python3-hypothesis) makes the requests.  In CI they are the same in every run;
COUNTERSIGN_EXAMPLES=20000 makes more of them, and others each time."""

import json
import os
import urllib.parse

import pytest
from hypothesis import HealthCheck, configuration, given, settings
from hypothesis import strategies as st

from harness import contract
from harness.gateway import POLICY, TOKEN, Client, Gateway, Sandbox, bearer, configure
from harness.upstream import Reply
from harness.world import REPOSITORY, VPC

configuration.set_hypothesis_home_dir(REPOSITORY / "build/hypothesis")     # its tables of Unicode
EXAMPLES = int(os.environ.get("COUNTERSIGN_EXAMPLES", "0"))
often = settings(max_examples=EXAMPLES or 100, derandomize=not EXAMPLES, deadline=None, database=None,
                 suppress_health_check=list(HealthCheck))

RULES = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]}
# What every route can make something of, but one.
TASK = b'{"code":0,"message":"","data":{"status":0}}'
ANSWER = b'{"code":0,"message":"","taskId":1,"totalCount":0,"data":[],"instanceSet":[]}'
LINKS = f"/vpcs/{VPC}/classiclinks"

scalars = st.one_of(st.none(), st.booleans(), st.integers(-2**70, 2**70), st.floats(), st.text(max_size=20))
values = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner, max_size=4),
                                                       st.dictionaries(st.text(max_size=8), inner, max_size=4)))
good_ids = st.from_regex(r"\A(ins-[0-9a-z]{1,32}|qcvm[0-9a-f]{1,32})\Z")
odd_ids = st.one_of(good_ids, good_ids, st.sampled_from(["", "ins-", "INS-1", "ins-1 ", " ins-1", "ins-1&a=b", "@ins-1",
                                                         "ins-1\x00", "ins-é", "ins-" + "a" * 33, "ins-1\u202e"]), scalars)
id_lists = st.one_of(st.lists(good_ids, min_size=1, max_size=5), st.lists(odd_ids, max_size=5), values)
names = st.sampled_from(["instanceIds", "vpcId", "region", "Action", "InstanceIds", "instanceIds.0", "instanceIds_0",
                         "__proto__", "SecretId", "all"])
bodies = st.one_of(st.fixed_dictionaries({"instanceIds": id_lists}),
                   st.dictionaries(st.one_of(names, st.text(max_size=8)), st.one_of(id_lists, values), max_size=4),
                   values)


@pytest.fixture(scope="module")
def client(scripted, tmp_path_factory, reaper):
    gateway = Gateway(configure(tmp_path_factory.mktemp("random"), scripted.url, rules=RULES))
    scripted.script(then=Reply(ANSWER))
    yield Client(gateway.port)
    reaper.ask(gateway)


def send(client, method, target, body=None, headers=None):
    """The answer, which the document describes and which blames nobody but the caller."""
    answer = client.call(method, target, body, bearer(TOKEN, headers))
    assert answer.status < 500, (method, target, body, answer.body)
    contract.shipped().check(method, target, answer)
    return answer


def is_signable(value):
    """JSON has characters that a schema cannot speak of: escaped NUL, and halves of surrogate pairs."""
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\\u0000" not in text


@pytest.mark.parametrize("method", ["DELETE", "POST"])
@often
@given(body=bodies)
def test_bodies(client, method, body):
    schema = contract.shipped().operation(method, LINKS)["requestBody"]["content"]["application/json"]["schema"]
    answer = send(client, method, LINKS, json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    valid = is_signable(body) and not contract.shipped().errors(schema, body)
    assert answer.status == (202 if valid else 400), (body, answer.body)


@pytest.fixture(scope="module", params=[2, 3], ids=["API 2.0", "API 3.0"])
def real(request, tmp_path_factory, reaper):
    """A client of a gateway whose upstream is the sandbox, which is strict with what it is sent."""
    cloud = Sandbox()
    gateway = Gateway(configure(tmp_path_factory.mktemp("real"), cloud.base + ("/" if request.param == 3 else "/v2/index.php"),
                                rules=RULES, services=("vpc", "cvm"), generation=request.param))
    yield Client(gateway.port)
    reaper.ask(gateway)
    reaper.ask(cloud)


@often
@given(method=st.sampled_from(["DELETE", "POST"]), body=bodies)
def test_bodies_that_reach_the_cloud(real, method, body):
    """Whatever was let through, the cloud has an answer for: it is at most a resource that does not exist."""
    answer = send(real, method, LINKS, json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    assert answer.status in (202, 400, 404, 409), answer.body


@often
@given(path=st.sampled_from(["/vpcs", "/classiclinks", LINKS, "/vpcs/vpc-1", "/tasks/1", "/tasks/a-b", "/instances",
                             "/instances/ins-1"]), query=st.deferred(lambda: queries))
def test_queries_that_reach_the_cloud(real, path, query):
    encoded = urllib.parse.urlencode(query, errors="surrogatepass")
    assert send(real, "GET", path + ("?" + encoded if encoded else "")).status in (200, 400, 404)


@often
@given(body=st.binary(min_size=1, max_size=200))
def test_bytes(client, body):
    assert send(client, "DELETE", LINKS, body).status == 400


@often
@given(text=st.text(alphabet='{}[]":,\\ 0123456789.eE+-truefalsnu"instanceIds', min_size=1, max_size=60))
def test_almost_json(client, text):
    assert send(client, "POST", LINKS, text.encode()).status == 400


queries = st.lists(st.tuples(st.one_of(names, st.sampled_from(["limit", "offset", "vpcName", "lanIp", "orderField"]),
                                       st.text(max_size=6)),
                             st.one_of(odd_ids.map(str), st.integers().map(str), st.text(max_size=12))), max_size=5)


@often
@given(path=st.sampled_from(["/vpcs", "/classiclinks", LINKS, "/vpcs/vpc-1", "/tasks/1", "/openapi.json"]),
       query=queries)
def test_queries(client, scripted, path, query):
    scripted.script(then=Reply(TASK if path.startswith("/tasks") else ANSWER))
    encoded = urllib.parse.urlencode(query, errors="surrogatepass")
    send(client, "GET", path + ("?" + encoded if encoded else ""))


@often
@given(method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"]),
       segments=st.lists(st.one_of(st.sampled_from(["vpcs", "classiclinks", "tasks", "vpc-1", "ins-1", "", "..", "docs"]),
                                   st.text(max_size=6)), max_size=5))
def test_paths(client, method, segments):
    path = "/" + "/".join(urllib.parse.quote(each, safe="", errors="surrogatepass") for each in segments)
    answer = client.call(method, path, headers=bearer())
    assert answer.status < 500, (method, path, answer.body)
