"""Small raw clients: one HTTP request at a time, WebSocket frames, Server-Sent Events, Long Polling. They let a
script send any bytes at all, and hand back what came without judging it. Deadlines end every wait.
"""
import asyncio
import base64
import os
import struct

import packed

SEPARATOR = b"\x1e"
DEADLINE_S = 20
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Response:
    """An HTTP answer; header names in lower case, the last one of a name counts but for cookies."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


def request_bytes(host, method, target, headers, body):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    names = {name.lower() for name, _ in headers}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    if "connection" not in names:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


async def read_head(reader):
    """The status and the headers of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "set-cookie" and name in headers:
            value = headers[name] + "\n" + value
        if name:
            headers[name] = value
    return int(head[0].split(" ")[1]), headers


async def read_chunk(reader):
    """One chunk of a chunked body; empty at its end."""
    size = int((await reader.readline()).split(b";")[0], 16)
    data = await reader.readexactly(size)
    await reader.readexactly(2)
    return data


async def read_body(reader, status, headers):
    if status in (101, 204, 304):
        return b""
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while chunk := await read_chunk(reader):
            body += chunk
        return body
    return await reader.read()


async def read_answer(reader, method):
    status, headers = await read_head(reader)
    body = b"" if method == "HEAD" else await read_body(reader, status, headers)
    return Response(status, headers, body)


async def http(address, method, target, headers=(), body=None):
    reader, writer = await asyncio.open_connection(*address)
    try:
        host = f"{address[0]}:{address[1]}"
        if body is None and method in ("POST", "PUT"):
            body = b""
        writer.write(request_bytes(host, method, target, list(headers), body))
        return await read_answer(reader, method)
    finally:
        writer.close()


def frame(opcode, payload, fin=True):
    """A masked frame, as a client has to send it."""
    mask = os.urandom(4)
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", len(payload))
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


class Channel:
    """What the three transports have in common: a queue of what came, in order.

    Events are ("record", text), ("close", code) of a WebSocket, and at last ("end", why).
    """

    def __init__(self, opcode=TEXT):
        self.opcode = opcode  # of the frames of a WebSocket, both ways: BINARY is MessagePack
        self.events = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.raw = False
        self.shaking = False  # the answer to a handshake comes next
        self._task = None
        self._rest = b""

    def take(self, data, kind=None):
        """Cuts records out of a message of the transport, which has to hold whole ones."""
        if self.raw:
            self.events.put_nowait(("record", data.decode("latin-1")))
            return
        if kind not in (None, self.opcode):
            self.events.put_nowait(("record", "(text)" if kind == TEXT else "(binary)"))
        texts = self.opcode == TEXT
        if texts or self.shaking:
            *records, data = data.split(SEPARATOR) if texts else data.split(SEPARATOR, 1)
            for record in records:
                self.events.put_nowait(("record", record.decode("utf-8", "backslashreplace")))
        if not texts and not (self.shaking and not records):
            records, data = packed.split(data)
            for record in records:
                self.events.put_nowait(("record", record))
        self.shaking = False
        if data:
            self.events.put_nowait(("record", f"(cut: {len(data)} bytes of a record without its end)"))

    async def next(self, timeout=DEADLINE_S):
        return await asyncio.wait_for(self.events.get(), timeout)

    def stop(self):
        if self._task:
            self._task.cancel()


class Refused(Exception):
    """The server answered without a connection."""

    def __init__(self, answer):
        super().__init__(f"{answer.status}")
        self.answer = answer


