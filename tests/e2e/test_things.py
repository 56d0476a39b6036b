"""Rules judge things, not spellings: docs/threats.md, rows 43 and on."""

import itertools
import json
import re
import threading

import pytest
import yaml as pyyaml

from harness.expect import problem
from harness.gateway import NOBODY, POLICY, TOKEN, Client, Gateway, bearer, configure, document, fingerprint, policy
from harness.judge import REGIONS
from harness.process import run
from harness.upstream import Reply
from harness.world import PATIENCE, REPOSITORY, VPC

CLOUD = "https://vpc.api.qcloud.com/v2/index.php"
FORMER = {"qcvm10005": "ins-bastion1", "gz_vpc_247": "vpc-prod1", "gz_vpc_245": VPC}
ALL = {"id": "all", "allow": ["network-console"], "actions": ["*"]}
NO_BASTION = {"id": "never-bastion", "deny": ["*"], "actions": ["*Vpc"], "where": {"instanceIds": ["ins-bastion*"]}}
NO_PROD = {"id": "no-prod", "deny": ["*"], "actions": ["*"], "where": {"vpcId": ["vpc-prod1"]}}
CLIENTS = {**POLICY["clients"], "auditor": {"tokens": [("only", NOBODY, "2099-12-31")]}}


def rules(*said, **more):
    return {"version": 1, "clients": CLIENTS, **more, "rules": list(said)}


def check(tmp_path, document, **said):
    return run("check", "-c", configure(tmp_path, CLOUD, rules=document, services=("vpc", "cvm"), **said))


def links(cloud):
    return json.dumps(cloud.state()["links"])


def get(gateway, path, token=TOKEN):
    return gateway.call("GET", path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def world(sandbox, start):
    """world(rule, ...) is a fresh sandbox and a gateway before it."""
    def begin(*said, former_ids=None, sandbox_options=(), **options):
        cloud = sandbox(*sandbox_options)
        more = {} if former_ids is None else {"former_ids": former_ids}
        return cloud, start(cloud.url, rules=rules(*said, **more), services=("vpc", "cvm"), **options)
    return begin


# ---- 43, 44: former ids ----

WAYS = [  # of naming the instance: method, path, body
    ("DELETE", f"/vpcs/{VPC}/classiclinks/{{}}", None), ("DELETE", f"/vpcs/{VPC}/classiclinks?instanceIds={{}}", None),
    ("DELETE", f"/vpcs/{VPC}/classiclinks?instanceIds=ins-free1&instanceIds={{}}", None),
    ("DELETE", f"/vpcs/{VPC}/classiclinks", ["{}"]), ("DELETE", f"/vpcs/{VPC}/classiclinks", ["ins-free1", "{}"]),
    ("DELETE", f"/vpcs/{VPC}/classiclinks", ["{}", "ins-free1"]), ("POST", f"/vpcs/{VPC}/classiclinks", ["{}"]),
]


def ask(gateway, method, path, body, value):
    if body is not None:
        body = {"instanceIds": [item.format(value) for item in body]}
    headers = bearer() if body is not None else {"Authorization": f"Bearer {TOKEN}"}
    return gateway.call(method, path.format(value), None if body is None else document(body), headers)


@pytest.mark.parametrize("method,path,body", WAYS, ids=lambda part: str(part))
def test_a_former_id_passes_no_deny(upstream, start, method, path, body):
    gateway = start(upstream.url, rules=rules(ALL, NO_BASTION))
    for value in ("ins-bastion1", "qcvm10005", "qcvm010005", "qcvm1"):
        answer = ask(gateway, method, path, body, value)
        said = problem(answer, 403, "not-allowed", rule="never-bastion")["detail"]
        if value != "ins-bastion1":
            assert said == f"{value} is a former id: say ins-..., or add it to former_ids"
    assert not upstream.seen(0)


def test_the_readme_keeps_its_bastion(world):
    """README's own policy."""
    text = (REPOSITORY / "README.md").read_text()
    said = pyyaml.safe_load("rules:\n" + "".join(re.findall(r"^   (  - \{ id: (?:staging-links|never-bastion).*\n)", text, re.M)))
    assert len(said["rules"]) == 2
    cloud, gateway = world(ALL)
    gateway.file.with_name("policy.yaml").write_text(policy(
        {**rules(*said["rules"]), "sets": {"staging": [VPC, "vpc-8e0ypm3z"]}}))
    gateway.reload()
    for value in ("qcvm10005", "ins-bastion1"):
        problem(gateway.delete({"instanceIds": [value]}), 403, "not-allowed")
    problem(gateway.delete(vpc="gz_vpc_245"), 403, "not-allowed")
    assert "ins-bastion1" in links(cloud)
    assert gateway.delete().status == 202


def test_an_allow_takes_a_former_id_by_its_very_text_only(upstream, start):
    allow = {**ALL, "actions": ["DetachClassicLinkVpc"], "where": {"instanceIds": ["*", "qcvm*", "qcvm10001"]}}
    gateway = start(upstream.url, rules=rules(allow))
    assert gateway.delete({"instanceIds": ["qcvm10001"]}).status == 202
    assert upstream.seen(1)[0].params["instanceIds.0"] == "qcvm10001"      # and that is what is sent
    for value in ("qcvm10002", "qcvm010001"):
        said = problem(gateway.delete({"instanceIds": [value]}), 403, "not-allowed")
        assert said["detail"].startswith(f"{value} is a former id: say ins-...") and "rule" not in said
    said = problem(gateway.delete({"instanceIds": ["qcvm10001", "qcvm10002"]}), 403, "not-allowed")


def test_a_former_id_is_not_told_about_where_nothing_is_allowed(upstream, start):
    gateway = start(upstream.url, rules=rules({**ALL, "actions": ["Describe*"]}))
    said = problem(gateway.delete({"instanceIds": ["qcvm10001"]}), 403, "not-allowed")
    assert said["detail"] == "no rule allows DetachClassicLinkVpc"
    assert not upstream.seen(0)


@pytest.mark.parametrize("method,path,body", WAYS, ids=lambda part: str(part))
def test_former_ids_make_one_thing(upstream, start, method, path, body):
    """Judged, signed and recorded as the current one, wherever it stands."""
    gateway = start(upstream.url, rules=rules(ALL, former_ids={"qcvm10001": "ins-df454d"}))
    answer = ask(gateway, method, path, body, "qcvm10001")
    assert answer.status == 202, answer
    received, = upstream.seen(1)
    sent = [value for name, value in received.params.items() if name.startswith("instanceIds.")]
    record = gateway.record(answer)
    assert "ins-df454d" in sent and "qcvm10001" not in sent
    assert record["params"]["instanceIds"] == sent and record["formerIds"] == ["qcvm10001"]


def test_a_mapped_id_in_reads(world):
    cloud, gateway = world(ALL, NO_PROD, former_ids=FORMER)
    for path in ("/vpcs/gz_vpc_247", "/vpcs/gz_vpc_247/classiclinks", "/classiclinks?vpcId=gz_vpc_247"):
        assert problem(get(gateway, path), 403, "not-allowed")["detail"] == "the rule 'no-prod' denies this call"
    for path in ("/vpcs/gz_vpc_245", "/vpcs/gz_vpc_245/classiclinks", "/classiclinks?vpcId=gz_vpc_245"):
        answer = get(gateway, path)
        assert answer.status == 200 and gateway.record(answer)["params"]["vpcId"] == VPC
    answer = get(gateway, "/instances?instanceIds=qcvm10005&instanceIds=ins-df454d")
    assert answer.status == 200 and gateway.record(answer)["params"]["instanceIds"] == ["ins-bastion1", "ins-df454d"]


def test_two_names_of_one_thing_in_one_call(upstream, start):
    gateway = start(upstream.url, rules=rules(ALL, former_ids={"qcvm1": "ins-a", "qcvm2": "ins-a"}))
    for pair in (["qcvm1", "ins-a"], ["ins-a", "qcvm2"], ["qcvm1", "qcvm2"]):
        said = problem(gateway.delete({"instanceIds": pair}), 400, "invalid-parameter")
        assert said["detail"] == "instanceIds holds the same value twice"
    assert not upstream.seen(0)


def test_a_mapped_id_in_the_newer_generation(upstream, start):
    """3.0 takes no former id: with former_ids its callers go on as they did."""
    upstream.script(then=Reply({"Response": {"RequestId": "b4f1c2f0-1f0c-4d0e-9a3b-1e0d5c6b7a89"}}))
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=rules(ALL, former_ids=FORMER), generation=3)
    assert gateway.delete({"instanceIds": ["qcvm10005"]}, vpc="gz_vpc_245").status == 202
    sent = json.loads(upstream.seen(1)[0].body)
    assert (sent["VpcId"], sent["InstanceIds"]) == (VPC, ["ins-bastion1"])
    problem(gateway.delete({"instanceIds": ["qcvm10006"]}), 400, "invalid-parameter")


