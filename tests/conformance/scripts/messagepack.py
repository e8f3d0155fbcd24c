"""MessagePack itself: the forms of values, records that are not what they should be, frames. What does not depend on the
encoding is shown by the scripts of other themes, which run over MessagePack too (messagepack_dispatch.* and so on)."""
import asyncio
import struct

import packed
import wire
from packed import Raw
from registry import script, table
from session import SHOWN_CHARACTERS, completion, invocation, message_of

SHAKE = '{"protocol":"messagepack","version":1}'
COMPLEX = {"String": "s", "IntArray": [1, -2], "ByteArray": b"\x01\x02\x03",
           "Guid": "00010203-0405-0607-0706-050403020100", "DateTime": Raw(bytes.fromhex("d6ff386d4380"))}


def raw(hexadecimal):
    return Raw(bytes.fromhex(hexadecimal))


def call(target, *arguments):
    return packed.pack([1, {}, "1", target, arguments, []])


def complex_with(**members):
    return ("EchoComplexObject", {**COMPLEX, **members})


def sized(code, width, text):
    return Raw(bytes([code]) + len(text).to_bytes(width, "big") + text)


# -- values: what is read in which form, and in which form it comes back -----------------------------

VALUES = {
    **{f"int_{name}": ("EchoInt", raw(text)) for name, text in {
        "zero": "00", "fixed": "7f", "fixed_negative": "e0", "uint8": "cc07", "uint16": "cd0007", "uint32": "ce00000007",
        "uint64": "cf0000000000000007", "int8": "d007", "int16": "d10007", "int32": "d200000007",
        "int64": "d30000000000000007", "int8_negative": "d0f9", "int16_negative": "d1fff9", "int64_negative":
        "d3fffffffffffffff9", "largest": "ce7fffffff", "smallest": "d280000000", "too_large": "ce80000000",
        "too_small": "d3ffffffff7fffffff", "float_whole": "cb3ff0000000000000", "float_half": "cb3ff8000000000000",
        "float32_whole": "ca3f800000", "text": "a131", "true": "c3", "nil": "c0", "array": "9101", "ext": "d40001"}.items()},
    **{f"int_written_{value}".replace("-", "minus_"): ("EchoInt", value) for value in (
        127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129, -32768, -32769, 2147483647)},
    **{f"double_{name}": ("EchoDouble", value) for name, value in {
        "half": 0.5, "tenth": 0.1, "whole": 1.0, "minus_zero": -0.0, "large": 1e300, "float32": raw("ca3fc00000"),
        "infinite": raw("cb7ff0000000000000"), "nan": raw("cb7ff8000000000000"), "integer": 7, "negative": -7,
        "uint64": raw("cfffffffffffffffff"), "int64": raw("d38000000000000000"), "text": "1.5", "nil": None}.items()},
    **{f"bool_{name}": ("EchoBool", value) for name, value in {
        "false": False, "one": 1, "nil": None, "text": "true"}.items()},
    **{f"text_{name}": ("Echo", value) for name, value in {
        "empty": "", "31": "x" * 31, "32": "x" * 32, "255": "x" * 255, "256": "x" * 256, "str8": sized(0xd9, 1, b"hi"),
        "str16": sized(0xda, 2, b"hi"), "str32": sized(0xdb, 4, b"hi"), "non_ascii": "äö€😀", "non_ascii_32": "ä" * 16,
        "zero": "a\0b", "line_ends": "\r\n\u2028", "bin": b"hi", "not_utf8": raw("a2ff41"), "not_utf8_end": raw("a241c3"),
        "surrogate": raw("a3eda080"), "nil": None, "integer": 1, "array": ["a"], "map": {"a": 1}}.items()},
    **{f"ints_{name}": ("EchoInts", value) for name, value in {
        "15": [1] * 15, "16": [1] * 16, "array16": raw("dc000101"), "array32": raw("dd0000000101"), "nil_inside": [1, None],
        "text_inside": [1, "x"], "map": {}, "bin": b"\x01"}.items()},
    **{f"sample_{name}": ("EchoSample", value) for name, value in {
        "map16": raw("de0001a556616c756507"), "map32": raw("df00000001a556616c756507"), "other_order": {"Value": 1, "Name": "n"},
        "twice": raw("82a556616c756507a556616c756508"), "lower_case": {"name": "n", "value": 1}, "missing": {},
        "unknown": {"More": [1, {"a": 1}], "Name": "n", "Value": 1}, "array": ["n", 1], "key_integer": raw("8101a178"),
        "key_nil": raw("81c0a178"), "key_bin": raw("81c4044e616d65a178"), "text": "x", "member_text": {"Value": "x"},
        "member_nil": {"Value": None}}.items()},
}

