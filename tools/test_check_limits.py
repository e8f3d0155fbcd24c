#!/usr/bin/env python3
"""Proves that tools/check_limits.py can fail: each row is a header and a page, and what the check must say."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parent / "check_limits.py"
LIMIT = "inline constexpr std::size_t kThingsMax = 4 * 1'024;\n"
ROWS = (
    # name, header, rows of the page, expected message (empty: passes)
    ("both", LIMIT, "| `kThingsMax` | 4 KiB | 400 | - |", ""),
    ("a plain number", LIMIT, "| `kThingsMax` | 4,096 | 400 | - |", ""),
    ("a time", "constexpr std::int64_t kWaitMaxS = 60;\n", "| `kWaitMaxS` | 60 s | 400 | - |", ""),
    ("a deadline", "constexpr std::int64_t kStallNs = 5'000'000;\n", "| `kStallNs` | 5 ms | 400 | - |", ""),
    ("other constants", "constexpr int kExitOk = 0;\n", "", ""),
    ("over two lines", "constexpr std::size_t kThingsMax =\n    size_t{64};  ///< x\n", "| `kThingsMax` | 64 | 400 | - |", ""),
    ("not on the page", LIMIT, "", "kThingsMax is not in docs/limits.md"),
    ("not in the code", "", "| `kThingsMax` | 4 KiB | 400 | - |", "no header has kThingsMax"),
    ("another value", LIMIT, "| `kThingsMax` | 4097 | 400 | - |", "kThingsMax is 4097 here and 4096 in hub/a.h"),
    ("another unit", LIMIT, "| `kThingsMax` | 4 MiB | 400 | - |", "kThingsMax is 4 MiB here"),
    ("twice", LIMIT, "| `kThingsMax` | 4096 | 400 | - |\n| `kThingsMax` | 4096 | 400 | - |", "listed twice"),
    ("two of one name", LIMIT + LIMIT, "| `kThingsMax` | 4096 | 400 | - |", "give it a name of its own"),
    ("half a row", LIMIT, "| `kThingsMax` | 4096 |", "a row is"),
    ("a value that cannot be read", "constexpr int kThingsMax = other();\n", "| `kThingsMax` | 1 | 400 | - |",
     "cannot be read"),
)


def main():
    failures = []
    for name, header, rows, expected in ROWS:
        with tempfile.TemporaryDirectory() as root:
            for file, content in (("hub/a.h", header), ("docs/limits.md", f"# Limits\n\n{rows}\n")):
                path = pathlib.Path(root) / file
                path.parent.mkdir(parents=True)
                path.write_text(content, encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True)
        wanted_code = 1 if expected else 0
        if done.returncode != wanted_code or expected not in done.stdout:
            failures.append(f"{name}: exit code {done.returncode}, said {done.stdout.strip() or done.stderr.strip()!r}")
    print("\n".join(failures) or f"check_limits: {len(ROWS)} trees judged rightly")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
