#!/usr/bin/env python3
"""A real tree of 10,000 files is made, copied, renamed, moved and deleted under `hubtrail watch`, while three
stock clients listen, two of them behind a proxy that cuts at random bytes, and the server is killed with SIGKILL.

At the end: each client's file is the log, in order, once; `hubtrail pull` wrote the same bytes; and the events,
replayed over an empty listing, give exactly the files on disk.
"""
import argparse
import asyncio
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from harness import HOST, HUBTRAIL, Api, Report, Scratch, Server, note, spawn, wait_until

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = 100
CUT_BYTES = (2_000, 400_000)
KILL_AFTER_S = (0.3, 1.5)
KILLS_MIN = 6
DRAIN_S = 180
CATCH_UP_S = 90
MODES = ("subscribe", "negotiated", "push")


class CuttingProxy:
    """Forwards to the server and resets each connection after a random number of bytes."""

    def __init__(self, port, rng):
        self.target, self.random, self.cuts = port, rng, 0
        self.loop = asyncio.new_event_loop()
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, HOST, 0))
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def _serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            self._reset(writer)
            return
        budget = self.random.randint(*CUT_BYTES)
        await asyncio.wait([asyncio.ensure_future(self._copy(up_reader, writer, budget)),
                            asyncio.ensure_future(self._copy(reader, up_writer, None))],
                           return_when=asyncio.FIRST_COMPLETED)
        self._reset(writer)
        self._reset(up_writer)

    async def _copy(self, reader, writer, budget):
        try:
            while data := await reader.read(65536):
                if budget is not None and len(data) >= budget:
                    writer.write(data[:budget])
                    await writer.drain()
                    self.cuts += 1
                    return
                budget = None if budget is None else budget - len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    @staticmethod
    def _reset(writer):
        sock = writer.get_extra_info("socket")
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        writer.transport.abort()