OBJECTS = {
    "as_sent": complex_with(), "nothing": ("EchoComplexObject", {}), "nil": ("EchoComplexObject", None),
    "other_order": ("EchoComplexObject", dict(reversed(COMPLEX.items()))),
    "nils": complex_with(String=None, IntArray=None, ByteArray=None),
    "bytes_empty": complex_with(ByteArray=b""), "bytes_16": complex_with(ByteArray=sized(0xc5, 2, b"\x01")),
    "bytes_32": complex_with(ByteArray=sized(0xc6, 4, b"\x01")), "bytes_256": complex_with(ByteArray=b"\x01" * 256),
    "bytes_array": complex_with(ByteArray=[1, 2]), "bytes_text": complex_with(ByteArray="AQID"),
    "guid_nil": complex_with(Guid=None), "guid_bin": complex_with(Guid=bytes(16)),
    "time_64": complex_with(DateTime=Raw(b"\xd7\xff" + struct.pack(">Q", (789_000_000 << 34) | 946684800))),
    "time_96": complex_with(DateTime=Raw(b"\xc7\x0c\xff" + struct.pack(">Iq", 5, 946684800))),
    "time_before_1970": complex_with(DateTime=Raw(b"\xc7\x0c\xff" + struct.pack(">Iq", 0, -1))),
    "time_after_2106": complex_with(DateTime=Raw(b"\xd7\xff" + struct.pack(">Q", 2 ** 32))),
    "time_of_nanoseconds": complex_with(DateTime=Raw(b"\xd7\xff" + struct.pack(">Q", (123_456_789 << 34) | 1))),
    "time_ext8": complex_with(DateTime=raw("c704ff386d4380")), "time_text": complex_with(DateTime="2000-01-01T00:00:00Z"),
    "time_integer": complex_with(DateTime=1), "time_other_ext": complex_with(DateTime=raw("d601386d4380")),
    "time_nil": complex_with(DateTime=None),
}


async def _echo(s, words):
    a = await s.connect()
    await a.send_records(call(*words))
    await a.until("1")
    await a.alive()


async def _echo_object(s, words):
    a = await s.connect("/testhub")
    await a.send_records(call(*words))
    await a.until("1")


table("messagepack_values", VALUES, _echo, protocol="messagepack")
table("messagepack_objects", OBJECTS, _echo_object, protocol="messagepack")


@script(protocol="messagepack")
async def object_of_the_server(s):
    """Members as they are written in the hub, bytes as bin, the time as a timestamp, the Guid as text."""
    a = await s.connect("/testhub")
    await a.call("SendComplexObject")
    await a.call("SendCustomObject", {"Name": "x", "Value": 1})


# -- records -----------------------------------------------------------------------------------------

