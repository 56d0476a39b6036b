"""What a value may be: any text where a hash of JSON is signed, all integers of 64 bits, long texts, empty ones; and one
answer to it, for callers and for the catalog.  What arrives is read with Python's own json and urllib, and verified
with its hmac."""

import json
import random
import urllib.parse

import pytest

from harness import vendor
from harness.expect import problem
from harness.gateway import POLICY, bearer, configure, document, policy
from harness.process import run
from harness.upstream import Reply
from harness.world import SECRET_ID, SECRET_KEY, SLOW, eventually

LEAST, MOST = -2**63, 2**63 - 1
CATALOG = f"""\
version: 1
routes:
  - request: POST /values
    service: cbs
    action: SetValues
    effect: change
    parameters:
      text: {{ in: [body, query], type: string, length: 32768, empty: true }}
      short: {{ in: [body], type: string }}
      word: {{ in: [body], type: string, pattern: "[a-z]+", empty: true }}
      code: {{ in: [body], type: string, length: 32768, pattern: "([A-Za-z0-9+/]{{4}})*([A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?" }}
      ids: {{ in: [body, query], type: strings, max_items: 1000, empty: true }}
      names: {{ in: [body, query], type: strings }}
      number: {{ in: [body, query], type: integer, min: {LEAST}, max: {MOST} }}
      small: {{ in: [body], type: integer, min: -5, max: -1 }}
      plain: {{ in: [body], type: integer }}
      quoted: {{ in: [body], type: integer, min: {LEAST}, max: {MOST}, api3: {{ quoted: true }} }}
"""
ALL = {**POLICY, "rules": [{"id": "everything", "allow": ["network-console"], "actions": ["*"]}]}
DONE = {2: Reply({"code": 0, "message": ""}), 3: Reply({"Response": {"RequestId": "r-1"}})}
JOINED = "API 2.0 and the HmacSHA signatures join names and values before they sign them; an upstream of API 3.0 with " \
         "TC3-HMAC-SHA256 takes it"


@pytest.fixture
def begin(upstream, start, tmp_path):
    """begin(generation, ...) is a gateway that has the catalog above."""
    def go(generation=3, text=CATALOG, rules=ALL, **options):
        (tmp_path / "values.yaml").write_text(text)
        upstream.script(then=DONE[generation])
        top = {"catalog": [str(tmp_path / "values.yaml")], **options.pop("top", {})}
        url = upstream.url if generation == 2 else upstream.url.replace("/v2/index.php", "/")
        return start(url, services=("cbs",), generation=generation, rules=rules, top=top, **options)
    return go


def send(gateway, body=None, query=""):
    return gateway.call("POST", "/values" + query, None if body is None else document(body), bearer())


def refused(gateway, body, sentence, query=""):
    answer = send(gateway, body, query)
    problem(answer, 400, "invalid-parameter")
    assert answer.json()["detail"] == sentence


def texts(count=40):
    """Of every kind of character that a JSON string can hold, but U+0000 and halves of pairs."""
    shuffled = random.Random(15)
    kinds = ["&=@", "\n\r\t\b\f", '"\\/', "".join(map(chr, range(1, 32))) + "\x7f", "\x80\x85\x9f", "  ‮⁦",
             "azAZ09 .-_~%+", "日本é", "😀\U0010ffff", "<>'`$(){}[]"]
    for _ in range(count):
        yield "".join(shuffled.choice(shuffled.choice(kinds)) for _ in range(shuffled.randint(1, 60)))


TEXTS = ["a&b", "a=b", "=", "&", "@", "@/etc/passwd", "a\nb", "\n", "#cloud-config\nusers: [x]\n", "\t", "\x01", "\x7f",
         "a=b&Action=DeleteDisk&Nonce=1", "dGVzdA==", "Text=1", "\r\nHost: x", *texts()]


# ---- any text, where a hash is signed ----

