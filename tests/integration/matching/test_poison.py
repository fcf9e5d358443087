"""Messages that nobody can read and requests that make the engine fail: only they are refused, the market goes on."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from redis import Redis

from base.background import run_in_background
from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from exchange.streams import market_group
from journal.batch import PostgresBatch
from matching.layers import CommandChannelLayer
from matching.messages import PlaceRequest, engine_channel, pack_request
from orders.gateway import gateway
from orders.models import Order
from tests.engines import running_engine, wait_until
from tests.integration.matching.requests import place
from tests.invariants import assert_ledger_balances
from tests.orders import buy

POISON_LOTS = 1_313


def raw(channel: str, data: bytes) -> None:
    """Put bytes into a command channel past the layer's own packing."""
    layer = get_channel_layer("default")
    assert isinstance(layer, CommandChannelLayer)
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.zadd(layer.prefix + channel, {data: 1.0})


def send(channel: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer("default")
    assert layer is not None
    run_in_background(layer.send(channel, message)).result(5)


def publish(name: str, data: bytes) -> None:
    """Publish bytes on the pub/sub layer past its own packing."""
    layer = get_channel_layer("pubsub")
    assert isinstance(layer, RedisPubSubChannelLayer)
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.publish(name, data)


def changed(order: PlaceRequest, field: int, value: object) -> list[Any]:
    """Return an order as it is sent, with a field that no gateway would send: 3 is the deadline, 5 the user."""
    fields = pack_request(order)
    fields[field] = value
    return fields


def test_garbage_on_an_engine_channel_stops_nobody(market: Market, maker: User) -> None:
    rng, channel = random.Random(1), engine_channel(market.slug)
    order = place(maker, market)
    with running_engine(market):
        for number in range(300):  # a pause after each would be an outage
            raw(channel, rng.randbytes(12 + number % 40))
        for message in (
            {"type": "run"},
            {"type": "dispatch"},
            {"type": "engine.commands"},
            {"type": "engine.commands", "reply_to": 7, "requests": []},
            {"type": "engine.commands", "reply_to": "x", "requests": {"a": 1}},
            {"type": "engine.commands", "reply_to": "x", "requests": [None, 7, [], [99, 1], [1, 1], [2, 3, 4, 5]]},
            {"type": "engine.commands", "reply_to": "x", "requests": [changed(order, 3, "now")]},
            {"type": "engine.commands", "reply_to": "x", "requests": [changed(order, 5, b"short")]},
            {"type": "engine.commands", "reply_to": "x", "requests": [changed(order, 10, "ten")]},
            {"type": "engine.commands", "reply_to": "x", "requests": [changed(order, 6, 9)]},
            {"type": "engine.commands", "reply_to": "not a channel!", "requests": [pack_request(order)]},
        ):
            send(channel, message)
        placed = buy(maker, market, "1", "100")
    assert placed.order.pk in set(Order.objects.filter(market_id=market.pk).values_list("pk", flat=True))


def test_garbage_on_the_reply_channel_does_not_deafen_a_process(market: Market, maker: User) -> None:
    with running_engine(market):
        buy(maker, market, "1", "100")
        channel = asyncio.run_coroutine_threadsafe(gateway()._replies_to(), gateway()._loop).result(5)
        layer = get_channel_layer("pubsub")
        assert layer is not None
        publish(channel, b"\xc1 no message")
        for message in (
            {},
            {"to": channel, "replies": 7},
            {"to": channel, "replies": [None, [], [1], ["x", 1], [[], 1]]},
            {"to": "another", "replies": []},
            {"type": "engine.replies"},
        ):
            run_in_background(layer.send(channel, message)).result(5)
        assert buy(maker, market, "1", "99").order.status == "open"


def test_only_the_request_that_fails_is_refused(market: Market, maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    _poison(monkeypatch)
    answers: list[str] = []

    def attempt(quantity: str) -> None:
        try:
            buy(maker, market, quantity, "99")
            answers.append("stored")
        except ApiError as error:
            answers.append(error.code.value)

    with running_engine(market), ThreadPoolExecutor(12) as pool:
        for _ in range(5):
            list(pool.map(attempt, ["1"] * 5 + ["1.313"] + ["1"] * 6))
        assert buy(maker, market, "1", "98").order.status == "open"
    assert answers.count("stored") == 55
    assert answers.count(ErrorCode.INTERNAL_ERROR.value) == 5
    assert Order.objects.filter(market_id=market.pk).count() == 56
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def _poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the journal fail for orders of a certain quantity, each time."""
    write = PostgresBatch.write

    def fail_for_some(batch: PostgresBatch, *arguments: Any) -> None:
        if any(order.quantity_lots == POISON_LOTS for order in batch._work.touched.values()):
            raise KeyError("injected: this order cannot be written")
        write(batch, *arguments)

    monkeypatch.setattr(PostgresBatch, "write", fail_for_some)


def test_a_failing_look_at_the_market_does_not_keep_it_from_coming_back(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = PostgresBatch.write, [0]

    def fail_sometimes(batch: PostgresBatch, *arguments: Any) -> None:
        if failures[0] < 4:
            failures[0] += 1
            raise AssertionError("injected: every batch fails")
        write(batch, *arguments)

    with running_engine(market):
        buy(maker, market, "1", "100")
        monkeypatch.setattr(PostgresBatch, "write", fail_sometimes)
        attempts = [_attempt(maker, market) for _ in range(6)]
        wait_until(lambda: _attempt(maker, market) == "stored", "an accepted order")
    assert set(attempts) <= {"stored", "INTERNAL_ERROR", "ENGINE_UNAVAILABLE"}


def _attempt(user: User, market: Market) -> str:
    try:
        buy(user, market, "1", "99")
    except ApiError as error:
        return error.code.value
    return "stored"


def test_garbage_in_a_stream_group_is_dropped(market: Market, maker: User) -> None:
    layer = get_channel_layer("pubsub")
    assert layer is not None
    with running_engine(market):
        for message in ({}, {"type": 7}, {"type": "market.batch"}, {"type": "market.batch", "market_id": market.pk}):
            run_in_background(layer.group_send(market_group(market.slug), message)).result(5)
        assert buy(maker, market, "1", "100").order.status == "open"
