"""The vendor's signature (API 2.0), from its documentation and Python's own hmac.

Every parameter but Signature; sorted by name in ASCII order; `_` in a name becomes `.` after sorting;
values as they are, not URL-encoded; METHOD, host, path and `?` in front; HMAC-SHA256 where SignatureMethod
says exactly HmacSHA256, else HMAC-SHA1; base64.  test_harness.py holds this against the published vectors."""

import base64
import hashlib
import hmac


def string_to_sign(method, host, path, params):
    pairs = sorted((name, value) for name, value in params.items() if name != "Signature")
    return f"{method}{host}{path}?" + "&".join(f"{name.replace('_', '.')}={value}" for name, value in pairs)


def signature(method, host, path, params, key):
    digest = hashlib.sha256 if params.get("SignatureMethod") == "HmacSHA256" else hashlib.sha1
    text = string_to_sign(method, host, path, params)
    return base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()
