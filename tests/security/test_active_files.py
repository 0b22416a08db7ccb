"""Files that act when they are looked at, and files with a virus in them.

django-helpdesk served a mail's HTML as a page (360bace4), Chatwoot an SVG with a script as an avatar (CVE-2021-3741), RT a type that was
written in an odd way (CVE-2022-25802). Here a file is saved and never shown, but for pictures, which are drawn anew first; and
where a scanner is set, nobody gets what it has not called clean.
"""

from __future__ import annotations

import io
import socketserver
import struct
import threading

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from tests.factories import make_case, make_user
from tickets import pictures, scanning
from tickets.channels.email.drawing import draw
from tickets.models import Attachment

pytestmark = pytest.mark.django_db
# The harmless text that every scanner takes for a virus, in two pieces so that this file is none.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(kind="PNG", *, size=(40, 30), mode="RGB", extra=b"", **options):
    made = io.BytesIO()
    Image.new(mode, size, 200 if mode in {"L", "P"} else (200,) * len(mode)).save(made, kind, **options)
    return made.getvalue() + extra


def kept(content, kind="image/png", name="a.png"):
    message = make_case().log_message("See the file", kind="incoming", by=None)
    return Attachment.keep(ContentFile(content), name=name, content_type=kind, message=message)


# ---- Pictures --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_drawn_anew_and_nothing_else_of_the_file_is_left(kind):
    drawn = draw(picture(kind, extra=SCRIPT))
    assert SCRIPT not in drawn
    with Image.open(io.BytesIO(drawn)) as shown:
        assert shown.format in {"PNG", "JPEG"}
        assert shown.size == (40, 30)


def test_what_the_camera_wrote_about_the_place_is_gone():
    exif = Image.Exif()
    exif[0x010E] = "Home, sweet home"
    drawn = draw(picture("JPEG", exif=exif))
    assert b"sweet home" not in drawn


def test_a_clear_picture_stays_clear():
    with Image.open(io.BytesIO(draw(picture(mode="RGBA")))) as shown:
        assert (shown.format, shown.mode) == ("PNG", "RGBA")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + SCRIPT,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + SCRIPT,
        picture()[:40],
    ],
)
def test_what_is_no_picture_is_saved_and_not_shown(client, content):
    one = kept(content or b"x")
    client.force_login(make_user("anna"))
    answer = client.get(one.get_absolute_url())
    assert b"".join(answer.streaming_content) == (content or b"x")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert (answer["X-Content-Type-Options"], "sandbox" in answer["Content-Security-Policy"]) == ("nosniff", True)
    _close(answer)


def test_a_picture_that_opens_into_gigabytes_is_not_shown():
    from tests.security.bombs import _png

    with pytest.raises(Exception, match=r"pixels|large|image"):
        draw(_png(60_000))
    assert pictures.drawn(kept(_png(30_000))) is None


def test_a_picture_is_shown_as_it_was_drawn_and_drawn_once(client, monkeypatch):
    one = kept(picture("JPEG", extra=SCRIPT), "image/jpeg", "a.jpg")
    client.force_login(make_user("anna"))
    answer = client.get(one.get_absolute_url())
    shown = b"".join(answer.streaming_content)
    assert SCRIPT not in shown
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"].startswith("inline")
    _close(answer)
    monkeypatch.setattr(pictures.subprocess, "run", None)
    assert pictures.drawn(one)[0] == shown


SPELLINGS = ["text/html", "TEXT/HTML", "text/html; foo", "text/(x)html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/javascript", "application/x-shockwave-flash"]  # fmt: skip


@pytest.mark.parametrize("kind", SPELLINGS)
def test_whatever_type_it_says_it_is_saved(client, kind):
    one = kept(b"<html><script>alert(1)</script></html>", kind, "page.html")
    client.force_login(make_user("anna"))
    answer = client.get(one.get_absolute_url())
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    b"".join(answer.streaming_content)
    _close(answer)


# ---- Viruses ---------------------------------------------------------------------------------------------------------
class Clamd(socketserver.ThreadingTCPServer):
    """Speaks the real protocol, and knows one virus."""

    daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            assert self.rfile.read(10) == b"zINSTREAM\0"
            content = b""
            while length := struct.unpack(">I", self.rfile.read(4))[0]:
                content += self.rfile.read(length)
            words = self.server.says or (b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK")
            self.wfile.write(words + b"\0")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.says = b""


@pytest.fixture
def clamd(settings):
    with Clamd() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.CLAMD_URL = f"tcp://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()


def test_nobody_gets_a_file_before_it_is_found_clean(client, clamd):
    one = kept(b"harmless" * 30_000, "text/plain", "a.txt")
    client.force_login(make_user("anna"))
    assert client.get(one.get_absolute_url()).status_code == 403
    assert scanning.scan_waiting() == 1
    answer = client.get(one.get_absolute_url())
    assert b"".join(answer.streaming_content) == b"harmless" * 30_000
    _close(answer)


def test_a_virus_is_held_back_for_ever_and_named(client, clamd, settings):
    one = kept(b"%PDF" + EICAR, "application/pdf", "bill.pdf")
    scanning.scan_waiting()
    one.refresh_from_db()
    assert (one.verdict, one.finding) == ("infected", "Eicar-Test-Signature")
    client.force_login(make_user("anna"))
    settings.CLAMD_URL = ""
    assert client.get(one.get_absolute_url()).status_code == 403
    assert "virus: held back" in client.get(one.message.case.get_absolute_url()).content.decode()


def test_while_the_scanner_is_away_or_confused_files_wait_and_are_given_to_nobody(client, clamd, settings):
    one = kept(b"harmless", "text/plain", "a.txt")
    client.force_login(make_user("anna"))
    clamd.says = b"INSTREAM size limit exceeded. ERROR"
    assert scanning.scan_waiting() == 0
    assert client.get(one.get_absolute_url()).status_code == 403
    url, settings.CLAMD_URL = settings.CLAMD_URL, "tcp://127.0.0.1:9"
    assert scanning.scan_waiting() == 0
    assert client.get(one.get_absolute_url()).status_code == 403
    settings.CLAMD_URL, clamd.says = url, b""
    assert scanning.scan_waiting() == 1


def test_without_a_scanner_files_are_given_out_as_ever(client):
    one = kept(b"harmless", "text/plain", "a.txt")
    client.force_login(make_user("anna"))
    answer = client.get(one.get_absolute_url())
    assert answer.status_code == 200
    b"".join(answer.streaming_content)
    _close(answer)


def _close(answer):
    for close in answer._resource_closers:
        close()
