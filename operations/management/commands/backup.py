import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from operations.backups import SUFFIX, BackupError, base_write, dump_write, identity_write, log_follow


class Command(BaseCommand):
    help = "Back up the exchange while it runs: one file with everything as of now, or the server's folder and its log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument("--base", action="store_true", help="the server's whole folder, which its log continues")
        kinds.add_argument("--log", action="store_true", help="copy the server's log as it is written, until stopped")
        kinds.add_argument("--new-key", type=Path, metavar="FILE", help="make the key of encrypted backups")
        parser.add_argument("--to", type=Path, metavar="FOLDER", help="default: DATA_DIR/backups")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            return self._make_key(options["new_key"])
        folder = (options["to"] or settings.DATA_DIR / "backups").absolute()
        os.umask(0o077)  # a backup has everything about all users
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if options["log"]:
                self.stdout.write(f"Following the log into {folder / 'log'}; stop it with Ctrl-C.")
                if settings.BACKUP_RECIPIENTS:
                    self.stderr.write("The log is not encrypted: keep it on a disk that is.")
                self.stdout.flush()
                log_follow(folder=folder / "log")
            self._back_up(folder, is_base=options["base"])
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _make_key(self, path: Path) -> None:
        try:
            recipient = identity_write(path)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The key is in {path}: keep it where no backup is, and a copy elsewhere.")
        self.stdout.write(f"BACKUP_RECIPIENTS={recipient}")

    def _back_up(self, folder: Path, *, is_base: bool) -> None:
        stamp, began = f"{timezone.now():%Y%m%dT%H%M%SZ}", time.monotonic()
        if is_base:
            path = folder / f"base-{stamp}"
            base_write(path=path)
        else:
            path = folder / f"exchange-{stamp}.dump{SUFFIX if settings.BACKUP_RECIPIENTS else ''}"
            for symbol, (seq, state_hash) in dump_write(path=path).items():
                self.stdout.write(f"{symbol}: seq {seq}, state hash {state_hash}")
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir()))
        self.stdout.write(f"{path} ({size / 1e6:,.1f} MB) in {time.monotonic() - began:.1f} s")
