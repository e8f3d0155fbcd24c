#!/usr/bin/env python3
"""The stock SignalR clients against a test hub that has the hubs of tests/conformance/HUBS.md.

    run.py --url http://127.0.0.1:PORT [--testhub PROGRAM] [--only js|chromium|dotnet|backplane]... [--reference] [--seed N]

`backplane` are the tests of several nodes once more, with nodes of ASP.NET Core over its own Redis backplane: what they
expect of ours is what the reference does. Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, at the
end how many of each. Exit code 1 when anything failed. `npm ci` here gives js and chromium their modules; the programs of
.NET are built by tools/dotnet.py.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import dotnet  # noqa: E402

LIMIT_S = 240
CLIENTS = ("js", "chromium", "dotnet", "backplane")
DOTNET_CLIENTS = ("stock-client-10", "stock-client-11")
JS_FILES = ("matrix", "lifecycle", "transports", "hub", "names", "stateful", "backplane")

counts = {"ok": 0, "not ok": 0, "skip": 0}
options = None


def say(verdict, name, why=""):
    counts[verdict] += 1
    print(f"{verdict} {name}" + (f": {why}" if why else ""), flush=True)


def run(name, command, env=None):
    """Passes the lines of the command on and counts them. It has to end well, and to have said something."""
    seen = {"ok": 0, "not ok": 0, "skip": 0}
    with subprocess.Popen([str(part) for part in command], cwd=HERE, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if match := re.match(r"(ok|not ok|skip) ", line):
                seen[match.group(1)] += 1
        code = process.wait()
    for verdict, count in seen.items():
        counts[verdict] += count
    if sum(seen.values()) == 0:
        say("not ok", name, f"it ran no test, exit code {code}")
    elif code != 0 and seen["not ok"] == 0:
        say("not ok", name, f"exit code {code}")


def node(name, files, nodes=None, reference=None):
    """`nodes`: the command of the nodes that tests start for themselves."""
    if not shutil.which("node"):
        say("skip", name, "Node.js is not installed")
        return
    if not (HERE / "node_modules" / "@microsoft").exists():
        say("not ok", name, "its modules are missing: npm ci in tests/stock")
        return
    if nodes is None:
        nodes, reference = [options.testhub] if options.testhub else [], options.reference
    env = {**os.environ, "STOCK_URL": options.url, "STOCK_SEED": str(options.seed),
           "STOCK_REFERENCE": "1" if reference else "0", "STOCK_NODE": json.dumps(nodes)}
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
    """Both versions at once: they mostly wait."""
    commands = {}
    for name in DOTNET_CLIENTS:
        try:
            commands[name] = dotnet.command(name)
        except dotnet.Missing as why:
            say("skip", name, str(why))
    threads = [threading.Thread(target=run, args=(name, ["timeout", LIMIT_S, *command, options.url]))
               for name, command in commands.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_backplane():
    try:
        node("backplane", ["backplane"], dotnet.command("conformance-reference"), reference=True)
    except dotnet.Missing as why:
        say("skip", "backplane of the reference", str(why))


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of the test hub, for example http://127.0.0.1:8080")
    parser.add_argument("--testhub", default="", help="program of the test hub, for tests with several nodes of their own")
    parser.add_argument("--only", action="append", choices=CLIENTS, help="this client; may be repeated")
    parser.add_argument("--reference", action="store_true",
                        help="the server is ASP.NET's: skip what its hubs lack, /allowlist and /names")
    parser.add_argument("--seed", type=int, default=1, help="of the random cuts")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    for client in options.only or CLIENTS:
        {"js": run_js, "chromium": run_chromium, "dotnet": run_dotnet, "backplane": run_backplane}[client]()
    print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped")
    return 1 if counts["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
