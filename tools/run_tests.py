#!/usr/bin/env python3
"""Runs the tiers of ./test one after another and counts what each of them really ran.

    ./test                    every tier (list: ./test --help)
    ./test quick              for daily work: the checks and the unit tests, nothing else is built
    ./test unit e2e           only these
    ./test full               every tier, fuzzing for longer, and clang-tidy with the static analyzer

Logs, reports and screenshots go to build/test-results/. Exit code 1 when anything failed.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml

import dotnet

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "test-results"
PROGRAM = ROOT / "build" / "release" / "hubtrail"
JOBS = os.cpu_count() or 1
BUILD_LIMIT_S = 3600
SCRIPT_LIMIT_S = 900
READY_LIMIT_S = 30
STOP_LIMIT_S = 15
FUZZ_S = {"short": 10, "full": 60}
# Test programs in which several threads meet; in the others there is nothing for ThreadSanitizer to see, and
# some replace operator new, which it does itself.
THREADED = ("contract", "cpp_sync", "cpp_sync_http", "cpp_sync_demo", "hub_contract", "hub_code", "rest", "storage", "transport_net", "transport_session")


class Tally:
    """What was run. A failure carries its reason, a skip too."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    def ok(self, count=1):
        self.passed += count

    def fail(self, name, why=""):
        self.failures.append((name, why))

    def skip(self, name, why):
        self.skips.append((name, why))

    def line(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"


tally = Tally()
options = None


def say(text):
    print(text, flush=True)


def log_path(name):
    return RESULTS / (re.sub(r"[^A-Za-z0-9_.-]", "_", name) + ".log")


def tail(path, lines):
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def execute(name, command, limit_s, cwd=ROOT, env=None, show=False):
    """Runs a command in a process group of its own; its output goes to a log. The exit code, or None when it
    took too long. Nothing of it is left behind."""
    path = log_path(name)
    with open(path, "wb") as log:
        process = subprocess.Popen([str(part) for part in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                   stdout=None if show else log, stderr=None if show else subprocess.STDOUT,
                                   start_new_session=not show)
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if not show:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            elif process.poll() is None:
                process.terminate()
            process.wait()
    return code, path


# -- building ----------------------------------------------------------------------------------------------


def configure(preset):
    folder = ROOT / "build" / preset
    made = folder / "build.ninja"
    if made.exists() and made.stat().st_mtime >= (ROOT / "CMakePresets.json").stat().st_mtime:
        return True
    code, path = execute(f"configure-{preset}", ["cmake", "--preset", preset], BUILD_LIMIT_S)
    if code != 0:
        tally.fail(f"configure {preset}", tail(path, 30))
        return False
    made.touch()
    return True


def build(preset, *targets):
    """Builds, once, and counts it as one test: that it compiles without a warning is a claim."""
    if (preset, targets) not in built:
        built[preset, targets] = configure(preset) and run_ninja(preset, targets)
    return built[preset, targets]


built = {}


def run_ninja(preset, targets):
    command = ["ninja", "-C", ROOT / "build" / preset, "-j", JOBS, "-k", 20, *targets]
    code, path = execute(f"build-{preset}", command, BUILD_LIMIT_S, show=sys.stdout.isatty())
    if code != 0:
        errors = ""
        if not sys.stdout.isatty():
            lines = path.read_text(errors="replace").splitlines()
            wanted = [line for line in lines if re.search(r"error:|FAILED:|undefined reference", line)]
            errors = "\n".join(wanted[:30]) or tail(path, 30)
        tally.fail(f"build {preset}", errors)
        return False
    tally.ok()
    return True


def targets_of(preset):
    listed = subprocess.run(["ninja", "-C", ROOT / "build" / preset, "-t", "targets", "all"],
                            capture_output=True, text=True, check=True).stdout
    return {line.split(":")[0] for line in listed.splitlines()}


def need_program():
    return build("release", "hubtrail", "bench_bare_loop")


# -- tiers in C++ ------------------------------------------------------------------------------------------


def run_ctest(name, preset, *selection, env=None):
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", ROOT / "build" / preset, "--output-on-failure", "-j", JOBS,
               "--timeout", 180, "--output-junit", report, *selection]
    code, path = execute(name, command, SCRIPT_LIMIT_S, env=env)
    if not report.exists():
        tally.fail(name, tail(path, 20))
        return
    cases = xml.parse(report).getroot().findall("testcase")
    failed = 0
    for case in cases:
        if case.get("status") == "run":
            tally.ok()
        elif case.get("status") == "disabled" or case.find("skipped") is not None:
            tally.skip(f"{name}: {case.get('name')}", "ctest did not run it")
        else:
            failed += 1
            tally.fail(f"{name}: {case.get('name')}", "\n".join((case.findtext("system-out") or "").splitlines()[-25:]))
    if not cases or (code != 0 and not failed):
        tally.fail(name, tail(path, 20))


def tier_checks():
    if configure("dev"):
        run_ctest("checks", "dev", "-L", "^check$")


def unit_tests():
    """The test programs of tests/unit, for who does not want to wait for all the others."""
    if not configure("dev"):
        return []
    return sorted(target for target in targets_of("dev") if re.fullmatch(r"tests/unit/\w+/\w+_test", target))


def tier_unit():
    targets = unit_tests() if options.quick else []
    if (targets or not options.quick) and build("dev", *targets):
        # What was not built has a test that fails, and no label.
        run_ctest("unit", "dev", *(["-L", "^unit$"] if options.quick else ["-LE", "^(check|contract|fuzz)$"]))


def tier_contract():
    if build("dev"):
        run_ctest("contract", "dev", "-L", "^contract$")


def tier_tsan():
    """All of our code with clang, so -Wthread-safety sees it too, and the threaded tests under ThreadSanitizer."""
    if not configure("tsan"):
        return
    known = targets_of("tsan")
    layers = [layer for layer in THREADED if f"{layer}_test" in known]
    if build("tsan", "hubtrail", *(f"{layer}_test" for layer in layers)):
        env = {**os.environ, "TSAN_OPTIONS": f"suppressions={ROOT}/tools/tsan.supp"}
        run_ctest("tsan", "tsan", "-R", f"^({'|'.join(layers)}):", env=env)


def tier_clang():
    build("clang", "all_verify_interface_header_sets")


def tier_release():
    need_program()


def tier_fuzz():
    if not configure("clang"):
        return
    targets = sorted(target for target in targets_of("clang") if re.fullmatch(r"fuzz_\w+", target))
    if not targets:
        tally.fail("fuzz", "there is no fuzz target")
        return
    if not build("clang", *targets):
        return
    seconds = FUZZ_S["full" if options.full else "short"]
    for target in targets:
        name = target.removeprefix("fuzz_")
        found = RESULTS / "fuzz" / name
        found.mkdir(parents=True, exist_ok=True)
        command = [ROOT / "build/clang/tests/fuzz" / target, f"-max_total_time={seconds}", "-max_len=4096",
                   f"-artifact_prefix={found}/"]
        dictionary = ROOT / "tests/fuzz" / f"{name}.dict"
        if dictionary.exists():
            command.append(f"-dict={dictionary}")
        corpus = ROOT / "tests/fuzz/corpus" / name
        with tempfile.TemporaryDirectory() as scratch:
            command += [scratch] + ([corpus] if corpus.exists() else [])
            code, path = execute(target, command, seconds + 120)
        if code == 0:
            tally.ok()
        else:
            tally.fail(target, tail(path, 20))


TIDY_LIMIT_S = 3600


def tier_tidy():
    """Alone: beside them even with the lowest priority it makes tests that wait for a time fail."""
    if not configure("clang"):
        return
    command = [sys.executable, "-u", ROOT / "tools/run_tidy.py", *(["--full"] if options.full else [])]
    code, path = execute("tidy", command, TIDY_LIMIT_S)
    text = path.read_text(encoding="utf-8", errors="replace")
    summed = re.search(r"^tidy: (\d+) sources, \d+ looked at, (\d+) with findings$", text, re.M)
    if code == 0 and summed:
        tally.ok(int(summed.group(1)))
        return
    tally.ok(int(summed.group(1)) - int(summed.group(2)) if summed else 0)
    found = [line for line in text.splitlines() if "error:" in line]
    tally.fail("tidy", "\n".join(found[:20]) or tail(path, 20))


# -- scripts -----------------------------------------------------------------------------------------------


def environment(name, **more):
    artifacts = RESULTS / name
    artifacts.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "HUBTRAIL": str(PROGRAM), "ARTIFACTS": str(artifacts), **more}


