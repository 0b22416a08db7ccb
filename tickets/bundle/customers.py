"""Who a row's customer is: found by what the log calls her, else by e-mail or phone; made when nobody is found.

An address that already belongs to somebody else stays where it is: a shared telephone must not merge two people.
"""

from __future__ import annotations

from django.db import connection

from tickets.bundle.columns import Makes
from tickets.bundle.spec import all_specs
from tickets.bundle.staging import Stage
from tickets.intake import read_address
from tickets.models.customer import Identity

# The key of a staged contact's customer, in the words of `stage_who`.
CONTACT_KEY = """
CASE WHEN s.customer_id IS NOT NULL THEN 'external:' || s.customer_id
     WHEN s.customer_email IS NOT NULL THEN 'email:' || lower(s.customer_email)
     WHEN s.customer_phone IS NOT NULL
        THEN 'phone:' || (SELECT f.number FROM stage_phone f WHERE f.given = s.customer_phone) END
"""
# The same for the files that name customers by id alone.
KEY = "'external:' || s.customer_id"

_NO_COUNTRY = "ZZ"
_COUNTRY_OF_ZONE = {
    "Europe/Stockholm": "SE",
    "Europe/Helsinki": "FI",
    "Europe/Mariehamn": "AX",
    "Europe/Oslo": "NO",
    "Europe/Copenhagen": "DK",
}


def make(stage: Stage) -> None:
    """Fill `stage_who` with every customer that the staged rows name, and make those who are new."""
    _read_phones(stage)
    named = [f"SELECT {CONTACT_KEY} AS key, s.client FROM stage_contacts s"]
    named += [
        f"SELECT {KEY}, NULL FROM {spec.stage} s WHERE s.customer_id IS NOT NULL"
        for spec in all_specs()
        if spec.name != "contacts" and any(column.makes == Makes.CUSTOMER for column in spec.columns)
    ]
    stage.run(
        f"""
        INSERT INTO stage_who (key, client_id)
        SELECT n.key, coalesce(min(c.id), %(client)s) FROM ({" UNION ALL ".join(named)}) n
        LEFT JOIN tickets_client c ON c.code = n.client
        WHERE n.key IS NOT NULL GROUP BY n.key
        """
    )
    # In this order, so that a row that has only a number finds the customer who gave it in another row of the log.
    for kind in ("external", "email", "phone"):
        stage.run(_FIND)
        stage.run("TRUNCATE stage_new_who")
        stage.run(_DRAW, kind=kind)
        for statement in (_MAKE, _NAME, _EXTERNAL, _EMAIL, _PHONE):
            stage.run(statement)
    stage.run("ANALYZE stage_who")
    stage.run(_DESCRIBE)


def _read_phones(stage: Stage) -> None:
    """Write the phone numbers of the log as E.164, each distinct one once. One that is no number is left out."""
    if "customer_phone" not in stage.present.get("contacts", ()):
        return
    region = _region(stage)
    unread = 0
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT customer_phone FROM stage_contacts WHERE customer_phone > %s"
                " ORDER BY customer_phone LIMIT 5000",
                [last],
            )
            given = [row[0] for row in cursor.fetchall()]
            if not given:
                break
            numbers = [(text, e164(text, region)) for text in given]
            cursor.executemany("INSERT INTO stage_phone (given, number) VALUES (%s, %s)", [n for n in numbers if n[1]])
        unread += sum(1 for _text, number in numbers if number is None)
        last = given[-1]
    if unread:
        stage.notes.append(f"contacts.csv: {unread} different texts in customer_phone are no phone numbers: left out.")


def e164(text: str, region: str) -> str | None:
    """Return the number in international form, or None where it is none. `region` reads numbers without a country."""
    address = read_address(text, region)
    return address.value if address and address.kind == Identity.Kind.PHONE else None


def _region(stage: Stage) -> str:
    """The country of the client's calendar, or of its time zone. Elsewhere only numbers with their country are read."""
    agreement = stage.client.agreements.select_related("calendar").order_by("-valid_from").first()
    if agreement is None:
        return _NO_COUNTRY
    return agreement.calendar.country[:2] or _COUNTRY_OF_ZONE.get(agreement.calendar.timezone, _NO_COUNTRY)


_FIND = """
UPDATE stage_who w SET customer_id = i.customer_id
FROM tickets_identity i
WHERE w.customer_id IS NULL
    AND (i.kind, i.value) = (split_part(w.key, ':', 1), substr(w.key, strpos(w.key, ':') + 1))
    AND (i.source_id IS NOT DISTINCT FROM CASE WHEN i.kind = 'external' THEN %(source)s::smallint END)
"""
# Those who stay without a key yet get one now, and are told from the others by having no customer.
_DRAW = """
INSERT INTO stage_new_who
SELECT key, nextval(pg_get_serial_sequence('tickets_customer', 'id')), client_id
FROM stage_who WHERE customer_id IS NULL AND starts_with(key, %(kind)s || ':')
"""
_MAKE = """
INSERT INTO tickets_customer (id, name, language, client_id, created_at)
SELECT customer_id, '', '', client_id, now() FROM stage_new_who ORDER BY customer_id
"""
_NAME = """
UPDATE stage_who w SET customer_id = n.customer_id FROM stage_new_who n WHERE n.key = w.key
"""
_EXTERNAL = """
INSERT INTO tickets_identity (customer_id, kind, value, source_id)
SELECT customer_id, 'external', substr(key, 10), %(source)s FROM stage_new_who
WHERE key LIKE 'external:%%' ORDER BY key
ON CONFLICT DO NOTHING
"""
_EMAIL = f"""
INSERT INTO tickets_identity (customer_id, kind, value)
SELECT DISTINCT ON (value) customer_id, 'email', value
FROM (SELECT w.customer_id, lower(s.customer_email) AS value, s.line
      FROM stage_contacts s JOIN stage_who w ON w.key = {CONTACT_KEY}
      WHERE s.customer_email IS NOT NULL AND w.customer_id IS NOT NULL) n
ORDER BY value, line
ON CONFLICT DO NOTHING
"""
_PHONE = f"""
INSERT INTO tickets_identity (customer_id, kind, value)
SELECT DISTINCT ON (value) customer_id, 'phone', value
FROM (SELECT w.customer_id, f.number AS value, s.line
      FROM stage_contacts s JOIN stage_who w ON w.key = {CONTACT_KEY}
      JOIN stage_phone f ON f.given = s.customer_phone
      WHERE w.customer_id IS NOT NULL) n
ORDER BY value, line
ON CONFLICT DO NOTHING
"""
# The last row of the log that says a name or a language is believed.
_DESCRIBE = f"""
UPDATE tickets_customer c SET name = coalesce(n.name, c.name), language = coalesce(n.language, c.language)
FROM (SELECT w.customer_id,
             (array_agg(s.customer_name ORDER BY s.line DESC) FILTER (WHERE s.customer_name IS NOT NULL))[1] AS name,
             (array_agg(s.language ORDER BY s.line DESC) FILTER (WHERE s.language IS NOT NULL))[1] AS language
      FROM stage_contacts s JOIN stage_who w ON w.key = {CONTACT_KEY}
      WHERE s.customer_name IS NOT NULL OR s.language IS NOT NULL GROUP BY w.customer_id) n
WHERE c.id = n.customer_id AND (c.name, c.language)
    IS DISTINCT FROM (coalesce(n.name, c.name), coalesce(n.language, c.language))
"""
