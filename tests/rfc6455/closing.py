"""C.*: the closing handshake (RFC 6455 5.5.1, 7) and U.*: text that is or is not UTF-8 over cuts (8.1)."""
import asyncio

import wire
from autobahn import code_unit, fails_fast
from suite import Cases, all_of, closing, compare, exchange, refused, still_serves
from wire import BINARY, CONTINUATION, PING, TEXT, Failed, NonStrict, frame, text

CASES = Cases()
BYE = wire.close(1000)


def close_codes():
    def add(title, run):
        CASES.add("C.", title, run)

    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3001, 3999, 4000, 4001, 4999):
        add(f"code {code} comes back, or 1000", closing(wire.close(code, b"reason"), (code, 1000)))
    for code in (1012, 1013, 1014):
        add(f"code {code}, registered after the RFC", registered_later(code))
    for code in (0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2500, 2999, 5000, 9999, 32768, 65535):
        add(f"code {code} may not travel", refused(wire.close(code)))
        if code in (0, 1005, 1006, 5000):
            add(f"code {code} with a reason may not travel", refused(wire.close(code, b"reason")))
    add("a payload of one byte", refused(frame(wire.CLOSE, b"\x03")))
    add("a payload of one zero byte", refused(frame(wire.CLOSE, b"\x00")))


def registered_later(code):
    async def run(context):
        async with context.open() as client:
            client.close_sent = True
            await client.send(wire.close(code))
            await client.closed((code, 1000, 1002))
            if client.close[0] == 1002:
                raise NonStrict("refused with 1002: only the codes of the RFC itself are known")
    return run


def close_reasons():
    def add(title, run):
        CASES.add("C.", title, run)

    for title, reason in (("of one byte", b"a"), ("of NULs", bytes(5)), ("of two-byte characters", b"\xc3\xa4" * 61),
                          ("of three-byte characters", "\u20ac".encode() * 41),
                          ("of four-byte characters", "\U0001F600".encode() * 30), ("of 123 bytes", b"r" * 123)):
        add(f"reason {title}", closing(wire.close(1000, reason), (1000,)))
    for title, reason in (("that ends inside a character", b"bye \xe2\x82"), ("with a lone 0x80", b"\x80"),
                          ("with an overlong slash", b"\xc0\xaf"), ("with a surrogate", code_unit(0xD800)),
                          ("beyond U+10FFFF", b"\xf4\x90\x80\x80"), ("with 0xff at its end", b"a" * 122 + b"\xff")):
        add(f"reason {title}", refused(wire.close(1000, reason), (1002, 1007)))


def around_the_close():
    def add(title, run, slow=False):
        CASES.add("C.", title, run, slow)

    add("after close: 100 texts", closing(BYE + text(b"late") * 100, (1000,)))
    add("after close: ping", closing(BYE + frame(PING, b"late"), (1000,)))
    add("after close: a reserved opcode", closing(BYE + frame(3), (1000,)))
    add("after close: noise", closing(BYE + b"\xff" * 300, (1000,)))
    add("after close: another close code", closing(BYE + wire.close(1001), (1000,)))
    add("after close: 1 MiB", closing(BYE + frame(BINARY, bytes(1 << 20)), (1000,)))
    add("close between fragments: no echo", closing(frame(TEXT, b"a", fin=False) + BYE, (1000,)))
    add("close in the middle of a character", closing(frame(TEXT, b"\xe2\x82", fin=False) + BYE, (1000,)))
    add("text and close in one piece: echo first", closing(text(b"first") + BYE, (1000,), [("text", b"first")]))
    add("ping and close in one piece", ping_and_close)
    add("close byte by byte", closing(wire.close(1000, b"slowly"), (1000,), chop=1))
    add("close frame that is fragmented", refused(wire.close(1000, fin=False)))
    add("close frame with RSV 1", refused(wire.close(1000, rsv=4)))
    add("close, and our side ends at once", close_and_end)
    add("our side ends without a close frame", end_only)
    add("our side ends right behind a text", text_and_end)
    add("a reset after the handshake", reset_after(b""))
    add("a reset right behind a text", reset_after(text(b"lost")))
    add("a reset inside a frame", reset_after(text(b"lost")[:5]))
    add("a reset right behind our close", reset_after(BYE))
    add("the server's close is not answered: it ends the connection itself", no_answer)
    add("the server's close is not answered and we go on sending", goes_on_sending)
    add("an error behind an echo: the echo came first", refused(text(b"one") + frame(3), expected=[("text", b"one")],
                                                               tolerated=[]))
    add("200 connections close at the same time", all_close)


