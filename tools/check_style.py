#!/usr/bin/env python3
"""Style rules no formatter knows (docs/STYLE.md). `--root DIR` checks another tree."""
import argparse
import pathlib
import re
import sys

LAYERS = ("auth", "base", "bench", "clients/cpp-sync", "edge", "follow", "host", "hub", "protocol", "rest", "server", "storage", "transport")
NOT_LAYERS = ("bench/peers/",)  # programs to compare with
HEADER_LINES_MAX = 250
CLASS = re.compile(r"^class\s+(?:HUBTRAIL_\w+(?:\([^)]*\)+)?\s+|\[\[nodiscard\]\]\s+)*(\w+)[^;]*\{")
THREAD = re.compile(r"Thread: (strand|any|main|db)(?=[.,; ]|$)")
INCLUDE = re.compile(r'^#include (["<])([^">]+)')
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{")
PUBLIC = ("hub/code/", "hub/host/include/", "host/log/include/")  # what programs see may be `hubtrail` itself
BODY = re.compile(r"^(?P<indent> *)(?:class|struct) (?:HUBTRAIL_\w+\([^)]*\)\s*)?(?:\[\[\w+\]\] )?(?P<name>\w+)[^;{]*\{\n"
                  r"(?P<body>.*?)^(?P=indent)\};", re.M | re.S)
DATA = re.compile(r"(?!.*\()(?!(using|friend|static|return)\b)[\w:<>,&* ]+[ &*>]\w+( = .*|\{.*\})?;")
SHARED = re.compile(r"^\s+[^(]*shared_ptr<.*>\s+\w+;$")
CHANGING = re.compile(r"^\s+(?:static|thread_local) (?!const\b|constexpr\b)[\w:<>, ]+ \w+(;|\{| = )")
TEST_NAME = re.compile(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"')
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


def check_bases(name, text):
    """Who adds a virtual function that others must have, and data, says so: most often it is two classes."""
    for match in BODY.finditer(text):
        inside = match["indent"] + "    "
        own = [line[len(inside):] for line in match["body"].splitlines()
               if line.startswith(inside) and line[len(inside):len(inside) + 1] not in " }"]
        is_base = any(line.startswith("virtual ") and not line.startswith("virtual ~") for line in own)
        comment = text[:match.start()].rpartition("\n\n")[2]
        if is_base and any(DATA.match(line) for line in own) and "A base with data:" not in comment:
            yield (f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match['name']} is an interface with data: "
                   "write two classes, or `A base with data:` and why above it")


def is_said(lines, index):
    """Whether a comment stands on the line or above it."""
    return "//" in lines[index] or lines[index - 1].lstrip().startswith("//")


def check_namespace(name, lines):
    top = name.split("/")[0]
    wanted = {"base": "hubtrail", "clients": "hubtrail::sync"}.get(top, f"hubtrail::{top}")
    found = {match.group(1) for line in lines if (match := NAMESPACE.match(line))}
    if any(space == wanted or space.startswith(wanted + "::") for space in found):
        return
    if found and not (name.startswith(PUBLIC) and "hubtrail" in found):
        yield f"{name}:1: its folder is the namespace {wanted}"


def check_includes(path, name, lines):
    own = path.with_suffix(".h").name
    last, first = 0, True
    for number, line in enumerate(lines, 1):
        if not (match := INCLUDE.match(line)):
            continue
        bracket, target = match.groups()
        if bracket == '"' and "/" not in target:
            yield f"{name}:{number}: write the path from the root"
        is_own = path.suffix == ".cpp" and target == name.removesuffix(".cpp") + ".h"
        if path.suffix == ".cpp" and first and not is_own and path.with_name(own).exists():
            yield f"{name}:{number}: the own header comes first"
        first = False
        rank = 0 if is_own else 1 if bracket == "<" else 2
        if rank < last:
            yield f"{name}:{number}: own header, then the standard library and third parties, then ours"
        last = rank


def check_source(path, name, text):
    lines = text.splitlines()
    yield from check_namespace(name, lines)
    yield from check_includes(path, name, lines)
    for index, line in enumerate(lines):
        at = f"{name}:{index + 1}"
        if OPEN_ITEM.search(line):
            yield f"{at}: write TODO(#issue): ..."
        if path.suffix == ".cpp" and line.startswith("static "):
            yield f"{at}: helpers live in an unnamed namespace"
        if CHANGING.match(line) and not is_said(lines, index):
            yield f"{at}: no statics that change, or a comment that says why"
        if path.suffix == ".h" and re.search(r"\bget_\w+\(\) const", line):
            yield f"{at}: what is read has its own name, without get_"
        if path.suffix == ".h" and SHARED.match(line) and not is_said(lines, index):
            yield f"{at}: shared_ptr needs a reason: say who owns it too"
        if re.search(r"\bgetenv\b|\benviron\b", line) and not name.startswith("server/"):
            yield f"{at}: only server reads the environment"
    if path.suffix == ".h":
        yield from check_header(name, lines)
        yield from check_bases(name, text)


def check_tests(root):
    for path in sorted((root / "tests").rglob("*.cpp")):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        for match in TEST_NAME.finditer(text):
            if len(match.group(1).split()) < 3:
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a test's name is a sentence"
        if name.startswith("tests/unit/") and (match := re.search(r"\b(sleep_for|sleep_until|usleep)\(", text)):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a unit test does not sleep"


def check(root):
    failures = []
    for path in sorted(path for layer in LAYERS for path in (root / layer).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix not in (".h", ".cpp") or name.startswith(NOT_LAYERS):
            continue
        failures += check_source(path, name, path.read_text(encoding="utf-8"))
    return failures + list(check_tests(root))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    failures = check(parser.parse_args().root)
    print("\n".join(failures) or "style: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
