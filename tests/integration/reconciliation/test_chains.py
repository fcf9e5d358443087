"""One byte is changed, a row is taken out, a row is put in, the end is cut off: each chain says so, and where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from base.ids import uuid7
from exchange.audit import audit_record
from exchange.models import AuditEntry, AuditLink, AuditWaiting, Market, User
from orders.models import JournalBatch, MarketSequence, Mismatch
from tests.administrator import unguarded
from tests.desk import Desk
from tests.integration.reconciliation.tampering import differing, only, trade_a_little
from tests.separate_database import separate_database
from verification.chains.audit import audit_walk
from verification.chains.heads import heads_keep, heads_read
from verification.chains.journal import journal_walk
from verification.chains.links import Place, Walk
from verification.explanation.connections import plain_reading
from verification.reconciliation.run import reconcile


def walked(market: Market, **options: Any) -> Walk:
    with plain_reading() as reading:
        return journal_walk(reading, market, **options)


def broken(market: Market, **options: Any) -> list[str]:
    return [each.subject for each in walked(market, **options).breaks]


@pytest.fixture
def batches(desk: Desk, market: Market, maker: User, taker: User) -> list[JournalBatch]:
    """The journal of a market in which something happened."""
    trade_a_little(desk, maker, taker)
    return list(JournalBatch.objects.filter(market=market).order_by("last_seq"))


# --- the journal ----------------------------------------------------------------------------------


def _commands(batch: JournalBatch) -> dict[str, Any]:
    changed = bytearray(batch.commands)
    changed[-1] ^= 1
    return {"commands": bytes(changed)}


CHANGES: dict[str, Callable[[JournalBatch], dict[str, Any]]] = {
    "a byte of the commands": _commands,
    "the state hash": lambda batch: {"state_hash": "0123456789abcdef"},
    "the time": lambda batch: {"created_at": timezone.now()},
    "the hash itself": lambda batch: {"hash": bytes(32)},
    "no hash": lambda batch: {"hash": None},
}


def test_an_untouched_journal_is_whole_up_to_its_head(market: Market, batches: list[JournalBatch]) -> None:
    walk = walked(market)

    assert (walk.breaks, walk.count) == ([], len(batches))
    head = MarketSequence.objects.get(market=market)
    assert head.journal_hash is not None
    assert walk.place == Place(head.last_seq, bytes(head.journal_hash))


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("place", [0, 3, -1])
def test_a_changed_batch_is_found(market: Market, batches: list[JournalBatch], what: str, place: int) -> None:
    batch = batches[place]
    with unguarded():
        JournalBatch.objects.filter(pk=batch.pk).update(**CHANGES[what](batch))

    assert f"batch {batch.pk}" in broken(market)


@pytest.mark.parametrize("place", [0, 3, -1])
def test_a_batch_that_was_taken_out_is_found(market: Market, batches: list[JournalBatch], place: int) -> None:
    with unguarded():
        batches[place].delete()

    assert len(broken(market)) == 1


def test_a_batch_that_was_put_in_is_found(market: Market, batches: list[JournalBatch]) -> None:
    before = batches[3]
    with unguarded():
        JournalBatch.objects.create(
            id=uuid7(), market=market, first_seq=before.first_seq, last_seq=before.last_seq, commands=before.commands,
            state_hash=before.state_hash, hash=before.hash, created_at=before.created_at,
        )  # fmt: skip

    assert broken(market)


def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_kept(
    market: Market, batches: list[JournalBatch], tmp_path: Path
) -> None:
    """Somebody with the whole server takes the last batch away, and lets the market's row say so."""
    file, last = tmp_path / "heads", batches[-2]
    heads_keep(file, audit=Place(0, b""), journal={market.symbol: walked(market).place})
    with unguarded():
        batches[-1].delete()
        MarketSequence.objects.filter(market=market).update(last_seq=last.last_seq, journal_hash=last.hash)

    assert broken(market) == []
    assert broken(market, kept=heads_read(file).journal[market.symbol]) == [f"{market.symbol} {last.last_seq}"]


def test_a_later_walk_goes_on_from_an_earlier_one(market: Market, batches: list[JournalBatch]) -> None:
    since = Place(batches[3].last_seq, bytes(batches[3].hash or b""))

    assert walked(market, since=since).count == len(batches) - 4
    with unguarded():
        JournalBatch.objects.filter(pk=batches[3].pk).update(hash=bytes(32))
    assert broken(market, since=since) == [f"{market.symbol} {since.number}"]


