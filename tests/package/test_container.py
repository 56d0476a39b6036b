"""The Containerfile.  An image cannot be built without a registry; what its last stage runs is run in a Debian's
folder, and the program in it as the image says: as its user, on a root that nobody can write to."""

import re
import shutil
import signal
import subprocess

import pytest

from machine import PATIENCE, ROOT, SECRETS, command

FILE = ROOT / "deploy/container/Containerfile"


def stages():
    """Each stage as a list of (instruction, rest)."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.M).replace("\\\n", " ")
    found = []
    for line in filter(None, text.splitlines()):
        word, rest = line.split(None, 1)
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def test_two_stages_of_debian_and_no_other_source():
    build, final = stages()
    assert build[0] == ("FROM", "debian:bookworm-slim AS build") and final[0] == ("FROM", "debian:bookworm-slim")
    assert not re.search(r"https?://|\bADD\b|curl|wget", FILE.read_text())
    assert ("RUN", "./deploy/package.sh && mv build/package/countersign_*.deb /countersign.deb") in build, \
        "the build is the package's, which its own test runs"
    said = dict(final)
    assert said["USER"].split(":")[0] not in ("0", "root") and said["ENTRYPOINT"] == '["/usr/bin/countersign"]'


@pytest.fixture(scope="module")
def image(debian, package, tmp_path_factory):
    """A Debian's folder after the last stage.  Its packages are there already, so no network is asked."""
    root = tmp_path_factory.mktemp("image") / "root"
    root.mkdir()
    command("tar", "-C", root, "-xf", debian)
    shutil.copy(package, root / "tmp/countersign.deb")
    for sources in (root / "etc/apt").glob("sources.list*"):
        shutil.rmtree(sources) if sources.is_dir() else sources.unlink()
    for word, rest in stages()[1]:
        if word == "RUN":
            command("unshare", "--mount", "--net", "chroot", root, "/bin/sh", "-c", rest,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
    assert not (root / "tmp/countersign.deb").exists()
    return root


def test_it_runs_as_its_user_on_a_root_that_nobody_writes_to(image):
    user = dict(stages()[1])["USER"]
    etc = image / "etc/countersign"
    for name, value in SECRETS.items():
        (etc / name).write_text(value)
        (etc / name).chmod(0o400)
        shutil.chown(etc / name, int(user.split(":")[0]), int(user.split(":")[1]))
    config = etc / "countersign.yaml"
    config.write_text(config.read_text().replace("{ credential: secret_", "{ file: secret_")
                      .replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9090", "127.0.0.1:0"))
    data = image / "var/lib/countersign"
    script = (f"mount --bind {image} {image} && mount --bind {data} {data} && "
              f"mount -o remount,bind,ro {image} && exec chroot --userspec={user} {image} /bin/sh -c "
              "'touch /probe 2>/dev/null && echo WRITABLE; exec /usr/bin/countersign serve'")
    child = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    try:
        said = child.stderr.readline()
        assert "ready on http://" in said, said + child.stderr.read()
        status = open(f"/proc/{child.pid}/status", encoding="ascii").read()
        assert re.search(rf"^Uid:\s+{user.split(':')[0]}\b", status, re.M)
    finally:
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0 and "WRITABLE" not in out
    assert (data / "audit.log").exists(), "what it may write to is its own folder"
