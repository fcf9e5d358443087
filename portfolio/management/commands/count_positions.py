from typing import Any

from django.core.management.base import BaseCommand

from exchange.models import User
from portfolio.services import portfolio_count


class Command(BaseCommand):
    help = "Count the trades of all users in their positions, now instead of when they look."

    def handle(self, *args: Any, **options: Any) -> None:
        users = positions = 0
        for user in User.objects.order_by("pk").iterator():
            counted = portfolio_count(user=user)
            while not counted.is_complete:
                counted = portfolio_count(user=user)
            users += 1
            positions += len(counted.figures)
        self.stdout.write(f"{users} users, {positions} positions")
