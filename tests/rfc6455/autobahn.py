"""The cases 1.* to 10.* of the Autobahn Testsuite's fuzzing client under their numbers, with its expectations.

Written anew from the published case list. Stricter in one way, see README.md: a connection that is dropped
without a close frame counts as NON-STRICT.
"""
import wire
from suite import Cases, compare, closing, ended, exchange, refused
from wire import BINARY, CONTINUATION, PING, PONG, TEXT, Failed, NonStrict, frame, text

CASES = Cases()
OCTETS = 1
HELLO = b"Hello, world!"
KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()
UMLAUTS = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!".encode()
SURROGATE = KOSME + b"\xed\xa0\x80" + b"edited"
MIB = 1 << 20


def framing():
    sizes = (0, 125, 126, 127, 128, 65535, 65536)
    for chapter, opcode, fill in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        kind = wire.NAMES[opcode]
        for number, size in enumerate(sizes, 1):
            payload = fill * size
            CASES.add(f"1.{chapter}.{number}", f"{kind} of {size} bytes",
                      exchange(frame(opcode, payload), [(kind, payload)]))
        payload = fill * 65536
        CASES.add(f"1.{chapter}.8", f"{kind} of 65536 bytes in pieces of 997",
                  exchange(frame(opcode, payload), [(kind, payload)], chop=997))


def pings():
    noise = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    for number, payload, chop in ((1, b"", 0), (2, HELLO, 0), (3, noise, 0), (4, b"\xfe" * 125, 0),
                                  (6, b"\xfe" * 125, OCTETS)):
        CASES.add(f"2.{number}", f"ping of {len(payload)} bytes{' byte by byte' if chop else ''}",
                  exchange(frame(PING, payload), [("pong", payload)], chop))
    CASES.add("2.5", "ping of 126 bytes", refused(frame(PING, b"\xfe" * 126)))
    CASES.add("2.7", "unsolicited pong, empty", exchange(frame(PONG), []))
    CASES.add("2.8", "unsolicited pong", exchange(frame(PONG, b"unsolicited pong payload"), []))
    CASES.add("2.9", "unsolicited pong, then a ping",
              exchange([frame(PONG, b"unsolicited pong payload"), frame(PING, b"ping payload")],
                       [("pong", b"ping payload")]))
    ten = [b"payload-%d" % i for i in range(10)]
    for number, chop in ((10, 0), (11, OCTETS)):
        CASES.add(f"2.{number}", f"ten pings, ten pongs{' byte by byte' if chop else ''}",
                  exchange(b"".join(frame(PING, each) for each in ten), [("pong", each) for each in ten], chop))


