"""M.* masking, L.* lengths and limits, S.* slow and cut input, F.* floods (RFC 6455 5, 10.4)."""
import asyncio

import wire
from suite import Cases, Stopwatch, all_of, compare, exchange, refused, still_serves
from wire import BINARY, CONTINUATION, NO_MASK, PING, PONG, TEXT, Failed, frame, text

CASES = Cases()
KIB, MIB = 1 << 10, 1 << 20
HELLO = b"Hello, world!"
PROBLEM = (1002,)


def masking():
    def add(title, run):
        CASES.add("M.", title, run)

    def plain(opcode, payload=HELLO, **more):
        return frame(opcode, payload, mask=NO_MASK, **more)

    for opcode in (TEXT, BINARY, PING, PONG):
        add(f"unmasked {wire.NAMES[opcode]}", refused(plain(opcode)))
    add("unmasked empty text", refused(plain(TEXT, b"")))
    add("unmasked empty ping", refused(plain(PING, b"")))
    add("unmasked close", refused(plain(wire.CLOSE, wire.close_payload(1000))))
    add("unmasked empty close", refused(plain(wire.CLOSE, b"")))
    add("unmasked 126 bytes", refused(plain(BINARY, bytes(126))))
    add("unmasked 65536 bytes", refused(plain(BINARY, bytes(65536))))
    add("masked, then unmasked", refused([text(b"one"), plain(TEXT)], expected=[("text", b"one")], tolerated=[]))
    add("unmasked first fragment", refused(plain(TEXT, fin=False)))
    add("unmasked second fragment", refused(frame(TEXT, b"one", fin=False) + plain(CONTINUATION)))
    add("unmasked ping between fragments", refused(frame(TEXT, b"one", fin=False) + plain(PING)))
    for mask in (bytes(4), b"\xff" * 4, b"\x00\x00\x00\x01", b"\x81\x85\x88\x89"):
        add(f"key {mask.hex()}", exchange(frame(BINARY, bytes(range(256)), mask=mask),
                                          [("binary", bytes(range(256)))]))
    add("a key that turns the payload into zeros", exchange(frame(BINARY, b"\x12\x34\x56\x78" * 9,
                                                                  mask=b"\x12\x34\x56\x78"),
                                                            [("binary", b"\x12\x34\x56\x78" * 9)]))
    add("every length to 300: the key starts anew with each frame", every_length(range(301)))
    add("every length to 70 in pieces of three: the key goes on over cuts", every_length(range(71), chop=3))
    add("fragments of every length to 40", fragments_of_every_length)


def every_length(sizes, chop=0):
    async def run(context):
        payloads = [bytes((at * 7 + size) & 0xFF for at in range(size)) for size in sizes]
        data = b"".join(frame(BINARY, payload) for payload in payloads)
        await exchange(data, [("binary", payload) for payload in payloads], chop)(context)
    return run


async def fragments_of_every_length(context):
    parts = [bytes([size]) * size for size in range(41)]
    await exchange(b"".join(wire.fragments(BINARY, parts)), [("binary", b"".join(parts))])(context)


def lengths():
    def add(title, run):
        CASES.add("L.", title, run)

    for form, size in ((16, 0), (16, 1), (16, 125), (64, 0), (64, 125), (64, 126), (64, 65535)):
        add(f"{size} bytes announced with {form} bits", refused(frame(BINARY, bytes(size), form=form)))
    for size in (125, 126, 127, 65535, 65536, 65537):
        add(f"{size} bytes as two messages in a row", exchange(frame(BINARY, b"\x01" * size) * 2,
                                                              [("binary", b"\x01" * size)] * 2))
    for size in (1 << 63, (1 << 63) + 5, (1 << 64) - 1):
        add(f"length {size:#x}: the top bit is reserved",
            refused(frame(BINARY, HELLO, form=64, announce=size), (1002, 1009)))
    for size in ((1 << 63) - 1, 1 << 40, 1 << 32):
        add(f"length {size:#x} is announced", refused(frame(BINARY, HELLO, announce=size), (1009,)))
        add(f"length {size:#x} is announced by a continuation",
            refused(frame(BINARY, HELLO, fin=False) + frame(CONTINUATION, HELLO, announce=size), (1009,)))
    for opcode in (PING, PONG, wire.CLOSE):
        name = wire.NAMES.get(opcode, "close")
        payload = wire.close_payload(1000) + b"a" * 124 if opcode == wire.CLOSE else b"a" * 126
        add(f"{name} of 126 bytes", refused(frame(opcode, payload)))
        add(f"{name} of 5 bytes announced with 16 bits", refused(frame(opcode, payload[:5], form=16)))
        add(f"{name} of 5 bytes announced with 64 bits", refused(frame(opcode, payload[:5], form=64)))
        add(f"{name} that announces 2^40 bytes", refused(frame(opcode, payload[:5], announce=1 << 40)))
    for kind, opcode in (("text", TEXT), ("binary", BINARY)):
        add(f"{kind} of the largest size", message_limit(opcode, 0, pieces=1))
        add(f"{kind} of the largest size in 17 fragments", message_limit(opcode, 0, pieces=17))
        add(f"{kind} one byte over the limit", message_limit(opcode, 1, pieces=1))
        add(f"{kind} one byte over the limit in 17 fragments", message_limit(opcode, 1, pieces=17))
    add("a message over the limit is refused by its announcement", over_by_announcement)
    add("as many fragments as allowed", fragment_limit(0))
    add("one fragment more", fragment_limit(1))
    for at in (1, 3, 5, 9, 13):
        add(f"the client ends after {at} bytes of a frame of 70000", truncated(frame(BINARY, bytes(70000))[:at]))
    add("the client ends inside a payload", truncated(frame(BINARY, bytes(1000))[:500]))
    add("the client ends between fragments", truncated(frame(TEXT, b"one", fin=False)))


