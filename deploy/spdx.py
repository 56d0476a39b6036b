"""A bill of materials of a package, in SPDX 2.3: python3 spdx.py VERSION PACKAGE.deb.  It has the package with its hash,
each Debian package that it depends on, in the version that it was built against, and what is built in from npm."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def entry(name, version, purl, **more):
    return {"SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "name": name, "versionInfo": version,
            "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION", "filesAnalyzed": False,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}],
            **more}


def from_debian(package):
    for name in re.findall(r"(?:^|, )([a-z0-9.+-]+)", output("dpkg-deb", "-f", package, "Depends")):
        version = output("dpkg-query", "-W", "-f=${Version}", name)
        yield entry(name, version, f"pkg:deb/debian/{name}@{version}"), "DYNAMIC_LINK" if name.startswith("lib") else "DEPENDS_ON"


def from_npm():
    lock = json.loads((ROOT / "reference/plots/package-lock.json").read_text())["packages"]
    for name in lock[""]["dependencies"]:
        version = lock["node_modules/" + name]["version"]
        yield entry(name, version, f"pkg:npm/{name}@{version}", licenseDeclared=lock["node_modules/" + name]["license"]), "CONTAINS"


def main(version, package):
    digest = hashlib.sha256(pathlib.Path(package).read_bytes()).hexdigest()
    ours = entry("countersign", version, f"pkg:deb/countersign@{version}", licenseDeclared="MIT",
                 checksums=[{"algorithm": "SHA256", "checksumValue": digest}])
    others = [*from_debian(package), *from_npm()]
    created = output("git", "-C", str(ROOT), "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ")
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"countersign-{version}",
        "documentNamespace": f"https://countersign.invalid/spdx/{digest}",
        "creationInfo": {"created": created, "creators": ["Tool: countersign deploy/spdx.py"]},
        "packages": [ours, *(other for other, _ in others)],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": ours["SPDXID"]},
                          *({"spdxElementId": ours["SPDXID"], "relationshipType": how, "relatedSpdxElement": other["SPDXID"]}
                            for other, how in others)],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
