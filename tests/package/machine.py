"""A Debian with a running systemd, made of a folder and namespaces: nothing of it is seen outside."""

import hashlib
import os
import pathlib
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 120

# The vendor's published pair, which the sandbox knows.
SECRETS = {"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "secret_key": "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"}


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=900, check=False,
                          **options)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def field(package, name):
    return command("dpkg-deb", "-f", package, name).strip()


def possible():
    """Root, and a kernel that lets it make namespaces and mounts."""
    probe = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "mount", "-t", "tmpfs",
             "tmpfs", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(probe, capture_output=True, timeout=PATIENCE,
                                                check=False).returncode == 0


def debootstrap(folder, packages):
    """The smallest Debian 12 with these packages, as a tar file that is kept in the folder."""
    names = ",".join(sorted(packages))
    tarball = folder / f"debian-{hashlib.sha256(names.encode()).hexdigest()[:8]}.tar"
    if not tarball.exists():
        made = tarball.with_suffix(".new")
        subprocess.run(["mmdebstrap", "--variant=minbase", "--quiet", "--format=tar", "--include=" + names,
                        "bookworm", str(made)], check=True, timeout=900)
        made.rename(tarball)
    return tarball


class Machine:
    def __init__(self, folder, tarball):
        self.root = folder
        folder.mkdir()
        subprocess.run(["tar", "-C", folder, "-xf", tarball], check=True, timeout=PATIENCE)
        self.unshare = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child", "sh",
             HERE / "boot.sh", folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        try:
            self.pid = self._init()
            self.eventually(self._is_up)
            self.outside("ip", "link", "set", "lo", "up")
        except BaseException:
            self.off()
            raise

    def _is_up(self):
        """Booted; a service of Debian's own that does not like namespaces is not our matter."""
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def _init(self):
        children = f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.unshare.poll() is None:
            pids = open(children, encoding="ascii").read().split()
            if pids and b"systemd" in open(f"/proc/{pids[0]}/cmdline", "rb").read().split(b"\0")[0]:
                return pids[0]
            time.sleep(0.05)
        raise AssertionError(f"the machine does not boot: {self.unshare.stderr.read()}")

    def run(self, *command, check=True, stdin=None, within=PATIENCE):
        """A command on the machine."""
        done = subprocess.run(["nsenter", "-t", self.pid, "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w", "env",
                               "-i", f"PATH={PATH}", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *command],
                              input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, text=True, timeout=within, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def outside(self, *command, check=True):
        """A command of ours on the machine's network."""
        return subprocess.run(["nsenter", "-t", self.pid, "-n", *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, check=check)

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def eventually(self, probe):
        deadline = time.monotonic() + PATIENCE
        while not (value := probe()):
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.1)
        return value

    def off(self):
        self.unshare.send_signal(signal.SIGKILL)  # and --kill-child ends its first process, which ends all others
        self.unshare.wait()
        self.unshare.stderr.close()
