"""`countersign call`: what it sends, what it says, and the exit codes that scripts use."""

import http.server
import json
import os
import pty
import re
import shlex
import ssl
import subprocess
import threading

import pytest

from harness.gateway import POLICY, TOKEN
from harness.process import run
from harness.upstream import Reply
from harness.world import BINARY, PATIENCE, REPOSITORY, SLOW

SECRET = "only-for-the-header"
LINKS = "/vpcs/vpc-1/classiclinks"
GOOD = (200, {}, {"code": 0})
TAKEN = (202, {"Location": "/tasks/7"}, {"code": 0, "taskId": 7})
HANG_UP = None
DOCUMENT = (200, {}, {"paths": {"/vpcs/{vpcId}/classiclinks": {"post": {"requestBody": {"content": {
    "application/json": {"schema": {"properties": {"instanceIds": {"type": "array"}}}}}}}}}})


def problem(status, name, detail="no", **more):
    body = {"type": f"urn:countersign:problem:{name}", "title": "t", "status": status, "detail": detail,
            "requestId": "r-1", "retryable": False, **more}
    return status, {"Content-Type": "application/problem+json"}, body


def task(status):
    return 200, {}, {"status": status, "code": 0}


class Script:
    """A gateway that answers by script: the last answer stays."""

    def __init__(self, certificate=None):
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                script.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
                if answer is HANG_UP:
                    self.close_connection = True
                    return
                status, fields, body = answer
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **fields}.items():
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}"
        self.play(GOOD)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def play(self, *answers):
        self.answers, self.seen = list(answers), []
        return self

    def call(self, *arguments, url=None, env=None, **more):
        said = {"PATH": os.environ["PATH"], "COUNTERSIGN_TOKEN": SECRET, "COUNTERSIGN_URL": url or self.url,
                **{key: value for key, value in os.environ.items() if "SAN_OPTIONS" in key}, **(env or {})}
        done = subprocess.run([BINARY, "call", *arguments], capture_output=True, text=True, timeout=4 * PATIENCE,
                              env={key: value for key, value in said.items() if value is not None}, **more)
        assert SECRET not in done.stdout + done.stderr
        return done

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def server():
    script = Script()
    yield script
    script.stop()


@pytest.fixture
def script(server):
    return server.play(GOOD)


def sentence(done):
    """What went wrong: one line."""
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("countersign call: "), done.stderr
    return lines[0].removeprefix("countersign call: ")


# ---- what is sent ----

def test_a_request(script):
    done = script.call("get", "/vpcs", "vpcName=a b&c=é", "limit=5", "limit=6")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"code": 0}\n', "")
    (method, target, fields, body), = script.seen
    assert (method, target, body) == ("GET", "/vpcs?vpcName=a%20b%26c%3D%C3%A9&limit=5&limit=6", b"")
    assert fields["Authorization"] == f"Bearer {SECRET}"
    assert "Prefer" not in fields and "Content-Type" not in fields
    script.call("DELETE", LINKS + "?region=x", "instanceIds=ins-1")
    assert script.seen[-1][1] == LINKS + "?region=x&instanceIds=ins-1"


def test_a_body_has_the_types_of_the_document(script):
    script.play(DOCUMENT, TAKEN)
    assert script.call("POST", LINKS, "instanceIds=ins-1").returncode == 0
    assert [each[:2] for each in script.seen] == [("GET", "/openapi.json"), ("POST", LINKS)]
    assert script.seen[1][2]["Content-Type"] == "application/json"
    assert json.loads(script.seen[1][3]) == {"instanceIds": ["ins-1"]}
    script.play(problem(404, "no-such-route"), TAKEN)
    assert script.call("POST", LINKS, "instanceIds=ins-1").returncode == 0
    assert json.loads(script.seen[1][3]) == {"instanceIds": "ins-1"}, "guessed: the gateway will say"


def test_a_body_as_it_is(script, tmp_path):
    (tmp_path / "body.json").write_text('{"from":"a file"}')
    for argument, standard_input, body in (('{"a":1}', "", b'{"a":1}'), (f"@{tmp_path}/body.json", "", b'{"from":"a file"}'),
                                           ("-", '{"from":"a pipe"}', b'{"from":"a pipe"}')):
        script.play(GOOD)
        assert script.call("DELETE", LINKS, "--body", argument, input=standard_input).returncode == 0
        (method, target, fields, sent), = script.seen
        assert (method, target, sent) == ("DELETE", LINKS, body) and fields["Content-Type"] == "application/json"


