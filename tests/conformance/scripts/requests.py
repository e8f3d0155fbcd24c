"""Requests by the connection's URL: which status, which text."""
import asyncio
import json

from registry import on_transports, script

EVENTS = [("Accept", "text/event-stream")]


@script
async def unknown_id(s):
    for method in ("GET", "POST", "DELETE"):
        await s.http(method, "/conformance?id=unknown", show=("cache-control",))
    await s.http("GET", "/conformance?id=unknown", EVENTS)
    await s.open("/conformance", token="unknown")


@script
async def missing_id(s):
    for method in ("GET", "POST", "DELETE"):
        await s.http(method, "/conformance")
    await s.http("GET", "/conformance", EVENTS)


@script
async def empty_id(s):
    for method in ("GET", "POST", "DELETE"):
        await s.http(method, "/conformance?id=")
    a = await s.open("/conformance", query="id=")
    if a:
        s.note("a WebSocket with an empty id is taken")


@script
async def id_has_no_case_in_its_name(s):
    token = await s.token("/conformance")
    await s.http("GET", f"/conformance?ID={token}")


@script
async def id_twice(s):
    token = await s.token("/conformance")
    await s.http("GET", f"/conformance?id={token}&id={token}")


@script
async def other_methods(s):
    token = await s.token("/conformance")
    for method in ("PUT", "PATCH", "HEAD"):
        await s.http(method, f"/conformance?id={token}")
    await s.http("PUT", "/conformance")


@script
async def accept_with_more_types(s):
    for accept in ("text/event-stream, */*", "TEXT/EVENT-STREAM", "*/*", "text/event-stream;q=0.9"):
        token = await s.token("/sse-only")
        s.note(f"Accept: {accept}")
        await s.open("/sse-only", "sse", token=token, headers=[("Accept", accept)])


@script
async def websockets_off(s):
    token = await s.token("/testhub-nowebsockets")
    await s.open("/testhub-nowebsockets", token=token)
    await s.open("/testhub-nowebsockets")


@script
async def sse_off(s):
    for route in ("/websockets-only", "/longpolling-only"):
        token = await s.token(route)
        await s.http("GET", f"{route}?id={token}", EVENTS)
        await s.http("GET", route, EVENTS)


@script
async def long_polling_off(s):
    for route in ("/websockets-only", "/sse-only"):
        token = await s.token(route)
        await s.http("GET", f"{route}?id={token}")
        await s.http("POST", f"{route}?id={token}")
        await s.http("DELETE", f"{route}?id={token}")


@on_transports("ws", "sse", "lp")
async def change_of_transport(s, transport):
    token = await s.token("/conformance")
    a = await s.connect(transport=transport, token=token)
    if transport != "lp":
        await s.http("GET", f"/conformance?id={token}")
    if transport != "sse":
        await s.http("GET", f"/conformance?id={token}", EVENTS)
    if transport != "ws":
        await s.open("/conformance", token=token, label="b")
    await a.alive()


@script
async def second_websocket(s):
    token = await s.token("/conformance")
    a = await s.connect(token=token)
    await s.open("/conformance", token=token, label="b")
    await a.alive()


@script
async def second_event_stream(s):
    token = await s.token("/conformance")
    a = await s.connect(transport="sse", token=token)
    await s.open("/conformance", "sse", token=token, label="b")
    await a.alive()


@script
async def websocket_after_its_end(s):
    token = await s.token("/conformance")
    a = await s.connect(token=token)
    await a.send('{"type":7}')
    await a.finish()
    for _ in range(50):  # the end of the socket and the end of the connection are two moments
        answer = await s.http("POST", f"/conformance?id={token}", quiet=True)
        if answer.status == 404:
            break
        await asyncio.sleep(0.1)
    await s.open("/conformance", token=token)


@script
async def post_to_websocket(s):
    token = await s.token("/conformance")
    a = await s.connect(token=token)
    await s.http("POST", f"/conformance?id={token}", body=b'{"type":6}\x1e')
    await a.alive()


@script
async def delete_of_websocket_and_sse(s):
    for transport in ("ws", "sse"):
        token = await s.token("/conformance")
        a = await s.connect(transport=transport, token=token)
        await s.http("DELETE", f"/conformance?id={token}")
        await a.alive()


@script
async def delete_before_use(s):
    token = await s.token("/conformance")
    await s.http("DELETE", f"/conformance?id={token}")
    await s.http("GET", f"/conformance?id={token}")


@script
async def post_before_first_poll(s):
    token = await s.token("/conformance")
    await s.http("POST", f"/conformance?id={token}", body=b'{"protocol":"json","version":1}\x1e')
    await s.http("GET", f"/conformance?id={token}")
    await s.http("GET", f"/conformance?id={token}")


@script
async def token_of_another_route(s):
    token = await s.token("/conformance")
    a = await s.open("/broadcast", token=token)
    if a:
        await a.send('{"protocol":"json","version":1}')
        await a.receive()


@script
async def get_before_websocket(s):
    """A poll decides for Long Polling."""
    token = await s.token("/conformance")
    await s.http("GET", f"/conformance?id={token}")
    await s.open("/conformance", token=token)


@script
async def unknown_path(s):
    for target in ("/nowhere", "/conformance/more?id=unknown", "/conformance/"):
        await s.http("GET", target)


@script
async def plain_routes(s):
    await s.http("GET", "/generateJwtToken")
    await s.http("GET", "/deployment")
    await s.http("GET", "/clientresult/unknown")
    await s.http("GET", "/bad-negotiate")


@script
async def client_result_route(s):
    a = await s.connect("/testhub")
    connection = await a.ask("GetCallerConnectionId")
    request = asyncio.ensure_future(s.http("GET", f"/clientresult/{connection}", quiet=True))
    number = json.loads(await a.receive())["invocationId"]
    await a.send('{"type":3,"invocationId":"%s","result":10}' % number)
    s.answer(await request)
