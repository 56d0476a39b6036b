#!/usr/bin/python3
"""The table of raw requests (tests/vectors/http/requests.tsv) against the gateway, nginx and HAProxy of Debian.

All three stand before the same upstream, which counts.  Every request is followed by a whole good one on the same
connection.  A cell is the statuses that came back and, in brackets, how many requests went out; `-` is a connection
that was closed without an answer.  Good is: refused and nothing went out, or served as the table says.  Rows that are
well-formed HTTP and refused by the gateway for other reasons (expectations, methods, limits) are printed, but
do not count.

    bench/framing.py [--all]        (after a release build; needs nginx and haproxy)

Without --all only the rows in which the three differ in what went out are printed, and the sums."""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from harness.gateway import Gateway, configure              # noqa: E402
from harness.requests import GOOD, cases                    # noqa: E402
from harness.world import SAMPLE                            # noqa: E402

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1;
                      proxy_set_header Connection ""; }}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 2s
    timeout server 2s
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    server upstream 127.0.0.1:{upstream}
"""


class Counter:
    """An upstream that counts requests, of whatever framing, one on each connection."""

    ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(SAMPLE), SAMPLE)

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v2/index.php"
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        connection.settimeout(5)
        try:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            self.count += 1
            connection.sendall(self.ANSWER)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):       # the body, however it is framed
                pass
        except OSError:
            pass
        finally:
            connection.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def peer(folder, name, template, command, upstream):
    port = free_port()
    file = folder / f"{name}.conf"
    file.write_text(template.format(folder=folder, port=port, upstream=upstream.port))
    child = subprocess.Popen([*command, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return child, port
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit(f"{name} does not start")


def statuses(port, data):
    """What comes back until the connection ends or nothing more comes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 5) as wire:
        try:
            wire.sendall(data)
            wire.settimeout(0.4)
            while more := wire.recv(65536):
                got += more
        except OSError:
            pass
    return [int(part[2:5]) for part in got.split(b"HTTP/1.")[1:] if part[2:5].isdigit() and part[2:5] != b"100"]


def judge(case, seen, went):
    """(kept, cell): was the request refused with nothing going out, or served as it should be?"""
    wanted = (202 in case.statuses) + (not case.ends)
    cell = ("-" if not seen else " ".join(map(str, seen[:2]))) + f" ({went})"
    return went == wanted, cell


def main():
    for tool in ("nginx", "haproxy"):
        if shutil.which(tool) is None:
            raise SystemExit(f"there is no {tool}: apt-get install nginx-light haproxy")
    folder = pathlib.Path(tempfile.mkdtemp())
    upstream = Counter()
    gateway = Gateway(configure(folder, upstream.url))
    nginx, nginx_port = peer(folder, "nginx", NGINX, ["nginx", "-p", str(folder), "-c"], upstream)
    haproxy, haproxy_port = peer(folder, "haproxy", HAPROXY, ["haproxy", "-db", "-f"], upstream)
    ports = {"gateway": gateway.port, "nginx": nginx_port, "HAProxy": haproxy_port}
    sums = dict.fromkeys(ports, 0)
    rows = 0
    try:
        print(f"{'RFC 9112, or as said':62} {'gateway':14} {'nginx':14} HAProxy")
        for case in cases():
            counts = case.statuses <= {202, 204, 400, 414, 431, 501, 505}
            rows += counts
            cells, kept = [], []
            for name, port in ports.items():
                upstream.count = 0
                seen = statuses(port, case.data + GOOD)
                good, cell = judge(case, seen, upstream.count)
                sums[name] += good and counts
                kept.append(good)
                cells.append(cell)
            if "--all" in sys.argv or len(set(kept)) > 1 or not kept[0]:
                print(f"{str(case)[4:66]:62} " + " ".join(f"{cell:14}" for cell in cells).rstrip())
        print(f"as the table wants it, of {rows}: " + ", ".join(f"{name} {count}" for name, count in sums.items()))
    finally:
        for child in (nginx, haproxy):
            child.terminate()
            child.wait(10)
        gateway.terminate()
        gateway.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if sums["gateway"] == rows else 1


if __name__ == "__main__":
    sys.exit(main())
