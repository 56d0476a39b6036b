"""Several accounts of the cloud behind one gateway: a request chooses one as it chooses a region, the policy judges it,
and what becomes of one touches no other."""

import json

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, bearer, policy, yaml
from harness.process import run
from harness.mcp import Mcp
from harness.upstream import Upstream
from harness.world import INSTANCE, REPOSITORY, VPC, eventually
from test_sdk import DETACH, DONE, error, fields

BOTH = {"prod": {}, "staging": {}}
DEFINITIONS = str(REPOSITORY / "config/definitions/data")
TARGET = f"/vpcs/{VPC}/classiclinks"
WHERE = {"id": "staging-only", "allow": ["network-console"], "actions": ["*"], "where": {"account": ["staging"]}}
ALL = {"id": "all", "allow": ["*"], "actions": ["*"]}
SOON = 20


def rules(*rules, account=None):
    clients = {name: dict(client) for name, client in POLICY["clients"].items()}
    if account:
        clients["network-console"]["account"] = account
    return {**POLICY, "clients": clients, "rules": list(rules)}


def signed_by(upstream, count=1):
    return [one.params["SecretId"] for one in upstream.seen(count)]


@pytest.fixture
def second():
    service = Upstream()
    yield service
    service.stop()


def start_two(start, upstream, second, *some, account=None, **options):
    return start(upstream.url, accounts={"prod": {}, "staging": {"url": second.url}}, rules=rules(*some, account=account),
                 **options)


# ---- which one ----

def test_a_request_names_its_account(start, upstream, second):
    """Its credential signs, its upstream is asked; the record has it, and /whoami tells which there are."""
    gateway = start_two(start, upstream, second, ALL)
    answer = gateway.delete(query="?account=staging")
    assert answer.status == 202 and signed_by(second) == ["AKIDstaging"] and upstream.count() == 0
    assert gateway.record(answer)["account"] == "staging"
    assert gateway.delete(query="?region=ap-shanghai&account=prod").status == 202 and signed_by(upstream) == ["AKIDprod"]
    told = gateway.get("/whoami").json()
    assert told["accounts"] == ["prod", "staging"] and "account" not in told


def test_who_names_none_gets_the_clients_default_or_is_asked(start, upstream, second):
    gateway = start_two(start, upstream, second, ALL)
    assert "several accounts" in problem(gateway.delete(), 400, "invalid-parameter")["detail"]
    other = start_two(start, upstream, second, ALL, account="staging")
    assert other.delete().status == 202 and signed_by(second) == ["AKIDstaging"]
    assert other.get("/whoami").json()["account"] == "staging"
    assert other.delete(query="?account=prod").status == 202 and signed_by(upstream) == ["AKIDprod"]


def test_one_alone_need_not_be_named(start, upstream):
    gateway = start(upstream.url, accounts={"prod": {}}, rules=rules(ALL))
    answer = gateway.delete()
    assert answer.status == 202 and gateway.record(answer)["account"] == "prod"
    assert gateway.get("/whoami").json()["account"] == "prod"


@pytest.mark.parametrize("query, words", [
    ("?account=stagin", "no account 'stagin'"), ("?account=", "does not look like one"),
    ("?account=Staging", "no account 'Staging'"), ("?account=prod&account=staging", "more than once"),
    ("?account=prod&account=prod", "more than once"), ("?Account=prod", "no query key 'Account'")])
def test_what_is_no_account_is_a_400(start, upstream, second, query, words):
    """Also for a client that has a default: what is said counts."""
    gateway = start_two(start, upstream, second, ALL, account="prod")
    assert words in problem(gateway.delete(query=query), 400, "invalid-parameter")["detail"]
    assert upstream.count() == second.count() == 0


def test_without_accounts_there_is_no_such_key(gateway, upstream):
    assert "query key" in problem(gateway.delete(query="?account=prod"), 400, "invalid-parameter")["detail"]
    assert "account" not in gateway.get("/openapi.json").body.decode().replace("cloud account", "")
    answer = gateway.delete()
    assert "account" not in gateway.record(answer) and upstream.count() == 1