def test_the_token_of_a_file(script, tmp_path):
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    file.chmod(0o600)
    assert script.call("GET", "/vpcs", "--token-file", file, env={"COUNTERSIGN_TOKEN": None}).returncode == 0
    assert script.seen[-1][2]["Authorization"] == "Bearer from-a-file"
    file.chmod(0o644)
    done = script.call("GET", "/vpcs", "--token-file", file)
    assert done.returncode == 2 and "others" in sentence(done) and "chmod" in done.stderr


def test_a_proxy_of_the_environment_gets_nothing(script):
    proxies = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY")}
    assert script.call("GET", "/vpcs", env=proxies).returncode == 0


# ---- what it says ----

@pytest.mark.parametrize("answer, method, code, words", [
    (problem(403, "not-allowed", "the rule 'x' denies this call"), "DELETE", 1,
     "the rule 'x' denies this call (403 not-allowed, request r-1)"),
    (problem(401, "unauthenticated"), "GET", 1, "(401 unauthenticated"),
    (problem(404, "not-found", upstream={"code": 5000}), "GET", 1, "(404 not-found"),
    (problem(429, "too-many-requests", "over", retryable=True), "GET", 75, "over; nothing was executed: try again (429"),
    (problem(503, "busy", retryable=True, outcome="not-executed"), "DELETE", 75, "try again"),
    (problem(504, "upstream-timeout", outcome="unknown"), "DELETE", 3, "look before you try again"),
    (problem(207, "partial", outcome="executed"), "DELETE", 1, "(207 partial"),
    (problem(502, "upstream-failed", "a\u001b[31mred\nline"), "GET", 1, "a?[31mred?line"),
    ((502, {"Content-Type": "text/html"}, b"<html>"), "GET", 1, "that is not how a gateway answers"),
    ((502, {"Content-Type": "text/html"}, b"<html>"), "DELETE", 3, "that is not how a gateway answers"),
    ((200, {"Content-Type": "text/html"}, b"<html>"), "GET", 1, "that is not how a gateway answers"),
    ((200, {}, b"[1]"), "GET", 1, "that is not how a gateway answers"),
    ((302, {"Location": "http://127.0.0.1:9/"}, {}), "GET", 1, "that is not how a gateway answers"),
    (problem(504, "upstream-timeout", outcome="unknown"), "GET", 3, "look before you try again"),
    (problem(502, "upstream-failed", "\u009b31mred \u202eder \u2066x\u2069 \u200f"), "GET", 1, "?31mred ?der ?x? ?"),
    *(((status, {"Content-Type": "text/html", **({"Location": "/x"} if status == 302 else {})}, b"<html>"), "DELETE", 3,
       "look before you try again") for status in (200, 201, 202, 302, 307, 408, 500, 504)),
    *(((status, {"Content-Type": "text/html"}, b"<html>"), "DELETE", 1, "that is not how a gateway answers")
      for status in (401, 403, 404, 405, 413, 414, 429)),
    ((204, {}, b""), "DELETE", 3, "that is not how a gateway answers"),
    (HANG_UP, "GET", 75, "it only reads"),
    (HANG_UP, "DELETE", 3, "it may have been executed"),
])
def test_verdicts(script, answer, method, code, words):
    script.play(answer)
    done = script.call(method, LINKS)
    passing = answer is HANG_UP or answer[0] in (502, 503)
    assert (done.returncode, len(script.seen)) == (code, 3 if method == "DELETE" and passing else 1), done.stderr
    assert words in sentence(done)
    if answer and answer[2] != b"":
        assert done.stdout.strip() == (answer[2].decode() if isinstance(answer[2], bytes) else json.dumps(answer[2]))


# What terminals obey: ECMA-48's ESC and C1 (as UTF-8 and as bare bytes), Unicode's Bidi_Control.
HOSTILE = 'ok\n\t\x1b]0;title\x07 \x9b31m \x7f \u202egnp.exe \u2066a\u2069 \u061c \u200e\u200f \u2028 \u00e9\u4e2d\U0001f600'
HARMLESS = ('ok\n\t\\u001b]0;title\\u0007 \\u009b31m \\u007f \\u202egnp.exe \\u2066a\\u2069 \\u061c \\u200e\\u200f '
            '\\u2028 \u00e9\u4e2d\U0001f600')


