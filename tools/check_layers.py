#!/usr/bin/env python3
"""Fails if an include points sideways or up, or a third party's or a private header is outside its folder.

The table is the picture in docs/ARCHITECTURE.md. `--root DIR` checks another tree.
"""
import argparse
import pathlib
import re
import sys

LEVEL = {
    "base": 0,
    "protocol": 1,
    "auth": 2, "storage": 2,
    "transport": 3,
    "edge": 4, "follow": 4, "hub/connection": 4, "transport/session": 4,
    "hub/fanout": 5, "hub/log": 5, "rest": 5,
    "hub/code": 6, "hub/redis": 6, "transport/net": 6, "transport/http": 6, "transport/websocket": 6,
    "auth/jose": 6, "storage/sqlite": 6, "clients/cpp-sync": 6,
    "bench": 7, "host": 7, "clients/cpp-sync/watch": 7, "clients/cpp-sync/demo": 7,
    "host/log": 8, "hub/host": 8,
    "server": 9,
}
# The only layer whose .cpp files may include a third party's headers; no header may.
HOME = {
    "spdlog/": "base", "openssl/": "base",
    "nlohmann/": "protocol", "msgpack": "protocol",
    "asio": "transport/net", "boost/": "transport/http", "websocketpp/": "transport/websocket",
    "cjose/": "auth/jose", "soci/": "storage/sqlite", "sqlite3.h": "storage/sqlite",
    "cpprest/": "clients/cpp-sync", "hiredis/": "hub/redis",
    "CLI/": "server", "toml.hpp": "server", "toml11/": "server", "prometheus/": "server",
}
# Headers that only some folders may include: what bytes a transport puts around a record is nobody else's business.
PRIVATE = {
    "transport/frame_header.h": "transport", "transport/frame_decoder.h": "transport",
    "transport/framing.h": "transport", "transport/websocket_handshake.h": "transport",
}
# What a folder must never know, beyond what its level keeps from it (docs/ARCHITECTURE.md, "Folders and what must
# never be in them"). The longest folder that is named counts.
FORBIDDEN = {
    "protocol": r"base/(clock|log|random|file_system|mutex)\.h|thread|mutex|chrono|iostream|fstream",
    "auth": r"sys/socket\.h|netdb\.h",
    "storage": r"protocol/(json|hub_|messagepack)",
    "follow": r"transport/(connection|outbox|session|http)|protocol/(json|hub_|messagepack)",
    "transport": r"protocol/(event|hub_|log_query|cursor)|storage/",
    "edge": r"base/(clock|log)\.h",
    "host": r"hub/|storage/|follow/|rest/|protocol/event",
    "host/log": "(?!)",  # makes features of both
    "rest": r"sys/|unistd\.h",
}
# Folders that only one other may include: what they wrap is chosen in one place.
ONLY_FROM = {"storage/sqlite": "host/log"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(<|")([^>"]+)')


def layer_of(path):
    parts = path.split("/")[:-1]
    return next((p for p in ("/".join(parts[:n]) for n in (3, 2, 1)) if p in LEVEL), None)


def sources(root):
    for folder in sorted({layer.split("/")[0] for layer in LEVEL}):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".h", ".cpp"):
                yield file


def check(root):
    failures = []
    for file in sources(root):
        name = file.relative_to(root).as_posix()
        layer = layer_of(name)
        if layer is None:
            failures.append(f"{name}:1: its folder has no level in tools/check_layers.py")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not (match := INCLUDE.match(line)):
                continue
            bracket, target = match.groups()
            other = layer_of(target) if bracket == '"' else None
            if other and other != layer and LEVEL[other] >= LEVEL[layer]:
                failures.append(f"{name}:{number}: {layer} may not include {other}")
            forbidden = FORBIDDEN.get(layer) or FORBIDDEN.get(layer.split("/")[0], "(?!)")
            if other != layer and re.match(forbidden, target):
                failures.append(f"{name}:{number}: {layer} never knows {target}")
            if other in ONLY_FROM and layer not in (other, ONLY_FROM[other]):
                failures.append(f"{name}:{number}: {other} is for {ONLY_FROM[other]} only")
            if target in PRIVATE and layer.split("/")[0] != PRIVATE[target]:
                failures.append(f"{name}:{number}: {target} is for {PRIVATE[target]} only")
            for prefix, home in HOME.items():
                if target.startswith(prefix) and (layer != home or file.suffix == ".h"):
                    failures.append(f"{name}:{number}: <{target}> belongs in a .cpp of {home}")
    tested = {layer.removeprefix("clients/").replace("/", "_").replace("-", "_") for layer in LEVEL}
    failures += [f"tests/unit/{folder.name}: no folder is tested by it" for folder in sorted((root / "tests/unit").glob("*"))
                 if folder.is_dir() and folder.name not in tested]
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    failures = check(parser.parse_args().root)
    print("\n".join(failures) or "layers: ok")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
