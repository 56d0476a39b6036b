"""The OpenAPI document as a contract: every answer that a test gets must be one that the document describes.

The schemas are judged by Debian's python3-jsonschema, which knows nothing of how the document was made."""

import functools
import json
import pathlib
import re

from jsonschema import Draft202012Validator, RefResolver

from .process import run


def printed(*arguments):
    """What `countersign openapi` prints."""
    done = run("openapi", *arguments)
    assert done.returncode == 0, done.stderr
    return Contract(json.loads(done.stdout))


@functools.cache
def shipped():
    """Every route of the catalog that ships."""
    return printed()


def of(file):
    """The document of a configuration that names catalogs of its own, or a page of problems, as it is now."""
    if not {"\ncatalog: ", "\nproblem_types: "} & set(re.findall(r"\n\w+: ", pathlib.Path(file).read_text())):
        return shipped()
    return printed("-c", file)


class Contract:
    def __init__(self, document):
        self.document = document
        self.resolver = RefResolver("", document)
        self.paths = [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)), item)
                      for template, item in document["paths"].items()]
        self.validators = {}

    def resolve(self, item):
        return self.resolver.resolve(item["$ref"])[1] if "$ref" in item else item

    def operation(self, method, target):
        """None where the document has no such path or method."""
        path = target.partition("?")[0]
        for pattern, item in self.paths:
            if pattern.fullmatch(path):
                return item.get(method.lower())
        return None

    def operations(self):
        return {(method.upper(), template): operation for template, item in self.document["paths"].items()
                for method, operation in item.items()}

    def errors(self, schema, instance):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(schema, resolver=self.resolver)
        return [error.message for error in self.validators[key].iter_errors(instance)]

    def check(self, method, target, answer):
        """An answer that came; what the document does not know must be a refusal in its form."""
        if target.partition("?")[0] == "/mcp" and "problem" not in (answer.header("Content-Type") or ""):
            return      # a message: its schemas are another's
        if method == "HEAD" or answer.status == 204 or target.partition("?")[0] in ("/openapi.json", "/whoami", "/docs") or \
                target.startswith("/docs/") or (target.startswith("/actions/") and answer.status < 300) or \
                (target.partition("?")[0] in ("/", "/v2/index.php") and answer.status == 200) or \
                (target == "/" and answer.status == 303):     # of the SDKs' door; the way to /docs
            return
        operation = self.operation(method, target)
        responses = operation["responses"] if operation else {"default": {"$ref": "#/components/responses/problem"}}
        response = self.resolve(responses.get(str(answer.status)) or responses["default"])
        media = response["content"].get((answer.header("Content-Type") or "").partition(";")[0])
        assert media, f"{method} {target}: {answer.status} as {answer.header('Content-Type')} is not described"
        found = self.errors(media["schema"], json.loads(answer.body))
        assert not found, f"{method} {target}: {answer.status} {answer.body[:500]!r}: {found}"