def test_a_hash_takes_any_text(begin, upstream):
    gateway = begin()
    for number, text in enumerate(TEXTS, 1):
        by_query = number % 2 == 0
        answer = send(gateway, query="?text=" + urllib.parse.quote(text, safe="")) if by_query else send(gateway, {"text": text})
        assert answer.status == 200, (text, answer.body)
        received = upstream.seen(number)[-1]
        assert json.loads(received.body) == {"Text": text}
        assert received.headers["authorization"] == vendor.tc3(received, SECRET_ID, SECRET_KEY, "cbs")
        assert gateway.record(answer)["params"] == {"text": text}      # on one line, whatever it holds


@pytest.mark.parametrize("generation, signature", [(2, "HmacSHA256"), (2, "HmacSHA1"), (3, "HmacSHA256"), (3, "HmacSHA1")])
def test_what_is_joined_stays_narrow(begin, upstream, generation, signature):
    gateway = begin(generation, signature=signature)
    for text in TEXTS:
        narrow = not set(text) & set("&=") and not text.startswith("@") and min(text) >= " " and "\x7f" not in text
        answer = send(gateway, {"text": text})
        assert (answer.status == 200) == narrow, text
        if not narrow:
            assert answer.json()["detail"].startswith("text ") and answer.json()["detail"].endswith(JOINED)
    refused(gateway, {"text": "a&b"}, "text holds '&', where another parameter could begin: " + JOINED)
    refused(gateway, {"text": "a=b"}, "text holds '=', where another parameter could begin: " + JOINED)
    refused(gateway, {"text": "@a"}, "text begins with '@', as the name of a file does: " + JOINED)
    refused(gateway, {"text": "a\nb"}, "text holds a control character (U+000A): " + JOINED)
    refused(gateway, {"ids": []}, "ids is an empty list, which cannot be told from none: leave it out; " + JOINED)
    for received in upstream.seen(upstream.count()):
        host, params = received.headers["host"], received.params
        assert params["Signature"] == (
            vendor.signature(received.method, host, received.path, params, SECRET_KEY) if generation == 2
            else vendor.query3(received.method, host, params, SECRET_KEY))


# ---- integers ----

NUMBERS = [LEAST, LEAST + 1, -2**53 - 1, -2**32, -2**31 - 1, -2**31, -10, -1, 0, 1, 9, 2**31 - 1, 2**31, 2**32, 2**53 + 1,
           10**18, MOST - 1, MOST, *(random.Random(64).randint(LEAST, MOST) for _ in range(10))]
NO_NUMBERS = ["-0", "+1", "01", "-01", "1.0", "1e1", "", "-", "--1", " 1", "1 ", "0x1", "٣", str(MOST + 1), str(LEAST - 1),
              "9" * 40, "-" + "9" * 40]


@pytest.mark.parametrize("generation", [2, 3])
def test_all_integers_of_64_bits(begin, upstream, generation):
    gateway = begin(generation)
    for count, number in enumerate(NUMBERS, 1):
        answer = send(gateway, query=f"?number={number}") if count % 2 else send(gateway, {"number": number, "quoted": number})
        assert answer.status == 200, (number, answer.body)
        received = upstream.seen(count)[-1]
        if generation == 2:
            assert received.params["number"] == str(number)
            assert received.params["Signature"] == vendor.signature(received.method, received.headers["host"], received.path,
                                                                    received.params, SECRET_KEY)
        else:
            wanted = f'"Number":{number}' + ("" if count % 2 else f',"Quoted":"{number}"')
            assert received.body.decode() == "{" + wanted + "}"
    before = upstream.count()
    for text in NO_NUMBERS:
        refused(gateway, None, "number must be a whole number", "?number=" + urllib.parse.quote(text))
    for raw in ("1.0", "1e1", "1E2", str(MOST + 1), str(LEAST - 1), "0.1", '"1"', "true", "null", "[1]"):
        refused(gateway, f'{{"number":{raw}}}'.encode(), "number must be a whole number")
    for number in (-6, 0, MOST, LEAST):
        refused(gateway, {"small": number}, "small must be -5 to -1")
    for number in (-1, 2**31):
        refused(gateway, {"plain": number}, "plain must be 0 to 2147483647")
    assert upstream.count() == before
    assert send(gateway, {"small": -5}).status == send(gateway, {"small": -1}).status == 200


