"""Server streams."""
from registry import on_transports, script, table
from session import invocation, message_of

STREAMS = {
    "items_then_completion": ("Count", 3), "none": ("Count", 0), "empty": ("StreamEmpty",),
    "from_channel": ("CountChannel", 3), "from_task": ("CountTask", 3),
    "error_midway": ("CountThenThrow", 2, False), "hub_exception_midway": ("CountThenThrow", 2, True),
    "error_at_first_item": ("CountThenThrow", 0, False), "error_before": ("StreamThrow", "broken"),
    "null": ("StreamNull",),
}


async def _stream(s, call, route="/conformance"):
    a = await s.connect(route)
    await a.stream(*call)
    await a.alive()


async def _stream_nodetail(s, call):
    await _stream(s, call, "/nodetail")


table("streams", STREAMS, _stream)
table("streams_nodetail", {name: STREAMS[name] for name in (
    "error_midway", "hub_exception_midway", "error_before", "null")}, _stream_nodetail)


@on_transports("ws", "sse", "lp")
async def cancelled(s, transport):
    key = s.name("note")
    a, b = await s.connect(transport=transport), await s.connect(label="b")
    await a.send(invocation("Endless", key, number="1", kind=4))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}')
    await a.receive()
    await b.call("ReadNote", key)
    await a.alive()


@script
async def cancelled_twice(s):
    key = s.name("note")
    a = await s.connect()
    await a.send(invocation("Endless", key, number="1", kind=4))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}', '{"type":5,"invocationId":"1"}')
    await a.receive()
    await a.alive()
    await a.call("ReadNote", key)
    await a.call("NotesLeft", key)


@script
async def cancel_while_it_waits(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Gated", gate, number="1", kind=4))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}')
    await b.call("Open", gate)
    await a.until("1")
    await a.alive()


@script
async def cancelled_by_the_end_of_the_connection(s):
    key = s.name("note")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Endless", key, number="1", kind=4))
    await a.receive()
    a.drop()
    await b.call("ReadNote", key)


@script
async def same_id_again(s):
    key = s.name("note")
    a = await s.connect()
    await a.send(invocation("Endless", key, number="1", kind=4))
    await a.receive()
    await a.send(invocation("Count", 1, number="1", kind=4))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}')
    await a.nothing()
    await a.alive()


@script
async def same_id_after_the_end(s):
    a = await s.connect()
    for _ in range(2):
        await a.send(invocation("Count", 1, number="1", kind=4))
        await a.until("1")


@script
async def same_id_as_a_plain_call(s):
    key = s.name("note")
    a = await s.connect()
    await a.send(invocation("Endless", key, number="1", kind=4))
    await a.receive()
    await a.send(invocation("Echo", "x", number="1"))
    await a.receive()


@script
async def two_at_once(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Gated", gate, number="1", kind=4))
    await a.receive()
    await a.send(invocation("Gated", gate, number="2", kind=4))
    await a.receive()
    await b.call("Open", gate)
    await a.receive_sorted(4)


@on_transports("sse", "lp")
async def items_over(s, transport):
    a = await s.connect(transport=transport)
    await a.stream("Count", 5)
    await a.stream("CountThenThrow", 2, True)


@script
async def many(s):
    a = await s.connect()
    await a.send(invocation("Count", 1000, number="1", kind=4))
    wanted = [{"type": 2, "invocationId": "1", "item": i} for i in range(1000)]
    got = [message_of((await a.event())[1]) for _ in wanted]
    s.note(f"all items in order: {got == wanted}")
    await a.receive()
