"""The package, made once, and a Debian that has beside it only what the package says that it needs."""

import pathlib
import re

import pytest

from machine import ROOT, command, debootstrap, field, possible


OPERATORS = ["curl", "haproxy", "openssl", "socat"]     # what docs/operations.md works with


@pytest.fixture(scope="session")
def package():
    return pathlib.Path(command(ROOT / "deploy/package.sh").split()[-1])


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked") / "root"
    command("dpkg-deb", "-R", package, folder)
    return folder


@pytest.fixture(scope="session")
def debian(package):
    if not possible():
        pytest.skip("needs root and namespaces: the package was checked file by file only")
    needs = re.sub(r"\([^)]*\)|\s", "", field(package, "Depends")).split(",")
    return debootstrap(package.parent, ["systemd", *OPERATORS, *needs])
