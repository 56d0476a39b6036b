"""Our reader of JSON and Python's, on the same texts: those that are written down by hand, and those that fuzzing found.
jansson is held against ours by tests/fuzz/json_value.c."""

import json
import random
import re
import subprocess

import pytest

from harness.world import BINARY, PATIENCE, REPOSITORY

READER = BINARY.parent / "tests/json_values"
VECTORS = REPOSITORY / "tests/vectors/json"
CORPORA = [REPOSITORY / "tests/fuzz/corpus" / name for name in ("json_value", "answer")]
DEEPEST = 512


def decoded(text):
    return re.sub(rb"%([0-9A-F]{2})", lambda hexadecimal: bytes([int(hexadecimal[1], 16)]), text)


def written():
    """(why, bytes, whether it is JSON)"""
    for name, good in (("good", True), ("bad", False)):
        for line in (VECTORS / f"{name}.tsv").read_bytes().split(b"\n"):
            if line and not line.startswith(b"#"):
                why, _, text = line.partition(b"\t")
                yield f"{name}: {why.decode()}", decoded(text), good


def refuse(word):
    raise ValueError(word)      # NaN, Infinity: Python has them, RFC 8259 has not


def pythons(text):
    """What Python reads, with each number in its own digits and each key as often as it is there; None: no JSON."""
    try:
        return [json.loads(text.decode("utf-8"), parse_constant=refuse, parse_int=lambda digits: ("number", digits),
                           parse_float=lambda digits: ("number", digits), object_pairs_hook=lambda pairs: ("object", pairs))]
    except ValueError:
        return None


def depth(text):
    deepest = now = 0
    for token in re.findall(rb'"(?:[^"\\]|\\.)*"|[][{}]', text, re.S):
        now += token in (b"[", b"{")
        deepest = max(deepest, now)
        now -= token in (b"]", b"}")
    return deepest


def ours(folder, texts):
    """For each text what our reader puts together again, or None."""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / str(number))
        files[-1].write_bytes(text)
    assert READER.is_file(), f"no {READER}: it is built with the tests"
    said = subprocess.run([READER, *files], capture_output=True, check=True, timeout=6 * PATIENCE).stdout
    lines = said.split(b"\n")[:-1]
    for text in texts:          # blanks of a text are gone, but a line feed in a value there is none
        line = lines.pop(0)
        yield text, line[4:] if line.startswith(b"yes ") else None
    assert not lines


def test_what_is_written_down(tmp_path):
    rows = list(written())
    assert len(rows) > 150
    for (why, text, good), (_, read) in zip(rows, ours(tmp_path, [text for _, text, _ in rows])):
        assert (read is not None) == good == (pythons(text) is not None), why
        assert not good or pythons(read) == pythons(text), why


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_what_fuzzing_found(tmp_path, corpus):
    texts = [path.read_bytes() for path in sorted(corpus.iterdir())]
    assert len(texts) > 100
    for text, read in ours(tmp_path, texts):
        if depth(text) > DEEPEST:
            assert read is None, text
            continue
        python = pythons(text)
        assert (read is None) == (python is None), text
        assert read is None or pythons(read) == python, text


def test_numbers_at_random(tmp_path):
    """Every way to write a number, and what is none, by Python."""
    chance = random.Random(20261128)
    texts = ["".join(chance.choices("0123456789-+.eE", k=chance.randrange(1, 9))).encode() for _ in range(3000)]
    goods = 0
    for text, read in ours(tmp_path, texts):
        goods += read is not None
        assert read == (None if pythons(text) is None else text), text
    assert 100 < goods < 2900