async def ping_and_close(context):
    async with context.open() as client:
        client.close_sent = True
        await client.send(frame(PING, b"p") + BYE)
        await client.closed((1000,))
        if client.events == []:
            raise NonStrict("the ping in front of the close frame was not answered")
        compare(client, [("pong", b"p")], None)


async def close_and_end(context):
    async with context.open() as client:
        client.close_sent = True
        await client.send(BYE)
        client.half_close()
        await client.closed((1000,))


async def end_only(context):
    async with context.open() as client:
        client.half_close()
        if not await client.wait_end():
            raise Failed("the connection is still open")
        client.check_lawful()
        compare(client, [], None)


async def text_and_end(context):
    """The echo may or may not come, nothing else may, and the connection ends."""
    async with context.open() as client:
        await client.send(text(b"last"))
        client.half_close()
        if not await client.wait_end():
            raise Failed("the connection is still open")
        client.check_lawful()
        compare(client, [("text", b"last")] if client.events else [], None)


def reset_after(data):
    async def run(context):
        for _ in range(10):
            async with context.open() as client:
                await client.send(data)
                client.reset()
        await still_serves(context)
    return run


async def no_answer(context):
    async with context.open() as client:
        client.answers_close = False
        await client.send(frame(3))
        await client.failed_by_server((1002,), context.patience * 2)


async def goes_on_sending(context):
    """Bytes behind the error are nobody's: no echo of them, no second close frame."""
    async with context.open() as client:
        client.answers_close = False
        await client.send([frame(3)] + [text(b"more")] * 50)
        await client.failed_by_server((1002,), context.patience * 2)
        compare(client, [], None)


async def all_close(context):
    async def one(barrier):
        async with context.open() as client:
            await barrier.wait()
            await client.goodbye()
    barrier = asyncio.Barrier(200)
    await all_of(one(barrier) for _ in range(200))


