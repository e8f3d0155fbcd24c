"""H.*: the opening handshake, RFC 6455 4.2 on top of a strict RFC 9112."""
import asyncio
import base64

import wire
from suite import Cases, all_of, still_serves
from wire import TEXT, Failed, NonStrict, frame

CASES = Cases()
REFUSALS = frozenset(range(400, 432)) | {501, 505}
BAD_REQUEST = frozenset({400})


def accepted(**options):
    """The handshake succeeds and frames work afterwards."""
    async def run(context):
        async with context.open(request=context.upgrade(**options)) as client:
            await client.echo(TEXT, b"after the handshake")
            await client.goodbye()
    return run


def answered(statuses, *, make=None, tolerated=frozenset(), then=b"", answers=1, check=None, **options):
    """Refused with one of `statuses`. `make` builds the request; `then` follows it in the same segment, and no
    more than `answers` may come: what follows a request that is refused for its form is nobody's request."""
    async def run(context):
        data = (make(context) if make else context.upgrade(**options)) + then
        result = await context.probe(data)
        if not result.answers:
            if result.closed:
                raise NonStrict("closed without an answer")
            raise Failed("neither an answer nor the end of the connection")
        if len(result.answers) > answers:
            raise Failed(f"{len(result.answers)} answers: {[answer.status for answer in result.answers]}")
        if result.status in statuses:
            if check:
                check(result)
            return
        if result.status in tolerated or (result.status != 101 and result.status in REFUSALS):
            raise NonStrict(f"answered with {result.status}, expected {sorted(statuses)[:4]}")
        raise Failed(f"answered with {result.status}, expected {sorted(statuses)[:4]}")
    return run


def either(statuses, **options):
    """101 or one of `statuses` is as good; the choice has to be one of them."""
    async def run(context):
        data = context.upgrade(**options)
        result = await context.probe(data)
        if result.status == 101:
            wire.check_accepted(data, result.answers[0])
        elif result.status not in statuses:
            raise Failed(f"answered with {result.status or 'nothing'}, expected 101 or {sorted(statuses)[:4]}")
    return run


def add(title, run, slow=False):
    CASES.add("H.", title, run, slow)


def key_of(size):
    return base64.b64encode(bytes(range(size))).decode()


def good_handshakes():
    add("a plain handshake", accepted())
    add("the key of RFC 6455 1.3", rfc_key)
    add("Upgrade: WebSocket in mixed case", accepted(upgrade="WebSocket"))
    add("Connection: keep-alive, Upgrade", accepted(connection="keep-alive, Upgrade"))
    add("Connection: upgrade in lower case", accepted(connection="upgrade"))
    add("Connection with empty list elements", accepted(connection=", Upgrade ,"))
    add("header names in lower case", renamed(str.lower))
    add("header names in upper case", renamed(str.upper))
    add("spaces and tabs around values", accepted(upgrade=" \t websocket \t ", connection="\tUpgrade  "))
    add("no space behind colons", no_spaces)
    add("headers that are nobody's", accepted(add=["X-One: 1", "X-Two:", "Cookie: a=b; c=d"]))
    add("an Origin: the server's own, or a foreign one that may be refused with 403", origins)
    add("a query", accepted_at(lambda context: context.target.path + "?a=b&c=%20d"))
    add("an extension nobody knows is not accepted", accepted(add=["Sec-WebSocket-Extensions: x-unknown; a=1"]))
    add("permessage-deflate is offered", offers_deflate)
    add("a subprotocol is offered and at most that one chosen", offers_protocol)
    add("absolute form of the target", absolute_form)
    add("Upgrade as a list", either(REFUSALS, upgrade="h2c, websocket"))
    add("an empty line in front", leading_line)
    add("byte by byte", cut_in_pieces(1))
    add("in pieces of seven bytes", cut_in_pieces(7))
    add("cut in two at every place", cut_everywhere)
    add("a frame in the same segment as the request", early_frame)
    add("half a frame in the same segment as the request", early_half_frame)
    add("Content-Length: 0", accepted(add=["Content-Length: 0"]))
    add("a hundred handshakes at once", hundred)


