"""The commands, as an operator meets them: exit codes, sentences with a place, and the admin listener.

Each single configuration error has its own folder in tests/vectors; here it is the command that is tested."""

import hashlib
import os
import re

import pytest

from harness.gateway import POLICY, TOKEN, configure, policy
from harness.process import run
from harness.wire import Wire
from harness.world import HOST, SECRET_KEY

CLOUD = f"https://{HOST}/v2/index.php"
COMMANDS = ["serve", "check", "token", "sign", "sandbox", "version"]


def errors(done):
    """(file name, line, column, sentence) of each line on stderr; every line has to be one, but for what is shown of a
    file below it.

    What is wrong with a file as a whole (it is empty, it is no text) has no line: then both are 0."""
    found = [re.fullmatch(r"(.+?):(?:(\d+):(\d+):)? (.+)", line) for line in done.stderr.splitlines()
             if not line.startswith("  | ")]
    assert all(found), done.stderr
    return [(match[1].rpartition("/")[2], int(match[2] or 0), int(match[3] or 0), match[4])
            for match in found]


# ---- check ----

def test_check_good(tmp_path):
    done = run("check", "-c", configure(tmp_path, CLOUD))
    assert (done.returncode, done.stderr) == (0, "")


def test_check_names_all_errors_at_once(tmp_path):
    """Both files, each error with its place, in one go."""
    configure(tmp_path, CLOUD)
    (tmp_path / "countersign.yaml").write_text(f"""\
version: 1
listen: 127.0.0.1:0
admin: nonsense
policy: policy.yaml
colour: blue
credentials:
  main: {{ secret_id: {{ file: secret_id }}, secret_key: {{ file: secret_key }} }}
upstreams:
  vpc:
    url: {CLOUD}
    credential: other
    region: ap-guangzhou
    signature: HmacMD5
    timout: 5s
""")
    (tmp_path / "policy.yaml").write_text(f"""\
version: 1
clients:
  console:
    tokens:
      - {{ id: a, sha256: "{'0' * 63}", expires: 2099-12-31 }}
rules:
  - {{ id: r, allow: [console], actions: [DetachClassicLinkVpc], where: {{ vpcId: [$nowhere] }} }}
  - {{ id: r, allow: [stranger], actions: [DetachClassicLinkVpc] }}
""")
    done = run("check", "-c", tmp_path / "countersign.yaml")
    assert done.returncode == 78
    found = errors(done)
    for file, line, word in [
        ("countersign.yaml", 3, "admin"), ("countersign.yaml", 5, "colour"),
        ("countersign.yaml", 11, "other"), ("countersign.yaml", 13, "HmacSHA256"),
        ("countersign.yaml", 14, "timout"), ("policy.yaml", 5, "sha256"), ("policy.yaml", 7, "nowhere"),
        ("policy.yaml", 8, "stranger"),
    ]:
        sentences = [sentence for *place, _, sentence in found if place == [file, line]]
        assert any(word in sentence for sentence in sentences), f"{file}:{line} {word}\n{done.stderr}"
    assert ("countersign.yaml", 5, 1) in [at[:3] for at in found]


# Each line is nine times the one before: a few hundred bytes that want to be gigabytes.
BOMB = "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n"
                               for a, b in zip("abcdefgh", "bcdefghi"))


@pytest.mark.parametrize("text", [
    "", "---\n", "[]\n", "text\n", "version: 2\n", "version: 1\nversion: 1\n",
    "version: 1\n---\nversion: 1\n", "version: &a 1\n", "version: !!int 1\n", "version: 1\nlisten: *x\n",
    "version: 1\n\tlisten: x\n", "version: 1\n<<: {}\n", "version: [\n", "version: 1 # \xff\n", "{" * 5000,
    "- " * 5000, BOMB, "\0", "version: \"1\n",
], ids=lambda text: repr(text[:24]))
def test_threat_34_yaml(tmp_path, text):
    """What YAML can do beyond maps, lists and texts is refused with a place; nothing is expanded."""
    configure(tmp_path, CLOUD)
    for name in ("countersign.yaml", "policy.yaml"):
        good = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(text.encode("latin-1"))
        done = run("check", "-c", tmp_path / "countersign.yaml")
        assert done.returncode == 78, done
        assert name in [at[0] for at in errors(done)]
        (tmp_path / name).write_bytes(good)


def test_threat_34_a_large_file(tmp_path):
    file = configure(tmp_path, CLOUD)
    (tmp_path / "policy.yaml").write_text("# " + "x" * (65 << 20) + "\n" + policy(POLICY))
    done = run("check", "-c", file)
    assert done.returncode == 78 and "policy.yaml" in done.stderr


