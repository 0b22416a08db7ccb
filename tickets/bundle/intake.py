"""Takes staged rows in, in this order: those that cannot be right are sifted out, what the rest names in passing is made,
then one transaction a step.

A process killed at any point leaves whole steps only: cases with their events, contacts with their legs and sums. The
same import again finds what is there unchanged and does the rest, so that it ends as if nothing had happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.utils import timezone

from tickets.bundle import config, customers, lookups, quarantine
from tickets.bundle.rows import CheckedRow, Problem
from tickets.bundle.spec import Step, all_steps
from tickets.bundle.staging import Stage
from tickets.models.client import Client
from tickets.models.source import Source

# The first half of the advisory locks of the import; the second is the source.
_LOCK = 7_301_911


@dataclass(frozen=True)
class Result:
    """What became of one row: "created", "updated", "unchanged", or "rejected" with the problem."""

    status: str
    problem: Problem | None = None


def stage_for(source_name: str, client: Client | None = None) -> Stage:
    """A stage for rows of this source. Rows that name no client belong to `client`, else to one with the source's name."""
    source, _made = Source.objects.get_or_create(name=source_name)
    if client is not None:
        return Stage(source, client)
    client, _made = Client.objects.get_or_create(code=source_name, defaults={"name": source_name})
    return Stage(source, client)


def take_in(
    source_name: str, rows: Sequence[CheckedRow], *, client: Client | None = None, keep_rejected: bool = True
) -> list[Result]:
    """Take in rows that came one by one, of any files. Return one result a row, in order.

    The rejected ones are kept in the quarantine, unless the caller has them there already.

    All or nothing as to accidents; a row that cannot be right stops no other. Contacts and their segments sent together
    refer to one another as in a bundle.
    """
    rows = [replace(row, line=line) for line, row in enumerate(rows, start=1)]
    stage = stage_for(source_name, client)
    with transaction.atomic():
        stage.open()
        stage.fill_checked(rows)
        stage.sift()
        run_steps(stage)
        results = _results(stage, rows)
        # A row that came without a file has no line there.
        if keep_rejected:
            quarantine.keep(stage.source, [replace(r.problem, line=0) for r in results if r.problem])
            _settle_accepted(stage, rows, results)
        stage.clear()
    return results


def run_steps(stage: Stage, progress: Callable[[Step], None] = lambda _step: None) -> None:
    """Take in what is staged and sifted."""
    with transaction.atomic():
        lock(stage)
        config.agree(stage.client, None)
        lookups.make(stage)
        customers.make(stage)
    for step in all_steps():
        if any(stage.has(name) for name in step.files):
            progress(step)
            with transaction.atomic():
                lock(stage)
                step.run(stage)


def lock(stage: Stage) -> None:
    """One import at a time into a source, until the transaction ends: keys are drawn before rows are inserted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, stage.source.pk])


def _results(stage: Stage, rows: Sequence[CheckedRow]) -> list[Result]:
    problems = {(problem.spec.name, problem.line): problem for problem in stage.problems()}
    done: dict[tuple[str, int], bool] = defaultdict(bool)
    with connection.cursor() as cursor:
        cursor.execute("SELECT file, line, is_new FROM stage_done")
        for file, line, is_new in cursor.fetchall():
            done[file, line] |= is_new
    results = []
    for row in rows:
        place = (row.spec.name, row.line)
        if place in problems:
            results.append(Result("rejected", replace(problems[place], raw=row.raw, row_id=row.row_id)))
        elif place in done:
            results.append(Result("created" if done[place] else "updated"))
        else:
            results.append(Result("unchanged"))
    return results


def _settle_accepted(stage: Stage, rows: Sequence[CheckedRow], results: Sequence[Result]) -> None:
    accepted = [row for row, result in zip(rows, results, strict=True) if result.problem is None]
    for name in {row.spec.name for row in accepted}:
        stage.source.quarantined.filter(
            file=f"{name}.csv",
            settled_at=None,
            row_id__in=[row.row_id for row in accepted if row.spec.name == name and row.row_id],
        ).update(settled_at=timezone.now())
