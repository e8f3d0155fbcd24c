#!/usr/bin/env python3
"""Proves that tools/check_format.py can fail: each row is a tree of one file, and what the check must say."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROWS = (
    # name, file, content, expected message (empty: passes)
    ("laid out", "hub/a.cpp", "int f() {\n    return 1;\n}\n", ""),
    ("two spaces", "hub/a.cpp", "int f() {\n  return 1;\n}\n", "hub/a.cpp:1: run clang-format -i hub/a.cpp"),
    ("a wide line of a test", "tests/unit/a.cpp", "int f(int first, int second);" + " // x" * 20 + "\n",
     "tests/unit/a.cpp:1: run clang-format"),
    ("what is not ours", "tests/e2e/node_modules/a.h", "int  f();\n", ""),
)


def main():
    failures = []
    for name, file, content, expected in ROWS:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / file
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            shutil.copy(HERE.parent / ".clang-format", root)
            done = subprocess.run([sys.executable, HERE / "check_format.py", "--root", root], capture_output=True,
                                  text=True)
        if done.returncode != (1 if expected else 0) or expected not in done.stdout:
            failures.append(f"{name}: exit code {done.returncode}, said {done.stdout.strip() or done.stderr.strip()!r}")
    print("\n".join(failures) or f"check_format: {len(ROWS)} trees judged rightly")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
