"""An encrypted backup says nothing to whoever has it, and everything to whoever has the key."""

from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from exchange.models import User
from operations.backups import BackupError, decrypted, dump_restore, dump_write, identity_write
from operations.backups.encryption import encrypt_files, encrypt_stream
from tests.administrator import administrator_address
from tests.servers import copied_database


@pytest.fixture
def recipient(tmp_path: Path) -> Iterator[str]:
    """Have backups encrypted for a new key, in the file `key`."""
    recipient = identity_write(tmp_path / "key")
    with override_settings(BACKUP_RECIPIENTS=[recipient], ENGINE_DATABASE_URL=administrator_address()):
        yield recipient


def empty_database(name: str) -> str:
    copied_database(name)
    url = administrator_address(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


def test_a_dump_is_unreadable_without_its_key_and_whole_with_it(tmp_path: Path, recipient: str, maker: User) -> None:
    path = tmp_path / "exchange.dump.age"
    written = dump_write(path=path)

    data = path.read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert b"PGDMP" not in data
    assert b"exchange_user" not in data
    assert list(tmp_path.glob("*.part")) == []
    other = tmp_path / "other"
    identity_write(other)
    url = empty_database("encrypted_backup")
    for wrong in ("", str(other), str(tmp_path / "nowhere"), __file__):
        with pytest.raises(BackupError), decrypted(path, identity_file=wrong, work=tmp_path / "work"):
            pass
    with decrypted(path, identity_file=str(tmp_path / "key"), work=tmp_path / "work") as plain:
        assert plain.parent.stat().st_mode & 0o077 == 0
        with override_settings(ENGINE_DATABASE_URL=url):
            assert dump_restore(path=plain, jobs=1) == written
    assert list((tmp_path / "work").iterdir()) == []
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1 FROM exchange_user WHERE id = %s", [maker.pk]).fetchone()


def test_a_change_of_any_part_is_noticed(tmp_path: Path, recipient: str) -> None:
    sealed = BytesIO()
    encrypt_stream(BytesIO(bytes(200_000)), sealed, [recipient])
    data = bytearray(sealed.getvalue())
    for position in (100, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[position] ^= 1
        (tmp_path / "x.age").write_bytes(changed)
        with pytest.raises(BackupError), decrypted(
            tmp_path / "x.age", identity_file=str(tmp_path / "key"), work=tmp_path
        ):  # fmt: skip
            pass
    (tmp_path / "x.age").write_bytes(data[: 65_536 + 300])  # the end is missing
    with pytest.raises(BackupError), decrypted(tmp_path / "x.age", identity_file=str(tmp_path / "key"), work=tmp_path):
        pass


def test_a_folder_is_encrypted_file_by_file(tmp_path: Path, recipient: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for name in ("base.tar.gz", "backup_manifest"):
        (base / name).write_text(f"the content of {name}")
    encrypt_files(base, [recipient])

    assert sorted(path.name for path in base.iterdir()) == ["backup_manifest.age", "base.tar.gz.age"]
    with decrypted(base, identity_file=str(tmp_path / "key"), work=tmp_path / "work") as plain:
        assert (plain / "base.tar.gz").read_text() == "the content of base.tar.gz"


def test_the_command_makes_a_key_once_and_names_its_recipient(tmp_path: Path) -> None:
    said = StringIO()
    call_command("backup", "--new-key", str(tmp_path / "key"), stdout=said)
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert "BACKUP_RECIPIENTS=age1" in said.getvalue()
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("backup", "--new-key", str(tmp_path / "key"), stdout=said)


def test_a_recipient_that_is_none_writes_no_backup(tmp_path: Path) -> None:
    with override_settings(BACKUP_RECIPIENTS=["age1nobody"]), pytest.raises(CommandError, match="BACKUP_RECIPIENTS"):
        call_command("backup", "--to", str(tmp_path), stdout=StringIO())
    assert [path for path in tmp_path.iterdir() if path.suffix != ".part"] == []
