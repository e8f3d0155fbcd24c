"""Whom a send reaches."""
from registry import script


async def _three(s, route="/conformance", headers=({}, {}, {})):
    """Three connections and their ids."""
    connections = [await s.connect(route, label=label, headers=list(more.items()))
                   for label, more in zip("abc", headers)]
    return connections, [await c.ask("GetConnectionId") for c in connections]


async def _reached(s, connections):
    """What each of them got: a call behind it shows the end of it."""
    for connection in connections:
        await connection.ask("Echo", "alive")
        s.note(f"{connection.label}= has got no more")


async def _group(s):
    (a, b, c), ids = await _three(s)
    group = s.name("group")
    await a.call("Join", group)
    await b.call("Join", group)
    return (a, b, c), ids, group


@script(alone=True)
async def all_selectors(s):
    """One script, because All reaches everybody on this route."""
    (a, b, c), ids = await _three(s, "/broadcast")
    for call in (("SendAll", "all"), ("SendOthers", "others"), ("SendAllExcept", ids[1:2], "all but b"),
                 ("SendAllExcept", [], "all but nobody"), ("SendAllExcept", ids, "nobody"),
                 ("SendAllExcept", ["unknown"], "all but unknown")):
        await a.call(*call)
        await _reached(s, (a, b, c))
    b.drop()
    await a.call("SendAll", "without b")
    await _reached(s, (a, c))


@script
async def clients(s):
    (a, b, c), ids = await _three(s)
    for call in (("SendCaller", "caller"), ("SendClient", ids[1], "b"), ("SendClient", ids[0], "self"),
                 ("SendClient", "unknown", "x"), ("SendClient", "", "x"),
                 ("SendClients", ids[:2], "a and b"), ("SendClients", [ids[1], ids[1]], "b twice"),
                 ("SendClients", ["unknown", ids[2]], "c"), ("SendClients", [], "nobody"),
                 ("SendOutside", ids[2], "c"),
                 ("SendClient", s.known(ids[1].swapcase(), "b in the other case"), "ids have case")):
        await a.call(*call)
        await _reached(s, (a, b, c))


@script
async def group(s):
    (a, b, c), ids, group = await _group(s)
    for call in (("SendGroup", group, "group"), ("SendOthersInGroup", group, "others in group"),
                 ("SendGroupExcept", group, ids[1:2], "but b"), ("SendGroupExcept", group, [], "but nobody"),
                 ("SendGroupOutside", group, "outside"),
                 ("SendGroup", s.known(group.upper(), "GROUP"), "names have case"),
                 ("SendGroup", s.name("empty"), "nobody")):
        await a.call(*call)
        await _reached(s, (a, b, c))


@script
async def sender_need_not_be_a_member(s):
    (a, b, c), _, group = await _group(s)
    await c.call("SendGroup", group, "x")
    await c.call("SendOthersInGroup", group, "y")
    await _reached(s, (a, b, c))


@script
async def several_groups(s):
    (a, b, c), _, first = await _group(s)
    second = s.name("second")
    await b.call("Join", second)
    await c.call("Join", second)
    await a.call("SendGroups", [first, second], "b gets two")
    await _reached(s, (a, b, c))
    await a.call("SendGroups", [first, first], "twice")
    await _reached(s, (a, b, c))
    await a.call("SendGroups", [], "nobody")
    await a.call("SendGroups", [second, ""], "x")
    await _reached(s, (a, b, c))


@script
async def join_and_leave(s):
    (a, b, c), ids, group = await _group(s)
    await a.call("Join", group)
    await a.call("SendGroup", group, "joined twice gets one")
    await _reached(s, (a, b))
    await a.call("Leave", group)
    await a.call("SendGroup", group, "left")
    await _reached(s, (a, b))
    await a.call("Leave", group)
    await c.call("Leave", group)
    await a.call("Leave", s.name("never"))
    await a.call("SendGroup", group, "left twice")
    await _reached(s, (a, b, c))


@script
async def other_connections_join(s):
    (a, b, c), ids, group = await _group(s)
    await a.call("JoinOther", ids[2], group)
    await a.call("SendGroup", group, "c is in")
    await _reached(s, (a, b, c))
    await a.call("LeaveOther", ids[2], group)
    await a.call("SendGroup", group, "c is out")
    await _reached(s, (a, b, c))
    await a.call("JoinOther", "unknown", group)
    await a.call("LeaveOther", "unknown", group)


@script(alone=True)
async def empty_names(s):
    """No other script may send to the group without a name: they run at the same time."""
    (a, _, _), ids = await _three(s)
    for call in (("SendGroup", "", "nobody"), ("Join", ""), ("SendGroup", "", "x"), ("SendOthersInGroup", "", "nobody"),
                 ("SendGroupExcept", "", [], "x"), ("Leave", ""), ("JoinOther", "", "x"), ("SendGroup", "", "nobody")):
        await a.call(*call)


@script
async def membership_ends_with_the_connection(s):
    import asyncio
    key = s.name("note")
    group = s.name("group")
    a = await s.connect(query=f"note={key}")
    await a.call("Join", group)
    await a.send('{"type":7}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await asyncio.sleep(0.1)
    a = await s.connect()
    await b.call("SendGroup", group, "x")
    await a.alive()


@script
async def groups_belong_to_a_hub(s):
    group = s.name("group")
    a, b = await s.connect(), await s.connect("/parallel2", label="b")
    await a.call("Join", group)
    await b.call("SendGroup", group, "other hub")
    await a.alive()
    c = await s.connect("/websockets-only", label="c")
    await c.call("SendGroup", group, "same hub, other route")
    await a.receive()


@script(json_only=True)
async def over_transports(s):
    group = s.name("group")
    connections = [await s.connect(transport=transport, label=transport) for transport in ("ws", "sse", "lp")]
    for connection in connections:
        await connection.call("Join", group)
    await connections[0].send('{"type":1,"target":"SendGroup","arguments":["%s","to all three"]}' % group)
    for connection in connections:
        await connection.receive()


@script
async def users(s):
    anna, berta = s.name("anna"), s.name("berta")
    header = "Super-Insecure-UserName"
    (a, b, c), ids = await _three(s, headers=({header: anna}, {header: anna}, {header: berta}))
    for call in (("GetUserId",), ("SendUser", anna, "anna"), ("SendUser", berta, "berta"),
                 ("SendUsers", [anna, berta], "both"), ("SendUser", s.known(anna.upper(), "ANNA"), "names have case"),
                 ("SendUser", s.name("nobody"), "x"), ("SendUser", "", "x"),
                 ("SendUsers", [], "x"), ("SendUsers", [anna, anna], "twice")):
        await a.call(*call)
        await _reached(s, (a, b, c))
    await b.send('{"type":7}')
    await b.finish()
    await a.call("SendUser", anna, "one is left")
    await _reached(s, (a, c))


@script
async def one_failing_member_does_not_stop_the_others(s):
    group = s.name("group")
    (a, b, c) = [await s.connect(label=label) for label in "abc"]
    for connection in (a, b, c):
        await connection.call("Join", group)
    b.drop()
    for i in range(3):
        await a.call("SendGroup", group, f"{i}")
    await _reached(s, (c,))
