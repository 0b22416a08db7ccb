"""The events of a call, in tables: what each story means, in seconds from the first of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.channels.phone import fold as phone

START = datetime(2025, 10, 6, 9, tzinfo=UTC)
ANNA, BO, CIA = 1, 2, 3


def at(seconds):
    return START + timedelta(seconds=seconds)


def story(*steps):
    """Steps as (second, kind, agent, target) with what is left out unknown."""
    events = []
    for number, (second, kind, *who) in enumerate(steps):
        agent, target = [*who, None, None][:2]
        queue = 7 if kind == "queued" else None
        events.append(phone.Event(f"e{number}", kind, at(second), agent=agent, target=target, queue=queue))
    return events


def legs_of(call):
    return [
        (
            leg.agent,
            str(leg.role),
            leg.talk.total_seconds(),
            leg.hold.total_seconds(),
            leg.after_call.total_seconds(),
            leg.is_running,
        )
        for leg in call.legs
    ]


PLAIN = story((0, "ivr_entered"), (10, "queued"), (25, "ringing", ANNA), (30, "answered", ANNA), (150, "ended"))

TABLE = {
    "a call that is answered and written up": (
        [*PLAIN, phone.Event("x", "after_call_ended", at(180), agent=ANNA)],
        ("answered", 10, 30, 150),
        [(ANNA, "primary", 120, 0, 30, False)],
    ),
    "a call whose wrap-up still runs": (PLAIN, ("answered", 10, 30, 150), [(ANNA, "primary", 120, 0, 0, True)]),
    "done was pressed while she still talked": (
        [*PLAIN, phone.Event("x", "after_call_ended", at(140), agent=ANNA)],
        ("answered", 10, 30, 150),
        [(ANNA, "primary", 120, 0, 0, False)],
    ),
    "hold twice, the second until the end": (
        story(
            (0, "queued"), (5, "answered", ANNA), (20, "held", ANNA), (30, "resumed", ANNA), (50, "held"),
            (65, "ended"), (65, "after_call_ended", ANNA),
        ),
        ("answered", 0, 5, 65),
        [(ANNA, "primary", 35, 25, 0, False)],
    ),
    "left in the voice menu": (story((0, "ivr_entered"), (9, "ended")), ("ivr_abandoned", None, None, 9), []),
    "left in the queue": (story((0, "ivr_entered"), (3, "queued"), (40, "ended")), ("abandoned", 3, None, 40), []),
    "left while it rang": (story((0, "queued"), (9, "ringing", ANNA), (12, "ended")), ("abandoned", 0, None, 12), []),
    "still waiting": (story((0, "queued"), (9, "ringing", ANNA)), ("", 0, None, None), []),
    "one agent does not answer, the next does": (
        story(
            (0, "queued"), (5, "ringing", ANNA), (25, "ringing", BO), (30, "answered", BO), (60, "ended"),
            (70, "after_call_ended"),
        ),
        ("answered", 0, 30, 60),
        [(BO, "primary", 30, 0, 10, False)],
    ),
    "handed on blind": (
        story(
            (0, "queued"), (10, "answered", ANNA), (40, "transferred", ANNA, BO), (45, "after_call_ended", ANNA),
            (55, "ringing", BO), (60, "answered", BO), (100, "ended"), (110, "after_call_ended", BO),
        ),
        ("answered", 0, 10, 100),
        [(ANNA, "primary", 30, 0, 5, False), (BO, "transfer", 40, 0, 10, False)],
    ),
    "handed on to a queue, where the next one answers": (
        story((0, "queued"), (10, "answered", ANNA), (40, "transferred", ANNA), (41, "ended", ANNA), (42, "queued"),
              (60, "answered", BO), (100, "ended"), (100, "after_call_ended")),
        ("answered", 0, 10, 100),
        [(ANNA, "primary", 30, 0, 60, False), (BO, "transfer", 40, 0, 0, False)],
    ),
    "the first agent hangs up and another answers, with no word of a transfer": (
        story((0, "queued"), (10, "answered", ANNA), (40, "ended", ANNA), (40, "after_call_ended", ANNA),
              (50, "answered", BO), (70, "ended", BO), (75, "after_call_ended", BO)),
        ("answered", 0, 10, 70),
        [(ANNA, "primary", 30, 0, 0, False), (BO, "transfer", 20, 0, 5, False)],
    ),
    "the customer gives up while handed on": (
        story((0, "queued"), (10, "answered", ANNA), (40, "transferred", ANNA, BO), (55, "ended"),
              (60, "after_call_ended", ANNA)),
        ("answered", 0, 10, 55),
        [(ANNA, "primary", 30, 0, 20, False)],
    ),
    "asked a colleague, who helped and left": (
        story((0, "queued"), (10, "answered", ANNA), (20, "held", ANNA), (21, "consulted", ANNA, BO), (25, "answered", BO),
              (45, "ended", BO), (50, "resumed", ANNA), (80, "ended"), (90, "after_call_ended", ANNA)),
        ("answered", 0, 10, 80),
        [(ANNA, "primary", 40, 30, 10, False), (BO, "consult", 20, 0, 0, False)],
    ),
    "asked a colleague, who took over": (
        story((0, "queued"), (10, "answered", ANNA), (20, "consulted", ANNA, BO), (25, "answered", BO),
              (45, "transferred", ANNA, BO), (50, "after_call_ended", ANNA), (80, "ended"), (85, "after_call_ended", BO)),
        ("answered", 0, 10, 80),
        [(ANNA, "primary", 35, 0, 5, False), (BO, "consult", 20, 0, 0, False), (BO, "transfer", 35, 0, 5, False)],
    ),
    "asked a colleague, then all three talked": (
        story((0, "queued"), (10, "answered", ANNA), (20, "consulted", ANNA, BO), (25, "answered", BO),
              (30, "conferenced", ANNA, BO), (60, "ended", BO), (80, "ended", ANNA), (80, "after_call_ended", ANNA)),
        ("answered", 0, 10, 80),
        [(ANNA, "primary", 70, 0, 0, False), (BO, "conference", 35, 0, 0, False)],
    ),
    "asked a colleague, who stayed when the first agent left, with no word of a hand-over": (
        story((0, "queued"), (10, "answered", ANNA), (20, "consulted", ANNA, BO), (25, "answered", BO), (45, "ended", ANNA),
              (50, "after_call_ended", ANNA), (60, "held", BO), (65, "resumed", BO), (80, "ended", BO),
              (85, "after_call_ended", BO)),
        ("answered", 0, 10, 80),
        [(ANNA, "primary", 35, 0, 5, False), (BO, "consult", 20, 0, 0, False), (BO, "transfer", 30, 5, 5, False)],
    ),
    "all three talked, and were hung up one after the other": (
        story((0, "queued"), (10, "answered", ANNA), (20, "conferenced", ANNA, BO), (25, "answered", BO),
              (80, "ended", ANNA), (85, "ended", BO), (90, "after_call_ended", ANNA)),
        ("answered", 0, 10, 85),
        [(ANNA, "primary", 70, 0, 10, False), (BO, "conference", 60, 0, 0, False)],
    ),
    "answered straight, with no queue: the wait is not known": (
        story((0, "ringing", ANNA), (5, "answered", ANNA), (10, "ended"), (10, "after_call_ended")),
        ("answered", None, 5, 10),
        [(ANNA, "primary", 5, 0, 0, False)],
    ),
    "a voice message": (story((0, "queued"), (30, "voicemail"), (50, "ended")), ("voicemail", 0, None, 30), []),
    "an end that came without anything else": (story((0, "ended")), ("abandoned", None, None, 0), []),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_each_story_means_what_the_table_says(name):
    events, (outcome, queued, answered, ended), legs = TABLE[name]
    call = phone.fold(events)
    moments = [queued, answered, ended]
    assert call.outcome == outcome
    assert [call.queued_at, call.answered_at, call.ended_at] == [None if m is None else at(m) for m in moments]
    assert legs_of(call) == legs


def test_a_callback_is_a_call_of_our_own_and_the_request_stays_unanswered():
    events = story(
        (0, "queued"), (20, "callback_requested"), (22, "ended"), (600, "ringing", ANNA), (620, "ended"),
        (900, "ringing", BO), (905, "answered", BO), (965, "ended"), (970, "after_call_ended", BO),
    )  # fmt: skip
    call = phone.fold(events)
    assert (call.outcome, call.ended_at, call.legs) == ("callback_requested", at(20), [])
    missed, reached = call.callbacks
    assert (missed.outcome, missed.direction) == ("no_answer", "outbound")
    assert (reached.outcome, reached.started_at, reached.queued_at) == ("answered", at(900), None)
    assert legs_of(reached) == [(BO, "primary", 60, 0, 5, False)]


def test_an_outbound_call_that_nobody_takes_is_no_abandonment():
    events = [
        phone.Event("1", "ringing", at(0), agent=ANNA, direction="outbound"),
        phone.Event("2", "ended", at(30), agent=ANNA),
    ]
    assert phone.fold(events).outcome == "no_answer"


def test_a_wrap_up_that_nobody_ended_ends_when_she_answers_the_next_call():
    call = phone.fold(PLAIN, {ANNA: [at(20), at(200), at(400)]})
    assert legs_of(call) == [(ANNA, "primary", 120, 0, 50, False)]
    told = [*PLAIN, phone.Event("x", "after_call_ended", at(230), agent=ANNA)]
    assert legs_of(phone.fold(told, {ANNA: [at(200)]}))[0][4] == 80


EVENTS = st.lists(
    st.builds(
        phone.Event,
        event_id=st.uuids().map(str),
        kind=st.sampled_from(phone.KINDS),
        at=st.integers(0, 12).map(at),
        agent=st.sampled_from([ANNA, BO, CIA]),
        queue=st.sampled_from([None, 7]),
        target=st.sampled_from([None, ANNA, BO, CIA]),
        direction=st.sampled_from(["", "", "", "inbound", "outbound"]),
    ),
    min_size=1,
    max_size=14,
)


@given(EVENTS, st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_neither_the_order_nor_repetition_changes_the_call(events, random):
    shuffled = events + random.choices(events, k=len(events))
    random.shuffle(shuffled)
    assert phone.fold(shuffled) == phone.fold(events)


@given(EVENTS)
@settings(max_examples=400, deadline=None)
def test_whatever_comes_the_call_keeps_the_rules_of_the_tables(events):
    call = phone.fold(events)
    for one in (call, *call.callbacks):
        moments = [one.started_at, one.queued_at, one.answered_at, one.ended_at]
        known = [moment for moment in moments if moment]
        assert known == sorted(known)
        assert not (one.ended_at and one.active())
        assert len({leg.name for leg in one.legs}) == len(one.legs)
        assert [leg.role for leg in one.legs[:1]] in ([], ["primary"])
        for leg in one.legs:
            assert min(leg.talk, leg.hold, leg.after_call) >= timedelta()
            assert leg.ended_at is None or leg.started_at <= leg.ended_at
            assert leg.held_since is None or leg.ended_at is None
            assert leg.ended_at is None or leg.talk + leg.hold == leg.ended_at - leg.started_at
    assert [leg for leg in call.legs if leg.agent is None] == []
