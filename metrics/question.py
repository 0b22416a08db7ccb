"""Read a question from request parameters: what the API, the pages and the exports all take.

`start` and `end`, or `at` for what is there at an instant, `tz`, `by`, `as_of`, `engine` and one filter a dimension (`channel=phone`, repeatable = or).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from metrics import door
from metrics.catalog import find
from metrics.compute import Query, Row
from metrics.definition import Kpi, Unit
from metrics.period import TIME_SPLITS, Period, PeriodError, Slot, parse_moment
from metrics.reader import data_until
from metrics.sql import COLUMNS, Band
from tickets.models import Channel, Client, Queue, Team, Topic, User

ENGINES = ("auto", "facts")
SPLITS = (*TIME_SPLITS, *COLUMNS)
# What takes a part out of a period and its filters.
PARTS = ("slot", "between", "cause")

MODELS: dict[str, Any] = {"client": Client, "queue": Queue, "team": Team, "topic": Topic, "agent": User}


class QuestionError(ValueError):
    """A parameter cannot be used: `parameter` names it, the message says what was expected."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True)
class Question:
    """The KPIs asked for, and the query; `zone_name` as given, for links and answers.

    `is_instant`: the question names an instant and no period. `parts`: the half-hour or the lengths, as given.
    """

    kpis: list[Kpi]
    query: Query
    zone_name: str
    codes: dict[str, list[str]] = field(default_factory=dict)
    is_instant: bool = False
    parts: dict[str, list[str]] = field(default_factory=dict)


def read(params: QueryDict, user: User, *, kpis: Sequence[Kpi] | None = None) -> Question:
    """Read the question of `user`, narrowed to what she may see.

    Raises:
        QuestionError: naming the parameter and what was expected.
    """
    zone_name = params.get("tz") or settings.TIME_ZONE
    zone = read_zone(zone_name)
    asked = list(kpis) if kpis is not None else read_kpis(params.getlist("kpi"), user)
    try:
        at = _moment(params, "at", zone) if params.get("at") else None
        is_instant = at is not None and not {"start", "end"} & set(params) and all(kpi.stock for kpi in asked)
        if is_instant and at is not None:
            period = Period(at, at + timedelta(microseconds=1), zone)
        else:
            period = Period(_moment(params, "start", zone), _moment(params, "end", zone), zone)
        by = read_splits(params.getlist("by"), user)
        if split := next((name for name in by if name in TIME_SPLITS), None):
            if is_instant:
                raise QuestionError("by", _("an instant has no %s: ask with start and end") % split)
            period.edges(split)
        slot = _slot(params, asked)
        as_of = _moment(params, "as_of", zone) if params.get("as_of") else data_until()
    except PeriodError as error:
        raise QuestionError(error.parameter, str(error)) from error
    codes = {name: params.getlist(name) for name in COLUMNS if params.getlist(name)}
    if hidden := set(codes) - set(door.splits(user, tuple(COLUMNS))):
        raise QuestionError(min(hidden), _("who served is not told here"))
    filters = read_filters(codes, user)
    return Question(
        kpis=asked,
        query=Query(
            period,
            by,
            door.scoped(filters, user),
            as_of,
            read_engine(params),
            at,
            sight=door.sight_of(user),
            slot=slot,
            band=_band(params, asked),
            cause=_cause(params, asked),
        ),
        zone_name=zone_name,
        codes=codes,
        is_instant=is_instant,
        parts={
            name: [params.get(name, "")] for name in PARTS if name in params and (params.get(name) or name == "cause")
        },
    )


def is_added_up(kpi: Kpi) -> bool:
    """Whether its value comes from rows of single moments: no stock, no average over time and no ledger."""
    return not (kpi.stock or kpi.average or kpi.fact.until or kpi.denominator_fact)


def has_lengths(kpi: Kpi) -> bool:
    """Whether each of its rows has a length, a score or a number of its own, by which they can be told apart."""
    return is_added_up(kpi) and bool(kpi.numerator.value) and not kpi.together and kpi.unit is not Unit.MONEY


def _slot(params: QueryDict, kpis: Sequence[Kpi]) -> Slot | None:
    text = params.get("slot")
    if not text:
        return None
    if odd := next((kpi for kpi in kpis if not is_added_up(kpi)), None):
        raise QuestionError("slot", _("%s is not counted by the half-hour") % odd.key)
    return Slot.read(text)


def _cause(params: QueryDict, kpis: Sequence[Kpi]) -> str | None:
    """`cause=late_delivery`: contacts that were caused so; empty: those that name no cause."""
    if "cause" not in params:
        return None
    if any(part.fact.record.code != "contact" for kpi in kpis for part in kpi.parts):
        raise QuestionError("cause", _("expected KPIs of contacts: nothing else has a cause"))
    return params.get("cause", "")


