"""Authentication refresh, which came with .NET 11: what is wanted is written in the script."""
import asyncio
import json

from registry import on_transports, script
from session import bearer, dump

ROUTE = "/refreshing"


class Wrong(AssertionError):
    pass


def _is(got, wanted):
    if got != wanted:
        raise Wrong(f"wanted {wanted!r}, got {got!r}")


async def _refresh(s, token, headers, status, body, route=ROUTE, method="POST"):
    answer = await s.http(method, f"{route}/refresh?id={token}", headers)
    _is((answer.status, answer.body.decode()), (status, body))
    return answer


async def _refreshed(s, token, headers, seconds, route=ROUTE):
    answer = await s.http("POST", f"{route}/refresh?id={token}", headers)
    _is((answer.status, answer.headers["content-type"]), (200, "application/json"))
    left = json.loads(answer.body)
    _is(list(left), ["tokenLifetimeSeconds"])
    if not seconds - 10 <= left["tokenLifetimeSeconds"] <= seconds:
        raise Wrong(f"{left} of {seconds} s")


def _error(error):
    return dump({"error": error})


def _anna(seconds=600, **claims):
    return bearer(seconds=seconds, sub="anna", **claims)


async def _calls(connection, user, color, admin):
    _is(await connection.call("GetUserId"), user)
    _is(await connection.call("GetClaim", "color"), color)
    _is(await connection.call("AdminOnly"), "admin" if admin else None)


@script(own=True)
async def negotiate_tells_the_lifetime(s):
    for route, version, headers, told in ((ROUTE, 1, _anna(600), True), (ROUTE, 0, _anna(600), False),
                                          (ROUTE, 1, [], False), ("/conformance", 1, _anna(600), False)):
        answer = await s.http("POST", f"{route}/negotiate?negotiateVersion={version}", headers)
        left = json.loads(answer.body).get("tokenLifetimeSeconds")
        if (left is not None) != told or (told and not 590 <= left <= 600):
            raise Wrong(f"{route} {version}: {left}")


@on_transports("ws", "sse", "lp", own=True)
async def later_calls_have_the_new_principal(s, transport):
    name = s.name("anna")
    before = bearer(seconds=300, sub=name, color="red")
    token = await s.token(ROUTE, headers=before)
    a = await s.connect(ROUTE, transport, token=token, headers=before)
    await a.call("Join", s.name("group"))
    await _calls(a, name, "red", False)
    await _refreshed(s, token, bearer(seconds=900, sub=name, color="blue", role="admin"), 900)
    await _calls(a, name, "blue", True)
    # Routing is what it was.
    await a.start("SendUser", name, "to the user")
    _is(json.loads(await a.receive())["arguments"], ["to the user"])
    await a.receive()
    # A token that ends sooner counts too if it is asked for.
    if transport == "ws":
        await _refreshed(s, token, bearer(seconds=100, sub=name, color="green"), 100)
        await _calls(a, name, "green", False)


@script(own=True)
async def refusals(s):
    token = await s.token(ROUTE, headers=_anna())
    await _refresh(s, "", _anna(), 400, _error("missing_connection_token"))
    await _refresh(s, "nobody", _anna(), 404, _error("connection_not_found"))
    await _refresh(s, token, _anna(), 404, _error("connection_not_found"))  # nobody has connected yet
    a = await s.connect(ROUTE, token=token, headers=_anna(color="red"))
    for method in ("GET", "PUT", "DELETE"):
        await _refresh(s, token, _anna(), 405, "", method=method)
    await _refresh(s, token, [], 401, _error("invalid_token"))
    await _refresh(s, token, bearer(sub="anna", seconds=-5), 401, _error("invalid_token"))
    await _refresh(s, token, bearer(sub="berta"), 403, _error("permission_change_rejected"))
    await _refresh(s, token, bearer(role="admin"), 403, _error("permission_change_rejected"))
    await _refresh(s, token, _anna(role="blocked"), 403, _error("permission_change_rejected"))
    await _refresh(s, token, _anna(), 404, _error("connection_not_found"), route="/refreshing-auth")
    await _calls(a, "anna", "red", False)
    a.drop()
    for _ in range(50):
        answer = await s.http("POST", f"{ROUTE}/refresh?id={token}", _anna(), quiet=True)
        if answer.status == 404:
            break
        await asyncio.sleep(0.1)
    _is(answer.body.decode(), _error("connection_not_found"))


