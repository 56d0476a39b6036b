#!/usr/bin/env python3
"""The two pictures of ARCHITECTURE.md, made from the code: the rooms from the link lines of CMake, the stages of a
request from their table.  `tests/house/pictures.py` writes them; the house test asks whether they are still true."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = "gateway/request/pipeline.c"


def arrows(root, rooms):
    """What each room links, by the link lines."""
    names = {room.replace("/", "_"): room for room in rooms}
    found = {}
    for room in rooms:
        text = (root / room / "CMakeLists.txt").read_text()
        words = re.findall(rf"target_link_libraries\(\s*{room.replace('/', '_')}\b([^)]*)\)", text)
        found[room] = {names[word] for word in " ".join(words).split() if word in names}
    return found


def below(links, room):
    """Everything that a room reaches."""
    reached, waiting = set(), set(links[room])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting |= links[other]
    return reached


def rooms_picture(root, rooms):
    """Arrows to what a room reaches through another are left out."""
    links = arrows(root, rooms)
    lines = ["```mermaid", "graph TD"]
    for room in reversed(list(rooms)):
        for other in sorted(links[room]):
            if not any(other in below(links, third) for third in links[room] - {other}):
                lines.append(f"  {room.replace('/', '_')}[{room}] --> {other.replace('/', '_')}[{other}]")
    return "\n".join(lines + ["```"])


def stages_picture(root):
    text = (root / TABLE).read_text()
    rows = re.findall(r'^    \{"(\w+)", (\w+)\},\s*/\*\s*(.*?)\s*\*/', text, re.M)
    files = {name: path.relative_to(root).as_posix() for path in sorted((root / "gateway").glob("*/*.c"))
             for name in re.findall(r"^enum problem (\w+)\(struct exchange \*x\)\n\{", path.read_text(), re.M)}
    lines = ["```text", "server"]
    for name, function, about in rows:
        lines.append(f"  |  {name:<13}{files[function]:<34}{about}")
    return "\n".join(lines + ["reply, record: always, also where a stage ended the pipeline", "```"])


def written(text, name, picture):
    """The text with the picture between its two marks."""
    pattern = rf"(<!-- {name}: made by tests/house/pictures.py -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda match: f"{match.group(1)}{picture}\n{match.group(2)}", text, flags=re.S)


def page(root, rooms):
    text = (root / "ARCHITECTURE.md").read_text()
    return written(written(text, "rooms", rooms_picture(root, rooms)), "stages", stages_picture(root))


if __name__ == "__main__":
    from test_house import ROOMS
    (ROOT / "ARCHITECTURE.md").write_text(page(ROOT, ROOMS))
