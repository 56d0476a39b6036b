"""The vendor's signatures, from its documentation and Python's own hmac.  First that of API 2.0:

Every parameter but Signature; sorted by name in ASCII order; `_` in a name becomes `.` after sorting;
values as they are, not URL-encoded; METHOD, host, path and `?` in front; HMAC-SHA256 where SignatureMethod
says exactly HmacSHA256, else HMAC-SHA1; base64.  test_harness.py holds this against the published vectors."""

import base64
import hashlib
import hmac
import time


def string_to_sign(method, host, path, params):
    pairs = sorted((name, value) for name, value in params.items() if name != "Signature")
    return f"{method}{host}{path}?" + "&".join(f"{name.replace('_', '.')}={value}" for name, value in pairs)


def signature(method, host, path, params, key):
    digest = hashlib.sha256 if params.get("SignatureMethod") == "HmacSHA256" else hashlib.sha1
    text = string_to_sign(method, host, path, params)
    return base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()


def query3_string(method, host, params):
    """API 3.0's query signature: the same with the path "/", and `_` in names left alone."""
    pairs = sorted((name, value) for name, value in params.items() if name != "Signature")
    return f"{method}{host}/?" + "&".join(f"{name}={value}" for name, value in pairs)


def query3(method, host, params, key):
    digest = hashlib.sha256 if params.get("SignatureMethod") == "HmacSHA256" else hashlib.sha1
    return base64.b64encode(hmac.new(key.encode(), query3_string(method, host, params).encode(), digest).digest()).decode()


def tc3(received, secret_id, key, service):
    """The Authorization that TC3-HMAC-SHA256 demands for exactly these received bytes, with the headers signed that it
    says it signed."""
    headers = received.headers
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    signed = "".join(f"{name}:{headers[name].lower()}\n" for name in names.split(";"))
    path, _, query = received.target.partition("?")
    canonical = "\n".join([received.method, path, query, signed, names, hashlib.sha256(received.body).hexdigest()])
    date = time.strftime("%Y-%m-%d", time.gmtime(int(headers["x-tc-timestamp"])))
    scope = f"{date}/{service}/tc3_request"
    string = "\n".join(["TC3-HMAC-SHA256", headers["x-tc-timestamp"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    proof = f"TC3{key}".encode()
    for part in (date, service, "tc3_request", string):
        proof = hmac.new(proof, part.encode(), hashlib.sha256).digest()
    return (f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={proof.hex()}")
