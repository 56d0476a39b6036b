"""Fixtures.  A gateway and its scripted upstream live as long as a module; `start` makes special ones for
a test."""

import pytest

from harness.certificates import Certificates
from harness.gateway import Gateway, Sandbox, configure
from harness.process import Reaper
from harness.upstream import Upstream


@pytest.fixture(scope="session")
def reaper():
    reaper = Reaper()
    yield reaper
    reaper.collect()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def scripted():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(scripted):
    """The module's scripted upstream with a clean slate: every request is answered with the sample."""
    return scripted.script()


@pytest.fixture(scope="module")
def gateway(scripted, tmp_path_factory, reaper):
    """GET and HmacSHA256, in front of the scripted upstream."""
    gateway = Gateway(configure(tmp_path_factory.mktemp("gateway"), scripted.url))
    yield gateway
    reaper.ask(gateway)


@pytest.fixture
def start(tmp_path_factory, reaper):
    """start(url, ...) is a gateway of this test's own; what configure() takes can be said."""
    started = []

    def begin(url, env=None, **options):
        started.append(Gateway(configure(tmp_path_factory.mktemp("gateway"), url, **options), env))
        return started[-1]

    yield begin
    for gateway in started:
        reaper.ask(gateway)


@pytest.fixture
def sandbox(reaper):
    """sandbox(*options) is a fresh local upstream."""
    started = []

    def begin(*options):
        started.append(Sandbox(*options))
        return started[-1]

    yield begin
    for process in started:
        reaper.ask(process)
