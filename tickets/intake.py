"""A new contact: who is it, and what becomes of it when the agent is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.models import OPEN_STATUSES, Agreement, Case, Client, Contact, Customer, Identity, User
from tickets.models.customer import CustomerQuerySet

# Where neither the client nor anybody else says in which country a number was dialled.
DEFAULT_REGION = "SE"
SUGGESTIONS = 8


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address or phone number in the one form in which it is compared."""

    kind: Identity.Kind
    value: str


def region_of(client: Client | None) -> str:
    """The country in which a number without a country code was dialled: that of the client's calendar."""
    countries = (
        Agreement.objects.filter(client=client).order_by("-valid_from").values_list("calendar__country", flat=True)
    )
    return (countries.first() or DEFAULT_REGION)[:2].upper()


def read_address(text: str, region: str = DEFAULT_REGION) -> Address | None:
    """Read what somebody typed as an e-mail address or a phone number; None where it is neither."""
    text = text.strip()
    if "@" in text:
        try:
            validate_email(text)
        except ValidationError:
            return None
        return Address(Identity.Kind.EMAIL, text.lower())
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return Address(Identity.Kind.PHONE, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def read_address_or_complain(text: str, region: str = DEFAULT_REGION) -> Address:
    address = read_address(text, region)
    if address is None:
        raise ValidationError(_("“%(text)s” is neither an e-mail address nor a phone number."), params={"text": text})
    return address


def suggest(text: str, *, user: User, region: str = DEFAULT_REGION) -> CustomerQuerySet:
    """The customers that a half-typed number, address or name may mean, served by indexes at every size."""
    customers = Customer.objects.visible_to(user).themselves().prefetch_related("identities")
    text = text.strip()
    if not text:
        return customers.none()
    if beginning := _beginning_of_number(text, region):
        kind = Identity.Kind.PHONE
    elif "@" in text:
        kind, beginning = Identity.Kind.EMAIL, text.lower()
    else:
        words = [word for word in text.replace("'", " ").replace("\\", " ").split() if word.isalnum() or "-" in word]
        query = SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple")
        named = customers.annotate(words=SearchVector("name", config="simple")).filter(words=query)
        return (named if words else customers.none()).order_by("name", "pk")[:SUGGESTIONS]
    known = Identity.objects.filter(kind=kind, value__startswith=beginning).order_by("value")
    return customers.filter(pk__in=list(known.values_list("customer", flat=True)[:SUGGESTIONS])).order_by("name", "pk")


def _beginning_of_number(text: str, region: str) -> str:
    """The digits typed so far as the beginning of a number in E.164; "" where it is no number."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) < 3 or not set(text) <= set("+0123456789 ()-/."):
        return ""
    if text.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+{phonenumbers.country_code_for_region(region)}{digits.removeprefix('0')}"


def find_or_make(
    *, client: Client | None = None, name: str = "", email: str = "", phone: str = "", region: str = ""
) -> Customer:
    """Return the customer with that address or number, made where nobody has it. What she lacked is added.

    An address that belongs to somebody else stays hers: two customers are joined by a person, not by a guess.
    """
    # Only a number needs a country.
    region = region or (region_of(client) if phone.strip() else DEFAULT_REGION)
    addresses = [read_address_or_complain(text, region) for text in (phone, email) if text.strip()]
    with transaction.atomic(savepoint=False):
        known, by_which = None, None
        for address in addresses:
            if known := Customer.objects.filter(identities__kind=address.kind, identities__value=address.value).first():
                by_which = address
                break
        customer = known or Customer.objects.create(name=name.strip(), client=client)
        if name and not customer.name:
            Customer.objects.filter(pk=customer.pk, name="").update(name=name.strip())
            customer.refresh_from_db()
        # Two agents who enter one new number at once: the second finds the first's customer instead of failing.
        for address in addresses:
            if address == by_which:
                continue
            owner = _claim(address, customer)
            if owner != customer and known is None and not customer.identities.exists():
                customer.delete()
                return owner
    return customer


def _claim(address: Address, customer: Customer) -> Customer:
    identity, _made = Identity.objects.get_or_create(
        kind=address.kind, value=address.value, source=None, defaults={"customer": customer}
    )
    return identity.customer


def add_address(customer: Customer, text: str) -> None:
    """Give a customer one more address or number.

    Raises:
        ValidationError: It cannot be read, or it is somebody else's.
    """
    address = read_address_or_complain(text, region_of(customer.client))
    if _claim(address, customer) != customer:
        raise ValidationError(_("“%(text)s” belongs to another customer."), params={"text": text})


def cases_to_continue(contact: Contact, user: User) -> list[Case]:
    """The customer's open cases, newest activity first, and the one that the contact is on."""
    wanted = Q(pk=contact.case_id or 0)
    if contact.customer_id:
        wanted |= Q(customer=contact.customer_id, status__in=OPEN_STATUSES)
    return list(Case.objects.visible_to(user).filter(wanted).order_by("-updated_at")[:SUGGESTIONS])


def finish(
    contact: Contact,
    *,
    by: User,
    opens_case: bool,
    note: str = "",
    promised_at: datetime | None = None,
    at: datetime | None = None,
) -> None:
    """The agent is done: open the case, keep the note, resolve or promise, and end the wrap-up. All of it or nothing.

    Only the first time does it touch the case: whoever corrects a contact of last week does not resolve a case that has
    been reopened since. A button pressed twice writes one note.
    """
    at = at or timezone.now()
    with transaction.atomic():
        # Locked, so that of two presses the second finds it complete.
        leg = contact.segments.select_for_update(no_key=True).filter(agent=by, is_complete=False).first()
        if opens_case and contact.case is None:
            contact.describe(by=by, case=_open_case(contact, by))
        if note.strip() and not contact.messages.filter(author=by, body=note.strip()).exists():
            contact.write_note(note.strip(), by=by, at=at)
        if leg and contact.case and contact.solved:
            contact.case.resolve(by=by, at=at)
        if leg and contact.case and promised_at and contact.solved is False:
            contact.case.promise(due_at=promised_at, by=by, at=at)
        contact.wrap_up(by=by, at=at)
        contact.segments.filter(agent=by).update(draft="", is_complete=True)


def _open_case(contact: Contact, by: User) -> Case:
    """Open a case that begins when the customer made contact, not when somebody found time to write it down."""
    topic = contact.topic
    return Case.open_new(
        by=by,
        client=contact.client,
        channel=contact.channel,
        at=contact.started_at,
        customer=contact.customer,
        topic=topic,
        queue=contact.queue,
        owner=by,
        subject=contact.subject or (topic.name if topic else ""),
    )
