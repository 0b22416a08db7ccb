"""Call-back interviews: whom the system draws, who may call, and what is written of each attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from surveys.asking import OptOut
from surveys.interviewing import GOAL, CallBack, InterviewDraw, draw_all, drawn
from surveys.models import Interview
from tests.factories import make_contact, make_customer, make_team, make_user

pytestmark = pytest.mark.django_db


def served(agent, count: int = 1, *, phone: bool = True, days: int = 1, start: int = 0):
    """So many customers whom the agent served, each with a telephone or without."""
    made = []
    for n in range(start, start + count):
        how = {"phone": f"+4670{agent.pk:03d}{n:04d}"} if phone else {"email": f"p{agent.pk}-{n}@example.org"}
        customer = make_customer(f"P{agent.pk}-{n}", **how)
        made.append(make_contact(agent=agent, customer=customer, at=timezone.now() - timedelta(days=days)))
    return made


def signed_in(user) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_a_draw_is_made_by_its_seed_alone() -> None:
    first = drawn("seed", range(100), 10)
    assert first == drawn("seed", list(reversed(range(100))), 10)
    assert len(set(first)) == 10
    assert first != drawn("other", range(100), 10)
    # Nobody is favoured: over 2,000 seeds each of ten is taken first 200 times, give or take four standard deviations.
    counts = [0] * 10
    for seed in range(2000):
        counts[drawn(str(seed), range(10), 1)[0]] += 1
    assert all(abs(count - 200) < 4 * 13.5 for count in counts)


def test_ten_are_drawn_for_every_agent_and_the_draw_can_be_made_again() -> None:
    busy, idle, new = make_user("busy"), make_user("idle"), make_user("new")
    served(busy, 15)
    served(idle, 3)
    assert draw_all() == GOAL + 3
    draw = InterviewDraw.objects.get(agent=busy)
    assert len(draw.candidates) == 15
    taken = sorted(CallBack.objects.filter(agent=busy).values_list("contact", flat=True))
    assert taken == sorted(drawn(draw.seed, draw.candidates, GOAL))
    assert not CallBack.objects.filter(agent=new).exists()
    assert draw_all() == 0
    assert InterviewDraw.objects.filter(agent=busy).count() == 1


def test_who_has_no_phone_opted_out_or_was_called_lately_is_not_drawn() -> None:
    anna, bo = make_user("anna"), make_user("bo")
    served(anna, 1, phone=False)
    served(anna, 1, days=20, start=1)
    (quiet,) = served(anna, 1, start=2)
    OptOut.wish(quiet.customer.identities.get().value)
    (once,) = served(anna, 1, start=3)
    make_contact(agent=anna, customer=once.customer, at=timezone.now() - timedelta(hours=5))
    make_contact(agent=bo, customer=once.customer, at=timezone.now() - timedelta(hours=4))
    assert draw_all() == 1
    # Her last contact with this agent, and she is called once, whoever served her.
    assert CallBack.objects.get().contact.started_at > once.started_at


def test_neither_the_agent_nor_her_lead_may_call() -> None:
    billing = make_team("billing")
    anna, lead = make_user("anna"), make_user("lead", role="lead")
    boss, acting = make_user("boss", role="manager"), make_user("acting", role="manager")
    other = make_user("other", role="lead", team=billing)
    served(anna, 1)
    draw_all()
    one = CallBack.objects.get()
    for user, may in ((anna, False), (lead, False), (boss, True), (acting, True)):
        assert CallBack.objects.to_call(user).exists() is may, user
        assert signed_in(user).get(f"/surveys/interviews/{one.pk}/").status_code == (200 if may else 404), user
    # A lead of another team calls those whose contacts she may see.
    assert not CallBack.objects.to_call(other).exists()
    assert one.write("completed", by=lead, rating=5) is None
    CallBack.objects.update(agent=boss)
    assert not CallBack.objects.to_call(boss).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Interview.objects.create(
            source=one.contact.source, agent=anna, by=anna, attempted_at=timezone.now(), outcome="refused"
        )


def test_three_attempts_without_an_answer_are_enough() -> None:
    served(make_user("anna"), 1)
    draw_all()
    boss, one = make_user("boss", role="manager"), CallBack.objects.get()
    for _attempt in range(3):
        assert one.write("no_answer", by=boss)
    assert one.write("no_answer", by=boss) is None
    one.refresh_from_db()
    assert one.ended_at is not None
    assert Interview.objects.filter(call_back=one, outcome="no_answer").count() == 3


def test_who_refuses_is_replaced_by_another_in_the_next_draw() -> None:
    anna = make_user("anna")
    served(anna, 12)
    draw_all()
    boss = make_user("boss", role="manager")
    assert CallBack.objects.first().write("refused", by=boss, rating=5, note="no")
    refused = CallBack.objects.exclude(ended_at=None).get()
    assert (refused.note, refused.attempts.get().rating) == ("", None)
    assert draw_all(timezone.now() + timedelta(minutes=1)) == 1
    assert CallBack.objects.filter(ended_at=None).count() == GOAL


def test_an_interview_is_written_down_on_its_page_and_told_to_those_who_coach() -> None:
    anna, lead = make_user("anna"), make_user("lead", role="lead")
    served(anna, 1)
    draw_all()
    boss, one = signed_in(make_user("boss", role="manager")), CallBack.objects.get()
    at = f"/surveys/interviews/{one.pk}/"
    assert one.customer.name in boss.get("/surveys/interviews/").content.decode()
    refused = boss.post(at, {"outcome": "completed", "rating": "", "note": "Fine"})
    assert refused.status_code == 422
    assert not Interview.objects.exists()
    assert boss.post(at, {"outcome": "completed", "rating": "9"}).status_code == 422
    assert boss.post(at, {"outcome": "completed", "rating": "4", "note": "Answer sooner"}).status_code == 302
    held = Interview.objects.get()
    assert (held.agent, held.rating, held.contact, held.by.username) == (anna, 4, one.contact, "boss")
    assert boss.get(at).status_code == 404
    for browser in (boss, signed_in(lead)):
        shown = browser.get("/surveys/interviews/results/").content.decode()
        assert "Answer sooner" in shown
        assert "1 of 1 good" in shown
    stranger = signed_in(make_user("other", role="lead", team=make_team("billing")))
    assert "Answer sooner" not in stranger.get("/surveys/interviews/results/").content.decode()
    assert signed_in(anna).get("/surveys/interviews/results/").status_code == 404
    assert signed_in(anna).get("/surveys/interviews/").status_code == 404


def test_the_mean_and_its_interval_are_shown_from_ten_on() -> None:
    anna, boss = make_user("anna"), make_user("boss", role="manager")
    served(anna, 10)
    draw_all()
    for rating, one in zip([5, 5, 4, 4, 4, 3, 5, 4, 2, 4], CallBack.objects.all(), strict=True):
        one.write("completed", by=boss, rating=rating)
    shown = signed_in(boss).get("/surveys/interviews/results/").content.decode()
    # Mean 4.0, standard deviation 0.943, t = 2.262: 4 ± 0.67.
    assert "3.33" in shown
    assert "4.67" in shown


def test_the_list_takes_the_same_queries_however_long_it_is() -> None:
    boss = make_user("boss", role="manager")
    for name in ("a", "b"):
        served(make_user(name), 10)
    draw_all()
    browser = signed_in(boss)
    with CaptureQueriesContext(connection) as many:
        browser.get("/surveys/interviews/")
    CallBack.objects.exclude(pk=CallBack.objects.first().pk).delete()
    with CaptureQueriesContext(connection) as one:
        browser.get("/surveys/interviews/")
    assert len(many) == len(one)
