"""Routes of one's own with numbers, objects, lists and maps, and with parameters that have fixed values."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, bearer, configure
from harness.process import run
from harness.shapes import DEFINITIONS
from harness.upstream import Reply

GOOD = Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}})
PATH = "/disks/disk-1/snapshots"
PARAMETERS = {
    "diskId": {"in": ["path"], "type": "string", "required": True},
    "tags": {"in": ["body"], "type": "list"},
    "placement": {"in": ["body"], "type": "object"},
    "labels": {"in": ["body"], "type": "map"},
    "price": {"in": ["body"], "type": "number"},
    "charge": {"in": ["body"], "type": "string", "values": ["POSTPAID_BY_HOUR"]},
    "kind": {"in": ["body", "query"], "type": "string", "values": ["a", "b"]},
}


def catalog(folder, parameters=None, **route):
    file = folder / "more.yaml"
    file.write_text(json.dumps({"version": 1, "routes": [{
        "request": "POST /disks/{diskId}/snapshots", "service": "cbs", "action": "CreateSnapshot", "effect": "change",
        "parameters": PARAMETERS if parameters is None else parameters, **route}]}))
    return str(file)


def allow(**where):
    return {"id": "allow", "allow": ["network-console"], "actions": ["CreateSnapshot"], **({"where": where} if where else {})}


def deny(**more):
    return {"id": "deny", "deny": ["*"], "actions": ["CreateSnapshot"], **more}


@pytest.fixture
def door(upstream, start, tmp_path):
    def begin(*rules, **options):
        upstream.script(then=GOOD)
        top = {"catalog": [catalog(tmp_path)], **options.pop("top", {})}
        options = {"generation": 3, **options}
        return start(upstream.url.replace("/v2/index.php", "/" if options["generation"] == 3 else "/v2/index.php"),
                     services=("cbs",), rules={**POLICY, "rules": list(rules) or [allow()]}, top=top, **options)
    return begin


def post(gateway, body, query=""):
    return gateway.call("POST", PATH + query, body if isinstance(body, bytes) else json.dumps(body).encode(), bearer())


@pytest.mark.parametrize("body, wire", [
    (b'{ "tags" : [ {"Key": "a", "Value" : "b&c=d"} ] }', b'"Tags":[{"Key":"a","Value":"b&c=d"}]'),
    (b'{"tags":[1, 0.5, true, "x", [], {}]}', b'"Tags":[1,0.5,true,"x",[],{}]'),
    (b'{"placement":{"Zone":"z","Deep":{"List":[[1e2]]}}}', b'"Placement":{"Zone":"z","Deep":{"List":[[1e2]]}}'),
    (b'{"labels":{"a":"\\u00e9"}}', b'"Labels":{"a":"\\u00e9"}'),
    (b'{"price":1.50}', b'"Price":1.5'),
    (b'{"price":-7}', b'"Price":-7'),
    (b'{"price":1e2}', b'"Price":100'),
])
def test_what_was_said_goes_out_as_json(door, upstream, body, wire):
    assert post(door(), body).status == 200
    sent = upstream.seen(1)[0].body
    assert sent.startswith(b'{"DiskId":"disk-1",') and wire in sent and b'"Charge":"POSTPAID_BY_HOUR"' in sent, sent


@pytest.mark.parametrize("body, detail", [
    ({"tags": {}}, "tags must be an array"), ({"tags": "x"}, "tags must be an array"),
    ({"placement": []}, "placement must be an object"), ({"placement": None}, "placement must be an object"),
    ({"labels": {"a": 1}}, "labels must be an object whose members are all strings"),
    ({"price": "1"}, "price must be a number"), (b'{"price":1e999}', "price must be a number"),
    ({"tags": [None]}, "tags has null in it"), (b'{"tags":[{"a":1,"a":2}]}', "tags has a member twice"),
    (b'{"tags":[{"\\u0061":1}]}', "tags has a member whose name is empty, too long, or escaped"),
    (b'{"tags":["\\ud800"]}', "tags has a number out of range, or a text"),
    ({"tags": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}, "tags nests too deep"),
    ({"charge": "PREPAID"}, "charge is none of the values that this route takes"),
    ({"kind": "c"}, "kind is none of the values that this route takes"),
    (b'{"tags":[],"tags":[]}', "tags is in the body twice"),
])
def test_what_is_wrong_is_refused(door, upstream, body, detail):
    assert detail in problem(post(door(), body), 400, "invalid-parameter")["detail"]
    assert upstream.seen(0) == []


ZONES = [{"Key": "zone", "Value": "a"}, {"Key": "team", "Value": "b"}]


@pytest.mark.parametrize("rules, body, allowed", [
    ([allow(**{"tags.Key": ["zone", "team"]})], {"tags": ZONES}, True),
    ([allow(**{"tags.Key": ["zone"]})], {"tags": ZONES}, False),
    ([allow(**{"tags.Key": ["*"]})], {"tags": [{"Key": "a"}, {"Value": "b"}]}, False),
    ([allow(**{"tags.Key": ["*"]})], {}, False),
    ([allow(**{"Tags.Key": ["zone", "team"]})], {"tags": ZONES}, True),
    ([allow(), deny(where={"tags.Value": ["b"]})], {"tags": ZONES}, False),
    ([allow(), deny(where={"Tags.Value": ["b"]})], {"tags": ZONES}, False),
    ([allow(), deny(where={"tags.Value": ["c"]})], {"tags": ZONES}, True),
    ([allow(), deny(where={"tags.Value": ["c"]}, strict=True)], {"tags": [{"Key": "x"}]}, False),
    ([allow(placement={"absent": True})], {"tags": []}, True),
    ([allow(placement={"absent": True})], {"placement": {}}, False),
    ([allow(**{"placement.Count": {"max": 5}})], {"placement": {"Count": 5}}, True),
    ([allow(**{"placement.Count": {"max": 5}})], {"placement": {"Count": 6}}, False),
    ([allow(price={"max": 1.5})], {"price": 1.50}, True),
    ([allow(price={"max": 1.5})], {"price": 1.51}, False),
])
def test_rules_name_what_is_inside(door, rules, body, allowed):
    assert post(door(*rules), body).status == (200 if allowed else 403)


def test_the_same_rule_holds_through_the_other_door(door):
    """tags.Key of the route is Tags.Key of the document."""
    top = {"doors": {"actions": True}, "definitions": str(DEFINITIONS)}
    gateway = door(allow(), deny(where={"tags.Value": ["b"]}), top=top)
    for tags, status in ((ZONES, 403), (ZONES[:1], 200)):
        body = json.dumps({"DiskId": "disk-1", "Tags": tags}).encode()
        assert gateway.call("POST", "/actions/cbs/CreateSnapshot", body, bearer()).status == status
        assert post(gateway, {"tags": tags}).status == status


def test_records_have_no_secret_of_an_object(door):
    gateway = door(allow(**{"placement.Zone": ["z"]}))
    answer = post(gateway, {"placement": {"Zone": "z", "Password": "hush-hush"}})
    params = gateway.record(answer)["params"]
    assert answer.status == 200 and params["placement"] == "withheld" and params["placement.Zone"] == "z"
    assert "hush-hush" not in gateway.words()


@pytest.mark.parametrize("options", [{"generation": 2}, {"signature": "HmacSHA256"}])
def test_signatures_that_join_values_do_not_take_it(door, upstream, options):
    found = problem(post(door(**options), {"tags": []}), 400, "invalid-parameter")
    assert "tags is an object, a list or a map" in found["detail"] and upstream.seen(0) == []


@pytest.mark.parametrize("parameter, message", [
    ({"in": ["query"], "type": "object"}, "object, list and map are for the body"),
    ({"in": ["body"], "type": "object", "pattern": "x"}, "are not for an object, a list or a map"),
    ({"in": ["body"], "type": "list", "api3": {"name": "x", "filter": True}}, "filters are API 3.0's, and texts"),
    ({"in": ["body"], "type": "integer", "values": ["x"]}, "no call could have the value"),
    ({"in": ["body"], "type": "tree"}, "type must be"),
])
def test_a_catalog_that_is_wrong_is_told(tmp_path, parameter, message):
    top = {"catalog": [catalog(tmp_path, {**PARAMETERS, "wrong": parameter})]}
    done = run("check", "-c", str(configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("cbs",), top=top,
                                            rules={**POLICY, "rules": [allow()]})))
    assert done.returncode == 78 and message in done.stderr, done.stderr


@pytest.mark.parametrize("where, message", [
    ({"tags": ["x"]}, "'tags' is an object: name a member of it"),
    ({"tags..Key": ["x"]}, "has a parameter 'tags..Key'"), ({"price.Key": ["x"]}, "has a parameter 'price.Key'"),
])
def test_a_rule_that_is_wrong_is_told(tmp_path, where, message):
    top = {"catalog": [catalog(tmp_path)]}
    done = run("check", "-c", str(configure(tmp_path, "http://127.0.0.1:1/", generation=3, services=("cbs",), top=top,
                                            rules={**POLICY, "rules": [allow(**where)]})))
    assert done.returncode == 78 and message in done.stderr, done.stderr


def test_openapi_knows_their_types(door):
    operation = door().get("/openapi.json").json()["paths"]["/disks/{diskId}/snapshots"]["post"]
    text = json.dumps(operation)
    for part in ('"type": "array"', '"type": "object"', '"type": "number"', '"additionalProperties": {"type": "string"}',
                 '"enum": ["POSTPAID_BY_HOUR"]'):
        assert part in text, part