# ---- long and empty ----

@pytest.mark.parametrize("generation", [2, 3])
def test_lengths_are_bytes(begin, upstream, generation):
    gateway = begin(generation, method="POST")
    for name, most in (("short", 4096), ("text", 32768)):
        for text in ("x" * most, "é" * (most // 2), "😀" * (most // 4)):
            body = json.dumps({name: text}, ensure_ascii=False).encode()    # else it would be three times as long
            assert send(gateway, body).status == 200
            received = upstream.seen(upstream.count())[-1]
            assert (received.params[name] if generation == 2 else json.loads(received.body)[name.title()]) == text
        for text in ("x" * (most + 1), "é" * (most // 2) + "x", "é" * (most // 2 + 1)):
            refused(gateway, json.dumps({name: text}, ensure_ascii=False).encode(),
                    f"{name} is too long: it may have at most {most} bytes")
    assert send(gateway, query="?text=" + "x" * 15000).status == 200       # a head has at most 16 KiB
    assert send(gateway, query="?text=" + "x" * 17000).status in (414, 431)


def test_a_long_text_may_have_a_form(begin, upstream):
    """Base64 of 32 KiB, as user data is: within the steps that an expression may take."""
    gateway = begin()
    assert send(gateway, {"code": "QUJD" * 8192}).status == 200
    refused(gateway, {"code": "QUJD" * 8191 + "QU!="}, "code does not look like one: see the documentation for its form")


def test_empty_where_the_route_says_so(begin, upstream):
    gateway = begin()
    assert send(gateway, {"text": "", "word": "", "ids": []}).status == 200
    assert upstream.seen(1)[-1].body == b'{"Text":"","Word":"","Ids":[]}'
    assert send(gateway, query="?text=").status == 200
    refused(gateway, {"short": ""}, "short must not be empty")
    refused(gateway, {"names": []}, "names must be an array of at least one string")
    refused(gateway, {"ids": [""]}, "ids must not be empty")
    refused(gateway, None, "ids must not be empty", "?ids=")
    refused(gateway, {"text": None}, "text must be a string")
    two = begin(2)
    assert send(two, {"text": ""}).status == 200
    received = upstream.seen(1)[-1]
    assert received.params["text"] == ""
    assert received.params["Signature"] == vendor.signature(received.method, received.headers["host"], received.path,
                                                            received.params, SECRET_KEY)


@pytest.mark.parametrize("rule", [
    {"id": "named", "deny": ["*"], "actions": ["SetValues"], "where": {"ids": {"absent": True}}},
    {"id": "named", "deny": ["*"], "actions": ["SetValues"], "where": {"ids": ["x"]}, "strict": True},
])
def test_empty_is_no_way_around_a_deny(begin, upstream, rule):
    """To the cloud "" and [] can be as if nobody had said them."""
    gateway = begin(rules={**ALL, "rules": [*ALL["rules"], rule]})
    problem(send(gateway, {"ids": []}), 403, "not-allowed")
    problem(send(gateway, {}), 403, "not-allowed")
    assert send(gateway, {"ids": ["a"]}).status == 200
    where = {"text": rule["where"]["ids"]}
    gateway = begin(rules={**ALL, "rules": [*ALL["rules"], {**rule, "where": where}]})
    problem(send(gateway, {"text": ""}), 403, "not-allowed")
    assert send(gateway, {"text": "a"}).status == 200
    only = {"id": "some", "allow": ["*"], "actions": ["SetValues"], "where": {"ids": ["a*"]}}
    gateway = begin(rules={**ALL, "rules": [only]})
    problem(send(gateway, {"ids": []}), 403, "not-allowed")


# ---- what is kept of them ----

@pytest.mark.parametrize("body", [
    {"text": "\n" * 32000},
    {"text": "\b" * 10900},                     # as Python's json has it: two bytes, and six where it is kept
    {"text": "\x01" * 10900},
    {"text": "é" * 10000, "short": '"' * 1000},
    {"ids": [f"disk-{number:054d}" for number in range(1000)]},
], ids=["line-feeds", "backspaces", "controls", "pairs", "a-thousand-ids"])
def test_records_hold_values_whole(begin, upstream, tmp_path, body):
    gateway = begin(top={"audit": str(tmp_path / "audit.log")})
    answer = send(gateway, body)
    assert answer.status == 200, answer.body
    assert gateway.record(answer)["params"] == body
    eventually(lambda: '"audit":"outcome"' in (tmp_path / "audit.log").read_text())
    records = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
    intent, = [record for record in records if record["audit"] == "intent"]
    assert intent["params"] == body and [record["outcome"] for record in records if record["audit"] == "outcome"] == ["executed"]
    done = run("audit", "verify", tmp_path / "audit.log")
    assert done.returncode == 0, done.stderr
    shown = run("audit", "show", tmp_path / "audit.log")
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 1
    (tmp_path / "policy.yaml").write_text(policy(ALL))
    done = run("replay", "--policy", tmp_path / "policy.yaml", "--catalog", tmp_path / "values.yaml",
               "--log", tmp_path / "audit.log", within=SLOW)
    assert done.returncode == 0 and " 0 would change, 1 stay" in done.stderr, (done.stdout, done.stderr)


def test_a_terminal_sees_one_line(tmp_path):
    (tmp_path / "values.yaml").write_text(CATALOG)
    file = configure(tmp_path, "https://cbs.tencentcloudapi.com/", services=("cbs",), generation=3,
                     rules={**ALL, "rules": [{"id": "r", "allow": ["network-console"], "actions": ["*"], "where": {"text": ["x"]}}]},
                     top={"catalog": [str(tmp_path / "values.yaml")]})
    text = "a\n\x1b[31mb‮" + "y" * 5000
    done = run("explain", "-c", file, "--client", "network-console", "POST", "/values", json.dumps({"text": text}))
    assert "text = a\\n\\u001b[31mb\\u202eyyy" in done.stdout and "\x1b" not in done.stdout, (done.stdout, done.stderr)
    assert "text is a\\n\\u001b[31mb\\u202eyyy" in done.stdout
    done = run("sign", "-c", file, "POST", "/values", json.dumps({"text": text}))
    assert done.returncode == 0 and "\x1b" not in done.stdout
    body = next(line for line in done.stdout.splitlines() if line.startswith("body: "))
    assert json.loads(body.partition(" ")[2]) == {"Text": text}


# ---- what check says ----

DEFAULT = """\
version: 1
routes:
  - request: POST /x
    service: cbs
    action: X
    effect: change
    parameters:
      a: {{ in: [body], type: string, default: "{}"{} }}
"""


@pytest.mark.parametrize("default, more, generation, sentence", [
    ("a=b", "", 2, "a holds '=', where another parameter could begin: " + JOINED),
    ("a&b", "", 2, "a holds '&', where another parameter could begin: " + JOINED),
    ("@b", "", 2, "a begins with '@', as the name of a file does: " + JOINED),
    ("x\\ny", "", 2, "a holds a control character (U+000A): " + JOINED),
    ("x", ", api3: none", 3, "a is not supported by the API version of this upstream"),
    ("x", ", api3: { pattern: y }", 3, "a is well-formed, but the cloud's API behind this gateway has no such form"),
    ("", ", empty: true", 2, None), ("", ", empty: true", 3, None), ("a=b", "", 3, None), ("@a&b\\n", "", 3, None),
    ("x", ", api3: none", 2, None), ("x", ", api3: { pattern: y }", 2, None),
])
def test_a_default_is_what_a_call_could_say(begin, upstream, tmp_path, default, more, generation, sentence):
    """`check` refuses exactly what a call that says it would be refused for."""
    text = DEFAULT.format(default, more)
    (tmp_path / "values.yaml").write_text(text)
    file = configure(tmp_path, "https://cbs.example/", services=("cbs",), generation=generation, rules=ALL,
                     top={"catalog": [str(tmp_path / "values.yaml")]})
    done = run("check", "-c", file)
    value = json.loads(f'"{default}"')
    if sentence is None:
        assert done.returncode == 0, done.stderr
        gateway = begin(generation, text=text)
        answers = [gateway.call("POST", "/x", document(body), bearer()) for body in ({}, {"a": value})]
        assert [answer.status for answer in answers] == [200, 200]
        bodies = [(received.params["a"] if generation == 2 else json.loads(received.body)["A"]) for received in upstream.seen(2)]
        assert bodies == [value, value]
    else:
        assert done.returncode == 78
        assert f"values.yaml:8:7: the upstream 'cbs' refuses each call that leaves it to the default: {sentence}\n" in done.stderr
        gateway = begin(generation, text=text.replace(f' default: "{default}"', " required: false"))
        answer = gateway.call("POST", "/x", document({"a": value}), bearer())
        assert answer.status == 400 and answer.json()["detail"] == sentence


def test_a_rule_may_name_what_only_a_hash_takes(tmp_path):
    (tmp_path / "values.yaml").write_text(CATALOG)
    rules = {**ALL, "rules": [{"id": "r", "allow": ["network-console"], "actions": ["SetValues"],
                               "where": {"text": ["a=b"], "number": [str(LEAST)], "small": ["-3"]}}]}
    for generation, warned in ((2, True), (3, False)):
        file = configure(tmp_path, "https://cbs.example/", services=("cbs",), generation=generation, rules=rules,
                         top={"catalog": [str(tmp_path / "values.yaml")]})
        done = run("check", "-c", file)
        assert done.returncode == 0 and ("no text can be 'a=b'" in done.stderr) == warned, done.stderr
        assert "no number" not in done.stderr and "no small" not in done.stderr


# ---- what callers are told ----

def test_the_document_says_the_same(begin):
    def schemas(gateway):
        operation = gateway.get("/openapi.json").json()["paths"]["/values"]["post"]
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        return body["properties"]
    said = schemas(begin())
    assert said["text"].items() >= {"type": "string", "minLength": 0, "maxLength": 32768}.items()
    assert said["short"].items() >= {"minLength": 1, "maxLength": 4096}.items()
    assert "pattern" not in said["text"] and said["word"]["pattern"] == "^(?:[a-z]+)?$"
    assert (said["ids"]["minItems"], said["names"]["minItems"]) == (0, 1)
    assert said["number"] == {**said["number"], "format": "int64", "minimum": LEAST, "maximum": MOST}
    assert said["small"] == {**said["small"], "minimum": -5, "maximum": -1} and "format" not in said["small"]
    said = schemas(begin(2))
    assert said["ids"]["minItems"] == 1 and said["short"]["pattern"].startswith("^[^@&=")
    assert said["text"]["pattern"].startswith("^([^@&=") and said["text"]["pattern"].endswith(")?$")


@pytest.mark.parametrize("query", ["ids[]=a&ids[]=b", "ids[0]=a", "ids%5B%5D=a", "ids%5B0%5D=a", "ids%5b]=a"])
def test_brackets_are_told_what_to_write(begin, query):
    answer = send(begin(), query="?" + query)
    assert answer.status == 400
    assert answer.json()["detail"] == "a list has no brackets here: write ids= once for each value, as in ids=a&ids=b"
