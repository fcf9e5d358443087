"""Start the servers of a test run before Django reads its settings, and give each test process its own database.

Tests commit for real, from several processes and connections, so nothing is rolled back after a test: each test
uses its own users and markets.
"""

import gc
import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.servers import TestServers, own_addresses

# What needs neither Django nor a server; run alone, it starts at once.
PURE = [
    *[
        Path(__file__).parent / "unit" / name
        for name in ("engine", "page", "test_architecture.py", "test_deploy.py", "test_documents.py")
    ],
    Path(__file__).parent / "browser",  # starts an exchange of its own
]
# From the environment of the developer, none of which may reach a test.
FOREIGN = (
    "DATABASE_URL",
    "ENGINE_DATABASE_URL",
    "OWNER_DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "DEBUG",
    "DEMO_MODE",
    "DATA_DIR",
    "WALLET",
)

_servers = pytest.StashKey[TestServers]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # All processes must draw the same random cases; set it to repeat a run.
    os.environ.setdefault("TEST_SEED", str(secrets.randbelow(2**31)))
    # `config` names the settings when it is imported; whoever needs them does so below.
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    if config.option.help or config.option.version or _is_pure(config):
        return
    if hasattr(config, "workerinput"):
        _use(own_addresses(config.workerinput["workerid"]))
    elif config.option.collectonly:
        os.environ["SECRET_KEY"] = "only-to-load-the-settings"  # nothing runs, so no server is needed
    else:
        _start_servers(config)
        if getattr(config.option, "numprocesses", None):
            return  # it runs no test itself, and its workers set Django up when they have their own database
        _use(own_addresses("main"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    for plugin in ("tests.fixtures", "tests.contract.streams", "tests.contract.answers"):
        config.pluginmanager.import_plugin(plugin)  # they need the models, so they cannot come any earlier


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what lives to the end: the code and the tests."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    return f"random cases: TEST_SEED={os.environ['TEST_SEED']}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers := config.stash.get(_servers, None):
        servers.stop()


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """Nothing to do: the database of this process is a copy of a migrated template."""


@pytest.fixture(scope="session", autouse=True)
def _database_access(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every test use the database without a mark."""
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        yield
        return
    blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        yield


@pytest.fixture(scope="module", autouse=True)
def _new_pool() -> Iterator[None]:
    """Begin each file with a full pool: a thread that ended without closing its connection keeps it for ever."""
    yield
    if "DJANGO_SETTINGS_MODULE" in os.environ:
        from django.db import connection

        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one


def _start_servers(config: pytest.Config) -> None:
    for name in FOREIGN:
        os.environ.pop(name, None)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are stopped then, too
    servers = config.stash[_servers] = TestServers()
    try:
        servers.start()
    except BaseException:
        servers.stop()
        raise
    _use(servers.environment())


def _use(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    os.environ["ENGINE_DATABASE_URL"] = os.environ["DATABASE_URL"]


def _is_pure(config: pytest.Config) -> bool:
    paths = [Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args]
    return all(any(path.is_relative_to(pure) for pure in PURE) for path in paths)
