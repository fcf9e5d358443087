// Open orders as they are listed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf, signed } from "#account/amounts.js";
import { distance, listed } from "../../../../trading_page/static/trading/openlist.js";

/** @typedef {import("../../../../trading_page/static/trading/answers.d.ts").Order} Order */

let made = 0;
const order = (/** @type {Partial<Order>} */ fields) =>
  /** @type {Order} */ ({
    id: `id-${(made += 1)}`,
    symbol: "BTC/USDT",
    side: "buy",
    created_at: `2026-01-01T00:00:0${made % 10}.000Z`,
    group_id: null,
    group_role: null,
    ...fields,
  });
const ALL = /** @type {const} */ ({ symbol: "", side: "" });

test("the newest comes first, and a group stands together with its entry on top", () => {
  const at = (/** @type {number} */ second) => `2026-01-01T00:00:0${second}.000Z`;
  const [single, stop, profit, entry, newest] = [
    order({ created_at: at(2) }),
    order({ created_at: at(1), group_id: "g", group_role: "stop_loss", side: "sell" }),
    order({ created_at: at(3), group_id: "g", group_role: "take_profit", side: "sell" }),
    order({ created_at: at(1), group_id: "g", group_role: "entry" }),
    order({ created_at: at(4), symbol: "ETH/USDT" }),
  ];
  const orders = [single, stop, profit, entry, newest];
  assert.deepEqual(listed(orders, ALL), [newest, entry, profit, stop, single]);
  assert.deepEqual(listed(orders, { symbol: "ETH/USDT", side: "" }), [newest]);
  assert.deepEqual(listed(orders, { symbol: "", side: "sell" }), [profit, stop]);
  assert.deepEqual(orders, [single, stop, profit, entry, newest]);
});

test("how far an order is from the market", () => {
  const open = /** @type {const} */ ({ status: "open", price: "99", stop_price: null });
  assert.equal(distance(open, "100"), "-1.00");
  assert.equal(distance({ ...open, price: "100.005" }, "100"), "0.00");
  assert.equal(distance({ ...open, price: "101.5" }, "100"), "1.50");
  // One that waits acts at its trigger; once that was reached, at its limit.
  assert.equal(distance({ status: "pending", price: "120", stop_price: "110" }, "100"), "10.00");
  assert.equal(distance({ status: "open", price: "120", stop_price: "110" }, "100"), "20.00");
  assert.equal(distance({ ...open, price: null }, "100"), null);
  assert.equal(distance(open, null), null);
});

test("amounts of trades and entries", () => {
  assert.equal(costOf({ price: "65003.10", quantity: "0.20000" }), "13000.62");
  assert.equal(signed("-1234.50"), "−1,234.50");
  assert.equal(signed("0.1"), "+0.1");
});
