"""The KPIs by REST: the catalogue, values, and the rows behind a value."""

from __future__ import annotations

from datetime import UTC
from typing import Any, cast

from django.http import Http404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics import compute, door, rows
from metrics.catalog import KPIS, find
from metrics.compute import Value
from metrics.definition import Kpi, Unit
from metrics.question import SPLITS, Labels, Question, QuestionError, read
from metrics.sql import COLUMNS
from metrics.symbols import letters
from tickets.client_door import open_to_clients
from tickets.models import User

PAGE = 100
MOST = 1000


class SeesNumbers(BasePermission):
    """Figures are for leads, managers, administrators and other systems; for others these pages do not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if not user.is_authenticated:
            return False
        if not user.reads_figures:
            raise Http404
        return True


def reader_of(request: Request) -> User:
    """Who asks: the permission has seen to it that it is somebody."""
    return cast("User", request.user)


def ask(request: Request, kpis: list[Kpi] | None = None) -> Question:
    try:
        return read(request.query_params, reader_of(request), kpis=kpis)
    except QuestionError as error:
        raise ValidationError({error.parameter: [str(error)]}) from error


PARAMETERS = [
    OpenApiParameter("start", str, description="Local date, or instant with offset. Included."),
    OpenApiParameter("end", str, description="Local date, or instant with offset. Not included."),
    OpenApiParameter("at", str, description="For stocks such as the backlog: an instant, in place of start and end."),
    OpenApiParameter("tz", str, description="Time zone of dates and splits. Default: the installation's."),
    OpenApiParameter("as_of", str, description="Maturity is judged as at this instant. Default: now."),
    OpenApiParameter("engine", str, enum=["auto", "facts"], description="auto: stored cells where they can answer."),
    OpenApiParameter("slot", str, description="One half-hour of the week: 1-10:30 is Mondays from 10:30 to 11."),
    OpenApiParameter(
        "between", str, description="Of one KPI: rows of at least so much and below so much, such as 30,60."
    ),
    OpenApiParameter("cause", str, description="Of contacts: only those with this cause of failure demand."),
    *(OpenApiParameter(name, str, many=True, description="Filter; repeated = or.") for name in COLUMNS),
]


def described(kpi: Kpi) -> dict[str, Any]:
    """One KPI as the catalogue shows it."""
    return {
        "slug": kpi.slug,
        "variant": kpi.variant,
        "key": kpi.key,
        "name": str(kpi.name),
        "question": str(kpi.question),
        "formula": str(kpi.formula),
        "unit": kpi.unit.value,
        "direction": kpi.direction.value,
        "dated_by": str(kpi.fact.dated_by),
        "rows": str(kpi.fact.name),
        "dimensions": list(kpi.fact.dimensions),
        "provisional": str(kpi.maturity.explanation) if kpi.maturity else None,
        "source": {"name": kpi.source.name, "url": kpi.source.url},
        "definition": kpi.definition_version,
        "beside": list(kpi.beside),
        "symbols": kpi.symbols,
        "letters": {letter: str(meaning) for letter, meaning in letters(kpi.slug, kpi.symbols)},
        "excluded": [{"reason": reason.code, "label": str(reason.label)} for reason in rows.reasons(kpi)],
        "gamed": str(kpi.gamed),
        "decision": str(kpi.decision) or None,
        "depends_on_agreement": list(kpi.terms),
        "history": [
            {"version": version.number, "since": version.since.isoformat(), "change": str(version.change)}
            for version in kpi.history
        ],
    }


@open_to_clients
class KpiDefinition(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(operation_id="kpis_definition", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, slug: str) -> Response:
        """One KPI: how it is computed, what it leaves out, how it is gamed, its history, and its variants."""
        kpi = find(slug) or next((one for one in KPIS.values() if one.slug == slug), None)
        if kpi is None or not door.shows(reader_of(request), kpi):
            raise Http404
        family = [described(one) for one in KPIS.values() if one.slug == kpi.slug]
        return Response({**described(kpi), "variants": family})


@open_to_clients
class KpiCatalogue(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(operation_id="kpis_list", responses={200: {"type": "array", "items": {"type": "object"}}})
    def get(self, request: Request) -> Response:
        """The catalogue: every KPI and variant, how it is computed and who defines it so."""
        return Response([described(kpi) for kpi in KPIS.values() if door.shows(reader_of(request), kpi)])


def shown(kpi: Kpi, value: Value) -> dict[str, Any]:
    """One value as the API gives it."""
    answer: dict[str, Any] = {"value": value.value}
    if kpi.percentile is not None:
        answer["n"] = value.n
    else:
        answer |= {"numerator": value.numerator, "denominator": value.denominator}
    answer |= {"low": value.low, "high": value.high, "provisional": value.provisional, "definition": value.definition}
    if kpi.unit is Unit.MONEY:
        answer["currency"] = value.currency or None
    if value.is_hidden:
        answer["suppressed"] = True
    return answer


def _asked_for(question: Question) -> dict[str, str]:
    """The period or the instant that was asked for, in its own zone."""
    query = question.query
    moments = {"at": query.moment} if question.is_instant else {"start": query.period.start, "end": query.period.end}
    return {name: moment.astimezone(query.period.zone).isoformat() for name, moment in moments.items()}


@open_to_clients
class KpiValues(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(
        operation_id="kpis_values",
        parameters=[
            OpenApiParameter("kpi", str, required=True, many=True, description="slug or slug:variant; repeatable."),
            OpenApiParameter("by", str, many=True, enum=list(SPLITS), description="Split; repeatable."),
            *PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Values of KPIs over a period, split and filtered."""
        question = ask(request)
        query = question.query
        found = compute.values(question.kpis, query)
        labels = Labels(found, query)
        return Response(
            {
                **_asked_for(question),
                "tz": question.zone_name,
                "as_of": query.as_of.astimezone(UTC).isoformat(),
                "rows": [
                    {
                        "by": labels.of(row),
                        "kpis": {kpi.key: shown(kpi, row.values[kpi.key]) for kpi in question.kpis},
                    }
                    for row in found
                ],
            }
        )