def test_a_strangers_bytes_do_nothing_to_a_terminal(script):
    """Whoever answers cannot move the cursor, set the title or turn the text around; a pipe gets the bytes."""
    script.play((200, {"Content-Type": "text/html"}, HOSTILE.encode() + b"\x9b\xff<"))
    leader, follower = pty.openpty()
    done = subprocess.Popen([BINARY, "call", "GET", LINKS], stdout=follower, stderr=subprocess.PIPE,
                            env={**os.environ, "COUNTERSIGN_TOKEN": SECRET, "COUNTERSIGN_URL": script.url})
    os.close(follower)
    shown = read_all(leader)
    _, words = done.communicate(timeout=4 * PATIENCE)
    assert done.returncode == 1 and b"that is not how a gateway answers" in words
    assert shown.decode().replace("\r\n", "\n") == HARMLESS + "\\x9b\\xff<\n"
    piped = subprocess.run([BINARY, "call", "GET", LINKS], capture_output=True, timeout=4 * PATIENCE,
                           env={**os.environ, "COUNTERSIGN_TOKEN": SECRET, "COUNTERSIGN_URL": script.url})
    assert piped.stdout == HOSTILE.encode() + b"\x9b\xff<\n"


def read_all(leader):
    """What a terminal was shown, until its other end is closed."""
    shown = b""
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:     # Linux tells the end of a terminal so
        pass
    os.close(leader)
    return shown


ODD = (b'{"code":0,"a":18446744073709551615,"a":"\\ud83d\\u0000","b":0.1,"deep":' + b"[" * 200 + b"]" * 200 + b"}")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_the_cloud_may_say(script, method):
    """A good answer is one, whatever is in it, and so is one without content."""
    script.play((200, {}, ODD))
    done = script.call(method, LINKS)
    assert (done.returncode, done.stdout) == (0, ODD.decode() + "\n")
    script.play((204, {"X-Request-Id": "r-1", "Content-Length": None, "Content-Type": None}, b""))
    done = script.call(method, LINKS)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_problem_with_the_clouds_words(script):
    """The cloud's detail is part of it, and may be anything, too."""
    body = b'{"type":"urn:countersign:problem:partial","detail":"some","status":207,"requestId":"r-1","retryable":false,' \
           b'"outcome":"executed","upstream":{"code":5400,"detail":' + ODD + b"}}"
    script.play((207, {"Content-Type": "application/problem+json"}, body))
    done = script.call("DELETE", LINKS)
    assert done.returncode == 1 and "some (207 partial, request r-1)" in sentence(done)


