from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.fees import VOLUME_DAYS, fee_tiers_recompute


class Command(BaseCommand):
    help = f"Give everybody the fee tier that their last {VOLUME_DAYS} days earn, now instead of at night."

    def handle(self, *args: Any, **options: Any) -> None:
        done = fee_tiers_recompute(now=timezone.now())
        if done is None:
            self.stdout.write("another process is doing it already")
        else:
            self.stdout.write(f"{done.tiers} tiers, {done.changed} of them new or changed, {done.lost} lost")
