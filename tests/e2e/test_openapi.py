"""The OpenAPI document: everything by the command, and to a caller what its token may call."""

import copy
import json
import re
import urllib.parse

import pytest

from harness import contract
from harness.expect import courtesy, problem
from harness.gateway import NOBODY, POLICY, TOKEN, bearer, configure
from harness.process import run
from harness.upstream import Reply
from harness.world import REPOSITORY

# By hand from the table of routes: method and path; the parameters of path, query and body.
COMMON = {"region"}
ROUTES = {
    ("DELETE", "/vpcs/{vpcId}/classiclinks"): ({"vpcId"}, {"instanceIds"}, {"instanceIds"}),
    ("DELETE", "/vpcs/{vpcId}/classiclinks/{instanceId}"): ({"vpcId", "instanceId"}, set(), set()),
    ("POST", "/vpcs/{vpcId}/classiclinks"): ({"vpcId"}, set(), {"instanceIds"}),
    ("GET", "/vpcs/{vpcId}/classiclinks"): (
        {"vpcId"}, {"classicLinkId", "lanIp", "offset", "limit", "orderField", "orderDirection", "all"}, set()),
    ("GET", "/classiclinks"): (
        set(), {"vpcId", "classicLinkId", "lanIp", "offset", "limit", "orderField", "orderDirection", "all"}, set()),
    ("GET", "/tasks/{taskId}"): ({"taskId"}, set(), set()),
    ("GET", "/vpcs"): (set(), {"vpcName", "offset", "limit", "orderField", "orderDirection", "all"}, set()),
    ("GET", "/vpcs/{vpcId}"): ({"vpcId"}, set(), set()),
    ("GET", "/instances"): (set(), {"instanceIds", "lanIps", "searchWord", "status", "projectId", "zoneId", "offset",
                                    "limit", "all"}, set()),
    ("GET", "/instances/{instanceId}"): ({"instanceId"}, set(), set()),
}
OF_VPC = {key for key in ROUTES if not key[1].startswith("/instances")}
LINKS = "/vpcs/{vpcId}/classiclinks"


def described(document):
    """The document's routes in the form of ROUTES."""
    it = contract.Contract(document)
    routes = {}
    for key, operation in it.operations().items():
        said = {"path": set(), "query": set(), "header": set()}
        for parameter in map(it.resolve, operation["parameters"]):
            said[parameter["in"]].add(parameter["name"])
        body = operation.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})
        routes[key] = (said["path"], said["query"] - COMMON,
                       set(body["content"]["application/json"]["schema"]["properties"]))
        assert COMMON <= said["query"] and "X-Request-Id" in said["header"]
    return routes


def ask(gateway, token=TOKEN, **headers):
    answer = gateway.call("GET", "/openapi.json", headers={"Authorization": f"Bearer {token}", **headers})
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json"), answer.body
    courtesy(answer)
    return answer.json()


def with_rules(*rules):
    return {**copy.deepcopy(POLICY), "rules": list(rules)}


def allow(*actions, **more):
    return {"id": f"allow-{len(actions)}", "allow": ["network-console"], "actions": list(actions), **more}


def test_the_command_prints_all_routes():
    document = contract.shipped().document
    assert document["openapi"] == "3.1.0"
    assert described(document) == ROUTES
    ids = [operation["operationId"] for operation in contract.shipped().operations().values()]
    assert len(set(ids)) == len(ids)


# ---- answers, ids, examples ----

IDS = {"detachClassicLinks", "detachClassicLink", "attachClassicLinks", "listVpcClassicLinks", "listClassicLinks", "getTask",
       "listVpcs", "getVpc", "listInstances", "getInstance"}
VENDORS = {"string": "string", "int64": "integer", "uint64": "integer", "float": "number", "bool": "boolean",
           "datetime_iso": "string"}


def generation(tmp_path, number):
    """The document of both services in one generation of the API."""
    url = ("https://vpc.api.qcloud.com/v2/index.php", "https://vpc.tencentcloudapi.com/")[number - 2]
    more = {"generation": 3} if number == 3 else {}
    done = run("openapi", "-c", configure(tmp_path, url, services=("vpc", "cvm"), **more))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def vendors_objects(service):
    """What the vendor publishes of API 3.0's answers, as {object: {member: (type, is a list)}}."""
    objects = {}
    for line in (REPOSITORY / f"config/definitions/data/{service}-20170312.txt").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "object":
            name, *members = rest.split(" ")
            objects[name] = {member: (kind.rstrip("!-").strip("[]"), kind.startswith("["))
                             for member, kind in (member.split(":") for member in members)}
    return objects


