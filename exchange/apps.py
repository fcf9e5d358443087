from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from base import schema  # noqa: F401  (registers what it defines)
        from exchange import checks, login_trail  # noqa: F401  (as above)
