"""An echo server that keeps every rule, and breaks exactly those that it is told to break by name.

What selftest.py needs: without a fault it passes every case, with one the cases of that rule have to fail. Not
fast, not for anything else. Run by hand: broken_server.py [FAULT...].
"""
import asyncio
import base64
import binascii
import codecs
import re
import struct
import sys
import time

from suite import Expectations
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, accept_value, frame, key_of, may_travel, reset, xor

PATH = "/wsecho"
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LINGER = 2.0


class Refused(Exception):
    """An HTTP status and what goes with it."""

    def __init__(self, status, headers=b""):
        super().__init__(status)
        self.status, self.headers = status, headers


class Fail(Exception):
    """A close code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def listed(value):
    return [item.strip().lower() for item in value.split(b",")]


class Handshake:
    """The strict reading of one request."""

    def __init__(self, head, broken, limits):
        self.broken, self.limits = broken, limits
        lines = head.split(b"\r\n")
        self.path = self._request_line(lines[0])
        self.headers = {}
        if len(lines) - 1 > limits.header_count_max and not broken("no-header-limits"):
            raise Refused(431)
        for line in lines[1:]:
            self._header(line)

    def _request_line(self, line):
        found = re.fullmatch(rb"(\S+) (/[\x21-\x7e]*|http://\S+) HTTP/(\d\.\d)", line)
        if not found:
            raise Refused(400)
        if len(found[1]) > 16:
            raise Refused(501)
        if found[3] != b"1.1" and not self.broken("any-http-version"):
            raise Refused(505)
        if found[1] != b"GET" and not self.broken("any-method"):
            raise Refused(405)
        return found[2].decode()

    def _header(self, line):
        name, colon, value = line.partition(b":")
        if not self.broken("any-header-line"):
            if not colon or not TOKEN.fullmatch(name) or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
                raise Refused(400)
        self.headers.setdefault(name.strip().lower(), []).append(value.strip(b" \t"))

    def one(self, name):
        values = self.headers.get(name, [])
        if len(values) > 1 and not self.broken("duplicates"):
            raise Refused(400)
        return values[0] if values else None

    def body_rules(self):
        coding, length = self.one(b"transfer-encoding"), self.one(b"content-length")
        if coding is not None and (length is not None or coding.lower() != b"chunked"):
            raise Refused(400)
        if length is not None and not re.fullmatch(rb"\d{1,18}", length):
            raise Refused(400)
        if length not in (None, b"0") or coding is not None:
            raise Refused(400)

    def check(self):
        """The Sec-WebSocket-Accept of the answer."""
        host = self.one(b"host")
        if (host is None or b" " in host) and not self.broken("any-host"):
            raise Refused(400)
        if not self.broken("any-body"):
            self.body_rules()
        if self.path.startswith("http://"):
            self.path = "/" + self.path[7:].partition("/")[2]
        if self.path.partition("?")[0] != PATH and not self.broken("any-path"):
            raise Refused(404)
        if b"websocket" not in listed(self.one(b"upgrade") or b"") and not self.broken("any-upgrade"):
            raise Refused(400)
        if b"upgrade" not in listed(self.one(b"connection") or b"") and not self.broken("any-connection"):
            raise Refused(400)
        if self.one(b"sec-websocket-version") != b"13" and not self.broken("any-version"):
            raise Refused(426, b"" if self.broken("no-version-named") else b"Sec-WebSocket-Version: 13\r\n")
        key = self.one(b"sec-websocket-key") or b""
        try:
            good = len(base64.b64decode(key, validate=True)) == 16 and len(key) == 24
        except binascii.Error:
            good = False
        if not good and not self.broken("any-key"):
            raise Refused(400)
        return accept_value(key)


class Peer:
    """One connection."""

    def __init__(self, reader, writer, broken, limits):
        self.reader, self.writer, self.broken, self.limits = reader, writer, broken, limits
        self.buffer = bytearray()
        self.began = 0.0        # of the message or frame that is not complete
        self.opcode = None      # of the fragmented message that is open
        self.parts, self.size, self.count = [], 0, 0
        self.decoder = None
        self.pings = []
        self.key_at = 0

    async def serve(self):
        if await self._shake_hands():
            await self._frames()

    async def _linger(self):
        """Our side ends; what still comes is read and thrown away, so that the answer is not lost to an RST."""
        if self.broken("keeps-tcp-open"):
            await asyncio.sleep(60)
        try:
            self.writer.write_eof()
            async with asyncio.timeout(LINGER):
                while await self.reader.read(1 << 16):
                    pass
        except (TimeoutError, OSError):
            pass

    async def _shake_hands(self):
        try:
            async with asyncio.timeout(None if self.broken("no-header-deadline") else self.limits.header_deadline):
                head = await self._head()
            if self.broken("refuses-all"):
                raise Refused(500)
            if self.broken("accepts-all"):
                accept = accept_value(key_of(head))
            else:
                accept = Handshake(head, self.broken, self.limits).check()
        except TimeoutError:
            return await self._refuse(Refused(408))
        except Refused as refusal:
            return await self._refuse(refusal)
        if self.broken("wrong-accept"):
            accept = accept[::-1]
        more = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if self.broken("extension-unasked") else b""
        self.writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          + more + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        if self.broken("forgets-early-bytes"):
            self.buffer.clear()
        return True

    async def _refuse(self, refusal):
        answer = (b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n%sConnection: close\r\n\r\n"
                  % (refusal.status, refusal.headers))
        self.writer.write(answer * (2 if self.broken("answers-what-follows") and self.buffer else 1))
        if self.broken("leaves-refused-open"):
            await asyncio.sleep(60)
        await self._linger()
        return False

    async def _head(self):
        """The bytes of a request up to its empty line."""
        while True:
            chunk = await self.reader.read(1 << 16)
            if not chunk:
                raise ConnectionResetError
            self.buffer += chunk
            while self.buffer.startswith(b"\r\n"):
                if self.broken("no-empty-line-in-front"):
                    raise Refused(400)
                del self.buffer[:2]
            if self.broken("lf-lines"):
                self.buffer = bytearray(re.sub(rb"\r?\n", b"\r\n", bytes(self.buffer)))
            end = self.buffer.find(b"\r\n\r\n")
            if self._check_head(bytes(self.buffer if end < 0 else self.buffer[:end + 4]), end >= 0):
                head = bytes(self.buffer[:end])
                del self.buffer[:end + 4]
                return head

    def _check_head(self, head, complete):
        if self.broken("accepts-all"):
            return complete
        more = 1 << 30 if self.broken("no-header-limits") else 0
        less = 1 if self.broken("header-limits-too-small") else 0
        if len(head.split(b"\r\n")[0]) > self.limits.request_line_max + more - less:
            raise Refused(414)
        if len(head) > self.limits.header_bytes_max + more - less:
            raise Refused(431)
        if head.count(b"\r\n") - 2 > self.limits.header_count_max + more - less:
            raise Refused(431)
        if re.search(rb"(?<!\r)\n|\r(?!\n|\Z)", head) and not self.broken("any-header-line"):
            raise Refused(400)
        return complete

    # Frames

    async def _frames(self):
        try:
            while await self._frame():
                pass
        except Fail as failure:
            if self.broken("drops-on-errors"):
                return
            if self.broken("resets-on-errors"):
                reset(self.writer)
                return
            code = 1000 if self.broken("wrong-close-code") else failure.code
            self.writer.write(self._make(CLOSE, struct.pack("!H", code)))
            if self.broken("goes-on-after-errors"):
                await self._frames()
            await self._linger()

    async def _need(self, size):
        """So many bytes from the front."""
        if self.buffer and not self.began:
            self.began = time.monotonic()
        while len(self.buffer) < size:
            left = self.began + self.limits.message_deadline - time.monotonic() if self.began else None
            if self.broken("no-message-deadline") or not self.began:
                left = self.limits.message_deadline if self.broken("deadline-for-all") else None
            elif self.broken("deadline-moves"):
                left = self.limits.message_deadline
            try:
                async with asyncio.timeout(left):
                    chunk = await self.reader.read(1 << 16)
            except TimeoutError:
                raise Fail(1008) from None
            if not chunk:
                if self.broken("ignores-the-end"):
                    await asyncio.sleep(60)
                raise ConnectionResetError
            self.buffer += chunk
            self.began = self.began or time.monotonic()
        piece = bytes(self.buffer[:size])
        del self.buffer[:size]
        return piece

    def rule(self, kept, fault, code=1002):
        if not kept and not self.broken(fault):
            raise Fail(code)

    async def _frame(self):
        """False when the connection is over."""
        first, second = await self._need(2)
        self.rule(not self.broken("paranoid"), "forgiving")
        opcode, fin, size = first & 15, bool(first & 128), second & 127
        control = bool(opcode & 8)
        self.rule(not first & 0x70, "any-reserved-bit")
        self.rule(opcode in (0, 1, 2, 8, 9, 10), "any-opcode")
        if control:
            self.rule(fin, "fragmented-control")
            self.rule(size < 126, "long-control")
        else:
            self.rule((opcode == CONTINUATION) == (self.opcode is not None),
                      "any-continuation" if opcode == CONTINUATION else "any-beginning")
        self.rule(bool(second & 128), "unmasked")
        if size > 125:
            size = await self._length(size)
        mask = await self._need(4) if second & 128 else bytes(4)
        message = opcode in (CONTINUATION, TEXT, BINARY)
        if message:
            self._begin(opcode, size)
        payload = await self._payload(size, mask, message)
        if opcode == CLOSE:
            return await self._close(payload)
        if control:
            self._ping(opcode, payload)
            if not self.broken("keeps-what-nobody-reads"):
                await self.writer.drain()
        elif message:
            await self._data(fin, payload)
        if not self.opcode:
            self.began = time.monotonic() if self.buffer else 0.0
        return True

    async def _length(self, form):
        data = await self._need(2 if form == 126 else 8)
        size = int.from_bytes(data, "big")
        self.rule(size > 125 and (form == 126 or size > 65535), "any-length-form")
        self.rule(not size >> 63, "top-bit")
        return size & (1 << 63) - 1

    def _begin(self, opcode, size):
        if opcode != CONTINUATION or self.opcode is None:
            self.opcode, self.parts, self.size, self.count = opcode or BINARY, [], 0, 0
            errors = "surrogatepass" if self.broken("surrogates") else "strict"
            self.decoder = codecs.getincrementaldecoder("utf-8")(errors) if opcode == TEXT else None
        self.count += 1
        self.size += size
        most = self.limits.message_bytes_max - (1 if self.broken("message-limit-too-small") else 0)
        self.rule(self.size <= most, "no-message-limit", 1009)
        most = self.limits.fragments_max - (1 if self.broken("fragment-limit-too-small") else 0)
        self.rule(self.count <= most, "no-fragment-limit", self.limits.too_many_fragments)

    async def _payload(self, size, mask, data):
        """Text is checked as it comes."""
        got = []
        at = self.key_at if self.broken("key-goes-on") else 0
        while size or (data and not got):
            piece = await self._need(min(size, max(1, len(self.buffer)))) if size else b""
            key = bytes(mask[(at + i) % 4] for i in range(4))
            piece = xor(piece, key)
            at += len(piece) if not self.broken("key-starts-anew-at-cuts") else 0
            size -= len(piece)
            got.append(piece)
            if data and not self.broken("utf8-late"):
                self._check_text(piece, False)
        self.key_at = at
        if data and self.broken("utf8-for-each-frame"):
            self._check_text(b"", True)
        return b"".join(got)

    def _check_text(self, piece, final):
        if self.decoder and not self.broken("no-utf8"):
            try:
                self.decoder.decode(piece, final)
            except UnicodeDecodeError:
                raise Fail(1007) from None
            held = self.decoder.getstate()[0]
            if held[:1] == b"\xed" and held[1:] >= b"\xa0" and not self.broken("surrogates"):
                raise Fail(1007)  # Python waits for the third byte of a surrogate

    def _ping(self, opcode, payload):
        if opcode != PING or self.broken("no-pong"):
            if opcode == PONG and self.broken("answers-pongs"):
                self.writer.write(self._make(PONG, payload))
            return
        if self.broken("empty-pong"):
            payload = b""
        if self.broken("newest-pong-only"):
            self.pings = [payload] if len(self.buffer) > 5 else []
            if self.pings:
                return
        if self.opcode is not None and self.broken("pong-behind-message"):
            self.pings.append(payload)
            return
        self.writer.write(self._make(PONG, payload))

    async def _data(self, fin, payload):
        self.parts.append(payload)
        if not fin:
            if self.broken("echoes-fragments"):
                await self._echo(payload)
            return
        message = b"".join(self.parts)
        self._check_text(message if self.broken("utf8-late") else b"",
                         not self.broken("ends-in-character"))
        await self._echo(message)
        self.opcode, self.parts = None, []
        for ping in self.pings:
            self.writer.write(self._make(PONG, ping))
        self.pings = []

    async def _echo(self, message):
        opcode = self.opcode
        if self.broken("text-as-binary"):
            opcode = BINARY
        if self.broken("binary-as-text") and opcode == BINARY:
            opcode = TEXT
        if self.broken("loses-last-byte"):
            message = message[:-1]
        if self.broken("strips-bom"):
            message = message.removeprefix(b"\xef\xbb\xbf")
        if message or not self.broken("swallows-empty"):
            self.writer.write(self._make(opcode, message))
            if self.broken("echoes-twice"):
                self.writer.write(self._make(opcode, message))
        if not self.broken("keeps-what-nobody-reads"):
            await self.writer.drain()

    def _make(self, opcode, payload):
        """A frame of ours, or one no server may send."""
        mask = b"abcd" if self.broken("masks") else b""
        rsv = 4 if self.broken("sets-rsv") else 0
        form = 16 if self.broken("long-lengths") and len(payload) < 126 else None
        return frame(opcode, payload, mask=mask, rsv=rsv, form=form, fin=not self.broken("never-final"))

    async def _close(self, payload):
        if len(payload) == 1:
            self.rule(False, "one-byte-close")
            payload = b""
        code = int.from_bytes(payload[:2], "big") if payload else 1000
        self.rule(may_travel(code), "any-close-code")
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            self.rule(False, "any-close-reason", 1007)
        if self.broken("no-close-answer"):
            return False
        if self.broken("ignores-close"):
            return True
        answer = 1001 if self.broken("other-close-code") else code
        self.writer.write(self._make(CLOSE, struct.pack("!H", answer)))
        if self.broken("echoes-after-close"):
            self.writer.write(self._make(TEXT, b"late"))
        if self.broken("reads-after-close"):
            while await self._frame():
                pass
        if self.broken("resets-after-close"):
            await asyncio.sleep(0.05)
            reset(self.writer)
            return False
        await self._linger()
        return False


class Server:
    """`faults`: names from Peer and Handshake, all at once."""

    def __init__(self, faults=(), limits=None):
        self.faults, self.limits = set(faults), limits or Expectations()
        self.asked = set()
        self._server, self._peers = None, set()

    def broken(self, fault):
        self.asked.add(fault)
        return fault in self.faults

    async def start(self, port=0):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=1024)
        return self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        task = asyncio.current_task()
        self._peers.add(task)
        try:
            await Peer(reader, writer, self.broken, self.limits).serve()
        except ConnectionError:
            if self.broken("dies-with-a-peer"):
                self._server.close()
        except asyncio.CancelledError:
            pass  # stop()
        finally:
            writer.close()
            self._peers.discard(task)

    async def stop(self):
        self._server.close()
        for task in list(self._peers):
            task.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)


async def main(faults):
    server = Server(faults)
    print(f"ready ws://127.0.0.1:{await server.start()}{PATH}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
