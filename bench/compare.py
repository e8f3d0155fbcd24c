#!/usr/bin/env python3
"""Measures hubtrail beside ASP.NET Core SignalR and a bare epoll loop, and prints the table.

The servers are pinned to one core, the client, which is `hubtrail bench`, to another. They run in turn, one window each
(A B C A B C ...), in processes that live on, since the reference compiles its hot path in tiers while it runs: windows are
repeated until the last three of every server agree within 5 %, and then until it has as many as asked for, those three
included. A figure is the median of these, with the least and the greatest beside it. Every window checks the content of
what it receives; one that fails makes the table fail.

    bench/compare.py                       all of it, about a quarter of an hour
    bench/compare.py --quick --only echo   a first look
    bench/compare.py --markdown docs/benchmarks.md --json build/bench/compare.json --perf build/bench

Needs a release build, taskset, and for the ASP.NET column the .NET SDK 10 and NuGet (otherwise: "not run").
"""
import argparse
import base64
import dataclasses
import hashlib
import hmac
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import dotnet  # noqa: E402

READY_LIMIT_S = 30
STOP_LIMIT_S = 15
CLIENT_LIMIT_S = 400  # the client bounds itself; this is the net below it
NOT_RUN = "not run"
NOTES = "What else was seen:"
LABELS = {"hubtrail": "hubtrail", "aspnet": "ASP.NET Core", "bare": "bare loop", "alone": "hubtrail, gather_max = 0"}
ALL = ("hubtrail", "aspnet", "bare")
EVERY = (*ALL, "alone")
STILL_WINDOWS = 3    # so many in a row ...
STILL_WITHIN = 1.05  # ... no further apart: a server's figure stands still
WINDOWS_MAX = 14     # it is taken as it is after so many
WARM_LIMIT_S = 60    # of echo, at a server's start
WARM_SECONDS = 2     # of each window of it
PER_DELIVERY = "server_cpu_us_per_delivery"
WRITES = "writes_per_delivery"


