"""The way to the cloud on a bad day: what is tried again and what is not (threat 24), clocks that differ (26),
credentials that change, upstreams that are gone, and that none of it spreads (28)."""

import copy
import pathlib
import re
import socket
import threading
import time

import pytest

from harness import vendor
from harness.expect import problem, quick
from harness.gateway import POLICY, UPSTREAM_TIMEOUT, secret
from harness.upstream import HANG, HANG_UP, Reply, Upstream, each_connection
from harness.world import ENDPOINT, HOST, PATIENCE, REPOSITORY, SAMPLE, SECRET_ID, SECRET_KEY, SLOW, VPC, eventually

LINKS = f"/vpcs/{VPC}/classiclinks"
PAGE = b'{"code":0,"message":"","totalCount":0,"data":[]}'
THROTTLED = Reply({"code": 4400, "message": "(100004)quota"})
READS = copy.deepcopy(POLICY)
READS["rules"].append({"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]})


@pytest.fixture
def reader(start, upstream):
    """A gateway of the test's own whose caller may read and change."""
    return start(upstream.url, rules=READS)


def rests(gateway, answer):
    """Attempts and outcome, as the log tells them."""
    record = gateway.record(answer)
    return record.get("attempts"), record.get("outcome")


def at_once(count, call):
    """The answers of that many calls at the same time."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# ---- what is tried again ----

def test_each_attempt_is_signed_afresh(reader, upstream):
    upstream.script(THROTTLED, THROTTLED)
    answer = reader.delete()
    assert (answer.status, answer.body) == (202, SAMPLE)
    assert rests(reader, answer) == (3, "executed")
    said = [received.params for received in upstream.seen(3)]
    assert len({params["Nonce"] for params in said}) == 3
    assert len({params["Signature"] for params in said}) == 3
    for params in said:
        assert abs(int(params["Timestamp"]) - time.time()) < 30 * SLOW
        assert params["Signature"] == vendor.signature("GET", HOST, ENDPOINT, params, SECRET_KEY)
    assert answer.header("Retry-After") is None


def test_three_attempts_are_the_most(reader, upstream):
    upstream.script(then=THROTTLED)
    answer = reader.delete()
    problem(answer, 429, "upstream-throttled", outcome="not-executed", retryable=True)
    assert rests(reader, answer) == (3, "not-executed")
    upstream.seen(3)


def test_retry_after_is_honoured(reader, upstream):
    upstream.script(Reply({"code": 4400, "message": ""}, headers=(("Retry-After", "1"),)))
    assert reader.delete().status == 202
    first, second = upstream.seen(2)
    assert second.at - first.at >= 1


@pytest.mark.parametrize("said, told", [("3600", "3600"), ("999999999", "3600"), ("30", "30")])
def test_a_retry_after_that_is_too_long_is_the_callers(reader, upstream, said, told):
    upstream.script(then=Reply({"code": 4400, "message": ""}, headers=(("Retry-After", said),)))
    answer = reader.delete()
    problem(answer, 429, "upstream-throttled", outcome="not-executed", retryable=True)
    assert answer.header("Retry-After") == told
    upstream.seen(1)


LOST = [("hangs", HANG), ("hangs up", HANG_UP), ("resets", Reply(raw=b"", reset=True)), ("cut in the body", Reply(cut=len(Reply().wire()) - 5))]


@pytest.mark.parametrize("reply", [row[1] for row in LOST], ids=[row[0] for row in LOST])
def test_a_read_that_is_lost_is_read_again(reader, upstream, reply):
    upstream.script(reply, then=Reply(PAGE))
    answer = reader.get(LINKS)
    assert (answer.status, answer.body) == (200, PAGE)
    assert rests(reader, answer) == (2, None)
    first, second = [received.params for received in upstream.seen(2)]
    assert first["Nonce"] != second["Nonce"]


@pytest.mark.parametrize("reply", [row[1] for row in LOST], ids=[row[0] for row in LOST])
def test_a_change_that_is_lost_is_not(reader, upstream, reply):
    upstream.script(reply)
    answer = reader.delete()
    problem(answer, 504, "upstream-timeout", outcome="unknown", retryable=False)
    assert rests(reader, answer) == (1, "unknown")
    upstream.seen(1)


def test_all_attempts_together_have_a_deadline(start, upstream):
    upstream.script(then=HANG)
    gateway = start(upstream.url, rules=READS, deadline=f"{2.5 * UPSTREAM_TIMEOUT * 1000:.0f}ms")
    begun = time.monotonic()
    answer = gateway.get(LINKS)
    took = time.monotonic() - begun
    problem(answer, 504, "upstream-timeout", retryable=True)
    assert rests(gateway, answer)[0] in (2, 3)
    assert took < 2.5 * UPSTREAM_TIMEOUT + PATIENCE / 2


LATE = [("hangs", HANG), ("drips", Reply(drip=0.02)), ("stalls in the body", Reply(SAMPLE[:9], headers=(("Content-Length", "39"),)))]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("before", [[], [Reply()]], ids=["first", "reused"])
@pytest.mark.parametrize("reply", [row[1] for row in LATE], ids=[row[0] for row in LATE])
def test_a_short_time_is_not_rounded_up(start, certificates, reply, before, secure):
    """What waits for an answer looks once a second whether the drain is over: that is the longest wait, not the shortest."""
    upstream = Upstream((certificates.good.certificate, certificates.good.key) if secure else None)
    upstream.script(*[*before, reply] * 3)
    gateway = start(upstream.url, timeout="300ms", **({"ca_file": certificates.authority.file} if secure else {}))

    def call():
        for _ in before:
            assert gateway.delete().status == 202
        problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown", retryable=False)

    assert quick(call, 0.8)
    requests = upstream.requests
    assert requests[0].connection == requests[len(before)].connection
    upstream.stop()


def test_nobody_listens_three_times(start):
    with socket.socket() as bound:              # bound, not listening: a port that refuses
        bound.bind(("127.0.0.1", 0))
        gateway = start(f"http://127.0.0.1:{bound.getsockname()[1]}/v2/index.php")
        answer = gateway.delete()
    problem(answer, 502, "upstream-unreachable", outcome="not-executed", retryable=True)
    assert rests(gateway, answer) == (3, "not-executed")


def test_retries_have_a_budget(start, upstream):
    """One slot, so one retry at once; then one for five calls."""
    gateway = start(upstream.url, slots=1)
    upstream.script(then=THROTTLED)
    attempts = [rests(gateway, gateway.delete())[0] for _ in range(11)]
    assert attempts == [2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2]


def test_a_pause_holds_no_slot(start, upstream):
    """One slot.  While the first call waits for its next try, another one is served."""
    gateway = start(upstream.url, slots=1)
    upstream.script(Reply({"code": 4400, "message": ""}, headers=(("Retry-After", "4"),)))
    first = []
    caller = threading.Thread(target=lambda: first.append(gateway.delete()))
    caller.start()
    upstream.seen(1)
    assert eventually(lambda: gateway.delete().status == 202)
    served_meanwhile = not first
    caller.join()
    assert served_meanwhile and first[0].status == 202
    upstream.seen(3)


def test_no_pause_outlives_the_drain(start, upstream):
    gateway = start(upstream.url, deadline="60s")
    upstream.script(then=Reply({"code": 4400, "message": ""}, headers=(("Retry-After", "4"),)))
    first = []
    caller = threading.Thread(target=lambda: first.append(gateway.delete()))
    caller.start()
    upstream.seen(1)
    gateway.terminate()
    caller.join()
    problem(first[0], 429, "upstream-throttled", outcome="not-executed")
    upstream.seen(1)
    assert gateway.wait() == 0


# ---- clocks ----

@pytest.mark.parametrize("skew", [-36000, -7200, -600, 600, 7200, 36000])
def test_a_clock_that_differs(sandbox, start, skew):
    """Minutes and hours, both ways: refused once, then right from the start; told once; and forgotten."""
    cloud = sandbox("--fault", f"*:skew={skew}")
    gateway = start(cloud.url)
    answers = [gateway.delete() for _ in range(3)]
    assert [answer.status for answer in answers] == [202] * 3
    assert [rests(gateway, answer)[0] for answer in answers] == [2, 1, 1]
    said = gateway.ready()
    assert said["status"] == "ready"
    assert abs(said["upstreams"]["vpc"]["clockAheadSeconds"] - skew) <= 5 * SLOW
    told = gateway.notices("the clock of upstream 'vpc' is")
    assert len(told) == 1 and ("behind ours" if skew < 0 else "ahead of ours") in told[0]
    gateway.reload()
    assert rests(gateway, gateway.delete())[0] == 1, "a reload does not forget it"
    cloud.faults()
    answers = [gateway.delete() for _ in range(2)]
    assert [rests(gateway, answer)[0] for answer in answers] == [2, 1]
    assert gateway.ready() == {"status": "ready"}
    assert eventually(lambda: len(gateway.notices("agree again")) == 1)


def api3(cloud):
    """Where the sandbox answers generation 3 of the API, which wants a date in what is signed."""
    return dict(url=cloud.base + "/", generation=3)


@pytest.mark.parametrize("skew", [-36000, 600, 80000])
def test_a_clock_that_differs_in_api_3(sandbox, start, skew):
    gateway = start(**api3(sandbox("--fault", f"*:skew={skew}")))
    answers = [gateway.delete() for _ in range(2)]
    assert [answer.status for answer in answers] == [202] * 2
    assert [rests(gateway, answer)[0] for answer in answers] == [2, 1]


def test_a_date_alone_changes_nothing(start, upstream):
    """Our clock is believed until a call is refused for its time: a proxy's Date may be anybody's."""
    upstream.script(then=Reply(date=time.time() + 900))
    gateway = start(upstream.url)
    assert [gateway.delete().status for _ in range(2)] == [202, 202]
    for received in upstream.seen(2):
        assert abs(int(received.params["Timestamp"]) - time.time()) <= 30 * SLOW
    assert 800 < gateway.ready()["upstreams"]["vpc"]["clockAheadSeconds"] < 1000


def test_a_clock_of_another_year_is_not_followed(start, upstream):
    """A signature that is dated into the future would be good until then."""
    upstream.script(then=Reply({"code": 4500, "message": ""}, date=time.time() + 365 * 86400))
    gateway = start(upstream.url)
    problem(gateway.delete(), 502, "upstream-clock", outcome="not-executed")
    for received in upstream.seen(2):
        assert abs(int(received.params["Timestamp"]) - time.time()) <= 30 * SLOW


# ---- credentials ----

OTHER_ID, OTHER_KEY = "AKIDanotherCredentialOfTheTests00001", "0therSecretKeyOfTheTests00000001"


def cloud_of(sandbox, folder, *accounts):
    """A sandbox that knows these accounts."""
    state = pathlib.Path(REPOSITORY, "sandbox/state.yaml").read_text()
    head, _, rest = state.partition("accounts:\n")
    _, _, rest = rest.partition("regions:")
    lines = "".join(f"  - {{ secret_id: {account[0]}, secret_key: {account[1]} }}\n" for account in accounts)
    (folder / "state.yaml").write_text(head + "accounts:\n" + lines + "regions:" + rest)
    return sandbox("--state", folder / "state.yaml")


@pytest.mark.parametrize("known", ["another id", "another key"])
def test_the_second_credential_takes_over(sandbox, start, tmp_path, known):
    """4104 for an id that the cloud does not know yet, 4100 for a wrong key: the other one, once, and told."""
    account = (OTHER_ID, OTHER_KEY)
    accounts = [account] if known == "another id" else [account, (SECRET_ID, OTHER_KEY)]
    gateway = start(cloud_of(sandbox, tmp_path, *accounts).url, spare=account)
    answers = [gateway.delete() for _ in range(3)]
    assert [answer.status for answer in answers] == [202] * 3
    assert [rests(gateway, answer)[0] for answer in answers] == [2, 1, 1], "the one that works comes first now"
    assert gateway.ready()["upstreams"]["vpc"] == {"refusedCredential": "main", "credential": "old"}
    assert eventually(lambda: gateway.notices("refuses credential")
                      == ["countersign: upstream 'vpc' refuses credential 'main': 'old' is used"])
    gateway.reload()
    assert rests(gateway, gateway.delete())[0] == 2, "a reload begins with the first again"
    assert OTHER_KEY not in gateway.words() and SECRET_KEY not in gateway.words()


def test_the_second_credential_takes_over_in_api_3(sandbox, start, tmp_path):
    gateway = start(**api3(cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY))), spare=(OTHER_ID, OTHER_KEY))
    answers = [gateway.delete() for _ in range(2)]
    assert [answer.status for answer in answers] == [202] * 2
    assert [rests(gateway, answer)[0] for answer in answers] == [2, 1]


def test_neither_credential(sandbox, start, tmp_path):
    gateway = start(cloud_of(sandbox, tmp_path, ("AKIDsomebodyElse", "somebodyElsesKey")).url, spare=(OTHER_ID, OTHER_KEY))
    answer = gateway.delete()
    problem(answer, 502, "upstream-credential", outcome="not-executed")
    assert rests(gateway, answer)[0] == 2
    assert gateway.ready()["upstreams"]["vpc"] == {"refusedCredential": "main"}
    assert eventually(lambda: gateway.notices("and there is no other: calls fail"))


@pytest.mark.parametrize("generation, reply", [
    (2, {"code": 4104, "message": ""}), (2, {"code": 4100, "message": ""}),
    (3, {"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": ""}, "RequestId": "r"}}),
    (3, {"Response": {"Error": {"Code": "AuthFailure.TokenFailure", "Message": "expired"}, "RequestId": "r"}}),
], ids=["unknown", "wrong", "unknown in API 3.0", "expired"])
def test_the_only_credential_is_refused_and_told(start, upstream, generation, reply):
    """Once on standard error, on /readyz and in the metric; and it ends when the cloud takes it again."""
    metric = lambda: re.search(r'^countersign_upstream_credential\{upstream="vpc",credential="main"\} (\d)$', gateway.call(
        "GET", "/metrics", port=gateway.admin).body.decode(), re.M)[1]
    gateway = start(upstream.url if generation == 2 else upstream.url.replace("/v2/index.php", "/"), generation=generation)
    upstream.script(then=Reply(reply))
    for _ in range(2):
        problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert gateway.ready()["upstreams"]["vpc"] == {"refusedCredential": "main"} and metric() == "0"
    upstream.script(then=Reply() if generation == 2 else Reply({"Response": {"RequestId": "r"}}))
    assert gateway.delete().status == 202
    assert "upstreams" not in gateway.ready() and metric() == "1"
    assert eventually(lambda: [line.split("upstream 'vpc' ")[1] for line in gateway.notices("credential")] == [
        "refuses credential 'main', and there is no other: calls fail", "takes credential 'main' again"])


def test_a_right_that_is_missing_is_no_refused_credential(start, upstream):
    upstream.script(then=Reply({"Response": {"Error": {"Code": "UnauthorizedOperation", "Message": ""}, "RequestId": "r"}}))
    gateway = start(upstream.url.replace("/v2/index.php", "/"), generation=3)
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    assert "upstreams" not in gateway.ready()


@pytest.mark.parametrize("code", [4101, 4105, 4300])
def test_other_refusals_are_not_tried_with_it(start, upstream, code):
    upstream.script(then=Reply({"code": code, "message": ""}))
    gateway = start(upstream.url, spare=(OTHER_ID, OTHER_KEY))
    problem(gateway.delete(), 502, "upstream-credential", outcome="not-executed")
    upstream.seen(1)


def test_a_clock_and_a_credential_in_one_call(sandbox, start, tmp_path):
    cloud = cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY))
    cloud.faults("*:skew=900")
    gateway = start(cloud.url, spare=(OTHER_ID, OTHER_KEY))
    answer = gateway.delete()
    assert (answer.status, rests(gateway, answer)[0]) == (202, 3)


def test_credentials_rotate_without_a_gap(sandbox, start, tmp_path):
    """From one key to the next under load: the new one is named first before the cloud knows it, then the old one
    is taken away there, then here.  No call fails."""
    cloud = cloud_of(sandbox, tmp_path, (OTHER_ID, OTHER_KEY), (SECRET_ID, SECRET_KEY))
    gateway = start(cloud.url, spare=(OTHER_ID, OTHER_KEY))
    folder = pathlib.Path(gateway.child.args[-1]).parent
    ended = threading.Event()
    statuses = []

    def call():
        while not ended.is_set():
            statuses.append(gateway.delete().status)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for identity, key in ((OTHER_ID, OTHER_KEY), ("AKIDnotYetKnown0000", "notYetKnown00000"), (SECRET_ID, SECRET_KEY)):
            secret(folder / "secret_id", identity)      # the files of `main`: read again on a reload only
            secret(folder / "secret_key", key)
            served = len(statuses)
            assert eventually(lambda: len(statuses) > served + 8)
            gateway.reload()
            served = len(statuses)
            assert eventually(lambda: len(statuses) > served + 8)
    finally:
        ended.set()
        for caller in callers:
            caller.join()
    assert set(statuses) == {202}
    assert eventually(lambda: gateway.notices("refuses credential 'main'")), "the middle one"


# ---- an upstream that is gone ----

def test_the_breaker_opens_and_closes(start):
    """Refused connections open it; refusals are quick and say when; the first answer ends it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        gateway = start(f"http://127.0.0.1:{port}/v2/index.php")
        problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")      # three attempts
        problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")      # the fifth opens it
        refused = at_once(12, gateway.delete)                                               # all but the probes
        gateway.reload()
        after = gateway.delete()
        assert gateway.record(after).get("attempts") in (None, 1), "a reload does not forget it: refused, or the probe"
        assert gateway.ready()["status"] == "ready"
        assert gateway.ready()["upstreams"]["vpc"]["breaker"] in ("open", "half-open")
    unavailable = [answer for answer in refused if answer.status == 503]
    assert unavailable, [answer.status for answer in refused]
    for answer in unavailable:
        problem(answer, 503, "upstream-unavailable", outcome="not-executed", retryable=True)
        assert answer.header("Retry-After") == "1"
        assert "attempts" not in gateway.record(answer)
    told = eventually(lambda: gateway.notices("does not answer"))
    assert len(told) == 1 and told[0].endswith("the upstream cannot be reached: Couldn't connect to server")
    back = Upstream(port=port)
    try:
        assert eventually(lambda: gateway.delete().status == 202)
        assert gateway.ready() == {"status": "ready"}
        assert eventually(lambda: len(gateway.notices("answers again")) == 1)
        assert {answer.status for answer in at_once(8, gateway.delete)} == {202}
    finally:
        back.stop()


def test_the_breaker_opens_when_nothing_answers(start, upstream):
    upstream.script(then=HANG)
    gateway = start(upstream.url)
    for answer in at_once(5, gateway.delete):
        problem(answer, 504, "upstream-timeout", outcome="unknown")
    upstream.seen(5)
    statuses = {answer.status for answer in at_once(12, gateway.delete)}
    assert 503 in statuses and statuses <= {503, 504}, statuses                            # 504 is a probe's
    upstream.script()
    assert eventually(lambda: gateway.delete().status == 202)


def test_callers_in_a_hurry_do_not_open_it(sandbox, start):
    """A look at a task is cut short when its caller's wait is over: nothing is learned from that."""
    cloud = sandbox("--fault", "DescribeVpcTaskResult:hang")
    gateway = start(cloud.url, rules=READS, timeout="60s", deadline="120s")
    answers = at_once(8, lambda: gateway.delete(headers={"Prefer": "wait=2"}))
    assert [answer.status for answer in answers] == [202] * 8
    assert cloud.state()["actions"]["DescribeVpcTaskResult"]["requests"] == 8, "looks that hung"
    assert gateway.ready() == {"status": "ready"}


def test_an_upstream_that_breaks_off_is_there(start, upstream):
    """A connection that is made and then lost is an answer of sorts: the breaker stays closed."""
    upstream.script(then=HANG_UP)
    gateway = start(upstream.url)
    for _ in range(8):
        problem(gateway.delete(), 504, "upstream-timeout", outcome="unknown")
    assert gateway.ready() == {"status": "ready"}


class Peer:
    """A TCP server that does one thing with each connection, and counts them."""

    def __init__(self, act):
        self.connections = 0
        self.act = act
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v2/index.php"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        kept = []
        for connection in each_connection(self.listener):
            self.connections += 1
            kept.append(connection)
            try:
                self.act(connection)
            except OSError:
                pass


@pytest.mark.parametrize("act", [
    lambda connection: connection.close(),
    lambda connection: (connection.recv(1), connection.close()),
    lambda connection: (connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), connection.close()),
    lambda connection: (connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28"), connection.close()),  # handshake_failure
    lambda connection: None,
], ids=["closes", "closes in the hello", "speaks HTTP", "refuses", "hangs"])
def test_a_handshake_that_fails(start, certificates, act):
    """No connection, so nothing was sent, let alone executed."""
    peer = Peer(act)
    gateway = start(peer.url, ca_file=certificates.authority.file, timeout=f"{300 * SLOW:.0f}ms",
                    deadline=f"{2 * PATIENCE:.0f}s")
    answer = gateway.delete()
    problem(answer, 502, "upstream-unreachable", outcome="not-executed", retryable=True)
    assert rests(gateway, answer) == (3, "not-executed")
    assert eventually(lambda: peer.connections == 3)
    peer.listener.close()


# ---- one upstream does not take another's ----

@pytest.fixture
def other():
    upstream = Upstream().script(then=Reply(b'{"code":0,"message":"","totalCount":0,"instanceSet":[]}'))
    yield upstream
    upstream.stop()


def test_a_hanging_upstream_takes_neither_slots_nor_workers(start, upstream, other):
    """32 workers; 24 callers at an upstream that hangs.  The other upstream answers every one of its callers, and
    so do the gateway's own listener and those that it refuses."""
    upstream.script(then=HANG)
    gateway = start(upstream.url, rules=READS, cvm={"url": other.url}, timeout="60s", deadline="60s")
    ended = threading.Event()
    hung = []

    def suffer():
        while not ended.is_set():
            hung.append(gateway.get(LINKS).status)

    sufferers = [threading.Thread(target=suffer) for _ in range(24)]
    for sufferer in sufferers:
        sufferer.start()
    try:
        upstream.seen(12)                                           # three in four workers, for two upstreams
        assert eventually(lambda: hung.count(503) >= 50), "more than its slots is refused"
        for _ in range(20):
            assert gateway.get("/instances").status == 200
            assert gateway.get("/instances", token="unknown").status == 401
            assert gateway.ready()["status"] == "ready"
        assert upstream.count() == 12, "nobody got more than the slots while they hung"
    finally:
        ended.set()
        upstream.script(then=Reply(PAGE))
        for sufferer in sufferers:
            sufferer.join()
    other.seen(20)
