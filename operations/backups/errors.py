"""The one error of backups."""


class BackupError(Exception):
    """Say why a backup could not be written or restored."""
