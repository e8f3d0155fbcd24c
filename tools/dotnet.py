#!/usr/bin/env python3
"""The .NET programs of the tests and the benchmarks: built once, in build/dotnet, when a source is newer.

Their packages are named exactly in PackageReference and held by packages*.lock.json beside the project. Where the SDK or
a package is not to be had, `Missing` says why, and who asked skips with that reason.

    dotnet.py NAME [ARGUMENT...]     builds the program and becomes it
"""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "dotnet"
PACKAGES = re.compile(r"error (NU\d+): ?([^\[\n]*)")


class Missing(Exception):
    """The program cannot be built on this machine; the text says why."""


class Program:
    """A project's folder, the name of its assembly, the lock file of its packages, and what its build is told."""

    def __init__(self, folder, assembly, lock="packages.lock.json", *flags):
        self.folder, self.assembly, self.flags = ROOT / folder, assembly, flags
        self.lock = self.folder / lock


def stock_client(version):
    return Program("tests/stock/dotnet", "stock-client", f"packages.{version}.lock.json", f"-p:ClientVersion={version}")


PROGRAMS = {
    "aspnet-peer": Program("bench/peers/aspnet", "aspnet-peer"),
    "conformance-reference": Program("tests/conformance/reference", "conformance-reference"),
    "stock-client-10": stock_client("10.0.15"),
    "stock-client-11": stock_client("11.0.0"),
}


def command(name, say=print):
    """The command that starts the program, which is built if need be. `say` is told what is installed."""
    if not shutil.which("dotnet"):
        raise Missing("the .NET SDK is not installed")
    sdks = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, check=False).stdout
    if not re.search(r"^10\.", sdks, re.M):
        raise Missing("there is no .NET SDK 10")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with open(OUTPUT / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs may start at once
        return ["dotnet", str(build(name, PROGRAMS[name], say))]


def build(name, program, say):
    """Only when its sources are newer: a server that runs keeps its files."""
    made = OUTPUT / name / f"{program.assembly}.dll"
    sources = [path for path in program.folder.iterdir() if path.is_file()]
    if made.exists() and made.stat().st_mtime >= max(path.stat().st_mtime for path in sources):
        return made
    restored = pathlib.Path(f"{OUTPUT / name}-obj", "project.assets.json")
    if not restored.exists() or restored.stat().st_mtime < (program.folder / f"{program.assembly}.csproj").stat().st_mtime:
        say(f"installing with NuGet, what {program.lock.relative_to(ROOT)} names")
    built = subprocess.run(
        ["dotnet", "build", "-c", "Release", "--nologo", "-v", "q", str(program.folder), "-o", str(OUTPUT / name),
         f"-p:BaseIntermediateOutputPath={OUTPUT / name}-obj/", *program.flags], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        refused = PACKAGES.search(built.stdout)
        raise Missing(f"its packages cannot be had: {refused.group(1)}: {refused.group(2).strip()}" if refused
                      else "its build failed: " + " ".join(built.stdout.split())[-600:])
    os.utime(made)
    return made


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in PROGRAMS:
        sys.exit(f"{__doc__}\nNAME is one of {', '.join(PROGRAMS)}")
    try:
        program = command(sys.argv[1], lambda text: print(text, file=sys.stderr))
    except Missing as why:
        sys.exit(f"dotnet.py: {sys.argv[1]}: {why}")
    os.execvp(program[0], program + sys.argv[2:])


if __name__ == "__main__":
    main()
