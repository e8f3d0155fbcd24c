#!/usr/bin/env python3
"""Shows that the driver finds faults: a server that breaks one rule must fail the cases of that rule, one that
breaks none must pass all, and every case must be one that some broken server fails.

    tests/rfc6455/selftest.py [--only FAULT,FAULT]
"""
import argparse
import asyncio
import sys

import run
from broken_server import PATH, Server
from suite import Context, Expectations
from wire import Target

HASTY = Expectations(patience=2.0, message_deadline=2.5, header_deadline=2.0, idle_deadline=2.0)
AT_ONCE = 16
FAULTS_AT_ONCE = 8

# Fault: the cases that have to fail with it, as --only of run.py takes them.
FAULTS = {
    # the opening handshake
    "wrong-accept": "H.1,H.2,1.1.1",
    "extension-unasked": "H.1,1.1.1",
    "forgets-early-bytes": "H.23,H.24",
    "no-empty-line-in-front": "H.19",
    "any-method": "H.27,H.28,H.30,H.31,H.32,H.33",
    "any-http-version": "H.34,H.35",
    "any-host": "H.42,H.44",
    "duplicates": "H.43,H.67,H.81,H.82,H.83",
    "any-upgrade": "H.45,H.46,H.47,H.48,H.49,H.50",
    "any-connection": "H.51,H.52,H.53,H.54,H.55,H.56",
    "any-key": "H.57,H.58,H.59,H.60,H.61,H.62,H.63,H.64,H.65",
    "any-version": "H.68,H.69,H.7?,H.80",
    "no-version-named": "H.69,H.7?,H.80",
    "any-path": "H.84",
    "any-body": "H.8[5-9],H.9[0-5],H.116,H.117,H.118",
    "any-header-line": "H.9[7-9],H.10[0-5]",
    "answers-what-follows": "H.85,H.97",
    "leaves-refused-open": "H.133,H.134,H.135",
    "lf-lines": "H.106,H.108",
    "no-header-limits": "H.125,H.126,H.128,H.130,H.131",
    "header-limits-too-small": "H.124,H.127,H.129",
    "no-header-deadline": "H.133,H.134,H.135",
    "refuses-all": "H.1,H.2,H.3,H.8,H.16,H.17,H.18,H.20,H.21,H.22,H.26,H.27,H.46",
    "accepts-all": "H.27,H.28,H.29,H.3?,H.4?,H.5?,H.6?,H.7?,H.8?,H.9?,H.10?,H.11[0-5],H.119,"
                   "H.12[0-35-68],H.13[0-2]",
    "dies-with-a-peer": "H.137,C.70,F.14",
    # messages
    "text-as-binary": "1.1.,6.2.,U.4",
    "binary-as-text": "1.2.,U.30,U.31",
    "loses-last-byte": "1.1.2,1.2.2,9.1.1,M.19",
    "strips-bom": "U.6",
    "swallows-empty": "1.1.1,1.2.1,6.1.1,6.1.2,F.7",
    "echoes-twice": "1.1.2,7.1.1",
    "echoes-fragments": "5.3,5.6,9.3.8",
    "never-final": "1.1.2,5.3",
    "masks": "1.1.2,2.2",
    "sets-rsv": "1.1.2,2.2",
    "long-lengths": "1.1.2,2.2",
    "key-goes-on": "M.20,M.21,M.22",
    "key-starts-anew-at-cuts": "M.21,9.5.1",
    # rules for frames
    "any-reserved-bit": "3.,C.66",
    "any-opcode": "4.,C.74,C.75,C.76",
    "fragmented-control": "5.1,C.65",
    "long-control": "2.5,7.3.6,L.23,L.27,L.31,L.34",
    "any-continuation": "5.9,5.10,5.11,5.17",
    "any-beginning": "5.18",
    "unmasked": "M.1,M.2,M.3,M.4,M.5,M.6,M.7,M.8,M.9,M.10,M.11,M.12,M.13,M.14",
    "any-length-form": "L.1,L.2,L.3,L.4,L.5,L.6,L.7",
    "top-bit": "L.15",
    "no-message-limit": "L.17,L.18,L.37,L.38,L.41,L.42,L.43",
    "message-limit-too-small": "L.35,L.36,L.39,L.40",
    "no-fragment-limit": "L.45",
    "fragment-limit-too-small": "L.44",
    # UTF-8
    "no-utf8": "6.3.,6.4.,6.8.,6.12.,6.13.,6.14.,6.15.,6.16.,6.17.,6.18.,6.19.,6.20.,6.21.,U.12,U.13,U.14,U.20,U.25",
    "surrogates": "6.20.,U.21",
    "utf8-late": "6.4.,U.26,U.27,U.28,U.29",
    "utf8-for-each-frame": "6.2.3,6.2.4,U.1,U.2,U.3,U.5",
    "ends-in-character": "6.6.1,6.14.6,U.14,U.15,U.18,U.24",
    # pings
    "no-pong": "2.1,2.2,2.9,5.6,F.1",
    "empty-pong": "2.2,2.3,2.4",
    "answers-pongs": "2.7,2.8,F.6",
    "newest-pong-only": "2.10",
    "pong-behind-message": "5.19,5.20,5.6",
    # the closing handshake
    "wrong-close-code": "3.1,4.1.1,6.3.1,C.37",
    "drops-on-errors": "3.1,4.1.1,6.3.1,C.37",
    "resets-on-errors": "3.1,6.3.1",
    "goes-on-after-errors": "C.75,4.1.3",
    "no-close-answer": "7.1.1,7.3.1,7.7.,C.1,C.2,C.3",
    "ignores-close": "7.1.,7.3.1,C.1",
    "keeps-tcp-open": "7.1.1,7.1.6,7.13.,7.3.1,C.1",
    "other-close-code": "7.3.3,7.7.1,C.1",
    "any-close-code": "7.9.,C.19,C.2?,C.3?",
    "any-close-reason": "7.5.1,C.48,C.49,C.50,C.51,C.52,C.53",
    "one-byte-close": "7.3.2,C.40,C.41",
    "echoes-after-close": "7.1.1,7.3.1",
    "reads-after-close": "7.1.3,7.1.4,C.54,C.55,C.56,C.57",
    "ignores-the-end": "C.68,C.69,L.46,L.47,L.48,L.49,L.50,L.51,L.52,F.17",
    "resets-after-close": "7.1.1,7.3.1,C.58",
    # time and load
    "no-message-deadline": "S.11,S.12,S.13,S.14,S.15,S.16,S.17,S.18",
    "deadline-moves": "S.16,S.17,S.18",
    "deadline-for-all": "S.19",
    "keeps-what-nobody-reads": "F.3,F.4,F.5",
}
# Two servers for the rest: whatever is wrong is fine for the one, whatever is right is wrong for the other.
LAWLESS = ["any-method", "any-http-version", "any-host", "duplicates", "any-upgrade", "any-connection", "any-key",
           "any-version", "any-path", "any-body", "any-header-line", "no-header-limits", "no-header-deadline",
           "any-reserved-bit", "any-opcode", "fragmented-control", "long-control", "any-continuation",
           "any-beginning", "unmasked", "any-length-form", "top-bit", "no-message-limit", "no-fragment-limit",
           "no-utf8", "any-close-code", "any-close-reason", "one-byte-close", "no-message-deadline",
           "keeps-what-nobody-reads"]
