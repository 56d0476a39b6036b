"""The fixtures of the end-to-end tests, and a browser."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.beside import page_of_another_origin, skip_without        # noqa: E402
from harness.browser import Browser             # noqa: E402
from harness.process import Reaper              # noqa: E402
from harness.gateway import Gateway, Sandbox, configure     # noqa: E402


@pytest.fixture(scope="session")
def reaper():
    reaper = Reaper()
    yield reaper
    reaper.collect()


@pytest.fixture(scope="session")
def cloud(reaper):
    sandbox = Sandbox()
    yield sandbox
    reaper.ask(sandbox)


# npm brings axe.
pytest_collection_modifyitems, pytest_sessionfinish = skip_without({"chromium": "chromium", "chromedriver": "chromium-driver", "npm": "npm"})


@pytest.fixture(scope="session")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def start(tmp_path, reaper, cloud):
    """start(rules, browsers) is a gateway in front of the sandbox; with `generation`, that of the API."""
    started = []

    def begin(rules, browsers, top=None, generation=2, **options):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        url = cloud.url if generation == 2 else cloud.base + "/"
        started.append(Gateway(configure(folder, url, rules=rules, host=f"127.0.0.1:{cloud.port}", generation=generation,
                                         top={"browsers": browsers, **(top or {})}, **options)))
        return started[-1]

    yield begin
    for gateway in started:
        reaper.ask(gateway)


@pytest.fixture(scope="module")
def elsewhere():
    """A page of another origin."""
    with page_of_another_origin() as url:
        yield url
