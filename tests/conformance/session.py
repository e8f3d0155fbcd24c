"""One run of one script: connections with labels, and the transcript of what went and came.

What differs from run to run is written as a placeholder: connection ids and tokens by the order of their first
appearance (<id1>), names that the script made up (<gate>), JWTs, the server's host, ids of client results.
"""
import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import urllib.parse

import packed
import wire

JWT_KEY = b"hubtrail conformance key, 32 bytes or more"
PING = '{"type":6}'
OPCODES = {"json": wire.TEXT, "messagepack": wire.BINARY}
PINGS = (PING, "[6]")
SHOWN_CHARACTERS = 400
# The parts of messages that a JSON library wrote, not SignalR.
LIBRARY_TEXT = re.compile(r"(Error trying to deserialize result to \w+\.|Json(?:Reader)?Exception:)(?:[^\"\\]|\\.)*")
# 16 random bytes in base64url, and what else has 22 characters in the scripts.
LONG_ID = re.compile(r"(?<![\w-])[\w-]{22}(?![\w-])")
NO_IDS = ("GetActiveTransportName",)
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
ASKED_ID = re.compile(r"(['\"])s\d+(?=['\"])")
EXPIRES = re.compile(r"expires=[^;]+ GMT")


class Silence(Exception):
    """What the script waited for did not come: the transcript ends there."""


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def invocation(target, *arguments, number=None, streams=None, kind=1):
    message = {"type": kind}
    if number is not None:
        message["invocationId"] = str(number)
    message |= {"target": target, "arguments": list(arguments)}
    if streams is not None:
        message["streamIds"] = streams
    return dump(message)


def item(number, value):
    return dump({"type": 2, "invocationId": str(number), "item": value})


def completion(number, **rest):
    return dump({"type": 3, "invocationId": str(number), **rest})


def jwt(key=JWT_KEY, seconds=3600, **claims):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(b'{"alg":"HS256","typ":"JWT"}')
    body = part(dump({"exp": int(time.time()) + seconds, **claims}).encode())
    return f"{head}.{body}.{part(hmac.new(key, f'{head}.{body}'.encode(), hashlib.sha256).digest())}"


def bearer(**claims):
    return [("Authorization", "Bearer " + jwt(**claims))]


