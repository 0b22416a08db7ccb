from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"

    def ready(self) -> None:
        from tickets.bundle import desk  # noqa: F401 - makes the desk's files known to the import
