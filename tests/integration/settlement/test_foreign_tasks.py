"""Who reaches the broker starts nothing: a worker executes what this exchange has sealed."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery.exceptions import InvalidTaskError
from django.conf import settings
from django.test import override_settings
from kombu.exceptions import DecodeError
from kombu.serialization import dumps, loads
from redis import Redis
from redis.exceptions import NoPermissionError

from config.celery import app
from config.sealed_tasks import SEALED, SealedRequest
from settlement.tasks import settle_market, sweep_pending_trades
from tests.engines import wait_until
from tests.integration.settlement.cast import Cast, celery_worker, status_of
from tests.servers import account_url

pytestmark = pytest.mark.xdist_group("celery worker")

PREFIX: str = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])


def envelope(task: str, body: str, content_type: str, **headers: Any) -> bytes:
    """Return a message as kombu queues it."""
    number = str(uuid4())
    delivery = {"exchange": "default", "routing_key": "default"}
    return json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-type": content_type,
            "content-encoding": "utf-8",
            "headers": {"task": task, "id": number, "lang": "py", "root_id": number, "parent_id": None, **headers},
            "properties": {
                "correlation_id": number, "delivery_mode": 2, "delivery_info": delivery, "priority": 0,
                "body_encoding": "base64", "delivery_tag": str(uuid4()), "reply_to": "",
            },
        }
    ).encode()  # fmt: skip


def captured(queue: str) -> dict[str, Any]:
    """Take a message out of a queue that nobody reads, as somebody on the way could."""
    with Redis.from_url(settings.REDIS_URL) as tester:
        found = tester.rpop(PREFIX + queue)
    assert isinstance(found, bytes)
    message: dict[str, Any] = json.loads(found)
    return message


def test_a_task_that_was_not_sealed_is_dropped_and_the_next_is_done(cast: Cast, tmp_path: Path) -> None:
    trade, log = cast.trade(), tmp_path / "worker.log"
    plain = json.dumps([[], {"market_id": cast.market.pk}, {}])
    attempts = {
        "Refusing to deserialize": envelope(settle_market.name, plain, "application/json"),
        "the body is not sealed": envelope(settle_market.name, plain, "application/data"),
        "the seal is not of this exchange": envelope(settle_market.name, "0" * 32 + plain, "application/x-sealed-json"),
    }
    with celery_worker("-Q", "default,settlement", log=log):
        app.control.purge()
        for account in ("engine", "web", "worker"):
            with Redis.from_url(account_url(account)) as other:
                for message in attempts.values():
                    other.lpush(f"{PREFIX}default", message)
        wait_until(lambda: all(log.read_text().count(said) >= 3 for said in attempts), "nine lines in the log", 60)
        assert status_of(trade.id) == "pending"
        settle_market.delay(market_id=cast.market.pk)
        wait_until(lambda: status_of(trade.id) == "settled", "a task of ours", 60)


@pytest.mark.parametrize("account", ["api", "monitoring"])
def test_who_sends_no_tasks_cannot_queue_any(account: str) -> None:
    with Redis.from_url(account_url(account)) as other, pytest.raises(NoPermissionError):
        other.lpush(f"{PREFIX}default", envelope(settle_market.name, "[]", "application/json"))


class _Message:
    """What a worker is handed of a message."""

    def __init__(self, message: dict[str, Any], **changed: Any) -> None:
        self.body = base64.b64decode(message["body"])
        self.headers = {**message["headers"], **changed}
        self.content_type, self.content_encoding = message["content-type"], message["content-encoding"]
        self.properties: dict[str, Any] = message["properties"]
        self.delivery_info: dict[str, Any] = {}

    @property
    def payload(self) -> Any:
        return loads(self.body, self.content_type, self.content_encoding, accept=["application/x-sealed-json"])


def test_a_sealed_body_is_of_no_use_under_another_name_or_at_another_time() -> None:
    queue = f"captured-{time.time_ns()}"
    settle_market.apply_async(kwargs={"market_id": 1}, queue=queue)
    message = captured(queue)

    assert SealedRequest(_Message(message), app=app).name == settle_market.name
    for changed in (
        {"task": sweep_pending_trades.name}, {"id": str(uuid4())}, {"eta": "2031-01-01T00:00:00+00:00"},
        {"expires": "2001-01-01T00:00:00+00:00"}, {"timelimit": [1, 1]},
    ):  # fmt: skip
        with pytest.raises(InvalidTaskError):
            SealedRequest(_Message(message, **changed), app=app)


def test_remote_control_takes_orders_from_this_exchange_alone() -> None:
    content_type, encoding, body = dumps({"method": "shutdown", "arguments": {}}, SEALED)
    accepted = list(app.conf.accept_content)

    assert accepted == [SEALED]
    assert loads(body, content_type, encoding, accept=["application/x-sealed-json"])["method"] == "shutdown"
    with override_settings(SECRET_KEY="the key of another exchange, long enough to be one"):
        _, _, foreign = dumps({"method": "shutdown"}, SEALED)
    with pytest.raises(DecodeError):
        loads(foreign, content_type, encoding)


@pytest.mark.parametrize("account", ["engine", "web", "worker"])
def test_whose_role_sends_tasks_may_do_so(account: str) -> None:
    with Redis.from_url(settings.REDIS_URL) as tester:
        tester.acl_log_reset()
        with app.connection_for_write(account_url(account)) as connection:
            app.send_task(settle_market.name, kwargs={"market_id": 1}, connection=connection)
        assert [entry for entry in tester.acl_log() if entry["username"] == account] == []
        assert captured("settlement")["headers"]["task"] == settle_market.name
