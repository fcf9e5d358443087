"""Why two orders matched: through levels, in time order, after a refill, a trigger, an amendment, in an auction."""

import json
import re
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from exchange.models import Market, User
from exchange.services import market_set_state
from matching.engine import OrderType, SelfTradePrevention
from orders.models import JournalBatch, ReplayCheckpoint, Trade
from tests.administrator import unguarded
from tests.desk import BUY, SELL, Desk
from tests.integration.admin.scene import browser_of, staff_with
from verification.admin import explanation as explanation_admin
from verification.explanation.connections import plain_reading
from verification.explanation.orders import order_life
from verification.explanation.trades import ExplainError, Explanation, text_of, trade_explain
from verification.reconciliation.run import reconcile


def last_trade(market: Market) -> Trade:
    return Trade.objects.filter(market=market).latest("seq")


def explained(trade: Trade) -> Explanation:
    with plain_reading() as connection:
        return trade_explain(connection=connection, trade=trade)


def why(trade: Trade) -> str:
    return " ".join(explained(trade).reasons)


def plain_text(explanation: Explanation) -> str:
    """Return an explanation with names and numbers of its own replaced."""
    text = "\n".join(text_of(explanation))
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", text)
    text = re.sub(r"order …[0-9a-f]{12}", "order <id>", text)
    text = re.sub(r"(maker|taker|outsider)-[0-9A-F]{8}", r"\1", text)
    text = re.sub(r"\b[BQ][0-9A-F]{8}\b", lambda match: "BASE" if match[0][0] == "B" else "QUOTE", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)
    return re.sub(r"  +", "  ", text)


def test_a_fill_through_several_levels(desk: Desk, market: Market, maker: User, taker: User, outsider: User) -> None:
    desk.place(maker, SELL, 1_000, 10_000)
    desk.place(outsider, SELL, 500, 10_000)
    desk.place(maker, SELL, 1_000, 10_010)
    desk.place(outsider, BUY, 700, 9_990)
    desk.place(taker, BUY, 1_800, 10_010)
    desk.settle()
    text = plain_text(explained(last_trade(market)))
    assert text.split("WHY THESE TWO ORDERS MATCHED\n")[1] == EXPECTED_WHY, text
    assert "THE QUEUE IT MET AT 100 (SELL ORDERS, FIRST COME FIRST)" in text
    assert "THE ASKS BEFORE (BEST 5)\n  Price  Quantity  Orders\n  100.1  1  1\n  100  1.5  2\n" in text
    assert "THE BIDS BEFORE (BEST 5)\n  Price  Quantity  Orders\n  99.9  0.7  1\n" in text
    assert "command  place limit order to buy 1.8 at 100.1, gtc (order <id> of taker)" in text


EXPECTED_WHY = """\
  1. The taker is order <id>, which this command placed.
  2. Its limit 100.1 reaches 100.1.
  3. Best price first: 100.1 was the best price of the asks. A trade is made at the maker's price.
  4. First come, first served: order <id> (priority 6) was number 1 in the queue at 100.1, and the only one.
  5. They traded 0.3: the smaller of what the taker still wanted and what the maker showed; 0.7 of the maker was left.

WHAT IT COST
  price x quantity  30.03 QUOTE
  buyer's fee  0.03003 QUOTE (taker, 1000 ppm, rounded up; never more than the order's hold allows)
  seller's fee  0.03003 QUOTE (maker, 1000 ppm, rounded up; never more than the order's hold allows)
  buyer's hold  30.06003 QUOTE went over from the order to the trade
  given back  0 QUOTE at settlement: hold - cost - fee
  seller's hold  0.3 BASE
  settlement  settled at <time>

Replayed from sequence number 0; after the batch the state hash was the stored one."""