@pytest.mark.parametrize("change", [
    dict(url="http://vpc.api.qcloud.com/v2/index.php"), dict(url="http://192.0.2.1/v2/index.php"),
    dict(url="ftp://127.0.0.1/"), dict(url="file:///etc/passwd"), dict(url="vpc.api.qcloud.com"),
    dict(url=f"https://user:pw@{HOST}/v2/index.php"), dict(url=f"{CLOUD}?a=b"), dict(url=f"{CLOUD}#x"),
    dict(url="http://127.0.0.1.evil.example/v2/index.php"), dict(url="http://localhost.evil.example/"),
    dict(host="a b"), dict(host="a/b"), dict(host="a&b"), dict(method="DELETE"), dict(signature="hmacsha256"),
    dict(region="gz&Action=x"), dict(timeout="5"), dict(timeout="-1s"), dict(timeout="0s"), dict(slots=0),
    dict(slots="many"), dict(ca_file="/nowhere/ca.pem"), dict(insecure=True), dict(verify=False),
], ids=str)
def test_upstreams_that_are_refused(tmp_path, change):
    file = configure(tmp_path, **{"url": CLOUD, **change})
    done = run("check", "-c", file)
    assert done.returncode == 78, done
    assert ("countersign.yaml", 7) in [at[:2] for at in errors(done)]


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1/v2/index.php", "http://localhost:1/v2/index.php", CLOUD,
    f"https://{HOST}:8443/v2/index.php",
])
def test_upstreams_that_are_fine(tmp_path, url):
    done = run("check", "-c", configure(tmp_path, url))
    assert (done.returncode, done.stderr) == (0, "")


def test_ca_file_without_a_certificate(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate\n")
    done = run("check", "-c", configure(tmp_path, CLOUD, ca_file="ca.pem"))
    assert done.returncode == 78 and "ca.pem" in done.stderr


def test_missing_file(tmp_path):
    done = run("check", "-c", tmp_path / "nowhere.yaml")
    assert done.returncode == 78 and "nowhere.yaml" in done.stderr
    done = run("serve", "-c", tmp_path / "nowhere.yaml")
    assert done.returncode == 78 and "nowhere.yaml" in done.stderr


def test_serve_says_what_check_says(tmp_path):
    file = configure(tmp_path, CLOUD, credential={}, region="")
    checked, served = run("check", "-c", file), run("serve", "-c", file)
    assert checked.returncode == served.returncode == 78
    assert errors(checked) == errors(served) and errors(checked)


# ---- usage ----

@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["--nonsense"], ["check", "--nonsense"], ["check", "extra"], ["check", "-c"],
    ["serve", "extra"], ["token"], ["token", "nonsense"], ["token", "new"], ["token", "new", "a", "b"],
    ["token", "hash", TOKEN], ["sign"], ["sign", "DELETE"], ["sandbox", "--nonsense"], ["version", "extra"],
], ids=" ".join)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2, done
    assert done.stdout == "" and done.stderr != ""
    assert TOKEN not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert command in done.stdout and "countersign" in done.stdout


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert command in done.stdout


def test_version():
    done = run("version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"countersign \d+\.\d+\.\d+", done.stdout)


def test_version_names_what_it_was_built_with():
    done = run("version", "--verbose")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *materials = done.stdout.splitlines()
    assert re.fullmatch(r"countersign \d+\.\d+\.\d+", first) and second == "built with"
    named = dict(line.split(maxsplit=1) for line in materials)
    assert {"libc6-dev", "libcivetweb-dev", "libcurl4-openssl-dev", "libjansson-dev", "libpcre2-dev", "libssl-dev", "libyaml-dev",
            "uthash-dev"} < set(named)
    assert all(re.fullmatch(r"\d[\w.+:~-]*", version) for version in named.values())


# ---- token ----

def test_token_new_works_once_pasted(tmp_path, upstream, start):
    """The token appears once, its fingerprint in the YAML; pasted, it opens the door."""
    done = run("token", "new", "network-console")
    assert done.returncode == 0
    said = done.stdout + done.stderr
    fingerprint, = set(re.findall(r"\b[0-9a-f]{64}\b", said))
    words = {word.strip("\"'") for word in said.split()}
    token, = {word for word in words if hashlib.sha256(word.encode()).hexdigest() == fingerprint}
    assert len(token) >= 43 and re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token)    # 256 bits, RFC 6750
    assert said.count(token) == 1 and "network-console" in said and "sha256" in said
    rules = {**POLICY,
             "clients": {**POLICY["clients"], "network-console": {"tokens": [("new", token, "2099-12-31")]}}}
    gateway = start(upstream.url, rules=rules)
    assert gateway.delete(token=token).status == 202
    assert gateway.delete(token=TOKEN).status == 401