# ---- 45: rules that name things by an id of before ----

@pytest.mark.parametrize("text", ["qcvm10005", "qcvm1000*", "$before"])
@pytest.mark.parametrize("said", ["qcvm10005", "ins-bastion1"])
def test_a_deny_by_the_former_id_reaches_the_current_one(tmp_path, text, said):
    deny = {**NO_BASTION, "where": {"instanceIds": [text]}}
    document = rules(ALL, deny, former_ids=FORMER, **({"sets": {"before": ["qcvm10005"]}} if text[0] == "$" else {}))
    file = configure(tmp_path, CLOUD, rules=document)
    done = run("explain", "-c", file, "--client", "network-console", "--json", "DELETE",
               f"/vpcs/{VPC}/classiclinks?instanceIds={said}")
    told = json.loads(done.stdout)
    assert (told["verdict"], told["rule"], told["params"]["instanceIds"]) == ("deny", "never-bastion", ["ins-bastion1"])
    assert told.get("formerIds") == (["qcvm10005"] if said == "qcvm10005" else None)


def test_explain_says_which_thing_it_is(tmp_path):
    file = configure(tmp_path, CLOUD, rules=rules(ALL, NO_BASTION, former_ids=FORMER))
    path = f"/vpcs/{VPC}/classiclinks?instanceIds={{}}"
    known = run("explain", "-c", file, "--client", "network-console", "DELETE", path.format("qcvm10005"))
    unknown = run("explain", "-c", file, "--client", "network-console", "DELETE", path.format("qcvm3"))
    assert "instanceIds = ins-bastion1 (given as qcvm10005)" in known.stdout
    assert "instanceIds = qcvm3 (a former id; the current one is unknown" in unknown.stdout
    assert "denied by never-bastion" in known.stdout and "denied by never-bastion" in unknown.stdout


@pytest.mark.parametrize("document,words", [
    (rules(ALL, {**NO_BASTION, "where": {"instanceIds": ["qcvm7"]}}), "'qcvm7' is a former id of instanceIds: a call that says the current one passes"),
    (rules(ALL, {**NO_BASTION, "where": {"instanceIds": ["$s"]}}, sets={"s": ["qcvm7"]}), "'qcvm7' is a former id of instanceIds"),
])
def test_a_deny_by_a_former_id_that_nobody_maps_is_told(tmp_path, document, words):
    done = check(tmp_path, document)
    assert done.returncode == 0 and "warning: " in done.stderr and words in done.stderr
    done = check(tmp_path, {**document, "former_ids": {"qcvm7": "ins-x"}})
    assert done.returncode == 0 and "former id" not in done.stderr


@pytest.mark.parametrize("ids,words", [
    ({"ins-a": "qcvm1"}, "no parameter has 'ins-a' as a former id"), ({"qcvm1": "vpc-1"}, "no parameter has 'qcvm1'"),
    ({"qcvm1": "qcvm2"}, "no parameter has"), ({"nonsense": "ins-a"}, "no parameter has"), (["qcvm1"], "former_ids must be"),
    ({"qcvm1": ["ins-a"]}, "former_ids must be"), ({"qcvm1": "INS-A"}, "no parameter has"),
])
def test_what_is_no_pair_of_ids(tmp_path, ids, words):
    done = check(tmp_path, rules(ALL, former_ids=ids))
    assert done.returncode == 78 and "policy.yaml:" in done.stderr and words in done.stderr, done.stderr


def test_replay_judges_things(tmp_path):
    """A log of before the map; and of a region by its short name."""
    call = {"time": "2026-11-24T12:00:00.000Z", "client": "network-console", "source": "127.0.0.1",
            "action": "DetachClassicLinkVpc", "verdict": "allow", "rule": "all"}
    lines = [{**call, "requestId": "a", "region": "gz", "params": {"vpcId": VPC, "instanceIds": ["qcvm10005"]}},
             {**call, "requestId": "b", "region": "gz", "params": {"vpcId": "gz_vpc_245", "instanceIds": ["ins-a"]}},
             {**call, "requestId": "c", "region": "SH", "params": {"vpcId": VPC, "instanceIds": ["ins-a"]}}]
    (tmp_path / "log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "p.yaml").write_text(policy(rules(
        {**ALL, "where": {"region": ["ap-guangzhou"], "vpcId": [VPC]}}, NO_BASTION, former_ids=FORMER)))
    done = run("replay", "--policy", tmp_path / "p.yaml", "--log", tmp_path / "log", "--json")
    changed = {line["requestId"]: line["afterRule"] for line in map(json.loads, done.stdout.splitlines())}
    assert changed == {"a": "never-bastion", "c": ""}


