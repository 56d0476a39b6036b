"""What an answer only carries comes out in the cloud's own bytes: 1,000 random documents on each way that an answer
can take, sizes up to the largest, and what they cost."""

import json
import pathlib
import random
import re

import pytest

from harness.expect import problem
from harness.gateway import POLICY, TOKEN, Client, Gateway, bearer, configure, document
from harness.upstream import Reply
from harness.world import SLOW, VPC, eventually

ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
READ = {"Authorization": f"Bearer {TOKEN}"}
LINKS = f"/vpcs/{VPC}/classiclinks"
MIB = 1 << 20
DOCUMENTS = 1000
TOGETHER = 20               # documents of one answer

# ---- documents of every shape that RFC 8259 has ----

NUMBERS = ("0", "-0", "7", "-7", "0.1", "0.07", "-0.0", "1.000", "1e400", "1E-400", "-12.50E+07", "1e0003",
           "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
           "3.141592653589793238462643383279", "123456789012345678901234567890")
PIECES = ("a", "é", "身份", "😀", "\u2028", "\x7f", " ", "/", r"\/", r"\"", r"\\", r"\b", r"\f", r"\n", r"\r", r"\t",
          r"\u0000", r"\u001f", r"\u0041", r"\u00E9", r"\ud83d\ude00", r"\ud83d", r"\ude00", r"\uDE00\uD83D", "[", "}", ",", ":")
BLANKS = ("", "", "", " ", "\n", "\t", "\r\n  ")
KEYS = ('"k"', '"k"', r'"\u006b"', '"x"', '""', r'"\ud800"', r'"\u0000"', '"Vpc Id"', '"code"', '"status"', '"Error"')


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def string(self):
        return '"' + "".join(self.random.choices(PIECES, k=self.random.randrange(6))) + '"'

    def number(self):
        if self.random.random() < 0.5:
            return self.random.choice(NUMBERS)
        digits = str(self.random.getrandbits(self.random.randrange(1, 200)))
        return self.random.choice(("", "-")) + digits + self.random.choice(("", ".50", "e7", ".1E-9"))

    def value(self, depth=0):
        kind = self.random.randrange(9 if depth < 6 else 5)
        if kind == 8 and depth == 0:                # straight down
            levels = self.random.randrange(1, 100)
            return "[" * levels + self.number() + "]" * levels
        if kind >= 7:
            return self.between("[", [self.value(depth + 1) for _ in range(self.random.randrange(5))], "]")
        if kind >= 5:
            members = [self.random.choice(KEYS) + self.blank() + ":" + self.blank() + self.value(depth + 1)
                       for _ in range(self.random.randrange(5))]
            return self.between("{", members, "}")
        return self.random.choice((self.string, self.number, self.number))() if kind else \
            self.random.choice(("null", "true", "false"))

    def blank(self):
        return self.random.choice(BLANKS)

    def between(self, left, items, right):
        return left + self.blank() + (self.blank() + "," + self.blank()).join(items) + self.blank() + right

    def documents(self, count=TOGETHER):
        return [self.value() for _ in range(count)]


TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},:]|[^][{},:"\s]+', re.S)


def tokens(text):
    """All but the blanks, each token in its own characters."""
    return TOKENS.findall(text if isinstance(text, str) else text.decode())


def array(documents):
    return "[" + ",".join(documents) + "]"


@pytest.fixture(params=range(DOCUMENTS // TOGETHER // 10))
def makers(request):
    return [Maker(seed) for seed in range(10 * request.param, 10 * request.param + 10)]


def serve(folders, reaper, url, **options):
    gateway = Gateway(configure(folders.mktemp("gateway"), url, rules=ALL, **options))
    yield gateway
    reaper.ask(gateway)


@pytest.fixture(scope="module")
def two(scripted, tmp_path_factory, reaper):
    yield from serve(tmp_path_factory, reaper, scripted.url)


@pytest.fixture(scope="module")
def three(scripted, tmp_path_factory, reaper):
    yield from serve(tmp_path_factory, reaper, scripted.url.replace("/v2/index.php", "/"), generation=3)


def get(gateway, path):
    """Without the contract of harness/contract.py: Python's reader is not the judge here."""
    answer = Client(gateway.port).call("GET", path, headers=READ)
    assert answer.status == 200, answer
    return answer.body


def test_the_documents_are_json(makers):
    """By Python's own reader, so that the tests below mean something."""
    for maker in makers:
        for text in maker.documents():
            assert json.loads("".join(tokens(text))) == json.loads(text)


def test_api2(two, upstream, makers):
    for maker in makers:
        body = ('{"code":0,"message":"","totalCount":1,"data":' + array(maker.documents()) + "}").encode()
        upstream.script(Reply(body))
        assert get(two, "/vpcs") == body


def test_api3(three, upstream, makers):
    """The Response in the envelope of API 2.0: its members, lists and items are taken apart, no value is."""
    for maker in makers:
        listed, other = array(maker.documents()), array(maker.documents(3))
        upstream.script(Reply(('{"Response":{"TotalCount":1,"VpcSet":' + listed + ',"Other":' + other + ',"RequestId":"r"}}')
                              .encode()))
        assert tokens(get(three, "/vpcs")) == tokens(
            '{"code":0,"message":"","totalCount":1,"data":' + listed + ',"Other":' + other + ',"requestId":"r"}')


def test_all_pages_of_api2(two, upstream, makers):
    for maker in makers:
        first, second, third = maker.documents(7), maker.documents(7), maker.documents(6)
        odd = maker.value()
        pages = [('{"code":0,"odd":' + odd + ',"totalCount":"20","data":' + array(documents) + "}").encode()
                 for documents in (first, second, third)]
        upstream.script(then=lambda received, pages=pages: Reply(pages[(int(received.params["offset"]) + 6) // 7]))
        assert tokens(get(two, "/vpcs?all=true")) == tokens(
            '{"code":0,"odd":' + odd + ',"totalCount":"20","data":' + array(first + second + third) + "}")


def test_all_pages_of_api3(three, upstream, makers):
    for maker in makers:
        first, second = maker.documents(10), maker.documents(10)
        pages = [('{"Response":{"VpcSet":' + array(documents) + ',"TotalCount":%d}}' % total).encode()
                 for documents, total in ((first, 21), (second, 20))]
        upstream.script(Reply(pages[0]), then=Reply(pages[1]))     # the third is on its way before the second counts
        assert tokens(get(three, "/vpcs?all=true")) == tokens(
            '{"code":0,"message":"","data":' + array(first + second) + ',"totalCount":20}')
        upstream.seen(3)


def test_tasks_of_api2(two, upstream, makers):
    for maker in makers:
        inside, beside = array(maker.documents(10)), array(maker.documents(10))
        end = '{"code":0,"data":{"output":' + inside + ',"status":%s},"beside":' + beside + "}"
        upstream.script(Reply((end % "2").encode()))
        assert tokens(get(two, "/tasks/7")) == tokens('{"status":"running",' + end[1:] % "2")
        upstream.script(Reply(b'{"code":0,"taskId":18446744073709551615}'), Reply((end % '"0"').encode()))
        answer = Client(two.port).call("DELETE", LINKS, document(), bearer(headers={"Prefer": "wait=30"}))
        assert (answer.status, answer.header("Location")) == (200, "/tasks/18446744073709551615")
        assert tokens(answer.body) == tokens(
            '{"status":"done",' + end[1:-1] % '"0"' + ',"taskId":18446744073709551615}')


def test_tasks_of_api3(three, upstream, makers):
    for maker in makers:
        output = array(maker.documents())
        upstream.script(Reply(('{"Response":{"Status":"FAILED","Output":' + output + "}}").encode()))
        assert tokens(get(three, "/tasks/r-1")) == tokens(
            '{"status":"failed","code":0,"message":"","Status":"FAILED","Output":' + output + "}")


# ---- null, and none ----

def test_null_is_an_empty_list(two, three, upstream):
    empty = (b'{"code":0,"message":"","totalCount":0,"data":null}', b'{"Response":{"TotalCount":0,"VpcSet":null}}')
    for gateway, body in zip((two, three), empty):
        upstream.script(then=Reply(body))
        assert json.loads(get(gateway, "/vpcs"))["data"] == []
        assert json.loads(get(gateway, "/vpcs?all=true"))["data"] == []
        problem(gateway.call("GET", f"/vpcs/{VPC}", headers=READ), 404, "not-found")
    upstream.script(Reply({"code": 0, "totalCount": 9, "data": [1, 2]}), then=Reply(empty[0]))
    assert json.loads(get(two, "/vpcs?all=true")) == {"code": 0, "totalCount": 0, "data": [1, 2]}
    upstream.seen(5)    # four were on their way, and the first of them said that there is nothing


def test_an_error_that_is_null_is_none(three, upstream):
    upstream.script(Reply({"Response": {"Error": None, "RequestId": "r-1"}}))
    answer = three.delete()
    assert (answer.status, answer.json()["taskId"]) == (202, "r-1")


@pytest.mark.parametrize("said", [{}, "x", 7, True])
def test_a_list_that_is_none(two, upstream, said):
    upstream.script(Reply({"code": 0, "totalCount": 1, "data": said}))
    assert "data" in problem(two.call("GET", "/vpcs?all=true", headers=READ), 502, "upstream-invalid-answer")["detail"]


# ---- sizes ----

def filled(head, unit, tail, size):
    """As many units as make a text of `size` bytes, and blanks for the rest."""
    count = (size - len(head) - len(tail) + 1) // (len(unit.encode()) + 1)
    body = (head + ",".join([unit] * count) + tail).encode()
    return body + b" " * (size - len(body))


HEADS = {2: ('{"code":0,"totalCount":1,"data":[', "]}"), 3: ('{"Response":{"TotalCount":1,"VpcSet":[', "]}}")}
SHAPES = {
    "digits": "7", "floats": "0.1", "empty arrays": "[]", "empty objects": "{}", "null": "null", "strings": '""',
    "escapes": r'"\u0041\/\n%41"', "members": '{"k":1}', "renamed": '{"VpcId":1}', "deep": "[" * 400 + "]" * 400,
    "one string": None, "Chinese": '"身份验证失败"',
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("generation", [2, 3])
def test_an_answer_of_a_mebibyte(two, three, upstream, generation, shape):
    """Whatever it is made of: it comes out whole, it costs at most 4 MiB beside it, and is given back."""
    gateway = two if generation == 2 else three
    head, tail = HEADS[generation]
    unit = SHAPES[shape] or '"' + "x" * (MIB - len(head) - len(tail) - 2) + '"'
    body = filled(head, unit, tail, MIB)
    for path in ("/vpcs", "/vpcs?all=true"):
        upstream.script(then=Reply(body))
        get(gateway, path)                                          # what is kept for good is there
        before = memory(gateway)["VmRSS"]
        pathlib.Path(f"/proc/{gateway.child.pid}/clear_refs").write_text("5")
        answer = get(gateway, path)
        after = memory(gateway)
        listed = json.loads(body)
        listed = (listed["Response"]["VpcSet"] if generation == 3 else listed["data"])
        seen = json.loads(answer)["data"]
        assert len(seen) == len(listed) and (shape == "renamed" or seen == listed)
        if SLOW == 1:                                               # sanitizers hold what was freed
            assert after["VmHWM"] - before <= (len(body) + 4 * MIB) / 1024, shape
            first = REST.setdefault(gateway.child.pid, before)
            assert eventually(lambda: memory(gateway)["VmRSS"] - first <= SPARE), (first, memory(gateway))


# What a gateway has when it has answered the first of them, by process; and the KiB that malloc may keep for later: a
# mebibyte in each of its two arenas.  All shapes together keep no more than one.
REST, SPARE = {}, 2 * 1024 + 512


def memory(gateway):
    """KiB."""
    status = pathlib.Path(f"/proc/{gateway.child.pid}/status").read_text()
    return {name: int(re.search(name + r":\s+(\d+) kB", status).group(1)) for name in ("VmHWM", "VmRSS")}


def test_a_change_whose_answer_is_large(three, upstream):
    """480 KB of API 3.0: it was executed, and that is what is told."""
    body = filled('{"Response":{"RequestId":"r-1","Growth":[', "0.1", "]}}", 480 * 1024)
    upstream.script(Reply(body))
    answer = three.delete()
    assert (answer.status, answer.header("Location")) == (202, "/tasks/r-1")
    assert three.record(answer)["outcome"] == "executed"


def test_a_refusal_whose_detail_is_large(two, upstream):
    """A mebibyte about what succeeded and what did not."""
    body = filled('{"code":5400,"message":"(1)partial","detail":{"ins-a":[', "0.07", "]}}", MIB)
    upstream.script(Reply(body))
    answer = two.delete()
    assert answer.status == 207
    told = answer.body.decode()
    assert told.count("0.07") == body.decode().count("0.07")
    assert answer.json()["outcome"] == "executed"


def test_lists_beyond_a_mebibyte(two, upstream):
    """All pages together: the limit is for what is answered, and the last page is no exception."""
    page = filled('{"code":0,"totalCount":2,"data":[', '"' + "x" * 600000 + '"', "]}", 600100)
    upstream.script(then=Reply(page))
    problem(two.call("GET", "/vpcs?all=true", headers=READ), 400, "invalid-parameter")
    upstream.seen(2)


def test_names_that_are_longer_than_the_clouds(upstream, start, tmp_path):
    """The worst that a catalog can do to an answer: each member of one letter gets a name of 64."""
    name = "n" * 64
    (tmp_path / "long.yaml").write_text(
        "version: 1\nroutes:\n  - request: GET /things\n    service: cbs\n    action: DescribeThings\n    effect: read\n"
        f"    api3: {{ answer: {{ A: {name} }} }}\n    parameters: {{}}\n")
    gateway = start(upstream.url.replace("/v2/index.php", "/"), rules=ALL, generation=3, services=("cbs",),
                    top={"catalog": [str(tmp_path / "long.yaml")]})
    body = filled('{"Response":{"S":[', '{"A":1}', "]}}", MIB)
    upstream.script(Reply(body))
    answer = get(gateway, "/things")
    assert answer.count(name.encode()) == body.count(b'"A"')