def message_limit(opcode, more, pieces):
    async def run(context):
        size = context.expect.need("message_bytes_max") + more
        payload = b"\x2a" * size
        parts = wire.cut(payload, -(-size // pieces))
        data = b"".join(wire.fragments(opcode, parts))
        if more:
            await refused(data, (1009,))(context)
        else:
            await exchange(data, [(wire.NAMES[opcode], payload)], seconds=60)(context)
    return run


async def over_by_announcement(context):
    size = context.expect.need("message_bytes_max") + 1
    await refused(frame(BINARY, b"", announce=size), (1009,))(context)


def fragment_limit(more):
    async def run(context):
        count = context.expect.need("fragments_max") + more
        data = b"".join(wire.fragments(TEXT, [b"a"] * count))
        if more:
            await refused(data, (context.expect.too_many_fragments,))(context)
        else:
            await exchange(data, [("text", b"a" * count)], seconds=60)(context)
    return run


def truncated(data):
    """An end in the middle of a message: no event, no close code of success, and the server lives."""
    async def run(context):
        async with context.open() as client:
            await client.send(data)
            client.half_close()
            if not await client.wait_end():
                raise Failed("the connection is still open")
            client.check_lawful()
            compare(client, [], None)
        await still_serves(context)
    return run


def slow_input():
    def add(title, run, slow=False):
        CASES.add("S.", title, run, slow)

    for title, data, expected in (
            ("text", text(HELLO), [("text", HELLO)]),
            ("empty text", text(b""), [("text", b"")]),
            ("binary of 126 bytes", frame(BINARY, bytes(126)), [("binary", bytes(126))]),
            ("binary of 65536 bytes, in pieces of 11", frame(BINARY, bytes(65536)), [("binary", bytes(65536))]),
            ("fragments with a ping", b"".join([frame(TEXT, b"a", fin=False), frame(PING, b"p"),
                                                frame(CONTINUATION, b"b")]), [("pong", b"p"), ("text", b"ab")]),
            ("three messages", text(b"1") + text(b"2") + text(b"3"), [("text", each) for each in (b"1", b"2", b"3")])):
        add(f"{title}, byte by byte", exchange(data, expected, chop=11 if len(data) > 60000 else 1))
    add("the close frame, byte by byte", close_in_drops)
    add("a stream of ten frames cut at every place", cut_everywhere)
    add("each byte of a frame with a pause of 20 ms", paused(text(HELLO), ("text", HELLO), 0.02))
    add("fragments with pauses, within the deadline", slow_fragments, slow=True)
    for title, data in (("half a header", text(HELLO)[:1]), ("a header without its key", text(HELLO)[:4]),
                        ("half a payload", text(HELLO)[:12]), ("half a ping", frame(PING, HELLO)[:9]),
                        ("a message that is not continued", frame(TEXT, HELLO, fin=False))):
        add(f"{title}, then nothing: the deadline", deadline(data), slow=True)
    add("a message in drops: the deadline does not move", deadline(frame(BINARY, bytes(2000)), chop=1, pause=0.2),
        slow=True)
    add("empty fragments in drops: the deadline does not move",
        deadline(frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"", fin=False) * 200, chop=6, pause=0.2),
        slow=True)
    add("pings inside an open message do not move its deadline",
        deadline(frame(TEXT, b"a", fin=False) + frame(PING) * 200, chop=6, pause=0.2), slow=True)
    add("a connection without an open message outlives the deadline", idle, slow=True)


async def close_in_drops(context):
    async with context.open() as client:
        client.close_sent = True
        await client.send(wire.close(1000, b"bye"), chop=1, pause=0.005)
        await client.closed((1000,))


async def cut_everywhere(context):
    """One connection for each place, eight at once."""
    frames = [text(b"a"), frame(PING, b"p"), frame(TEXT, b"b", fin=False), frame(PONG, b"q"),
              frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, "\u20ac".encode()), frame(BINARY, bytes(126)),
              text(b""), frame(PING), text(b"z")]
    expected = [("text", b"a"), ("pong", b"p"), ("text", "b\u20ac".encode()), ("binary", bytes(126)),
                ("text", b""), ("pong", b""), ("text", b"z")]
    data, places = b"".join(frames), asyncio.Semaphore(8)

    async def at(place):
        async with places, context.open() as client:
            await client.send([data[:place]])
            await asyncio.sleep(0.003)
            await client.send(data[place:])
            await client.wait_events(len(expected))
            client.check_lawful()
            if without_early_pongs(client.events) != without_early_pongs(expected):
                raise Failed(f"cut at {place}: {wire.show_events(client.events)}")
    await all_of(at(place) for place in range(1, len(data)))


