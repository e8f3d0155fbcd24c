"""The reader of hub messages: what it takes, what it skips, what ends the connection."""
import asyncio

from registry import script, table
from session import dump, invocation

ECHO = '"target":"Echo","arguments":["x"]'

TAKEN = {
    "order_type_last": '{%s,"invocationId":"1","type":1}' % ECHO,
    "order_arguments_first": '{"arguments":["x"],"target":"Echo","type":1,"invocationId":"1"}',
    "order_arguments_before_target": '{"type":1,"arguments":["x"],"invocationId":"1","target":"Echo"}',
    "unknown_properties": '{"type":1,"a":null,"b":[{}],%s,"c":{"type":7},"invocationId":"1"}' % ECHO,
    "headers": '{"type":1,"headers":{"a":"b","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},'
               '"invocationId":"1",%s}' % ECHO,
    "headers_empty": '{"type":1,"headers":{},"invocationId":"1",%s}' % ECHO,
    "blanks": ' { "type" : 1 ,\n "invocationId" : "1" , %s } ' % ECHO,
    "stream_ids_empty": '{"type":1,"invocationId":"1","streamIds":[],%s}' % ECHO,
    "escapes": '{"type":1,"invocationId":"\\u0031","target":"Ec\\u0068o","arguments":["\\u00fc\\n\\"\\/"]}',
    "non_ascii": '{"type":1,"invocationId":"ü","target":"Echo","arguments":["日本語 😀 <&\'+>"]}',
    "long_id": '{"type":1,"invocationId":"%s",%s}' % ("i" * 300, ECHO),
    "ping": '{"type":6}',
    "ping_with_more": '{"type":6,"a":1,"headers":"x"}',
    "ack_without_stateful": '{"type":8,"sequenceId":1}',
    "sequence_without_stateful": '{"type":9,"sequenceId":1}',
    "completion_of_unknown_id": '{"type":3,"invocationId":"unknown","result":1}',
    "completion_error_of_unknown_id": '{"type":3,"invocationId":"unknown","error":"x"}',
    "completion_with_nothing": '{"type":3,"invocationId":"unknown"}',
    "stream_item_of_unknown_id": '{"type":2,"invocationId":"unknown","item":1}',
    "stream_item_item_first": '{"item":{"a":1},"type":2,"invocationId":"unknown"}',
    "cancel_of_unknown_id": '{"type":5,"invocationId":"unknown"}',
    "depth_60": '{"type":6,"x":%s}' % ("[" * 60 + "]" * 60),
}
SKIPPED = {
    "type_42": '{"type":42}',
    "type_0": '{"type":0}',
    "type_minus_1": '{"type":-1}',
    "type_10_with_more": '{"type":10,"target":1,"invocationId":2}',
}
FATAL = {
    "not_json": "hello",
    "empty_record": "",
    "array": "[]",
    "number": "1",
    "null": "null",
    "text": '"x"',
    "cut": '{"type":1',
    "trailing_comma": '{"type":6,}',
    "comment": '{"type":6/*x*/}',
    "empty_object": "{}",
    "type_missing": '{"invocationId":"1",%s}' % ECHO,
    "type_text": '{"type":"1","invocationId":"1",%s}' % ECHO,
    "type_null": '{"type":null}',
    "type_fraction": '{"type":1.5}',
    "type_in_capitals": '{"Type":6}',
    "type_too_large": '{"type":99999999999}',
    "target_missing": '{"type":1,"invocationId":"1","arguments":[]}',
    "target_null": '{"type":1,"invocationId":"1","target":null,"arguments":[]}',
    "target_number": '{"type":1,"invocationId":"1","target":1,"arguments":[]}',
    "target_empty": '{"type":1,"invocationId":"1","target":"","arguments":[]}',
    "arguments_missing": '{"type":1,"invocationId":"1","target":"Void"}',
    "arguments_null": '{"type":1,"invocationId":"1","target":"Void","arguments":null}',
    "arguments_object": '{"type":1,"invocationId":"1","target":"Void","arguments":{}}',
    "arguments_text": '{"type":1,"invocationId":"1","target":"Void","arguments":"x"}',
    "id_number": '{"type":1,"invocationId":1,%s}' % ECHO,
    "id_null": '{"type":1,"invocationId":null,%s}' % ECHO,
    "stream_without_id": '{"type":4,"target":"Count","arguments":[1]}',
    "stream_empty_id": '{"type":4,"invocationId":"","target":"Count","arguments":[1]}',
    "stream_without_target": '{"type":4,"invocationId":"1","arguments":[1]}',
    "stream_without_arguments": '{"type":4,"invocationId":"1","target":"Count"}',
    "stream_ids_text": '{"type":1,"invocationId":"1","streamIds":"x",%s}' % ECHO,
    "stream_ids_null": '{"type":1,"invocationId":"1","streamIds":null,%s}' % ECHO,
    "stream_ids_of_null": '{"type":1,"invocationId":"1","streamIds":[null],%s}' % ECHO,
    "stream_ids_of_number": '{"type":1,"invocationId":"1","streamIds":[1],%s}' % ECHO,
    "headers_text": '{"type":1,"headers":"x","invocationId":"1",%s}' % ECHO,
    "headers_null": '{"type":1,"headers":null,"invocationId":"1",%s}' % ECHO,
    "headers_of_number": '{"type":1,"headers":{"x":1},"invocationId":"1",%s}' % ECHO,
    "headers_of_null": '{"type":1,"headers":{"x":null},"invocationId":"1",%s}' % ECHO,
    "item_without_id": '{"type":2,"item":1}',
    "item_without_item": '{"type":2,"invocationId":"1"}',
    "completion_without_id": '{"type":3,"result":1}',
    "completion_error_and_result": '{"type":3,"invocationId":"1","error":"x","result":1}',
    "completion_result_and_error": '{"type":3,"invocationId":"1","result":1,"error":"x"}',
    "completion_error_number": '{"type":3,"invocationId":"1","error":1}',
    "cancel_without_id": '{"type":5}',
    "ack_without_number": '{"type":8}',
    "ack_text": '{"type":8,"sequenceId":"1"}',
    "sequence_without_number": '{"type":9}',
    "close_error_number": '{"type":7,"error":1}',
    "close_reconnect_text": '{"type":7,"allowReconnect":"x"}',
    "depth_64": '{"type":6,"x":%s}' % ("[" * 63 + "]" * 63),
    "depth_65": '{"type":6,"x":%s}' % ("[" * 64 + "]" * 64),
    "depth_70": '{"type":6,"x":%s}' % ("[" * 70 + "]" * 70),
    "text_behind": '{"type":6} x',
    "two_objects": '{"type":6}{"type":6}',
    "twice": '{"type":6,"type":1,"invocationId":"1",%s}' % ECHO,
    "byte_order_mark": '﻿{"type":6}',
    "handshake_again": '{"protocol":"json","version":1}',
}


