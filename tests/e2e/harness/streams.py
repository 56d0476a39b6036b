"""Streams of bytes for the gateway, good and mutated: each is one connection of one party, and stream(seed, number) is
always the same.

Victims send good requests; one size of them is known, so that attackers can send what ends within what a victim left
behind.  Attackers have a token of their own, or none, and try everything else.  Every request text names a VPC that
no other has: what was executed tells which text it came from."""

import random
from dataclasses import dataclass

VICTIMS = [f"streams-victim-{n}-of-the-company" for n in range(4)]
ATTACKERS = [f"streams-attacker-{n}-of-the-company" for n in range(2)]
INSTANCE = "ins-df454d"
VICTIM_SIZE = 400               # bytes of each request in a victim's pair


@dataclass(frozen=True)
class Stream:
    number: int
    family: str
    data: bytes
    pieces: tuple               # the same data as it is sent
    hold: bool                  # the sending side stays open for a moment


class Writer:
    """Requests as text; the parts are lists of lines until they are joined, so that mutations can get at them."""

    def __init__(self, chance, number):
        self.chance, self.number, self.count = chance, number, 0

    def vpc(self):
        self.count += 1
        return f"vpc-{self.number:07x}{self.count:02x}"

    def request(self, token, chunked=None):
        """[request line, field line, ...], body."""
        chance, vpc = self.chance, self.vpc()
        kind = chance.randrange(6)
        body, target = b"", f"/vpcs/{vpc}/classiclinks"
        method = ("GET", "DELETE", "DELETE", "DELETE", "POST", "GET")[kind]
        if kind == 1:
            target += f"/{INSTANCE}"
        elif kind == 2:
            target += f"?instanceIds={INSTANCE}"
        elif kind in (3, 4):
            body = b'{"instanceIds":["%s"]}' % INSTANCE.encode()
        elif kind == 5:
            target += "?offset=1&limit=20"
        lines = [f"{method} {target} HTTP/1.1", "Host: gateway.example"]
        more = [f"X-Request-Id: s{self.number}n{self.count}"]
        if token is not None:
            more.append(f"Authorization: Bearer {token}")
        more += ["X-Pad: " + "p" * chance.randrange(200)] * (chance.random() < 0.3)
        more += [chance.choice(["Accept: */*", "User-Agent: streams/1", "Accept-Encoding: gzip", "Connection: keep-alive"])]
        if body:
            more.append("Content-Type: application/json")
            if chance.random() < 0.3 if chunked is None else chunked:
                more.append("Transfer-Encoding: chunked")
                body = self.chunks(body)
            else:
                more.append(f"Content-Length: {len(body)}")
        chance.shuffle(more)
        return [line.encode() for line in lines + more], body

    def chunks(self, body):
        chance, text = self.chance, b""
        while body:
            size = chance.randrange(1, len(body) + 1)
            text += b"%x%s\r\n%s\r\n" % (size, chance.choice([b"", b"", b";a", b";a=b", b' ; a="b;c"']), body[:size])
            body = body[size:]
        return text + chance.choice([b"0\r\n\r\n", b"0\r\n\r\n", b"000\r\nX-Trailer: a\r\n\r\n"])

    def victim(self, token):
        """A read or a change without a body, of VICTIM_SIZE bytes; its token stands near the end."""
        method, tail = self.chance.choice([("GET", ""), ("DELETE", f"/{INSTANCE}")])
        head = (f"{method} /vpcs/{self.vpc()}/classiclinks{tail} HTTP/1.1\r\nHost: gateway.example\r\n"
                f"User-Agent: a-good-client/1.0 (of the company)\r\nAccept: application/json\r\nX-Pad: ")
        rest = f"\r\nAuthorization: Bearer {token}\r\n\r\n"
        return (head + "v" * (VICTIM_SIZE - len(head) - len(rest)) + rest).encode()


def join(lines, body=b""):
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# ---- what attackers send: each takes a Writer and a token, and gives bytes ----

def plain(writer, token):
    return b"".join(join(*writer.request(token)) for _ in range(writer.chance.randrange(1, 5)))


def leftover(writer, token):
    """No end, and as long as what a victim left behind, with a little more: an earlier connection's bytes would go on
    where ours stop."""
    chance = writer.chance
    method, tail = chance.choice([("DELETE", f"/{INSTANCE}"), ("GET", ""), ("DELETE", f"?instanceIds={INSTANCE}")])
    lead = chance.choice([b"\r\n\r\n", b"\r\n\r\n", b"\r\n\r\n", b"\r\n", b"\r\n\r\n\r\n", b"\n\n", b"", b" \r\n\r\n"])
    head = lead + f"{method} /vpcs/{writer.vpc()}/classiclinks{tail} HTTP/1.1\r\nHost: l\r\nX: ".encode()
    size = chance.choice([VICTIM_SIZE + chance.randrange(0, 340), VICTIM_SIZE + 80, chance.randrange(100, 900)])
    return head + b"x" * max(0, size - len(head))


