"""The manifests: against the types of Kubernetes' own API, against each other, and against the program."""

import json
import re

import jsonschema
import pytest
import yaml

from harness.process import environment, run
from harness.world import REPOSITORY, SECRET_ID, SECRET_KEY

FOLDER = REPOSITORY / "deploy/kubernetes"
SCHEMAS = json.loads((REPOSITORY / "tests/vectors/kubernetes/schemas.json").read_text())
MANIFESTS = {path.name: list(yaml.safe_load_all(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))}
OBJECTS = {one["kind"]: one for manifest in MANIFESTS.values() for one in manifest}
ACCOUNT, PATCH = (yaml.safe_load((FOLDER / "web-identity" / name).read_text())
                  for name in ("serviceaccount.yaml", "patch.yaml"))


def complaints(one):
    schema = {**SCHEMAS["kinds"][one["kind"]], "definitions": SCHEMAS["definitions"]}
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in jsonschema.Draft7Validator(schema).iter_errors(one)]


def test_every_kind_that_is_promised():
    assert set(OBJECTS) == {"Deployment", "Service", "ConfigMap", "Secret", "PodDisruptionBudget", "NetworkPolicy",
                            "HorizontalPodAutoscaler"} == set(SCHEMAS["kinds"]) - {"ServiceAccount"}


@pytest.mark.parametrize("kind", OBJECTS)
def test_schema(kind):
    assert not complaints(OBJECTS[kind])


@pytest.mark.parametrize("path, value", [
    (("spec", "replicsa"), 2), (("spec", "replicas"), "2"), (("spec", "template", "spec", "containers"), {}),
    (("spec", "template", "spec", "containers", 0, "livenessProbe", "httpget"), {}),
    (("spec", "strategy", "type"), ["RollingUpdate"]), (("metadata", "labels", "a"), True)])
def test_the_schema_finds_what_is_wrong(path, value):
    broken = json.loads(json.dumps(OBJECTS["Deployment"]))
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert complaints(broken)


def pod():
    return OBJECTS["Deployment"]["spec"]["template"]


def container():
    return pod()["spec"]["containers"][0]


def config():
    return yaml.safe_load(OBJECTS["ConfigMap"]["data"]["countersign.yaml"])


def test_they_mean_the_same_pods():
    labels = pod()["metadata"]["labels"]
    for selector in (OBJECTS["Service"]["spec"]["selector"],
                     OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"],
                     OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                     OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        assert selector.items() <= labels.items()
    target = OBJECTS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", OBJECTS["Deployment"]["metadata"]["name"])


def test_ports_and_names_agree():
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert {name: int(config()[key].split(":")[1]) for name, key in (("http", "listen"), ("admin", "admin"))} == ports
    named = {OBJECTS["Service"]["spec"]["ports"][0]["targetPort"],
             *(container()[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")),
             *(port["port"] for rule in OBJECTS["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"])}
    assert named == set(ports)
    for variable in container()["env"]:
        reference = variable["valueFrom"]["secretKeyRef"]
        assert reference["name"] == OBJECTS["Secret"]["metadata"]["name"]
        assert reference["key"] in OBJECTS["Secret"]["stringData"]
    assert pod()["spec"]["volumes"][0]["configMap"]["name"] == OBJECTS["ConfigMap"]["metadata"]["name"]


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def test_it_may_end_in_its_time():
    """Kubernetes waits for longer than the gateway may take, and hears of it within the grace."""
    spec = config()
    readiness = container()["readinessProbe"]
    assert pod()["spec"]["terminationGracePeriodSeconds"] > seconds(spec["grace"]) + seconds(spec["drain"]) + 10
    assert readiness["periodSeconds"] * readiness["failureThreshold"] < seconds(spec["grace"])


def test_nobody_in_particular_on_a_root_that_cannot_be_written():
    inside = container()["securityContext"]
    assert inside["readOnlyRootFilesystem"] and not inside["allowPrivilegeEscalation"]
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert pod()["spec"]["securityContext"]["runAsNonRoot"] and not pod()["spec"]["automountServiceAccountToken"]
    user = re.search(r"^USER (\d+):", (REPOSITORY / "deploy/container/Containerfile").read_text(), re.M)[1]
    assert pod()["spec"]["securityContext"]["runAsUser"] == int(user)


def test_the_gateway_takes_the_configuration(tmp_path):
    for name, text in OBJECTS["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)
    names = {variable["name"] for variable in container()["env"]}
    done = run("check", "-c", tmp_path / "countersign.yaml",
               env=environment(**dict(zip(sorted(names), (SECRET_ID, SECRET_KEY)))))
    warnings = [line for line in done.stderr.splitlines() if "warning" in line]
    assert done.returncode == 0, done.stderr
    assert all("0.0.0.0" in line for line in warnings), done.stderr       # a pod has a network of its own


def test_the_autoscaler_asks_for_a_metric_that_is(gateway):
    metric = OBJECTS["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"]
    text = gateway.call("GET", "/metrics", port=gateway.admin).body.decode()
    assert re.search(rf"^# TYPE {metric} gauge$", text, re.M)


# ---- without a key ----

def merged(base, patch):
    """A strategic merge, as far as the patch needs it: maps by key, lists of maps by name."""
    if isinstance(patch, dict) and isinstance(base, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in patch.items()}}
    if isinstance(patch, list) and isinstance(base, list):
        named = {one["name"]: one for one in base}
        assert {one["name"] for one in patch} <= set(named), "it changes what is there"
        for one in patch:
            if one.get("$patch") == "delete":
                del named[one["name"]]
            else:
                named[one["name"]] = merged(named[one["name"]], one)
        return list(named.values())
    return patch


def test_a_pod_with_web_identity_has_no_key(tmp_path):
    patched = merged(OBJECTS["Deployment"], PATCH)
    assert not complaints(patched) and not complaints(ACCOUNT)
    spec = patched["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == ACCOUNT["metadata"]["name"]
    assert not spec["containers"][0]["env"] and "secretKeyRef" not in json.dumps(patched)
    assert not ACCOUNT["automountServiceAccountToken"] and not spec["automountServiceAccountToken"]


def test_the_readme_says_what_the_gateway_takes(tmp_path):
    """The line of the README in the place of the one with the key, and the environment that the webhook makes."""
    line = re.search(r"`(credentials: \{.*?\} \})`", (FOLDER / "README.md").read_text())[1]
    text = OBJECTS["ConfigMap"]["data"]["countersign.yaml"]
    changed = re.sub(r"credentials:\n  main: .*\n", line + "\n", text)
    assert changed != text
    for name, text in {**OBJECTS["ConfigMap"]["data"], "countersign.yaml": changed}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "token").write_text("token-of-the-pod")
    (tmp_path / "link").symlink_to(tmp_path / "token")      # as Kubernetes mounts it
    done = run("check", "-c", tmp_path / "countersign.yaml",
               env=environment(TKE_REGION="ap-guangzhou", TKE_PROVIDER_ID="cls-1",
                               TKE_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "link"),
                               TKE_ROLE_ARN=ACCOUNT["metadata"]["annotations"]["tke.cloud.tencent.com/role-arn"]))
    assert done.returncode == 0, done.stderr
