"""The definitions as docs/definitions.md tells their form, read without the program's help: documents made by them,
wrong ones too, and answers held against them."""

import json

from .world import REPOSITORY

DEFINITIONS = REPOSITORY / "config/definitions/data"
LEVELS = 3      # of a made document that have everything; below them there is what is required


class Member:
    def __init__(self, word):
        self.name, kind = word.split(":")
        self.required = kind.endswith("!")
        kind = kind.rstrip("!-")
        self.list = kind.startswith("[")
        self.kind = kind.strip("[]")


class Action:
    def __init__(self, shape, words):
        self.shape, self.name, self.effect = shape, words[0], words[1]
        self.input, self.output = words[3:5] if len(words) > 3 else (words[0] + "Request", words[0] + "Response")

    @property
    def path(self):
        return f"/actions/{self.shape.service}/{self.name}?version={self.shape.version}"

    def document(self):
        return self.shape.document(self.input)

    def answers(self, value):
        """The first thing that is wrong with an answer; None: nothing."""
        return self.shape.complaint(self.output, value, "")


class Shape:
    """A service's definitions."""

    def __init__(self, file):
        self.actions, self.objects = [], {}
        for line in file.read_text().splitlines():
            kind, *words = line.split(" ")
            if kind == "service":
                self.service, self.version = words
            elif kind == "action":
                self.actions.append(Action(self, words))
            elif kind == "object":
                self.objects[words[0]] = {word.split(":")[0]: Member(word) for word in words[1:]}

    # ---- documents ----

    def value(self, kind, level):
        if kind in self.objects:
            return self.document(kind, level + 1)
        return {"int64": -5, "uint64": 5, "float": 0.5, "bool": True}.get(kind, "x")

    def document(self, name, level=1):
        return {one.name: [self.value(one.kind, level)] if one.list else self.value(one.kind, level)
                for one in self.objects[name].values()
                if one.required or level < LEVELS or (level == LEVELS and one.kind not in self.objects)}

    # ---- answers ----

    def complaint(self, name, value, path):
        if not isinstance(value, dict):
            return f"{path or 'the answer'} is no object"
        members = self.objects[name]
        for key, inner in value.items():
            place = f"{path}.{key}".lstrip(".")
            if key not in members and place != "RequestId":
                return f"there is no {place}"
            found = key in members and self.complaint_of(members[key], inner, place)
            if found:
                return found
        lacks = [one.name for one in members.values() if one.required and one.name not in value]
        return f"{path}.{lacks[0]} is missing" if lacks else None

    def complaint_of(self, member, value, path):
        if value is None and not member.required:
            return None         # as the vendor has it for what is not known, such as the end of what does not expire
        if not member.list:
            return self.complaint_one(member.kind, value, path)
        if not isinstance(value, list):
            return f"{path} is no list"
        return next(filter(None, (self.complaint_one(member.kind, item, path) for item in value)), None)

    def complaint_one(self, kind, value, path):
        if kind in self.objects:
            return self.complaint(kind, value, path)
        wanted = {"int64": int, "uint64": int, "float": (int, float), "bool": bool}.get(kind, str)
        good = isinstance(value, wanted) and (kind == "bool") == isinstance(value, bool)
        return None if good and not (kind == "uint64" and value < 0) else f"{path} is {value!r}, no {kind}"


def shapes():
    return [Shape(file) for file in sorted(DEFINITIONS.iterdir())]


# ---- wrong documents ----

def places(value, path=()):
    """Every value of a document, by its path; lists have one item."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def other_type(value, dice):
    """A value that no type has that this one has."""
    if isinstance(value, bool):
        return dice.choice(["true", 1, 0, None, [], {}])
    if isinstance(value, int):
        return dice.choice(["5", 1.5, True, None, [], {}, 2 ** 64, -2 ** 64])
    if isinstance(value, float):
        return dice.choice(["0.5", True, None, [], {}])
    if isinstance(value, str):
        return dice.choice([7, 0.5, True, False, None, [], {}, ["x"], "a\0b"])
    if isinstance(value, list):
        return dice.choice([7, "x", True, None, {}, [None], [[]], value[0]])
    return dice.choice([7, "x", True, None, [], [value]])


def wrong(action, dice):
    """The text of a document that is not one of the action's."""
    document = json.loads(json.dumps(action.document()))
    found = list(places(document))
    kinds = ["other type"] * 4 + ["missing", "twice"] if found else []
    kind = dice.choice(kinds + ["unknown", "no object"])
    path = dice.choice(found) if found else ()
    if kind == "other type":
        at(document, path[:-1])[path[-1]] = other_type(at(document, path), dice)
    elif kind == "missing":
        needed = [one.name for one in action.shape.objects[action.input].values() if one.required]
        if not needed:
            return wrong(action, dice)
        del document[dice.choice(needed)]
    elif kind == "unknown":
        objects = [document] + [inner for one in found if isinstance(inner := at(document, one), dict)]
        dice.choice(objects)[f"NoSuch{dice.randrange(10 ** 6)}"] = dice.choice([1, "x", {}, []])
    elif kind == "twice":
        key = json.dumps(dice.choice(list(document)))
        return json.dumps(document)[:-1] + f", {key}: {json.dumps(document[json.loads(key)])}}}"
    else:
        return dice.choice(["[]", "7", '"x"', "null", "true", "[{}]", json.dumps(document) + "}", json.dumps(document)[:-1]])
    return json.dumps(document)
