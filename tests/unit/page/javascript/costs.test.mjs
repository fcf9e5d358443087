import assert from "node:assert/strict";
import { test } from "node:test";

import { preview, shareOf } from "../../../../trading_page/static/trading/costs.js";
import { BALANCES, BOOK, form, MARKET } from "./market.mjs";

test("the preview has the total and the highest fee, exactly", () => {
  const limit = preview(form({ price: "65000.01", quantity: "0.00007" }), MARKET, BOOK);
  assert.deepEqual([limit?.total, limit?.fee], ["4.55000070", "0.00455001"]);
  const market = preview(form({ type: "market", quantity: "1.5" }), MARKET, BOOK);
  assert.deepEqual(
    [market?.total, market?.worst, market?.isEstimate],
    ["97520.00000000", "65020.00", true],
  );
  assert.equal(preview(form({ price: "1" }), MARKET, BOOK), null);
});

test("a budget's preview leaves room for the fee", () => {
  const found = preview(
    form({ type: "market", sizeBy: "quote_quantity", quote_quantity: "650.75010" }),
    MARKET,
    BOOK,
  );
  assert.equal(found?.quantity, "0.01000");
});

test("shares of what is available never exceed it, fee included", () => {
  assert.deepEqual(shareOf(100, form({ side: "sell" }), MARKET, BALANCES, BOOK), {
    quantity: "0.12345",
  });
  assert.deepEqual(shareOf(50, form({ side: "sell" }), MARKET, BALANCES, BOOK), {
    quantity: "0.06172",
  });
  const buy = shareOf(100, form({ price: "65000" }), MARKET, BALANCES, BOOK);
  assert.deepEqual(buy, { quantity: "0.01536" });
  assert.ok(0.01536 * 65000 * 1.001 <= 1000);
  assert.ok(0.01537 * 65000 * 1.001 > 1000);
  assert.deepEqual(
    shareOf(25, form({ type: "market", sizeBy: "quote_quantity" }), MARKET, BALANCES, BOOK),
    { quote_quantity: "250.00000000" },
  );
  assert.equal(shareOf(100, form({}), MARKET, BALANCES, BOOK), null);
  assert.deepEqual(shareOf(100, form({ price: "65000" }), MARKET, new Map(), BOOK), {
    quantity: "0.00000",
  });
});

test("a share is cut to the most that the market takes, in whole lots", () => {
  const market = { ...MARKET, max_quantity: "0.0999955" };
  assert.deepEqual(shareOf(100, form({ side: "sell" }), market, BALANCES, BOOK), {
    quantity: "0.09999",
  });
});
