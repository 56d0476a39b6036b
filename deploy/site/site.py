"""Makes pages of the documentation that can be opened from disk: python3 site.py SOURCES FOLDER.  Each Markdown file
becomes one HTML file at the same place, with the index of docs/README.md beside it; links between the files lead to the
pages.  A link to anything that is not there ends it with 1."""

import html
import pathlib
import re
import shutil
import sys

import markdown

ROOTS = ["README.md", "CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md",
         "deploy/kubernetes/README.md"]
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Countersign</title>
<link rel="stylesheet" href="{up}site.css">
<body>
<nav aria-label="All pages"><a class="home" href="{up}README.html">Countersign</a>{index}</nav>
<main>{body}</main>
</body>
</html>
"""


def slug(heading, _separator):
    """The anchor of a heading, as the code hosts make it."""
    return re.sub(r"[^\w\- ]", "", html.unescape(heading).lower()).replace(" ", "-")


ITEM = re.compile(r" *([-*]|\d+\.) ")


def apart(text):
    """A list may follow a paragraph without an empty line; this library wants one."""
    fenced, before, lines = False, "", []
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and ITEM.match(line) and before and before[0] != " " and not ITEM.match(before):
            lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)


def to_html(text):
    return markdown.markdown(apart(text), extensions=["tables", "fenced_code", "toc", "sane_lists", "attr_list"],
                             extension_configs={"toc": {"slugify": slug}}, tab_length=2)


def moved(body, folder, pages, sources):
    """The page's links: those to other pages lead to their HTML; all are kept for the check."""
    links = []

    def replace(match):
        attribute, target = match.group(1), html.unescape(match.group(2))
        if re.match(r"[a-z]+:|//|#", target):
            if target.startswith("#"):
                links.append(target)
            return match.group(0)
        path, _, anchor = target.partition("#")
        resolved = (folder / path).resolve().relative_to(sources.resolve())
        if resolved in pages:
            path = path[: -len(".md")] + ".html"
        links.append(path + ("#" + anchor if anchor else ""))
        return f'{attribute}="{html.escape(links[-1])}"'

    return re.sub(r'\b(href|src)="([^"]*)"', replace, body), links


def lost(target, links):
    """Links of a written page that lead nowhere."""
    for link in links:
        path, _, anchor = link.partition("#")
        other = target if not path else target.parent / path
        if not other.exists():
            yield f"{target}: {link}: there is no such file"
        elif anchor and f'id="{anchor}"' not in other.read_text():
            yield f"{target}: {link}: there is no such heading"


def main(sources, folder):
    pages = [pathlib.Path(name) for name in ROOTS] + sorted(page.relative_to(sources) for page in (sources / "docs").glob("*.md"))
    index = re.sub(r"\.md</a>", "</a>", to_html((sources / "docs/README.md").read_text().split("\n", 1)[1]))
    written = []
    for page in pages:
        target = folder / page.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(page.parts) - 1)
        text = (sources / page).read_text()
        body, links = moved(to_html(text), (sources / page).parent, pages, sources)
        beside, _ = moved(index, sources / "docs", pages, sources)
        beside = re.sub(r'href="(?!#)', f'href="{up}docs/', beside)
        title = re.sub(r"^# *", "", text.split("\n", 1)[0])
        target.write_text(PAGE.format(title=html.escape(title), up=up, index=beside, body=body))
        written.append((target, links))
        for link in links:
            file = (sources / page).parent / link.partition("#")[0]
            if link[0] != "#" and file.is_file():  # pictures, examples
                copy = folder / file.resolve().relative_to(sources.resolve())
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
            elif link[0] != "#" and file.is_dir():
                (folder / file.resolve().relative_to(sources.resolve())).mkdir(parents=True, exist_ok=True)
    shutil.copy(pathlib.Path(__file__).with_name("site.css"), folder / "site.css")
    missing = [line for target, links in written for line in lost(target, links)]
    print("\n".join(missing) or f"{len(written)} pages in {folder}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
