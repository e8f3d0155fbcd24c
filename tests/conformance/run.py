#!/usr/bin/env python3
"""The same scripted transcripts against the reference and against our server; what differs is printed.

    run.py --testhub PROGRAM       starts our test hub and compares it
    run.py --against URL           compares a server that runs already (scripts that stop their server are skipped)
    run.py --against reference     the reference itself: are the recorded transcripts still true?
    run.py --record                writes the reference's transcripts to recorded/

Compared is with the live reference where the .NET SDK and NuGet are (and --recorded is not given), else with recorded/; the first
line says which. Wanted differences stand in docs/protocol/deviations.md, their transcripts in recorded/deviations.json
(--accept writes those). Scripts of authentication refresh, which came with .NET 11, judge for themselves.
"""
import argparse
import asyncio
import atexit
import contextlib
import difflib
import fnmatch
import importlib
import json
import logging
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import registry
import session

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import dotnet  # noqa: E402

RECORDED = HERE / "recorded"
OURS = RECORDED / "deviations.json"
DEVIATIONS = HERE.parents[1] / "docs" / "protocol" / "deviations.md"
THEMES = ("negotiate", "requests", "websockets", "event_streams", "long_polling", "handshake", "messages", "dispatch",
          "streams", "uploads", "results", "life", "groups", "auth", "refresh", "tracing", "clock", "stateful", "shutdown", "messagepack")
AT_ONCE = 12
READY_S = 180
SCRIPT_S = 75
DIFF_LINES = 40


def say(text):
    print(text, flush=True)


