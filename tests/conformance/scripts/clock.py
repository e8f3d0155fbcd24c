"""Pings, the client timeout, slow readers."""
import asyncio
import time

from registry import script
from session import PING, PINGS, invocation, message_of


@script(waits=True, json_only=True)
async def pings_come(s):
    """/short pings every second, over WebSockets and Server-Sent Events."""
    for transport in ("ws", "sse"):
        a = await s.connect("/short", transport)
        a.show_pings = True
        began = time.monotonic()
        await a.receive(2)
        s.note(f"two within 5 s: {time.monotonic() - began < 5}")


@script(waits=True)
async def pings_come_beside_traffic(s):
    a = await s.connect("/short")
    a.show_pings = True
    pings, end = 0, time.monotonic() + 5
    while time.monotonic() < end:
        await a.send_quietly(invocation("Echo", "x"))
        try:
            pings += (await a.channel.next(0.2))[1] in PINGS
        except asyncio.TimeoutError:
            pass
    s.note(f"pings came: {pings >= 2}")


@script(waits=True, json_only=True)
async def no_pings_over_long_polling(s):
    token = await s.token("/short")
    url = f"/short?id={token}"
    await s.http("GET", url)
    await s.http("POST", url, body=b'{"protocol":"json","version":1}\x1e')
    await s.http("GET", url)
    for _ in range(2):
        await s.http("GET", url)


@script(waits=True)
async def client_that_never_pings_lives(s):
    a = await s.connect("/short")
    await asyncio.sleep(6)
    await a.alive()


@script(waits=True)
async def silence_after_a_ping(s):
    key = s.name("note")
    a = await s.connect("/short", query=f"note={key}")
    await a.send(PING)
    began = time.monotonic()
    await a.finish()
    s.note(f"after 3 s: {2.5 < time.monotonic() - began < 9}")
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script(waits=True, json_only=True)
async def silence_after_a_ping_sse(s):
    a = await s.connect("/short", "sse")
    await a.send(PING)
    await a.finish()


@script(waits=True)
async def silence_after_a_ping_long_polling(s):
    """Is the client timeout on for Long Polling?"""
    a = await s.connect("/short", "lp")
    await a.send(PING)
    await a.finish()


@script(waits=True)
async def messages_count_as_pings(s):
    a = await s.connect("/short")
    await a.send(PING)
    for _ in range(6):
        await asyncio.sleep(1)
        await a.send_quietly(invocation("Echo", "x"))
    await a.alive()


@script(waits=True)
async def pings_keep_alive(s):
    a = await s.connect("/short")
    for _ in range(7):
        await a.send_quietly(PING)
        await asyncio.sleep(1)
    await a.alive()


@script(waits=True, json_only=True)
async def half_a_message_does_not_count(s):
    a = await s.connect("/short")
    await a.send(PING)
    for byte in b'{"type":1,"inv':
        try:
            await a.post(bytes([byte]))
        except OSError:
            break
        await asyncio.sleep(0.5)
    await a.finish()


@script(waits=True)
async def slow_method_with_pings(s):
    gate = s.name("gate")
    a, b = await s.connect("/short"), await s.connect(label="b")
    await a.send(PING, invocation("Wait", gate, "slow", number="1"))
    await a.receive()
    for _ in range(6):
        await asyncio.sleep(1)
        await a.send_quietly(PING)
    await b.call("Open", gate)
    await a.receive()


@script(waits=True)
async def waiting_messages_stop_the_clock(s):
    """While a second call waits for its turn nothing is read, and the client is not blamed."""
    gate = s.name("gate")
    a, b = await s.connect("/short"), await s.connect(label="b")
    await a.send(PING, invocation("Wait", gate, "slow", number="1"), invocation("Echo", "second", number="2"))
    await a.receive()
    await asyncio.sleep(6)
    await b.call("Open", gate)
    await a.receive(2)


@script(waits=True)
async def stalled_reader_is_dropped(s):
    """/short gives a write 2 s. The other connection gets its answers all the time."""
    key = s.name("note")
    a, b = await s.connect("/short", query=f"note={key}"), await s.connect("/short", label="b")
    number = await a.ask("GetConnectionId")
    a.channel.reading.clear()
    await b.send('{"type":1,"target":"FillOther","arguments":["%s",3000,10000]}' % number)
    c = await s.connect(label="c")
    await c.call("ReadNote", key)
    began = time.monotonic()
    await c.call("ReadNote", key)
    s.note(f"in time: {time.monotonic() - began < 12}")


@script(waits=True)
async def slow_reader_is_not_dropped(s):
    """A reader that takes all in the end loses nothing."""
    a = await s.connect()
    a.channel.reading.clear()
    await a.send_quietly(invocation("Fill", 300, 10000, number="1"))
    await asyncio.sleep(2)
    a.channel.reading.set()
    count = 0
    while True:
        kind, text = await a.event()
        if kind != "record" or message_of(text)["type"] == 3:
            break
        count += 1
    a.log(kind, text)
    s.note(f"{count} messages")


@script(waits=True, json_only=True)
async def stalled_event_stream_is_dropped(s):
    key = s.name("note")
    a, b = await s.connect("/short", "sse", query=f"note={key}"), await s.connect("/short", label="b")
    number = await a.ask("GetConnectionId")
    a.channel.reading.clear()
    await b.send('{"type":1,"target":"FillOther","arguments":["%s",3000,10000]}' % number)
    c = await s.connect(label="c")
    await c.call("ReadNote", key)
    began = time.monotonic()
    await c.call("ReadNote", key)
    s.note(f"in time: {time.monotonic() - began < 12}")


@script(waits=True)
async def stalled_member_does_not_stop_the_others(s):
    """The sender waits for the stalled member; the other member does not."""
    group = s.name("group")
    a, b, c = [await s.connect(label=label) for label in "abc"]
    await a.call("Join", group)
    await b.call("Join", group)
    number = await a.ask("GetConnectionId")
    a.channel.reading.clear()
    await b.send('{"type":1,"target":"FillOther","arguments":["%s",3000,10000]}' % number)
    # How long it takes until a's buffers are full is the machine's affair.
    for attempt in range(20):
        await c.send_quietly('{"type":1,"invocationId":"%d","target":"SendGroup","arguments":["%s","x"]}' % (attempt, group))
        received = await b.event()
        kind, _ = await c.event(1)
        if kind == "silence":
            break
        await asyncio.sleep(0.5)
    b.log(*received)
    s.note(f"the sender waits: {kind == 'silence'}")
