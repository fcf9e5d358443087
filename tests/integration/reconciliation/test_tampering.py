"""Each kind of stored fact is changed, and exactly that is found, with both sides."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest
from django.db.models import F
from django.utils import timezone

from base.ids import uuid7
from base.metrics import _collector
from exchange.models import Market, TradingState, User
from matching.codec import decode_commands, encode_commands
from matching.engine import PlaceOrder
from orders.models import (
    JournalBatch,
    MarketSequence,
    Mismatch,
    Order,
    OwedHold,
    ReconcileRun,
    ReplayCheckpoint,
    Trade,
)
from settlement.models import Account, LedgerEntry
from tests.administrator import unguarded
from tests.desk import BUY, SELL, Desk
from tests.integration.reconciliation.tampering import (
    differing,
    execute,
    money_restored,
    only,
    trade_a_little,
)
from verification.reconciliation.money import ENTRIES_MARGIN
from verification.reconciliation.run import Reconciled, reconcile

Check = Mismatch.Check


@pytest.fixture
def busy(desk: Desk, market: Market, maker: User, taker: User, outsider: User) -> Iterator[Desk]:
    """A market to spoil; its money is put right again, because every test looks at the whole ledger."""
    trade_a_little(desk, maker, taker)
    with money_restored(market):
        yield desk


def checks_of(done: Reconciled) -> set[str]:
    return {mismatch.check_name for mismatch in done.mismatches}


def a_trade(market: Market, status: str = "settled") -> Trade:
    return Trade.objects.filter(market=market, settlement_status=status).latest("id")


def is_halted(market: Market) -> bool:
    return Market.objects.get(pk=market.pk).trading_state == TradingState.HALTED


# --- trades ----------------------------------------------------------------------------------------------


def test_a_trade_with_another_price(busy: Desk, market: Market) -> None:
    trade = a_trade(market)
    Trade.objects.filter(pk=trade.pk).update(price=trade.price - 1)
    done = differing(market)
    mismatch = only(done, Check.TRADE)
    assert mismatch.subject == str(trade.pk)
    assert mismatch.expected == {"price": f"{trade.price.normalize():f}"}
    assert mismatch.found == {"price": f"{(trade.price - 1).normalize():f}"}
    assert Check.TRANSFER in checks_of(done)  # its money moved at another price
    assert is_halted(market)


def test_a_trade_of_a_fraction_of_a_lot(busy: Desk, market: Market) -> None:
    trade = a_trade(market, "pending")
    Trade.objects.filter(pk=trade.pk).update(quantity=trade.quantity - Decimal("0.0001"))
    assert only(differing(market), Check.TRADE).found["amounts"] == "a fraction of one"


def test_a_trade_that_is_gone(busy: Desk, market: Market) -> None:
    trade = a_trade(market)
    Trade.objects.filter(pk=trade.pk).delete()
    done = differing(market)
    mismatch = only(done, Check.TRADE)
    assert (mismatch.subject, mismatch.found) == (str(trade.pk), {"row": "missing"})
    assert mismatch.expected["seq"] == str(trade.seq)
    transfer = only(done, Check.TRANSFER)
    assert transfer.subject == str(trade.pk) and set(transfer.expected.values()) == {"none"}


@pytest.mark.parametrize("seconds", [-1, 3_600])
def test_a_trade_that_nobody_made(busy: Desk, market: Market, seconds: int) -> None:
    """Also one that claims to be of the future."""
    trade = a_trade(market)
    trade.pk = UUID(int=trade.pk.int + (seconds * 1000 << 80) + (1 << 20))
    trade.settlement_status = "resolved" if seconds < 0 else "settled"
    trade.save(force_insert=True)
    mismatch = only(differing(market, full=True), Check.TRADE)
    assert (mismatch.subject, mismatch.expected) == (str(trade.pk), {"row": "none"})


def test_a_trade_that_says_it_is_settled(busy: Desk, market: Market) -> None:
    trade = a_trade(market, "pending")
    Trade.objects.filter(pk=trade.pk).update(settlement_status="settled")
    done = differing(market)
    transfers = {mismatch.subject for mismatch in done.mismatches if mismatch.check_name == Check.TRANSFER}
    assert transfers == {str(trade.pk)}
    held = [mismatch for mismatch in done.mismatches if mismatch.check_name == Check.HELD]
    assert len(held) == 2  # the buyer's quote and the seller's base are held for nothing


def test_a_hold_that_does_not_cover_its_trade(busy: Desk, market: Market) -> None:
    trade = a_trade(market, "pending")
    fee = trade.buyer_hold - trade.price * trade.quantity
    Trade.objects.filter(pk=trade.pk).update(buyer_fee=fee / 2)
    done = differing(market)
    assert only(done, Check.FEE).subject == str(trade.buyer_order_id)


# --- orders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected", "found"),
    [
        ({"status": "cancelled"}, {"status": "filled"}, {"status": "cancelled"}),
        ({"filled_quantity": Decimal("1.4")}, {"filled_quantity": "1.5"}, {"filled_quantity": "1.4"}),
        ({"price": Decimal("100.3")}, {"price": "100.2"}, {"price": "100.3"}),
        ({"reason": "CHANGED"}, {"reason": ""}, {"reason": "CHANGED"}),
        ({"side": "sell"}, {"side": "buy"}, {"side": "sell"}),
        ({"display_quantity": Decimal(1)}, {"display_quantity": "none"}, {"display_quantity": "1"}),
    ],
)
def test_an_order_that_was_changed(
    busy: Desk, market: Market, taker: User, changes: dict[str, object], expected: object, found: object
) -> None:
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("1.5"))
    Order.objects.filter(pk=order.pk).update(**changes)
    mismatch = only(differing(market), Check.ORDER)
    assert (mismatch.subject, mismatch.expected, mismatch.found) == (str(order.pk), expected, found)
    assert is_halted(market)


def test_an_order_whose_fees_are_not_those_of_its_trades(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("1.5"))
    Order.objects.filter(pk=order.pk).update(fee_paid=F("fee_paid") + Decimal("0.00000001"))
    mismatch = only(differing(market), Check.FEE)
    assert (mismatch.subject, mismatch.expected) == (str(order.pk), {"fee_paid": f"{order.fee_paid.normalize():f}"})


def test_a_fee_that_no_rate_allows(busy: Desk, market: Market, taker: User) -> None:
    Order.objects.filter(market=market, user=taker, quantity=Decimal("1.5")).update(taker_fee_ppm=10)
    assert "to" in only(differing(market), Check.FEE).expected["fee_paid"]


def test_an_order_that_is_gone(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("1.5"))
    Order.objects.filter(pk=order.pk).delete()
    mismatch = only(differing(market), Check.ORDER)
    assert (mismatch.subject, mismatch.found) == (str(order.pk), {"row": "missing"})


def test_an_ended_order_that_nobody_placed(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("1.5"))
    order.pk = uuid7()
    order.save(force_insert=True)
    mismatch = only(differing(market), Check.ORDER)
    assert (mismatch.subject, mismatch.found) == (str(order.pk), {"row": "stored, and never placed"})


def test_an_open_order_that_nobody_placed(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("0.3"))
    order.pk = uuid7()
    order.priority += 100_000
    order.save(force_insert=True)
    done = differing(market)
    assert only(done, Check.ORDER).subject == str(order.pk)
    assert {Check.BOOK, Check.HELD} <= checks_of(done)
    assert ReplayCheckpoint.objects.filter(market=market).count() == 0


def test_an_ended_order_that_is_open_again_is_found_behind_a_checkpoint(
    busy: Desk, market: Market, taker: User
) -> None:
    reconcile(markets=[market])
    order = Order.objects.get(market=market, user=taker, status="cancelled")
    Order.objects.filter(pk=order.pk).update(status="open")
    done = differing(market)
    mismatch = only(done, Check.ORDER)
    assert (mismatch.subject, mismatch.expected) == (str(order.pk), {"status": "ended"})
    assert {Check.BOOK, Check.ORDER_HOLD} <= checks_of(done)


def test_an_open_order_that_was_cancelled_by_hand(busy: Desk, market: Market, taker: User) -> None:
    reconcile(markets=[market])
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("0.3"))
    Order.objects.filter(pk=order.pk).update(status="cancelled", held=0)
    done = differing(market)
    assert only(done, Check.ORDER).found["status"] == "cancelled"
    assert {Check.BOOK, Check.HELD} <= checks_of(done)


# --- the journal -----------------------------------------------------------------------------------------


def a_batch(market: Market) -> JournalBatch:
    """Return the batch of the large buy order: in the middle of the journal."""
    for batch in JournalBatch.objects.filter(market=market).order_by("first_seq"):
        for command in decode_commands(bytes(batch.commands)):
            if isinstance(command, PlaceOrder) and command.quantity_lots == 1_500:
                return batch
    raise LookupError


def test_commands_that_cannot_be_read_are_a_mismatch_and_no_crash(busy: Desk, market: Market) -> None:
    for garbage in (b"", b"\x93garbage", b"\x91\x93\x63\x01\x02", b"\x91\x92\x01\x05"):
        batch = a_batch_or(market)
        with unguarded():
            JournalBatch.objects.filter(pk=batch.pk).update(commands=garbage)
        mismatch = only(differing(market), Check.JOURNAL)
        assert (mismatch.subject, mismatch.expected) == (f"batch {batch.pk}", {"commands": "commands that can be read"})
        Mismatch.objects.filter(pk=mismatch.pk).update(state="gone")
    assert ReplayCheckpoint.objects.filter(market=market).count() == 0


def a_batch_or(market: Market) -> JournalBatch:
    """Return a batch that stays the same one however often its commands are overwritten."""
    return JournalBatch.objects.filter(market=market).order_by("first_seq")[2]


def test_a_command_that_cannot_be_executed(busy: Desk, market: Market) -> None:
    batch = a_batch(market)
    commands = [
        command._replace(quantity_lots=0) if isinstance(command, PlaceOrder) else command
        for command in decode_commands(bytes(batch.commands))
    ]
    with unguarded():
        JournalBatch.objects.filter(pk=batch.pk).update(commands=encode_commands(commands))
    mismatch = only(differing(market), Check.JOURNAL)
    assert mismatch.expected == {"commands": "commands that can be executed"}
    assert "an order has a quantity or a budget" in mismatch.found["commands"]


def test_a_command_with_another_quantity(busy: Desk, market: Market) -> None:
    batch = a_batch(market)
    commands = [
        command._replace(quantity_lots=1_400) if isinstance(command, PlaceOrder) else command
        for command in decode_commands(bytes(batch.commands))
    ]
    with unguarded():
        JournalBatch.objects.filter(pk=batch.pk).update(commands=encode_commands(commands))
    mismatch = only(differing(market), Check.STATE_HASH)
    assert mismatch.subject == f"batch {batch.pk}"
    assert mismatch.found == {"state_hash": batch.state_hash}


def test_a_batch_with_another_hash(busy: Desk, market: Market) -> None:
    batch = a_batch(market)
    with unguarded():
        JournalBatch.objects.filter(pk=batch.pk).update(state_hash="0123456789abcdef")
    mismatch = only(differing(market), Check.STATE_HASH)
    assert (mismatch.expected, mismatch.found) == (
        {"state_hash": batch.state_hash},
        {"state_hash": "0123456789abcdef"},
    )


def test_a_batch_that_is_gone(busy: Desk, market: Market) -> None:
    batch = a_batch(market)
    with unguarded():
        batch.delete()
    assert only(differing(market), Check.JOURNAL).expected == {"first_seq": str(batch.first_seq)}


def test_the_last_batch_is_gone(busy: Desk, market: Market) -> None:
    last = JournalBatch.objects.filter(market=market).latest("last_seq")
    with unguarded():
        last.delete()
    mismatch = only(differing(market), Check.JOURNAL)
    assert (mismatch.expected, mismatch.found) == (
        {"last_seq": str(last.first_seq - 1)},
        {"last_seq": str(last.last_seq)},
    )


def test_a_sequence_row_with_another_hash(busy: Desk, market: Market) -> None:
    MarketSequence.objects.filter(market=market).update(state_hash="0123456789abcdef")
    mismatch = only(differing(market), Check.BOOK)
    assert mismatch.expected == {"state_hash": "0123456789abcdef"}


def test_a_market_whose_stored_rules_were_changed(busy: Desk, market: Market) -> None:
    MarketSequence.objects.filter(market=market).update(price_band_ppm=1)
    assert checks_of(differing(market)) == {Check.BOOK}


def test_a_checkpoint_whose_bytes_were_changed(busy: Desk, market: Market) -> None:
    reconcile(markets=[market])
    checkpoint = ReplayCheckpoint.objects.get(market=market)
    ReplayCheckpoint.objects.filter(pk=checkpoint.pk).update(state=b"changed")
    assert only(differing(market), Check.JOURNAL).subject == f"checkpoint {checkpoint.pk}"
    assert reconcile(markets=[market], full=True).is_clean  # which needs none


# --- money -----------------------------------------------------------------------------------------------


def test_a_balance_that_no_entry_explains(busy: Desk, market: Market, taker: User) -> None:
    Account.objects.filter(owner=taker, asset=market.base).update(available=F("available") + 5)
    mismatch = only(differing(market), Check.BALANCE)
    assert (mismatch.asset, mismatch.found["difference"]) == (market.base_id, "5")
    assert mismatch.subject.startswith(taker.username)
    assert is_halted(market)


def test_entries_that_do_not_sum_to_zero(busy: Desk, market: Market, taker: User) -> None:
    entry = LedgerEntry.objects.filter(account__owner=taker, asset=market.quote).latest("id")
    with unguarded():
        execute("UPDATE settlement_ledgerentry SET amount = amount + 1 WHERE id = %s", entry.pk)
    done = differing(market)
    assert only(done, Check.ZERO_SUM).found == {"sum of all entries": "1", "difference": "1"}
    assert only(done, Check.BALANCE).found["difference"] == "-1"
    transfer = only(done, Check.TRANSFER)
    assert transfer.subject == str(entry.transfer_id) and len(transfer.expected) == 1


def test_an_entry_on_the_wrong_account(busy: Desk, market: Market, maker: User, outsider: User) -> None:
    trade = a_trade(market)
    entry = LedgerEntry.objects.get(transfer_id=trade.pk, leg=5)
    other = Account.objects.get(owner=outsider, asset=market.base)
    with unguarded():
        execute("UPDATE settlement_ledgerentry SET account_id = %s WHERE id = %s", other.pk, entry.pk)
    mismatch = only(differing(market), Check.TRANSFER)
    assert str(trade.buyer_id) in mismatch.expected["leg 5"] and str(outsider.pk) in mismatch.found["leg 5"]


def test_what_is_held_for_nothing(busy: Desk, market: Market, taker: User) -> None:
    Account.objects.filter(owner=taker, asset=market.quote).update(held=F("held") + 3, available=F("available") - 3)
    done = differing(market)
    assert checks_of(done) == {Check.HELD}
    mismatch = only(done, Check.HELD)
    assert mismatch.found["difference"] == "3"
    assert {"held", "for open orders", "for unsettled trades", "owed"} == set(mismatch.expected)


def test_an_order_that_holds_too_little(busy: Desk, market: Market, taker: User) -> None:
    """Although its account agrees with it."""
    order = Order.objects.get(market=market, user=taker, quantity=Decimal("0.3"))
    Order.objects.filter(pk=order.pk).update(held=F("held") - 1)
    Account.objects.filter(owner=taker, asset=market.quote).update(held=F("held") - 1, available=F("available") + 1)
    done = differing(market)
    assert checks_of(done) == {Check.ORDER_HOLD}
    assert only(done, Check.ORDER_HOLD).subject == str(order.pk)


def test_an_ended_order_that_holds_something_and_is_not_noted_as_owed(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, status="cancelled")
    Order.objects.filter(pk=order.pk).update(held=2)
    done = differing(market, full=True)
    assert only(done, Check.ORDER_HOLD).expected == {"held": "0, or noted as owed"}


def test_what_is_noted_as_owed_and_not_held(busy: Desk, market: Market, taker: User) -> None:
    order = Order.objects.get(market=market, user=taker, status="cancelled")
    OwedHold.objects.create(order_id=order.pk, market=market)
    assert only(differing(market), Check.ORDER_HOLD).subject == str(order.pk)
    OwedHold.objects.filter(order_id=order.pk).delete()


# --- what follows ----------------------------------------------------------------------------------------


def test_a_mismatch_of_money_halts_every_market_of_the_asset(busy: Desk, market: Market, taker: User) -> None:
    sister = Market.objects.get(pk=market.pk)
    sister.pk, sister.symbol = None, f"{market.quote_id}/{market.base_id}"
    sister.base, sister.quote = market.quote, market.base
    sister.save()
    Account.objects.filter(owner=taker, asset=market.base).update(available=F("available") + 5)
    differing(market)
    assert is_halted(market) and is_halted(sister)


def test_the_same_mismatch_is_stored_once_and_is_counted_by_the_metric(busy: Desk, market: Market, taker: User) -> None:
    Account.objects.filter(owner=taker, asset=market.base).update(available=F("available") + 5)
    before = Mismatch.objects.count()
    first, second = differing(market), differing(market)
    assert Mismatch.objects.count() == before + 1
    assert [m.pk for m in first.mismatches] == [m.pk for m in second.mismatches]
    (gauge,) = [m for m in _collector.collect() if m.name == "trade_engine_reconcile_open_mismatches"]
    assert gauge.samples[0].value == Mismatch.objects.filter(state="open").count() >= 1
    Account.objects.filter(owner=taker, asset=market.base).update(available=F("available") - 5)
    assert reconcile(markets=[market]).is_clean
    assert Mismatch.objects.get(pk=first.mismatches[0].pk).state == "open"  # nothing closes itself


def test_an_order_placed_on_a_sound_market_is_no_mismatch(desk: Desk, market: Market, maker: User) -> None:
    desk.place(maker, SELL, 10, 10_000)
    desk.place(maker, BUY, 10, 9_900)
    assert reconcile(markets=[market]).is_clean


def test_a_late_settlement_is_looked_at_although_its_trade_is_old(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    """An incremental run looks at trades of the last hour, and at whatever has entries that are new."""
    desk._now_ms -= 7_200_000
    process, order = desk.processor.process, desk.order
    for side, user in ((SELL, maker), (BUY, taker)):
        request = order(user, side, 100, 10_000)
        process([request._replace(deadline_ms=desk.now_ms() + 3_000)])
    reference = ReconcileRun.objects.create(kind="incremental", status="clean", started_at=timezone.now())
    newest = LedgerEntry.objects.latest("id").pk
    ReconcileRun.objects.filter(pk=reference.pk).update(counts={"entries_until": newest + ENTRIES_MARGIN})
    trade = a_trade(market, "pending")
    desk.settle()
    entry = LedgerEntry.objects.get(transfer_id=trade.pk, leg=4)
    with money_restored(market):
        with unguarded():
            execute("UPDATE settlement_ledgerentry SET amount = amount * 2 WHERE id = %s", entry.pk)
        assert only(differing(market), Check.TRANSFER).subject == str(trade.pk)
    assert reconcile(markets=[market]).is_clean
    ReconcileRun.objects.filter(pk=reference.pk).delete()
