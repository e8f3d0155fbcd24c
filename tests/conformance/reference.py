#!/usr/bin/env python3
"""Builds and starts the reference server of HUBS.md: reference.py [--port N] [--jwt-key TEXT]"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "conformance" / "reference"
OUTPUT = pathlib.Path(os.environ.get("CONFORMANCE_PEERS", ROOT / "build" / "peers")) / "conformance"
PROGRAM = OUTPUT / "conformance-reference.dll"


class Missing(Exception):
    """There is no reference on this machine; the text says why."""


def command():
    """The command that starts the server, built if its sources are newer."""
    if not shutil.which("dotnet"):
        raise Missing("no .NET SDK")
    sdks = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, check=False).stdout
    if not any(line.startswith("10.") for line in sdks.splitlines()):
        raise Missing("no .NET SDK 10")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    with open(OUTPUT.parent / "conformance.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs may start at once
        build()
    return ["dotnet", str(PROGRAM)]


def build():
    """Only when its sources are newer: a server that runs keeps its files."""
    newest = max(path.stat().st_mtime for path in SOURCE.iterdir() if path.is_file())
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < newest:
        built = subprocess.run(
            ["dotnet", "build", "-c", "Release", "--nologo", "-v", "q", str(SOURCE), "-o", str(OUTPUT),
             f"-p:BaseIntermediateOutputPath={OUTPUT}-obj/"], capture_output=True, text=True, check=False)
        if built.returncode != 0:
            raise Missing("its build failed: " + built.stdout.strip()[-600:])
        os.utime(PROGRAM)


def main():
    try:
        program = command()
    except Missing as why:
        sys.exit(f"reference.py: {why}")
    os.execvp(program[0], program + sys.argv[1:])


if __name__ == "__main__":
    main()
