"""A WebSocket client made of bytes: it sends whatever a case wants, lawful or not, and writes down what came back.

Nothing here knows the server under test. What a server must never do (RFC 6455 5.1 to 5.6, 7.4) is checked on
every frame of every connection, see Client.violations.
"""
import asyncio
import base64
import hashlib
import random
import socket
import struct
import time

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {TEXT: "text", BINARY: "binary", PING: "ping", PONG: "pong"}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
READ_BUFFER = 1 << 20
ANSWER_BYTES_MAX = 1 << 20
NO_MASK = b""
PIECES_ONE_BY_ONE = 4096
PIECES_AT_ONCE = 32

rng = random.Random(6455)  # the same keys in every run


def new_mask():
    return rng.randbytes(4)


def xor(payload, mask):
    size = len(payload)
    if not size or mask == bytes(4):
        return bytes(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def frame(opcode, payload=b"", *, fin=True, rsv=0, mask=None, form=None, announce=None):
    """One frame. `mask`: None for a random key, NO_MASK for none. `form`: 7, 16 or 64 bits of length, the
    shortest by default; `announce`: the length that is written when it is not that of the payload."""
    size = len(payload) if announce is None else announce
    form = form or (7 if size < 126 else 16 if size < 65536 else 64)
    mask = new_mask() if mask is None else mask
    flag = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 7:
        head += bytes([flag | size])
    elif form == 16:
        head += bytes([flag | 126]) + struct.pack("!H", size)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", size)
    return head + mask + (xor(payload, mask) if mask else payload)


def text(payload, **more):
    return frame(TEXT, payload, **more)


def fragments(opcode, parts):
    """The frames of one message, one for each part."""
    last = len(parts) - 1
    return [frame(CONTINUATION if i else opcode, part, fin=i == last) for i, part in enumerate(parts)]


def cut(payload, size):
    return [payload[at:at + size] for at in range(0, len(payload), size)]


def close_payload(code, reason=b""):
    return struct.pack("!H", code) + reason


def close(code=None, reason=b"", **more):
    return frame(CLOSE, b"" if code is None else close_payload(code, reason), **more)


def new_key():
    return base64.b64encode(rng.randbytes(16))


def accept_value(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def may_travel(code):
    """RFC 6455 7.4 and the IANA registry: what a close frame may say."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class Failed(Exception):
    """The server did what it must not do, or did not do what it must."""


class NonStrict(Exception):
    """Tolerable, and not what the case asks for."""


class Skipped(Exception):
    """The case has no meaning with these flags; says why."""


def show(value, size=90):
    shown = repr(value)
    return shown if len(shown) <= size else f"{shown[:size]}... ({len(shown)} characters)"


def show_events(events):
    shown = [f"{kind} {show(payload, 40)}" for kind, payload in events[:4]]
    return "[" + ", ".join(shown) + (f", ... {len(events)} in all]" if len(events) > 4 else "]")


class Answer:
    """One HTTP response."""

    def __init__(self, head, body):
        lines = head.split(b"\r\n")
        parts = lines[0].split(b" ", 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise Failed(f"not an HTTP answer: {show(lines[0])}")
        self.status = int(parts[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            self.headers.setdefault(name.strip().lower().decode("latin-1"), []).append(value.strip())
        self.body = body

    def header(self, name):
        return b", ".join(self.headers.get(name, []))


async def _read_answer(reader, bodyless=False):
    head = await reader.readuntil(b"\r\n\r\n")
    answer = Answer(head[:-4], b"")
    if answer.status >= 200 and answer.status != 204 and not bodyless:
        if b"chunked" in answer.header("transfer-encoding").lower():
            answer.body = await _read_chunked(reader)
        elif answer.header("content-length").isdigit():
            answer.body = await reader.readexactly(int(answer.header("content-length")))
        else:
            answer.body = await reader.read(ANSWER_BYTES_MAX)
    return answer


async def _read_chunked(reader):
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        body += (await reader.readexactly(size + 2))[:size]
        if size == 0:
            return body


class Target:
    """The endpoint under test."""

    def __init__(self, host, port, path):
        self.host, self.port, self.path = host, port, path

    async def connect(self, receive_buffer=None):
        """Reader and writer of a plain TCP connection."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, (self.host, self.port))
        return await asyncio.open_connection(sock=sock, limit=READ_BUFFER)

    def upgrade(self, *, method="GET", path=None, version="HTTP/1.1", drop=(), add=(), eol=b"\r\n", **replace):
        """A handshake, in bytes. `drop`: header names left out; `add`: raw lines behind the others; a keyword
        replaces the value of a header (underscores for dashes)."""
        headers = {
            "Host": f"{self.host}:{self.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": new_key().decode(),
            "Sec-WebSocket-Version": "13",
        }
        lower = {name.lower().replace("-", "_"): name for name in headers}
        for name, value in replace.items():
            headers[lower[name]] = value
        lines = [f"{method} {path or self.path} {version}".encode("latin-1")]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers.items() if name not in drop]
        lines += [line if isinstance(line, bytes) else line.encode("latin-1") for line in add]
        return eol.join(lines) + eol + eol


def key_of(request):
    for line in request.replace(b"\r\n", b"\n").split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"sec-websocket-key":
            return value.strip()
    return b""


def check_accepted(request, answer):
    """The 101 of RFC 6455 4.2.2 and nothing that was not asked for (4.1)."""
    if answer.header("upgrade").lower() != b"websocket":
        raise Failed(f"101 with Upgrade: {show(answer.header('upgrade'))}")
    if b"upgrade" not in answer.header("connection").lower():
        raise Failed(f"101 with Connection: {show(answer.header('connection'))}")
    if answer.header("sec-websocket-accept") != accept_value(key_of(request)):
        raise Failed(f"wrong Sec-WebSocket-Accept {show(answer.header('sec-websocket-accept'))}")
    for name in ("sec-websocket-extensions", "sec-websocket-protocol"):
        if name in answer.headers and name.encode() not in request.lower():
            raise Failed(f"101 with {name}, which was not offered")
    if "content-length" in answer.headers or "transfer-encoding" in answer.headers:
        raise Failed("101 with a body")


def reset(writer):
    """Ends a connection with an RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Client:
    """One connection after its handshake. `events` is what came, `close` the server's close frame, `ended` how
    the TCP connection ended on the server's side: None, "eof" or "reset"."""

    def __init__(self, reader, writer, patience):
        self._reader, self._writer, self.patience = reader, writer, patience
        self._changed = asyncio.Event()
        self._task = None
        self._text = None      # of the open fragmented message: is it text?
        self._parts = []
        self.events = []
        self.frames = 0        # data frames of the server
        self.close = None      # (code or None, reason)
        self.ended = None
        self.violations = []
        self.close_sent = False
        self.answers_close = True

    @classmethod
    async def open(cls, target, patience, *, request=None, early=b"", receive_buffer=None, reads=True):
        """`early` is sent together with the request."""
        reader, writer = await target.connect(receive_buffer)
        client = cls(reader, writer, patience)
        request = request or target.upgrade()
        try:
            async with asyncio.timeout(patience):
                writer.write(request + early)
                answer = await _read_answer(reader)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            client.abort()
            raise Failed(f"no answer to the handshake: {type(error).__name__}") from None
        except TimeoutError:
            client.abort()
            raise Failed(f"no answer to the handshake in {patience} s") from None
        if answer.status != 101:
            client.abort()
            raise Failed(f"handshake answered with {answer.status}")
        check_accepted(request, answer)
        if reads:
            client.read()
        return client

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.abort()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def read(self):
        self._task = asyncio.create_task(self._read())

    async def _read(self):
        try:
            while True:
                await self._read_frame()
                self._changed.set()
        except asyncio.IncompleteReadError as error:
            if error.partial:
                self.violations.append("the server's last frame is incomplete")
            self.ended = "eof"
        except ConnectionError:
            self.ended = "reset"
        finally:
            self._changed.set()

    async def _read_frame(self):
        first, second = await self._reader.readexactly(2)
        size = second & 0x7F
        if size >= 126:
            code = size
            size = int.from_bytes(await self._reader.readexactly(2 if code == 126 else 8), "big")
            if size < 126 or (code == 127 and size < 65536):
                self.violations.append("length not in its shortest form")
        if second & 0x80:
            self.violations.append("masked frame from the server")
            await self._reader.readexactly(4)
        payload = await self._reader.readexactly(size) if size else b""
        fin, opcode = bool(first & 0x80), first & 0x0F
        if first & 0x70:
            self.violations.append("reserved bit from the server")
        if self.close is not None:
            self.violations.append(f"frame of opcode {opcode} after the server's close frame")
        elif opcode & 8:
            self._take_control(opcode, fin, payload)
        else:
            self._take_data(opcode, fin, payload)

    def _take_control(self, opcode, fin, payload):
        if not fin or len(payload) > 125:
            self.violations.append("control frame that is fragmented or too long")
        if opcode == CLOSE:
            self._take_close(payload)
        elif opcode in NAMES:
            self.events.append((NAMES[opcode], payload))
        else:
            self.violations.append(f"reserved opcode {opcode}")

    def _take_close(self, payload):
        self.close = (None, b"")
        if payload:
            code = int.from_bytes(payload[:2], "big")
            self.close = (code, payload[2:])
            if len(payload) < 2 or not may_travel(code):
                self.violations.append(f"close frame with {show(payload)}")
            self._check_text(payload[2:])
        if not self.close_sent and self.answers_close:
            self.close_sent = True
            self._write(close(self.close[0]))

    def _take_data(self, opcode, fin, payload):
        self.frames += 1
        if opcode not in (CONTINUATION, TEXT, BINARY):
            self.violations.append(f"reserved opcode {opcode}")
        if (opcode == CONTINUATION) == (self._text is None):
            self.violations.append("fragments out of order")
        if opcode != CONTINUATION:
            self._text = opcode == TEXT
            self._parts = []
        self._parts.append(payload)
        if fin:
            message = b"".join(self._parts) if len(self._parts) > 1 else payload
            if self._text:
                self._check_text(message)
            self.events.append(("text" if self._text else "binary", message))
            self._text = None

    def _check_text(self, payload):
        try:
            payload.decode()
        except UnicodeDecodeError:
            self.violations.append("text from the server that is not UTF-8")

    def _write(self, data):
        try:
            self._writer.write(data)
        except (ConnectionError, RuntimeError):
            pass  # how it ended is the reader's to tell

    async def send(self, data, chop=0, pause=0):
        """Bytes, or frames one by one; `chop`: in pieces of so many bytes, `pause` seconds apart. Each piece is
        a send() of its own; long rows of them do not give way to the other cases every time."""
        pieces = [part for piece in ([data] if isinstance(data, bytes) else data)
                  for part in (cut(piece, chop) if chop else [piece])]
        stride = 1 if pause or len(pieces) < PIECES_ONE_BY_ONE else PIECES_AT_ONCE
        for number, piece in enumerate(pieces):
            self._write(piece)
            try:
                await self._writer.drain()
            except ConnectionError:
                return
            if number % stride == 0:
                await asyncio.sleep(pause)

    async def until(self, condition, seconds=None):
        """True when the condition held before the time was over; looks again whenever something came."""
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        while not condition():
            self._changed.clear()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                return condition()
        return True

    async def wait_events(self, count, seconds=None):
        return await self.until(lambda: len(self.events) >= count or self.ended, seconds)

    async def wait_end(self, seconds=None):
        return await self.until(lambda: self.ended, seconds)

    async def send_close(self, code=1000, reason=b""):
        self.close_sent = True
        await self.send(close(code, reason))

    def half_close(self):
        self._writer.write_eof()

    def is_closing(self):
        """The connection is known to be lost; only for a client that does not read."""
        return self._writer.transport.is_closing()

    def abort(self):
        self._writer.transport.abort()

    def reset(self):
        reset(self._writer)

    def check_lawful(self):
        if self.violations:
            raise Failed("; ".join(self.violations[:3]))

    async def echo(self, opcode, payload, wire=None):
        """Sends a message, wants exactly it back."""
        count = len(self.events)
        await self.send(frame(opcode, payload) if wire is None else wire)
        await self.wait_events(count + 1)
        self.check_lawful()
        if self.events[count:] != [(NAMES[opcode], payload)]:
            raise Failed(f"sent {NAMES[opcode]} {show(payload, 40)}, got {show_events(self.events[count:])}, "
                         f"close {self.close}, ended {self.ended}")

    async def goodbye(self, codes=(1000,)):
        """Our close frame, the server's, and the end of the connection."""
        await self.send_close(codes[0])
        await self.closed(codes)

    async def closed(self, codes):
        """The server answers our close frame and ends the connection (RFC 6455 7.1.1)."""
        ended = await self.wait_end()
        self.check_lawful()
        if self.close is None:
            raise Failed(f"no close frame in answer to ours, ended {self.ended}")
        if self.close[0] is not None and self.close[0] not in codes:
            raise Failed(f"close frame with {self.close}, expected {codes}")
        if not ended:
            raise NonStrict("the server left the closing of TCP to us")
        if self.ended != "eof":
            raise NonStrict("the connection was reset after the closing handshake")

    async def failed_by_server(self, codes, seconds=None):
        """The server ends the connection because of us (RFC 6455 7.1.7)."""
        ended = await self.wait_end(seconds)
        self.check_lawful()
        if self.close is None and not ended:
            raise Failed("the connection is still open")
        if self.close is not None and self.close[0] not in codes:
            raise Failed(f"close frame with {self.close}, expected one of {codes}")
        if self.close is None:
            raise NonStrict(f"no close frame, only the end of TCP ({self.ended})")
        if not ended:
            raise NonStrict("the server left the closing of TCP to us")


class Probe:
    """What a server says to raw bytes before any handshake succeeded."""

    def __init__(self):
        self.answers = []
        self.closed = False
        self.seconds = 0.0

    @property
    def status(self):
        return self.answers[0].status if self.answers else 0


async def probe(target, patience, data, *, chop=0, pause=0, quiet=0.5, end=False):
    """Sends, collects answers until the server closes, upgrades or is quiet for `quiet` seconds after one."""
    reader, writer = await target.connect()
    result, began = Probe(), time.monotonic()
    feeding = asyncio.create_task(_feed(writer, data, chop, pause, end))
    try:
        while True:
            async with asyncio.timeout(quiet if result.answers else patience):
                answer = await _read_answer(reader, data.startswith(b"HEAD "))
            result.answers.append(answer)
            result.seconds = time.monotonic() - began
            if answer.status == 101:
                break
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
        if getattr(error, "partial", b"") and not result.answers:
            raise Failed(f"not an HTTP answer: {show(error.partial)}") from None
        result.closed = True
        result.seconds = time.monotonic() - began
    except TimeoutError:
        pass
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        writer.transport.abort()
    return result


async def _feed(writer, data, chop, pause, end):
    try:
        for part in cut(data, chop) if chop else [data]:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        if end:
            writer.write_eof()
    except ConnectionError:
        pass