def without_early_pongs(events):
    """RFC 6455 5.5.3: only the newest ping needs a pong; where a pong stands between messages is free."""
    return [event for event in events if event[0] != "pong"], [event for event in events if event[0] == "pong"][-1:]


def paused(data, event, pause):
    async def run(context):
        async with context.open() as client:
            await client.send(data, chop=1, pause=pause)
            await client.wait_events(1)
            compare(client, [event], None)
            await client.goodbye()
    return run


async def slow_fragments(context):
    seconds = context.expect.need("message_deadline")
    parts = [b"slow%d" % number for number in range(5)]
    async with context.open() as client:
        await client.send(wire.fragments(TEXT, parts), pause=seconds * 0.6 / len(parts))
        await client.wait_events(1)
        compare(client, [("text", b"".join(parts))], None)
        await client.goodbye()


def deadline(data, chop=0, pause=0):
    async def run(context):
        seconds = context.expect.need("message_deadline")
        async with context.open() as client:
            watch = Stopwatch()
            sending = asyncio.create_task(client.send(data, chop, pause))
            try:
                ended = await client.until(lambda: client.close or client.ended, seconds + context.patience)
                if not ended:
                    raise Failed(f"still open {watch.seconds:.1f} s after the message began")
                if watch.seconds < seconds - 1:
                    raise Failed(f"closed after {watch.seconds:.1f} s, the deadline is {seconds} s")
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            client.check_lawful()
            if any(kind in ("text", "binary") for kind, _ in client.events):
                raise Failed("an incomplete message was answered")
    return run


async def idle(context):
    seconds = context.expect.need("message_deadline")
    async with context.open() as client:
        await client.echo(TEXT, b"before")
        if await client.until(lambda: client.close or client.ended, seconds + 2):
            raise Failed(f"closed: {client.close}")
        await client.echo(TEXT, b"after")
        await client.goodbye()


def floods():
    def add(title, run):
        CASES.add("F.", title, run, alone=True)

    add("20,000 pings, all pongs are read", flood_of_pings(b"", 20000))
    add("5,000 pings of 125 bytes", flood_of_pings(b"p" * 125, 5000))
    add("pings without end, no pong is read", unread(frame(PING, b"p" * 125) * 512))
    add("messages without end, no echo is read", unread(frame(BINARY, bytes(64 * KIB))))
    add("tiny messages without end, no echo is read", unread(text(b"a" * 10) * 8192))
    add("20,000 pongs", flood(frame(PONG, b"p") * 20000))
    add("10,000 empty messages", exchange(text(b"") * 10000, [("text", b"")] * 10000, seconds=30))
    add("10,000 messages of a byte", exchange(text(b"a") * 10000, [("text", b"a")] * 10000, seconds=30))
    add("a message of 50,000 fragments of a byte",
        exchange(lambda: b"".join(wire.fragments(TEXT, [b"a"] * 50000)), [("text", b"a" * 50000)], seconds=30))
    add("a message of 50,000 empty fragments",
        exchange(lambda: b"".join(wire.fragments(TEXT, [b""] * 50000)), [("text", b"")], seconds=30))
    add("a ping in front of each of 2,000 fragments", pings_between_fragments)
    add("1,000 close frames", many_closes)
    add("300 connections at once", many_connections)
    add("500 connections that are reset after the handshake", resets(b""))
    add("500 connections that are reset inside a frame", resets(frame(BINARY, bytes(70000))[:5000]))
    add("200 sockets that say nothing", silent_sockets)
    add("noise instead of frames, 60 times", noise)
    add("messages of all sizes mixed with pings, both ways at once", mixed)


