#!/usr/bin/env python3
"""Proves that tools/check_style.py can fail: each row is a tree of one file, and what the check must say."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parent / "check_style.py"
HEAD = "#pragma once\n"
ROWS = (
    # name, file, content, expected message (empty: passes)
    ("a thread", "hub/a.h", HEAD + "/// A.\n/// Thread: strand. One per loop.\nclass A {\n};\n", ""),
    ("a thread, comma", "hub/a.h", HEAD + "/// A. Thread: db, one each.\nclass A final {\n};\n", ""),
    ("a thread, semicolon", "hub/a.h", HEAD + "/// A. Thread: any; guarded.\nclass A {\n};\n", ""),
    ("a thread, wrapped", "hub/a.h", HEAD + "/// A. Thread:\n/// strand, its loop's.\nclass A {\n};\n", ""),
    ("no thread", "hub/a.h", HEAD + "/// A.\nclass A {\n};\n", "class A does not say which thread owns it"),
    ("a thread, and more", "hub/a.h", HEAD + "/// Thread: main for run().\nclass A {\n};\n", ""),
    ("a thread of its own", "hub/a.h", HEAD + "/// A. Thread: mine.\nclass A {\n};\n", "does not say"),
    ("the thread of somebody else", "hub/a.h", HEAD + "/// Thread: any.\nint f();\nclass A {\n};\n", "does not say"),
    ("no thread in base", "base/a.h", HEAD + "class A {\n};\n", ""),
    ("only declared", "hub/a.h", HEAD + "class A;\n", ""),
    ("no pragma", "hub/a.h", "int f();\n", "headers start with #pragma once"),
    ("empty", "hub/a.h", "", "headers start with #pragma once"),
    ("250 lines", "hub/a.h", HEAD + "\n" * 249, ""),
    ("251 lines", "hub/a.h", HEAD + "\n" * 250, "251 lines: split the header"),
    ("a using-directive", "hub/a.h", HEAD + "using namespace std;\n", "no using-directives in headers"),
    ("the folder's namespace", "hub/log/a.cpp", "namespace hubtrail::hub {\n}\n", ""),
    ("a namespace below it", "hub/log/a.cpp", "namespace hubtrail::hub::detail {\n}\n", ""),
    ("another folder's namespace", "hub/log/a.cpp", "namespace hubtrail::rest {\n}\n", "is the namespace hubtrail::hub"),
    ("no folder's namespace", "hub/log/a.cpp", "namespace hubtrail {\n}\n", "is the namespace hubtrail::hub"),
    ("what programs see", "hub/code/a.cpp", "namespace hubtrail {\n}\n", ""),
    ("includes in order", "hub/a.cpp", "#include <map>\n#include <hiredis/hiredis.h>\n#include \"hub/b.h\"\n", ""),
    ("ours before the library", "hub/a.cpp", "#include \"hub/b.h\"\n#include <map>\n", "own header, then the standard library"),
    ("no path", "hub/a.cpp", "#include \"b.h\"\n", "write the path from the root"),
    ("a static function", "hub/a.cpp", "static int f();\n", "helpers live in an unnamed namespace"),
    ("a static that changes", "hub/a.cpp", "int f() {\n    static int calls = 0;\n}\n", "no statics that change"),
    ("a static with a reason", "hub/a.cpp", "int f() {\n    // Why.\n    static int calls = 0;\n}\n", ""),
    ("a static that stays", "hub/a.cpp", "int f() {\n    static const int calls = 0;\n}\n", ""),
    ("a getter", "hub/a.h", HEAD + "struct A {\n    int get_b() const;\n};\n", "without get_"),
    ("shared for no reason", "hub/a.h", HEAD + "struct A {\n    std::shared_ptr<B> b;\n};\n", "shared_ptr needs a reason"),
    ("shared for a reason", "hub/a.h", HEAD + "struct A {\n    std::shared_ptr<B> b;  ///< owned with C\n};\n", ""),
    ("shared as a parameter", "hub/a.h", HEAD + "void f(std::shared_ptr<B> b);\n", ""),
    ("an interface", "hub/a.h", HEAD + "struct A {\n    virtual int f() = 0;\n};\n", ""),
    ("an interface with data", "hub/a.h", HEAD + "struct A {\n    virtual int f() = 0;\n    int x = 1;\n};\n",
     "A is an interface with data"),
    ("a base with a reason", "hub/a.h",
     HEAD + "\n/// A base with data: why.\nstruct A {\n    virtual int f() = 0;\n    int x = 1;\n};\n", ""),
    ("overriding with data", "hub/a.h", HEAD + "struct A : B {\n    int f() override;\n    int x = 1;\n};\n", ""),
    ("the environment", "rest/a.cpp", "auto* home = getenv(\"HOME\");\n", "only server reads the environment"),
    ("the environment in server", "server/a.cpp", "auto* home = getenv(\"HOME\");\n", ""),
    ("a test with a sentence", "tests/unit/hub/a_test.cpp", 'TEST_CASE("It is right", "[hub]") {\n', ""),
    ("a test with a word", "tests/unit/hub/a_test.cpp", 'TEST_CASE("parse", "[hub]") {\n', "a test's name is a sentence"),
    ("a test that sleeps", "tests/unit/hub/a_test.cpp", "std::this_thread::sleep_for(1s);\n", "does not sleep"),
    ("an open item", "hub/a.cpp", "// TO" + "DO later\n", "write TODO(#issue)"),
    ("an open item with an issue", "hub/a.cpp", "// TO" + "DO(#12): later\n", ""),
)


def main():
    failures = []
    for name, file, content, expected in ROWS:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / file
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True)
        wanted_code = 1 if expected else 0
        if done.returncode != wanted_code or expected not in done.stdout:
            failures.append(f"{name}: exit code {done.returncode}, said {done.stdout.strip() or done.stderr.strip()!r}")
    print("\n".join(failures) or f"check_style: {len(ROWS)} trees judged rightly")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
