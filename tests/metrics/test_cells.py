"""Stored cells are the log: whatever is written, in whatever order, before and after a refresh."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.definition import Kpi
from metrics.period import Period, midnight
from metrics.refresh import refresh
from surveys.models import Invitation
from tests.factories import (
    make_agreement,
    make_case,
    make_client,
    make_contact,
    make_customer,
    make_queue,
    make_source,
    make_topic,
    make_user,
)
from tickets.models import Case, Contact, Segment, Status
from tickets.settle import settle
from tickets.windows import bring_up_to_date

WAITS = [Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY]
STOCKHOLM = ZoneInfo("Europe/Stockholm")
START = datetime(2025, 10, 20, tzinfo=UTC)
SPAN = Period(midnight(START.date(), STOCKHOLM), midnight((START + timedelta(days=10)).date(), STOCKHOLM), STOCKHOLM)
AS_OF = START + timedelta(days=12)
SPLITS = [
    (),
    ("day",),
    ("hour",),
    ("week", "queue"),
    ("channel", "client"),
    ("agent",),
    ("topic", "day"),
    ("agent", "topic"),
]
FILTERS = ("channel", "queue", "topic")
STEPS = 4


class Log:
    """A small random log of some days that can be added to and corrected."""

    def __init__(self, seed: int, days: int = 10) -> None:
        self.days = days
        self.random = random.Random(seed)
        self.queues = [make_queue(code) for code in ("billing", "support")]
        self.topics = [make_topic(path) for path in ("a", "a/b", "c")]
        self.agents = [make_user(f"agent{n}") for n in range(3)]
        self.customers = [make_customer(f"Customer {n}") for n in range(5)]
        self.clients = [make_client("one"), make_client("two")]
        make_agreement(
            self.clients[0],
            first_response_business_seconds=4 * 3600,
            first_response_channels=["email", "web"],
            resolution_business_seconds=16 * 3600,
        )
        bring_up_to_date(START)

    def moment(self) -> datetime:
        return START + timedelta(
            seconds=self.random.randrange(self.days * 86400), microseconds=self.random.randrange(10**6)
        )

    def add(self) -> Contact:
        pick = self.random.choice
        at = self.moment()
        customer = pick([*self.customers, None])
        topic = pick([*self.topics, None])
        case = None
        if customer and self.random.random() < 0.6:
            case = customer.cases.order_by("?").first() if self.random.random() < 0.4 else None
            case = case or make_case(
                customer=customer,
                topic=topic,
                queue=pick(self.queues),
                at=at,
                client=pick(self.clients),
                channel=pick(["phone", "email", "web"]),
            )
        contact = make_contact(
            at=at,
            agent=pick(self.agents),
            customer=customer,
            topic=topic,
            case=case,
            queue=pick(self.queues),
            client=pick(self.clients),
            channel=pick(["phone", "phone", "chat", "email"]),
            outcome=pick(["answered", "answered", "answered", "abandoned"]),
            wait=self.random.uniform(0, 90),
            talk=self.random.uniform(1, 900),
            flags=pick([[], [], [], ["spam"], ["status_enquiry"]]),
            demand=pick(["", "value", "failure"]),
        )
        if case and self.random.random() < 0.6:
            self.work_on(case, max(at, case.created_at))
        if case and self.random.random() < 0.7:
            case.resolve(
                by=pick(self.agents), at=max(at, case.created_at) + timedelta(minutes=self.random.randrange(1, 200))
            )
        if self.random.random() < 0.3:
            invitation = Invitation.objects.create(
                source=make_source(), client=contact.client, contact=contact, case=case, sent_at=at + timedelta(hours=1)
            )
            invitation.responses.create(
                responded_at=at + timedelta(hours=2), csat=pick([1, 3, 5]), nps=pick([0, 8, 10])
            )
        return contact

    def work_on(self, case: Case, at: datetime) -> None:
        """Some of what happens to a case, in any order."""
        agent = self.random.choice(self.agents)
        for _ in range(self.random.randrange(1, 6)):
            at += timedelta(minutes=self.random.randrange(1, 2000))
            step = self.random.randrange(7)
            if step == 0:
                case.log_message("?", kind="incoming", by=None, at=at)
            elif step == 1:
                case.log_message("!", kind="outgoing", by=agent, at=at)
            elif step == 2:
                case.wait(on=self.random.choice(WAITS), by=agent, at=at)
            elif step == 3:
                case.carry_on(by=agent, at=at)
            elif step == 4:
                case.escalate(by=agent, at=at)
            elif step == 5:
                case.resolve(by=agent, at=at)
            else:
                case.reopen(by=agent, at=at, is_valid=self.random.random() < 0.7)

    def correct(self) -> None:
        """Change something old, as a late or corrected row does."""
        contact = self.random.choice(list(Contact.objects.all()))
        change = self.random.randrange(5)
        if change == 0:
            Contact.objects.filter(pk=contact.pk).update(topic=self.random.choice(self.topics))
        elif change == 1:
            Contact.objects.filter(pk=contact.pk).update(flags=["test"])
        elif change == 2:
            later = timedelta(minutes=self.random.randrange(1, 600))
            Contact.objects.filter(pk=contact.pk).update(
                started_at=contact.started_at - later, queued_at=contact.started_at - later
            )
        elif change == 3:
            Segment.objects.filter(contact=contact).update(acw_us=self.random.randrange(10**8))
            settle([contact.pk])
        elif contact.case:
            contact.case.reopen(by=self.agents[0], at=self.moment())


def kpis_of() -> list[list[Kpi]]:
    """The KPIs by what they count over."""
    families: dict[str, list[Kpi]] = defaultdict(list)
    for kpi in KPIS.values():
        families[kpi.fact.code].append(kpi)
    return list(families.values())


def answers(
    engine: str,
    by: tuple[str, ...],
    zone: ZoneInfo = STOCKHOLM,
    kpis: Iterable[Kpi] = KPIS.values(),
    **filters: list,
) -> list[tuple]:
    period = Period(SPAN.start, SPAN.end, zone)
    query = Query(period, by, filters, AS_OF, engine)
    return [
        (
            tuple(row.group.values()),
            {key: (v.value, v.numerator, v.denominator, v.provisional) for key, v in row.values.items()},
        )
        for row in compute.values(kpis, query)
    ]


def agree(turn: int) -> None:
    """Log and cells give the same, of every fact in a few splits, others each turn.

    In `STEPS` turns of three logs each fact is asked in every split and by every filter, in all states of the cells.
    """
    chosen = {"channel": ["phone"], "queue": [make_queue("billing").pk], "topic": [make_topic("a").pk]}
    questions: list[tuple[tuple[str, ...], dict]] = [(by, {}) for by in SPLITS]
    questions += [(("day",), {name: chosen[name]}) for name in FILTERS]
    for n, kpis in enumerate(kpis_of()):
        for m, (by, filters) in enumerate(questions):
            if (n + m) % (3 * STEPS) == turn:
                question = (by, STOCKHOLM, kpis)
                assert answers("auto", *question, **filters) == answers("facts", *question, **filters), (by, filters)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cells_give_what_the_log_gives(db, seed: int) -> None:
    log, turn = Log(seed + 1), STEPS * seed
    for _ in range(25):
        log.add()
    agree(turn)  # all marked, nothing stored
    refresh()
    assert check() == ([], 0)
    agree(turn + 1)  # all stored
    for _ in range(5):
        log.add()
        log.correct()
    agree(turn + 2)  # part stored, part marked
    refresh()
    assert check() == ([], 0)
    agree(turn + 3)


def test_a_half_hour_zone_gets_the_same_from_both(db) -> None:
    log = Log(7)
    for _ in range(15):
        log.add()
    refresh()
    kolkata = ZoneInfo("Asia/Kolkata")
    for n, kpis in enumerate(kpis_of()):
        by = ("day",) if n % 2 else ("hour",)
        assert answers("auto", by, kolkata, kpis) == answers("facts", by, kolkata, kpis)


def test_the_parts_of_the_days_add_up_to_the_whole(db) -> None:
    log = Log(8)
    for _ in range(20):
        log.add()
    refresh()
    (_, whole) = answers("auto", ())[0]
    days = [values for _, values in answers("auto", ("day",))]
    for key, (_value, numerator, denominator, _provisional) in whole.items():
        # An average's denominator is time, a stock does not add up over time, and how far interviews have come is a
        # state at the end of a period.
        if denominator and not KPIS[key].stock and not KPIS[key].average and key != "call-back-coverage":
            assert numerator == pytest.approx(sum(day[key][1] for day in days)), key
            assert denominator == pytest.approx(sum(day[key][2] for day in days)), key


def test_no_share_leaves_zero_to_one(db) -> None:
    log = Log(9)
    for _ in range(20):
        log.add()
    for _group, values in answers("facts", ("day",)):
        for key, (value, numerator, denominator, _provisional) in values.items():
            if KPIS[key].unit.value == "share" and denominator:
                assert 0 <= value <= 1, key
                assert numerator <= denominator, key


def test_a_forged_cell_is_found(db) -> None:
    make_contact(at=START)
    refresh()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_cell_contact_day SET answered = answered + 1")
    differences, pending = check()
    assert pending == 0
    assert {(found.table, found.side) for found in differences} == {
        ("metrics_cell_contact_day", "log"),
        ("metrics_cell_contact_day", "stored"),
    }


def test_a_cell_without_any_log_is_found(db) -> None:
    contact = make_contact(at=START)
    refresh()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_cell_contact_hour SET bucket = bucket - interval '400 days'")
    assert check()[0]
    assert contact.pk


def test_a_late_repeat_changes_the_earlier_contact(db) -> None:
    customer, topic = make_customer(), make_topic("billing")
    make_contact(at=START, customer=customer, topic=topic)
    refresh()
    assert repeat_parts() == (0, 1)
    make_contact(at=START + timedelta(days=3), customer=customer, topic=topic)
    assert repeat_parts() == (1, 2)
    refresh()
    assert repeat_parts() == (1, 2)
    assert check() == ([], 0)


def repeat_parts() -> tuple[float | None, float | None]:
    (row,) = compute.values([KPIS["repeat-contacts"]], Query(SPAN, as_of=START + timedelta(days=30)))
    value = row.values["repeat-contacts"]
    return value.numerator, value.denominator


def test_only_the_days_that_a_change_touches_are_redone(db) -> None:
    make_contact(at=START)
    make_contact(at=START + timedelta(days=5))
    refresh()
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, bucket FROM metrics_cell_contact_day ORDER BY bucket")
        before = cursor.fetchall()
        make_contact(at=START + timedelta(days=5))
        refresh()
        cursor.execute("SELECT count(*) FROM metrics_cell_contact_day WHERE bucket = %s", [before[0][1]])
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT answered FROM metrics_cell_contact_day ORDER BY bucket")
        assert cursor.fetchall() == [(1,), (2,)]


def test_a_parallel_chat_changes_the_share_of_the_other(db) -> None:
    agent = make_user()
    first = make_contact(at=START, agent=agent, channel="chat", wait=0, talk=600, acw=0)
    assert first.engaged_us == 600_000_000
    make_contact(at=START + timedelta(seconds=300), agent=agent, channel="chat", wait=0, talk=600, acw=0)
    first.refresh_from_db()
    assert first.engaged_us == 450_000_000


def test_deleting_a_contact_takes_it_out_of_the_cells(db) -> None:
    contact = make_contact(at=START)
    refresh()
    Segment.objects.filter(contact=contact).delete()
    Contact.objects.filter(pk=contact.pk).delete()
    refresh()
    assert check() == ([], 0)
    assert answers("auto", ())[0][1]["offered"][0] == 0


def test_a_case_marked_as_spam_leaves_first_contact_resolution(db) -> None:
    case = make_case(at=START)
    make_contact(at=START, customer=case.customer, case=case)
    refresh()
    Case.objects.filter(pk=case.pk).update(flags=["spam"])
    refresh()
    assert check() == ([], 0)
    (row,) = compute.values([KPIS["fcr"]], Query(SPAN, as_of=START + timedelta(days=30)))
    assert row.values["fcr"].denominator == 0


@pytest.mark.django_db
def test_tables_with_long_names_can_be_made_side_by_side():
    """PostgreSQL would cut the names of their indexes to the same letters, and one of two that look at once would fail."""
    from metrics.facts import FACTS
    from metrics.grains import GRAINS
    from metrics.store import cell_table, finish_cells

    fact = max(FACTS.values(), key=lambda fact: len(fact.code))
    with connection.cursor() as cursor:
        for grain in GRAINS:
            name = f"{cell_table(fact, grain)}_new"
            cursor.execute(f"CREATE TABLE {name} (LIKE {cell_table(fact, grain)})")
            finish_cells(cursor, fact.record, grain, name)
        cursor.execute("SELECT count(*), count(DISTINCT relname) FROM pg_class WHERE relname LIKE 'metrics_index_%'")
        made, named = cursor.fetchone()
    assert made == named > 2 * len(GRAINS)
