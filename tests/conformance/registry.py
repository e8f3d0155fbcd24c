"""Where the scripts put themselves. A script is `async def NAME(session)` with one of these decorators."""

SCRIPTS = {}


# Themes whose scripts run once for each protocol: what they show does not depend on how a message is encoded.
BOTH = ("dispatch", "streams", "uploads", "results", "life", "groups", "tracing", "clock", "stateful")


class Script:
    """One scripted transcript. `protocol`: what its connections speak. `waits`: mostly waits for the clock. `own`: only
    for our server, judged by the script itself. `process`: gets a server of its own that it may stop. `alone`: not beside
    another one that is alone."""

    def __init__(self, name, run, protocol="json", waits=False, own=False, process=False, alone=False):
        self.name, self.run, self.protocol = name, run, protocol
        self.waits, self.own, self.process, self.alone = waits, own, process, alone


def add(name, run, json_only=False, **options):
    """A script THEME.NAME, and messagepack_THEME.NAME where the theme is one of both and it is not `json_only`."""
    twins = [(name, options)]
    if name.split(".")[0].split("_")[0] in BOTH and not json_only:
        twins.append((f"messagepack_{name}", {**options, "protocol": "messagepack"}))
    for each, more in twins:
        assert each not in SCRIPTS, each
        SCRIPTS[each] = Script(each, run, **more)


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

            json_only = transport == "sse"  # which carries text
            add(f"{run.__module__.rsplit('.', 1)[-1]}.{run.__name__}_{transport}", once, **{"json_only": json_only, **options})
        return run

    return decorate


def table(theme, cases, run, **options):
    """One script per row: run(session, value)."""
    for name, value in cases.items():
        async def once(session, value=value):
            await run(session, value)

        add(f"{theme}.{name}", once, **options)
