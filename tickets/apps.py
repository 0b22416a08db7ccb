from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"

    def ready(self) -> None:
        from tickets import callbacks  # noqa: F401 - puts who asks to be called back on the list
        from tickets.bundle import desk  # noqa: F401 - makes the desk's files known to the import
