"""What one connection's bytes mean to a strict server, by RFC 9112 and RFC 9110 alone.

read(stream) gives the requests that may be executed, in order, and why nothing behind them may: a server may refuse
any of them, and more than RFC 9112 asks for; it may never execute anything else, nor with a token of anybody else.
Where the RFC leaves a choice, the strict one is taken: a bare LF ends no line, a length stands once, and a field name
that becomes one of the framing fields without its punctuation is no field."""

import re
import urllib.parse
from dataclasses import dataclass

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"                                # RFC 9110 5.6.2
REQUEST_LINE = re.compile(rb"(%s) ([!-~]+) HTTP/(1\.[01])" % TOKEN)     # RFC 9112 3
FIELD = re.compile(rb"(%s):[ \t]*((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*" % TOKEN)   # 5
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[0-9A-Za-z\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")  # 7.2
BEARER = re.compile(rb"bearer +([0-9A-Za-z\-._~+/]+=*)", re.I)          # RFC 6750 2.1, RFC 9110 11.4
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'          # RFC 9110 5.6.4
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?)*)" % (TOKEN, TOKEN, QUOTED))
FRAMING = {b"contentlength", b"transferencoding"}


class Ended(Exception):
    """Nothing behind this may be read as a request; `token` is that of a message whose head was good."""

    token = None


class Malformed(Ended):
    """Whoever sent this may mean anything."""


class Partial(Ended):
    """The end of the stream came before that of a message."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    version: str
    fields: tuple
    token: object           # of the one Authorization field with the scheme Bearer, or None
    body: bytes

    def segments(self):
        """The path's, decoded."""
        return [urllib.parse.unquote(part) for part in self.target.partition("?")[0].split("/")[1:]]


@dataclass(frozen=True)
class Reading:
    requests: tuple
    end: str                # "clean", "closed" (by a request), "partial", "malformed"
    why: str = ""
    token: object = None    # of a message with a good head and no whole body: it may be refused by name

    @property
    def answers(self):
        """So many final answers at most: one more where a server may say why it goes on no further."""
        return len(self.requests) + (self.end in ("partial", "malformed"))


def read(stream):
    requests, at = [], 0
    while True:
        begin = at
        while stream.startswith(b"\r\n", at):           # RFC 9112 2.2: before a request line, one at least
            at += 2
        if at == len(stream):
            return Reading(tuple(requests), "clean" if at - begin <= 2 else "partial")
        try:
            request, at, goes_on = message(stream, at)
        except Ended as reason:
            end = "malformed" if isinstance(reason, Malformed) else "partial"
            return Reading(tuple(requests), end, str(reason), reason.token)
        requests.append(request)
        if not goes_on:
            return Reading(tuple(requests), "closed")


def line(stream, at):
    """The line that begins there, and where the next one does."""
    end = stream.find(b"\r\n", at)
    if end < 0:
        raise Partial
    return stream[at:end], end + 2


def message(stream, at):
    first, at = line(stream, at)
    matched = REQUEST_LINE.fullmatch(first)
    if not matched:
        raise Malformed(f"request line {first[:80]!r}")
    method, target, version = (part.decode("ascii") for part in matched.groups())
    fields, at = field_lines(stream, at)
    target = origin(target, one(fields, b"host", required=version == "1.1"))
    length = framing(fields, version)
    authorizations = values(fields, b"authorization")
    bearer = BEARER.fullmatch(authorizations[0]) if len(authorizations) == 1 else None
    token = bearer and bearer.group(1).decode("ascii")
    try:
        body, at = chunks(stream, at) if length is None else take(stream, at, length)
    except Ended as reason:
        reason.token = token
        raise
    return Request(method, target, version, tuple(fields), token, body), at, persists(fields, version)


def field_lines(stream, at):
    fields = []
    while True:
        text, at = line(stream, at)
        if not text:
            return fields, at
        matched = FIELD.fullmatch(text)
        if not matched:
            raise Malformed(f"field line {text[:80]!r}")
        name = matched.group(1).lower()
        if name not in (b"content-length", b"transfer-encoding") and re.sub(rb"[^0-9a-z]", b"", name) in FRAMING:
            raise Malformed(f"field name {name!r}")
        fields.append((name, matched.group(2)))


def values(fields, name):
    return [value for other, value in fields if other == name]


def one(fields, name, required=False):
    found = values(fields, name)
    if len(found) > 1 or (required and not found):
        raise Malformed(f"{len(found)} of {name.decode()}")
    return found[0] if found else None


def origin(target, host):
    """The path and query.  RFC 9112 3.2: absolute-form names the host, too, and then it is the same."""
    if host is not None and not HOST.fullmatch(host):
        raise Malformed(f"host {host!r}")
    absolute = re.fullmatch(r"(?i:http)://([^/?#]*)(.*)", target)
    if absolute:
        if host is None or absolute.group(1).encode().lower() != host.lower():
            raise Malformed("two hosts")
        target = absolute.group(2) if absolute.group(2).startswith("/") else "/" + absolute.group(2)
    if not (target.startswith("/") or target == "*") or "#" in target:
        raise Malformed(f"target {target!r}")
    return target


def framing(fields, version):
    """The body's length, or None: it is chunked.  RFC 9112 6.3."""
    length, coding = one(fields, b"content-length"), one(fields, b"transfer-encoding")
    if coding is not None:
        if length is not None or version != "1.1" or coding.lower() != b"chunked":
            raise Malformed(f"transfer coding {coding!r}")
        return None
    if length is not None and not re.fullmatch(rb"[0-9]{1,18}", length):
        raise Malformed(f"length {length!r}")
    return int(length or 0)


def take(stream, at, length):
    if len(stream) - at < length:
        raise Partial
    return stream[at:at + length], at + length


def chunks(stream, at):
    """RFC 9112 7.1; trailer fields are fields, and mean nothing."""
    body = b""
    while True:
        text, at = line(stream, at)
        matched = CHUNK.fullmatch(text)
        if not matched:
            raise Malformed(f"chunk {text[:40]!r}")
        size = int(matched.group(1), 16)
        if size == 0:
            return body, field_lines(stream, at)[1]
        part, at = take(stream, at, size)
        body += part
        end, at = take(stream, at, 2)
        if end != b"\r\n":
            raise Malformed("a chunk's end")


def persists(fields, version):
    """RFC 9112 9.3."""
    options = {option.strip().lower() for value in values(fields, b"connection") for option in value.split(b",")}
    return b"close" not in options and (version == "1.1" or b"keep-alive" in options)
