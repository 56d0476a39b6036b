"""`down_scope`: the session of each client is narrowed to what its rules allow, as far as a policy of CAM can say it.
The reader of such a policy here is a second, naive one: every call that the gateway allows has to be allowed by it."""

import itertools
import json
import random
import re
import shutil
import time
import urllib.parse

import pytest

from harness.gateway import bearer
from harness.upstream import Reply, Upstream
from harness.world import REPOSITORY, SLOW
from test_client_sessions import sessions, token_of
from test_credentials import ARN, printed

OPEN = {"doors": {"actions": True}, "definitions": str(REPOSITORY / "config/definitions/data")}
MOST = 6144                             # characters that CAM takes
VPCS = {2: Reply({"code": 0, "message": "", "totalCount": 0, "data": []}),
        3: Reply({"Response": {"VpcSet": [], "TotalCount": 0, "RequestId": "one"}})}
BASE = {"id": "base", "allow": ["*"], "actions": ["DescribeVpcEx"]}


@pytest.fixture
def sts():
    service = Upstream()
    yield service
    service.stop()


@pytest.fixture
def narrowed(start, upstream, sts, tmp_path):
    """narrowed(rules, clients) is a gateway, and what answers the policies that STS was sent, by client."""
    def begin(rules, clients=("web",), generation=3, top=None, sets=None, **options):
        sts.script(then=Reply({"Response": {"Credentials": json.loads(printed()), "ExpiredTime": int(time.time()) + 3600}}))
        upstream.script(then=VPCS[generation])
        said = sessions(tmp_path)
        said["credential"]["down_scope"] = True
        url = upstream.url if generation == 2 else upstream.url.replace("/v2/index.php", "/")
        known = {name: {"tokens": [("k1", token_of(name), "2035-12-31")]} for name in clients}
        document = {"version": 1, "clients": known, **({"sets": sets} if sets else {}), "rules": rules}
        at = {"sts": {"url": sts.url.replace("/v2/index.php", "/"), "timeout": f"{2 * SLOW:.0f}s"}}
        return start(url, generation=generation, rules=document, top={**at, **(OPEN if top is None else top)}, **said, **options)

    def asked(count):
        bodies = [json.loads(one.body) for one in sts.seen(count)]
        return {body["RoleSessionName"]: json.loads(urllib.parse.unquote(body["Policy"])) for body in bodies}

    begin.asked = asked
    begin.folder = tmp_path
    return begin


def sizes(sts):
    return [len(urllib.parse.unquote(json.loads(one.body)["Policy"])) for one in sts.seen(sts.count())]


def cam_allows(policy, action):
    """As the vendor's page has it: a deny beats every allow, '*' stands for any run of characters."""
    verdict = False
    for statement in policy["statement"]:
        hit = any(re.fullmatch(".*".join(map(re.escape, text.split("*"))), action) for text in statement["action"])
        if hit and statement["effect"] == "deny":
            return False
        verdict = verdict or hit
    return verdict


def use(gateway, name="web", query=""):
    answer = gateway.call("GET", "/vpcs" + query, headers=bearer(token_of(name)))
    assert answer.status == 200, answer
    return answer


def may(gateway, name, service):
    """What the gateway itself says that the client may call."""
    answer = gateway.call("GET", f"/actions/{service}", headers=bearer(token_of(name)))
    return [item["action"] for item in answer.json()["actions"]]


@pytest.mark.parametrize("generation, detach, vpcs", [(2, "DetachClassicLinkVpc", "DescribeVpcEx"),
                                                      (3, "DetachClassicLinkVpc", "DescribeVpcs")])
def test_the_policy_of_a_client(narrowed, generation, detach, vpcs):
    """By the names of the generation; with the gateway's own question about a task; without other clients' rules, those
    in audit mode, and denies."""
    rules = [BASE, {"id": "a", "allow": ["web"], "actions": ["Detach*"], "where": {"vpcId": ["vpc-1"]}},
             {"id": "b", "allow": ["other"], "actions": ["AttachClassicLinkVpc"]},
             {"id": "c", "allow": ["web"], "actions": ["AttachClassicLinkVpc"], "mode": "audit", "since": "2026-11-01"},
             {"id": "d", "deny": ["*"], "actions": ["DescribeVpcTaskResult"]}]
    gateway = narrowed(rules, ("web", "other"), generation, top={})
    use(gateway)
    wanted = [f"{service}:{action}" for service in ("cvm", "vpc") for action in sorted(("DescribeVpcTaskResult", vpcs, detach))]
    assert narrowed.asked(1)["web"] == {"version": "2.0", "statement": [
        {"effect": "allow", "action": wanted, "resource": ["*"]}]}


