"""Setting a mailbox up. Its password is never asked for: it is in the environment."""

from __future__ import annotations

from typing import Any

from tickets.models import Mailbox
from tickets.setup_forms import ServerForm


class MailboxForm(ServerForm):
    class Meta:
        model = Mailbox
        fields = [
            "name", "code", "address", "client", "queue", "language", "signature", "host", "port", "security", "user", "folder",
            "acknowledges", "writes_from", "uses_plus", "takes_lists", "checked_by", "is_active",
        ]  # fmt: skip

    TICKS = ("acknowledges", "writes_from", "uses_plus", "takes_lists", "is_active")
    SERVER = ("host", "port", "security", "user", "folder")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = str(field.label)[:1].upper() + str(field.label)[1:]

    def plain(self) -> list[Any]:
        return [self[name] for name in self.fields if name not in {*self.TICKS, *self.SERVER, "was"}]

    def server(self) -> list[Any]:
        return [self[name] for name in self.SERVER]

    def ticks(self) -> list[Any]:
        return [self[name] for name in self.TICKS]
