import assert from "node:assert/strict";
import { test } from "node:test";

import { reviewOf } from "../../../../trading_page/static/trading/review.js";
import { BOOK, form, MARKET } from "./market.mjs";

/**
 * @import { Form } from "../../../../trading_page/static/trading/ticket.js"
 */

/** @param {Partial<Form>} fields */
const review = (fields, book = BOOK) => reviewOf(form(fields), MARKET, book, "65000.00");
/** @param {Partial<Form>} fields */
const lines = (fields) => Object.fromEntries(review(fields).lines);

test("an order at market says what it costs, how the book bears it, and is nothing unusual", () => {
  const found = review({ type: "market", quantity: "1.5" });
  assert.deepEqual(found, {
    order: "Buy 1.5 BTC at market",
    lines: [
      ["Total", "about 97,520.00 USDT"],
      ["Fee at most", "97.52 USDT"],
      ["At once", "1.50000 BTC at about 65,013.33"],
      ["Worst price", "65,020.00"],
      ["Slippage", "0.01 % from the best price"],
    ],
    warnings: [],
    isUnusual: false,
  });
});

test("what the book has not is said, and asked about", () => {
  const found = review({ type: "market", quantity: "4" });
  assert.equal(Object.fromEntries(found.lines)["Not filled"], "1.00000 BTC");
  assert.deepEqual(found.warnings, [
    "The book has no more in reach: 1.00000 BTC will not be filled.",
  ]);
  assert.equal(found.isUnusual, true);
  const sale = review({ type: "market", side: "sell", quantity: "1" }, { bids: [], asks: [] });
  assert.deepEqual([sale.isUnusual, sale.lines], [true, [["Not filled", "1.00000 BTC"]]]);
  const whole = review({ type: "market", quantity: "4", time_in_force: "fok" });
  assert.deepEqual(whole.warnings, ["It cannot be filled whole, so nothing of it will be."]);
});

test("of a budget the rest is what is left after the fee", () => {
  const found = review({
    type: "market",
    sizeBy: "quote_quantity",
    quote_quantity: "200000",
  });
  assert.equal(found.order, "Buy BTC for 200,000.00 USDT");
  // 65,010 + 2 x 65,020 = 195,050, and 195.05 of it the fee
  assert.equal(Object.fromEntries(found.lines)["Not filled"], "4,754.95 USDT");
  assert.equal(found.isUnusual, true);
});

test("a slippage of a percent is unusual", () => {
  const book = {
    bids: BOOK.bids,
    asks: /** @type {[string, string][]} */ ([
      ["65000.00", "0.01000"],
      ["66500.00", "1.00000"],
    ]),
  };
  const found = review({ type: "market", quantity: "1" }, book);
  assert.deepEqual(found.warnings, ["On average it trades 2.28 % beyond the best price."]);
  assert.equal(found.isUnusual, true);
});

test("a limit says what it trades at once, what rests, and how far it is from the market", () => {
  assert.deepEqual(lines({ price: "65015", quantity: "1.5" }), {
    Total: "97,522.50 USDT",
    "Fee at most": "97.5225 USDT",
    "At once": "1.00000 BTC at about 65,010.00",
    "Worst price": "65,010.00",
    Slippage: "0.00 % from the best price",
    "Into the book": "0.50000 BTC",
    Price: "0.01 % above the best ask",
  });
  assert.equal(lines({ price: "64000", quantity: "1" }).Price, "1.55 % below the best ask");
  assert.equal(lines({ side: "sell", price: "64990", quantity: "1" }).Price, "at the best bid");
  assert.equal(lines({ price: "65015", quantity: "1.5", post_only: true })["At once"], undefined);
  assert.equal(
    lines({ price: "65015", quantity: "1.5", time_in_force: "ioc" })["Not filled"],
    "0.50000 BTC",
  );
});

test("an order that may not rest and finds nothing is asked about", () => {
  for (const time_in_force of /** @type {const} */ (["ioc", "fok"])) {
    const found = review({ price: "64000", quantity: "1", time_in_force });
    assert.deepEqual([found.isUnusual, found.warnings.length], [true, 1]);
  }
});

test("a price far beyond the market is asked about, one far before it only warned of", () => {
  for (const [side, beyond, before] of /** @type {const} */ ([
    ["buy", "68000", "60000"],
    ["sell", "62000", "70000"],
  ])) {
    const slip = review({ side, price: beyond, quantity: "0.1" });
    assert.match(slip.warnings[0], /^Its price is far beyond the market: 4\.6\d % /);
    assert.equal(slip.isUnusual, true);
    const patient = review({ side, price: before, quantity: "0.1" });
    assert.match(patient.warnings[0], /^Its price is far from the market: 7\.7\d % /);
    assert.equal(patient.isUnusual, false);
  }
});

test("a stop says how far its trigger is, and that it is one", () => {
  const found = review({ type: "stop", stop_price: "66300", quantity: "0.1" });
  assert.equal(found.order, "Stop market: Buy 0.1 BTC at market");
  assert.equal(Object.fromEntries(found.lines).Trigger, "2.00 % above the last price");
  assert.deepEqual(found.warnings, []);
});