@dataclasses.dataclass(frozen=True)
class Beside:
    """At most `times` our own figure of another scenario, plus `fixed`."""
    scenario: str
    figure: str
    what: str
    times: float = 1
    fixed: float = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: a figure of the client's report and what is asked of it."""
    title: str
    figure: str
    unit: str
    times_aspnet: float | None = None  # at least this many times less than ASP.NET Core
    times_bare: float | None = None    # at most this many times the bare loop
    at_most: float | None = None
    at_least: float | None = None
    beside: Beside | None = None


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One client run, a window. `full` and `quick` are its flags."""
    name: str
    verb: str
    full: dict
    quick: dict
    rows: tuple
    servers: tuple = ALL
    aspnet: dict = dataclasses.field(default_factory=dict)  # flags that differ for it
    fresh: bool = False    # each window has a process of its own
    keep_data: bool = False  # ... after one that is not measured, with that one's data
    once: bool = False     # one window: it takes long, and a longer one would say the same


@dataclasses.dataclass(frozen=True)
class Load:
    """A sender at a rate: a part of what the core of each server can do by its own figure of `capacity`."""
    scenario: Scenario
    title: str
    percent: int
    capacity: str  # a scenario whose cost of a delivery says it


def fanout(name, title, connections, per_turn, rounds, quick_rounds, times_aspnet=None, times_bare=None):
    flags = {"connections": connections, "per-turn": per_turn, "bytes": 120}
    return Scenario(name, "fanout", {**flags, "rounds": rounds}, {**flags, "rounds": quick_rounds},
                    (Row(title, PER_DELIVERY, "us", times_aspnet, times_bare),))


def one_user(connections, aspnet_rounds):
    flags = {"connections": connections}
    flat = Beside("touser-100", PER_DELIVERY, "to one of 100", 1.1) if connections > 100 else None
    return Scenario(
        f"touser-{connections}", "touser", {**flags, "rounds": 100000}, {**flags, "rounds": 20000},
        (Row(f"message to one user of {connections:,}, CPU", PER_DELIVERY, "us", at_most=10, beside=flat),),
        ("hubtrail", "aspnet"), aspnet={"rounds": aspnet_rounds})


def echo(name, title, connections, protocol, servers=("hubtrail", "aspnet"), times_aspnet=None, times_bare=None):
    flags = {"connections": connections, "bytes": 120, "protocol": protocol}
    return Scenario(name, "echo", {**flags, "seconds": 1}, {**flags, "seconds": 1},
                    (Row(title, "server_cpu_us_per_echo", "us", times_aspnet, times_bare),), servers)


def to_group(members, rounds, title, figure, at_most=None):
    cost = Beside("fanout-10000", PER_DELIVERY, "to all of 10,000, plus 3 us a send", fixed=3 / members) if members else None
    flags = {"connections": 10000, "groups": 1000, "members": members}
    return Scenario(
        f"group-{members}", "group", {**flags, "rounds": rounds}, {**flags, "rounds": max(rounds // 5, 2)},
        (Row(title, figure, "us", at_most=at_most, beside=cost),), ("hubtrail", "aspnet"))


TURNS = {"connections": 1000, "per-turn": 1, "bytes": 120}


def carried(transport, title):
    """With a pause between the rounds, so that every client polls again before the next."""
    flags = {"connections": 200, "per-turn": 1, "bytes": 120, "pause-ms": 5, "transport": transport}
    return Scenario(
        transport, "fanout", {**flags, "rounds": 40}, {**flags, "rounds": 20},
        (Row(f"delivery to 200 over {title}, one at a time, CPU", PER_DELIVERY, "us", 2),),
        ("hubtrail", "aspnet"))


def stateful(name, title, flags, rounds, quick_rounds, beside=None):
    flags = {**flags, "stateful": True}
    return Scenario(
        name, "fanout", {**flags, "rounds": rounds}, {**flags, "rounds": quick_rounds},
        (Row(f"{title}, stateful reconnect, CPU", PER_DELIVERY, "us", beside=beside),),
        ("hubtrail", "aspnet"))


def log_fanout(per_turn, rounds, title):
    flags = {"connections": 1000, "per-turn": per_turn, "bytes": 120}
    return Scenario(f"logfanout-{per_turn}", "logfanout", {**flags, "rounds": rounds},
                    {**flags, "rounds": max(rounds // 5, 2)}, (Row(title, PER_DELIVERY, "us"),), ("hubtrail",))


def append(producers, *rows):
    flags = {"producers": producers}
    return Scenario(f"append-{producers}", "append", {**flags, "seconds": 2}, {**flags, "seconds": 1}, rows,
                    ("hubtrail",), fresh=True)


def load(how, title, percent):
    """`how`: "connection" or "rest", which is each server's own way: an append to the log, and the hub's context."""
    flags = {"connections": 1000, "bytes": 120}
    by = {} if how == "connection" else {"by": "log"}
    scenario = Scenario(f"delay-{how}-{percent}", "delay", {**flags, **by, "seconds": 3}, {**flags, **by, "seconds": 1}, (),
                        ("hubtrail", "alone", "aspnet"), aspnet={} if how == "connection" else {"by": "/send"})
    return Load(scenario, title, percent, "fanout-1" if how == "connection" else "logfanout-1")


LOADS = tuple(load(how, title, percent)
              for how, title in (("connection", "by a connection"), ("rest", "by REST")) for percent in (50, 90, 120))

SCENARIOS = (
    Scenario("connect", "connect", {"connections": 10000}, {"connections": 2000},
             (Row("connect, upgrade, handshake with HS256, CPU", "server_cpu_us_per_connection", "us",
                  times_aspnet=6),)),
    Scenario("idle", "idle", {"connections": 10000, "seconds": 32}, {"connections": 2000, "seconds": 3},
             (Row("memory of an idle connection", "server_rss_kib_per_connection", "KiB", at_most=2),
              Row("CPU for 10,000 idle, pings of both sides", "server_cpu_percent", "% of a core")), fresh=True, once=True),
    Scenario("idle-server-pings", "idle", {"connections": 10000, "seconds": 32, "no-pings": True},
             {"connections": 2000, "seconds": 3, "no-pings": True},
             (Row("CPU for the server's pings of 10,000 idle", "server_cpu_percent", "% of a core",
                  at_most=1.5),), fresh=True, once=True),
    fanout("fanout-1", "delivery to 1,000, one per turn, CPU", 1000, 1, 80, 20, 1.7, 1.2),
    fanout("fanout-16", "delivery to 1,000, bursts of 16, CPU", 1000, 16, 60, 10, 3, 1.3),
    fanout("fanout-200", "delivery to 1,000, 200 at once, CPU", 1000, 200, 10, 3, 10, 3),
    echo("echo", "echo on 64 connections, CPU", 64, "json", ALL, 3.5, 1.4),
    echo("echo-1000", "echo on 1,000 connections, CPU", 1000, "json", times_aspnet=3.5),
    echo("echo-messagepack", "echo on 64 connections, MessagePack, CPU", 64, "messagepack"),
    echo("echo-1000-messagepack", "echo on 1,000 connections, MessagePack, CPU", 1000, "messagepack"),
    one_user(100, 50000),
    one_user(1000, 10000),
    one_user(10000, 1000),
    fanout("fanout-10000", "delivery to 10,000, one per turn, CPU", 10000, 1, 10, 5),
    to_group(0, 20000, "send to a group without members, of 1,000 groups, CPU", "server_cpu_us_per_send", 3),
    to_group(100, 300, "delivery to a group of 100 of 10,000, CPU", PER_DELIVERY),
    to_group(1000, 60, "delivery to a group of 1,000 of 10,000, CPU", PER_DELIVERY),
    to_group(10000, 10, "delivery to a group of all 10,000, CPU", PER_DELIVERY),
    Scenario("stream", "stream", {"connections": 64, "items": 5000}, {"connections": 64, "items": 500},
             (Row("item of a server stream on 64 connections, CPU", "server_cpu_us_per_item", "us", 3),),
             ("hubtrail", "aspnet")),
    carried("sse", "Server-Sent Events"),
    carried("longpolling", "long polling"),
    stateful("stateful", "delivery to 1,000, one per turn", TURNS, 80, 20,
             Beside("fanout-1", PER_DELIVERY, "without", 1.15)),
    stateful("stateful-16", "delivery to 1,000, bursts of 16", {**TURNS, "per-turn": 16}, 60, 10),
    log_fanout(1, 80, "delivery of an event to 1,000 that follow the log, one per turn, CPU"),
    log_fanout(16, 60, "delivery of an event to 1,000 that follow the log, bursts of 16, CPU"),
    *(item.scenario for item in LOADS),
    Scenario("latency", "latency", {"events": 200, "pause-ms": 5}, {"events": 50, "pause-ms": 5},
             tuple(Row(f"{title}, {rank}", f"{figure}_{rank}_us", "us")
                   for title, figure in (("append to acknowledgement, idle server", "acknowledged"),
                                         ("append to delivery, idle server", "delivered"),
                                         ("one fdatasync of 4 KiB on the same disk", "fsync"))
                   for rank in ("p50", "p99")), ("hubtrail",)),
    Scenario("resume", "resume", {"connections": 10000, "events": 20}, {"connections": 1000, "events": 20},
             (Row("10,000 come back at once and catch up on 20 events, CPU each", "server_cpu_us_per_connection", "us"),
              Row("10,000 come back at once and catch up on 20 events", "connections_per_s", "connections/s")),
             ("hubtrail",)),
    append(1, Row("append of singles by 1 producer, durable", "events_per_s", "events/s")),
    append(16, Row("append of singles by 16 producers, durable", "events_per_s", "events/s")),
    append(128, Row("append of singles by 128 producers, durable", "events_per_s", "events/s", at_least=30000),
           Row("append, time to the acknowledgement, p50", "p50_us", "us"),
           Row("append, time to the acknowledgement, p99", "p99_us", "us")),
    Scenario("catchup", "catchup", {"events": 1000000}, {"events": 50000},
             (Row("catch-up of one client over 1 M events", "events_per_s", "events/s", at_least=400000),
              Row("catch-up, growth of memory meanwhile", "server_rss_growth_mib", "MiB", at_most=8)),
             ("hubtrail",), fresh=True, keep_data=True),
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_token(key):
    """An HS256 token of about the size and content of the ones that `hubtrail token` makes."""
    now = int(time.time())
    claims = {"iss": "hubtrail-bench", "aud": "hubtrail", "sub": "bench", "tenant": "bench",
              "iat": now, "nbf": now, "exp": now + 6 * 3600, "scope": "events.read events.write",
              "sites": {"*": "admin"}}
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode())
                      for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return signed + "." + base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())


class Server:
    """A server process pinned to one core; knows its address once it has said `ready URL`."""

    def __init__(self, command, core, environment=None):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        self.url = None
        self.lines = []
        self.ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self.ready.wait(READY_LIMIT_S) or self.url is None:
            self.stop()
            raise RuntimeError(f"{command[0]} did not become ready: {' | '.join(self.lines[-5:])}")

    def _read(self):
        for line in self.process.stdout:
            self.lines = self.lines[-50:] + [line.rstrip()]
            if line.startswith("ready http") and self.url is None:
                self.url = line.split()[1]
                self.ready.set()
        self.ready.set()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.key = os.urandom(32)
        self.not_run = {}  # server -> why
        self.results = {}  # (scenario, server) -> reports, one for each window
        self.unsteady = {}  # (scenario, server) -> how far its last windows are apart
        self.warmed = {}   # server -> a sentence
        self.failures = []
        self.alive = {}    # server -> (Server, token), those that live on

    # -- servers -------------------------------------------------------------------------------

    def find_servers(self):
        for name in EVERY:
            why = None
            if (name if name in ALL else "hubtrail") not in self.options.servers:
                why = "not asked for"
            elif name in ("hubtrail", "alone") and not pathlib.Path(self.options.hubtrail).exists():
                why = f"{self.options.hubtrail} is not built"
            elif name == "bare" and not pathlib.Path(self.options.bare).exists():
                why = f"{self.options.bare} is not built"
            elif name == "aspnet":
                why = self.build_aspnet()
            if why:
                self.not_run[name] = why
            if why and name in ALL:
                say(f"{LABELS[name]}: {NOT_RUN} ({why})")

    def build_aspnet(self):
        try:
            self.peer = dotnet.command("aspnet-peer", say)
        except dotnet.Missing as why:
            return str(why)
        runtimes = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True).stdout.splitlines()
        self.runtime = next(line.split()[1] for line in runtimes if line.startswith("Microsoft.AspNetCore.App 10."))
        return None

    def start(self, name, data):
        core = self.options.server_core
        port = free_port()
        if name == "bare":
            return Server([self.options.bare, "--listen", f"127.0.0.1:{port}"], core), None
        if name == "aspnet":
            server = Server([*self.peer, "--urls", f"http://127.0.0.1:{port}"],
                            core, {"BENCH_HS256_KEY": base64url(self.key)})
            return server, sign_token(self.key)
        server = Server([self.options.hubtrail, "serve", "--bench-hub", "--loops", "1", "--listen",
                         f"127.0.0.1:{port}", "--data", data], core,
                        {"HUBTRAIL_SERVER_GATHER_MAX": "0"} if name == "alone" else None)
        token = subprocess.run(
            [self.options.hubtrail, "token", "--data", data, "--tenant", "bench", "--sub", "bench",
             "--scope", "events.read", "--scope", "events.write", "--site", "*=admin", "--ttl", "6h"],
            capture_output=True, text=True)
        if token.returncode != 0:
            server.stop()
            raise RuntimeError("hubtrail token: " + token.stderr.strip())
        return server, token.stdout.strip()

    # -- runs ----------------------------------------------------------------------------------

    def client(self, server, token, verb, flags):
        command = [self.options.client or self.options.hubtrail, "bench", verb, "--url", server.url,
                   "--pid", server.pid, "--core", self.options.client_core, "--json"]
        for flag, value in flags.items():
            command += [f"--{flag}"] if value is True else [f"--{flag}", value]
        if token:
            command += ["--token", token]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=CLIENT_LIMIT_S)
        try:
            report = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise RuntimeError(f"no report (exit {done.returncode}): {done.stderr.strip()[-300:]}") from None
        if done.returncode != 0 or not report["ok"]:
            raise RuntimeError(report["failure"] or f"exit {done.returncode}")
        return report

    def flags_of(self, scenario, name):
        flags = dict(scenario.quick if self.options.quick else scenario.full)
        if name == "aspnet":
            flags.update(scenario.aspnet)
        if scenario.verb == "latency":
            flags["directory"] = self.work
        load = next((item for item in LOADS if item.scenario is scenario), None)
        if load:
            flags["rate"] = self.rate(load, name)
        return flags

    def rate(self, load, name):
        """Messages a second; the same for hubtrail whether it gathers or not."""
        source = "fanout-1" if name == "aspnet" else load.capacity
        cost = self.median(named(source), "hubtrail" if name == "alone" else name, Row("", PER_DELIVERY, ""))
        if cost is None:
            raise RuntimeError(f"its rate is a part of what {source} says, which was not run")
        return max(round(1e6 / cost / load.scenario.full["connections"] * load.percent / 100), 1)

    def living(self, name):
        if name not in self.alive:
            data = self.work / f"data-{name}"
            shutil.rmtree(data, ignore_errors=True)
            self.alive[name] = self.start(name, data)
            if not self.options.quick:
                self.warm_up(name)
        return self.alive[name]

    def warm_up(self, name):
        """Echoes until the figure stands still; a scenario's own path is warmed by its first windows."""
        server, token = self.alive[name]
        begin = time.monotonic()
        costs = []
        while not still(costs) and time.monotonic() - begin < WARM_LIMIT_S:
            report = self.client(server, token, "echo", {"connections": 64, "bytes": 120, "seconds": WARM_SECONDS})
            costs.append(report["figures"]["server_cpu_us_per_echo"])
        self.warmed[name] = (f"{LABELS[name]} after {time.monotonic() - begin:.0f} s of echo "
                             f"({number(costs[0])} us in its first {WARM_SECONDS} s, {number(costs[-1])} us in its last)")
        say("warm: " + self.warmed[name])

    def stop_all(self):
        for server, _ in self.alive.values():
            server.stop()
        self.alive = {}

    def window(self, scenario, name, around=None):
        if not scenario.fresh:
            server, token = self.living(name)
            return self.client(server, token, scenario.verb, self.flags_of(scenario, name))
        data = self.work / f"data-{scenario.name}"
        if not scenario.keep_data:
            shutil.rmtree(data, ignore_errors=True)
        server, token = self.start(name, data)
        try:
            return self.client(server, token, scenario.verb, self.flags_of(scenario, name))
        finally:
            server.stop()

    def attempt(self, scenario, name):
        try:
            return self.window(scenario, name)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            self.failures.append(f"{scenario.name}, {LABELS[name]}: {error}")
            say(f"{scenario.name} {LABELS[name]}  FAILED: {error}")
            return None

    def run(self, together):
        """Scenarios that are compared with each other are interleaved: a machine's pace changes within minutes."""
        pairs = [(scenario, name) for scenario in together for name in self.servers_of(scenario)]
        for scenario, name in pairs:
            if scenario.keep_data:
                shutil.rmtree(self.work / f"data-{scenario.name}", ignore_errors=True)
                say(f"{scenario.name}: filling the log")
                self.attempt(scenario, name)
        begin = time.monotonic()
        open_pairs = pairs
        for _ in range(WINDOWS_MAX):
            open_pairs = [pair for pair in open_pairs if not self.enough(*pair)]
            for scenario, name in list(open_pairs):
                report = self.attempt(scenario, name)
                if report is None:
                    open_pairs.remove((scenario, name))
                else:
                    self.results.setdefault((scenario.name, name), []).append(report)
        for scenario, name in pairs:
            self.close(scenario, name)
            if scenario.keep_data:
                shutil.rmtree(self.work / f"data-{scenario.name}", ignore_errors=True)
        say(f"{', '.join(scenario.name for scenario in together)}: {time.monotonic() - begin:.0f} s")
        for scenario in together:
            if self.options.perf and any(self.verdict(scenario, row)[1] for row in scenario.rows):
                self.profile(scenario)

    def costs(self, scenario, name):
        """What stands still or does not: the first figure of the scenario."""
        figure = scenario.rows[0].figure if scenario.rows else "server_cpu_percent"
        return [report["figures"][figure] for report in self.results.get((scenario.name, name), [])
                if figure in report["figures"]]

    def enough(self, scenario, name):
        costs = self.costs(scenario, name)
        wanted = 1 if scenario.once else self.options.repeats
        if len(costs) < wanted:
            return False
        # Still since the first of the last `wanted` windows: three of them agree.
        return wanted < STILL_WINDOWS or any(still(costs[:end]) for end in
                                             range(len(costs) - wanted + STILL_WINDOWS, len(costs) + 1))

    def close(self, scenario, name):
        """Keeps the last windows and tells what they say."""
        reports = self.results.get((scenario.name, name))
        if not reports:
            return
        done = self.enough(scenario, name)
        windows = len(reports)
        self.results[(scenario.name, name)] = reports[-(1 if scenario.once else self.options.repeats):]
        if not done:
            costs = self.costs(scenario, name)
            self.unsteady[(scenario.name, name)] = max(costs) / max(min(costs), 1e-9)
        shown = [f"{row.title} {self.cell(scenario, name, row)} {row.unit}" for row in scenario.rows]
        shown = shown or [self.load_line(scenario, name)]
        say(f"{scenario.name} {LABELS[name]}, {windows} windows: {'; '.join(shown)}"
            + ("" if done else "  NOT STILL"))

    def servers_of(self, scenario):
        return [server for server in scenario.servers if server not in self.not_run]

    def profile(self, scenario):
        """Where hubtrail spends its time in a scenario that misses."""
        folder = pathlib.Path(self.options.perf)
        folder.mkdir(parents=True, exist_ok=True)
        record = self.work / "perf.data"
        try:
            server, token = self.living("hubtrail")
            perf = subprocess.Popen(["perf", "record", "-q", "-g", "-o", record, "-p", str(server.pid)],
                                    stderr=subprocess.DEVNULL)
            try:
                self.client(server, token, scenario.verb, self.flags_of(scenario, "hubtrail"))
            finally:
                perf.terminate()
                perf.wait()
            text = subprocess.run(["perf", "report", "--stdio", "--no-children", "-g", "none", "-i", record,
                                   "--percent-limit", "0.5"], capture_output=True, text=True).stdout
            (folder / f"{scenario.name}.txt").write_text(text)
            say(f"{scenario.name}: profile in {folder / (scenario.name + '.txt')}")
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            say(f"{scenario.name}: no profile: {error}")
        finally:
            record.unlink(missing_ok=True)

    # -- the table -----------------------------------------------------------------------------

    def values(self, scenario, name, figure):
        return [report["figures"][figure] for report in self.results.get((scenario.name, name), [])
                if figure in report["figures"]]

    def median(self, scenario, name, row):
        values = self.values(scenario, name, row.figure)
        return statistics.median(values) if values else None

    def spread(self, scenario, name, figure, scale=1.0):
        """`median (least to greatest)`."""
        values = [value * scale for value in self.values(scenario, name, figure)]
        if not values:
            return NOT_RUN
        text = number(statistics.median(values))
        return text if len(values) == 1 else f"{text} ({number(min(values))} to {number(max(values))})"

    def verdict(self, scenario, row):
        """The texts of the target column and whether any target is missed."""
        ours = self.median(scenario, "hubtrail", row)
        texts = []
        missed = False

        def judge(value, ok, text):
            nonlocal missed
            if value is None:
                texts.append(f"{text}: {NOT_RUN}")
                return
            missed = missed or not ok
            texts.append(f"{text}: {'ok' if ok else '**missed**'}")

        def ratio(other, over):
            theirs = self.median(scenario, other, row)
            if ours is None or theirs is None or min(ours, theirs) <= 0:
                return None
            return theirs / ours if over else ours / theirs

        if row.times_aspnet is not None:
            value = ratio("aspnet", True)
            judge(value, value is not None and value >= row.times_aspnet,
                  f"{number(value)}x less than ASP.NET Core (>= {row.times_aspnet:g}x)"
                  if value is not None else f">= {row.times_aspnet:g}x less than ASP.NET Core")
        if row.times_bare is not None:
            value = ratio("bare", False)
            judge(value, value is not None and value <= row.times_bare,
                  f"{number(value)}x the bare loop (<= {row.times_bare:g}x)"
                  if value is not None else f"<= {row.times_bare:g}x the bare loop")
        if row.at_most is not None:
            judge(ours, ours is not None and ours <= row.at_most, f"<= {row.at_most:g} {row.unit}")
        if row.at_least is not None:
            judge(ours, ours is not None and ours >= row.at_least, f">= {row.at_least:,.0f} {row.unit}")
        if row.beside is not None:
            other = next(s for s in SCENARIOS if s.name == row.beside.scenario)
            base = self.median(other, "hubtrail", Row("", row.beside.figure, ""))
            text = f"<= {row.beside.times:g}x {row.beside.what}"
            if ours is None or base is None:
                judge(None, False, text)
            else:
                judge(ours, ours <= base * row.beside.times + row.beside.fixed, f"{number(ours / base)}x ({text})")
        return texts, missed

    def cell(self, scenario, name, row):
        if name not in scenario.servers:
            return "-"
        text = self.spread(scenario, name, row.figure)
        writes = self.values(scenario, name, WRITES)
        if row.figure == PER_DELIVERY and writes:
            text += f"; {number(statistics.median(writes))} w"
        return text + (" *" if (scenario.name, name) in self.unsteady else "")

    def load_line(self, scenario, name):
        rate = self.results[(scenario.name, name)][0]["options"]["rate"]
        return (f"{rate:,.0f}/s | {self.spread(scenario, name, 'deliveries_per_s')} | "
                f"{self.spread(scenario, name, 'server_cpu_percent')} | {self.spread(scenario, name, WRITES)} | "
                f"{self.spread(scenario, name, 'p50_us', 1e-3)} | {self.spread(scenario, name, 'p99_us', 1e-3)}")

    def loads(self, scenarios):
        lines = []
        for load in LOADS:
            for name in self.servers_of(load.scenario):
                if load.scenario in scenarios and (load.scenario.name, name) in self.results:
                    lines.append(f"| {load.title}, {load.percent} % | {LABELS[name]} | {self.load_line(load.scenario, name)} |")
        if not lines:
            return []
        return ["", "## The delay that users feel", "",
                "A sender that does not wait, at random moments, to 1,000 connections; the delay of each delivery from when its "
                "message was due. The rate is a part of what the server's core can do, which is what one delivery costs it in the "
                "table above (by REST: of an event, its append included). By REST is an append to the log for hubtrail, on disk "
                "before it is told, and a POST that sends by the hub's context for ASP.NET Core.", "",
                "| sender, load | server | messages | deliveries/s | CPU, % of a core | writes a delivery | p50, ms | p99, ms |",
                "|---|---|---|---|---|---|---|---|", *lines]

    def versions(self):
        hubtrail = subprocess.run([self.options.hubtrail, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
        dotnet = "" if "aspnet" in self.not_run else f", .NET runtime {self.runtime}"
        return hubtrail + dotnet

    def command(self, scenario):
        flags = scenario.quick if self.options.quick else scenario.full
        text = " ".join(f"--{flag}" if value is True else f"--{flag} {value}" for flag, value in flags.items())
        if any(item.scenario is scenario for item in LOADS):
            text += " --rate N"
        fewer = "".join(f"; ASP.NET Core with `--{flag} {value}`" for flag, value in scenario.aspnet.items())
        return f"`hubtrail bench {scenario.verb} {text}`{fewer}"

    def markdown(self, scenarios):
        machine = next((reports[0]["machine"] for reports in self.results.values()), None)
        lines = ["# Benchmarks", ""]
        if machine:
            lines += [f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, {machine['date']}. "
                      f"Written by `bench/compare.py{' --quick' if self.options.quick else ''}`: median (least to greatest) of "
                      f"{self.options.repeats} windows, interleaved, server on core {self.options.server_core}, "
                      f"client on core {self.options.client_core}, loopback, JSON protocol unless a row names "
                      f"another, payload of 120 bytes. {self.versions()}. CPU is user + system of the server by the kernel's "
                      "clock of its process; compare ratios, not machines. The content of every message was checked.", "",
                      "A server lives on through the table, and each row is repeated until the last "
                      f"{STILL_WINDOWS} windows of each server agree within {STILL_WITHIN * 100 - 100:.0f} %, at most {WINDOWS_MAX} "
                      "times (* marks a figure that never stood so still). Before the first row it echoes until that stands "
                      "still: " + "; ".join(self.warmed.values()) + ".", "",
                      "`w`: writes for each delivery, counted as the segments with data that the clients got.", ""]
        lines += ["| work | unit | hubtrail | ASP.NET Core | bare loop | targets |", "|---|---|---|---|---|---|"]
        missed = []
        for scenario in scenarios:
            for row in scenario.rows:  # a load has none
                texts, miss = self.verdict(scenario, row)
                cells = " | ".join(self.cell(scenario, name, row) for name in ALL)
                lines.append(f"| {row.title} | {row.unit} | {cells} | {'; '.join(texts) or '-'} |")
                if miss:
                    missed.append(row.title)
        lines += ["", "Missed: " + "; ".join(missed) + "." if missed else "No target that was measured is missed."]
        lines += self.loads(scenarios)
        for name, why in self.not_run.items():
            if name not in ALL:
                continue
            lines += ["", f"{LABELS[name]}: {NOT_RUN} ({why})."]
        lines += [f"\nFAILED: {failure}" for failure in self.failures]
        lines += ["", "What the columns do:", "",
                  "- **connect**: all connections carry one token. hubtrail checks it once and knows it by its "
                  "hash until it expires; the ASP.NET Core peer checks HS256 and `exp` by hand for each "
                  "connection, which is less than its own middleware does; the bare loop checks nothing.",
                  "- **one per turn, bursts, at once**: how many messages a connection is owed when its turn to "
                  "be written to comes. The client begins a round when the one before has arrived everywhere: "
                  "rounds back to back run into one large write in the ASP.NET Core peer.",
                  "- **one at a time**: the same with a pause of 5 ms, in which every client has polled again.",
                  "- **to one user**: the client polls its sockets instead of sleeping; waking it would be a third "
                  "of the server's cost, and comes and goes with the client's speed.",
                  "- **stateful reconnect**: clients acknowledge once a second, as the stock ones do.",
                  "- **bare loop**: one `send` of bytes framed beforehand for each connection and turn, no "
                  "queue, no limits, no checks: what the kernel alone costs.",
                  "- **memory**: growth of the resident set, so buffers in the kernel are not in it.",
                  "", "Commands (`--url`, `--pid`, `--token`, `--core` left out):", ""]
        lines += [f"- {scenario.name}: {self.command(scenario)}" for scenario in scenarios]
        return "\n".join(lines) + "\n", missed


def notes(path):
    """What people have written below the last table stays."""
    text = pathlib.Path(path).read_text(encoding="utf-8") if pathlib.Path(path).exists() else ""
    at = text.find(f"\n{NOTES}\n")
    return text[at:] if at >= 0 else ""


def number(value):
    if value is None:
        return "?"
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


def still(costs):
    """Whether the last windows agree."""
    last = costs[-STILL_WINDOWS:]
    return len(last) == STILL_WINDOWS and max(last) <= min(last) * STILL_WITHIN


def named(name):
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def bundles(scenarios):
    """Each scenario with those whose rows stand beside it."""
    found = {}
    for scenario in scenarios:
        beside = next((row.beside.scenario for row in scenario.rows if row.beside), scenario.name)
        found.setdefault(beside, []).append(scenario)
    return found.values()


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    release = ROOT / "build" / "release"
    parser.add_argument("--hubtrail", default=release / "hubtrail")
    parser.add_argument("--client", help="another program that understands `bench ...`; default: hubtrail")
    parser.add_argument("--bare", default=release / "bench" / "bench_bare_loop")
    parser.add_argument("--servers", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument("--only", nargs="+", choices=[s.name for s in SCENARIOS], help="these scenarios")
    parser.add_argument("--repeats", type=int, default=5, help="windows that a figure is made of")
    parser.add_argument("--quick", action="store_true", help="short runs: a look, not a figure")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--work", default=ROOT / "build" / "bench", help="data goes here; must be a real disk")
    parser.add_argument("--markdown", help="write the table to this file as well")
    parser.add_argument("--json", help="write every report to this file")
    parser.add_argument("--perf", help="write a profile of hubtrail for each scenario that misses to this folder")
    return parser.parse_args()


def main():
    options = parse_arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = Bench(options)
    bench.find_servers()
    scenarios = [s for s in SCENARIOS if not options.only or s.name in options.only]
    try:
        for together in bundles(scenarios):
            bench.run(together)
    finally:
        bench.stop_all()
    table, missed = bench.markdown(scenarios)
    print(table)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(table + notes(options.markdown), encoding="utf-8")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"repeats": options.repeats, "quick": options.quick, "not_run": bench.not_run,
             "failures": bench.failures, "missed": missed,
             "runs": {f"{scenario}/{name}": reports for (scenario, name), reports in bench.results.items()}},
            indent=1) + "\n", encoding="utf-8")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