def test_audit_show_finds_a_thing_by_any_name(sandbox, start, tmp_path):
    cloud = sandbox()
    audit = tmp_path / "audit.log"
    said = rules(ALL, former_ids=FORMER)
    gateway = start(cloud.url, rules=said, top={"audit": str(audit)})
    assert gateway.delete({"instanceIds": ["qcvm10005"]}).status == 202
    assert gateway.delete({"instanceIds": ["ins-df454d"]}).status == 202
    (tmp_path / "p.yaml").write_text(policy({**said, "former_ids": {**FORMER, "qcvm10001": "ins-df454d"}}))

    def shown(value, *options):
        done = run("audit", "show", "--value", value, "--json", *options, audit)
        assert done.returncode == 0, done
        return [json.loads(line)["params"]["instanceIds"] for line in done.stdout.splitlines()]
    assert shown("qcvm10005") == shown("ins-bastion1") == [["ins-bastion1"]]
    assert shown("qcvm10001") == [] and shown("qcvm10001", "--policy", tmp_path / "p.yaml") == [["ins-df454d"]]
    assert shown("qcvm10006", "--policy", tmp_path / "p.yaml") == []
    assert run("audit", "show", "--policy", tmp_path / "none.yaml", audit).returncode == 78


# ---- 46: the cloud is asked ----

def resolving(upstream, start, *said, **options):
    return start(upstream.url, rules=rules(*(said or (ALL, NO_PROD))), resolve_former_ids=True, **options)


def lookups(upstream):
    with upstream.lock:
        return [received.params for received in upstream.requests if received.params["Action"] == "DescribeVpcEx"]


def found(*ids):
    return Reply({"code": 0, "message": "", "totalCount": len(ids), "data": [{"vpcId": "gz_vpc_247", "unVpcId": one} for one in ids]})


def test_the_cloud_tells_the_current_id(world):
    cloud, gateway = world(ALL, NO_PROD, resolve_former_ids=True)
    path = "/vpcs/{}/classiclinks?instanceIds=ins-prod1"
    for _ in range(3):
        answer = gateway.call("DELETE", path.format("gz_vpc_247"), headers={"Authorization": f"Bearer {TOKEN}"})
        assert problem(answer, 403, "not-allowed", rule="no-prod")["detail"] == "the rule 'no-prod' denies this call"
    assert "ins-prod1" in links(cloud)
    answer = gateway.call("DELETE", "/vpcs/gz_vpc_245/classiclinks?instanceIds=ins-df454d", headers={"Authorization": f"Bearer {TOKEN}"})
    record = gateway.record(answer)
    assert (answer.status, record["params"]["vpcId"], record["formerIds"]) == (202, VPC, ["gz_vpc_245"])
    metrics = get_metrics(gateway)
    assert metrics['upstream="vpc",result="found"'] == 2 and metrics['upstream="vpc",result="known"'] == 2
    assert metrics['upstream="vpc",result="failed"'] == 0 and metrics['upstream="cvm",result="found"'] == 0


def get_metrics(gateway):
    text = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    return {labels: int(count) for labels, count in re.findall(r"^countersign_former_ids_total\{(.*)\} (\d+)$", text, re.M)}


def test_it_is_asked_once(upstream, start):
    gateway = resolving(upstream, start)
    upstream.script(found("vpc-2"))
    for _ in range(3):
        assert gateway.delete(vpc="gz_vpc_247").status == 202
    asked, = lookups(upstream)
    assert (asked["vpcId"], asked["Region"]) == ("gz_vpc_247", "ap-guangzhou")
    with upstream.lock:
        assert [received.params.get("vpcId") for received in upstream.requests[1:]] == ["vpc-2"] * 3
    gateway.reload()                                    # another configuration may have another account
    upstream.script(found("vpc-3"))
    assert gateway.delete(vpc="gz_vpc_247").status == 202 and len(lookups(upstream)) == 1


def test_many_who_want_to_know_ask_once(upstream, start):
    gateway = resolving(upstream, start)
    upstream.script(Reply(found("vpc-2").body, delay=0.5))
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(gateway.delete(vpc="gz_vpc_247").status), daemon=True)
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    assert statuses == [202] * 8 and len(lookups(upstream)) == 1


@pytest.mark.parametrize("reply", [
    Reply({"code": 5000, "message": "", "codeDesc": "InvalidVpc.NotFound"}), Reply({"code": 4100, "message": ""}), found(),
    found("vpc-2", "vpc-3"), found("gz_vpc_2"), found("VPC-2"), found("vpc-2&Action=x"), found("vpc-" + "a" * 300), found(7),
    Reply({"code": 0, "message": "", "data": "vpc-2"}), Reply({"code": 0, "message": ""}),
], ids=lambda reply: str(reply.body)[:60])
def test_what_it_cannot_tell_fails_closed(upstream, start, reply):
    gateway = resolving(upstream, start)
    upstream.script(reply)
    for _ in range(3):
        said = problem(gateway.delete(vpc="gz_vpc_247"), 403, "not-allowed", rule="no-prod")
        assert said["detail"] == "gz_vpc_247 is a former id: say vpc-..., or add it to former_ids"
    with upstream.lock:
        assert {received.params["Action"] for received in upstream.requests} == {"DescribeVpcEx"}
        assert len(upstream.requests) == 1              # and is not asked at once again
    assert get_metrics(gateway)['upstream="vpc",result="failed"'] == 3


def test_an_upstream_that_is_away_fails_closed(start):
    gateway = start("http://127.0.0.1:9/v2/index.php", rules=rules(ALL, NO_PROD), resolve_former_ids=True)
    problem(gateway.delete(vpc="gz_vpc_247"), 403, "not-allowed", rule="no-prod")


def test_who_may_not_call_causes_no_question(upstream, start):
    gateway = resolving(upstream, start, {**ALL, "actions": ["DescribeInstances"]})
    problem(gateway.delete(vpc="gz_vpc_247"), 403, "not-allowed")
    assert not upstream.seen(0)


