#!/usr/bin/env python3
"""Hostile peers against a running server: what ends or bloats other libraries, as regression tests.

Each case: the expected status or close code, the process alive and serving, and memory. An attack may warm up
allocator arenas once; when its first run grew the process by more than 1 MiB it runs again, and the second run
counts: what leaks or hoards grows every time.
"""
import base64
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harness import (HOST, HUBTRAIL, Api, Closed, Hub, Refused, Report, Scratch, Server, WebSocket, frame, good_claims,
                     make_event, note, read_head, sign_token, spawn, wait_until)

GROWTH_KIB = 1024
PEAK_KIB = 4 * 1024   # while the attack runs
HEADER_GONE_S = 7     # 5 s and what ticks and a busy machine add
SETTLE_S = 8
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DEEP = 100_000


class Lab:
    """The server under attack, and what each case is measured with."""

    def __init__(self, report):
        self.report = report
        self.scratch = Scratch("hostile")
        self.server = Server(self.scratch / "data").start()
        self.token = self.server.token()
        self.api = Api(self.server.port, self.token)

    def warm_up(self):
        for i in range(20):
            self.api.post([make_event(f"warm-{i}-{j}", data={"pad": "x" * 500}) for j in range(100)])
        for _ in range(20):
            self.api.read_log()
            hub = Hub(self.server.port, "/v1/hub/changes", self.token)
            hub.subscribe(since="earliest")
            while hub.record().get("item", {}).get("k") != "live":
                pass
            hub.close()

    def serves(self):
        with socket.create_connection((HOST, self.server.port), 10) as sock:
            sock.settimeout(10)
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            return read_head(sock)[0].startswith(b"HTTP/1.1 200")

    def measure(self, attack):
        """What the attack answered, growth after it settled, peak while it ran; KiB."""
        before = self.server.rss_kib()
        self.server.reset_peak()
        found = attack()
        peak = self.server.rss_kib("VmHWM") - before
        wait_until(lambda: self.server.rss_kib() - before <= GROWTH_KIB, SETTLE_S, 0.1)
        return found, self.server.rss_kib() - before, peak

    def case(self, name, attack, expected=None, peak_kib=PEAK_KIB):
        """`attack` answers what `expected` says, or checks for itself."""
        try:
            found, growth, peak = self.measure(attack)
            if growth > GROWTH_KIB or peak > peak_kib:
                note(f"{name}: first run grew by {growth} KiB (peak {peak}), again")
                found, growth, peak = self.measure(attack)
            good = expected is None or found == expected
            if not good:
                self.report.check(name, False, f"found {found!r}, expected {expected!r}")
                return
            if growth > GROWTH_KIB or peak > peak_kib:
                self.report.check(name, False, f"RSS grew by {growth} KiB, peak {peak} KiB")
                return
            self.report.check(name, self.server.alive() and self.serves(), "the server is gone or does not answer")
        except Exception as error:
            alive = "alive" if self.server.alive() else f"DEAD with {self.server.process.poll()}"
            self.report.check(name, False, f"{type(error).__name__}: {error} (server {alive})")
        if not self.server.alive():
            note(f"restarting the server, its log ends: {self.server.log_tail()}")
            self.server.start()

    # One request on a connection of its own: (status, whether the server closed afterwards).
    def raw(self, request, timeout=10):
        with socket.create_connection((HOST, self.server.port), timeout) as sock:
            sock.settimeout(timeout)
            try:
                sock.sendall(request)
            except OSError:
                pass  # refused before the end: the answer is there
            head, rest = read_head(sock)
            status = int(head.split(b" ", 2)[1])
            sock.settimeout(1.5)
            size = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                         if line.startswith(b"content-length:")), 0)
            try:
                while len(rest) <= size:
                    data = sock.recv(65536)
                    if not data:
                        return status, True
                    rest += data
            except TimeoutError:
                return status, False
            except OSError:
                return status, True
            return status, False

    def socket_after(self, payload, path="/v1/hub/changes", timeout=20):
        """The close code after sending raw bytes on a fresh WebSocket."""
        ws = WebSocket(self.server.port, path, self.token, timeout=timeout)
        try:
            ws.send_raw(payload)
        except OSError:
            pass
        return self.close_code(ws)

    @staticmethod
    def close_code(ws):
        try:
            while True:
                ws.receive()
        except Closed as closed:
            return closed.code
        finally:
            ws.close()


