"""The words of the cases that were there before search was, some thousands at a time while the desk is at work."""

from django.db import migrations

BATCH = 5_000
# A case that is there already is kept by the triggers. The others get an empty row first: from then on the triggers add
# what is written meanwhile, and the second statement waits for them before it reads the whole.
FILL = """
INSERT INTO tickets_casewords (case_id, words, doors, shelf)
SELECT number, ''::tsvector, desk_doors(queue_id, owner_id), desk_shelf(number) FROM tickets_case
WHERE number BETWEEN %(first)s AND %(last)s
ON CONFLICT DO NOTHING
RETURNING case_id
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) FROM tickets_case")
        newest = cursor.fetchone()[0]
        for first in range(1, newest + 1, BATCH):
            cursor.execute(FILL, {"first": first, "last": first + BATCH - 1})
            if numbers := [number for (number,) in cursor.fetchall()]:
                cursor.execute("SELECT desk_refresh_words(%s)", [numbers])


class Migration(migrations.Migration):
    # Each batch by itself: nobody waits for the whole.
    atomic = False
    dependencies = [("tickets", "0005_search")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
