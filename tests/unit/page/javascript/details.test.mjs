// The facts about an order: those that it has, in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { moneyLines, sizeLines, termLines } from "#account/lines.js";

/** @typedef {import("../../../../trading_page/static/trading/answers.d.ts").Order} Order */

const ORDER = /** @type {Order} */ ({
  symbol: "BTC/USDT",
  side: "buy",
  type: "limit",
  time_in_force: "ioc",
  post_only: false,
  quantity: "0.50000",
  price: "65000.00",
  stop_price: null,
  quote_quantity: null,
  filled_quantity: "0.20000",
  remaining_quantity: "0.30000",
  filled_quote: "13000.00000000",
  average_price: "65000.00",
  fee: "13.00000000",
  fee_asset: "USDT",
  status: "cancelled",
  reason: "IOC_REMAINDER",
  trailing_amount: null,
  trailing_percent: null,
  display_quantity: null,
  expire_at: null,
  self_trade_prevention: "cancel_newest",
  reprice: false,
  group_role: null,
  triggered_at: null,
  protection_price: null,
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:01.000Z",
});
const texts = (/** @type {import("#account/lines.js").Line[]} */ lines) =>
  Object.fromEntries(lines.map(({ name, text }) => [name, text]));

test("what it cost, with the fee, and why it ended", () => {
  const facts = texts(moneyLines(ORDER));
  assert.equal(facts.Status, "Cancelled");
  assert.equal(facts.Reason, "nothing more could be had at once at its price");
  assert.equal(facts.Cost, "13,000 USDT");
  assert.equal(facts.Fee, "13 USDT");
  assert.equal(facts["Paid with the fee"], "13,013 USDT");
  const sale = texts(moneyLines({ ...ORDER, side: "sell", reason: null }));
  assert.equal(sale["Received after the fee"], "12,987 USDT");
  assert.equal(sale.Reason, "it was cancelled by its owner");
});

test("what it does not have is left out", () => {
  const open = { ...ORDER, status: /** @type {const} */ ("open"), reason: null };
  const facts = texts(moneyLines({ ...open, average_price: null }));
  assert.deepEqual(Object.keys(facts), ["Status", "Placed", "Last change"]);
  const terms = texts(termLines(ORDER));
  assert.equal(terms["Time in force"], "At once or not (IOC)");
  assert.deepEqual(
    ["Trigger", "Distance", "Expires", "Post only", "Group"].filter((name) => name in terms),
    [],
  );
});

test("what it waits for, and how much it is about", () => {
  const trailing = texts(
    termLines({ ...ORDER, type: "trailing_stop", price: null, trailing_percent: "1.5" }),
  );
  assert.equal(trailing.Distance, "1.5 %");
  assert.equal(trailing.Price, "market");
  assert.deepEqual(texts(sizeLines(ORDER)), {
    Amount: "0.50000 BTC",
    Filled: "0.20000 BTC",
    Remaining: "0.30000 BTC",
  });
});