def test_a_service_that_an_account_lacks(start, upstream, second):
    file = start_two(start, upstream, second, ALL).file
    text = file.read_text().splitlines()
    line = next(i for i, one in enumerate(text) if one.startswith("accounts: "))
    accounts = json.loads(text[line].partition(": ")[2])
    accounts["prod"]["upstreams"]["cvm"] = accounts["prod"]["upstreams"]["vpc"]
    text[line] = yaml({"accounts": accounts}).strip()
    file.write_text("\n".join(text) + "\n")
    done = run("sign", "-c", file, "GET", "/instances?account=staging")
    assert done.returncode != 0 and "the account 'staging' has no upstream for cvm" in done.stderr
    assert run("sign", "-c", file, "GET", "/instances?account=prod").returncode == 0


# ---- the policy ----

def test_the_policy_judges_it(start, upstream, second):
    """However the account is chosen, and in every place where a verdict is shown."""
    gateway = start_two(start, upstream, second, WHERE, account="prod")
    assert problem(gateway.delete(), 403, "not-allowed")["detail"] == "no rule allows DetachClassicLinkVpc with this account"
    problem(gateway.delete(query="?account=prod"), 403, "not-allowed")
    assert gateway.delete(query="?account=staging").status == 202 and upstream.count() == 0 and second.count() == 1
    for query, code, words in (("", 1, "account is prod; the rule has staging"), ("?account=staging", 0, "account = staging")):
        done = run("explain", "-c", gateway.file, "--client", "network-console", "DELETE", TARGET + query,
                   json.dumps({"instanceIds": [INSTANCE]}))
        assert done.returncode == code and words in done.stdout
    told = run("explain", "-c", gateway.file, "--value", "staging").stdout
    assert "[account can be staging]" in told and "[account can be" not in run(
        "explain", "-c", gateway.file, "--value", "prod").stdout


def test_a_deny_of_an_account_beats_every_allow(start, upstream, second):
    deny = {"id": "hands-off", "deny": ["*"], "actions": ["*"], "where": {"account": ["prod"]}}
    gateway = start_two(start, upstream, second, ALL, deny, account="prod")
    for query in ("", "?account=prod"):
        assert problem(gateway.delete(query=query), 403, "not-allowed")["rule"] == "hands-off"
    assert gateway.delete(query="?account=staging").status == 202 and upstream.count() == 0


def test_a_policy_alone_takes_a_request_at_its_word(tmp_path):
    """Nobody knows which accounts there are.  Of a call that names none, every deny of one holds."""
    deny = {"id": "hands-off", "deny": ["*"], "actions": ["*"], "where": {"account": ["prod"]}}
    file = tmp_path / "policy.yaml"
    request = f"DELETE {TARGET}"
    tests = [{"client": "network-console", "request": f"{request}?account=staging", "expect": "allow", "by": "all"},
             {"client": "network-console", "request": f"{request}?account=prod", "expect": "deny", "by": "hands-off"},
             {"client": "network-console", "request": request, "expect": "deny", "by": "hands-off"},
             {"client": "auditor", "request": request, "expect": "deny", "by": "hands-off"}]
    for test in tests:
        test["body"] = {"instanceIds": [INSTANCE]}
    file.write_text(policy({**rules(ALL, deny), "tests": tests}))
    done = run("check", "--policy", file)
    assert done.returncode == 0, done.stdout + done.stderr
    clients = {**POLICY["clients"], "auditor": {**POLICY["clients"]["auditor"], "account": "staging"}}
    file.write_text(policy({**rules(ALL, deny), "clients": clients, "tests": [{**tests[3], "expect": "allow", "by": "all"}]}))
    assert run("check", "--policy", file).returncode == 0, "the client's default"


def test_replay_judges_by_the_account_of_the_record(start, upstream, second, tmp_path):
    gateway = start_two(start, upstream, second, ALL, account="prod")
    lines = [json.dumps(gateway.record(gateway.delete(query=query))) for query in ("", "?account=staging")]
    log = tmp_path / "access.log"
    log.write_text("\n".join(lines) + "\n")
    candidate = tmp_path / "policy.yaml"
    candidate.write_text(policy(rules(WHERE)))
    done = run("replay", "--policy", candidate, "--log", log)
    assert done.returncode != 0 and "account" in done.stdout and "prod" in done.stdout and "1 " in done.stdout


