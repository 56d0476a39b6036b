"""The way to the cloud: through a proxy, over IPv6, to another place than the name says, and when a name moves."""

import base64
import socket
import time

import pytest

from harness.expect import problem
from harness.gateway import POLICY, secret
from harness.process import environment, shim
from harness.proxy import Proxy
from harness.upstream import Upstream
from harness.world import HOST, PATIENCE, SAMPLE

NAME = "cloud.example"
READS = {**POLICY, "rules": [*POLICY["rules"], {"id": "reads", "allow": ["network-console"], "actions": ["Describe*"]}]}


@pytest.fixture
def proxy():
    """proxy(...) is one of this test's own."""
    started = []

    def begin(*arguments, **options):
        started.append(Proxy(*arguments, **options))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


@pytest.fixture
def cloud(certificates):
    """cloud(host) is an upstream with TLS whose certificate is for cloud.example and ::1."""
    started = []

    def begin(host="127.0.0.1", port=0):
        started.append(Upstream((certificates.named.certificate, certificates.named.key), port, host))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def named(upstream):
    return f"https://{NAME}:{upstream.port}/v2/index.php"


def served(gateway, times=1):
    for _ in range(times):
        answer = gateway.delete()
        assert (answer.status, answer.body) == (202, SAMPLE)


# ---- through a proxy ----

def test_a_tunnel(start, proxy, cloud, certificates):
    """The proxy knows the name; it is told no more than host and port, and TLS goes through it to the upstream."""
    upstream = cloud()
    way = proxy(hosts={NAME: ("127.0.0.1", upstream.port)})
    gateway = start(f"https://{NAME}/v2/index.php", ca_file=certificates.authority.file, proxy=way.url + "/")
    served(gateway, 3)
    assert way.asked() == [f"{NAME}:443"], "one tunnel serves calls that follow each other"
    assert {received.headers["host"] for received in upstream.seen(3)} == {HOST}
    fields = {line.split(b":")[0].lower() for line in way.heads[0].split(b"\r\n")[1:] if line}
    assert fields <= {b"host", b"proxy-connection"}


def test_the_upstreams_certificate_is_verified_behind_a_proxy(start, proxy, certificates):
    upstream = Upstream((certificates.unknown.certificate, certificates.unknown.key))
    way = proxy(hosts={NAME: ("127.0.0.1", upstream.port)})
    gateway = start(f"https://{NAME}/v2/index.php", ca_file=certificates.authority.file, proxy=way.url)
    body = problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")
    assert "proxy" not in body["detail"], "it did what it was asked for"
    upstream.seen(0)
    upstream.stop()


def test_a_plain_upstream_is_tunnelled_too(start, proxy, upstream):
    way = proxy()
    served(start(upstream.url, proxy=way.url))
    assert way.asked() == [f"127.0.0.1:{upstream.port}"]


def test_the_environment_neither_names_nor_avoids_a_proxy(start, proxy, upstream):
    way, other = proxy(), proxy(b"HTTP/1.1 500 No\r\n\r\n")
    env = environment(http_proxy=other.url, https_proxy=other.url, all_proxy=other.url, no_proxy="*", NO_PROXY="*")
    served(start(upstream.url, env=env, proxy=way.url))
    served(start(upstream.url, env=env))
    assert (len(way.heads), len(other.heads)) == (1, 0)


def with_user(way, folder, user="CORP\\gate", password="p:ss"):
    return {"url": way.url, "user": {"file": secret(folder / "user", user)},
            "password": {"file": secret(folder / "password", password)}}


def test_a_user_and_a_password(start, proxy, upstream, tmp_path):
    way = proxy(user=base64.b64encode(b"CORP\\gate:p:ss"))
    gateway = start(upstream.url, proxy=with_user(way, tmp_path))
    served(gateway)
    assert len(way.heads) == 1, "they are sent at once, not after a refusal"
    assert "p:ss" not in gateway.words() and b"Proxy-Authorization" not in upstream.seen()[0].head


def status(code, *lines):
    return b"".join([b"HTTP/1.1 %d Said\r\n" % code, *(line + b"\r\n" for line in lines), b"Content-Length: 0\r\n\r\n"])


