"""Types of files that came by mail: Chatwoot CVE-2021-3741 (SVG), RT CVE-2022-25802 (types that lie), django-helpdesk 360bace4
(HTML served as such). No file is ever shown as a page of ours.
"""

import email.message
import io
from pathlib import Path

import pytest
from django.urls import reverse
from PIL import Image

from tests.factories import make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("x.html", "text/html", b"<script>alert(1)</script>"),
        ("x.png", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.pdf", "text/html; foo", b"%PDF-1.4 (alert)"),
        ("x.txt", "TeXt/HtMl (comment)", b"<html><script>alert(1)</script>"),
        ("x.xml", "application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'><script/></html>"),
    ],
)
def test_a_file_is_given_out_as_a_file_whatever_it_calls_itself(client, name, kind, content):
    raw = (
        f'From: evil@example.com\nContent-Type: {kind}; name="{name}"\nContent-Disposition: inline; filename="{name}"\n\n'
    ).encode() + content
    got = arrive(raw, make_mailbox())
    client.force_login(make_user())
    answer = client.get(got.message.attachments.get().get_absolute_url())
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"".join(answer.streaming_content).strip() == content.strip()


def test_a_picture_that_came_along_is_in_the_page_itself_and_nothing_else_is(client):
    message = email.message.EmailMessage()
    message["From"] = "maja@example.com"
    message.set_content("see")
    message.add_alternative('<img src="cid:one"><img src="cid:two"><img src="cid:other">', subtype="html")
    made = io.BytesIO()
    Image.new("RGB", (2, 2)).save(made, "PNG")
    png = made.getvalue()
    message.get_payload()[1].add_related(png, "image", "png", cid="<one>", filename="one.png")
    message.get_payload()[1].add_related(b"<svg/>", "image", "png", cid="<two>", filename="two.png")
    got = arrive(message.as_bytes(), make_mailbox())
    client.force_login(make_user())
    page = client.get(reverse("letter", args=[got.message.pk])).content.decode()
    assert page.count("data:image/png;base64,") == 1
    assert page.count('src="data:,"') == 2


def test_files_on_the_disk_are_for_nobody_else_on_the_machine():
    """django-helpdesk CVE-2018-25111: files that every user of the machine could read."""
    got = arrive(mail(files={"a.txt": b"x"}), make_mailbox())
    for path in (got.file.path, got.message.attachments.get().file.path):
        assert Path(path).stat().st_mode & 0o007 == 0
