#!/usr/bin/env python3
"""Kills the server with SIGKILL at random moments under load and checks that what it acknowledged is in the log.

Producers append with ids of their own and journal each acknowledgement, fsynced, outside the server; after a
failure they send the same request again. Two readers (REST cursor, Subscribe) follow over all kills. At the end
the log is compared with the journal and with what the readers saw.
"""
import argparse
import http.client
import os
import pathlib
import random
import sqlite3
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from harness import Api, Follower, Report, Scratch, Server, make_event, note, wait_until

PRODUCERS = 6
KILL_AFTER_S = (0.02, 0.6)
RETRY_S = 0.01
READY_MEDIAN_S = 2.0
DRAIN_S = 60


class Producer(threading.Thread):
    """Appends until told to stop; `acknowledged` holds (id, pos) of what the server said it has."""

    def __init__(self, number, port, token, journal, seed):
        super().__init__(daemon=True)
        self.name_prefix = f"p{number}"
        self.api = Api(port, token, timeout=10)
        self.journal = open(journal, "ab", buffering=0)
        self.random = random.Random(seed)
        self.acknowledged = []
        self.problems = []
        self.retries = self.replays = 0
        self.stopping = threading.Event()
        self.sequence = 0

    def run(self):
        try:
            while not self.stopping.is_set():
                self.append_once()
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def next_events(self):
        if self.acknowledged and self.random.random() < 0.05:
            # An old one again: it must come back as a duplicate at its old place.
            return [self.make(self.random.choice(self.acknowledged)[0])]
        count = 1 if self.random.random() < 0.6 else self.random.randint(2, 20)
        events = []
        for _ in range(count):
            self.sequence += 1
            events.append(self.make(f"{self.name_prefix}-{self.sequence}"))
        return events

    def make(self, identity):
        return make_event(identity, path="/" + identity, data={"pad": "x" * (hash(identity) % 300)})

    def append_once(self):
        events = self.next_events()
        body = events[0] if len(events) == 1 else events
        headers = {}
        if self.random.random() < 0.3:
            headers["Idempotency_Key"] = f"{self.name_prefix}-key-{self.sequence}-{self.random.randrange(10**9)}"
        give_up = self.random.random() < 0.05  # a producer that dies: its event may be there or not
        while not self.stopping.is_set():
            try:
                answer = self.api.post(body, **headers)
            except (OSError, http.client.HTTPException):
                if give_up:
                    return
                self.retries += 1
                time.sleep(RETRY_S)
                continue
            if answer.status == 503:
                time.sleep(RETRY_S)
                continue
            if answer.status not in (200, 201):
                self.problems.append(f"append answered {answer.status}: {answer.body[:200]!r}")
                return
            self.acknowledge(events, answer)
            return

    def acknowledge(self, events, answer):
        results = answer.json()["results"]
        if [result["id"] for result in results] != [event["id"] for event in events]:
            self.problems.append("the results are not those of the request's events")
        places = [(result["id"], result["pos"]) for result in results]
        self.journal.write("".join(f"{identity} {pos}\n" for identity, pos in places).encode())
        os.fsync(self.journal.fileno())
        self.replays += answer.status == 200
        self.acknowledged += places


class RestReader(threading.Thread):
    """Follows by GET /api/v1/sync/changes from its last cursor."""

    def __init__(self, port, token, seed):
        super().__init__(daemon=True)
        self.api = Api(port, token, timeout=10)
        self.random = random.Random(seed)
        self.seen, self.problems, self.cuts, self.last = [], [], 0, 0
        self.stopping = threading.Event()

    def run(self):
        where = {"since": "earliest"}
        while not self.stopping.is_set():
            try:
                page = self.api.changes(limit=self.random.randint(1, 700), wait=1, **where)
            except (OSError, http.client.HTTPException):
                self.cuts += 1
                time.sleep(RETRY_S)
                continue
            except Exception as error:
                self.problems.append(str(error))
                return
            if page["to"] >= page["from"] and page["from"] != self.last + 1:
                self.problems.append(f"page {page['from']}..{page['to']} after position {self.last}")
            self.seen += [(event["pos"], event["id"]) for event in page["changes"]]
            self.last = page["to"]
            where = {"cursor": page["cursor"]}

    def stop(self):
        self.stopping.set()
        self.join(30)


def check_log(log, acknowledged, readers):
    """Everything that is wrong. log: (pos, id) as the server has them; acknowledged: (id, pos);
    readers: name to (pos, id) in the order of arrival."""
    problems = []
    place = {}
    for expected, (pos, identity) in enumerate(log, 1):
        if pos != expected:
            problems.append(f"log: position {pos} where {expected} belongs")
        if identity in place:
            problems.append(f"log: {identity} at {place[identity]} and {pos}")
        place.setdefault(identity, pos)
    for identity, pos in acknowledged:
        if place.get(identity) != pos:
            problems.append(f"lost or moved: {identity} was acknowledged at {pos}, is at {place.get(identity)}")
    for name, seen in readers.items():
        if seen == log:
            continue
        at = next((i for i, (a, b) in enumerate(zip(seen, log)) if a != b), min(len(seen), len(log)))
        problems.append(f"{name}: saw {len(seen)} of {len(log)}, differs at index {at}: "
                        f"{seen[at:at + 2]} instead of {log[at:at + 2]}")
    return problems


