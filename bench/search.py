"""Search on a small desk and on a large one: how long what people type takes, for who sees everything and for an agent.

Each kind is asked with so many different words; the middle one and the slowest of twenty are shown, and what the large desk
takes times the small one. `python -m bench.search --cases 10000 1000000`; the desks are made by `bench.desk` where there are none.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench import desk, desk_words
from bench.common import seconds, start

ASKED = 40


def questions(cases: int) -> Iterator[tuple[str, list[str]]]:
    """What people type, by kind. The same for both desks but for numbers, which must be there."""
    draw = random.Random(7)
    languages = desk_words.LANGUAGES
    base = [word for language in languages for word in desk_words.BASE[language].split() if len(word) > 3]
    compounds = [
        a + b for language in languages for a in desk_words.HEADS[language] for b in desk_words.TAILS[language]
    ]
    number = [draw.randint(1, cases) for _ in range(ASKED)]
    customer = [draw.randint(1, max(100, cases // 3)) for _ in range(ASKED)]
    names = [f"{draw.choice(desk_words.FIRST)} {draw.choice(desk_words.LAST)}" for _ in range(ASKED)]
    yield "a common word", draw.sample(base, ASKED)
    yield "the commonest words", ["och", "att", "ja", "on", "the", "to"] * (ASKED // 6)
    yield "a seldom word", draw.sample(compounds, ASKED)
    yield "a reference found once", [f"REF{5_000_000 + n}" for n in number]
    yield "two words", [" ".join(draw.sample(desk_words.BASE[draw.choice(languages)].split(), 2)) for _ in range(ASKED)]
    yield (
        "four words",
        [" ".join(draw.sample(desk_words.BASE[draw.choice(languages)].split(), 4)) for _ in range(ASKED)],
    )
    yield "two words that are never together", [" ".join(draw.sample(base, 2)) for _ in range(ASKED)]
    yield "three letters", [draw.choice(base)[:3] for _ in range(ASKED)]
    yield "two letters", [draw.choice(base)[:2] for _ in range(ASKED)]
    yield "a number", [f"#{n}" for n in number]
    yield "a phone number", [f"07{10_000_000 + n * 37:08}" for n in customer]
    yield "the beginning of one", [f"07{10_000_000 + n * 37:08}"[:7] for n in customer]
    yield "an e-mail address", [f"person{n}@example.{('se', 'fi', 'com')[n % 3]}" for n in customer]
    yield "a name", names
    yield "a first name", [name.split()[0] for name in names]


def measure(cases: int) -> dict[str, tuple[float, float]]:
    """The median and the 95th of a hundred for each kind, in seconds."""
    start(desk.home_of(cases))
    desk.ensure(cases)
    from tickets.models import User
    from tickets.search import search

    found = {}
    for name in ("manager", "a7"):
        user = User.objects.get(username=name)
        search("faktura", user=user)
        for kind, texts in questions(cases):
            # Once to warm what the one before has pushed out of memory, as on a desk that is in use.
            search(texts[0], user=user)
            times = [seconds(lambda text=text, user=user: search(text, user=user)) for text in texts]
            found[f"{kind}, {'all cases' if name == 'manager' else 'one team'}"] = (
                statistics.median(times),
                statistics.quantiles(times, n=20)[-1],
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument(
        "--cases", type=int, nargs="+", default=[10_000, 1_000_000], help="sizes of the desks, small first"
    )
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(measure(chosen.only)))
        return
    # Each in a process of its own: an installation is chosen once a process.
    results = []
    for cases in chosen.cases:
        command = [sys.executable, "-m", "bench.search", "--only", str(cases)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    small, large = results[0], results[-1]
    print(f"Search, {chosen.cases[0]:,} and {chosen.cases[-1]:,} cases, five messages each; milliseconds")
    print(f"{'':<40}{'p50':>8}{'p95':>8}{'p50':>9}{'p95':>8}{'ratio p50':>11}{'p95':>7}")
    for kind, (p50, p95) in large.items():
        s50, s95 = small[kind]
        print(
            f"{kind:<40}{s50 * 1000:>8.1f}{s95 * 1000:>8.1f}{p50 * 1000:>9.1f}{p95 * 1000:>8.1f}{p50 / s50:>11.1f}{p95 / s95:>7.1f}"
        )


if __name__ == "__main__":
    main()
