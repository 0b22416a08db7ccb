"""The live stream: a process of its own, where a thousand open connections cost a coroutine each and not a thread."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django_application = get_asgi_application()

from helpdesk.live import App, with_live_stream  # noqa: E402 - it needs Django to be set up

application = with_live_stream(cast("App", django_application))