def test_a_deny_by_a_pattern_of_former_ids_holds_for_what_was_resolved(upstream, start):
    gateway = resolving(upstream, start, ALL, {**NO_PROD, "where": {"vpcId": ["gz_vpc_24*"]}})
    upstream.script(found("vpc-2"))
    problem(gateway.delete(vpc="gz_vpc_247"), 403, "not-allowed", rule="no-prod")


def test_the_newer_generation_knows_no_former_ids(tmp_path):
    done = check(tmp_path, rules(ALL), resolve_former_ids=True, generation=3)
    assert done.returncode == 78 and "resolve_former_ids is for generation 2" in done.stderr


# ---- 47: regions ----

SPELLINGS = ["ap-shanghai", "sh", "SH", "Sh", "AP-SHANGHAI", "Ap-Shanghai", "%61p-shanghai", "s%68"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("text", ["ap-shanghai", "sh", "SH", "s*", "AP-SHANG*", "$east"])
def test_a_region_has_one_name(tmp_path, spelling, text):
    document = rules(ALL, {"id": "not-there", "deny": ["*"], "actions": ["*"], "where": {"region": [text]}},
                     **({"sets": {"east": ["sh"]}} if text[0] == "$" else {}))
    done = run("explain", "-c", configure(tmp_path, CLOUD, rules=document), "--client", "network-console", "--json",
               "DELETE", f"/vpcs/{VPC}/classiclinks?instanceIds=ins-a&region={spelling}")
    if "%" in spelling:                                 # one form of a target only
        assert done.returncode == 1 and ("not-there" in done.stdout or not done.stdout)
    else:
        told = json.loads(done.stdout)
        assert (told["region"], told["verdict"], told["rule"]) == ("ap-shanghai", "deny", "not-there")


def test_what_the_upstream_takes_is_sent(upstream, start):
    """An operator writes the upstream's region as it takes it."""
    for written, sent in (("ap-guangzhou", ["ap-guangzhou", "ap-shanghai", "ap-shanghai"]), ("gz", ["gz", "sh", "sh"])):
        upstream.script()
        gateway = start(upstream.url, rules=rules(ALL), region=written)
        answers = [gateway.delete(query=query) for query in ("", "?region=sh", "?region=AP-Shanghai")]
        assert [answer.status for answer in answers] == [202] * 3
        assert [received.params["Region"] for received in upstream.seen(3)] == sent
        assert [gateway.record(answer)["region"] for answer in answers] == ["ap-guangzhou", "ap-shanghai", "ap-shanghai"]


def test_the_newer_generation_gets_long_names(upstream, start):
    upstream.script(then=Reply({"Response": {"RequestId": "b4f1c2f0-1f0c-4d0e-9a3b-1e0d5c6b7a89"}}))
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=rules(ALL), region="gz", generation=3)
    assert [gateway.delete(query=query).status for query in ("", "?region=SH")] == [202, 202]
    assert [received.headers["x-tc-region"] for received in upstream.seen(2)] == ["ap-guangzhou", "ap-shanghai"]


@pytest.mark.parametrize("region", ["ap-nowhere", "g", "gzz", "ap-guangzhou-1", "guangzhou", "gz_vpc", "ap-shanghai.", "-", "*"])
def test_a_name_in_no_table_is_refused(gateway, region):
    problem(gateway.delete(query=f"?region={region}"), 400, "invalid-parameter")


def test_a_table_of_an_operators_own(tmp_path, upstream, start):
    more = tmp_path / "more.yaml"
    more.write_text("version: 1\nregions:\n  - { name: cn-mine, short: mi }\n  - { name: cn-other }\n")
    gateway = start(upstream.url, rules=rules({**ALL, "where": {"region": ["cn-mine"]}}), region="mi", top={"catalog": [str(more)]})
    assert [gateway.delete(query=query).status for query in ("", "?region=MI", "?region=cn-mine")] == [202] * 3
    problem(gateway.delete(query="?region=cn-other"), 403, "not-allowed")
    assert [received.params["Region"] for received in upstream.seen(3)] == ["mi"] * 3


@pytest.mark.parametrize("lines,words", [
    ("  - { name: ap-guangzhou, short: other }", "more.yaml:3:5: there is a region 'ap-guangzhou' already"),
    ("  - { name: ap-mine, short: gz }", "there is a region 'gz' already"),
    ("  - { name: gz }", "there is a region 'gz' already"), ("  - { name: AP-mine }", "written in lower case"),
    ("  - { short: x }", "region lacks the key 'name'"), ("  - ap-mine", "region must be a map"),
])
def test_what_is_no_table(tmp_path, lines, words):
    more = tmp_path / "more.yaml"
    more.write_text(f"version: 1\nregions:\n{lines}\n")
    done = check(tmp_path, rules(ALL), top={"catalog": [str(more)]})
    assert done.returncode == 78 and words in done.stderr, done.stderr


def test_names_in_no_table_are_found(tmp_path):
    done = check(tmp_path, rules({**ALL, "where": {"region": ["ap-guangzou", "mars-*"]}}))
    assert done.returncode == 0
    for name in ("ap-guangzou", "mars-*"):
        assert f"no region can be '{name}': it never matches" in done.stderr
    done = check(tmp_path, rules(ALL), region="ap-guangzou")
    assert done.returncode == 78 and "no region is called 'ap-guangzou'" in done.stderr
    done = check(tmp_path, rules({**ALL, "where": {"region": ["gz", "AP-SHANGHAI", "ap-*"]}}))
    assert done.returncode == 0 and "region" not in done.stderr


def test_the_table_is_the_clouds():
    """Both forms that the reference pages name: VPC's short ones, CVM's long ones."""
    assert {REGIONS[f"ap-{city}"] for city in ("beijing", "guangzhou", "shanghai", "hongkong")} == {"bj", "gz", "sh", "hk"}
    assert REGIONS["na-toronto"] == "ca" and len(set(REGIONS.values())) == len(REGIONS)
    assert {"na-siliconvalley", "ap-singapore", "ap-shanghai-fsi", "ap-shenzhen-fsi", "ap-guangzhou-open"} <= set(REGIONS)


# ---- 48 to 50: what a call leaves out, other parameters, parts of names ----

OTHER_ROADS = ["/classiclinks", "/classiclinks?lanIp=10.66.1.16", "/classiclinks?all=true", "/classiclinks?limit=50", "/vpcs",
               "/vpcs?vpcName=production", "/vpcs?all=true"]