def lf_end(writer, token):
    """As long as a victim's request, but its last line ends in LF LF; what stood there before was CR LF."""
    lines, _ = writer.request(token, chunked=False)
    lines = [line for line in lines if not line.startswith((b"Content-", b"X-Pad"))]
    text = b"\r\n".join(lines) + b"\r\nX-Pad: "
    text += b"x" * max(0, VICTIM_SIZE - len(text) - 2) + b"\n\n"
    return text + writer.chance.choice([b"", b"", b"\r\0", b"\n"])


def line_ends(writer, token):
    text, chance = plain(writer, token), writer.chance
    other = chance.choice([b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n\r\n", b"\0\r\n", b" \r\n", b"\x0b", b"\x85"])
    parts = text.split(b"\r\n")
    at = chance.randrange(len(parts))
    every = chance.random() < 0.3
    return b"".join(part + (other if every or n == at else b"\r\n") for n, part in enumerate(parts[:-1])) + parts[-1]


def bytes_changed(writer, token):
    text, chance = bytearray(plain(writer, token)), writer.chance
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(text))
        kind = chance.randrange(4)
        if kind == 0:
            text[at:at] = bytes([chance.choice(b"\0\t\r\n\x7f\x80\xff :;,\x0b\x0c\x1b")])
        elif kind == 1:
            text[at] = chance.randrange(256)
        elif kind == 2:
            del text[at:at + chance.choice([1, 1, 2, 8])]
        else:
            text[at:at] = text[at:at + chance.randrange(1, 60)]
    return bytes(text)


def truncated(writer, token):
    text = plain(writer, token)
    return text[:writer.chance.randrange(len(text))]


ODD_LINES = [
    b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: +5", b"Content-Length: 0x5", b"Content-Length: 5, 5",
    b"Content-Length: -1", b"Content-Length: 18446744073709551617", b"Content-Length : 5", b"Content-Length:\t5",
    b"Content_Length: 5", b"Content-Length:", b" Content-Length: 5", b"\tX: y", b"Content\0Length: 5", b"content-length: 5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding:chunked ",
    b"Transfer-Encoding : chunked", b"Transfer_Encoding: chunked", b"transfer-encoding: Chunked", b"Transfer-Encoding:",
    b"X: y\r\n Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\0", b"Transfer Encoding: chunked",
    b"Host: other.example", b"Host:", b"Host: a b", b"Host: a/b", b"Host: a@b", b"hOST: gateway.example", b"Host : a",
    b"Authorization: Bearer %s" % VICTIMS[0][:-1].encode(), b"Authorization: Basic YTpi", b"authorization:",
    b"Connection: close", b"Connection: close, keep-alive", b"Connection: Authorization", b"Connection: upgrade",
    b"Upgrade: h2c", b"Upgrade: websocket", b"Expect: 100-continue", b"Expect: 200-ok", b"TE: trailers", b"Trailer: X",
    b"no colon at all", b": no name", b"X-\xc3\xa4: y", b"X: \xc3\xa4", b"X: a\rb", b"X: a\nb", b"X: a\0b", b"X:",
    b"X-Big: " + b"b" * 9000, b"X-Big: " + b"b" * 17000, b"X-Request-Id: twice", b"X-HTTP-Method-Override: DELETE",
]


def odd_lines(writer, token):
    """One or two field lines that some server somewhere reads in another way; a whole request behind, or inside."""
    chance, text = writer.chance, b""
    for _ in range(chance.choice([1, 1, 2])):
        lines, body = writer.request(token)
        for _ in range(chance.choice([1, 1, 2])):
            lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(ODD_LINES))
        inner = join(*writer.request(token)) if chance.random() < 0.5 else b""
        text += join(lines, chance.choice([body, inner, body + inner, b"0\r\n\r\n" + inner]))
    return text


def lengths(writer, token):
    """A length that is a little wrong, around a body that is a whole request."""
    chance = writer.chance
    lines, _ = writer.request(token, chunked=False)
    inner = join(*writer.request(token))
    lines = [line for line in lines if not line.lower().startswith(b"content-length")]
    lines.append(b"Content-Length: %d" % max(0, len(inner) + chance.choice([0, 0, -1, 1, -2, 2, 100, -len(inner), 70000])))
    return join(lines, inner) + join(*writer.request(token))