def test_new_tokens_differ():
    assert len({run("token", "new", "a").stdout for _ in range(5)}) == 5


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a" * 1000, "a: {}", "../x"])
def test_token_new_for_a_name_that_is_none(name):
    assert run("token", "new", name).returncode == 2


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_token_hash(end):
    done = run("token", "hash", stdin=TOKEN + end)
    assert done.returncode == 0
    assert re.findall(r"[0-9a-f]{64}", done.stdout) == [hashlib.sha256(TOKEN.encode()).hexdigest()]
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize("stdin", ["", "\n", "two words", "a\nb\n", "x" * 100000, "\u00e9"])
def test_token_hash_of_what_is_no_token(stdin):
    done = run("token", "hash", stdin=stdin)
    assert done.returncode in (1, 2) and not re.search("[0-9a-f]{64}", done.stdout)


# ---- sign ----

SIGN = [
    "--time", "1465185768", "--nonce", "11886", "DELETE", "/vpcs/vpc-2ari9m7h/classiclinks",
    '{"instanceIds":["ins-df454d"]}',
]


@pytest.mark.parametrize("method, scheme, signature", [        # by the vendor's own Python client
    ("GET", "HmacSHA1", "Bio0k1VYXJZeLndc3sOL8rFqB34="),
    ("GET", "HmacSHA256", "UnaAzI00bcDcDNqPqkVZarNP8XBdm1f2znYElS3432A="),
    ("POST", "HmacSHA1", "uhR8aCMW5Nqb/bY1v5TyLpOpKKM="),
    ("POST", "HmacSHA256", "8VJwL2+LqeRhSvNga8EmJ1ojZyA/MvdogaVtjOv+S54="),
])
def test_sign_is_the_vendors(tmp_path, method, scheme, signature):
    done = run("sign", "-c", configure(tmp_path, CLOUD, method=method, signature=scheme), *SIGN)
    assert (done.returncode, done.stderr) == (0, "")
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["signature"] == signature
    head, _, tail = said["string-to-sign"].partition("&SecretId=")
    assert head == f"{method}{HOST}/v2/index.php?Action=DetachClassicLinkVpc&Nonce=11886&Region=ap-guangzhou"
    rest = "&Timestamp=1465185768&instanceIds.0=ins-df454d&vpcId=vpc-2ari9m7h"
    assert tail.partition("&")[2] == f"SignatureMethod={scheme}{rest}"
    assert (said["method"], said["host"], said["url"].partition("?")[0]) == (method, HOST, CLOUD)
    assert SECRET_KEY not in done.stdout


def test_sign_masks_the_temporary_token(tmp_path):
    done = run("sign", "-c", configure(tmp_path, CLOUD, token="temporary-credentials-token"), *SIGN)
    assert done.returncode == 0 and "signature: " in done.stdout
    assert "temporary-credentials-token" not in done.stdout and SECRET_KEY not in done.stdout


@pytest.mark.parametrize("request_line", [
    ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks?instanceIds=ins-df454d"],
    ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks?region=ap-guangzhou", '{"instanceIds":["ins-df454d"]}'],
])
def test_sign_reads_a_request_as_serve_does(tmp_path, request_line):
    done = run("sign", "-c", configure(tmp_path, CLOUD), *SIGN[:4], *request_line)
    assert done.returncode == 0
    assert "signature: UnaAzI00bcDcDNqPqkVZarNP8XBdm1f2znYElS3432A=\n" in done.stdout


