#!/usr/bin/python3
"""What testssl.sh of Debian finds in the edge's TLS: prints every finding above LOW; exits 1 if there is one.

    /usr/bin/python3 bench/edge_tls.py
"""

import pathlib
import sys
import tempfile

import testssl

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness.certificates import Certificates  # noqa: E402
from harness.edge import Edge, Member, address  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        certificates = Certificates(folder)
        at = address()
        pair = testssl.certificate(certificates.authority, "edge", f"IP:{at}")
        members = [Member(folder / name, "http://127.0.0.1:9/v2/index.php").start() for name in "ab"]
        edge = Edge(folder, pair, members, at=at)
        try:
            findings = testssl.look(certificates.authority, f"{edge.address}:{edge.port}")
        finally:
            edge.stop()
            for member in members:
                member.stop()
    return testssl.report(findings)


if __name__ == "__main__":
    sys.exit(main())