def codings(writer, token):
    """Chunked, with one thing wrong, and a request behind it."""
    chance = writer.chance
    lines, _ = writer.request(token, chunked=False)
    lines = [line for line in lines if not line.lower().startswith(b"content-length")] + [b"Transfer-Encoding: chunked"]
    body = b'{"instanceIds":["%s"]}' % INSTANCE.encode()
    size = b"%x" % len(body)
    text = chance.choice([
        size + b"\r\n" + body + b"\r\n0\r\n\r\n", b"0" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        b"+" + size + b"\r\n" + body + b"\r\n0\r\n\r\n", b"0x" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        size + b" \r\n" + body + b"\r\n0\r\n\r\n", b" " + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        size + b"\n" + body + b"\n0\n\n", size + b"\r\n" + body + b"0\r\n\r\n", size + b"\r\n" + body + b"\r\n0\r\n",
        size + b";\r\n" + body + b"\r\n0\r\n\r\n", size + b";a=\"\r\n\"\r\n" + body + b"\r\n0\r\n\r\n",
        size + b";" + b"e" * 9000 + b"\r\n" + body + b"\r\n0\r\n\r\n", size + b"\r\n" + body + b"\r\n0\r\nX: y\r\n\r\n",
        size + b"\r\n" + body + b"\r\n0\r\nContent-Length: 9\r\n\r\n", size + b"\r\n" + body + b"\r\n-0\r\n\r\n",
        b"fffffffffffffff" + size + b"\r\n" + body + b"\r\n0\r\n\r\n", b"\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        size + b"\0\r\n" + body + b"\r\n0\r\n\r\n", b"g\r\n" + body + b"\r\n0\r\n\r\n", b"0\r\n\r\n", b"",
        size + b"\r\n" + body + b"\r\n0\r\nAuthorization: Bearer " + VICTIMS[0].encode()[:-1] + b"\r\n\r\n",
    ])
    return join(lines, text) + join(*writer.request(token))


LINES = [
    (b" HTTP/1.1", b" HTTP/1.0"), (b" HTTP/1.1", b" HTTP/1.2"), (b" HTTP/1.1", b" HTTP/2.0"), (b" HTTP/1.1", b" http/1.1"),
    (b" HTTP/1.1", b""), (b" HTTP/1.1", b" HTTP/1.1 "), (b" HTTP/1.1", b"  HTTP/1.1"), (b" HTTP/1.1", b"\tHTTP/1.1"),
    (b" /", b"  /"), (b" /", b" http://gateway.example/"), (b" /", b" http://other.example/"), (b" /", b" //"),
    (b" /", b" "), (b" /vpcs", b" /vpcs/../vpcs"), (b" /vpcs", b" /%76pcs"), (b"classiclinks", b"classiclinks#"),
    (b"classiclinks", b"classiclinks%00"), (b"classiclinks", b"classiclinks\xc3\xa4"), (b"DELETE", b"delete"), (b"GET", b"HEAD"),
    (b"DELETE", b"DELETE\0"), (b"GET", b"GET\r\n"), (b"GET", b"OPTIONS"), (b"GET", b" GET"), (b"DELETE", b"\r\n\r\nDELETE"),
]


def request_lines(writer, token):
    text, chance = plain(writer, token), writer.chance
    old, new = chance.choice(LINES)
    return text.replace(old, new, chance.choice([1, 1, -1]))


def inside(writer, token):
    """A whole request as the body of one that is refused, or has no business to have one."""
    chance = writer.chance
    lines, _ = writer.request(token, chunked=False)
    inner = join(*writer.request(token))
    lines = [line for line in lines if not line.lower().startswith(b"content-length")] + [b"Content-Length: %d" % len(inner)]
    if chance.random() < 0.5:
        lines = [line for line in lines if not line.startswith(b"Authorization")]
    return join(lines, inner) + join(*writer.request(token))


def garbage(writer, token):
    chance = writer.chance
    return chance.randbytes(chance.randrange(1, 300)) + chance.choice([b"", b"\r\n\r\n", plain(writer, token)])


FAMILIES = [(plain, 3), (leftover, 4), (lf_end, 2), (line_ends, 3), (bytes_changed, 5), (truncated, 2), (odd_lines, 6),
            (lengths, 2), (codings, 3), (request_lines, 3), (inside, 2), (garbage, 1)]
DRAWN = [family for family, times in FAMILIES for _ in range(times)]


def cut(chance, data):
    """As one segment mostly, sometimes as several, which may end at any byte."""
    if chance.random() < 0.7 or len(data) < 2:
        return (data,)
    ends = sorted({chance.randrange(1, len(data)) for _ in range(chance.choice([1, 1, 2, 4]))})
    return tuple(data[a:b] for a, b in zip([0, *ends], [*ends, len(data)]))


def stream(seed, number):
    chance = random.Random(seed * 1_000_003 + number)
    writer = Writer(chance, number)
    if chance.random() < 0.35:
        token = chance.choice(VICTIMS)
        data = b"".join(writer.victim(token) for _ in range(2))
        return Stream(number, "victim", data, (data,), False)
    family = chance.choice(DRAWN)
    data = family(writer, chance.choice([*ATTACKERS, None]))
    return Stream(number, family.__name__, data, cut(chance, data), chance.random() < 0.02)