_started = []
atexit.register(lambda: [server.process.kill() for server in _started if server.process.poll() is None])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Server:
    """A server process of ours: its URL, and its end."""

    def __init__(self, command):
        self.process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        _started.append(self)
        line = self._first_line()
        if not line.startswith("ready "):
            self.stop()
            raise SystemExit(f"run.py: {command[0]} did not become ready: {line!r}")
        self.url = line.split()[1]
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def _first_line(self):
        timer = threading.Timer(READY_S, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline().decode()
        finally:
            timer.cancel()

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Side:
    """One of the two: a command that starts it or the URL of one that runs."""

    def __init__(self, label, command=None, url=None, genuine=False):
        self.label, self.command, self.url, self.genuine = label, command, url, genuine
        self.transcripts, self.skipped = {}, {}
        self.alone = asyncio.Lock()

    async def run(self, scripts):
        server = None
        if self.command:
            server = await asyncio.to_thread(Server, self.command)
            self.url = server.url
        try:
            slots = asyncio.Semaphore(AT_ONCE)
            first = [script for script in scripts if script.waits or script.process]
            rest = [script for script in scripts if not (script.waits or script.process)]
            await asyncio.gather(*[self._one(script, None) for script in first],
                                 *[self._one(script, slots) for script in rest])
        finally:
            if server:
                await asyncio.to_thread(server.stop)

    async def _one(self, script, slots):
        if script.own and self.genuine:
            self.skipped[script.name] = "the reference here has nothing to compare it with"
        elif script.process and not self.command:
            self.skipped[script.name] = "stops its server, which was not started here"
        elif slots:
            async with self.alone if script.alone else contextlib.nullcontext(), slots:
                self.transcripts[script.name] = await self._transcript(script)
        else:
            self.transcripts[script.name] = await self._transcript(script)

    async def _transcript(self, script):
        server = None
        if script.process:
            server = await asyncio.to_thread(Server, self.command)
        run = session.Session(server.url if server else self.url, script.protocol)
        run.stop_server = server.ask_to_stop if server else None
        try:
            await asyncio.wait_for(script.run(run), SCRIPT_S)
        except session.Silence:
            pass
        except asyncio.TimeoutError:
            run.note("(script took too long)")
        except Exception as error:  # whatever a server makes a script do is a difference, not our end
            run.note(f"(script failed: {type(error).__name__}: {error})")
        finally:
            await run.close()
            if server:
                await asyncio.to_thread(server.stop)
        return run.lines

    async def again(self, scripts):
        """Once more, one after the other, with the machine to themselves: for noise of the reference."""
        server = await asyncio.to_thread(Server, self.command)
        self.url = server.url
        try:
            for script in scripts:
                self.transcripts[script.name] = await self._transcript(script)
        finally:
            await asyncio.to_thread(server.stop)


def recorded():
    transcripts = {}
    for path in sorted(RECORDED.glob("*.json")):
        if path != OURS:
            transcripts |= json.loads(path.read_text(encoding="utf-8"))
    return transcripts


def write_json(path, transcripts):
    text = json.dumps(transcripts, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def record(scripts, transcripts):
    """False when the reference itself made a script fail."""
    RECORDED.mkdir(exist_ok=True)
    themes = {}
    for name, lines in (recorded() | transcripts).items():
        if name in registry.SCRIPTS:
            themes.setdefault(name.split(".")[0], {})[name] = lines
    for path in RECORDED.glob("*.json"):
        if path != OURS and path.stem not in themes:
            path.unlink()
    for theme, lines in themes.items():
        write_json(RECORDED / f"{theme}.json", lines)
    return [script.name for script in scripts if any("(script " in line for line in transcripts.get(script.name, ()))]


def deviations(names):
    """{script: reason} of the table; a name may be a pattern. Names that match nothing come second."""
    wanted, unknown = {}, []
    for line in DEVIATIONS.read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| `([\w.*]+)` \|(.*)\|$", line)
        if row:
            found = fnmatch.filter(names, row.group(1))
            wanted |= dict.fromkeys(found, row.group(2))
            unknown += [] if found else [row.group(1)]
    return wanted, unknown


class Tally:
    """What passed and what did not, in the words of every tier."""

    def __init__(self):
        self.passed, self.failures, self.skips = 0, [], {}

    def fail(self, name, why, lines=()):
        self.failures.append(name)
        say(f"not ok {name}: {why}")
        for line in list(lines)[:DIFF_LINES]:
            say(f"    {line}")

    def skip(self, name, why):
        self.skips.setdefault(why, []).append(name)

    def close(self):
        for why, names in self.skips.items():
            say(f"skip {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {why}")
        skipped = sum(len(names) for names in self.skips.values())
        say(f"{self.passed} passed, {len(self.failures)} failed, {skipped} skipped")
        return 1 if self.failures else 0


def difference(wanted, got):
    lines = difflib.unified_diff(wanted, got, "reference", "server", n=2, lineterm="")
    return [line for line in lines if not line.startswith("@@")]


def judge(tally, script, wanted, got, reason, accepted):
    """One script: alike, or unlike in the way that is listed."""
    if script.own:
        bad = [line for line in got if "(script " in line]
        if bad:
            tally.fail(script.name, "not as the specification has it", bad)
        else:
            tally.passed += 1
    elif wanted is None:
        tally.fail(script.name, "nothing to compare with: run.py --record")
    elif reason is None:
        if wanted == got:
            tally.passed += 1
        else:
            tally.fail(script.name, "differs", difference(wanted, got))
    elif wanted == got:
        tally.fail(script.name, "is listed in deviations.md, and does not deviate any more")
    elif accepted is None:
        tally.fail(script.name, "is listed in deviations.md without a transcript: run.py --accept",
                   difference(wanted, got))
    elif accepted != got:
        tally.fail(script.name, "deviates in another way than accepted", difference(accepted, got))
    else:
        tally.passed += 1


def compare(options, scripts, target, baseline, live, why):
    tally = Tally()
    names = list(registry.SCRIPTS)
    wanted, unknown = deviations(names) if not target.genuine else ({}, [])
    for name in unknown:
        tally.fail(name, "is listed in deviations.md, and there is no such script")
    accepted = json.loads(OURS.read_text(encoding="utf-8")) if OURS.exists() else {}
    if options.accept:
        accepted = {name: target.transcripts.get(name, accepted.get(name)) for name in wanted}
        accepted = {name: lines for name, lines in accepted.items() if lines is not None}
        write_json(OURS, accepted)
        say(f"{len(accepted)} transcripts accepted into {OURS.relative_to(HERE.parents[1])}")
    for script in scripts:
        if script.name in target.skipped:
            tally.skip(script.name, target.skipped[script.name])
        else:
            judge(tally, script, baseline.get(script.name), target.transcripts[script.name], wanted.get(script.name),
                  accepted.get(script.name))
    if live:
        check_recorded(tally, scripts, live)
    elif why:
        tally.skip("the live reference", f"{why}; compared with what is recorded of it")
    return tally.close()


def check_recorded(tally, scripts, live):
    """A live reference also shows whether the recorded transcripts are still true."""
    known = recorded()
    for script in scripts:
        got = live.transcripts.get(script.name)
        if got is not None and known.get(script.name) != got:
            tally.fail(script.name, "the reference does not do what is recorded: run.py --record",
                       difference(known.get(script.name, []), got))


async def settle(side, scripts, known):
    """Transcripts of the reference that are not the recorded ones get a second try in quiet."""
    doubtful = [script for script in scripts
                if script.name in side.transcripts and known.get(script.name) not in (None, side.transcripts[script.name])]
    if doubtful:
        await side.again(doubtful)


def the_reference():
    """Its side, or None and why."""
    try:
        return Side("reference", command=dotnet.command("conformance-reference", say), genuine=True), ""
    except dotnet.Missing as why:
        return None, str(why)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testhub", metavar="PROGRAM", help="start this test hub and compare it")
    parser.add_argument("--against", metavar="URL", help="compare this server; `reference` for the reference itself")
    parser.add_argument("--record", action="store_true", help="write the reference's transcripts to recorded/")
    parser.add_argument("--recorded", action="store_true", help="compare with recorded/ although the SDK is there")
    parser.add_argument("--accept", action="store_true", help="take the listed deviations as they are now")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="only scripts of this name, `stateful.*`")
    parser.add_argument("--show", action="store_true", help="print the transcripts")
    parser.add_argument("--list", action="store_true", help="print the names of the scripts")
    options = parser.parse_args()
    if not (options.record or options.list) and bool(options.testhub) == bool(options.against):
        parser.error("one of --testhub, --against, --record")
    return options


def target_of(options):
    if options.testhub:
        return Side("test hub", command=[os.path.abspath(options.testhub)])
    if options.against == "reference":
        side, why = the_reference()
        if side is None:
            raise SystemExit(f"run.py: no reference here: {why}")
        return side
    return Side(options.against, url=options.against)


def show(transcripts):
    for name in sorted(transcripts):
        say(f"== {name}")
        for line in transcripts[name]:
            say(f"   {line}")


def record_all(options, scripts):
    side, why = the_reference()
    if side is None:
        raise SystemExit(f"run.py: cannot record: {why}")
    asyncio.run(side.run(scripts))
    if options.show:
        show(side.transcripts)
    bad = record(scripts, side.transcripts)
    for name in bad:
        say(f"not ok {name}: the script fails on the reference")
    say(f"{len(side.transcripts)} transcripts recorded")
    return 1 if bad else 0


async def both(target, live, scripts):
    await asyncio.gather(*[side.run(scripts) for side in (target, live) if side])
    known = recorded()
    for side in (target, live):
        if side and side.genuine:
            await settle(side, scripts, known)


def main():
    options = parse()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a script may write to a socket that is gone
    for theme in THEMES:
        importlib.import_module(f"scripts.{theme}")
    scripts = [script for script in registry.SCRIPTS.values() if fnmatch.fnmatch(script.name, options.only)]
    if options.list:
        say("\n".join(script.name for script in scripts))
        return 0
    if not scripts:
        raise SystemExit(f"run.py: no script is called {options.only}")
    if options.record:
        return record_all(options, scripts)
    began = time.monotonic()
    target = target_of(options)
    live, why = (None, "--recorded") if options.recorded or target.genuine else the_reference()
    source = "the live reference" if live else f"the recorded transcripts ({'its own' if target.genuine else why})"
    say(f"comparing {target.label} with {source}, {len(scripts)} scripts")
    asyncio.run(both(target, live, scripts))
    if options.show:
        show(target.transcripts)
    say(f"compared with {source} in {time.monotonic() - began:.0f} s")
    return compare(options, scripts, target, live.transcripts if live else recorded(), live,
                   None if options.recorded or target.genuine else why)


if __name__ == "__main__":
    sys.exit(main())
