"""The forms of a telephone system: what it is, and whom its names mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tickets.forms import Input, Text
from tickets.models import Connector, PhoneName, Queue, Source, User
from tickets.setup_forms import ServerForm

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
LEFT_OUT = "none"


class ConnectorForm(ServerForm):
    recording_hosts = forms.CharField(
        label=_("Servers of recordings"),
        required=False,
        max_length=2000,
        widget=Text(rows=2, spellcheck="false"),
        help_text=_("One name a line. Links to recordings on other servers are not shown."),
    )

    class Meta:
        model = Connector
        fields = (
            "name", "kind", "code", "wraps_up_on_desk", "on_timeout", "on_key", "on_empty", "recording_hosts", "host",
            "port", "uses_tls", "user", "is_active",
        )  # fmt: skip
        widgets = {"port": Input(type="number", min=1, max=65535)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.initial["recording_hosts"] = "\n".join(self.instance.recording_hosts)
            # The secret's name and the ids of its calls hang on them.
            for name in ("code", "kind"):
                self.fields[name].disabled = True

    def clean_recording_hosts(self) -> list[str]:
        hosts = [line.strip().lower() for line in self.cleaned_data["recording_hosts"].splitlines() if line.strip()]
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise forms.ValidationError(
                    _("“%(host)s” is no name of a server: without https:// and path, please."), params={"host": host}
                )
        return hosts

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        if self.is_new:
            self.instance.source, _made = Source.objects.get_or_create(name=f"telephone:{self.instance.code}")
        return super().save(commit)


@dataclass(frozen=True)
class NameLine:
    """One name of the telephone system, what it means here, and in how many calls it waits."""

    name: PhoneName
    choices: list[tuple[str, str, bool]]
    waiting: int

    @property
    def is_unknown(self) -> bool:
        return not (self.name.agent_id or self.name.queue_id or self.name.is_left_out)


def name_lines(names: list[PhoneName], waiting: dict[tuple[str, str], int]) -> list[NameLine]:
    """Those of which calls wait first, then the other unknown ones, then the rest."""
    people = [(str(one.pk), str(one)) for one in agents()]
    queues = [(str(one.pk), one.name) for one in Queue.objects.filter(is_active=True).order_by("name")]
    lines = []
    for one in names:
        chosen = LEFT_OUT if one.is_left_out else str(one.agent_id or one.queue_id or "")
        offered = people if one.what == PhoneName.What.AGENT else [*queues, (LEFT_OUT, str(_("not ours")))]
        lines.append(
            NameLine(one, [(key, label, key == chosen) for key, label in offered], waiting.get((one.what, one.name), 0))
        )
    return sorted(lines, key=lambda line: (-line.waiting, not line.is_unknown, line.name.what, line.name.name))


def agents() -> Any:
    return User.objects.exclude(role=User.Role.INTEGRATION).filter(is_active=True).order_by("first_name", "username")


def read_names(connector: Connector, data: QueryDict) -> Iterator[PhoneName]:
    """The names whose meaning was changed, changed."""
    people, queues = {str(one.pk): one for one in agents()}, {str(one.pk): one for one in Queue.objects.all()}
    for one in connector.names.all():
        said = data.get(f"name-{one.pk}")
        if said is None:
            continue
        before = (one.agent_id, one.queue_id, one.is_left_out)
        is_agent = one.what == PhoneName.What.AGENT
        one.agent = people.get(said) if is_agent else None
        one.queue = None if is_agent else queues.get(said)
        one.is_left_out = said == LEFT_OUT and not is_agent
        if before != (one.agent_id, one.queue_id, one.is_left_out):
            yield one