def test_reconciliation_finds_it_and_halts_the_market(market: Market, batches: list[JournalBatch]) -> None:
    with unguarded():
        JournalBatch.objects.filter(pk=batches[0].pk).update(created_at=timezone.now())  # no replay looks at it

    assert only(differing(market), Mismatch.Check.CHAIN).subject == f"batch {batches[0].pk}"
    assert Market.objects.get(pk=market.pk).trading_state == "halted"


def test_the_command_says_where(
    market: Market, batches: list[JournalBatch], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_journal", market=[market.symbol])
    assert f"{market.symbol}: whole, {len(batches)} batches" in capsys.readouterr().out
    with unguarded():
        batches[2].delete()

    with pytest.raises(SystemExit) as ended:
        call_command("verify_journal", market=[market.symbol])

    assert ended.value.code == 1
    assert "BROKEN" in capsys.readouterr().out


# --- the audit trail ------------------------------------------------------------------------------


def trail(**options: Any) -> Walk:
    with plain_reading() as reading:
        return audit_walk(reading, **options)


def _some_acts() -> list[AuditEntry]:
    user = User.objects.create(username="somebody")
    return [audit_record(actor=user, action="test.act", target=user, new={"n": n, "ü": "ß"}) for n in range(5)]


def _sql(statement: str, *values: Any) -> None:
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(statement, values)


TAMPERED: dict[str, Callable[[list[AuditEntry]], None]] = {
    "a byte": lambda entries: _sql("UPDATE exchange_auditentry SET note = 'x' WHERE id = %s", entries[2].pk),
    "the actor": lambda entries: _sql("UPDATE exchange_auditentry SET actor_id = NULL WHERE id = %s", entries[0].pk),
    "the time": lambda entries: _sql("UPDATE exchange_auditentry SET created_at = now() WHERE id = %s", entries[1].pk),
    "an entry less": lambda entries: _sql("DELETE FROM exchange_auditentry WHERE id = %s", entries[2].pk),
    "the last one less": lambda entries: _sql("DELETE FROM exchange_auditentry WHERE id = %s", entries[4].pk),
    "an entry and its link less": lambda entries: _sql(
        "WITH gone AS (DELETE FROM exchange_auditentry WHERE id = %s RETURNING id)"
        " DELETE FROM exchange_auditlink WHERE entry_id IN (SELECT id FROM gone)", entries[2].pk
    ),
    "an entry more": lambda entries: _sql(
        "INSERT INTO exchange_auditentry (action, target_type, target_id, old, new, note)"
        " VALUES ('a.b', '', '', '{}', '{}', '')"
    ),
    "another link": lambda entries: _sql("UPDATE exchange_auditlink SET hash = sha256('') WHERE number = 2"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_to_the_audit_trail_is_found(what: str) -> None:
    with separate_database("trail"):
        entries = _some_acts()
        assert (trail().breaks, AuditWaiting.objects.count()) == ([], 0)
        TAMPERED[what](entries)

        assert trail().breaks
        with pytest.raises(SystemExit):
            call_command("verify_audit")


def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with separate_database("trail"):
        entries = _some_acts()
        call_command("verify_audit")
        head = capsys.readouterr().out.split()[-1]
        assert reconcile().run.counts["chains"]["audit"] == [AuditLink.objects.count(), head.partition(":")[2]]
        _sql("DELETE FROM exchange_auditlink WHERE entry_id = %s", entries[4].pk)
        _sql("DELETE FROM exchange_auditentry WHERE id = %s", entries[4].pk)

        call_command("verify_audit")
        with pytest.raises(SystemExit):
            call_command("verify_audit", head=head)
        assert {each.check_name for each in reconcile().mismatches} == {Mismatch.Check.AUDIT}


def test_entries_of_a_process_that_died_are_linked_by_the_next() -> None:
    with separate_database("trail"):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO exchange_auditentry (action, target_type, target_id, old, new, note)"
                " VALUES ('a.b', '', '', '{}', '{}', '')"
            )
        assert AuditWaiting.objects.count() == 1
        _some_acts()
        assert (AuditWaiting.objects.count(), AuditLink.objects.count()) == (0, 6)
        assert trail().breaks == []
