"""What stands between callers and the gateway, and what an operator says for it."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

from harness.gateway import TOKEN, bearer, configure
from harness.process import binary, environment, run
from harness.wire import Wire
from harness.world import PATIENCE, SLOW, VPC, elapse

GOOD = (f"DELETE /vpcs/{VPC}/classiclinks?instanceIds=ins-df454d HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()

def test_keep_alive_is_a_key_and_is_announced(start, upstream):
    """Longer than the common balancer's 60 s unless the operator says otherwise; it ends when it says so."""
    answer = start(upstream.url).delete()
    assert (answer.header("Connection"), answer.header("Keep-Alive")) == ("keep-alive", "timeout=75")
    gateway = start(upstream.url, top={"keep_alive": "1s"})
    with gateway.wire() as wire:
        answer = wire.send(GOOD).read()
        assert answer.header("Keep-Alive") == "timeout=1"
        assert wire.closed(5 * SLOW + 5)


def test_an_idle_connection_outlives_the_deadline_of_a_header(start, upstream):
    """5 s are for a header that has begun; one that has not may wait for the next request."""
    gateway = start(upstream.url)
    with Wire(gateway.port, 20 * SLOW) as wire:
        assert wire.send(GOOD).read().status == 202
        elapse(6.5, "an idle time that is longer than the 5 s of a header")
        assert wire.send(GOOD).read().status == 202
        begun = time.monotonic()
        wire.send(b"GET /vpcs HT")
        assert wire.read().status == 408 and time.monotonic() - begun < 30 * SLOW


@pytest.mark.parametrize("top, fields, prefix", [
    ({}, {}, ""), ({"prefix": "/cs"}, {}, "/cs"),
    ({"trusted_proxies": ["127.0.0.1"]}, {"X-Forwarded-Prefix": "/apis/cs"}, "/apis/cs"),
    ({"trusted_proxies": ["127.0.0.1"], "prefix": "/cs"}, {"X-Forwarded-Prefix": "//evil.example"}, "/cs"),
    ({"trusted_proxies": ["127.0.0.1"]}, {"X-Forwarded-Prefix": "/a/../b"}, ""),
    ({}, {"X-Forwarded-Prefix": "/of-a-stranger"}, ""),
])
def test_a_prefix_that_a_proxy_takes_away(start, upstream, top, fields, prefix):
    gateway = start(upstream.url, top=top)
    answer = gateway.delete(headers=fields)
    assert answer.status == 202 and answer.header("Location").startswith(f"{prefix}/tasks/")
    document = gateway.call("GET", "/openapi.json", headers=bearer(headers=fields)).json()
    assert document["servers"] == [{"url": prefix or "/"}]


@pytest.mark.parametrize("prefix", ["cs", "/cs/", "//cs", "/", "/c s", "/cs?x", "/..", "/" + "x" * 200])
def test_a_prefix_that_is_none(tmp_path, upstream, prefix):
    done = run("check", "-c", configure(tmp_path, upstream.url, top={"prefix": prefix}))
    assert done.returncode == 78 and "prefix is a path such as /cs" in done.stderr


def test_names_of_the_admin_listener(start, upstream):
    gateway = start(upstream.url, top={"admin_hosts": ["gateway.monitoring.example"]})
    ask = lambda host: gateway.call("GET", "/healthz", headers={"Host": host}, port=gateway.admin).status
    assert [ask(host) for host in ("gateway.monitoring.example", "gateway.monitoring.example:9090", "127.0.0.1", "localhost",
                                   "evil.example")] == [200, 200, 200, 200, 400]


def test_what_pages_may_send(start, upstream):
    """traceparent's companions by default, and what the operator adds; an app's own origin."""
    origin = "tauri://localhost"
    gateway = start(upstream.url, top={"browsers": {"origins": [origin, "chrome-extension://abcdefghijklmnopabcdefghijklmnop"],
                                                    "headers": ["X-Team", "sentry-trace"]}})
    answer = gateway.call("OPTIONS", "/vpcs", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
    assert answer.status == 204 and answer.header("Access-Control-Allow-Origin") == origin
    allowed = {name.strip().lower() for name in answer.header("Access-Control-Allow-Headers").split(",")}
    assert {"traceparent", "tracestate", "baggage", "x-team", "sentry-trace", "authorization"} <= allowed


@pytest.mark.parametrize("browsers", [{"origins": ["file://"]}, {"origins": ["file://x"]}, {"origins": ["tauri://"]},
                                      {"origins": ["data://x"]}, {"origins": ["Tauri://localhost"]}, {"headers": ["X Team"]},
                                      {"headers": ["X-Team: 1"]}, {"headers": [""]}])
def test_what_is_no_origin_and_no_header(tmp_path, upstream, browsers):
    assert run("check", "-c", configure(tmp_path, upstream.url, top={"browsers": browsers})).returncode == 78


def test_a_byte_order_mark_is_none_of_a_files_content(tmp_path, upstream):
    """YAML 1.2.2 section 5.2: editors of Windows write it."""
    file = configure(tmp_path, upstream.url)
    for name in ("countersign.yaml", "policy.yaml"):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (tmp_path / name).read_bytes())
    done = run("check", "-c", file)
    assert done.returncode == 0, done.stderr
    (tmp_path / "policy.yaml").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "policy.yaml").read_bytes())
    assert run("check", "-c", file).returncode == 78, "one, at the head"


def test_too_few_threads_are_named_at_once(upstream):
    """As a container's pids limit has it: 100 threads may be made, and 1024 workers are asked for."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user, and root has no such limit")
    with tempfile.TemporaryDirectory() as name:     # pytest's own folders are for nobody else
        folder = pathlib.Path(name)
        configure(folder, upstream.url, top={"workers": 1024})
        shutil.copy(binary(), folder / "countersign")
        for path in [folder, *folder.iterdir()]:
            os.chown(path, 65533, 65533)
        done = subprocess.run(["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups", "bash", "-c",
                               f"cd {folder} && ulimit -u 100 && exec ./countersign serve -c countersign.yaml"], text=True,
                              capture_output=True, timeout=6 * PATIENCE, cwd="/", env=environment())
    assert done.returncode == 1 and "a limit on processes" in done.stderr, done.stderr
    assert "in time" not in done.stderr, "it does not wait for threads that never come"