class Session:
    """Thread: one event loop. Everything the script opened is closed by `close`."""

    def __init__(self, url, protocol="json"):
        self.protocol = protocol
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.lines = []
        self._ids = {}
        self._names = {f"{parts.hostname}:{parts.port}": "<host>"}
        self._opened = []

    # -- transcript ------------------------------------------------------------------------------

    def note(self, line):
        self.lines.append(self._plain(line))

    def name(self, word):
        """A name that nobody else uses: of a gate, a note, a group, a user."""
        unique = f"{word}.{secrets.token_hex(6)}"
        return self.known(unique, word)

    def known(self, text, word):
        """The transcript is to have this word for this text."""
        self._names[text] = f"<{word}>"
        return text

    def _plain(self, text):
        for unique, word in self._names.items():
            text = text.replace(unique, word)
        text = TOKEN.sub("<jwt>", text)
        text = LONG_ID.sub(lambda found: self._id(found.group()), text)
        text = ASKED_ID.sub(r"\1s<n>", text)
        text = EXPIRES.sub("expires=<date>", text)
        text = LIBRARY_TEXT.sub(r"\1 <library text>", text)
        if len(text) > SHOWN_CHARACTERS:
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            text = f"{text[:120]}... ({len(text)} characters, {digest})"
        return text

    def _id(self, text):
        return text if text in NO_IDS else self._ids.setdefault(text, f"<id{len(self._ids) + 1}>")

    # -- HTTP ------------------------------------------------------------------------------------

    async def http(self, method, target, headers=(), body=None, show=(), quiet=False):
        """One request. Logged with status, content type, the headers of `show`, and the body."""
        if not quiet:
            self.note(f"> {method} {target}" + (f" {body.decode('latin-1')}" if body else ""))
        try:
            answer = await asyncio.wait_for(
                wire.http(self.address, method, target, headers, body), wire.DEADLINE_S)
        except asyncio.TimeoutError:
            self.silence("<")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.note("< (connection cut)")
            return wire.Response(0, {}, b"")
        if not quiet:
            self.answer(answer, show)
        return answer

    def answer(self, answer, show=()):
        shown = [answer.headers.get("content-type", "-")]
        shown += [f"{name}: {answer.headers.get(name, '-')}" for name in show]
        body = answer.body.decode("utf-8", "replace")
        self.note(f"< {answer.status} {'; '.join(shown)}" + (f" {body!r}" if body else ""))

    def silence(self, label):
        self.note(f"{label} (silence)")
        raise Silence

    async def token(self, route, query="negotiateVersion=1", headers=()):
        """A connection that was negotiated and not used yet."""
        answer = await self.http("POST", f"{route}/negotiate?{query}", headers, quiet=True)
        body = json.loads(answer.body)
        token = body.get("connectionToken") or body["connectionId"]
        self.note(f"= negotiated {route} {token}")
        return token

    # -- connections -----------------------------------------------------------------------------

    async def open(self, route, transport="ws", query="", headers=(), label="a", negotiate=None, token=None, protocol=None):
        """A connection without a hub handshake. WebSockets are not negotiated unless asked for. It speaks the protocol of
        the session unless it gets one of its own."""
        if token is None and (negotiate or transport != "ws"):
            token = await self.token(route, headers=headers)
        target = route + "?" + "&".join(part for part in (f"id={token}" if token else "", query) if part)
        self.note(f"{label}= {transport} {target.rstrip('?')}")
        protocol = protocol or self.protocol
        try:
            channel = await asyncio.wait_for(
                wire.TRANSPORTS[transport].open(self.address, target.rstrip("?"), headers, OPCODES[protocol]), wire.DEADLINE_S)
        except wire.Refused as refused:
            self.answer(refused.answer)
            return None
        except asyncio.TimeoutError:
            self.silence(f"{label}<")
        connection = Connection(self, label, channel, protocol)
        self._opened.append(channel)
        return connection

    async def connect(self, route="/conformance", transport="ws", query="", headers=(), label="a", version=1,
                      **options):
        """A connection whose hub handshake is done."""
        connection = await self.open(route, transport, query, headers, label, **options)
        if connection is None:
            raise Silence
        await connection.send_quietly(dump({"protocol": "json", "version": version}))
        kind, text = await connection.channel.next()
        if (kind, text) != ("record", "{}"):
            connection.log(kind, text)
        return connection

    async def close(self):
        for channel in self._opened:
            try:
                await asyncio.wait_for(channel.shut(), 5)
            except (asyncio.TimeoutError, asyncio.IncompleteReadError, OSError):
                pass


def message_of(text):
    """The hub message of a record, as it is in JSON, or None."""
    if isinstance(text, packed.Record):
        return text.message
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


