from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"

    def ready(self) -> None:
        """Make our Celery application the one that `shared_task` binds to, in every process that loads Django."""
        from helpdesk import celery  # noqa: F401 - imported for its effect, once the apps are there
