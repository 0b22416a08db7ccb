"""By REST, what is no single figure: topics and causes in order, bounds, and where log and customer disagree."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics import pareto, threeways
from metrics.api import PARAMETERS, SeesNumbers, ask, next_link, page_size
from metrics.compute import Query
from tickets.client_door import open_to_clients


def asked(query: Query) -> dict[str, Any]:
    zone = query.period.zone
    return {
        "start": query.period.start.astimezone(zone).isoformat(),
        "end": query.period.end.astimezone(zone).isoformat(),
        "as_of": query.as_of.isoformat(),
    }


def drawn(found: pareto.Pareto) -> dict[str, Any]:
    return {
        "total": found.total,
        "vital_few": found.vital_few,
        "other_share": found.other_share,
        "taxonomy_weak": found.is_taxonomy_weak,
        "bars": [
            {
                "name": bar.name,
                "amount": bar.amount,
                "share": bar.share,
                "cumulative": bar.cumulative,
                "vital": bar.is_vital,
                "low": bar.low,
                "high": bar.high,
            }
            for bar in found.bars
        ],
    }


@open_to_clients
class Topics(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(
        operation_id="kpis_pareto_topics",
        parameters=[
            OpenApiParameter("weight", str, enum=list(pareto.WEIGHTS), description="Default: contacts."),
            OpenApiParameter("depth", int, description="Levels of the topic's path. Default: all."),
            *PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Handled contacts by topic, the most first, and the few that make up 80 %."""
        weight = request.query_params.get("weight") or "contacts"
        if weight not in pareto.WEIGHTS:
            raise ValidationError({"weight": [f"expected one of {', '.join(pareto.WEIGHTS)}"]})
        depth = request.query_params.get("depth") or ""
        if depth and not (depth.isdigit() and int(depth)):
            raise ValidationError({"depth": ["expected a number from 1"]})
        query = ask(request, []).query
        found = pareto.topics(query, weight=weight, depth=int(depth) if depth else None)
        return Response({**asked(query), "weight": weight, **drawn(found)})


@open_to_clients
class Causes(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(operation_id="kpis_pareto_causes", parameters=PARAMETERS, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Failure demand by cause, the most first, and the few that make up 80 %."""
        query = ask(request, []).query
        return Response({**asked(query), **drawn(pareto.causes(query))})


@open_to_clients
class FailureBounds(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(operation_id="kpis_failure_demand_bounds", parameters=PARAMETERS, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Failure demand with its bounds, were all unclassified contacts of value, or all failures."""
        query = ask(request, []).query
        found = pareto.failure_bounds(query)
        return Response(
            {
                **asked(query),
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "unclassified": found.unclassified,
                "too_much_unclassified": found.is_grey,
            }
        )


@open_to_clients
class ThreeWays(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(
        operation_id="kpis_fcr_three_ways",
        parameters=[
            OpenApiParameter("way", str, enum=threeways.WAYS[1:], description="Beside the log. Default: survey."),
            OpenApiParameter("cell", str, enum=list(threeways.CELLS), description="Only its cases."),
            OpenApiParameter("cursor", int, description="With cell: from which case on."),
            OpenApiParameter("page_size", int, description="Cases a cell; default 100, at most 1000."),
            *PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """First contact resolution by log, agent and customer: how often log and another agree, and the cases."""
        way, cell, start = self._asked(request)
        size, query = page_size(request), ask(request, []).query
        singles, counts = threeways.ways(query)
        cells, following = {}, None
        for name in [cell] if cell else threeways.CELLS:
            log, other = threeways.CELLS[name]
            behind = threeways.cases(query, way, log=log, other=other, limit=size + 1, offset=start if cell else 0)
            if cell and len(behind) > size:
                following = str(start + size)
            cells[name] = {"count": counts[way, log, other], "cases": [told(case) for case in behind[:size]]}
        total = sum(counts[way, *verdicts] for verdicts in threeways.CELLS.values())
        same = counts[way, True, True] + counts[way, False, False]
        return Response(
            {
                **asked(query),
                "ways": [{"way": one.code, "solved": one.solved, "known": one.known} for one in singles],
                "way": way,
                "n": total,
                "agreement": same / total if total else None,
                "cells": cells,
                "next": next_link(request, following),
            }
        )

    def _asked(self, request: Request) -> tuple[str, str, int]:
        params = request.query_params
        way, cell, start = params.get("way") or "survey", params.get("cell") or "", params.get("cursor") or "0"
        if way not in threeways.WAYS[1:]:
            raise ValidationError({"way": [f"expected one of {', '.join(threeways.WAYS[1:])}"]})
        if cell and cell not in threeways.CELLS:
            raise ValidationError({"cell": [f"expected one of {', '.join(threeways.CELLS)}"]})
        if not start.isdecimal() or len(start) > 9:
            raise ValidationError({"cursor": ["expected a cursor from an answer"]})
        return way, cell, int(start)


def told(case: threeways.Case) -> dict[str, Any]:
    return {
        "case_id": case.external_id or None,
        "case_number": case.number,
        "first_contact_at": case.first_contact_at,
        "queue": case.queue,
        "topic": case.topic,
        "log": case.log,
        "agent": case.agent,
        "survey": case.survey,
    }


urlpatterns = [
    path("kpis/pareto/topics/", Topics.as_view(), name="kpi-pareto-topics"),
    path("kpis/pareto/causes/", Causes.as_view(), name="kpi-pareto-causes"),
    path("kpis/failure-demand/bounds/", FailureBounds.as_view(), name="kpi-failure-demand-bounds"),
    path("kpis/fcr/three-ways/", ThreeWays.as_view(), name="kpi-fcr-three-ways"),
]
