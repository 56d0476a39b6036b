"""Clients that npm's generators make of a gateway's own /openapi.json: they compile with all checks of types, and reach
what they are for without a cast.  clients/ has the generators, by lockfile, and what is written against each of them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.gateway import POLICY, TOKEN, Gateway, configure

HERE = Path(__file__).resolve().parent / "clients"
MADE = Path(os.environ.get("COUNTERSIGN_CLIENTS", HERE.parents[2] / "build/clients"))
RULES = {**POLICY, "rules": [{"id": "all", "allow": ["network-console"], "actions": ["*"]}]}
GENERATORS = {
    "openapi-typescript": ["openapi-typescript", "openapi.json", "-o", "made/openapi-typescript.ts"],
    "orval": ["orval", "--config", "orval.config.cjs"],
    "hey-api": ["openapi-ts", "-i", "openapi.json", "-o", "made/hey-api", "-c", "@hey-api/client-fetch", "--silent"],
}


def program(name, *arguments, folder, **more):
    return subprocess.run([MADE / "node_modules/.bin" / name, *arguments], cwd=folder, text=True, capture_output=True,
                          timeout=240, **more)


@pytest.fixture(scope="session")
def generators():
    """npm has put them into MADE."""
    MADE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, MADE)
    done, lock = MADE / "node_modules/.as-locked", (HERE / "package-lock.json").read_bytes()
    if not done.is_file() or done.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], cwd=MADE, check=True, timeout=500)
        done.write_bytes(lock)


@pytest.fixture(params=[2, 3])
def gateway(request, sandbox, tmp_path, reaper):
    cloud = sandbox()
    options = {"services": ("vpc", "cvm"), "rules": RULES}
    if request.param == 3:
        options |= {"generation": 3}
    url = cloud.url if request.param == 2 else cloud.url.replace("/v2/index.php", "/")
    gateway = Gateway(configure(tmp_path, url, **options))
    gateway.generation = request.param
    yield gateway
    reaper.ask(gateway)


def test_generated_clients_compile_and_call(generators, gateway):
    folder = MADE / f"api{gateway.generation}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("package*.json", "node_modules"))
    (folder / "openapi.json").write_bytes(gateway.get("/openapi.json").body)
    url = f"http://127.0.0.1:{gateway.port}"
    for name, *arguments in GENERATORS.values():
        done = program(name, *arguments, folder=folder, env={**os.environ, "GATEWAY": url, "CI": "true"})
        assert done.returncode == 0, done.stdout + done.stderr
    done = program("tsc", "-p", ".", folder=folder)
    assert done.returncode == 0, done.stdout
    wrong = program("tsc", "--noEmit", "--strict", "--skipLibCheck", "wrong.ts", folder=folder)
    assert wrong.returncode != 0 and "Type 'string' is not assignable to type 'number'" in wrong.stdout
    for client in GENERATORS:
        done = subprocess.run(["node", "run.cjs", client, url, TOKEN], cwd=folder, text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        first, = gateway.get("/vpcs?limit=1").json()["data"]
        assert (told["vpc"], told["name"]) == (first["unVpcId"], first["vpcName"])
        assert gateway.get(f"/tasks/{told['task']}").status == 200 and told["status"] in ("running", "done")
        assert told.get("problem", "urn:countersign:problem:not-found") == "urn:countersign:problem:not-found"
