"""The product's settings with the bare page beside its own."""

from helpdesk.settings import *  # noqa: F403 - the same, but for one

ROOT_URLCONF = "bench.urls"
