"""Stateful reconnect."""
import asyncio
import json

from registry import script
from session import Silence, invocation, message_of

QUERY = "negotiateVersion=1&useStatefulReconnect=true"


async def _connect(s, version=2, query="", label="a", **options):
    token = await s.token("/stateful", QUERY)
    return token, await s.connect("/stateful", token=token, version=version, query=query, label=label, **options)


async def _again(s, token, label="a2", first='{"type":9,"sequenceId":1}'):
    """A second socket for the same connection: no handshake."""
    a = await s.open("/stateful", token=token, label=label)
    if a is None:
        raise Silence
    if first:
        await a.send(first)
    return a


async def _acked(a):
    """Logs everything to the next Ack."""
    while message_of(await a.receive())["type"] != 8:
        pass


@script
async def negotiated(s):
    await s.http("POST", f"/stateful/negotiate?{QUERY}")
    _, a = await _connect(s)
    await a.call("Echo", "x")


@script(waits=True)
async def acks_come(s):
    """Within a second or so; only messages of types 1 to 5 count."""
    _, a = await _connect(s)
    await a.send('{"type":6}', invocation("EchoInt", 1, number="1"), '{"type":6}',
                 invocation("EchoInt", 2, number="2"))
    await a.receive(2)
    await _acked(a)
    await a.send('{"type":5,"invocationId":"x"}', '{"type":3,"invocationId":"x"}',
                 '{"type":2,"invocationId":"x","item":1}')
    await _acked(a)
    await a.nothing(2.5)


@script(waits=True)
async def no_acks_in_version_1(s):
    _, a = await _connect(s, version=1)
    await a.call("Echo", "x")
    await a.nothing(2.5)


@script
async def version_1_is_not_resumed(s):
    key = s.name("note")
    token, a = await _connect(s, version=1, query=f"note={key}")
    a.drop()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await asyncio.sleep(0.5)
    await s.open("/stateful", token=token, label="a2")


@script
async def resumed(s):
    """Unacked messages come again behind Sequence; the hub does not notice."""
    key = s.name("note")
    token, a = await _connect(s, query=f"note={key}")
    await a.call("Next")
    await a.call("Next")
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":3}')
    await a.receive(3)
    await a.call("Next")
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def same_id_and_groups(s):
    group = s.name("group")
    token, a = await _connect(s)
    before = await a.ask("GetConnectionId")
    await a.call("Join", group)
    await a.send('{"type":8,"sequenceId":2}')
    await asyncio.sleep(0.3)
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":3}')
    await a.receive()
    s.note(f"same id: {await a.ask('GetConnectionId') == before}")
    await a.call("SendGroup", group, "x")


@script
async def acked_messages_do_not_come_again(s):
    token, a = await _connect(s)
    for i in range(3):
        await a.call("EchoInt", i)
    await a.send('{"type":8,"sequenceId":2}')
    await asyncio.sleep(0.5)
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":4}')
    await a.receive(2)
    await a.call("EchoInt", 3)


@script
async def nothing_unacked(s):
    token, a = await _connect(s)
    await a.call("EchoInt", 0)
    await a.send('{"type":8,"sequenceId":1}')
    await asyncio.sleep(0.5)
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":2}')
    await a.receive()


@script
async def messages_of_the_gap_come(s):
    token, a = await _connect(s)
    b = await s.connect("/stateful", label="b")
    number = await a.ask("GetConnectionId")
    await a.send('{"type":8,"sequenceId":1}')
    await asyncio.sleep(0.3)
    a.drop()
    await asyncio.sleep(0.3)
    for text in ("one", "two"):
        await b.send('{"type":1,"target":"SendClient","arguments":["%s","%s"]}' % (number, text))
    await asyncio.sleep(0.2)
    a = await _again(s, token, first='{"type":9,"sequenceId":2}')
    await a.receive(3)


@script
async def resent_messages_are_not_served_twice(s):
    token, a = await _connect(s)
    await a.call("Next")
    await a.call("Next")
    await a.send('{"type":8,"sequenceId":2}')
    await asyncio.sleep(0.3)
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":1}')
    await a.send(invocation("Next", number="old1"), invocation("Next", number="old2"),
                 invocation("Next", number="new"))
    await a.receive()
    await a.until("new")


@script
async def sequence_goes_back_only_as_far_as_told(s):
    token, a = await _connect(s)
    for _ in range(3):
        await a.call("Next")
    await a.send('{"type":8,"sequenceId":3}')
    await asyncio.sleep(0.3)
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":3}')
    await a.send(invocation("Next", number="old"), invocation("Next", number="new"))
    await a.receive()
    await a.until("new")


@script
async def sequence_too_high(s):
    token, a = await _connect(s)
    await a.call("Next")
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":9}')
    await a.finish()


@script
async def messages_before_sequence(s):
    token, a = await _connect(s)
    await a.call("Next")
    await a.send('{"type":8,"sequenceId":1}')
    await asyncio.sleep(0.3)
    a.drop()
    a = await _again(s, token, first=None)
    await a.send(invocation("Next", number="early"))
    await a.receive()
    await a.receive(1, timeout=2)


