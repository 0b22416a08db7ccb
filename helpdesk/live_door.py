"""How a browser gets from the pages to the live stream, which another process serves.

Pages ask for `/live/` on their own address. Behind a proxy that sends this path to the live process, that is all there is to
it. `make run` has no proxy: one written in Python would cost every page more than the stream is worth, and a live stream
inside the page server would hold one of its threads for each open dashboard. So the page server answers `/live/` with a
redirect to the port of the live process, which an EventSource follows by itself. Cookies know no ports, so the visitor is
the same one there; the content policy of our pages and the answers of the live process each name the other's address.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

LIVE_PATH = "/live/"


def hostname(request: HttpRequest) -> str:
    """The name by which the visitor reached us, without the port; an IPv6 address keeps its brackets."""
    host = request.get_host()
    return host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]


def live_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{hostname(request)}:{settings.LIVE_PORT}"


@require_safe
@never_cache
def to_live_process(request: HttpRequest) -> HttpResponse:
    """Send an EventSource to the live process. Without one there is no stream, and 204 tells the browser to stop asking."""
    if not settings.LIVE_PORT:
        return HttpResponse(status=204)
    return HttpResponseRedirect(live_origin(request) + request.get_full_path(), status=307)


class LiveOriginMiddleware:
    """Let our own pages, and no others, read the live process's answers."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        answer = self.get_response(request)
        if isinstance(answer, HttpResponseBase):
            return self.introduce(request, answer)
        return self.introduce_later(request, answer)

    async def introduce_later(self, request: HttpRequest, answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        return self.introduce(request, await answer)

    def introduce(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.PROCESS == "live":
            origin = request.headers.get("Origin", "")
            # Another port of the same host is ours, since the visitor's cookies go there too; another host is not.
            if origin and urlsplit(origin).hostname == urlsplit(f"//{request.get_host()}").hostname:
                response["Access-Control-Allow-Origin"] = origin
                response["Access-Control-Allow-Credentials"] = "true"
            response["Vary"] = "Origin, Cookie"
        elif settings.LIVE_PORT and not hasattr(response, "_csp_config"):
            # The attribute by which Django's own decorator `csp_override` speaks to its middleware.
            response._csp_config = {**settings.SECURE_CSP, "connect-src": [CSP.SELF, live_origin(request)]}  # type: ignore[attr-defined] # noqa: SLF001
        return response
