#!/usr/bin/python3
"""What testssl.sh of Debian finds in the gateway's own TLS, as shipped, with a P-256 certificate: prints every finding
above LOW, and the grade where it gives one; exits 1 if there is such a finding, or the grade is not A.

    /usr/bin/python3 bench/door_tls.py
"""

import pathlib
import sys
import tempfile

import testssl

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

# pylint: disable=wrong-import-position
from harness.certificates import Certificates  # noqa: E402
from harness.gateway import configure  # noqa: E402
from harness.reached import Reached  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        certificates = Certificates(folder)
        pair = testssl.certificate(certificates.authority, "gateway", "DNS:localhost,IP:127.0.0.1")
        tls = {"certificate": pair.certificate, "key": pair.key}
        gateway = Reached(configure(folder, "http://127.0.0.1:9/v2/index.php",
                                    top={"listen": {"address": "127.0.0.1:0", "tls": tls}}))
        try:
            findings = testssl.look(certificates.authority, gateway.doors[0].removeprefix("https://"))
        finally:
            gateway.terminate()
            gateway.wait()
    return testssl.report(findings)


if __name__ == "__main__":
    sys.exit(main())