@script
async def taken_over_while_open(s):
    """The first socket answers the server's close frame: is that the end of the connection?"""
    token, a = await _connect(s)
    await a.call("Next")
    a2 = await _again(s, token, first='{"type":9,"sequenceId":2}')
    await a2.receive(2)
    await a2.call("Next")


@script(waits=True)
async def taken_over_half_open(s):
    """The first socket is open and nobody is there any more: no answer to a close frame."""
    token, a = await _connect(s)
    await a.call("Next")
    a.channel.reading.clear()
    a.channel.polite = False
    a2 = await _again(s, token, first='{"type":9,"sequenceId":2}')
    await a2.receive(2)
    await a2.call("Next")


@script(waits=True)
async def taken_over_three_times(s):
    token, a = await _connect(s)
    for i in range(3):
        a.channel.reading.clear()
        a.channel.polite = False
        a = await _again(s, token, label=f"a{i}", first='{"type":9,"sequenceId":%d}' % (i + 1))
        await a.receive(1 + i)
        await a.call("Next")


@script
async def close_frame_ends_it(s):
    key = s.name("note")
    token, a = await _connect(s, query=f"note={key}")
    a.channel.close_frame()
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await asyncio.sleep(0.3)
    await s.open("/stateful", token=token, label="a2")


@script
async def hub_close_ends_it(s):
    key = s.name("note")
    token, a = await _connect(s, query=f"note={key}")
    await a.send('{"type":7}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await asyncio.sleep(0.3)
    await s.open("/stateful", token=token, label="a2")


@script
async def abort_ends_it(s):
    token, a = await _connect(s)
    await a.send(invocation("Abort"))
    await a.finish()
    await asyncio.sleep(0.5)
    await s.open("/stateful", token=token, label="a2")


@script(json_only=True)
async def bad_message_ends_it(s):
    token, a = await _connect(s)
    await a.send("bad")
    await a.finish()
    await asyncio.sleep(0.5)
    await s.open("/stateful", token=token, label="a2")


@script(waits=True)
async def gap_too_long(s):
    key = s.name("note")
    token, a = await _connect(s, query=f"note={key}")
    await a.call("Next")
    a.drop()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await asyncio.sleep(11)
    await b.call("NotesLeft", key)
    await asyncio.sleep(9)
    await s.open("/stateful", token=token, label="a2")
    await b.call("NotesLeft", key)


@script(waits=True)
async def buffer_full_stops_the_sends(s):
    """100,000 bytes unacked: the next send waits for an Ack."""
    _, a = await _connect(s)
    await a.send(invocation("Fill", 30, 10000, number="1"))
    count = 0
    while True:
        kind, text = await a.event(1.5)
        if kind == "silence":
            break
        count += '"Fill"' in text
    s.note(f"stopped between 9 and 12 of 30: {9 <= count <= 12}")
    acked = count
    await a.send_quietly(json.dumps({"type": 8, "sequenceId": acked}))
    while True:
        kind, text = await a.event()
        if kind != "record" or message_of(text)["type"] == 3:
            break
        if '"Fill"' in text:
            count += 1
            await a.send_quietly(json.dumps({"type": 8, "sequenceId": count}))
    a.log(kind, text)
    s.note(f"{count} in all")


@script
async def stream_goes_on(s):
    gate = s.name("gate")
    token, a = await _connect(s)
    b = await s.connect(label="b")
    await a.send(invocation("Gated", gate, number="1", kind=4))
    await a.receive()
    await a.send('{"type":8,"sequenceId":1}')
    await asyncio.sleep(0.3)
    a.drop()
    await b.call("Open", gate)
    await asyncio.sleep(0.3)
    a = await _again(s, token, first='{"type":9,"sequenceId":2}')
    await a.receive(3)


@script
async def upload_goes_on(s):
    token, a = await _connect(s)
    await a.send(invocation("Sum", number="1", streams=["u"]), '{"type":2,"invocationId":"u","item":1}')
    await a.call("Echo", "sync")
    a.drop()
    a = await _again(s, token, first='{"type":9,"sequenceId":4}')
    await a.receive(2)
    await a.send('{"type":2,"invocationId":"u","item":2}', '{"type":3,"invocationId":"u"}')
    await a.until("1")


@script(json_only=True)
async def other_transports_have_it_not(s):
    token = await s.token("/stateful", QUERY)
    a = await s.connect("/stateful", "sse", token=token, version=2)
    await a.call("Echo", "x")


@script
async def skipped_negotiation_has_it_not(s):
    a = await s.connect("/stateful", version=2)
    await a.call("Echo", "x")
    await a.nothing(2.2)


@script
async def poll_does_not_take_over(s):
    token, a = await _connect(s)
    a.drop()
    await asyncio.sleep(0.2)
    await s.http("GET", f"/stateful?id={token}")
    await s.http("POST", f"/stateful?id={token}", body=b"x")
    await s.http("DELETE", f"/stateful?id={token}")
