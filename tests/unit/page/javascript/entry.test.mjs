import assert from "node:assert/strict";
import { test } from "node:test";

import {
  changed,
  EMPTY,
  formOf,
  stepped,
  typedOf,
  understood,
} from "../../../../trading_page/static/trading/entry.js";
import { NumberStyle } from "../../../../trading_page/static/trading/numbers.js";
import {
  NUMBER_NAMES,
  problems,
  request,
  UNREADABLE,
} from "../../../../trading_page/static/trading/ticket.js";
import { MARKET } from "./market.mjs";

/**
 * @import { Typed } from "../../../../trading_page/static/trading/entry.js"
 * @import { Form } from "../../../../trading_page/static/trading/ticket.js"
 */

/** @param {Partial<Form>} fields */
const entry = (fields) => ({ ...EMPTY, ...fields });
/** @param {Partial<Form>} fields */
const sent = (fields) => request(formOf(entry(fields)), MARKET, "id").body;

test("ten thousand typed as the page writes it is ten thousand", () => {
  const budget = sent({ type: "market", sizeBy: "quote_quantity", quote_quantity: "10,000" });
  assert.equal(budget.quote_quantity, "10000");
  const limit = sent({ price: "65,000.50", quantity: " 1,000.5 " });
  assert.deepEqual([limit.price, limit.quantity], ["65000.50", "1000.5"]);
});

test("every number of the form is read by the same rule, and what is none is refused in words", () => {
  const words = "A number such as 10,000.5: a comma separates thousands, a point the decimals";
  for (const name of NUMBER_NAMES) {
    for (const text of ["1,5", "x", "1e3", "-1", ","]) {
      const read = formOf(entry({ [name]: text }));
      assert.equal(read[name], UNREADABLE, `${name} ${text}`);
    }
    assert.equal(formOf(entry({ [name]: "1,000" }))[name], "1000");
  }
  /** @param {Partial<Form>} fields */
  const wrong = (fields) =>
    problems(formOf(entry({ price: "65000", quantity: "0.1", ...fields })), MARKET);
  assert.deepEqual(wrong({ quantity: "1,5" }), { quantity: words });
  assert.deepEqual(wrong({ price: "65.000,00" }), { price: words });
  assert.deepEqual(wrong({ display_quantity: "0,5" }), { display_quantity: words });
  assert.deepEqual(wrong({ type: "trailing_stop", trailing_percent: "1,5" }), {
    trailing_percent: words,
  });
  assert.deepEqual(wrong({ type: "oco", stop_price: "64000", stop_limit_price: "6,4" }), {
    stop_limit_price: words,
  });
});

test("another language reads its own separators", () => {
  const typed = entry({ price: "65.000,50", quantity: "1,5" });
  const read = formOf(typed, new NumberStyle("de"));
  assert.deepEqual([read.price, read.quantity], ["65000.50", "1.5"]);
  assert.equal(formOf(entry({ price: "65000.50" }), new NumberStyle("de")).price, UNREADABLE);
});

test("beside a field stands what was understood, in words of the page", () => {
  assert.equal(understood("quote_quantity", "10000", MARKET), "= 10,000.00 USDT");
  assert.equal(understood("quote_quantity", "0.00012", MARKET), "= 0.00012 USDT");
  assert.equal(understood("quantity", "1.5", MARKET), "= 1.50000 BTC");
  assert.equal(understood("price", "65000.001", MARKET), "= 65,000.001 USDT");
  assert.equal(understood("stop_loss.stop_price", "60000", MARKET), "= 60,000.00 USDT");
  assert.equal(understood("trailing_amount", "1500", MARKET), "= 1,500.00 USDT");
  assert.equal(understood("trailing_percent", "1.5", MARKET), "= 1.5 %");
  assert.equal(understood("price", "", MARKET), "");
  assert.equal(understood("price", UNREADABLE, MARKET), "not clear");
});

test("what the page fills in is read again as what it was", () => {
  assert.deepEqual(typedOf({ price: "65000.50", side: "sell" }), {
    price: "65000.50",
    side: "sell",
  });
  assert.equal(formOf(entry(typedOf({ quantity: "1000.00001" }))).quantity, "1000.00001");
});

test("an arrow key moves a number by its smallest step", () => {
  assert.equal(stepped("65000", 1n, "price", MARKET), "65000.01");
  assert.equal(stepped("0.00002", -1n, "quantity", MARKET), "0.00001");
  assert.equal(stepped("", 1n, "quantity", MARKET), "0.00001");
  assert.equal(stepped("0", -1n, "price", MARKET), null);
  assert.equal(stepped(UNREADABLE, 1n, "price", MARKET), null);
});

/**
 * @param {Typed} before
 * @param {Partial<Typed>} fields
 */
const after = (before, fields) => changed(before, fields, MARKET);

test("a price stays with the side and the type that it was typed for", () => {
  let typed = after(EMPTY, { price: "65000", quantity: "0.1" });
  typed = after(typed, { side: "sell" });
  assert.deepEqual([typed.price, typed.quantity], ["", "0.1"]);
  typed = after(typed, { price: "66000" });
  typed = after(typed, { type: "stop_limit" });
  assert.deepEqual([typed.price, typed.stop_price], ["", ""]);
  typed = after(typed, { stop_price: "64000", price: "63900" });
  typed = after(typed, { type: "oco" });
  assert.deepEqual([typed.price, typed.stop_price], ["", ""]);
  typed = after(typed, { type: "limit" });
  assert.equal(typed.price, "66000");
  typed = after(typed, { side: "buy" });
  assert.equal(typed.price, "65000");
  typed = after(typed, { side: "sell", type: "stop_limit" });
  assert.deepEqual([typed.price, typed.stop_price], ["63900", "64000"]);
});

test("a price that comes with the side goes to that side", () => {
  const typed = after(after(EMPTY, { price: "65000" }), { side: "sell", price: "66000" });
  assert.equal(typed.price, "66000");
  assert.equal(after(typed, { side: "buy" }).price, "65000");
});

test("of amount and total the one follows that was not typed last", () => {
  let typed = after(EMPTY, { price: "65000", quantity: "0.1" });
  assert.equal(typed.total, "6500");
  typed = after(typed, { price: "60,000.50" });
  assert.deepEqual([typed.quantity, typed.total], ["0.1", "6000.05"]);
  typed = after(typed, { total: "1,000" });
  assert.deepEqual([typed.quantity, typed.total], ["0.01666", "1,000"]);
  typed = after(typed, { price: "50000" });
  assert.deepEqual([typed.quantity, typed.total], ["0.02000", "1,000"]);
  typed = after(typed, { quantity: "" });
  assert.deepEqual([typed.quantity, typed.total], ["", ""]);
});

test("a total that is no number is refused where it was typed", () => {
  const typed = after(EMPTY, { price: "65000", total: "1,5" });
  assert.equal(typed.quantity, "");
  assert.deepEqual(Object.keys(problems(formOf(typed), MARKET)), ["total"]);
  const large = after(EMPTY, { price: "65000", total: "100,000,000" });
  assert.match(problems(formOf(large), MARKET).quantity, /^At most/);
});

test("a type without a limit has no total, and keeps its amount", () => {
  const typed = after(after(EMPTY, { price: "65000", total: "650" }), { type: "market" });
  assert.deepEqual([typed.quantity, typed.total, typed.sizedBy], ["0.01000", "", "quantity"]);
});