def utf8():
    def add(title, run):
        CASES.add("U.", title, run)

    def parts(*payloads):
        return b"".join(wire.fragments(TEXT, list(payloads)))

    face = "\U0001F600".encode()
    for at in (1, 2, 3):
        add(f"a character of four bytes over two fragments, cut at {at}",
            exchange(parts(face[:at], face[at:]), [("text", face)]))
    add("a character of four bytes over four fragments with pings between", exchange(
        b"".join(each for index, one in enumerate(wire.fragments(TEXT, wire.cut(face, 1)))
                 for each in ([frame(PING, b"%d" % index)] if index else []) + [one]),
        [("pong", b"1"), ("pong", b"2"), ("pong", b"3"), ("text", face)], chop=1))
    add("a character over two fragments with empty ones between",
        exchange(parts(face[:2], b"", b"", face[2:]), [("text", face)]))
    add("a byte order mark stays", exchange(text(b"\xef\xbb\xbfa"), [("text", b"\xef\xbb\xbfa")]))
    add("NULs stay", exchange(text(b"a\0b\0"), [("text", b"a\0b\0")]))
    add("all characters of one and two bytes", every_character(0, 0x800))
    add("all characters of three bytes", every_character(0x800, 0x10000))
    add("a sample of the characters of four bytes", every_character(0x10000, 0x110000, 61))
    add("every place in a long text takes a character of three bytes", valid_at_every_place)
    add("every place in a long text refuses 0xff", invalid_at_every_place)
    add("the last byte of 1 MiB is wrong", refused(text(b"a" * ((1 << 20) - 1) + b"\x80"), (1007,)))
    for size in (1, 2, 3):
        add(f"the text ends {size} bytes into a character", refused(text(b"abc" + face[:size]), (1007,)))
        add(f"the fragments end {size} bytes into a character", refused(parts(b"abc", face[:size], b""), (1007,)))
    add("a fragment completes the character wrongly", refused(parts(b"\xe2\x82", b"a"), (1007,)))
    add("a surrogate over three fragments", refused(parts(b"\xed", b"\xa0", b"\x80"), (1007,)))
    add("an overlong slash over two fragments", refused(parts(b"\xc0", b"\xaf"), (1007,)))
    add("beyond U+10FFFF over two fragments", refused(parts(b"\xf4", b"\x90\x80\x80"), (1007,)))
    add("a character may not go on in the next message", refused(text(b"\xe2\x82") + text(b"\xac"), (1007,)))
    add("a broken message behind a good one", refused(text(b"good") + text(b"\xff"), (1007,),
                                                      expected=[("text", b"good")], tolerated=[]))
    for title, pieces in (("a surrogate", [b"ab\xed", b"\xa0", b"\x80"]), ("an overlong form", [b"ab\xe0", b"\x80", b"\x80"]),
                          ("a lone continuation", [b"abc", b"\x80", b"def"])):
        add(f"fail fast over fragments: {title}", fails_fast(wire.fragments(TEXT, pieces)))
    add("fail fast inside a frame whose end is not sent", fails_at_once)
    noise = bytes(range(256))
    add("binary may be anything", exchange(frame(BINARY, noise), [("binary", noise)]))
    add("binary fragments may be anything", exchange(
        b"".join(wire.fragments(BINARY, [b"\xe2", b"\x82", b"\xff"])), [("binary", b"\xe2\x82\xff")]))
    add("text behind binary is checked anew", refused(frame(BINARY, b"\xe2") + text(b"\x82\xac"), (1007,),
                                                      expected=[("binary", b"\xe2")], tolerated=[]))
    add("a pong or ping may be anything", exchange(frame(PING, b"\xff\xfe"), [("pong", b"\xff\xfe")]))
    add("a ping inside a character does not disturb it", exchange(
        frame(TEXT, face[:1], fin=False) + frame(PING, b"\xff") + frame(CONTINUATION, face[1:]),
        [("pong", b"\xff"), ("text", face)]))


def every_character(first, last, step=1):
    async def run(context):
        payload = "".join(chr(point) for point in range(first, last, step)
                          if not 0xD800 <= point < 0xE000).encode()
        await exchange(text(payload), [("text", payload)])(context)
        await exchange(text(payload), [("text", payload)], chop=4093)(context)
    return run


async def valid_at_every_place(context):
    async with context.open() as client:
        for place in range(100):
            await client.echo(TEXT, b"a" * place + "\u20ac".encode() + b"a" * (100 - place))
        await client.goodbye()


async def invalid_at_every_place(context):
    places = asyncio.Semaphore(8)

    async def at(place):
        async with places:
            await refused(text(b"a" * place + b"\xff" + b"a" * (100 - place)), (1007,))(context)
    await all_of(at(place) for place in range(101))


async def fails_at_once(context):
    async with context.open() as client:
        await client.send(text(b"a" * 100 + b"\xff" + b"a" * 100000)[:120])
        if not await client.until(lambda: client.close or client.ended, 1):
            raise NonStrict("waits for the rest of the frame")
        await client.failed_by_server((1007,))


for chapter in (close_codes, close_reasons, around_the_close, utf8):
    chapter()