def run_python(tier, script, *arguments):
    """A script prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` per test, or sums up the passed ones in a
    closing line `N passed, N failed, N skipped`."""
    name = f"{tier}-{script.stem}"
    code, path = execute(name, [sys.executable, "-u", script, *arguments], SCRIPT_LIMIT_S, env=environment(name))
    seen = failed = 0
    text = path.read_text(encoding="utf-8", errors="replace")
    summed = re.search(r"^(\d+) passed, \d+ failed, \d+ skipped$", text, re.M)
    if summed:
        seen += int(summed.group(1))
        tally.ok(seen)
    for line in text.splitlines():
        match = re.match(r"(ok|not ok|skip) (.+)", line)
        if not match:
            continue
        seen += 1
        test, _, why = match.group(2).partition(": ")
        if match.group(1) == "ok":
            tally.ok(0 if summed else 1)
        elif match.group(1) == "skip":
            tally.skip(f"{name}: {test}", why or "no reason given")
        else:
            failed += 1
            tally.fail(f"{name}: {test}", why)
    if code is None:
        tally.fail(name, f"took over {SCRIPT_LIMIT_S} s\n" + tail(path, 10))
    elif (code != 0 and not failed) or seen == 0:
        tally.fail(name, f"exit code {code}, {seen} tests\n" + tail(path, 20))


