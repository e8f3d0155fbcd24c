#!/usr/bin/env python3
"""Fails when a program with hubs only has a store in it. Arguments: example_chat, and example_log, which has one."""
import subprocess
import sys


def traces(program):
    """What of a store the program needs or contains."""
    def run(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    libraries = [line.split()[0] for line in run("ldd", program).splitlines()]
    names = run("nm", "--demangle", program).splitlines()
    return [name for name in libraries if "sqlite" in name or "soci" in name] + \
        [name for name in names if "hubtrail::storage::" in name or " sqlite3_" in name or "soci::" in name]


def main():
    chat, log = (traces(program) for program in sys.argv[1:3])
    print(f"{len(chat)} traces of a store in {sys.argv[1]}, {len(log)} in {sys.argv[2]}")
    print("\n".join(chat[:10]))
    return bool(chat) or not log


if __name__ == "__main__":
    sys.exit(main())
