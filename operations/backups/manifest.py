"""The list of files that comes with a base backup: does the archive hold exactly them, byte for byte?"""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import IO

from operations.backups.errors import BackupError

_PIECE_BYTES = 1 << 20
_NOT_LISTED = ("pg_wal/", "backup_manifest")


def base_check(path: Path) -> None:
    """Compare the archive of a base backup with its list of files. Raises BackupError that names the first difference.

    Reads all of it; what is in the log that lies beside it has checksums of its own.
    """
    listed = json.loads((path / "backup_manifest").read_text())["Files"]
    expected = {file["Path"]: (file["Size"], file["Checksum"]) for file in listed}
    expected = {name: what for name, what in expected.items() if not name.startswith(_NOT_LISTED)}
    found = _files(path / "base.tar.gz")
    different = [name for name in sorted(expected.keys() | found) if expected.get(name) != found.get(name)]
    if different:
        raise BackupError(f"{path} is damaged: {different[0]} is not what the server sent ({len(different)} files).")


def _files(archive: Path) -> dict[str, tuple[int, str]]:
    found = {}
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                name = member.name.removeprefix("./")
                if content is not None and not name.startswith(_NOT_LISTED):
                    found[name] = (member.size, _digest(content))
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BackupError(f"{archive} cannot be read: {error}") from error
    return found


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
