"""Files that become programs, or leave their folder, by what they are called.

FreeScout's worst of 2026 (CVE-2026-28289): "\\u200b.htaccess" passed the check of names, after ".htaccess" had been forbidden
(CVE-2026-27636) and before ".pht" was (CVE-2026-41193: paths). Znuny's upload went through "../" (CVE-2024-32491). A name from
outside never reaches the disk, and is cleaned before anybody reads it: by mail, form, status page, chat, and the desk's own editor.
The API takes no files.
"""

from __future__ import annotations

import email.message
import re
from collections.abc import Callable
from itertools import batched
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.settings import api_settings

from tests.factories import make_case, make_chat_widget, make_mailbox, make_user
from tests.security.mails import NAMES
from tests.security.web import filled, make_form
from tests.tickets.email.mails import arrive
from tickets import stamps
from tickets.models import Attachment

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


# What Django takes for a file without a name.
NO_NAMES = {".", ".."}


def named(name: str) -> SimpleUploadedFile:
    """A file called so; Django's own class would have cleaned the name before it is sent."""
    upload = SimpleUploadedFile("x.png", PNG)
    upload._name = name
    return upload


def by_mail(names: list[str]) -> None:
    mailbox = make_mailbox()
    for some in batched(names, 30):
        raw = email.message.EmailMessage()
        raw["From"] = "evil@example.com"
        raw.set_content("look")
        for name in some:
            raw.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=name.replace("\t", " "))
        arrive(raw.as_bytes(), mailbox)


def by_form(names: list[str]) -> None:
    form = make_form()
    for number, some in enumerate(batched(names, 5)):
        # As if an hour had passed: one form takes so many an hour.
        cache.clear()
        answer = Client(REMOTE_ADDR=f"10.0.{number}.1").post(
            "/form/contact/", filled(form, attached=[named(name) for name in some], email=f"a{number}@example.com")
        )
        assert answer.status_code < 400, answer.content


def by_chat(names: list[str]) -> None:
    widget = make_chat_widget()
    for number, some in enumerate(batched(names, 5)):
        visitor = Client(REMOTE_ADDR=f"10.0.{number}.1")
        data = {"stamp": stamps.make(f"chat:{widget.pk}"), "text": "Hi"}
        key = visitor.post(f"{widget.get_absolute_url()}beginning/", data).json()["key"]
        for name in some:
            answer = visitor.post(
                f"{widget.get_absolute_url()}files/",
                {"file": named(name), "key": f"f{some.index(name)}"},
                headers={"X-Chat-Key": key},
            )
            assert answer.status_code == 200 or name in NO_NAMES, (name, answer.content)


def by_the_desk(names: list[str]) -> None:
    client = Client()
    client.force_login(make_user("anna"))
    for some in batched(names, 20):
        case = make_case()
        answer = client.post(f"/cases/{case.pk}/attachments/", {"file": [named(name) for name in some]})
        assert answer.status_code == 200


@pytest.mark.parametrize("send", [by_mail, by_form, by_chat, by_the_desk])
def test_no_name_reaches_the_disk_and_each_is_harmless_to_read(
    send: Callable[[list[str]], None], settings, tmp_path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "store"
    assert len(set(NAMES)) == 60
    send(NAMES)
    kept = list(Attachment.objects.all())
    # What is no name at all the browser's way in already drops; a mail's file is kept under a name of ours.
    assert len(kept) >= len(set(NAMES) - NO_NAMES)
    for one in kept:
        assert re.fullmatch(r"attachments/[0-9a-f]{2}/[0-9a-f]{32}", one.file.name)
        assert Path(one.file.path).name == one.pk.hex
        assert one.name.isprintable()
        assert 0 < len(one.name) <= 120
        assert not set(one.name) & {"/", "\\"}
        assert not one.name.startswith(".")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "store") for path in files)
    assert all(path.stat().st_mode & 0o111 == 0 for path in files)


def test_the_api_takes_no_files() -> None:
    assert [parser.__name__ for parser in api_settings.DEFAULT_PARSER_CLASSES] == ["JSONParser"]
