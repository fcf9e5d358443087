import assert from "node:assert/strict";
import { test } from "node:test";

import { percentOf, shareOf } from "../../../../trading_page/static/trading/shares.js";
import { form, MARKET } from "./market.mjs";

/**
 * @import { Form } from "../../../../trading_page/static/trading/ticket.js"
 */

const BALANCES = new Map([
  ["USDT", { available: "1000.00000000" }],
  ["BTC", { available: "0.12345678" }],
]);
/**
 * @param {number} percent
 * @param {Partial<Form>} fields
 */
const share = (percent, fields, market = MARKET) =>
  shareOf(percent, form(fields), market, { balances: BALANCES, last: "65000.00" });

test("a limit buy takes all that leaves the higher of its two fees", () => {
  assert.deepEqual(share(100, { price: "65000" }), { quantity: "0.01536" });
  assert.ok(0.01536 * 65000 * 1.001 <= 1000);
  assert.ok(0.01537 * 65000 * 1.001 > 1000);
});

test("a market buy spends a budget: all of what is available, to the unit", () => {
  assert.deepEqual(share(100, { type: "market" }), {
    sizeBy: "quote_quantity",
    quote_quantity: "1000.00000000",
  });
  assert.deepEqual(share(25, { type: "market", sizeBy: "quote_quantity" }), {
    sizeBy: "quote_quantity",
    quote_quantity: "250.00000000",
  });
});

test("a sell of any type takes all whole lots", () => {
  for (const type of /** @type {Form["type"][]} */ (["limit", "market", "stop", "trailing_stop"])) {
    assert.deepEqual(share(100, { type, side: "sell" }), { quantity: "0.12345" });
  }
  assert.deepEqual(share(50, { side: "sell" }), { quantity: "0.06172" });
});

test("lower fees of the account leave more for the order", () => {
  const own = { ...MARKET, maker_fee_rate: "0.0002", taker_fee_rate: "0" };
  assert.deepEqual(share(100, { price: "65000" }, own), { quantity: "0.01538" });
});

test("without the price that the hold goes by there is nothing to say", () => {
  assert.equal(share(100, {}), null);
  assert.equal(share(100, { type: "stop" }), null);
  assert.equal(share(100, { type: "oco", price: "65000" }), null);
  assert.equal(share(100, { type: "trailing_stop" }), null);
  const unknown = { balances: BALANCES, last: null };
  const trailing = form({ type: "trailing_stop", trailing_percent: "1" });
  assert.equal(shareOf(100, trailing, MARKET, unknown), null);
});

test("nothing available is nothing", () => {
  assert.deepEqual(shareOf(100, form({ price: "65000" }), MARKET, { balances: new Map() }), {
    quantity: "0.00000",
  });
});

test("a share is cut to the most that the market takes, in whole lots", () => {
  const market = { ...MARKET, max_quantity: "0.0999955" };
  assert.deepEqual(share(100, { side: "sell" }, market), { quantity: "0.09999" });
});

/**
 * @param {Partial<Form>} fields
 */
const percent = (fields, market = MARKET) =>
  percentOf(form(fields), market, { balances: BALANCES, last: "65000.00" });

test("the slider stands where a share has put the amount, and at 100 only with all of it", () => {
  for (const fields of /** @type {Partial<Form>[]} */ ([
    { price: "65000" },
    { type: "market" },
    { side: "sell", price: "65000" },
    { type: "stop", stop_price: "70000" },
    { type: "trailing_stop", trailing_percent: "5" },
  ])) {
    for (const wanted of [1, 25, 50, 75, 99, 100]) {
      const sized = { ...fields, ...share(wanted, fields) };
      assert.equal(percent(sized), wanted, JSON.stringify(sized));
    }
  }
  assert.equal(percent({ price: "65000", quantity: "0.01535" }), 99);
  assert.equal(percent({ price: "65000", quantity: "7" }), 100);
});

test("the slider is at 0 without an amount, and knows nothing without a price", () => {
  assert.equal(percent({ price: "65000" }), 0);
  assert.equal(percent({ price: "65000", quantity: "?" }), 0);
  assert.equal(percent({ quantity: "0.01" }), null);
  assert.equal(percent({ type: "market", quantity: "0.01" }), null, "the budget is not known");
});

test("of more than one order may have, a share is one of what it may", () => {
  const small = { ...MARKET, max_quantity: "0.01" };
  /** @param {number} wanted */
  const sold = (wanted) => share(wanted, { side: "sell" }, small)?.quantity ?? "";
  assert.deepEqual([sold(100), sold(50), sold(99)], ["0.01000", "0.00500", "0.00990"]);
  for (const wanted of [25, 99, 100]) {
    assert.equal(percent({ side: "sell", quantity: sold(wanted) }, small), wanted);
  }
});
