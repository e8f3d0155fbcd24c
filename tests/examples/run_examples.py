#!/usr/bin/env python3
"""Runs the example programs and checks what they answer. Arguments: example_chat [example_features example_log]."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 20


class Server:
    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, "127.0.0.1:0", *arguments], stderr=subprocess.PIPE, text=True)
        self.port = None
        while self.port is None:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit(f"{program} did not start")
            if match := re.search(r"listening .*port=(\d+)", line):
                self.port = int(match.group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, (self.process.returncode, log)


class Client:
    """A hub connection over WebSocket, JSON."""

    def __init__(self, server, path):
        self.socket = socket.create_connection(("127.0.0.1", server.port), DEADLINE_S)
        self.bytes, self.records, self.id = b"", [], 0
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.bytes:
            self.fill()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status == 101:
            self.send({"protocol": "json", "version": 1})
            assert self.next() == {}

    def fill(self):
        part = self.socket.recv(65536)
        assert part, "the server hung up"
        self.bytes += part

    def send(self, message):
        payload, mask = (json.dumps(message) + "\x1e").encode(), os.urandom(4)
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        self.socket.sendall(b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def next(self):
        while not self.records:
            while len(self.bytes) < 4 or len(self.bytes) < self.frame()[1]:
                self.fill()
            begin, end = self.frame()
            text, opcode, self.bytes = self.bytes[begin:end], self.bytes[0] & 15, self.bytes[end:]
            if opcode == 1:
                self.records = [json.loads(record) for record in text.split(b"\x1e") if record]
        return self.records.pop(0)

    def frame(self):
        size = self.bytes[1]
        return (2, 2 + size) if size < 126 else (4, 4 + struct.unpack(">H", self.bytes[2:4])[0])

    def start(self, target, *arguments, kind=1, **more):
        self.id += 1
        self.send({"type": kind, "target": target, "arguments": arguments, "invocationId": str(self.id), **more})
        return str(self.id)

    def answer(self):
        while (message := self.next())["type"] == 6:
            pass
        return message.get("result", message.get("error"))

    def invoke(self, target, *arguments, **more):
        self.start(target, *arguments, **more)
        return self.answer()

    def called(self, target, *arguments):
        message = self.next()
        assert message == {"type": 1, "target": target, "arguments": list(arguments)}, message


def check(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def upload(client, target, items):
    client.start(target, streamIds=["u"])
    for item in items:
        client.send({"type": 2, "invocationId": "u", "item": item})
    client.send({"type": 3, "invocationId": "u"})
    return client.answer()


def stream(client, target, *arguments):
    client.start(target, *arguments, kind=4)
    items = []
    while (message := client.next())["type"] == 2:
        items.append(message["item"])
    check(message.get("error"), None)
    return items


def check_chat(program):
    server = Server(program)
    client = Client(server, "/chat")
    check(client.invoke("aDD", 1, 2), 3)
    check(stream(client, "Counter", 3), [0, 1, 2])
    check(upload(client, "Concat", ["a", "b"]), "ab")
    check(client.invoke("Say", "room", "hello"), None)
    check(client.invoke("Ask", "nobody"), "An unexpected error occurred invoking 'Ask' on the server.")
    server.stop()


def check_refresh(server):
    def post(target):
        web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
        web.request("POST", target)
        answer = web.getresponse()
        return answer.status, answer.read().decode()

    token = json.loads(post("/refreshing/negotiate?negotiateVersion=1&access_token=bob")[1])["connectionToken"]
    client = Client(server, f"/refreshing?id={token}&access_token=bob")
    check(post(f"/refreshing/refresh?id={token}&access_token=bob"), (200, "{}"))
    check(post(f"/refreshing/refresh?id={token}&access_token=eve"), (403, '{"error":"permission_change_rejected"}'))
    check(client.invoke("Who"), "user bob, please")


def check_features(program):
    server = Server(program)
    types = Client(server, "/types")
    check(types.invoke("Mirror", {"x": 1, "Y": 2, "label": "p"}), {"x": 2, "y": 1, "label": "p", "color": 1})
    check(types.invoke("Warmer", 20), 21)
    check(types.invoke("Reversed", "AQID"), "AwIB")
    errors = Client(server, "/errors")
    check(errors.invoke("Told"), "An unexpected error occurred invoking 'Told' on the server. "
                                 "HubException: The room is full.")
    check(errors.invoke("Untold"), "An unexpected error occurred invoking 'Untold' on the server.")
    streams = Client(server, "/streams")
    check(stream(streams, "Ticks", 3), [0, 1, 2])
    check(upload(streams, "Sum", [1, 2, 3]), 6)
    check(streams.invoke("Load", "x"), "contents of x")
    waiting = streams.start("Wait")
    streams.send({"type": 5, "invocationId": waiting})
    check(streams.answer(), "cancelled")

    one = Client(server, "/room?room=a&access_token=one")
    two = Client(server, "/room?room=a&access_token=two")
    one.called("joined", "two")
    two.start("Say", "hello")
    one.called("message", "hello")
    two.called("message", "hello")
    check(two.answer(), None)
    check(two.invoke("Hurry", "one"), None)
    one.called("hurry")
    one.start("Vote")
    question = one.next()
    check((question["target"], question["arguments"]), ("Vote", ["yes or no?"]))
    one.send({"type": 3, "invocationId": question["invocationId"], "result": 7})
    check(one.answer(), 7)
    web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
    web.request("POST", "/announce", body="lunch")
    check(web.getresponse().status, 202)
    one.called("announcement", "lunch")
    two.called("announcement", "lunch")
    two.start("Leave")
    check(two.next(), {"type": 7})
    one.called("left")

    check(Client(server, "/guarded").status, 401)
    guarded = Client(server, "/guarded?access_token=bob")
    check(guarded.invoke("Who"), "user bob, please")
    check(guarded.invoke("Ban", "eve"), "Failed to invoke 'Ban' because user is unauthorized")
    check(Client(server, "/guarded?access_token=anna").invoke("Ban", "eve"), "eve is banned, please")
    check_refresh(server)
    traced, parent = Client(server, "/traced"), f"00-{'a' * 32}-{'b' * 16}-01"
    check(traced.invoke("Span", headers={"traceparent": parent}), f"Span in {'a' * 32} under {'b' * 16}")
    check(traced.invoke("Span"), "Span in a trace of its own")
    check([traced.invoke("Tenant", headers={"tenant": "t"}), traced.invoke("Tenant")], ["t", "none"])
    check([Client(server, "/counting").invoke("Count") for _ in range(2)], [1, 2])
    server.stop()


def changes(server, since):
    web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
    web.request("GET", f"/api/v1/sync/changes?{since}", headers={"Authorization": "Bearer anna"})
    return [event["type"] for event in json.loads(web.getresponse().read())["changes"]]


def check_bad_redis(program):
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([program, "127.0.0.1:0", directory, "redis:/secret@nowhere"], stderr=subprocess.PIPE,
                              text=True, timeout=DEADLINE_S)
    said = [line for line in done.stderr.splitlines() if line.startswith("redis_url: ")]
    assert done.returncode == 1 and len(said) == 1 and "secret" not in done.stderr, (done.returncode, done.stderr)


def check_log_with_redis(program):
    """Two servers, each with hubs of code, a log of its own, and one Redis."""
    with tempfile.TemporaryDirectory() as directory:
        socket_of = socket.socket()
        socket_of.bind(("127.0.0.1", 0))
        port = str(socket_of.getsockname()[1])
        socket_of.close()
        redis = subprocess.Popen(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                  "--dir", directory], stdout=subprocess.DEVNULL)
        try:
            servers = [Server(program, f"{directory}/{name}", f"redis://127.0.0.1:{port}") for name in "ab"]
            other = Client(servers[1], "/doors?access_token=eve")
            doors = Client(servers[0], "/doors?access_token=anna")
            deadline, heard = time.monotonic() + DEADLINE_S, None
            other.socket.settimeout(1)
            while heard is None and time.monotonic() < deadline:  # until both are connected to Redis
                doors.start("Open", "front")
                try:
                    message = other.next()
                    heard = message if message["type"] == 1 else None
                except TimeoutError:
                    pass
            check((heard["target"], heard["arguments"]), ("opened", ["front"]))
            check(changes(servers[0], "since=earliest")[:2], ["house.ready", "door.opened"])
            check(changes(servers[1], "since=earliest"), ["house.ready"])
            for server in servers:
                server.stop()
        finally:
            redis.kill()
            redis.wait()


def reaches(client, method, value):
    """What a follower has made of an event comes soon after the event."""
    end = time.monotonic() + DEADLINE_S
    while client.invoke(method) != value:
        assert time.monotonic() < end, (method, value)
        time.sleep(0.01)


def check_log(program):
    check_bad_redis(program)
    check_log_with_redis(program)
    with tempfile.TemporaryDirectory() as directory:
        server = Server(program, directory)
        follower = Client(server, "/changes?access_token=anna&since=earliest")
        check(json.loads(follower.next()["arguments"][0])["type"], "house.ready")
        doors = Client(server, "/doors?access_token=anna")
        doors.start("Open", "front")
        doors.called("opened", "front")
        check(doors.answer(), 2)
        event = json.loads(follower.next()["arguments"][0])
        check((event["pos"], event["resource_id"]), (2, "front"))
        check(doors.invoke("Open", "x" * 300)[:60], "An unexpected error occurred invoking 'Open' on the server. "[:60])
        check(changes(server, "since=earliest"), ["house.ready", "door.opened"])
        check(Client(server, "/changes").status, 401)
        reaches(doors, "Count", 1)
        server.stop()
        again = Server(program, directory)  # goes on with its log
        doors = Client(again, "/doors?access_token=anna")
        doors.start("Open", "back")
        doors.called("opened", "back")
        check(doors.answer(), 4)
        reaches(doors, "Count", 2)  # it went on from its cursor
        check(changes(again, "since=earliest"), ["house.ready", "door.opened", "house.ready", "door.opened"])
        again.stop()


def main():
    check_chat(sys.argv[1])
    if len(sys.argv) > 2:
        check_features(sys.argv[2])
        check_log(sys.argv[3])
    print("ok")


if __name__ == "__main__":
    main()
