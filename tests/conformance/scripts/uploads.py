"""Streams from the client."""
import asyncio

from registry import on_transports, script, table
from session import completion, invocation, item

# What is sent: an invocation, then items and completions.
UPLOADS = {
    "sum": [invocation("Sum", number="1", streams=["u"]), item("u", 1), item("u", 2), completion("u")],
    "sum_async_enumerable": [invocation("SumAsyncEnumerable", number="1", streams=["u"]), item("u", 1),
                             completion("u")],
    "empty": [invocation("Sum", number="1", streams=["u"]), completion("u")],
    "concat": [invocation("Concat", number="1", streams=["u"]), item("u", "a"), item("u", "ü"), completion("u")],
    "null_item": [invocation("Concat", number="1", streams=["u"]), item("u", "a"), item("u", None), completion("u")],
    "objects": [invocation("ConcatSamples", number="1", streams=["u"]), item("u", {"Name": "a", "Value": 1}),
                item("u", {"value": 2, "name": "b"}), completion("u")],
    "two_with_arguments": [invocation("Mixed", "<", "|", ">", number="1", streams=["u", "v"]), item("v", "x"),
                           item("u", 5), item("v", "y"), completion("v"), item("u", 6), completion("u")],
    "error": [invocation("Concat", number="1", streams=["u"]), item("u", "a"), completion("u", error="Something bad")],
    "error_empty": [invocation("Concat", number="1", streams=["u"]), completion("u", error="")],
    "completion_with_result": [invocation("Sum", number="1", streams=["u"]), item("u", 1), completion("u", result=5)],
    "wrong_item_type": [invocation("Sum", number="1", streams=["u"]), item("u", "x"), item("u", 1), completion("u")],
    "wrong_item_member": [invocation("ConcatSamples", number="1", streams=["u"]), item("u", {"Value": "x"})],
    "unknown_id_between": [invocation("Sum", number="1", streams=["u"]), item("other", 9), item("u", 1),
                           completion("other"), completion("u")],
    "wrong_id_completed_with_error": [invocation("Sum", number="1", streams=["u"]), completion("v", error="x"),
                                      item("u", 1), completion("u")],
    "none_given": [invocation("Sum", number="1")],
    "none_given_empty": [invocation("Sum", number="1", streams=[])],
    "too_few": [invocation("Mixed", "a", "b", "c", number="1", streams=["u"])],
    "too_many": [invocation("Sum", number="1", streams=["u", "v"])],
    "to_a_plain_method": [invocation("Echo", "x", number="1", streams=["u"])],
    "to_a_missing_method": [invocation("Nope", number="1", streams=["u"])],
    "argument_for_the_stream": [invocation("Sum", 1, number="1", streams=["u"])],
    "same_id_twice": [invocation("Mixed", "a", "b", "c", number="1", streams=["u", "u"])],
    "method_ends_at_once": [invocation("UploadVoid", number="1", streams=["u"]), item("u", 1), item("u", 2),
                            completion("u")],
    "id_is_the_invocations": [invocation("Sum", number="1", streams=["1"]), item("1", 3), completion("1")],
}


async def _upload(s, messages, route="/conformance"):
    a = await s.connect(route)
    await a.send(*messages)
    await a.until("1")
    await a.alive()


async def _upload_nodetail(s, messages):
    await _upload(s, messages, "/nodetail")


table("uploads", UPLOADS, _upload)
table("uploads_nodetail", {name: UPLOADS[name] for name in ("error", "wrong_item_type", "too_many", "none_given")},
      _upload_nodetail)


@on_transports("sse", "lp")
async def over(s, transport):
    a = await s.connect(transport=transport)
    await a.send(*UPLOADS["two_with_arguments"])
    await a.until("1")


@script
async def stream_of_an_upload(s):
    a = await s.connect()
    await a.send(invocation("StreamEcho", number="1", streams=["u"], kind=4), item("u", "a"))
    await a.receive()
    await a.send(item("u", "b"))
    await a.receive()
    await a.send(completion("u"))
    await a.receive()


@script
async def stream_of_an_upload_with_error(s):
    a = await s.connect()
    await a.send(invocation("StreamEcho", number="1", streams=["u"], kind=4), item("u", "a"))
    await a.receive()
    await a.send(completion("u", error="broken"))
    await a.receive()


@script
async def stream_of_an_upload_cancelled(s):
    a = await s.connect()
    await a.send(invocation("StreamEcho", number="1", streams=["u"], kind=4), item("u", "a"))
    await a.receive()
    await a.send('{"type":5,"invocationId":"1"}', item("u", "b"), completion("u"))
    await a.until("1")
    await a.alive()


@script
async def without_id(s):
    key = s.name("note")
    a = await s.connect()
    await a.send(invocation("UploadNote", key, streams=["u"]), item("u", 2), item("u", 3), completion("u"))
    await a.call("ReadNote", key)


@script
async def connection_ends(s):
    key = s.name("note")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("UploadNote", key, number="1", streams=["u"]), item("u", 2))
    await a.alive()
    a.drop()
    await b.call("ReadNote", key)


@script
async def items_of_a_finished_method(s):
    a = await s.connect()
    await a.send(invocation("UploadVoid", number="1", streams=["u"]))
    await a.receive()
    await a.send(item("u", 1), item("u", "x"), completion("u"))
    await a.alive()


@script
async def same_stream_id_in_two_calls(s):
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("SumGated", gate, number="1", streams=["u"]))
    await a.receive()
    await a.send(invocation("Sum", number="2", streams=["u"]))
    await a.nothing()
    await b.call("Open", gate)
    await a.send(item("u", 1), completion("u"))
    await a.nothing()


async def _gated(s, count):
    """Items that nobody reads, then a call: is the call served while the gate is closed?"""
    gate = s.name("gate")
    a, b = await s.connect(), await s.connect(label="b")
    await a.send(invocation("SumGated", gate, number="1", streams=["u"]))
    await a.receive()
    await a.send_quietly(*[item("u", 1) for _ in range(count)])
    await a.send(invocation("Echo", "behind", number="2"))
    await a.nothing()
    await b.call("Open", gate)
    await asyncio.sleep(0.1)
    await a.send(completion("u"))
    await a.receive_sorted(2 if count > 10 else 1)


@script
async def ten_items_fit(s):
    await _gated(s, 10)


@script
async def eleven_items_stop_the_reading(s):
    await _gated(s, 11)


@script
async def pings_behind_full_uploads_wait(s):
    await _gated(s, 50)


@script
async def capacity_1(s):
    """/stream has room for one item."""
    a = await s.connect("/stream")
    await a.send(invocation("AcceptStream", number="1", streams=["s", "b"]))
    await a.send(item("s", "one"))
    await a.call("Echo", "fits")
    await a.send(item("s", "two"), invocation("Echo", "behind", number="2"))
    await a.nothing()
