"""The program as it was linked: what the compiler and the linker were asked for is really in it."""

import pathlib
import re
import subprocess

import pytest

from harness.world import BINARY

ROOMS = ("base", "config", "auth", "gateway", "sandbox", "client")


def is_as_it_ships():
    cache = pathlib.Path(BINARY.parent, "CMakeCache.txt")
    text = cache.read_text() if cache.exists() else ""
    return (re.search(r"^CMAKE_BUILD_TYPE:\w+=Rel", text, re.M) is not None
            and re.search(r"^COUNTERSIGN_SANITIZE:\w+=\w", text, re.M) is None)


pytestmark = pytest.mark.skipif(not is_as_it_ships(), reason="only the release is linked as it ships")


def readelf(*options, file=BINARY):
    return subprocess.run(["readelf", "--wide", *options, str(file)], capture_output=True, text=True, check=True).stdout


def symbols():
    return set(re.findall(r"\b(__\w+_chk|__stack_chk_fail)\b", readelf("--dyn-syms")))


def test_position_independent():
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable file\)", readelf("--file-header"))
    assert re.search(r"\(FLAGS_1\)\s+Flags:.*\bPIE\b", readelf("--dynamic"))


def test_full_relro():
    """The table of the libraries' functions is filled at the start and read-only from then on."""
    assert "GNU_RELRO" in readelf("--program-headers")
    assert re.search(r"\(FLAGS\)\s.*\bBIND_NOW\b", readelf("--dynamic"))


def test_no_stack_that_can_run_nor_segment_that_is_written_and_run():
    headers = readelf("--program-headers")
    assert re.search(r"GNU_STACK\s.*\sRW\s", headers)
    assert not re.search(r"^\s+LOAD\s.*\bRWE\b", headers, re.M)


def test_stack_protector():
    assert "__stack_chk_fail" in symbols()


def test_fortified():
    """Level 3 also covers what only run time knows: memcpy() into memory of a size that was computed."""
    assert {"__memcpy_chk", "__snprintf_chk", "__vsnprintf_chk"} <= symbols()


def test_no_path_of_its_own_for_libraries():
    assert not re.search(r"\((RPATH|RUNPATH)\)", readelf("--dynamic"))


def test_control_flow_is_guarded():
    """Every object of ours is marked for indirect branch tracking and shadow stacks.  The program as a whole is not:
    the linker drops the mark because Debian's crt1.o and crti.o carry none."""
    for room in ROOMS:
        archives = sorted(pathlib.Path(BINARY.parent, room).rglob("lib*.a"))
        assert archives, room
        for archive in archives:
            notes = readelf("--notes", file=archive)
            objects = len(re.findall(r"^File: ", notes, re.M))
            assert objects > 0 and len(re.findall(r"x86 feature: IBT, SHSTK", notes)) == objects, archive
