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

from metrics import agreement, pareto
from metrics.api import PARAMETERS, SeesNumbers, ask, next_link, page_size
from metrics.compute import Query


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


class Causes(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(operation_id="kpis_pareto_causes", parameters=PARAMETERS, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Failure demand by cause, the most first, and the few that make up 80 %."""
        query = ask(request, []).query
        return Response({**asked(query), **drawn(pareto.causes(query))})


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


class FcrAgreement(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(
        operation_id="kpis_fcr_agreement",
        parameters=[
            OpenApiParameter("cell", str, enum=[*agreement.CELLS, agreement.UNKNOWN], description="Only its cases."),
            OpenApiParameter("cursor", int, description="With cell: from which case on."),
            OpenApiParameter("page_size", int, description="Cases a cell; default 100, at most 1000."),
            *PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """First contact resolution by the log and by the customer's answer: how often they agree, and the cases."""
        every = (*agreement.CELLS, agreement.UNKNOWN)
        cell, after = request.query_params.get("cell"), request.query_params.get("cursor") or "0"
        if cell is not None and cell not in every:
            raise ValidationError({"cell": [f"expected one of {', '.join(every)}"]})
        if not after.isdigit() or len(after) > 18:
            raise ValidationError({"cursor": ["expected a cursor from an answer"]})
        size, query = page_size(request), ask(request, []).query
        found = agreement.agreement(query)
        cells, following = {}, None
        for name in [cell] if cell else every:
            behind = agreement.cases(query, name, after=int(after) if cell else 0, limit=size + 1)
            if cell and len(behind) > size:
                following = str(behind[size - 1]["pk"])
            cells[name] = {
                "count": found.counts[name],
                "cases": [{k: v for k, v in row.items() if k != "pk"} for row in behind[:size]],
            }
        return Response(
            {
                **asked(query),
                "n": found.n,
                "agreement": found.share,
                "cells": cells,
                "next": next_link(request, following),
            }
        )


urlpatterns = [
    path("kpis/pareto/topics/", Topics.as_view(), name="kpi-pareto-topics"),
    path("kpis/pareto/causes/", Causes.as_view(), name="kpi-pareto-causes"),
    path("kpis/failure-demand/bounds/", FailureBounds.as_view(), name="kpi-failure-demand-bounds"),
    path("kpis/fcr/agreement/", FcrAgreement.as_view(), name="kpi-fcr-agreement"),
]
