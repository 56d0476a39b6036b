"""What the measuring scripts share: the gateway and its peers as processes on loopback, each in a folder of its own,
their CPU time and memory from /proc, and the load.  Everything that was started is ended by its process id."""

import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
PEERS = BENCH / "peers"
BUILD = ROOT / "build" / "release"
TOKEN = "bench-network-console-token"
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
SECRET_ID, SECRET_KEY = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
PATH = "/vpcs/vpc-2ari9m7h/classiclinks"
BODY = '{"instanceIds":["ins-df454d"]}'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, within=60):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.02)
    raise SystemExit(" ".join(process.args) + f" does not listen on {port}")


class Rig:
    """with Rig() as rig: ... - a folder, certificates, and all that was started."""

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))    # so that what was started is ended then, too
        self.temporary = tempfile.TemporaryDirectory(prefix="bench")
        self.folder = pathlib.Path(self.temporary.name)
        self.folder.chmod(0o755)                     # nginx's workers look into it
        self.processes = []
        self.cores = {}
        self.certificates()
        return self

    def one_core_each(self):
        """Servers under test have one core, their load and upstreams the other ones; false where there is one only."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            self.cores = {"server": str(cores[0]), "load": ",".join(map(str, cores[1:]))}
            os.sched_setaffinity(0, cores[1:])
        return len(cores) > 1

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)
        self.temporary.cleanup()

    def certificates(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench CA", "-keyout",
                "ca.key", "-out", "ca.pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", "cert.pem")
        with open(self.folder / "both.pem", "w") as both:
            both.write((self.folder / "cert.pem").read_text() + (self.folder / "key.pem").read_text())

    def start(self, name, command, port, env=None):
        """Where `cores` are set, on those that are for it."""
        folder = self.folder / name
        if self.cores:
            served = name == "stub" or name.startswith("slow")
            command = ["taskset", "-c", self.cores["load" if served else "server"], *command]
        folder.mkdir(exist_ok=True)
        with open(folder / "out", "ab") as out, open(folder / "err", "ab") as err:
            process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, cwd=folder,
                                       env={**os.environ, **(env or {})}, start_new_session=True)
        self.processes.append(process)
        wait_for(port, process)
        return process

    def configured(self, name, file, words):
        """The peer's file with @WORD@s replaced, in the peer's folder."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        words = {"FOLDER": folder, "PEERS": PEERS, "LISTENTLS": "", "CA": self.folder / "ca.pem", "TOKENHASH": HASH,
                 "CERTIFICATE": self.folder / "cert.pem", "KEY": self.folder / "key.pem", **words}
        text = re.sub(r"@(\w+)@", lambda match: str(words[match[1]]), (PEERS / file).read_text())
        (folder / file).write_text(text)
        return folder / file

    def nginx(self, name, file, port, env=None, **words):
        file = self.configured(name, file, {"PORT": port, **words})
        return self.start(name, ["nginx", "-c", file, "-p", file.parent, "-g", "daemon off; user root;"], port, env)

    def stub(self):
        """An upstream that answers at once: its plain port and its TLS port."""
        ports = free_port(), free_port()
        self.nginx("stub", "stub.conf", ports[0], TLSPORT=ports[1])
        return ports

    def slow_stub(self, delay_ms):
        port = free_port()
        self.start(f"slow{delay_ms}", [BUILD / "bench" / "stub", port, delay_ms], port)
        return port


def stop(process, within=20):
    """Its whole group: nginx's workers are children of what was started."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Peer:
    """A server under test.  `signs`: it does the whole job, and its success is 202 or 200."""

    def __init__(self, rig, name, port, process):
        self.rig, self.name, self.port, self.process = rig, name, port, process

    def pids(self):
        """The process and its children."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def cpu(self):
        """User and system seconds of all threads so far, by each process's own clock (clock_getcpuclockid(3))."""
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.pids())

    def rss(self):
        """MiB."""
        text = "".join(pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids())
        return sum(map(int, re.findall(r"VmRSS:\s+(\d+)", text))) / 1024

    def ask(self):
        """One request; the status and what was answered."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as wire:
            wire.sendall(f"DELETE {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n"
                         f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
                         f"{BODY}".encode())
            answer = b""
            while part := wire.recv(65536):
                answer += part
        return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]

    def stop(self):
        stop(self.process)


def gateway(rig, name, scheme, upstream, *, top="", slots=None, policy=None, prefix=(), tls=None, generation=2):
    """Countersign as it ships, its access log in a file; `tls`: a second port, with TLS; `generation`: of the API."""
    folder = rig.folder / name
    folder.mkdir(exist_ok=True)
    for file, text in (("secret_id", SECRET_ID), ("secret_key", SECRET_KEY)):
        (folder / file).write_text(text)
        (folder / file).chmod(0o600)
    port = free_port()
    pair = f"certificate: {rig.folder / 'cert.pem'}, key: {rig.folder / 'key.pem'}"
    door = f', {{ address: "127.0.0.1:{tls}", tls: {{ {pair} }} }}' if tls else ""
    (folder / "policy.yaml").write_text(policy or f"""version: 1
