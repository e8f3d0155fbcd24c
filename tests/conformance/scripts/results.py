"""Results from clients."""
from registry import on_transports, script, table
from session import completion, message_of


async def _asked(connection):
    """The id of the request that comes next."""
    return message_of(await connection.receive())["invocationId"]


ANSWERS = {
    "value": {"result": 10}, "error": {"error": "Error: from callback"},
    "nothing": {"error": "Client didn't provide a result."}, "no_result": {}, "null": {"result": None},
    "wrong_type": {"result": "text"}, "wrong_type_object": {"result": {"a": 1}}, "fraction": {"result": 1.5},
    "error_empty": {"error": ""},
}


async def _answer(s, answer):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    await a.send(completion(await _asked(a), **answer))
    await b.until(number)
    await a.alive()


table("results", ANSWERS, _answer)


@on_transports("ws", "sse", "lp")
async def of_the_caller(s, transport):
    """The slot of the call is free while it waits, or the answer could not be read."""
    a = await s.connect(transport=transport)
    number = await a.start("AskCaller")
    await a.send(completion(await _asked(a), result=7))
    await a.until(number)


@script
async def of_the_caller_with_error(s):
    a = await s.connect()
    number = await a.start("AskCaller")
    await a.send(completion(await _asked(a), error="no"))
    await a.until(number)
    await a.alive()


@script
async def calls_are_served_while_it_waits(s):
    a = await s.connect()
    number = await a.start("AskCaller")
    asked = await _asked(a)
    await a.call("Echo", "meanwhile")
    await a.send(completion(asked, result=7))
    await a.until(number)


@script
async def text_result(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskString", await a.ask("GetConnectionId"))
    await a.send(completion(await _asked(a), result="answer"))
    await b.until(number)


@script
async def outside_the_hub(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskOutside", await a.ask("GetConnectionId"))
    await a.send(completion(await _asked(a), result=3))
    await b.until(number)


@script
async def unknown_connection(s):
    a = await s.connect()
    await a.call("AskInt", "nobody")
    await a.call("AskOutside", "nobody")


@script
async def connection_goes(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    await _asked(a)
    a.drop()
    await b.until(number)


@script
async def connection_closes(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    await _asked(a)
    await a.send('{"type":7}')
    await b.until(number)


@script
async def cancelled_then_answered(s):
    gate = s.name("gate")
    a, b, c = [await s.connect(label=label) for label in "abc"]
    number = await b.start("AskUntil", await a.ask("GetConnectionId"), gate)
    asked = await _asked(a)
    await c.call("Open", gate)
    await b.until(number)
    await a.send(completion(asked, result=4))
    await a.alive()


@script
async def answered_by_another_connection(s):
    a, b, c = [await s.connect(label=label) for label in "abc"]
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    asked = await _asked(a)
    await c.send(completion(asked, result=1))
    await c.finish()
    await a.send(completion(asked, result=2))
    await b.until(number)


@script
async def answered_twice(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    asked = await _asked(a)
    await a.send(completion(asked, result=1), completion(asked, result=2))
    await b.until(number)
    await a.alive()


@script
async def result_in_front_of_the_id(s):
    a, b = await s.connect(), await s.connect(label="b")
    number = await b.start("AskInt", await a.ask("GetConnectionId"))
    asked = await _asked(a)
    await a.send('{"result":5,"type":3,"invocationId":"%s"}' % asked)
    await b.until(number)


@script
async def in_on_connected(s):
    key = s.name("note")
    a = await s.open("/conformance", query=f"onconnect=ask&note={key}")
    await a.send('{"protocol":"json","version":1}')
    await a.finish()
    b = await s.connect(label="b")
    await b.call("ReadNote", key)
    await b.call("NotesLeft", key)


@script
async def in_on_connected_nodetail(s):
    a = await s.open("/nodetail", query="onconnect=ask")
    await a.send('{"protocol":"json","version":1}')
    await a.finish()
