"""Stores that are not as they should be: a server that loads, one that is a replica, one without TLS; and what operators
freeze, with a real server."""

import re
import socketserver
import subprocess
import threading
import uuid

import pytest

from harness.expect import problem
from harness.gateway import NOBODY, POLICY, TOKEN, configure, secret
from harness.process import environment, run
from harness.redis import Redis
from harness.world import PATIENCE, eventually
from test_operators import ALICE, RULES, VERA, ask

CLOUD = "https://vpc.api.qcloud.com/v2/index.php"
LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"
READONLY = b"-READONLY You can't write against a read only replica.\r\n"


class Fake:
    """A server of Redis' protocol (RESP 2) that gives one answer to every command, or hands it on to a real one."""

    def __init__(self, real):
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while words := fake.read(self.rfile):
                    fake.asked.append(words[0])
                    answer = fake.answer if fake.refuses(words[0]) else real.ask(*words)
                    self.wfile.write(answer)

        self.answer, self.only, self.asked = None, None, []
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.name = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refuses(self, word):
        return self.answer is not None and (self.only is None or word in self.only)

    @staticmethod
    def read(stream):
        line = stream.readline()
        if not line:
            return []
        words = []
        for _ in range(int(line[1:])):
            length = int(stream.readline()[1:])
            words.append(stream.read(length + 2)[:-2].decode())
        return words

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def fake(redis):
    fake = Fake(redis)
    yield fake
    fake.stop()


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def in_time(probe):
    """A store has 50 ms for an answer, which on a machine that is busy is sometimes too little: then it is asked again."""
    return eventually(probe, within=4 * PATIENCE)


def keyed(gateway, named=None):
    """A change under a key, once the store has answered in time."""
    named = named or key()
    return in_time(lambda: (lambda got: got if got.status == 202 else None)(gateway.delete(headers=named)))


@pytest.mark.parametrize("answer", [LOADING, READONLY], ids=["loading", "readonly"])
def test_it_is_not_the_one(start, upstream, fake, redis, answer):
    """At a start, the next server of the list is used."""
    fake.answer = answer
    gateway = start(upstream.url, top={"state": {"redis": {"servers": [fake.name, redis.server]}}})
    assert keyed(gateway)
    assert "EVALSHA" not in fake.asked and gateway.notices(f"state: using {redis.server}")


@pytest.mark.parametrize("answer", [LOADING, READONLY], ids=["loading", "readonly"])
def test_it_is_not_the_one_any_more(start, upstream, fake, redis, answer):
    """While it runs: a server that was restarted, or that has become a replica, is left for the next."""
    gateway = start(upstream.url, top={"state": {"redis": {"servers": [fake.name, redis.server]}}})
    assert keyed(gateway) and "EVALSHA" in fake.asked
    fake.answer = answer
    assert keyed(gateway)
    assert in_time(lambda: gateway.notices(f"state: using {redis.server}"))


def test_alone_it_is_away_until_it_is_there(start, upstream, fake):
    """A server that loads: the start does not wait for it, and what it said is told."""
    fake.answer = LOADING
    gateway = start(upstream.url, top={"state": {"redis": {"servers": [fake.name]}}})
    assert gateway.delete(headers=key()).status == 503 and gateway.delete().status == 202
    assert gateway.notices("LOADING")
    fake.answer = None
    assert keyed(gateway)


@pytest.mark.parametrize("wrong, right", [
    (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),                     # it is full
    (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),                                  # a replica by now
    (("CLIENT", "PAUSE", "600000", "WRITE"), ("CLIENT", "UNPAUSE")),                                # it lets writes wait
], ids=["full", "replica", "slow"])
def test_one_that_takes_no_writes_is_away(start, upstream, redis, wrong, right):
    """No promise is made, all else goes on, and it is back by itself; what was kept is kept."""
    gateway = start(upstream.url, top={"state": redis.state()})
    named = key()
    first = keyed(gateway, named)
    assert redis.ask(*wrong) == b"+OK\r\n"
    assert in_time(lambda: gateway.delete(headers=key()).status == 503) and gateway.delete().status == 202
    count = upstream.count()
    assert gateway.delete(headers=named).status in (202, 503) and upstream.count() == count
    assert redis.ask(*right) == b"+OK\r\n"
    again = keyed(gateway, named)
    assert (again.body, again.header("Idempotency-Replayed")) == (first.body, "true") and keyed(gateway)