def run_node(tier, files, cwd, more=None):
    """node --test on the files; one of its tests counts as one of ours."""
    command = ["node", "--test", "--test-concurrency=1", "--test-reporter=tap", *files]
    code, path = execute(tier, command, SCRIPT_LIMIT_S, cwd=cwd, env=environment(tier, **(more or {})))
    text = path.read_text(encoding="utf-8", errors="replace")
    counts = {word: int(count) for word, count in re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.M)}
    tally.ok(counts.get("pass", 0))
    for name, why in re.findall(r"^\s*ok \d+ - (.*?) # (?:SKIP|TODO)\b ?(.*)$", text, re.M):
        tally.skip(f"{tier}: {name}", why or "no reason given")
    broken = counts.get("fail", 0) + counts.get("cancelled", 0)
    names = re.findall(r"^\s*not ok \d+ - (?!.*# TODO)(.*)$", text, re.M)
    why = "\n".join(re.findall(r"^\s*error: .*(?:\n\s{6,}.*){0,6}", text, re.M)[:3])
    for number in range(broken):
        tally.fail(f"{tier}: {names[number] if number < len(names) else '?'}", why if number == 0 else "")
    if not broken and (code != 0 or sum(counts.values()) == 0):
        tally.fail(tier, f"exit code {code}\n" + tail(path, 20))


def run_folder(tier):
    folder = ROOT / "tests" / tier
    if not need_program():
        return
    scripts = sorted(path for path in folder.glob("*.py") if '"__main__"' in path.read_text(encoding="utf-8"))
    modules = sorted(path.relative_to(folder) for path in folder.glob("*.test.mjs"))
    if not scripts and not modules:
        tally.fail(tier, f"there is no test in tests/{tier}")
    if modules:
        run_node(tier, modules, folder)
    for script in scripts:
        run_python(tier, script)


def tier_e2e():
    run_folder("e2e")


def tier_fault():
    run_folder("fault")


class Server:
    """`hubtrail serve` on a free port over a scratch directory; `with` ends it."""

    def __init__(self, name, *flags):
        self.name, self.flags = name, flags
        self.url = self.process = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(log_path(f"{self.name}-server"), "wb")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", self.folder.name, *self.flags],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        watchdog = threading.Timer(READY_LIMIT_S, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            if line.startswith("ready http"):
                self.url = line.split()[1].rstrip("/")
                break
        watchdog.cancel()
        if self.url is None:
            self.__exit__()
            raise RuntimeError("the server did not become ready: " + tail(log_path(f"{self.name}-server"), 5))
        return self

    def token(self):
        made = subprocess.run(
            [PROGRAM, "token", "--data", self.folder.name, "--tenant", "bench", "--sub", "bench", "--scope",
             "events.read", "--scope", "events.write", "--site", "*=admin", "--ttl", "1h"],
            capture_output=True, text=True, check=True)
        return made.stdout.strip()

    def __exit__(self, *_):
        self.process.terminate()
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()
        if self.url is not None and code != 0:
            tally.fail(f"{self.name}: the server ends with exit code 0 on SIGTERM", f"exit code {code}")


