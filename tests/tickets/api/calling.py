"""Programs that call the API, and what they send."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tickets.models import ApiToken, User

API = "/api/v1/"


class Caller:
    """A program with a token. `call.post("cases/", {...})` gives the response; `.json()` what it says."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.token = {"Authorization": f"Bearer {ApiToken.issue(user)}"}
        self.http = Client(headers=self.token, raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str):
        address = path if path.startswith(("/", "http")) else API + path
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.generic(method, address, content, content_type="application/json", headers=headers)

    def get(self, path: str, **headers: str):
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str):
        return self.send("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str):
        return self.send("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str):
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str):
        return self.send("DELETE", path, **headers)


_description: dict[str, Any] = {}


def description(caller: Caller) -> dict[str, Any]:
    """What the API says of itself. It is the same for everyone who may read it and takes long to make, so it is made once."""
    if not _description:
        _description.update(caller.get("schema/", Accept="application/vnd.oai.openapi+json").json())
    return _description


def contact(contact_id: str = "C1", **fields: Any) -> dict[str, Any]:
    """An answered call of five minutes, as a telephone system would send it."""
    return {
        "contact_id": contact_id,
        "channel": "phone",
        "direction": "inbound",
        "outcome": "answered",
        "topic": "billing/invoice",
        "queue": "first-line",
        "started_at": "2025-10-06T09:00:00+02:00",
        "queued_at": "2025-10-06T09:00:15+02:00",
        "answered_at": "2025-10-06T09:00:25+02:00",
        "ended_at": "2025-10-06T09:05:25+02:00",
        **fields,
    }


def leg(segment_id: str = "S1", **fields: Any) -> dict[str, Any]:
    return {
        "segment_id": segment_id,
        "agent_id": "A1",
        "role": "primary",
        "started_at": "2025-10-06T09:00:25+02:00",
        "ended_at": "2025-10-06T09:05:25+02:00",
        "talk_s": 290.5,
        "hold_s": 9.5,
        "acw_s": 60,
        **fields,
    }
