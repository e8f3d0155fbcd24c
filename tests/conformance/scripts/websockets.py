"""The WebSocket below the hub."""
import asyncio
import struct

import wire
from registry import script
from session import invocation

HANDSHAKE = b'{"protocol":"json","version":1}\x1e'


@script
async def binary_frames_are_taken(s):
    a = await s.open("/conformance")
    await a.post(HANDSHAKE, opcode=wire.BINARY)
    await a.receive()
    await a.post(invocation("Echo", "x", number="1").encode() + b"\x1e", opcode=wire.BINARY)
    await a.receive()


@script
async def fragments_and_control_frames(s):
    a = await s.connect()
    text = invocation("Echo", "in pieces", number="1").encode() + b"\x1e"
    a.channel.write(wire.frame(wire.TEXT, text[:10], fin=False))
    a.channel.write(wire.frame(wire.PING, b"between"))
    a.channel.write(wire.frame(0, text[10:20], fin=False))
    a.channel.write(wire.frame(0, b"", fin=False))
    a.channel.write(wire.frame(0, text[20:]))
    await a.receive(2)


@script
async def byte_by_byte(s):
    a = await s.open("/conformance")
    for byte in HANDSHAKE + (invocation("Echo", "grüße", number="1") + "\x1e").encode():
        await a.post(bytes([byte]), opcode=wire.BINARY)
    await a.receive(2)


@script
async def record_over_two_messages(s):
    a = await s.connect()
    text = invocation("Echo", "x", number="1").encode() + b"\x1e"
    await a.post(text[:12])
    await asyncio.sleep(0.2)
    await a.post(text[12:])
    await a.receive()


@script
async def many_records_in_a_message(s):
    a = await s.connect()
    await a.send(*[invocation("EchoInt", i, number=i) for i in range(5)])
    await a.receive(5)


@script
async def many_small_in_a_big_frame(s):
    """100 KB in one frame, each message far below the limit."""
    a = await s.connect()
    await a.send_quietly(*[invocation("Echo", "x" * 1000) for _ in range(100)])
    await a.call("Next")


@script
async def large_to_the_client(s):
    """One message of the transport, whole."""
    a = await s.connect()
    await a.call("Fill", 1, 1000000)


@script
async def empty_message(s):
    a = await s.connect()
    await a.post(b"")
    await a.alive()


@script
async def pong_has_the_payload(s):
    a = await s.connect()
    a.channel.write(wire.frame(wire.PING, b"hello"))
    await a.receive()


@script
async def unasked_pong(s):
    a = await s.connect()
    a.channel.write(wire.frame(wire.PONG, b"hello"))
    await a.alive()


async def _client_closes(s, payload):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    s.note(f"a> (close {payload!r})")
    a.channel.close_frame(payload)
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def close_1000(s):
    await _client_closes(s, struct.pack(">H", 1000))


@script
async def close_1001(s):
    await _client_closes(s, struct.pack(">H", 1001) + b"going away")


@script
async def close_4000(s):
    await _client_closes(s, struct.pack(">H", 4000))


@script
async def close_without_code(s):
    await _client_closes(s, b"")


@script
async def close_before_handshake(s):
    a = await s.open("/conformance")
    a.channel.close_frame()
    await a.finish()


@script
async def tcp_drop(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    a.drop()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def drop_with_half_a_record(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    await a.post(b'{"type":1,"targ')
    await asyncio.sleep(0.2)
    a.drop()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def close_with_half_a_record(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    await a.post(b'{"type":1,"targ')
    a.channel.close_frame()
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def half_closed(s):
    """The end of the client's side without a close frame is the end."""
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    a.channel._writer.write_eof()
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script(waits=True)
async def close_frame_not_answered(s):
    """/short waits 2 s for the client's close frame."""
    import time
    a = await s.connect("/short")
    a.channel.polite = False
    await a.send('{"type":7}')
    await a.receive(2)
    began = time.monotonic()
    await a.finish()
    s.note(f"cut off in time: {time.monotonic() - began < 7}")


@script
async def sub_protocol_is_not_chosen(s):
    reader, writer = await asyncio.open_connection(*s.address)
    writer.write(wire.request_bytes("x", "GET", "/conformance", [
        ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Protocol", "json"),
        ("Sec-WebSocket-Extensions", "permessage-deflate")], None))
    status, headers = await wire.read_head(reader)
    s.note(f"< {status} accept {headers.get('sec-websocket-accept')}")
    s.note(f"protocol: {headers.get('sec-websocket-protocol', '-')}")
    s.note(f"extensions: {headers.get('sec-websocket-extensions', '-')}")
    writer.close()


@script
async def echo_of_bytes(s):
    a = await s.open("/echo")
    a.channel.raw = True
    await a.post(b"hello")
    await a.receive()
    a.channel.close_frame()
    await a.finish()


@script
async def echo_over_long_polling(s):
    url = f"/echo?id={await s.token('/echo')}"
    await s.http("GET", url)
    await s.http("POST", url, body=b"hello")
    await s.http("GET", url)
    await s.http("DELETE", url)
