"""Tokens and policies."""
import asyncio

from registry import on_transports, script
from session import bearer, jwt

EVENTS = [("Accept", "text/event-stream")]


@script
async def without_token(s):
    for method, target in (("POST", "/auth/negotiate?negotiateVersion=1"), ("GET", "/auth?id=x"),
                           ("POST", "/auth?id=x"), ("DELETE", "/auth?id=x"), ("GET", "/auth")):
        await s.http(method, target)
    await s.http("GET", "/auth?id=x", EVENTS)
    await s.open("/auth")
    await s.http("POST", "/authorizedhub/negotiate")
    await s.http("POST", "/authorizedhub2/negotiate")
    await s.http("GET", "/auth/negotiate")


@script
async def challenge(s):
    answer = await s.http("POST", "/auth/negotiate")
    s.note(answer.headers.get("www-authenticate", "-"))


@script
async def forbidden(s):
    """A good token without the claim that the policy wants."""
    nobody = bearer(name="nobody")
    for method, target in (("POST", "/auth/negotiate?negotiateVersion=1"), ("GET", "/auth?id=x"),
                           ("POST", "/auth?id=x"), ("DELETE", "/auth?id=x")):
        await s.http(method, target, nobody)
    await s.open("/auth", headers=nobody)


@script
async def bad_tokens(s):
    good = jwt(sub="anna")
    for token in (jwt(sub="anna", seconds=-5), jwt(key=b"another key, also of 32 bytes and more", sub="anna"),
                  good[:-4] + "AAAA", "x", "a.b.c", ""):
        await s.http("POST", "/auth/negotiate", [("Authorization", f"Bearer {token}")])
    await s.http("POST", "/auth/negotiate", [("Authorization", f"Basic {good}")])
    await s.http("POST", "/auth/negotiate?access_token=x")


@script
async def scheme_has_no_case(s):
    await s.http("POST", "/auth/negotiate", [("Authorization", "bearer " + jwt(sub="anna"))])


@on_transports("ws", "sse", "lp")
async def header_token(s, transport):
    a = await s.connect("/auth", transport, headers=bearer(sub="anna", role="admin", color="red"))
    for call in (("GetUserId",), ("GetClaim", "color"), ("GetClaim", "none"), ("SignedInOnly",), ("AdminOnly",)):
        await a.call(*call)


@on_transports("ws", "sse", "lp")
async def query_token(s, transport):
    token = jwt(sub="anna")
    await s.http("POST", f"/auth/negotiate?access_token={token}")
    a = await s.connect("/auth", transport, query=f"access_token={token}",
                        token=await s.token("/auth", f"negotiateVersion=1&access_token={token}"))
    await a.call("GetUserId")


@script
async def negotiated_with_a_token_used_without(s):
    token = await s.token("/auth", headers=bearer(sub="anna"))
    await s.open("/auth", token=token)
    a = await s.connect("/auth", token=token, headers=bearer(sub="anna"))
    await a.call("GetUserId")


@script
async def another_user_takes_the_token(s):
    token = await s.token("/auth", headers=bearer(sub="anna"))
    a = await s.open("/auth", token=token, headers=bearer(sub="berta"))
    if a:
        await a.send('{"protocol":"json","version":1}')
        await a.receive()
        await a.call("GetUserId")


@script
async def another_user_polls(s):
    token = await s.token("/auth", headers=bearer(sub="anna"))
    url = f"/auth?id={token}"
    anna, berta = bearer(sub="anna"), bearer(sub="berta")
    await s.http("GET", url, anna)
    await s.http("POST", url, anna, b'{"protocol":"json","version":1}\x1e')
    await s.http("GET", url, anna)
    await s.http("POST", url, berta, b'{"type":1,"invocationId":"1","target":"GetUserId","arguments":[]}\x1e')
    await s.http("GET", url, berta)
    await s.http("POST", url, body=b"x")
    await s.http("DELETE", url)


@script
async def methods_without_token(s):
    a = await s.connect()
    for call in (("SignedInOnly",), ("AdminOnly",), ("YesOnly", "yes"), ("YesOnly", "no"), ("signedinonly",)):
        await a.call(*call)
    await a.stream("SignedInOnly")
    await a.call("AdminOnly", "too many")
    await a.send('{"type":1,"target":"AdminOnly","arguments":[]}')
    await a.alive()


@script
async def methods_without_token_nodetail(s):
    a = await s.connect("/nodetail")
    for call in (("SignedInOnly",), ("AdminOnly",), ("YesOnly", "no")):
        await a.call(*call)


@script
async def methods_with_tokens(s):
    for label, claims in (("a", {"sub": "anna"}), ("b", {"sub": "berta", "role": "admin"}), ("c", {"role": "admin"})):
        connection = await s.connect(label=label, headers=bearer(**claims))
        for call in (("GetUserId",), ("SignedInOnly",), ("AdminOnly",), ("YesOnly", "yes"), ("YesOnly", "no")):
            await connection.call(*call)


@script
async def bad_token_where_none_is_needed(s):
    a = await s.connect(headers=[("Authorization", "Bearer x")])
    await a.call("GetUserId")


@script
async def users_by_token(s):
    anna = s.name("anna")
    a, b = await s.connect(headers=bearer(sub=anna)), await s.connect(label="b")
    await b.call("SendUser", anna, "x")
    await a.receive()


@script(waits=True)
async def expiry_closes(s):
    key = s.name("note")
    a = await s.connect("/closeonexpiry", query=f"note={key}", headers=bearer(sub="anna", seconds=3))
    await a.call("GetUserId")
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script(waits=True)
async def expiry_closes_sse(s):
    a = await s.connect("/closeonexpiry", "sse", headers=bearer(sub="anna", seconds=4))
    await a.finish()


@script(waits=True)
async def expiry_without_the_option(s):
    a = await s.connect("/auth", headers=bearer(sub="anna", seconds=2))
    await asyncio.sleep(5)
    await a.call("GetUserId")


@script
async def redirect_with_token(s):
    import json
    answer = await s.http("POST", "/redirect/negotiate?negotiateVersion=1")
    token = json.loads(answer.body)["accessToken"]
    a = await s.connect("/authorizedhub", headers=[("Authorization", f"Bearer {token}")])
    await a.call("Echo", "x")
