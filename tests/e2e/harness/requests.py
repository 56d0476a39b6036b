"""The table of raw requests, tests/vectors/http/requests.tsv, as bytes."""

import re
from dataclasses import dataclass

from .gateway import TOKEN
from .world import INSTANCE, REPOSITORY, VPC

TABLE = REPOSITORY / "tests/vectors/http/requests.tsv"
PATH = f"/vpcs/{VPC}/classiclinks"
BODY = '{"instanceIds":["%s"]}' % INSTANCE
PARTS = {
    "P": PATH,
    "L": f"DELETE {PATH} HTTP/1.1\r\n",
    "H": "Host: h\r\n",
    "A": f"Authorization: Bearer {TOKEN}\r\n",
    "T": "Content-Type: application/json\r\n",
    "N": f"Content-Length: {len(BODY)}\r\n",
    "B": BODY,
    "chunk": f"{len(BODY):x}\r\n{BODY}\r\n",
}


@dataclass(frozen=True)
class Case:
    section: str
    statuses: frozenset
    ends: bool              # the connection does, after the answer
    name: str
    data: bytes

    def __str__(self):
        return f"RFC {self.section if ' ' in self.section else '9112 ' + self.section}: {self.name}"


def expand(match):
    word = match.group(1)
    if word.isdigit():
        return "a" * int(word)
    if word.startswith("lines:"):
        return "".join(f"X-{i}: 1\r\n" for i in range(int(word[6:])))
    return PARTS[word]


def raw(text):
    plain = re.sub(r"<(\d+|lines:\d+|chunk|[A-Z])>", expand, text.encode("ascii").decode("unicode_escape"))
    return plain.encode("latin-1")


def cases():
    for line in TABLE.read_text().splitlines():
        if line.startswith("#"):
            continue
        section, expected, name, text = line.split("\t")
        stays = expected.startswith("2") and not expected.endswith("!")
        yield Case(section, frozenset(map(int, expected.rstrip("!").split(","))), not stays, name, raw(text))


GOOD = raw("<L><H><A><T>X-Request-Id: behind\r\n<N>\r\n<B>")
