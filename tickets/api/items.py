"""Contacts that come by the API: from JSON to the rows of the bundle, so that file and API go by one set of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tickets.api import problems
from tickets.api.contact_fields import ContactSerializer
from tickets.api.fields import expectations
from tickets.bundle import intake, quarantine
from tickets.bundle.columns import Reason
from tickets.bundle.rows import CheckedRow, Problem, check
from tickets.bundle.spec import FileSpec, spec_of
from tickets.models import Client, Contact, Segment, Source
from tickets.settle import settle
from tickets.signals import happened

# What the file may leave out and the database then keeps. Rows of one batch are staged together, so that a column that
# one of them has would be emptied for those that have it not.
KEPT_WHEN_ABSENT = ("client", "subject")


@dataclass
class Item:
    """One contact with its segments, on its way in.

    Attributes:
        contact_id: What the source calls it, where it says so.
        rows: The contact's row and then its segments', once they are right in themselves.
        wrong: Why it cannot be taken in: the path of the field and the problem of the row.
        id: Our own key, once it is in.
    """

    contact_id: str = ""
    rows: list[CheckedRow] = field(default_factory=list)
    wrong: tuple[str, Problem] | None = None
    has_segments: bool = False
    status: str = "rejected"
    id: int | None = None

    def problem(self, expected: Mapping[str, Any]) -> dict[str, Any]:
        """Problem details of a contact that was rejected."""
        assert self.wrong is not None
        path, problem = self.wrong
        error = problems.with_expected(path, problem.message, expected)
        detail = f"{path}: {problem.message}" if path else problem.message
        return problems.body("validation", 400, detail, [{**error, "reason": problem.reason.value}])


def expected() -> dict[str, Any]:
    return _expected_in(translation.get_language())


@lru_cache(maxsize=8)
def _expected_in(_language: str) -> dict[str, Any]:
    return dict(expectations(ContactSerializer()))


def read(raw: Any) -> Item:
    """Check one contact as it came."""
    spec, leg_spec = spec_of("contacts"), spec_of("segments")
    if not isinstance(raw, Mapping):
        return Item(wrong=("", Problem(spec, Reason.FIELDS, "", _("Expected an object."))))
    fields = {name: value for name, value in raw.items() if name != "segments"}
    legs = raw.get("segments")
    item = Item(contact_id=as_name(fields.get("contact_id")), has_segments=legs is not None)
    add(item, spec, fields, "")
    if legs is not None and not (isinstance(legs, list) and all(isinstance(leg, Mapping) for leg in legs)):
        wrong = Problem(spec, Reason.FIELDS, "segments", _("Expected a list of objects."), item.contact_id)
        item.wrong = item.wrong or ("segments", wrong)
        return item
    for place, leg in enumerate(legs or []):
        named = {"segment_id": f"{item.contact_id}/{place + 1}", **leg}
        if "contact_id" in leg and as_name(leg["contact_id"]) != item.contact_id:
            problem = Problem(leg_spec, Reason.REFERENCE, "contact_id", _("Is not the contact that it lies in."))
            item.wrong = item.wrong or (f"segments.{place}.contact_id", problem)
        add(item, leg_spec, named | {"contact_id": item.contact_id}, f"segments.{place}.")
    return item


def add(item: Item, spec: FileSpec, fields: Mapping[str, Any], path: str) -> None:
    problem = shape_problem(spec, fields)
    checked = problem or check(spec, fields)
    if isinstance(checked, CheckedRow):
        item.rows.append(checked)
    else:
        item.wrong = item.wrong or (f"{path}{checked.column}".rstrip("."), checked)


def shape_problem(spec: FileSpec, fields: Mapping[str, Any]) -> Problem | None:
    """What JSON can be wrong about and a line of a file cannot: names, and the kinds of values."""
    for name, value in fields.items():
        if name not in spec.by_name:
            return kept_problem(spec, fields, name, _("Unknown field."))
        many = name == "flags" and isinstance(value, list)
        if not all(is_plain(part) for part in (value if many else [value])):
            return kept_problem(spec, fields, name, _("Expected text or a number."))
    return None


def is_plain(value: Any) -> bool:
    """Text that can be stored, a number or nothing."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value) if not value.isascii() else True
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def kept_problem(spec: FileSpec, fields: Mapping[str, Any], name: str, message: str) -> Problem:
    raw = {problems.clean(key): problems.clean(str(value)) for key, value in fields.items()}
    return Problem(spec, Reason.FIELDS, problems.clean(name)[:60], message, spec.row_id(raw), raw)


