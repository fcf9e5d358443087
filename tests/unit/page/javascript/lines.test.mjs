import assert from "node:assert/strict";
import { test } from "node:test";

import { amendedForm, columnsOf, LINES_MAX, linesOf, lineText } from "#charting/lines.js";
import { reviewOf } from "../../../../trading_page/static/trading/review.js";
import { BOOK, MARKET } from "./market.mjs";

/**
 * @import { Order } from "../../../../trading_page/static/trading/answers.d.ts"
 * @import { Entry } from "../../../../trading_page/static/trading/positions.js"
 */

/** @type {Order} */
const LIMIT = {
  ...{ id: "1", client_order_id: null, user_id: "7", symbol: "BTC/USDT", side: "buy" },
  ...{ type: "limit", time_in_force: "gtc", post_only: false, quantity: "0.5", price: "64000.00" },
  ...{ stop_price: null, quote_quantity: null, filled_quantity: "0.1", remaining_quantity: "0.4" },
  ...{ filled_quote: "0", average_price: null, fee: "0", fee_asset: "USDT", status: "open" },
  ...{ reason: null, trailing_amount: null, trailing_percent: null, display_quantity: null },
  ...{ expire_at: null, self_trade_prevention: "cancel_newest", reprice: false, group_id: null },
  ...{ group_role: null, triggered_at: null, protection_price: null, created_at: "", seq: 1 },
  updated_at: "2026-11-30T12:00:00Z",
};
/** @type {Order} */
const STOP = {
  ...LIMIT,
  ...{ id: "2", side: "sell", type: "stop", status: "pending", price: null },
  stop_price: "63000.00",
};
/** @type {Order} */
const STOP_LIMIT = { ...STOP, id: "3", type: "stop_limit", price: "62900.00" };
/** @type {Order} */
const TRAILING = { ...STOP, id: "4", type: "trailing_stop", trailing_percent: "1.5" };

/**
 * @param {Order[]} orders
 * @param {Entry} [entry]
 */
function texts(orders, entry) {
  const lines = linesOf(orders, "BTC/USDT", entry, "65000");
  return lines.map((line) => [lineText(line, line.price), line.field]);
}

test("an order is a line at its price, with what is left of it", () => {
  assert.deepEqual(texts([LIMIT]), [["Buy 0.4 at 64,000.00", "price"]]);
});

test("a stop is a line at its trigger, with a limit one at this, too, and each can be moved", () => {
  assert.deepEqual(texts([STOP, STOP_LIMIT]), [
    ["Stop: sell 0.4 at 63,000.00", "stop_price"],
    ["Stop: sell 0.4 at 63,000.00", "stop_price"],
    ["Limit: sell 0.4 at 62,900.00", "price"],
  ]);
});

test("once it is triggered only its limit is there", () => {
  assert.deepEqual(texts([{ ...STOP_LIMIT, status: "open" }]), [
    ["Sell 0.4 at 62,900.00", "price"],
  ]);
});

test("a trigger that takes profit says so", () => {
  const order = { ...STOP_LIMIT, type: /** @type {const} */ ("take_profit_limit") };
  assert.deepEqual(texts([{ ...order, stop_price: "66000.00", price: "65990.00" }]), [
    ["Take profit: sell 0.4 at 66,000.00", "stop_price"],
    ["Limit: sell 0.4 at 65,990.00", "price"],
  ]);
});

test("a trailing stop is moved by the market alone", () => {
  assert.deepEqual(texts([TRAILING]), [["Trailing stop: sell 0.4 at 63,000.00", null]]);
});

test("exits that wait for their entry are lines already", () => {
  const exit = { ...LIMIT, id: "5", group_role: /** @type {const} */ ("take_profit") };
  assert.deepEqual(texts([{ ...exit, side: "sell", status: "pending", price: "70000.00" }]), [
    ["Take profit: sell 0.4 at 70,000.00", "price"],
  ]);
});

test("a stop by budget says its budget", () => {
  const order = { ...STOP, side: /** @type {const} */ ("buy"), quote_quantity: "1000" };
  assert.deepEqual(
    texts([{ ...order, quantity: null, remaining_quantity: null }])[0][0],
    ["Stop: buy 1,000.00 USDT at 63,000.00"][0],
  );
});

test("the average entry is a line that nobody moves, and other markets' orders are none", () => {
  const entry = { side: /** @type {const} */ ("buy"), quantity: "1.25", average: "61234.5" };
  assert.deepEqual(texts([{ ...LIMIT, symbol: "ETH/USDT" }], entry), [
    ["Bought 1.25 at 61,234.5 on average", null],
  ]);
});

test("of many orders those near the market are shown", () => {
  const many = Array.from({ length: 100 }, (_, index) => ({
    ...LIMIT,
    id: String(index),
    price: String(60_000 + index * 10),
  }));
  const prices = linesOf(many, "BTC/USDT", undefined, "60990").map(({ price }) => Number(price));
  assert.equal(prices.length, LINES_MAX);
  assert.equal(Math.min(...prices), 60_990 - 10 * (LINES_MAX - 1));
  assert.equal(linesOf(many, "BTC/USDT", undefined, null).length, LINES_MAX);
});

test("what moving an order comes to is said of what is left of it", () => {
  const form = amendedForm(LIMIT, "price", "64500.00");
  const { lines } = reviewOf(form, MARKET, BOOK, "65000.00");
  assert.deepEqual(lines.slice(0, 2), [
    ["Total", "25,800.00 USDT"],
    ["Fee at most", "25.80 USDT"],
  ]);
  const crossing = reviewOf(amendedForm(LIMIT, "price", "65010.00"), MARKET, BOOK, "65000.00");
  assert.equal(Object.fromEntries(crossing.lines)["At once"], "0.40000 BTC at about 65,010.00");
});

test("of a trigger it is said how far it is from the last price", () => {
  const form = amendedForm(STOP, "stop_price", "63700.00");
  const { lines } = reviewOf(form, MARKET, BOOK, "65000.00");
  assert.equal(Object.fromEntries(lines).Trigger, "2.00 % below the last price");
});

test("labels that would cover each other stand side by side", () => {
  assert.deepEqual(columnsOf([10, 20, 40, 41, 90], 24), [0, 1, 0, 2, 0]);
  assert.deepEqual(columnsOf([], 24), []);
});
