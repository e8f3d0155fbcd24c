#!/usr/bin/env python3
"""One of three subscribers stops reading while events are appended; the others must not notice, the server must
not grow, and the slow one gets everything, in order, once, when it reads on. For Subscribe and for push.

The stall lasts less than the time after which a peer that takes no byte is cut off, which is set to a minute: the default
of 10 s is over before a slow machine has appended all.
"""
import argparse
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harness import Api, Follower, Report, Scratch, Server, make_event, note, wait_until

BATCH = 1000
WARM_BATCHES = 60  # fills the database's page caches, which would look like growth
GROWTH_KIB = 24 * 1024
LAG_S = 3.0        # a healthy follower's distance from an acknowledgement, on a busy machine
STALL_MAX_S = 55
CATCH_UP_S = 120


def make_batch(mode, number):
    return json.dumps([make_event(f"{mode}-{number}-{i}", path=f"/{number}/{i}", data={"pad": "x" * 250})
                       for i in range(BATCH)]).encode()


def run_mode(report, mode, events):
    scratch = Scratch(f"slow-{mode}")
    os.environ["HUBTRAIL_HUB_TRANSPORT_SEND_TIMEOUT"] = f"{STALL_MAX_S + 5}s"
    server = Server(scratch / "data").start()
    token = server.token()
    api = Api(server.port, token)
    for number in range(WARM_BATCHES):
        api.post(make_batch(mode + "-warm", number))
    api.read_log()
    first = WARM_BATCHES * BATCH
    followers = [Follower(server.port, token, mode).start() for _ in range(2)]
    slow = Follower(server.port, token, mode, receive_buffer=16384).start()
    wait_until(lambda: all(len(f.seen) == first for f in (*followers, slow)), 30)
    report.equal(f"{mode}: all three have the first events", [len(f.seen) for f in (*followers, slow)], [first] * 3)
    before = server.rss_kib()
    slow.reading.clear()
    bodies = (make_batch(mode, number) for number in range(events // BATCH))
    began, peak, worst_lag, head = time.monotonic(), 0, 0.0, first
    for body in bodies:
        answer = api.post(body)
        if answer.status != 201:
            report.check(f"{mode}: appends are taken", False, f"{answer.status} {answer.body[:200]!r}")
            break
        head += BATCH
        acknowledged = time.monotonic()
        wait_until(lambda: all(f.seen and f.seen[-1][0] >= head for f in followers), 30, 0.001)
        worst_lag = max(worst_lag, time.monotonic() - acknowledged)
        peak = max(peak, server.rss_kib() - before)
    stalled = time.monotonic() - began
    note(f"{mode}: {head - first} events in {stalled:.1f} s, worst lag of the others {worst_lag * 1000:.0f} ms, "
         f"RSS +{peak} KiB, the slow one has {len(slow.seen) - first} of them")
    report.check(f"{mode}: the stall stayed below {STALL_MAX_S} s", stalled < STALL_MAX_S, f"{stalled:.0f} s")
    report.check(f"{mode}: the two others had each batch within {LAG_S:.0f} s", worst_lag < LAG_S, f"{worst_lag:.1f} s")
    report.check(f"{mode}: the server grew by less than 24 MiB", peak < GROWTH_KIB, f"{peak} KiB")
    report.check(f"{mode}: the slow one was really behind", len(slow.seen) < first + (head - first) // 2, f"it has {len(slow.seen)}")
    resumed = time.monotonic()
    slow.reading.set()
    wait_until(lambda: len(slow.seen) >= head or slow.problems, CATCH_UP_S)
    note(f"{mode}: caught up in {time.monotonic() - resumed:.1f} s, RSS +{server.rss_kib() - before} KiB")
    api.post(make_batch(mode + "-after", 0))
    head += BATCH
    everyone = (*followers, slow)
    wait_until(lambda: all(len(f.seen) >= head for f in everyone), 30)
    for follower in everyone:
        follower.stop()
    log = [(event["pos"], event["id"]) for event in api.read_log()]
    for name, follower in zip(("first", "second", "slow"), everyone):
        report.check(f"{mode}: the {name} one has the log, in order, once, on one connection",
                     follower.seen == log and not follower.problems and not follower.cuts,
                     f"{len(follower.seen)} of {len(log)}, {follower.cuts} cuts, {follower.problems[:2]}")
    report.check(f"{mode}: the server is below its bound afterwards", server.rss_kib() - before < GROWTH_KIB,
                 f"{server.rss_kib() - before} KiB")
    report.equal(f"{mode}: SIGTERM ends it cleanly", server.stop(), 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--mode", choices=("subscribe", "push"), action="append")
    options = parser.parse_args()
    report = Report()
    for mode in options.mode or ("subscribe", "push"):
        report.run(f"{mode}: runs to its end", run_mode, report, mode, options.events)
    report.finish()


if __name__ == "__main__":
    main()