def as_name(value: Any) -> str:
    return problems.clean(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def take_in(source: str, items: Sequence[Item], *, client: Client | None = None, keep_rejected: bool = True) -> None:
    """Take in the contacts that are right, whole or not at all, and write on each item what became of it."""
    with transaction.atomic():
        while True:
            place = transaction.savepoint_create()
            if take_in_once(source, [item for item in items if item.wrong is None], client):
                break
            # A leg of a contact was rejected: the contact must not stay without it. Again, without that contact.
            transaction.savepoint_rollback(place)
        taken = [item for item in items if item.wrong is None]
        find_keys(source, taken)
        drop_other_segments(taken)
        rejected = [item for item in items if item.wrong is not None]
        if keep_rejected and rejected:
            row, _made = Source.objects.get_or_create(name=source)
            quarantine.keep(row, [problem for item in rejected for problem in to_keep(item)])
        if any(item.status != "unchanged" for item in taken):
            happened.send(sender=Contact, contact=None, case_event=None)


def take_in_once(source: str, items: Sequence[Item], client: Client | None) -> bool:
    """Return False where a contact was taken in and one of its legs was not."""
    fill_absent(source, items)
    results = iter(intake.take_in(source, [row for item in items for row in item.rows], client=client))
    whole = True
    for item in items:
        found = [next(results) for _row in item.rows]
        for place, result in enumerate(found):
            if result.problem is not None and item.wrong is None:
                path = f"segments.{place - 1}." if place else ""
                item.wrong = (f"{path}{result.problem.column}", result.problem)
        if item.wrong is not None:
            whole = whole and found[0].problem is not None
            continue
        statuses = {result.status for result in found}
        item.status = found[0].status if found[0].status == "created" or len(statuses) == 1 else "updated"
    return whole


def fill_absent(source: str, items: Sequence[Item]) -> None:
    rows = [item.rows[0] for item in items]
    mixed = [name for name in KEPT_WHEN_ABSENT if len({name in row.raw for row in rows}) > 1]
    if not mixed:
        return
    stored = {
        name: (code, subject)
        for name, code, subject in Contact.objects.filter(
            source__name=source, external_id__in=[row.row_id for row in rows]
        ).values_list("external_id", "client__code", "subject")
    }
    places = {column.name: place for place, column in enumerate(spec_of("contacts").columns)}
    for row in rows:
        for name in mixed:
            if name not in row.raw and row.row_id in stored:
                row.staged[places[name]] = stored[row.row_id][KEPT_WHEN_ABSENT.index(name)]


def find_keys(source: str, items: Sequence[Item]) -> None:
    keys = dict(
        Contact.objects.filter(source__name=source, external_id__in=[item.contact_id for item in items]).values_list(
            "external_id", "pk"
        )
    )
    for item in items:
        item.id = keys[item.contact_id]


def drop_other_segments(items: Sequence[Item]) -> None:
    """The list of segments that was sent is the list that there is afterwards; one that an agent is in now stays."""
    listed = {item.id: item for item in items if item.has_segments and item.status != "created"}
    if not listed:
        return
    sent = [row.row_id for item in listed.values() for row in item.rows[1:]]
    others = Segment.objects.filter(contact__in=listed, is_running=False).exclude(external_id__in=sent)
    touched = set(others.values_list("contact", flat=True))
    if touched:
        others.delete()
        settle(touched)
        for key in touched:
            listed[key].status = "updated"


def to_keep(item: Item) -> Iterable[Problem]:
    """The rows of a rejected contact, for the quarantine: the one that is wrong, and those that come and go with it."""
    assert item.wrong is not None
    _path, wrong = item.wrong
    yield (
        wrong
        if wrong.row_id or wrong.raw
        else Problem(wrong.spec, wrong.reason, wrong.column, wrong.message, item.contact_id)
    )
    for row in item.rows:
        if (row.spec.name, row.row_id) == (wrong.spec.name, wrong.row_id):
            continue
        column = "contact_id" if row.spec.name == "segments" else "segments"
        yield Problem(row.spec, Reason.REFERENCE, column, _("Came with a row that was rejected."), row.row_id, row.raw)
