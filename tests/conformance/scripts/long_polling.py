"""Long Polling, request by request."""
import asyncio
import time

import wire
from registry import script

SHAKE = b'{"protocol":"json","version":1}\x1e'
CLOSE_TO_RECONNECT = b'{"type":7,"allowReconnect":true}\x1e'
CACHE = ("cache-control", "pragma", "expires")


async def _start(s, route="/conformance"):
    """Polled once, handshake sent and answered. Returns the URL."""
    url = f"{route}?id={await s.token(route)}"
    await s.http("GET", url, quiet=True)
    await s.http("POST", url, body=SHAKE, quiet=True)
    await s.http("GET", url, quiet=True)
    return url


def _poll(s, url):
    return asyncio.ensure_future(s.http("GET", url, quiet=True))


@script
async def sequence(s):
    url = f"/conformance?id={await s.token('/conformance')}"
    await s.http("GET", url, show=CACHE + ("content-length",))
    poll = _poll(s, url)
    await s.http("POST", url, body=SHAKE, show=("content-length",) + CACHE)
    s.answer(await poll, CACHE + ("content-length",))
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    await s.http("GET", url)
    await s.http("DELETE", url)
    await s.http("DELETE", url)


@script
async def query_items_of_the_client(s):
    url = await _start(s)
    poll = _poll(s, url + "&_=1700000000000")
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    s.answer(await poll)


@script(waits=True)
async def poll_timeout(s):
    url = await _start(s, "/short")
    began = time.monotonic()
    await s.http("GET", url, show=CACHE + ("content-length",))
    s.note(f"after two seconds: {1.5 < time.monotonic() - began < 8}")
    poll = _poll(s, url)
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    s.answer(await poll)


@script
async def replaced_poll(s):
    url = await _start(s)
    first = _poll(s, url)
    await asyncio.sleep(0.3)
    second = _poll(s, url)
    s.answer(await first, CACHE)
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    s.answer(await second)


@script
async def delete_ends_the_poll(s):
    """The reference answers the held poll with 204 or with a last Close, whichever comes first."""
    key = s.name("note")
    token = await s.token("/conformance")
    url = f"/conformance?id={token}&note={key}"
    await s.http("GET", url, quiet=True)
    await s.http("POST", url, body=SHAKE, quiet=True)
    await s.http("GET", url, quiet=True)
    poll = _poll(s, url)
    await asyncio.sleep(0.3)
    await s.http("DELETE", url, show=("content-length",))
    ended = await poll
    s.note(f"ended: {ended.status == 204 or ended.body == CLOSE_TO_RECONNECT}")
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def after_delete(s):
    url = await _start(s)
    poll = _poll(s, url)
    await asyncio.sleep(0.2)
    await s.http("DELETE", url)
    await poll
    for _ in range(50):
        answer = await s.http("POST", url, body=b'{"type":7}\x1e', quiet=True)
        if answer.status == 404:
            break
        await asyncio.sleep(0.1)
    await s.http("POST", url, body=b'{"type":7}\x1e')
    await s.http("GET", url)
    await s.http("DELETE", url)


@script
async def delete_between_polls(s):
    url = await _start(s)
    await s.http("DELETE", url)
    for _ in range(50):
        answer = await s.http("GET", url, quiet=True)
        if answer.status == 404:
            break
        await asyncio.sleep(0.1)
    s.answer(answer)


@script
async def posts_in_parallel(s):
    url = await _start(s)
    answers = await asyncio.gather(*[
        s.http("POST", url, body=b'{"type":1,"invocationId":"%d","target":"EchoInt","arguments":[%d]}\x1e' % (i, i),
               quiet=True) for i in range(20)])
    s.note("statuses " + " ".join(str(answer.status) for answer in answers))
    seen = b""
    while seen.count(b"\x1e") < 20:
        answer = await s.http("GET", url, quiet=True)
        if answer.status != 200:
            s.answer(answer)
            return
        seen += answer.body
    for record in sorted(seen.decode().split("\x1e")[:-1]):
        s.note("< " + record)


@script
async def message_over_several_posts(s):
    url = await _start(s)
    text = b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e'
    for i in range(0, len(text), 7):
        await s.http("POST", url, body=text[i:i + 7], quiet=True)
    await s.http("GET", url)


@script
async def several_messages_in_a_post(s):
    url = await _start(s)
    text = b'{"type":1,"invocationId":"%d","target":"Echo","arguments":["x"]}\x1e'
    await s.http("POST", url, body=b"".join(text % i for i in range(3)))
    seen = b""
    while seen.count(b"\x1e") < 3:
        seen += (await s.http("GET", url, quiet=True)).body
    for record in seen.decode().split("\x1e")[:-1]:
        s.note("< " + record)