@pytest.mark.parametrize("path", OTHER_ROADS)
def test_strict_closes_the_other_roads(world, path):
    cloud, gateway = world(ALL, NO_PROD)
    assert b"vpc-prod1" in get(gateway, path).body                  # what check warns of
    cloud, gateway = world(ALL, {**NO_PROD, "strict": True})
    problem(get(gateway, path), 403, "not-allowed", rule="no-prod")
    assert get(gateway, f"/classiclinks?vpcId={VPC}").status == 200


def test_a_deny_of_what_leaves_it_out(world):
    all_of_it = {"id": "not-all", "deny": ["*"], "actions": ["DescribeVpcClassicLink", "DescribeVpcEx"], "where": {"vpcId": {"absent": True}}}
    _, gateway = world(ALL, all_of_it)
    for path in OTHER_ROADS:
        problem(get(gateway, path), 403, "not-allowed", rule="not-all")
    assert get(gateway, f"/vpcs/{VPC}").status == 200
    _, gateway = world({**ALL, "where": {"vpcId": {"absent": True}}})
    assert get(gateway, "/vpcs").status == 200
    assert problem(get(gateway, f"/vpcs/{VPC}"), 403, "not-allowed")["detail"].startswith("no rule allows")


def test_check_names_the_routes_that_can_leave_it_out(tmp_path):
    done = check(tmp_path, rules(ALL, {**NO_PROD, "actions": ["Describe*"]}))
    line, = [line for line in done.stderr.splitlines() if "does not reach" in line]
    assert "warning: the deny 'no-prod' does not reach a call without vpcId: " in line and "policy.yaml:" in line
    for route in ("GET /classiclinks", "GET /tasks/{taskId}", "GET /vpcs", "GET /instances", "GET /instances/{instanceId}"):
        assert f" {route}," in line or f" {route} can" in line, line
    assert "GET /vpcs/{vpcId}" not in line
    for quiet in ({**NO_PROD, "strict": True}, NO_BASTION, {**NO_PROD, "actions": ["*VpcEx"], "where": {"vpcId": {"absent": True}}},
                  {**NO_PROD, "where": {"region": ["gz"]}}, {**NO_PROD, "actions": ["DetachClassicLinkVpc"]}):
        assert "does not reach" not in check(tmp_path, rules(ALL, quiet)).stderr, quiet


@pytest.mark.parametrize("action,name,text", [("DescribeVpcEx", "vpcName", "production"), ("DescribeInstances", "searchWord", "jump")])
def test_a_deny_by_a_part_of_a_name_is_told(tmp_path, action, name, text):
    done = check(tmp_path, rules(ALL, {"id": "d", "deny": ["*"], "actions": [action], "where": {name: [text]}}))
    assert f"the cloud finds '{text}' by a part of it, too" in done.stderr


@pytest.mark.parametrize("address", ["10.66.1.016", "010.66.1.16", "10.66.01.16", "0x0a.66.1.16", "10.66.272", "168952080",
                                     "10.66.1.16.", "10.66.1.256", " 10.66.1.16", "10.66.1.16%00", "00.0.0.0"])
def test_an_address_has_one_spelling(upstream, start, address):
    gateway = start(upstream.url, services=("vpc", "cvm"), rules=rules(ALL, {
        "id": "d", "deny": ["*"], "actions": ["DescribeVpcClassicLink"], "where": {"lanIp": ["10.66.1.16"]}}))
    for path in (f"/classiclinks?lanIp={address}", f"/vpcs/{VPC}/classiclinks?lanIp={address}", f"/instances?lanIps={address}"):
        assert get(gateway, path.replace(" ", "%20")).status == 400, path
    problem(get(gateway, "/classiclinks?lanIp=10.66.1.16"), 403, "not-allowed", rule="d")
    assert not upstream.seen(0)


@pytest.mark.parametrize("rest,words", [
    ({"where": {"vpcId": {"absent": False}}}, "absent is true"), ({"where": {"vpcId": {}}}, "say one of"),
    ({"where": {"vpcId": {"missing": True}}}, "has no key 'missing' (absent, min, max, cidr_within)"),
    ({"where": {"region": {"absent": True}}}, "every call has a region"),
    ({"where": {"vpcIds": {"absent": True}}}, "none of the rule's actions has a parameter 'vpcIds'"),
    ({"strict": True}, "strict is for a deny"), ({"own": True}, "own is for actions that tell how a task is"),
    ({"own": "yes", "actions": ["DescribeVpcTaskResult"]}, "own must be true or false"),
])
def test_what_is_no_condition(tmp_path, rest, words):
    done = check(tmp_path, rules({**ALL, **rest}))
    assert done.returncode == 78 and "policy.yaml:" in done.stderr and words in done.stderr, done.stderr


@pytest.mark.parametrize("rest", [
    {"where": {"taskId": ["7"]}}, {"where": {"taskId": {"absent": True}}}, {"own": True}, {"own": False}, {"mode": "audit"},
    {"when": {"zone": "UTC", "hours": "09:00-10:00"}}, {"from": ["10.0.0.0/8"]}, {"expires": "2099-01-01"},
    {"where": {"taskId": ["7"]}, "strict": True},
], ids=str)
def test_a_deny_with_any_condition_hides_no_allow(tmp_path, rest):
    """Neither from check nor from /openapi.json."""
    deny = {"id": "d", "deny": ["*"], "actions": ["DescribeVpcTaskResult"]}
    allow = {**ALL, "actions": ["DescribeVpcTaskResult"]}
    assert "never decides" in check(tmp_path, rules(allow, deny)).stderr
    assert "never decides" not in check(tmp_path, rules(allow, {**deny, **rest})).stderr


def test_openapi_shows_what_a_conditional_deny_leaves(upstream, start):
    deny = {"id": "d", "deny": ["*"], "actions": ["DescribeVpcTaskResult"]}
    gateway = start(upstream.url, rules=rules(ALL, deny))
    paths = [list(get(gateway, "/openapi.json").json()["paths"])]
    for rest in ({"own": False}, {"where": {"taskId": {"absent": True}}}):
        gateway.file.with_name("policy.yaml").write_text(policy(rules(ALL, {**deny, **rest})))
        gateway.reload()
        paths.append(list(get(gateway, "/openapi.json").json()["paths"]))
    assert ["/tasks/{taskId}" in each for each in paths] == [False, True, True]


# ---- 51, 52: lists, pages ----

