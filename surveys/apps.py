from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"

    def ready(self) -> None:
        from surveys import bundle, receivers  # noqa: F401 - connect themselves to the import and to the desk's event