@script
async def empty_post(s):
    url = await _start(s)
    await s.http("POST", url, body=b"")
    await s.http("POST", url, [("Content-Type", "application/octet-stream")],
                 b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    await s.http("GET", url)


@script
async def chunked_post(s):
    url = await _start(s)
    text = b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e'
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:10], text[10:])) + b"0\r\n\r\n"
    await s.http("POST", url, [("Transfer-Encoding", "chunked")], body, quiet=True)
    await s.http("GET", url)


@script
async def abort_sends_close_then_204(s):
    url = await _start(s)
    await s.http("POST", url, body=b'{"type":1,"target":"Abort","arguments":[]}\x1e')
    await s.http("GET", url)
    await s.http("GET", url)


@script
async def error_sends_close_then_204(s):
    url = await _start(s)
    await s.http("POST", url, body=b'{"type":1}\x1e')
    await s.http("GET", url)
    await s.http("GET", url)


@script
async def failed_handshake(s):
    url = f"/conformance?id={await s.token('/conformance')}"
    await s.http("GET", url)
    await s.http("POST", url, body=b'{"protocol":"none","version":1}\x1e')
    await s.http("GET", url)
    await s.http("GET", url)


@script
async def uncreatable_hub(s):
    url = f"/uncreatable?id={await s.token('/uncreatable')}"
    await s.http("GET", url)
    await s.http("POST", url, body=SHAKE)
    seen = ""
    while True:
        answer = await s.http("GET", url, quiet=True)
        if answer.status != 200:
            break
        seen += answer.body.decode()
    s.note("< " + seen.replace("\x1e", "|"))
    s.answer(answer)


@script(waits=True)
async def forgotten_between_polls(s):
    key = s.name("note")
    token = await s.token("/conformance")
    url = f"/conformance?id={token}&note={key}"
    await s.http("GET", url, quiet=True)
    await s.http("POST", url, body=SHAKE, quiet=True)
    await s.http("GET", url, quiet=True)
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await asyncio.sleep(12)
    await b.call("NotesLeft", key)
    await asyncio.sleep(7)
    await b.call("ReadNote", key)
    await s.http("GET", url)


@script
async def client_goes_during_a_poll(s):
    """An aborted poll is not the end: the next one goes on."""
    url = await _start(s)
    poll = _poll(s, url)
    await asyncio.sleep(0.2)
    poll.cancel()
    await asyncio.sleep(0.2)
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    await s.http("GET", url)


@script
async def writes_wait_for_polls(s):
    """More than the buffer of 65,536 bytes waits for the reader; nothing is lost."""
    url = await _start(s)
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Fill","arguments":[40,10000]}\x1e')
    seen = b""
    while b'"invocationId":"1"' not in seen:
        seen += (await s.http("GET", url, quiet=True)).body
    s.note(f"{seen.count(bytes([0x1e]))} records, {len(seen)} bytes")


@script
async def post_of_200_kb(s):
    """A body over the buffer of 65,536 bytes in small messages."""
    url = await _start(s)
    one = b'{"type":1,"target":"Echo","arguments":["%s"]}\x1e' % (b"x" * 1000)
    last = b'{"type":1,"invocationId":"last","target":"Next","arguments":[]}\x1e'
    await s.http("POST", url, body=one * 200 + last, quiet=True)
    await s.http("GET", url)


@script
async def post_waits_for_the_reader(s):
    """While two calls stop the reading, a body over the buffer is not answered."""
    gate = s.name("gate")
    url = await _start(s)
    b = await s.connect(label="b")
    calls = b"".join(b'{"type":1,"target":"Wait","arguments":["%s","x"]}\x1e' % gate.encode() for _ in range(2))
    await s.http("POST", url, body=calls, quiet=True)
    await s.http("GET", url)
    large = b'{"type":1,"target":"Echo","arguments":["%s"]}\x1e' % (b"x" * 1000)
    post = asyncio.ensure_future(s.http("POST", url, body=large * 200, quiet=True))
    done, _ = await asyncio.wait([post], timeout=0.7)
    s.note(f"answered at once: {bool(done)}")
    await b.call("Open", gate)
    s.answer(await post)


@script
async def body_breaks_off(s):
    """Half of the announced bytes, then the end of the client's side. The connection lives on."""
    url = await _start(s)
    reader, writer = await asyncio.open_connection(*s.address)
    writer.write(wire.request_bytes("x", "POST", url, [("Content-Length", "100")], b'{"type":6}\x1e'))
    writer.write_eof()
    try:
        s.note(f"< {(await asyncio.wait_for(wire.read_head(reader), 10))[0]}")
    except (asyncio.IncompleteReadError, ConnectionError):
        s.note("< (connection cut)")
    writer.close()
    await s.http("POST", url, body=b'{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\x1e')
    await s.http("GET", url)


@script
async def delete_while_a_call_runs(s):
    gate = s.name("gate")
    url = await _start(s)
    call = b'{"type":1,"target":"Wait","arguments":["%s","x"]}\x1e' % gate.encode()
    await s.http("POST", url, body=call, quiet=True)
    await s.http("GET", url)
    await s.http("DELETE", url)
    b = await s.connect(label="b")
    await b.call("Open", gate)
