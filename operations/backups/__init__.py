"""Copies of everything that must not be lost, taken while the exchange runs, and their restoration.

A dump is one file with everything as of one moment; it can be restored into any PostgreSQL. A base backup is the
server's folder; with the log written since, it can be restored as of any moment. docs/recovery.md says when to take
which. Both can be encrypted as they are written.
"""

from operations.backups.base import base_write, log_follow
from operations.backups.dump import dump_restore, dump_write
from operations.backups.encryption import SUFFIX, decrypted, identity_write
from operations.backups.errors import BackupError
from operations.backups.manifest import base_check
from operations.backups.watermarks import Watermarks, watermarks_kept, watermarks_read

__all__ = [
    "SUFFIX",
    "BackupError",
    "Watermarks",
    "base_check",
    "base_write",
    "decrypted",
    "dump_restore",
    "dump_write",
    "identity_write",
    "log_follow",
    "watermarks_kept",
    "watermarks_read",
]
