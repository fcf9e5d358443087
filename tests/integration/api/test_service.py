"""What operators and tools ask: health, readiness, metrics, the schema and its page."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from base import health
from base.valkey import valkey
from exchange.models import Market
from exchange.selectors import forget_markets
from matching.messages import heartbeat_key


def test_health_needs_nobody_else(visitor: APIClient) -> None:
    assert visitor.get("/health").json()["data"] == {"status": "ok"}


@pytest.fixture
def all_engines(market: Market) -> Iterator[None]:
    """Let every market of this database have a heartbeat."""
    forget_markets()
    keys = [heartbeat_key(each.slug) for each in Market.objects.all()]
    for key in keys:
        valkey().set(key, json.dumps({"seq": 0}), ex=30)
    yield
    valkey().delete(*keys)


@pytest.fixture
def insider(settings: Any) -> APIClient:
    """Somebody who asks a private port."""
    settings.ROOT_URLCONF = "config.private_urls"
    return APIClient()


def test_everybody_is_told_whether_it_is_ready_and_no_more(
    visitor: APIClient, all_engines: None, market: Market
) -> None:
    assert visitor.get("/ready").json()["data"] == {"status": "ready"}
    valkey().delete(heartbeat_key(market.slug))

    answer = visitor.get("/ready")

    assert answer.status_code == 503
    assert answer.json()["error"] == {"code": "SERVICE_UNAVAILABLE", "message": "Not ready", "details": {}}


@pytest.mark.parametrize("path", ["/metrics", "/internal/wallet/v1/ping", "/internal/wallet/v1/schema"])
def test_what_is_private_is_nowhere_on_public_ports(visitor: APIClient, path: str, settings: Any) -> None:
    settings.WALLET_SERVICE_TOKEN = "x" * 40
    assert visitor.get(path, headers={"Authorization": f"Bearer {'x' * 40}"}).status_code == 404


def test_ready_when_every_part_is(insider: APIClient, all_engines: None) -> None:
    answer = insider.get("/ready")

    checks = answer.json()["data"]["checks"]
    assert answer.status_code == 200
    assert {"database", "channel_layer", "broker", "engines"} <= set(checks)
    assert {check["status"] for check in checks.values()} == {"ok"}


def test_a_market_without_an_engine_is_named(insider: APIClient, all_engines: None, market: Market) -> None:
    valkey().delete(heartbeat_key(market.slug))

    answer = insider.get("/ready")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert error["details"]["failing"] == ["engines"]
    assert market.slug in error["message"]
    assert error["details"]["checks"]["database"]["status"] == "ok"


def test_a_broken_and_a_hanging_part_are_both_reported_in_time(
    insider: APIClient, all_engines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError("10.0.0.7 refused")

    monkeypatch.setattr(health, "_checks", {**health._checks, "broken": broken, "hanging": lambda: time.sleep(1)})
    monkeypatch.setattr(health, "TIMEOUT_S", 0.3)

    answer = insider.get("/ready")

    details = answer.json()["error"]["details"]
    assert {"broken", "hanging"} <= set(details["failing"])
    assert details["checks"]["broken"]["error"] == "OSError"
    assert "No answer" in details["checks"]["hanging"]["error"]
    assert b"10.0.0.7" not in answer.content


def test_metrics_show_the_business(insider: APIClient) -> None:
    text = insider.get("/metrics").content.decode()

    assert 'trade_engine_failed_settlements{state="dead"}' in text
    assert "# TYPE trade_engine_trades_unsettled gauge" in text
    assert "# TYPE trade_engine_market_seq gauge" in text
    assert "django_http_requests_before_middlewares_total" in text


def test_the_schema_describes_envelope_and_errors(visitor: APIClient) -> None:
    schema = visitor.get("/api/schema?format=json").json()

    place = schema["paths"]["/api/v1/orders"]["post"]["responses"]
    assert {"200", "201", "400", "401", "403", "404", "409", "413", "415", "429", "503", "504"} <= set(place)
    created = place["201"]["content"]["application/json"]["schema"]
    assert set(created["required"]) == {"success", "data", "meta"}
    listed = schema["paths"]["/api/v1/orders"]["get"]
    assert "pagination" in listed["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    names = {parameter["name"] for parameter in listed["parameters"]}
    assert {"symbol", "status", "side", "from", "to", "limit", "offset"} <= names
    public = schema["paths"]["/api/v1/markets"]["get"]
    assert "401" not in public["responses"]


def test_the_schemas_page_needs_no_network(visitor: APIClient) -> None:
    page = visitor.get("/api/docs").content.decode()

    assert "swagger-ui-bundle.js" in page
    assert "//cdn" not in page
    assert "https://" not in page