RECORDS = {
    "ping": [6], "ping_with_more": [6, 1], "unknown_type": [42], "unknown_type_with_more": [42, {}, "1", [1]], "type_0": [0],
    "type_minus_1": [-1], "type_uint8": raw("91cc06"), "type_64": raw("91d30000000000000006"), "type_too_large": raw("91cf00000001000000 06"),
    "type_text": ["6"], "type_nil": [None], "type_float": [6.0],
    "no_array": "x", "nil": None, "map": raw("810102"), "integer": 6, "empty_array": [], "never_used_byte": raw("c1"),
    "array16": raw("dc000106"), "array32": raw("dd0000000106"), "array_of_more_than_there_is": raw("9206"),
    "array_of_2_31": raw("dd7fffffff06"), "array_of_2_32": raw("ddffffffff06"), "more_behind": raw("910600"),
    "invocation_of_five": [1, {}, "1", "Echo", ["x"]], "invocation_of_seven": [1, {}, "1", "Echo", ["x"], [], 7],
    "invocation_of_four": [1, {}, "1", "Echo"], "invocation_of_one": [1],
    "headers_nil": [1, None, "1", "Echo", ["x"], []], "headers_array": [1, [], "1", "Echo", ["x"], []],
    "headers_good": [1, {"a": "b"}, "1", "Echo", ["x"], []], "header_value_integer": [1, {"a": 1}, "1", "Echo", ["x"], []],
    "header_value_empty": [1, {"a": ""}, "1", "Echo", ["x"], []], "header_value_nil": [1, {"a": None}, "1", "Echo", ["x"], []],
    "header_key_nil": [1, raw("81c0a178"), "1", "Echo", ["x"], []], "header_key_integer": [1, raw("8101a178"), "1", "Echo", ["x"], []],
    "header_key_empty": [1, {"": "x"}, "1", "Echo", ["x"], []], "headers_map16": [1, raw("de0000"), "1", "Echo", ["x"], []],
    "headers_twice": [1, raw("82a161a162a161a163"), "1", "Echo", ["x"], []],
    "id_nil": [1, {}, None, "Echo", ["x"], []], "id_empty": [1, {}, "", "Echo", ["x"], []], "id_integer": [1, {}, 1, "Echo", ["x"], []],
    "id_str16": [1, {}, sized(0xda, 2, b"1"), "Echo", ["x"], []], "id_not_utf8": [1, {}, raw("a1ff"), "Echo", ["x"], []],
    "target_nil": [1, {}, "1", None, [], []], "target_empty": [1, {}, "1", "", [], []], "target_integer": [1, {}, "1", 7, [], []],
    "target_bin": [1, {}, "1", b"Echo", ["x"], []], "target_not_utf8": [1, {}, "1", raw("a1ff"), [], []],
    "arguments_nil": [1, {}, "1", "Void", None, []], "arguments_text": [1, {}, "1", "Void", "x", []],
    "arguments_map": [1, {}, "1", "Void", {}, []], "arguments_array16": [1, {}, "1", "Echo", raw("dc0001a178"), []],
    "arguments_too_many_announced": raw("9601 80 a131 a4 4563686f 92 a178"), "argument_broken": [1, {}, "1", "Echo", [raw("c1")], []],
    "arguments_of_nobody": [1, {}, "1", "Nope", [1, "x", {"a": [1]}, b"b", raw("d6ff386d4380")], []],
    "streams_nil": [1, {}, "1", "Echo", ["x"], None], "streams_text": [1, {}, "1", "Echo", ["x"], "x"],
    "streams_of_integers": [1, {}, "1", "Sum", [], [1]], "stream_id_nil": [1, {}, "1", "Sum", [], [None]],
    "stream_id_empty": [1, {}, "1", "Sum", [], [""]],
    "stream_invocation_without_id": [4, {}, None, "Count", [1], []],
    "item_of_nobody": [2, {}, "u", 1], "item_without_item": [2, {}, "u"], "item_id_nil": [2, {}, None, 1], "item_id_empty": [2, {}, "", 1],
    "item_with_more": [2, {}, "u", 1, 2], "item_broken": [2, {}, "u", raw("c1")],
    "completion_of_nobody": [3, {}, "u", 2], "completion_of_nobody_with_result": [3, {}, "u", 3, 1],
    "completion_of_nobody_with_error": [3, {}, "u", 1, "x"], "completion_error_nil": [3, {}, "u", 1, None],
    "completion_error_integer": [3, {}, "u", 1, 1], "completion_kind_0": [3, {}, "u", 0], "completion_kind_4": [3, {}, "u", 4, 1],
    "completion_kind_text": [3, {}, "u", "2"], "completion_void_with_more": [3, {}, "u", 2, 1], "completion_without_result": [3, {}, "u", 3],
    "completion_without_kind": [3, {}, "u"], "completion_id_nil": [3, {}, None, 2], "completion_id_empty": [3, {}, "", 2],
    "cancel_of_nobody": [5, {}, "u"], "cancel_without_id": [5, {}], "cancel_id_nil": [5, {}, None], "cancel_id_empty": [5, {}, ""],
    "cancel_with_more": [5, {}, "u", 1],
    "close": [7, None], "close_of_one": [7], "close_with_reconnect": [7, None, True], "close_with_error": [7, "gone"],
    "close_error_integer": [7, 1], "close_reconnect_integer": [7, None, 1], "close_with_more": [7, None, False, 1],
    "ack": [8, 1], "ack_without_number": [8], "ack_text": [8, "1"], "ack_nil": [8, None], "sequence": [9, 1], "sequence_text": [9, "1"],
    "deep": [1, {}, "1", "Nope", [Raw(b"\x91" * 60 + b"\xc0")], []], "too_deep": [1, {}, "1", "Nope", [Raw(b"\x91" * 100 + b"\xc0")], []],
}


async def _record(s, record):
    a = await s.connect()
    await a.send_records(packed.pack(record))
    await a.send(invocation("Echo", "alive", number="alive"))
    await a.until("alive")


table("messagepack_records", RECORDS, _record, protocol="messagepack")


@script(protocol="messagepack")
async def records_nodetail(s):
    """Without details the Close says nothing."""
    for record in (["6"], [1, {}, "1", 7, [], []], [3, {}, "u", 4, 1]):
        a = await s.connect("/nodetail")
        await a.send_records(packed.pack(record))
        await a.finish()


