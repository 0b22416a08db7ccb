"""The pages: granian serves this in threads, which costs Django least."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
application = get_wsgi_application()
# What is loaded stays: whoever looks for garbage, in the middle of a large answer, need not go through all of it again.
gc.collect()
gc.freeze()