def test_a_claim_that_came_too_late_is_taken_back(start, upstream, redis):
    """The server was stopped when it was asked, and does what it was asked when it goes on: nobody may be left to think
    that the change was sent, since its caller was told that it was not."""
    gateway = start(upstream.url, top={"state": redis.state()})
    assert keyed(gateway)
    count, named = upstream.count(), key()
    redis.freeze()
    try:
        problem(gateway.delete(headers=named), 503, "state-unavailable", outcome="not-executed", retryable=True)
    finally:
        redis.thaw()
    answer = in_time(lambda: (lambda got: got if got.status not in (503, 409) else None)(gateway.delete(headers=named)))
    assert (answer.status, answer.header("Idempotency-Replayed"), upstream.count()) == (202, None, count + 1)


PASSWORD = "a-password-of-the-store"


def login(tmp_path, **said):
    """What the gateway says of itself at the store."""
    return {"password": {"file": secret(tmp_path / "store_password", PASSWORD)}, **said}


@pytest.mark.parametrize("user", [None, "gateway"])
def test_a_password_a_user_and_a_database(start, upstream, tmp_path, user):
    """The server lets in nobody else, and has what was kept in that database."""
    with Redis(tmp_path, "guarded", "--requirepass", PASSWORD,
               *(("--user", "gateway", "on", f">{PASSWORD}", "~edge:*", "+@all") if user else ())) as server:
        top = {"state": {"redis": {"servers": [server.server], "database": 3, "prefix": "edge:",
                                   **login(tmp_path, **({"user": user} if user else {}))}}}
        gateway = start(upstream.url, top=top)
        named = key()
        assert keyed(gateway, named)
        assert keyed(start(upstream.url, top=top), named).header("Idempotency-Replayed") == "true"
        kept = server.say(("AUTH", PASSWORD), ("SELECT", "3"), ("KEYS", "*"))
        assert re.search(r"\r\nedge:1:\{", kept) and not re.search(r"\r\ncountersign:", kept)
        assert server.say(("AUTH", PASSWORD), ("DBSIZE",)).endswith(":0\r\n")
        assert PASSWORD not in gateway.words()


@pytest.mark.parametrize("said, words", [
    ({"password": "another"}, "WRONGPASS"), ({"user": "nobody"}, "WRONGPASS"), ({"database": 9999}, "out of range"), (None, "NOAUTH"),
], ids=["password", "user", "database", "nothing"])
def test_a_store_that_does_not_let_us_in(start, upstream, tmp_path, said, words):
    """What the server says is told, never the password; what needs the store is refused, and all else goes on."""
    with Redis(tmp_path, "guarded", "--requirepass", PASSWORD) as server:
        given = {} if said is None else login(tmp_path, **said)
        if given.get("password") == "another":
            given["password"] = {"file": secret(tmp_path / "other", "another-password")}
        gateway = start(upstream.url, top={"state": {"redis": {"servers": [server.server], **given}}})
        assert gateway.delete(headers=key()).status == 503 and gateway.delete().status == 202
        assert gateway.notices(words)
        assert PASSWORD not in gateway.words() and "another-password" not in gateway.words()


def test_scripts_that_the_server_has_forgotten(start, upstream, redis):
    """As after its restart behind a proxy that keeps our connection: they are sent again."""
    gateway = start(upstream.url, top={"state": redis.state()})
    named = key()
    assert keyed(gateway, named)
    assert redis.ask("SCRIPT", "FLUSH") == b"+OK\r\n"
    count = upstream.count()
    assert keyed(gateway, named).header("Idempotency-Replayed") == "true" and upstream.count() == count
    assert keyed(gateway) and not gateway.notices("NOSCRIPT")


def test_tls_needs_a_hiredis_that_has_it(tmp_path):
    """Debian 12's 0.14 has none, 13's 1.2 has."""
    there = subprocess.run(["pkg-config", "--exists", "hiredis_ssl"], check=False).returncode == 0
    file = configure(tmp_path, CLOUD, rules=POLICY, top={"state": {"redis": {"servers": ["127.0.0.1:1"], "tls": True}}})
    done = run("check", "-c", file)
    assert (done.returncode == 0) == there, done.stderr
    if not there:
        assert re.search(r"countersign\.yaml:\d+:\d+: .*tls is not supported here: .*hiredis that has no TLS", done.stderr)


