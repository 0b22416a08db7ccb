"""Of all resolutions how many were asked about, and why the others were not: by reason, by queue and by agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from surveys.asking import SurveyRequest
from surveys.rules import Decision
from tickets.models import User

DAYS = 30
# Fewer are shown and say nothing.
FEW = 10
ASKED = Q(decision__in=[Decision.ASKED, Decision.PLANNED])


@dataclass(frozen=True)
class Rate:
    """How many of a group's resolutions were asked about."""

    name: str
    asked: int
    of: int

    @property
    def share(self) -> float | None:
        return self.asked / self.of if self.of >= FEW else None

    @property
    def per_cent(self) -> str:
        return _("%s %%") % number_format(100 * (self.share or 0), 1, use_l10n=True)


@dataclass(frozen=True)
class Reason:
    code: str
    label: str
    count: int


def since() -> datetime:
    return timezone.now() - timedelta(days=DAYS)


def asked_for(user: User) -> QuerySet[SurveyRequest]:
    return SurveyRequest.objects.visible_to(user).filter(at__gt=since())


def reasons(user: User) -> list[Reason]:
    """By what was decided, most first."""
    counts = dict(asked_for(user).order_by().values_list("decision").annotate(n=Count("pk")))
    labels = dict(SurveyRequest.Decision.choices)
    return [Reason(code, str(labels[code]), n) for code, n in sorted(counts.items(), key=lambda one: -one[1])]


def rates(user: User, by: str) -> list[Rate]:
    """By queue or by agent, in order of name: who is asked is nobody's merit."""
    names: dict[str, tuple[str, ...]] = {
        "queue": ("case__queue__name",),
        "agent": ("agent__first_name", "agent__last_name", "agent__username"),
    }
    rows = asked_for(user).order_by().values(*names[by]).annotate(of=Count("pk"), asked=Count("pk", filter=ASKED))
    return sorted((Rate(_named(row, names[by]), row["asked"], row["of"]) for row in rows), key=lambda one: one.name)


def _named(row: dict[str, Any], names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return row[names[0]] or _("Without a queue")
    first, last, username = (row[name] or "" for name in names)
    return f"{first} {last}".strip() or username or _("Nobody")
