"""MessagePack, byte by byte, against the vectors of the specification: the reference has no MessagePack without a
package that is not part of its SDK, so these run against our server only and judge for themselves."""
import asyncio

import wire
from registry import script

SHAKE = b'{"protocol":"messagepack","version":1}\x1e'
PING = bytes.fromhex("029106")


class Wrong(AssertionError):
    pass


async def _open(s, transport="ws", route="/testhub"):
    a = await s.open(route, transport)
    a.channel.raw = True
    await a.post(SHAKE)
    await _expect(a, b"{}\x1e")
    return a


async def _bytes(a, count):
    """That many bytes from the server; pings come at their own time and are no part of it."""
    data = getattr(a, "rest", b"")
    while len(data) < count:
        kind, text = await a.event()
        if kind != "record":
            raise Wrong(f"{kind} {text} after {data.hex(' ')}")
        more = text.encode("latin-1")
        data += b"" if more == PING else more
    a.rest = data[count:]
    return data[:count]


async def _expect(a, wanted):
    got = await _bytes(a, len(wanted))
    if got != wanted:
        raise Wrong(f"wanted {wanted.hex(' ')}, got {got.hex(' ')}")


async def _say(a, hexadecimal):
    body = bytes.fromhex(hexadecimal.replace(" ", ""))
    await a.post(_framed(body), **({"opcode": wire.BINARY} if isinstance(a.channel, wire.WebSocket) else {}))