def test_pages_are_judged_as_they_are_asked(world):
    small = {**ALL, "where": {"limit": ["10", "2*"]}}
    _, gateway = world(small)
    assert get(gateway, "/vpcs?limit=10").status == 200
    for query in ("", "?all=true", "?limit=100", "?all=true&region=gz"):
        problem(get(gateway, f"/vpcs{query}"), 403, "not-allowed")
    for query in ("?limit=010", "?limit=1e1", "?limit=10&limit=10", "?all=true&limit=10", "?all=TRUE", "?all=1"):
        problem(get(gateway, f"/vpcs{query}"), 400, "invalid-parameter")


@pytest.mark.parametrize("query", ["lanIps=10.66.1.15&lanIps=10.66.1.16", "lanIps=10.66.1.16&lanIps=10.66.1.15", "lanIps=10.66.1.16"])
def test_one_of_a_list_is_enough_for_a_deny(upstream, start, query):
    gateway = start(upstream.url, services=("cvm",), rules=rules(ALL, {
        "id": "d", "deny": ["*"], "actions": ["DescribeInstances"], "where": {"lanIps": ["10.66.1.16"]}}))
    problem(get(gateway, f"/instances?{query}"), 403, "not-allowed", rule="d")
    problem(get(gateway, "/instances?lanIps=10.66.1.15,10.66.1.16"), 400, "invalid-parameter")
    assert not upstream.seen(0)


# ---- 53: tasks ----

OWN = {"id": "own-tasks", "allow": ["*"], "actions": ["DescribeVpcTaskResult"], "own": True}
BEGIN = {"id": "begin", "allow": ["*"], "actions": ["DetachClassicLinkVpc"]}


def test_a_task_is_read_by_who_began_it(world):
    _, gateway = world(BEGIN, OWN)
    begun = gateway.delete()
    place = begun.header("Location")
    mine, theirs = get(gateway, place), get(gateway, place, NOBODY)
    assert mine.status == 200 and mine.json()["status"] == "done" and gateway.record(mine)["own"] is True
    said = problem(theirs, 403, "not-allowed")
    assert said["detail"].startswith("this client did not begin the task, or the gateway cannot know")
    assert gateway.record(theirs)["own"] is False
    number = int(place.rpartition("/")[2])
    for other in (number - 1, number + 1, f"0{number}"):
        assert get(gateway, f"/tasks/{other}").status == 403
    assert get(gateway, f"{place}?region=sh").status == 403             # numbers are a region's
    gateway.reload()
    assert get(gateway, place).status == 200


def test_a_task_of_another_region_is_followed(world):
    cloud, gateway = world(BEGIN, OWN)
    begun = gateway.delete({"instanceIds": ["ins-sh4f2a1c"]}, vpc="vpc-kd7d06of", query="?region=SH")
    assert begun.status == 202 and begun.header("Location") == "/tasks/135254?region=ap-shanghai"
    assert get(gateway, begun.header("Location")).status == 200
    waited = gateway.delete({"instanceIds": ["ins-sh4f2a1c"]}, vpc="vpc-kd7d06of", query="?region=sh", headers={"Prefer": "wait=5"})
    assert waited.status == 200 and waited.json()["status"] == "done"


def test_a_rule_without_own_is_for_all(world):
    _, gateway = world(BEGIN, OWN, {"id": "audits", "allow": ["auditor"], "actions": ["DescribeVpcTaskResult"]})
    place = gateway.delete().header("Location")
    assert get(gateway, place, NOBODY).status == 200


def test_denies_of_tasks(world):
    not_others = {"id": "not-others", "deny": ["*"], "actions": ["DescribeVpcTaskResult"], "own": False}
    _, gateway = world(ALL, {**ALL, "id": "all-too", "allow": ["auditor"]}, not_others)
    place = gateway.delete().header("Location")
    assert get(gateway, place).status == 200
    problem(get(gateway, place, NOBODY), 403, "not-allowed", rule="not-others")
    problem(get(gateway, "/tasks/1"), 403, "not-allowed", rule="not-others")


def test_nobody_knows_after_a_restart(sandbox, start):
    cloud = sandbox()
    place = start(cloud.url, rules=rules(BEGIN, OWN)).delete().header("Location")
    said = problem(get(start(cloud.url, rules=rules(BEGIN, OWN)), place), 403, "not-allowed")
    assert "none from before its start" in said["detail"]


def test_whose_task_it_is_can_be_said(tmp_path):
    said = rules(BEGIN, OWN)
    file = configure(tmp_path, CLOUD, rules=said)
    for options, verdict in ((["--own"], "allow"), ([], "deny")):
        done = run("explain", "-c", file, "--client", "auditor", "--json", *options, "GET", "/tasks/7")
        assert json.loads(done.stdout)["verdict"] == verdict
    test = {"client": "auditor", "request": "GET /tasks/7", "by": "own-tasks"}
    assert check(tmp_path, {**said, "tests": [{**test, "own": True, "expect": "allow"}]}).returncode == 0
    for own in ({"own": False}, {}):
        done = check(tmp_path, {**said, "tests": [{**test, **own, "expect": "allow"}]})
        assert done.returncode == 78 and "the policy says deny by no rule" in done.stderr


# ---- reviews know things, too ----

def write(tmp_path, name, *said, **more):
    (tmp_path / name).write_text(policy(rules(*said, **more)))
    return tmp_path / name


