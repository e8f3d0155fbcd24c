#!/usr/bin/env python3
"""Measures hubtrail beside ASP.NET Core SignalR and a bare epoll loop, and prints the table.

The servers run one after another, interleaved (A B C A B C ...), each in a fresh process pinned to one
core; the client is `hubtrail bench`, pinned to another. A figure is the median of the repeats. Every
run checks the content of what it receives; a run that fails makes the table fail.

    bench/compare.py                       all of it, about 20 minutes
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
LABELS = {"hubtrail": "hubtrail", "aspnet": "ASP.NET Core", "bare": "bare loop"}
ALL = ("hubtrail", "aspnet", "bare")
PER_DELIVERY = "server_cpu_us_per_delivery"


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
    """One client run. `full` and `quick` are its flags; `warm` those of the run before it, unmeasured."""
    name: str
    verb: str
    full: dict
    quick: dict
    warm: dict | None
    rows: tuple
    servers: tuple = ALL
    aspnet: dict = dataclasses.field(default_factory=dict)  # flags that differ for it, where the same would take minutes
    prepare: bool = False  # run once and restart the server before measuring; keeps the data


def burst(name, title, per_turn, rounds, quick_rounds, times_aspnet, times_bare):
    flags = {"connections": 1000, "per-turn": per_turn, "bytes": 120}
    return Scenario(
        name, "fanout", {**flags, "rounds": rounds}, {**flags, "rounds": quick_rounds},
        {**flags, "rounds": max(quick_rounds // 2, 2)},
        (Row(title, PER_DELIVERY, "us", times_aspnet, times_bare),))


def one_user(connections, aspnet_rounds):
    flags = {"connections": connections}
    flat = Beside("touser-100", PER_DELIVERY, "to one of 100", 1.1) if connections > 100 else None
    return Scenario(
        f"touser-{connections}", "touser", {**flags, "rounds": 200000}, {**flags, "rounds": 40000},
        {**flags, "rounds": 2000},
        (Row(f"message to one user of {connections:,}, CPU", PER_DELIVERY, "us", at_most=10, beside=flat),),
        ("hubtrail", "aspnet"), aspnet={"rounds": aspnet_rounds})


def echo(name, title, connections, protocol):
    flags = {"connections": connections, "bytes": 120, "protocol": protocol}
    return Scenario(
        name, "echo", {**flags, "seconds": 5}, {**flags, "seconds": 2}, {**flags, "seconds": 2},
        (Row(title, "server_cpu_us_per_echo", "us", 3.5 if protocol == "json" else None),), ("hubtrail", "aspnet"))


def to_group(members, rounds, title, figure, at_most=None):
    cost = Beside("fanout-10000", PER_DELIVERY, "to all of 10,000, plus 3 us a send", fixed=3 / members) if members else None
    flags = {"connections": 10000, "groups": 1000, "members": members}
    return Scenario(
        f"group-{members}", "group", {**flags, "rounds": rounds}, {**flags, "rounds": max(rounds // 5, 2)},
        {**flags, "connections": 10000, "rounds": max(rounds // 10, 1)},
        (Row(title, figure, "us", at_most=at_most, beside=cost),), ("hubtrail", "aspnet"))


TURNS = {"connections": 1000, "per-turn": 1, "bytes": 120}


def carried(transport, title):
    """With a pause after each turn, so that every client has its answer and polls again: one delivery an answer.
    Without it a server that is ahead of its clients puts many into one, and the figure shows how far it got ahead."""
    flags = {"connections": 200, "per-turn": 1, "bytes": 120, "pause-ms": 30, "transport": transport}
    return Scenario(
        transport, "fanout", {**flags, "rounds": 300}, {**flags, "rounds": 100}, {**flags, "rounds": 50},
        (Row(f"delivery to 200 over {title}, one at a time, CPU", PER_DELIVERY, "us", 2),),
        ("hubtrail", "aspnet"))


def stateful(name, title, flags, rounds, quick_rounds, beside=None):
    flags = {**flags, "stateful": True}
    return Scenario(
        name, "fanout", {**flags, "rounds": rounds}, {**flags, "rounds": quick_rounds},
        {**flags, "rounds": quick_rounds // 2},
        (Row(f"{title}, stateful reconnect, CPU", PER_DELIVERY, "us", beside=beside),),
        ("hubtrail", "aspnet"))


SCENARIOS = (
    Scenario("connect", "connect", {"connections": 10000}, {"connections": 2000}, {"connections": 2000},
             (Row("connect, upgrade, handshake with HS256, CPU", "server_cpu_us_per_connection", "us",
                  times_aspnet=6),)),
    Scenario("idle", "idle", {"connections": 10000, "seconds": 32}, {"connections": 2000, "seconds": 3},
             {"connections": 64, "seconds": 1},
             (Row("memory of an idle connection", "server_rss_kib_per_connection", "KiB", at_most=2),
              Row("CPU for 10,000 idle, pings of both sides", "server_cpu_percent", "% of a core"))),
    Scenario("idle-server-pings", "idle", {"connections": 10000, "seconds": 32, "no-pings": True},
             {"connections": 2000, "seconds": 3, "no-pings": True}, {"connections": 64, "seconds": 1},
             (Row("CPU for the server's pings of 10,000 idle", "server_cpu_percent", "% of a core",
                  at_most=1.5),)),
    burst("fanout-1", "delivery to 1,000, one per turn, CPU", 1, 300, 50, 1.7, 1.2),
    burst("fanout-16", "delivery to 1,000, bursts of 16, CPU", 16, 150, 20, 3, 1.3),
    burst("fanout-200", "delivery to 1,000, 200 at once, CPU", 200, 40, 5, 10, 3),
    Scenario("echo", "echo", {"connections": 64, "bytes": 120, "seconds": 5},
             {"connections": 64, "bytes": 120, "seconds": 2},
             {"connections": 64, "bytes": 120, "seconds": 2},
             (Row("echo on 64 connections, CPU", "server_cpu_us_per_echo", "us", 3.5, 1.4),)),
    echo("echo-1000", "echo on 1,000 connections, CPU", 1000, "json"),
    echo("echo-messagepack", "echo on 64 connections, MessagePack, CPU", 64, "messagepack"),
    echo("echo-1000-messagepack", "echo on 1,000 connections, MessagePack, CPU", 1000, "messagepack"),
    one_user(100, 50000),
    one_user(1000, 20000),
    one_user(10000, 2000),
    Scenario("fanout-10000", "fanout", {**TURNS, "connections": 10000, "rounds": 40},
             {**TURNS, "connections": 10000, "rounds": 10}, {**TURNS, "connections": 10000, "rounds": 5},
             (Row("delivery to 10,000, one per turn, CPU", PER_DELIVERY, "us"),)),
    to_group(0, 20000, "send to a group without members, of 1,000 groups, CPU", "server_cpu_us_per_send", 3),
    to_group(100, 300, "delivery to a group of 100 of 10,000, CPU", PER_DELIVERY),
    to_group(1000, 100, "delivery to a group of 1,000 of 10,000, CPU", PER_DELIVERY),
    to_group(10000, 40, "delivery to a group of all 10,000, CPU", PER_DELIVERY),
    Scenario("stream", "stream", {"connections": 64, "items": 5000}, {"connections": 64, "items": 500},
             {"connections": 64, "items": 500},
             (Row("item of a server stream on 64 connections, CPU", "server_cpu_us_per_item", "us", 3),),
             ("hubtrail", "aspnet")),
    carried("sse", "Server-Sent Events"),
    carried("longpolling", "long polling"),
    stateful("stateful", "delivery to 1,000, one per turn", TURNS, 300, 50,
             Beside("fanout-1", PER_DELIVERY, "without", 1.15)),
    # More than fits in what may be unacknowledged, so that it also waits for the clients' acknowledgements.
    stateful("stateful-16", "delivery to 1,000, bursts of 16", {**TURNS, "per-turn": 16}, 150, 20),
    Scenario("append", "append", {"producers": 128, "seconds": 10}, {"producers": 128, "seconds": 2},
             {"producers": 128, "seconds": 1},
             (Row("append of singles by 128 producers, durable", "events_per_s", "events/s",
                  at_least=30000),
              Row("append, time to the acknowledgement, p50", "p50_us", "us"),
              Row("append, time to the acknowledgement, p99", "p99_us", "us")), ("hubtrail",)),
    Scenario("catchup", "catchup", {"events": 1000000}, {"events": 50000}, None,
             (Row("catch-up of one client over 1 M events", "events_per_s", "events/s", at_least=400000),
              Row("catch-up, growth of memory meanwhile", "server_rss_growth_mib", "MiB", at_most=8)),
             ("hubtrail",), prepare=True),
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
        self.results = {}  # (scenario, server) -> reports
        self.failures = []

    # -- servers -------------------------------------------------------------------------------

    def find_servers(self):
        for name in ALL:
            why = None
            if name not in self.options.servers:
                why = "not asked for"
            elif name == "hubtrail" and not pathlib.Path(self.options.hubtrail).exists():
                why = f"{self.options.hubtrail} is not built"
            elif name == "bare" and not pathlib.Path(self.options.bare).exists():
                why = f"{self.options.bare} is not built"
            elif name == "aspnet":
                why = self.build_aspnet()
            if why:
                self.not_run[name] = why
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
                         f"127.0.0.1:{port}", "--data", data], core)
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

    def one_run(self, scenario, name, data, around=None):
        flags = scenario.quick if self.options.quick else scenario.full
        if name == "aspnet":
            flags = {**flags, **scenario.aspnet}
        server, token = self.start(name, data)
        try:
            if scenario.warm:
                self.client(server, token, scenario.verb, scenario.warm)
            if around:
                return around(server, lambda: self.client(server, token, scenario.verb, flags))
            return self.client(server, token, scenario.verb, flags)
        finally:
            server.stop()

    def attempt(self, scenario, name, data, label):
        try:
            return self.one_run(scenario, name, data)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            self.failures.append(f"{scenario.name}, {LABELS[name]}: {error}")
            say(f"{label}  FAILED: {error}")
            return None

    def run(self, together):
        """Scenarios that are compared with each other are interleaved: a machine's pace changes within minutes."""
        kept = {scenario.name: self.work / f"data-{scenario.name}" for scenario in together}
        for scenario in together:
            shutil.rmtree(kept[scenario.name], ignore_errors=True)
            servers = self.servers_of(scenario)
            if scenario.prepare and servers:
                say(f"{scenario.name}: filling the log")
                self.attempt(scenario, servers[0], kept[scenario.name], scenario.name)
        for repeat in range(self.options.repeats):
            for scenario in together:
                for name in self.servers_of(scenario):
                    self.measure(scenario, name, kept[scenario.name], f"{repeat + 1}/{self.options.repeats}")
        for scenario in together:
            if self.options.perf and any(self.verdict(scenario, row)[1] for row in scenario.rows):
                self.profile(scenario, kept[scenario.name])
            shutil.rmtree(kept[scenario.name], ignore_errors=True)

    def servers_of(self, scenario):
        return [server for server in scenario.servers if server not in self.not_run]

    def measure(self, scenario, name, data, which):
        label = f"{scenario.name} {which} {LABELS[name]}"
        if not scenario.prepare:
            shutil.rmtree(data, ignore_errors=True)
        report = self.attempt(scenario, name, data, label)
        if report:
            self.results.setdefault((scenario.name, name), []).append(report)
            shown = (f"{row.title} {number(report['figures'].get(row.figure))} {row.unit}" for row in scenario.rows)
            say(f"{label}: {'; '.join(shown)}")

    def profile(self, scenario, data):
        """Where hubtrail spends its time in a scenario that misses."""
        folder = pathlib.Path(self.options.perf)
        folder.mkdir(parents=True, exist_ok=True)
        record = self.work / "perf.data"

        def around(server, measure):
            perf = subprocess.Popen(["perf", "record", "-q", "-g", "-o", record, "-p", str(server.pid)],
                                    stderr=subprocess.DEVNULL)
            try:
                return measure()
            finally:
                perf.terminate()
                perf.wait()

        try:
            self.one_run(scenario, "hubtrail", data, around)
            text = subprocess.run(["perf", "report", "--stdio", "--no-children", "-g", "none", "-i", record,
                                   "--percent-limit", "0.5"], capture_output=True, text=True).stdout
            (folder / f"{scenario.name}.txt").write_text(text)
            say(f"{scenario.name}: profile in {folder / (scenario.name + '.txt')}")
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            say(f"{scenario.name}: no profile: {error}")
        finally:
            record.unlink(missing_ok=True)

    # -- the table -----------------------------------------------------------------------------

    def median(self, scenario, name, row):
        values = [report["figures"][row.figure] for report in self.results.get((scenario.name, name), [])
                  if row.figure in report["figures"]]
        return statistics.median(values) if values else None

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
        value = self.median(scenario, name, row)
        return NOT_RUN if value is None else number(value)

    def versions(self):
        hubtrail = subprocess.run([self.options.hubtrail, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
        dotnet = "" if "aspnet" in self.not_run else f", .NET runtime {self.runtime}"
        return hubtrail + dotnet

    def command(self, scenario):
        flags = scenario.quick if self.options.quick else scenario.full
        text = " ".join(f"--{flag}" if value is True else f"--{flag} {value}" for flag, value in flags.items())
        fewer = "".join(f"; ASP.NET Core with `--{flag} {value}`" for flag, value in scenario.aspnet.items())
        return f"`hubtrail bench {scenario.verb} {text}`{fewer}"

    def markdown(self, scenarios):
        machine = next((reports[0]["machine"] for reports in self.results.values()), None)
        lines = ["# Benchmarks", ""]
        if machine:
            lines += [f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, {machine['date']}. "
                      f"Written by `bench/compare.py{' --quick' if self.options.quick else ''}`: median of "
                      f"{self.options.repeats} interleaved runs, server on core {self.options.server_core}, "
                      f"client on core {self.options.client_core}, loopback, JSON protocol unless a row names "
                      f"another, payload of 120 bytes. {self.versions()}. CPU is user + system of the server from `/proc/PID/stat`; compare ratios, not "
                      "machines. The content of every message was checked.", ""]
        lines += ["| work | unit | hubtrail | ASP.NET Core | bare loop | targets |", "|---|---|---|---|---|---|"]
        missed = []
        for scenario in scenarios:
            for row in scenario.rows:
                texts, miss = self.verdict(scenario, row)
                cells = " | ".join(self.cell(scenario, name, row) for name in ALL)
                lines.append(f"| {row.title} | {row.unit} | {cells} | {'; '.join(texts) or '-'} |")
                if miss:
                    missed.append(row.title)
        lines += ["", "Missed: " + "; ".join(missed) + "." if missed else "No target that was measured is missed."]
        for name, why in self.not_run.items():
            lines += ["", f"{LABELS[name]}: {NOT_RUN} ({why})."]
        lines += [f"\nFAILED: {failure}" for failure in self.failures]
        lines += ["", "What the columns do:", "",
                  "- **connect**: all connections carry one token. hubtrail checks it once and knows it by its "
                  "hash until it expires; the ASP.NET Core peer checks HS256 and `exp` by hand for each "
                  "connection, which is less than its own middleware does; the bare loop checks nothing.",
                  "- **one per turn, bursts, at once**: how many messages a connection is owed when its turn to "
                  "be written to comes. The ASP.NET Core peer yields to its send loops after each turn; "
                  "without that its rounds run into one large turn.",
                  "- **one at a time**: after each turn the server pauses for 30 ms, so that every client has polled "
                  "again. Without the pause a server that is ahead of its clients puts many messages into one answer.",
                  "- **to one user**: the client polls its sockets instead of sleeping; waking it would be a third "
                  "of the server's cost, and comes and goes with the client's speed.",
                  "- **stateful reconnect**: clients acknowledge once a second, as the stock ones do. The bursts are "
                  "more than may be unacknowledged, so both servers also wait for acknowledgements.",
                  "- **bare loop**: one `send` of bytes framed beforehand for each connection and turn, no "
                  "queue, no limits, no checks: what the kernel alone costs.",
                  "- **memory**: growth of the resident set, so buffers in the kernel are not in it.",
                  "", "Commands (`--url`, `--pid`, `--token`, `--core` left out; every run has a shorter one before it):", ""]
        lines += [f"- {scenario.name}: {self.command(scenario)}" for scenario in scenarios]
        return "\n".join(lines) + "\n", missed


def number(value):
    if value is None:
        return "?"
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


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
    parser.add_argument("--repeats", type=int, default=3)
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
    for together in bundles(scenarios):
        bench.run(together)
    table, missed = bench.markdown(scenarios)
    print(table)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(table, encoding="utf-8")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"repeats": options.repeats, "quick": options.quick, "not_run": bench.not_run,
             "failures": bench.failures, "missed": missed,
             "runs": {f"{scenario}/{name}": reports for (scenario, name), reports in bench.results.items()}},
            indent=1) + "\n", encoding="utf-8")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
