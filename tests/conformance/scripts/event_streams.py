"""Server-Sent Events."""
from registry import script


@script
async def headers_and_first_bytes(s):
    a = await s.open("/conformance", "sse")
    s.answer(a.channel.answer, ("cache-control", "pragma", "content-encoding"))
    await a.send('{"protocol":"json","version":1}')
    await a.receive()
    s.note(repr(a.channel.bytes.decode()))


@script
async def events(s):
    a = await s.connect(transport="sse")
    before = len(a.channel.bytes)
    await a.call("Echo", "grüße <'&> \n \r\n ende")
    s.note(repr(a.channel.bytes[before:].decode()))


@script
async def abort_ends_the_stream(s):
    a = await s.connect(transport="sse")
    await a.send('{"type":1,"target":"Abort","arguments":[]}')
    await a.finish()


@script
async def error_ends_the_stream(s):
    a = await s.connect(transport="sse")
    await a.send('{"type":1}')
    await a.finish()


@script
async def close_of_the_client(s):
    key = s.name("note")
    a = await s.connect(transport="sse", query=f"note={key}")
    await a.send('{"type":7}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def client_goes(s):
    key = s.name("note")
    a = await s.connect(transport="sse", query=f"note={key}")
    a.drop()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def post_after_the_end(s):
    import asyncio
    token = await s.token("/conformance")
    a = await s.connect(transport="sse", token=token)
    await a.send('{"type":7}')
    await a.finish()
    for _ in range(50):
        answer = await s.http("POST", f"/conformance?id={token}", body=b"x", quiet=True)
        if answer.status == 404:
            break
        await asyncio.sleep(0.1)
    s.answer(answer)


@script
async def large_message(s):
    a = await s.connect(transport="sse")
    await a.call("Fill", 1, 300000)


@script
async def failed_handshake(s):
    a = await s.open("/conformance", "sse")
    await a.send('{"protocol":"none","version":1}')
    await a.finish()
