from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchange.models import User
from portfolio.services import portfolio_count


class Command(BaseCommand):
    help = "Count the trades of all users in their positions, or of some, now instead of when they look."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="*", help="of these users only")

    def handle(self, *args: Any, username: list[str], **options: Any) -> None:
        asked = User.objects.filter(username__in=username) if username else User.objects.all()
        if unknown := set(username) - set(asked.values_list("username", flat=True)) if username else None:
            raise CommandError(f"no such user: {', '.join(sorted(unknown))}")
        users = positions = 0
        for user in asked.order_by("pk").iterator():
            counted = portfolio_count(user=user)
            while not counted.is_complete:
                counted = portfolio_count(user=user)
            users += 1
            positions += len(counted.figures)
        self.stdout.write(f"{users} users, {positions} positions")