def test_nobody_there(script):
    done = script.call("DELETE", LINKS, url="http://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (75, "") and "nothing was sent" in sentence(done)


@pytest.mark.parametrize("arguments, env, words", [
    ([], {}, "METHOD and PATH"), (["GET"], {}, "METHOD and PATH"), (["GET", "vpcs"], {}, "starts with '/'"),
    (["G?T", "/vpcs"], {}, "a method is"), (["GET", "/a b"], {}, "percent-encoded"), (["GET", "/a#b"], {}, "percent-encoded"),
    (["GET", "/vpcs", "limit"], {}, "'limit' is not NAME=VALUE"), (["GET", "/vpcs", "=5"], {}, "NAME=VALUE"),
    (["POST", "/vpcs", "a=1", "--body", "{}"], {}, "twice"), (["GET", "/vpcs", "--nonsense"], {}, "no such option"),
    (["GET", "/vpcs", "--url"], {}, "lacks its value"), (["GET", "/vpcs", "--wait=0"], {}, "1 to 3600"),
    (["GET", "/vpcs", "--wait=x"], {}, "1 to 3600"), (["GET", "/vpcs", "--body", "@/nonexistent"], {}, "/nonexistent"),
    (["GET", "/vpcs"], {"COUNTERSIGN_TOKEN": None}, "COUNTERSIGN_TOKEN"),
    (["GET", "/vpcs"], {"COUNTERSIGN_TOKEN": "two words"}, "no token"),
    (["GET", "/vpcs"], {"COUNTERSIGN_TOKEN": "a\r\nX-Evil: 1"}, "no token"),
    (["GET", "/vpcs"], {"COUNTERSIGN_URL": "http://gateway.example.com"}, "https://"),
    (["GET", "/vpcs"], {"COUNTERSIGN_URL": "http://127.0.0.1.evil.example"}, "https://"),
    (["GET", "/vpcs"], {"COUNTERSIGN_URL": "ftp://127.0.0.1"}, "must start with"),
    (["GET", "/vpcs"], {"COUNTERSIGN_URL": "http://127.0.0.1/path"}, "nothing behind it"),
    (["GET", "/vpcs"], {"COUNTERSIGN_URL": "http://127.0.0.1@evil.example"}, "nothing behind it"),
])
def test_wrong_usage(script, arguments, env, words):
    done = script.call(*arguments, env=env)
    assert (done.returncode, done.stdout, script.seen) == (2, "", []), done.stderr
    assert words in sentence(done) and "countersign call --help" in done.stderr


def test_help_teaches():
    done = run("call", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("countersign call GET /vpcs", "--wait", "COUNTERSIGN_TOKEN", "--token-file", "--url", "--body", "Exit: 0"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 110


# ---- keys ----

def keys(script):
    return [(fields.get("Idempotency-Key"), fields.get("Idempotency-Repeat")) for _, _, fields, _ in script.seen]


def test_a_change_has_a_key_of_its_own(script):
    for _ in range(2):
        assert script.call("DELETE", LINKS).returncode == 0
    script.call("DELETE", LINKS, "--idempotency-key", "mine")
    script.call("GET", LINKS, "--idempotency-key", "mine")
    first, second, given, read = keys(script)
    assert len(first[0]) == 32 and first[0] != second[0] and first[1] is None
    assert (given, read) == (("mine", None), (None, None))


def test_the_key_is_shown_on_request(script):
    done = script.call("DELETE", LINKS, "--show-key")
    assert done.returncode == 0 and done.stderr == f"Idempotency-Key: {keys(script)[0][0]}\n"
    assert script.call("GET", LINKS, "--show-key").stderr == ""


IN_USE = problem(409, "idempotency-key-in-use", retryable=True, outcome="not-executed")
BUSY = problem(503, "busy", retryable=True, outcome="not-executed")
EDGE = problem(502, "upstream-failed", outcome="unknown")
REPLAYED = (202, {"Location": "/tasks/7", "Idempotency-Replayed": "true"}, {"code": 0, "taskId": 7})
REPEATED = 2 * ["true"]


@pytest.mark.parametrize("answers, code, repeats, words", [
    ([HANG_UP, REPLAYED], 0, [None, "true"], None),
    ([BUSY, TAKEN], 0, [None, None], None),
    ([EDGE, REPLAYED], 0, [None, "true"], None),
    ([HANG_UP, HANG_UP, TAKEN], 0, [None, *REPEATED], None),
    ([HANG_UP, IN_USE, REPLAYED], 0, [None, *REPEATED], None),
    ([IN_USE], 75, [None], "try again"),
    ([HANG_UP], 3, [None, *REPEATED], "may have been executed"),
    ([HANG_UP, BUSY], 3, [None, *REPEATED], "an earlier attempt may have been executed"),
    ([HANG_UP, problem(403, "not-allowed")], 3, [None, "true"], "an earlier attempt may have been executed"),
    ([HANG_UP, (400, {**problem(400, "x")[1], "Idempotency-Replayed": "true"}, problem(400, "x")[2])], 1, [None, "true"],
     "(400 x"),
    ([problem(504, "upstream-timeout", outcome="unknown")], 3, [None], "look before"),
    ([problem(502, "upstream-failed", outcome="not-executed")], 1, [None], "(502"),
])
def test_a_change_is_asked_for_again_under_its_key(script, answers, code, repeats, words):
    script.play(*answers)
    done = script.call("DELETE", LINKS, "instanceIds=ins-1")
    assert done.returncode == code, done.stderr
    assert [repeat for _, repeat in keys(script)] == repeats
    assert len({key for key, _ in keys(script)}) == 1
    assert len({each[:2] + each[3:] for each in script.seen}) == 1
    if words:
        assert words in sentence(done)
    if code == 3:
        assert keys(script)[0][0] in sentence(done)


# ---- waiting ----

def test_wait_until_it_is_done(script):
    script.play(TAKEN, task("running"), problem(503, "busy", retryable=True), task("done"))
    done = script.call("DELETE", LINKS, "instanceIds=ins-1", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] == "done"
    assert script.seen[0][2]["Prefer"] == "wait=30"
    assert [each[:2] for each in script.seen[1:]] == 3 * [("GET", "/tasks/7")]


def test_the_gateway_has_waited(script):
    script.play(task("done"))
    assert script.call("DELETE", LINKS, "--wait=5").returncode == 0
    assert script.seen[0][2]["Prefer"] == "wait=5" and len(script.seen) == 1
    script.play(task("failed"))
    done = script.call("DELETE", LINKS, "--wait")
    assert done.returncode == 1 and "failed" in sentence(done) and json.loads(done.stdout)["status"] == "failed"


@pytest.mark.parametrize("answers, code, words", [
    ([TAKEN, task("failed")], 1, "its task failed"),
    ([TAKEN, task("running")], 4, "not over after 1 s; see: countersign call GET /tasks/7"),
    ([TAKEN, HANG_UP], 4, "not over after 1 s"),
    ([TAKEN, problem(403, "not-allowed", "no rule")], 4, "no rule (403 not-allowed, request r-1); it was taken, but"),
    ([(202, {}, {"code": 0})], 4, "does not say where"),
    ([(202, {"Location": "//evil.example/"}, {"code": 0})], 4, "does not say where"),
    ([(202, {"Location": "http://evil.example/"}, {"code": 0})], 4, "does not say where"),
    ([problem(403, "not-allowed")], 1, "(403"),
])
def test_other_ends(script, answers, code, words):
    script.play(*answers)
    done = script.call("DELETE", LINKS, "--wait=1")
    assert done.returncode == code and words in sentence(done)


def test_a_task_can_be_watched_by_itself(script):
    script.play(task("running"), task("done"))
    done = script.call("GET", "/tasks/7", "--wait")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "done")
    script.play(GOOD)
    assert script.call("GET", "/vpcs", "--wait").returncode == 0, "nothing to wait for"


def test_progress_is_for_a_terminal(script):
    script.play(TAKEN, task("running"), task("running"), task("done"))
    leader, follower = pty.openpty()
    done = subprocess.Popen([BINARY, "call", "DELETE", LINKS, "--wait"], stdout=subprocess.PIPE, stderr=follower,
                            env={**os.environ, "COUNTERSIGN_TOKEN": SECRET, "COUNTERSIGN_URL": script.url})
    os.close(follower)
    shown = read_all(leader)
    out, _ = done.communicate(timeout=4 * PATIENCE)
    assert (done.returncode, json.loads(out)["status"]) == (0, "done")
    assert b"waiting for the end, 1 s" in shown and shown.endswith(b"\r\x1b[K")


# ---- TLS ----

def test_tls(certificates):
    good = certificates.good
    script = Script((good.certificate, good.key))
    try:
        done = script.call("GET", "/vpcs", "--ca-file", certificates.authority.file)
        assert (done.returncode, done.stderr) == (0, "")
        for more in ([], ["--ca-file", certificates.stranger.file]):
            script.play(GOOD)
            done = script.call("DELETE", LINKS, *more)
            assert (done.returncode, script.seen) == (75, []) and "certificate" in sentence(done)
    finally:
        script.stop()


# ---- a real gateway ----

@pytest.mark.parametrize("duration", [0, 700])
def test_against_a_gateway(start, sandbox, tmp_path, duration):
    state = (REPOSITORY / "sandbox/state.yaml").read_text()
    (tmp_path / "state.yaml").write_text(state.replace("duration: 0", f"duration: {int(duration * SLOW)}"))
    cloud = sandbox("--state", tmp_path / "state.yaml")
    rules = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*ClassicLink*"]}]}
    gateway = start(cloud.url, rules=rules, host=f"127.0.0.1:{cloud.port}")
    environment = {**os.environ, "COUNTERSIGN_TOKEN": TOKEN, "COUNTERSIGN_URL": f"http://127.0.0.1:{gateway.port}"}

    def call(*arguments):
        return subprocess.run([BINARY, "call", *arguments], capture_output=True, text=True, env=environment,
                              timeout=4 * PATIENCE)

    done = call("DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-df454d", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] == "done" and json.loads(done.stdout)["taskId"] == 135254
    done = call("POST", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-df454d")
    assert (done.returncode, done.stderr) == (0, ""), "typed by the gateway's own document"
    done = call("GET", "/vpcs/vpc-2ari9m7h/classiclinks", "all=true")
    assert done.returncode == 0 and "ins-df454d" in done.stdout


# ---- the line of curl ----

FOR_SHELLS = "a'b\"c $HOME `id` \\ {x} [y] ü"


@pytest.mark.parametrize("arguments", [
    ["GET", "/vpcs"],
    ["GET", "/vpcs?limit=5", "offset=0"],
    ["GET", "/vpcs", f"vpcName={FOR_SHELLS}"],
    ["HEAD", "/vpcs"],
    ["GET", "/vpcs/../x"],
    ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-a", "instanceIds=ins-b"],
    ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-a", "--wait=5"],
    ["POST", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-a"],
    ["POST", "/vpcs/vpc-2ari9m7h/classiclinks", f"instanceIds={FOR_SHELLS}"],
    ["POST", "/vpcs/vpc-2ari9m7h/classiclinks", "--body", json.dumps({"instanceIds": [FOR_SHELLS]})],
    ["POST", "/vpcs/vpc-2ari9m7h/classiclinks", "--body", "-"],
    ["DELETE", "/vpcs/vpc-prod1/classiclinks", "instanceIds=ins-a"],
], ids=range(12))
def test_the_line_of_curl_does_the_same(start, upstream, tmp_path, arguments):
    """A POSIX shell runs it; the token is in its environment only."""
    rules = {**POLICY, "rules": [*POLICY["rules"], {"id": "more", "allow": ["network-console"], "actions": ["Attach*", "Describe*"]}]}
    gateway = start(upstream.url, rules=rules)
    upstream.script(then=Reply({"code": 0, "message": "", "taskId": 7, "data": [], "totalCount": 0}))
    environment = {"PATH": os.environ["PATH"], "COUNTERSIGN_TOKEN": TOKEN, "COUNTERSIGN_URL": f"http://127.0.0.1:{gateway.port}",
                   "HOME": "/nonexistent", **{key: value for key, value in os.environ.items() if "SAN_OPTIONS" in key}}
    body = "@\n{\"instanceIds\": [\"ins-a'b\"]}\n" if arguments[-1] == "-" else ""

    def call(*arguments):
        return subprocess.run([BINARY, "call", *arguments], input=body, capture_output=True, text=True, env=environment,
                              timeout=4 * PATIENCE)

    printed = call(*arguments, "--curl")
    assert (printed.returncode, printed.stderr) == (0, "") and TOKEN not in printed.stdout
    assert printed.stdout.startswith("curl ") and '-H "Authorization: Bearer $COUNTERSIGN_TOKEN"' in printed.stdout
    assert upstream.count() == 0, "it was not sent"
    by_curl = subprocess.run(["sh", "-c", printed.stdout], capture_output=True, text=True, env=environment, timeout=4 * PATIENCE)
    by_us = call(*arguments)
    assert (by_curl.returncode, by_curl.stderr) == (0, "")
    said = [re.sub(r'"requestId":"\w+"', "", done.stdout).strip() for done in (by_curl, by_us)]
    assert said[0] == said[1] or arguments[0] == "HEAD" and said[0].startswith("HTTP/1.1 200")
    sent = [(received.params, received.body) for received in upstream.requests]
    changing = {"Nonce", "Timestamp", "Signature"}
    sent = [{key: value for key, value in params.items() if key not in changing} for params, _ in sent]
    assert sent[:len(sent) // 2] == sent[len(sent) // 2:] or "--wait=5" in arguments


def test_the_line_of_curl_has_a_key_that_was_given(script):
    """A random one is for one call: who runs the line twice means two changes."""
    assert "Idempotency-Key" not in script.call("DELETE", "/x", "a=1", "--curl").stdout
    done = script.call("DELETE", "/x", "a=1", "--idempotency-key", "it's", "--curl")
    assert shlex.split(done.stdout).count("Idempotency-Key: it's") == 1 and not script.seen


def test_the_line_of_curl_has_what_curl_would_read_otherwise(script):
    """Brackets are a pattern to curl, and our authorities are not the system's."""
    words = shlex.split(script.call("GET", "/vpcs/{x}[1-3]", "--ca-file", "/a folder/ca.pem", "--curl").stdout)
    assert words[words.index("--cacert") + 1] == "/a folder/ca.pem" and "--globoff" in words
    words = shlex.split(script.call("GET", "/vpcs", "--curl").stdout)
    assert not {"--cacert", "--globoff", "--path-as-is"} & set(words)


def test_a_body_that_no_command_line_can_hold(script):
    done = script.call("POST", "/x", "--body", "-", "--curl", input="a\0b")
    assert done.returncode == 2 and "a byte of zero" in sentence(done) and not script.seen