def test_first_come_first_served_at_a_price(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    first = desk.place(maker, SELL, 300, 10_000).order
    desk.place(outsider, SELL, 300, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    assert f"order …{first.id.hex()[-12:]} (priority" in why(last_trade(market))
    assert "was number 1 in the queue at 100, before 1 other." in why(last_trade(market))


def test_an_iceberg_goes_to_the_end_of_its_queue_when_it_refills(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    desk.place(maker, SELL, 300, 10_000, display_lots=100)
    desk.place(outsider, SELL, 100, 10_000)
    desk.place(taker, BUY, 250, 10_000)
    trades = list(Trade.objects.filter(market=market).order_by("seq"))
    assert [trade.seller_id for trade in trades] == [maker.pk, outsider.pk, maker.pk]
    text = plain_text(explained(trades[2]))
    assert "Before that, it had shown its next part and gone to the end of the queue." in text
    assert "shows its next 0.1, at the end of its queue" in text
    assert "1  order <id>  maker  2  0.1  0.2" in text  # shown and hidden
    assert "gone to the end" not in why(trades[0])


def test_a_triggered_stop(desk: Desk, market: Market, maker: User, taker: User, outsider: User) -> None:
    desk.place(taker, SELL, 100, kind=OrderType.STOP, stop_price_ticks=9_900)
    desk.place(maker, BUY, 100, 9_900)
    desk.place(maker, BUY, 100, 9_890)
    desk.place(outsider, SELL, 100, 9_900)
    first, second = Trade.objects.filter(market=market).order_by("seq")
    text = why(second)
    assert (
        f"triggered by the trade with sequence number {first.seq}: the last price 99 reached its stop price 99" in text
    )
    assert "up to its protection price 89.1" in text
    assert "which this command placed" in why(first)


def test_an_amended_order(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    order = desk.place(taker, BUY, 100, 9_900).order
    desk.amend(taker, order.id, price=10_000)
    text = why(last_trade(market))
    assert "which this command amended" in text and "Its limit 100 reaches 100." in text


def test_a_stop_that_was_moved(desk: Desk, market: Market, taker: User) -> None:
    stop = desk.place(taker, SELL, 100, kind=OrderType.STOP, stop_price_ticks=9_900).order
    desk.amend(taker, stop.id, stop_price=9_800)
    with plain_reading() as connection:
        life = order_life(connection=connection, order=desk.stored(stop.id))
    commands, events = (" ".join(cell for row in section.rows for cell in row) for section in life.sections)
    assert "stop price 98" in commands
    assert "is amended to 0.1 at 88.2 and goes to the end of the queue" in events
    assert "waits for 98 from now on" in events


def test_an_opening_auction(desk: Desk, market: Market, maker: User, taker: User, staff: User) -> None:
    market_set_state(actor=staff, market_id=market.pk, state="pre_open")
    desk.tend_if_needed()
    desk.place(maker, SELL, 100, 9_900)
    desk.place(taker, BUY, 100, 10_100)
    market_set_state(actor=staff, market_id=market.pk, state="continuous")
    desk.tend_if_needed()
    explanation = explained(last_trade(market))
    text = plain_text(explanation)
    assert "opened with an auction" in text and "command  set the trading state to continuous" in text
    assert "buys up to 101" in text and "sells down to 99" in text


def test_an_exit_of_a_bracket(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.send(desk.bracket(taker, BUY, 100, 0, take_profit=10_500, stop=9_500))
    desk.place(maker, BUY, 100, 10_500)
    desk.settle()
    assert "an exit of a bracket whose entry is settled" in why(last_trade(market))


def test_self_trade_prevention_is_told(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(taker, SELL, 100, 10_000)
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000, stp=SelfTradePrevention.CANCEL_OLDEST)
    text = plain_text(explained(last_trade(market)))
    assert "is cancelled: self-trade prevention: it would have traded with an order of the same user" in text
    assert "was number 1 in the queue at 100, and the only one" in text


def test_a_market_order_by_budget(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 1_000, 10_000)
    desk.place(taker, BUY, 0, budget_units=50 * 10**8)
    text = plain_text(explained(last_trade(market)))
    assert "place market order to buy what the budget buys" in text
    assert "A market order takes the best prices within the price band, 90 to 110." in text


# --- where it begins, and when it cannot -----------------------------------------------------------------


def test_it_begins_at_the_nearest_checkpoint_and_gives_the_same(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    desk.place(maker, SELL, 1_000, 10_000, display_lots=200)
    desk.place(taker, BUY, 100, 10_000)
    assert reconcile(markets=[market]).is_clean
    desk.place(taker, BUY, 100, 10_000)
    from_checkpoint = explained(last_trade(market))
    assert from_checkpoint.replayed_from == ReplayCheckpoint.objects.get(market=market).seq > 0
    ReplayCheckpoint.objects.filter(market=market).delete()
    from_genesis = explained(last_trade(market))
    assert from_genesis.replayed_from == 0
    assert (from_genesis.sections, from_genesis.reasons) == (from_checkpoint.sections, from_checkpoint.reasons)


def test_the_command_prints_text_or_json(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    out, document = StringIO(), StringIO()
    call_command("explain", str(last_trade(market).pk), stdout=out)
    call_command("explain", str(last_trade(market).pk), "--json", stdout=document)
    assert "WHY THESE TWO ORDERS MATCHED" in out.getvalue()
    assert json.loads(document.getvalue())["is_proven"] is True


def test_a_journal_that_is_gone_is_said(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    trade = last_trade(market)
    with unguarded():
        JournalBatch.objects.filter(market=market).latest("last_seq").delete()
    with pytest.raises(ExplainError, match="journal of this trade is gone"):
        explained(trade)


def test_the_beginning_of_the_journal_is_gone(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    with unguarded():
        JournalBatch.objects.filter(market=market).earliest("last_seq").delete()
    with pytest.raises(ExplainError, match="between the nearest checkpoint and this trade is gone"):
        explained(last_trade(market))


def test_a_trade_that_the_journal_does_not_have(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    trade = last_trade(market)
    trade.seq -= 1
    with pytest.raises(ExplainError, match="no trade with the sequence number"):
        explained(trade)


def test_a_trade_that_does_not_exist() -> None:
    with pytest.raises(CommandError, match="There is no trade"):
        call_command("explain", "01900000-0000-7000-8000-000000000000")


def test_the_page_of_a_trade_links_to_its_explanation(
    desk: Desk, market: Market, maker: User, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.place(maker, SELL, 100, 10_000)
    desk.place(taker, BUY, 100, 10_000)
    trade = last_trade(market)
    page, url = f"/admin/orders/trade/{trade.pk}/change/", f"/admin/orders/trade/{trade.pk}/explain/"
    clerk = browser_of(staff_with("orders.view_trade"))
    assert url in clerk.get(page).content.decode()
    content = clerk.get(url).content.decode()
    assert "First come, first served" in content and "What it cost" in content
    assert browser_of(staff_with("orders.view_order")).get(url).status_code == 403
    assert Client().get(url).status_code == 302
    monkeypatch.setattr(explanation_admin, "EVENTS_MAX", 1)
    assert "use `manage.py explain` on the command line" in clerk.get(url).content.decode()


def test_prices_of_a_market_with_a_coarse_tick(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 1, 10_005)
    desk.place(taker, BUY, 1, 10_005)
    trade = last_trade(market)
    assert trade.price == Decimal("100.05")
    assert "0.001" in why(trade) and "100.05" in why(trade)
