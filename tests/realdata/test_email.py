"""Real mails: bounces of sixty mail systems, broken ones that people's programs sent, and replies with what they quote."""

from __future__ import annotations

import csv
import json
import re
import tarfile

import pytest

from tests.realdata.shared import shared
from tickets.channels.email.folding import new_text
from tickets.channels.email.reader import Reader, UnreadableError

FOLDER = shared("data/email")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="data/email is not beside the checkout")


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.fixture(scope="module")
def read() -> dict[str, dict]:
    """What was read of each mail; {} where it could not be."""
    with (FOLDER / "index.csv").open() as index:
        rows = {row["path"]: row for row in csv.DictReader(index) if row["is_message"] == "True"}
    found = {}
    with tarfile.open(FOLDER / "messages.tar.gz") as tar, Reader() as reader:
        for path, row in rows.items():
            raw = tar.extractfile(path).read()
            try:
                found[path] = reader.read(raw).said | {"row": row}
            except UnreadableError:
                found[path] = {"row": row}
    return found


def test_every_mail_can_be_read(read):
    assert [path for path, said in read.items() if "kind" not in said] == []
    assert len(read) > 440


def test_bounces_are_recognised_and_no_persons_mail_is_taken_for_one(read):
    with (FOLDER / "expected_bounces_dev_odd.csv").open() as expected:
        bounces = {row["path"] for row in csv.DictReader(expected)}
    known = [path for path in bounces if read[path]["kind"] in {"bounce", "automatic"}]
    assert len(known) / len(bounces) >= 0.98
    people = [
        path
        for path, said in read.items()
        if path not in bounces and not {"True"} & {said["row"][name] for name in ("dsn", "arf", "auto_like")}
    ]
    assert len(people) > 140
    assert [path for path in people if read[path]["kind"] in {"bounce", "automatic"}] == []


def test_replies_are_folded_and_lose_no_new_word():
    pairs = json.loads((FOLDER / "reply_pairs_dev.json").read_text())
    got = [(one_line(new_text(pair["input"])), one_line(pair["expected"])) for pair in pairs]
    assert sum(new == expected for new, expected in got) >= 31
    for new, expected in got:
        assert not set(expected.split()) - set(new.split())
