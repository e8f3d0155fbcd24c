#!/usr/bin/env python3
"""Fails when docs/limits.md and the limits in the headers differ, in name or in value. `--root DIR`: another tree.

A limit is a constexpr `k...Max` of a header, its unit last (kWaitMaxS) or not. Other constants, such as deadlines,
may be listed and must then exist and have the value.
"""
import argparse
import pathlib
import re
import sys

LAYERS = ("auth", "base", "bench", "clients/cpp-sync", "follow", "host", "hub", "protocol", "rest", "server", "storage", "transport")
CONSTANT = re.compile(r"\bconstexpr\s+[\w:<> ]+?\s(k[A-Z]\w*)\s*=\s*([^;]+);")
LIMIT = re.compile(r"k\w+Max(Ns|Us|Ms|S)?$")
ROW = re.compile(r"^\| `(k\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$")
VALUE = re.compile(r"([\d,]+)(?: (KiB|MiB|GiB|ms|s|h))?$")
BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
SECONDS = {"ms": 1e-3, "s": 1, "h": 3600}
PER_SECOND = {"Ns": 10**9, "Us": 10**6, "Ms": 10**3, "S": 1}


def evaluate(expression):
    """The number of an initializer such as `std::size_t{64} * 1024` or `256U << 20U`."""
    text = re.sub(r"//.*", "", expression)
    text = re.sub(r"(?<=\d)'(?=\d)", "", text)
    text = re.sub(r"\b(?:std::)?size_t\{(\d+)\}", r"\1", text)
    text = re.sub(r"\b(\d+)[uUlLzZ]+\b", r"\1", text).strip()
    if not re.fullmatch(r"[\d\s*+()<>-]+", text):
        return None
    return eval(text)  # digits and operators only: see the line above


def documented_value(name, text):
    match = VALUE.fullmatch(text.strip())
    if not match:
        return None
    number, unit = int(match.group(1).replace(",", "")), match.group(2)
    if unit in BYTES:
        return number * BYTES[unit]
    if unit in SECONDS:
        suffix = re.search(r"(Ns|Us|Ms|S)$", name)
        return round(number * SECONDS[unit] * PER_SECOND[suffix.group(1)]) if suffix else None
    return number


def check(root):
    failures = []
    constants = {}
    for header in sorted(path for layer in LAYERS for path in (root / layer).rglob("*.h")):
        for match in CONSTANT.finditer(header.read_text(encoding="utf-8")):
            constants.setdefault(match.group(1), []).append((header.relative_to(root).as_posix(), match.group(2)))
    rows = {}
    for number, line in enumerate((root / "docs/limits.md").read_text(encoding="utf-8").splitlines(), 1):
        if match := ROW.match(line):
            if match.group(1) in rows:
                failures.append(f"docs/limits.md:{number}: {match.group(1)} is listed twice")
            rows[match.group(1)] = (number, match.group(2), match.group(4))
        elif line.startswith("| `"):
            failures.append(f"docs/limits.md:{number}: a row is `name`, value, what happens beyond it, test")
    for name, places in sorted(constants.items()):
        if LIMIT.match(name) and name not in rows:
            failures.append(f"{places[0][0]}: {name} is not in docs/limits.md")
        if LIMIT.match(name) and len(places) > 1:
            failures.append(f"{places[1][0]}: {name} is also a limit of {places[0][0]}; give it a name of its own")
    for name, (number, value, _) in rows.items():
        where = f"docs/limits.md:{number}"
        if name not in constants:
            failures.append(f"{where}: no header has {name}")
            continue
        code = evaluate(constants[name][0][1])
        if code is None:
            failures.append(f"{constants[name][0][0]}: the value of {name} cannot be read by tools/check_limits.py")
        elif documented_value(name, value) != code:
            failures.append(f"{where}: {name} is {value.strip()} here and {code} in {constants[name][0][0]}")
    untested = sorted(name for name, (_, _, test) in rows.items() if LIMIT.match(name) and test.strip() == "-")
    return failures, f"limits: ok, {len(rows)} listed; without a test: {', '.join(untested) or 'none'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    failures, summary = check(parser.parse_args().root)
    print("\n".join(failures) or summary)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
