"""The server stops. Each of these gets a server of its own. (What a poll of the reference meets then is chance.)"""
from registry import on_transports, script


@on_transports("ws", "sse", process=True)
async def idle(s, transport):
    a = await s.connect(transport=transport)
    await a.alive()
    s.stop_server()
    await a.finish(40)


@script(process=True)
async def a_call_runs(s):
    a = await s.connect()
    await a.start("Wait", s.name("gate"), "x")
    await a.receive()
    s.stop_server()
    await a.finish(40)


@script(process=True)
async def stateful(s):
    token = await s.token("/stateful", "negotiateVersion=1&useStatefulReconnect=true")
    a = await s.connect("/stateful", token=token, version=2)
    await a.alive()
    await a.receive()
    s.stop_server()
    await a.finish(40)
