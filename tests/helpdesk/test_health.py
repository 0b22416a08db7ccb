"""Health: true answers, in public, that give nothing away."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder


@pytest.mark.django_db
def test_a_sound_installation_is_live_and_ready(client):
    assert client.get("/livez/").status_code == 200
    assert client.get("/readyz/").status_code == 200


@pytest.mark.django_db
def test_without_redis_it_is_not_ready_but_live(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock?db=0"
    answer = client.get("/readyz/")
    assert answer.status_code == 503
    assert answer.content == b"not ready\n"
    assert client.get("/livez/").status_code == 200


@pytest.mark.django_db
def test_with_a_migration_not_applied_it_is_not_ready(client):
    MigrationRecorder.Migration.objects.filter(app="tickets").delete()
    answer = client.get("/readyz/")
    assert answer.status_code == 503
    assert b"tickets" not in answer.content


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready_but_live(client):
    def broken(execute, sql, params, many, context):
        raise OperationalError("connection to server on socket /secret/place failed")

    with connection.execute_wrapper(broken):
        answer = client.get("/readyz/")
        assert answer.status_code == 503
        assert b"secret" not in answer.content
        assert client.get("/livez/").status_code == 200


@pytest.mark.django_db
def test_health_cannot_be_posted_to(client):
    assert client.post("/readyz/").status_code == 405
