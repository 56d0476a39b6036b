#!/usr/bin/python3
"""Makes schemas.json of the npm package kubernetes-types, the types of Kubernetes' own OpenAPI document:

    npm install kubernetes-types && ./make.py node_modules/kubernetes-types >schemas.json

Strict: a member that the API does not know is an error."""

import json
import pathlib
import re
import sys

KINDS = {"Deployment": "apps/v1", "Service": "core/v1", "ConfigMap": "core/v1", "Secret": "core/v1",
         "ServiceAccount": "core/v1",
         "PodDisruptionBudget": "policy/v1", "NetworkPolicy": "networking/v1",
         "HorizontalPodAutoscaler": "autoscaling/v2"}
PLAIN = {"string": {"type": "string"}, "number": {"type": "number"}, "boolean": {"type": "boolean"}, "any": {}}


class Types:
    def __init__(self, root):
        self.root, self.modules, self.found = root, {}, {}

    def module(self, name):
        """(declarations, imports) of one file."""
        if name not in self.modules:
            text = (self.root / f"{name}.d.ts").read_text()
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            imports = {word.strip(): pathlib.PurePosixPath(name).parent / path
                       for words, path in re.findall(r'import \{([^}]*)\} from "([^"]+)"', text)
                       for word in words.split(",")}
            self.modules[name] = text, imports
        return self.modules[name]

    def name(self, module, word):
        """Where the type is declared, in one spelling."""
        path = self.module(module)[1].get(word)
        if path is None:
            return f"{module}.{word}"
        parts = []
        for part in path.parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        return f"{'/'.join(parts)}.{word}"

    def schema(self, module, text):
        text = text.strip()
        if text in PLAIN:
            return PLAIN[text]
        if text.startswith("Array<"):
            return {"type": "array", "items": self.schema(module, text[6:-1])}
        if text.startswith("{"):
            value = re.fullmatch(r"\{\s*\[name: string\]: (.*?);?\s*\}", text, re.S)[1]
            return {"type": "object", "additionalProperties": self.schema(module, value)}
        if "|" in text:
            parts = [part.strip() for part in text.split("|") if part.strip()]
            if all(part.startswith('"') for part in parts):
                return {"enum": [json.loads(part) for part in parts]}
            return {"anyOf": [self.schema(module, part) for part in parts]}
        if text.startswith('"'):
            return {"const": json.loads(text)}
        name = self.name(module, text)
        if name not in self.found:
            self.found[name] = None
            self.found[name] = self.declared(*name.rsplit(".", 1))
        return {"$ref": "#/definitions/" + name.replace("/", "~1")}

    def declared(self, module, word):
        text = self.module(module)[0]
        alias = re.search(rf"^export (?:declare )?type {word} = (.*?);", text, re.M | re.S)
        if alias:
            return self.schema(module, alias[1])
        body = re.search(rf"^export interface {word} \{{(.*?)^\}}", text, re.M | re.S)[1]
        members = re.findall(r'^    "?([\w$.-]+)"?(\??): (\{.*?^    \}|[^{]*?);$', body, re.M | re.S)
        return {"type": "object", "additionalProperties": False,
                "required": sorted(name for name, optional, _ in members if not optional),
                "properties": {name: self.schema(module, kind) for name, _, kind in members}}


def main(root):
    types = Types(pathlib.Path(root))
    kinds = {kind: types.schema(module, kind) for kind, module in KINDS.items()}
    version = json.loads((types.root / "package.json").read_text())["version"]
    json.dump({"$comment": f"of the npm package kubernetes-types {version} (Apache-2.0), by make.py", "kinds": kinds,
               "definitions": types.found}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
