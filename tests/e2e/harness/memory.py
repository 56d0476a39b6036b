"""Memory that is out: an allocation of the program fails, once.  Which one, tests/shim/places.c is told by a page that
this shares with it.

countersign_failing is the program with that shim in it, so that what is taken of an arena fails, too."""

import mmap
import os
import struct
import zlib

from .process import environment
from .world import BINARY

EVERY = int(os.environ.get("COUNTERSIGN_MEMORY", "16"))     # one place in so many; 1: all of them
MOST = 5000                                                 # runs of one walk
PLACES = 32768
FAILING = BINARY.parent / "tests/countersign_failing"


def few(factor):
    """For what takes long: one place in so many times EVERY, but all where all are asked for."""
    return 1 if EVERY == 1 else factor * EVERY


class Memory:
    """The page, in a file of `folder`."""

    COUNTDOWN, CALLS, FRESH, EVERY, SEEN = 0, 8, 24, 32, 48

    def __init__(self, folder):
        self.file = folder / "memory"
        size = self.SEEN + 8 * PLACES
        self.file.write_bytes(bytes(size))
        with open(self.file, "r+b") as opened:
            self.map = mmap.mmap(opened.fileno(), size)

    def fail(self, countdown):
        """The countdown-th allocation from now on; 0: none."""
        struct.pack_into("qqqq", self.map, self.COUNTDOWN, countdown, 0, 0, 0)

    def look(self):
        """(calls, failures) since fail()."""
        return struct.unpack_from("qq", self.map, self.CALLS)

    def walk(self, name, what="memory", every=EVERY, most=MOST):
        """Numbers runs: in each, the first allocation fails whose place has not failed yet, or the first of the `calls` to
        the system and libraries; the last run has no failure.  Of the places it is one in `every`, and those of another
        `name` are others."""
        struct.pack_into("qq", self.map, self.EVERY, every, zlib.crc32(name.encode()))
        for number in range(most):
            self.fail(0)
            struct.pack_into("q", self.map, self.FRESH, {"memory": 1, "calls": 2}[what])
            yield number
            if self.look()[1] == 0:
                self.fail(0)
                return
            self.fail(0)
        raise AssertionError(f"{name}: {most} runs, and there are still new places")

    def environment(self, **more):
        return environment(SHIM_MEMORY=self.file, **more)