class WebSocket(Channel):
    """Thread: one event loop. Replies to pings and to a Close by itself unless `polite` is off."""

    def __init__(self, reader, writer, opcode):
        super().__init__(opcode)
        self._reader, self._writer = reader, writer
        self.polite = True
        self._close_sent = False
        self._task = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def open(cls, address, target, headers=(), opcode=TEXT):
        reader, writer = await asyncio.open_connection(*address)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(request_bytes(f"{address[0]}:{address[1]}", "GET", target, [
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key), *headers], None))
        status, answer = await read_head(reader)
        if status != 101:
            body = await read_body(reader, status, answer)
            writer.close()
            raise Refused(Response(status, answer, body))
        return cls(reader, writer, opcode)

    async def _read(self):
        message, kind = b"", TEXT
        try:
            while True:
                await self.reading.wait()
                first, second = await self._reader.readexactly(2)
                size = second & 127
                if size >= 126:
                    size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
                payload = await self._reader.readexactly(size)
                opcode = first & 15
                if opcode == CLOSE:
                    self.events.put_nowait(("close", self._code(payload)))
                    if self.polite and not self._close_sent:
                        self.close_frame(payload[:2])
                elif opcode == PING:
                    self.write(frame(PONG, payload))
                elif opcode == PONG:
                    self.events.put_nowait(("record", f"(pong {payload.decode('latin-1')})"))
                else:
                    kind = opcode or kind
                    message += payload
                    if first & 128:
                        self.take(message, kind)
                        message = b""
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            self.events.put_nowait(("end", "eof"))

    @staticmethod
    def _code(payload):
        return str(struct.unpack(">H", payload[:2])[0]) if len(payload) >= 2 else "none"

    def write(self, data):
        self._writer.write(data)

    async def drain(self):
        await self._writer.drain()

    async def post(self, data, opcode=None):
        self._writer.write(frame(opcode or self.opcode, data))

    def close_frame(self, payload=struct.pack(">H", 1000)):
        self._close_sent = True
        self._writer.write(frame(CLOSE, payload))

    def drop(self):
        """TCP away at once, with a reset."""
        self.stop()
        self._writer.transport.abort()

    async def shut(self):
        self.stop()
        self._writer.close()


class EventStream(Channel):
    """Server-Sent Events: what comes is a chunked body, what goes are POSTs."""

    def __init__(self, address, target, headers, reader, writer, answer):
        super().__init__()
        self._address, self._target, self._headers = address, target, headers
        self._reader, self._writer = reader, writer
        self.answer = answer
        self.bytes = b""
        self._task = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def open(cls, address, target, headers=(), _opcode=TEXT):
        reader, writer = await asyncio.open_connection(*address)
        accept = [] if any(name == "Accept" for name, _ in headers) else [("Accept", "text/event-stream")]
        writer.write(request_bytes(f"{address[0]}:{address[1]}", "GET", target,
                                   [*accept, ("Connection", "keep-alive"), *headers], None))
        status, answer = await read_head(reader)
        if status != 200:
            body = await read_body(reader, status, answer)
            writer.close()
            raise Refused(Response(status, answer, body))
        return cls(address, target, list(headers), reader, writer, Response(status, answer, b""))

    async def _more(self, chunked):
        await self.reading.wait()
        return await (read_chunk(self._reader) if chunked else self._reader.read(65536))

    async def _read(self):
        pending = b""
        chunked = self.answer.headers.get("transfer-encoding", "").lower() == "chunked"
        try:
            while data := await self._more(chunked):
                self.bytes += data
                pending += data
                while b"\n\r\n" in pending or pending.startswith(b":"):
                    if pending.startswith(b":"):
                        _, found, pending = pending.partition(b"\r\n")
                        if not found:
                            break
                        continue
                    event, _, pending = pending.partition(b"\r\n\r\n")
                    lines = [line.removeprefix(b"data: ") for line in event.split(b"\r\n")]
                    self.take(b"\n".join(lines))
            self.events.put_nowait(("end", "eof"))
        except (asyncio.IncompleteReadError, ConnectionError, OSError, ValueError):
            self.events.put_nowait(("end", "cut off"))

    async def post(self, data):
        return await http(self._address, "POST", self._target, self._headers, data)

    def drop(self):
        self.stop()
        self._writer.transport.abort()

    async def shut(self):
        self.stop()
        self._writer.close()


class LongPolling(Channel):
    """Polls one after another in the background; POSTs beside them."""

    def __init__(self, address, target, headers, opcode):
        super().__init__(opcode)
        self._address, self._target, self._headers = address, target, headers
        self._task = asyncio.get_running_loop().create_task(self._poll())

    @classmethod
    async def open(cls, address, target, headers=(), opcode=TEXT):
        first = await http(address, "GET", target, headers)
        if first.status != 200:
            raise Refused(first)
        return cls(address, target, list(headers), opcode)

    async def _poll(self):
        try:
            while True:
                await self.reading.wait()
                answer = await http(self._address, "GET", self._target, self._headers)
                if answer.status != 200:
                    self.events.put_nowait(("end", f"{answer.status} {answer.body.decode()}".strip()))
                    return
                self.take(answer.body)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            self.events.put_nowait(("end", "cut off"))

    async def post(self, data):
        return await http(self._address, "POST", self._target, self._headers, data)

    async def delete(self):
        return await http(self._address, "DELETE", self._target, self._headers)

    def drop(self):
        self.stop()

    async def shut(self):
        self.stop()
        await self.delete()


TRANSPORTS = {"ws": WebSocket, "sse": EventStream, "lp": LongPolling}
