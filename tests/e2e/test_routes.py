"""Every route that ships, in front of the sandbox: lists and their pages, one of a kind, links and their ends."""

import dataclasses
import json
import threading

import pytest

from harness.expect import courtesy, problem
from harness.gateway import POLICY, TOKEN, Client, bearer, document
from harness.upstream import Reply
from harness.world import INSTANCE, PATIENCE, VPC, eventually

ALL = {**POLICY, "rules": [
    {"id": "everything", "allow": ["network-console"], "actions": ["*"]},
    {"id": "never-bastion", "deny": ["*"], "actions": ["DetachClassicLinkVpc"], "where": {"instanceIds": ["ins-bastion*"]}},
    {"id": "no-production", "deny": ["*"], "actions": ["Describe*"], "where": {"vpcId": ["vpc-prod*"]}},
]}
LINKED = ["ins-5d8a23rs", "ins-bastion1", "ins-df221dd", "ins-df454d", "ins-prod1"]
WITHOUT_BODY = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module", params=[2, 3])
def generation(request):
    return request.param


@pytest.fixture
def world(sandbox, start, generation):
    """world(*options) is a fresh sandbox and a gateway before it that may do everything, in this generation."""
    def begin(*options, **said):
        cloud = sandbox(*options)
        said = {"rules": ALL, "services": ("vpc", "cvm"), "generation": generation, **said}
        return cloud, start(cloud.base + ("/" if generation == 3 else "/v2/index.php"), **said)
    return begin


def get(gateway, path, status=200):
    answer = gateway.call("GET", path, headers=WITHOUT_BODY)
    assert answer.status == status, answer.body
    courtesy(answer)
    return answer.json()


def ids(body, name="instanceId", members="data"):
    return [row[name] for row in body[members]]


def test_what_is_linked(world):
    _, gateway = world()
    everywhere = get(gateway, "/classiclinks")
    assert (everywhere["code"], everywhere["totalCount"]) == (0, 5)
    assert sorted(ids(everywhere)) == LINKED
    here = get(gateway, f"/vpcs/{VPC}/classiclinks")
    assert sorted(ids(here)) == ["ins-bastion1", "ins-df221dd", "ins-df454d"]
    assert set(ids(here, "unVpcId")) == {VPC}
    assert ids(get(gateway, "/classiclinks?vpcId=vpc-8e0ypm3z")) == ["ins-5d8a23rs"]
    assert ids(get(gateway, "/classiclinks?lanIp=10.66.1.12")) == ["ins-df221dd"]
    assert get(gateway, "/classiclinks?region=ap-shanghai")["totalCount"] == 0


def test_pages(world):
    _, gateway = world()
    whole = ids(get(gateway, "/classiclinks"))
    pages = [get(gateway, f"/classiclinks?offset={offset}&limit=2") for offset in (0, 2, 4, 6)]
    assert [ids(page) for page in pages] == [whole[0:2], whole[2:4], whole[4:], []]
    assert {page["totalCount"] for page in pages} == {5}
    for query in ("limit=0", "limit=51", "limit=x", "offset=-1", "limit=1&limit=2", "offset="):
        problem(gateway.call("GET", f"/classiclinks?{query}", headers=WITHOUT_BODY), 400, "invalid-parameter")


def test_vpcs_and_instances(world):
    _, gateway = world()
    vpcs = get(gateway, "/vpcs")
    assert sorted(ids(vpcs, "unVpcId")) == ["vpc-2ari9m7h", "vpc-8e0ypm3z", "vpc-prod1"]
    assert sorted(ids(vpcs, "vpcName")) == ["production", "staging", "testing"]
    assert ids(get(gateway, "/vpcs?vpcName=testing"), "unVpcId") == ["vpc-8e0ypm3z"]
    one = get(gateway, f"/vpcs/{VPC}")
    assert (one["totalCount"], ids(one, "vpcName"), ids(one, "cidrBlock")) == (1, ["staging"], ["10.0.0.0/16"])
    instances = get(gateway, "/instances")
    assert (instances["totalCount"], len(instances["instanceSet"])) == (7, 7)
    assert ids(get(gateway, f"/instances/{INSTANCE}"), "instanceName", "instanceSet") == ["web-1"]
    two = get(gateway, "/instances?instanceIds=ins-df454d&instanceIds=ins-free1")
    assert sorted(ids(two, "unInstanceId", "instanceSet")) == ["ins-df454d", "ins-free1"]
    by_address = get(gateway, "/instances?lanIps=10.66.1.11&lanIps=10.66.1.12")
    assert sorted(ids(by_address, "unInstanceId", "instanceSet")) == ["ins-df221dd", "ins-df454d"]


