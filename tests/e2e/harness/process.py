"""A child process whose lines can be waited for, and which never outlives the suite."""

import os
import signal
import subprocess
import threading
import time

from .world import BINARY, PATIENCE, SLOW

# What a sanitizer prints when it has found something; a test that passes over one of these has not passed.
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def binary():
    assert BINARY.is_file(), f"no gateway at {BINARY}: build it first, or set COUNTERSIGN"
    return str(BINARY)


def environment(**extra):
    """Ours without proxies, which must not matter, and without a credential directory, which would."""
    kept = {key: value for key, value in os.environ.items()
            if not key.lower().endswith("_proxy") and key != "CREDENTIALS_DIRECTORY"}
    return {**kept, **{key: str(value) for key, value in extra.items()}}


def shim(name, **more):
    """environment(), with a library of tests/shim in front of the C library."""
    file = BINARY.parent / f"shim/libshim_{name}.so"
    assert file.is_file(), f"no {file}: it is built with the tests"
    options = os.environ.get("ASAN_OPTIONS", "")
    return environment(LD_PRELOAD=file, ASAN_OPTIONS=f"{options}:verify_asan_link_order=0", **more)


def run(*arguments, stdin="", env=None, cwd=None, within=6 * PATIENCE, program=None):
    """One command from start to end, of the gateway or of another program."""
    done = subprocess.run([str(program or binary()), *map(str, arguments)], input=stdin, env=env or environment(), cwd=cwd,
                          capture_output=True, text=True, timeout=within)
    assert not any(mark in done.stderr for mark in REPORTS), done.stderr
    return done


class Process:
    """A running command.  Each stream is a growing list of lines that a thread fills."""

    def __init__(self, *arguments, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name = " ".join(map(str, arguments[:3]))
        self.started = time.monotonic()
        self.child = subprocess.Popen(self.command(arguments), env=env or environment(), cwd=cwd,
                                      stdin=stdin, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
        self.stdout, self.stderr = [], []
        self.grown = threading.Condition()
        self.pumps = [threading.Thread(target=self._pump, args=ends, daemon=True)
                      for ends in ((self.child.stdout, self.stdout), (self.child.stderr, self.stderr))]
        for pump in self.pumps:
            pump.start()

    def command(self, arguments):
        """What is run; a test that wants something around it says so here."""
        return [binary(), *map(str, arguments)]

    def _pump(self, stream, lines):
        for line in stream:
            with self.grown:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.grown.notify_all()
        with self.grown:
            self.grown.notify_all()

    def line(self, lines, wanted, within=PATIENCE):
        """The first line for which wanted(line) is true; waits for it."""
        deadline = time.monotonic() + within
        seen = 0
        with self.grown:
            while True:
                for line in lines[seen:]:
                    if wanted(line):
                        return line
                seen = len(lines)
                left = deadline - time.monotonic()
                dead = not any(pump.is_alive() for pump in self.pumps) and self.child.poll() is not None
                if left <= 0 or dead:
                    raise AssertionError(f"{self.name}: the line never came\n{self.story()}")
                self.grown.wait(min(left, 0.1))

    def signal(self, number):
        if self.child.poll() is None:
            self.child.send_signal(number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def kill(self):
        """Nothing is left of it, whatever it was at; one that has ended is left alone."""
        if self.child.poll() is None:
            self.signal(signal.SIGKILL)
            self.wait()

    def wait(self, within=PATIENCE):
        """The exit status; a child that does not end is killed and told on."""
        try:
            status = self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.name}: still there after {within:.0f} s\n{self.story()}") from None
        for pump in self.pumps:
            pump.join(PATIENCE)
        for stream in (self.child.stdout, self.child.stderr):
            stream.close()
        return status

    def story(self):
        return "\n".join(["stdout:", *self.stdout[-20:], "stderr:", *self.stderr[-60:]])

    def clean(self):
        """No sanitizer has said anything."""
        found = [line for line in self.stderr if any(mark in line for mark in REPORTS)]
        assert not found, self.story()


class Reaper:
    """Asks processes to end when a test is done with them, and looks at how they did when all tests are.

    A draining gateway takes a second or two; waiting for each in turn would be most of the suite's time."""

    def __init__(self):
        self.asked = []

    def ask(self, process):
        process.terminate()
        self.asked.append(process)

    def collect(self):
        complaints = []
        deadline = time.monotonic() + 15 * SLOW
        for process in self.asked:
            try:
                status = process.wait(max(1.0, deadline - time.monotonic()))
                process.clean()
                assert status == 0, f"{process.name} ended with {status}\n{process.story()}"
            except AssertionError as complaint:
                complaints.append(str(complaint))
        assert not complaints, "\n\n".join(complaints)
