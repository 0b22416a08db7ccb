"""Run all benchmarks one after the other: `make bench`, or `make bench ARGS="--contacts 10000000"`."""

from __future__ import annotations

import argparse
import subprocess
import sys

ALL = ("import_rows", "values", "refresh", "pages", "boards", "search", "workplace", "stopwatch")
# These have a desk of their own size, or none.
OWN_SIZE = {"search", "workplace", "stopwatch"}
# On desks of two sizes of their own.
ON_DESKS = ("search",)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="name", help=f"which, of {', '.join(ALL + ON_DESKS)}; default: all")
    parser.add_argument("--contacts", type=int, default=1_000_000, help="size of the generated log (default 1,000,000)")
    options = parser.parse_args()
    if unknown := set(options.only) - set(ALL + ON_DESKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    failed = 0
    # Each in a process of its own: an installation is chosen once a process.
    for name in options.only or ALL + ON_DESKS:
        size = [] if name in ON_DESKS else ["--contacts", str(options.contacts)]
        failed += bool(subprocess.call([sys.executable, "-m", f"bench.{name}", *size]))
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
