"""`manage.py verify_audit`: is every entry as it was written, none missing, none added? Exit status 0 yes, 1 no."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from exchange.audit import audit_link
from verification.chains.audit import audit_walk
from verification.chains.heads import heads_file, heads_read
from verification.explanation.connections import plain_reading


class Command(BaseCommand):
    help = (
        "Walk along the chain of hashes of the audit trail, and print its head: keep that where nobody can change it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", metavar="NUMBER:HASH", help="a head that was printed or logged before")
        parser.add_argument("--heads", type=Path, metavar="FILE", help="heads that were kept; default CHAIN_HEADS_FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = heads_read(options["heads"] or heads_file())
        if options["head"]:
            kept.add({"audit": options["head"].split(":")})
        audit_link()
        with plain_reading() as connection:
            walk = audit_walk(connection, kept=kept.audit)
        state, place = "BROKEN" if walk.breaks else "whole", walk.place
        self.stdout.write(f"{state}, {walk.count:,} entries, head {place.number}:{place.hash.hex()}")
        for each in walk.breaks:
            self.stdout.write(f"  {each.subject}: expected {each.expected}, found {each.found}")
        if walk.breaks:
            sys.exit(1)
