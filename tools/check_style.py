#!/usr/bin/env python3
"""Style rules no formatter knows (docs/STYLE.md). `--root DIR` checks another tree."""
import argparse
import pathlib
import re
import sys

LAYERS = ("auth", "base", "bench", "clients/cpp-sync", "follow", "host", "hub", "protocol", "rest", "server", "storage", "transport")
NOT_LAYERS = ("bench/peers/",)  # programs to compare with
HEADER_LINES_MAX = 250
CLASS = re.compile(r"^class\s+(?:HUBTRAIL_\w+(?:\([^)]*\)+)?\s+|\[\[nodiscard\]\]\s+)*(\w+)[^;]*\{")
THREAD = re.compile(r"Thread: (strand|any|main|db)(?=[.,; ]|$)")
OPEN_ITEM = re.compile(r"\b(TODO|FIXME)\b(?!\(#\d+\))")


def check_header(name, lines):
    if not lines or lines[0] != "#pragma once":
        yield f"{name}:1: headers start with #pragma once"
    if len(lines) > HEADER_LINES_MAX:
        yield f"{name}:1: {len(lines)} lines: split the header"
    comment = []
    for number, line in enumerate(lines, 1):
        if line.startswith("using namespace"):
            yield f"{name}:{number}: no using-directives in headers"
        if line.startswith("///"):
            comment.append(line.removeprefix("///").strip())
        elif (match := CLASS.match(line)) and not name.startswith("base/"):
            if not THREAD.search(" ".join(comment)):
                yield f"{name}:{number}: class {match.group(1)} does not say which thread owns it"
            comment = []
        elif not line.startswith("template"):
            comment = []


def check(root):
    failures = []
    for path in sorted(path for layer in LAYERS for path in (root / layer).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix not in (".h", ".cpp") or name.startswith(NOT_LAYERS):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        failures += [f"{name}:{number}: write TODO(#issue): ..." for number, line in enumerate(lines, 1)
                     if OPEN_ITEM.search(line)]
        if path.suffix == ".h":
            failures += check_header(name, lines)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    failures = check(parser.parse_args().root)
    print("\n".join(failures) or "style: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
