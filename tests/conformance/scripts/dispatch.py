"""Calls: finding the method, binding, results, errors, order."""
from registry import on_transports, script, table
from session import invocation, message_of

CALLS = {
    "void": ("Void",), "void_task": ("VoidTask",), "null": ("Null",), "echo": ("Echo", "hello"),
    "echo_empty": ("Echo", ""), "echo_null": ("Echo", None), "add": ("Add", 40, 2), "add_async": ("AddAsync", 40, 2),
    "bool": ("EchoBool", True), "ints": ("EchoInts", [1, 2, 3]), "ints_empty": ("EchoInts", []),
    "ints_null": ("EchoInts", None), "sample": ("EchoSample", {"Name": "n", "Value": 3}),
    "sample_members_have_no_case": ("EchoSample", {"nAME": "n", "value": 3}),
    "sample_members_missing": ("EchoSample", {}), "sample_null": ("EchoSample", None),
    "sample_unknown_member": ("EchoSample", {"Name": "n", "Value": 3, "More": [1]}),
    "lower_case": ("echo", "x"), "upper_case": ("ECHO", "x"), "mixed_case": ("eCHO", "x"),
    "inherited": ("Inherited",), "overridden": ("Overridden",), "renamed": ("renamed",), "renamed_case": ("RENAMED",),
    "calls_of_hub_object": ("Calls",), "missing": ("Nope",), "missing_with_quotes": ("No'pe \"ü\"",),
    "non_ascii_case": ("ÉCHO", "x"), "blank_in_name": ("Echo ", "x"),
    "on_connected": ("OnConnectedAsync",), "on_disconnected": ("OnDisconnectedAsync", None), "dispose": ("Dispose",),
    "to_string": ("ToString",), "equals": ("Equals", None), "hash_code": ("GetHashCode",), "get_type": ("GetType",),
    "property": ("get_Context",), "setter": ("set_Clients", None), "static": ("Static",),
    "private": ("Remember", "x"),
    "too_few": ("Echo",), "too_many": ("Echo", "a", "b"), "too_many_for_none": ("Void", 1),
    "too_few_of_two": ("Add", 1),
    "wrong_type": ("Echo", 1), "wrong_type_object": ("Add", {}, 1), "wrong_type_second": ("Add", 1, "x"),
    "wrong_type_bool": ("EchoBool", 1), "wrong_type_array": ("EchoInts", [1, "x"]), "wrong_null": ("EchoInt", None),
    "wrong_type_sample": ("EchoSample", "x"), "wrong_type_member": ("EchoSample", {"Value": "x"}),
    "wrong_count_and_type": ("Add", "x"),
    "throws": ("ThrowException", "broken"), "throws_async": ("ThrowAsync", "broken"),
    "throws_hub_exception": ("ThrowHubException", "told"), "throws_empty": ("ThrowHubException", ""),
    "throws_quotes": ("ThrowException", 'a "quoted" <ü>'),
    "stream_called_plainly": ("Count", 1), "stream_error_plainly": ("StreamThrow", "x"),
    "missing_sent_case": ("nOpE",),
}
STREAMS = {
    "plain_called_as_stream": ("Echo", "x"), "void_called_as_stream": ("Void",), "missing": ("Nope",),
    "too_few": ("Count",), "wrong_type": ("Count", "x"), "plain_with_wrong_arguments": ("Add", 1),
    "lower_case": ("count", 2),
}
NODETAIL = ("missing", "too_few", "too_many", "wrong_type", "throws", "throws_async", "throws_hub_exception",
            "stream_called_plainly")


async def _call(s, call, route="/conformance"):
    a = await s.connect(route)
    await a.call(*call)
    await a.alive()


async def _call_nodetail(s, call):
    await _call(s, call, "/nodetail")


async def _stream(s, call):
    a = await s.connect()
    await a.stream(*call)
    await a.alive()


async def _unanswered(s, call):
    a = await s.connect()
    await a.send(invocation(*call))
    await a.alive()


table("dispatch", CALLS, _call)
table("dispatch_nodetail", {name: CALLS[name] for name in NODETAIL}, _call_nodetail)
table("dispatch_stream", STREAMS, _stream)
table("dispatch_without_id", {name: CALLS[name] for name in (
    "echo", "missing", "too_few", "wrong_type", "throws", "throws_hub_exception", "stream_called_plainly")},
    _unanswered)


@on_transports("sse", "lp")
async def errors_over(s, transport):
    a = await s.connect(transport=transport)
    for call in (("Echo", "x"), ("Void",), ("Nope",), ("Echo",), ("ThrowException", "x"), ("ThrowHubException", "x")):
        await a.call(*call)


@script
async def empty_id_is_no_id(s):
    a = await s.connect()
    await a.send('{"type":1,"invocationId":"","target":"Echo","arguments":["x"]}')
    await a.alive()


@script
async def in_order(s):
    a = await s.connect()
    await a.send_quietly(*[invocation("Next", number=i) for i in range(100)])
    results = [await a.event() for _ in range(100)]
    s.note("in order: " + str([message_of(text) for _, text in results] == [
        {"type": 3, "invocationId": str(i), "result": i + 1} for i in range(100)]))