class TreeWork(threading.Thread):
    """The file operations, in an order that a seed decides."""

    def __init__(self, root, files, rng):
        super().__init__(daemon=True)
        self.root, self.files, self.random = root, files, rng
        self.error = None
        self.counts = {}

    def run(self):
        try:
            for step in (self.make, self.copy, self.rename, self.move, self.change, self.delete):
                began = time.monotonic()
                self.counts[step.__name__] = step()
                note(f"{step.__name__}: {self.counts[step.__name__]} in {time.monotonic() - began:.1f} s")
        except Exception as error:
            self.error = error

    def text(self):
        return "x" * self.random.randrange(400)

    def all_files(self):
        return [pathlib.Path(folder, name) for folder, _, names in os.walk(self.root) for name in names]

    def make(self):
        for i in range(self.files):
            folder = self.root / "made" / f"{i % FOLDERS // 10}" / f"folder {i % FOLDERS}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"file-{i}.txt").write_text(self.text())
        return self.files

    def copy(self):
        shutil.copytree(self.root / "made", self.root / "copied")
        return sum(len(names) for _, _, names in os.walk(self.root / "copied"))

    def rename(self):
        some = self.random.sample(self.all_files(), self.files // 5)
        for i, path in enumerate(some):
            path.rename(path.with_name(f"renamed {i} ä日本.txt"))
        for number in range(3):
            (self.root / "copied" / str(number)).rename(self.root / "copied" / f"renamed-{number}")
        return len(some) + 3

    def move(self):
        some = self.random.sample(self.all_files(), self.files // 5)
        target = self.root / "moved"
        target.mkdir()
        for i, path in enumerate(some):
            path.rename(target / f"moved-{i}")
        (self.root / "made" / "4").rename(target / "folder of made")
        (self.root / "copied" / "5").rename(self.root / "made" / "5" / "from copied")
        # Onto a file that is there: the old one is gone.
        for i in range(0, 200, 2):
            (target / f"moved-{i}").rename(target / f"moved-{i + 1}")
        # Out and in again: for the watcher a deletion and a creation.
        outside = self.root.parent / "outside"
        outside.mkdir()
        (self.root / "made" / "6").rename(outside / "6")
        (outside / "6").rename(self.root / "made" / "back again")
        return len(some) + 102

    def change(self):
        some = self.random.sample(self.all_files(), self.files // 10)
        for path in some:
            path.write_text(self.text() + "changed")
        return len(some)

    def delete(self):
        some = self.random.sample(self.all_files(), self.files // 3)
        for path in some:
            path.unlink()
        shutil.rmtree(self.root / "made" / "7")
        shutil.rmtree(self.root / "copied" / "renamed-1")
        return len(some)


def listing_of(root):
    """Path to kind and size, as on disk."""
    found = {}
    for folder, folders, files in os.walk(root):
        base = "/" + os.path.relpath(folder, root) + "/" if folder != str(root) else "/"
        for name in folders:
            found[base + name] = ("folder", None)
        for name in files:
            found[base + name] = ("file", os.stat(os.path.join(folder, name)).st_size)
    return found


class Replay:
    """What the events say is on disk."""

    def __init__(self):
        self.listing, self.problems = {}, []

    def expect(self, good, event, text):
        if not good:
            self.problems.append(f"pos {event['pos']} {event['type']} {event.get('old_path', '')} -> "
                                 f"{event.get('path')}: {text}")

    def apply(self, event):
        kind, change = event["type"].split(".")
        path, old = event["path"], event.get("old_path")
        entry = (kind, event.get("data", {}).get("size") if kind == "file" else None)
        if change == "created":
            self.expect(path not in self.listing, event, "it was there already")
            self.listing[path] = entry
        elif change == "updated":
            self.expect(path in self.listing, event, "it was not there")
            self.listing[path] = entry
        elif change == "deleted":
            self.expect(path in self.listing, event, "it was not there")
            self.listing.pop(path, None)
            if kind == "folder":
                left = [name for name in self.listing if name.startswith(path + "/")]
                self.expect(not left, event, f"its content was not deleted before: {left[:2]}")
        elif change in ("moved", "renamed"):
            self.expect(old in self.listing, event, "its source was not there")
            replaced = event.get("data", {}).get("replaced", False)
            self.expect((path in self.listing) == replaced, event, f"replaced is {replaced}")
            self.listing.pop(old, None)
            self.listing[path] = entry
            if kind == "folder":
                for name in [name for name in self.listing if name.startswith(old + "/")]:
                    self.listing[path + name[len(old):]] = self.listing.pop(name)
        else:
            self.expect(False, event, "an unknown change")


def raw_log(api):
    """Each event's own bytes, and the event, from the oldest."""
    decoder, where, events = json.JSONDecoder(), {"since": "earliest"}, []
    while True:
        answer = api.get("/api/v1/sync/changes", limit=2000, **where)
        if answer.status != 200:
            raise RuntimeError(f"changes answered {answer.status}")
        text = answer.body.decode()
        at = text.index('"changes":[') + len('"changes":[')
        while text[at] != "]":
            event, end = decoder.raw_decode(text, at)
            events.append((text[at:end], event))
            at = end + (text[end] == ",")
        page = json.loads(text)
        where = {"cursor": page["cursor"]}
        if not page["has_more"]:
            return events


def start_pull(server, token, scratch, *more):
    # Together they have to give the log once: the second goes on where the first was stopped.
    return spawn([HUBTRAIL, "pull", "--url", server.url, "--out", str(scratch / "pulled"), "--cursor-file",
                  str(scratch / "cursor"), *more], env={**os.environ, "HUBTRAIL_TOKEN": token},
                 stderr=open(scratch / "pull.log", "ab"), stdout=subprocess.DEVNULL)


def start_listeners(server, proxy, token, scratch):
    listeners = {}
    for mode in MODES:
        port = server.port if mode == "subscribe" else proxy.port
        listeners[mode] = spawn(["node", str(HERE / "listener.mjs"), mode, f"http://{HOST}:{port}",
                                 str(scratch / mode)], env={**os.environ, "HUBTRAIL_TOKEN": token},
                                stdout=subprocess.PIPE, stderr=open(scratch / f"{mode}.log", "ab"))
    return listeners


def start_watch(server, token, scratch, tree):
    watch = spawn([HUBTRAIL, "watch", str(tree), "--url", server.url, "--site", "s1", "--state",
                   str(scratch / "watch.state")], env={**os.environ, "HUBTRAIL_TOKEN": token},
                  stdout=subprocess.DEVNULL, stderr=open(scratch / "watch.log", "ab"))
    log = scratch / "watch.log"
    if not wait_until(lambda: b"watching" in log.read_bytes() or watch.poll() is not None, 20):
        raise RuntimeError(f"watch does not begin: {log.read_text()}")
    return watch


def kill_until(server, rng, done):
    """Kills and restarts until `done` and often enough."""
    kills, slowest = 0, 0.0
    while not done() or kills < KILLS_MIN:
        time.sleep(rng.uniform(*KILL_AFTER_S))  # the moment of the kill
        if not server.alive():
            raise RuntimeError(f"the server died by itself: {server.log_tail()}")
        server.kill9()
        server.start()
        kills, slowest = kills + 1, max(slowest, server.ready_s)
    return kills, slowest


def check_listener(report, mode, path, log):
    lines = path.read_text().splitlines() if path.exists() else []
    seen = [tuple(line.split("\t", 2)) for line in lines]
    expected = [(str(event["pos"]), event["id"]) for _, event in log]
    found = [(pos, identity) for pos, identity, _ in seen]
    at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
    report.check(f"client {mode}: its file is the log, in order, once", found == expected,
                 f"{len(found)} of {len(expected)}, differs at {at}: {found[at:at + 2]} {expected[at:at + 2]}")
    if mode == "push":
        report.check("client push: each message has the bytes of REST",
                     [text for _, _, text in seen] == [text for text, _ in log], "they differ")
    problems = path.with_name(path.name + ".problems")
    report.check(f"client {mode}: no gap, no repetition, no reset on the way", not problems.exists(),
                 problems.read_text()[:500] if problems.exists() else "")


def check_replay(report, log, tree):
    replay = Replay()
    for _, event in log:
        replay.apply(event)
    report.check("each event fits what the events before it say", not replay.problems,
                 f"{len(replay.problems)} do not, first: {replay.problems[:3]}")
    disk = listing_of(tree)
    note(f"on disk: {len(disk)} entries")
    missing = sorted(set(disk) - set(replay.listing))
    extra = sorted(set(replay.listing) - set(disk))
    other = [(path, replay.listing[path], entry) for path, entry in disk.items()
             if path in replay.listing and replay.listing[path] != entry]
    report.check("replayed, the events give exactly the files on disk, with their sizes",
                 not missing and not extra and not other,
                 f"{len(missing)} missing {missing[:2]}, {len(extra)} extra {extra[:2]}, {len(other)} differ {other[:2]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    rng = harness.seeded_random()
    report, scratch = Report(), Scratch("tree")
    if not (harness.ROOT / "clients/js-sample/node_modules/@microsoft/signalr").exists():
        report.skip("tree", "npm install in clients/js-sample was not run")
        report.finish()
    tree = scratch / "watched" / "root"
    tree.mkdir(parents=True)
    server = Server(scratch / "data").start()
    token = server.token()
    proxy = CuttingProxy(server.port, random.Random(rng.random()))
    listeners = start_listeners(server, proxy, token, scratch)
    pull = start_pull(server, token, scratch, "--follow")
    watch = start_watch(server, token, scratch, tree)
    work = TreeWork(tree, options.files, random.Random(rng.random()))
    work.start()
    kills, slowest = kill_until(server, rng, lambda: not work.is_alive())
    report.check("the file operations went through", work.error is None, repr(work.error))
    watch.send_signal(signal.SIGTERM)  # tells what is still to be told first
    code = wait_until(lambda: watch.poll() is not None, DRAIN_S) and watch.poll()
    report.check("watch ends with everything delivered", code == 0 and code is not False,
                 f"exit {watch.poll()}: {(scratch / 'watch.log').read_text()[-600:]}")
    api = Api(server.port, token, timeout=60)
    log = raw_log(api)
    note(f"{kills} kills (slowest restart {slowest * 1000:.0f} ms), {proxy.cuts} cuts, {len(log)} events")
    report.check(f"the server was killed at least {KILLS_MIN} times", kills >= KILLS_MIN, f"{kills}")
    report.check("the proxy cut at least 10 times", proxy.cuts >= 10, f"{proxy.cuts}")
    report.equal("positions are 1 to N", [event["pos"] for _, event in log], list(range(1, len(log) + 1)))
    report.equal("ids are unique", len({event["id"] for _, event in log}), len(log))
    report.check("there are as many events as operations ask for", len(log) >= 2 * options.files, f"{len(log)}")

    def caught_up(mode):
        path = scratch / mode
        return path.exists() and path.read_bytes().count(b"\n") >= len(log)
    wait_until(lambda: all(caught_up(mode) for mode in MODES), CATCH_UP_S, 0.2)
    for mode, process in listeners.items():
        process.terminate()
        said = process.communicate(timeout=10)[0].decode().strip()
        note(f"client {mode}: {said}")
        check_listener(report, mode, scratch / mode, log)
    pull.send_signal(signal.SIGTERM)
    report.equal("pull --follow stops cleanly", pull.wait(30), 0)
    first_part = (scratch / "pulled").read_bytes().count(b"\n")
    report.equal("a second pull goes on from the cursor file", start_pull(server, token, scratch).wait(60), 0)
    pulled = (scratch / "pulled").read_text().splitlines()
    note(f"pull: {first_part} lines followed, {len(pulled)} after the second run")
    report.check("pull wrote the log, byte for byte", pulled == [text for text, _ in log],
                 f"{len(pulled)} lines of {len(log)}")
    check_replay(report, log, tree)
    report.equal("SIGTERM ends the server cleanly", server.stop(), 0)
    if report.failed:
        (scratch / "log").write_text("\n".join(text for text, _ in log))
        scratch.keep(server.log, scratch / "watch.log", scratch / "pull.log", scratch / "log",
                     *(scratch / mode for mode in MODES))
    report.finish()


if __name__ == "__main__":
    main()
