"""Contact records taken in: translated, and what is not understood kept with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tickets import telephone
from tickets.channels.phone import amazon_connect
from tickets.channels.phone.log_file import keep_unreadable
from tickets.channels.phone.told import Told, UnreadableError
from tickets.models import Connector

FILE = "contact records"


def take_in(connector: Connector, records: Iterable[Any]) -> tuple[telephone.Taken, list[str]]:
    """Take these records in. Return what became of them, and what was wrong with those that were not understood."""
    told: list[Told] = []
    wrong: list[str] = []
    for record in records:
        try:
            told += amazon_connect.translate(record, connector.rules)
        except UnreadableError as error:
            keep_unreadable(connector, FILE, json.dumps(record)[:4000].replace("\\u0000", ""), error)
            wrong.append(str(error))
    return telephone.take_in(connector, told), wrong
