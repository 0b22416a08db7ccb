"""Lists that are at once there with a million cases, and changes to many cases at once."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


# Statement by statement and not row by row: an import writes thousands of promises at once. The cases are locked first, so that
# of two promises made at one moment the second one counts the first.
KEEP = """
CREATE FUNCTION tickets_keep_next_promise(touched bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM tickets_case WHERE number = ANY(touched) ORDER BY number FOR NO KEY UPDATE;
    UPDATE tickets_case c SET next_promise_at = due.at
    FROM (
        SELECT t.number, min(p.due_at) FILTER (WHERE p.fulfilled_at IS NULL AND p.cancelled_by = '') AS at
        FROM unnest(touched) AS t (number) LEFT JOIN tickets_promise p ON p.case_id = t.number
        GROUP BY t.number
    ) due
    WHERE c.number = due.number AND c.next_promise_at IS DISTINCT FROM due.at;
END $$;
CREATE FUNCTION tickets_promises_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tickets_keep_next_promise(ARRAY(SELECT DISTINCT case_id FROM written));
    RETURN NULL;
END $$;
CREATE FUNCTION tickets_promises_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tickets_keep_next_promise(ARRAY(SELECT case_id FROM written UNION SELECT case_id FROM gone));
    RETURN NULL;
END $$;
CREATE FUNCTION tickets_promises_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tickets_keep_next_promise(ARRAY(SELECT DISTINCT case_id FROM gone));
    RETURN NULL;
END $$;
CREATE TRIGGER promises_made AFTER INSERT ON tickets_promise
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tickets_promises_made();
CREATE TRIGGER promises_changed AFTER UPDATE ON tickets_promise
    REFERENCING NEW TABLE AS written OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tickets_promises_changed();
CREATE TRIGGER promises_gone AFTER DELETE ON tickets_promise
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tickets_promises_gone();
"""

FORGET = """
DROP TRIGGER promises_made ON tickets_promise;
DROP TRIGGER promises_changed ON tickets_promise;
DROP TRIGGER promises_gone ON tickets_promise;
DROP FUNCTION tickets_promises_made();
DROP FUNCTION tickets_promises_changed();
DROP FUNCTION tickets_promises_gone();
DROP FUNCTION tickets_keep_next_promise(bigint[]);
"""

# Only what is pending: few cases have a promise that still waits.
FILL = """
SELECT tickets_keep_next_promise(ARRAY(
    SELECT DISTINCT case_id FROM tickets_promise WHERE fulfilled_at IS NULL AND cancelled_by = ''
));
"""


class Migration(migrations.Migration):
    # Indexes are built while the desk goes on working.
    atomic = False

    dependencies = [
        ('tickets', '0006_search_old_cases'),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('verb', models.CharField(choices=[('assign', 'Give to'), ('queue', 'Move to queue'), ('topic', 'Set topic'), ('priority', 'Set priority'), ('status', 'Set status'), ('snooze', 'Snooze until'), ('incident', 'Link to incident'), ('follow', 'Follow'), ('flag', 'Mark as'), ('reply', 'Write to all')], max_length=8)),
                ('value', models.TextField(blank=True)),
                ('total', models.IntegerField()),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('undo_asked_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BulkStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('waiting', 'not yet'), ('changed', 'changed'), ('kept', 'stayed as it was'), ('refused', 'could not be changed'), ('undone', 'taken back'), ('moved_on', 'changed by somebody since, so it stays')], default='waiting', max_length=8)),
                ('before', models.JSONField(default=dict)),
                ('event', models.BigIntegerField(default=0)),
            ],
        ),
        RemoveIndexConcurrently(
            model_name='case',
            name='case_queue_open',
        ),
        migrations.AddField(
            model_name='case',
            name='next_promise_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='next promise'),
        ),
        migrations.RunSQL(KEEP, FORGET),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['queue', 'updated_at', 'number'], name='case_list_updated'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['queue', 'created_at', 'number'], name='case_list_created'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['queue', 'next_promise_at', 'number'], name='case_list_promise'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['queue', 'resolution_due_at', 'number'], name='case_list_due'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(models.F('queue'), django.db.models.functions.text.StrIndex(models.Value('urgent high normal low'), models.F('priority')), models.F('number'), condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), name='case_list_priority'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['queue', 'number'], name='case_list_number'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(fields=['queue', 'updated_at', 'number'], name='case_list_all_updated'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(fields=['queue', 'created_at', 'number'], name='case_list_all_created'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(fields=['queue', 'number'], name='case_list_all_number'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(fields=['queue', 'resolution_due_at', 'number'], name='case_list_all_due'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(models.F('queue'), django.db.models.functions.text.StrIndex(models.Value('urgent high normal low'), models.F('priority')), models.F('number'), name='case_list_all_priority'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('next_promise_at__isnull', False)), fields=['queue', 'next_promise_at', 'number'], name='case_list_all_promise'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(fields=['owner', 'updated_at', 'number'], name='case_list_owner'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party'))), fields=['team', 'updated_at', 'number'], name='case_list_team'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('status__in', ('open', 'waiting_customer', 'waiting_third_party')), ('owner__isnull', True)), fields=['queue', 'updated_at', 'number'], name='case_list_nobody'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('subject', config='simple'), name='case_list_words'),
        ),
        migrations.AddField(
            model_name='bulkchange',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='bulkstep',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.case'),
        ),
        migrations.AddField(
            model_name='bulkstep',
            name='change',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='tickets.bulkchange'),
        ),
        migrations.AddIndex(
            model_name='bulkchange',
            index=models.Index(condition=models.Q(('done_at__isnull', True), models.Q(('undo_asked_at__isnull', False), ('undone_at__isnull', True)), _connector='OR'), fields=['made_at'], name='bulk_change_running'),
        ),
        migrations.AddConstraint(
            model_name='bulkchange',
            constraint=models.CheckConstraint(condition=models.Q(('total__gt', 0)), name='bulk_change_of_something'),
        ),
        migrations.AddConstraint(
            model_name='bulkstep',
            constraint=models.UniqueConstraint(fields=('change', 'case'), name='bulk_step_once'),
        ),
    ]