def test_effects_narrow_it(narrowed):
    rules = [BASE, {"id": "reads", "allow": ["web"], "actions": ["*"], "effects": ["read"]}]
    gateway = narrowed(rules, top={})
    use(gateway)
    policy = narrowed.asked(1)["web"]
    assert not cam_allows(policy, "vpc:DetachClassicLinkVpc") and cam_allows(policy, "vpc:DescribeClassicLinkInstances")


def test_what_is_allowed_in_one_account_is_in_no_session_of_another(narrowed, sts):
    """However a rule names its accounts; what it allows in all of them is in both."""
    rules = [BASE, {"id": "one", "allow": ["web"], "actions": ["Detach*"], "where": {"account": ["staging"]}},
             {"id": "some", "allow": ["web"], "actions": ["AttachClassicLinkVpc"], "where": {"account": ["$live"], "vpcId": ["vpc-1"]}},
             {"id": "like", "allow": ["web"], "actions": ["vpc:CreateVpc"], "where": {"account": ["prod*"]}},
             {"id": "none", "allow": ["web"], "actions": ["vpc:DeleteVpc"], "where": {"account": ["test"]}},
             {"id": "both", "allow": ["web"], "actions": ["vpc:CreateSubnet"], "where": {"account": ["prod", "staging"]}}]
    accounts = {name: {"credential": {**sessions(narrowed.folder, name)["credential"], "down_scope": True}} for name in ("prod", "staging")}
    gateway = narrowed(rules, sets={"live": ["prod", "live"]}, accounts=accounts)
    for name in accounts:
        use(gateway, query=f"?account={name}")
    asked = [json.loads(one.body) for one in sts.seen(2)]
    said = {body["RoleArn"].removeprefix(ARN): json.loads(urllib.parse.unquote(body["Policy"])) for body in asked}
    only = {"staging": {"DetachClassicLinkVpc"}, "prod": {"AttachClassicLinkVpc", "CreateVpc"}}
    shared = {"DescribeVpcs", "CreateSubnet"}
    for name, policy in said.items():
        got = {action for action in (*shared, *only["prod"], *only["staging"], "DeleteVpc") if cam_allows(policy, f"vpc:{action}")}
        assert got == shared | only[name], name
    assert len(said) == 2


def test_every_call_that_is_allowed_is_allowed_by_cam(narrowed, sts):
    """Rules at random over two services with some hundreds of actions, from one action to all of them."""
    draw = random.Random(19)
    patterns = ["*", "Describe*", "vpc:*", "cvm:Describe*", "*Instance*", "vpc:Modify*", "Create*", "cvm:RunInstances",
                "DetachClassicLinkVpc", "vpc:Describe*Attribute", "*s", "AttachClassicLinkVpc", "DescribeInstances"]
    names = [f"team-{number}" for number in range(16)]
    rules = [BASE]
    for name in names:
        for number in range(draw.randint(1, 3)):
            rule = {"id": f"{name}-{number}", "allow": [name], "actions": draw.sample(patterns, draw.randint(1, 2))}
            if draw.random() < 0.3:
                rule["effects"] = draw.sample(["read", "change", "secret"], draw.randint(1, 2))
            rules.append(rule)
    gateway = narrowed(rules, names, services=("vpc", "cvm"))
    for name in names:
        use(gateway, name)
    told = narrowed.asked(len(names))
    checked = narrow = 0
    for name in names:
        allowed = {f"{service}:{action}" for service in ("vpc", "cvm") for action in may(gateway, name, service)}
        missing = [action for action in allowed if not cam_allows(told[name], action)]
        assert allowed and not missing, (name, [rule for rule in rules if name in rule["allow"]], missing[:5])
        checked += len(allowed)
        narrow += not cam_allows(told[name], "vpc:DeleteVpc")
    assert checked > 1000 and narrow >= 3, "some may do little, and their policy says so"
    assert max(sizes(sts)) <= MOST


def test_one_that_is_too_large_becomes_wider(narrowed, sts):
    """First the beginnings of names, then whole services: never less than the rules allow."""
    services = ["vpc", "cvm", "cbs", "clb", "cam", "cdb", "redis", "mongodb", "tke", "ssl", "dnspod", "cls", "monitor", "scf",
                "apigateway", "tcr", "postgres", "mariadb", "sqlserver", "ckafka", "es", "emr", "cdn", "live", "vod", "waf"]
    rules = [BASE, {"id": "two", "allow": ["two"], "actions": ["vpc:*", "cvm:*"]},
             {"id": "all", "allow": ["all"], "actions": ["*"]}]
    gateway = narrowed(rules, ("two", "all"), services=services)
    use(gateway, "two")
    use(gateway, "all")
    told = narrowed.asked(2)
    words, whole = (told[name]["statement"][0]["action"] for name in ("two", "all"))
    assert "vpc:Describe*" in words and "vpc:*" not in words
    assert "vpc:*" in whole and "vod:*" in whole and "*" not in whole
    for name, some in (("two", ("vpc", "cvm")), ("all", services)):
        for service in some:
            assert all(cam_allows(told[name], f"{service}:{action}") for action in may(gateway, name, service))
    assert max(sizes(sts)) <= MOST


