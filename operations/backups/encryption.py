"""Backups that only the holder of a key can read: age (age-encryption.org), for recipients named in BACKUP_RECIPIENTS.

A recipient is public: the host that writes backups cannot read them. The key is in a file of its own,
BACKUP_IDENTITY_FILE, which is needed to restore and at no other time.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyrage

from operations.backups.errors import BackupError

__all__ = ["SUFFIX", "decrypted", "encrypt_files", "encrypt_stream", "identity_write"]

SUFFIX = ".age"


def identity_write(path: Path) -> str:
    """Write a new key into a new file that only we can read, and return its recipient. Raises BackupError."""
    identity = pyrage.x25519.Identity.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# recipient: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def encrypt_stream(source: IO[bytes], target: IO[bytes], recipients: Sequence[str]) -> None:
    """Encrypt what comes as it comes, in pieces of 64 kB. Raises BackupError."""
    try:
        pyrage.encrypt_io(source, target, [_recipient(text) for text in recipients])
    except pyrage.EncryptError as error:
        raise BackupError(f"The backup could not be encrypted: {error}") from error


def encrypt_files(folder: Path, recipients: Sequence[str]) -> None:
    """Replace every file of a folder by its encrypted copy. Raises BackupError."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as source, path.with_name(path.name + SUFFIX).open("wb") as target:
            encrypt_stream(source, target, recipients)
            target.flush()
            os.fsync(target.fileno())
        path.unlink()


@contextmanager
def decrypted(path: Path, *, identity_file: str, work: Path) -> Iterator[Path]:
    """Give the readable form of a backup, a file or a folder, until the block ends; itself if it is not encrypted.

    The readable copy lies below `work`, in a folder that only we can enter. Raises BackupError.
    """
    members = list(path.iterdir()) if path.is_dir() else [path]
    if not any(member.suffix == SUFFIX for member in members):
        yield path
        return
    identities = _identities(identity_file)
    with _private_folder(work) as folder:
        for member in members:
            _decrypt(member, folder / member.name.removesuffix(SUFFIX), identities)
        yield folder if path.is_dir() else folder / path.name.removesuffix(SUFFIX)


@contextmanager
def _private_folder(work: Path) -> Iterator[Path]:
    try:
        work.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="restore-", dir=work)
    except OSError as error:
        raise BackupError(f"{work} cannot be written ({error.strerror}): set DATA_DIR to a folder that can.") from error
    with made as name:
        yield Path(name)


def _decrypt(path: Path, target: Path, identities: Sequence[Any]) -> None:
    try:
        with path.open("rb") as source, target.open("wb") as plain:
            pyrage.decrypt_io(source, plain, identities)
    except (pyrage.DecryptError, OSError) as error:
        raise BackupError(f"{path} cannot be read with the key of BACKUP_IDENTITY_FILE: {error}") from error


def _recipient(text: str) -> Any:
    kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise BackupError("BACKUP_RECIPIENTS must name recipients such as age1... or ssh-ed25519 ...") from error


def _identities(file: str) -> list[Any]:
    if not file:
        raise BackupError("This backup is encrypted: set BACKUP_IDENTITY_FILE to the file with its key.")
    try:
        lines = Path(file).read_text().splitlines()
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise BackupError(f"BACKUP_IDENTITY_FILE: {file} has no key that can be used.") from error
