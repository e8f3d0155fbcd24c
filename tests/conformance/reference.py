#!/usr/bin/env python3
"""Builds and starts the reference server of HUBS.md: reference.py [--port N] [--jwt-key TEXT] [--redis URL]"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import dotnet  # noqa: E402


def main():
    try:
        program = dotnet.command("conformance-reference", lambda text: print(text, file=sys.stderr))
    except dotnet.Missing as why:
        sys.exit(f"reference.py: {why}")
    os.execvp(program[0], program + sys.argv[1:])


if __name__ == "__main__":
    main()
