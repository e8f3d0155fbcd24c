#!/usr/bin/env python3
"""The stock SignalR clients against a test hub that has the hubs of tests/conformance/HUBS.md.

    run.py --url http://127.0.0.1:PORT [--testhub PROGRAM] [--only js|chromium|dotnet]... [--reference] [--seed N]

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, at the end how many of each. Exit code 1
when anything failed. `npm ci` here gives js and chromium their modules.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOTNET_OUTPUT = HERE.parents[1] / "build" / "stock"
LIMIT_S = 170
CLIENTS = ("js", "chromium", "dotnet")
JS_FILES = ("matrix", "lifecycle", "transports", "hub", "names", "stateful", "backplane")

counts = {"ok": 0, "not ok": 0, "skip": 0}
options = None


def say(verdict, name, why=""):
    counts[verdict] += 1
    print(f"{verdict} {name}" + (f": {why}" if why else ""), flush=True)


def run(name, command, env=None):
    """Passes the lines of the command on and counts them. It has to end well, and to have said something."""
    before = sum(counts.values())
    failures = counts["not ok"]
    with subprocess.Popen([str(part) for part in command], cwd=HERE, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if match := re.match(r"(ok|not ok|skip) ", line):
                counts[match.group(1)] += 1
        code = process.wait()
    if sum(counts.values()) == before:
        say("not ok", name, f"it ran no test, exit code {code}")
    elif code != 0 and counts["not ok"] == failures:
        say("not ok", name, f"exit code {code}")


def node(name, files):
    if not shutil.which("node"):
        say("skip", name, "Node.js is not installed")
        return
    if not (HERE / "node_modules" / "@microsoft").exists():
        say("not ok", name, "its modules are missing: npm ci in tests/stock")
        return
    env = {**os.environ, "STOCK_URL": options.url, "STOCK_SEED": str(options.seed),
           "STOCK_REFERENCE": "1" if options.reference else "0", "STOCK_TESTHUB": options.testhub}
    run(name, ["timeout", LIMIT_S, "node", "--test", "--test-concurrency=2", "--test-reporter=./reporter.mjs",
               *(f"{file}.test.mjs" for file in files)], env)


def run_js():
    node("js", JS_FILES)


def run_chromium():
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not pathlib.Path(program).exists():
        say("skip", "chromium", f"there is no {program} (set CHROMIUM, or install chromium)")
        return
    node("chromium", ["chromium"])


def run_dotnet():
    if not shutil.which("dotnet"):
        say("skip", "dotnet", "the .NET SDK is not installed")
        return
    sdks = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, check=False).stdout
    if not re.search(r"^10\.", sdks, re.M):
        say("skip", "dotnet", "there is no .NET SDK 10")
        return
    program = DOTNET_OUTPUT / "stock-client.dll"
    sources = [path for path in (HERE / "dotnet").iterdir() if path.is_file()]
    if not program.exists() or program.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        built = subprocess.run(
            ["dotnet", "build", "-c", "Release", "--nologo", "-v", "q", HERE / "dotnet", "-o", DOTNET_OUTPUT,
             f"-p:BaseIntermediateOutputPath={DOTNET_OUTPUT}-obj/"], capture_output=True, text=True, check=False)
        if re.search(r"error NU1\d{3}", built.stdout):
            say("skip", "dotnet", "the package of the client cannot be had here")
            return
        if built.returncode != 0:
            say("not ok", "dotnet", "its build failed: " + " ".join(built.stdout.split())[-600:])
            return
        os.utime(program)
    run("dotnet", ["timeout", LIMIT_S, "dotnet", program, options.url])


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of the test hub, for example http://127.0.0.1:8080")
    parser.add_argument("--testhub", default="", help="program of the test hub, for tests with several nodes of their own")
    parser.add_argument("--only", action="append", choices=CLIENTS, help="this client; may be repeated")
    parser.add_argument("--reference", action="store_true",
                        help="the server is ASP.NET's: skip what its hubs lack, MessagePack and /allowlist")
    parser.add_argument("--seed", type=int, default=1, help="of the random cuts")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    for client in options.only or CLIENTS:
        {"js": run_js, "chromium": run_chromium, "dotnet": run_dotnet}[client]()
    print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped")
    return 1 if counts["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
