"""What is over is deleted, and nothing else."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tests.factories import make_case, make_user
from tickets import forgetting, teamwork
from tickets.models import Attachment, Draft, Notice, Presence

pytestmark = pytest.mark.django_db


def kept_file(**fields):
    return Attachment.keep(ContentFile(b"x"), name="a.txt", content_type="text/plain", **fields)


def test_files_of_nothing_go_with_their_bytes_and_those_of_messages_and_drafts_stay():
    user, case = make_user(), make_case()
    draft = Draft.objects.create(case=case, author=user, kind="reply")
    of_message, of_draft = kept_file(message=case.write_note("note", by=user)), kept_file(draft=draft)
    orphan, young = kept_file(), kept_file()
    Attachment.objects.exclude(pk=young.pk).update(created_at=timezone.now() - timedelta(days=2))
    assert forgetting.forget() == 1
    assert set(Attachment.objects.all()) == {of_message, of_draft, young}
    assert not orphan.file.storage.exists(orphan.file.name)
    assert of_draft.file.storage.exists(of_draft.file.name)


def test_old_presences_and_notices_read_long_ago_go():
    user, case = make_user(), make_case()
    Presence.objects.create(case=case, user=user, state="looking", seen_at=timezone.now() - timedelta(days=2))
    Presence.objects.create(case=case, user=make_user(), state="looking")
    teamwork.notify([user.pk], case, Notice.Kind.WOKEN, by=None)
    assert forgetting.forget() == 1
    Notice.objects.update(read_at=timezone.now() - timedelta(days=100))
    assert forgetting.forget() == 1
    assert Presence.objects.count() == 1