# ---- nothing is shared ----

def test_a_breaker_of_one_never_touches_the_other(start, upstream, second):
    """Nor do metrics, /readyz and the messages mix them up."""
    gateway = start_two(start, upstream, second, ALL)
    second.stop()

    def opened():
        return gateway.get(f"{TARGET}?account=staging").status == 503

    assert eventually(opened, SOON, 0.01)
    assert gateway.delete(query="?account=prod").status == 202
    assert gateway.ready()["upstreams"] == {"staging/vpc": {"breaker": "open"}}
    assert gateway.notices("upstream 'staging/vpc' does not answer")

    def page():
        return gateway.call("GET", "/metrics", port=gateway.admin).body.decode()

    # A request is counted once it has been answered.
    assert eventually(
        lambda: 'countersign_changes_total{action="DetachClassicLinkVpc",outcome="executed",account="prod"} 1' in page())
    page = page()
    assert 'countersign_upstream_breaker{upstream="vpc",account="staging",state="open"} 1' in page
    assert 'countersign_upstream_breaker{upstream="vpc",account="prod",state="closed"} 1' in page
    assert 'countersign_changes_total{action="DetachClassicLinkVpc",outcome="executed",account="staging"} 0' in page
    assert 'countersign_upstream_results_total{upstream="vpc",result="success",account="prod"} 1' in page
    gateway.reload()
    assert gateway.ready()["upstreams"] == {"staging/vpc": {"breaker": "open"}}, "what was learned is its own after a reload"
    assert gateway.delete(query="?account=prod").status == 202


def test_a_limit_of_one_never_touches_the_other(start, upstream, second):
    """Even where both are at the same address."""
    gateway = start(upstream.url, accounts=BOTH, rules=rules(ALL), limit="1/h burst 1",
                    limits={"DetachClassicLinkVpc": "1/h burst 1"})
    assert gateway.delete(query="?account=prod").status == 202
    problem(gateway.delete(query="?account=prod"), 429, "too-many-requests")
    assert gateway.delete(query="?account=staging").status == 202
    problem(gateway.delete(query="?account=staging"), 429, "too-many-requests")
    gateway.reload()
    problem(gateway.delete(query="?account=staging"), 429, "too-many-requests")


def test_a_key_of_a_change_is_for_one_account(start, upstream, second):
    gateway = start_two(start, upstream, second, ALL)
    key = {"Idempotency-Key": "a-change"}
    assert gateway.delete(query="?account=prod", headers=key).status == 202
    assert gateway.delete(query="?account=prod", headers=key).status == 202 and upstream.count() == 1
    assert gateway.delete(query="?account=staging", headers=key).status == 422 and second.count() == 0


# ---- a task ----

def test_a_task_is_looked_for_where_it_began(start, upstream, second):
    gateway = start_two(start, upstream, second, ALL, account="prod")
    assert "account=staging" in gateway.delete(query="?account=staging").header("Location")
    assert gateway.delete(query="?region=ap-shanghai&account=staging").header("Location").endswith(
        "?region=ap-shanghai&account=staging")
    assert "account" not in gateway.delete(query="?account=prod").header("Location")


# ---- other doors ----

@pytest.fixture
def doors(start, upstream, second):
    def begin(*some, account=None):
        at = [service.url.replace("/v2/index.php", "/") for service in (upstream, second)]
        for service in (upstream, second):
            service.script(then=DONE)
        return start(at[0], accounts={"prod": {}, "staging": {"url": at[1]}}, rules=rules(*some or (ALL,), account=account),
                     generation=3, top={"doors": {"sdk": True, "actions": True, "mcp": True}, "definitions": DEFINITIONS})
    return begin


def sdk(gateway, **said):
    return gateway.call("POST", "/", json.dumps(DETACH).encode(), fields(**said))


