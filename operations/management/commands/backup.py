import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from operations.backups import BackupError, base_write, dump_write, log_follow


class Command(BaseCommand):
    help = "Back up the exchange while it runs: one file with everything as of now, or the server's folder and its log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument("--base", action="store_true", help="the server's whole folder, which its log continues")
        kinds.add_argument("--log", action="store_true", help="copy the server's log as it is written, until stopped")
        parser.add_argument("--to", type=Path, metavar="FOLDER", help="default: DATA_DIR/backups")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = (options["to"] or settings.DATA_DIR / "backups").absolute()
        os.umask(0o077)  # a backup has everything about all users
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if options["log"]:
                self.stdout.write(f"Following the log into {folder / 'log'}; stop it with Ctrl-C.")
                self.stdout.flush()
                log_follow(folder=folder / "log")
            self._back_up(folder, is_base=options["base"])
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _back_up(self, folder: Path, *, is_base: bool) -> None:
        stamp, began = f"{timezone.now():%Y%m%dT%H%M%SZ}", time.monotonic()
        if is_base:
            path = folder / f"base-{stamp}"
            base_write(path=path)
        else:
            path = folder / f"exchange-{stamp}.dump"
            for symbol, (seq, state_hash) in dump_write(path=path).items():
                self.stdout.write(f"{symbol}: seq {seq}, state hash {state_hash}")
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir()))
        self.stdout.write(f"{path} ({size / 1e6:,.1f} MB) in {time.monotonic() - began:.1f} s")
