"""The Debian package: what lintian says, what is in it, and its whole life on a Debian with a running systemd."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess

import pytest

from machine import PATIENCE, ROOT, SECRETS, Machine, command, field

VPC = "vpc-2ari9m7h"
TOKEN = "package-network-console-Zm9yIHRlc3Rz"

# What is in the package, with its mode; folders are 755.
FILES = {
    "etc/countersign/countersign.yaml": 0o644,
    "etc/countersign/policy.yaml": 0o644,
    "usr/bin/countersign": 0o755,
    "usr/lib/systemd/system/countersign.service": 0o644,
    "usr/lib/systemd/system/countersign@.service": 0o644,
    "usr/share/bash-completion/completions/countersign": 0o644,
    "usr/share/countersign/catalog.yaml": 0o644,
    "usr/share/doc/countersign/changelog.gz": 0o644,
    "usr/share/doc/countersign/copyright": 0o644,
    "usr/share/doc/countersign/examples/countersign.yaml": 0o644,
    "usr/share/doc/countersign/examples/haproxy.cfg": 0o644,
    "usr/share/doc/countersign/examples/countersign.rules.yaml": 0o644,
    "usr/share/doc/countersign/examples/grafana-dashboard.json": 0o644,
    "usr/share/doc/countersign/examples/policy.yaml": 0o644,
    "usr/share/lintian/overrides/countersign": 0o644,
    "usr/share/man/man1/countersign.1.gz": 0o644,
    "usr/share/man/man5/countersign-policy.5.gz": 0o644,
    "usr/share/man/man5/countersign.yaml.5.gz": 0o644,
    **{f"usr/share/doc/countersign/{page}.md": 0o644
       for page in ("README", "CHANGELOG", "SECURITY", "ARCHITECTURE", "CONTRIBUTING")},
    **{f"usr/share/doc/countersign/{page.relative_to(ROOT)}": 0o644
       for kind in ("md", "svg") for page in (ROOT / "docs").rglob(f"*.{kind}")},
    **{f"usr/share/countersign/definitions/{file.name}.gz": 0o644
       for file in (ROOT / "config/definitions/data").iterdir()},
}

POLICY = f"""\
version: 1
clients:
  network-console: {{ tokens: [ {{ id: "2026-11", sha256: "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }} ] }}
rules:
  - {{ id: staging-links, allow: [network-console], actions: [DetachClassicLinkVpc], where: {{ vpcId: [{VPC}] }} }}
"""

SANDBOX = """\
[Service]
ExecStart=/usr/bin/countersign sandbox --listen 127.0.0.1:9443
DynamicUser=yes
"""


# ---- the file ----

def test_lintian_has_nothing_to_say(package):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package], capture_output=True,
                          text=True, timeout=300, check=False)
    print(done.stdout or "lintian: nothing")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file(unpacked):
    found = {path.relative_to(unpacked).as_posix(): path for path in unpacked.rglob("*")
             if "DEBIAN" not in path.relative_to(unpacked).parts}
    assert {name for name, path in found.items() if not path.is_dir()} == set(FILES)
    for name, path in found.items():
        assert path.stat().st_mode & 0o7777 == FILES.get(name, 0o755), name
        assert not path.is_symlink()


def test_the_manual_pages_are_those_of_the_source(unpacked):
    for page in (ROOT / "docs/man").iterdir():
        packed = next(unpacked.rglob(page.name + ".gz"))
        assert gzip.decompress(packed.read_bytes()) == page.read_bytes()


def test_what_an_operator_edits_is_a_conffile(unpacked):
    conffiles = (unpacked / "DEBIAN/conffiles").read_text().split()
    assert sorted(conffiles) == sorted("/" + name for name in FILES if name.startswith("etc/"))


def test_the_example_configuration_is_good(unpacked, tmp_path):
    """With a credential where the unit's LoadCredential puts it, and as it stands it allows nothing.  What it may say
    is that the folder of the audit file, which StateDirectory makes at the first start, is not there yet."""
    folder = tmp_path / "etc"
    shutil.copytree(unpacked / "etc/countersign", folder)
    for name, value in SECRETS.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)
    said = subprocess.run([unpacked / "usr/bin/countersign", "check", "-c", folder / "countersign.yaml"],
                          env={"CREDENTIALS_DIRECTORY": str(folder)}, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert said.returncode == 0 and "clients 0" in said.stdout, said
    findings = [line for line in said.stderr.splitlines() if not line.startswith("  | ")]      # their excerpts
    assert all("suggestion: the folder of the audit file" in line for line in findings), said


def test_the_same_source_gives_the_same_package(package):
    """Byte for byte, at another time."""
    before = package.read_bytes()
    package.unlink()
    command(ROOT / "deploy/package.sh")
    assert package.read_bytes() == before


def test_what_is_published_of_a_release(package, tmp_path):
    """The sums fit, and the bill of materials has what the package depends on, in the versions of this machine."""
    command(ROOT / "deploy/release.sh", tmp_path / "published")
    published = {path.name: path for path in (tmp_path / "published").iterdir()}
    summed = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "published", capture_output=True,
                            text=True, timeout=PATIENCE, check=True).stdout
    assert sorted(re.findall(r"^(\S+): OK$", summed, re.M)) == sorted(set(published) - {"SHA256SUMS"})
    assert len(published) == 5 and published[package.name].read_bytes() == package.read_bytes()
    bill = json.loads(next(path for name, path in published.items() if name.endswith(".spdx.json")).read_text())
    assert (bill["spdxVersion"], bill["dataLicense"]) == ("SPDX-2.3", "CC0-1.0")
    identities = {entry["SPDXID"] for entry in bill["packages"]} | {bill["SPDXID"]}
    assert all({link["spdxElementId"], link["relatedSpdxElement"]} <= identities for link in bill["relationships"])
    named = {entry["name"]: entry["versionInfo"] for entry in bill["packages"]}
    needs = re.sub(r"\([^)]*\)|\s", "", field(package, "Depends")).split(",")
    assert set(named) == {"countersign", "uplot", *needs}
    for need in needs:
        assert named[need] == command("dpkg-query", "-W", "-f=${Version}", need).strip()


# ---- its life ----

def repack(unpacked, folder, version, change=lambda root: None):
    """The same package with another version, and what `change` does to it."""
    root = folder / version
    shutil.copytree(unpacked, root)
    control = root / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M))
    change(root)
    command("dpkg-deb", "--root-owner-group", "-b", root, folder / f"countersign_{version}.deb")
    return folder / f"countersign_{version}.deb"


@pytest.fixture(scope="module")
def machine(debian, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine") / "root", debian)
    yield machine
    machine.off()


def install(machine, deb, *options):
    shutil.copy(deb, machine.root / "var/tmp/countersign.deb")
    return machine.run("dpkg", *options, "-i", "/var/tmp/countersign.deb")


def state(machine, unit="countersign"):
    shown = machine.run("systemctl", "show", unit, "-p", "ActiveState,SubState,MainPID,StatusText,NRestarts").stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


def detach(machine, vpc=VPC):
    done = machine.outside("curl", "-s", "-m", "20", "-w", "%{http_code}", "-o", "/dev/null", "-X", "DELETE",
                           f"http://127.0.0.1:8080/vpcs/{vpc}/classiclinks?instanceIds=ins-df454d", "-H",
                           f"Authorization: Bearer {TOKEN}", check=False)
    return int(done.stdout)


def journal(machine):
    """What the gateway has said: JSON lines are requests."""
    return machine.run("journalctl", "-u", "countersign", "-o", "cat", "--no-pager").stdout.splitlines()


def test_1_installed_it_waits_for_a_credential(machine, package):
    install(machine, package)
    assert machine.run("systemctl", "is-enabled", "countersign", check=False).stdout.strip() == "disabled"
    assert state(machine)["ActiveState"] == "inactive"
    assert machine.run("countersign", "version").stdout.strip().endswith(field(package, "Version").split("+")[0])
    assert machine.run("systemctl", "start", "countersign", check=False).returncode != 0, "there is no credential"


def test_2_started_it_serves(machine):
    for name, value in SECRETS.items():
        machine.write(f"/etc/countersign/{name}", value, 0o600)
    machine.write("/etc/countersign/policy.yaml", POLICY)
    machine.write("/etc/systemd/system/sandbox.service", SANDBOX)
    config = machine.root / "etc/countersign/countersign.yaml"
    config.write_text(config.read_text().replace("https://vpc.api.qcloud.com/v2/index.php,",
                                                 "http://127.0.0.1:9443/v2/index.php, host: vpc.api.qcloud.com,"))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "sandbox")
    machine.run("systemctl", "reset-failed", "countersign", check=False)
    machine.run("systemctl", "enable", "--now", "countersign")      # returns when it is ready: Type=notify
    assert state(machine)["StatusText"] == "Serving"
    machine.eventually(lambda: detach(machine) == 202)
    assert detach(machine, "vpc-other") == 403


def test_3_it_runs_as_nobody_in_particular(machine):
    status = machine.run("cat", f"/proc/{state(machine)['MainPID']}/status").stdout
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(said["Uid"].split()[0]) >= 61184, "a dynamic user"
    assert {said[key] for key in ("CapPrm", "CapEff", "CapBnd")} == {"0" * 16}
    assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")
    environment = machine.run("cat", f"/proc/{state(machine)['MainPID']}/environ").stdout
    assert "CREDENTIALS_DIRECTORY" in environment and not any(value in environment for value in SECRETS.values())


def test_4_the_journal_has_json_lines(machine):
    records = [json.loads(line) for line in journal(machine) if line.startswith("{")]
    assert [record["status"] for record in records][-2:] == [202, 403]
    assert machine.run("countersign", "audit", "verify", "/var/lib/private/countersign/audit.log").returncode == 0


def test_5_reload(machine):
    """A good policy is in force afterwards; a bad one changes nothing, and the status says so."""
    pid = state(machine)["MainPID"]
    machine.write("/etc/countersign/policy.yaml", POLICY.replace(VPC, "vpc-8e0ypm3z"))
    machine.run("systemctl", "reload", "countersign")
    machine.eventually(lambda: detach(machine) == 403)
    machine.write("/etc/countersign/policy.yaml", POLICY + "nonsense\n")
    machine.run("systemctl", "reload", "countersign")
    machine.eventually(lambda: "failed" in state(machine)["StatusText"])
    assert any("policy.yaml:7:" in line for line in journal(machine))
    machine.write("/etc/countersign/policy.yaml", POLICY)
    machine.run("systemctl", "reload", "countersign")
    machine.eventually(lambda: detach(machine) == 202)
    assert state(machine)["StatusText"] == "Serving" and state(machine)["MainPID"] == pid


def test_6_the_watchdog_restarts_what_stands_still(machine):
    machine.write("/etc/systemd/system/countersign.service.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "countersign")
    pid, restarts = state(machine)["MainPID"], int(state(machine)["NRestarts"])
    machine.run("sh", "-c", f"kill -STOP {pid}")
    machine.eventually(lambda: int(state(machine)["NRestarts"]) > restarts)
    machine.eventually(lambda: state(machine)["ActiveState"] == "active")
    assert state(machine)["MainPID"] != pid
    assert detach(machine) == 202
    machine.run("rm", "-r", "/etc/systemd/system/countersign.service.d")
    machine.run("systemctl", "daemon-reload")


def test_7_an_upgrade_keeps_what_was_edited_and_restarts_it(machine, unpacked, tmp_path):
    kept = (machine.root / "etc/countersign/policy.yaml").read_text()
    pid = state(machine)["MainPID"]
    install(machine, repack(unpacked, tmp_path, "0.1.1"))
    assert (machine.root / "etc/countersign/policy.yaml").read_text() == kept
    assert state(machine)["MainPID"] not in (pid, "0")
    assert detach(machine) == 202

    def other_default(root):
        file = root / "etc/countersign/policy.yaml"
        file.write_text(file.read_text() + "# another default\n")

    install(machine, repack(unpacked, tmp_path, "0.1.2", other_default), "--force-confold")
    assert (machine.root / "etc/countersign/policy.yaml").read_text() == kept
    assert "another default" in (machine.root / "etc/countersign/policy.yaml.dpkg-dist").read_text()
    assert detach(machine) == 202


def test_8_a_unit_of_the_template_follows_an_upgrade(machine, unpacked, tmp_path):
    """countersign@a, beside the other, with ports and an audit file of its own; one that does not run stays as it is."""
    text = (machine.root / "etc/countersign/countersign.yaml").read_text()
    text = text.replace("127.0.0.1:8080", "127.0.0.1:8081").replace("127.0.0.1:9090", "127.0.0.1:9091")
    machine.write("/etc/countersign/a.yaml", text.replace("/lib/countersign/", "/lib/countersign-a/"))
    machine.run("systemctl", "enable", "--now", "countersign@a")
    pid = state(machine, "countersign@a")["MainPID"]
    assert pid != "0" and state(machine, "countersign@a")["StatusText"] == "Serving"
    install(machine, repack(unpacked, tmp_path, "0.1.3"), "--force-confold")
    assert state(machine, "countersign@a")["MainPID"] not in (pid, "0")
    assert state(machine, "countersign@a")["StatusText"] == "Serving"
    assert state(machine, "countersign@b")["ActiveState"] == "inactive"
    machine.run("systemctl", "disable", "--now", "countersign@a")


def test_9_removed_and_purged(machine):
    """Removed: the program is gone, the configuration stays.  Purged: so is that; records of changes stay."""
    machine.run("dpkg", "-r", "countersign")
    assert not (machine.root / "usr/bin/countersign").exists()
    assert state(machine)["ActiveState"] == "inactive"
    assert (machine.root / "etc/countersign/policy.yaml").exists()
    machine.run("dpkg", "-P", "countersign")
    assert not (machine.root / "etc/countersign/secret_key").exists()
    assert not (machine.root / "etc/countersign/countersign.yaml").exists()
    assert (machine.root / "var/lib/private/countersign/audit.log").exists()
    assert not list((machine.root / "etc/systemd/system").rglob("countersign.service"))
