#!/usr/bin/env python3
"""Proves that tools/check_style.py can fail: each row is a tree of one file, and what the check must say."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parent / "check_style.py"
HEAD = "#pragma once\n"
ROWS = (
    # name, file, content, expected message (empty: passes)
    ("a thread", "hub/a.h", HEAD + "/// A.\n/// Thread: strand. One per loop.\nclass A {\n};\n", ""),
    ("a thread, comma", "hub/a.h", HEAD + "/// A. Thread: db, one each.\nclass A final {\n};\n", ""),
    ("a thread, semicolon", "hub/a.h", HEAD + "/// A. Thread: any; guarded.\nclass A {\n};\n", ""),
    ("a thread, wrapped", "hub/a.h", HEAD + "/// A. Thread:\n/// strand, its loop's.\nclass A {\n};\n", ""),
    ("no thread", "hub/a.h", HEAD + "/// A.\nclass A {\n};\n", "class A does not say which thread owns it"),
    ("a thread, and more", "hub/a.h", HEAD + "/// Thread: main for run().\nclass A {\n};\n", ""),
    ("a thread of its own", "hub/a.h", HEAD + "/// A. Thread: mine.\nclass A {\n};\n", "does not say"),
    ("the thread of somebody else", "hub/a.h", HEAD + "/// Thread: any.\nint f();\nclass A {\n};\n", "does not say"),
    ("no thread in base", "base/a.h", HEAD + "class A {\n};\n", ""),
    ("only declared", "hub/a.h", HEAD + "class A;\n", ""),
    ("no pragma", "hub/a.h", "int f();\n", "headers start with #pragma once"),
    ("empty", "hub/a.h", "", "headers start with #pragma once"),
    ("250 lines", "hub/a.h", HEAD + "\n" * 249, ""),
    ("251 lines", "hub/a.h", HEAD + "\n" * 250, "251 lines: split the header"),
    ("a using-directive", "hub/a.h", HEAD + "using namespace std;\n", "no using-directives in headers"),
    ("an open item", "hub/a.cpp", "// TO" + "DO later\n", "write TODO(#issue)"),
    ("an open item with an issue", "hub/a.cpp", "// TO" + "DO(#12): later\n", ""),
)


def main():
    failures = []
    for name, file, content, expected in ROWS:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / file
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True)
        wanted_code = 1 if expected else 0
        if done.returncode != wanted_code or expected not in done.stdout:
            failures.append(f"{name}: exit code {done.returncode}, said {done.stdout.strip() or done.stderr.strip()!r}")
    print("\n".join(failures) or f"check_style: {len(ROWS)} trees judged rightly")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
