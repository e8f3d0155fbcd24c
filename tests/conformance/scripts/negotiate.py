"""Negotiation, and the requests that go with it."""
import asyncio

from registry import script, table


async def _post(s, target):
    await s.http("POST", target)


table("negotiate", {
    "version_1": "/conformance/negotiate?negotiateVersion=1",
    "version_0": "/conformance/negotiate?negotiateVersion=0",
    "no_version": "/conformance/negotiate",
    "higher_version": "/conformance/negotiate?negotiateVersion=7",
    "negative_version": "/conformance/negotiate?negotiateVersion=-1",
    "empty_version": "/conformance/negotiate?negotiateVersion=",
    "version_is_no_integer": "/conformance/negotiate?negotiateVersion=one",
    "version_is_a_fraction": "/conformance/negotiate?negotiateVersion=1.0",
    "version_with_blanks": "/conformance/negotiate?negotiateVersion=%201%20",
    "version_out_of_range": "/conformance/negotiate?negotiateVersion=99999999999",
    "version_twice": "/conformance/negotiate?negotiateVersion=1&negotiateVersion=1",
    "query_names_have_no_case": "/conformance/negotiate?NEGOTIATEVERSION=1",
    "route_has_no_case": "/CONFORMANCE/Negotiate?negotiateVersion=1",
    "trailing_slash": "/conformance/negotiate/?negotiateVersion=1",
    "minimum_1_refuses_0": "/minimum1/negotiate",
    "minimum_1_takes_1": "/minimum1/negotiate?negotiateVersion=1",
    "minimum_12_refuses_1": "/negotiateProtocolVersion12/negotiate?negotiateVersion=1",
    "minimum_12_takes_12": "/negotiateProtocolVersion12/negotiate?negotiateVersion=12",
    "minimum_negative": "/negotiateProtocolVersionNegative/negotiate?negotiateVersion=0",
    "minimum_negative_takes_negative": "/negotiateProtocolVersionNegative/negotiate?negotiateVersion=-1",
    "without_websockets": "/testhub-nowebsockets/negotiate?negotiateVersion=1",
    "websockets_only": "/websockets-only/negotiate?negotiateVersion=1",
    "sse_only": "/sse-only/negotiate?negotiateVersion=1",
    "long_polling_only": "/longpolling-only/negotiate?negotiateVersion=1",
    "raw_connection": "/echo/negotiate?negotiateVersion=1",
    "stateful_asked": "/stateful/negotiate?negotiateVersion=1&useStatefulReconnect=true",
    "stateful_asked_in_capitals": "/stateful/negotiate?negotiateVersion=1&useStatefulReconnect=TRUE",
    "stateful_asked_with_1": "/stateful/negotiate?negotiateVersion=1&useStatefulReconnect=1",
    "stateful_refused_by_client": "/stateful/negotiate?negotiateVersion=1&useStatefulReconnect=false",
    "stateful_not_asked": "/stateful/negotiate?negotiateVersion=1",
    "stateful_version_0": "/stateful/negotiate?useStatefulReconnect=true",
    "stateful_not_offered": "/conformance/negotiate?negotiateVersion=1&useStatefulReconnect=true",
    "unknown_route": "/nowhere/negotiate?negotiateVersion=1",
    "below_the_route": "/conformance/negotiate/more?negotiateVersion=1",
    "bad_negotiate": "/bad-negotiate/negotiate?negotiateVersion=1",
    "redirect_to_hub": "/redirect/negotiate?negotiateVersion=1",
}, _post)


@script
async def other_methods(s):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        await s.http(method, "/conformance/negotiate?negotiateVersion=1")


@script
async def with_a_body(s):
    await s.http("POST", "/conformance/negotiate?negotiateVersion=1", [("Content-Type", "text/plain")], b"hello")


@script
async def cookies(s):
    await s.http("POST", "/testhub/negotiate?negotiateVersion=1", show=("set-cookie",))


@script
async def cookies_behind_tls(s):
    await s.http("POST", "/testhub/negotiate?negotiateVersion=1", [("X-Forwarded-Proto", "https")], show=("set-cookie",))


@script
async def body_has_a_length(s):
    answer = await s.http("POST", "/conformance/negotiate?negotiateVersion=1", quiet=True)
    s.note(f"content-length is the body's: {answer.headers.get('content-length') == str(len(answer.body))}")


@script
async def ids_differ(s):
    first, second = [await s.token("/conformance") for _ in range(2)]
    s.note(f"two tokens differ: {first != second}")


@script
async def id_is_not_a_token(s):
    import json
    answer = await s.http("POST", "/conformance/negotiate?negotiateVersion=1")
    await s.http("GET", "/conformance?id=" + json.loads(answer.body)["connectionId"])


@script
async def id_is_the_token_in_version_0(s):
    token = await s.token("/conformance", "")
    a = await s.connect(token=token)
    await a.call("GetConnectionId")


@script
async def connection_id_is_the_negotiated_one(s):
    a = await s.connect(negotiate=True)
    s.note(f"id is not the token, {len(await a.ask('GetConnectionId'))} characters")


@script
async def skipped(s):
    a = await s.connect(negotiate=False)
    s.note(f"an id of {len(await a.ask('GetConnectionId'))} characters")
    await a.alive()


@script(waits=True)
async def unused_is_forgotten(s):
    token = await s.token("/conformance")
    await asyncio.sleep(18)
    await s.open("/conformance", token=token)


@script
async def redirect_counts(s):
    import re
    numbers = []
    for _ in range(2):
        answer = await s.http("GET", "/redirect?baseUrl=http://elsewhere", quiet=True)
        text = answer.body.decode()
        numbers.append(int(re.search(r"numRedirects=(\d+)", text).group(1)))
        s.note(f"< {answer.status} " + re.sub(r"\d+", "N", text))
    s.note(f"counts up: {numbers[1] > numbers[0]}")


@script
async def redirect_of_echo(s):
    await s.http("POST", "/echoredirect/negotiate?negotiateVersion=1", show=("location",))


@script
async def cors(s):
    shown = ("access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
             "access-control-allow-headers")
    origin = [("Origin", "http://page.example")]
    await s.http("OPTIONS", "/conformance/negotiate?negotiateVersion=1", origin + [
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-requested-with,x-signalr-user-agent")], show=shown)
    await s.http("POST", "/conformance/negotiate?negotiateVersion=1", origin, show=shown)
    await s.http("DELETE", "/conformance?id=unknown", origin, show=shown)
    a = await s.connect(transport="sse", headers=origin)
    s.note("sse allows " + a.channel.answer.headers.get("access-control-allow-origin", "-"))
