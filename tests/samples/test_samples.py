"""docs/samples.md: each of its programs is run as it stands there, against a gateway in front of a sandbox of its own."""

import os
import re
import subprocess

import pytest

from harness.beside import page_of_another_origin
from harness.browser import Browser
from harness.gateway import POLICY, TOKEN
from harness.world import REPOSITORY

PAGE = (REPOSITORY / "docs/samples.md").read_text()
BLOCKS = dict(re.findall(r"^```(bash|js|javascript|python|java|go)\n(.*?)^```$", PAGE, re.M | re.S))
RULES = {**POLICY, "rules": [*POLICY["rules"], {"id": "look", "allow": ["network-console"], "actions": ["Describe*"]}]}
PROGRAMS = {
    "bash": ["sh", "sample.sh"],
    "javascript": ["node", "sample.js"],
    "python": ["python3", "sample.py"],
    "java": ["java", "Sample.java"],
    "go": ["go", "run", "sample.go"],
}


@pytest.fixture
def elsewhere():
    """A page of another origin."""
    with page_of_another_origin() as url:
        yield url


@pytest.fixture
def cloud(sandbox, tmp_path):
    """With more VPCs than two pages hold."""
    more = "".join(f"  - {{ vpcId: gz_vpc_{1000 + n}, unVpcId: vpc-{n:08}, vpcName: more{n}, region: gz, cidrBlock: 10.{100 + n}.0.0/16 }}\n"
                   for n in range(40))
    state = (REPOSITORY / "sandbox/state.yaml").read_text()
    (tmp_path / "state.yaml").write_text(state.replace("\nvpcs:\n", f"\nvpcs:\n{more}", 1))
    return sandbox("--state", tmp_path / "state.yaml")


def expected(gateway):
    """As the gateway tells it in one piece."""
    vpcs = gateway.get("/vpcs?all=true").json()["data"]
    assert len(vpcs) > 40
    return [*(vpc["unVpcId"] for vpc in vpcs), "done", "urn:countersign:problem:not-allowed"]


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program(start, cloud, tmp_path, language):
    gateway = start(cloud.url, rules=RULES)
    wanted = expected(gateway)
    command = PROGRAMS[language]
    (tmp_path / command[-1]).write_text(BLOCKS[language])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COUNTERSIGN_URL": f"http://127.0.0.1:{gateway.port}",
                   "COUNTERSIGN_TOKEN": TOKEN, "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == wanted


def test_a_page(start, cloud, elsewhere):
    gateway = start(cloud.url, rules=RULES, top={"browsers": {"origins": [elsewhere]}})
    wanted = expected(gateway)
    browser = Browser()
    try:
        browser.open(elsewhere)
        told = browser.value(BLOCKS["js"] + "return sample(...given);", f"http://127.0.0.1:{gateway.port}", TOKEN)
    finally:
        browser.close()
    assert told == wanted


def test_all_languages_are_tried():
    assert set(BLOCKS) == {*PROGRAMS, "js"}
