"""OnConnected, OnDisconnected, Abort, and the Close that goes with each."""
from registry import on_transports, script
from session import invocation

SHAKE = '{"protocol":"json","version":1}'


async def _ends(s, route, query, transport="ws"):
    key = s.name("note")
    a = await s.open(route, transport, query=f"{query}&note={key}")
    await a.send(SHAKE)
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@on_transports("ws", "sse", "lp")
async def connect_throws(s, transport):
    await _ends(s, "/conformance", "onconnect=throw", transport)


@script
async def connect_throws_nodetail(s):
    await _ends(s, "/nodetail", "onconnect=throw")


@script
async def connect_throws_hub_exception(s):
    await _ends(s, "/conformance", "onconnect=hubexception")


@script
async def connect_throws_hub_exception_nodetail(s):
    await _ends(s, "/nodetail", "onconnect=hubexception")


@script
async def connect_aborts(s):
    key = s.name("note")
    a = await s.open("/conformance", query=f"onconnect=abort&note={key}")
    await a.send(SHAKE)
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@on_transports("ws", "sse", "lp")
async def abort(s, transport):
    key = s.name("note")
    a = await s.connect(transport=transport, query=f"note={key}")
    await a.send(invocation("Abort"))
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def abort_token_fires(s):
    key = s.name("note")
    a, b = await s.connect(), await s.connect(label="b")
    await a.call("NoteOnAbort", key)
    await a.send('{"type":7}')
    await a.finish()
    await b.call("ReadNote", key)


@script
async def abort_token_is_first(s):
    key = s.name("note")
    a, b = await s.connect(query=f"note={key}"), await s.connect(label="b")
    await a.call("NoteOnAbort", key)
    a.drop()
    for _ in range(3):
        await b.call("ReadNote", key)


@script
async def uncreatable(s):
    a = await s.open("/uncreatable")
    await a.send(SHAKE)
    await a.finish()


@script(json_only=True)
async def uncreatable_sse(s):
    a = await s.open("/uncreatable", "sse")
    await a.send(SHAKE)
    await a.finish()


@script
async def end_waits_for_the_running_call(s):
    """OnDisconnected comes after the call that still runs? The order of the notes says."""
    key, gate = s.name("note"), s.name("gate")
    a, b = await s.connect(query=f"note={key}"), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "x", number="1"))
    await a.receive()
    a.drop()
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await b.call("Open", gate)


@script
async def caller_is_gone_in_on_disconnected(s):
    """A send to a connection that is gone reaches nobody and fails nobody."""
    a, b = await s.connect(), await s.connect(label="b")
    gone = await a.ask("GetConnectionId")
    await a.send('{"type":7}')
    await a.finish()
    await b.call("SendClient", gone, "x")


@script
async def close_waits_for_nothing_behind_it(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "x", number="1"))
    await a.receive()
    await a.send('{"type":7}')
    await a.finish()
    await b.call("Open", gate)
