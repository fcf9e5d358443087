import assert from "node:assert/strict";
import { test } from "node:test";

import {
  columns,
  pointedPrice,
  sideLevels,
  steps,
  sweep,
} from "../../../../trading_page/static/trading/levels.js";

/**
 * @import { Level } from "../../../../trading_page/static/streams/book.js"
 */

/** @type {Level[]} */
const ASKS = [
  ["100.01", "1.0"],
  ["100.09", "2.0"],
  ["100.11", "4.0"],
  ["101.00", "0.5"],
];
/** @type {Level[]} */
const BIDS = [
  ["99.99", "1.0"],
  ["99.91", "2.0"],
  ["99.89", "4.0"],
];
const scale = { priceDecimals: 2, quantityDecimals: 1, tick: 1n };

test("levels are added up towards the worse price, with running totals", () => {
  const asks = sideLevels(ASKS, { count: 10, step: 10n, isAsk: true, ...scale });
  assert.deepEqual(
    asks.map(({ price, volume, total }) => [price, volume, total]),
    [
      [10010n, 30n, 30n],
      [10020n, 40n, 70n],
      [10100n, 5n, 75n],
    ],
  );
  const bids = sideLevels(BIDS, { count: 10, step: 10n, isAsk: false, ...scale });
  assert.deepEqual(
    bids.map(({ price, volume }) => [price, volume]),
    [
      [9990n, 30n],
      [9980n, 40n],
    ],
  );
});

test("a step above all prices leaves one level that is true, on both sides", () => {
  const options = { count: 10, step: 100_000n, ...scale, tick: 5n };
  const bids = sideLevels(BIDS, { ...options, isAsk: false });
  const asks = sideLevels(ASKS, { ...options, isAsk: true });
  assert.deepEqual(bids, [{ price: 5n, volume: 70n, total: 70n }]);
  assert.deepEqual(asks, [{ price: 100_000n, volume: 75n, total: 75n }]);
});

test("only as many levels as are shown, each of them whole", () => {
  const asks = sideLevels(ASKS, { count: 1, step: 10n, isAsk: true, ...scale });
  assert.deepEqual(
    asks.map(({ total }) => total),
    [30n],
  );
});

test("the steps are the tick and its multiples by powers of ten", () => {
  assert.deepEqual(steps({ tick_size: "0.05", price_decimals: 2 }), [5n, 50n, 500n, 5000n, 50000n]);
});

test("an order at market takes the best levels first", () => {
  const swept = sweep(ASKS, { quantity: 25n, lot: 1n, ...scale });
  assert.deepEqual(swept, {
    cost: 10n * 10001n + 15n * 10009n,
    quantity: 25n,
    best: 10001n,
    worst: 10009n,
    isWhole: true,
  });
  assert.equal(sweep(ASKS, { quantity: 1000n, lot: 1n, ...scale }).isWhole, false);
  assert.equal(sweep(ASKS, { quantity: 75n, lot: 1n, ...scale }).isWhole, true);
});

test("a budget buys whole lots and is never overspent", () => {
  const budget = 10n * 10001n + 5n * 10009n + 5n;
  const swept = sweep(ASKS, { budget, lot: 1n, ...scale });
  assert.deepEqual([swept.quantity, swept.cost <= budget, swept.isWhole], [15n, true, true]);
  const first = ASKS.slice(0, 1);
  assert.equal(sweep(first, { budget: 10n * 10001n + 5n, lot: 1n, ...scale }).isWhole, true);
  assert.equal(sweep(first, { budget: 12n * 10001n, lot: 1n, ...scale }).isWhole, false);
});

test("an order takes only what is in its reach", () => {
  /** @param {bigint} price */
  const isInReach = (price) => price <= 10009n;
  const swept = sweep(ASKS, { quantity: 40n, lot: 1n, isInReach, ...scale });
  assert.deepEqual([swept.quantity, swept.worst, swept.isWhole], [30n, 10009n, false]);
  const none = sweep(ASKS, { quantity: 1n, lot: 1n, isInReach: () => false, ...scale });
  assert.deepEqual([none.quantity, none.best, none.isWhole], [0n, null, false]);
});

test("columns share the width: a price is never cut, amounts have what it leaves", () => {
  assert.deepEqual(columns(36, ["65,010.00", "9.00"]), { price: 9, amount: 11 });
  assert.deepEqual(columns(36, ["1,234,567,890.12"]), { price: 16, amount: 7 });
  assert.deepEqual(columns(36, ["", "0.5"]), { price: 8, amount: 11 });
  assert.deepEqual(columns(10, ["65,010.00"]), { price: 9, amount: 1 });
});

test("what is pointed at is the nearest price of the market", () => {
  const market = { tick_size: "0.05", price_decimals: 2 };
  assert.equal(pointedPrice(65000.037, market), "65000.05");
  assert.equal(pointedPrice(65000.021, market), "65000.00");
  assert.equal(pointedPrice(0.01, market), null);
  assert.equal(pointedPrice(-3, market), null);
  assert.equal(pointedPrice(NaN, market), null);
  assert.equal(pointedPrice(64_321.4, { tick_size: "10", price_decimals: 0 }), "64320");
});
