from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchange.health import register_check
        from matching.health import check_engines

        register_check("engines", check_engines)