class Connection:
    """A labelled connection whose traffic goes to the transcript when the script looks at it.

    Scripts give messages as they are in JSON. On a connection that speaks MessagePack they go out as that, and what comes
    is shown in the words of packed.py.
    """

    def __init__(self, session, label, channel, protocol):
        self.session, self.label, self.channel, self.protocol = session, label, channel, protocol
        self.show_pings = False
        self.show_acks = True
        self._next = 0

    def log(self, kind, text):
        mark = "" if kind == "record" else f"({kind} " if text else f"({kind}"
        self.session.note(f"{self.label}< {mark}{text}{')' if mark else ''}")

    # -- to the server ---------------------------------------------------------------------------

    def _encoded(self, message):
        """How the transcript shows it, and its bytes."""
        if self.protocol == "json":
            return message, message.encode() + wire.SEPARATOR
        if message.startswith('{"protocol":'):
            self.channel.shaking = True
            message = message.replace('"json"', '"messagepack"')
            return message, message.encode() + wire.SEPARATOR
        record = packed.hub_message(json.loads(message))
        return packed.show(record), packed.framed(record)

    async def send_quietly(self, *messages):
        await self.post(b"".join(self._encoded(message)[1] for message in messages))

    async def post(self, data, **options):
        answer = await self.channel.post(data, **options)
        if answer is not None and (answer.status != 200 or answer.body):
            self.session.answer(answer)

    async def send(self, *messages):
        encoded = [self._encoded(message) for message in messages]
        for shown, _ in encoded:
            self.session.note(f"{self.label}> {shown}")
        await self.post(b"".join(data for _, data in encoded))

    async def send_records(self, *records):
        """Records of MessagePack as they are, without their lengths, in one message of the transport."""
        for record in records:
            self.session.note(f"{self.label}> {packed.show(record)}")
        await self.post(b"".join(map(packed.framed, records)))

    async def start(self, target, *arguments, streams=None, kind=1, number=None):
        """Sends an invocation and returns its id."""
        if number is None:
            number = f"{self.label}{self._next}"
            self._next += 1
        await self.send(invocation(target, *arguments, number=number, streams=streams, kind=kind))
        return number

    # -- from the server -------------------------------------------------------------------------

    async def event(self, timeout=wire.DEADLINE_S):
        """The next thing that comes, pings aside; ("silence", "") after the time."""
        end = time.monotonic() + timeout
        while True:
            try:
                event = await self.channel.next(max(end - time.monotonic(), 0.001))
            except asyncio.TimeoutError:
                return "silence", ""
            if event[0] != "record" or not self._hides(event[1]):
                return event

    def _hides(self, text):
        """What comes by the clock and not by the script."""
        return (text in PINGS and not self.show_pings) or (not self.show_acks and (message_of(text) or {}).get("type") == 8)

    async def receive(self, count=1, timeout=wire.DEADLINE_S):
        """Logs that many records and returns the last. Less than that ends the script."""
        text = ""
        for _ in range(count):
            kind, text = await self.event(timeout)
            if kind == "silence":
                self.session.silence(f"{self.label}<")
            self.log(kind, text)
            if kind == "end":
                raise Silence
        return text

    async def receive_sorted(self, count):
        """Records whose order nobody promises."""
        records = []
        for _ in range(count):
            kind, text = await self.event()
            if kind != "record":
                self.log(kind, text)
                raise Silence
            records.append(text)
        for text in sorted(records, key=self.session._plain):
            self.log("record", text)

    async def until(self, number, timeout=wire.DEADLINE_S):
        """Logs everything to the completion of this id and returns it."""
        while True:
            message = message_of(await self.receive(1, timeout))
            if message and message.get("type") == 3 and message.get("invocationId") == number:
                return message

    async def call(self, target, *arguments, streams=None, kind=1, timeout=wire.DEADLINE_S):
        number = await self.start(target, *arguments, streams=streams, kind=kind)
        return (await self.until(number, timeout)).get("result")

    async def stream(self, target, *arguments, streams=None):
        return await self.call(target, *arguments, streams=streams, kind=4)

    async def ask(self, target, *arguments):
        """A call that is a means: only its result counts, and nothing of it is logged."""
        number = f"q{self._next}"
        self._next += 1
        await self.send_quietly(invocation(target, *arguments, number=number))
        while True:
            kind, text = await self.event()
            message = message_of(text)
            if message and message.get("invocationId") == number:
                return message.get("result")
            self.log(kind, text)
            if kind in ("end", "silence"):
                raise Silence

    async def alive(self):
        """Whether it still answers: an Echo is answered, or the end is logged."""
        number = await self.start("Echo", "alive")
        await self.until(number)

    async def nothing(self, seconds=0.4):
        """Logs what comes in this time; it ought to be nothing."""
        kind, text = await self.event(seconds)
        if kind == "silence":
            self.session.note(f"{self.label}< (nothing)")
        else:
            self.log(kind, text)

    async def finish(self, timeout=wire.DEADLINE_S):
        """Logs everything to the end of the connection."""
        while True:
            kind, text = await self.event(timeout)
            if kind == "silence":
                self.session.silence(f"{self.label}<")
            self.log(kind, text)
            if kind == "end":
                return

    def drop(self):
        self.session.note(f"{self.label}= drops the connection")
        self.channel.drop()