@script(protocol="messagepack")
async def stream_invocation_of_five(s):
    a = await s.connect()
    await a.send_records(packed.pack([4, {}, "1", "Count", [1]]))
    await a.until("1")


# -- frames ------------------------------------------------------------------------------------------

ECHO = packed.framed(call("Echo", "x"))
FRAMES = {
    "two_in_one": [ECHO + ECHO], "cut_in_the_middle": [ECHO[:5], ECHO[5:]], "every_byte_alone": [bytes([byte]) for byte in ECHO],
    "length_in_two_bytes": [bytes([ECHO[0] | 0x80, 0]) + ECHO[1:]],
    "length_in_five_bytes": [bytes([ECHO[0] | 0x80, 0x80, 0x80, 0x80, 0]) + ECHO[1:]],
    "length_in_six_bytes": [bytes([ECHO[0] | 0x80, 0x80, 0x80, 0x80, 0x80, 0]) + ECHO[1:]],
    "length_0": [b"\0" + ECHO], "length_cut_from_the_rest": [ECHO[:1], ECHO[1:]],
    "length_of_2_gb": [bytes.fromhex("ffffffff07"), b"\x91\x06"], "length_over_2_gb": [bytes.fromhex("ffffffff0f"), b"\x91\x06"],
    "empty_message": [b"", ECHO], "over_the_limit": [packed.framed(call("Echo", "x" * 40_000))],
    "announced_over_the_limit": [bytes.fromhex("c1b802"), b"\x96"],
}


async def _frames(s, frames):
    a = await s.connect()
    for data in frames:
        text = data.hex()
        s.note(f"a> bytes {text if len(text) < SHOWN_CHARACTERS else f'of {len(data)}'}")
        await a.post(data)
        await asyncio.sleep(0)
    await a.until("1")
    await a.alive()


table("messagepack_frames", FRAMES, _frames, protocol="messagepack")


@script(protocol="messagepack")
async def in_a_text_frame(s):
    a = await s.connect()
    await a.post(ECHO, opcode=wire.TEXT)
    await a.until("1")


@script(protocol="messagepack")
async def closed_with_half_a_record(s):
    key = s.name("note")
    a, b = await s.connect(query=f"note={key}"), await s.connect(label="b")
    await a.post(ECHO[:5])
    a.channel.close_frame()
    await a.finish()
    await b.call("ReadNote", key)
    await b.call("ReadNote", key)


# -- handshake ---------------------------------------------------------------------------------------

HANDSHAKES = {
    "version_0": SHAKE.replace("1", "0"), "version_1": SHAKE, "version_2": SHAKE.replace("1", "2"),
    "version_3": SHAKE.replace("1", "3"), "name_in_other_case": SHAKE.replace("m", "M"), "blank_in_name": SHAKE.replace("m", " m"),
}


async def _handshake(s, text):
    a = await s.open("/conformance")
    await a.send(text)
    if await a.receive() == "{}":
        await a.alive()
    else:
        await a.finish()


table("messagepack_handshake", HANDSHAKES, _handshake, protocol="messagepack")


@script(protocol="messagepack")
async def handshake_with_a_call_behind(s):
    a = await s.open("/conformance")
    a.channel.shaking = True
    await a.post(SHAKE.encode() + wire.SEPARATOR + ECHO)
    await a.until("1")


@script(protocol="messagepack")
async def handshake_in_a_text_frame(s):
    a = await s.open("/conformance")
    a.channel.shaking = True
    await a.post(SHAKE.encode() + wire.SEPARATOR, opcode=wire.TEXT)
    await a.receive()
    await a.alive()


@script
async def not_over_server_sent_events(s):
    a = await s.open("/conformance", "sse")
    await a.send(SHAKE)
    await a.finish()


# -- beside JSON -------------------------------------------------------------------------------------


@script(protocol="messagepack")
async def mixed_with_json(s):
    """One group, two protocols, each way."""
    group = s.name("group")
    a, b = await s.connect(), await s.connect(label="b", protocol="json")
    await a.call("Join", group)
    await b.call("Join", group)
    await b.call("SendOthersInGroup", group, "from json")
    await a.receive()
    await a.call("SendOthersInGroup", group, "from messagepack")
    await b.receive()


@script(protocol="messagepack")
async def result_for_a_caller_of_json(s):
    a, b = await s.connect(), await s.connect(label="b", protocol="json")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    asked = message_of(await a.receive())["invocationId"]
    await a.send(completion(asked, result=7))
    await b.until(number)
