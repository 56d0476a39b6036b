"""Routes of the operator's own: ten lines for an action of another service, in both generations of the API."""

import json
import signal

import pytest

from harness import contract, vendor
from harness.expect import problem
from harness.gateway import POLICY, TOKEN, bearer, configure, document
from harness.process import run
from harness.upstream import Reply
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY, VPC, eventually

ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
CLOUD = "https://vpc.api.qcloud.com/v2/index.php"
PATH = "/disks/disk-lzrg2pwi/snapshots"


def example():
    """The one that the documentation shows."""
    text = (REPOSITORY / "docs/routes.md").read_text()
    return text.partition("## A route of your own")[2].partition("```yaml\n")[2].partition("```")[0]


def catalog(folder, text, name="more.yaml"):
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize("generation", [2, 3])
def test_the_documents_example(upstream, start, tmp_path, generation):
    assert len(example().splitlines()) <= 12
    answer = {"code": "0", "message": "", "snapshotId": "snap-o7zxxxr3"} if generation == 2 else \
        {"Response": {"SnapshotId": "snap-o7zxxxr3", "RequestId": "r-1"}}
    upstream.script(then=Reply(answer))
    gateway = start(upstream.url if generation == 2 else upstream.url.replace("/v2/index.php", "/"), rules=ALL,
                    services=("cbs",), generation=generation, top={"catalog": [catalog(tmp_path, example())]})
    done = gateway.call("POST", PATH, document({"snapshotName": "nightly"}), bearer())
    assert done.status == 200 and "snap-o7zxxxr3" in done.json().values()
    received, = upstream.seen(1)
    if generation == 2:
        params = received.params
        assert (params["Action"], params["storageId"], params["snapshotName"]) == ("CreateSnapshot", "disk-lzrg2pwi", "nightly")
    else:
        assert received.headers["x-tc-action"] == "CreateSnapshot"
        assert json.loads(received.body) == {"DiskId": "disk-lzrg2pwi", "SnapshotName": "nightly"}
        assert received.headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "cbs")
    problem(gateway.call("POST", "/disks/vpc-1/snapshots", document({}), bearer()), 400, "invalid-parameter")
    problem(gateway.call("GET", "/vpcs", headers=bearer()), 404, "no-such-route")       # vpc has no upstream here


def test_defaults_and_booleans(upstream, start, tmp_path):
    text = """\
version: 1
routes:
  - request: POST /instances/{instanceId}/reboot
    service: cvm
    action: RebootInstances
    effect: change
    api2: none
    parameters:
      instanceIds: { in: [path], capture: instanceId, type: strings, required: true }
      stopType: { in: [body], type: string, pattern: "SOFT|HARD|SOFT_FIRST", default: SOFT }
      forceReboot: { in: [body], type: boolean }
"""
    rules = {**ALL, "rules": [*ALL["rules"], {"id": "soft", "deny": ["*"], "actions": ["RebootInstances"],
                                              "where": {"stopType": ["HARD"]}}]}
    upstream.script(then=Reply({"Response": {"RequestId": "r-1"}}))
    said = dict(rules=rules, services=("cvm",), top={"catalog": [catalog(tmp_path, text)]})
    gateway = start(upstream.url.replace("/v2/index.php", "/"), generation=3, **said)
    path = "/instances/ins-a/reboot"
    assert gateway.call("POST", path, document({"forceReboot": True}), bearer()).status == 200
    assert gateway.call("POST", path, document({"stopType": "SOFT_FIRST"}), bearer()).status == 200
    assert [json.loads(received.body) for received in upstream.seen(2)] == [
        {"InstanceIds": ["ins-a"], "StopType": "SOFT", "ForceReboot": True},
        {"InstanceIds": ["ins-a"], "StopType": "SOFT_FIRST"}]
    problem(gateway.call("POST", path, document({"stopType": "HARD"}), bearer()), 403, "not-allowed")
    for wrong in ("true", 1, None, []):
        problem(gateway.call("POST", path, document({"forceReboot": wrong}), bearer()), 400, "invalid-parameter")
    two = start(upstream.url, **said)                   # where nothing of it can be called, it is not there
    problem(two.call("POST", path, document({}), bearer()), 404, "no-such-route")


@pytest.mark.parametrize("text, words", [
    ("version: 1\nroutes:\n  - { request: GET /vpcs, service: vpc, action: A, effect: read, parameters: {} }\n",
     ":3:5: the route of the built-in catalog.yaml:"),
    ("version: 1\nroutes:\n  - { request: 'GET /{a}', service: vpc, action: A, effect: read, parameters: {} }\n",
     ":3:5: the capture {a} needs"),
    ("version: 1\nroutes:\n  - { request: GET /a, service: vpc, action: A, efect: read, parameters: {} }\n",
     ":3:49: route has no key 'efect'"),
    ("version: 1\nroutes: &a []\n", ":2:"), ("", ":1:1:"), ("version: 2\nroutes: []\n", ":1:10: version must be 1"),
])
def test_check_names_the_place(tmp_path, text, words):
    more = catalog(tmp_path, text)
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=ALL, top={"catalog": ["more.yaml"]}))
    assert done.returncode == 78 and more + words in done.stderr, done.stderr


