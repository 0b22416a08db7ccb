"""Contact records of Amazon Connect. PURE: one record in, events of its call out.

A record is the whole story of one contact, written when it is over, and written again when something is added. Records are
delivered at least once and in any order, so an event's name is its record's and what it says. All contacts of one call name
the first of them, `InitialContactId`: that is the call. A callback is a call of its own.

A record does not say whether its agent was asked, joined or took over: whoever stays with the customer took over.

Sources:
    https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html
    https://docs.aws.amazon.com/connect/latest/adminguide/identify-conferences-transfers.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tickets.channels.phone.told import Rules, Told, UnreadableError

_OURS = frozenset({"OUTBOUND", "API", "CALLBACK", "EXTERNAL_OUTBOUND"})
# Where a call goes that leaves the contact centre.
_OUTSIDE = frozenset({"TELEPHONE_NUMBER", "VOIP"})
# Nobody was at the other end, whatever the agent did.
_NOT_REACHED = frozenset(
    [
        "OUTBOUND_DESTINATION_ENDPOINT_ERROR",
        "OUTBOUND_RESOURCE_ERROR",
        "OUTBOUND_ATTEMPT_FAILED",
        "OUTBOUND_PREVIEW_DISCARDED",
        "EXPIRED",
        "TELECOM_PROBLEM",
        "TELECOM_BUSY",
        "TELECOM_NUMBER_INVALID",
        "TELECOM_POTENTIAL_BLOCKING",
        "TELECOM_UNANSWERED",
        "TELECOM_TIMEOUT",
        "TELECOM_ORIGINATOR_CANCEL",
        "DISCARDED",
    ]
)


def records_in(body: Any) -> list[Mapping[str, Any]]:
    """The records in what came: one, a list of them, or one that EventBridge has put into `detail`.

    Raises:
        UnreadableError: There are no records in it.
    """
    given = body if isinstance(body, list) else [body]
    found = [one.get("detail", one) if isinstance(one, Mapping) else one for one in given]
    if not all(isinstance(one, Mapping) for one in found):
        raise UnreadableError("a contact record, or a list of them")
    return found


def translate(record: Mapping[str, Any], rules: Rules) -> list[Told]:
    """What the record says about its call; nothing for contacts that are no calls, or of which nothing is over yet.

    Raises:
        UnreadableError: A field is not what the data model says.
    """
    contact = record.get("ContactId")
    if not isinstance(contact, str) or not 1 <= len(contact) <= 256:
        raise UnreadableError("ContactId: text")
    if record.get("Channel", "VOICE") != "VOICE":
        return []
    return list(_Record(record, contact, rules).events())


class _Record:
    def __init__(self, record: Mapping[str, Any], contact: str, rules: Rules) -> None:
        self.record, self.contact, self.rules = record, contact, rules
        self.method = _text(record.get("InitiationMethod"))
        self.is_callback = self.method == "CALLBACK"
        self.is_ours = self.method in _OURS
        first = _text(record.get("InitialContactId")) or contact
        self.call = contact if self.is_callback else first
        self.asked_in = (_text(record.get("PreviousContactId")) or first) if self.is_callback else ""
        # In a chain, only the first contact has the customer's way to us in it.
        self.is_first = self.call == contact
        # Somebody outside who is asked during a call: no agent of ours, and neither the customer's direction nor her end.
        self.is_third_party = self.method == "EXTERNAL_OUTBOUND" and not self.is_first
        self.queue = _part(record, "Queue")
        self.agent = _part(record, "Agent")
        self.name = _text(self.agent.get("Username")) or _text(self.agent.get("ARN"))
        self.reason = _text(record.get("DisconnectReason"))

    def events(self) -> Iterator[Told]:
        began = _moment(self.record, "InitiationTimestamp")
        if began is None:
            raise UnreadableError("InitiationTimestamp: a moment")
        if self.is_third_party:
            return
        if self.is_callback and self.asked_in != self.contact:
            asked_at = _moment(self.queue, "EnqueueTimestamp") or began
            first = _text(self.record.get("InitialContactId")) or self.asked_in
            yield Told(f"ctr:{self.contact}:asked", first, "callback_requested", asked_at)
        if self.is_first and not self.is_ours:
            yield self.told(
                "ivr_entered", began, caller=self.endpoint("CustomerEndpoint"), callee=self.endpoint("SystemEndpoint")
            )
        if (queued := _moment(self.queue, "EnqueueTimestamp")) and not self.is_ours:
            yield self.told("queued", queued, queue=self.queue_name)
        if self.is_ours:
            yield self.told("ringing", began, agent=self.name, callee=self.endpoint("CustomerEndpoint"))
        yield from self.work()
        yield from self.end()

    def work(self) -> Iterator[Told]:
        answered = _moment(self.agent, "ConnectedToAgentTimestamp")
        if answered is None or not self.name or (self.is_ours and self.reason in _NOT_REACHED):
            return
        yield self.told("answered", answered, agent=self.name, queue=self.queue_name, recording_url=self.recording())
        over = self.talk_over()
        held = _seconds(self.agent, "CustomerHoldDuration")
        if over and held:
            # The record tells how long in all, not when: put before the end, the sum is right.
            yield self.told("held", max(answered, over - timedelta(seconds=held)), agent=self.name)
            yield self.told("resumed", over, agent=self.name)

    def end(self) -> Iterator[Told]:
        over, is_over = self.talk_over(), _moment(self.record, "DisconnectTimestamp")
        handed = _moment(self.record, "TransferCompletedTimestamp")
        answered = _moment(self.agent, "ConnectedToAgentTimestamp")
        if handed and answered:
            to = _part(self.record, "TransferredToEndpoint")
            yield self.told("transferred", handed, agent=self.name, target=_text(to.get("Address")))
            if to.get("Type") in _OUTSIDE:
                # It goes on, but no longer with us.
                yield self.told("ended", handed)
        elif is_over and not answered and not self.is_ours and _text(self.record.get("NextContactId")):
            # A flow took her out of the queue: where another contact waits in the next one, the wait goes on.
            yield self.told("overflowed", is_over)
        elif is_over:
            yield self.told("ended", over or is_over, agent=self.name if answered else "")
        if answered and self.name and (done := self.work_over(over or is_over)):
            yield self.told("after_call_ended", done, agent=self.name)

    def talk_over(self) -> datetime | None:
        return _moment(self.agent, "AfterContactWorkStartTimestamp") or _moment(self.record, "DisconnectTimestamp")

    def work_over(self, over: datetime | None) -> datetime | None:
        told = _moment(self.agent, "AfterContactWorkEndTimestamp")
        return told or (None if self.rules.wraps_up_on_desk else over)

    @property
    def queue_name(self) -> str:
        return _text(self.queue.get("Name")) or _text(self.queue.get("ARN"))

    def endpoint(self, name: str) -> str:
        return _text(_part(self.record, name).get("Address"))[:120]

    def recording(self) -> str:
        """Where the recording is, where that is an address; a place in a bucket is none that a browser can open."""
        given = [_part(self.record, "Recording"), *(self.record.get("Recordings") or [])]
        places = [_text(one.get("Location")) for one in given if isinstance(one, Mapping)]
        return next((place for place in places if urlsplit(place).scheme == "https" and len(place) <= 1000), "")

    def told(self, kind: str, at: datetime, **fields: Any) -> Told:
        if self.is_callback:
            fields["callback_of"] = _text(self.record.get("InitialContactId")) or self.asked_in
        direction = "outbound" if self.is_ours else ""
        return Told(f"ctr:{self.contact}:{kind}", self.call, kind, at, direction=direction, **fields)


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: Any) -> str:
    return value.replace("#", "_").strip()[:400] if isinstance(value, str) else ""


def _seconds(record: Mapping[str, Any], name: str) -> int:
    value = record.get(name)
    return value if isinstance(value, int) and 0 < value < 86_400 else 0


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"{name}: a moment") from error
    if moment.tzinfo is None:
        raise UnreadableError(f"{name}: a moment with its zone")
    return moment
