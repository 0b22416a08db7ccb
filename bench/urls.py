"""The product's addresses, and one page that does as little as a Django page can, to measure the others beside."""

from __future__ import annotations

import random

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from helpdesk.urls import urlpatterns as of_the_product
from tickets.models import Case


def one_query(request: HttpRequest) -> HttpResponse:
    """One row by its key, or where that is not there the next, and nothing around it."""
    number = random.randint(1, int(request.GET["most"]))
    return HttpResponse(Case.objects.filter(pk__gte=number).order_by("pk").values_list("subject", flat=True)[0])


urlpatterns = [
    *of_the_product,
    path("bare/", one_query),
    path("bare/logged-in/", login_required(one_query)),
]
