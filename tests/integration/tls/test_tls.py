"""TLS to PostgreSQL, Valkey and the broker: it is used, and nobody else's certificate is believed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.settings import PROJECT
from tests.certificates import make_certificate
from tests.integration.tls.servers import postgres, rabbitmq, redis
from tests.programs import program

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("tls")]

SET_UP = """
import asyncio, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.conf import settings
"""
OF_POSTGRES = f"""{SET_UP}
import psycopg
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print("django", cursor.fetchone())
with psycopg.connect(settings.ENGINE_DATABASE_URL, connect_timeout=5) as engine:
    print("engine", engine.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone())
from operations.backups.programs import run_tool
print("tools", "PostgreSQL database dump" in run_tool("pg_dump", "--schema-only"))
connection.close_pool()
"""  # noqa: S608 - a program, not a query
OF_VALKEY = f"""{SET_UP}
from base.valkey import valkey
from channels.layers import get_channel_layer
from redis.asyncio import Redis
print("client", valkey().ping())
async def layers():
    await get_channel_layer("default").send("engine.TLS", {{"type": "x"}})
    name = await get_channel_layer("pubsub").new_channel()
    gateway = Redis.from_url(settings.REDIS_URL)
    print("gateway", await gateway.exists("te:engine:TLS"))
    await gateway.aclose()
    await get_channel_layer("pubsub").send(name, {{"type": "y"}})
    async with asyncio.timeout(5):
        while True:
            await get_channel_layer("pubsub").send(name, {{"type": "y"}})
            try:
                async with asyncio.timeout(0.2):
                    print("layer", await get_channel_layer("pubsub").receive(name))
                    break
            except TimeoutError:
                name = await get_channel_layer("pubsub").new_channel()
asyncio.run(layers())
from config.celery import app
with app.connection_for_write() as link:
    link.ensure_connection(max_retries=1, timeout=5)
    print("celery", link.connected)
"""
OF_BROKER = f"""{SET_UP}
from config.celery import app
with app.connection_for_write(connect_timeout=5) as link:
    link.ensure_connection(max_retries=1, timeout=5)
    with link.SimpleQueue("of-a-test") as queue:
        queue.put({{"a": 1}}, serializer="sealed-json")
        print("celery", queue.get(timeout=5).body[-8:])
"""


def said(script: str, **environment: str) -> str:
    """Return what a process with these settings prints; its last line of error if it fails."""
    outer = {name: value for name, value in os.environ.items() if name not in ("ENGINE_DATABASE_URL", "REDIS_URL")}
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, env={**outer, **environment}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    return finished.stdout if finished.returncode == 0 else f"refused: {finished.stderr}"


def test_postgresql(tmp_path: Path) -> None:
    stranger = make_certificate(tmp_path)
    with postgres() as (url, certificate):
        tools = str(Path(program("pg_dump", "postgresql-15")).resolve().parent)  # those of the wheel know no TLS
        for_us = {
            "DATABASE_URL": f"{url}?sslmode=verify-full&sslrootcert={certificate.authority}",
            "POSTGRES_BIN": tools,
        }
        assert said(OF_POSTGRES, **for_us) == "django (True,)\nengine (True,)\ntools True\n"
        for wrong in (
            f"{url}?sslmode=verify-full&sslrootcert={stranger.authority}",
            f"{url.replace('localhost', '127.0.0.2')}?sslmode=verify-full&sslrootcert={certificate.authority}",
            f"{url}?sslmode=disable",
        ):
            assert said(OF_POSTGRES, DATABASE_URL=wrong).startswith("refused")


def test_valkey(tmp_path: Path) -> None:
    stranger = make_certificate(tmp_path)
    with redis() as (url, certificate):
        found = said(OF_VALKEY, REDIS_URL=f"{url}?ssl_ca_certs={certificate.authority}")
        assert found.splitlines() == ["client True", "gateway 0", "layer {'type': 'y'}", "celery True"], found
        for wrong in (
            f"{url}?ssl_ca_certs={stranger.authority}",
            f"{url.replace('localhost', '127.0.0.2')}?ssl_ca_certs={certificate.authority}",
            url.replace("rediss", "redis"),
        ):
            assert said(OF_VALKEY, REDIS_URL=wrong).startswith("refused")


def test_rabbitmq(tmp_path: Path) -> None:
    stranger = make_certificate(tmp_path)
    with rabbitmq() as (url, certificate):
        ours = {"CELERY_BROKER_URL": url, "BROKER_CA_FILE": str(certificate.authority)}
        assert said(OF_BROKER, **ours).startswith("celery")
        for wrong in (
            {"BROKER_CA_FILE": str(stranger.authority)},
            {"BROKER_CA_FILE": ""},
            {"CELERY_BROKER_URL": url.replace("localhost", "127.0.0.2")},
            {"CELERY_BROKER_URL": url.replace("amqps", "amqp")},
        ):
            assert said(OF_BROKER, **{**ours, **wrong}).startswith("refused"), wrong