def prove_checker(report, log, acknowledged, readers):
    """Breaks the data in every way that matters; the checker has to see each."""
    report.equal("the checker finds nothing in good data", check_log(log, acknowledged, readers), [])
    half = len(log) // 2
    victim = log.index(next((pos, identity) for identity, pos in acknowledged if pos > half))
    renumbered = [(i, identity) for i, (_, identity) in enumerate(log[:victim] + log[victim + 1:], 1)]
    swapped = list(log)
    swapped[half - 1], swapped[half] = (half, log[half][1]), (half + 1, log[half - 1][1])
    no_readers = {}
    broken_logs = {
        "an acknowledged event lost at the end": log[:acknowledged_end(log, acknowledged)],
        "an acknowledged event lost, the rest moved up": renumbered,
        "an event twice": log[:half] + [(half + 1, log[0][1])] + [(p + 1, i) for p, i in log[half:]],
        "two events in the other order": swapped,
        "a gap in the positions": [(p if p <= half else p + 1, i) for p, i in log],
    }
    for name, broken in broken_logs.items():
        report.check(f"the checker sees {name}", check_log(broken, acknowledged, no_readers), "it saw nothing")
    one = dict(list(readers.items())[:1])
    (name, seen), = one.items()
    broken_readers = {"a reader that missed one": seen[:half] + seen[half + 1:],
                      "a reader that got one twice": seen[:half] + [seen[half - 1]] + seen[half:],
                      "a reader with two in the wrong order":
                          seen[:half] + [seen[half + 1], seen[half]] + seen[half + 2:],
                      "a reader that stopped early": seen[:-1]}
    for what, broken in broken_readers.items():
        report.check(f"the checker sees {what}", check_log(log, acknowledged, {name: broken}), "it saw nothing")
    moved = [(identity, pos + 1) for identity, pos in acknowledged[:1]] + acknowledged[1:]
    report.check("the checker sees an acknowledgement at another position", check_log(log, moved, readers),
                 "it saw nothing")


def acknowledged_end(log, acknowledged):
    """Cut here and the last acknowledged event is gone."""
    return max(pos for _, pos in acknowledged) - 1


def read_journals(paths):
    places = []
    for path in paths:
        for line in path.read_text().splitlines():
            identity, pos = line.split()
            places.append((identity, int(pos)))
    return places


def run_cycles(server, cycles, rng, producers):
    ready, loaded = [], 0
    for _ in range(cycles):
        before = sum(len(producer.acknowledged) for producer in producers)
        time.sleep(rng.uniform(*KILL_AFTER_S))  # the moment of the kill, not a wait for something
        loaded += sum(len(producer.acknowledged) for producer in producers) > before
        if not server.alive():
            raise RuntimeError(f"the server died by itself: {server.log_tail()}")
        server.kill9()
        server.start()
        ready.append(server.ready_s)
    return ready, loaded


def check_database(report, data):
    with sqlite3.connect(f"file:{data}/log.db?mode=ro", uri=True) as database:
        report.equal("the database file passes integrity_check",
                     database.execute("PRAGMA integrity_check").fetchone()[0], "ok")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--prove-checker", action="store_true",
                        help="few cycles, then break the recorded data and see that the checker notices")
    options = parser.parse_args()
    if options.prove_checker:
        options.cycles = min(options.cycles, 3)
    rng = harness.seeded_random()
    scratch, report = Scratch("kill9"), Report()
    server = Server(scratch / "data").start()
    token = server.token()
    journals = [scratch / f"journal-{i}" for i in range(PRODUCERS)]
    producers = [Producer(i, server.port, token, journal, rng.random()) for i, journal in enumerate(journals)]
    rest_reader = RestReader(server.port, token, rng.random())
    follower = Follower(server.port, token)
    for thread in (*producers, rest_reader, follower):
        thread.start()
    ready, loaded = run_cycles(server, options.cycles, rng, producers)
    wait_until(lambda: all(p.acknowledged or p.problems for p in producers), DRAIN_S)
    for producer in producers:
        producer.stopping.set()
    for producer in producers:
        producer.join(30)

    log = [(event["pos"], event["id"]) for event in Api(server.port, token).read_log()]
    wait_until(lambda: len(rest_reader.seen) >= len(log) and len(follower.seen) >= len(log), DRAIN_S)
    rest_reader.stop()
    follower.stop()
    acknowledged = read_journals(journals)
    readers = {"REST reader": rest_reader.seen, "Subscribe follower": follower.seen}
    note(f"{options.cycles} kills, {loaded} of them with acknowledgements since the start before; "
         f"{len(log)} events, {len(acknowledged)} acknowledged, "
         f"{sum(p.retries for p in producers)} retries, {sum(p.replays for p in producers)} answers 200, "
         f"cuts seen by readers {rest_reader.cuts} and {follower.cuts}")
    note(f"restart to ready: median {statistics.median(ready) * 1000:.0f} ms, max {max(ready) * 1000:.0f} ms")

    (scratch / "log").write_text("".join(f"{pos} {identity}\n" for pos, identity in log))
    problems = check_log(log, acknowledged, readers)
    for problem in problems[:10]:
        note(problem)
    report.check(f"{options.cycles} kills: acknowledged events, positions and readers agree with the log",
                 not problems, f"{len(problems)} problems, first: {problems[:1]}")
    own = [problem for worker in (*producers, rest_reader, follower) for problem in worker.problems]
    report.check("no answer was out of the contract", not own, f"{own[:3]}")
    report.check("the kills came under load", len(acknowledged) >= 20 * options.cycles and 2 * loaded > options.cycles,
                 f"{len(acknowledged)} acknowledgements, {loaded} loaded kills")
    report.check(f"restart to ready within {READY_MEDIAN_S:.0f} s (median)",
                 statistics.median(ready) <= READY_MEDIAN_S, f"{statistics.median(ready):.2f} s")
    if options.prove_checker:
        prove_checker(report, log, acknowledged, readers)
    report.equal("SIGTERM ends it cleanly", server.stop(), 0)
    check_database(report, scratch / "data")
    if report.failed:
        scratch.keep(*journals, scratch / "log", server.log)
    report.finish()


if __name__ == "__main__":
    main()
