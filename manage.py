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

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
