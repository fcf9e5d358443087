from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from operations.partitions import create_partitions


class Command(BaseCommand):
    help = "Create the partitions of orders, trades and journal that will be needed next."

    def handle(self, *args: Any, **options: Any) -> None:
        created = create_partitions(today=timezone.now().date())
        self.stdout.write(f"{len(created)} partitions created")
