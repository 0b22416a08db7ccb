"""Whether those who answer resemble those who were served."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from metrics import drill, formats
from metrics.bias import Bias, Estimate, Group, bias
from metrics.board import read_board
from metrics.catalog import KPIS
from metrics.purse import CARD_SECONDS, in_time
from metrics.views import for_readers_of_numbers, reader_of
from tickets.models import Channel


@for_readers_of_numbers
def survey_bias(request: HttpRequest) -> HttpResponse:
    user = reader_of(request)
    board = read_board(request.GET, user, place=request.path)
    found = in_time(lambda: bias(board.query), CARD_SECONDS)
    context = {
        "board": board,
        "form": drill.filter_form(board, user),
        "found": found,
        "lines": _lines(found) if found else [],
        "raw": _said(found.raw) if found else None,
        "weighted": _said(found.weighted) if found else None,
        "rows_url": board.rows_link(KPIS["csat"]),
    }
    return render(request, "metrics/bias.html", context)


def _said(one: Estimate | None) -> dict[str, str] | None:
    """An estimate in words; of fewer than ten answers no percentage."""
    if one is None:
        return None
    if one.n < formats.FEW:
        return {"figure": formats.NOTHING, "interval": "", "n": formats.number(one.n)}
    interval = formats.sure(formats.share(one.low), formats.share(one.high))
    return {"figure": formats.share(one.value), "interval": interval, "n": formats.number(one.n)}


def _lines(found: Bias) -> list[dict[str, Any]]:
    """A line for each thing that the log knows of everybody, a column for each group."""
    names = {"cases": _("All resolved cases"), "asked": _("Asked"), "answered": _("Answered")}
    lines = [{"label": _("Cases"), "cells": [formats.number(one.count) for one in found.groups]}]
    lines.append(
        {"label": _("Solved at the first contact"), "cells": [_share(one.solved, one.judged) for one in found.groups]}
    )
    for channel in sorted({code for one in found.groups for code in one.channels}):
        label = str(Channel(channel).label) if channel in Channel.values else _("Without a channel")
        lines.append(
            {"label": label, "cells": [_share(one.channels.get(channel, 0), one.count) for one in found.groups]}
        )
    lines.append({"label": _("Median wait"), "cells": [_wait(one) for one in found.groups]})
    return [{"label": "", "cells": [names[one.name] for one in found.groups]}, *lines]


def _share(n: int, of: int) -> str:
    if not of:
        return formats.NOTHING
    fraction = _("%(part)s of %(all)s") % {"part": formats.number(n), "all": formats.number(of)}
    return fraction if of < formats.FEW else f"{formats.share(n / of)} ({fraction})"


def _wait(one: Group) -> str:
    return formats.NOTHING if one.wait is None else formats.duration(float(one.wait))