def test_one_that_is_not_there(world):
    _, gateway = world()
    for path in ("/vpcs/vpc-nowhere", "/instances/ins-nowhere", f"/vpcs/{VPC}?region=ap-shanghai"):
        problem(gateway.call("GET", path, headers=WITHOUT_BODY), 404, "not-found", retryable=False)


def test_link_and_unlink(world):
    cloud, gateway = world()
    linked = gateway.call("POST", f"/vpcs/{VPC}/classiclinks", document({"instanceIds": ["ins-free1"]}), bearer())
    assert linked.status == 202
    task = linked.json()["taskId"]
    assert linked.header("Location") == f"/tasks/{task}"
    assert get(gateway, linked.header("Location"))["status"] == "done"
    assert "ins-free1" in ids(get(gateway, f"/vpcs/{VPC}/classiclinks"))

    again = gateway.call("POST", f"/vpcs/{VPC}/classiclinks", document({"instanceIds": ["ins-free1"]}), bearer())
    problem(again, 409, "conflict", outcome="not-executed", retryable=False)
    nowhere = gateway.call("POST", "/vpcs/vpc-nowhere/classiclinks", document({"instanceIds": ["ins-free1"]}), bearer())
    problem(nowhere, 404, "not-found", outcome="not-executed")

    one = gateway.call("DELETE", f"/vpcs/{VPC}/classiclinks/ins-free1", headers=WITHOUT_BODY)
    assert one.status == 202 and one.json()["taskId"] != task
    assert "ins-free1" not in ids(get(gateway, f"/vpcs/{VPC}/classiclinks"))
    both = gateway.delete({"instanceIds": ["ins-df454d", "ins-df221dd"]})
    assert both.status == 202
    assert ids(get(gateway, f"/vpcs/{VPC}/classiclinks")) == ["ins-bastion1"]
    assert cloud.state()["executed"] == 3


def test_rules_hold_for_every_form(world):
    """The single form says instanceIds to the policy, as the other does; captures and queries are one parameter."""
    cloud, gateway = world()
    before = cloud.state()["requests"]
    for method, path in [("DELETE", f"/vpcs/{VPC}/classiclinks/ins-bastion1"),
                         ("DELETE", f"/vpcs/{VPC}/classiclinks?instanceIds=ins-bastion1"),
                         ("GET", "/vpcs/vpc-prod1/classiclinks"), ("GET", "/classiclinks?vpcId=vpc-prod1"),
                         ("GET", "/classiclinks?vpcId=vpc-prod1&all=true"), ("GET", "/vpcs/vpc-prod1")]:
        answer = gateway.call(method, path, headers=WITHOUT_BODY)
        problem(answer, 403, "not-allowed", rule="never-bastion" if method == "DELETE" else "no-production")
    assert cloud.state()["requests"] == before


@pytest.mark.parametrize("path", [
    f"/vpcs/{VPC}/classiclinks/{INSTANCE}/x", f"/vpcs/{VPC}%2Fclassiclinks/{INSTANCE}",
    f"/vpcs/{VPC}/classiclinks/ins-a%2Fb", f"/vpcs/{VPC}/classiclinks/%2e%2e", "/tasks/1%2F2",
])
def test_captures_take_one_segment(world, path):
    _, gateway = world()
    for method in ("GET", "DELETE"):
        assert gateway.call(method, path, headers=WITHOUT_BODY).status in (400, 404)


@pytest.mark.parametrize("method, path, name", [
    ("GET", "/classiclinks?vpcId=vpc-1&x=y", "x"), ("GET", "/vpcs?all=1", "all"), ("GET", f"/vpcs/{VPC}?all=true", "all"),
    ("GET", "/vpcs?all=true&all=true", "all"), ("GET", "/vpcs?all=true&limit=5", "all"),
    ("GET", "/vpcs?all=true&offset=5", "all"), ("GET", "/vpcs?orderDirection=up", "orderDirection"),
    ("GET", "/instances?status=-1", "status"), ("GET", "/instances?zoneId=one", "zoneId"),
    ("GET", "/instances?lanIps=10.0.0", "lanIps"), ("GET", "/instances/i-1", "instanceIds"),
    ("GET", "/vpcs/x", "vpcId"), ("GET", "/tasks/a_b", "taskId"), ("DELETE", f"/vpcs/{VPC}/classiclinks/x", "instanceIds"),
    ("DELETE", f"/vpcs/{VPC}/classiclinks/{INSTANCE}?instanceIds=ins-a", "instanceIds"),
    ("POST", f"/vpcs/{VPC}/classiclinks?instanceIds=ins-a", "instanceIds"), ("POST", f"/vpcs/{VPC}/classiclinks", "instanceIds"),
])
def test_what_is_wrong_is_named(world, method, path, name):
    cloud, gateway = world()
    body = problem(gateway.call(method, path, headers=WITHOUT_BODY), 400, "invalid-parameter")
    assert name in body["detail"]
    assert cloud.state()["requests"] == 0