def test_operations_have_names(tmp_path):
    for document in (contract.shipped().document, generation(tmp_path, 2), generation(tmp_path, 3)):
        assert {operation["operationId"] for operation in contract.Contract(document).operations().values()} == IDS


@pytest.mark.parametrize("name, service, theirs, renamed", [
    ("Vpc", "vpc", "Vpc", {"VpcId": "unVpcId", "VpcName": "vpcName", "CidrBlock": "cidrBlock", "CreatedTime": "createTime",
                           "IsDefault": "isDefault"}),
    ("ClassicLink", "vpc", "ClassicLinkInstance", {"VpcId": "unVpcId", "InstanceId": "instanceId"}),
    ("Instance", "cvm", "Instance", {"InstanceId": "unInstanceId", "InstanceName": "instanceName", "CreatedTime": "createTime"}),
    ("TaskResult", "vpc", "DescribeVpcTaskResultResponse", {"RequestId": "requestId"}),
])
def test_answers_of_api_3_are_the_vendors(tmp_path, name, service, theirs, renamed):
    """Every member that the vendor publishes, under the name that callers see, down to the last object."""
    document, vendor = generation(tmp_path, 3), vendors_objects(service)
    schemas = {**document["components"]["schemas"],
               "TaskResult": document["paths"]["/tasks/{taskId}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]}
    todo, done = [(name, theirs, renamed)], set()
    while todo:
        ours, theirs, renamed = todo.pop()
        if (ours, theirs) in done:
            continue
        done.add((ours, theirs))
        found = schemas[ours]["properties"]
        wanted = {renamed.get(member, member): kind for member, kind in vendor[theirs].items()}
        assert set(found) - {"status", "code", "message"} == set(wanted)
        for member, (kind, is_list) in wanted.items():
            schema = found[member]["items"] if is_list else found[member]
            assert (found[member].get("type") == "array") == is_list
            if kind in VENDORS:
                assert schema["type"] == VENDORS[kind], member
            else:
                assert schema["$ref"] == f"#/components/schemas/{kind}"
                todo.append((kind, kind, {}))


@pytest.mark.parametrize("number", [2, 3])
def test_answers_say_which_id_paths_take(tmp_path, number):
    """And the sandbox's answers have those members: see harness/contract.py."""
    schemas = generation(tmp_path, number)["components"]["schemas"]
    assert "unVpcId" in schemas["Vpc"]["required"] and "unInstanceId" in schemas["Instance"]["required"]
    assert "what paths and rules take" in schemas["Vpc"]["properties"]["unVpcId"]["description"]
    assert ("vpcId" in schemas["Vpc"]["properties"]) == (number == 2)
    if number == 2:
        assert "former id" in schemas["Vpc"]["properties"]["vpcId"]["description"]
        assert "former id" in schemas["Instance"]["properties"]["instanceId"]["description"]


def test_a_success_is_never_a_problem(tmp_path):
    for document in (contract.shipped().document, generation(tmp_path, 2), generation(tmp_path, 3)):
        for operation in contract.Contract(document).operations().values():
            for status, response in operation["responses"].items():
                assert status[0] != "2" or set(response.get("content", {})) <= {"application/json"}


def test_every_request_and_answer_has_an_example(tmp_path):
    """Which is one that its schema takes."""
    for document in (contract.shipped().document, generation(tmp_path, 2), generation(tmp_path, 3)):
        it = contract.Contract(document)
        for operation in it.operations().values():
            for parameter in map(it.resolve, operation["parameters"]):
                assert it.errors(parameter["schema"], parameter["example"]) == []
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            for thing in bodies + [it.resolve(response) for response in operation["responses"].values()]:
                for media in thing["content"].values():
                    assert it.errors(media["schema"], media["example"]) == []


def test_an_example_of_a_body_is_taken(start, upstream):
    gateway = start(upstream.url, rules=with_rules(allow("*")))
    operation = contract.Contract(ask(gateway)).operations()["DELETE", LINKS]
    body = operation["requestBody"]["content"]["application/json"]["example"]
    assert gateway.delete(body, vpc=operation["parameters"][0]["example"]).status == 202


def test_words_are_an_enum(tmp_path):
    it = contract.Contract(generation(tmp_path, 2))
    schemas = {parameter["name"]: parameter["schema"] for parameter in map(it.resolve, it.operations()["GET", "/vpcs"]["parameters"])}
    assert schemas["orderDirection"]["enum"] == ["asc", "desc"] and "pattern" not in schemas["orderDirection"]
    assert schemas["orderField"]["enum"] == ["createTime", "vpcName"]
    for operation in it.operations().values():
        for parameter in map(it.resolve, operation["parameters"]):
            assert not re.fullmatch(r"\^\(\?:[\w|-]+\)\$", parameter["schema"].get("pattern", ""))


FORMS = ["ins-[0-9a-z]{1,32}", "[A-Z]{4}", "a|b|c-d", "(25[0-5]|1?[0-9])(\\.[0-9]{1,3}){3}", "x.*", "[]a]b", "\\d+-\\w", "(?:a|b)+c?",
         "[^a]b", "(?i)abc", "a{2}", "[\\]x]y*", "((((((((((a))))))))))", "[[:alpha:]]{3}", "\\x41", "(a|b){3}"]


def test_routes_of_ones_own(start, upstream, tmp_path):
    """Ids are made of the action, or of method and path; what example is shown, the gateway takes."""
    params = "".join(f"      p{number}: {{ in: [query], type: string, pattern: {json.dumps(form)} }}\n"
                     for number, form in enumerate(FORMS))
    (tmp_path / "more.yaml").write_text(f"""version: 1
routes:
  - {{ request: 'POST /disks/{{diskId}}/snap-shots', service: vpc, action: CreateSnapshot, effect: change, returns: Snapshot, parameters: {{
      diskId: {{ in: [path], type: string, required: true }}, size: {{ in: [body], type: integer, min: 10, max: 20, required: true }} }} }}
  - {{ request: 'PUT /disks/{{diskId}}', service: vpc, action: CreateSnapshot, effect: change, parameters: {{
      diskId: {{ in: [path], type: string, required: true, example: disk-1 }} }} }}
  - request: GET /forms
    service: vpc
    action: DescribeForms
    effect: read
    parameters:
{params}
types:
  Snapshot: {{ snapshotId: {{ type: string, required: true, example: snap-1 }}, parts: {{ type: Part, list: true }},
               done: {{ type: boolean, required: true }}, kept: {{ type: boolean, example: true }}, owner: {{ type: Owner, required: true }} }}
  Owner: {{ share: {{ type: number, example: 0.75 }}, files: {{ type: integer, required: true }}, name: {{ type: string, required: true }} }}
  Part: {{ of: {{ type: Snapshot }}, size: {{ type: number }} }}
""")
    gateway = start(upstream.url, rules=with_rules(allow("*")), top={"catalog": [str(tmp_path / "more.yaml")]})
    document = ask(gateway)
    operations = contract.Contract(document).operations()
    made = operations["POST", "/disks/{diskId}/snap-shots"]
    assert made["operationId"] == "createSnapshot" and operations["PUT", "/disks/{diskId}"]["operationId"] == "putDisksDiskId"
    assert made["requestBody"]["content"]["application/json"]["example"] == {"size": 10}
    answer = made["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["required"] == ["snapshotId", "done", "owner"]
    shown = {key: answer["example"][key] for key in ("snapshotId", "done", "kept", "owner")}
    assert shown == {"snapshotId": "snap-1", "done": False, "kept": True, "owner": {"share": 0.75, "files": 0, "name": ""}}
    assert document["components"]["schemas"]["Part"]["properties"]["of"] == {"$ref": "#/components/schemas/Snapshot"}
    shown = {parameter["name"]: parameter["example"] for parameter in operations["GET", "/forms"]["parameters"]
             if "example" in parameter and parameter["name"].startswith("p")}
    assert len(shown) >= 10 and shown["p0"] == "ins-0" and shown["p2"] == "a"
    for name, example in shown.items():
        upstream.script(Reply({"code": 0, "message": ""}))
        asked = gateway.get("/forms?" + urllib.parse.urlencode({name: example}))
        assert asked.status == 200, (name, example, asked.body)


def test_a_list_that_the_cloud_calls_null_is_empty(start, upstream):
    gateway = start(upstream.url, rules=with_rules(allow("*")))
    upstream.script(Reply(raw=Reply(b'{"code":0,"message":"","totalCount":0,"data" : null}').wire()))
    assert gateway.get("/vpcs").body == b'{"code":0,"message":"","totalCount":0,"data":[]}'


@pytest.mark.parametrize("lines, said", [
    ("routes: [ { request: GET /x, id: listVpcs, service: vpc, action: X, effect: read, parameters: {} } ]", "has the id 'listVpcs', too"),
    ("routes: [ { request: GET /x, id: a-b, service: vpc, action: X, effect: read, parameters: {} } ]", "id has a letter, then letters and digits"),
    ("routes: [ { request: GET /x, returns: No, service: vpc, action: X, effect: read, parameters: {} } ]", "returns must be one of `types`: not 'No'"),
    ("routes: [ { request: GET /x, service: vpc, action: X, effect: read, parameters: { a: { in: [query], type: string, "
     "pattern: 'b+', example: c } } } ]", "no call could have the example: a "),
    ("types: { Vpc: {} }", "there is a type 'Vpc' already"),
    ("types: { Problem: {} }", "a type's name is a capital, letters and digits, and not Problem or Upstream: 'Problem'"),
    ("types: { x: {} }", "a type's name is a capital"),
    ("types: { X: { a: { type: Y } } }", "type is string, integer, number, boolean or one of `types`: not 'Y'"),
    ("types: { X: { a: { type: integer, example: b } } }", "no answer could have the example"),
    ("types: { X: { a: { type: string, api2: none, api3: none } } }", "api2 and api3 cannot both be none"),
    ("types: { X: { a: { type: string, api2: other } } }", "api2 of an answer's member can only be none"),
    ("types: { X: [] }", "X must be a map"),
], ids=range(12))
def test_mistakes_in_what_is_said_of_answers(upstream, tmp_path, lines, said):
    (tmp_path / "more.yaml").write_text(f"version: 1\n{lines}\n")
    done = run("check", "-c", configure(tmp_path, upstream.url, top={"catalog": [str(tmp_path / "more.yaml")]}))
    assert done.returncode == 78 and said in done.stderr and "more.yaml:2:" in done.stderr, done.stderr


def test_the_command_prints_what_a_configuration_serves(tmp_path):
    done = run("openapi", "-c", configure(tmp_path, "https://vpc.api.qcloud.com/v2/index.php"))
    assert (done.returncode, done.stderr) == (0, "")
    assert set(described(json.loads(done.stdout))) == OF_VPC, "no upstream for cvm"
    assert run("openapi", "extra").returncode == 2
    assert run("openapi", "-c", tmp_path / "none.yaml").returncode == 78
    assert "Usage: countersign openapi" in run("openapi", "--help").stdout


def test_a_generation_describes_its_own_parameters(tmp_path):
    third = {"generation": 3, "signature": "TC3-HMAC-SHA256", "method": "POST"}
    done = run("openapi", "-c", configure(tmp_path, "https://vpc.tencentcloudapi.com/", **third))
    assert done.returncode == 0, done.stderr
    routes = described(json.loads(done.stdout))
    assert set(routes) == OF_VPC
    assert routes["GET", "/classiclinks"] == (set(), {"vpcId", "lanIp", "offset", "limit", "all"}, set())
    it = contract.Contract(json.loads(done.stdout))
    schema = it.operations()["GET", "/vpcs/{vpcId}"]["parameters"][0]["schema"]
    assert it.errors(schema, "vpc-2ari9m7h") == [] and it.errors(schema, "gz_vpc_245"), "3.0 has no such id"


def test_only_what_the_token_may_call(gateway, upstream):
    assert set(described(ask(gateway))) == {("DELETE", LINKS), ("DELETE", LINKS + "/{instanceId}")}
    assert described(ask(gateway, NOBODY)) == {}
    assert upstream.count() == 0


@pytest.mark.parametrize("rules, routes", [
    ([allow("*")], OF_VPC),
    ([allow("Describe*")], {key for key in OF_VPC if key[0] == "GET"}),
    ([allow("AttachClassicLinkVpc", where={"vpcId": ["vpc-1"]})], {("POST", LINKS)}),
    ([allow("AttachClassicLinkVpc", when={"days": ["mon"], "hours": "00:00-00:01", "zone": "UTC"})], {("POST", LINKS)}),
    ([allow("AttachClassicLinkVpc", expires="2020-01-01")], set()),
    ([allow("AttachClassicLinkVpc", mode="audit")], set()),
    ([allow("AttachClassicLinkVpc", **{"from": ["10.0.0.0/8"]})], set()),
    ([allow("AttachClassicLinkVpc", **{"from": ["127.0.0.0/8"]})], {("POST", LINKS)}),
    ([allow("*"), {"id": "no", "deny": ["*"], "actions": ["*ClassicLink*"]}],
     {key for key in OF_VPC if "classiclinks" not in key[1]}),
    ([allow("AttachClassicLinkVpc"), {"id": "no", "deny": ["*"], "actions": ["*"], "where": {"vpcId": ["vpc-1"]}}],
     {("POST", LINKS)}),
    ([allow("AttachClassicLinkVpc"), {"id": "no", "deny": ["*"], "actions": ["*"], "expires": "2020-01-01"}],
     {("POST", LINKS)}),
    ([allow("AttachClassicLinkVpc"), {"id": "no", "deny": ["*"], "actions": ["*"], "mode": "audit"}],
     {("POST", LINKS)}),
    ([{**allow("*"), "allow": ["auditor"]}], set()),
], ids=range(13))
def test_rules_decide_what_is_described(start, upstream, rules, routes):
    gateway = start(upstream.url, rules=with_rules(*rules))
    assert set(described(ask(gateway))) == routes


TOKEN_ALONE, CERTIFICATE_ALONE, BOTH = {"token": []}, {"certificate": []}, {"token": [], "certificate": []}
CERTIFIED = {"certificates": [{"id": "c", "san": "web.example"}]}


@pytest.mark.parametrize("console, own, everybodys", [
    ({}, [TOKEN_ALONE], [TOKEN_ALONE]),
    (CERTIFIED, [TOKEN_ALONE, CERTIFICATE_ALONE], [TOKEN_ALONE, CERTIFICATE_ALONE]),
    ({**CERTIFIED, "require": ["certificate"]}, [CERTIFICATE_ALONE], [TOKEN_ALONE, CERTIFICATE_ALONE]),
    ({**CERTIFIED, "require": ["token", "certificate"]}, [BOTH], [TOKEN_ALONE, BOTH]),
], ids=["a token", "either", "a certificate", "both"])
def test_by_what_a_caller_proves_who_it_is(tmp_path, console, own, everybodys):
    """OpenAPI 3.1.0, "Security Requirement Object": of several one is enough; of one, all that it names.  The other
    client has a token."""
    rules = copy.deepcopy(POLICY)
    rules["clients"]["network-console"].update(console)
    file = configure(tmp_path, "https://vpc.api.qcloud.com/v2/index.php", rules=rules)
    for client, security in ([], everybodys), (["--client", "network-console"], own), (["--client", "auditor"], [TOKEN_ALONE]):
        document = json.loads(run("openapi", "-c", file, *client).stdout)
        assert document["security"] == security
        schemes = document["components"]["securitySchemes"]
        assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
        assert schemes.get("certificate", {}).get("type") == ("mutualTLS" if console else None)
        assert {name for one in security for name in one} <= set(schemes)


def test_a_caller_is_told_its_own(start, upstream):
    rules = copy.deepcopy(POLICY)
    rules["clients"]["auditor"].update(CERTIFIED)
    gateway = start(upstream.url, rules=rules)
    assert ask(gateway)["security"] == [TOKEN_ALONE]
    assert ask(gateway, NOBODY)["security"] == [TOKEN_ALONE, CERTIFICATE_ALONE]


def test_it_is_for_those_with_a_token(gateway):
    problem(gateway.call("GET", "/openapi.json"), 401, "unauthenticated")
    problem(gateway.call("GET", "/openapi.json", headers=bearer("wrong")), 401, "unauthenticated")
    problem(gateway.call("POST", "/openapi.json"), 401, "unauthenticated")


def test_it_is_read_only(gateway):
    for method in ("POST", "PUT", "DELETE"):
        answer = gateway.call(method, "/openapi.json", headers=bearer())
        problem(answer, 405, "method-not-allowed")
        assert answer.header("Allow") == "GET, HEAD"
    head, get = (gateway.call(method, "/openapi.json", headers=bearer()) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (200, b"") and head.header("Content-Length") == str(len(get.body))
    problem(gateway.call("GET", "/openapi.json/x", headers=bearer()), 404, "no-such-route")


def test_it_counts_against_the_clients_rate(start, upstream):
    rules = copy.deepcopy(POLICY)
    rules["clients"]["network-console"]["rate"] = "1/m burst 2"
    gateway = start(upstream.url, rules=rules)
    answers = [gateway.call("GET", "/openapi.json", headers=bearer()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].header("RateLimit").startswith('"client";r=0;')
    record = gateway.record(answers[0])
    assert (record["client"], record["status"], record["method"]) == ("network-console", 200, "GET")


def test_a_schema_says_what_the_gateway_takes(gateway, upstream):
    """Both sides of the boundary, for what the schemas of the shipped routes are made of."""
    it = contract.Contract(ask(gateway))
    schema = it.operation("DELETE", "/vpcs/vpc-1/classiclinks")["requestBody"]["content"]["application/json"]["schema"]
    many = [f"ins-{number:06d}" for number in range(101)]
    for body in ({"instanceIds": ["ins-df454d"]}, {"instanceIds": ["qcvm10001"]}, {"instanceIds": many[:100]},
                 {}, {"instanceIds": []}, {"instanceIds": many}, {"instanceIds": "ins-df454d"}, {"instanceIds": [1]},
                 {"instanceIds": [None]}, {"instanceIds": [""]}, {"instanceIds": ["ins-"]}, {"instanceIds": ["ins-A"]},
                 {"instanceIds": ["ins-1\nx"]}, {"instanceIds": ["ins-1"], "vpcId": "vpc-1"}, {"instanceIds": ["i"]},
                 {"InstanceIds": ["ins-df454d"]}, {"instanceIds": {"0": "ins-1"}}, [], "ins-1", None, 1):
        taken = gateway.delete(body if body is not None else b"null")
        # what is well-formed may still not be allowed: a former id is everything that a deny names
        assert (taken.status in (202, 403)) == (it.errors(schema, body) == []), (body, taken.body)


# ---- many routes ----

def many(folder, count, more=""):
    """A catalog of `count` small routes; two of three share their path with another method."""
    lines = [f"  - {{ request: '{('GET', 'PUT', 'GET')[i % 3]} /things{i if i % 3 == 2 else i // 3 * 3}/{{id{i}}}', service: vpc, "
             f"action: {('Describe', 'Modify', 'Describe')[i % 3]}Thing{i}, effect: {('read', 'change', 'read')[i % 3]}{more}, "
             f"parameters: {{ id{i}: {{ in: [path], type: string, required: true }} }} }}\n" for i in range(count)]
    (folder / "many.yaml").write_text("version: 1\nroutes:\n" + "".join(lines))
    return str(folder / "many.yaml")


@pytest.mark.parametrize("count", [1000, 10000])
def test_many_routes_are_described(start, upstream, tmp_path, count):
    """To whom may call all, and to whom may call one; the paths are those of the catalog, each once."""
    rules = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]},
                                 {"id": "one", "allow": ["auditor"], "actions": ["ModifyThing1"]}]}
    gateway = start(upstream.url, rules=rules, top={"catalog": [many(tmp_path, count)]})
    document = gateway.get("/openapi.json").json()
    operations = [(method, path) for path, item in document["paths"].items() for method in item if "/things" in path]
    assert len(operations) == len(set(operations)) == count
    assert len([path for path in document["paths"] if path.startswith("/things")]) == count - (count + 1) // 3
    assert document["paths"]["/things0/{id0}"]["put"]["parameters"][0]["name"] == "id0", "one path, one name"
    one = gateway.get("/openapi.json", token=NOBODY)
    assert list(one.json()["paths"]) == ["/things0/{id0}"] and list(one.json()["paths"]["/things0/{id0}"]) == ["put"]
    assert [tag["name"] for tag in one.json()["tags"]] == ["vpc"]
    head = gateway.call("HEAD", "/openapi.json", headers=bearer())
    assert head.status == 200 and int(head.header("Content-Length")) == len(gateway.get("/openapi.json").body)


def test_check_knows_how_much_can_be_described(tmp_path, upstream):
    text = "x" * 4000
    file = configure(tmp_path, upstream.url, top={"catalog": [many(tmp_path, 5000, f", summary: {text}")]})
    done = run("check", "-c", file)
    assert done.returncode == 78 and "the OpenAPI document of 5010 routes would have more than" in done.stderr
    done = run("serve", "-c", file)
    assert done.returncode != 0 and "the OpenAPI document of 5010 routes would have more than" in done.stderr
