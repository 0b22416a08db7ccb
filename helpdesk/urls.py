from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from helpdesk import health, live_door

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez/", health.livez),
    path("readyz/", health.readyz),
    path("", include("tickets.urls")),
    path("", include("metrics.urls")),
    path("api/v1/", include("helpdesk.api")),
    path("", include("surveys.urls")),
    path("admin/", admin.site.urls),
]

if settings.PROCESS != "live":
    urlpatterns.append(path("live/", live_door.to_live_process))