@pytest.mark.parametrize("host, secret_id, account", [
    ("staging.gateway.example", "unused", "staging"), ("vpc.staging.gateway.example", "unused", "staging"),
    ("vpc.Staging.gateway.example:8080", "unused", "staging"), ("gateway.example", "staging", "staging"),
    ("vpc.gateway.example", "staging", "staging"), ("staging.gateway.example", "staging", "staging"),
    ("vpc.gateway.example", "unused", "prod"), ("gateway.staging.example", "unused", "prod"),
    ("vpc.prod.example", "prod", "prod")])
def test_an_sdk_chooses_by_its_host_or_its_secret_id(doors, second, host, secret_id, account):
    gateway = doors(account="prod")
    answer = sdk(gateway, Host=host, secret_id=secret_id)
    assert "Error" not in answer.json()["Response"], answer
    assert gateway.record(answer)["account"] == account and second.count() == (account == "staging")


@pytest.mark.parametrize("host, secret_id, words", [
    ("staging.gateway.example", "prod", "the host names the account 'staging', and the SecretId 'prod'"),
    ("gateway.example", "stagin", "the SecretId is no account"), ("gateway.example", "dummy", "the SecretId is no account"),
    ("gateway.example", "unused", "several accounts")])
def test_an_sdk_that_names_no_account_or_two(doors, upstream, second, host, secret_id, words):
    """A slip must not reach another account than was meant."""
    gateway = doors()
    assert words in error(sdk(gateway, Host=host, secret_id=secret_id), "InvalidParameter")["Message"]
    assert upstream.count() == second.count() == 0


def test_the_sdks_door_is_judged_alike(doors, upstream, second):
    gateway = doors(WHERE, account="prod")
    error(sdk(gateway, secret_id="unused"), "UnauthorizedOperation")
    assert "Error" not in sdk(gateway, secret_id="staging").json()["Response"]
    assert upstream.count() == 0 and second.count() == 1


def test_documents_and_tools_name_it(doors, upstream, second):
    gateway = doors(account="prod")
    body = json.dumps(DETACH).encode()
    assert gateway.call("POST", "/actions/vpc/DetachClassicLinkVpc?account=staging", body, bearer(TOKEN)).status == 202
    assert second.count() == 1 and upstream.count() == 0
    problem(gateway.call("POST", "/actions/vpc/DetachClassicLinkVpc?account=other", body, bearer(TOKEN)), 400,
            "invalid-parameter")

    mcp = Mcp(gateway).call
    said = {"vpcId": VPC, "instanceIds": [INSTANCE]}
    assert not mcp("detachClassicLinks", account="staging", **said)[0]
    assert second.count() == 2
    assert mcp("detachClassicLinks", account="other", **said)[0] and mcp("detachClassicLinks", account=1, **said)[0]
    assert not mcp("call_action", service="vpc", action="DetachClassicLinkVpc", account="staging", document=DETACH)[0]
    assert second.count() == 3 and upstream.count() == 0


def test_the_document_of_the_routes_has_it(start, upstream):
    gateway = start(upstream.url, accounts=BOTH, rules=rules(ALL), top={"doors": {"mcp": True}})
    described = gateway.get("/openapi.json").json()
    for path in described["paths"].values():
        for method, operation in path.items():
            one = [item for item in operation["parameters"] if item.get("name") == "account"]
            assert [item["schema"]["enum"] for item in one] == [["prod", "staging"]], method
    tools = Mcp(gateway).tools()
    assert all(tool["inputSchema"]["properties"]["account"]["enum"] == ["prod", "staging"] for tool in tools)


# ---- a change of the configuration ----

def test_a_reload_without_the_account_of_a_client_is_refused(start, upstream):
    gateway = start(upstream.url, accounts=BOTH, rules=rules(ALL, account="staging"))
    text = gateway.file.read_text()
    gateway.file.write_text(text.replace('"staging": {"credential"', '"test": {"credential"'))
    answer = gateway.call("POST", "/reload", port=gateway.admin)
    assert answer.status != 200 and "there is no account 'staging'" in answer.body.decode()
    assert gateway.delete(query="?account=staging").status == 202
