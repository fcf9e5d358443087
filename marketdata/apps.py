from django.apps import AppConfig


class MarketdataConfig(AppConfig):
    name = "marketdata"
    verbose_name = "Market data"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from exchange.roles import roles_sync

        # This is the last of the apps, so every right exists by now.
        post_migrate.connect(roles_sync, sender=self, dispatch_uid="roles_sync")