@pytest.mark.parametrize("request_line", [
    ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "{}"], ["DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "{"],
    ["DELETE", "/nowhere"], ["PUT", "/vpcs/vpc-2ari9m7h/classiclinks"],
    ["DELETE", "/vpcs/vpc-1&x=y/classiclinks", '{"instanceIds":["ins-df454d"]}'],
], ids=" ".join)
def test_sign_refuses_as_serve_does(tmp_path, request_line):
    done = run("sign", "-c", configure(tmp_path, CLOUD), *SIGN[:4], *request_line)
    assert done.returncode == 1, done
    assert done.stdout == "" and done.stderr != ""


def test_sign_with_bad_numbers(tmp_path):
    file = configure(tmp_path, CLOUD)
    for options in (["--time", "x"], ["--nonce", "0"], ["--nonce", "-1"], ["--nonce", "2147483648"],
                    ["--time", "-1"]):
        assert run("sign", "-c", file, *options, *SIGN[4:]).returncode == 2, options


# ---- the admin listener ----

@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version"])
def test_admin(gateway, path):
    answer = gateway.call("GET", path, port=gateway.admin)
    assert answer.status == 200
    assert answer.header("Cache-Control") == "no-store"
    assert path != "/version" or re.search(rb"\d+\.\d+\.\d+", answer.body)


@pytest.mark.parametrize("path", [
    "/", "/nowhere", "/healthz/", "//healthz", "/vpcs/vpc-2ari9m7h/classiclinks", "/../etc/passwd",
    "/healthz%00",
])
def test_admin_knows_nothing_else(gateway, upstream, path):
    for method in ("GET", "DELETE"):
        answer = gateway.call(method, path, headers={"Authorization": f"Bearer {TOKEN}"}, port=gateway.admin)
        assert answer.status in (400, 404, 405)
    upstream.seen(0)


def test_admin_methods(gateway):
    for method in ("POST", "PUT", "DELETE"):
        assert gateway.call(method, "/healthz", port=gateway.admin).status == 405


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example",
])
def test_threat_19_admin_for_strange_hosts(gateway, host):
    """A page whose name was rebound to 127.0.0.1 sends its own name."""
    for path in ("/healthz", "/readyz", "/version"):
        assert gateway.call("GET", path, headers={"Host": host}, port=gateway.admin).status in (400, 403, 421)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:1234", "localhost:1234"])
def test_admin_for_our_own_names(gateway, host):
    assert gateway.call("GET", "/healthz", headers={"Host": host}, port=gateway.admin).status == 200


def test_admin_is_not_on_the_public_port(gateway):
    for path in ("/healthz", "/readyz", "/version", "/metrics"):
        assert gateway.call("GET", path).status == 401
        assert gateway.call("GET", path, headers={"Authorization": f"Bearer {TOKEN}"}).status == 404


def test_admin_answers_when_all_workers_are_busy(upstream, start):
    """Idle callers may hold every worker of the public port; who watches it must still get in."""
    gateway = start(upstream.url, top={"workers": 4})
    held = [Wire(gateway.port) for _ in range(8)]
    try:
        assert gateway.call("GET", "/healthz", port=gateway.admin).status == 200
    finally:
        for wire in held:
            wire.socket.close()


# ---- the audit file ----

@pytest.mark.parametrize("path, words", [
    ("folder", "cannot be opened: Is a directory"),
    ("notes.txt/audit.log", "cannot be opened: Not a directory"),
    ("notes.txt/none/audit.log", "cannot be opened: Not a directory"),
    ("notes.txt", "the audit file"),
    ("fifo", "is not a regular file"),
])
def test_check_finds_an_audit_file_that_cannot_be_used(tmp_path, path, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("something else\n" * 3)
    os.mkfifo(tmp_path / "fifo")
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"audit": path})
    done = run("check", "-c", file)
    assert done.returncode == 78 and words in done.stderr, done.stderr
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("audit"))
    assert f"countersign.yaml:{line}:" in done.stderr


@pytest.mark.parametrize("path", ["none/audit.log", "none/none/audit.log", "link/audit.log"])
def test_check_says_that_the_folder_of_the_audit_file_is_not_there_yet(tmp_path, path):
    """systemd makes it at the first start (StateDirectory=), and `check` comes before that; nobody else does."""
    (tmp_path / "link").symlink_to(tmp_path / "private")
    file = configure(tmp_path, "http://127.0.0.1:9/v2/index.php", top={"audit": path})
    done = run("check", "-c", file)
    assert done.returncode == 0 and "suggestion: the folder of the audit file" in done.stderr, done.stderr
    assert run("check", "-c", file, "--strict").returncode == 78
    started = run("serve", "-c", file)
    assert started.returncode != 0 and "cannot be opened: No such file or directory" in started.stderr


def test_check_leaves_a_good_audit_file_alone(tmp_path, upstream, start):
    """Also one that a gateway writes to; and it makes none."""
    gateway = start(upstream.url, top={"audit": "audit.log"})
    folder = gateway.file.parent
    before = (folder / "audit.log").read_bytes()
    assert run("check", "-c", gateway.file).returncode == 0
    assert (folder / "audit.log").read_bytes() == before
    fresh = configure(tmp_path, upstream.url, top={"audit": "audit.log"})
    assert run("check", "-c", fresh).returncode == 0 and not (tmp_path / "audit.log").exists()
