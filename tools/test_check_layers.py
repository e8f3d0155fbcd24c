#!/usr/bin/env python3
"""Proves that tools/check_layers.py can fail: each row is a tree of one file, and what the check must say."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parent / "check_layers.py"
ROWS = (
    # name, file, line, expected message (empty: passes)
    ("down", "hub/log/a.h", '#include "protocol/event.h"', ""),
    ("own folder", "hub/log/a.h", '#include "hub/log/b.h"', ""),
    ("down, two levels of folders", "transport/net/a.cpp", '#include "transport/loop.h"', ""),
    ("up", "protocol/a.h", '#include "hub/log/log_hub.h"', "protocol may not include hub/log"),
    ("up from a part of a layer", "transport/a.h", '#include "transport/net/net_loop.h"',
     "transport may not include transport/net"),
    ("sideways", "hub/log/a.cpp", '#include "rest/answers.h"', "hub/log may not include rest"),
    ("sideways among adapters", "transport/http/a.cpp", '#include "transport/net/net_loop.h"',
     "transport/http may not include transport/net"),
    ("to the top", "bench/a.cpp", '#include "server/serve.h"', "bench may not include server"),
    ("indented", "base/a.cpp", '  #  include "protocol/event.h"', "base may not include protocol"),
    ("third party at home", "storage/sqlite/a.cpp", "#include <soci/soci.h>", ""),
    ("third party abroad", "hub/log/a.cpp", "#include <asio.hpp>", "<asio.hpp> belongs in a .cpp of transport/net"),
    ("third party with quotes", "hub/log/a.cpp", '#include "asio.hpp"', "<asio.hpp> belongs in a .cpp of transport/net"),
    ("third party in a header at home", "storage/sqlite/a.h", "#include <soci/soci.h>",
     "<soci/soci.h> belongs in a .cpp of storage/sqlite"),
    ("frames in a hub", "hub/log/a.cpp", '#include "transport/frame_header.h"',
     "transport/frame_header.h is for transport only"),
    ("framings in a hub", "hub/connection/a.h", '#include "transport/framing.h"',
     "transport/framing.h is for transport only"),
    ("frames in a transport", "transport/session/a.cpp", '#include "transport/frame_header.h"', ""),
    ("a clock in protocol", "protocol/a.cpp", "#include <chrono>", "protocol never knows chrono"),
    ("a log in protocol", "protocol/a.cpp", '#include "base/log.h"', "protocol never knows base/log.h"),
    ("JSON in a store", "storage/sqlite/a.cpp", '#include "protocol/json.h"', "storage/sqlite never knows protocol/json.h"),
    ("a hub in the host", "host/a.cpp", '#include "hub/log/log_hub.h"', "host never knows hub/log/log_hub.h"),
    ("a hub beside the host", "host/log/a.cpp", '#include "hub/log/log_hub.h"', ""),
    ("a store by its owner", "host/log/a.cpp", '#include "storage/sqlite/sqlite_log_store.h"', ""),
    ("a store by another", "server/a.cpp", '#include "storage/sqlite/sqlite_log_store.h"', "is for host/log only"),
    ("tests of a folder", "tests/unit/hub_log/a_test.cpp", "", ""),
    ("tests of no folder", "tests/unit/hub_logs/a_test.cpp", "", "no folder is tested by it"),
    ("a folder without a level", "clients/other/a.cpp", "#include <vector>", "has no level"),
)


def main():
    failures = []
    for name, file, line, expected in ROWS:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / file
            path.parent.mkdir(parents=True)
            path.write_text(f"{line}\n", encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True)
        wanted_code = 1 if expected else 0
        if done.returncode != wanted_code or expected not in done.stdout:
            failures.append(f"{name}: exit code {done.returncode}, said {done.stdout.strip() or done.stderr.strip()!r}")
    print("\n".join(failures) or f"check_layers: {len(ROWS)} trees judged rightly")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