clients:
  bench: {{ tokens: [ {{ id: bench, sha256: "{HASH}" }} ] }}
sets:
  staging: [vpc-2ari9m7h, vpc-8e0ypm3z]
rules:
  - {{ id: links, allow: [bench], actions: [DetachClassicLinkVpc], where: {{ vpcId: [$staging], region: [ap-guangzhou] }} }}
  - {{ id: never-bastion, deny: ["*"], actions: [DetachClassicLinkVpc], where: {{ instanceIds: ["ins-bastion*"] }} }}
""")
    path, host = ("/", "vpc.tencentcloudapi.com") if generation == 3 else ("/v2/index.php", "vpc.api.qcloud.com")
    (folder / "countersign.yaml").write_text(f"""version: 1
listen: [ "127.0.0.1:{port}"{door} ]
admin: 127.0.0.1:{free_port()}
policy: policy.yaml
{top}
credentials:
  main: {{ secret_id: {{ file: secret_id }}, secret_key: {{ file: secret_key }} }}
upstreams:
  vpc: {{ url: "{scheme}://127.0.0.1:{upstream}{path}", host: {host}, generation: {generation}, credential: main,
         region: ap-guangzhou, ca_file: {rig.folder / "ca.pem"}{f", slots: {slots}" if slots else ""} }}
""")
    process = rig.start(name, [*prefix, BUILD / "countersign", "serve", "-c", folder / "countersign.yaml"], port)
    deadline = time.monotonic() + 30
    while "ready on" not in (folder / "err").read_text():      # it listens before every worker is there
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} is not ready: {(folder / 'err').read_text()}")
        time.sleep(0.01)
    return Peer(rig, name, port, process)


def wrk(port, clients, seconds, threads=2, body=BODY, scheme="http", close=False, env=None):
    """Closed loop: requests, requests per second, failures, p50 and p99 in ms.  `close`: a connection for each; `env`: see
    bench/detach.lua."""
    done = subprocess.run(["wrk", "-t", str(min(threads, clients)), "-c", str(clients), "-d", f"{seconds}s", "--timeout",
                           "10s", "-s", str(BENCH / "detach.lua"), f"{scheme}://127.0.0.1:{port}"],
                          env={**os.environ, "TOKEN": TOKEN, "BODY": body, "CLOSE": "1" if close else "", **(env or {})},
                          capture_output=True, text=True, check=True,
                          timeout=seconds + 60).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    requests, bad, broken = map(int, re.search(r"requests (\d+), not 2xx or 3xx (\d+), socket errors (\d+)", done).groups())
    p50, p99 = map(float, re.search(r"p50 ([\d.]+), p99 ([\d.]+)", done).groups())
    return {"requests": requests, "rate": rate, "failed": bad + broken, "p50": p50, "p99": p99}


def open_loop(port, rate, seconds, connections, idle=0, method="DELETE", path=PATH, body=BODY):
    """bench/load's line."""
    words = [BUILD / "bench" / "load", port, rate, seconds, connections, idle, method, path, TOKEN]
    done = subprocess.run([str(word) for word in words + ([body] if body else [])], capture_output=True, text=True,
                          timeout=seconds + 60)
    if done.returncode != 0:
        raise SystemExit(f"load: {done.stderr}")
    return json.loads(done.stdout)


def keep_idle(rig, port, connections, seconds):
    """A process of its own that holds so many connections and opens again what is closed; once they are there."""
    if connections == 0:
        return None
    words = [BUILD / "bench" / "load", port, 1, seconds, 1, connections, "DELETE", PATH, TOKEN, BODY]
    keeper = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
    rig.processes.append(keeper)
    deadline = time.monotonic() + 20
    while len(os.listdir(f"/proc/{keeper.pid}/fd")) < connections and time.monotonic() < deadline:
        time.sleep(0.05)
    return keeper


def machine():
    """Where it was measured, in one line."""
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    debian = pathlib.Path("/etc/debian_version").read_text().strip()
    return f"Debian {debian}, Linux {os.uname().release}, {os.cpu_count()} CPUs ({model[1] if model else os.uname().machine})"


def first(command, stderr=False):
    """The first line of what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr if stderr else done.stdout).strip().split("\n")[0]


def versions():
    return ["; ".join((first(["nginx", "-v"], True).replace("nginx version: ", ""), first(["haproxy", "-v"]).split(" - ")[0],
                       "node " + first([BENCH / "node.sh", "--version"]), first(["go", "version"])))]


if __name__ == "__main__":
    sys.exit("not a command: see bench/run.sh")