TESTHUB = ROOT / "build/dev/tests/testhub/testhub"


class TestHub:
    """tests/testhub, with the sanitizers of the dev preset, on a free port; `with` ends it."""

    def __init__(self, name):
        self.name = name
        self.url = None

    def __enter__(self):
        self.log = open(log_path(f"{self.name}-testhub"), "wb")
        self.process = subprocess.Popen([TESTHUB, "--port", "0"], stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, text=True)
        watchdog = threading.Timer(READY_LIMIT_S, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            if line.startswith("ready http"):
                self.url = line.split()[1].rstrip("/")
                break
        watchdog.cancel()
        if self.url is None:
            self.__exit__()
            raise RuntimeError("the test hub did not become ready: " + tail(log_path(f"{self.name}-testhub"), 5))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.log.close()
        if self.url is not None and code != 0:
            tally.fail(f"{self.name}: the test hub ends with exit code 0 on SIGTERM",
                       f"exit code {code}\n" + tail(log_path(f"{self.name}-testhub"), 30))


def prepare_dotnet(*names):
    """Says what is installed for them, and leaves the time of it out of the tests'. What is missing they say themselves."""
    for name in names:
        try:
            dotnet.command(name, say)
        except dotnet.Missing:
            pass


def tier_conformance():
    if not build("dev"):
        return
    prepare_dotnet("conformance-reference")
    folder = ROOT / "tests/conformance"
    run_python("conformance", folder / "test_conformance.py")
    run_python("conformance", folder / "run.py", "--testhub", TESTHUB)


def tier_rfc6455():
    if not build("dev"):
        return
    folder = ROOT / "tests/rfc6455"
    with TestHub("rfc6455") as hub:
        run_python("rfc6455", folder / "run.py", "--strict", "--url", hub.url.replace("http", "ws", 1) + "/wsecho")
    if options.full:
        run_python("rfc6455", folder / "selftest.py")


def tier_stock():
    if not build("dev"):
        return
    prepare_dotnet("stock-client-10", "stock-client-11", "conformance-reference")
    with TestHub("stock") as hub:
        run_python("stock", ROOT / "tests/stock/run.py", "--url", hub.url, "--testhub", TESTHUB)


def tier_browser():
    if not need_program():
        return
    if not (shutil.which("chromium") or os.environ.get("CHROMIUM")):
        tally.skip("browser", "Chromium is not installed (set CHROMIUM, or apt install chromium)")
        return
    with Server("browser", "--demo") as server:
        run_node("browser", [], ROOT / "tests/browser", {"HUBTRAIL_URL": server.url})


BENCH = (  # tiny: that the verbs work and their content checks hold, not how fast
    ("connect", {"connections": 100}), ("idle", {"connections": 50, "seconds": 1}),
    ("fanout", {"connections": 50, "rounds": 20, "per-turn": 16}), ("echo", {"connections": 8, "seconds": 1}),
    ("echo", {"connections": 8, "seconds": 1, "protocol": "messagepack"}),
    ("fanout", {"connections": 20, "rounds": 20, "per-turn": 2, "transport": "sse"}),
    ("fanout", {"connections": 20, "rounds": 20, "per-turn": 2, "transport": "longpolling"}),
    ("fanout", {"connections": 20, "rounds": 20, "per-turn": 2, "stateful": ""}),
    ("group", {"connections": 40, "groups": 10, "members": 4, "rounds": 20}),
    ("stream", {"connections": 8, "items": 500}),
    ("touser", {"connections": 20, "rounds": 50}), ("append", {"producers": 8, "seconds": 1}),
    ("catchup", {"events": 3000}),
    ("delay", {"connections": 20, "rate": 100, "seconds": 1}),
    ("delay", {"connections": 20, "rate": 100, "seconds": 1, "by": "log"}),
    ("logfanout", {"connections": 20, "rounds": 10, "per-turn": 3}),
    ("latency", {"events": 20, "directory": "."}), ("resume", {"connections": 50, "events": 30}),
)


def bench_verb(name, flags):
    command = [PROGRAM, "bench", *flags]
    code, path = execute(name, [*command, "--json"], 120)
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        report = json.loads(text[text.index("{"):text.rindex("}") + 1])
    except ValueError:
        report = {"ok": False, "failure": text[-400:]}
    if code == 0 and report.get("ok"):
        tally.ok()
    else:
        tally.fail(name, str(report.get("failure") or f"exit code {code}"))


def tier_bench():
    if not need_program():
        return
    with Server("bench", "--bench-hub", "--loops", "1") as server:
        token = server.token()
        for verb, flags in BENCH:
            words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value)) if word]
            bench_verb("-".join(("bench", verb, *map(str, flags.values()))), [verb, "--url", server.url, "--token", token, *words,
                                         "--server-pid", str(server.process.pid)])
    compare = [sys.executable, ROOT / "bench/compare.py", "--quick", "--repeats", "1", "--only", "echo",
               "--work", RESULTS / "bench", "--servers"]
    if JOBS < 2:
        tally.skip("bench: the peers", "the client and the server need a core each")
        return
    peers = ["bare"]
    if shutil.which("dotnet") is None:
        tally.skip("bench: ASP.NET Core peer", "the .NET SDK is not installed")
    else:
        peers.append("aspnet")
        prepare_dotnet("aspnet-peer")
    for peer in peers:
        code, path = execute(f"bench-peer-{peer}", [*compare, peer], 300)
        text = path.read_text(encoding="utf-8", errors="replace")
        missing = re.search(r": not run \((?!not asked for)([^)]*)\)", text)
        if code != 0:
            tally.fail(f"bench: peer {peer}", tail(path, 20))
        elif missing:
            tally.skip(f"bench: peer {peer}", missing.group(1))
        else:
            tally.ok()


