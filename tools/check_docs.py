#!/usr/bin/env python3
"""Fails when the documents name what is not there, or the map leaves out what is. `--root DIR`: another tree.

- every layer of tools/check_layers.py stands in the map of docs/ARCHITECTURE.md with its level, and the reverse
- every top-level folder is named in docs/ARCHITECTURE.md
- every path in backticks exists, and so does the target of every link; docs/api.md and docs/protocol/ included
- a test quoted behind its file is in that file
- every folder of tests that has a CMakeLists.txt is built
- each document has one title
"""
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from check_layers import LEVEL  # noqa: E402

FOLDERS = ("auth", "base", "bench", "clients", "docs", "follow", "host", "hub", "protocol", "rest", "server", "storage", "tests",
           "tools", "transport", ".ci")
PATH = re.compile(rf"`((?:{'|'.join(re.escape(folder) for folder in FOLDERS)})/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
QUOTED_TEST = re.compile(r'`(tests/[\w./-]+)`: "([^"]+)"')
MADE = ("docs/benchmarks.md", "docs/configuration.md")  # written by a program; may be absent in a fresh tree


def documents(root):
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def check_map(root):
    text = (root / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn, level = {}, None
    for line in text.split("```")[1].splitlines():
        if match := re.match(r"level (\d)", line):
            level = int(match.group(1))
        for name in re.findall(r"(?:^level \d +|^ {9}|  )([a-z][\w-]*(?:/[\w-]+)*)(?=  +\S)", line):
            if name in LEVEL or "/" in name or (root / name).is_dir():
                drawn[name] = level
    for name in sorted(LEVEL.keys() | drawn.keys()):
        if LEVEL.get(name) != drawn.get(name):
            yield f"docs/ARCHITECTURE.md: {name} is at level {drawn.get(name)} there, {LEVEL.get(name)} in the check"
    for name in sorted(LEVEL):
        if not (root / name).is_dir():
            yield f"tools/check_layers.py: there is no folder {name}"
    for folder in sorted(path.name for path in root.iterdir() if path.is_dir()):
        ignored = folder.startswith(".") or folder in ("build", "data")
        if not ignored and not re.search(rf"\b{re.escape(folder)}\b", text):
            yield f"docs/ARCHITECTURE.md does not name the folder {folder}/"


def check_document(root, path):
    name = path.relative_to(root).as_posix()
    fenced = False
    titles = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("# "):
            titles += 1
        # A decision names what was there on its day.
        for target in [] if name.startswith("docs/adr/") else PATH.findall(line):
            if target not in MADE and not (root / target).exists():
                yield f"{name}:{number}: there is no {target}"
        for target in [] if fenced else LINK.findall(line):
            wanted = (path.parent / target).resolve()
            if not wanted.exists() and not str(wanted).endswith(MADE):
                yield f"{name}:{number}: the link to {target} leads nowhere"
        for target, test in QUOTED_TEST.findall(line):
            source = (root / target).read_text(encoding="utf-8") if (root / target).is_file() else ""
            if test not in source:
                yield f"{name}:{number}: {target} has no test \"{test}\""
    if titles != 1:
        yield f"{name}:1: {titles} titles; a document has one"


def check_tests(root):
    listed = (root / "tests/CMakeLists.txt").read_text(encoding="utf-8")
    for found in sorted((root / "tests").rglob("CMakeLists.txt")):
        folder = found.parent.relative_to(root / "tests").as_posix()
        if folder != "." and f"add_subdirectory({folder})" not in listed:
            yield f"tests/CMakeLists.txt does not add {folder}"


def check(root):
    failures = [*check_map(root), *check_tests(root)]
    for path in documents(root):
        failures += check_document(root, path)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    failures = check(parser.parse_args().root.resolve())
    print("\n".join(failures) or "docs: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
