import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import make_case, make_customer
from tests.tickets.api.calling import description

pytestmark = pytest.mark.django_db

AS_DESCRIBED = [content_type_conformance, response_schema_conformance, status_code_conformance]
HOSTILE = settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_the_description_is_valid_openapi_3_1_and_nothing_in_it_was_guessed(system, capsys):
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert schema["openapi"] == "3.1.0"
    assert capsys.readouterr().err == ""


def test_every_operation_describes_its_problems_and_every_write_its_key(system):
    schema = description(system)
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert ("Idempotency-Key" in names) == (method != "get")


def test_every_operation_is_named_once(system):
    schema = description(system)
    names = [operation["operationId"] for operations in schema["paths"].values() for operation in operations.values()]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith("_2")]


@pytest.fixture
def one_connection():
    """Let a request end without closing the connection that holds the test's transaction, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.heavy
@pytest.mark.usefixtures("one_connection")
def test_hostile_input_by_the_description_finds_no_fault_of_ours(system):
    """Schemathesis makes requests from the description, right ones and wrong ones. Whatever comes, we answer as we said."""
    make_case(customer=make_customer("x"))
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", get_wsgi_application(), headers=system.token | {"Accept": "application/vnd.oai.openapi+json"}
    )
    tried = 0
    for operation in (result.ok() for result in schema.get_all_operations()):
        strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        if operation.method != "get" or operation.query:
            strategy |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @HOSTILE
        @given(case=strategy)
        def send(case):
            nonlocal tried
            tried += 1
            case.call_and_validate(headers=system.token, checks=[not_a_server_error, *AS_DESCRIBED])

        send()
    assert tried > 300
