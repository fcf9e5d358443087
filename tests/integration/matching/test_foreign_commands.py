"""Who reaches Valkey cannot trade in anybody's name: without a password, as another role, or with what was stolen."""

from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.test import override_settings
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from base.background import run_in_background
from base.layers import SealedPubSubChannelLayer
from base.seals import SEAL_BYTES, Seal, SealBrokenError
from exchange.models import Market, User
from matching.layers import CommandChannelLayer
from matching.messages import BOARD_SEAL, board_keys, engine_channel, heartbeat_key, pack_request
from orders.board import board_of
from orders.gateway import gateway
from orders.models import Order
from tests.engines import running_engine, wait_until
from tests.integration.matching.requests import place
from tests.orders import buy
from tests.servers import account_url

OTHERS = ("engine", "web", "api", "worker", "monitoring")


def client(account: str) -> Redis:
    return Redis.from_url(account_url(account))


def queue(market: Market) -> str:
    layer = get_channel_layer("default")
    assert isinstance(layer, CommandChannelLayer)
    return str(layer.prefix + engine_channel(market.slug))


def forged(user: User, market: Market) -> bytes:
    """Return a command as a gateway packs it, without its seal."""
    message = {"type": "engine.commands", "reply_to": "nobody", "requests": [pack_request(place(user, market))]}
    packed: bytes = msgpack.packb(message)
    return b"r" * 12 + packed


def assert_was_ignored(user: User, market: Market, logged: Callable[[], str]) -> None:
    """Assert that the market serves on, that the log names what was dropped, and that nothing else was stored."""
    placed = buy(user, market, "1", "99").order
    wait_until(lambda: "message_unreadable" in logged(), "the line in the log")
    assert "SealBrokenError" in logged()
    assert list(Order.objects.filter(market_id=market.pk).values_list("pk", flat=True)) == [placed.pk]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    return lambda: "\n".join(str(record.msg) for record in caplog.records)


def test_without_a_password_nothing_is_queued(market: Market, maker: User) -> None:
    address = settings.REDIS_URL.rpartition("@")[2]
    for url in (f"redis://{address}", f"redis://default:@{address}", f"redis://web:a-guess@{address}"):
        with Redis.from_url(url) as stranger, pytest.raises((AuthenticationError, ResponseError)):
            stranger.zadd(queue(market), {forged(maker, market): 1.0})
    assert not Order.objects.filter(market_id=market.pk).exists()


@pytest.mark.parametrize("account", OTHERS)
def test_an_account_without_the_key_of_the_exchange_trades_for_nobody(
    account: str, market: Market, maker: User, logged: Callable[[], str]
) -> None:
    with running_engine(market), client(account) as other:
        if account == "monitoring":
            with pytest.raises(NoPermissionError):
                other.zadd(queue(market), {forged(maker, market): 1.0})
            return
        other.zadd(queue(market), {forged(maker, market): 1.0})
        other.zadd(queue(market), {Seal(b"pubsub").closed(forged(maker, market)): 1.0})
        other.zadd(queue(market), {_of_another_key(maker, market): 1.0})
        assert_was_ignored(maker, market, logged)


def _of_another_key(user: User, market: Market) -> bytes:
    with override_settings(SECRET_KEY="the key of another exchange, long enough to be one"):
        return Seal(b"commands").closed(forged(user, market), engine_channel(market.slug))


def test_a_command_for_one_market_is_none_for_another(market: Market, maker: User, logged: Callable[[], str]) -> None:
    sealed = Seal(b"commands").closed(forged(maker, market), engine_channel("ANOTHER-MARKET"))
    with running_engine(market), client("api") as other:
        other.zadd(queue(market), {sealed: 1.0})
        assert_was_ignored(maker, market, logged)


@pytest.mark.parametrize("account", ["web", "api", "worker", "monitoring"])
def test_only_an_engine_takes_commands_and_tells_that_it_lives(account: str, market: Market) -> None:
    key, board = queue(market), board_keys(market.slug)[0]
    attempts: list[Callable[[Redis], Any]] = [
        lambda other: other.bzpopmin(key, timeout=0.01),
        lambda other: other.zrange(key, 0, -1),
        lambda other: other.set(heartbeat_key(market.slug), b"{}"),
        lambda other: other.set(board, b"a board"),
        lambda other: other.delete(key),
        lambda other: other.flushdb(),
        lambda other: other.keys("*"),
        lambda other: other.config_get("*"),
        lambda other: other.acl_list(),
    ]
    with client(account) as other:
        for attempt in attempts:
            with pytest.raises(NoPermissionError):
                attempt(other)


@pytest.mark.parametrize("account", ["engine", "worker", "monitoring"])
def test_only_the_door_counts_requests_and_spends_signatures(account: str) -> None:
    with client(account) as other:
        for name in ("te:rate:orders:1", "te:signed:x"):
            with pytest.raises(NoPermissionError):
                other.set(name, 0)
            with pytest.raises(NoPermissionError):
                other.delete(name)


def test_an_answer_that_no_engine_gave_is_not_believed(market: Market, maker: User, logged: Callable[[], str]) -> None:
    with running_engine(market), client("api") as other:
        buy(maker, market, "1", "99")
        channel = _replies_of_this_process()
        bare: bytes = msgpack.packb(
            {"type": "engine.replies", "to": channel, "replies": [[1, 1, "", {}, None, [], []]]}
        )
        other.publish(channel, bare)
        _publish(
            channel, {"type": "engine.replies", "to": "another gateway", "replies": [[1, 1, "", {}, None, [], []]]}
        )
        assert buy(maker, market, "1", "98").order.status == "open"
    assert logged().count("replies_unreadable") == 2


def _replies_of_this_process() -> str:
    async def channel() -> str:
        return await gateway()._replies_to()

    return run_in_background(channel()).result(5)


def _publish(channel: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer("pubsub")
    assert layer is not None
    run_in_background(layer.send(channel, message)).result(5)


def test_a_stream_message_that_was_not_sealed_reaches_nobody() -> None:
    layer = SealedPubSubChannelLayer()
    usual = RedisPubSubChannelLayer()
    message = {"type": "market.batch", "market_id": 1}

    assert layer.deserialize(layer.serialize(message)) == message
    with pytest.raises(SealBrokenError):
        layer.deserialize(usual.serialize(message))


def test_a_board_that_no_engine_showed_is_not_shown(market: Market, maker: User) -> None:
    with running_engine(market):
        buy(maker, market, "1", "99")
        wait_until(lambda: board_of(market) is not None, "the board")
    board, stamp = board_keys(market.slug)
    with Redis.from_url(settings.REDIS_URL) as tester, client("engine") as other:
        sealed = tester.get(board)
        assert isinstance(sealed, bytes)
        name = msgpack.unpackb(BOARD_SEAL.opened(sealed, market.slug))[0]
        tester.set(stamp, name, px=60_000)
        assert board_of(market) is not None
        other.set(board, b"s" * SEAL_BYTES + sealed[SEAL_BYTES:])
        assert board_of(market) is None
        tester.delete(stamp)