REFUSALS = [
    ("407", status(407, b'Proxy-Authenticate: Basic realm="corp"'), "the proxy asks for a user and a password (407)", 1),
    ("407 of another scheme", status(407, b"Proxy-Authenticate: Negotiate"), "the proxy asks for a user and a password (407)", 1),
    ("403", status(403), "the proxy does not allow a connection to the upstream (403)", 1),
    ("a page", b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npage", None, 3),
    ("a redirect", status(302, b"Location: http://portal.example/"), "the proxy refuses to connect (302)", 1),
    ("502", status(502), "the proxy cannot reach the upstream (502)", 3),
    ("503", status(503), "the proxy is not available, or cannot reach the upstream (503)", 3),
    ("504", status(504), "the proxy gets no answer from the upstream (504)", 3),
    ("500", status(500), "the proxy refuses to connect (500)", 3),
    ("a body that never ends", b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n", "the proxy is not available, or cannot reach the upstream (503)", 3),
    ("hangs up", b"", "the proxy closed the connection, or its answer is not HTTP", 3),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "the proxy closed the connection, or its answer is not HTTP", 3),
    ("nothing", None, "the proxy did not answer in time", 3),
]


@pytest.mark.parametrize("answer, words, attempts", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_a_proxy_refuses_is_told(start, proxy, certificates, answer, words, attempts):
    """What it would refuse again is not tried again: a wrong password sent three times may lock an account."""
    way = proxy(answer)
    gateway = start(f"https://{NAME}/v2/index.php", ca_file=certificates.authority.file, proxy=way.url, timeout="300ms", deadline="10s")
    answer = gateway.delete()
    body = problem(answer, 502, "upstream-unreachable", outcome="not-executed")
    record = gateway.record(answer)
    assert (record["attempts"], record["outcome"]) == (attempts, "not-executed")
    assert len(way.heads) == attempts
    assert words is None or body["detail"] == f"the upstream cannot be reached: {words}"


def test_a_wrong_password_is_told(start, proxy, upstream, tmp_path):
    way = proxy(user=b"another")
    gateway = start(upstream.url, proxy=with_user(way, tmp_path))
    body = problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")
    assert body["detail"].endswith("the proxy refuses the user or the password (407)")
    assert len(way.heads) == 1


def test_a_proxy_that_is_not_there(start):
    with socket.socket() as bound:              # bound, not listening: a port that refuses
        bound.bind(("127.0.0.1", 0))
        gateway = start(f"https://{NAME}/v2/index.php", proxy=f"http://127.0.0.1:{bound.getsockname()[1]}")
        body = problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")
    assert body["detail"].endswith("there is no connection to the proxy")


def test_a_proxy_whose_name_has_no_address(start, tmp_path):
    (tmp_path / "hosts").write_text("proxy.example \n")
    gateway = start(f"https://{NAME}/v2/index.php", env=shim("names", SHIM_HOSTS=tmp_path / "hosts"), proxy="http://proxy.example:3128")
    body = problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")
    assert body["detail"].endswith("the proxy's name has no address")


def test_a_proxy_that_refuses_opens_the_breaker_and_closes_it(start, proxy, upstream):
    way = proxy(status(407))
    gateway = start(upstream.url, rules=READS, proxy=way.url)
    for _ in range(5):
        gateway.delete()
    problem(gateway.delete(), 503, "upstream-unavailable")
    assert gateway.line(gateway.stderr, lambda line: "upstream 'vpc' does not answer" in line and "(407)" in line)
    way.answer = Proxy.TUNNEL
    time.sleep(0.3)
    served(gateway)


# ---- to another place ----

@pytest.mark.parametrize("with_port", [True, False], ids=["host:port", "host"])
def test_connect_to(start, cloud, certificates, with_port):
    """A private link: another address, the same name in TLS and in Host."""
    upstream = cloud("127.0.0.2")
    gateway = start(f"https://{NAME}:{upstream.port}/v2/index.php", ca_file=certificates.authority.file,
                    connect_to=f"127.0.0.2:{upstream.port}" if with_port else "127.0.0.2")
    served(gateway, 2)
    assert upstream.seen(2)[0].headers["host"] == HOST


def test_connect_to_ipv6_through_a_proxy(start, proxy, cloud, certificates):
    upstream, way = cloud("::1"), proxy()
    gateway = start(f"https://{NAME}/v2/index.php", ca_file=certificates.authority.file, proxy=way.url, connect_to=f"[::1]:{upstream.port}")
    served(gateway)
    assert way.asked() == [f"[::1]:{upstream.port}"]


def test_connect_to_takes_no_other_certificate(start, certificates):
    upstream = Upstream((certificates.good.certificate, certificates.good.key))      # for 127.0.0.1, where it is
    gateway = start(f"https://{NAME}/v2/index.php", ca_file=certificates.authority.file, connect_to=f"127.0.0.1:{upstream.port}")
    problem(gateway.delete(), 502, "upstream-unreachable", outcome="not-executed")
    upstream.seen(0)
    upstream.stop()


# ---- IPv6, and names ----

def test_an_ipv6_upstream(start, cloud, certificates):
    upstream = cloud("::1")
    served(start(upstream.url, ca_file=certificates.authority.file), 2)
    upstream.seen(2)


def test_an_ipv6_upstream_in_the_clear(start):
    upstream = Upstream(host="::1")
    served(start(upstream.url))
    upstream.stop()


@pytest.fixture
def hosts(tmp_path):
    """A name server of the test's own: hosts("127.0.0.1") is what it says of cloud.example."""
    file = tmp_path / "hosts"

    def say(*addresses):
        written = tmp_path / "hosts.new"
        written.write_text(f"{NAME} {' '.join(addresses)}\n")
        written.rename(file)
        return shim("names", SHIM_HOSTS=file)

    return say


def test_where_ipv6_refuses_ipv4_is_asked(start, cloud, certificates, hosts):
    upstream = cloud()
    served(start(named(upstream), env=hosts("::1", "127.0.0.1"), ca_file=certificates.authority.file))


def test_where_ipv6_says_nothing_ipv4_is_asked_meanwhile(start, cloud, certificates, hosts):
    """Happy eyeballs: the second family is tried long before the first is given up."""
    upstream = cloud()
    with socket.socket(socket.AF_INET6) as full, socket.socket(socket.AF_INET6) as first, socket.socket(socket.AF_INET6) as second:
        full.bind(("::1", upstream.port))
        full.listen(0)
        for one in (first, second):             # the queue is full: the kernel drops whoever comes
            one.setblocking(False)
            one.connect_ex(("::1", upstream.port))
        served(start(named(upstream), env=hosts("::1", "127.0.0.1"), ca_file=certificates.authority.file))


def test_a_name_that_moves_is_noticed(start, cloud, certificates, hosts):
    """Both places go on answering, so only the connection's age can tell."""
    old = cloud("127.0.0.1")
    new = cloud("127.0.0.2", old.port)
    gateway = start(named(old), env=hosts("127.0.0.1"), ca_file=certificates.authority.file, connection_lifetime="1s")
    served(gateway)
    hosts("127.0.0.2")
    begun = time.monotonic()
    while new.count() == 0 and time.monotonic() - begun < PATIENCE:
        served(gateway)
        time.sleep(0.05)
    assert new.count() > 0
    before = old.count()
    served(gateway, 3)
    assert old.count() == before


def test_a_name_that_stays_is_not_asked_for_each_call(start, cloud, certificates, hosts):
    upstream = cloud()
    gateway = start(named(upstream), env=hosts("127.0.0.1"), ca_file=certificates.authority.file)
    served(gateway, 5)
    assert len(gateway.notices("shim: a name is asked for")) == 1
    assert upstream.connections == 1


def test_a_place_that_is_gone_is_asked_for_at_once(start, cloud, certificates, hosts):
    """No age is waited for where the old place is not there any more."""
    old = cloud("127.0.0.1")
    new = cloud("127.0.0.2", old.port)
    gateway = start(named(old), env=hosts("127.0.0.1"), ca_file=certificates.authority.file)
    served(gateway)
    hosts("127.0.0.2")
    old.stop()
    served(gateway, 2)
    new.seen(2)
