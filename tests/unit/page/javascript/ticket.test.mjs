import assert from "node:assert/strict";
import { test } from "node:test";

import {
  problems,
  refusalAt,
  request,
  standing,
  timeOf,
  TYPES,
  UNREADABLE,
} from "../../../../trading_page/static/trading/ticket.js";
import { form, MARKET } from "./market.mjs";

/**
 * @import { ErrorBody } from "../../../../trading_page/static/trading/answers.d.ts"
 * @import { Form, FormType } from "../../../../trading_page/static/trading/ticket.js"
 */

const TYPE_NAMES = /** @type {FormType[]} */ (Object.keys(TYPES));
/** @param {Partial<Form>} fields */
const body = (fields) => request(form(fields), MARKET, "id").body;

test("each type sends the fields that it has, and no others", () => {
  const filled = {
    price: "65000",
    quantity: "0.1",
    quote_quantity: "10",
    stop_price: "64000",
    stop_limit_price: "",
    trailing_percent: "1.5",
    "take_profit.price": "70000",
    "stop_loss.stop_price": "60000",
    "stop_loss.price": "",
    post_only: false,
  };
  const sent = Object.fromEntries(
    TYPE_NAMES.map((type) => [type, body({ ...filled, type, side: "sell" })]),
  );
  const common = {
    symbol: "BTC/USDT",
    side: "sell",
    client_order_id: "id",
    quantity: "0.1",
    time_in_force: "gtc",
  };
  assert.deepEqual(sent.limit, { ...common, type: "limit", price: "65000" });
  assert.deepEqual(sent.market, { ...common, type: "market", time_in_force: "ioc" });
  assert.deepEqual(sent.stop, { ...common, type: "stop", stop_price: "64000" });
  assert.deepEqual(sent.stop_limit, {
    ...common,
    type: "stop_limit",
    stop_price: "64000",
    price: "65000",
  });
  assert.deepEqual(sent.trailing_stop, {
    ...common,
    type: "trailing_stop",
    trailing_percent: "1.5",
  });
  assert.deepEqual(sent.oco, { ...common, price: "65000", stop_price: "64000" });
  assert.deepEqual(sent.bracket, {
    ...common,
    type: "limit",
    price: "65000",
    take_profit: { price: "70000" },
    stop_loss: { stop_price: "60000" },
  });
  assert.equal(request(form({ type: "oco" }), MARKET, "id").path, "/orders/oco");
});

test("a market buy can be by budget, a sell cannot", () => {
  /** @type {Partial<Form>} */
  const budget = {
    type: "market",
    sizeBy: "quote_quantity",
    quote_quantity: "10",
    quantity: "0.1",
  };
  assert.equal(body(budget).quote_quantity, "10");
  assert.equal(body(budget).quantity, undefined);
  assert.equal(body({ ...budget, side: "sell" }).quantity, "0.1");
});

test("instructions go along only where the type has them", () => {
  /** @type {Partial<Form>} */
  const asked = {
    price: "1",
    quantity: "1",
    post_only: true,
    reprice: true,
    display_quantity: "0.1",
    self_trade_prevention: "cancel_both",
  };
  const limit = body(asked);
  assert.deepEqual(
    [limit.post_only, limit.reprice, limit.display_quantity, limit.self_trade_prevention],
    [true, true, "0.1", "cancel_both"],
  );
  assert.equal(body({ ...asked, time_in_force: "ioc" }).post_only, undefined);
  assert.equal(body({ ...asked, time_in_force: "ioc" }).display_quantity, undefined);
  assert.equal(body({ ...asked, type: "stop" }).post_only, undefined);
  assert.equal(timeOf(form({ type: "market", time_in_force: "gtd" })), "ioc");
});

test("what can be seen to be wrong is said at its field", () => {
  assert.deepEqual(problems(form({}), MARKET), {
    price: "This is needed",
    quantity: "This is needed",
  });
  /** @param {Partial<Form>} fields */
  const wrong = (fields) => problems(form({ price: "65000", quantity: "0.1", ...fields }), MARKET);
  assert.deepEqual(wrong({}), {});
  assert.deepEqual(wrong({ price: "65000.001" }), { price: "In steps of 0.01" });
  assert.deepEqual(wrong({ price: UNREADABLE }), {
    price: "A number such as 10,000.5: a comma separates thousands, a point the decimals",
  });
  assert.deepEqual(wrong({ quantity: "0.000001" }), { quantity: "In steps of 0.00001" });
  assert.deepEqual(wrong({ quantity: "0.00001" }), { quantity: "At least 0.00005 BTC" });
  assert.deepEqual(wrong({ quantity: "0.00006" }), {
    quantity: "Price x amount is at least 5 USDT",
  });
  assert.deepEqual(wrong({ quantity: "1001" }), { quantity: "At most 1,000 BTC" });
  assert.deepEqual(wrong({ quantity: "0" }), { quantity: "More than zero" });
  assert.deepEqual(wrong({ time_in_force: "gtd" }), { expire_at: "Say when it expires" });
});

test("of what was wrong that stays which is wrong still, whichever field has put it right", () => {
  /** @param {Partial<Form>} fields */
  const now = (fields) => problems(form(fields), MARKET);
  const found = now({ price: "65000.001", quantity: "0.00006" });
  assert.deepEqual(standing(found, found), found);
  const small = now({ price: "65000", quantity: "0.00006" });
  assert.deepEqual(standing(small, now({ price: "650000", quantity: "0.00006" })), {});
  assert.deepEqual(standing(now({}), now({ price: "65000" })), { quantity: "This is needed" });
});

test("a market's limits need not be multiples of its lot", () => {
  const market = { ...MARKET, min_quantity: "0.000055", max_quantity: "0.0999955" };
  /** @param {string} quantity */
  const wrong = (quantity) => problems(form({ price: "650000", quantity }), market).quantity;
  assert.deepEqual(["0.00005", "0.00006"].map(wrong), ["At least 0.000055 BTC", undefined]);
  assert.deepEqual(["0.09999", "0.10000"].map(wrong), [undefined, "At most 0.0999955 BTC"]);
});

test("the exchange's refusals are shown at the fields that they are about", () => {
  const shown = ["price", "quantity"];
  /** @type {(code: ErrorBody["code"], details: Record<string, unknown>, message?: string) => object} */
  const refusal = (code, details, message = "No") => refusalAt({ code, details, message }, shown);
  assert.deepEqual(refusal("VALIDATION_ERROR", { price: ["Too", "bad"] }), {
    fields: { price: "Too bad" },
    general: "",
  });
  assert.deepEqual(refusal("VALIDATION_ERROR", { post_only: ["Never"] }), {
    fields: {},
    general: "Post only: Never (VALIDATION_ERROR)",
  });
  assert.deepEqual(refusal("TICK_SIZE", { field: "price" }), {
    fields: { price: "No" },
    general: "",
  });
  const lack = { asset: "USDT", required: "10000.5", available: "0" };
  assert.deepEqual(refusal("INSUFFICIENT_BALANCE", lack), {
    fields: { quantity: "Not enough USDT: 10,000.5 needed, 0 available" },
    general: "",
  });
  assert.deepEqual(refusal("ENGINE_UNAVAILABLE", {}), {
    fields: {},
    general:
      "The market's engine is not available; nothing was done, try again (ENGINE_UNAVAILABLE)",
  });
  assert.deepEqual(refusal("INTERNAL_ERROR", {}, "It was logged"), {
    fields: {},
    general: "It was logged (INTERNAL_ERROR)",
  });
});
