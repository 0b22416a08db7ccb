"""Files of strangers that hold a script or a program: django-helpdesk and Chatwoot served HTML and SVG inline.

A type is what the content shows, and what can hold a script is not taken from the public at all.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.security.web import filled, make_form
from tickets.models import Case
from tickets.public_forms import LARGEST, LARGEST_REQUEST

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


@pytest.fixture(autouse=True)
def _files_of_the_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "store"


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
