#!/usr/bin/env python
"""Django's commands for the helpdesk, on the same services as `make run`."""

import os
import sys

# These read or write files only: they must not wait for a server, nor start one.
WITHOUT_SERVICES = {"collectstatic", "compilemessages", "help", "makemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if len(sys.argv) < 2 or sys.argv[1] in WITHOUT_SERVICES:
        os.environ["EMBEDDED"] = "0"
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except Exception:
        if sys.argv[1:2] != ["receive_mail"]:
            raise
        # Not even the database is there. A mail server takes this for "later", and anything else for "never".
        sys.exit(os.EX_TEMPFAIL)


if __name__ == "__main__":
    main()
