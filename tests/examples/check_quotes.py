#!/usr/bin/env python3
"""Fails when a C++ block of docs/hubs.md is not, line for line, in a program of this folder."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs/hubs.md"


def main():
    programs = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.cpp"))]
    blocks = re.findall(r"^```cpp\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
    missing = [block for block in blocks if not any("\n" + block in "\n" + program for program in programs)]
    for block in missing:
        print(f"not in a program of tests/examples:\n{block}")
    print(f"{len(blocks)} blocks, {len(missing)} of them in no program")
    return bool(missing) or not blocks


if __name__ == "__main__":
    sys.exit(main())