WORDS = ("Describe", "Create", "Delete")
SHAPES = (lambda action: action, lambda action: re.sub("(:[A-Z][a-z]*).*", r"\1*", action),
          lambda action: re.sub(":.*", ":*", action), lambda action: "*")


def narrowest(actions):
    """The first form of them that fits, and which one it is: names, first words, services, all."""
    for number, shape in enumerate(SHAPES):
        policy = {"version": "2.0", "statement": [
            {"effect": "allow", "action": sorted(set(map(shape, actions))), "resource": ["*"]}]}
        if len(json.dumps(policy, separators=(",", ":"))) <= MOST:
            return number, policy
    raise AssertionError("even '*' is too large")


def definitions(folder, services):
    """As the vendor publishes them: each of the services has two actions of each word."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "config/definitions/data/vpc-20170312.txt", folder)
    names = [word + thing for word in WORDS for thing in ("Thing", "Other")]
    for service in services:
        lines = ["countersign-definitions 1", f"service {service} 2026-01-01", "source https://example.com", "license Apache-2.0",
                 *(f"action {name} {'read' if name.startswith('Describe') else 'change'}" for name in sorted(names)),
                 *(f"object {name}{kind}" for name in sorted(names) for kind in ("Request", "Response"))]
        (folder / f"{service}-20260101.txt").write_text("\n".join([*lines, f"end {len(names)} {2 * len(names)}"]) + "\n")
    return str(folder)


def test_it_becomes_wider_step_by_step_up_to_all(narrowed, sts, tmp_path):
    """Names, first words, services, everything: each step is the narrowest that fits, and allows all that the one before
    does.  The clients lie on both sides of each step."""
    services = [f"s{number:02}{'x' * 60}" for number in range(96)]
    every = [f"{service}:{word}{thing}" for service in services for word in WORDS for thing in ("Thing", "Other")]
    own = [f"{service}:{action}" for service in ("vpc", "cvm") for action in ("DescribeVpcs", "DescribeVpcTaskResult")]
    shapes = [narrowest(own + every[:6 * count])[0] for count in range(1, len(services) + 1)]
    edges = [count for count in range(1, len(shapes)) if shapes[count - 1] != shapes[count]]
    assert sorted(set(shapes)) == [0, 1, 2, 3] and len(edges) == 3, "each form is the narrowest once"
    counts = sorted({1, len(services), *edges, *(edge + 1 for edge in edges)})
    rules = [BASE, *({"id": f"first-{count}", "allow": [f"first-{count}"], "actions": [f"{service}:*" for service in services[:count]]}
                     for count in counts)]
    names = [f"first-{count}" for count in counts]
    gateway = narrowed(rules, names, services=("vpc", *services),
                       top={"doors": {"actions": True}, "definitions": definitions(tmp_path / "definitions", services)})
    for name in names:
        use(gateway, name)
    told = narrowed.asked(len(names))
    for name, count in zip(names, counts):
        assert told[name] == narrowest(own + every[:6 * count])[1], name
    for (less, count), (more, _) in itertools.pairwise(zip(names, counts)):
        for action in own + every[:6 * count]:
            assert cam_allows(told[less], action) and cam_allows(told[more], action), (less, more, action)
    assert told[names[-1]]["statement"][0]["action"] == ["*"] and max(sizes(sts)) <= MOST


def test_a_reload_that_changes_the_rules_changes_the_session(narrowed, upstream, sts):
    """Of the clients whose policy is another then; the others keep theirs."""
    gateway = narrowed([BASE], ("web", "other"), top={})
    for name in ("web", "other", "web"):
        use(gateway, name)
    assert sts.count() == 2
    file = gateway.file.parent / "policy.yaml"
    text = file.read_text()
    more = json.dumps({"id": "more", "allow": ["web"], "actions": ["AttachClassicLinkVpc"]})
    file.write_text(text.replace('rules: [', f'rules: [{more}, '))
    gateway.reload()
    for name in ("web", "other", "web"):
        use(gateway, name)
    assert sts.count() == 3
    assert cam_allows(narrowed.asked(3)["web"], "vpc:AttachClassicLinkVpc")
    assert not cam_allows(narrowed.asked(3)["other"], "vpc:AttachClassicLinkVpc")