def reserved_bits():
    CASES.add("3.1", "text with RSV 1", refused(text(HELLO, rsv=1)))
    for number, rsv, how in ((2, 2, "at once"), (3, 3, "frame by frame"), (4, 4, "byte by byte")):
        frames = [text(HELLO), text(HELLO, rsv=rsv), frame(PING)]
        CASES.add(f"3.{number}", f"text, text with RSV {rsv}, ping, {how}",
                  refused(b"".join(frames) if number != 3 else frames, expected=[("text", HELLO)], tolerated=[],
                          chop=OCTETS if number == 4 else 0))
    CASES.add("3.5", "binary with RSV 5", refused(frame(BINARY, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", rsv=5)))
    CASES.add("3.6", "ping with RSV 6", refused(frame(PING, HELLO, rsv=6)))
    CASES.add("3.7", "close with RSV 7", refused(wire.close(rsv=7)))


def reserved_opcodes():
    for chapter, first in ((1, 3), (2, 11)):
        CASES.add(f"4.{chapter}.1", f"opcode {first}", refused(frame(first)))
        CASES.add(f"4.{chapter}.2", f"opcode {first + 1} with payload",
                  refused(frame(first + 1, b"reserved opcode payload")))
        for number in (3, 4, 5):
            opcode = first + number - 1
            payload = b"" if number == 3 else HELLO
            CASES.add(f"4.{chapter}.{number}", f"text, opcode {opcode}, ping",
                      refused(text(HELLO) + frame(opcode, payload) + frame(PING), expected=[("text", HELLO)],
                              tolerated=[], chop=OCTETS if number == 5 else 0))


def fragmentation():
    part = [b"fragment%d" % i for i in range(1, 6)]

    def ways(numbers, title, frames, make):
        """At once, frame by frame, byte by byte."""
        for number, how, data, chop in zip(numbers, ("at once", "frame by frame", "byte by byte"),
                                           (b"".join(frames), frames, b"".join(frames)), (0, 0, OCTETS)):
            CASES.add(f"5.{number}", f"{title}, {how}", make(data, chop))

    for number, opcode in ((1, PING), (2, PONG)):
        CASES.add(f"5.{number}", f"{wire.NAMES[opcode]} in two fragments",
                  refused([frame(opcode, part[0], fin=False), frame(CONTINUATION, part[1])]))
    two = wire.fragments(TEXT, part[:2])
    whole = ("text", part[0] + part[1])
    ways((3, 4, 5), "text in two fragments", two, lambda data, chop: exchange(data, [whole], chop))
    ways((6, 7, 8), "ping between two fragments", [two[0], frame(PING, b"ping payload"), two[1]],
         lambda data, chop: exchange(data, [("pong", b"ping payload"), whole], chop))
    for numbers, fin in (((9, 10, 11), True), ((12, 13, 14), False)):
        lone = frame(CONTINUATION, b"non-continuation payload", fin=fin)
        ways(numbers, f"continuation of nothing with FIN {int(fin)}, text", [lone, text(HELLO)],
             lambda data, chop: refused(data, chop=chop))
    CASES.add("5.15", "fragmented text, continuation of nothing, text",
              refused(b"".join([*two, frame(CONTINUATION, part[2], fin=False), text(part[3])]),
                      expected=[whole], tolerated=[]))
    for number, fin in ((16, False), (17, True)):
        one = [frame(CONTINUATION, part[0], fin=fin), frame(TEXT, part[1], fin=False),
               frame(CONTINUATION, part[2])]
        CASES.add(f"5.{number}", f"continuation of nothing with FIN {int(fin)}, fragmented text, twice",
                  refused(b"".join(one * 2)))
    CASES.add("5.18", "text in two frames that both begin a message",
              refused(frame(TEXT, part[0], fin=False) + text(part[1])))
    five = wire.fragments(TEXT, part)
    CASES.add("5.19", "five fragments, two pings, a pause", paused_fragments(five, part, joined=True))
    CASES.add("5.20", "five fragments, two pings, a pause, frame by frame",
              paused_fragments(five, part, joined=False))


def paused_fragments(frames, parts, joined):
    pings = [b"pongme 1!", b"pongme 2!"]
    before = [*frames[:2], frame(PING, pings[0])]
    after = [*frames[2:4], frame(PING, pings[1]), frames[4]]

    async def run(context):
        expected = [("pong", pings[0]), ("pong", pings[1]), ("text", b"".join(parts))]
        async with context.open() as client:
            await client.send(b"".join(before) if joined else before)
            if not await client.until(lambda: client.events or client.ended, 1):
                raise Failed("the ping inside the message was not answered while the message was open")
            compare(client, expected[:1], None)
            await client.send(b"".join(after) if joined else after)
            await client.wait_events(3)
            compare(client, expected, None)
            await client.goodbye()
    return run


def utf8_messages():
    middle = b"middle frame payload"
    CASES.add("6.1.1", "empty text", exchange(text(b""), [("text", b"")]))
    CASES.add("6.1.2", "three empty fragments", exchange(wire.fragments(TEXT, [b""] * 3), [("text", b"")]))
    CASES.add("6.1.3", "three fragments, only the middle one is not empty",
              exchange(wire.fragments(TEXT, [b"", middle, b""]), [("text", middle)]))
    CASES.add("6.2.1", "valid UTF-8 in one frame", exchange(text(UMLAUTS), [("text", UMLAUTS)]))
    CASES.add("6.2.2", "valid UTF-8 in two fragments, cut between characters",
              exchange(wire.fragments(TEXT, [UMLAUTS[:12], UMLAUTS[12:]]), [("text", UMLAUTS)]))
    for number, payload in ((3, UMLAUTS), (4, KOSME)):
        CASES.add(f"6.2.{number}", "valid UTF-8 in fragments of one byte",
                  exchange(wire.fragments(TEXT, wire.cut(payload, 1)), [("text", payload)]))
    CASES.add("6.3.1", "invalid UTF-8 in one frame", refused(text(SURROGATE), (1007,)))
    CASES.add("6.3.2", "invalid UTF-8 in fragments of one byte",
              refused(b"".join(wire.fragments(TEXT, wire.cut(SURROGATE, 1))), (1007,)))
    beyond = [[KOSME, b"\xf4\x90\x80\x80", b"edited"], [KOSME + b"\xf4", b"\x90", b"\x80\x80edited"]]
    for number, parts in enumerate(beyond, 1):
        CASES.add(f"6.4.{number}", "fail fast: the second of three fragments is invalid",
                  fails_fast(wire.fragments(TEXT, parts)))
    for number, parts in enumerate(beyond, 3):
        whole = text(b"".join(parts))
        at, pieces = len(whole) - len(b"".join(parts)), []
        for size in map(len, parts[:2]):
            pieces.append(whole[sum(map(len, pieces)):at + size])
            at += size
        CASES.add(f"6.4.{number}", "fail fast: the second of three pieces of a frame is invalid",
                  fails_fast([*pieces, whole[at:]]))


def fails_fast(pieces, wait=1.0):
    async def run(context):
        async with context.open() as client:
            await client.send(pieces[0])
            if await client.until(lambda: client.close or client.ended, 0.3):
                raise Failed("the valid beginning was refused")
            await client.send(pieces[1])
            fast = await client.until(lambda: client.close or client.ended, wait)
            if not fast:
                await client.send(pieces[2])
            await client.failed_by_server((1007,))
            compare(client, [], None)
            if not fast:
                raise NonStrict("failed at the end of the message only")
    return run


def utf8_sequences():
    """6.5 to 6.23: chapters of Markus Kuhn's decoder stress test; (valid, payloads)."""
    lonely = [bytes(byte for lead in range(first, last) for byte in (lead, 0x20))
              for first, last in ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))]
    short = [b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
             b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf"]
    surrogates = [code_unit(unit) for unit in (0xD800, 0xDB7F, 0xDB80, 0xDBFF, 0xDC00, 0xDF80, 0xDFFF)]
    pairs = [code_unit(high) + code_unit(low) for high in (0xD800, 0xDB7F, 0xDB80, 0xDBFF)
             for low in (0xDC00, 0xDFFF)]
    none = [chr(plane << 16 | last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)]
    chapters = [
        ("one character among ASCII", [f"hello{c}world".encode() for c in "\u0024\u00a2\u20ac\U00024b62"] + [KOSME]),
        ("prefix of a text", [KOSME[:size] for size in range(1, len(KOSME) + 1)]),
        ("first of its length", [chr(point).encode() for point in (0, 0x80, 0x800, 0x10000)]),
        ("first of five or six bytes", [b"\xf8\x88" + b"\x80" * 3, b"\xfc\x84" + b"\x80" * 4]),
        ("last of its length", [chr(point).encode() for point in (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)]),
        ("last of four to six bytes", [lead + b"\xbf" * more for lead, more in
                                       ((b"\xf7", 3), (b"\xfb", 4), (b"\xfd", 5))]),
        ("border", [chr(point).encode() for point in (0xD7FF, 0xE000, 0xFFFD, 0x10FFFF)] + [b"\xf4\x90\x80\x80"]),
        ("lone continuation bytes", [b"\x80", b"\xbf"] + [(b"\x80\xbf" * 3)[:size] for size in range(2, 7)]
         + [bytes(range(0x80, 0xBF))]),
        ("lone first bytes", lonely),
        ("last byte missing", short),
        ("all of those in a row", [b"".join(short)]),
        ("impossible bytes", [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        ("overlong slash", [overlong(0x2F, size) for size in range(2, 7)]),
        ("largest overlong", [b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf",
                              b"\xfc\x83\xbf\xbf\xbf\xbf"]),
        ("overlong NUL", [overlong(0, size) for size in range(2, 7)]),
        ("lone surrogate", surrogates),
        ("pair of surrogates", pairs),
        ("noncharacter", none),
        ("special", [chr(point).encode() for point in range(0xFFF9, 0x10000)]),
    ]
    for chapter, (title, payloads) in enumerate(chapters, 5):
        for number, payload in enumerate(payloads, 1):
            valid = is_utf8(payload)
            CASES.add(f"6.{chapter}.{number}", f"{title}: {wire.show(payload, 40)}",
                      exchange(text(payload), [("text", payload)]) if valid else refused(text(payload), (1007,)))


def is_utf8(payload):
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def code_unit(unit):
    """A UTF-16 code unit the way CESU-8 would write it."""
    return chr(unit).encode("utf-8", "surrogatepass")


def overlong(point, size):
    """An ASCII character in `size` bytes."""
    lead = (0xFF00 >> size) & 0xFF
    return bytes([lead] + [0x80] * (size - 2) + [0x80 | point & 0x3F])


def close_handling():
    bye = wire.close(1000)
    CASES.add("7.1.1", "text, close", exchange(text(HELLO), [("text", HELLO)]))
    CASES.add("7.1.2", "close twice", closing(bye + wire.close(1000), (1000,)))
    CASES.add("7.1.3", "ping after close", closing(bye + frame(PING), (1000,)))
    CASES.add("7.1.4", "text after close", closing(bye + text(HELLO), (1000,)))
    CASES.add("7.1.5", "close between two fragments",
              closing(frame(TEXT, b"fragment1", fin=False) + bye + frame(CONTINUATION, b"fragment2"), (1000,)))
    large = text((b"BAsd7&jh23" * 26215)[:256 * 1024])
    CASES.add("7.1.6", "256 KiB, text, close, ping: any lawful end", ended(large + text(HELLO) + bye + frame(PING)))
    CASES.add("7.3.1", "empty close", closing(wire.close(), (1000,)))
    CASES.add("7.3.2", "close of one byte", refused(frame(wire.CLOSE, b"a")))
    CASES.add("7.3.3", "close with a code", closing(bye, (1000,)))
    CASES.add("7.3.4", "close with a reason", closing(wire.close(1000, b"Hello World!"), (1000,)))
    CASES.add("7.3.5", "close with the longest reason", closing(wire.close(1000, b"*" * 123), (1000,)))
    CASES.add("7.3.6", "close with a reason that is too long",
              refused(frame(wire.CLOSE, wire.close_payload(1000, b"*" * 124))))
    CASES.add("7.5.1", "close with a reason that is not UTF-8", refused(wire.close(1000, SURROGATE), (1002, 1007)))
    for number, code in enumerate((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1):
        CASES.add(f"7.7.{number}", f"close with the valid code {code}", closing(wire.close(code), (1000, code)))
    for number, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        CASES.add(f"7.9.{number}", f"close with the invalid code {code}", refused(wire.close(code)))
    for number, code in enumerate((5000, 65535), 1):
        CASES.add(f"7.13.{number}", f"close with code {code}: any lawful end", ended(wire.close(code)))


def limits():
    filling = {TEXT: b"BAsd7&jh23", BINARY: b"\x00\xfe\x23\xfa\xf0\x17\x80\xc1"}

    def payload(opcode, size):
        return (filling[opcode] * (size // len(filling[opcode]) + 1))[:size]

    def whole(opcode, size, chop=0):
        async def run(context):
            sent = payload(opcode, size)
            await exchange(frame(opcode, sent), [(wire.NAMES[opcode], sent)], chop, seconds=60)(context)
        return run

    def fragmented(opcode, size):
        async def run(context):
            sent = payload(opcode, 4 * MIB)
            data = b"".join(wire.fragments(opcode, wire.cut(sent, size)))
            await exchange(data, [(wire.NAMES[opcode], sent)], seconds=60)(context)
        return run

    for text_chapter in (1, 3, 5, 7):
        for opcode in (TEXT, BINARY):
            chapter, kind = text_chapter + (opcode == BINARY), wire.NAMES[opcode]
            if text_chapter == 1:
                for number, size in enumerate((MIB // 16, MIB // 4, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
                    CASES.add(f"9.{chapter}.{number}", f"{kind} of {size} bytes", whole(opcode, size))
            elif text_chapter == 3:
                for number in range(1, 10):
                    size = 16 << 2 * number
                    CASES.add(f"9.{chapter}.{number}", f"{kind} of 4 MiB in fragments of {size}",
                              fragmented(opcode, size))
            elif text_chapter == 5:
                for number in range(1, 7):
                    chop = 32 << number
                    CASES.add(f"9.{chapter}.{number}", f"{kind} of 1 MiB in pieces of {chop}",
                              whole(opcode, MIB, chop))
            else:
                for number, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
                    CASES.add(f"9.{chapter}.{number}", f"1000 round trips of {kind} of {size} bytes",
                              round_trips(opcode, payload(opcode, size)))


def round_trips(opcode, payload):
    async def run(context):
        async with context.open() as client:
            for _ in range(1000):
                await client.echo(opcode, payload)
            client.events.clear()
            await client.goodbye()
    return run


def miscellaneous():
    async def run(context):
        payload = b"*" * 65536
        frames = wire.fragments(TEXT, wire.cut(payload, 1300))
        await exchange(frames, [("text", payload)])(context)
    CASES.add("10.1.1", "text of 65536 bytes in fragments of 1300", run)


for chapter_of_cases in (framing, pings, reserved_bits, reserved_opcodes, fragmentation, utf8_messages,
                         utf8_sequences, close_handling, limits, miscellaneous):
    chapter_of_cases()