def flood_of_pings(payload, count):
    async def run(context):
        async with context.open() as client:
            await client.send(frame(PING, payload) * (count - 1) + frame(PING, b"the last"))
            if not await client.until(lambda: client.ended or ("pong", b"the last") in client.events[-1:], 30):
                raise Failed("no pong for the newest ping")
            client.check_lawful()
            if len(client.events) > count or any(event not in (("pong", payload), ("pong", b"the last"))
                                                 for event in client.events):
                raise Failed(f"got {wire.show_events(client.events)}")
            client.events.clear()
            await client.echo(TEXT, b"after the flood")
            await client.goodbye()
    return run


def flood(data):
    async def run(context):
        async with context.open() as client:
            await client.send(data)
            await client.echo(TEXT, b"after the flood")
            await client.goodbye()
    return run


def unread(data, settle=1.5):
    """A peer that sends and does not read: the server has to stop taking, or drop what it may drop, or close.
    Taking all and keeping all the answers would let any peer fill the memory."""
    async def run(context):
        limit = context.expect.need("unread_bytes_max")
        async with context.open(receive_buffer=16 * KIB, reads=False) as client:
            sent, stopped, watch = 0, False, Stopwatch()
            while sent < limit and not stopped and watch.seconds < 20:
                sending = asyncio.create_task(client.send(data))
                done, _ = await asyncio.wait([sending], timeout=settle)
                if not done:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
                sent += len(data)
                stopped = not done or client.is_closing()
            if not stopped:
                client.read()
                await client.until(lambda: client.ended, 3)
                kept = sum(len(payload) + 2 for _, payload in client.events)
                if kept > sent // 4:
                    raise Failed(f"took {sent} bytes of a peer that read nothing, and kept {kept} bytes for it")
        await still_serves(context)
    return run


async def pings_between_fragments(context):
    count = 2000
    data = []
    for part in wire.fragments(TEXT, [b"a"] * count):
        data += [frame(PING, b"%d" % (len(data) // 2)), part]
    async with context.open() as client:
        await client.send(b"".join(data))
        if not await client.until(lambda: client.ended or any(kind == "text" for kind, _ in client.events), 20):
            raise Failed("no echo")
        client.check_lawful()
        numbers = [int(payload) for kind, payload in client.events if kind == "pong"]
        if numbers != sorted(set(numbers)) or not numbers or ("text", b"a" * count) not in client.events:
            raise Failed(f"got {wire.show_events(client.events)}")
        if not await client.until(lambda: ("pong", b"%d" % (count - 1)) in client.events):
            raise Failed("no pong for the newest ping")
        await client.goodbye()


async def many_closes(context):
    async with context.open() as client:
        client.close_sent = True
        await client.send(wire.close(1000) * 1000)
        await client.closed((1000,))


async def many_connections(context):
    async def one(number, barrier):
        async with context.open() as client:
            await barrier.wait()
            await client.echo(TEXT, b"connection %d" % number)
            await client.goodbye()
    barrier = asyncio.Barrier(300)
    await all_of(one(number, barrier) for number in range(300))


def resets(data):
    async def run(context):
        places = asyncio.Semaphore(32)

        async def one():
            async with places, context.open() as client:
                await client.send(data)
                client.reset()
        await all_of(one() for _ in range(500))
        await still_serves(context)
    return run


async def silent_sockets(context):
    sockets = await asyncio.gather(*(context.target.connect() for _ in range(200)))
    try:
        await still_serves(context)
    finally:
        for _, writer in sockets:
            writer.transport.abort()


async def noise(context):
    """Whatever comes, the server's frames stay lawful, and a connection whose client ends, ends."""
    async def one(data):
        async with context.open() as client:
            await client.send(data)
            client.half_close()
            if not await client.wait_end(20):
                raise Failed(f"still open after {data[:16].hex()}")
            client.check_lawful()
    generator = wire.random.Random(10_4)
    await all_of(one(generator.randbytes(generator.choice((1, 2, 7, 64, 4096)))) for _ in range(60))
    await still_serves(context)


async def mixed(context):
    generator = wire.random.Random(5)
    sizes = [generator.choice((0, 1, 125, 126, 4000, 65535, 65536, 200000)) for _ in range(120)]
    payloads = [generator.randbytes(size) for size in sizes]
    data = b"".join(frame(BINARY, payload) + frame(PING, b"%d" % number) for number, payload in enumerate(payloads))
    async with context.open() as client:
        await client.send(data, chop=50000)
        expected = [("binary", payload) for payload in payloads]
        await client.until(lambda: client.ended or
                           sum(kind == "binary" for kind, _ in client.events) == len(expected), 30)
        client.check_lawful()
        if [event for event in client.events if event[0] == "binary"] != expected:
            raise Failed(f"got {wire.show_events(client.events)}")
        await client.goodbye()


for chapter in (masking, lengths, slow_input, floods):
    chapter()
