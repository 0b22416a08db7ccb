"""Files that become programs, or leave their folder, by what they are called.

FreeScout's worst of 2026 (CVE-2026-28289): "\\u200b.htaccess" passed the check of names. Znuny's upload went through "../"
(CVE-2024-32491); django-helpdesk and Chatwoot served HTML and SVG inline. A name from outside never reaches the disk, a type is
what the content shows, and what can hold a script is not taken from the public at all.
"""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.security.web import filled, make_form
from tickets.models import Attachment, Case
from tickets.public_forms import LARGEST, LARGEST_REQUEST

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
NAMES = [
    "../../x.png", "..\\..\\x.png", "/etc/passwd", "\u200b.htaccess", ".htaccess", "a\u202egnp.exe", "CON", "x.php", "x.pht",
    "a;b.png", "'\"><img src=x onerror=1>.png", "a%00.png", "x" * 300 + ".png", "....//x", "http://evil.example/x.png",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _files_of_the_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "store"


def named(name):
    """A file called so; Django's own class would have cleaned the name before it is sent."""
    upload = SimpleUploadedFile("x.png", PNG)
    upload._name = name
    return upload


@pytest.mark.parametrize("names", [NAMES[:5], NAMES[5:10], NAMES[10:]])
def test_a_hostile_name_is_no_path_and_shown_without_harm(client, tmp_path, names):
    client.post("/form/contact/", filled(make_form(), attached=[named(name) for name in names]))
    assert Attachment.objects.count() == len(names)
    for one in Attachment.objects.all():
        assert re.fullmatch(r"attachments/[0-9a-f]{2}/[0-9a-f]{32}", one.file.name)
        assert not set("/\\\0\u200b\u202e") & set(one.name)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "store" / "attachments") for path in files)
    assert all(path.stat().st_mode & 0o111 == 0 for path in files)


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00",
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x00\x01\x02\x03\xff\xfe",
    ],
    ids=["svg", "html", "exe", "elf", "anything"],
)
def test_what_is_no_picture_or_document_is_refused_whatever_it_is_called(client, content):
    form = make_form()
    answer = client.post("/form/contact/", filled(form, attached=[SimpleUploadedFile("me.png", content, "image/png")]))
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_a_file_that_is_too_large_is_refused_and_a_request_that_is_not_even_read(client):
    form = make_form()
    large = SimpleUploadedFile("big.txt", b"a" * (LARGEST + 1))
    assert client.post("/form/contact/", filled(form, attached=[large])).status_code == 422
    headers = {"CONTENT_LENGTH": str(LARGEST_REQUEST + 1)}
    assert client.post("/form/contact/", filled(form), **headers).status_code == 413
    assert not Case.objects.exists()
