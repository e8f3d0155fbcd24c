"""Where the scripts put themselves. A script is `async def NAME(session)` with one of these decorators."""

SCRIPTS = {}


class Script:
    """One scripted transcript. `waits`: mostly waits for the clock. `own`: only for our server, judged by the
    script itself. `process`: gets a server of its own that it may stop."""

    def __init__(self, name, run, waits, own, process):
        self.name, self.run, self.waits, self.own, self.process = name, run, waits, own, process


def add(name, run, waits=False, own=False, process=False):
    assert name not in SCRIPTS, name
    SCRIPTS[name] = Script(name, run, waits, own, process)


def script(function=None, **options):
    def decorate(run):
        add(f"{run.__module__.rsplit('.', 1)[-1]}.{run.__name__}", run, **options)
        return run

    return decorate(function) if function else decorate


def on_transports(*transports, **options):
    """The same script once per transport: NAME_ws(session, transport)."""

    def decorate(run):
        for transport in transports:
            async def once(session, transport=transport):
                await run(session, transport)

            add(f"{run.__module__.rsplit('.', 1)[-1]}.{run.__name__}_{transport}", once, **options)
        return run

    return decorate


def table(theme, cases, run):
    """One script per row: run(session, value)."""
    for name, value in cases.items():
        async def once(session, value=value):
            await run(session, value)

        add(f"{theme}.{name}", once)