@script
async def one_at_a_time(s):
    """With the default limit the second call waits, and with it everything behind it."""
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "first", number="1"), invocation("Echo", "second", number="2"))
    await a.receive()
    await a.nothing()
    await b.call("Open", gate)
    await a.receive(2)


@script
async def two_at_a_time(s):
    gate = s.name("gate")
    a, b = await s.connect("/parallel2"), await s.connect("/parallel2", label="b")
    await a.send(invocation("Wait", gate, "first", number="1"), invocation("Wait", gate, "second", number="2"),
                 invocation("Echo", "third", number="3"))
    await a.receive(2)
    await a.nothing()
    await b.call("Open", gate)
    await a.receive_sorted(3)


@script
async def second_of_two_overtakes(s):
    gate = s.name("gate")
    a, b = await s.connect("/parallel2"), await s.connect("/parallel2", label="b")
    await a.send(invocation("Wait", gate, "first", number="1"))
    await a.receive()
    await a.call("Echo", "overtakes")
    await a.call("Echo", "again")
    await b.call("Open", gate)
    await a.receive()


@script
async def streams_do_not_wait_for_a_call(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "first", number="1"))
    await a.receive()
    await a.stream("Count", 2)
    await b.call("Open", gate)
    await a.receive()


@script
async def calls_do_not_wait_for_a_stream(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Gated", gate, number="1", kind=4))
    await a.receive()
    await a.call("Echo", "meanwhile")
    await b.call("Open", gate)
    await a.receive(2)


@script
async def uploads_do_not_wait_for_a_call(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "first", number="1"))
    await a.receive()
    await a.send(invocation("Sum", number="2", streams=["u"]), '{"type":2,"invocationId":"u","item":4}',
                 '{"type":3,"invocationId":"u"}')
    await a.receive()
    await b.call("Open", gate)
    await a.receive()


@script
async def cancel_of_a_plain_call_is_ignored(s):
    """Before .NET 11 a plain call cannot be cancelled."""
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("Wait", gate, "first", number="1"))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}')
    await a.nothing()
    await b.call("Open", gate)
    await a.receive()
    await a.alive()


@script
async def context(s):
    a = await s.connect(query="color=red", headers=[("X-Test", "value"), ("Super-Insecure-UserName", "anna")])
    for call in (("GetQuery", "color"), ("GetQuery", "COLOR"), ("GetQuery", "none"), ("GetHeader", "x-test"),
                 ("GetHeader", "none"), ("GetUserId",), ("GetTransport",), ("GetClaim", "none")):
        await a.call(*call)


@on_transports("sse", "lp")
async def context_over(s, transport):
    a = await s.connect(transport=transport, query="color=red", headers=[("X-Test", "value")])
    for call in (("GetQuery", "color"), ("GetHeader", "X-Test"), ("GetTransport",), ("GetUserId",)):
        await a.call(*call)


@script
async def items_belong_to_the_connection(s):
    a, b = await s.connect(), await s.connect(label="b")
    await a.call("Next")
    await a.call("Next")
    await b.call("Next")


@script
async def sends_in_front_of_the_completion(s):
    a = await s.connect()
    await a.call("SendCaller", "x")
    await a.call("SendNothing")
    await a.call("SendSample", {"Name": "n", "Value": 2})
    await a.call("SendOutside", await a.ask("GetConnectionId"), "outside")
    await a.call("Fill", 5, 3)


@script
async def functional_hub(s):
    """The methods of the stock clients' functional tests."""
    a = await s.connect("/testhub", query="numRedirects=3", headers=[("Cookie", "testCookie=testValue")])
    for call in (("HelloWorld",), ("Echo", "x"), ("GetNumRedirects",), ("ThrowException", "An error occurred."),
                 ("InvokeWithString", "x"), ("CallEcho", "x"), ("CallHandlerThatDoesntExist",),
                 ("GetActiveTransportName",), ("GetCookie", "testCookie"), ("GetCookie", "none"),
                 ("GetCookieValue", "testCookie"), ("GetHeader", "Upgrade"), ("GetHeader", "none"),
                 ("GetHeaderValues", ["Upgrade", "none"]), ("GetContentTypeHeader",), ("GetUserIdentifier",),
                 ("Stream",), ("Nope",)):
        await a.call(*call)
    for call in (("Stream",), ("EmptyStream",), ("StreamThrowException", "An error occurred."), ("StreamException",),
                 ("StreamBroken",), ("Echo", "x")):
        await a.stream(*call)


@script
async def functional_hub_2(s):
    a = await s.connect("/default")
    await a.stream("Stream", 3)
    await a.call("Echo", "x")
    for route in ("/dynamic", "/hubT", "/version", "/negotiateProtocolVersion12"):
        b = await s.connect(route, label=route[1:])
        await b.call("Echo", "x")
    await (await s.connect("/version", label="b")).call("NewProtocolMethodServer")


@script
async def filters(s):
    a = await s.connect("/filters")
    await a.receive(4)
    for call in (("Echo", "x"), ("Add", 1, 2), ("Echo", "stop a"), ("Echo", "stop b"), ("ThrowHubException", "x"),
                 ("Nope",), ("Echo", 1), ("Void",)):
        await a.call(*call)
    await a.stream("Count", 2)


@script
async def filters_around_a_failing_connect(s):
    a = await s.connect("/filters", query="onconnect=throw")
    await a.finish()