TASKS = {"id": "tasks", "allow": ["network-console"], "actions": ["DescribeVpcTaskResult"]}
BY_ID = {"id": "r", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"], "where": {"instanceIds": ["ins-a"]}}


@pytest.mark.parametrize("old,new,lines", [
    ([TASKS], [{**TASKS, "own": True}], ["less: network-console may no longer DescribeVpcTaskResult",
                                         "more: network-console may now DescribeVpcTaskResult for tasks that the client began"]),
    ([ALL, NO_PROD], [ALL, {**NO_PROD, "strict": True}], ["less: network-console is now denied DescribeVpcEx where vpcId is vpc-prod1 or absent"]),
    ([{**ALL, "where": {"vpcId": ["vpc-1"]}}], [{**ALL, "where": {"vpcId": {"absent": True}}}],
     ["more: network-console may now DescribeVpcEx where vpcId is absent", "less: network-console may no longer DescribeVpcEx where vpcId is vpc-1"]),
    ([{**BY_ID, "where": {"region": ["gz"]}}], [{**BY_ID, "where": {"region": ["ap-guangzhou"]}}], []),
    ([{**BY_ID, "where": {"region": ["SH", "gz"]}}], [{**BY_ID, "where": {"region": ["ap-guangzhou", "sh"]}}], []),
    ([{**BY_ID, "where": {"instanceIds": ["*"]}}], [{**BY_ID, "where": {"instanceIds": ["*", "qcvm7"]}}],
     ["more: network-console may now DetachClassicLinkVpc where instanceIds is qcvm7 or *"]),
])
def test_a_difference_is_one_of_things(tmp_path, old, new, lines):
    done = run("diff", write(tmp_path, "old.yaml", *old), write(tmp_path, "new.yaml", *new))
    assert done.returncode == bool(lines), done
    for line in lines:
        words, sign = line.split(": ", 1)[1], line.split(":")[0]
        narrowed = sign == "more" and any("own" in rule for rule in new)        # own covers less: nothing is gained by it
        assert any(told.startswith(f"{sign}: {words}") for told in done.stdout.splitlines()) != narrowed, done.stdout


def test_a_difference_of_former_ids(tmp_path):
    old, new = write(tmp_path, "old.yaml", ALL), write(tmp_path, "new.yaml", ALL, former_ids={"qcvm7": "ins-a"})
    assert run("diff", old, new).stdout == "other: qcvm7 is now known as ins-a (former_ids)\n"
    assert run("diff", new, old).stdout == "other: qcvm7 is no longer known as ins-a (former_ids)\n"


@pytest.mark.parametrize("value,reaches", [("ins-a", True), ("qcvm7", True), ("qcvm8", False), ("ins-b", False)])
def test_who_can_reach_a_thing_by_any_name(tmp_path, value, reaches):
    file = write(tmp_path, "p.yaml", BY_ID, former_ids={"qcvm7": "ins-a"})
    assert ("rule r" in run("explain", "--policy", file, "--value", value).stdout) == reaches
    file = write(tmp_path, "p.yaml", ALL, {**NO_BASTION, "where": {"instanceIds": ["ins-a"]}}, former_ids={"qcvm7": "ins-a"})
    told = run("explain", "--policy", file, "--action", "DetachClassicLinkVpc", "--value", value).stdout
    assert ("rule all" in told) == (value == "ins-b")


def test_who_can_reach_a_region_by_any_name(tmp_path):
    file = write(tmp_path, "p.yaml", {**BY_ID, "where": {"region": ["sh"]}})
    for value, reaches in (("sh", True), ("ap-shanghai", True), ("AP-Shanghai", True), ("gz", False), ("shjr", False)):
        assert ("rule r" in run("explain", "--policy", file, "--value", value).stdout) == reaches, value


def test_values_are_used_by_any_name(tmp_path):
    call = {"time": "2026-11-24T12:00:00.000Z", "requestId": "a", "client": "network-console", "token": "2026-11", "source": "127.0.0.1",
            "action": "DetachClassicLinkVpc", "region": "gz", "params": {"vpcId": VPC, "instanceIds": ["qcvm7"]}, "verdict": "allow", "rule": "r"}
    (tmp_path / "log").write_text(json.dumps(call) + "\n")
    file = write(tmp_path, "p.yaml", {**BY_ID, "where": {"instanceIds": ["qcvm7", "ins-c"], "region": ["GZ", "sh"]}}, former_ids={"qcvm7": "ins-a"})
    told = run("replay", "--policy", file, "--log", tmp_path / "log", "--unused", "--since", "2000-01-01").stdout
    assert re.findall(r"value '([^']+)'", told) == ["ins-c", "sh"]


def test_a_caller_sees_its_conditions(start, upstream):
    gateway = start(upstream.url, rules=rules({**OWN, "id": "own"}, {**NO_PROD, "strict": True}, {**ALL, "where": {"vpcId": {"absent": True}}},
                                              {**BY_ID, "where": {"region": ["sh"]}}))
    told = {rule["id"]: rule for rule in get(gateway, "/whoami").json()["rules"]}
    assert told["own"]["own"] is True and told["no-prod"]["strict"] is True
    assert told["all"]["where"] == {"vpcId": {"absent": True}} and told["r"]["where"] == {"region": ["sh"]}


def test_findings_name_rules_that_can_match(tmp_path):
    """A parameter that is absent, or left out of what a strict deny says, is no parameter that a call must have."""
    apart = {"id": "d", "deny": ["*"], "actions": ["*"], "where": {"taskId": ["7"], "vpcId": ["vpc-1"]}}
    told = [run("check", "--policy", write(tmp_path, "p.yaml", ALL, one)).stderr
            for one in (apart, {**apart, "strict": True}, {**apart, "where": {"taskId": ["7"], "vpcId": {"absent": True}}})]
    assert ["no call has all the parameters" in each for each in told] == [True, False, False]


# ---- 54: routes of an operator's own ----

def test_a_route_of_ones_own_knows_former_ids(tmp_path, upstream, start):
    """Its parameter says nothing of them; the name is enough."""
    more = tmp_path / "more.yaml"
    more.write_text("""version: 1
routes:
  - { request: "DELETE /mine/{id}", service: vpc, action: DeleteVpc, effect: change,
      parameters: { vpcId: { in: [path], capture: id, type: string, required: true } } }
""")
    gateway = start(upstream.url, rules=rules(ALL, NO_PROD), top={"catalog": [str(more)]})
    for value in ("vpc-prod1", "gz_vpc_247", "gz_vpc_1"):
        problem(gateway.call("DELETE", f"/mine/{value}", headers={"Authorization": f"Bearer {TOKEN}"}), 403, "not-allowed", rule="no-prod")
    assert not upstream.seen(0)


# ---- 55: whatever a generator finds ----

VECTORS = sorted([*(REPOSITORY / "tests/vectors/policy").glob("*.yaml"), *(REPOSITORY / "tests/vectors/config").glob("good-*/policy.yaml")])
UNKNOWN = {"vpcId": "gz_vpc_8{}", "instanceIds": "qcvm8{}"}      # ids of before that nobody knows
KNOWN = {"vpcId": "gz_vpc_9{}", "instanceIds": "qcvm9{}"}


def denies():
    """But those by account: this gateway has one.  test_accounts.py has them."""
    for file in VECTORS:
        document = pyyaml.safe_load(file.read_text())
        for rule in document.get("rules", []):
            if "deny" in rule and rule.get("mode") != "audit" and not {"when", "from", "expires", "own", "subject"} & set(rule) \
                    and "account" not in rule.get("where", {}) and any(isinstance(texts, list) for texts in rule.get("where", {}).values()):
                yield f"{file.parent.name}/{file.name}:{rule['id']}", document, rule


def examples(document, name, texts):
    """A value that each text is for."""
    star = "" if name == "region" else "1"
    return [one.replace("*", star) for text in texts
            for one in (document.get("sets", {})[text[1:]] if text.startswith("$") else [text])]


def encodings(value):
    yield value
    yield "".join(f"%{ord(c):02X}" for c in value)
    yield "".join(f"%{ord(c):02x}" for c in value)
    yield value.replace("-", "%2d").replace("_", "%5F")
    yield from (value.upper(), value.capitalize(), value + "%20", "%20" + value, value + "%00", value + "%09", value + "+",
                value + "/", value + ".", "./" + value, value + "%2F", value.replace("-", "‑").encode().hex("%"), value + "%E2%80%8B")


def id_names(name, value, former_ids):
    """Every name of the thing, and some that nobody knows."""
    yield value
    yield from (former for former, current in former_ids.items() if current == value)
    yield from (UNKNOWN[name].format(more) for more in ("", "0", "1"))
    yield from (former.replace("9", "09", 1) for former, current in former_ids.items() if current == value)


def region_names(region):
    short = REGIONS.get(region, region)
    return [region, short, region.upper(), short.upper(), region.title(), short.title()]


def requests(name, value, region, rule):
    """Requests that name the thing, each as (method, target, body)."""
    vpc, instance = (value, "ins-a") if name == "vpcId" else ("vpc-9", value)
    links = f"/vpcs/{vpc}/classiclinks"
    query = f"region={region}" if region else ""
    both = "?" + query if query else ""
    more = "&" + query if query else ""
    yield "DELETE", f"{links}/{instance}{both}", None
    yield "DELETE", f"{links}?instanceIds={instance}{more}", None
    yield "DELETE", f"{links}?instanceIds=ins-z&instanceIds={instance}{more}", None
    for method, ids in itertools.product(("DELETE", "POST"), ([instance], ["ins-z", instance], [instance, "ins-z"], [instance, instance], instance, [[instance]])):
        yield method, f"{links}{both}", {"instanceIds": ids}
        yield method, f"{links}?instanceIds=ins-z{more}", {"instanceIds": ids}
    yield "DELETE", links + both, {"instanceIds": ["ins-z"], "instanceids": [instance]}
    yield "DELETE", links + both, {"instanceIds": ["ins-z"], "vpcId": vpc}
    if name == "vpcId":
        for tail in ("", "/classiclinks", "/classiclinks?all=true", "/classiclinks?lanIp=10.0.0.1"):
            yield "GET", f"/vpcs/{vpc}{tail}" + (("&" if "?" in tail else "?") + query if query else ""), None
        yield "GET", f"/classiclinks?vpcId={vpc}{more}", None
        yield "GET", f"/classiclinks?vpcId={vpc}&vpcId=vpc-9{more}", None
        yield "GET", f"/classiclinks?all=true&vpcId={vpc}{more}", None


def reaches(rule, method, target):
    """Is the request one of the rule's actions?"""
    path = target.partition("?")[0]
    action = {"DELETE": "DetachClassicLinkVpc", "POST": "AttachClassicLinkVpc"}.get(
        method, "DescribeVpcClassicLink" if "classiclinks" in path else "DescribeVpcEx")
    effect = "read" if method == "GET" else "change"
    return effect in rule.get("effects", [effect]) and any(re.fullmatch(pattern.replace("*", ".*"), action) for pattern in rule["actions"])


def open_policy(document, rule, where):
    """The policy, in which whoever the deny is for may do everything else, and each thing that it names has a former id."""
    who = next(name for name in document["clients"] if any(re.fullmatch(text.replace("*", ".*"), name) for text in rule["deny"]))
    clients = {name: {**client, "tokens": [{"id": "t", "sha256": fingerprint(TOKEN)}] if name == who else []}
               for name, client in document["clients"].items()}
    former_ids = {KNOWN[name].format(i): value for name in KNOWN for i, value in enumerate(where.get(name, []))
                  if re.fullmatch("(vpc|ins)-[0-9a-z]+", value)}
    said = json.loads(json.dumps(document, default=str))    # dates as they are written
    said = {**said, "clients": clients, "former_ids": {**document.get("former_ids", {}), **former_ids},
            "rules": [*said["rules"], {"id": "everything-else", "allow": [who], "actions": ["*"]}], "tests": []}
    return pyyaml.safe_dump(said, allow_unicode=True, width=10**6)


CASES = list(denies())


@pytest.fixture(scope="module")
def walker(scripted, tmp_path_factory, reaper):
    gateway = Gateway(configure(tmp_path_factory.mktemp("walker"), scripted.url, services=("vpc", "cvm")))
    yield gateway
    reaper.ask(gateway)


@pytest.mark.parametrize("name,document,rule", CASES, ids=[case[0] for case in CASES])
def test_no_deny_is_walked_around(upstream, walker, name, document, rule):
    """By any spelling of what it denies: nothing may reach the cloud."""
    where = {key: examples(document, key, texts) for key, texts in rule["where"].items() if isinstance(texts, list)}
    text = open_policy(document, rule, where)
    walker.file.with_name("policy.yaml").write_text(text)
    walker.reload()
    former_ids = pyyaml.safe_load(text)["former_ids"]
    regions = where.get("region", [None])
    # a deny of several conditions is about a call that meets all of them
    things = [(key, value) for key, values in where.items() if key in KNOWN for value in values] or [("vpcId", "vpc-77")]
    client = Client(walker.port)
    asked = denied = 0
    for region, (key, value) in itertools.product(regions, things):
        spelled = [one for id in id_names(key, value, former_ids) for one in encodings(id)] if key in where else [value]
        for region_name, one in itertools.product(region_names(region) if region else [None], dict.fromkeys(spelled)):
            for method, target, body in requests(key, one, region_name, rule):
                if not reaches(rule, method, target):
                    continue
                headers = bearer() if body is not None else {"Authorization": f"Bearer {TOKEN}"}
                answer = client.call(method, target, None if body is None else document_of(body), headers)
                asked += 1
                denied += answer.status == 403
                assert answer.status in (400, 403, 404, 405), (name, method, target, body, answer)
    client.close()
    assert denied > 10 and not upstream.seen(0), (name, asked, denied)
    print(f"{name}: {asked} requests, {denied} denied")


def document_of(body):
    return json.dumps(body).encode()


def test_the_generator_has_denies_to_walk_around():
    assert len(CASES) >= 12 and {"region", "vpcId", "instanceIds"} <= {key for _, _, rule in CASES for key in rule["where"]}