def http_framing(lab):
    host = b"Host: x\r\n"
    post, chunked = b"POST /livez HTTP/1.1\r\n" + host, b"Transfer-Encoding: chunked\r\n\r\n"
    rows = [
        ("chunk size -1", post + chunked + b"-1\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size +3", post + chunked + b"+3\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size 0x3", post + chunked + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size with a space in front", post + chunked + b" 3\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size with a space behind", post + chunked + b"3 \r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size empty", post + chunked + b"\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size of 9 digits", post + chunked + b"000000003\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size ffffffff", post + chunked + b"ffffffff\r\nabc\r\n0\r\n\r\n", 413),
        ("chunk size 7fffffff", post + chunked + b"7fffffff\r\nabc\r\n0\r\n\r\n", 413),
        ("chunk size ffffffffffffffff", post + chunked + b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk size 10000000000000003, 3 modulo 2^64", post + chunked + b"10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
        ("chunk sizes that overflow together",
         post + chunked + b"1\r\na\r\nffffffff\r\nabc\r\n0\r\n\r\n", 413),
        ("chunk ends with a bare LF", post + chunked + b"3\nabc\r\n0\r\n\r\n", 400),
        ("chunk without its CRLF", post + chunked + b"3\r\nabcX0\r\n\r\n", 400),
        ("chunk extension", post + chunked + b"3;a=b\r\nabc\r\n0\r\n\r\n", 400),
        ("trailer Content-Length", post + chunked + b"0\r\nContent-Length: 3\r\n\r\n", 400),
        ("CL and TE", post + b"Content-Length: 3\r\n" + chunked + b"3\r\nabc\r\n0\r\n\r\n", 400),
        ("CL and TE, body by length", post + b"Content-Length: 3\r\n" + chunked + b"abc", 400),
        ("TE and CL in the other order", post + chunked[:-2] + b"Content-Length: 3\r\n\r\nabc", 400),
        ("two lengths 3 and 5", post + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", 400),
        ("two lengths 3 and 3", post + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("length list 3, 3", post + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        ("length 3x", post + b"Content-Length: 3x\r\n\r\nabc", 400),
        ("length -1", post + b"Content-Length: -1\r\n\r\nabc", 400),
        ("length +3", post + b"Content-Length: +3\r\n\r\nabc", 400),
        ("length empty", post + b"Content-Length: \r\n\r\nabc", 400),
        ("length 2^64+3", post + b"Content-Length: 18446744073709551619\r\n\r\nabc", 400),
        ("length 2^63", post + b"Content-Length: 9223372036854775808\r\n\r\nabc", 400),
        ("length of 1 MiB and a byte", post + b"Content-Length: 1048577\r\n\r\n", 413),
        ("length 100 GB", post + b"Content-Length: 100000000000\r\n\r\n", 413),
        ("TE xchunked", post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("TE chunked twice", post + b"Transfer-Encoding: chunked\r\n" + chunked + b"0\r\n\r\n", 400),
        ("TE gzip, chunked", post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        ("TE in HTTP/1.0", b"POST /livez HTTP/1.0\r\n" + host + chunked + b"0\r\n\r\n", 400),
        ("space before the colon", post + b"Content-Length : 3\r\n\r\nabc", 400),
        ("folded header", post + b"X: a\r\n b\r\n\r\n", 400),
        ("header without a colon", post + b"abc\r\n\r\n", 400),
        ("header with an empty name", post + b": abc\r\n\r\n", 400),
        ("two Hosts", b"GET /livez HTTP/1.1\r\n" + host + b"Host: y\r\n\r\n", 400),
        ("no Host", b"GET /livez HTTP/1.1\r\n\r\n", 400),
        ("HTTP/9.9", b"GET /livez HTTP/9.9\r\n" + host + b"\r\n", 505),
        ("HTTP/1.1x", b"GET /livez HTTP/1.1x\r\n" + host + b"\r\n", 400),
        ("no version", b"GET /livez\r\n\r\n", 400),
        ("two spaces in the request line", b"GET  /livez HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("bare LF", b"GET /livez HTTP/1.1\nHost: x\n\n", 400),
        ("bare CR in a value", b"GET /livez HTTP/1.1\r\n" + host + b"X: a\rb\r\n\r\n", 400),
        ("NUL in a value", b"GET /livez HTTP/1.1\r\n" + host + b"X: a\0b\r\n\r\n", 400),
        ("NUL in a name", b"GET /livez HTTP/1.1\r\n" + host + b"X\0: ab\r\n\r\n", 400),
        ("NUL in the target", b"GET /li\0vez HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("%00 in the path", b"GET /livez%00 HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("%00 in the query", b"GET /livez?a=b%00c HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("%zz in the path", b"GET /a%zz HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("bad UTF-8 in the path", b"GET /%ff%fe HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("17 KB header", b"GET /livez HTTP/1.1\r\n" + host + b"X: " + b"a" * 17000 + b"\r\n\r\n", 431),
        ("9 KB request line", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414),
        ("65 headers", b"GET /livez HTTP/1.1\r\n" + host + b"X: a\r\n" * 64 + b"\r\n", 431),
        ("a TLS ClientHello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 200 + b"\r\n\r\n", 400),
    ]
    for name, request, status in rows:
        lab.case(f"http: {name}", lambda request=request: lab.raw(request), (status, True))
    two = b"GET /livez HTTP/1.1\r\n" + host + b"\r\nGET /nothing HTTP/1.1\r\n" + host + b"\r\n"
    lab.case("http: two pipelined requests get two answers in order", lambda: pipelined(lab, two), [200, 404])
    lab.case("http: chunked body is read", lambda: lab.raw(
        b"POST /nothing HTTP/1.1\r\n" + host + chunked + b"5\r\nhello\r\n0\r\n\r\n"), (404, False))
    lab.case("http: a body in 100,000 chunks of one byte",
             lambda: lab.raw(b"POST /nothing HTTP/1.1\r\n" + host + chunked + b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n",
                             60)[0], 404)


def pipelined(lab, requests):
    with socket.create_connection((HOST, lab.server.port), 10) as sock:
        sock.settimeout(10)
        sock.sendall(requests)
        got = b""
        wait_until(lambda: got.count(b"HTTP/1.1 ") >= 2, 0)
        while got.count(b"HTTP/1.1 ") < 2:
            got += sock.recv(65536)
        return [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:]]


def unfinished_header(lab):
    """One header that never ends, up to 200 MB of it: refused within its first 16 KiB, cut off soon after."""
    def attack():
        with socket.create_connection((HOST, lab.server.port), 10) as sock:
            sock.settimeout(5)
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
            sent, block, answer, refused_at, cut = 0, b"a" * 65536, b"", None, False
            began = time.monotonic()
            try:
                while time.monotonic() - began < HEADER_GONE_S:
                    sent += sock.send(block if sent < 200_000_000 else b"a")
                    if sent >= 200_000_000:
                        time.sleep(0.05)
                    if select.select([sock], [], [], 0)[0] and refused_at is None:
                        answer, refused_at = sock.recv(4096), sent
            except OSError:
                cut = True
            note(f"answered {answer[:16]!r} after {refused_at} bytes, "
                 f"{'cut off' if cut else 'not cut off'} after {sent}, {time.monotonic() - began:.1f} s")
            return answer[9:12], cut
    lab.case("http: a header that never ends is answered 431, and cut off when the peer goes on", attack, (b"431", True))


def half_open(lab):
    """Slowloris: no byte that a peer drips gives it more time."""
    def attack(count=500):
        began = time.monotonic()
        waiting = []
        for i in range(count):
            sock = socket.create_connection((HOST, lab.server.port), 10)
            if i % 3:
                sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
            sock.setblocking(False)
            waiting.append((sock, time.monotonic()))
        latest = 0
        while waiting and time.monotonic() - began < HEADER_GONE_S + 10:
            still = []
            for sock, opened in waiting:
                if gone(sock):
                    latest = max(latest, time.monotonic() - opened)
                    sock.close()
                else:
                    still.append((sock, opened))
            waiting = still
            time.sleep(0.1)
        for sock, _ in waiting:
            sock.close()
        return f"{len(waiting)} left" if waiting or latest > HEADER_GONE_S else "all gone"

    def gone(sock):
        try:
            while True:
                if not sock.recv(4096):
                    return True
        except BlockingIOError:
            pass
        except OSError:
            return True
        try:
            sock.send(b"a")  # the drip
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False
    lab.case(f"http: 500 half-open connections, dripping, are gone within {HEADER_GONE_S} s", attack, "all gone",
             peak_kib=8 * 1024)


def handshakes(lab):
    """Only RFC 6455 version 13 with exact tokens gets a 101."""
    good = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": KEY, "Authorization": f"Bearer {lab.token}"}

    def ask(method="GET", version="1.1", extra="", body=b"", **changes):
        headers = dict(good)
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        return lab.raw(f"{method} /v1/hub/changes HTTP/{version}\r\n{lines}{extra}\r\n".encode() + body)[0]
    lab.case("handshake: the good one is accepted", ask, 101)
    lab.case("handshake: tokens in other case and in lists are accepted",
             lambda: ask(Upgrade="WebSocket", Connection="keep-alive, upgrade"), 101)
    hixie = (b"GET /v1/hub/changes HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key1: 18x 6]8vM;54 *(5:  {   U1]8  z [  8\r\n"
             b"Sec-WebSocket-Key2: 1_ tx7X d  <  nw  334J702) 7]o}` 0\r\nOrigin: http://e\r\n\r\nTm[K T2u")
    lab.case("handshake: Hixie-76", lambda: lab.raw(hixie)[0], 426)
    for number in ("0", "7", "8", "12", "14", "013", "13, 8", "x", "", None):
        lab.case(f"handshake: version {number!r}", lambda number=number: ask(Sec_WebSocket_Version=number), 426)
    for key in ("x", "", None, KEY[:-2], KEY + "=", "dGhlIHNhbXBsZSBub25jZQ", base64.b64encode(b"a" * 15).decode(),
                base64.b64encode(b"a" * 17).decode(), "!" + KEY[1:], KEY[:-3] + "R=="):
        lab.case(f"handshake: key {key!r}", lambda key=key: ask(Sec_WebSocket_Key=key), 400)
    lab.case("handshake: Connection: notupgradeX", lambda: ask(Connection="notupgradeX"), 400)
    lab.case("handshake: Connection: keep-alive", lambda: ask(Connection="keep-alive"), 400)
    lab.case("handshake: Upgrade: xwebsockety is no handshake", lambda: ask(Upgrade="xwebsockety") in (400, 404), True)
    lab.case("handshake: POST", lambda: ask("POST"), 400)
    lab.case("handshake: HTTP/1.0", lambda: ask(version="1.0"), 400)
    lab.case("handshake: two keys", lambda: ask(extra=f"Sec-WebSocket-Key: {KEY}\r\n"), 400)
    lab.case("handshake: two versions", lambda: ask(extra="Sec-WebSocket-Version: 13\r\n"), 400)
    lab.case("handshake: with a body", lambda: ask(extra="Content-Length: 3\r\n", body=b"abc"), 400)


def deflate_bomb(lab):
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

    def negotiated():
        ws = WebSocket(lab.server.port, "/v1/hub/changes", lab.token, headers=(offer,))
        ws.close()
        return b"extensions" in ws.head.lower()
    lab.case("deflate: the offer is not taken up", negotiated, False)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"A" * (31 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)

    def attack():
        ws = WebSocket(lab.server.port, "/v1/hub/changes", lab.token, headers=(offer,))
        ws.send_raw(frame(bomb[:-4], rsv=0x40))
        return lab.close_code(ws)
    lab.case(f"deflate: {len(bomb)} bytes that unpack to 31 MiB are refused", attack, 1002)


def bad_frames(lab):
    # The length of the message decides before a byte of it is stored.
    rows = [
        ("length with the top bit set", frame(b"abc", length=1 << 63, length_bytes=8), 1002),
        ("length 2^64-1", frame(b"abc", length=(1 << 64) - 1, length_bytes=8), 1002),
        ("length 2^63-1", frame(b"abc", length=(1 << 63) - 1, length_bytes=8), 1009),
        ("length 2^32", frame(b"abc", length=1 << 32, length_bytes=8), 1009),
        ("a message of 128 KiB and a byte", frame(b"a" * 131_073), 1009),
        ("8-byte length for 3 bytes", frame(b"abc", length_bytes=8), 1002),
        ("2-byte length for 3 bytes", frame(b"abc", length_bytes=2), 1002),
        ("unmasked", frame(b"abc", mask=None), 1002),
        ("RSV1", frame(b"abc", rsv=0x40), 1002),
        ("RSV2", frame(b"abc", rsv=0x20), 1002),
        ("RSV3", frame(b"abc", rsv=0x10), 1002),
        ("opcode 3", frame(b"abc", opcode=3), 1002),
        ("opcode 11", frame(b"abc", opcode=11), 1002),
        ("fragmented ping", frame(b"abc", opcode=9, final=False), 1002),
        ("ping of 126 bytes", frame(b"a" * 126, opcode=9), 1002),
        ("continuation of nothing", frame(b"abc", opcode=0), 1002),
        ("text inside a fragmented text", frame(b"a", final=False) + frame(b"b"), 1002),
        ("invalid UTF-8", frame(b"\xff\xfe\x1e"), 1007),
        ("invalid UTF-8 in the first of two frames", frame(b"\xff", final=False), 1007),
        ("surrogate in UTF-8", frame(b"\xed\xa0\x80\x1e"), 1007),
        ("close with one byte", frame(b"\x03", opcode=8), 1002),
        ("close with code 1005", frame(struct.pack(">H", 1005), opcode=8), 1002),
        ("close with code 999", frame(struct.pack(">H", 999), opcode=8), 1002),
        ("close with bad UTF-8", frame(struct.pack(">H", 1000) + b"\xff", opcode=8), 1007),
        ("close with 1000 is answered with 1000", frame(struct.pack(">H", 1000), opcode=8), 1000),
    ]
    for name, payload, code in rows:
        lab.case(f"frames: {name}", lambda payload=payload: lab.socket_after(payload), code)
    pieces = frame(b"a", final=False) + frame(b"a", opcode=0, final=False) * 131_000
    lab.case("frames: a message of 131,000 one-byte fragments", lambda: lab.socket_after(pieces), 1008)
    empties = frame(b"", final=False) + frame(b"", opcode=0, final=False) * 131_000
    lab.case("frames: a message of 131,000 empty fragments", lambda: lab.socket_after(empties), 1008)


def announced_lengths(lab):
    """A header that announces 32 KiB makes the server hold none of it: 500 peers cost next to nothing."""
    def attack():
        sockets = [WebSocket(lab.server.port, "/v1/hub/changes", lab.token) for _ in range(100)]
        for ws in sockets:
            ws.send_raw(frame(b"abc", length=32768))
        time.sleep(0.3)
        for ws in sockets:
            ws.close()
    lab.case("frames: 100 peers announce 32 KiB and send 3 bytes", attack, peak_kib=3 * 1024)


def ping_flood(lab):
    def attack():
        ws = Hub(lab.server.port, "/v1/hub/changes", lab.token, timeout=60, receive_buffer=4096)
        pings = b"\x89\x80\0\0\0\0" * 1000
        for _ in range(1000):
            ws.send_raw(pings)
        ws.send_raw(frame(b"last", opcode=9))
        # Read at last: fewer pongs than pings, and the newest is answered.
        seen, deadline = b"", time.monotonic() + 30
        while b"\x8a\x04last" not in seen[-64:] and time.monotonic() < deadline:
            seen += ws.sock.recv(65536)
        ws.close()
        return b"\x8a\x04last" in seen
    lab.case("ping: 1,000,000 empty pings from a peer that never reads; the newest is answered", attack, True)


def stalled_readers(lab):
    """A peer that subscribes from the oldest and reads nothing: what it costs does not grow with the log."""
    pad = "x" * 30_000
    head = lab.api.get("/api/v1/sync/cursor").json()["last_pos"]
    for batch in range(72):
        answer = lab.api.post([make_event(f"big-{head}-{batch}-{i}", data={"pad": pad}) for i in range(33)])
        if answer.status not in (200, 201):
            raise RuntimeError(f"append answered {answer.status}")
    size = sum(file.stat().st_size for file in lab.scratch.path.glob("data/log.db*"))
    lab.report.check("stalled: the log has at least 64 MiB", size >= 64 << 20, f"{size} bytes")
    lab.api.read_log(limit=100)

    def open_stalled(how):
        if how == "push":
            return Hub(lab.server.port, "/v1/hub/changes?since=earliest", lab.token, receive_buffer=4096)
        hub = Hub(lab.server.port, "/v1/hub/changes", lab.token, receive_buffer=4096)
        hub.subscribe(since="earliest")
        return hub

    def settled():
        last = [lab.server.rss_kib()]

        def calm():
            last.append(lab.server.rss_kib())
            return len(last) > 5 and max(last[-5:]) - min(last[-5:]) < 64
        wait_until(calm, SETTLE_S, 0.2)
        return lab.server.rss_kib()
    for how in ("push", "Subscribe"):
        # The first ones also warm up the allocator: several pages are on their way at once.
        first = [open_stalled(how) for _ in range(8)]
        few = settled()
        more = [open_stalled(how) for _ in range(16)]
        many = settled()
        time.sleep(3)  # what grows with time would grow now
        later = lab.server.rss_kib()
        each = (many - few) / len(more)
        lab.report.check(f"stalled {how}: each further reader that never reads costs at most 1 MiB ({each:.0f} KiB)",
                         each <= GROWTH_KIB, f"{each:.0f} KiB each")
        lab.report.check(f"stalled {how}: and no more with time", later - many <= GROWTH_KIB // 2,
                         f"{later - many} KiB more")
        for hub in (*first, *more):
            hub.close()
    lab.case("stalled: five come and go", lambda: [hub.close() for hub in [open_stalled("push") for _ in range(5)]],
             peak_kib=8 * 1024)


def post_raw(lab, body):
    return lab.api.request("POST", "/api/v1/events", body)


def json_bombs(lab):
    def status(body):
        answer = post_raw(lab, body)
        return answer.status, answer.json()["code"]

    def nested(depth):
        return b'{"stream":"s","type":"t","site_id":"s1","data":' + b'{"a":' * (depth - 1) + b"{}" + \
            b"}" * (depth - 1) + b"}"
    lab.case("json: an array 100,000 deep", lambda: status(b"[" * DEEP + b"]" * DEEP)[0] in (400, 422), True)
    lab.case("json: an object 100,000 deep", lambda: status(b'{"a":' * DEEP + b"0" + b"}" * DEEP)[0] in (400, 422), True)
    lab.case("json: 1,000,000 open brackets", lambda: status(b"[" * 1_000_000)[0] in (400, 422), True)
    lab.case("json: data 32 deep is taken", lambda: post_raw(lab, nested(32)).status, 201)
    lab.case("json: data 33 deep is refused", lambda: status(nested(33)), (422, "bad-event"))
    lab.case("json: data 100,000 deep", lambda: status(nested(DEEP))[0] in (400, 422), True)
    lab.case("json: 200,000 zeros", lambda: status(b"[" + b"0," * 200_000 + b"0]")[0] in (400, 422), True)
    lab.case("json: 130,000 empty objects", lambda: status(b"[" + b'{"":0},' * 130_000 + b"{}]")[0] in (400, 422), True)
    event = b'{"stream":"s","type":"t","site_id":"s1",%s}'
    for name, member in [
            ("U+0000 in a path", b'"path":"a\\u0000b"'), ("U+0000 in data", b'"data":{"a":"x\\u0000y"}'),
            ("U+0000 in a member name", b'"data":{"a\\u0000":1}'), ("U+0000 in the id", b'"id":"a\\u0000b"'),
            ("a lone surrogate", b'"path":"\\ud800"'), ("a low surrogate first", b'"path":"\\udc00\\ud800"'),
            ("a duplicate field", b'"path":"a","path":"b"'), ("a duplicate member in data", b'"data":{"a":1,"a":2}'),
            ("an unknown field", b'"pos":7'), ("1e400", b'"data":{"a":1e400}'), ("NaN", b'"data":{"a":NaN}'),
            ("bad UTF-8", b'"path":"\xff"'), ("a raw NUL byte", b'"path":"a\0b"'), ("a trailing comma", b'"path":"a",'),
            ("data of 65 KiB", b'"data":{"a":"' + b"x" * 66_000 + b'"}')]:
        lab.case(f"json: {name}", lambda member=member: status(event % member)[0] in (400, 422), True)
    exact = b'"data":{"a":9007199254740993,"b":-0,"c":18446744073709551616,"d":1.10}'

    def round_trip():
        cursor = lab.api.get("/api/v1/sync/cursor").json()["latest_cursor"]
        post_raw(lab, event % exact)
        return exact[7:] in lab.api.get("/api/v1/sync/changes", cursor=cursor).body
    lab.case("json: big numbers come back byte for byte", round_trip, True)


def hub_bombs(lab):
    def close_record(*texts, handshake=True):
        """The hub's Close record, or the last thing it said, and the close code."""
        hub = Hub(lab.server.port, "/v1/hub/changes", lab.token) if handshake else \
            WebSocket(lab.server.port, "/v1/hub/changes", lab.token)
        for text in texts:
            hub.send(text)
        last = None
        try:
            while True:
                for part in hub.receive().split(b"\x1e"):
                    last = json.loads(part) if part else last
        except Closed as closed:
            return last, closed.code
        finally:
            hub.close()
    error = ({"type": 7, "error": "Connection closed with an error.", "allowReconnect": True}, 1000)
    deep = b'{"type":1,"target":"GetCursor","invocationId":"1","arguments":[' + b"[" * 15_000 + b"]" * 15_000 + b"]}\x1e"
    lab.case("hub: arguments 15,000 deep", lambda: close_record(deep), error)
    lab.case("hub: a record 16,000 deep", lambda: close_record(b"[" * 16_000 + b"]" * 16_000 + b"\x1e"), error)
    lab.case("hub: unknown member 10,000 deep",
             lambda: close_record(b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b',"type":6}\x1e'), error)
    lab.case("hub: not JSON", lambda: close_record(b"abc\x1e"), error)
    lab.case("hub: an empty record", lambda: close_record(b"\x1e"), error)
    lab.case("hub: no type", lambda: close_record(b"{}\x1e"), error)
    lab.case("hub: type as text", lambda: close_record(b'{"type":"1"}\x1e'), error)
    lab.case("hub: duplicate member", lambda: close_record(b'{"type":1,"type":6}\x1e'), error)
    lab.case("hub: invocation without target", lambda: close_record(b'{"type":1,"arguments":[]}\x1e'), error)
    lab.case("hub: stream without id", lambda: close_record(b'{"type":4,"target":"Subscribe","arguments":[]}\x1e'), error)
    bad = ({"error": "An unexpected error occurred during connection handshake."}, 1000)
    lab.case("hub: handshake 10,000 deep",
             lambda: close_record(b"[" * 10_000 + b"]" * 10_000 + b"\x1e", handshake=False), bad)
    lab.case("hub: handshake that is no object", lambda: close_record(b"7\x1e", handshake=False), bad)
    lab.case("hub: 32 KiB without a separator", lambda: close_record(b"{" * 32_767, b"{" * 100), error)

    def nul_target():
        hub = Hub(lab.server.port, "/v1/hub/changes", lab.token)
        hub.send(b'{"type":1,"invocationId":"1","target":"GetCursor\\u0000x","arguments":[]}\x1e')
        try:
            answer = hub.record()
        finally:
            hub.close()
        return answer.get("type") in (3, 7) and "result" not in answer
    lab.case("hub: U+0000 in a method name is no GetCursor", nul_target, True)

    def flood():
        hub = Hub(lab.server.port, "/v1/hub/changes", lab.token, receive_buffer=4096)
        ask = frame(b'{"type":1,"invocationId":"1","target":"Nope","arguments":[]}\x1e' * 400)
        hub.sock.settimeout(2)
        sent = 0
        try:
            while sent < 4000:
                hub.send_raw(ask)
                sent += 1
        except TimeoutError:
            pass  # the server stopped reading: what it should do
        finally:
            hub.close()
        return sent < 4000
    lab.case("hub: a peer that asks and never reads is not read any further", flood, True)


def many_streams(lab):
    def attack():
        hub = Hub(lab.server.port, "/v1/hub/changes", lab.token)
        for i in range(200):
            hub.subscribe(identity=str(i))
        refused = 0
        deadline = time.monotonic() + 15
        while refused < 136 and time.monotonic() < deadline:
            refused += hub.record().get("type") == 3
        hub.close()
        return refused
    lab.case("hub: of 200 streams on one connection 64 run", attack, 136)


def bad_tokens(lab):
    key, now = lab.server.token_key(), int(time.time())

    def status(token):
        rest = Api(lab.server.port, token).get("/api/v1/sync/cursor").status
        try:
            WebSocket(lab.server.port, "/v1/hub/changes", token).close()
            hub = 101
        except Refused as refused:
            hub = refused.status
        return rest, hub

    def header(**fields):
        return sign_token(key, good_claims(), {"alg": "HS256", "typ": "JWT", **fields})
    good = sign_token(key, good_claims())
    lab.case("token: one signed by hand is accepted", lambda: status(good), (200, 101))
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    rows = {
        "alg none, no signature": f"{none}.{body}.",
        "alg none, old signature": f"{none}.{body}.{signature}",
        "alg None": sign_token(key, good_claims(), {"alg": "None"}),
        "alg hs256": sign_token(key, good_claims(), {"alg": "hs256"}),
        "alg HS512": sign_token(key, good_claims(), {"alg": "HS512"}),
        "alg RS256 with an HMAC": sign_token(key, good_claims(), {"alg": "RS256"}),
        "no alg": sign_token(key, good_claims(), {"typ": "JWT"}),
        "alg twice": ".".join([base64.urlsafe_b64encode(b'{"alg":"none","alg":"HS256"}').rstrip(b"=").decode(),
                               body, signature]),
        "a 3-byte key": sign_token(b"abc", good_claims()),
        "an empty key": sign_token(b"", good_claims()),
        "another key": sign_token(os.urandom(32), good_claims()),
        "unknown crit": header(crit=["zzz"], zzz=1),
        "empty crit": header(crit=[]),
        "b64 false": header(b64=False, crit=["b64"]),
        "kid of a path": header(kid="../../../../dev/null"),
        "kid of 200 bytes": header(kid="k" * 200),
        "a jwk of its own": sign_token(b"a" * 32, good_claims(), {"alg": "HS256", "jwk": {
            "kty": "oct", "k": base64.urlsafe_b64encode(b"a" * 32).decode()}}),
        "a jku of its own": sign_token(b"a" * 32, good_claims(), {"alg": "HS256", "jku": "http://127.0.0.1:1/"}),
        "a trailing =": good + "=",
        "a fourth part": good + ".x",
        "two parts": f"{head}.{body}",
        "an empty signature": f"{head}.{body}.",
        "a cut signature": good[:-2],
        "another body": ".".join([head, sign_token(key, good_claims(tenant="x")).split(".")[1], signature]),
        "9 KB": sign_token(key, good_claims(pad="x" * 6800)),
        "typ of something else": header(typ="secevent+jwt"),
        "expired": sign_token(key, good_claims(iat=now - 7200, exp=now - 3600)),
        "no exp": sign_token(key, good_claims(exp=None)),
        "exp as text": sign_token(key, good_claims(exp=str(now + 3600))),
        "not yet valid": sign_token(key, good_claims(nbf=now + 3600)),
        "issued in the future": sign_token(key, good_claims(iat=now + 3600, exp=now + 7200)),
        "another audience": sign_token(key, good_claims(aud="other")),
        "no audience": sign_token(key, good_claims(aud=None)),
        "another issuer": sign_token(key, good_claims(iss="other")),
        "no issuer": sign_token(key, good_claims(iss=None)),
        "no subject": sign_token(key, good_claims(sub=None)),
        "no tenant": sign_token(key, good_claims(tenant=None)),
        "U+0000 in the tenant": sign_token(key, good_claims(tenant="t\0x")),
        "U+0000 in the subject": sign_token(key, good_claims(sub="u\0x")),
        "no token": "x",
        "dots": "..",
    }
    for name, token in rows.items():
        lab.case(f"token: {name}", lambda token=token: status(token), (401, 401))
    lab.case("token: deep claims", lambda: status(sign_token(
        key, good_claims(pad=json.loads("[" * 900 + "]" * 900)))), (401, 401))


def out_of_descriptors(report):
    scratch = Scratch("emfile")
    server = Server(scratch / "data", prefix=["prlimit", "--nofile=64"]).start()
    token = server.token()
    sockets = []
    for _ in range(200):
        sock = socket.socket()
        sock.settimeout(5)
        try:
            sock.connect((HOST, server.port))
        except OSError:
            sock.close()
            continue
        sockets.append(sock)
    log_before = server.log.stat().st_size
    cpu, began = server.cpu_s(), time.monotonic()
    time.sleep(3)  # the time over which CPU is measured
    share = (server.cpu_s() - cpu) / (time.monotonic() - began)
    report.check("descriptors: 200 connections at a limit of 64: alive", server.alive(), server.log_tail())
    report.check("descriptors: CPU below 20 % meanwhile", share < 0.20, f"{share:.0%}")
    grown = server.log.stat().st_size - log_before
    report.check("descriptors: at most a few log lines", grown < 4096, f"{grown} bytes of log in 3 s")
    for sock in sockets:
        sock.close()

    def recovered():
        try:
            api = Api(server.port, token, timeout=2)
            return api.post(make_event()).status == 201 and api.changes(since="earliest")["to"] >= 1
        except Exception:
            return False
    report.check("descriptors: it serves again when they are free", wait_until(recovered, 15, 0.2), server.log_tail())
    report.equal("descriptors: and stops cleanly", server.stop(), 0)


def hostile_answers(lab):
    """What a server must not be able to do to `hubtrail pull`: end it by a signal, bloat it, hang it, lead it away."""
    followed = []

    def answer(sock):
        sock.settimeout(20)
        head, _ = read_head(sock)
        path = head.split(b" ")[1]
        if path.startswith(b"/elsewhere"):
            followed.append(path)
        kind = behaviour[0]
        if kind == "chunk -1":
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n")
        elif kind == "endless header":
            sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(200):
                sock.sendall(b"a" * 1_000_000)
        elif kind == "endless body":
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            for _ in range(300):
                sock.sendall(b"[" * 1_000_000)
        elif kind == "redirect":
            sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        elif kind == "deep JSON":
            body = b"[" * 1_000_000
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            sock.sendall(b"rubbish\r\n\r\n")

    def serve():
        while True:
            sock, _ = listener.accept()
            with sock:
                try:
                    answer(sock)
                except OSError:
                    pass
    behaviour = [""]
    listener = socket.create_server((HOST, 0))
    threading.Thread(target=serve, daemon=True).start()
    for kind in ("chunk -1", "endless header", "endless body", "redirect", "deep JSON", "rubbish"):
        behaviour[0] = kind
        process = spawn([HUBTRAIL, "pull", "--url", f"http://{HOST}:{listener.getsockname()[1]}", "--token", "x"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        peak = [0]

        def ended():
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    peak[0] = max([peak[0], *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
            except (OSError, ValueError):
                pass
            return process.poll() is not None
        good = wait_until(ended, 60, 0.05)
        process.kill()
        code, text = process.wait(), process.stderr.read()[-200:]
        note(f"pull and {kind}: exit {code}, peak {peak[0]} KiB, {text!r}")
        name = f"pull: an answer with {kind} is an error, not its end"
        if kind in ("chunk -1", "endless header"):
            lab.report.skip(name, "cpprestsdk's client cannot; design D4: its only peer is our own server")
            continue
        lab.report.check(name, good and code > 0 and not followed and peak[0] < 128 * 1024,
                         f"exit {code}, peak {peak[0]} KiB, followed {followed}")


CASES = (http_framing, unfinished_header, half_open, handshakes, deflate_bomb, bad_frames, announced_lengths,
         ping_flood, json_bombs, hub_bombs, many_streams, bad_tokens, stalled_readers, hostile_answers)


def main():
    report = Report()
    lab = Lab(report)
    lab.warm_up()
    wanted = sys.argv[1:]
    for case in CASES:
        if not wanted or case.__name__ in wanted:
            report.run(case.__name__, case, lab)
    before = lab.server.log.read_bytes()
    report.check("no token in the log", lab.token.encode() not in before, "the token stands in the server's log")
    report.equal("SIGTERM ends it cleanly", lab.server.stop(), 0)
    if not wanted or "out_of_descriptors" in wanted:
        report.run("out_of_descriptors", out_of_descriptors, report)
    if report.failed:
        lab.scratch.keep(lab.server.log)
    report.finish()


if __name__ == "__main__":
    main()