@open_to_clients
class KpiRows(APIView):
    permission_classes = [SeesNumbers]

    @extend_schema(
        operation_id="kpis_rows",
        parameters=[
            OpenApiParameter("set", str, enum=list(rows.SETS), description="Default: numerator."),
            OpenApiParameter("reason", str, description="Only the excluded rows with this reason."),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int, description=f"Default {PAGE}, at most {MOST}."),
            *PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The contacts, cases or invitations behind a value; an excluded row says why."""
        kpi = find(slug)
        if kpi is None or not door.shows(reader_of(request), kpi):
            raise Http404
        which = request.query_params.get("set", "numerator")
        if which not in rows.SETS:
            raise ValidationError({"set": [f"expected one of {', '.join(rows.SETS)}"]})
        question = ask(request, [kpi])
        try:
            page = rows.page(
                kpi,
                question.query,
                which,
                after=request.query_params.get("cursor"),
                limit=page_size(request),
                reason=request.query_params.get("reason"),
            )
        except rows.CursorError as error:
            raise ValidationError({"cursor": [str(error)]}) from error
        return Response({"next": next_link(request, page.after), "previous": None, "results": page.rows})


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size") or str(PAGE)
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise ValidationError({"page_size": [f"expected a number from 1 to {MOST}"]})
    return int(text)


def next_link(request: Request, after: str | None) -> str | None:
    if after is None:
        return None
    params = request.query_params.copy()
    params["cursor"] = after
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


urlpatterns = [
    path("kpis/", KpiCatalogue.as_view(), name="kpis"),
    path("kpis/values/", KpiValues.as_view(), name="kpi-values"),
    path("kpis/<str:slug>/", KpiDefinition.as_view(), name="kpi-definition"),
    path("kpis/<str:slug>/rows/", KpiRows.as_view(), name="kpi-rows"),
]
