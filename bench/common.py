"""What the benchmarks share: an installation of their own, medians, and a table of ratios."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


def start(name: str) -> Path:
    """Make and migrate the installation of this benchmark, beside the one that `make run` uses. Return its home.

    BENCH_HOME moves it elsewhere. Like any installation it is durable: nothing is measured with fsync off.
    """
    base = os.environ.get("BENCH_HOME") or Path(os.environ.get("HELPDESK_HOME") or PROJECT / ".helpdesk") / "bench"
    home = Path(base).resolve() / name
    for variable in ("DATABASE_URL", "REDIS_URL", "TIME_ZONE", "PORT"):
        os.environ.pop(variable, None)
    os.environ |= {"HELPDESK_HOME": str(home), "DJANGO_SETTINGS_MODULE": "helpdesk.settings", "LOG_LEVEL": "WARNING"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    return home


def options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--contacts", type=int, default=1_000_000, help="size of the generated log (default 1,000,000)")
    return parser.parse_args()


def seconds(do: Callable[[], Any]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def median(do: Callable[[], Any], *, runs: int = 5, at_most: float = 20) -> float:
    """The median of some runs, after one that warms the caches; fewer runs where one takes long."""
    first = seconds(do)
    if first > at_most:
        return first
    runs = max(1, min(runs, int(at_most / first) if first else runs))
    return statistics.median(seconds(do) for _ in range(runs))


@contextmanager
def stage(name: str) -> Iterator[None]:
    began = time.perf_counter()
    print(f"  {name} ...", end="", flush=True, file=sys.stderr)
    yield
    print(f" {time.perf_counter() - began:.1f} s", file=sys.stderr)


class Table:
    """Lines of a measurement, each beside its baselines."""

    def __init__(self, title: str, *baselines: str) -> None:
        self.baselines = baselines
        print(f"\n{title}\n{'':<44}{'ours':>11}" + "".join(f"{name:>14}{'ratio':>8}" for name in baselines), flush=True)

    def line(self, name: str, ours: float, *baselines: float | None) -> None:
        """One measurement in seconds. A ratio above 1 says how many times as long the baseline takes."""
        text = f"{name:<44}{_shown(ours):>11}"
        for other in baselines:
            text += f"{'-':>14}{'':>8}" if other is None else f"{_shown(other):>14}{f'{other / ours:.2f}':>8}"
        print(text, flush=True)


def _shown(value: float) -> str:
    return f"{value * 1000:,.1f} ms" if value < 10 else f"{value:,.1f} s"