def test_what_is_frozen_in_redis(start, upstream, redis):
    """On all gateways, on one that starts later, and while the server is away."""
    top = {"audit": "audit.log", "state": redis.state()}
    one, other = (start(upstream.url, rules=RULES, top=top) for _ in range(2))
    leaked = {"client": "network-console", "reason": "leaked"}
    assert in_time(lambda: ask(one, "POST", "/freeze", ALICE, leaked).json().get("everywhere"))
    assert in_time(lambda: other.delete().status == 403)
    third = start(upstream.url, rules=RULES, top=top)
    assert in_time(lambda: third.delete().status == 403)
    redis.freeze()
    try:
        assert [gateway.delete().status for gateway in (one, other, third)] == [403] * 3
    finally:
        redis.thaw()
    assert in_time(lambda: ask(other, "POST", "/thaw", ALICE, {"client": "network-console"}).status == 200)
    for gateway in (one, other, third):
        assert in_time(lambda: gateway.delete().status == 202)
        assert ask(gateway, "GET", "/freezes", VERA).json()["freezes"] == []


def test_a_freeze_that_the_store_was_not_told_of(start, upstream, redis):
    """It holds where it was said, and everywhere once the store answers; a thaw that it does not hear of is none."""
    one, other = (start(upstream.url, rules=RULES, top={"audit": "audit.log", "state": redis.state()}) for _ in range(2))
    leaked = {"client": "network-console", "reason": "leaked"}
    redis.freeze()
    try:
        answer = ask(one, "POST", "/freeze", ALICE, leaked)
        assert (answer.status, answer.json()["everywhere"], answer.json()["kept"]) == (200, False, True)
        known, = ask(one, "GET", "/freezes", VERA).json()["freezes"]
        assert known["pending"] is True and (one.delete().status, other.delete().status) == (403, 202)
        refused = ask(one, "POST", "/thaw", ALICE, {"client": "network-console"})
        assert refused.status == 503 and "the store did not answer: it may be thawed, or not" in refused.json()["detail"]
        assert one.delete().status == 403
    finally:
        redis.thaw()
    assert in_time(lambda: other.delete().status == 403)
    assert in_time(lambda: "pending" not in ask(one, "GET", "/freezes", VERA).json()["freezes"][0])
    assert in_time(lambda: ask(other, "POST", "/thaw", ALICE, {"client": "network-console"}).status == 200)
    assert in_time(lambda: one.delete().status == 202)


def test_the_commands_say_that_the_store_does_not_answer(start, upstream, redis):
    gateway = start(upstream.url, rules=RULES, top={"audit": "audit.log", "state": redis.state()})

    def operate(*arguments, status=0):
        done = run(*arguments, "--url", f"http://127.0.0.1:{gateway.admin}", env={**environment(), "COUNTERSIGN_TOKEN": ALICE})
        assert done.returncode == status, done.stdout + done.stderr
        return done

    redis.freeze()
    try:
        done = operate("freeze", "network-console", "--reason", "leaked")
        assert "the store does not answer: this holds on this gateway only until it does" in done.stderr
        assert eventually(lambda: "the store does not answer: there may be others" in operate("freezes").stderr)
        assert operate("freezes").stdout.endswith(": leaked  (on this gateway only: the store does not answer)\n")
    finally:
        redis.thaw()
    assert in_time(lambda: (lambda done: "on this gateway only" not in done.stdout and done.stderr == "")(operate("freezes")))


@pytest.mark.parametrize("name, frozen, free", [("network-console", TOKEN, NOBODY), ("auditor/only", NOBODY, TOKEN)])
def test_a_record_of_the_store_that_nobody_understands_still_freezes(start, upstream, redis, name, frozen, free):
    """Whom it names, which another version may have written: never nobody."""
    gateway = start(upstream.url, rules=RULES, top={"audit": "audit.log", "state": redis.state()})
    assert in_time(lambda: redis.ask("HSET", "countersign:1:{freezes}", name, "0 of a later version") == b":1\r\n")
    detail = in_time(lambda: (lambda told: told if told.get("rule") == "frozen" else None)(gateway.delete(token=frozen).json()))["detail"]
    assert detail.endswith("(the store does not say why)")
    assert gateway.delete(token=free).json().get("rule") != "frozen"
    client, _, token = name.partition("/")
    assert in_time(lambda: ask(gateway, "POST", "/thaw", ALICE, {"client": client, **({"token": token} if token else {})}).status == 200)
    assert in_time(lambda: gateway.delete(token=frozen).json().get("rule") != "frozen")
