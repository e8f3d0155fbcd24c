"""Trace context in the headers of an invocation."""
from registry import table
from session import dump

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"

HEADERS = {
    "parent": {"traceparent": GOOD},
    "not_sampled": {"traceparent": f"00-{TRACE}-{SPAN}-00"},
    "other_flags": {"traceparent": f"00-{TRACE}-{SPAN}-ff"},
    "with_state": {"traceparent": GOOD, "tracestate": "vendor=1"},
    "with_bad_state": {"traceparent": GOOD, "tracestate": "=,=,="},
    "state_alone": {"tracestate": "vendor=1"},
    "no_headers": None,
    "empty_headers": {},
    "other_headers": {"x": "1"},
    "name_has_case": {"TraceParent": GOOD},
    "empty": {"traceparent": ""},
    "no_parent": {"traceparent": "x"},
    "hierarchical_id": {"traceparent": "|abc.1."},
    "upper_case_trace": {"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"},
    "upper_case_span": {"traceparent": f"00-{TRACE}-{SPAN.upper()}-01"},
    "upper_case_version": {"traceparent": f"0A-{TRACE}-{SPAN}-01"},
    "upper_case_flags": {"traceparent": f"00-{TRACE}-{SPAN}-0A"},
    "no_hex_trace": {"traceparent": f"00-{'g' * 32}-{SPAN}-01"},
    "no_hex_span": {"traceparent": f"00-{TRACE}-{'g' * 16}-01"},
    "no_hex_flags": {"traceparent": f"00-{TRACE}-{SPAN}-0g"},
    "no_hex_version": {"traceparent": f"0g-{TRACE}-{SPAN}-01"},
    "trace_of_zeros": {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
    "span_of_zeros": {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
    "version_ff": {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
    "version_1": {"traceparent": f"01-{TRACE}-{SPAN}-01"},
    "version_1_and_more": {"traceparent": f"01-{TRACE}-{SPAN}-01-more"},
    "version_1_and_more_without_a_dash": {"traceparent": f"01-{TRACE}-{SPAN}-01more"},
    "version_0_and_more": {"traceparent": f"{GOOD}-more"},
    "too_short": {"traceparent": GOOD[:-1]},
    "too_long": {"traceparent": GOOD + "0"},
    "blank_in_front": {"traceparent": " " + GOOD},
    "blank_behind": {"traceparent": GOOD + " "},
    "other_separator": {"traceparent": GOOD.replace("-", "_")},
}


async def _run(s, headers):
    a = await s.connect()
    for kind, target in ((1, "GetTraceParent"), (4, "StreamTraceParent")):
        message = {"type": kind, "invocationId": "1", "target": target, "arguments": []}
        if headers is not None:
            message["headers"] = headers
        await a.send(dump(message))
        await a.until("1")
    # The next one has headers of its own, or none.
    await a.call("GetTraceParent")


table("tracing", HEADERS, _run)


async def _raw(s, text):
    a = await s.connect()
    await a.send(text)
    await a.receive()
    await a.alive()


table("tracing", {
    "twice": '{"type":1,"invocationId":"1","target":"GetTraceParent","arguments":[],'
             f'"headers":{{"traceparent":"x","traceparent":"{GOOD}"}}}}',
    "escaped": '{"type":1,"headers":{"trace\\u0070arent":"\\u0030' + GOOD[1:] + '"},"invocationId":"1",'
               '"target":"GetTraceParent","arguments":[]}',
    "half_a_surrogate": '{"type":1,"headers":{"traceparent":"\\ud800"},"invocationId":"1",'
                        '"target":"GetTraceParent","arguments":[]}',
    "other_half_of_a_surrogate": '{"type":1,"headers":{"traceparent":"\\udc00x"},"invocationId":"1",'
                                 '"target":"GetTraceParent","arguments":[]}',
    "high_then_letter": '{"type":1,"headers":{"traceparent":"\\ud800x"},"invocationId":"1",'
                                 '"target":"GetTraceParent","arguments":[]}',
    "name_of_half_a_surrogate": '{"type":1,"headers":{"\\ud800":"x"},"invocationId":"1",'
                                '"target":"GetTraceParent","arguments":[]}',
    "number": '{"type":1,"headers":{"traceparent":1},"invocationId":"1","target":"GetTraceParent","arguments":[]}',
    "null": '{"type":1,"headers":{"traceparent":null},"invocationId":"1","target":"GetTraceParent","arguments":[]}',
    "null_headers": '{"type":1,"headers":null,"invocationId":"1","target":"GetTraceParent","arguments":[]}',
}, _raw, json_only=True)
