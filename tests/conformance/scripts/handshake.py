"""The hub handshake: every answer, and what follows it."""
import asyncio

import wire
from registry import on_transports, script, table
from session import invocation

BAD = {
    "unknown_protocol": '{"protocol":"none","version":1}',
    "protocol_name_case": '{"protocol":"JSON","version":1}',
    "empty_protocol": '{"protocol":"","version":1}',
    "version_3": '{"protocol":"json","version":3}',
    "version_max": '{"protocol":"json","version":2147483647}',
    "version_too_large": '{"protocol":"json","version":2147483648}',
    "version_text": '{"protocol":"json","version":"1"}',
    "version_fraction": '{"protocol":"json","version":1.5}',
    "version_null": '{"protocol":"json","version":null}',
    "version_bool": '{"protocol":"json","version":true}',
    "version_missing": '{"protocol":"json"}',
    "protocol_missing": '{"version":1}',
    "protocol_null": '{"protocol":null,"version":1}',
    "protocol_number": '{"protocol":1,"version":1}',
    "empty_object": "{}",
    "empty_record": "",
    "not_json": "hello",
    "cut_json": '{"protocol":"json","version":1',
    "array": "[]",
    "number": "1",
    "null": "null",
    "text_behind": '{"protocol":"json","version":1} x',
    "trailing_comma": '{"protocol":"json","version":1,}',
    "comment": '{"protocol":"json",/*x*/"version":1}',
    "name_case": '{"Protocol":"json","Version":1}',
    "hub_message": '{"type":6}',
    "unknown_protocol_and_version": '{"protocol":"none","version":9}',
}
GOOD = {
    "version_0": '{"protocol":"json","version":0}',
    "version_1": '{"protocol":"json","version":1}',
    "version_2": '{"protocol":"json","version":2}',
    "version_negative": '{"protocol":"json","version":-1}',
    "other_order": '{"version":1,"protocol":"json"}',
    "unknown_properties": '{"a":{"b":[1]},"protocol":"json","c":null,"version":1,"type":6}',
    "blanks": ' {"protocol" : "json" ,\n "version" : 1 } ',
    "escaped_name": '{"protoc\\u006fl":"js\\u006fn","version":1}',
    "twice": '{"protocol":"none","protocol":"json","version":9,"version":1}',
}


async def _bad(s, text, route="/conformance"):
    a = await s.open(route)
    await a.send(text)
    if await a.receive() == "{}":
        await a.alive()
    else:
        await a.finish()


async def _bad_nodetail(s, text):
    await _bad(s, text, "/nodetail")


async def _good(s, text):
    a = await s.open("/conformance")
    await a.send(text)
    await a.receive()
    await a.alive()


table("handshake", BAD, _bad)
table("handshake_good", GOOD, _good)
table("handshake_nodetail", {name: BAD[name] for name in (
    "unknown_protocol", "version_3", "version_text", "version_missing", "not_json", "empty_record", "array")},
    _bad_nodetail)


@on_transports("ws", "sse", "lp")
async def accepted(s, transport):
    a = await s.open("/conformance", transport)
    await a.send('{"protocol":"json","version":1}')
    await a.receive()
    await a.alive()


@script
async def with_an_invocation_in_one_message(s):
    a = await s.open("/conformance")
    await a.send('{"protocol":"json","version":1}', invocation("Echo", "x", number="1"))
    await a.receive(2)


@script
async def response_is_in_front_of_on_connected(s):
    a = await s.open("/conformance", query="onconnect=send")
    await a.send('{"protocol":"json","version":1}')
    await a.receive(2)


@script
async def in_chunks(s):
    a = await s.open("/conformance")
    for part in (b'{"proto', b'col":"json","ver', b'sion":1}', b"\x1e"):
        await a.post(part)
        await asyncio.sleep(0.05)
    await a.receive()
    await a.alive()


@script(waits=True)
async def nothing_comes(s):
    a = await s.open("/short")
    await a.finish()


@script(waits=True)
async def half_comes(s):
    a = await s.open("/short")
    await a.post(b'{"protocol":"json"')
    await a.finish()


@script(waits=True)
async def nothing_comes_sse(s):
    a = await s.open("/short", "sse")
    await a.finish()


@script(waits=True)
async def default_timeout(s):
    import time
    a = await s.open("/conformance")
    began = time.monotonic()
    await a.receive()
    s.note(f"after 15 s: {14 < time.monotonic() - began < 19}")
    await a.finish()


@script
async def too_large(s):
    a = await s.open("/conformance")
    await a.post(b"x" * 32769)
    await a.finish()


@script
async def too_large_small_hub(s):
    a = await s.open("/small")
    await a.post(b"x" * 1100)
    await a.finish()


@script
async def large_but_whole(s):
    a = await s.open("/small")
    text = '{"protocol":"json","version":1,"x":"' + "x" * 900 + '"}'
    await a.send_quietly(text)
    await a.receive()
    await a.alive()


@script
async def too_large_but_whole(s):
    a = await s.open("/small")
    await a.send_quietly('{"protocol":"json","version":1,"x":"' + "x" * 1100 + '"}')
    await a.finish()


@script
async def closed_with_half_a_request(s):
    key = s.name("note")
    a = await s.open("/conformance", query=f"note={key}")
    await a.post(b'{"protocol":')
    a.channel.close_frame()
    await a.finish()
    b = await s.connect(label="b")
    await b.call("NotesLeft", key)


@script
async def failure_does_not_reach_the_hub(s):
    key = s.name("note")
    a = await s.open("/conformance", query=f"note={key}")
    await a.send('{"protocol":"none","version":1}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("NotesLeft", key)


@script
async def response_frame_is_text(s):
    a = await s.open("/conformance")
    await a.post(b'{"protocol":"json","version":1}\x1e', opcode=wire.BINARY)
    await a.receive()
