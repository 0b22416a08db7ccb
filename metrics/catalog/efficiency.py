"""What does serving take? Dated by arrival; over handled contacts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import AMAZON, HANDLED, OURS
from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.contacts import CONTACTS, HANDLED_REASONS

handled = HANDLED.numerator
DIRECT = "is_handled AND live AND outcome = 'answered'"


def _seconds(code: str, column: str, where: str = "is_handled") -> Measure:
    return Measure(code, where, column, scale=1_000_000)


def _squares(code: str, column: str, where: str = "is_handled") -> Measure:
    return Measure(code, where, f"({column} / 1000) * ({column} / 1000)", scale=1_000_000, column_type="numeric")


AHT = Kpi(
    slug="aht",
    name=_("Average handle time"),
    question=_("How much agents' time does a contact take?"),
    formula=_(
        "Talk, hold and wrap-up of all legs, callbacks included, divided by handled contacts. "
        "A second with several chats open is split equally among them."
    ),
    fact=CONTACTS,
    numerator=_seconds("engaged", "engaged_us"),
    denominator=handled,
    squares=_squares("engaged_squares", "engaged_us"),
    unit=Unit.SECONDS,
    direction=Direction.NONE,
    source=AMAZON,
    reasons=HANDLED_REASONS,
    beside=("transfer-rate", "repeat-contacts", "aht:hold"),
    symbols="Σ u / H",
    gamed=_(
        "End calls at the limit, hand the hard ones on, or work on after the contact is closed. Watch "
        "transfers, repeat contacts and hold. Neither short nor long is good, so it has no colour."
    ),
    decision=_(
        "Talk, hold and wrap-up, as Amazon and Genesys count it; from start to end, as others say it, is a "
        "variant. An agent's second with several chats open is shared equally among them, so that the sum is "
        "her time."
    ),
)
AHT_DIRECT = AHT.variant_of(
    "direct-only",
    formula=_("Talk, hold and wrap-up of calls and chats that were answered directly, divided by their number."),
    numerator=_seconds("engaged_direct", "engaged_us", DIRECT),
    denominator=Measure("handled_direct", DIRECT),
    squares=_squares("engaged_direct_squares", "engaged_us", DIRECT),
    symbols="Σ u_d / H_d",
)
AHT_PER_SEGMENT = AHT.variant_of(
    "per-segment",
    name=_("Handle time per leg"),
    formula=_("Talk, hold and wrap-up, divided by the number of agents' legs."),
    numerator=_seconds("worked", "work_us"),
    denominator=Measure("legs", "is_handled", "legs"),
    squares=None,
    symbols="Σ (t + h + a) / L",
)
AHT_START_TO_END = AHT.variant_of(
    "start-to-end",
    name=_("Call duration"),
    formula=_("Seconds from answer to end, without wrap-up, callbacks included, divided by handled contacts."),
    numerator=_seconds("elapsed", "elapsed_us"),
    squares=_squares("elapsed_squares", "elapsed_us"),
    source=OURS,
    symbols="Σ e / H",
)
AHT_SESSION = AHT.variant_of(
    "session",
    name=_("Session time"),
    formula=_("Talk, hold and wrap-up of all legs, divided by handled contacts; parallel chats each count in full."),
    numerator=_seconds("worked", "work_us"),
    squares=_squares("worked_squares", "work_us"),
    symbols="Σ (t + h + a) / H",
)
AHT_TALK = AHT.variant_of(
    "talk",
    name=_("Average talk time"),
    formula=_("Talk of all legs divided by handled contacts."),
    numerator=_seconds("talk", "talk_us"),
    squares=_squares("talk_squares", "talk_us"),
    symbols="Σ t / H",
)
AHT_HOLD = AHT.variant_of(
    "hold",
    name=_("Average hold time"),
    formula=_("Hold of all legs divided by handled contacts, those without hold included."),
    numerator=_seconds("hold", "hold_us"),
    squares=_squares("hold_squares", "hold_us"),
    symbols="Σ h / H",
)
AHT_ACW = AHT.variant_of(
    "after-call-work",
    name=_("Average after-call work"),
    formula=_("Wrap-up of all legs divided by handled contacts."),
    numerator=_seconds("acw", "acw_us"),
    squares=_squares("acw_squares", "acw_us"),
    symbols="Σ a / H",
)
CHAT_CONCURRENCY = Kpi(
    slug="chat-concurrency",
    name=_("Chats at a time"),
    question=_("How many chats does an agent have open at once?"),
    formula=_("Session seconds of handled chats divided by the agents' seconds that they took."),
    fact=CONTACTS,
    numerator=_seconds("chat_worked", "work_us", "is_handled AND channel = 'chat'"),
    denominator=_seconds("chat_engaged", "engaged_us", "is_handled AND channel = 'chat'"),
    unit=Unit.RATIO,
    direction=Direction.NONE,
    source=Source(
        "WFM, How to plan for web chat",
        "https://wfmanagement.blogspot.com/2020/06/how-to-plan-for-web-chat-in-call-center.html",
    ),
    reasons=HANDLED_REASONS,
    beside=("aht", "csat"),
    symbols="Σ (t + h + a) / Σ u",
    gamed=_(
        "Keep finished chats open, or take so many that each customer waits for every line. Watch the handle "
        "time of chats and what customers say."
    ),
)
TRANSFER_RATE = Kpi(
    slug="transfer-rate",
    name=_("Transfers"),
    question=_("How often is a customer handed on?"),
    formula=_("Handled contacts with at least one transfer, divided by handled contacts."),
    fact=CONTACTS,
    numerator=Measure("transferred", "is_handled AND transfers > 0"),
    denominator=handled,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    reasons=HANDLED_REASONS,
    beside=("repeat-contacts", "aht:hold", "fcr"),
    symbols="H_t / H",
    gamed=_(
        "Send the customer away to call again, or ask a colleague while she holds. Watch repeat contacts and hold."
    ),
)

KPIS = (
    AHT,
    AHT_DIRECT,
    AHT_PER_SEGMENT,
    AHT_START_TO_END,
    AHT_SESSION,
    AHT_TALK,
    AHT_HOLD,
    AHT_ACW,
    CHAT_CONCURRENCY,
    TRANSFER_RATE,
)