def _band(params: QueryDict, kpis: Sequence[Kpi]) -> Band | None:
    """`between=30,60`: rows of at least 30 and below 60 of what the KPI measures; either end may be left out."""
    text = params.get("between")
    if not text:
        return None
    if len(kpis) != 1 or not has_lengths(kpis[0]):
        raise QuestionError("between", _("expected one KPI whose rows have a length or a score"))
    ends = text.split(",")
    try:
        low, high = (float(end) if end else None for end in ends)
        is_read = not any(math.isnan(end) for end in (low, high) if end is not None)
    except ValueError:
        is_read = False
    if not is_read:
        raise QuestionError("between", _("expected two numbers such as 30,60, got %r") % text)
    return Band(kpis[0].numerator, low, high)


def _moment(params: QueryDict, name: str, zone: ZoneInfo) -> datetime:
    text = params.get(name)
    if not text:
        raise QuestionError(name, _("expected a date (2025-10-31) or an instant with offset"))
    # In a query string an unescaped plus sign has become a space.
    return parse_moment(text.replace(" ", "+"), zone, name)


def read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise QuestionError("tz", _("expected a time zone such as Europe/Stockholm, got %r") % name) from error


def read_engine(params: QueryDict) -> str:
    engine = params.get("engine") or "auto"
    if engine not in ENGINES:
        raise QuestionError("engine", _("expected auto or facts, got %r") % engine)
    return engine


def read_splits(names: Iterable[str], user: User) -> tuple[str, ...]:
    splits = tuple(dict.fromkeys(name for name in names if name))
    known = door.splits(user, SPLITS)
    for name in splits:
        if name not in known:
            raise QuestionError(
                "by", _("expected one of %(names)s, got %(name)r") % {"names": " ".join(known), "name": name}
            )
    if sum(name in TIME_SPLITS for name in splits) > 1:
        raise QuestionError("by", _("expected at most one of %s") % " ".join(TIME_SPLITS))
    return splits


def read_kpis(names: Iterable[str], user: User) -> list[Kpi]:
    found = []
    for name in dict.fromkeys(names):
        kpi = find(name)
        if kpi is None or not door.shows(user, kpi):
            raise QuestionError("kpi", _("no KPI is called %r; the catalogue is at /api/v1/kpis/") % name)
        found.append(kpi)
    if not found:
        raise QuestionError("kpi", _("expected at least one KPI, as slug or slug:variant"))
    return found


def read_filters(codes: dict[str, list[str]], user: User) -> dict[str, list[Any]]:
    """Codes to ids, a query a dimension. A topic stands for itself and all below it."""
    return {dimension: _ids(dimension, values, user) for dimension, values in codes.items()}


def _ids(dimension: str, values: list[str], user: User) -> list[Any]:
    if dimension == "channel":
        unknown = set(values) - set(Channel.values)
        if unknown:
            raise QuestionError(
                dimension,
                _("expected one of %(names)s, got %(name)r")
                % {
                    "names": " ".join(Channel.values),
                    "name": min(unknown),
                },
            )
        return list(values)
    condition = Q()
    for value in values:
        condition |= _named(dimension, value)
    known = door.named(dimension, MODELS[dimension].objects.all(), user)
    found = list(known.filter(condition).values_list("pk", *_names(dimension)))
    for value in values:
        if not any(value in row[1:] for row in found):
            raise QuestionError(dimension, _("nothing is called %r") % value)
    return [row[0] for row in found]


def _names(dimension: str) -> tuple[str, ...]:
    return {"topic": ("path",), "agent": ("code", "username")}.get(dimension, ("code",))


def _named(dimension: str, value: str) -> Q:
    if dimension == "topic":
        return Q(path=value) | Q(path__startswith=f"{value}/")
    if dimension == "agent":
        return Q(code=value) | Q(username=value)
    return Q(code=value)


class Labels:
    """Names for the groups of an answer: one query a dimension, however many rows."""

    def __init__(self, rows: Iterable[Row], query: Query) -> None:
        self.period = query.period
        self.said: dict[tuple[str, Any], str | None] = {}
        # A queue of somebody else, in which a contact of the reader's company lies, has no name for her.
        named = {"queue": Q(client=query.sight.client) | Q(client=None)} if query.sight.client else {}
        wanted: dict[str, set[Any]] = {}
        for row in rows:
            for split, key in row.group.items():
                if split in MODELS and key is not None:
                    wanted.setdefault(split, set()).add(key)
        self.names = {
            split: {
                pk: next((name for name in names if name), None)
                for pk, *names in MODELS[split]
                .objects.filter(named.get(split, Q()), pk__in=keys)
                .values_list("pk", *_names(split))
            }
            for split, keys in wanted.items()
        }

    def of(self, row: Row) -> dict[str, str | None]:
        """The group as the API gives it: labels of time, codes of the rest, None where a row has none."""
        said = {}
        for split, key in row.group.items():
            # Many rows are of one month: its name is made once.
            if (split, key) not in self.said:
                self.said[split, key] = self._label(split, key)
            said[split] = self.said[split, key]
        return said

    def _label(self, split: str, key: Any) -> str | None:
        if split in TIME_SPLITS:
            return self.period.label(key.astimezone(UTC), split)
        return self.names.get(split, {}).get(key) if split in MODELS else key
