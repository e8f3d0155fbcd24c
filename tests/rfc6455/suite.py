"""What all cases share: how they are listed, what they may expect of the server, and the exchanges that most are."""
import asyncio
import dataclasses
import time

import wire
from wire import Client, Failed, NonStrict, Skipped


@dataclasses.dataclass
class Expectations:
    """What the server under test promises beyond the RFC. 0: nothing is promised, and the case is skipped."""

    patience: float = 5.0            # for anything that should come at once
    message_bytes_max: int = 17 << 20
    fragments_max: int = 1 << 17
    too_many_fragments: int = 1008
    message_deadline: float = 10.0
    header_deadline: float = 5.0
    idle_deadline: float = 60.0
    header_bytes_max: int = 16 << 10
    header_count_max: int = 64
    request_line_max: int = 8 << 10
    unread_bytes_max: int = 48 << 20  # what a peer that does not read may have the server take

    def need(self, name):
        value = getattr(self, name)
        if not value:
            raise Skipped(f"--{name.replace('_', '-')} is 0")
        return value


class Context:
    """What a case is given."""

    def __init__(self, target, expect):
        self.target, self.expect = target, expect
        self.patience = expect.patience

    def open(self, **options):
        return _Opening(Client.open(self.target, self.patience, **options))

    async def probe(self, data, **options):
        return await wire.probe(self.target, self.patience, data, **options)

    def upgrade(self, **options):
        return self.target.upgrade(**options)


class _Opening:
    """`async with context.open() as client`."""

    def __init__(self, opening):
        self._opening = opening

    async def __aenter__(self):
        self._client = await self._opening
        return self._client

    async def __aexit__(self, *details):
        await self._client.__aexit__(*details)


@dataclasses.dataclass
class Case:
    number: str
    title: str
    run: object         # coroutine function of a Context
    slow: bool = False  # waits more than it works
    alone: bool = False  # a load that other cases would feel


class Cases(list):
    """The cases of one file, in order. Numbers of a chapter are counted when only the chapter is given."""

    def __init__(self):
        super().__init__()
        self._counts = {}

    def add(self, number, title, run, slow=False, alone=False):
        if number.endswith("."):
            count = self._counts[number] = self._counts.get(number, 0) + 1
            number += str(count)
        self.append(Case(number, title, run, slow, alone))


def compare(client, expected, tolerated):
    if client.events == expected:
        return
    if tolerated is not None and client.events == tolerated:
        raise NonStrict(f"got {wire.show_events(client.events)} only")
    raise Failed(f"got {wire.show_events(client.events)}, expected {wire.show_events(expected)}, "
                 f"close {client.close}, ended {client.ended}")


def exchange(data, expected, chop=0, seconds=None):
    """Send, want these events, close with 1000."""
    async def run(context):
        async with context.open() as client:
            await client.send(data() if callable(data) else data, chop)
            await client.wait_events(len(expected), seconds)
            compare(client, expected, None)
            await client.goodbye()
            compare(client, expected, None)
    return run


def refused(data, codes=(1002,), expected=(), tolerated=None, chop=0):
    """Send, want the server to end the connection; `expected` is what it answered before."""
    async def run(context):
        async with context.open() as client:
            await client.send(data() if callable(data) else data, chop)
            try:
                await client.failed_by_server(codes)
            except NonStrict as note:
                compare(client, list(expected), tolerated)
                raise note
            compare(client, list(expected), tolerated)
    return run


def closing(data, codes, expected=(), chop=0):
    """`data` holds our close frame: want one in answer and the end of the connection."""
    async def run(context):
        async with context.open() as client:
            client.close_sent = True
            await client.send(data, chop)
            await client.closed(codes)
            compare(client, list(expected), None)
    return run


def ended(data, seconds=None):
    """Whatever the server makes of it, the connection has to end lawfully."""
    async def run(context):
        async with context.open() as client:
            client.close_sent = True
            await client.send(data)
            if not await client.wait_end(seconds):
                raise Failed("the connection is still open")
            client.check_lawful()
    return run


async def all_of(coroutines):
    """Runs them at the same time; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in coroutines:
                group.create_task(each)
    except* (Failed, NonStrict) as several:
        raise several.exceptions[0] from None


async def still_serves(context):
    """A new connection gets its echo."""
    async with context.open() as client:
        await client.echo(wire.TEXT, b"still there")
        await client.goodbye()


class Stopwatch:
    def __init__(self):
        self._began = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self._began