def test_a_wrong_route_beside_the_clouds_own_documents(tmp_path):
    """It is told of, and nothing asks what it lacks."""
    (tmp_path / "more.yaml").write_text("version: 1\nroutes: [ { request: GET /x, service: vpc, action: DescribeX, colour: blue } ]\n")
    done = run("check", "-c", configure(tmp_path, "http://127.0.0.1:9/", generation=3, top={
        "catalog": ["more.yaml"], "doors": {"actions": True}, "definitions": str(REPOSITORY / "config/definitions/data")}))
    assert done.returncode == 78 and "more.yaml:2:" in done.stderr and "colour" in done.stderr


def test_a_catalog_that_is_not_there(tmp_path):
    done = run("check", "-c", configure(tmp_path, CLOUD, rules=ALL, top={"catalog": ["absent.yaml"]}))
    assert done.returncode == 78 and "absent.yaml" in done.stderr


def test_a_reload_reads_catalogs_anew(upstream, start, tmp_path):
    """A route that was added is there, one that is broken changes nothing."""
    more = catalog(tmp_path, "version: 1\nroutes: []\n")
    gateway = start(upstream.url, rules=ALL, services=("vpc", "cbs"), top={"catalog": [more]})

    def status():
        return gateway.call("POST", PATH, document({}), bearer()).status
    assert status() == 404
    catalog(tmp_path, example())
    gateway.contract = contract.of(gateway.file)
    gateway.signal(signal.SIGHUP)
    assert eventually(lambda: status() == 200)
    catalog(tmp_path, "version: 1\nroutes: {}\n")
    gateway.signal(signal.SIGHUP)
    assert eventually(lambda: any("more.yaml:2:9" in line for line in gateway.stderr))
    assert status() == 200


def test_explain_speaks_of_them(tmp_path):
    file = configure(tmp_path, CLOUD, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, example())]})
    done = run("explain", "-c", file, "--client", "network-console", "POST", PATH, '{"snapshotName":"a"}')
    assert done.returncode == 0 and "CreateSnapshot" in done.stdout and "storageId = disk-lzrg2pwi" in done.stdout


# ---- how a good answer is framed ----

SUCCESSES = "version: 1\nroutes:\n" + "".join(
    f"  - {{ request: POST /s{status}, service: cbs, action: Do{status}, effect: change, success: {status}, task: taskId,\n"
    "      parameters: {} }\n"
    for status in range(200, 205)) + """\
  - { request: 'GET /jobs/{id}', service: cbs, action: Ask, effect: read, api3: none, status: { from: s, done: "0", failed: "1", running: "2" },
      parameters: { id: { in: [path], type: string } } }
"""


def test_every_success_that_a_catalog_may_name(upstream, start, tmp_path):
    """One connection, each status between two others: what follows an answer is the next one's status line."""
    gateway = start(upstream.url, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, SUCCESSES)]})
    upstream.script(then=Reply(b'{"code":0,"message":"","taskId":7}'))
    order = [200, 204, 201, 204, 204, 202, 204, 203, 204, 200]
    with gateway.wire() as wire:
        for status in order:
            wire.send(f"POST /s{status} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        answers = [wire.read(bodyless=status == 204) for status in order]
    assert [answer.status for answer in answers] == order
    for answer in answers:
        empty = answer.status == 204
        assert answer.body == (b"" if empty else b'{"code":0,"message":"","taskId":7}')
        assert answer.header("Content-Length") == (None if empty else str(len(answer.body)))
        assert answer.header("Content-Type") == (None if empty else "application/json")
        assert answer.header("Location") == "/jobs/7" and answer.header("Connection") == "keep-alive"


def test_a_task_behind_an_answer_without_content(upstream, start, tmp_path):
    """Its end has content, which comes with 200."""
    gateway = start(upstream.url, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, SUCCESSES)]})
    upstream.script(Reply(b'{"code":0,"taskId":7}'), Reply(b'{"code":0,"s":0}'))
    answer = gateway.call("POST", "/s204", headers={"Authorization": f"Bearer {TOKEN}", "Prefer": "wait=30"})
    assert (answer.status, answer.body) == (200, b'{"status":"done","code":0,"s":0,"taskId":7}')


def test_the_document_of_an_answer_without_content(tmp_path):
    file = configure(tmp_path, CLOUD, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, SUCCESSES)]})
    paths = json.loads(run("openapi", "-c", file).stdout)["paths"]
    assert "content" not in paths["/s204"]["post"]["responses"]["204"]
    assert "content" in paths["/s203"]["post"]["responses"]["203"]


