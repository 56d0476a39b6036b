"""The whole of a request to the cloud, byte for byte: tests/vectors/upstream has one file for each generation of the API
and each method.  What differs from call to call (time, nonce, signature) is replaced by its name, and a length by
LENGTH where it follows from them; that those are right is asked elsewhere (test_generations.py, test_back_door.py)."""

import re

import pytest

from harness.upstream import Reply
from harness.world import INSTANCE, REPOSITORY

FILES = REPOSITORY / "tests/vectors/upstream"
DONE = Reply({"Response": {"RequestId": "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d"}})
VARYING = (
    (rb"(?<=[?&]Signature=)[^& ]*", b"SIGNATURE"), (rb"(?<=^Signature=)[^&]*", b"SIGNATURE"),
    (rb"(?<=[?&]Nonce=)\d+", b"NONCE"), (rb"(?<=[?&]Timestamp=)\d+", b"TIME"),
    (rb"(?<=Signature=)[0-9a-f]{64}(?=\r)", b"SIGNATURE"), (rb"(?<=/)\d{4}-\d\d-\d\d(?=/vpc/tc3_request)", b"DATE"),
    (rb"(?<=X-TC-Timestamp: )\d+", b"TIME"), (rb"(?<=countersign-)\d+\.\d+\.\d+(?=-)", b"VERSION"),
)


def steady(received):
    text = received.head + received.body
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    if b"Signature=" in received.body:
        text = re.sub(rb"(?<=Content-Length: )\d+", b"LENGTH", text)
        assert received.headers["content-length"] == str(len(received.body))
    return text


@pytest.mark.parametrize("name, options", [
    ("api2-get", dict(method="GET")), ("api2-post", dict(method="POST")), ("api3-tc3", dict(generation=3)),
    ("api3-get", dict(generation=3, method="GET", signature="HmacSHA256")),
    ("api3-post", dict(generation=3, method="POST", signature="HmacSHA256")),
    ("api3-tc3-token", dict(generation=3, token="temporary")),
])
def test_the_bytes_that_go_to_the_cloud(upstream, start, name, options):
    url = upstream.url
    if options.get("generation") == 3:
        upstream.script(then=DONE)
        url = url.replace("/v2/index.php", "/")
    answer = start(url, **options).delete({"instanceIds": [INSTANCE, "ins-b"]})
    assert answer.status == 202, answer.body
    received, = upstream.seen(1)
    assert steady(received).replace(b"\r\n", b"\n") == (FILES / name).read_bytes(), steady(received)
    assert b"\n" not in received.head.replace(b"\r\n", b"")
