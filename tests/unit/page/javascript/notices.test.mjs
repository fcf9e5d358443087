import assert from "node:assert/strict";
import { test } from "node:test";

import { posted, shownMs } from "../../../../trading_page/static/trading/notes.js";
import { isNews, reportOf } from "../../../../trading_page/static/trading/reports.js";

/**
 * @import { Order } from "../../../../trading_page/static/trading/answers.d.ts"
 * @import { Note } from "../../../../trading_page/static/trading/notes.js"
 */

/** @type {Order} */
const OPEN = {
  id: "a",
  client_order_id: null,
  user_id: "u",
  symbol: "BTC/USDT",
  side: "buy",
  type: "limit",
  time_in_force: "gtc",
  post_only: false,
  quantity: "1.00000",
  price: "65003.00",
  stop_price: null,
  quote_quantity: null,
  filled_quantity: "0.00000",
  remaining_quantity: "1.00000",
  filled_quote: "0.00000000",
  average_price: null,
  fee: "0.00000000",
  fee_asset: "USDT",
  status: "open",
  reason: null,
  seq: 1,
  trailing_amount: null,
  trailing_percent: null,
  display_quantity: null,
  expire_at: null,
  self_trade_prevention: "cancel_newest",
  reprice: false,
  group_id: null,
  group_role: null,
  triggered_at: null,
  protection_price: null,
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
};
/** @type {Partial<Order>} */
const MARKET = { type: "market", time_in_force: "ioc", price: null };
/** @type {Partial<Order>} */
const PART = {
  filled_quantity: "0.08800",
  remaining_quantity: "0.91200",
  filled_quote: "5721.09240000",
  average_price: "65012.4136363636",
  fee: "5.72109240",
};
/** @type {Partial<Order>} */
const WHOLE = {
  status: "filled",
  filled_quantity: "1.00000",
  remaining_quantity: "0.00000",
  filled_quote: "65003.00000000",
  average_price: "65003.00",
};
/** @type {Partial<Order>} */
const BUDGET = {
  ...MARKET,
  quantity: null,
  remaining_quantity: null,
  quote_quantity: "10.00000000",
  filled_quantity: "0.00015",
  filled_quote: "9.75045000",
  average_price: "65003.00",
  fee: "0.00975045",
};
/** @param {Partial<Order>[]} fields */
const order = (...fields) => Object.assign({}, OPEN, ...fields);

test("a notice says in words what has become of the order, and its colour is true", () => {
  /** @type {[fields: Partial<Order>[], kind: Note["kind"], text: string][]} */
  const cases = [
    [[], "info", "Buy 1.00000 BTC at 65,003.00 USDT: in the book"],
    [[WHOLE], "done", "Bought 1.00000 BTC at 65,003.00 USDT"],
    [[WHOLE, { side: "sell" }], "done", "Sold 1.00000 BTC at 65,003.00 USDT"],
    [
      [PART, { status: "partially_filled" }],
      "done",
      "Bought 0.08800 of 1.00000 BTC at an average of 65,012.41 USDT; the rest is in the book",
    ],
    [
      [MARKET, PART, { status: "cancelled", reason: "MARKET_REMAINDER" }],
      "part",
      "Bought 0.08800 of 1.00000 BTC at an average of 65,012.41 USDT; the rest, 0.91200 BTC, " +
        "was cancelled: the book has no more within the price band",
    ],
    [
      [BUDGET, { status: "filled" }],
      "done",
      "Bought 0.00015 BTC for 9.76020045 USDT with the fee, at 65,003.00 USDT",
    ],
    [
      [
        BUDGET,
        { status: "cancelled", reason: "MARKET_REMAINDER", quote_quantity: "10000.00000000" },
      ],
      "part",
      "Bought 0.00015 BTC for 9.76020045 USDT with the fee, at 65,003.00 USDT; the rest, " +
        "9,990.23 USDT, was cancelled: the book has no more within the price band",
    ],
    [
      [MARKET, { status: "rejected", reason: "INSUFFICIENT_LIQUIDITY", side: "sell" }],
      "error",
      "Sell 1.00000 BTC at market was refused: the book has nothing within the price band",
    ],
    [
      [BUDGET, { filled_quantity: "0.00000", status: "cancelled", reason: "FOK_NOT_FILLABLE" }],
      "part",
      "Buy BTC for 10.00 USDT was cancelled: not all of it could be had at once",
    ],
    [[{ status: "cancelled" }], "info", "Buy 1.00000 BTC at 65,003.00 USDT was cancelled"],
    [[{ status: "expired" }], "part", "Buy 1.00000 BTC at 65,003.00 USDT has expired"],
    [
      [{ status: "pending", type: "stop", price: null, stop_price: "66000.00" }],
      "info",
      "Buy 1.00000 BTC at market: waits for 66,000.00 USDT",
    ],
    [
      [{ status: "pending", type: "trailing_stop", price: null, trailing_percent: "1.5" }],
      "info",
      "Buy 1.00000 BTC at market: trails the market by 1.5 %",
    ],
    [
      [{ status: "pending", side: "sell", group_role: "take_profit" }],
      "info",
      "Sell 1.00000 BTC at 65,003.00 USDT: waits for its entry",
    ],
  ];
  for (const [fields, kind, text] of cases) {
    assert.deepEqual(reportOf(order(...fields), 2), { text, kind });
  }
});

test("news of an order are what it traded, its trigger, and an end that nobody asked for", () => {
  const stop = order({ type: "stop", status: "pending" });
  assert.equal(isNews(OPEN), false);
  assert.equal(isNews(order(WHOLE)), true);
  assert.equal(isNews(order(PART, { status: "partially_filled" }), OPEN), true);
  assert.equal(isNews(order(PART, { status: "partially_filled" }), order(PART)), false);
  assert.equal(isNews(order({ price: "64000.00" }), OPEN), false);
  assert.equal(isNews(order({ type: "stop_limit" }), stop), true);
  assert.equal(isNews(stop, stop), false);
  assert.equal(isNews(order({ status: "cancelled" }), OPEN), false);
  assert.equal(isNews(order({ status: "cancelled", reason: "LINKED" }), OPEN), false);
  assert.equal(isNews(order({ status: "cancelled", reason: "CANCEL_AFTER" }), OPEN), true);
  assert.equal(isNews(order({ status: "expired" }), OPEN), true);
  assert.equal(isNews(order({ status: "rejected", reason: "PRICE_OUT_OF_BAND" }), stop), true);
});

test("an order has one notice, which says what is newest in its place", () => {
  /** @type {Note[]} */
  let notes = [];
  for (const [key, text] of [
    ["a", "in the book"],
    ["b", "other"],
    ["a", "filled"],
  ]) {
    notes = posted(notes, { key, text, kind: "info" });
  }
  assert.deepEqual(
    notes.map(({ key, text }) => `${key} ${text}`),
    ["a filled", "b other"],
  );
});

test("the oldest makes room, and one that stays only for others that stay", () => {
  /** @param {Note["kind"][]} kinds */
  const kept = (...kinds) => {
    /** @type {Note[]} */
    const none = [];
    return kinds
      .reduce((notes, kind, index) => posted(notes, { key: String(index), text: "", kind }), none)
      .map(({ key }) => key)
      .join("");
  };
  assert.equal(kept("info", "info", "info", "info"), "123");
  assert.equal(kept("error", "info", "done", "part"), "023");
  assert.equal(kept("error", "error", "keep", "error"), "123");
  assert.ok(
    shownMs({ key: "", text: "", kind: "part" }) > shownMs({ key: "", text: "", kind: "done" }),
  );
});
