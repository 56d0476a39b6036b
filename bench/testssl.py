"""testssl.sh of Debian, for the scripts that ask it about a TLS of ours."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile

HARMLESS = {"OK", "INFO", "LOW", "DEBUG", "WARN"}   # WARN: testssl.sh could not look
RATING = ("overall_grade", "final_score", "grade_cap_reason")
COMMAND = os.environ.get("TESTSSL", "testssl")      # Debian 12's does not rate, Debian 13's does


def certificate(authority, name, names):
    """As a public authority makes them: for 90 days, for servers, with a list of the revoked."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = (f"{now + datetime.timedelta(days=days):%Y%m%d%H%M%S}Z" for days in (-1, 89))
    return authority.issue(name, names, "crlDistributionPoints=URI:http://crl.example/ca.crl",
                           "extendedKeyUsage=serverAuth", start=start, end=end)


def look(authority, where):
    """All that it finds at `where`, "address:port"."""
    with tempfile.TemporaryDirectory() as work:
        found = pathlib.Path(work) / "found.json"
        subprocess.run([COMMAND, "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", authority.file,
                        "--jsonfile", str(found), where],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=900, check=False)
        return json.loads(found.read_text())


def report(findings):
    """Prints every finding above LOW, and the rating; 1 if there is such a finding, a grade that is not A, or no TLS."""
    counts = {}
    for finding in findings:
        counts[finding["severity"]] = counts.get(finding["severity"], 0) + 1
    print(f"testssl.sh: {len(findings)} findings: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    grade = {finding["id"]: finding["finding"] for finding in findings if finding["id"].startswith(RATING)}
    for name, value in grade.items():
        print(f"{name}: {value}")
    bad = [finding for finding in findings if finding["severity"] not in HARMLESS]
    for finding in bad:
        print(f"{finding['severity']} {finding['id']}: {finding['finding']}")
    good = counts.get("OK", 0) > 0 and grade.get("overall_grade", "A") in ("A", "A+")
    return 0 if good and not bad else 1