async def rfc_key(context):
    request = context.upgrade(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==")
    result = await context.probe(request)
    accept = result.answers[0].header("sec-websocket-accept") if result.answers else b""
    if result.status != 101 or accept != b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=":
        raise Failed(f"answered with {result.status}, Sec-WebSocket-Accept {accept!r}")


def renamed(change):
    async def run(context):
        lines = context.upgrade().decode().split("\r\n")
        lines[1:-2] = [change(line.split(":")[0]) + ":" + line.split(":", 1)[1] for line in lines[1:-2]]
        async with context.open(request="\r\n".join(lines).encode()) as client:
            await client.echo(TEXT, b"after the handshake")
    return run


async def no_spaces(context):
    async with context.open(request=context.upgrade().replace(b": ", b":")) as client:
        await client.echo(TEXT, b"after the handshake")


def accepted_at(path):
    async def run(context):
        await accepted(path=path(context))(context)
    return run


async def origins(context):
    target = context.target
    await accepted(add=[f"Origin: http://{target.host}:{target.port}"])(context)
    await either({403}, add=["Origin: http://example.org"])(context)


async def offers_deflate(context):
    request = context.upgrade(add=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
    async with context.open(request=request) as client:
        await client.echo(TEXT, b"after the handshake")
        await client.goodbye()


async def offers_protocol(context):
    request = context.upgrade(add=["Sec-WebSocket-Protocol: chat, superchat"])
    result = await context.probe(request)
    chosen = result.answers[0].header("sec-websocket-protocol") if result.answers else b""
    if result.status != 101 or chosen not in (b"", b"chat", b"superchat"):
        raise Failed(f"answered with {result.status}, protocol {chosen!r}")


async def absolute_form(context):
    target = context.target
    await either(BAD_REQUEST, path=f"http://{target.host}:{target.port}{target.path}")(context)


async def leading_line(context):
    result = await context.probe(b"\r\n" + context.upgrade())
    if result.status == 400:
        raise NonStrict("RFC 9112 2.2: an empty line in front should be ignored")
    if result.status != 101:
        raise Failed(f"answered with {result.status}")


def cut_in_pieces(size):
    async def run(context):
        result = await context.probe(context.upgrade(), chop=size)
        if result.status != 101:
            raise Failed(f"answered with {result.status}")
    return run


async def cut_everywhere(context):
    request = context.upgrade()
    places = asyncio.Semaphore(8)

    async def at(place):
        async with places:
            reader, writer = await context.target.connect()
            try:
                writer.write(request[:place])
                await asyncio.sleep(0.005)
                writer.write(request[place:])
                async with asyncio.timeout(context.patience):
                    answer = await reader.readuntil(b"\r\n\r\n")
                if not answer.startswith(b"HTTP/1.1 101 "):
                    raise Failed(f"cut at {place}: {wire.show(answer[:40])}")
            except (TimeoutError, asyncio.IncompleteReadError):
                raise Failed(f"cut at {place}: no answer") from None
            finally:
                writer.transport.abort()
    await all_of(at(place) for place in range(1, len(request)))


async def early_frame(context):
    async with context.open(early=frame(TEXT, b"early")) as client:
        await client.wait_events(1)
        if client.events != [("text", b"early")]:
            raise Failed(f"got {wire.show_events(client.events)}")
        await client.goodbye()


async def early_half_frame(context):
    whole = frame(TEXT, b"half early")
    async with context.open(early=whole[:5]) as client:
        await client.echo(TEXT, b"half early", wire=whole[5:])


async def hundred(context):
    async def one():
        async with context.open() as client:
            await client.echo(TEXT, b"one of many")
    await all_of(one() for _ in range(100))


def wrong_handshakes():
    for method in ("POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"):
        add(f"method {method}", answered(REFUSALS, method=method))
    add("method in lower case", answered(REFUSALS, method="get"))
    add("HTTP/1.0", answered(REFUSALS, version="HTTP/1.0"))
    for version in ("HTTP/2.0", "HTTP/1", "HTTP/1.1.1", "http/1.1", "HTTP/11", "XTTP/1.1"):
        add(f"version {version}", answered(REFUSALS, version=version))
    add("no version", answered(REFUSALS, make=lambda context: f"GET {context.target.path}\r\n\r\n".encode()))
    add("no Host", answered(BAD_REQUEST, drop=["Host"]))
    add("two Hosts", answered(BAD_REQUEST, add=["Host: example.org"]))
    add("Host with a space", answered(BAD_REQUEST, host="exa mple.org"))
    add("no Upgrade", answered(REFUSALS, drop=["Upgrade"]))
    for value in ("", "foo", "websocketx", "web socket", "websocket/13x"):
        add(f"Upgrade: {value or 'nothing'}", answered(REFUSALS, upgrade=value))
    add("no Connection", answered(REFUSALS, drop=["Connection"]))
    for value in ("", "close", "keep-alive", "upgrades", "Up grade"):
        add(f"Connection: {value or 'nothing'}", answered(REFUSALS, connection=value))
    add("no key", answered(BAD_REQUEST, drop=["Sec-WebSocket-Key"]))
    keys = {"empty": "", "of 15 bytes": key_of(15), "of 17 bytes": key_of(17), "of 1 byte": "AA==",
            "that is not base64": "!!!!!!!!!!!!!!!!!!!!!!==", "without padding": key_of(16).rstrip("="),
            "with one = too many": key_of(16) + "=", "with a space inside": "dGhlIHNhbXBs ZSBub25jZQ==",
            "of 8 KiB": "A" * 8192}
    for title, value in keys.items():
        add(f"key {title}", answered(BAD_REQUEST | ({431} if len(value) > 100 else set()), sec_websocket_key=value))
    add("two keys", answered(BAD_REQUEST, add=[f"Sec-WebSocket-Key: {key_of(16)}"]))
    add("no Sec-WebSocket-Version", answered({400, 426}, drop=["Sec-WebSocket-Version"]))
    for value in ("", "0", "7", "8", "12", "14", "255", "013", "+13", "13x", "1 3", "13, 8"):
        add(f"Sec-WebSocket-Version: {value or 'nothing'}",
            answered({426}, sec_websocket_version=value, check=offers_13))
    add("two different versions", answered({400, 426}, add=["Sec-WebSocket-Version: 8"]))
    add("two times Upgrade", answered(BAD_REQUEST, add=["Upgrade: websocket"], tolerated={101}))
    add("two times Connection", answered(BAD_REQUEST, add=["Connection: keep-alive"], tolerated={101}))
    add("another path", answered({404}, make=lambda context: context.upgrade(path=context.target.path + "-not")))


def offers_13(result):
    """RFC 6455 4.2.2: the refusal names the versions that are spoken."""
    if b"13" not in result.answers[0].header("sec-websocket-version"):
        raise Failed("426 without Sec-WebSocket-Version: 13")


def smuggling():
    second = b"GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n"

    def closes(title, **options):
        add(title, answered(BAD_REQUEST, then=second, **options))

    closes("Content-Length and Transfer-Encoding", add=["Content-Length: 4", "Transfer-Encoding: chunked"])
    closes("two different Content-Lengths", add=["Content-Length: 0", "Content-Length: 5"])
    for value in ("+5", "-1", "0x5", "5, 6", "5 5", "99999999999999999999", "five"):
        closes(f"Content-Length: {value}", add=[f"Content-Length: {value}"])
    add("a Transfer-Encoding nobody knows",
        answered({400, 501}, then=second, add=["Transfer-Encoding: xchunked"]))
    add("chunked is not the last coding",
        answered({400, 501}, then=second, add=["Transfer-Encoding: chunked, identity"]))
    closes("space before a colon", add=["Transfer-Encoding : chunked"])
    closes("folded header line", add=["X-Folded: a", " b"])
    closes("first header line begins with a space",
           make=lambda context: context.upgrade().replace(b"\r\nHost", b"\r\n Host"))
    closes("header line without a colon", add=["Nothing"])
    closes("header without a name", add=[": nothing"])
    closes("NUL in a value", add=["X-Bad: a\0b"])
    closes("bare CR in a value", add=["X-Bad: a\rSec-WebSocket-Key: b"])
    closes("NUL in a name", add=["X\0Bad: a"])
    closes("a byte over 127 in a name", add=[b"X\xffBad: a"])
    closes("a space in a name", add=["X Bad: a"])
    closes("lines end with LF only", make=lambda context: context.upgrade(eol=b"\n"), tolerated={101})
    closes("lines end with CR only", make=lambda context: context.upgrade(eol=b"\r") + b"\r\n\r\n")
    closes("one line ends with LF only", make=lambda context: context.upgrade().replace(b"\r\nUp", b"\nUp"),
           tolerated={101})
    closes("two spaces in the request line", method="GET ", tolerated={101})
    closes("tab in the request line", method="GET\t", tolerated={101})
    closes("space at the end of the request line", version="HTTP/1.1 ", tolerated={101})
    closes("space in the target", path="/a b")
    closes("target without a slash", path="wsecho")
    closes("control character in the target", path="/a\x01b")
    closes("byte over 127 in the target", path="/\xff")
    add("a body behind the request is not read as frames", body_is_not_frames)
    add("a chunked body behind the request is not read as frames", chunked_is_not_frames)
    add("after an empty chunked body frames work, or it is refused", empty_chunked)
    add("a refused handshake in front of a good one", refused_then_good)
    add("a TLS hello", answered(BAD_REQUEST | {501}, make=lambda _: bytes.fromhex(
        "16030100c8010000c40303") + bytes(190) + b"\r\n\r\n"))
    add("the preface of HTTP/2", answered({400, 501, 505}, make=lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    add("noise", answered(BAD_REQUEST | {501}, make=lambda _: wire.rng.randbytes(512) + b"\r\n\r\n"))
    add("a frame instead of a request", answered(BAD_REQUEST | {501}, make=lambda _: frame(TEXT, b"hello") * 8
                                                 + b"\r\n\r\n"))


async def _body(context, request):
    """The bytes of the body are a frame: nobody may echo it."""
    result = await context.probe(request)
    if result.status == 101:
        raise NonStrict("accepted with a body")
    if result.status not in (400, 413):
        raise Failed(f"answered with {result.status or 'nothing'}")
    if len(result.answers) > 1:
        raise Failed(f"{len(result.answers)} answers")


async def body_is_not_frames(context):
    body = frame(TEXT, b"hello")
    await _body(context, context.upgrade(add=[f"Content-Length: {len(body)}"]) + body)


async def chunked_is_not_frames(context):
    body = frame(TEXT, b"hello")
    await _body(context, context.upgrade(add=["Transfer-Encoding: chunked"])
                + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")


async def empty_chunked(context):
    request = context.upgrade(add=["Transfer-Encoding: chunked"])
    result = await context.probe(request + b"0\r\n\r\n")
    if result.status == 400:
        return
    if result.status != 101:
        raise Failed(f"answered with {result.status or 'nothing'}")
    async with context.open(request=request, early=b"0\r\n\r\n") as client:
        await client.echo(TEXT, b"behind the empty body")


async def refused_then_good(context):
    result = await context.probe(context.upgrade(sec_websocket_version="8") + context.upgrade())
    statuses = [answer.status for answer in result.answers]
    if statuses[:1] == [101] or not (statuses[1:] in ([], [101])) or not statuses:
        raise Failed(f"answers {statuses}")


def sizes():
    add("header of the largest size", limit("header_bytes_max", header_of, 0))
    add("header one byte over it", limit("header_bytes_max", header_of, 1, {431}))
    add("header of 1 MiB", answered({431, 400, 413}, make=lambda context: header_of(context, 1 << 20)))
    add("as many headers as allowed", limit("header_count_max", header_count, 0))
    add("one header more", limit("header_count_max", header_count, 1, {431}))
    add("request line of the largest size", limit("request_line_max", line_of, 0))
    add("request line one byte longer", limit("request_line_max", line_of, 1, {414}))
    add("target of 64 KiB", answered({414, 431}, make=lambda context: line_of(context, 65536)))
    add("method of 1000 letters", answered({400, 501, 405}, method="G" * 1000))


def limit(name, make, more, refusal=None):
    async def run(context):
        request = make(context, context.expect.need(name) + more)
        if refusal:
            await answered(refusal, make=lambda _: request)(context)
            return
        result = await context.probe(request)
        if result.status != 101:
            raise Failed(f"answered with {result.status or 'nothing'}")
    return run


def header_of(context, size):
    def make(fill):
        return context.upgrade(add=["X-Fill: " + "a" * fill])
    return make(size - len(make(0)))


def header_count(context, count):
    return context.upgrade(add=[f"X-{number}: 1" for number in range(count - 5)])


def line_of(context, size):
    path = context.target.path + "?"
    return context.upgrade(path=path + "a" * (size - len(f"GET {path} HTTP/1.1")))


def slow_handshakes():
    add("half a header, then nothing", deadline(lambda context: context.upgrade()[:60], 0), slow=True)
    add("a header in drops: the deadline does not move", deadline(lambda context: context.upgrade(), 0.3), slow=True)
    add("nothing at all", deadline(lambda context: b"", 0, "idle_deadline"), slow=True)
    add("the client ends in the middle of the header", ends_in_header)
    add("the client resets in the middle of the header", resets_in_header)


def deadline(make, pause, which="header_deadline"):
    """The header has to be there in time, as a whole; who says nothing is only idle."""
    async def run(context):
        seconds = context.expect.need(which)
        patience = seconds + context.patience
        data = make(context)
        result = await wire.probe(context.target, patience, data, chop=1 if pause else 0, pause=pause, quiet=3)
        if result.status not in (0, 408):
            raise Failed(f"answered with {result.status}")
        if not result.closed:
            raise Failed(f"still open after {patience} s")
        if result.seconds < seconds - 1:
            raise Failed(f"closed after {result.seconds:.1f} s, the deadline is {seconds} s")
    return run


async def ends_in_header(context):
    result = await context.probe(context.upgrade()[:60], end=True)
    if result.status == 101 or not result.closed:
        raise Failed(f"answered with {result.status}, closed {result.closed}")
    await still_serves(context)


async def resets_in_header(context):
    for size in (1, 20, 60, 120):
        _, writer = await context.target.connect()
        writer.write(context.upgrade()[:size])
        wire.reset(writer)
    await still_serves(context)


for chapter in (good_handshakes, wrong_handshakes, smuggling, sizes, slow_handshakes):
    chapter()
