"""What customers told in call-back interviews, by agent and in order of name: for coaching, and no ranking."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import formats
from metrics.stats import mean_interval
from metrics.views import for_readers_of_numbers, reader_of
from surveys.interviewing import DAYS, GOAL, CallBack
from tickets.models import User

# Coaching looks at what is recent; the KPI has the rest.
BACK_DAYS = 3 * DAYS


@dataclass(frozen=True)
class Coached:
    """An agent's interviews: how many of the goal, the mean rating in words, and what was told."""

    agent: User
    held: int
    figure: str
    interval: str
    told: list[CallBack]


def coached(user: User) -> list[Coached]:
    since = timezone.now() - timedelta(days=BACK_DAYS)
    found = CallBack.objects.told_to(user).filter(ended_at__gte=since).select_related("agent", "contact__topic")
    by_agent: dict[User, list[CallBack]] = defaultdict(list)
    for one in found.prefetch_related("attempts").order_by("-ended_at"):
        by_agent[one.agent].append(one)
    made = [_coached(agent, told) for agent, told in by_agent.items()]
    return sorted(made, key=lambda one: str(one.agent).casefold())


def _coached(agent: User, told: list[CallBack]) -> Coached:
    ratings = [held.rating for one in told for held in one.attempts.all() if held.rating is not None]
    n, total = len(ratings), sum(ratings)
    figure = _("%(part)s of %(all)s good") % {
        "part": formats.number(sum(rating >= 4 for rating in ratings)),
        "all": formats.number(n),
    }
    interval = ""
    bounds = mean_interval(total, sum(rating * rating for rating in ratings), n)
    if n >= formats.FEW and bounds:
        figure = formats.number(total / n, 2)
        low, high = (formats.number(min(5.0, max(1.0, bound)), 2) for bound in bounds)
        interval = formats.sure(low, high)
    return Coached(agent, n, figure, interval, [one for one in told if one.note])


@for_readers_of_numbers
def interview_results(request: HttpRequest) -> HttpResponse:
    user = reader_of(request)
    if user.is_client:
        raise Http404
    return render(request, "metrics/interview_results.html", {"found": coached(user), "goal": GOAL, "days": BACK_DAYS})
