"""The Model Context Protocol as its schemas have it (tests/vectors/mcp): messages are made and judged by them alone."""

import functools
import json

from jsonschema import Draft202012Validator, RefResolver

from .gateway import TOKEN, bearer
from .world import REPOSITORY

MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
META = "io.modelcontextprotocol/"
BOTH = "application/json, text/event-stream"


@functools.cache
def validator(version, name):
    document = json.loads((REPOSITORY / f"tests/vectors/mcp/schema-{version}.json").read_text())
    return Draft202012Validator({"$ref": f"#/$defs/{name}"}, resolver=RefResolver("", document))


def valid(version, name, message):
    errors = [f"{list(error.absolute_path)}: {error.message}" for error in validator(version, name).iter_errors(message)]
    assert errors == [], (name, message, errors)
    return message


def meta(version=MODERN):
    return {META + "protocolVersion": version, META + "clientInfo": {"name": "test", "version": "1"},
            META + "clientCapabilities": {}}


def message(method, params=None, version=MODERN, id=1):
    """A request; with 2026-07-28 it has its `_meta`."""
    params = dict(params or {})
    if version == MODERN:
        params["_meta"] = meta()
    return {"jsonrpc": "2.0", "id": id, "method": method, **({"params": params} if params else {})}


def fields(said, version=MODERN, **more):
    """What the head repeats of the body."""
    out = {"Accept": BOTH, "MCP-Protocol-Version": version}
    if version == MODERN:
        out["Mcp-Method"] = said["method"]
        if said["method"] == "tools/call":
            out["Mcp-Name"] = said["params"]["name"]
    out.update(more)
    return {name: value for name, value in out.items() if value is not None}


class Mcp:
    """A client of one token and one version."""

    RESULTS = {"tools/list": "ListToolsResult", "tools/call": "CallToolResult", "server/discover": "DiscoverResult",
               "initialize": "InitializeResult", "ping": "EmptyResult"}

    def __init__(self, gateway, version=MODERN, token=TOKEN):
        self.gateway, self.version, self.token = gateway, version, token
        self.answer = None

    def post(self, said, headers=None):
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.answer = self.gateway.call("POST", "/mcp", body, bearer(self.token, headers))
        return self.answer

    def ask(self, method, params=None, headers=None, id=1):
        """The result of a good request, held against its schema."""
        said = message(method, params, self.version, id)
        answer = self.post(said, headers if headers is not None else fields(said, self.version))
        assert answer.status == 200 and answer.header("Content-Type") == "application/json", answer
        told = answer.json()
        assert set(told) == {"jsonrpc", "id", "result"} and told["id"] == id, told
        assert ("resultType" in told["result"]) == (self.version == MODERN)
        return valid(self.version, self.RESULTS[method], told["result"])

    def refused(self, said, headers, status, code):
        """The error of a message that is wrong itself."""
        answer = self.post(said, headers)
        assert answer.status == status, answer
        told = valid(self.version, "JSONRPCErrorResponse", answer.json())
        assert told["error"]["code"] == code, told
        return told

    def tools(self):
        return self.ask("tools/list")["tools"]

    def call(self, name, **arguments):
        result = self.ask("tools/call", {"name": name, "arguments": arguments})
        text, = result["content"]
        structure = result["structuredContent"]
        assert text["type"] == "text" and json.loads(text["text"].partition("\n")[2] if result["isError"] else
                                                     text["text"]) == structure
        return result["isError"], structure
