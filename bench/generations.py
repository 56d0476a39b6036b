#!/usr/bin/python3
"""The same requests through two gateways, one before API 2.0 and one before API 3.0 of the sandbox, side by side.

After a release build:  ./bench/generations.py

Prints each request, both statuses and both answers as callers get them, and whether they say the same: the status, the
kind of a refusal, what became of a change, and of a list every member that both generations know (docs/routes.md).  Ends
with 1 when two differ."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from harness.gateway import Gateway, Sandbox, bearer, configure, document  # noqa: E402
from test_generations import ALL, LINES, READ, seen_by_caller  # noqa: E402

WIDTH = 96


def show(label, answer):
    text = answer.body.decode()
    print(f"    {label}  {answer.status}  {text[:WIDTH]}{'...' if len(text) > WIDTH else ''}")


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    processes, gateways, equal = [], [], 0
    for generation, path in ((2, "/v2/index.php"), (3, "/")):
        processes.append(Sandbox())
        here = folder / str(generation)
        here.mkdir()
        file = configure(here, processes[-1].base + path, rules=ALL, services=("vpc", "cvm"), generation=generation)
        gateways.append(Gateway(file))
    for method, path, body in LINES:
        print(f"{method} {path} {document(body).decode() if body else ''}".rstrip())
        answers = [gateway.call(method, path, body and document(body), bearer() if body else READ) for gateway in gateways]
        for label, answer in zip(("2.0", "3.0"), answers):
            show(label, answer)
        same = seen_by_caller(answers[0]) == seen_by_caller(answers[1])
        equal += same
        if not same:
            print("    they differ")
    print(f"{len(LINES)} requests, {equal} with equal results")
    for process in [*gateways, *processes]:
        process.terminate()
    return 0 if equal == len(LINES) else 1


if __name__ == "__main__":
    sys.exit(main())