@pytest.mark.parametrize("status", [205, 206])
def test_a_success_that_makes_no_sense(tmp_path, status):
    text = SUCCESSES.replace("success: 203", f"success: {status}")
    file = configure(tmp_path, CLOUD, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, text)]})
    done = run("check", "-c", file)
    assert done.returncode != 0 and "success must be 200 to 204" in done.stdout + done.stderr


# ---- several routes that tell how tasks are ----

TASKS = """\
version: 1
routes:
  - request: GET /jobs/{jobId}
    id: getJob
    service: cbs
    action: DescribeJobs
    effect: read
    api2: none
    api3: { status: { from: State, done: OK, failed: BAD, running: BUSY } }
    parameters: { jobId: { in: [path], type: string, required: true } }
  - request: GET /orders/{orderId}
    id: getOrder
    service: cbs
    action: DescribeOrders
    effect: read
    api2: none
    api3: { status: { from: Order.State, done: PAID, failed: LOST, running: OPEN } }
    parameters: { orderId: { in: [path], type: string, required: true } }
  - { request: POST /snapshots, service: cbs, action: CreateSnapshot, effect: change, task: job, api2: none, api3: { task: JobId }, parameters: {} }
  - request: POST /disks
    service: cbs
    action: CreateDisks
    effect: change
    task: order
    task_route: getOrder
    api2: none
    api3: { task: OrderId }
    parameters: {}
"""


def response(**members):
    return Reply({"Response": {**members, "RequestId": "r-1"}})


def test_each_task_is_told_by_the_route_that_its_own_names(upstream, start, tmp_path):
    """Also whose it is: order 7 is not job 7."""
    own = {**POLICY, "rules": [{"id": "do", "allow": ["network-console"], "actions": ["Create*"]},
                               {"id": "own", "allow": ["network-console"], "actions": ["DescribeJobs", "DescribeOrders"], "own": True}]}
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=own, services=("cbs",), generation=3,
                    top={"catalog": [catalog(tmp_path, TASKS)]})
    upstream.script(response(OrderId="7"), response(Order={"State": "OPEN"}), response(Order={"State": "PAID"}))
    done = gateway.call("POST", "/disks", document({}), bearer(headers={"Prefer": "wait=20"}))
    assert (done.status, done.json()["status"], done.json()["order"]) == (200, "done", "7")
    assert [request.headers["x-tc-action"] for request in upstream.seen(3)] == ["CreateDisks", "DescribeOrders", "DescribeOrders"]
    upstream.script(response(OrderId="8"), response(JobId="9"), then=response(Order={"State": "OPEN"}, State="BUSY"))
    assert gateway.call("POST", "/disks", document({}), bearer()).header("Location") == "/orders/8"
    assert gateway.call("POST", "/snapshots", document({}), bearer()).header("Location") == "/jobs/9"
    for path, status in (("/orders/8", 200), ("/jobs/9", 200), ("/jobs/8", 403), ("/orders/9", 403)):
        assert gateway.call("GET", path, headers=bearer()).status == status, path


@pytest.mark.parametrize("change, line, told", [
    (("task_route: getOrder", "task_route: getNothing"), 20, "task_route: no route has the id 'getNothing'"),
    (("task_route: getOrder", "task_route: getTask"), 20, "task_route: 'getTask' is a route of vpc, and this one of cbs"),
    (("task_route: getOrder", "task_route: createSnapshot"), 20, "task_route: 'createSnapshot' has no `status`"),
    (("    task: order\n", ""), 20, "task_route is for a route with `task`"),
    (("    api2: none\n    api3: { task: OrderId }", "    api3: { task: OrderId }"), 20, "task_route: 'getOrder' is not there in each generation"),
    (("task_route: getOrder", "task_route: [getOrder]"), 25, "task_route"),
])
def test_a_task_route_that_is_wrong(tmp_path, change, line, told):
    assert change[0] in TASKS
    file = configure(tmp_path, CLOUD, rules=ALL, services=("cbs",), top={"catalog": [catalog(tmp_path, TASKS.replace(*change))]})
    done = run("check", "-c", str(file))
    assert done.returncode == 78 and f"more.yaml:{line}:" in done.stderr and told in done.stderr, done.stderr


def test_two_catalogs_with_one_name(tmp_path):
    """Both places are told: of an id, and of a request."""
    route = "version: 1\nroutes:\n  - { request: GET /%s, id: %s, service: cbs, action: %s, effect: read, parameters: {} }\n"
    files = [catalog(tmp_path, route % words, f"{number}.yaml")
             for number, words in enumerate([("a", "getDisk", "A"), ("b", "getDisk", "B"), ("a", "getOther", "C")])]
    file = configure(tmp_path, CLOUD, rules=ALL, services=("cbs",), top={"catalog": files})
    done = run("check", "-c", str(file))
    assert done.returncode == 78
    for place, told in (("1.yaml:3:5: the route of ", "0.yaml:3 has the id 'getDisk', too"),
                        ("2.yaml:3:5: the route of ", "0.yaml:3 could take the same requests")):
        assert any(place in line and told in line for line in done.stderr.splitlines()), done.stderr