TIERS = {
    "checks": tier_checks, "unit": tier_unit, "contract": tier_contract, "release": tier_release,
    "conformance": tier_conformance, "rfc6455": tier_rfc6455, "stock": tier_stock,
    "e2e": tier_e2e, "fault": tier_fault, "browser": tier_browser, "bench": tier_bench,
    "tsan": tier_tsan, "clang": tier_clang, "fuzz": tier_fuzz, "tidy": tier_tidy,
}
QUICK = ("checks", "unit")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tier", nargs="*", metavar="TIER", choices=[*TIERS, "quick", "full", []],
                        help=f"{', '.join(TIERS)}; quick: {' and '.join(QUICK)}; full: all of them, and for longer")
    parsed = parser.parse_args()
    parsed.full = "full" in parsed.tier
    parsed.quick = "quick" in parsed.tier and not parsed.full
    named = {*parsed.tier, *(QUICK if parsed.quick else ())}
    parsed.tiers = list(TIERS) if parsed.full else [name for name in TIERS if name in named] or list(TIERS)
    return parsed


def run_tiers():
    for name in options.tiers:
        before = (tally.passed, len(tally.failures), len(tally.skips))
        begun = time.monotonic()
        say(f"== {name}")
        try:
            TIERS[name]()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            tally.fail(name, str(error))
        for test, why in tally.failures[before[1]:]:
            say(f"   FAILED {test}" + "".join("\n      " + line for line in why.splitlines()))
        say(f"   {tally.passed - before[0]} passed, {len(tally.failures) - before[1]} failed, "
            f"{len(tally.skips) - before[2]} skipped in {time.monotonic() - begun:.1f} s")


def main():
    global options
    options = parse_arguments()
    RESULTS.mkdir(parents=True, exist_ok=True)
    run_tiers()
    say("")
    for test, _ in tally.failures:
        say(f"failed: {test}")
    for test, why in tally.skips:
        say(f"skipped: {test}: {why}")
    say(tally.line())
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
