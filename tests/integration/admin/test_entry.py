"""The login of the back office."""

from django.test import Client
from pytest_django import Settings

from base.throttling.logins import FREE_TOGETHER
from exchange.models import User
from tests.fixtures import fresh_name

DOOR, PASSWORD = "/admin/login/", "a-long-secret-7"


def try_to_log_in(username: str, password: str) -> str:
    """Fill in the form; return where it leads to, or the page with what is wrong."""
    answer = Client().post(f"{DOOR}?next=/admin/", {"username": username, "password": password})
    return answer.headers.get("Location", answer.content.decode())


def test_tries_are_limited_by_name_whatever_stands_around_it() -> None:
    clerk = User.objects.create_user(fresh_name("clerk-"), password=PASSWORD, is_staff=True)
    other = User.objects.create_user(fresh_name("clerk-"), password=PASSWORD, is_staff=True)

    assert try_to_log_in(clerk.username, PASSWORD) == "/admin/"
    for blanks in range(FREE_TOGETHER + 4):
        try_to_log_in(clerk.username + " " * blanks, "wrong")

    assert "Too many tries" in try_to_log_in(clerk.username, PASSWORD)
    assert try_to_log_in(other.username, PASSWORD) == "/admin/"


def test_tries_at_the_api_count_too(settings: Settings) -> None:
    settings.LOGIN_RATE_PER_MINUTE = 2
    clerk = User.objects.create_user(fresh_name("clerk-"), password=PASSWORD, is_staff=True)
    wrong = {"username": clerk.username, "password": "wrong"}

    for _ in range(5):
        Client().post("/api/v1/auth/token", wrong, content_type="application/json")

    assert "Too many tries" in try_to_log_in(clerk.username, PASSWORD)
