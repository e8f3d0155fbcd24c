#!/usr/bin/env python3
"""Runs clang-tidy over our sources, those that have not passed before as they are now.

    tools/run_tidy.py                     every folder, the checks of .clang-tidy without those of SLOW
    tools/run_tidy.py --full              all of them, and the static analyzer
    tools/run_tidy.py hub rest/answers.cpp

What passed is remembered in ~/.cache/hubtrail-tidy (or $XDG_CACHE_HOME) under a digest of all that the verdict hangs
on: the tool, its configuration, the compiler's arguments, the source, the headers of ours that it reaches, and the
versions of the packages that bring the others. So only what changed is looked at again, in any clone. The compiler's
arguments come from build/clang/compile_commands.json. Exit code 1 when something was found.
"""
import argparse
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)
# Left to --full: the static analyzer, and checks that look at each expression of every system header for C that we do not
# write or for what both compilers warn of. Without them a source costs about half.
SLOW = ("clang-analyzer-*", "bugprone-assert-side-effect", "bugprone-infinite-loop", "bugprone-multiple-statement-macro",
        "bugprone-reserved-identifier", "bugprone-sizeof-expression", "bugprone-stringview-nullptr",
        "bugprone-suspicious-semicolon", "bugprone-suspicious-string-compare", "bugprone-unused-raii",
        "misc-definitions-in-headers", "misc-misleading-identifier", "misc-non-copyable-objects",
        "modernize-deprecated-ios-base-aliases", "modernize-replace-auto-ptr", "modernize-use-nullptr",
        "modernize-use-transparent-functors", "modernize-use-using", "readability-redundant-control-flow",
        "readability-redundant-declaration")
ENTRIES_MAX = 20_000  # of the cache; each is empty


def find_tool():
    for name in ("clang-tidy-14", "clang-tidy"):
        tool = shutil.which(name)
        if tool and "version 14." in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout:
            return tool
    return None


@functools.lru_cache(maxsize=None)
def read(path):
    return path.read_bytes()


@functools.lru_cache(maxsize=None)
def included(path):
    """The headers of ours that a file names, by path from the root or beside it."""
    found = []
    for name in INCLUDE.findall(read(path)):
        for base in (ROOT, path.parent):
            target = (base / name.decode()).resolve()
            if target.is_file() and target.is_relative_to(ROOT):
                found.append(target)
                break
    return found


def reached(source):
    seen, todo = {source}, [source]
    while todo:
        for header in included(todo.pop()):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return sorted(seen)


def configurations(source):
    return [folder / ".clang-tidy" for folder in (source.parent, *source.parent.parents)
            if folder.is_relative_to(ROOT) and (folder / ".clang-tidy").is_file()]


def packages():
    """What is installed of compilers and libraries: their headers decide too."""
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "*-dev", "clang-*", "catch2"],
                            capture_output=True, text=True).stdout
    return listed.encode()


def commands(database):
    """One command for each source of ours; fuzz targets compile some a second time."""
    chosen = {}
    for entry in json.loads(database.read_text(encoding="utf-8")):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        inside = path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build")
        if inside and ("-fsanitize=fuzzer" not in entry["command"] or path not in chosen):
            chosen[path] = entry["command"].replace(str(ROOT), ".")
    return chosen


def digest(source, command, base):
    sum_of = hashlib.sha256(base)
    sum_of.update(" ".join(word for word in shlex.split(command) if not word.endswith(".o")).encode())
    for path in [*configurations(source), *reached(source)]:
        sum_of.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + read(path) + b"\0")
    return sum_of.hexdigest()


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "hubtrail-tidy"
    folder.mkdir(parents=True, exist_ok=True)
    entries = sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime)
    for entry in entries[:max(0, len(entries) - ENTRIES_MAX)]:
        entry.unlink(missing_ok=True)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="folders or sources; none: all")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/clang")
    options = parser.parse_args()

    tool = find_tool()
    if tool is None:
        print("tidy: clang-tidy 14 is not installed (apt install clang-tidy-14)")
        return 1
    database = options.build / "compile_commands.json"
    if not database.exists():
        print(f"tidy: {database} is missing: cmake --preset clang")
        return 1
    known = commands(database)
    wanted = [pathlib.Path(path).resolve() for path in options.paths]
    sources = sorted(path for path in known if not wanted or any(path.is_relative_to(want) for want in wanted))
    if not sources:
        print("tidy: no source of that name is compiled")
        return 1
    checks = [] if options.full else ["-checks=" + ",".join("-" + name for name in SLOW)]
    version = subprocess.run([tool, "--version"], capture_output=True).stdout
    base = hashlib.sha256(version + packages() + " ".join(checks).encode()).digest()
    cache = cache_folder()
    failed = []
    fresh = [0]
    lock = threading.Lock()

    def look(source):
        mark = cache / digest(source, known[source], base)
        if mark.exists():
            mark.touch()
            return
        done = subprocess.run([tool, "-quiet", *checks, "-p", options.build, source], capture_output=True, text=True)
        with lock:
            fresh[0] += 1
            if done.returncode == 0:
                mark.touch()
                return
            failed.append(source)
            print(done.stdout.strip() or done.stderr.strip(), flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(look, sources))
    print(f"tidy: {len(sources)} sources, {fresh[0]} looked at, {len(failed)} with findings")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
