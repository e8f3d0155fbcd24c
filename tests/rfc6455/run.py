#!/usr/bin/env python3
"""Asks a WebSocket echo endpoint the questions of RFC 6455: the 301 cases of the Autobahn Testsuite without
compression, and our own. README.md says what the numbers are.

    tests/rfc6455/run.py --url ws://127.0.0.1:PORT/wsecho [--report FILE] [--only 5.,H.12] [--strict]

The server has to send every text back as text and every binary message as binary.
"""
import argparse
import asyncio
import dataclasses
import fnmatch
import json
import pathlib
import sys
import time
import traceback
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import autobahn  # noqa: E402
import closing  # noqa: E402
import frames  # noqa: E402
import handshake  # noqa: E402
from suite import Context, Expectations  # noqa: E402
from wire import Failed, NonStrict, Skipped, Target  # noqa: E402

CASE_SECONDS = 75


def all_cases():
    return [*autobahn.CASES, *handshake.CASES, *frames.CASES, *closing.CASES]


def chosen(only):
    """`only`: numbers, chapters that end in a dot, or patterns with stars, separated by commas."""
    patterns = [pattern + "*" if pattern.endswith(".") else pattern for pattern in only.split(",") if pattern]
    return [case for case in all_cases()
            if not patterns or any(fnmatch.fnmatchcase(case.number, pattern) for pattern in patterns)]


async def run_case(case, context):
    """Grade, reason, seconds."""
    began = time.monotonic()
    grade, why = "OK", ""
    try:
        async with asyncio.timeout(CASE_SECONDS):
            await case.run(context)
    except NonStrict as note:
        grade, why = "NON-STRICT", str(note)
    except Skipped as note:
        grade, why = "SKIPPED", str(note)
    except Failed as failure:
        grade, why = "FAILED", str(failure)
    except TimeoutError:
        grade, why = "FAILED", f"not done after {CASE_SECONDS} s"
    except Exception as error:  # the next case shall still run
        place = traceback.extract_tb(error.__traceback__)[-1]
        grade, why = "FAILED", f"{type(error).__name__}: {error} ({pathlib.Path(place.filename).name}:{place.lineno})"
    return grade, why, time.monotonic() - began


async def run_cases(cases, context, at_once, tell):
    """The slow ones wait more than they work, so the others run beside them; floods come last, one by one."""
    places = asyncio.Semaphore(at_once)
    waiting = asyncio.Semaphore(4 * at_once)
    results = {}

    async def one(case):
        async with waiting if case.slow else places:
            results[case.number] = await run_case(case, context)
            tell(case, *results[case.number])

    await asyncio.gather(*(one(case) for case in cases if not case.alone))
    for case in cases:
        if case.alone:
            await one(case)
    return results


def flags():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="ws://HOST:PORT/PATH of an echo endpoint")
    parser.add_argument("--report", type=pathlib.Path, help="write every result to this file, as JSON")
    parser.add_argument("--only", default="", help="numbers (5.3), chapters (5. or H.), patterns, with commas")
    parser.add_argument("--strict", action="store_true", help="NON-STRICT is a failure")
    parser.add_argument("--at-once", type=int, default=8, help="cases that run at the same time")
    parser.add_argument("--quiet", action="store_true", help="say nothing of the cases that are OK")
    for field in dataclasses.fields(Expectations):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default,
                            help=f"what the server promises (default {field.default}; 0: nothing)")
    return parser


def expectations(options):
    return Expectations(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Expectations)})


def target_of(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "ws" or not parts.hostname:
        sys.exit(f"--url has to be ws://HOST:PORT/PATH, not {url}")
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return Target(parts.hostname, parts.port or 80, path)


def write_report(file, cases, results, seconds):
    entries = [{"case": case.number, "title": case.title, "grade": grade, "why": why, "seconds": round(took, 3)}
               for case in cases for grade, why, took in [results[case.number]]]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"seconds": round(seconds, 1), "cases": entries}, indent=1) + "\n")


def main():
    options = flags().parse_args()
    cases = chosen(options.only)
    if not cases:
        sys.exit("no case has such a number")

    failures = {"FAILED", "NON-STRICT"} if options.strict else {"FAILED"}

    def tell(case, grade, why, took):
        word = "not ok" if grade in failures else "skip" if grade == "SKIPPED" else "ok"
        reason = f": {why}" if grade in ("FAILED", "SKIPPED") else f": {grade}: {why}" if why else ""
        if grade != "OK" or not options.quiet:
            print(f"{word} {case.number} {case.title}{reason} ({took:.1f} s)", flush=True)

    began = time.monotonic()
    context = Context(target_of(options.url), expectations(options))
    results = asyncio.run(run_cases(cases, context, options.at_once, tell))
    seconds = time.monotonic() - began
    if options.report:
        write_report(options.report, cases, results, seconds)
    grades = [grade for grade, _, _ in results.values()]
    failed = sum(grade in failures for grade in grades)
    skipped = grades.count("SKIPPED")
    print(f"# {grades.count('OK')} OK, {grades.count('NON-STRICT')} NON-STRICT, {grades.count('FAILED')} FAILED, "
          f"{skipped} SKIPPED in {seconds:.0f} s")
    print(f"{len(grades) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
