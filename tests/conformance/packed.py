"""MessagePack as a transcript shows it: every byte that could be another one is in the text.

A value is written as JSON would be, if it is in the smallest form that MessagePack has for it; any other form stands behind
it (`7:uint16`). Bytes are bin(0102), extensions ext(-1,386d4380), numbers of 32 bits 1.5:float32. So two records have the
same text only if they have the same bytes, and ids and names inside can still be replaced by placeholders.
"""
import json
import struct

FIXED = {0xc0: "null", 0xc2: "false", 0xc3: "true"}
VALUES = {"null": None, "false": False, "true": True}
INTEGERS = {0xcc: ("uint8", ">B"), 0xcd: ("uint16", ">H"), 0xce: ("uint32", ">I"), 0xcf: ("uint64", ">Q"),
            0xd0: ("int8", ">b"), 0xd1: ("int16", ">h"), 0xd2: ("int32", ">i"), 0xd3: ("int64", ">q")}
FLOATS = {0xca: (":float32", ">f"), 0xcb: ("", ">d")}
# Kind, bytes of the size.
SIZED = {0xc4: ("bin", 1), 0xc5: ("bin", 2), 0xc6: ("bin", 4), 0xc7: ("ext", 1), 0xc8: ("ext", 2), 0xc9: ("ext", 4),
         0xd9: ("str", 1), 0xda: ("str", 2), 0xdb: ("str", 4), 0xdc: ("array", 2), 0xdd: ("array", 4),
         0xde: ("map", 2), 0xdf: ("map", 4)}
FIXED_EXTENSIONS = {0xd4: 1, 0xd5: 2, 0xd6: 4, 0xd7: 8, 0xd8: 16}
SMALL_MAX = {"str": 31, "array": 15, "map": 15, "bin": -1, "ext": -1}


class Broken(ValueError):
    """The bytes end, or have a form that MessagePack does not have."""


class Raw(bytes):
    """A value that is packed already."""


class Record(str):
    """The text of a record; `message` is the hub message in the form that it has in JSON, or None."""

    message = None


# -- writing -------------------------------------------------------------------------------------


