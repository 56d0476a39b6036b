#!/usr/bin/python3
"""What testssl.sh of Debian finds in the edge's TLS: prints every finding above LOW; exits 1 if there is one.

    /usr/bin/python3 bench/edge_tls.py
"""

import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness.certificates import Certificates  # noqa: E402
from harness.edge import Edge, Member, address  # noqa: E402

HARMLESS = {"OK", "INFO", "LOW", "DEBUG", "WARN"}   # WARN: testssl.sh could not look


def main():
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        certificates = Certificates(folder)
        at = address()
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = (f"{now + datetime.timedelta(days=days):%Y%m%d%H%M%S}Z" for days in (-1, 89))
        pair = certificates.authority.issue("edge", f"IP:{at}", "crlDistributionPoints=URI:http://crl.example/ca.crl",
                                            "extendedKeyUsage=serverAuth", start=start, end=end)
        members = [Member(folder / name, "http://127.0.0.1:9/v2/index.php").start() for name in "ab"]
        edge = Edge(folder, pair, members, at=at)
        found = folder / "found.json"
        try:
            subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--add-ca",
                            certificates.authority.file, "--jsonfile", str(found), f"{edge.address}:{edge.port}"],
                           stdout=subprocess.DEVNULL, timeout=900, check=False)
        finally:
            edge.stop()
            for member in members:
                member.stop()
        findings = json.loads(found.read_text())
    counts = {}
    for finding in findings:
        counts[finding["severity"]] = counts.get(finding["severity"], 0) + 1
    print(f"testssl.sh: {len(findings)} findings: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    bad = [finding for finding in findings if finding["severity"] not in HARMLESS]
    for finding in bad:
        print(f"{finding['severity']} {finding['id']}: {finding['finding']}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