async def _taken(s, text):
    a = await s.connect()
    await a.send(text)
    await a.alive()


async def _skipped(s, text):
    """The reference stalls here (dotnet/aspnetcore issue 69285)."""
    a = await s.connect()
    await a.send(text)
    number = await a.start("Echo", "alive")
    await a.until(number, timeout=2)


async def _fatal(s, text, route="/conformance"):
    """Whether it is fatal is for the reference to say: an Echo comes behind it."""
    a = await s.connect(route)
    await a.send(text, invocation("Echo", "alive", number="alive"))
    while True:
        kind, line = await a.event()
        a.log(kind, line)
        if kind in ("end", "silence") or line.startswith('{"type":3,"invocationId":"alive"'):
            return


async def _fatal_nodetail(s, text):
    await _fatal(s, text, "/nodetail")


table("messages", TAKEN, _taken)
table("messages_skipped", SKIPPED, _skipped)
table("messages_fatal", FATAL, _fatal)
table("messages_nodetail", {name: FATAL[name] for name in (
    "not_json", "type_missing", "arguments_object", "completion_error_and_result", "headers_of_number")},
    _fatal_nodetail)


@script
async def records_in_front_of_a_bad_one_are_served(s):
    a = await s.connect()
    await a.send(invocation("EchoInt", 1, number="1"), invocation("EchoInt", 2, number="2"), "bad")
    await a.finish()