@script(own=True)
async def negotiated_with_version_0(s):
    token = await s.token(ROUTE, "", _anna())
    await s.connect(ROUTE, token=token, headers=_anna())
    await _refresh(s, token, _anna(), 400, _error("unsupported_negotiate_version"))


@script(own=True)
async def nobody_becomes_somebody(s):
    token = await s.token(ROUTE)
    a = await s.connect(ROUTE, token=token)
    await _refresh(s, token, _anna(), 403, _error("permission_change_rejected"))
    _is(await a.call("GetClaim", "sub"), None)


@script(own=True)
async def the_policy_of_the_hub_comes_first(s):
    route = "/refreshing-auth"
    token = await s.token(route, headers=_anna())
    a = await s.connect(route, token=token, headers=_anna())
    await _refresh(s, token, [], 401, "", route=route)
    await _refresh(s, token, bearer(name="nobody"), 403, "", route=route)
    await _refreshed(s, token, _anna(color="blue"), 600, route=route)
    _is(await a.call("GetClaim", "color"), "blue")


@script(own=True)
async def not_enabled(s):
    token = await s.token("/conformance", headers=_anna())
    await s.connect("/conformance", token=token, headers=_anna())
    answer = await s.http("POST", f"/conformance/refresh?id={token}", _anna())
    _is(answer.status, 404)


async def _ask(s, url, headers, number, *call):
    """The answer to a call that a poll with these headers brings."""
    text = dump({"type": 1, "invocationId": str(number), "target": call[0], "arguments": list(call[1:])})
    poll = asyncio.create_task(s.http("GET", url, headers))
    await asyncio.sleep(0.2)  # it is held by then, and if it is not, it brings the answer just so
    await s.http("POST", url, headers, text.encode() + b"\x1e")
    return json.loads((await poll).body.rstrip(b"\x1e")).get("result")


@script(own=True)
async def polls_bring_their_token(s):
    old, new = _anna(300, color="red"), _anna(900, color="blue")
    url = f"{ROUTE}?id={await s.token(ROUTE, headers=old)}"
    await s.http("GET", url, old)
    await s.http("POST", url, old, b'{"protocol":"json","version":1}\x1e')
    await s.http("GET", url, old)
    _is(await _ask(s, url, old, 1, "GetClaim", "color"), "red")
    _is(await _ask(s, url, new, 2, "GetClaim", "color"), "blue")
    # One that was on its way with the old token changes nothing.
    _is(await _ask(s, url, old, 3, "GetClaim", "color"), "blue")
    for headers in (bearer(sub="berta"), [], _anna(1000, role="blocked")):
        answer = await s.http("GET", url, headers)
        _is((answer.status, answer.body.decode()), (403, _error("permission_change_rejected")))
    _is(await _ask(s, url, new, 4, "GetClaim", "color"), "blue")


@script(own=True)
async def reconnects_bring_their_token(s):
    old, new = _anna(300, color="red"), _anna(900, color="blue")
    token = await s.token(ROUTE, "negotiateVersion=1&useStatefulReconnect=true", headers=old)
    a = await s.connect(ROUTE, token=token, headers=old, version=2)
    _is(await a.call("GetClaim", "color"), "red")
    a.drop()
    refused = await s.open(ROUTE, token=token, headers=bearer(sub="berta"))
    _is(refused, None)
    b = await s.open(ROUTE, token=token, headers=new, label="b")
    await b.send('{"type":9,"sequenceId":2}')
    _is(await b.call("GetClaim", "color"), "blue")


@script(own=True, waits=True)
async def the_new_token_has_another_end(s):
    first = _anna(3)
    token, other = await s.token(ROUTE, headers=first), await s.token(ROUTE, headers=_anna(600))
    a = await s.connect(ROUTE, token=token, headers=first)
    b = await s.connect(ROUTE, token=other, headers=_anna(600), label="b")
    await _refreshed(s, token, _anna(600), 600)
    await _refreshed(s, other, _anna(3), 3)
    _is(await b.event(12), ("record", '{"type":7,"allowReconnect":true}'))
    _is(await a.call("Echo", "still there"), "still there")