PARANOID = ["paranoid"]


async def grades(faults, only, expect=HASTY):
    server = Server(faults, expect)
    context = Context(Target("127.0.0.1", await server.start(), PATH), expect)
    try:
        results = await run.run_cases(run.chosen(only), context, AT_ONCE, lambda *_: None)
    finally:
        await server.stop()
    unknown = set(faults) - server.asked
    return results, unknown


def not_ok(results):
    return {number for number, (grade, _, _) in results.items() if grade != "OK"}


class Tests:
    def __init__(self):
        self.passed = self.failed = 0
        self.found = set()  # cases that a broken server failed

    def check(self, name, wrong):
        if wrong:
            self.failed += 1
            print(f"not ok {name}: {wrong}", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)

    async def fault(self, name, only):
        results, unknown = await grades([name], only)
        missed = [pattern for pattern in only.split(",") if not run.chosen(pattern)]
        blind = sorted(set(results) - not_ok(results))
        self.found |= not_ok(results)
        self.check(f"{name} is found by {len(results)} cases",
                   f"no case {missed}" if missed else f"the server never asked for {unknown}" if unknown else
                   f"passed by {blind}" if blind else "")


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="faults, with commas; then nothing else is tested")
    only = parser.parse_args().only
    tests = Tests()
    places = asyncio.Semaphore(FAULTS_AT_ONCE)

    async def one(name):
        async with places:
            await tests.fault(name, FAULTS[name])
    await asyncio.gather(*(one(name) for name in (only.split(",") if only else FAULTS)))
    if not only:
        await two_sides(tests)
        results, _ = await grades([], "", Expectations())
        tests.check(f"a server without a fault passes all {len(results)}",
                    {number: results[number][:2] for number in sorted(not_ok(results))})
    print(f"{tests.passed} passed, {tests.failed} failed, 0 skipped")
    sys.exit(1 if tests.failed else 0)


async def two_sides(tests):
    for title, faults in (("lawless", LAWLESS), ("paranoid", PARANOID)):
        results, unknown = await grades(faults, "")
        tests.found |= not_ok(results)
        tests.check(f"the {title} server fails {len(not_ok(results))} of {len(results)} cases", unknown)
    everything = {case.number for case in run.all_cases()}
    tests.check(f"each of {len(everything)} cases can fail", sorted(everything - tests.found))


if __name__ == "__main__":
    asyncio.run(main())