# ---- all=true ----

def many(folder, count):
    """A state with `count` instances, each linked: 100 a VPC."""
    vpcs = [f"vpc-{n:03}" for n in range((count + 99) // 100)]
    state = folder / "state.yaml"
    state.write_text(json.dumps({
        "version": 1,
        "accounts": [{"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
                      "secret_key": "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"}],
        "regions": [{"name": "ap-guangzhou", "short": "gz"}],
        "vpcs": [{"vpcId": f"gz_vpc_{n}", "unVpcId": vpc, "vpcName": vpc, "region": "gz", "cidrBlock": "10.0.0.0/16"}
                 for n, vpc in enumerate(vpcs)],
        "instances": [{"unInstanceId": f"ins-{n:05x}", "instanceId": f"qcvm{n:05x}", "instanceName": f"i{n}",
                       "lanIp": f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", "region": "gz"} for n in range(count)],
        "links": [{"vpc": vpcs[n // 100], "instance": f"ins-{n:05x}"} for n in range(count)],
    }))
    return str(state)


def test_all_pages_as_one_list(world, tmp_path):
    cloud, gateway = world("--state", many(tmp_path, 230))
    body = get(gateway, "/classiclinks?all=true")
    assert body["totalCount"] == 230 == len(body["data"])
    assert sorted(ids(body)) == [f"ins-{n:05x}" for n in range(230)]
    assert cloud.state()["requests"] == 5                               # 50 a page
    first = get(gateway, "/classiclinks?limit=50")
    assert body["data"][:50] == first["data"] and list(body) == list(first)
    assert len(get(gateway, "/classiclinks?all=false")["data"]) == 20
    assert len(get(gateway, "/vpcs/vpc-001/classiclinks?all=true")["data"]) == 100
    instances = get(gateway, "/instances?all=true")
    assert (instances["totalCount"], len(instances["instanceSet"])) == (230, 230)


def test_an_empty_list_is_whole(world):
    _, gateway = world()
    body = get(gateway, "/classiclinks?all=true&region=ap-shanghai")
    assert (body["totalCount"], body["data"]) == (0, [])


# ---- all=true against an upstream that is not so well-behaved; API 2.0's bytes ----

@pytest.fixture
def alone(upstream, start):
    return start(upstream.url, rules=ALL)


def page(first, count, total, pad=0):
    return Reply({"code": 0, "message": "", "totalCount": total,
                  "data": [{"unVpcId": "vpc-1", "instanceId": f"ins-{n}", "pad": "x" * pad} for n in range(first, first + count)]})


def each(size, total, pad=0, **more):
    """Pages of so many, whichever is asked for first."""
    def reply(received):
        first = int(received.params["offset"])
        return dataclasses.replace(page(first, min(size, int(total) - first), total, pad), **more)
    return reply


def test_pages_that_are_shorter_than_asked_for(alone, upstream):
    """The list is whole when all that it counts is there, or nothing comes any more."""
    upstream.script(then=each(3, "7"))
    assert len(get(alone, "/classiclinks?all=true")["data"]) == 7
    seen = upstream.seen(3)
    assert seen[0].params["offset"] == "0" and {received.params["offset"] for received in seen[1:]} == {"3", "6"}
    assert {received.params["limit"] for received in seen} == {"50"}
    upstream.script(page(0, 3, 7), then=page(3, 0, 7))
    assert len(get(alone, "/classiclinks?all=true")["data"]) == 3
    upstream.seen(3)
    upstream.script(Reply({"code": 0, "message": "", "data": [{"unVpcId": "vpc-1", "instanceId": "ins-1"}]}), Reply({"code": 0, "message": "", "data": []}))
    assert get(alone, "/classiclinks?all=true")["data"] == [{"unVpcId": "vpc-1", "instanceId": "ins-1"}]


def test_a_list_without_end(alone, upstream):
    """At most 100 pages, at most 1 MiB: then the caller is told to page."""
    upstream.script(then=page(0, 1, 4999))
    body = problem(alone.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY), 400, "invalid-parameter")
    assert "ask for one page at a time" in body["detail"]
    upstream.seen(100)
    upstream.script(then=page(0, 50, 200, pad=8000))
    problem(alone.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY), 400, "invalid-parameter")
    upstream.seen(4)    # two too many bytes; the last was on its way with them


@pytest.mark.parametrize("total, pad", [(5001, 0), (4000, 930)])
def test_a_list_that_says_at_once_that_it_is_too_long(alone, upstream, total, pad):
    """A page more than may be, or four times the bytes: nothing is fetched that would be thrown away."""
    upstream.script(then=page(0, 50, total, pad=pad))
    problem(alone.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY), 400, "invalid-parameter")
    upstream.seen(1)


def test_the_longest_list(alone, upstream):
    """Just below the bound of bytes: it goes through whole."""
    upstream.script(then=each(50, 1000, pad=930))
    answer = alone.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY)
    assert answer.status == 200 and 900_000 < len(answer.body) < 1024 * 1024
    assert ids(answer.json()) == [f"ins-{n}" for n in range(1000)]


def test_pages_that_are_asked_for_together(upstream, start):
    """Four at a time, while half of the slots are idle: none is answered before all four are there.  The list is in
    order, however they come."""
    gateway = start(upstream.url, rules=ALL, slots=64)
    together = threading.Barrier(4)

    def reply(received):
        first = int(received.params["offset"])
        return dataclasses.replace(page(first, 10, 90), gate=together if first else None, delay=(90 - first) / 1000)
    upstream.script(then=reply)
    assert ids(get(gateway, "/classiclinks?all=true")) == [f"ins-{n}" for n in range(90)]
    upstream.seen(9)


def test_a_list_leaves_slots_to_others(upstream, start):
    gateway = start(upstream.url, rules=ALL, slots=4)
    together = threading.Barrier(2)
    upstream.script(page(0, 10, 90), then=each(10, 90, gate=together))
    assert ids(get(gateway, "/classiclinks?all=true")) == [f"ins-{n}" for n in range(90)]
    assert upstream.connections == 2


def test_an_answer_that_the_list_does_not_wait_for(upstream, start):
    """Behind a page that fails others are under way: their answers go to nobody else."""
    gateway = start(upstream.url, rules=ALL, slots=16)
    gone = Reply({"code": 5000, "message": "gone", "codeDesc": "InvalidVpc.NotFound"})
    pages = each(10, 50)
    upstream.script(then=lambda received: gone if received.params["offset"] == "10" else pages(received))
    problem(gateway.call("GET", "/classiclinks?all=true&lanIp=10.0.0.1", headers=WITHOUT_BODY), 404, "not-found")
    upstream.script(then=page(70, 1, 71))
    for _ in range(20):
        assert ids(get(gateway, "/classiclinks")) == ["ins-70"]


def test_how_many_lists_at_a_time(upstream, start):
    """They take memory while they are put together: 32, and one more is told to come again.  Single pages go on."""
    gateway = start(upstream.url, rules=ALL, top={"workers": 64}, slots=64)
    upstream.script(then=dataclasses.replace(page(0, 1, 4999), delay=0.2))
    answers = []

    def collect(address):
        client = Client(gateway.port, 4 * PATIENCE)
        answers.append(client.call("GET", f"/classiclinks?all=true&lanIp={address}", headers=WITHOUT_BODY))
        client.close()

    def behind_the_first_page():
        with upstream.lock:
            return {received.params["lanIp"] for received in upstream.requests if received.params["offset"] != "0"}
    addresses = {f"10.0.0.{n}" for n in range(32)}
    threads = [threading.Thread(target=collect, args=(address,), daemon=True) for address in addresses]
    for thread in threads:
        thread.start()
    assert eventually(lambda: behind_the_first_page() == addresses)
    refused = gateway.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY)
    single = gateway.call("GET", "/classiclinks", headers=WITHOUT_BODY)
    upstream.script(then=page(0, 0, 0))
    problem(refused, 503, "busy", retryable=True)
    assert refused.header("Retry-After") == "1"
    assert single.status == 200
    for thread in threads:
        thread.join(2 * PATIENCE)
    assert [answer.status for answer in answers] == [200] * 32


@pytest.mark.parametrize("second, status, name", [
    (Reply({"code": 4400, "message": "slow"}), 429, "upstream-throttled"),
    (Reply({"code": 5000, "message": "gone", "codeDesc": "InvalidVpc.NotFound"}), 404, "not-found"),
    (Reply({"code": 0, "message": "", "totalCount": 9, "data": {}}), 502, "upstream-invalid-answer"),
    (Reply({"code": 0, "message": "", "totalCount": 9}), 502, "upstream-invalid-answer"),
    (Reply(b"[]"), 502, "upstream-invalid-answer"),
    (Reply(status=500), 502, "upstream-invalid-answer"),
])
def test_a_page_that_fails(alone, upstream, second, status, name):
    upstream.script(page(0, 3, 9), then=second)
    problem(alone.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY), status, name)


def test_every_page_is_judged(upstream, start):
    """What is judged is what is signed: a rule about offset holds for the second page, too."""
    rules = {**ALL, "rules": [*ALL["rules"], {"id": "first", "deny": ["*"], "actions": ["*"], "where": {"offset": ["3"]}}]}
    gateway = start(upstream.url, rules=rules)
    upstream.script(page(0, 3, 9), page(3, 6, 9))
    problem(gateway.call("GET", "/classiclinks?all=true", headers=WITHOUT_BODY), 403, "not-allowed")
    upstream.seen(1)