@script
async def id_of_a_plain_invocation_may_repeat(s):
    a = await s.connect()
    await a.send(invocation("EchoInt", 1, number="1"), invocation("EchoInt", 2, number="1"))
    await a.receive(2)


async def _sized(s, route, size):
    a = await s.connect(route)
    text = invocation("Echo", "", number="1")
    await a.send_quietly(invocation("Echo", "x" * (size - len(text) - 1), number="1"))
    while True:
        kind, line = await a.event()
        a.log(kind, line)
        if kind in ("end", "silence") or '"type":3' in line:
            return


async def _sized_default(s, size):
    await _sized(s, "/conformance", size)


async def _sized_small(s, size):
    await _sized(s, "/small", size)


async def _sized_nodetail(s, size):
    await _sized(s, "/nodetail", size)


table("size", {"at_32768": 32768, "over_32768": 32769, "far_over_32768": 100000}, _sized_default)
table("size_of_hub", {"at_1000": 1000, "over_1000": 1001, "far_over_1000": 5000}, _sized_small)
table("size_nodetail", {"over_32768": 32769}, _sized_nodetail)


@script
async def too_large_unfinished(s):
    a = await s.connect("/small")
    await a.post(b"x" * 3000)
    await a.finish()


@script
async def too_large_in_chunks(s):
    a = await s.connect("/small")
    for _ in range(20):
        await a.post(b"x" * 100)
        await asyncio.sleep(0.01)
    await a.finish()


@script
async def small_in_front_of_too_large(s):
    a = await s.connect("/small")
    await a.send_quietly(invocation("EchoInt", 1, number="1"), invocation("Echo", "x" * 2000, number="2"))
    await a.finish()


@script
async def many_small_over_the_limit_together(s):
    a = await s.connect("/small")
    await a.send_quietly(*[invocation("Echo", "x" * 500) for _ in range(20)])
    await a.call("Next")


@script
async def pings_at_any_time(s):
    a = await s.connect()
    await a.send('{"type":6}', '{"type":6}', invocation("Echo", "x", number="1"), '{"type":6}')
    await a.receive()


@script
async def close_of_the_client(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    await a.send('{"type":7}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def close_with_error(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    await a.send('{"type":7,"error":"so long"}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def close_with_reconnect(s):
    a = await s.connect()
    await a.send('{"type":7,"allowReconnect":true}')
    await a.finish()


@script
async def behind_a_close_nothing_is_served(s):
    a = await s.connect()
    await a.send('{"type":7}', invocation("Echo", "x", number="1"))
    await a.finish()


@script
async def notes_of_a_protocol_error(s):
    key = s.name("note")
    a = await s.connect(query=f"note={key}")
    await a.send("bad")
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


@script
async def writer_of_payloads(s):
    """What the server's JSON looks like: member order, nulls, numbers, escapes."""
    a = await s.connect("/testhub")
    await a.call("SendComplexObject")
    await a.call("EchoComplexObject", {"String": "a\"\\/\b\f\n\r\t<>&'+ü☃😀", "IntArray": [1, -2],
                                       "ByteArray": "AQID", "Guid": "00010203-0405-0607-0706-050403020100",
                                       "DateTime": "2001-02-03T04:05:06.789Z"})
    await a.call("EchoComplexObject", {"string": "members have no case", "intArray": None, "unknown": 1})
    await a.call("SendCustomObject", {"Name": "x", "Value": 1})


@script
async def numbers(s):
    a = await s.connect()
    for value in ("0", "-0", "1.5", "1e3", "1E-7", "12345678901234567890", "0.1"):
        number = f"double {value}"
        await a.send('{"type":1,"invocationId":"%s","target":"EchoDouble","arguments":[%s]}' % (number, value))
        await a.until(number)
    for value in ("2147483647", "-2147483648", "2147483648", "1.0", "1.5", "1e2", '"1"', "true", "null"):
        number = f"int {value}".replace('"', "'")
        await a.send('{"type":1,"invocationId":"%s","target":"EchoInt","arguments":[%s]}' % (number, value))
        await a.until(number)


@script
async def headers_are_not_sent_back(s):
    a = await s.connect()
    await a.send(dump({"type": 1, "headers": {"a": "b"}, "invocationId": "1", "target": "Echo", "arguments": ["x"]}))
    await a.receive()