def pack(value):
    """Every value in its smallest form; floats of 64 bits; bytes as bin; Raw as it is."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        return _head("str", len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return _head("bin", len(value)) + value
    if isinstance(value, (list, tuple)):
        return _head("array", len(value)) + b"".join(map(pack, value))
    return _head("map", len(value)) + b"".join(pack(key) + pack(each) for key, each in value.items())


def _integer(value):
    if -32 <= value <= 127:
        return struct.pack(">b", value)
    for code, (name, form) in INTEGERS.items():
        if name.startswith("u") == (value >= 0):
            try:
                return bytes([code]) + struct.pack(form, value)
            except struct.error:
                continue
    raise OverflowError(value)


def _head(kind, size):
    if size <= SMALL_MAX[kind]:
        return bytes([{"str": 0xa0, "array": 0x90, "map": 0x80}[kind] | size])
    code, width = next((code, width) for code, (name, width) in SIZED.items() if name == kind and size < 256 ** width)
    return bytes([code]) + size.to_bytes(width, "big")


def framed(record):
    """With its length in front, seven bits to a byte."""
    head, size = b"", len(record)
    while True:
        head += bytes([(size & 0x7F) | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return head + record


def hub_message(message):
    """The record of a message that is given as it is in JSON."""
    kind, number = message["type"], message.get("invocationId")
    headers = message.get("headers") or {}
    if kind in (1, 4):
        items = [headers, number, message["target"], message["arguments"], message.get("streamIds", [])]
    elif kind == 2:
        items = [headers, number, message["item"]]
    elif kind == 3 and message.get("error") is not None:
        items = [headers, number, 1, message["error"]]
    elif kind == 3:
        items = [headers, number, 3, message["result"]] if "result" in message else [headers, number, 2]
    elif kind == 5:
        items = [headers, number]
    elif kind == 7:
        items = [message.get("error"), message.get("allowReconnect", False)]
    else:
        items = [message["sequenceId"]] if "sequenceId" in message else []
    return pack([kind, *items])


# -- reading -------------------------------------------------------------------------------------


def show(record):
    """The text of the bytes of one record, without its length."""
    try:
        text, value, end = _value(record, 0)
    except Broken:
        return Record(f"bytes({record.hex()})")
    shown = Record(text if end == len(record) else f"{text} and bytes({record[end:].hex()})")
    shown.message = _as_json(value)
    return shown


def split(data):
    """(records, what is left): a record is its text; a length in more bytes than it needs is told."""
    records, at = [], 0
    while at < len(data):
        size = shift = 0
        start = at
        while at < len(data):
            size |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                break
        else:
            return records, data[start:]
        if len(data) - at < size:
            return records, data[start:]
        record, head = data[at:at + size], data[start:at]
        shown = show(record)
        if framed(record) != head + record:
            shown = Record(f"(length {head.hex()}) {shown}")
        records.append(shown)
        at += size
    return records, b""


def _as_json(value):
    if not isinstance(value, list) or not value:
        return None
    message = {"type": value[0]}
    if value[0] in (1, 2, 3, 4, 5) and len(value) > 2:
        message["invocationId"] = value[2]
    if value[0] in (1, 4) and len(value) > 4:
        message |= {"target": value[3], "arguments": value[4]}
    elif value[0] == 2 and len(value) > 3:
        message["item"] = value[3]
    elif value[0] == 3 and len(value) > 4:
        message[{1: "error", 3: "result"}.get(value[3], "?")] = value[4]
    return message


def _take(data, at, size):
    if at + size > len(data):
        raise Broken
    return data[at:at + size], at + size


def _value(data, at):
    """(text, value, end)"""
    (code,), at = _take(data, at, 1)
    if code in FIXED:
        return FIXED[code], VALUES[FIXED[code]], at
    if code < 0x80 or code >= 0xe0:
        value = code if code < 0x80 else code - 256
        return str(value), value, at
    if code < 0xc0:
        kind, size = next((kind, code - low) for kind, low in (("str", 0xa0), ("array", 0x90), ("map", 0x80)) if code >= low)
        return _sized(kind, size, "", data, at)
    if code in INTEGERS or code in FLOATS:
        return _number(code, data, at)
    if code in FIXED_EXTENSIONS:
        return _extension(FIXED_EXTENSIONS[code], "", data, at)
    if code not in SIZED:
        raise Broken
    kind, width = SIZED[code]
    size, at = _take(data, at, width)
    size = int.from_bytes(size, "big")
    if kind == "ext":
        return _extension(size, f":ext{8 * width}" if size in FIXED_EXTENSIONS.values() or width > 1 else "", data, at)
    return _sized(kind, size, "" if _head(kind, size)[0] == code else f":{kind}{8 * width}", data, at)


def _number(code, data, at):
    name, form = INTEGERS.get(code) or FLOATS[code]
    raw, at = _take(data, at, struct.calcsize(form))
    value = struct.unpack(form, raw)[0]
    if code in FLOATS:
        return repr(value) + name, value, at
    return str(value) + ("" if _integer(value)[0] == code else f":{name}"), value, at


def _extension(size, mark, data, at):
    kind, at = _take(data, at, 1)
    raw, at = _take(data, at, size)
    return f"ext({struct.unpack('>b', kind)[0]},{raw.hex()}){mark}", raw, at


def _sized(kind, size, mark, data, at):
    if kind in ("str", "bin"):
        raw, at = _take(data, at, size)
        if kind == "bin":
            return f"bin({raw.hex()}){mark}", raw, at
        value = raw.decode("utf-8", "backslashreplace")
        return json.dumps(value, ensure_ascii=False) + mark, value, at
    texts, values = [], []
    for _ in range(size if kind == "array" else 2 * size):
        text, value, at = _value(data, at)
        texts.append(text)
        values.append(value)
    if kind == "array":
        return f"[{','.join(texts)}]{mark}", values, at
    pairs = list(zip(texts[::2], texts[1::2]))
    found = {key: value for key, value in zip(values[::2], values[1::2]) if isinstance(key, str)}
    return "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}" + mark, found, at
