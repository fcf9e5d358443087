from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exchange.api_keys import lost_api_keys


class Command(BaseCommand):
    help = "Say which API keys are lost with their SECRET_KEY, as after a restore without it."

    def handle(self, *args: Any, **options: Any) -> None:
        lost = lost_api_keys(timezone.now())
        if not lost:
            self.stdout.write("No API key is lost.")
            return
        self.stdout.write(
            f"{len(lost)} API keys of {len({key.user_id for key in lost})} users are lost: they were made under another"
            " SECRET_KEY. Start with that one, or name it in SECRET_KEY_FALLBACKS; else their users need new keys:"
        )
        for key in lost:
            self.stdout.write(f"  {key.pk} {key.user.username}")
