import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations.backups import BackupError, decrypted, dump_restore, watermarks_kept


class Command(BaseCommand):
    help = "Read a dump into the empty database of DATABASE_URL. Start the exchange on it afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dump", type=Path, help="a file that `backup` wrote")
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="connections to restore with")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["dump"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}")
        try:
            identity, work = settings.BACKUP_IDENTITY_FILE, settings.DATA_DIR
            with decrypted(path, identity_file=identity, work=work) as plain:
                found = dump_restore(path=plain, jobs=options["jobs"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        for symbol, (seq, state_hash) in found.items():
            self.stdout.write(f"restored {symbol}: seq {seq}, state hash {state_hash}")
        expected = watermarks_kept(path)
        if expected is not None and expected != found:
            raise CommandError(f"This differs from what was backed up: {path}.json says {expected}")
