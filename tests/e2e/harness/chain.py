"""A second, naive reading of audit files: hashlib and hmac, nothing of ours."""

import hashlib
import hmac
import json

ZEROS = "0" * 64


def records(*paths, key=None, prev=None, seq=0):
    """Every record of the files, oldest first.  AssertionError where the chain does not hold.  A line that is no
    record has to be explained by the one behind it, or be the last."""
    found, torn = [], b""
    for path in paths:
        torn = b""
        for line in path.read_bytes().splitlines(keepends=True):
            record = parse(line)
            if record is None:
                torn += line
                continue
            text = line.rstrip(b"\n")
            assert record["hash"] == hashlib.sha256(text[:text.rindex(b',"hash":"')]).hexdigest(), (path, record)
            assert prev is None or (record["prev"], record["seq"]) == (prev, seq + 1), (path, record)
            if torn or "torn" in record:
                assert record["torn"] == {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}, path
                assert record["audit"] == "open"
            if key is not None and record["audit"] == "seal":
                sealed = text[:text.rindex(b',"hmac":"')]
                assert record["hmac"] == hmac.new(key.encode(), sealed, hashlib.sha256).hexdigest(), record
            found.append(record)
            prev, seq, torn = record["hash"], record["seq"], b""
    return found


def parse(line):
    try:
        record = json.loads(line)
        return record if isinstance(record, dict) and "hash" in record else None
    except ValueError:
        return None


def changes(found):
    """Intents with their outcomes, None where there is none, by instance."""
    outcomes = {record["of"]: record for record in found if record["audit"] == "outcome"}
    intents = [record for record in found if record["audit"] == "intent"]
    assert len(outcomes) == sum(record["audit"] == "outcome" for record in found), "two outcomes of one change"
    return [(record, outcomes.get(record["seq"])) for record in intents]