def _framed(body):
    head, size = b"", len(body)
    while True:
        head += bytes([(size & 0x7F) | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return head + body


async def _answer(a, hexadecimal):
    await _expect(a, _framed(bytes.fromhex(hexadecimal.replace(" ", ""))))


def _text(text):
    raw = text.encode()
    return (bytes([0xA0 | len(raw)]) if len(raw) < 32 else b"\xd9" + bytes([len(raw)])).hex() + raw.hex()


def _call(target, *arguments, number="31", kind="01", items=6):
    streams = "90" if items > 5 else ""
    return f"9{items}{kind}80a1{number}{_text(target)}9{len(arguments)}{''.join(arguments)}{streams}"


@script(own=True)
async def echo_of_five_and_six(s):
    a = await _open(s)
    for items in (5, 6):
        await _say(a, _call("Echo", _text("hi"), items=items))
        await _answer(a, "95 03 80 a1 31 03" + _text("hi"))


@script(own=True)
async def echo_over_long_polling(s):
    a = await _open(s, "lp")
    await _say(a, _call("Echo", _text("hi")))
    await _answer(a, "95 03 80 a1 31 03" + _text("hi"))


@script(own=True)
async def frames_are_binary(s):
    a = await s.open("/testhub")
    await a.post(SHAKE)
    kind, text = await a.event()
    if (kind, text) != ("record", "(binary) {}"):
        raise Wrong(f"{kind} {text}")


@script(own=True)
async def void_is_a_nil_result(s):
    a = await _open(s)
    await _say(a, _call("InvokeWithString", _text("x")))
    await _answer(a, "96 01 80 c0 a7" + b"Message".hex() + "91 a1 78 90")
    await _answer(a, "95 03 80 a1 31 03 c0")


@script(own=True)
async def stream_and_its_end(s):
    a = await _open(s)
    await _say(a, _call("Stream", kind="04"))
    for letter in "abc":
        await _answer(a, "94 02 80 a1 31" + _text(letter))
    await _answer(a, "94 03 80 a1 31 02")


@script(own=True)
async def error(s):
    a = await _open(s)
    await _say(a, _call("Nope"))
    await _answer(a, "95 03 80 a1 31 01" + _text(
        "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."))


@script(own=True)
async def wrong_argument(s):
    a = await _open(s)
    await _say(a, _call("Echo"))
    await _answer(a, "95 03 80 a1 31 01" + _text(
        "Failed to invoke 'Echo' due to an error on the server. InvalidDataException: "
        "Invocation provides 0 argument(s) but target expects 1."))


@script(own=True)
async def complex_object(s):
    """Members as they are written in the hub, bytes as bin, the time as a timestamp, the GUID as text."""
    a = await _open(s)
    await _say(a, _call("SendComplexObject"))
    await _answer(a, "95 03 80 a1 31 03 85" + _text("String") + _text("hello world") + _text("IntArray") + "93010203"
                  + _text("ByteArray") + "c403010203" + _text("GUID") + _text("00010203-0405-0607-0706-050403020100")
                  + _text("DateTime") + "d6ff386d4380")


@script(own=True)
async def upload(s):
    a = await _open(s)
    await _say(a, "96 01 80 a1 31" + _text("StreamingConcat") + "90 91 a1 75")
    for letter in "xy":
        await _say(a, "94 02 80 a1 75" + _text(letter))
    await _say(a, "94 03 80 a1 75 02")
    await _answer(a, "95 03 80 a1 31 03" + _text("xy"))


@script(own=True)
async def headers_ping_and_unknown_types_are_skipped(s):
    a = await _open(s)
    await _say(a, "91 06")
    await _say(a, "91 2a")
    await _say(a, "96 01 81 a1 61 a1 62 a1 31" + _text("Echo") + "91 a1 78 90")
    await _answer(a, "95 03 80 a1 31 03 a1 78")


@script(own=True)
async def close_in_two_and_three(s):
    for close in ("92 07 c0", "93 07 c0 c2"):
        a = await _open(s)
        await _say(a, close)
        await _answer(a, "93 07 c0 c2")


@script(own=True)
async def bad_bytes_close_with_reconnect(s):
    for bad in ("c1", "90", "a1 78", "91 a1 78", "92 01 80", "95 03 80 a1 31 09 c0", "93 01 81 a1 61"):
        a = await _open(s)
        await _say(a, bad)
        data = await _bytes(a, 1)
        size = data[0] if data[0] < 0x80 else (data[0] & 0x7F) | ((await _bytes(a, 1))[0] << 7)
        body = await _bytes(a, size)
        if body[:2] != b"\x93\x07" or body[-1:] != b"\xc3" or b"Connection closed with an error." not in body:
            raise Wrong(f"{bad}: {body!r}")


@script(own=True)
async def every_cut(s):
    a = await _open(s)
    for byte in _framed(bytes.fromhex(_call("Echo", _text("hi")).replace(" ", ""))):
        await a.post(bytes([byte]), opcode=wire.BINARY)
        await asyncio.sleep(0)
    await _answer(a, "95 03 80 a1 31 03" + _text("hi"))


@script(own=True)
async def not_over_sse(s):
    a = await s.open("/testhub", "sse")
    await a.post(SHAKE)
    kind, text = await a.event()
    wanted = ('{"error":"Cannot use the \'messagepack\' protocol on the current transport. '
              'The transport does not support \'Binary\' transfer format."}')
    if text != wanted:
        raise Wrong(f"{kind} {text}")


@script(own=True)
async def mixed_with_json(s):
    """One group, two protocols."""
    group = s.name("group")
    b = await s.connect(label="b")
    await b.call("Join", group)
    a = await s.open("/conformance")
    a.channel.raw = True
    await a.post(SHAKE)
    await _expect(a, b"{}\x1e")
    await _say(a, _call("Join", _text(group)))
    await _answer(a, "95 03 80 a1 31 03 c0")
    await b.call("SendGroup", group, "x")
    await _answer(a, "96 01 80 c0 a7" + b"Message".hex() + "91 a1 78 90")


@script(own=True)
async def cancelled_stream(s):
    a = await _open(s)
    await _say(a, _call("InfiniteStream", kind="04"))
    await _say(a, "93 05 80 a1 31")
    wanted = {_framed(bytes.fromhex(text.replace(" ", ""))) for text in (
        "94 03 80 a1 31 02", "96 01 80 c0 ae" + b"StreamCanceled".hex() + "90 90")}
    got = await _bytes(a, sum(map(len, wanted)))
    if not any(got.startswith(one) and got.endswith(other) for one in wanted for other in wanted - {one}):
        raise Wrong(got.hex(" "))


@script(own=True)
async def client_result(s):
    """The request's id is the server's choice: s and digits."""
    a = await s.open("/conformance")
    a.channel.raw = True
    await a.post(SHAKE)
    await _expect(a, b"{}\x1e")
    await _say(a, _call("AskCaller"))
    asked = await _bytes(a, (await _bytes(a, 1))[0])
    size = asked[3] & 0x1F
    number, rest = asked[4:4 + size], asked[4 + size:]
    if asked[:3] != b"\x96\x01\x80" or number[:1] != b"s" or rest != b"\xa6Result\x90\x90":
        raise Wrong(asked.hex(" "))
    await _say(a, "95 03 80" + asked[3:4 + size].hex() + "03 07")
    await _answer(a, "95 03 80 a1 31 03 07")


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def _traced(*headers, kind="01", target="GetTraceParent"):
    texts = "".join(_text(text) for pair in headers for text in pair)
    return f"96{kind}8{len(headers)}{texts}a131{_text(target)}9090"


@script(own=True)
async def trace_parent_in_headers(s):
    a = await _open(s, route="/conformance")
    good = ("traceparent", f"00-{TRACE}-{SPAN}-01")
    for headers in ([good], [("x", "1"), good, ("tracestate", "v=1")]):
        await _say(a, _traced(*headers))
        await _answer(a, "95 03 80 a1 31 03" + _text(f"{TRACE}/{SPAN}"))
    await _say(a, _traced(good, kind="04", target="StreamTraceParent"))
    await _answer(a, "94 02 80 a1 31" + _text(f"{TRACE}/{SPAN}"))
    await _answer(a, "94 03 80 a1 31 02")


@script(own=True)
async def no_trace_parent(s):
    a = await _open(s, route="/conformance")
    for headers in ([], [("x", "1")], [("traceparent", f"00-{TRACE}-{SPAN}-0")], [("TraceParent", f"00-{TRACE}-{SPAN}-01")]):
        await _say(a, _traced(*headers))
        await _answer(a, "95 03 80 a1 31 03 c0")


@script(own=True)
async def header_that_is_no_text(s):
    """The reference's texts for what is not a text, and for an empty one."""
    for header, text in (("a178 01", "Reading 'headers[0].Value' as String failed."),
                         ("a178 a0", "Null or empty value in header."), ("c0 a178", "Null or empty key in header.")):
        a = await _open(s, route="/conformance")
        await _say(a, "96 01 81" + header + "a131" + _text("GetTraceParent") + "9090")
        wanted = "93 07" + _text(f"Connection closed with an error. InvalidDataException: {text}") + "c3"
        await _answer(a, wanted)
