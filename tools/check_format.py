#!/usr/bin/env python3
"""Fails where .clang-format would lay a source out differently. `--root DIR` checks another tree."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FOLDERS = ("auth", "base", "bench", "clients", "follow", "host", "hub", "protocol", "rest", "server", "storage", "tests",
           "transport")
FILES_AT_ONCE = 40


def find_formatter():
    """The version whose layout is the rule; another one differs in details."""
    for name in ("clang-format-14", "clang-format"):
        tool = shutil.which(name)
        if tool and " 14." in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout:
            return tool
    return None


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp") and "node_modules" not in path.parts:
                yield path


def check(root, tool):
    files = list(sources(root))
    style = f"--style=file:{root / '.clang-format'}"

    def run(some):
        return subprocess.run([tool, style, "--dry-run", *some], capture_output=True, text=True).stderr

    groups = [files[i:i + FILES_AT_ONCE] for i in range(0, len(files), FILES_AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = "".join(pool.map(run, groups))
    wrong = {}
    for name, line in re.findall(r"^(.+?):(\d+):\d+: warning: code should be clang-formatted", said, re.M):
        wrong.setdefault(pathlib.Path(name).relative_to(root).as_posix(), line)
    failures = [f"{name}:{line}: run clang-format -i {name}" for name, line in sorted(wrong.items())]
    if said and not failures:
        failures.append(said)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    tool = find_formatter()
    if tool is None:
        print("format: clang-format 14 is not installed (apt install clang-format-14)")
        return 1
    failures = check(root, tool)
    print("\n".join(failures) or "format: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
