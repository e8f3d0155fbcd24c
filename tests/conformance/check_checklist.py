#!/usr/bin/env python3
"""Fails when docs/protocol/checklist.md names a script, a file or a test that is not there, or a row names none.
`--self-test` shows that it can fail."""
import fnmatch
import importlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
PAGE = TESTS.parent / "docs" / "protocol" / "checklist.md"
ENDINGS = (".test.mjs", "_test.cpp", ".py")
TOKEN = re.compile(r'`([^`]+)`|"([^"]+)"')

sys.path.insert(0, str(HERE))
import registry  # noqa: E402
import run  # noqa: E402


def find(name):
    return next((path for path in (TESTS / (name + ending) for ending in ENDINGS) if path.exists()), None)


def check(lines, scripts):
    file = section_file = None
    for number, line in enumerate(lines, 1):
        row = re.match(r"\| .* \| (.*) \|$", line)
        if not row:
            # A file that a text names stands for the rows behind it.
            named = [find(token) for token, _ in TOKEN.findall(line)]
            section_file = next((path for path in named if path), None if line.startswith("#") else section_file)
            continue
        found, file = 0, section_file
        for token, quoted in TOKEN.findall(row.group(1)):
            found += 1
            if quoted and (file is None or quoted not in re.sub(r'"\s*\n\s*"', "", file.read_text(encoding="utf-8"))):
                yield f"line {number}: there is no test \"{quoted}\" in {file and file.name}"
            elif token.startswith("tests/"):
                if not (TESTS.parent / token).exists():
                    yield f"line {number}: there is no {token}"
            elif token and "/" in token:
                file = find(token)
                if file is None:
                    yield f"line {number}: there is no tests/{token}"
            elif token and not fnmatch.filter(scripts, token):
                yield f"line {number}: there is no script {token}"
        if not found and row.group(1) != "shown by":
            yield f"line {number}: nothing shows it"


BAD = {
    "| a | `negotiate.version_99` |": "there is no script negotiate.version_99",
    "| a | `nothing.*` |": "there is no script nothing.*",
    "| a | `stock/nothing` |": "there is no tests/stock/nothing",
    "| a | `tests/nothing.py` |": "there is no tests/nothing.py",
    '| a | `stock/hub` "nobody wrote this" |': 'there is no test "nobody wrote this" in hub.test.mjs',
    '| a | "sends reach whom they name" |': 'there is no test "sends reach whom they name" in None',
    "| a | said by somebody |": "nothing shows it",
}
GOOD = ['Of `stock/hub`:', '| a | "sends reach whom they name" |', '| a | `negotiate.version_*` `stock/matrix` "invoke returns" |',
        "| b | `tests/rfc6455/run.py` |", "| theme | shown by |", "|---|---|"]


def self_test(scripts):
    for line, wanted in BAD.items():
        found = list(check([line], scripts))
        if found != [f"line 1: {wanted}"]:
            yield f"{line}: found {found}, wanted {wanted}"
    yield from check(GOOD, scripts)


def main():
    for theme in run.THEMES:
        importlib.import_module(f"scripts.{theme}")
    if "--self-test" in sys.argv:
        faults = list(self_test(list(registry.SCRIPTS)))
        print("\n".join(faults))
        return 1 if faults else 0
    faults = list(check(PAGE.read_text(encoding="utf-8").splitlines(), list(registry.SCRIPTS)))
    for fault in faults:
        print(f"docs/protocol/checklist.md: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
