"""Low scores that are not followed up, and of which nobody has been in touch with the customer since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from metrics import formats
from metrics.board import Board
from surveys.models import FollowUp, Response
from tickets.models import Contact, Message

DAYS = 14
# Of five and of seven grades; of ten the detractors.
LOW = Q(csat__lte=2) | Q(ces__lte=3) | Q(nps__lte=6) | Q(fcr_resolved=Response.Resolved.NO)
SHOWN = 50


@dataclass(frozen=True)
class Low:
    text: str
    url: str
    score: str
    when: str


def low_scores(board: Board) -> Iterator[Low]:
    """The last answers of their invitations that are low, oldest first, on cases in which we said nothing since."""
    since = timezone.now() - timedelta(days=DAYS)
    case = {"case": OuterRef("invitation__case")}
    called = Contact.objects.filter(answered_at__gt=OuterRef("responded_at"), is_handled=True, **case)
    wrote = Message.objects.filter(kind=Message.Kind.OUTGOING, at__gt=OuterRef("responded_at"), **case)
    later = Response.objects.filter(invitation=OuterRef("invitation"), responded_at__gt=OuterRef("responded_at"))
    done = FollowUp.objects.filter(invitation=OuterRef("invitation"), done_at__isnull=False)
    found = (
        Response.objects.visible_to(board.user)
        .filter(LOW, ~Exists(done), responded_at__gt=since, invitation__case__isnull=False)
        .filter(~Exists(called), ~Exists(wrote), ~Exists(later))
        .select_related("invitation__case")
        .order_by(F("responded_at"))
    )
    filters = board.query.filters
    for name in ("queue", "client", "team"):
        if name in filters:
            found = found.filter(**{f"invitation__case__{name}__in": filters[name]})
    for one in found[:SHOWN]:
        case_of = one.invitation.case
        assert case_of is not None  # asked for
        comment = Truncator(one.comment).chars(90) if one.comment else case_of.subject
        yield Low(
            f"#{case_of.pk} {comment}",
            reverse("case", args=[case_of.pk]),
            _score(one),
            formats.moment(one.responded_at, board.period.zone),
        )


def _score(one: Response) -> str:
    """What was low, in words."""
    said = []
    if one.csat is not None and one.csat <= 2:
        said.append(_("satisfaction %s") % one.csat)
    if one.ces is not None and one.ces <= 3:
        said.append(_("ease %s") % one.ces)
    if one.nps is not None and one.nps <= 6:
        said.append(_("recommends %s") % one.nps)
    if one.fcr_resolved == Response.Resolved.NO:
        said.append(_("not solved"))
    return ", ".join(said)
