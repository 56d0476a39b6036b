#!/usr/bin/python3
"""bench/page.py - puts what bench/run.sh left in build/bench/PART.md between the lines `<!-- PART -->` and `<!-- end of PART -->`
of docs/performance.md."""

import re

from rig import ROOT

PAGE = ROOT / "docs/performance.md"


def main():
    text = PAGE.read_text()
    for file in sorted((ROOT / "build/bench").glob("*.md")):
        begin, end = f"<!-- {file.stem} -->\n", f"<!-- end of {file.stem} -->"
        if begin not in text:
            print(f"{file.stem}: docs/performance.md has no place for it")
            continue
        whole = f"{begin}\n{file.read_text().strip()}\n\n{end}"
        text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _, whole=whole: whole, text, flags=re.S)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
