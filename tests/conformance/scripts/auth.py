"""Tokens and policies."""
import asyncio
import json

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


def _invocation(number, target, *arguments):
    call = {"type": 1, "invocationId": str(number), "target": target, "arguments": list(arguments)}
    return (json.dumps(call, separators=(",", ":")) + "\x1e").encode()


async def _polled_calls(s, url, users, calls):
    """Polls as each of the users in turn, and then calls as somebody whom nobody asks."""
    first = users[0][1]
    await s.http("GET", url, first)
    await s.http("POST", url, first, b'{"protocol":"json","version":1}\x1e')
    await s.http("GET", url, first)
    number = 0
    for label, user in users:
        s.note(f"-- polls of {label}")
        # This poll is held; its user is that of the calls that it brings the answers of.
        for call in calls:
            number += 1
            poll = asyncio.create_task(s.http("GET", url, user, quiet=True))
            await asyncio.sleep(0.2)
            await s.http("POST", url, user, _invocation(number, *call), quiet=True)
            s.note(f"{' '.join(call)}: {(await poll).body.decode()}")
    await s.http("DELETE", url, first)


@script
async def later_polls_leave_the_user(s):
    token = await s.token("/conformance", headers=bearer(sub="anna", color="red"))
    users = [("anna", bearer(sub="anna", color="red")),
             ("anna, more", bearer(sub="anna", color="blue", role="admin")),
             ("berta", bearer(sub="berta", color="green")), ("nobody", [])]
    calls = [("GetUserId",), ("GetClaim", "color"), ("SignedInOnly",), ("AdminOnly",)]
    await _polled_calls(s, f"/conformance?id={token}", users, calls)


@script
async def polls_before_the_handshake(s):
    """The user is whose poll came last when the handshake did."""
    token = await s.token("/conformance", headers=bearer(sub="anna"))
    url = f"/conformance?id={token}"
    berta = bearer(sub="berta", color="green", role="admin")
    await s.http("GET", url, bearer(sub="anna"))
    poll = asyncio.create_task(s.http("GET", url, berta, quiet=True))
    await asyncio.sleep(0.5)
    await s.http("POST", url, berta, b'{"protocol":"json","version":1}\x1e')
    await poll
    for number, call in enumerate((("GetUserId",), ("GetClaim", "color"), ("AdminOnly",))):
        poll = asyncio.create_task(s.http("GET", url, bearer(sub="anna"), quiet=True))
        await asyncio.sleep(0.2)
        await s.http("POST", url, body=_invocation(number, *call), quiet=True)
        s.note(f"{' '.join(call)}: {(await poll).body.decode()}")
    await s.http("DELETE", url)


@script
async def another_user_resumes(s):
    anna, berta = bearer(sub="anna", color="red"), bearer(sub="berta", color="green", role="admin")
    token = await s.token("/stateful", "negotiateVersion=1&useStatefulReconnect=true", headers=anna)
    a = await s.connect("/stateful", token=token, headers=anna, version=2)
    await a.call("GetClaim", "color")
    a.drop()
    await asyncio.sleep(1)
    b = await s.open("/stateful", token=token, headers=berta, label="b")
    b.show_acks = False
    await b.send('{"type":9,"sequenceId":2}')
    await b.receive(2)
    for call in (("GetUserId",), ("GetClaim", "color"), ("AdminOnly",)):
        await b.call(*call)


@script
async def posts_of_another_user(s):
    token = await s.token("/conformance", headers=bearer(sub="anna", color="red"))
    a = await s.connect("/conformance", "sse", token=token, headers=bearer(sub="anna", color="red"))
    a.channel._headers = bearer(sub="berta", color="green", role="admin")
    for call in (("GetUserId",), ("GetClaim", "color"), ("AdminOnly",)):
        await a.call(*call)


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
async def expiry_goes_with_the_polls(s):
    """The token of the newest poll counts, be it better or worse than the first."""
    for first, later in ((3, 60), (60, 3)):
        s.note(f"-- {first} s, then {later} s")
        headers = bearer(sub="anna", seconds=first)
        url = f"/closeonexpiry?id={await s.token('/closeonexpiry', headers=headers)}"
        await s.http("GET", url, headers)
        await s.http("POST", url, headers, b'{"protocol":"json","version":1}\x1e')
        await s.http("GET", url, headers)
        headers = bearer(sub="anna", seconds=later)
        poll = asyncio.create_task(s.http("GET", url, headers, quiet=True))
        await asyncio.sleep(7)
        s.note("it has ended" if poll.done() else "it goes on")
        await s.http("DELETE", url, bearer(sub="anna"), quiet=True)
        await poll


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
