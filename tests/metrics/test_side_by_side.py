"""Refreshing while others write, while others refresh, and after a worker died."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.models import Mark
from metrics.period import Period
from metrics.refresh import refresh
from tests.factories import make_agreement, make_client, make_contact, make_queue, make_user
from tickets.models import Agreement, Contact, ServiceLevel

START = datetime(2025, 10, 20, 8, tzinfo=UTC)
DAY = Period(START, START + timedelta(hours=12), UTC)


def answered(engine: str = "auto") -> float | None:
    (row,) = compute.values([KPIS["answered"]], Query(DAY, engine=engine))
    return row.values["answered"].value


def in_thread(work) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_writers_and_refreshers_side_by_side_lose_nothing() -> None:
    agent, queue = make_user(), make_queue()
    make_contact(at=START, agent=agent, queue=queue)

    def write(offset: int) -> None:
        for n in range(8):
            make_contact(at=START + timedelta(minutes=offset * 60 + n), agent=agent, queue=queue, topic=None)

    threads = [in_thread(lambda offset=offset: write(offset)) for offset in (0, 1, 2)]
    threads += [in_thread(lambda: [refresh() for _ in range(6)]) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert answered("facts") == 25
    assert answered("auto") == 25
    refresh()
    assert check() == ([], 0)
    assert answered("auto") == 25


@pytest.mark.django_db(transaction=True)
def test_a_refresh_that_dies_in_the_middle_leaves_its_marks() -> None:
    make_contact(at=START)

    @transaction.atomic
    def dying_refresh() -> None:
        refresh()
        assert not Mark.objects.exists()
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        dying_refresh()
    assert Mark.objects.exists()
    assert answered("auto") == 1
    refresh()
    assert not Mark.objects.exists()
    assert check() == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_marks_nothing() -> None:
    @transaction.atomic
    def write_and_fail() -> None:
        make_contact(at=START)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert not Mark.objects.exists()


@pytest.mark.django_db
def test_an_update_that_no_figure_reads_marks_nothing() -> None:
    contact = make_contact(at=START)
    refresh()
    Contact.objects.filter(pk=contact.pk).update(subject="Another word")
    assert not Mark.objects.exists()


@pytest.mark.django_db
def test_the_past_keeps_its_verdict_when_an_agreement_changes() -> None:
    client = make_client()
    first = make_agreement(client)
    ServiceLevel.objects.create(agreement=first, channel="phone", threshold_seconds=20)
    make_contact(at=START, client=client, wait=30)
    make_contact(at=START + timedelta(hours=4), client=client, wait=30)
    refresh()
    assert service_level() == (0, 2)
    second = Agreement.objects.create(client=client, calendar=first.calendar, valid_from=START + timedelta(hours=2))
    ServiceLevel.objects.create(agreement=second, channel="phone", threshold_seconds=40)
    assert service_level() == (1, 2)
    refresh()
    assert service_level() == (1, 2)
    assert check() == ([], 0)


@pytest.mark.django_db
def test_an_agreement_may_choose_another_formula() -> None:
    client = make_client()
    agreement = make_agreement(client, service_level_variant="sl1")
    ServiceLevel.objects.create(agreement=agreement, channel="phone", threshold_seconds=20)
    make_contact(at=START, client=client, wait=10)
    make_contact(at=START, client=client, wait=50, outcome="abandoned")
    assert service_level() == (1, 1)
    (row,) = compute.values([KPIS["service-level:sl3"]], Query(DAY))
    assert (row.values["service-level:sl3"].numerator, row.values["service-level:sl3"].denominator) == (1, 2)


def service_level() -> tuple[float | None, float | None]:
    (row,) = compute.values([KPIS["service-level"]], Query(DAY))
    return row.values["service-level"].numerator, row.values["service-level"].denominator


@pytest.mark.django_db
def test_the_command_checks_and_rebuilds(capsys) -> None:
    make_contact(at=START)
    call_command("refresh_metrics")
    call_command("refresh_metrics", "--check")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_cell_contact_hour SET handled = 7")
    with pytest.raises(SystemExit) as stopped:
        call_command("refresh_metrics", "--check")
    assert stopped.value.code == 1
    assert "metrics_cell_contact_hour" in capsys.readouterr().out
    call_command("refresh_metrics", "--rebuild")
    call_command("refresh_metrics", "--check")


@pytest.mark.django_db
def test_sums_that_do_not_agree_with_the_legs_are_found() -> None:
    contact = make_contact(at=START)
    Contact.objects.filter(pk=contact.pk).update(talk_us=1)
    call_command("refresh_metrics")
    with pytest.raises(SystemExit):
        call_command("refresh_metrics", "--check")
    call_command("refresh_metrics", "--rebuild")
    call_command("refresh_metrics", "--check")
