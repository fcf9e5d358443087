"""System checks say what is wrong with the wallet's settings."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from settlement.checks import check_wallet

REMOTE = {"WALLET": "remote", "WALLET_URL": "http://127.0.0.1:9001", "WALLET_TOKEN": "a token of sixteen"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"WALLET": "settlement.ledger.EmbeddedLedger"}, ["settlement.E001"]),
        (REMOTE, []),
        (REMOTE | {"WALLET_URL": ""}, ["settlement.E002"]),
        (REMOTE | {"WALLET_URL": "127.0.0.1:9001"}, ["settlement.E002"]),
        (REMOTE | {"WALLET_TOKEN": ""}, ["settlement.E002"]),
        (REMOTE | {"WALLET_TIMEOUT_MS": 5_000}, ["settlement.E003"]),
        (REMOTE | {"WALLET_CONCURRENCY": 0}, ["settlement.E003"]),
        (REMOTE | {"WALLET_CONCURRENCY": 24}, ["settlement.W001"]),
        (REMOTE | {"WALLET_URL": "http://wallet.example"}, ["settlement.W002"]),
        (REMOTE | {"WALLET_URL": "https://wallet.example"}, []),
        ({"WALLET_SERVICE_TOKEN": "short"}, ["settlement.E004"]),
        ({"WALLET_SERVICE_TOKEN": "a token of sixteen"}, []),
    ],
)
def test_what_is_wrong_is_named(settings: Settings, given: dict[str, Any], expected: list[str]) -> None:
    for name, value in given.items():
        setattr(settings, name, value)

    assert [message.id for message in check_wallet(None)] == expected
